"""The wheel, installed alone in an empty environment, is a whole application."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path
from urllib.request import urlopen

import pytest

pytestmark = pytest.mark.packaging

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("survey", "forms", "sampling", "analysis")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder], cwd=ROOT, check=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def environment(wheel, tmp_path_factory):
    """The bin folder of an empty environment that holds the locked packages and the wheel, nothing else."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    pip = [folder / "bin" / "python", "-m", "pip", "install", "-q", "--no-compile"]
    subprocess.run([*pip, "--require-hashes", "--only-binary", ":all:", "-r", ROOT / "requirements.lock"], check=True)
    subprocess.run([*pip, "--no-deps", wheel], check=True)
    return folder / "bin"


def test_the_wheel_holds_what_the_application_reads_and_no_tests(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert tops == {*PACKAGES, "sipas_toolkit-0.1.0.dist-info"}
    for needed in (
        "survey/templates/base.html",
        "survey/static/sipas.css",
        "survey/fonts/Arimo-Regular.ttf",
        "survey/exports/typst/posters.typ",
        "survey/translations/vi/respond.po",
        "forms/questionnaires/sipas-counter.toml",
    ):
        assert needed in names
    assert any(name.startswith("survey/migrations/versions/0001_") for name in names)
    assert not [name for name in names if name.endswith((".db", ".secret"))]


def test_each_of_our_names_has_one_owner(environment):
    script = "import importlib.metadata as m, json; print(json.dumps(m.packages_distributions()))"
    said = subprocess.run([environment / "python", "-c", script], check=True, capture_output=True, text=True)
    owners = json.loads(said.stdout)
    assert {name: owners[name] for name in PACKAGES} == {name: ["sipas-toolkit"] for name in PACKAGES}
    assert "templates" not in owners
    assert "tests" not in owners


def test_the_wheel_says_that_it_is_not_for_a_package_index(environment):
    script = "import importlib.metadata as m; print(m.metadata('sipas-toolkit').get_all('Classifier'))"
    said = subprocess.run([environment / "python", "-c", script], check=True, capture_output=True, text=True)
    assert "Private :: Do Not Upload" in said.stdout


def test_the_installed_command_serves_pages_from_any_folder(environment, tmp_path):
    command = [environment / "sipas", "demo", "--port", "0", "--responses", "300", "--format", "json"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as demo:
        try:
            started = json.loads(demo.stdout.readline())
            for address in (started["url"], started["counters"][0]["url"]):
                with urlopen(address, timeout=20) as page:
                    assert page.status == 200
                    assert b"<html" in page.read()
        finally:
            demo.terminate()
        assert demo.wait(timeout=20) == 0


def test_the_pure_packages_need_no_framework(environment):
    script = (
        "import sys; blocked = {'flask', 'sqlalchemy', 'alembic', 'click', 'pandas', 'statsmodels'};"
        "import analysis, sampling, forms, analysis.index, forms.loading;"
        "sys.exit(bool(blocked & set(sys.modules)))"
    )
    assert subprocess.run([environment / "python", "-c", script], check=False).returncode == 0
