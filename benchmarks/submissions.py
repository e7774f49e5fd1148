"""Submissions per second and their 99th percentile, 32 connections, every check on: SQLite and PostgreSQL.

    python benchmarks/submissions.py [--seconds 20] [--runs 3] [--write]

Each request is a whole form: signed token, validation, one committed row, a receipt. wrk sends them from the same two
cores. The rows in the database are counted afterwards and must be those that wrk saw acknowledged.
"""

from __future__ import annotations

import argparse
import datetime as dt
import random
import re
import secrets
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import urlencode

import report
import sites
from sqlalchemy import text

from survey.services import form_tokens

CONNECTIONS = 32
ITEMS = ("tiep_can", "thu_tuc", "cong_chuc", "ket_qua", "gop_y", "phuc_vu")
# Each wrk thread reads its own half of the forms, so that no form is sent twice.
SCRIPT = """
local threads = 0
function setup(thread) thread:set("number", threads); threads = threads + 1 end
function init(args)
  forms = {}; place = 0
  for line in io.lines(args[1]) do
    place = place + 1
    if place % 2 == number then forms[#forms + 1] = line end
  end
  place = 0
end
function request()
  place = place + 1
  local path, body = forms[place]:match("^(%S+) (.*)$")
  -- Another citizen each time: one address may not send so many.
  local address = string.format("10.%d.%d.%d", number, math.floor(place / 256) % 256, place % 256)
  local headers = {["Content-Type"] = "application/x-www-form-urlencoded", ["X-Forwarded-For"] = address}
  return wrk.format("POST", path, headers, body)
end
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="replace the section in docs/benchmarks.md")
    options = parser.parse_args()
    rows = []
    for kind in sites.DATABASES:
        runs = [measure(kind, options.seconds) for _ in range(options.runs)]
        rows.append((kind, *(f"{report.median(column):.0f}" for column in zip(*runs, strict=True))))
    body = report.table(("database", "submissions/s", "p50 ms", "p99 ms", "failed", "missing or doubled rows"), rows)
    body += f"\n\n{CONNECTIONS} connections, {options.seconds} s, median of {options.runs} runs, wrk on the same cores."
    report.write("Submissions", body, date=dt.datetime.now(dt.UTC).date().isoformat()) if options.write else print(body)


def measure(kind: str, seconds: int) -> tuple[float, float, float, float, float]:
    with sites.serving(kind) as site, tempfile.TemporaryDirectory() as folder:
        forms = Path(folder) / "forms.txt"
        forms.write_text("\n".join(form(site) for _ in range(2500 * (seconds + 2))))
        script = Path(folder) / "post.lua"
        script.write_text(SCRIPT)
        command = ["wrk", "-t2", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", "-s", script, site.url, "--", forms]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        with site.database.engine.connect() as connection:
            kept = connection.execute(text("SELECT count(*) FROM responses")).scalar_one()
        return figures(said, kept)


def form(site: sites.Site) -> str:
    counter, path = random.choice(site.counters)
    key = site.settings.key(form_tokens.KEY_PURPOSE)
    token = form_tokens.mint(counter, key=key, now=dt.datetime.now(dt.UTC), rng=secrets.token_bytes)
    answers = {item: random.choice("2344455") for item in ITEMS}
    return f"{path} {urlencode({'form_token': token, **answers, 'y_kien': 'Cán bộ hướng dẫn tận tình.'})}"


def figures(said: str, kept: int) -> tuple[float, float, float, float, float]:
    done = int(re.search(r"(\d+) requests in", said)[1])
    failed = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    refused = int(failed[1]) if failed else 0
    acknowledged = done - refused
    # Up to one request a connection is cut off by the end of the run: kept, and its receipt not read.
    astray = max(acknowledged - kept, kept - acknowledged - CONNECTIONS, 0)
    return (
        float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1]),
        milliseconds(re.search(r"^ +50% +(\S+)$", said, re.MULTILINE)[1]),
        milliseconds(re.search(r"^ +99% +(\S+)$", said, re.MULTILINE)[1]),
        float(refused),
        float(astray),
    )


def milliseconds(words: str) -> float:
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s)", words).groups()
    return float(number) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[unit]


if __name__ == "__main__":
    main()
