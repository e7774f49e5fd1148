"""The printed posters, looked at as a printer and a phone see them."""

from __future__ import annotations

import ctypes
import io
import math
import shutil
import unicodedata

import pypdfium2
import pytest
import zxingcpp
from PIL import ImageFont

from survey import i18n, resources
from survey.exports import posters_pdf
from survey.services.posters import Poster

A4, A6 = (595.28, 841.89), (297.64, 419.53)
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


HOTLINE = "(0262) 1022"
WIDTHS_CM = {"a4": 12, "a6": 5.5, "sticker": 2.5}
STICKERS = 15


@pytest.fixture
def pages():
    """Three counters, one of them with the longest names that the database takes."""
    long = "Trung tâm Phục vụ hành chính công tỉnh Đắk Lắk, cơ sở 2 tại phường Tuy Hòa "
    host = "HTTPS://HAILONG.DAKLAK.GOV.VN/R/"
    return [
        Poster("Sở Nội vụ", "Quầy số 1", f"{host}1-1-0123456789ABC", 1, "216483", HOTLINE),
        Poster("Xã Ea Ô", "Bộ phận một cửa", f"{host}12345-12-ZYXWVTSRQPNMK", 12, "057240", is_simulated=True),
        Poster(
            (long * 3)[:200],
            ("Quầy tiếp nhận hồ sơ đất đai, xây dựng " * 6)[:200],
            "HTTPS://VN.VN/R/2-1-0000000000000",
            1,
            "216483",
            "1" * 60,
            is_simulated=True,
        ),
    ]


def printed(pages, *, form="a4", languages=("vi", "en")):
    return posters_pdf.pdf(pages, form=form, languages=posters_pdf.spoken(languages))


def opened(data):
    return pypdfium2.PdfDocument(io.BytesIO(data))


@pytest.mark.parametrize("form", posters_pdf.FORMATS)
@pytest.mark.parametrize("dots_per_inch", [100, 150, 300])
def test_the_code_of_every_page_is_the_address_of_its_counter(pages, form, dots_per_inch):
    document = opened(printed(pages, form=form))
    read = [zxingcpp.read_barcodes(page.render(scale=dots_per_inch / 72).to_pil()) for page in document]
    times = STICKERS if form == "sticker" else 1
    assert [[code.text for code in codes] for codes in read] == [[page.url] * times for page in pages]


@pytest.mark.parametrize(("form", "size"), [("a4", A4), ("a6", A6), ("sticker", A4)])
def test_a_poster_is_one_page_however_long_its_names_are(pages, form, size):
    document = opened(printed(pages, form=form))
    assert len(document) == len(pages)
    for page in document:
        assert page.get_size() == pytest.approx(size, abs=0.1)


@pytest.mark.parametrize("form", posters_pdf.FORMATS)
def test_nothing_is_printed_where_a_printer_cannot_reach_nor_on_anything_else(pages, form):
    for page in opened(printed(pages, form=form, languages=("vi", "en", "vi"))):
        width, height = page.get_size()
        boxes = [thing.get_bounds() for thing in page.get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_TEXT])]
        # 5 mm that office printers leave white.
        edge = 5 / 10 * POINTS_A_CM
        for left, bottom, right, top in boxes:
            assert left >= edge
            assert bottom >= edge
            assert right <= width - edge
            assert top <= height - edge
        codes = [box_of(code, scale=3) for code in zxingcpp.read_barcodes(page.render(scale=3).to_pil())]
        for left, top, right, bottom, quiet in codes:
            room = (left - quiet, height - bottom - quiet, right + quiet, height - top + quiet)
            assert not [box for box in boxes if overlap(box, room)]


def box_of(code, *, scale):
    """Where a code that stands upright is, in points from above, and four of its modules."""
    corners = code.position.top_left, code.position.bottom_right
    (left, top), (right, bottom) = ((corner.x / scale, corner.y / scale) for corner in corners)
    modules = 17 + 4 * int(code.extra["Version"])
    return left, top, right, bottom, 4 * (right - left) / modules


def overlap(one, other):
    # The decoder's corners are whole pixels, a third of a point.
    slack = 0.7
    return (
        one[0] < other[2] - slack
        and other[0] < one[2] - slack
        and one[1] < other[3] - slack
        and other[1] < one[3] - slack
    )


