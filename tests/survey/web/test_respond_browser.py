"""The form in a real browser: what a parser cannot see."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe

from survey.services import codes

pytestmark = pytest.mark.browser

DIMENSIONS = ("tiep_can", "thu_tuc", "cong_chuc", "ket_qua", "gop_y", "phuc_vu")
# Everything that is pressed, and how high it is; a link inside a text is excepted by WCAG 2.5.5 too.
TOO_SMALL = """[...document.querySelectorAll("label.choice, button, summary, .top a, input[type=text], textarea")]
    .filter(element => element.checkVisibility() && element.getBoundingClientRect().height < 44)
    .map(element => element.outerHTML)"""
OVERFLOWS = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


@pytest.fixture
def url(served, settings, seeded):
    poster = seeded.posters[0]
    code = codes.code_for(poster.counter_id, poster.serial, key=settings.key(codes.KEY_PURPOSE))
    return f"{served}/R/{code}"


VARIANTS = {
    "phone": {"viewport": {"width": 390, "height": 844}},
    "small phone": {"viewport": {"width": 320, "height": 640}},
    "desk": {"viewport": {"width": 1280, "height": 800}},
    "dark": {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"},
    "forced colours": {"viewport": {"width": 390, "height": 844}, "forced_colors": "active"},
    # 200 % zoom of a phone is half its width.
    "zoomed": {"viewport": {"width": 195, "height": 422}, "device_scale_factor": 2},
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_form_errors_and_receipt_are_open_to_everybody(chromium, url, variant):
    context = chromium.new_context(**VARIANTS[variant])
    page = context.new_page()
    for language in ("", "?lang=en"):
        page.goto(url + language)
        assert_open_to_everybody(page)
    page.goto(url)
    page.click("main button")
    assert page.title().startswith("Lỗi: ")
    assert_open_to_everybody(page)
    answer(page)
    assert "/receipts/" in page.url
    assert_open_to_everybody(page)
    context.close()


def assert_open_to_everybody(page):
    report = Axe().run(page)
    assert report.violations_count == 0, report.generate_report()
    assert not page.evaluate(OVERFLOWS)
    assert page.evaluate(TOO_SMALL) == []


def answer(page):
    for dimension in DIMENSIONS:
        page.check(f"input[name={dimension}][value='4']")
    page.click("main button")


def test_the_first_load_is_two_requests_and_no_script_is_missed(chromium, url):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(url, wait_until="networkidle")
    assert len(asked) == 2
    answer(page)
    assert "/receipts/" in page.url
    context.close()


def test_enter_on_an_answer_sends_the_form_in_the_same_language(chromium, url):
    context = chromium.new_context()
    page = context.new_page()
    page.goto(url)
    page.focus("#tiep_can")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.title().startswith("Lỗi: ")
    context.close()


def test_the_first_error_s_link_puts_the_keyboard_on_its_question(chromium, url):
    context = chromium.new_context()
    page = context.new_page()
    page.goto(url)
    page.click("main button")
    page.click(".error-summary a")
    assert page.evaluate("document.activeElement.name") == "tiep_can"
    context.close()


def test_a_page_from_another_site_cannot_send_the_form(chromium, url, client):
    context = chromium.new_context()
    page = context.new_page()
    page.goto(url)
    token = page.input_value("input[name=form_token]")
    fields = "".join(f'<input name="{name}" value="1">' for name in DIMENSIONS)
    # Another host name is another site, whoever answers there; this one needs no name server.
    page.route("http://evil.localhost/", lambda route: route.fulfill(content_type="text/html", body="<p>"))
    page.goto("http://evil.localhost/")
    page.set_content(f'<form method="post" action="{url}">{fields}<input name="form_token" value="{token}"><button>')
    with page.expect_navigation() as navigation:
        page.click("button")
    assert navigation.value.status == 403
    context.close()
