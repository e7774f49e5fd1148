"""Rake a million rows to margins of 2, 6, 34 and 200 levels within 1e-10, and say how long it took and what it needed.

    python benchmarks/raking.py [--rows 1000000] [--repeats 5] [--peers] [--write]

Margins are correlated, the totals are those of another draw of the same population, rows are unsorted. The clock runs
from the columns of codes to the calibrated weights; each way is a process of its own, whose peak memory is recorded.
`--peers` times leafblower 0.1.0, the fastest we know, on the same columns, in an environment of its own.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import report

from analysis.calibration import calibrate
from analysis.margins import margin
from analysis.raking import rake

LEVELS = (2, 6, 34, 200)
TOLERANCE = 1e-10
PEER = "leafblower==0.1.0"
PEER_PROGRAM = """
import json, resource, sys, time
import leafblower, numpy as np, pandas as pd
data = np.load(sys.argv[1])
count = len([name for name in data.files if name.startswith("c")])
frame = pd.DataFrame({f"c{k}": pd.Categorical(data[f"c{k}"].astype(str)) for k in range(count)})
population = data["t0"].sum()
targets = {f"c{k}": {str(i): t / population for i, t in enumerate(data[f"t{k}"])} for k in range(count)}
seconds = []
for _ in range(int(sys.argv[2])):
    start = time.perf_counter()
    out = leafblower.harvest(frame, targets, method="raking", max_weight=1e9, attach_weights=False,
        design_weights=data["w"], max_iterations=1000,
        convergence={"metric": "max_err", "rule": "threshold", "tol": 1e-12})
    seconds.append(time.perf_counter() - start)
weights = np.asarray(out["weights"] if isinstance(out, dict) else out, dtype=float)
weights = weights / weights.sum() * population
errors = [np.abs(np.bincount(data[f"c{k}"], weights) / data[f"t{k}"] - 1).max() for k in range(count)]
print(json.dumps({"seconds": seconds, "error": max(errors), "iterations": None,
    "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
"""


def main() -> None:
    options = _options()
    if options.run:
        print(json.dumps(measure(options.run, Path(options.columns), repeats=options.repeats)))
        return
    with tempfile.TemporaryDirectory() as folder:
        columns = Path(folder) / "columns.npz"
        simulate(columns, options.rows, rng=np.random.default_rng(20261122))
        runs = {f"ours, {way}": _ours(way, columns, options.repeats) for way in WAYS}
        if options.peers:
            runs[PEER] = _peer(columns, Path(folder), options.repeats)
    rows = [
        (
            name,
            f"{report.median(run['seconds']):.3f}",
            run["iterations"] or "–",
            f"{run['error']:.1e}",
            f"{run['megabytes']:.0f}",
        )
        for name, run in runs.items()
    ]
    header = ("way", "seconds", "iterations", "largest margin error", "peak MB")
    body = f"{options.rows:,} rows, medians of {options.repeats} runs.\n\n{report.table(header, rows)}"
    if options.write:
        report.write("Raking", body, date=dt.datetime.now(tz=dt.UTC).date().isoformat())
    else:
        print(body)


def simulate(path: Path, rows: int, *, rng: np.random.Generator) -> None:
    """Weights, four correlated columns, and the totals of another draw."""
    found = {"w": rng.uniform(5, 35, size=rows)}
    latent, other = rng.normal(size=rows), rng.normal(loc=0.15, size=rows)
    for place, levels in enumerate(LEVELS):
        cuts = np.linspace(-2.0, 2.0, levels + 1)[1:-1]
        noise = 0.7 * rng.normal(size=rows)
        found[f"c{place}"] = np.searchsorted(cuts, (latent + noise) / np.sqrt(1.49))
        population = np.searchsorted(cuts, (other + noise) / np.sqrt(1.49))
        found[f"t{place}"] = 20.0 * np.bincount(population, minlength=levels)
    np.savez(path, **found)


def measure(way: str, path: Path, *, repeats: int) -> dict[str, object]:
    """One way on the columns of a file."""
    with np.load(path) as data:
        weights = data["w"]
        columns = [data[f"c{place}"] for place in range(len(LEVELS))]
        totals = [dict(enumerate(data[f"t{place}"].tolist())) for place in range(len(LEVELS))]
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        pairs = zip(columns, totals, strict=True)
        margins = [margin(f"variable {place}", column, total) for place, (column, total) in enumerate(pairs)]
        found = WAYS[way](weights, margins)
        seconds.append(time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": seconds, "error": found.max_margin_error, "iterations": found.iterations, "megabytes": peak}


WAYS = {
    "rake": lambda weights, margins: rake(weights, margins, tolerance=TOLERANCE),
    "Newton's method": lambda weights, margins: calibrate(weights, margins, method="raking", tolerance=TOLERANCE),
}


def _ours(way: str, columns: Path, repeats: int) -> dict:
    command = [sys.executable, __file__, "--run", way, "--columns", columns, "--repeats", str(repeats)]
    done = subprocess.run(command, check=True, capture_output=True)
    return json.loads(done.stdout)


def _peer(columns: Path, folder: Path, repeats: int) -> dict:
    python = folder / "peer" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", folder / "peer"], check=True)
    subprocess.run([python, "-m", "pip", "install", "-q", PEER], check=True)
    done = subprocess.run([python, "-c", PEER_PROGRAM, columns, str(repeats)], check=True, capture_output=True)
    return json.loads(done.stdout.splitlines()[-1])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--write", action="store_true", help="replace the section of docs/benchmarks.md")
    parser.add_argument("--run", choices=list(WAYS), help="one way (used by the program itself)")
    parser.add_argument("--columns", help="its file (used by the program itself)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
