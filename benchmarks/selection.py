"""Allocate and select from a frame of a million rows with 200 strata and two stages, and say how long it took.

    python benchmarks/selection.py [--rows 1000000] [--repeats 5] [--write]

The clock runs from columns in memory to the sample with its weights. Strata are agencies, primary units communes of
very unequal size within them; labels are whole numbers, numbered labels as the reader of files gives them, or texts.
Then the whole command on a CSV file, reading and writing included.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import report

from sampling.allocation import allocate
from sampling.arrays import Numbered, codes
from sampling.cube import balanced
from sampling.multistage import Stage, multistage
from sampling.pps import pps_sampford, pps_systematic, sampford_joint
from sampling.record import generator
from sampling.selection import srs, stratified
from sampling.strata import strata

ROOT = Path(__file__).resolve().parent.parent
STRATA, UNITS_EACH = 200, 40
UNITS, TAKE = 1000, 30
SEED = 20261122


def main() -> None:
    options = _options()
    agency, unit = simulate(options.rows)
    names = np.array([f"agency-{number:03}" for number in range(STRATA)])
    rows = [
        (name, _timed(work, options.repeats), drawn)
        for name, work, drawn in (
            (
                "allocate + two stages, labels whole numbers",
                lambda: two_stages(agency, unit, "pps-systematic"),
                UNITS * TAKE,
            ),
            (
                "the same, communes by Sampford",
                lambda: two_stages(agency, unit, "pps-sampford"),
                UNITS * TAKE,
            ),
            (
                "the same, labels numbered by a reader",
                lambda: two_stages(Numbered(agency, names), unit, "pps-sampford"),
                UNITS * TAKE,
            ),
            (
                "the same, labels texts",
                lambda: two_stages(names[agency], unit, "pps-sampford"),
                UNITS * TAKE,
            ),
            ("allocate + stratified", lambda: one_stage(agency), 30_000),
            ("simple random", lambda: srs(options.rows, 30_000, rng=generator(SEED)), 30_000),
            (
                "PPS systematic of rows",
                lambda: pps_systematic(unit + 1, 3000, rng=generator(SEED)),
                3000,
            ),
        )
    ]
    sizes = np.bincount(codes(unit)[0]).astype(float)[:3000]
    rows += [
        ("Sampford, 200 of 3,000", _timed(lambda: pps_sampford(sizes, 200, rng=generator(SEED)), options.repeats), 200),
        (
            "joint probabilities of these 200",
            _timed(lambda: sampford_joint(sizes, 200, rows=np.arange(200)), options.repeats),
            "–",
        ),
        ("cube, 200 of 3,000, 5 auxiliaries", _timed(lambda: cube(3000), options.repeats), 200),
        (f"`sipas design select` on a CSV file of {options.rows:,} rows", command(agency, unit), UNITS * TAKE),
    ]
    table = report.table(("what", "seconds", "drawn"), [(name, f"{took:.2f}", drawn) for name, took, drawn in rows])
    body = f"{options.rows:,} rows, {STRATA} strata, medians of {options.repeats} runs (the command: one).\n\n{table}"
    if options.write:
        report.write("Selection", body, date=dt.datetime.now(tz=dt.UTC).date().isoformat())
    else:
        print(body)


def simulate(rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Agency and commune of each row, in no order."""
    rng = np.random.default_rng(SEED)
    weights = rng.lognormal(sigma=0.8, size=STRATA)
    agency = rng.choice(STRATA, size=rows, p=weights / weights.sum())
    unit = (UNITS_EACH * rng.beta(1, 2, size=rows)).astype(np.int64)
    return agency, agency * UNITS_EACH + np.minimum(unit, UNITS_EACH - 1)


def two_stages(agency: object, unit: np.ndarray, method: str) -> object:
    code, levels = codes(agency)
    first = np.unique(unit, return_index=True)[1]
    known = strata([str(name) for name in levels.tolist()], np.bincount(code[first]))
    shares = allocate(known, UNITS, method="sqrt", minimum=2).n.tolist()
    n = dict(zip(levels.tolist(), shares, strict=True))
    stages = [Stage(n, units=unit, method=method), Stage(TAKE, take_all=True)]
    return multistage(stages, rng=generator(SEED), strata=agency)


def one_stage(agency: np.ndarray) -> object:
    known = strata([str(name) for name in range(STRATA)], np.bincount(agency))
    sizes = allocate(known, 30_000, method="sqrt", minimum=50).n
    return stratified(agency, dict(enumerate(sizes.tolist())), rng=generator(SEED))


def cube(count: int) -> object:
    rng = np.random.default_rng(SEED)
    return balanced([rng.random(count) for _ in range(5)], 200, rng=generator(SEED))


def command(agency: np.ndarray, unit: np.ndarray) -> float:
    """The command in a process of its own, on a file."""
    with tempfile.TemporaryDirectory() as folder:
        frame = Path(folder) / "frame.csv"
        with frame.open("w", encoding="utf8") as stream:
            stream.write("id,agency,commune\n")
            pairs = zip(agency.tolist(), unit.tolist(), strict=True)
            stream.writelines(f"{row},agency-{one:03},{two}\n" for row, (one, two) in enumerate(pairs))
        call = [sys.executable, "-m", "survey", "design", "select", frame, "--method", "two-stage", "--n", str(UNITS)]
        call += ["--strata", "agency", "--allocate", "sqrt", "--minimum", "2", "--psu", "commune"]
        call += ["--take", str(TAKE), "--take-all", "--seed", "1", "--out", f"{folder}/sample.csv", "--format", "json"]
        start = time.perf_counter()
        done = subprocess.run(call, check=True, capture_output=True, cwd=ROOT)
        took = time.perf_counter() - start
        assert json.loads(done.stdout)["population"] == len(agency)  # noqa: S101 - a wrong run must not be reported.
        return took


def _timed(work: object, repeats: int) -> float:
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return report.median(seconds)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--write", action="store_true", help="replace the section of docs/benchmarks.md")
    return parser.parse_args()


if __name__ == "__main__":
    main()
