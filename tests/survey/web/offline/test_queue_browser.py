"""Without a network: a form is kept on the phone and arrives once; without the script the browser's retry does it."""

from __future__ import annotations

import datetime as dt
import gzip
import random

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from sqlalchemy import text

from survey import resources
from survey.services import codes, slip_codes, slips
from tests.survey import drawn

pytestmark = pytest.mark.browser

DIMENSIONS = ("tiep_can", "thu_tuc", "cong_chuc", "ket_qua", "gop_y", "phuc_vu")
SEND = "main form#answers button.wide"
KEPT = "section[data-say=kept][lang=vi]"
# What the phone still has of the answers.
STORED_BODIES = """new Promise((done) => {
    indexedDB.open("forms").onsuccess = ({ target }) => {
        const asked = target.result.transaction("forms").objectStore("forms").getAll();
        asked.onsuccess = () => done(asked.result.map((form) => form.body || null));
    };
})"""


@pytest.fixture
def path(settings, seeded):
    poster = seeded.posters[0]
    return "/R/" + codes.code_for(poster.counter_id, poster.serial, key=settings.key(codes.KEY_PURPOSE))


def open_form(page, url):
    page.goto(url)
    # The worker is at work before anybody can have answered; a test is faster.
    page.evaluate("navigator.serviceWorker.ready.then(() => 0)")


def answer(page, level=4, *, but=()):
    for item in DIMENSIONS:
        if item not in but:
            page.check(f"input[name={item}][value='{level}']")


def receipt_on(page):
    page.wait_for_selector("#kept-forms a.code")
    return page.inner_text("#kept-forms a.code")


def test_a_form_sent_without_a_site_arrives_once_it_is_back(site, phone, path, kept):
    page = phone()
    open_form(page, site.url + path)
    answer(page)
    page.fill("textarea[name=y_kien]", "Cần thêm ghế, & chỗ “đợi” + nước.")
    site.kill()
    with page.expect_navigation() as navigation:
        page.click(SEND)
    page.wait_for_selector(KEPT)
    # Made on the phone, and under the same policy as a page of the site.
    assert "default-src 'none'" in navigation.value.headers["content-security-policy"]
    assert page.is_hidden("section[data-say=missing][lang=vi]")
    assert page.is_hidden("section[data-say=kept][lang=en]")
    page.wait_for_selector("#kept-forms [data-state=waiting]")
    report = Axe().run(page)
    assert report.violations_count == 0, report.generate_report()
    site.start()
    page.evaluate("dispatchEvent(new Event('online'))")
    receipt = receipt_on(page)
    (row,) = kept()
    assert (row["receipt"], row["entry"], row["trust"]) == (receipt, "phone", "signed")
    assert "Cần thêm ghế, & chỗ “đợi” + nước." in row["answers"]
    # What was answered is no longer on the phone, and what is said about waiting is no longer said.
    assert page.evaluate(STORED_BODIES) == [None]
    assert page.is_hidden(KEPT)


def test_an_answer_lost_after_it_was_kept_is_not_counted_again(line, phone, path, kept):
    page = phone()
    open_form(page, line.url + path)
    answer(page, 5)
    line.state = "dead after"
    page.click(SEND)
    page.wait_for_selector("#kept-forms [data-state=waiting]")
    # It arrived, perhaps more than once, and every acknowledgement was lost.
    (row,) = kept()
    line.state = "open"
    page.evaluate("dispatchEvent(new Event('online'))")
    assert receipt_on(page) == row["receipt"]
    assert kept() == [row]


@pytest.fixture
def slip(settings, database, seeded):
    code, *_ = slips.draw(1, rng=random.Random(1).randbytes)
    key = settings.key(slip_codes.KEY_PURPOSE)
    with database.writing() as session:
        slips.keep(session, seeded.counters[0], [code], opens_on=dt.date(2026, 10, 7), key=key, now=seeded.now)
    return f"/S/{code}"


def two_with_one_code(line, pages, path):
    """Two forms wait for the network and are sent one after the other: the first's receipt, and the second's page."""
    for level, page in enumerate(pages, start=4):
        open_form(page, line.url + path)
        answer(page, level)
    line.state = "cut"
    for page in pages:
        page.click(SEND)
        page.wait_for_selector("#kept-forms [data-state=waiting]")
    line.state = "open"
    first, second = pages
    first.evaluate("dispatchEvent(new Event('online'))")
    receipt = receipt_on(first)
    second.evaluate("dispatchEvent(new Event('online'))")
    second.wait_for_selector("#kept-forms [data-state=refused]")
    return receipt, second


