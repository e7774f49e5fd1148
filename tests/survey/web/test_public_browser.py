"""The pages of results in a real browser: what a parser cannot see."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe

pytestmark = pytest.mark.browser

PAGES = (
    "/",
    "/waves/quay-2026",
    "/waves/quay-2026/agencies/so-noi-vu",
    "/waves/quay-2026/agencies/xa-ea-o",
    "/console/login",
)
VARIANTS = {
    "small phone": {"viewport": {"width": 320, "height": 640}},
    "desk": {"viewport": {"width": 1280, "height": 800}},
    "dark": {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"},
    "forced colours": {"viewport": {"width": 390, "height": 844}, "forced_colors": "active"},
}
UNFOLD = "document.querySelectorAll('details').forEach(element => element.open = true)"
OVERFLOWS = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
# Where the lines of the grid and the last row's dot stand, in pixels from the left.
CENTRES = """selector => [...document.querySelectorAll(selector)].map(element => {
    const box = element.getBoundingClientRect();
    return box.left + box.width / 2;
})"""


@pytest.fixture
def url(served, answered):
    return served


@pytest.mark.parametrize("variant", VARIANTS)
def test_results_are_open_to_everybody_on_every_screen(chromium, url, variant):
    context = chromium.new_context(**VARIANTS[variant])
    page = context.new_page()
    for address in PAGES:
        page.goto(url + address)
        page.evaluate(UNFOLD)
        assert not page.evaluate(OVERFLOWS), f"{address} is wider than the screen"
        report = Axe().run(page)
        assert report.violations_count == 0, report.generate_report()
    context.close()


@pytest.mark.parametrize("width", [320, 1280])
def test_a_dot_stands_where_its_figure_is_on_the_axis(chromium, url, width):
    page = chromium.new_page(viewport={"width": width, "height": 800})
    page.goto(f"{url}/waves/quay-2026/agencies/so-noi-vu")
    row = ".dots tbody tr:last-child "
    grid = page.evaluate(CENTRES, row + ".grid")
    labels = [int(text) for text in page.locator(".dots thead text").all_text_contents()]
    (dot,) = page.evaluate(CENTRES, row + ".dot")
    points = labels[0] + (labels[-1] - labels[0]) * (dot - grid[0]) / (grid[-1] - grid[0])
    # 26 of 31 were satisfied; a pixel of a phone is a seventh of a point.
    assert points == pytest.approx(100 * 26 / 31, abs=0.2)
    page.close()