@pytest.mark.parametrize("form", posters_pdf.FORMATS)
def test_the_code_is_wide_enough_to_be_read_from_where_one_stands(pages, form):
    scale = 3
    for page in opened(printed(pages, form=form)):
        code = zxingcpp.read_barcodes(page.render(scale=scale).to_pil())[0]
        left, right = code.position.top_left, code.position.top_right
        width = math.hypot(right.x - left.x, right.y - left.y) / scale / POINTS_A_CM
        # A pixel of this picture is an eighth of a millimetre.
        assert width >= WIDTHS_CM[form] - 0.0125
        # A module of half a millimetre is printed well by any office printer.
        assert 10 * width / (17 + 4 * int(code.extra["Version"])) >= 0.5


@pytest.mark.parametrize("form", ["a4", "a6"])
def test_what_is_said_is_text_that_can_be_searched(pages, form):
    for page, poster in zip(opened(printed(pages, form=form)), pages, strict=True):
        text = flowing(page)
        for said in (poster.agency_name, poster.counter_name.strip(), poster.short_address, poster.domain):
            assert "".join(said.split()) in "".join(text.split())
        assert "Mời Ông/Bà đánh giá sự phục vụ" in text
        assert "Nhân viên không xem được câu trả lời của Ông/Bà" in text
        assert f"{poster.short_code[:3]} {poster.short_code[3:]}" in text
        assert f"Áp phích số {poster.serial}" in text
        assert ("Đường dây nóng" in text) == bool(poster.hotline)
        assert poster.hotline in text
        assert ("Dữ liệu mô phỏng" in text) == poster.is_simulated


@pytest.mark.parametrize("form", ["a4", "a6"])
def test_each_language_says_all_of_it(pages, form):
    for page, poster in zip(opened(printed(pages, form=form)), pages, strict=True):
        text = flowing(page)
        # The serial and the address to compare, once in Vietnamese and once in English.
        assert f"Áp phích số {poster.serial}" in text
        assert f"Poster no. {poster.serial}" in text
        assert text.count(poster.domain) == 2
        assert ("Hotline:" in text) == bool(poster.hotline)
        assert ("Simulated data" in text) == poster.is_simulated


@pytest.mark.parametrize("form", ["a4", "a6"])
def test_no_word_of_a_long_name_is_left_alone_on_a_line(form):
    name = "Quầy tiếp nhận và trả kết quả hồ sơ lĩnh vực đất đai, xây dựng, tài nguyên và môi trường"
    (page,) = opened(printed([Poster("Sở Nội vụ", name, "HTTPS://VN.VN/R/1-1-0000000000000", 1)], form=form))
    lines = [line.strip() for line in page.get_textpage().get_text_range().splitlines()]
    of_name = [line for line in lines if line and line in name]
    assert " ".join(of_name) == name
    assert min(map(len, of_name)) > 0.6 * max(map(len, of_name))


def test_a_sticker_gives_the_hotline_where_there_is_room():
    url = "HTTPS://VN.VN/R/1-1-0000000000000"
    short, long = (Poster("Sở Nội vụ", "Quầy số 1", url, 7, "216483", number) for number in (HOTLINE, "1" * 60))
    texts = [flowing(page) for page in opened(printed([short, long], form="sticker"))]
    assert [text.count(f"Đường dây nóng: {HOTLINE}") for text in texts] == [STICKERS, 0]
    # On the stickers and above them.
    assert [text.count("Áp phích số 7") for text in texts] == [STICKERS + 1] * 2
    assert [text.count("Quầy số 1") for text in texts] == [STICKERS + 1] * 2


def test_a_sticker_says_where_it_leads_and_that_staff_cannot_look(pages):
    for page, poster in zip(opened(printed(pages, form="sticker")), pages, strict=True):
        text = flowing(page)
        for said in ("Nhân viên không xem được câu trả lời", poster.short_address, f"Áp phích số {poster.serial}"):
            assert text.count(said) >= STICKERS
        assert text.count(f"{poster.short_code[:3]} {poster.short_code[3:]}") == STICKERS
        assert ("Dữ liệu mô phỏng" in text) == poster.is_simulated


@pytest.mark.parametrize("form", posters_pdf.FORMATS)
def test_the_first_language_is_large_and_the_others_smaller(pages, form):
    page = opened(printed(pages[:1], form=form))[0]
    assert size_of(page, "Mời") > 1.3 * size_of(page, "Please")


def size_of(page, start):
    """The height of the letters of the piece of text that begins so."""
    text = page.get_textpage()
    found = text.search(start).get_next()
    return text.get_charbox(found[0], loose=True)[3] - text.get_charbox(found[0], loose=True)[1]


