"""How often share intervals cover: clustered and stratified samples drawn again and again from known populations.

The short form draws 400 samples of some of the cases; with SIPAS_FULL=1 all cases with 4,000 samples each, and with
`-s` it prints the table that docs/methods.md keeps.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np
import pytest

from analysis.intervals import DEFAULT_SHARE_METHOD, limits
from analysis.linearised import ratio_table
from analysis.tally import Measure, cells_from_rows

FULL = os.environ.get("SIPAS_FULL") == "1"
METHODS = ("t", "logit", "wilson", "beta", "likelihood", "asin")
SHARES = (0.5, 0.8, 0.9, 0.95, 0.98)
SIZES = (20, 40, 100, 250, 1000)
CORRELATIONS = (0.0, 0.05, 0.15)
TOGETHER = 5


@dataclass(frozen=True)
class Population:
    """Two strata, of one and two thirds, whose shares differ; answers within a PSU go together."""

    share: float
    correlation: float

    @property
    def shares(self):
        gap = min(0.1, (1 - self.share) / 2)
        return np.array([self.share - gap, self.share + gap / 2])

    def sample(self, samples, size, rng):
        """`samples` samples at once: answers, and where each is; the sample is the domain."""
        psus = size // (2 * TOGETHER)
        shape = (samples, 2, psus)
        chance = np.broadcast_to(self.shares[:, None], shape)
        if self.correlation:
            strength = 1 / self.correlation - 1
            chance = rng.beta(chance * strength, (1 - chance) * strength)
        answers = rng.random((*shape, TOGETHER)) < chance[..., None]
        sample, stratum, psu, _ = np.indices(answers.shape)
        return {
            "answers": answers.ravel().astype(np.int8),
            "domain": sample.ravel(),
            "stratum": (2 * sample + stratum).ravel(),
            "psu": psu.ravel(),
            # Both strata give as many answers, but the second is twice as large.
            "weights": (1.0 + stratum).ravel(),
        }


def covered(population, size, *, samples, rng):
    """Coverage, share of misses above, and mean width, by method."""
    drawn = population.sample(samples, size, rng)
    measures = [Measure("share", ("answers",), favourable=(1,))]
    cells = cells_from_rows({"answers": drawn.pop("answers")}, **drawn, measures=measures)
    table = ratio_table(cells)
    known = {"degrees_of_freedom": table.degrees_of_freedom, "respondents": table.respondents}
    found = {}
    for method in METHODS:
        low, high = limits(table.value, np.sqrt(table.variance), method=method, **known)
        inside = (low <= population.share) & (population.share <= high)
        found[method] = (inside.mean(), (low > population.share).mean(), (high - low).mean())
    return found


def table_of(results):
    """Coverage in percent, one line a case."""
    lines = [f"| share | n | correlation | {' | '.join(METHODS)} |", "| --- " * (3 + len(METHODS)) + "|"]
    for (share, size, correlation), found in results.items():
        shown = (f"{100 * found[method][0]:.1f}" for method in METHODS)
        lines.append(f"| {share} | {size} | {correlation} | {' | '.join(shown)} |")
    return "\n".join(lines)


def summary_of(results):
    """Of each method the mean and least coverage, the cases far off, and the width relative to the default's."""
    lines = ["| method | mean | least | cases below 92 % | cases below 94 % | mean width |", "| --- " * 6 + "|"]
    for method in METHODS:
        coverage = np.array([found[method][0] for found in results.values()])
        width = np.mean([found[method][2] / found[DEFAULT_SHARE_METHOD][2] for found in results.values()])
        lines.append(
            f"| {method} | {100 * coverage.mean():.1f} | {100 * coverage.min():.1f} | {(coverage < 0.92).sum()} | "
            f"{(coverage < 0.94).sum()} | {width:.2f} |"
        )
    return "\n".join(lines)


@pytest.mark.slow
def test_the_default_interval_covers_about_as_often_as_it_says():
    samples = 4000 if FULL else 400
    sizes, shares = (SIZES, SHARES) if FULL else ((20, 100), (0.5, 0.9))
    rng = np.random.default_rng(20261122)
    results = {
        (share, size, correlation): covered(Population(share, correlation), size, samples=samples, rng=rng)
        for correlation in (CORRELATIONS if FULL else (0.05,))
        for share in shares
        for size in sizes
    }
    # The table is the test's other product.
    print(f"\n{summary_of(results)}\n\n{table_of(results)}")  # noqa: T201 - shown with -s
    coverage = np.array([found[DEFAULT_SHARE_METHOD][0] for found in results.values()])
    # The full table's least is 94.0 % and its mean 96.3 %: three standard errors of the simulation below them.
    assert coverage.min() > 0.94 - 3 * np.sqrt(0.94 * 0.06 / samples)
    assert coverage.mean() > 0.96 - 3 * np.sqrt(0.96 * 0.04 / samples)
