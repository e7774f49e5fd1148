"""Protect and audit 200 agencies × 30 items × 6 demographic cuts × 2 waves, and say how long it took and what was lost.

    python benchmarks/disclosure.py [--write] [--agencies 200] [--items 30] [--waves 2] [--repeats 3] [--no-favourable]

Persons are simulated (150 an agency in the middle, 93 % of items answered, 85 % of answers favourable) and counted by
agency, and by each level of sex, age, education, occupation, ethnicity and residence within agency; totals of the
province, of both levels of agencies and of each demographic level are displayed. The clock of the audit runs from the
tables' counts and the mask to the verdict; that of protection to the mask, its own audits included.
"""

from __future__ import annotations

import argparse
import datetime as dt
import time

import numpy as np
import report

from analysis.audit import audit
from analysis.disclosure import MINIMUM, suppress
from analysis.protection import primary, protect
from analysis.publication import Table, publication

LEVELS = {"sex": 2, "age": 6, "education": 4, "occupation": 5, "ethnicity": 3, "residence": 2}


def main() -> None:
    options = _options()
    rng = np.random.default_rng(20261125)
    tables = [table for wave in range(options.waves) for table in simulate(rng, wave, options)]
    built, together = _timed(lambda: publication(tables))
    rows = []
    for audience, minimum in MINIMUM.items():
        protecting, hidden = _timed(lambda minimum=minimum: protect(together, minimum=minimum))
        runs = [
            _timed(lambda minimum=minimum, hidden=hidden: audit(together, hidden, minimum=minimum))
            for _ in range(options.repeats)
        ]
        checked = runs[0][1]
        small = primary(together, minimum=minimum) & (together.counts > 0)
        rows.append(
            (
                audience,
                f"{checked.cells:,}",
                f"{100 * small.sum() / checked.cells:.1f} %",
                f"{100 * checked.share_lost:.1f} %",
                len(checked.recoverable),
                f"{built:.1f}",
                f"{report.median([seconds for seconds, _ in runs]):.1f}",
                f"{protecting:.1f}",
            )
        )
    header = (
        "audience",
        "figures",
        "too small",
        "hidden in the end",
        "recoverable",
        "equations s",
        "audit s",
        "protection s",
    )
    body = f"{report.table(header, rows)}\n\n{_page(rng, 50)}"
    if options.write:
        report.write("Disclosure control", body, date=dt.datetime.now(tz=dt.UTC).date().isoformat())
    else:
        print(body)


def simulate(rng: np.random.Generator, wave: int, options: argparse.Namespace) -> list[Table]:
    """The tables of one wave: agencies, and agencies by each cut."""
    agencies = options.agencies
    sizes = 1 + rng.lognormal(np.log(150), 0.6, agencies).astype(np.int64)
    agency = np.repeat(np.arange(agencies), sizes)
    answered = rng.random((len(agency), options.items)) < 0.93
    favourable = answered & (rng.random(answered.shape) < 0.85)

    def table(code: np.ndarray, rows: list[tuple], groups: list[list[tuple]]) -> Table:
        counts = np.zeros((len(rows), 1 + options.items), dtype=np.int64)
        good = np.zeros((len(rows), options.items), dtype=np.int64)
        np.add.at(counts, code, np.column_stack([np.ones(len(code), dtype=np.int64), answered]))
        np.add.at(good, code, favourable)
        return Table(rows, counts, groups=groups, favourable=good if options.favourable else None)

    kinds = [(wave, "departments" if place < agencies // 10 else "communes") for place in range(agencies)]
    names = [(wave, place) for place in range(agencies)]
    tables = [table(agency, names, [kinds, [(wave, "all")] * agencies])]
    for cut, size in LEVELS.items():
        level = rng.choice(size, len(agency), p=rng.dirichlet(np.full(size, 3.0)))
        pairs = [(place, one) for place in range(agencies) for one in range(size)]
        rows = [(wave, place, cut, one) for place, one in pairs]
        groups = [[(wave, place) for place, _ in pairs], [(wave, "all", cut, one) for _, one in pairs]]
        tables.append(table(agency * size + level, rows, groups))
    return tables


def _page(rng: np.random.Generator, pages: int) -> str:
    """Pages of the site: 116 agencies, all and seven dimensions, the province's total and both levels'."""
    groups = [["all"] * 116, ["departments"] * 14 + ["communes"] * 102]
    seconds = []
    for _ in range(pages):
        everybody = rng.lognormal(4, 1.1, 116).astype(np.int64)
        counts = np.column_stack([everybody, rng.binomial(everybody[:, None], 0.95, (116, 7))])
        seconds.append(_timed(lambda counts=counts: suppress(counts, groups=groups))[0])
    middle, longest = 1000 * report.median(seconds), 1000 * max(seconds)
    return (
        f"A page (116 agencies × 8 columns, 3 totals), protected and audited: {middle:.0f} ms, "
        f"the slowest of {pages} {longest:.0f} ms."
    )


def _timed(work):  # noqa: ANN001, ANN202 - whatever it does
    start = time.perf_counter()
    found = work()
    return time.perf_counter() - start, found


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--agencies", type=int, default=200)
    parser.add_argument("--items", type=int, default=30)
    parser.add_argument("--waves", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--favourable", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--write", action="store_true", help="replace the section of docs/benchmarks.md")
    return parser.parse_args()


if __name__ == "__main__":
    main()
