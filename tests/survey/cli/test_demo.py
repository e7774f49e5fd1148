"""`sipas demo`: one line for programs, a text for people, the same site again at the next start."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from urllib.request import urlopen

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select

from survey.cli.demo import command
from survey.db import Database
from survey.models import Response
from survey.services import users, waves
from survey.services.indices import index_table


@pytest.fixture(scope="module")
def demo(shell_in, stop, tmp_path_factory):
    """A demonstration that runs: its process and what its first line says."""
    folder = tmp_path_factory.mktemp("demo")
    process = shell_in(folder).started("demo", "--port", 0, "--responses", 400, "--seed", 3, "--format", "json")
    yield process, json.loads(process.stdout.readline()), folder
    said, _ = stop(process)
    assert said == "", "more than one line"


@pytest.fixture
def opened(demo):
    database = Database(f"sqlite:///{demo[2]}/sipas-demo.db")
    yield database
    database.close()


def get(url):
    with urlopen(url, timeout=20) as answer:
        return answer.status, answer.read().decode()


def test_its_one_line_says_all_that_a_program_needs(demo):
    _, line, _ = demo
    assert set(line) == {"url", "simulated", "wave", "counters", "accounts"}
    assert line["simulated"] is True
    assert line["wave"] == "minh-hoa"
    assert len({counter["agency"] for counter in line["counters"]}) == 116
    for counter in line["counters"]:
        assert set(counter) == {"agency", "agency_name", "counter", "url", "poster"}
        assert counter["url"] == counter["url"].upper()
        assert counter["url"].startswith(line["url"].upper() + "/R/")


def test_it_keeps_serving_the_forms_it_named(demo):
    process, line, _ = demo
    assert get(line["url"] + "/health")[0] == 200
    for counter in line["counters"][::100]:
        status, page = get(counter["url"])
        assert status == 200
        assert counter["agency_name"] in page
    assert process.poll() is None


def test_a_site_on_its_file_honours_the_codes_it_printed(demo, shell_in, serve):
    _, line, folder = demo
    file = folder / "sipas-demo.db"
    given = {
        "SIPAS_DATABASE_URL": f"sqlite:///{file}",
        "SIPAS_PUBLIC_BASE_URL": "https://hailong.example.vn",
        "SIPAS_SECRET_FILE": f"{file}.secret",
    }
    address = serve(shell_in(folder, **given))
    code = line["counters"][0]["url"].rpartition("/")[2]
    status, page = get(f"{address}/R/{code}")
    assert status == 200
    assert line["counters"][0]["agency_name"] in page


def test_its_wave_has_as_many_answers_as_asked_for(demo, opened):
    _, line, _ = demo
    with opened.reading() as session:
        table = index_table(session, line["wave"], stream="counter", locale="vi")
    assert table.province.respondents == 400
    assert "Dữ liệu mô phỏng" in get(f"{line['url']}/waves/{line['wave']}")[1]


def test_its_front_page_leads_to_all_three_waves_and_each_says_it_is_simulated(demo, opened):
    _, line, _ = demo
    with opened.reading() as session:
        listed = waves.listing(session)
    assert len(listed) == 3
    front = get(line["url"] + "/")[1]
    for wave in listed:
        assert f"/waves/{wave.code}" in front
        assert "Dữ liệu mô phỏng" in get(f"{line['url']}/waves/{wave.code}")[1]


def test_its_accounts_sign_in(demo, opened):
    _, line, _ = demo
    with opened.reading() as session:
        for account in line["accounts"]:
            user = users.check_password(session, account["user"], account["password"])
            assert user.role == account["role"]
    assert {account["role"] for account in line["accounts"]} == {"officer", "agency"}


def test_a_port_in_use_is_said_in_a_sentence_and_nothing_is_begun(stranger):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = stranger.refused("demo", "--port", port)
    assert said.startswith(f"Không thể lắng nghe tại 127.0.0.1:{port}")
    assert list(stranger.folder.iterdir()) == []


def test_a_second_start_keeps_answers_and_codes_and_tells_a_person_where_to_look(shell_in, stop, tmp_path):
    shell = shell_in(tmp_path, SIPAS_LANGUAGE="en")
    first = shell.started("demo", "--port", 0, "--responses", 30, "--format", "json")
    line = json.loads(first.stdout.readline())
    stop(first)
    # Another number of answers is for a new file only.
    second = shell.started("demo", "--port", 0, "--responses", 900)
    text = read_until(second, "Ctrl-C")
    code = line["counters"][0]["url"].rpartition("/")[2]
    assert f"/R/{code}" in text
    address = re.search(r"http://127\.0\.0\.1:\d+", text)[0]
    assert get(f"{address}/R/{code}")[0] == 200
    for said in (f"{address}/waves/minh-hoa", f"{address}/console/login", "so-noi-vu", "█"):
        assert said in text
    stop(second)
    assert number_of_responses(tmp_path) == 30


def read_until(process, end):
    lines = []
    while not (lines and end in lines[-1]):
        lines.append(process.stdout.readline())
        assert lines[-1], "".join(lines) + process.stderr.read()
    return "".join(lines)


def number_of_responses(folder):
    """At counters: the surveys by sample are as large as they are."""
    database = Database(f"sqlite:///{folder}/sipas-demo.db")
    with database.reading() as session:
        number = session.scalar(select(func.count()).select_from(Response).where(Response.stream == "counter"))
    database.close()
    return number


def test_a_real_installation_is_never_filled_with_simulated_answers(desk, database, seeded):
    said = desk.refused("demo", "--port", 0, "--db", desk.folder / "sipas.db")
    assert "--db" in said
    with database.reading() as session:
        assert [wave.code for wave in waves.listing(session)] == [seeded.wave.code]
        assert not users.exists(session, "so-noi-vu")


def test_an_address_that_no_poster_can_carry_is_refused(empty_desk):
    file = empty_desk.folder / "demo.db"
    said = empty_desk.refused("demo", "--port", 0, "--db", file, "--public-url", "hailong.example.vn")
    assert "'hailong.example.vn'" in said
    assert not file.exists()


@pytest.mark.parametrize("options", [("--responses", "-1"), ("--port", "99999"), ("--format", "xml")])
def test_an_option_that_cannot_be_is_wrong_usage(options):
    # click refuses before anything is opened, so that no process of its own is needed.
    ended = CliRunner().invoke(command, options)
    assert ended.exit_code == 2
    assert options[1] in ended.stderr


def test_it_does_not_wait_for_what_only_a_first_start_needs():
    script = (
        "import sys, survey.cli.demo, survey.services.demonstration;"
        "print({'numpy', 'scipy', 'alembic', 'pandas', 'typst', 'docx', 'flask'} & set(sys.modules))"
    )
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert said.stdout == "set()\n"
