"""Threads of one process that write to SQLite: queueing in Python against SQLite's own waiting.

    python benchmarks/turns.py [--threads 8] [--writes 250] [--runs 5] [--write]

Every write is one whole form kept by services/collect, committed with synchronous=FULL. The figures stand behind the
lock in survey/db.py.
"""

from __future__ import annotations

import argparse
import datetime as dt
import secrets
import tempfile
import threading
import time
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import report

from forms import loading
from survey.db import Database
from survey.models import Trust
from survey.services import agencies, collect, counters, waves
from survey.services.collect import FormAccess

NOW = dt.datetime(2026, 10, 7, 5, 0, tzinfo=dt.UTC)
ANSWERS = {"tiep_can": 5, "thu_tuc": 4, "cong_chuc": 5, "ket_qua": 4, "gop_y": 4, "phuc_vu": 5}


def access_to_a_counter(database: Database) -> FormAccess:
    questionnaire = loading.load("sipas-counter")
    with database.writing() as session:
        agencies.load_seed(session)
        agency = agencies.listing(session)[0]
        wave = waves.create(
            session,
            questionnaire,
            code="do-luong",
            title="Đo lường",
            opens_on=NOW.date(),
            closes_on=NOW.date(),
        )
        counter = counters.make(session, agency, name="Quầy số 1")
    return FormAccess(counter, wave, questionnaire, Trust.SIGNED)


def milliseconds(database: Database, access: FormAccess, *, threads: int, writes: int) -> np.ndarray:
    """How long each write took, from asking for a turn to the commit."""
    taken: list[float] = []
    ready = threading.Barrier(threads)

    def write() -> None:
        ready.wait()
        for _ in range(writes):
            began = time.perf_counter()
            with database.writing() as session:
                collect.record(
                    session,
                    access,
                    submission_key=secrets.token_hex(16),
                    answers=ANSWERS,
                    language="vi",
                    received_at=NOW,
                )
            taken.append(1000 * (time.perf_counter() - began))

    at_work = [threading.Thread(target=write) for _ in range(threads)]
    for thread in at_work:
        thread.start()
    for thread in at_work:
        thread.join()
    return np.array(taken)


def measure(*, queueing: bool, threads: int, writes: int) -> tuple[float, float, float, float]:
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder)}/turns.db")
        if not queueing:
            database._turn = nullcontext()  # noqa: SLF001 - what is measured is this very lock.
        database.upgrade()
        access = access_to_a_counter(database)
        began = time.perf_counter()
        taken = milliseconds(database, access, threads=threads, writes=writes)
        rate = len(taken) / (time.perf_counter() - began)
        database.close()
    return rate, float(np.percentile(taken, 50)), float(np.percentile(taken, 99)), float(taken.max())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--writes", type=int, default=250)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--write", action="store_true", help="replace the section of docs/benchmarks.md")
    options = parser.parse_args()
    # Taken in turns, so that what else the machine does falls on both alike.
    runs = {True: [], False: []}
    for _ in range(options.runs):
        for queueing, measured in runs.items():
            measured.append(measure(queueing=queueing, threads=options.threads, writes=options.writes))
    names = {True: "queueing in Python", False: "SQLite's own waiting"}
    rows = [
        (names[queueing], *(f"{report.median(column):,.1f}" for column in zip(*measured, strict=True)))
        for queueing, measured in runs.items()
    ]
    header = ("threads wait by", "writes/s", "p50 ms", "p99 ms", "longest ms")
    about = f"{options.threads} threads × {options.writes} forms, medians of {options.runs} runs."
    body = f"{about}\n\n{report.table(header, rows)}"
    today = dt.datetime.now(tz=dt.UTC).date().isoformat()
    report.write("Writers' turns on SQLite", body, date=today) if options.write else print(body)


if __name__ == "__main__":
    main()
