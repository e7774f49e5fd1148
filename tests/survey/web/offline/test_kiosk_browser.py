"""The kiosk in a real browser: one visitor after the other, with or without a network; the PIN is the way out."""

from __future__ import annotations

import gzip

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from sqlalchemy import text

from survey import resources
from survey.services import kiosks, receipts

pytestmark = pytest.mark.browser

DIMENSIONS = ("tiep_can", "thu_tuc", "cong_chuc", "ket_qua", "gop_y", "phuc_vu")
PIN = "204060"
SEND = "#answers button.wide"
FORM = "[data-page=form]"
THANKS = "[data-page=thanks]"
RECEIPT = "[data-receipt]"
STORED = """new Promise((done) => {
    indexedDB.open("kiosk " + location.pathname).onsuccess = ({ target }) => {
        const change = target.result.transaction(["queue", "spare"]);
        const [queue, spare] = ["queue", "spare"].map((name) => change.objectStore(name).getAll());
        change.oncomplete = () => done([queue.result.map((form) => form.receipt), spare.result.length]);
    };
})"""


@pytest.fixture
def kiosk(database, seeded):
    with database.writing() as session:
        return kiosks.make(session, seeded.counters[0], pin=PIN, now=seeded.now)


@pytest.fixture
def path(settings, kiosk):
    return "/K/" + kiosks.code_of(kiosk, key=settings.key(kiosks.KEY_PURPOSE))


@pytest.fixture
def tablet(chromium):
    """`tablet(url)`: a kiosk's page in the browser of an upright tablet, stocked for a time without a network."""
    contexts = []

    def tablet(url, **options):
        context = chromium.new_context(**{"viewport": {"width": 800, "height": 1280}, "has_touch": True} | options)
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        page.clock.install()
        page.goto(url)
        expect(page.locator(FORM)).to_be_visible()
        page.evaluate("navigator.serviceWorker.ready.then(() => 0)")
        return page

    yield tablet
    for context in contexts:
        context.close()


def answer(page, level=4, *, but=()):
    for item in DIMENSIONS:
        if item not in but:
            page.check(f"input[name={item}][value='{level}']")


def send(page):
    page.click(SEND)
    expect(page.locator(THANKS)).to_be_visible()
    return page.inner_text(RECEIPT)


def next_visitor(page):
    page.click(f"{THANKS} [data-do=fresh]")
    expect(page.locator(FORM)).to_be_visible()


def assert_blank(page):
    expect(page.locator(FORM)).to_be_visible()
    assert page.locator("input:checked").count() == 0
    assert page.input_value("textarea[name=y_kien]") == ""
    assert page.locator("html").get_attribute("lang") == "vi"


def test_a_visitor_s_answers_are_kept_as_a_kiosk_s_and_the_next_one_sees_nothing_of_them(site, path, tablet, kept):
    page = tablet(site.url + path)
    answer(page, 5)
    page.fill("textarea[name=y_kien]", "Rất nhanh.")
    receipt = send(page)
    (row,) = kept()
    assert (row["receipt"], row["entry"], row["trust"], row["from_office"]) == (receipt, "kiosk", "signed", None)
    assert row["quick"] is None
    # After twenty seconds of thanks the next form is there by itself, blank, and nothing leads back.
    page.clock.run_for(21_000)
    assert_blank(page)
    for _ in range(3):
        page.go_back()
        assert page.url.endswith(path)
        assert_blank(page)
    page.reload()
    assert_blank(page)
    assert "Rất nhanh" not in page.content()


def test_half_a_minute_without_a_touch_clears_the_form_after_a_warning(site, path, tablet):
    page = tablet(site.url + path)
    page.clock.run_for(120_000)
    assert page.is_hidden(".idle")
    answer(page, 1)
    page.fill("textarea[name=y_kien]", "Bí mật")
    page.clock.run_for(18_000)
    assert page.is_hidden(".idle")
    page.clock.run_for(4_000)
    assert page.is_visible(".idle")
    assert 6 <= int(page.inner_text("[data-seconds]")) <= 9
    page.mouse.click(400, 300)
    page.clock.run_for(1_000)
    assert page.is_hidden(".idle")
    assert page.input_value("textarea[name=y_kien]") == "Bí mật"
    page.clock.run_for(31_000)
    assert_blank(page)
    assert page.is_hidden(".idle")