@pytest.mark.parametrize("form", posters_pdf.FORMATS)
def test_a_third_language_is_a_folder_and_no_code(pages, form, tmp_path):
    # Ê Đê; its words here are placeholders for the shape of the letters.
    for code in ("vi", "en"):
        shutil.copytree(resources.TRANSLATIONS / code, tmp_path / code)
    folder = tmp_path / "rad"
    folder.mkdir()
    shutil.copyfile(tmp_path / "vi" / "locale.toml", folder / "locale.toml")
    header = 'msgid ""\nmsgstr ""\n"Language: rad\\n"\n"Content-Type: text/plain; charset=UTF-8\\n"\n'
    entry = '\nmsgid "Please rate the service"\nmsgstr "Ƀuôn ƀĕč ñŏŭ"\n'
    (folder / "base.po").write_text(header + entry, encoding="utf-8")
    languages = posters_pdf.spoken(("vi", "rad", "en", "fr"), shipped=i18n.load(tmp_path))
    assert [language.code for language in languages] == ["vi", "rad", "en"]
    document = opened(posters_pdf.pdf(pages, form=form, languages=languages))
    assert len(document) == len(pages)
    for page in document:
        assert "Ƀuôn ƀĕč ñŏŭ" in flowing(page)
        assert "Please rate the service" in flowing(page)
        assert zxingcpp.read_barcodes(page.render(scale=3).to_pil())


def flowing(page):
    return " ".join(unicodedata.normalize("NFC", page.get_textpage().get_text_range()).split())


@pytest.mark.parametrize("form", ["a4", "a6"])
def test_every_letter_of_vietnamese_and_of_e_de_is_printed(form):
    letters = [VIETNAMESE[at : at + 24] for at in range(0, len(VIETNAMESE), 24)]
    name = " ".join([*letters, EDE, *EDE_COMBINED])
    (page,) = opened(printed([Poster(name, "Quầy số 1", "HTTPS://VN.VN/R/1-1-0000000000000", 1)], form=form))
    text = unicodedata.normalize("NFC", page.get_textpage().get_text_range())
    assert {letter for letter in VIETNAMESE + EDE if letter not in text} == set()
    assert [pair for pair in EDE_COMBINED if unicodedata.normalize("NFC", pair) not in text] == []


@pytest.mark.parametrize("form", posters_pdf.FORMATS)
def test_only_our_own_font_is_used_and_it_lies_in_the_file(pages, form):
    raw = printed(pages, form=form)
    fonts = set()
    for page in opened(raw):
        for thing in page.get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_TEXT]):
            font = pypdfium2.raw.FPDFTextObj_GetFont(thing)
            assert pypdfium2.raw.FPDFFont_GetIsEmbedded(font) == 1
            fonts.add(name_of(font))
    # A letter that the font lacks would come from another one.
    assert {name.split("+")[-1].split("-")[0] for name in fonts} == {"Arimo"}


@pytest.mark.parametrize("form", posters_pdf.FORMATS)
def test_nothing_is_made_of_pixels(pages, form):
    for page in opened(printed(pages, form=form)):
        assert not list(page.get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_IMAGE]))


def name_of(font):
    buffer = ctypes.create_string_buffer(100)
    pypdfium2.raw.FPDFFont_GetBaseFontName(font, buffer, len(buffer))
    return buffer.value.decode()


@pytest.mark.parametrize("form", posters_pdf.FORMATS)
def test_the_same_posters_give_the_same_file(pages, form):
    assert printed(pages, form=form) == printed(pages, form=form)


def test_a_bar_is_full_once_all_is_printed_and_moves_before(pages):
    told = []
    forms = posters_pdf.FORMATS
    for _ in posters_pdf.pdfs(pages, forms=forms, languages=posters_pdf.spoken(("vi",)), progress=told.append):
        pass
    assert sum(told) == posters_pdf.steps(pages, forms)
    assert len(told) == len(pages) + len(forms)


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


def test_a_poster_may_speak_english_alone(pages):
    text = flowing(opened(printed(pages, languages=("en",)))[0])
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


@pytest.mark.parametrize("weight", ["Regular", "Bold"])
def test_the_font_has_a_picture_of_every_letter(weight):
    # Text that can be searched says nothing about what is seen: a missing letter is a box with the right text behind.
    font = ImageFont.truetype(resources.FONTS / f"Arimo-{weight}.ttf", 40)
    missing = bytes(font.getmask("\U0010fffd"))
    letters = set(VIETNAMESE + EDE + "".join(EDE_COMBINED) + "Ƀ·–/()0123456789")
    assert {letter for letter in letters if bytes(font.getmask(letter)) == missing} == set()
