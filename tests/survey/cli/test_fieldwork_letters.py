"""`sipas fieldwork letters`: what it prints opens forms, once, and is in the file and nowhere else."""

from __future__ import annotations

import datetime as dt
import stat

import pytest
import zxingcpp
from pypdfium2 import PdfDocument
from sqlalchemy import text

from survey.services import collect, mailings
from survey.services.errors import UnknownInvitation
from tests.survey import drawn

HOST = "HTTPS://HAILONG.EXAMPLE.VN/I/"
ANSWERS = dict.fromkeys(("tiep_can", "thu_tuc", "cong_chuc", "ket_qua", "gop_y", "phuc_vu"), 4)
NOON = dt.datetime(2026, 10, 7, 5, 0, tzinfo=dt.UTC)


@pytest.fixture
def sample(database, settings, seeded):
    made = drawn.draw(database, settings.key, with_codes=False)
    with database.writing() as session:
        # Whatever the day of the test.
        session.execute(text("UPDATE waves SET closes_on = '2099-12-31' WHERE code = 'mau-2026'"))
    return made


def codes_in(file):
    with PdfDocument(file) as pages:
        read = [one.text for page in pages for one in zxingcpp.read_barcodes(page.render(scale=150 / 72).to_pil())]
    assert all(url.startswith(HOST) for url in read)
    return [url.removeprefix(HOST) for url in read]


def opened(database, settings, code):
    with database.reading() as session:
        return collect.resolve(session, "I", code, key_for=settings.key, now=NOON)


def answer(database, settings, code, number):
    access = opened(database, settings, code)
    with database.writing() as session:
        sent = {"submission_key": f"{number:032x}", "language": "vi", "received_at": NOON}
        collect.record(session, access, answers=ANSWERS, **sent)


def hashes(database):
    with database.reading() as session:
        return {row.number: row.code_hash for row in session.execute(text("SELECT * FROM sampled_units"))}


def letters(desk, name, *options):
    file = desk.folder / name
    desk.done("fieldwork", "letters", "mau-2026", "--out", file, *options)
    return file


def test_letters_for_all_who_hold_a_place_open_the_form_of_their_agency(desk, database, settings, sample):
    file = letters(desk, "thu.pdf")
    codes = codes_in(file)
    agencies = [opened(database, settings, code).agency.code for code in codes]
    # By worker, then by number: bd-ea-o has the even numbers, of the commune.
    assert agencies == ["xa-ea-o"] * 3 + ["so-noi-vu"] * 3
    kept = hashes(database)
    assert {number for number, code_hash in kept.items() if code_hash} == set(range(1, 7))
    # A file of codes is its owner's alone.
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not [code for code in codes if code in repr(kept)]


def test_nobody_gets_two_first_letters_and_a_substitute_gets_one(desk, database, settings, sample):
    letters(desk, "a.pdf")
    assert "đã có thư" in desk.refused("fieldwork", "letters", "mau-2026", "--out", desk.folder / "b.pdf")
    assert not (desk.folder / "b.pdf").exists()
    drawn.replace(database, 3, by=7)
    (code,) = codes_in(letters(desk, "b.pdf"))
    assert opened(database, settings, code).agency.code == "so-noi-vu"


def test_a_reminder_goes_to_who_has_not_answered_and_its_code_takes_the_place_of_the_first(
    desk, database, settings, sample
):
    first = codes_in(letters(desk, "a.pdf"))
    answer(database, settings, first[0], 1)
    drawn.settle(database, 1, "2.11")
    reminded = codes_in(letters(desk, "b.pdf", "--remind"))
    assert len(reminded) == 4
    for code in reminded:
        assert not opened(database, settings, code).once.is_used
    # The answered one keeps its code: whoever opens it is told that it was used.
    assert opened(database, settings, first[0]).once.is_used
    gone = 0
    for code in first[1:]:
        try:
            opened(database, settings, code)
        except UnknownInvitation:
            gone += 1
    assert gone == 4
    answer(database, settings, reminded[0], 2)
    assert len(codes_in(letters(desk, "c.pdf", "--remind"))) == 3


@pytest.mark.parametrize(
    ("options", "numbers"),
    [
        (("--worker", "lan"), {1, 3, 5}),
        (("--agency", "xa-ea-o"), {2, 4, 6}),
        (("--batch", 1), {1, 2, 3, 4, 5, 6}),
        (("--worker", "lan", "--agency", "so-noi-vu", "--batch", 1), {1, 3, 5}),
    ],
)
def test_a_part_of_them_can_be_printed(desk, database, sample, options, numbers):
    letters(desk, "thu.pdf", *options)
    assert {number for number, code_hash in hashes(database).items() if code_hash} == numbers


