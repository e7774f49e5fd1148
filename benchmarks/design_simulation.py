"""Simulate 500 replications of a survey of 200 agencies, ranks and pairs included, and say how long it took.

    python benchmarks/design_simulation.py [--replications 500] [--agencies 200] [--repeats 3] [--write]

Six dimensions of one to four items, 100 people invited in ten villages of each agency.
"""

from __future__ import annotations

import argparse
import datetime as dt
import resource
import tempfile
import time
from pathlib import Path

import report

from sampling.record import generator
from sampling.simulate import simulate
from survey.services.planning import plan_report, simulated_report

ITEMS = (3, 4, 3, 3, 3, 1)


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plan.toml"
        path.write_text(plan_text(options.agencies), encoding="utf8")
        plan = plan_report(path).plan
        fieldwork, whole = [], []
        for _ in range(options.repeats):
            start = time.perf_counter()
            simulate(plan, rng=generator(1), replications=options.replications)
            fieldwork.append(time.perf_counter() - start)
            start = time.perf_counter()
            simulated_report(path, replications=options.replications)
            whole.append(time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rows = [
        ("fieldwork, estimates and intervals", f"{report.median(fieldwork):.1f}"),
        ("the same with rank sets, pairs and Holm", f"{report.median(whole):.1f}"),
    ]
    body = (
        f"{options.replications} replications, {options.agencies} agencies of 100 people invited, "
        f"{len(ITEMS)} dimensions, "
        f"medians of {options.repeats}, one process; at most {peak:.0f} MB of memory.\n\n"
    ) + report.table(("what", "seconds"), rows)
    if options.write:
        report.write("Design simulation", body, date=dt.datetime.now(tz=dt.UTC).date().isoformat())
    else:
        print(body)


def plan_text(agencies: int) -> str:
    parts = ['name = "200"\nquestionnaire = "q"\nseed = 1\nicc = 0.05\nresponse_rate = 0.8\nranked_by = "d5"\n']
    for place, items in enumerate(ITEMS):
        parts.append(f'[[dimensions]]\nid = "d{place}"\nname = "d{place}"\nitems = {items}\nitem_correlation = 0.4\n')
    for number in range(agencies):
        share = 0.7 + 0.2 * number / agencies
        parts.append(f'[[strata]]\ncode = "a{number}"\nN = 4000\npsus = 30\nn = 80\nshare = {share:.4f}\n')
    return "".join(parts)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--replications", type=int, default=500)
    parser.add_argument("--agencies", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="replace the section of docs/benchmarks.md")
    return parser.parse_args()


if __name__ == "__main__":
    main()
