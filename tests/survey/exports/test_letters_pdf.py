"""Letters and paper forms, looked at as a phone and a person see them."""

from __future__ import annotations

import datetime as dt
import random
import re
import unicodedata

import pypdfium2
import pytest
import zxingcpp

from forms import loading
from forms.definition import ChoiceItem, Item, MultipleChoiceItem
from survey import i18n
from survey.exports import letters_pdf, paper_form
from survey.services import slip_codes

POINTS = 72 / 25.4
BASE = "https://hailong.daklak.gov.vn"
# Every letter of Vietnamese and of Ê Đê, and the marks of both.
LETTERS = (
    "ăâđêôơư áàảãạắằẳẵặấầẩẫậéèẻẽẹếềểễệíìỉĩịóòỏõọốồổỗộớờởỡợúùủũụứừửữựýỳỷỹỵ "
    "ĂÂĐÊÔƠƯ ẮẶẤẬỆỖỘỞỮỲ ƀčĕĭñŏŭ ƀĬŎŬČÑ ơ̆ ô̆ ê̆ ư̆ H’Hương Y’Niê"
)


def sheet(**changes):
    given = {
        "wave_title": "Khảo sát mẫu năm 2026",
        "closes_on": dt.date(2026, 11, 30),
        "written_on": dt.date(2026, 10, 7),
        "base_url": BASE,
        "hotline": "(0262) 1022",
    }
    return letters_pdf.LetterSheet(**given | changes)


def letters(size, **changes):
    rng = random.Random(1)
    given = {"name": "H’Hương Niê Kđăm", "address": "Số 12, buôn Ja, xã Ea Ô, tỉnh Đắk Lắk", "agency_name": "Xã Ea Ô"}
    given |= changes
    return [letters_pdf.Letter(number=n, code=slip_codes.made(rng.randbytes), **given) for n in range(1, size + 1)]


def document(sheet, letters, *, paper=None, languages=("vi", "en")):
    paper = loading.load(paper) if paper else None
    told = []
    content = letters_pdf.pdf(
        sheet, letters, languages=tuple(map(i18n.find, languages)), paper=paper, progress=told.append
    )
    assert sum(told) == len(letters)
    return pypdfium2.PdfDocument(content)


def text_of(page):
    # Long lines are broken; what is compared has single spaces.
    return " ".join(unicodedata.normalize("NFC", page.get_textpage().get_text_bounded()).split())


def read(page, *, dots_per_inch=200):
    return zxingcpp.read_barcodes(page.render(scale=dots_per_inch / 72).to_pil())


