"""Seconds to the province table: six dimensions of 116 agencies, with intervals and suppression, from every response.

    python benchmarks/province_table.py [--responses 1000000] [--runs 5] [--write]

The whole service is timed (`services.indices.index_table`), from the open session to the finished value, on a simulated
wave of a year; then the page of the wave over HTTP from a `sipas serve` of its own, first after another response has
come, so that the site computes the table, then again, when it is kept. The peak memory is that of the serving process.
The file is in the memory of the system, as that of a serving machine is.
"""

from __future__ import annotations

import argparse
import datetime as dt
import re
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import urlopen

import numpy as np
import report
import sites

from forms import loading
from survey.db import Database
from survey.engine import sql
from survey.services import agencies, counters, indices, simulation, waves

if TYPE_CHECKING:
    import subprocess

WAVE = "do-luong"
OPENS, CLOSES = dt.date(2026, 1, 1), dt.date(2026, 12, 31)
COUNTERS_AN_AGENCY = 2
BATCH = 50_000


def filled(url: str, *, responses: int) -> Database:
    database = Database(url)
    database.upgrade()
    with database.writing() as session:
        agencies.load_seed(session)
        for agency in agencies.listing(session):
            for number in range(COUNTERS_AN_AGENCY):
                counters.make(session, agency, name=f"Quầy số {number + 1}")
        wave = waves.create(
            session,
            loading.load("sipas-counter"),
            code=WAVE,
            title="Đo lường",
            opens_on=OPENS,
            closes_on=CLOSES,
            is_simulated=True,
        )
    rng = np.random.default_rng(20261122)
    for begin in range(0, responses, BATCH):
        with database.writing() as session:
            simulation.simulate(session, wave, responses=min(BATCH, responses - begin), rng=rng, today=CLOSES)
    return database


def tidied(database: Database) -> None:
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("VACUUM ANALYZE")


def seconds_to_the_table(database: Database) -> float:
    with database.reading() as session:
        began = time.perf_counter()
        indices.index_table(session, WAVE, stream="counter", locale="vi")
        return time.perf_counter() - began


def seconds_to_the_ways(database: Database) -> float:
    """What the shares of trust and entry add to the table: the second GROUP BY."""
    with database.reading() as session:
        wave = waves.find(session, WAVE)
        began = time.perf_counter()
        sql.ways(session, wave_id=wave.id, stream="counter")
        return time.perf_counter() - began


def seconds_to_the_page(url: str) -> float:
    began = time.perf_counter()
    with urlopen(f"{url}/waves/{WAVE}", timeout=120) as page:
        page.read()
    return time.perf_counter() - began


def one_more_response(database: Database, *, number: int) -> None:
    with database.writing() as session:
        wave = waves.find(session, WAVE)
        simulation.simulate(session, wave, responses=1, rng=np.random.default_rng(number), today=CLOSES)


def peak_megabytes(process: subprocess.Popen[bytes]) -> int:
    """Of memory that the process had at once, since it began."""
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    return round(int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1024)


def over_http(database: Database, url: str, folder: Path, *, runs: int) -> tuple[list[float], list[float], int]:
    settings, environ = sites.installation(url, folder)
    computed, kept = [], []
    with sites.server(settings, environ) as process:
        for number in range(runs):
            one_more_response(database, number=number)
            computed.append(seconds_to_the_page(settings.public_base_url))
            kept.append(seconds_to_the_page(settings.public_base_url))
        return computed, kept, peak_megabytes(process)


def measure(kind: str, *, responses: int, runs: int) -> tuple[str, ...]:
    folder = Path(tempfile.mkdtemp(prefix="sipas-province-"))
    try:
        with sites.DATABASES[kind](folder) as url:
            database = filled(url, responses=responses)
            tidied(database)
            seconds_to_the_table(database)
            taken = [seconds_to_the_table(database) for _ in range(runs)]
            ways = [seconds_to_the_ways(database) for _ in range(runs)]
            computed, kept, megabytes = over_http(database, url, folder, runs=runs)
            database.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    medians = [f"{report.median(seconds):.2f}" for seconds in (taken, ways, computed, kept)]
    return kind, *medians, f"{max(computed):.2f}", str(megabytes)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--responses", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--write", action="store_true", help="replace the section of docs/benchmarks.md")
    options = parser.parse_args()
    rows = [measure(kind, responses=options.responses, runs=options.runs) for kind in sites.DATABASES]
    heading = (
        "database",
        "s to the table",
        "of them trust and entry",
        "s to the page, computed",
        "s to the page, kept",
        "longest",
        "peak MB",
    )
    body = f"{options.responses:,} responses, medians of {options.runs} runs.\n\n{report.table(heading, rows)}"
    today = dt.datetime.now(tz=dt.UTC).date().isoformat()
    report.write("The province table", body, date=today) if options.write else print(body)


if __name__ == "__main__":
    main()