def test_who_needs_more_time_has_ten_times_as_much(site, path, tablet):
    page = tablet(site.url + path)
    page.click(f"{FORM} [data-do=wait]")
    answer(page, 1)
    page.clock.run_for(285_000)
    assert page.is_hidden(".idle")
    page.clock.run_for(8_000)
    page.click(".idle [data-do=wait]")
    page.clock.run_for(60_000)
    assert page.is_checked("input[name=phuc_vu][value='1']")
    # The next visitor begins with half a minute again.
    page.clock.run_for(241_000)
    assert_blank(page)
    answer(page, 2)
    page.clock.run_for(31_000)
    assert_blank(page)


def test_another_language_keeps_the_answers_and_ends_with_the_visitor(site, path, tablet, kept):
    page = tablet(site.url + path)
    answer(page, 2, but=("gop_y",))
    page.check("input[name=gop_y][value=na]")
    page.fill("textarea[name=y_kien]", "Cảm ơn")
    page.click("[data-language][lang=en]")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    assert page.is_checked("input[name=phuc_vu][value='2']")
    assert page.is_checked("input[name=gop_y][value=na]")
    assert page.input_value("textarea[name=y_kien]") == "Cảm ơn"
    send(page)
    assert "Thank you" in page.inner_text(THANKS)
    next_visitor(page)
    assert_blank(page)
    assert [row["language"] for row in kept()] == ["en"]


def test_what_is_missing_is_named_first(site, path, tablet, kept):
    page = tablet(site.url + path)
    answer(page, 4, but=("thu_tuc", "phuc_vu"))
    page.click(SEND)
    expect(page.locator(".error-summary")).to_be_focused()
    links = [link.get_attribute("href") for link in page.locator(".error-summary a").all()]
    assert links == ["#thu_tuc", "#phuc_vu"]
    report = Axe().run(page)
    assert report.violations_count == 0, report.generate_report()
    page.click(".error-summary a >> nth=0")
    assert page.evaluate("document.activeElement.name") == "thu_tuc"
    answer(page, 4)
    send(page)
    assert len(kept()) == 1


def test_a_day_without_a_network_reaches_the_site_once_it_is_back(line, path, tablet, kept, database):
    page = tablet(line.url + path)
    line.state = "cut"
    shown = []
    for level in (1, 2, 3, 4, 5):
        answer(page, level)
        page.fill("textarea[name=y_kien]", f"Ý kiến số {level} & hết")
        shown.append(send(page))
        assert "Hiện không có mạng" in page.inner_text(THANKS)
        next_visitor(page)
    # Even when the tablet is restarted in the meantime.
    page.reload()
    assert_blank(page)
    answer(page, 5)
    shown.append(send(page))
    next_visitor(page)
    assert kept() == []
    # First every acknowledgement is lost, then the line is good.
    line.state = "dead after"
    page.evaluate("dispatchEvent(new Event('online'))")
    page.wait_for_timeout(1000)
    assert len(kept()) == 1
    line.state = "open"
    page.evaluate("dispatchEvent(new Event('online'))")
    for _ in range(100):
        if page.evaluate(STORED)[0] == []:
            break
        page.wait_for_timeout(100)
    assert page.evaluate(STORED)[0] == []
    rows = kept()
    assert sorted(row["receipt"] for row in rows) == sorted(shown)
    assert {row["entry"] for row in rows} == {"kiosk"}
    assert [sum(f"Ý kiến số {level} & hết" in row["answers"] for row in rows) for level in (1, 2, 3, 4, 5)] == [1] * 5
    with database.reading() as session:
        assert all(receipts.find(session, receipt) for receipt in shown)


def test_without_a_spare_form_nothing_is_asked(line, path, tablet):
    page = tablet(line.url + path)
    assert page.evaluate(STORED) == [[], kiosks.PACK_SIZE]
    line.state = "cut"
    # Half a week on: a form begun now could come home too late.
    page.clock.set_fixed_time(page.evaluate("Date.now()") + 4 * 86_400_000)
    page.clock.resume()
    page.reload()
    expect(page.locator("[data-page=stopped]")).to_be_visible()
    assert page.is_hidden(FORM)


