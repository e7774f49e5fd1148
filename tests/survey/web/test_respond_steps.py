"""A form in steps: one dimension at a time, without a request, without a script, and with nothing lost on the way."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import html5lib
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from sqlalchemy import text

from forms import loading
from survey.services import codes, waves

DIMENSIONS = ("tiep_can", "thu_tuc", "cong_chuc", "ket_qua", "gop_y", "phuc_vu")
LAYOUTS = ("page", "steps")
OVERFLOWS = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
# Whatever can be pressed, outside a running text.
TARGETS = """[...document.querySelectorAll("label.choice, .languages > *, button, summary, a, textarea")]
    .filter(one => one.checkVisibility() && !one.closest("footer, li") && !one.classList.contains("visually-hidden"))
    .map(one => [one.outerHTML.slice(0, 120), one.getBoundingClientRect()])
    .filter(([_, box]) => box.height < 44 || box.width < 44)"""
CHOICES = """name => [...document.querySelectorAll(`input[name=${name}]`)].map(one => {
    const { width, height, left } = one.closest("label").getBoundingClientRect();
    return [one.value, width, height, left];
})"""


@pytest.fixture(params=LAYOUTS)
def layout(request):
    return request.param


@pytest.fixture
def path(settings, seeded, database, layout):
    """The address of the counter's form, in a wave of its own where it is to be in steps."""
    if layout == "steps":
        source = Path(loading.__file__).with_name("questionnaires") / "sipas-counter.toml"
        asked = source.read_text(encoding="utf-8").replace('stream = "counter"', 'stream = "counter"\nlayout = "steps"')
        with database.writing() as session:
            waves.create(
                session,
                loading.from_toml(asked, source="steps.toml"),
                code="tung-buoc",
                title="Từng bước",
                opens_on=seeded.now.date(),
                closes_on=seeded.now.date(),
            )
    poster = seeded.posters[0]
    return "/R/" + codes.code_for(poster.counter_id, poster.serial, key=settings.key(codes.KEY_PURPOSE))


in_steps = pytest.mark.parametrize("layout", ["steps"], indirect=True)


def rows(database):
    with database.reading() as session:
        return session.execute(text("SELECT answers FROM responses")).scalars().all()


def steps_of(page):
    """The names asked for in each step."""
    tree = html5lib.parse(page.text, namespaceHTMLElements=False)
    sections = [section for section in tree.iter("section") if section.get("class") == "step"]
    return [
        list(dict.fromkeys(field.get("name") for field in section.iter() if field.tag in {"input", "textarea"}))
        for section in sections
    ]


@in_steps
def test_each_dimension_has_a_step_and_what_belongs_to_none_is_together(client, path):
    assert steps_of(client.get(path)) == [*([name] for name in DIMENSIONS), ["y_kien", "gioi_tinh", "do_tuoi"]]


@pytest.fixture
def national_path(database, settings, seeded):
    """A form of the Ministry's long questionnaire, in steps."""
    with database.writing() as session:
        day = seeded.now.date()
        waves.create(
            session, loading.load("sipas-2026"), code="quoc-gia", title="Quốc gia", opens_on=day, closes_on=day
        )
    poster = seeded.posters[0]
    return "/R/" + codes.code_for(poster.counter_id, poster.serial, key=settings.key(codes.KEY_PURPOSE))


def test_a_heading_without_questions_is_one_step_with_what_it_stands_over(client, national_path):
    steps = steps_of(client.get(national_path))
    assert all(steps)
    assert [name for step in steps for name in step] == list(loading.load("sipas-2026").answer_ids)
    # Câu 9's headings come with A. of its first part.
    assert ["m01", "m02"] in steps


@in_steps
def test_a_form_that_comes_back_with_something_to_mend_is_shown_whole(client, path):
    token = re.search(r'name="form_token" value="([^"]+)"', client.get(path).text)[1]
    page = client.post(f"{path}/SEND", data={"form_token": token, "tiep_can": "2"}, expect=422)
    assert steps_of(page) == []
    assert page.text.count("checked") == 1


def test_the_wire_carries_either_layout_in_two_requests_and_14_kilobytes(client, path):
    assert_fits_the_first_packets(client, path)


def test_the_wire_carries_the_long_form_in_two_requests_and_14_kilobytes(client, national_path):
    assert_fits_the_first_packets(client, national_path)


def assert_fits_the_first_packets(client, path):
    accept = {"Accept-Encoding": "gzip"}
    page = client.get(path, headers=accept)
    html = gzip.decompress(page.data).decode()
    (stylesheet,) = re.findall(r'<link rel="stylesheet" href="([^"]+)"', html)
    style = client.get(stylesheet, headers=accept)
    headers = sum(len(str(response.headers)) for response in (page, style))
    assert len(page.data) + len(style.data) + headers <= 14 * 1024


# In a browser.

browser = pytest.mark.browser


@pytest.fixture(params=[(True, 390), (False, 320)], ids=["with JavaScript, 390 px", "without JavaScript, 320 px"])
def phone(request, chromium, served, path):
    script, width = request.param
    context = chromium.new_context(
        base_url=served, java_script_enabled=script, viewport={"width": width, "height": 700}, has_touch=True
    )
    page = context.new_page()
    page.goto(path)
    yield page
    context.close()


