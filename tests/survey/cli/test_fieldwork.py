"""The whole way through the commands: from the frame to weights and the index, and nothing left of who was drawn."""

from __future__ import annotations

import csv
import json
import random
import stat
from collections import Counter

import pytest
from sqlalchemy import text

from tests.survey import drawn_files as drawn

WORKERS = "code,name,kind\nA,An,interviewer\nB,Bé,front\n"
AGENCIES = ("xa-ea-o", "so-noi-vu", "phuong-buon-ma-thuot")


@pytest.fixture
def place(desk, seeded, tmp_path):
    """A sample in two stages with its reserve, drawn by the commands from a list of 360 transactions."""
    chance = random.Random(8)
    people = [
        {
            "Mã hồ sơ": f"H61.{number:06}",
            "Họ tên": f"Trần Thị Nở-{number:04}",
            "Số điện thoại": f"0912{number:06}",
            "Địa chỉ": f"Thôn {number % 9}",
            "Cơ quan": AGENCIES[number % 3],
            "Ngày trả": f"2026-0{1 + number // 3 % 6}-15",
        }
        for number in range(360)
    ]
    chance.shuffle(people)
    drawn.write(tmp_path / "people.csv", people)
    desk.done(
        *("frame", "import", tmp_path / "people.csv", "--out", tmp_path / "frame.csv", "--keep", "Mã hồ sơ"),
        *("--map", "agency=Cơ quan", "--map", "day=Ngày trả"),
    )
    desk.done(
        *("design", "select", tmp_path / "frame.csv", "--method", "two-stage", "--strata", "stratum"),
        *("--psu", "period", "--n", "9", "--take", "8", "--psu-method", "srs", "--seed", "5", "--code", "unit"),
        *("--out", tmp_path / "drawn.csv", "--reserve", "3", "--reserve-out", tmp_path / "reserve.csv"),
    )
    desk.done(
        *("wave", "add", "mau-2026", "--title", "Mẫu 2026", "--stream", "sample"),
        *("--opens", "2026-01-01", "--closes", "2026-12-31"),
    )
    return tmp_path


def begin(desk, place):
    return desk.invoke(
        *("fieldwork", "open", "mau-2026", "--sample", place / "drawn.csv", "--reserve", place / "reserve.csv"),
        *("--psu", "period"),
    )


def written(path, lines):
    path.write_text(lines, encoding="utf8")
    return path