def test_only_the_pin_leads_out(site, line, path, tablet):
    page = tablet(line.url + path)
    assert page.locator("a[href]:visible").count() == 0
    page.click(".leave")
    # What the tablet still keeps is counted first.
    expect(page.locator("dialog")).to_be_visible()
    report = Axe().run(page)
    assert report.violations_count == 0, report.generate_report()
    page.fill("#pin", "111111")
    page.click("#leave button[type=submit]")
    expect(page.locator("#leave .error")).to_have_text("Mã PIN không đúng.")
    line.state = "cut"
    page.fill("#pin", PIN)
    page.click("#leave button[type=submit]")
    expect(page.locator("#leave .error")).to_have_text("Mã PIN được kiểm tra qua mạng, mà hiện không có mạng.")
    assert page.url.endswith(path)
    line.state = "open"
    page.fill("#pin", PIN)
    page.click("#leave button[type=submit]")
    page.wait_for_url(line.url + "/")


def test_a_kiosk_that_was_closed_says_so_on_the_tablet(site, path, tablet, close):
    page = tablet(site.url + path)
    close()
    page.reload()
    expect(page.locator("h1")).to_have_text("Máy đánh giá đã đóng")
    site.kill()
    with pytest.raises(Exception, match=r"ERR_(FAILED|CONNECTION)"):
        page.goto(site.url + path)


@pytest.fixture
def close(database, seeded, kiosk):
    def close():
        with database.writing() as session:
            kiosks.close(session, kiosk.id, now=seeded.now)

    return close


def test_the_answers_of_a_closed_kiosk_stay_on_it_and_are_counted_there(line, path, tablet, kept, close):
    page = tablet(line.url + path)
    line.state = "cut"
    answer(page)
    receipt = send(page)
    close()
    line.state = "open"
    page.evaluate("dispatchEvent(new Event('online'))")
    page.wait_for_timeout(1000)
    assert page.evaluate(STORED)[0] == [receipt]
    page.click(".leave")
    expect(page.locator("[data-refused]")).to_have_text("1")
    assert kept() == []


VARIANTS = {
    "tablet": {},
    "tablet lying": {"viewport": {"width": 1280, "height": 800}},
    "phone": {"viewport": {"width": 390, "height": 844}},
    "small phone": {"viewport": {"width": 320, "height": 640}},
    "dark": {"color_scheme": "dark"},
    "forced colours": {"forced_colors": "active"},
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_it_is_open_to_everybody(site, path, tablet, variant):
    page = tablet(site.url + path, **VARIANTS[variant])
    assert_open_to_everybody(page)
    page.click("[data-language][lang=en]")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    assert_open_to_everybody(page)
    page.clock.run_for(25_000)
    assert page.is_visible(".idle")
    assert_open_to_everybody(page)
    answer(page)
    send(page)
    assert_open_to_everybody(page)


OVERFLOWS = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
TOO_SMALL = """[...document.querySelectorAll("label.choice, button, input[type=text], textarea")]
    .filter(element => element.checkVisibility() && element.getBoundingClientRect().height < 44)
    .map(element => element.outerHTML)"""


def assert_open_to_everybody(page):
    report = Axe().run(page)
    assert report.violations_count == 0, report.generate_report()
    assert not page.evaluate(OVERFLOWS)
    assert page.evaluate(TOO_SMALL) == []


def test_without_a_script_the_page_says_what_is_needed(site, path, chromium):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site.url + path)
    assert "bật JavaScript" in page.inner_text("main")
    assert page.is_hidden(FORM)
    context.close()


def test_the_script_is_small():
    files = [(resources.STATIC / name).read_bytes() for name in ("kiosk.js", "kiosk-worker.js")]
    assert sum(len(gzip.compress(file, 9, mtime=0)) for file in files) < 8 * 1024


def test_a_busy_site_is_left_alone_and_asked_again(site, path, tablet, kept, database):
    page = tablet(site.url + path)
    with database.writing() as session:
        session.execute(text("ALTER TABLE responses RENAME TO responses_away"))
    answer(page)
    receipt = send(page)
    assert "Hiện không có mạng" in page.inner_text(THANKS)
    with database.writing() as session:
        session.execute(text("ALTER TABLE responses_away RENAME TO responses"))
    page.clock.run_for(31_000)
    for _ in range(100):
        if kept():
            break
        page.wait_for_timeout(100)
    assert [row["receipt"] for row in kept()] == [receipt]
