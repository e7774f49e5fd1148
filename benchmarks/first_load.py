"""What a phone fetches to show a counter's form for the first time, and how long that takes on a weak network.

    python benchmarks/first_load.py [--runs 5] [--write]

Chromium opens the form with an empty cache. Bytes are those on the wire as Chromium counts them: status line and
headers of the answer, and its compressed body. The weak network is Chromium's own brake: 400 kbit/s each way and 400 ms
from request to answer, about the poorest mobile network on which a page can still be used. It does not slow down the
opening of the connection, which costs two such round trips more with HTTPS.
"""

from __future__ import annotations

import argparse
import datetime as dt
import shutil
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import report
import sites
from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

# Debian's Chromium asks its maker for updates at every start; the flags keep it quiet.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# The short form, whole in its page, and the longest one, in steps.
QUESTIONNAIRES = (sites.SHORT_FORM, "sipas-2026")
PHONE = {"viewport": {"width": 360, "height": 740}, "device_scale_factor": 2, "is_mobile": True, "has_touch": True}
KILOBITS, ROUND_TRIP_MS = 400, 400
WEAK_NETWORK = {
    "offline": False,
    "latency": ROUND_TRIP_MS,
    "downloadThroughput": KILOBITS * 1000 / 8,
    "uploadThroughput": KILOBITS * 1000 / 8,
}
# The ink that a reader sees first, and the moment the page is whole; in milliseconds from the navigation.
MOMENTS = """() => new Promise(resolve => {
    const done = () => {
        const [navigation] = performance.getEntriesByType("navigation");
        const [paint] = performance.getEntriesByName("first-contentful-paint");
        if (paint && navigation.domContentLoadedEventEnd > 0)
            resolve([navigation.domContentLoadedEventEnd, paint.startTime]);
        else
            setTimeout(done, 20);
    };
    done();
})"""


@dataclass
class Fetched:
    """The requests of one page load."""

    paths: dict[str, str] = field(default_factory=dict)
    encodings: dict[str, str] = field(default_factory=dict)
    transferred: dict[str, int] = field(default_factory=dict)

    def listen(self, devtools: CDPSession) -> None:
        devtools.on("Network.requestWillBeSent", self._sent)
        devtools.on("Network.responseReceived", self._answered)
        devtools.on("Network.loadingFinished", self._finished)
        devtools.send("Network.enable")
        devtools.send("Network.clearBrowserCache")

    def rows(self) -> list[tuple[str, str, int]]:
        return [(path, self.encodings[key], self.transferred[key]) for key, path in self.paths.items()]

    def _sent(self, event: dict) -> None:
        self.paths[event["requestId"]] = urlsplit(event["request"]["url"]).path

    def _answered(self, event: dict) -> None:
        headers = {name.lower(): value for name, value in event["response"]["headers"].items()}
        self.encodings[event["requestId"]] = headers.get("content-encoding", "–")

    def _finished(self, event: dict) -> None:
        # Headers and body, as they came.
        self.transferred[event["requestId"]] = round(event["encodedDataLength"])


def opened(browser: Browser, url: str, *, network: dict | None = None) -> tuple[Page, Fetched]:
    """The page at `url` in a browser that has never been there."""
    page = browser.new_context(**PHONE).new_page()
    devtools = page.context.new_cdp_session(page)
    fetched = Fetched()
    fetched.listen(devtools)
    if network:
        devtools.send("Network.emulateNetworkConditions", network)
    page.goto(url, wait_until="networkidle")
    return page, fetched


def seconds(browser: Browser, url: str) -> tuple[float, float]:
    page, _ = opened(browser, url, network=WEAK_NETWORK)
    whole, ink = page.evaluate(MOMENTS)
    page.context.close()
    return whole / 1000, ink / 1000


def measure(*, runs: int) -> str:
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        parts = [part(browser, questionnaire, runs=runs) for questionnaire in QUESTIONNAIRES]
        browser.close()
    return "\n\n".join(parts)


def part(browser: Browser, questionnaire: str, *, runs: int) -> str:
    with sites.serving("SQLite", counters_used=1, questionnaire=questionnaire) as site:
        url = site.url + site.counters[0][1]
        page, fetched = opened(browser, url)
        page.context.close()
        taken = [seconds(browser, url) for _ in range(runs)]
    return body(questionnaire, fetched.rows(), taken)


def body(questionnaire: str, rows: list[tuple[str, str, int]], taken: list[tuple[float, float]]) -> str:
    total = sum(transferred for _, _, transferred in rows)
    shown = [(f"`{short(path)}`", encoding, f"{transferred:,}") for path, encoding, transferred in rows]
    header = (f"request of `{questionnaire}`", "encoding", "bytes")
    table = report.table(header, [*shown, (f"{len(rows)} requests", "", f"{total:,}")])
    whole, ink = (report.median(list(column)) for column in zip(*taken, strict=True))
    return (
        f"{table}\n\nAt {KILOBITS} kbit/s and {ROUND_TRIP_MS} ms: {whole:.2f} s until the page is whole "
        f"(DOMContentLoaded), {ink:.2f} s until the first text is painted; medians of {len(taken)} runs."
    )


def short(path: str) -> str:
    """The path without what differs from run to run."""
    kind = path.strip("/").split("/")[0]
    return {"R": "/R/…", "static": f"/static/…/{path.rpartition('/')[2]}"}.get(kind, path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--write", action="store_true", help="replace the section of docs/benchmarks.md")
    options = parser.parse_args()
    text = measure(runs=options.runs)
    today = dt.datetime.now(tz=dt.UTC).date().isoformat()
    report.write("First load of a counter's form", text, date=today) if options.write else print(text)


if __name__ == "__main__":
    main()