def test_from_the_frame_to_the_index_and_nothing_left(desk, place, database):
    status, _output, said = begin(desk, place)
    assert status == 0, said
    assert "72 người trong mẫu" in said

    _, _, said = desk.invoke(
        *("fieldwork", "contacts", "mau-2026", place / "people.csv", "--match", "Mã hồ sơ"),
        *("--sample", place / "drawn.csv", "--sample", place / "reserve.csv"),
        *("--name", "Họ tên", "--address", "Địa chỉ", "--phone", "Số điện thoại"),
    )
    assert "99 người" in said
    desk.done("fieldwork", "workers", "mau-2026", written(place / "w.csv", WORKERS))
    loads = desk.done("fieldwork", "assign", "mau-2026", "--due", "2026-11-20")
    assert sorted(int(line.split("\t")[2]) for line in loads.splitlines()) == [32, 40]
    desk.done("fieldwork", "sheet", "mau-2026", "--worker", "A", "--out", place / "A.csv")
    assert stat.S_IMODE((place / "A.csv").stat().st_mode) == 0o600
    assert len(drawn.read(place / "A.csv")) in (32, 40)
    assert "already" in desk.refused(
        "fieldwork", "sheet", "mau-2026", "--worker", "A", "--out", place / "A.csv", language="en"
    )

    units = sorted(drawn.units(database).values(), key=lambda one: one.number)
    # One of each of eight primary units, whose reserves have three, before all others.
    failing = list({(one.stratum, one.psu): one for one in units if one.reserve_order is None}.values())[:8]
    first = failing + [one for one in units if one.reserve_order is None and one not in failing]
    lines = "".join(f"{one.number},{code}\n" for one, code in zip(first, ["2.11"] * 6 + ["4.10"] * 2, strict=False))
    desk.done("fieldwork", "record", "mau-2026", written(place / "r.csv", f"number,disposition\n{lines}"))
    replaced = json.loads(desk.done("fieldwork", "substitute", "mau-2026", "--format", "json"))
    assert {pair["replaced"] for pair in replaced["pairs"]} == {one.number for one in first[:8]}

    by_number = {one.number: one for one in units}
    answering = [by_number[pair["substitute"]] for pair in replaced["pairs"][:4]] + first[8:50]
    for number, one in enumerate(answering):
        drawn.answer(database, one.unit, phuc_vu=1 + number % 5)

    progress = json.loads(desk.done("fieldwork", "progress", "mau-2026", "--format", "json", "--date", "2026-11-21"))
    assert (progress["whole"]["quota"], progress["whole"]["answered"], progress["whole"]["still_open"]) == (72, 46, 26)
    assert progress["whole"]["rates"]["RR1"] == pytest.approx(42 / 70)
    assert (progress["whole"]["substitutes"], progress["whole"]["substitutes_answered"]) == (8, 4)
    assert sum(one["late"] for one in progress["workers"]) == 26
    table = desk.done("fieldwork", "progress", "mau-2026")
    assert "period" not in table
    assert "2026-01" not in table.replace("2026-11", "")
    assert len(list(csv.reader(desk.done("fieldwork", "progress", "mau-2026", "--format", "csv").splitlines()))) == 5

    desk.done("fieldwork", "call-backs", "mau-2026", "--share", "0.1", "--seed", "3", "--out", place / "c.csv")
    called = drawn.read(place / "c.csv")
    assert len(called) == 5
    assert {int(row["number"]) for row in called} <= {one.number for one in answering}
    assert stat.S_IMODE((place / "c.csv").stat().st_mode) == 0o600
    desk.done("fieldwork", "export", "mau-2026", "--out", place / "before.csv")
    desk.done("fieldwork", "close", "mau-2026", "--yes", "--early")
    _, _, said = desk.invoke("fieldwork", "export", "mau-2026", "--out", place / "answers.csv")
    assert "46 phiếu" in said
    check_export(place, answering)
    assert_nothing_left(database, place)

    weighted = json.loads(
        desk.done(
            *("weights", place / "answers.csv", "--disposition", "disposition", "--classes", "agency"),
            *("--out", place / "weighted.csv", "--format", "json"),
        )
    )
    assert weighted["outcomes"]["respondent"] == 46
    found = json.loads(
        desk.done(
            *("estimate", place / "weighted.csv", "--weights", "weight_nonresponse", "--strata", "stratum"),
            *("--psu", "psu", "--mean", "phuc_vu", "--by", "agency", "--format", "json"),
        )
    )
    rows = drawn.read(place / "weighted.csv")
    for one in found["estimates"]:
        own = [row for row in rows if row["agency"] == one["domain"]["agency"]]
        weights = [float(row["weight_nonresponse"]) for row in own]
        mean = sum(w * float(row["phuc_vu"]) for w, row in zip(weights, own, strict=True)) / sum(weights)
        assert one["estimate"] == pytest.approx(mean, rel=1e-9)


def check_export(place, answering):
    """Everybody who holds a place, with the weights of the draw; the same before closing and after."""
    rows, before = drawn.read(place / "answers.csv"), drawn.read(place / "before.csv")
    assert rows == before
    assert len(rows) == 72
    weights = Counter((row["stratum"], row["period"], row["weight"]) for row in drawn.read(place / "drawn.csv"))
    assert Counter((row["stratum"], row["psu"], row["weight"]) for row in rows) == weights
    # The Horvitz-Thompson total is that of the frame: 360 transactions, 20 in each month of each agency.
    assert sum(float(row["weight"]) for row in rows) == pytest.approx(360)
    answers = Counter(row["phuc_vu"] for row in rows if row["disposition"] == "1.1")
    assert answers == Counter(str(1 + at % 5) for at in range(len(answering)))


