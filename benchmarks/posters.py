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
FORMATS = {"a4": "A4 posters", "a6": "A6 cards", "sticker": "sheets of stickers"}
TELLING = """
import pathlib, re, sys
from survey import cli
cli.commands(sys.argv[1:], standalone_mode=False)
print(re.search(r"VmHWM:.*", pathlib.Path("/proc/self/status").read_text(encoding="ascii"))[0])
"""


def printed(environ: Mapping[str, str], out: Path, *, form: str) -> tuple[float, float, str]:
    """Seconds, peak megabytes and what the terminal showed; the command tells its own peak."""
    command = [sys.executable, "-c", TELLING, "posters", "--wave", WAVE, "--format", form, "--out", str(out)]
    began = time.perf_counter()
    master, slave = pty.openpty()
    try:
        with subprocess.Popen(command, env=environ, cwd=sites.ROOT, stdout=slave, stderr=slave) as process:
            os.close(slave)
            said = b"".join(_all_of(master)).decode()
    finally:
        os.close(master)
    seconds = time.perf_counter() - began
    if process.returncode:
        raise SystemExit(said)
    return seconds, int(re.search(r"VmHWM:\s+(\d+) kB", said)[1]) / 1024, said


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
    first, *_ = printed(environ, folder / "first.pdf", form="all")
    again = [printed(environ, folder / "all.pdf", form="all") for _ in range(runs)]
    whole, peak = report.median([run[0] for run in again]), max(run[1] for run in again)
    steps = len(re.findall(r"\d+%", again[-1][2]))
    rows = []
    for form, name in FORMATS.items():
        alone = [printed(environ, folder / "one.pdf", form=form) for _ in range(runs)]
        content = (folder / f"all-{form}.pdf").read_bytes()
        pages = len(pypdfium2.PdfDocument(io.BytesIO(content)))
        seconds, memory = report.median([run[0] for run in alone]), max(run[1] for run in alone)
        rows.append((name, pages, f"{len(content) / 2**20:.1f}", f"{seconds:.1f}", f"{memory:.0f}"))
    header = ("format", "pages", "MB", "s alone, with the start", "peak MB")
    return (
        f"{number} counters × {len(FORMATS)} formats with `sipas posters --format all`: {whole:.1f} s with the start, "
        f"the median of {runs} (the first time, with {number} posters issued, {first:.1f} s); peak {peak:.0f} MB. The "
        f"bar in the terminal was drawn {steps} times. Two languages, a hotline.\n\n{report.table(header, rows)}"
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