def test_a_slip_s_form_is_kept_and_one_that_comes_after_another_can_be_sent_without_the_slip(line, phone, slip, kept):
    receipt, second = two_with_one_code(line, [phone(), phone()], slip)
    assert [(row["receipt"], row["trust"]) for row in kept()] == [(receipt, "verified")]
    # Its answers are still on the phone, and on the page that comes back.
    second.click("#kept-forms button")
    second.wait_for_selector(".banner.error")
    assert second.is_checked("input[name=phuc_vu][value='5']")
    second.click(SEND)
    second.wait_for_url("**/receipts/*")
    assert [row["trust"] for row in kept()] == ["verified", "open"]


def test_a_letter_s_form_is_kept_and_one_that_comes_after_another_keeps_its_answers_on_the_phone(  # noqa: PLR0917
    line, phone, settings, database, seeded, kept
):
    letter = f"/I/{drawn.draw(database, settings.key).codes[1]}"
    receipt, second = two_with_one_code(line, [phone(), phone()], letter)
    second.click("#kept-forms button")
    second.wait_for_selector(".banner.error")
    assert second.is_checked("input[name=phuc_vu][value='5']")
    assert [(row["receipt"], row["trust"], row["counter_id"]) for row in kept()] == [(receipt, "verified", None)]


def test_two_tabs_that_send_at_once_keep_each_form_once(line, phone, path, kept):
    pages = [phone()]
    pages.append(pages[0].context.new_page())
    for level, page in enumerate(pages, start=4):
        open_form(page, line.url + path)
        answer(page, level)
    line.state = "cut"
    for page in pages:
        page.click(SEND)
        page.wait_for_selector("#kept-forms [data-state=waiting]")
    line.state = "open"
    for _ in range(5):
        for page in pages:
            page.evaluate("dispatchEvent(new Event('online'))")
    for page in pages:
        expect(page.locator("#kept-forms a.code")).to_have_count(2)
    shown = {link.inner_text() for link in pages[0].query_selector_all("#kept-forms a.code")}
    rows = kept()
    assert {row["receipt"] for row in rows} == shown
    assert len(rows) == 2


def test_answers_that_were_changed_before_anything_was_sent_are_the_ones_that_count(line, phone, path, kept):
    page = phone()
    open_form(page, line.url + path)
    answer(page, 1)
    line.state = "cut"
    page.click(SEND)
    page.wait_for_selector(KEPT)
    page.go_back()
    assert page.is_checked("input[name=phuc_vu][value='1']")
    page.check("input[name=phuc_vu][value='5']")
    page.click(SEND)
    page.wait_for_selector(KEPT)
    line.state = "open"
    page.evaluate("dispatchEvent(new Event('online'))")
    receipt_on(page)
    (row,) = kept()
    assert '"phuc_vu":5' in row["answers"]
    assert '"tiep_can":1' in row["answers"]


def test_answers_that_were_changed_while_the_first_were_under_way_are_not_silently_dropped(line, phone, path, kept):
    page = phone()
    open_form(page, line.url + path)
    answer(page, 1)
    line.state = "cut"
    page.click(SEND)
    page.wait_for_selector("#kept-forms [data-state=waiting]")
    line.state = "hold"
    page.evaluate("dispatchEvent(new Event('online'))")
    assert line.held.wait(10)
    page.go_back()
    page.check("input[name=phuc_vu][value='5']")
    page.click(SEND)
    page.wait_for_selector(KEPT)
    line.state = "open"
    line.release.set()
    page.wait_for_selector("#kept-forms [data-state=conflict]")
    (row,) = kept()
    assert '"phuc_vu":1' in row["answers"]
    assert page.inner_text("#kept-forms a.code") == row["receipt"]


def test_what_is_missing_is_said_and_not_kept_for_later(line, phone, path, kept):
    page = phone()
    open_form(page, line.url + path)
    answer(page, but=("gop_y",))
    line.state = "cut"
    page.click(SEND)
    page.wait_for_selector("section[data-say=missing][lang=vi]")
    assert page.evaluate(STORED_BODIES) == []
    page.go_back()
    assert page.is_checked("input[name=phuc_vu][value='4']")
    page.click("button[name=switch_language][value=en]")
    page.wait_for_selector("section[data-say=language][lang=vi]")
    assert page.evaluate(STORED_BODIES) == []
    assert kept() == []


