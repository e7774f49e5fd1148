"""Seconds and memory to print the posters of 200 counters in all three formats, as an office does it.

    python benchmarks/posters.py [--counters 200] [--runs 3] [--write]

`sipas posters --format all` as a command of its own, with its start, in a terminal, so that the bar is drawn too. The
first run also issues the posters; printing again is what happens before each wave.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import io
import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pypdfium2
import report
import sites

from survey.db import Database
from survey.services import agencies, counters

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

WAVE = "benchmark"
PERCENT = r"\d+%"
FORMATS = {"a4": "A4 posters", "a6": "A6 cards", "sticker": "sheets of stickers"}


@dataclass(frozen=True)
class Run:
    """One command: seconds on the clock and of the processors, its peak memory, and what the terminal showed."""

    seconds: float
    processor: float
    megabytes: float
    said: str


def printed(environ: Mapping[str, str], out: Path) -> Run:
    command = [sys.executable, "-m", "survey", "posters", "--wave", WAVE, "--format", "all", "--out", str(out)]
    began = time.perf_counter()
    master, slave = pty.openpty()
    process = subprocess.Popen(command, env=environ, cwd=sites.ROOT, stdout=slave, stderr=slave)
    os.close(slave)
    said = b"".join(_all_of(master)).decode()
    os.close(master)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(said)
    return Run(time.perf_counter() - began, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, said)


def _all_of(terminal: int) -> Iterator[bytes]:
    with contextlib.suppress(OSError):  # Linux's way of saying that the other side has hung up.
        while piece := os.read(terminal, 65536):
            yield piece


def prepare(database: Database, sizes: int, settings: object) -> None:
    """A wave and `sizes` counters, evenly over the agencies."""
    sites.prepare(database, settings, 0)
    with database.writing() as session:
        all_agencies = agencies.listing(session)
        for number in range(sizes):
            turn, place = divmod(number, len(all_agencies))
            counters.make(session, all_agencies[place], name=f"Quầy số {turn + 1}")


def measure(*, number: int, runs: int) -> str:
    folder = Path(tempfile.mkdtemp(prefix="sipas-posters-"))
    try:
        with sites.sqlite(folder) as url:
            settings, environ = sites.installation(url, folder)
            environ = {**environ, "TERM": "xterm", "SIPAS_HOTLINE": "1022"}
            database = Database(url)
            database.upgrade()
            prepare(database, number, settings)
            database.close()
            return figures(environ, folder, number=number, runs=runs)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def figures(environ: Mapping[str, str], folder: Path, *, number: int, runs: int) -> str:
    first = printed(environ, folder / "first.pdf")
    again = [printed(environ, folder / "all.pdf") for _ in range(runs)]
    rows = []
    for form, name in FORMATS.items():
        content = (folder / f"all-{form}.pdf").read_bytes()
        rows.append((name, len(pypdfium2.PdfDocument(io.BytesIO(content))), f"{len(content) / 2**20:.1f}"))
    clock, processor = (report.median([getattr(run, kind) for run in again]) for kind in ("seconds", "processor"))
    moves = len(set(re.findall(PERCENT, again[-1].said)))
    return (
        f"{number} counters × {len(FORMATS)} formats in two languages, with the start of the command: {clock:.1f} s, "
        f"{processor:.1f} s of a processor, the medians of {runs}; the first time, when the posters are issued too, "
        f"{first.seconds:.1f} s. At most {max(run.megabytes for run in again):.0f} MB of memory. The bar in the "
        f"terminal moved {moves} times. The machine's load was {os.getloadavg()[1]:.1f}.\n\n"
        f"{report.table(('format', 'pages', 'MB'), rows)}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--counters", type=int, default=200)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="replace the section of docs/benchmarks.md")
    options = parser.parse_args()
    body = measure(number=options.counters, runs=options.runs)
    today = dt.datetime.now(tz=dt.UTC).date().isoformat()
    report.write("Printing posters", body, date=today) if options.write else print(body)


if __name__ == "__main__":
    main()
