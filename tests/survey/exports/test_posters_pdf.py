"""The printed posters, looked at as a printer and a phone see them."""

from __future__ import annotations

import ctypes
import io
import math
import unicodedata

import pypdfium2
import pytest
import zxingcpp

from survey import i18n
from survey.exports import posters_pdf
from survey.services.posters import Poster

A4 = (595.28, 841.89)
POINTS_A_CM = 72 / 2.54
# Every letter that Vietnamese and Ê Đê use beyond ASCII, composed; names of places and people bring them all.
VIETNAMESE = "".join(
    unicodedata.normalize("NFC", vowel + tone)
    for vowel in "aăâeêioôơuưyAĂÂEÊIOÔƠUƯY"
    for tone in ("", "\u0300", "\u0301", "\u0309", "\u0303", "\u0323")
)
EDE = "ƀƁčČĕĔĭĬŏŎŭŬñÑđĐưƯơƠ"
# The breves over letters that have no composed form with it stand as two characters.
EDE_COMBINED = ("ê̆", "ô̆", "ơ̆", "ư̆")


@pytest.fixture
def pages():
    """Three counters, one of them with the longest names that the database takes."""
    long = "Trung tâm Phục vụ hành chính công tỉnh Đắk Lắk, cơ sở 2 tại phường Tuy Hòa "
    return [
        Poster("Sở Nội vụ", "Quầy số 1", "HTTPS://HAILONG.DAKLAK.GOV.VN/R/1-1-0123456789ABC", 1),
        Poster("Xã Ea Ô", "Bộ phận một cửa", "HTTPS://HAILONG.DAKLAK.GOV.VN/R/12345-12-ZYXWVTSRQPNMK", 12, True),
        Poster(
            (long * 3)[:200],
            ("Quầy tiếp nhận hồ sơ đất đai, xây dựng " * 6)[:200],
            "HTTPS://VN.VN/R/2-1-0000000000000",
            1,
            True,
        ),
    ]


def printed(pages, *, language="vi"):
    locale = i18n.find(language)
    return posters_pdf.posters(pages, locale=locale.code, gettext=locale.gettext)


def opened(data):
    return pypdfium2.PdfDocument(io.BytesIO(data))


@pytest.mark.parametrize("dots_per_inch", [100, 150, 300])
def test_the_code_of_every_page_is_the_address_of_its_counter(pages, dots_per_inch):
    document = opened(printed(pages))
    read = [zxingcpp.read_barcodes(page.render(scale=dots_per_inch / 72).to_pil()) for page in document]
    assert [[code.text for code in codes] for codes in read] == [[page.url] for page in pages]


def test_a_poster_is_one_page_of_a4_however_long_its_names_are(pages):
    document = opened(printed(pages))
    assert len(document) == len(pages)
    for page in document:
        assert page.get_size() == pytest.approx(A4, abs=0.1)


def test_the_code_is_twelve_centimetres_wide_so_that_it_is_read_from_a_step_away(pages):
    scale = 2
    for page in opened(printed(pages)):
        (code,) = zxingcpp.read_barcodes(page.render(scale=scale).to_pil())
        left, right = code.position.top_left, code.position.top_right
        width = math.hypot(right.x - left.x, right.y - left.y) / scale / POINTS_A_CM
        # A pixel of this picture is a fifth of a millimetre.
        assert width >= 12 - 0.02


def test_agency_counter_address_and_promise_are_text_that_can_be_searched(pages):
    for page, poster in zip(opened(printed(pages)), pages, strict=True):
        text = flowing(page)
        for said in (poster.agency_name, poster.counter_name.strip(), poster.url):
            assert "".join(said.split()) in "".join(text.split())
        assert "Mời Ông/Bà đánh giá sự phục vụ" in text
        assert "Nhân viên không xem được câu trả lời của Ông/Bà" in text
        assert poster.domain in text
        assert ("Dữ liệu mô phỏng" in text) == poster.is_simulated


def flowing(page):
    return " ".join(unicodedata.normalize("NFC", page.get_textpage().get_text_range()).split())


def test_every_letter_of_vietnamese_and_of_e_de_is_printed():
    letters = [VIETNAMESE[at : at + 24] for at in range(0, len(VIETNAMESE), 24)]
    name = " ".join([*letters, EDE, *EDE_COMBINED])
    (page,) = opened(printed([Poster(name, "Quầy số 1", "HTTPS://VN.VN/R/1-1-0000000000000", 1)]))
    text = unicodedata.normalize("NFC", page.get_textpage().get_text_range())
    assert {letter for letter in VIETNAMESE + EDE if letter not in text} == set()
    assert [pair for pair in EDE_COMBINED if unicodedata.normalize("NFC", pair) not in text] == []


def test_only_our_own_font_is_used_and_it_lies_in_the_file(pages):
    raw = printed(pages)
    fonts = set()
    for page in opened(raw):
        for thing in page.get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_TEXT]):
            font = pypdfium2.raw.FPDFTextObj_GetFont(thing)
            assert pypdfium2.raw.FPDFFont_GetIsEmbedded(font) == 1
            fonts.add(name_of(font))
    # A letter that the font lacks would come from another one.
    assert {name.split("+")[-1].split("-")[0] for name in fonts} == {"Arimo"}


def name_of(font):
    buffer = ctypes.create_string_buffer(100)
    pypdfium2.raw.FPDFFont_GetBaseFontName(font, buffer, len(buffer))
    return buffer.value.decode()


def test_the_same_posters_give_the_same_file(pages):
    assert printed(pages) == printed(pages)


def test_a_reader_s_program_is_told_the_language_the_title_and_what_the_picture_is(pages):
    data = printed(pages)
    assert opened(data).get_metadata_dict()["Title"] == "Áp phích mã QR"
    assert pypdfium2.raw.FPDFCatalog_IsTagged(opened(data)) == 1
    assert language_of(opened(data)) == "vi"


def language_of(document):
    signs = (ctypes.c_ushort * 20)()
    taken = pypdfium2.raw.FPDFCatalog_GetLanguage(document, signs, ctypes.sizeof(signs))
    # Two bytes a sign, a nought at the end.
    return "".join(map(chr, signs[: taken // 2 - 1]))


def test_the_poster_speaks_english_too(pages):
    text = flowing(opened(printed(pages, language="en"))[0])
    assert "Please rate the service" in text
    assert "Staff cannot see your answers" in text


def test_names_are_never_read_as_markup():
    name = '#panic() *đậm* $x$ <nhãn> \\ "“ @so'
    (page,) = opened(printed([Poster(name, "= Quầy", "HTTPS://VN.VN/R/1-1-0000000000000", 1)]))
    assert name in flowing(page)
    assert "= Quầy" in flowing(page)


def test_an_address_in_small_letters_is_refused(pages):
    with pytest.raises(ValueError, match="upper case"):
        printed([Poster("Sở Nội vụ", "Quầy số 1", "https://vn.vn/R/1-1-0000000000000", 1)])
