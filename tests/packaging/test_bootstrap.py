"""`./sipas`: the first thing that runs on a stranger's machine."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_an_old_python_can_read_the_script_far_enough_to_be_turned_away():
    ast.parse((ROOT / "sipas").read_text(encoding="utf8"), feature_version=(3, 4))


def test_a_machine_without_venv_is_told_the_apt_line_in_both_languages(tmp_path):
    for name in ("sipas", "requirements.lock"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "venv.py").write_text("raise SystemExit('ensurepip is not available')")
    done = subprocess.run(
        [sys.executable, tmp_path / "sipas", "demo"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "sudo apt-get update && sudo apt-get install -y python3-venv" in done.stderr
    assert "Máy này thiếu mô-đun venv" in done.stderr
    assert "lacks the venv module" in done.stderr
    assert done.stdout == ""


def test_the_locks_name_no_host_and_pin_every_package_with_hashes():
    for name in ("requirements.lock", "requirements-test.lock"):
        text = (ROOT / name).read_text(encoding="utf8")
        assert not re.search(r"https?:|index-url|find-links|file:", text)
        entries = re.split(r"\n(?=[a-z])", text.strip())
        assert all("==" in entry and "--hash=sha256:" in entry for entry in entries)


def test_the_locks_hold_every_declared_dependency():
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf8"))["project"]
    extras = [name for group in project["optional-dependencies"].values() for name in group]
    for declared, lock in ((project["dependencies"], "requirements.lock"), (extras, "requirements-test.lock")):
        locked = set(re.findall(r"^([a-z0-9._-]+)==", (ROOT / lock).read_text(encoding="utf8"), re.MULTILINE))
        assert {re.split(r"[\[><=]", name)[0].lower() for name in declared} <= locked