def test_the_page_speaks_the_language_of_the_form(line, phone, path):
    page = phone()
    open_form(page, f"{line.url}{path}?lang=en")
    answer(page)
    line.state = "cut"
    page.click(SEND)
    page.wait_for_selector("section[data-say=kept][lang=en]")
    assert page.is_hidden(KEPT)
    assert "Saved on this device" in page.inner_text("main")


def test_a_form_that_comes_back_too_late_is_opened_again_with_its_answers(line, site, phone, path, kept):
    page = phone()
    open_form(page, line.url + path)
    answer(page, 2)
    line.state = "cut"
    page.click(SEND)
    page.wait_for_selector(KEPT)
    site.kill()
    site.now = site.now.replace(day=site.now.day + 4)
    site.start()
    line.state = "open"
    page.evaluate("dispatchEvent(new Event('online'))")
    page.click("#kept-forms [data-state=refused] button")
    assert all(page.is_checked(f"input[name={item}][value='2']") for item in DIMENSIONS)
    page.click(SEND)
    page.wait_for_url("**/receipts/*")
    assert len(kept()) == 1
    assert page.evaluate(STORED_BODIES) == []


def test_a_busy_site_is_asked_again_later_and_not_at_once(line, phone, path, kept, database):
    page = phone()
    open_form(page, line.url + path)
    answer(page)
    line.state = "cut"
    page.click(SEND)
    page.wait_for_selector(KEPT)
    rename(database, "responses", "responses_away")
    line.state = "open"
    page.evaluate("dispatchEvent(new Event('online'))")
    page.wait_for_timeout(1500)
    (form,) = page.evaluate(STORED_BODIES.replace("form.body || null", "[form.state, form.tries]"))
    assert form == ["waiting", 1]
    page.evaluate("dispatchEvent(new Event('online'))")
    page.wait_for_timeout(500)
    assert page.evaluate(STORED_BODIES.replace("form.body || null", "form.tries")) == [1]
    rename(database, "responses_away", "responses")
    assert kept() == []
    # Sending it by hand is always possible: the browser's own "send again?".
    page.reload()
    page.wait_for_url("**/receipts/*")
    assert len(kept()) == 1
    assert page.evaluate(STORED_BODIES) == []


def rename(database, table, name):
    with database.writing() as session:
        session.execute(text(f"ALTER TABLE {table} RENAME TO {name}"))


def test_without_javascript_the_browser_s_own_retry_is_safe(line, phone, path, kept):
    page = phone(javascript=False)
    page.goto(line.url + path)
    answer(page)
    line.state = "dead after"
    page.click(SEND)
    page.wait_for_url("chrome-error://**")
    (row,) = kept()
    line.state = "open"
    page.reload()
    page.wait_for_url("**/receipts/*")
    assert page.url.endswith(row["receipt"])
    assert kept() == [row]


def test_another_site_s_page_gets_no_form_sent_by_the_worker(line, phone, path, kept):
    page = phone()
    open_form(page, line.url + path)
    token = page.input_value("input[name=form_token]")
    fields = "".join(f'<input name="{name}" value="1">' for name in DIMENSIONS)
    page.route("http://evil.localhost/", lambda route: route.fulfill(content_type="text/html", body="<p>"))
    for state, refused in (("open", "403"), ("cut", "ERR_EMPTY_RESPONSE")):
        page.goto("http://evil.localhost/")
        page.set_content(
            f'<form method="post" action="{line.url}{path}/SEND">{fields}'
            f'<input name="form_token" value="{token}"><input name="must_answer"><button>'
        )
        line.state = state
        if state == "open":
            with page.expect_navigation() as navigation:
                page.click("button")
            assert str(navigation.value.status) == refused
        else:
            page.click("button")
            page.wait_for_timeout(1000)
    line.state = "open"
    page.goto(line.url + "/offline")
    assert page.evaluate(STORED_BODIES) == []
    assert kept() == []


def test_the_script_is_small():
    files = [(resources.STATIC / name).read_bytes() for name in ("sipas.js", "worker.js")]
    assert sum(len(gzip.compress(file, 9, mtime=0)) for file in files) <= 3 * 1024
