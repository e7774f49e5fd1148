"""A receipt looked up in a browser, and its pages under axe, with every detail unfolded."""

from __future__ import annotations

import datetime as dt

import pytest
from axe_playwright_python.sync_playwright import Axe
from sqlalchemy import select

from survey.models import Response
from survey.services import receipt_days
from survey.services.receipt_leaves import ReceiptKeys

pytestmark = pytest.mark.browser

VARIANTS = {
    "small phone": {"viewport": {"width": 320, "height": 640}},
    "zoomed to 200 %": {"viewport": {"width": 640, "height": 400}, "device_scale_factor": 2},
    "dark desk": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "dark"},
    "forced colours": {"viewport": {"width": 390, "height": 844}, "forced_colors": "active"},
}
OVERFLOWS = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
DAY = "2026-10-07"


@pytest.fixture
def receipt(answered, database, settings):
    """One of the receipts of a day that is closed."""
    with database.writing() as session:
        now = dt.datetime(2026, 10, 8, 5, 0, tzinfo=dt.UTC)
        receipt_days.close(session, keys=ReceiptKeys.of(settings.key), now=now)
        return session.scalar(select(Response.receipt))


@pytest.fixture(params=VARIANTS)
def page(request, chromium, served):
    context = chromium.new_context(base_url=served, **VARIANTS[request.param])
    yield context.new_page()
    context.close()


def assert_open_to_everybody(page):
    for folded in page.locator("details:not([open]) > summary").all():
        folded.click()
    report = Axe().run(page)
    assert report.violations_count == 0, report.generate_report()
    assert not page.evaluate(OVERFLOWS), f"{page.url} is wider than the screen"


def test_a_receipt_is_typed_mistyped_and_found(page, receipt):
    page.goto("/")
    page.click("text=Kiểm tra biên nhận")
    page.fill("#receipt", "abc o")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.title().startswith("Lỗi: ")
    assert_open_to_everybody(page)
    page.fill("#receipt", f"{receipt[:4].lower()} {receipt[4:].lower()}")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/receipts/{receipt}")
    assert_open_to_everybody(page)
    with page.expect_download() as download:
        page.click("text=Tải bằng chứng")
    assert download.value.suggested_filename == f"{receipt}.json"


def test_a_receipt_is_found_without_script(chromium, served, receipt):
    context = chromium.new_context(base_url=served, java_script_enabled=False)
    page = context.new_page()
    page.goto("/receipts")
    page.fill("#receipt", receipt.lower())
    page.click("main button[type=submit]")
    page.wait_for_url(f"**/receipts/{receipt}")
    context.close()


def test_the_lists_are_open_to_everybody(page, receipt):
    for address in ("/receipts", "/receipts?lang=en", f"/receipts/days/{DAY}", f"/receipts/{receipt}?lang=en"):
        assert page.goto(address).status == 200
        assert_open_to_everybody(page)
