"""The keyboard alone: every control is reached, its focus is seen, and a form can be filled in and sent."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from survey.services import codes

pytestmark = pytest.mark.browser

DIMENSIONS = ("tiep_can", "thu_tuc", "cong_chuc", "ket_qua", "gop_y", "phuc_vu")
PAGES = (
    "/N",
    "/receipts",
    "/",
    "/waves/quay-2026",
    "/waves/quay-2026/agencies/so-noi-vu",
    "/console/login",
)
SCHEMES = {"light": {}, "dark": {"color_scheme": "dark"}, "forced colours": {"forced_colors": "active"}}
# What a keyboard must reach; of a question's choices one, since the arrows lead to the others.
CONTROLS = """() => {
    const groups = new Set();
    return [...document.querySelectorAll("a[href], button, input, textarea, select, summary, [tabindex='0']")]
        .filter(element => element.checkVisibility() && element.type !== "hidden")
        .filter(element => element.type !== "radio" || !groups.has(element.name) && groups.add(element.name))
        .map((element, number) => element.dataset.control = String(number));
}"""
FOCUSED = "document.activeElement.dataset.control ?? document.activeElement.tagName"
# From where it stands to where the next press of Tab would lead is not changed by this.
TAKE_AWAY = "window.before = document.activeElement; document.activeElement.blur()"
GIVE_BACK = "window.before.focus({preventScroll: true})"
WIDTH = "document.activeElement.getBoundingClientRect().width"


@pytest.fixture(params=SCHEMES)
def page(request, chromium, served, answered):
    context = chromium.new_context(
        base_url=served, viewport={"width": 390, "height": 844}, reduced_motion="reduce", **SCHEMES[request.param]
    )
    yield context.new_page()
    context.close()


@pytest.fixture
def form(settings, seeded):
    poster = seeded.posters[0]
    return "/R/" + codes.code_for(poster.counter_id, poster.serial, key=settings.key(codes.KEY_PURPOSE))


def luminance(page):
    """The relative luminance of each pixel on the screen, as WCAG 2.2 defines it."""
    picture = np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("RGB")) / 255
    return np.where(picture <= 0.04045, picture / 12.92, ((picture + 0.055) / 1.055) ** 2.4) @ (0.2126, 0.7152, 0.0722)


def changed_pixels(page):
    """How many pixels the focus changes by a contrast of 3 to 1 or more."""
    focused, width = luminance(page), page.evaluate(WIDTH)
    page.evaluate(TAKE_AWAY)
    plain = luminance(page)
    page.evaluate(GIVE_BACK)
    ratio = (np.maximum(focused, plain) + 0.05) / (np.minimum(focused, plain) + 0.05)
    return (ratio >= 3).sum(), width


def assert_focus_is_seen(page):
    changed, width = changed_pixels(page)
    # A line of two pixels under it is the least that one finds without searching.
    assert changed >= 2 * min(width, 390) > 0, page.evaluate("document.activeElement.outerHTML")


def stops(page):
    """What Tab leads to, one after the other, until it leaves the page."""
    for _ in range(200):
        page.keyboard.press("Tab")
        if (name := page.evaluate(FOCUSED)) == "BODY":
            return
        yield name


def test_every_control_is_reached_by_tab_and_seen(page, form):
    for address in (form, *PAGES):
        page.goto(address)
        controls = page.evaluate(CONTROLS)
        reached = []
        for name in stops(page):
            reached.append(name)
            assert_focus_is_seen(page)
        assert [name for name in controls if name not in reached] == [], address


@pytest.mark.parametrize("javascript", [True, False], ids=["script", "no script"])
@pytest.mark.parametrize("level", ["1", "5"])
def test_a_form_is_filled_in_and_sent_by_keyboard_alone(chromium, served, form, level, javascript):
    context = chromium.new_context(base_url=served, java_script_enabled=javascript)
    page = context.new_page()
    page.goto(form)
    # The scale begins with one end: Space takes its first level, and arrows lead on from there.
    values = page.eval_on_selector_all("input[name=tiep_can]", "all => all.map(one => one.value)")
    answered = []
    for _ in stops(page):
        kind, name = page.evaluate("[document.activeElement.type, document.activeElement.name]")
        if kind == "radio" and name in DIMENSIONS:
            page.keyboard.press("Space")
            for _ in range(values.index(level)):
                page.keyboard.press("ArrowDown")
            answered.append(name)
        if kind == "submit" and name == "" and answered:
            break
    assert answered == list(DIMENSIONS)
    chosen = page.eval_on_selector_all("input:checked", "all => all.map(one => one.value)")
    assert chosen == [level] * len(DIMENSIONS)
    page.keyboard.press("Enter")
    page.wait_for_url("**/receipts/*")
    context.close()


def test_the_errors_are_reached_and_their_links_lead_to_the_questions(chromium, served, form):
    context = chromium.new_context(base_url=served, java_script_enabled=False)
    page = context.new_page()
    page.goto(form)
    page.focus("main form button.wide")
    page.keyboard.press("Enter")
    page.wait_for_selector(".error-summary")
    for _ in stops(page):
        if page.evaluate("document.activeElement.closest('.error-summary') !== null"):
            break
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.name") == DIMENSIONS[0]
    context.close()
