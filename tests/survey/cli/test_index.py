"""`sipas index`: the same document as the API's, the same file as the page's, and a table to read."""

from __future__ import annotations

import json

import pytest

from forms import loading
from survey.services import importing

DIMENSIONS = ("tiep_can", "thu_tuc", "cong_chuc", "ket_qua", "gop_y", "phuc_vu")


@pytest.fixture
def answered(database, seeded):
    """Bà Rịa–Vũng Tàu 2022 over two days: 26 of 31 satisfied, published as 83,87 %; and a commune of 7."""
    counted = [("02", 6, 5), ("02", 8, 4), ("02", 2, 3), ("03", 4, 5), ("03", 8, 4), ("03", 3, 3)]
    lines = [f"so-noi-vu,2026-03-{day},{count}," + ",".join([str(level)] * 6) for day, count, level in counted]
    for agency, count in (("xa-ea-o", 7), ("phuong-tuy-hoa", 12)):
        lines.append(f"{agency},2026-03-02,{count}," + ",".join(["5"] * 6))
    data = "\n".join(["agency,answered_on,count," + ",".join(DIMENSIONS), *lines]).encode()
    with database.writing() as session:
        where = importing.destination(session, seeded.wave)
        batch = importing.read_responses(data, loading.load("sipas-counter"), into=where)
        importing.save(session, batch, received_at=seeded.now)


def test_the_json_for_the_public_is_the_document_of_the_api(desk, answered, client):
    said = desk.done("index", "--wave", "quay-2026", "--audience", "public", "--format", "json")
    assert said.count("\n") == 1
    document = client.get("/api/v1/waves/quay-2026/indices?stream=counter&by=agency").json
    assert json.loads(said) == document
    assert {row["agency"]: row["n"] for row in document["rows"] if row["n"]} == {"so-noi-vu": 31}


def test_inside_agencies_are_shown_from_five_on(desk, answered):
    document = json.loads(desk.done("index", "--wave", "quay-2026", "--format", "json"))
    shown = {row["agency"]: row["n"] for row in document["rows"] if row["n"]}
    assert shown == {"so-noi-vu": 31, "xa-ea-o": 7, "phuong-tuy-hoa": 12}


def test_the_csv_is_the_file_of_the_page(desk, answered, client):
    said = desk.invoke("index", "--wave", "quay-2026", "--audience", "public", "--format", "csv")
    assert said[:2] == (0, client.get("/waves/quay-2026.csv?stream=counter").data)


def test_the_table_is_written_as_the_language_writes_figures(desk, answered):
    vietnamese = desk.done("index", "--wave", "quay-2026")
    assert vietnamese.startswith("Đánh giá tại quầy năm 2026 (counter)\n")
    row, trust, entry = [line for line in vietnamese.split("\n") if line.startswith("Sở Nội vụ ")]
    assert row.split()[3] == "31"
    assert row.count("83,87 [") == len(DIMENSIONS)
    (hidden,) = [line for line in vietnamese.split("\n") if line.startswith("Sở Tư pháp ")]
    assert hidden.split()[3:] == ["–"] * (1 + len(DIMENSIONS))
    # What was imported came by unknown ways.
    assert trust.split()[3:] == entry.split()[3:] == ["31", "0,0%", "0,0%", "0,0%", "100,0%"]
    assert vietnamese.count("Cộng từ 3 trong số 3 cơ quan có số liệu.") == 2
    english = desk.done("index", "--wave", "quay-2026", language="en")
    assert "83.87 [" in english
    assert "All agencies" in english


def test_another_stream_is_another_table(desk, answered):
    document = json.loads(desk.done("index", "--wave", "quay-2026", "--stream", "census", "--format", "json"))
    assert (document["stream"], document["province"]["n"]) == ("census", None)


def test_a_file_can_be_named_instead_of_settings(stranger, settings, seeded):
    file = settings.database_url.removeprefix("sqlite:///")
    said = stranger.done("index", "--wave", "quay-2026", "--db", file, "--format", "json")
    assert json.loads(said)["wave"] == "quay-2026"


def test_a_wave_that_is_not_there_is_named(desk):
    said = desk.refused("index", "--wave", "khong-co")
    assert said.endswith(" mã khong-co.")
    assert "khong-co" in desk.refused("index", "--wave", "khong-co", language="en")


@pytest.mark.parametrize(
    "options",
    [("--stream", "all"), ("--format", "xml"), ("--by", "people"), ("--db", "no-such.db"), ("--audience", "me")],
)
def test_a_choice_that_is_none_is_wrong_usage(desk, options):
    assert options[1] in desk.refused("index", "--wave", "quay-2026", *options, status=2)


def test_a_decision_is_asked_for_with_its_target_and_its_least_number(desk, answered):
    said = desk.done("index", "--wave", "quay-2026", "--format", "json", "--target", "90", "--minimum-to-rank", "31")
    document = json.loads(said)
    assert (document["decisions"]["target"], document["decisions"]["minimum_to_rank"]) == (90, 31)
    row = next(row for row in document["rows"] if row["agency"] == "so-noi-vu")
    assert (row["rank"], row["to_target"]["value"]) == (1, pytest.approx(100 * 26 / 31 - 90))


def test_call_backs_come_from_a_file(desk, answered, tmp_path):
    calls = tmp_path / "phuc-tra.csv"
    calls.write_text("agency,respondents,satisfied\nso-noi-vu,20,9\n", encoding="utf8")
    said = desk.done("index", "--wave", "quay-2026", "--format", "json", "--call-backs", str(calls))
    row = next(row for row in json.loads(said)["rows"] if row["agency"] == "so-noi-vu")
    gap = next(one for one in row["integrity"]["components"] if one["signal"] == "call_backs")
    assert gap["value"] == pytest.approx(26 / 31 - 9 / 20)


def test_a_wrong_line_of_call_backs_is_told(desk, answered, tmp_path):
    calls = tmp_path / "phuc-tra.csv"
    calls.write_text("agency,respondents,satisfied\nso-noi-vu,20,21\n", encoding="utf8")
    said = desk.refused("index", "--wave", "quay-2026", "--format", "json", "--call-backs", str(calls))
    assert "Số người hài lòng nhiều hơn số người trả lời." in said


def test_suspicious_answers_can_be_left_out_inside_and_only_there(desk, answered):
    asked = ("index", "--wave", "quay-2026", "--without-suspicious")
    document = json.loads(desk.done(*asked, "--format", "json"))
    with_all = json.loads(desk.done("index", "--wave", "quay-2026", "--format", "json"))
    assert (with_all["left_out"], with_all["province"]["n"]) == (0, 50)
    assert document["province"]["n"] == 50 - document["left_out"]
    assert "Nghi vấn" in desk.refused(*asked, "--audience", "public", status=2)


def test_the_province_without_transactions_says_what_to_do(desk, answered):
    assert "sipas transactions import" in desk.refused("index", "--wave", "quay-2026", "--weighting", "transactions")
