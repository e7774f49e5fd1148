"""From the printed letter to the receipt, as somebody who was drawn goes: with a script and without."""

from __future__ import annotations

import pytest
import zxingcpp
from pypdfium2 import PdfDocument
from sqlalchemy import text

from survey import i18n
from survey.exports import letters_pdf
from survey.services import mailings
from tests.survey import drawn

pytestmark = pytest.mark.browser

SEND = "main form button.wide"


@pytest.fixture
def letter(database, settings, seeded):
    """The first page of a file of letters."""
    sample = drawn.draw(database, settings.key)
    with database.reading() as session:
        mailing = mailings.due(session, "mau-2026", today=seeded.now.date(), remind=True)
    sheet = letters_pdf.LetterSheet(
        wave_title=sample.wave.title,
        closes_on=sample.wave.closes_on,
        written_on=seeded.now.date(),
        base_url=settings.public_base_url,
    )
    written = [
        letters_pdf.Letter(one.number, one.name, one.address, one.agency_name, sample.codes[one.number])
        for one in mailing.addressees
    ]
    with PdfDocument(letters_pdf.pdf(sheet, written, languages=(i18n.find("vi"),))) as pages:
        yield pages[0]


def scanned(letter):
    (code,) = zxingcpp.read_barcodes(letter.render(scale=150 / 72).to_pil())
    return "/" + code.text.split("/", 3)[3]


def typed(letter):
    return letter.get_textpage().get_text_bounded().split("nhập mã:")[1].split()[1]


def answer(page):
    for question in page.locator("fieldset.question").all():
        if (choice := question.locator("input[type=radio][value='4']")).count():
            choice.check()
    page.click(SEND)
    page.wait_for_url("**/receipts/*")


def counted(database):
    with database.reading() as session:
        return session.execute(text("SELECT stream, trust, entry, receipt FROM responses")).all()


@pytest.mark.parametrize("javascript", [False, True], ids=["without JavaScript", "with JavaScript"])
def test_a_letter_is_scanned_answered_and_refused_kindly_the_second_time(
    chromium, served, database, letter, javascript
):
    context = chromium.new_context(
        base_url=served, java_script_enabled=javascript, viewport={"width": 390, "height": 844}
    )
    page = context.new_page()
    page.goto(scanned(letter))
    answer(page)
    receipt = page.url.rpartition("/")[2]
    assert page.locator("strong.code").inner_text() == receipt
    assert [tuple(row) for row in counted(database)] == [("sample", "verified", "phone", receipt)]
    assert page.goto(scanned(letter)).status == 410
    assert "Thư mời này đã có câu trả lời" in page.locator("h1").inner_text()
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    assert len(counted(database)) == 1
    context.close()


def test_a_letter_is_typed_and_a_paper_form_keyed_in(chromium, served, database, letter):
    context = chromium.new_context(base_url=served, java_script_enabled=False)
    page = context.new_page()
    page.goto("/i")
    page.get_by_label("Mã trong thư mời").fill(typed(letter).lower())
    page.keyboard.press("Enter")
    page.wait_for_url("**" + scanned(letter))
    page.get_by_role("link", name="hộ").click()
    answer(page)
    assert [(row.stream, row.entry) for row in counted(database)] == [("sample", "assisted")]
    context.close()
