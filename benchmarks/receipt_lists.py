"""Seconds to close, check and publish the lists of receipts of a year with a million responses.

    python benchmarks/receipt_lists.py [--responses 1000000] [--write]

On a simulated wave of a year: all its days closed at once; `sipas receipts check` as a command, with its start, and its
peak memory as the system counts it; the longest that an answer waits while a backlog is closed in portions, and while
one ordinary day is; the list of that day computed for its page; and what each answer pays for asking which day is open.
"""

from __future__ import annotations

import argparse
import datetime as dt
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import report
import sites
from province_table import filled, tidied
from sqlalchemy import text

from survey.services import receipt_days
from survey.services.receipt_leaves import ReceiptKeys
from survey.web.respond.closing import AT_MOST

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from survey.db import Database

NOW = dt.datetime(2027, 1, 2, 5, tzinfo=dt.UTC)
ASKED = 1_000
TELLING = """
import pathlib, sys
from survey import cli
cli.commands(sys.argv[1:], standalone_mode=False)
print(pathlib.Path("/proc/self/status").read_text(encoding="ascii"))
"""


def command(environ: Mapping[str, str], *arguments: str) -> tuple[float, float]:
    """Seconds and peak megabytes of a command that must succeed; it tells its own peak, which a parent's would hide."""
    began = time.perf_counter()
    ended = subprocess.run(
        [sys.executable, "-c", TELLING, "receipts", *arguments],
        env=environ,
        cwd=sites.ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return time.perf_counter() - began, int(re.search(r"VmHWM:\s+(\d+) kB", ended.stdout)[1]) / 1024


def seconds(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def forget(database: Database, *, since: dt.date | None = None) -> None:
    """Open the days again that were closed, all or the last ones."""
    with database.writing() as session:
        session.execute(text("DELETE FROM receipt_days WHERE day >= :since"), {"since": since or dt.date.min})


def measure(kind: str, *, responses: int) -> tuple[str, ...]:
    folder = Path(tempfile.mkdtemp(prefix="sipas-receipts-"))
    try:
        with sites.DATABASES[kind](folder) as url:
            database = filled(url, responses=responses)
            tidied(database)
            settings, environ = sites.installation(url, folder)
            keys = ReceiptKeys.of(settings.key)
            row = figures(database, keys, environ)
            database.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return kind, *row


def figures(database: Database, keys: ReceiptKeys, environ: Mapping[str, str]) -> tuple[str, ...]:
    def close(**options: int) -> None:
        with database.writing() as session:
            receipt_days.close(session, keys=keys, now=NOW, **options)

    portion = max(seconds(lambda: close(at_most=AT_MOST)) for _ in range(5))
    forget(database)
    whole = seconds(close)
    checked, megabytes = command(environ, "check")
    with database.reading() as session:
        newest = receipt_days.listing(session)[-1]
        asked = seconds(lambda: [receipt_days.in_an_open_day(session, NOW) for _ in range(ASKED)]) / ASKED
        listed = seconds(lambda: receipt_days.leaves(session, newest, keys=keys))
    forget(database, since=newest.day)
    daily = seconds(close)
    return (
        *(f"{whole:.1f}", f"{checked:.1f}", f"{megabytes:.0f}", f"{portion:.2f}", f"{daily:.3f}"),
        *(f"{newest.receipts:,}", f"{listed:.3f}", f"{asked * 1000:.2f}"),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--responses", type=int, default=1_000_000)
    parser.add_argument("--write", action="store_true", help="replace the section of docs/benchmarks.md")
    options = parser.parse_args()
    rows = [measure(kind, responses=options.responses) for kind in sites.DATABASES]
    heading = (
        *("database", "s to close the year", "s to check it", "peak MB of the check"),
        *("longest wait of an answer for a backlog, s", "for one day, s", "receipts of that day"),
        *("s to its page", "ms an answer"),
    )
    body = f"{options.responses:,} responses of a year.\n\n{report.table(heading, rows)}"
    today = dt.datetime.now(tz=dt.UTC).date().isoformat()
    report.write("Lists of receipts", body, date=today) if options.write else print(body)


if __name__ == "__main__":
    main()
