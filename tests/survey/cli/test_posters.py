"""`sipas posters`: a PDF whose codes open the counters' forms."""

from __future__ import annotations

import os
import pty
import subprocess
from contextlib import suppress

import pypdfium2
import pytest
import zxingcpp

from survey.services import codes, collect, counters


def read(file):
    """The address on each page, by a decoder that is not ours."""
    document = pypdfium2.PdfDocument(file)
    return [zxingcpp.read_barcode(page.render(scale=2).to_pil()).text for page in document]


def test_the_posters_of_an_agency_open_the_forms_of_its_counters(desk, database, seeded, settings):
    out = desk.folder / "ap-phich.pdf"
    desk.done("posters", "--wave", "quay-2026", "--agency", "xa-ea-o", "--out", out)
    key = settings.key(codes.KEY_PURPOSE)
    with database.reading() as session:
        opened = [
            collect.resolve(session, "R", address.rpartition("/")[2], key_for=lambda _: key, now=seeded.now)
            for address in read(out)
        ]
    assert [access.counter.code for access in opened] == ["xa-ea-o-1", "xa-ea-o-2"]


def test_without_an_agency_all_counters_get_theirs_and_new_ones_are_issued(desk, database):
    desk.done("counter", "add", "so-tu-phap", "--name", "Quầy số 1")
    status, _, said = desk.invoke("posters", "--wave", "quay-2026", "--out", desk.folder / "all.pdf")
    assert (status, said) == (0, f"Đã ghi 4 áp phích vào {desk.folder / 'all.pdf'}\n")
    with database.reading() as session:
        assert len(counters.listing(session)) == 4
    addresses = read(desk.folder / "all.pdf")
    assert len(set(addresses)) == 4
    assert all(address.startswith("HTTPS://HAILONG.EXAMPLE.VN/R/") for address in addresses)


def test_all_formats_are_a_file_each_with_the_same_codes(desk):
    status, _, said = desk.invoke(
        "posters", "--wave", "quay-2026", "--agency", "xa-ea-o", "--format", "all", "--out", desk.folder / "in.pdf"
    )
    files = [desk.folder / f"in-{form}.pdf" for form in ("a4", "a6", "sticker")]
    assert (status, said.splitlines()) == (0, [f"Đã ghi 2 áp phích vào {file}" for file in files])
    posters, cards, stickers = map(read, files)
    assert posters == cards == stickers
    assert not (desk.folder / "in.pdf").exists()


def test_the_hotline_is_printed_once_it_is_set(desk):
    assert "1022" not in text_of(desk, "without.pdf")
    desk.settings["SIPAS_HOTLINE"] = "(0262) 1022"
    assert "Đường dây nóng: (0262) 1022" in text_of(desk, "with.pdf")


def text_of(desk, name):
    desk.done("posters", "--wave", "quay-2026", "--agency", "so-noi-vu", "--out", desk.folder / name)
    return pypdfium2.PdfDocument(desk.folder / name)[0].get_textpage().get_text_range()


def test_a_new_printing_has_the_next_serial_and_the_one_before_still_opens_the_form(desk, database, seeded, settings):
    desk.done("posters", "--wave", "quay-2026", "--new", "--out", desk.folder / "new.pdf")
    key = settings.key(codes.KEY_PURPOSE)
    serials = [codes.parse(address.rpartition("/")[2], key=key).serial for address in read(desk.folder / "new.pdf")]
    assert serials == [2, 2, 2]
    first = codes.code_for(seeded.counters[0].id, 1, key=key)
    with database.reading() as session:
        collect.resolve(session, "R", first, key_for=lambda _: key, now=seeded.now)


def test_a_bar_shows_on_a_terminal_and_only_there(sipas):
    arguments = ("posters", "--wave", "quay-2026", "--format", "all", "--out", sipas.folder / "in.pdf")
    assert "Đang in" not in sipas.run(*arguments).stderr
    master, slave = pty.openpty()
    with subprocess.Popen(
        sipas.command(*arguments), cwd=sipas.folder, env={**sipas.environ, "TERM": "xterm"}, stdout=slave, stderr=slave
    ) as process:
        os.close(slave)
        said = b"".join(everything(master)).decode()
    assert process.returncode == 0
    assert "Đang in" in said
    assert "100%" in said


def everything(terminal):
    with suppress(OSError):  # Linux's way of saying that the other side has hung up.
        while piece := os.read(terminal, 4096):
            yield piece


def test_one_printing_is_withdrawn_and_listed_as_such(desk, database, seeded):
    desk.done("posters", "--wave", "quay-2026", "--agency", "xa-ea-o", "--new", "--out", desk.folder / "new.pdf")
    assert desk.done("counter", "revoke", "xa-ea-o-1", "--serial", "1") == ""
    lines = [line.split("\t") for line in desk.done("counter", "printings", "xa-ea-o-1").splitlines()]
    assert [(serial, state) for serial, _, state in lines] == [("2", "còn hiệu lực"), ("1", "đã thu hồi")]
    assert lines[1][1] == "07/10/2026"
    with database.reading() as session:
        (other, *_rest) = counters.printings(session, seeded.counters[1])
        assert other.revoked_at is None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("revoke", "xa-ea-o-9", "--serial", "1"), "xa-ea-o-9"),
        (("revoke", "xa-ea-o-1", "--serial", "7"), "áp phích số 7"),
        (("printings", "xa-ea-o-9"), "xa-ea-o-9"),
    ],
)
def test_what_was_never_printed_is_not_withdrawn(desk, arguments, said):
    assert said in desk.refused("counter", *arguments)


def test_printing_again_prints_the_same(desk):
    for name in ("one.pdf", "two.pdf"):
        desk.done("posters", "--wave", "quay-2026", "--out", desk.folder / name)
    assert (desk.folder / "one.pdf").read_bytes() == (desk.folder / "two.pdf").read_bytes()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--wave", "khong-co"), " mã khong-co."),
        (("--wave", "quay-2026", "--agency", "khong-co"), " mã khong-co."),
        (
            ("--wave", "quay-2026", "--agency", "so-tu-phap"),
            "`sipas counter add`.",
        ),
    ],
)
def test_what_is_not_there_is_named_and_no_file_is_written(desk, options, said):
    assert desk.refused("posters", *options, "--out", desk.folder / "out.pdf").endswith(said)
    assert not (desk.folder / "out.pdf").exists()


def test_a_folder_that_is_not_there_is_named(sipas):
    said = sipas.refused("posters", "--wave", "quay-2026", "--out", sipas.folder / "no" / "out.pdf")
    assert str(sipas.folder / "no" / "out.pdf") in said