def assert_nothing_left(database, place):
    content = b""
    path = database.engine.url.database
    for name in (path, f"{path}-wal"):
        with open(name, "rb") as file:  # noqa: PTH123 - the very bytes on the disk.
            content += file.read()
    # The numbers of the frame are short: they are looked for in the tables.
    people = drawn.read(place / "people.csv")
    secrets = [row[name] for row in people for name in ("Họ tên", "Số điện thoại", "Mã hồ sơ")]
    assert [one for one in secrets if one.encode() in content] == []
    with database.reading() as session:
        assert session.scalar(text("SELECT count(*) FROM sampled_units")) == 0


def test_a_file_with_faults_begins_nothing(desk, place, database):
    rows = drawn.read(place / "drawn.csv")
    rows[1]["weight"] = "-3"
    rows[4]["agency"] = "xa-khong-co"
    drawn.write(place / "drawn.csv", rows)
    status, _output, said = begin(desk, place)
    assert status == 1
    assert "drawn.csv" in said
    assert "dòng 3, cột weight" in said
    assert "dòng 6, cột agency" in said
    assert drawn.units(database) == {}


def test_what_cannot_be_is_refused_in_a_sentence(desk, place):
    assert "chưa có khảo sát" in desk.refused("fieldwork", "progress", "mau-2026")
    assert "no column priod" in desk.refused(
        "fieldwork", "open", "mau-2026", "--sample", place / "drawn.csv", "--psu", "priod", language="en"
    )
    begin(desk, place)
    assert "0.5" in desk.refused(
        "fieldwork", "call-backs", "mau-2026", "--share", "0.5", "--seed", "1", "--out", place / "c.csv"
    )
    assert not (place / "c.csv").exists()
    assert "--address" in desk.refused(
        *("fieldwork", "contacts", "mau-2026", place / "people.csv", "--match", "Mã hồ sơ", "--name", "Họ tên"),
        *("--sample", place / "drawn.csv"),
        status=2,
    )


def test_closing_waits_for_forms_that_are_on_their_way(desk, place):
    begin(desk, place)
    # The wave closes on 31 December; a phone without a network may keep a form for three days.
    assert "2027-01-03" in desk.refused("fieldwork", "close", "mau-2026", "--yes")
    assert json.loads(desk.done("fieldwork", "progress", "mau-2026", "--format", "json"))["closed"] is False


def test_closing_asks_first(desk, place):
    begin(desk, place)
    assert desk.invoke("fieldwork", "close", "mau-2026", "--early")[0] == 1
    assert json.loads(desk.done("fieldwork", "progress", "mau-2026", "--format", "json"))["closed"] is False


def test_pairs_of_a_file_are_compared_and_a_worker_who_stands_out_is_flagged(desk, tmp_path):
    pairs = [("phuc_vu", 1 + at % 5, 1 + at % 5, "A") for at in range(60)]
    pairs += [("phuc_vu", 5, 5 if at % 2 else 3, "B") for at in range(20)]
    lines = "".join(",".join(map(str, pair)) + "\n" for pair in pairs)
    file = written(tmp_path / "pairs.csv", f"item,first,second,worker\n{lines}")
    found = json.loads(desk.done("fieldwork", "agreement", file, "--format", "json"))
    (item,) = found["items"]
    assert (item["pairs"], item["agreement"]["value"]) == (80, 70 / 80)
    assert item["weighted_kappa"]["value"] > item["kappa"]["value"] > 0.8
    assert [(one["worker"], one["flagged"]) for one in found["workers"]] == [("A", False), ("B", True)]
    table = desk.done("fieldwork", "agreement", file)
    assert "87,5%" in table
    assert "cần xem xét" in table
    written(file, "item,first,second\nphuc_vu,1,\n")
    assert "cột second" in desk.refused("fieldwork", "agreement", file)


def test_the_codes_are_listed_with_what_they_allow(desk):
    lines = desk.done("fieldwork", "dispositions", language="en").splitlines()
    assert lines[0] == "1.1\tAnswered; an answer sets it"
    assert "2.20\tNot met; replaced only after the agreed attempts" in lines
