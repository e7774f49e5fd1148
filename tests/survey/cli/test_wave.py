"""`sipas wave`: a run of a questionnaire, shipped or one's own."""

from __future__ import annotations

import datetime as dt

import pytest

from forms import loading
from survey.services import questionnaires, waves

DATES = ("--opens", "2027-01-01", "--closes", "2027-06-30")
BROKEN = 'id = "Phiếu"\nversion = 3\n'


@pytest.fixture
def find(database):
    """The wave of a code, and its questionnaire."""

    def find(code):
        with database.reading() as session:
            wave = waves.find(session, code)
            return wave, wave and questionnaires.get(session, wave.questionnaire_hash)

    return find


def test_a_wave_is_of_the_counter_s_questionnaire_unless_another_is_named(desk, find):
    desk.done("wave", "add", "quay-2027", "--title", "Đánh giá tại quầy năm 2027", *DATES)
    wave, questionnaire = find("quay-2027")
    assert (wave.title, wave.stream, wave.is_simulated) == ("Đánh giá tại quầy năm 2027", "counter", False)
    assert (wave.opens_on, wave.closes_on) == (dt.date(2027, 1, 1), dt.date(2027, 6, 30))
    assert questionnaire == loading.load("sipas-counter")


def test_a_wave_may_be_of_a_file_s_questionnaire_which_is_kept_as_it_is_now(desk, find):
    file = desk.folder / "phieu.toml"
    shipped = loading._SHIPPED / "sipas-2026.toml"
    file.write_text(shipped.read_text(encoding="utf8"), encoding="utf8")
    options = ("--questionnaire", file, "--stream", "sample")
    desk.done("wave", "add", "sipas-2027", "--title", "SIPAS 2027", *options, *DATES)
    file.unlink()
    wave, questionnaire = find("sipas-2027")
    assert wave.stream == "sample"
    assert questionnaire.hash == loading.load("sipas-2026").hash


def test_a_broken_questionnaire_is_refused_with_every_fault_in_the_reader_s_language(desk, find):
    (desk.folder / "phieu.toml").write_text(BROKEN, encoding="utf8")
    arguments = ("wave", "add", "moi", "--title", "Mới", "--questionnaire", desk.folder / "phieu.toml", *DATES)
    said = desk.refused(*arguments)
    assert "  version: phải là chữ trong dấu ngoặc kép" in said
    assert "  title: còn thiếu" in said
    assert "must be" not in said
    assert "  version: must be a text in quotes" in desk.refused(*arguments, language="en")
    assert find("moi") == (None, None)


def test_a_file_that_is_no_toml_is_refused_with_its_line(desk):
    (desk.folder / "phieu.toml").write_text('id = "phieu"\nversion = = 3\n', encoding="utf8")
    said = desk.refused("wave", "add", "moi", "--title", "Mới", "--questionnaire", desk.folder / "phieu.toml", *DATES)
    # tomllib's own words, within our sentence.
    assert "không phải TOML: " in said
    assert "line 2" in said


@pytest.mark.parametrize(
    ("code", "options", "named"),
    [
        ("quay-2026", DATES, "quay-2026"),
        ("Quầy 2027", DATES, "Quầy 2027"),
        ("moi", ("--opens", "2027-06-30", "--closes", "2027-01-01"), "2027-01-01"),
        ("moi", ("--questionnaire", "khong-co", *DATES), "sipas-counter"),
    ],
    ids=["taken", "no code", "closes before it opens", "unknown questionnaire"],
)
def test_a_wave_that_cannot_be_is_refused(desk, find, code, options, named):
    assert named in desk.refused("wave", "add", code, "--title", "Mới", *options)
    assert find("moi") == (None, None)


def test_a_date_that_is_none_is_wrong_usage(desk):
    dates = ("--opens", "31/12/2026", "--closes", "2027-01-01")
    assert "31/12/2026" in desk.refused("wave", "add", "moi", "--title", "Mới", *dates, status=2)
