"""What leads to one person is taken out of a comment, and nothing else."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forms.redaction import redacted

TAKEN_OUT = {
    "[số ĐT]": [
        *("0912345678", "0912 345 678", "0912.345.678", "091-234-5678", "0 9 1 2 3 4 5 6 7 8", "+84912345678"),
        *("+84 912 345 678", "84912345678", "(+84) 912345678", "+84 0912 345 678", "0262 3852152", "02623852152"),
        *("(0262) 3 852 152", "0262.3.852.152", "028 3822 5678", "0381234567", "0793 123 456", "０９１２３４５６７８"),
    ],
    "[số CCCD]": ["066199012345", "066 199 012 345", "066.199.012.345", "240123456", "123456789012"],
    "[mail]": ["an.nguyen@example.vn", "a+b@mail.example.com.vn", "NGUYENAN@EXAMPLE.VN", "an_1@x-y.vn"],
    "[số xe]": [
        *("47A-123.45", "47A-12345", "47A12345", "47A 123.45", "47A1-123.45", "47-B1 123.45", "47B1 12345"),
        *("47AA-123.45", "47-A1-1234", "47a1-12345", "29LD-123.45", "80-123-NG-45", "47MĐ1-123.45"),
    ],
}
LEFT = (
    "1.500.000 đồng",
    "1.500.000.000 đồng",
    "100.000.000.000 đồng",
    "150000000 đồng",
    "150000000đ",
    "12/03/2026",
    "12.03.2026",
    "05.06.2026 - 07.06.2026",
    "từ 07:30 đến 11:30",
    "số 123/QĐ-UBND",
    "Nghị định 61/2018/NĐ-CP",
    "Thông tư 01/2018/TT-VPCP",
    "Quyết định 2259/QĐ-BNV ngày 30/12/2025",
    "tổng đài 1900 1234",
    "113, 114, 115",
    "2.500 m2, thửa 123, tờ 45",
    "số nhà 12A/34 Lê Duẩn",
    "chờ 3 lần, 45 phút, 15 ngày",
    "Quầy số 12, số thứ tự 1024",
    "năm 2021-2025",
    "81,53%",
    "Y Ngông 47 tuổi",
    "tôi @ quầy",
    "10h30 ngày 12",
)


@pytest.mark.parametrize(("words", "written"), [(words, one) for words, some in TAKEN_OUT.items() for one in some])
@pytest.mark.parametrize("frame", ["{}", "Xin gọi {} giúp tôi.", "({})", "sđt:{};cảm ơn", "…{}, gấp!\n"])
def test_what_leads_to_a_person_is_replaced(words, written, frame):
    # An opening bracket may go with a number: (0262) 3852152 begins with one.
    assert redacted(frame.format(written)).strip("()") == frame.format(words).strip("()")


@pytest.mark.parametrize("written", LEFT)
def test_other_numbers_stay(written):
    assert redacted(f"Tôi ghi {written} ở đây") == f"Tôi ghi {written} ở đây"


def test_several_details_of_one_comment_are_all_replaced():
    written = "Anh Ba 0912345678, CCCD 066199012345, xe 47A1-123.45, ba@example.vn"
    assert redacted(written) == "Anh Ba [số ĐT], CCCD [số CCCD], xe [số xe], [mail]"


@given(st.text(alphabet="0123456789 .-+()@aA4HĐ/", max_size=80))
def test_redacting_again_changes_nothing(text):
    assert redacted(redacted(text)) == redacted(text)


@given(st.text(max_size=200).filter(lambda text: not re.search(r"[\d@＠]", text)))
def test_words_without_figures_stay_as_they_are(text):
    assert redacted(text) == text


@given(st.text(alphabet="abcxyz, ", max_size=20), st.from_regex(r"0[35789][0-9]{8}", fullmatch=True))
def test_no_telephone_number_survives_among_words(words, number):
    assert number not in redacted(f"{words} {number} {words}")


@given(st.text(alphabet="0123456789 .-+()@aA4HĐ/", max_size=80))
def test_a_text_within_its_limit_stays_within_it(text):
    assert len(redacted(text)) <= len(text)
