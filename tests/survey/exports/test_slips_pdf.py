"""The printed slips, looked at as a phone and a person see them."""

from __future__ import annotations

import csv
import datetime as dt
import io
import random
import re

import pypdfium2
import pytest
import zxingcpp

from survey import i18n
from survey.exports import slips_pdf
from survey.services import slips

BASE = "https://hailong.daklak.gov.vn"
LONG = "Trung tâm Phục vụ hành chính công tỉnh Đắk Lắk, cơ sở 2 tại phường Tuy Hòa "


def sheet(**changes):
    given = {
        "agency_name": "Xã Ea Ô",
        "counter_name": "Quầy số 1",
        "counter_code": "xa-ea-o-1",
        "opens_on": dt.date(2026, 10, 7),
        "closes_on": dt.date(2026, 10, 10),
        "base_url": BASE,
        "hotline": "(0262) 1022",
    }
    return slips_pdf.SlipSheet(**given | changes)


def drawn(size):
    return slips.draw(size, rng=random.Random(1).randbytes)


def document(sheet, codes):
    content = slips_pdf.pdf(sheet, codes, languages=(i18n.find("vi"), i18n.find("en")))
    return pypdfium2.PdfDocument(content)


def picture(page, *, dots_per_inch=200):
    return page.render(scale=dots_per_inch / 72).to_pil()


def text_of(page):
    return page.get_textpage().get_text_bounded().replace("\r\n", "\n")


def test_every_code_can_be_scanned_in_the_order_given_and_typed():
    codes = drawn(11)
    pages = document(sheet(), codes)
    assert [page.get_size() for page in pages] == [pytest.approx((595.28, 841.89), abs=0.1)] * 2
    for page, here in zip(pages, (codes[:8], codes[8:]), strict=True):
        read = zxingcpp.read_barcodes(picture(page))
        # In the order of reading.
        read.sort(key=lambda one: (one.position.top_left.y // 100, one.position.top_left.x))
        assert [one.text for one in read] == [f"HTTPS://HAILONG.DAKLAK.GOV.VN/S/{code}" for code in here]
        typed = re.findall(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{5}", text_of(page))
        assert sorted(one.replace("-", "") for one in typed) == sorted(here)


def test_a_slip_says_what_it_is_for_how_long_it_is_good_and_that_nobody_sees_who_answered():
    (page,) = document(sheet(), drawn(1))
    said = " ".join(text_of(page).split())
    for words in (
        "Xã Ea Ô",
        "Quầy số 1",
        "hailong.daklak.gov.vn/S",
        "đến hết ngày 10/10/2026",
        "Không ai biết được ai đã trả lời",
        "(0262) 1022",
        "Please rate the service",
    ):
        assert words in said


@pytest.mark.parametrize("width_of_module_mm", [0.4])
def test_a_module_is_large_enough_for_a_cheap_phone(width_of_module_mm):
    (page,) = document(sheet(), drawn(1))
    (read,) = zxingcpp.read_barcodes(picture(page, dots_per_inch=300))
    corners = read.position
    side = (corners.top_right.x - corners.top_left.x) / 300 * 25.4
    # The longest address there may be needs version 6, of 41 modules.
    assert side / 41 > width_of_module_mm


def test_the_longest_names_and_a_simulated_wave_stay_on_one_slip():
    codes = drawn(8)
    long = sheet(agency_name=(LONG * 3)[:200], counter_name=(LONG * 3)[:200], hotline="1" * 60, is_simulated=True)
    (page,) = document(long, codes)
    assert len(zxingcpp.read_barcodes(picture(page))) == 8
    assert text_of(page).count("mô phỏng") == 8
    assert text_of(page).count("1" * 60) == 8


def test_the_same_codes_give_the_same_bytes():
    codes = drawn(2)
    assert len({slips_pdf.pdf(sheet(), codes, languages=(i18n.find("vi"),)) for _ in "ab"}) == 1


def test_a_spreadsheet_reads_the_same_codes():
    codes = drawn(3)
    lines = list(csv.DictReader(io.StringIO(slips_pdf.csv_lines(sheet(), codes).decode("utf-8-sig"))))
    assert [line["url"].rpartition("/")[2] for line in lines] == list(codes)
    assert [line["code"].replace("-", "") for line in lines] == list(codes)
    assert {(line["counter"], line["opens_on"], line["closes_on"]) for line in lines} == {
        ("xa-ea-o-1", "2026-10-07", "2026-10-10")
    }
