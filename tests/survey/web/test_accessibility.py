"""The console, refusals and English pages under axe; the form and the results have their own tests beside them."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe

from survey.config import Settings

pytestmark = pytest.mark.browser

PASSWORD = "một mật khẩu rất dài"
VARIANTS = {
    "small phone": {"viewport": {"width": 320, "height": 640}},
    "dark desk": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "dark"},
    "forced colours": {"viewport": {"width": 390, "height": 844}, "forced_colors": "active"},
}
OF_THE_CONSOLE = (
    "/console/",
    "/console/agencies/xa-ea-o",
    "/console/counters/xa-ea-o-1",
    "/console/counters/xa-ea-o-1/kiosks",
    "/console/waves/quay-2026/import",
    "/console/waves/quay-2026/import?lang=en",
)
FOR_EVERYBODY = (
    "/?lang=en",
    "/waves/quay-2026?lang=en",
    "/waves/quay-2026?stream=census",
    "/waves/quay-2026/agencies/so-noi-vu?lang=en",
    "/console/login?lang=en",
    "/N/216483/ASSISTED",
    "/N/216483/ASSISTED?lang=en",
    "/N",
    "/N?lang=en",
    "/S",
    "/offline",
    "/no/such/page",
    "/R/1-1-0000000000000",
    "/receipts/22222222",
)
OVERFLOWS = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
WRONG_FILE = "agency,answered_on,phuc_vu\nxa-ea-o,2026-03-02,6\nso-khong-co,31/02/2026,5\n"


@pytest.fixture
def settings(tmp_path):
    """A site without HTTPS, so that a browser on this machine keeps its session."""
    return Settings.embedded(tmp_path / "sipas.db", public_base_url="http://127.0.0.1")


@pytest.fixture(params=VARIANTS)
def page(request, chromium, served):
    """A page in each kind of browser, at the site's address."""
    context = chromium.new_context(base_url=served, **VARIANTS[request.param])
    yield context.new_page()
    context.close()


def assert_open_to_everybody(page):
    report = Axe().run(page)
    assert report.violations_count == 0, report.generate_report()
    assert not page.evaluate(OVERFLOWS), f"{page.url} is wider than the screen"


def sign_in(page, *, password=PASSWORD):
    page.goto("/console/login")
    page.fill("input[name=name]", "canbo")
    page.fill("input[name=password]", password)
    page.click("main button[type=submit]")


def test_pages_in_english_and_refusals_are_open_to_everybody(page, answered):
    for address in FOR_EVERYBODY:
        page.goto(address)
        assert_open_to_everybody(page)


def test_how_the_answers_came_is_open_to_everybody(page, database, seeded, came):
    ways = [(20, "verified", "phone"), (30, "signed", "kiosk"), (10, "open", "assisted")]
    came(database, {"so-noi-vu": ways, "xa-ea-o": [(30, "signed", "phone"), (4, "open", "phone")]})
    for address in ("/waves/quay-2026", "/waves/quay-2026/agencies/so-noi-vu", "/waves/quay-2026/agencies/xa-ea-o"):
        page.goto(address)
        for summary in page.locator("summary").all():
            summary.click()
        assert_open_to_everybody(page)


def test_the_console_is_open_to_everybody(page, answered, accounts):
    sign_in(page, password="một mật khẩu khác")
    assert_open_to_everybody(page)
    sign_in(page)
    for address in OF_THE_CONSOLE:
        assert page.goto(address).status == 200
        assert_open_to_everybody(page)


def test_an_import_that_was_refused_is_open_to_everybody(page, answered, accounts):
    sign_in(page)
    page.goto("/console/waves/quay-2026/import")
    page.set_input_files(
        "input[type=file]", {"name": "phieu.csv", "mimeType": "text/csv", "buffer": WRONG_FILE.encode()}
    )
    page.click("main button[type=submit]")
    assert page.title().startswith("Lỗi: ")
    assert page.locator("text=so-khong-co").count() >= 1
    assert_open_to_everybody(page)
