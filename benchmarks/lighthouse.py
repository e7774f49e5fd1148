"""What Lighthouse says of the citizen's and the public pages: its scores for accessibility and best practices.

    python benchmarks/lighthouse.py [--write]

Needs Node 18 or later with npm, which nothing else here does: npx fetches the version of Lighthouse named below. It
visits a demonstration through a page-giver of our own, which does two things that Lighthouse cannot: it sends the form,
to show the page that a sent form leads to, and it gives refusals the status 200, since Chromium notes every other one
in the console and Lighthouse holds that against the page. Everything else passes as the site gave it.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

import report
import sites
from first_load import FLAGS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# The last version for Node 18 and 20.
LIGHTHOUSE = "lighthouse@12.8.2"
CATEGORIES = {"accessibility": "accessibility", "best-practices": "best practices"}
PASSED_ON = ("Content-Type", "Content-Encoding", "Content-Security-Policy", "Cache-Control")
REFUSED = 400


class _Untouched(HTTPRedirectHandler):
    """Leaves redirects to the browser."""

    def redirect_request(self, *_: object) -> None:
        return None


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


def ask(url: str, *, data: bytes | None = None, headers: Mapping[str, str] | None = None) -> Answer:
    """What the site answers, whatever its status."""
    opener = build_opener(_Untouched)
    try:
        with opener.open(Request(url, data=data, headers=dict(headers or {})), timeout=60) as response:
            return Answer(response.status, response.headers, response.read())
    except HTTPError as error:
        with error:
            return Answer(error.code, error.headers, error.read())


def send_form(url: str, *, answered: bool) -> Answer:
    """What the site answers to its form, with the first choice of each question or with nothing."""
    page = ask(url).body.decode()
    (token,) = re.findall(r'name="form_token" value="([^"]+)"', page)
    choices = re.findall(r'type="radio" name="([^"]+)" value="([^"]+)"', page) if answered else []
    return ask(f"{url}/SEND", data=urlencode({"form_token": token, **dict(reversed(choices))}).encode())


@contextlib.contextmanager
def demonstration() -> Iterator[dict]:
    """A running demonstration, as its own first line describes it."""
    with tempfile.TemporaryDirectory(prefix="sipas-lighthouse-") as folder:
        options = ["--port", "0", "--db", f"{folder}/demo.db", "--responses", "4000", "--format", "json"]
        command = [sys.executable, "-m", "survey", "demo", *options]
        pipes = {"stdout": subprocess.PIPE, "stderr": sites.errors()}
        with subprocess.Popen(command, cwd=sites.ROOT, text=True, **pipes) as process:
            try:
                yield json.loads(process.stdout.readline())
            finally:
                process.terminate()


@contextlib.contextmanager
def page_giver(site: str, sent: Mapping[str, str]) -> Iterator[str]:
    """The address of the site with refusals as ordinary pages; `sent` are the forms to send with nothing, by path."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            form = sent.get(self.path)
            encoding = {"Accept-Encoding": self.headers.get("Accept-Encoding", "")}
            answer = send_form(site + form, answered=False) if form else ask(site + self.path, headers=encoding)
            self.send_response(200 if answer.status >= REFUSED else answer.status)
            for name in (*PASSED_ON, "Location"):
                if name in answer.headers:
                    self.send_header(name, answer.headers[name])
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


def pages(started: dict) -> dict[str, str]:
    """What to look at: a name for each path."""
    form = urlsplit(started["counters"][0]["url"]).path
    agency = started["counters"][0]["agency"]
    receipt = urlsplit(send_form(started["url"] + form, answered=True).headers["Location"]).path
    return {
        "form": form,
        "form in English": f"{form}?lang=en",
        "form with errors": "/sent-with-nothing",
        "receipt": receipt,
        "assisted entry": f"{form}/ASSISTED",
        "six digits": "/N",
        "slip's code": "/S",
        "refused code": "/R/1-1-0000000000000",
        "page kept for no network": "/offline",
        "front page": "/",
        "results of a wave": f"/waves/{started['wave']}",
        "results of an agency": f"/waves/{started['wave']}/agencies/{agency}",
        "receipts": "/receipts",
        "no such page": "/no/such/page",
        "sign-in": "/console/login",
    }


def judge(url: str) -> dict:
    """Lighthouse's report on the page at `url`."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    options = [
        *("--quiet", "--output=json", "--output-path=stdout", "--no-enable-error-reporting"),
        f"--only-categories={','.join(CATEGORIES)}",
        f"--chrome-flags={' '.join(['--headless=new', *FLAGS])}",
    ]
    done = subprocess.run(
        ["npx", "--yes", LIGHTHOUSE, url, *options],
        check=True,
        stdout=subprocess.PIPE,
        cwd=Path(tempfile.gettempdir()),
        env={**os.environ, "CHROME_PATH": chromium},
    )
    found = json.loads(done.stdout)
    if "runtimeError" in found:
        raise SystemExit(f"{url}: {found['runtimeError']['message']}")
    return found


def faults(found: dict) -> list[str]:
    """The audits that cost something."""
    counted = {ref["id"] for name in CATEGORIES for ref in found["categories"][name]["auditRefs"] if ref["weight"]}
    # An audit that has nothing to say here has no score.
    scores = {name: found["audits"][name]["score"] for name in counted}
    return sorted(name for name, score in scores.items() if score is not None and score < 1)


def measure() -> str:
    rows, costs = [], []
    with demonstration() as started:
        looked_at = pages(started)
        sent = {"/sent-with-nothing": looked_at["form"]}
        with page_giver(started["url"], sent) as address:
            for name, path in looked_at.items():
                found = judge(address + path)
                scores = [round(100 * found["categories"][category]["score"]) for category in CATEGORIES]
                rows.append((name, *scores))
                costs += [f"- {name}: {fault}" for fault in faults(found)]
                print(*rows[-1], *costs[-1:], file=sys.stderr)
    table = report.table(("page", *CATEGORIES.values()), rows)
    version, browser = found["lighthouseVersion"], found["environment"]["hostUserAgent"]
    chromium = re.search(r"Chrome/(\d+)", browser)[1]
    said = "\n\n".join(["Audits that cost points:", "\n".join(costs)]) if costs else "No audit cost a point."
    return f"Lighthouse {version} with Chromium {chromium}, as a phone, over http://127.0.0.1.\n\n{table}\n\n{said}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="replace the section of docs/benchmarks.md")
    options = parser.parse_args()
    if not shutil.which("npx"):
        raise SystemExit("npx is missing: install Node 18 or later with npm, e.g. apt install npm.")
    text = measure()
    today = dt.datetime.now(tz=dt.UTC).date().isoformat()
    report.write("Lighthouse", text, date=today) if options.write else print(text)


if __name__ == "__main__":
    main()
