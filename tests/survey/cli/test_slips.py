"""`sipas slips`: what it prints opens forms, and what is over is gone."""

from __future__ import annotations

import csv
import datetime as dt
import stat

import pytest
import zxingcpp
from pypdfium2 import PdfDocument
from sqlalchemy import text

from survey.services import collect
from survey.services.daytime import day_of

HOST = "HTTPS://HAILONG.EXAMPLE.VN/S/"


@pytest.fixture
def day():
    """A day of the seeded wave that is not over yet, whatever the day of the test."""
    return max(day_of(dt.datetime.now(dt.UTC)), dt.date(2026, 10, 7))


def opened(database, settings, url, day):
    noon = dt.datetime.combine(day, dt.time(5), tzinfo=dt.UTC)
    with database.reading() as session:
        return collect.resolve(session, "S", url.removeprefix(HOST), key_for=settings.key, now=noon)


def test_make_writes_a_pdf_whose_codes_open_the_counter_s_form(desk, database, settings, day):
    file = desk.folder / "slips.pdf"
    desk.done("slips", "make", "xa-ea-o-1", "--day", day, "--size", 9, "--output", file)
    pages = PdfDocument(file)
    read = [one.text for page in pages for one in zxingcpp.read_barcodes(page.render(scale=200 / 72).to_pil())]
    assert len(set(read)) == 9
    assert all(url.startswith(HOST) for url in read)
    assert {opened(database, settings, url, day).counter.code for url in read} == {"xa-ea-o-1"}
    pages.close()
    # A file of codes is its owner's alone.
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_make_writes_csv_too(desk, database, settings, day):
    file = desk.folder / "slips.csv"
    desk.done("slips", "make", "xa-ea-o-1", "--day", day, "--size", 3, "--output", file)
    with file.open(encoding="utf-8-sig", newline="") as lines:
        urls = [line["url"] for line in csv.DictReader(lines)]
    assert [opened(database, settings, url, day).trust for url in urls] == ["verified"] * 3


def test_a_file_that_is_there_is_left_as_it_is_and_nothing_is_made(desk, database, day):
    file = desk.folder / "slips.csv"
    file.write_text("of yesterday")
    desk.refused("slips", "make", "xa-ea-o-1", "--day", day, "--size", 3, "--output", file)
    assert file.read_text() == "of yesterday"
    assert batches(database) == 0


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("xa-ea-o-9", "--size", 3, "--output", "slips.csv"), 1, "xa-ea-o-9"),
        (("xa-ea-o-1", "--size", 0, "--output", "slips.csv"), 1, "10000"),
        (("xa-ea-o-1", "--size", 10_001, "--output", "slips.csv"), 1, "10000"),
        (("xa-ea-o-1", "--size", 3, "--output", "slips.docx"), 2, "slips.docx"),
        (("xa-ea-o-1", "--size", 3, "--day", "2020-01-01", "--output", "slips.csv"), 1, "hết hạn"),
    ],
)
def test_what_cannot_be_made_is_refused_and_leaves_no_file(desk, database, monkeypatch, arguments, status, said):  # noqa: PLR0917
    monkeypatch.chdir(desk.folder)
    assert said in desk.refused("slips", "make", *arguments, status=status)
    assert list(desk.folder.glob("slips.*")) == []
    assert batches(database) == 0


def test_list_and_revoke(desk, day):
    for size in (3, 4):
        desk.done("slips", "make", "xa-ea-o-1", "--day", day, "--size", size, "--output", desk.folder / f"{size}.csv")
    last = day + dt.timedelta(days=3)
    lines = [f"2\txa-ea-o-1\t{day}\t{last}\t4\t0\tcòn hiệu lực", f"1\txa-ea-o-1\t{day}\t{last}\t3\t0\tcòn hiệu lực"]
    assert desk.done("slips", "list").splitlines() == lines
    desk.done("slips", "revoke", 2)
    assert "đã thu hồi" in desk.done("slips", "list", "--counter", "xa-ea-o-1").splitlines()[0]
    assert desk.done("slips", "list", "--counter", "xa-ea-o-2") == ""
    assert "9" in desk.refused("slips", "revoke", 9)


def test_erase_takes_what_is_over_and_nothing_else(desk, database, day):
    for name in "ab":
        desk.done("slips", "make", "xa-ea-o-1", "--day", day, "--size", 5, "--output", desk.folder / f"{name}.csv")
    with database.writing() as session:
        session.execute(text("UPDATE slip_batches SET opens_on = '2020-01-01', closes_on = '2020-01-04' WHERE id = 1"))
    desk.done("slips", "erase")
    with database.reading() as session:
        assert session.scalars(text("SELECT DISTINCT batch_id FROM slip_codes")).all() == [2]
    assert batches(database) == 1


def batches(database):
    with database.reading() as session:
        return session.scalar(text("SELECT count(*) FROM slip_batches"))
