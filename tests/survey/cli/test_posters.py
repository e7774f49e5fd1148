"""`sipas posters`: a PDF whose codes open the counters' forms."""

from __future__ import annotations

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