@browser
@in_steps
def test_from_the_first_step_to_the_receipt_and_back_on_the_way(phone, database):
    requests = []
    phone.on("request", lambda request: requests.append(request.url))
    for number, name in enumerate(DIMENSIONS, start=1):
        expect(phone.locator(".step:visible")).to_have_count(1)
        assert phone.locator(f"#step-{number}").is_visible()
        phone.check(f"input[name={name}][value='{number % 5 + 1}']")
        phone.tap(f"#step-{number} >> text=Tiếp tục")
    phone.go_back()
    phone.go_back()
    assert phone.locator("#step-5").is_visible()
    assert phone.is_checked("input[name=gop_y][value='1']")
    phone.check("input[name=gop_y][value='5']")
    for number in (5, 6):
        phone.tap(f"#step-{number} >> text=Tiếp tục")
    assert not phone.locator(".opening").is_visible()
    phone.tap("#step-7 >> text=Quay lại")
    assert phone.locator("#step-6").is_visible()
    phone.tap("#step-6 >> text=Tiếp tục")
    phone.fill("textarea", "Cảm ơn.")
    # Not one of all these steps asked the network for anything.
    assert [url for url in requests if not url.endswith("worker.js")] == []
    phone.tap("#answers button.wide")
    phone.wait_for_url("**/receipts/*")
    (answers,) = rows(database)
    assert '"tiep_can":2' in answers
    assert '"gop_y":5' in answers
    assert '"phuc_vu":2' in answers


@browser
@in_steps
def test_what_was_missed_is_found_from_the_summary(phone, database):
    for number, name in enumerate(DIMENSIONS, start=1):
        if name != "cong_chuc":
            phone.check(f"input[name={name}][value='3']")
        phone.tap(f"#step-{number} >> text=Tiếp tục")
    phone.tap("#answers button.wide")
    phone.wait_for_selector(".error-summary")
    phone.tap(".error-summary a")
    phone.check("input[name=cong_chuc][value='1']")
    phone.tap("#answers button.wide")
    phone.wait_for_url("**/receipts/*")
    assert len(rows(database)) == 1


@browser
@in_steps
def test_on_paper_all_steps_are_there(phone):
    phone.emulate_media(media="print")
    expect(phone.locator("fieldset:visible")).to_have_count(8)
    expect(phone.locator(".ways:visible")).to_have_count(0)


@browser
def test_every_target_is_large_enough(phone, layout):
    for number in range(1, 8 if layout == "steps" else 2):
        assert phone.evaluate(TARGETS) == []
        assert not phone.evaluate(OVERFLOWS)
        if layout == "steps" and number < 7:
            phone.tap(f"#step-{number} >> text=Tiếp tục")


def taps_to_the_receipt(context, path, level, layout):
    """How often a finger must touch the screen, each tap on what is visible, and where what it touches begins."""
    page = context.new_page()
    page.goto(path)
    taps = 0
    for number, name in enumerate(DIMENSIONS, start=1):
        page.locator(f"label:has(input[name={name}][value='{level}'])").tap()
        taps += 1
        if layout == "steps":
            page.tap(f"#step-{number} >> text=Tiếp tục")
            taps += 1
    page.tap("#answers button.wide")
    page.wait_for_url("**/receipts/*")
    page.close()
    return taps + 1


@browser
def test_one_star_costs_the_taps_of_five(chromium, served, path, layout, database):
    context = chromium.new_context(base_url=served, viewport={"width": 390, "height": 844}, has_touch=True)
    taps = {level: taps_to_the_receipt(context, path, level, layout) for level in (1, 2, 3, 4, 5)}
    assert set(taps.values()) == {len(DIMENSIONS) * (2 if layout == "steps" else 1) + 1}
    page = context.new_page()
    page.goto(path)
    for number, name in enumerate(DIMENSIONS, start=1):
        places = page.evaluate(CHOICES, name)
        levels = [place for place in places if place[0] != "na"]
        # From one end of the scale to the other, all alike in width, height and place, and none chosen before.
        assert [value for value, *_ in levels] == ["1", "2", "3", "4", "5"]
        assert len({(width, left) for _, width, _, left in places}) == 1
        assert len({height for _, _, height, _ in levels}) == 1
        assert page.locator(f"input[name={name}]:checked").count() == 0
        if layout == "steps":
            page.tap(f"#step-{number} >> text=Tiếp tục")
    assert len(rows(database)) == 5
    context.close()


@browser
def test_each_radio_tells_its_question_its_wording_and_its_state(chromium, served, path):
    page = chromium.new_page(base_url=served)
    page.goto(path + "#thu_tuc")
    group = page.get_by_role("group", name="Thủ tục hành chính")
    radio = group.get_by_role("radio", name="Rất không hài lòng", exact=True)
    expect(radio).not_to_be_checked()
    radio.check()
    expect(radio).to_be_checked()
    page.close()


@browser
@pytest.mark.parametrize("display", ["large", "contrast"])
def test_boxes_change_the_page_at_once_and_lose_nothing(chromium, served, path, display):
    context = chromium.new_context(base_url=served, java_script_enabled=False, viewport={"width": 320, "height": 640})
    page = context.new_page()
    page.goto(path)
    page.check("input[name=tiep_can][value='2']")
    look = "[getComputedStyle(document.body).fontSize, getComputedStyle(document.body).color].join()"
    before = page.evaluate(look)
    page.check(f"#{display}")
    assert page.evaluate(look) != before
    assert page.is_checked("input[name=tiep_can][value='2']")
    assert not page.evaluate(OVERFLOWS)
    context.close()


@browser
@pytest.mark.parametrize("address", ["/?display=large&display=contrast", "/N?display=large&display=contrast", None])
def test_pages_in_large_letters_and_high_contrast_are_open_to_everybody(chromium, served, path, address):
    for width in (320, 1280):
        page = chromium.new_page(base_url=served, viewport={"width": width, "height": 800})
        page.goto(address or f"{path}?display=large&display=contrast")
        report = Axe().run(page)
        assert report.violations_count == 0, report.generate_report()
        assert not page.evaluate(OVERFLOWS)
        page.close()