def test_who_has_no_address_is_counted_and_not_written_to(desk, database, sample):
    with database.writing() as session:
        session.execute(text("DELETE FROM contacts WHERE unit_id IN (SELECT id FROM sampled_units WHERE number < 3)"))
    status, _, said = desk.invoke("fieldwork", "letters", "mau-2026", "--out", desk.folder / "thu.pdf")
    assert status == 0
    assert "Đã ghi 4 thư" in said
    assert "Còn 2 thư" in said
    assert {number for number, code_hash in hashes(database).items() if code_hash} == {3, 4, 5, 6}


def test_paper_forms_follow_their_letters(desk, sample):
    file = letters(desk, "thu.pdf", "--paper")
    with PdfDocument(file) as pages:
        assert len(pages) % 6 == 0
        assert len(pages) >= 12
    assert len(codes_in(file)) == 6


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("khong-co", "--out", "thu.pdf"), 1, "khong-co"),
        (("quay-2026", "--out", "thu.pdf"), 1, "chưa có khảo sát thực địa"),
        (("mau-2026", "--out", "thu.docx"), 2, "thu.docx"),
        (("mau-2026", "--out", "thu.pdf", "--worker", "ai-do"), 1, "ai-do"),
        (("mau-2026", "--out", "thu.pdf", "--agency", "so-khong-co"), 1, "so-khong-co"),
        (("mau-2026", "--out", "thu.pdf", "--batch", 2), 1, "Không có thư nào"),
        (("mau-2026", "--out", "thu.pdf", "--batch", 0), 2, "batch"),
        (("mau-2026", "--out", "thu.pdf", "--remind"), 1, "Không có thư nào"),
    ],
)
def test_what_cannot_be_printed_is_refused_and_leaves_no_file(  # noqa: PLR0917
    desk, database, sample, monkeypatch, arguments, status, said
):
    monkeypatch.chdir(desk.folder)
    assert said in desk.refused("fieldwork", "letters", *arguments, status=status)
    assert list(desk.folder.glob("thu.*")) == []
    assert set(hashes(database).values()) == {None}


def test_a_wave_that_is_over_has_no_letters(desk, database, sample):
    with database.writing() as session:
        session.execute(text("UPDATE waves SET opens_on = '2020-01-01' WHERE code = 'mau-2026'"))
        session.execute(text("UPDATE waves SET closes_on = '2020-02-01' WHERE code = 'mau-2026'"))
    assert "đã kết thúc" in desk.refused("fieldwork", "letters", "mau-2026", "--out", desk.folder / "thu.pdf")


def test_a_file_has_five_hundred_letters_at_most(desk, database, sample, monkeypatch):
    monkeypatch.setattr(mailings, "LARGEST_FILE", 4)
    assert "--batch" in desk.refused("fieldwork", "letters", "mau-2026", "--out", desk.folder / "a.pdf")
    for batch, numbers in ((2, {5, 6}), (1, {1, 2, 3, 4, 5, 6})):
        letters(desk, f"{batch}.pdf", "--batch", batch)
        assert {number for number, code_hash in hashes(database).items() if code_hash} == numbers


def test_a_file_that_is_there_is_left_as_it_is_and_nothing_is_kept(desk, database, sample):
    file = desk.folder / "thu.pdf"
    file.write_text("of yesterday")
    desk.refused("fieldwork", "letters", "mau-2026", "--out", file)
    assert file.read_text() == "of yesterday"
    assert set(hashes(database).values()) == {None}


def test_of_two_who_print_the_same_letters_one_is_refused_and_has_no_file(desk, database, sample, monkeypatch):
    keep = mailings.keep

    def after_another(session, addressees, codes, *, key):
        session.execute(text("UPDATE sampled_units SET code_hash = zeroblob(32) WHERE number = 4"))
        keep(session, addressees, codes, key=key)

    monkeypatch.setattr(mailings, "keep", after_another)
    assert "Thư số 4" in desk.refused("fieldwork", "letters", "mau-2026", "--out", desk.folder / "thu.pdf")
    assert not (desk.folder / "thu.pdf").exists()
    assert set(hashes(database).values()) == {None}