def test_every_letter_is_a_page_whose_code_can_be_scanned_and_typed():
    written = letters(3)
    pages = document(sheet(), written)
    assert [page.get_size() for page in pages] == [pytest.approx((595.28, 841.89), abs=0.1)] * 3
    for page, letter in zip(pages, written, strict=True):
        (code,) = read(page)
        assert code.text == f"HTTPS://HAILONG.DAKLAK.GOV.VN/I/{letter.code}"
        assert code.ec_level == "H"
        assert re.findall(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{5}", text_of(page)) == [slip_codes.grouped(letter.code)]


def test_a_letter_says_what_it_is_about_and_how_answers_are_protected():
    (page,) = document(sheet(), letters(1))
    said = text_of(page)
    for words in (
        "Sở Nội vụ tỉnh Đắk Lắk",
        "Thư số 1",
        "Xã Ea Ô",
        "tự nguyện",
        "Không ai tra cứu được Ông/Bà đã trả lời gì",
        "được xóa khi khảo sát kết thúc",
        "(0262) 1022",
        "30/11/2026",
        "hailong.daklak.gov.vn/I",
        "Taking part is voluntary",
    ):
        assert words in said
    assert "mã mới" not in said


def test_a_reminder_says_that_the_earlier_code_is_no_longer_good():
    (page,) = document(sheet(is_reminder=True), letters(1))
    assert "mã trong thư trước không còn dùng được" in text_of(page)
    assert len(read(page)) == 1


def test_all_letters_of_both_languages_are_drawn_and_can_be_copied():
    (page,) = document(sheet(), letters(1, name=LETTERS))
    said = text_of(page)
    # Word by word: a mark that no letter is composed with is told twice by this reader.
    assert [word for word in LETTERS.split() if unicodedata.normalize("NFC", word) not in said] == []


@pytest.mark.parametrize("long", [False, True])
def test_the_window_of_an_envelope_shows_the_address_and_nothing_else(long):
    address = "Số 123 đường Nguyễn Thị Minh Khai, tổ dân phố 5, phường Buôn Ma Thuột, tỉnh Đắk Lắk, "
    address = (address * (4 if long else 1))[:400].strip()
    (page,) = document(sheet(is_simulated=True), letters(1, address=address))
    # DIN 5008, form B; PDF counts from the bottom.
    left, top, right, bottom = (20 * POINTS, (297 - 45) * POINTS, 105 * POINTS, (297 - 90) * POINTS)
    shown = page.get_textpage().get_text_bounded(left=left, right=right, top=top, bottom=bottom)
    assert " ".join(shown.split()) == " ".join(f"H’Hương Niê Kđăm {address}".split())


def test_the_code_does_not_lie_on_a_fold():
    (page,) = document(sheet(is_reminder=True, is_simulated=True), letters(1, agency_name="Trung tâm " * 20))
    (code,) = read(page, dots_per_inch=100)
    heights = [corner.y / 100 * 25.4 for corner in (code.position.top_left, code.position.bottom_left)]
    assert 105 < min(heights) < max(heights) < 210


def test_the_longest_names_stay_on_one_page():
    long = "Trung tâm Phục vụ hành chính công tỉnh Đắk Lắk, cơ sở 2 tại phường Tuy Hòa " * 6
    written = letters(2, name=long[:200], address=long[:400], agency_name=long[:200])
    pages = document(sheet(wave_title=long[:200], hotline="1" * 60, is_reminder=True, is_simulated=True), written)
    assert len(pages) == 2
    assert all(len(read(page)) == 1 for page in pages)
    assert all("1" * 60 in text_of(page) and "are erased when the survey is over" in text_of(page) for page in pages)


# --- Paper.


@pytest.mark.parametrize("name", ["sipas-2026", "sipas-counter"])
def test_the_paper_form_has_every_text_of_the_questionnaire_and_a_box_for_every_answer(name):
    questionnaire = loading.load(name)
    pages = list(document(sheet(), letters(1), paper=name, languages=("vi",)))[1:]
    assert 1 <= len(pages) <= 4
    said = " ".join(text_of(page) for page in pages)
    said = re.sub(r"Thư số 1 Mã: [0-9A-Z-]+ Ý kiến về: Xã Ea Ô Trang \d/\d ", "", said)
    texts = [questionnaire.title, questionnaire.intro]
    texts += [text for section in questionnaire.sections for text in (section.title, section.intro)]
    for item in questionnaire.items:
        texts += [item.text, item.hint]
        texts += [option.text for option in getattr(item, "options", ())]
    texts += [level.text for scale in questionnaire.scales for level in scale.levels]
    for text in filter(None, texts):
        assert " ".join(text.localised("vi").split()) in said
    boxes = sum(count_boxes(page) for page in pages)
    assert boxes == sum(boxes_of(questionnaire, item) for item in questionnaire.items)


def boxes_of(questionnaire, item):
    if isinstance(item, ChoiceItem | MultipleChoiceItem):
        return len(item.options)
    if item.kind == "rating":
        return len(questionnaire.scale(item.scale).levels) + item.not_applicable
    return 0


def count_boxes(page):
    """Squares of 3.4 mm among the page's paths."""
    squares = 0
    for thing in page.get_objects(max_depth=5):
        if thing.type == pypdfium2.raw.FPDF_PAGEOBJ_PATH:
            left, bottom, right, top = thing.get_bounds() if hasattr(thing, "get_bounds") else thing.get_pos()
            width, height = (right - left) / POINTS, (top - bottom) / POINTS
            squares += 3.2 < width < 3.9 and 3.2 < height < 3.9
    return squares


def test_number_and_code_are_on_every_page_of_the_paper_form_and_pages_are_numbered():
    written = letters(2)
    pages = list(document(sheet(), written, paper="sipas-2026"))
    each = len(pages) // 2
    for place, page in enumerate(pages):
        letter, number = written[place // each], place % each
        if number == 0:
            assert len(read(page)) == 1
            assert "phiếu kèm theo thư này" in text_of(page)
        else:
            code = slip_codes.grouped(letter.code)
            head = f"Thư số {letter.number} Mã: {code} Ý kiến về: Xã Ea Ô Trang {number}/{each - 1}"
            assert head in text_of(page)


def test_every_kind_of_item_can_be_printed():
    assert set(paper_form.DRAWN_AS) == set(Item.__args__)
