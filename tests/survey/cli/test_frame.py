"""`sipas frame import` as a person runs it, and `sipas design` behind it."""

from __future__ import annotations

import csv
import json
from collections import Counter

import pytest
from click.testing import CliRunner

from survey import cli, i18n

LIST = "Đơn vị,Lĩnh vực,Ngày trả kết quả,Số CCCD\n" + "".join(
    f"{agency},Hộ tịch,0{month}/03/2026,066{number:09}\n"
    for number, (agency, month) in enumerate(
        (agency, month) for agency in ("Sở Nội vụ", "Phường Buôn Ma Thuột") for month in range(1, 9)
    )
)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "list.csv").write_text(LIST, encoding="utf8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments, expected=0, language="en"):
    with i18n.speaking(i18n.find(language)):
        ended = CliRunner().invoke(cli.commands, list(arguments))
    assert ended.exit_code == expected, (ended.output, ended.exception)
    return ended.stderr if expected else ended.stdout


IMPORT = ("frame", "import", "list.csv", "--shipped-agencies", "--out", "frame.csv", "--strata", "strata.csv")


def test_a_list_becomes_strata_an_allocation_and_a_sample(folder):
    document = json.loads(run(*IMPORT, "--format", "json"))
    assert (document["rows"], document["kept"]) == (16, 16)
    assert document["strata"] == [{"stratum": "so-noi-vu", "N": 8}, {"stratum": "phuong-buon-ma-thuot", "N": 8}]
    allocation = run("design", "allocate", "strata.csv", "--total", "6", "--format", "csv")
    (folder / "n.csv").write_text(allocation, encoding="utf8")
    select = ("design", "select", "frame.csv", "--method", "stratified", "--strata", "stratum", "--allocation", "n.csv")
    run(*select, "--code", "unit", "--seed", "1", "--out", "sample.csv")
    with (folder / "sample.csv").open(encoding="utf8") as file:
        drawn = list(csv.DictReader(file))
    assert Counter(row["agency"] for row in drawn) == {"so-noi-vu": 3, "phuong-buon-ma-thuot": 3}
    assert {float(row["weight"]) for row in drawn} == {8 / 3}


def test_the_table_says_what_was_read_and_what_was_left_out(folder):
    with (folder / "list.csv").open("a", encoding="utf8") as file:
        file.write("Phường Buôn Ma Thuộc,Hộ tịch,01/03/2026,066000000099\nSở Nội vụ,Hộ tịch,01/03/2026,066000000001\n")
    table = run(*IMPORT, "--from", "2026-03-03", "--to", "31/03/2026")
    lines = {line[:57].strip(): line[57:].strip() for line in table.split("\n\n")[0].splitlines()}
    assert lines["Rows read"] == "18"
    assert lines["− Agency not known"] == "1"
    assert lines["− Outside the period"] == "5"
    assert lines["Units of the frame"] == "12"
    assert "Did you mean “phuong-buon-ma-thuot”?" in table


def test_it_speaks_vietnamese(folder):
    assert "Số dòng đã đọc" in run(*IMPORT, language="vi")


def test_faults_are_said_with_row_column_value_and_remedy(folder):
    with (folder / "list.csv").open("a", encoding="utf8") as file:
        file.write("Sở Nội vụ,Hộ tịch,31/02/2026,066000000099\n")
    said = run(*IMPORT, expected=1)
    assert "line 18, column Ngày trả kết quả: “31/02/2026” is not a day. Write it as 2026-03-31" in said
    assert not (folder / "frame.csv").exists()


def test_an_unknown_part_of_a_stratum_is_wrong_usage(folder):
    assert "agency, level, field, period" in run(*IMPORT, "--stratum", "district", expected=2)


def test_the_agencies_are_the_installation_s_unless_said_otherwise(folder, seeded, settings, monkeypatch):
    for name, value in (
        ("SIPAS_DATABASE_URL", settings.database_url),
        ("SIPAS_PUBLIC_BASE_URL", settings.public_base_url),
    ):
        monkeypatch.setenv(name, value)
    (folder / "list.csv").write_text("agency\n" + seeded.counters[0].agency.code + "\n", encoding="utf8")
    document = json.loads(run(*(part for part in IMPORT if part != "--shipped-agencies"), "--format", "json"))
    assert [count["agency"] for count in document["counts"]] == [seeded.counters[0].agency.code]
