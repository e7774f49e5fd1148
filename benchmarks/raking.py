"""Rake a million rows to margins of 2, 6, 34 and 200 levels within 1e-10 and say how long it took.

    python benchmarks/raking.py [rows] [repeats]

Margins are correlated, the totals are those of a second draw of the same population, and the rows are unsorted, as in
the comparison of peers in docs/benchmarks.md. The clock runs from the columns of codes to the calibrated weights; peak
memory is that of the whole process.
"""

from __future__ import annotations

import resource
import sys
import time

import numpy as np

from analysis.calibration import calibrate
from analysis.margins import margin
from analysis.raking import rake

LEVELS = (2, 6, 34, 200)
TOLERANCE = 1e-10


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    repeats = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    weights, columns, totals = simulated(rows, rng=np.random.default_rng(20261122))
    for name, method in (("rake, cells", _rake), ("calibrate, raking by Newton", _newton)):
        seconds = []
        for _ in range(repeats):
            start = time.perf_counter()
            result = method(weights, columns, totals)
            seconds.append(time.perf_counter() - start)
        print(
            f"{name}: {rows:,} rows, best {min(seconds):.3f} s of {repeats}, {result.iterations} iterations, "
            f"largest margin error {result.max_margin_error:.1e}"
        )
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def simulated(rows: int, *, rng: np.random.Generator) -> tuple[np.ndarray, list[np.ndarray], list[dict[int, float]]]:
    """Weights, four correlated columns, and the totals that the population has."""
    columns, totals = [], []
    latent, other = rng.normal(size=rows), rng.normal(loc=0.15, size=rows)
    for levels in LEVELS:
        cuts = np.linspace(-2.0, 2.0, levels + 1)[1:-1]
        noise = rng.normal(size=rows)
        columns.append(np.searchsorted(cuts, (latent + 0.7 * noise) / np.sqrt(1.49)))
        population = np.bincount(np.searchsorted(cuts, (other + 0.7 * noise) / np.sqrt(1.49)), minlength=levels)
        totals.append({level: 20.0 * count for level, count in enumerate(population.tolist())})
    return rng.uniform(5, 35, size=rows), columns, totals


def _rake(weights, columns, totals):  # noqa: ANN001, ANN202 (shared by both methods above)
    return rake(weights, _margins(columns, totals), tolerance=TOLERANCE)


def _newton(weights, columns, totals):  # noqa: ANN001, ANN202 (as above)
    return calibrate(weights, _margins(columns, totals), method="raking", tolerance=TOLERANCE)


def _margins(columns, totals):  # noqa: ANN001, ANN202 (as above)
    pairs = zip(columns, totals, strict=True)
    return [margin(f"variable {position}", column, total) for position, (column, total) in enumerate(pairs)]


if __name__ == "__main__":
    main()
