"""The pages of results in a real browser: what a parser cannot see."""

from __future__ import annotations

import shutil
import threading

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright
from waitress import create_server

pytestmark = pytest.mark.browser

FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
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
def url(app, answered):
    server = create_server(app, host="127.0.0.1", port=0, threads=2)
    thread = threading.Thread(target=server.run)
    thread.start()
    yield f"http://127.0.0.1:{server.effective_port}"
    server.close()
    server.task_dispatcher.shutdown()
    thread.join(timeout=10)


@pytest.fixture(scope="module")
def chromium():
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


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
