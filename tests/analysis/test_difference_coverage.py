"""How often the interval of a difference covers: two clustered samples drawn again and again.

The short form draws 300 pairs of samples of some of the cases; with SIPAS_FULL=1 all cases with 2,000 pairs each, and
with `-s` it prints the table that docs/methods.md keeps.
"""

from __future__ import annotations

import os

import numpy as np
import pytest

from analysis.comparison import difference
from analysis.linearised import ratio_table
from analysis.tally import Measure, cells_from_rows

FULL = os.environ.get("SIPAS_FULL") == "1"
# Shares now and before, answers of each sample.
SHARES = ((0.5, 0.5), (0.8, 0.8), (0.9, 0.8), (0.9, 0.9), (0.95, 0.85), (0.95, 0.95), (0.98, 0.9), (0.98, 0.98))
SIZES = ((10, 10), (20, 20), (40, 40), (40, 250), (100, 100), (250, 250), (500, 500), (10, 500))
CORRELATIONS = (0.0, 0.05, 0.15)
TOGETHER = 5
# The promise is made from this effective size on (issue 4).
ENOUGH = 30


def estimates(share, size, correlation, *, samples, rng):
    """Estimates from `samples` samples of PSUs of five answers; each sample is a domain and a stratum."""
    shape = (samples, size // TOGETHER)
    chance = np.full(shape, share)
    if correlation:
        strength = 1 / correlation - 1
        chance = rng.beta(chance * strength, (1 - chance) * strength)
    answers = rng.random((*shape, TOGETHER)) < chance[..., None]
    sample, psu, _ = np.indices(answers.shape)
    where = {"domain": sample.ravel(), "stratum": sample.ravel(), "psu": psu.ravel()}
    columns = {"answers": answers.ravel().astype(np.int8)}
    table = ratio_table(cells_from_rows(columns, **where, measures=[Measure("share", ("answers",), favourable=(1,))]))
    return [table.estimate(place, 0) for place in range(samples)]


def effective(size, correlation):
    """Answers of a simple random sample as precise, by the population's own correlation."""
    return size / (1 + (TOGETHER - 1) * correlation)


def covered(case, *, samples, rng):
    """Coverage of the difference, share of p-values below 0.05, coverage against the true share as a target."""
    (now, before), (size, other_size), correlation = case
    first = estimates(now, size, correlation, samples=samples, rng=rng)
    second = estimates(before, other_size, correlation, samples=samples, rng=rng)
    found = [difference(one, other) for one, other in zip(first, second, strict=True)]
    limits = [each.interval() for each in found]
    inside = np.mean([each.low <= now - before <= each.high for each in limits])
    small = np.mean([each.p_value is not None and each.p_value < 0.05 for each in found])
    target = [difference(each, now).p_value for each in first]
    return float(inside), float(small), float(np.mean([p is None or p >= 0.05 for p in target]))


def table_of(results):
    lines = ["| shares | n | correlation | n_eff | coverage | p < 0.05 | target |", "| --- " * 7 + "|"]
    for (shares, sizes, correlation), (inside, small, target) in results.items():
        least = effective(min(sizes), correlation)
        lines.append(
            f"| {shares[0]} {shares[1]} | {sizes[0]} {sizes[1]} | {correlation} | {least:.0f} | {100 * inside:.1f} | "
            f"{100 * small:.1f} | {100 * target:.1f} |"
        )
    return "\n".join(lines)


@pytest.mark.slow
def test_the_interval_of_a_difference_covers_about_as_often_as_it_says():
    samples = 2000 if FULL else 300
    rng = np.random.default_rng(20261125)
    shares, sizes = (SHARES, SIZES) if FULL else (((0.8, 0.8), (0.95, 0.85)), ((20, 20), (100, 100)))
    cases = [(one, size, rho) for rho in (CORRELATIONS if FULL else (0.05,)) for one in shares for size in sizes]
    results = {case: covered(case, samples=samples, rng=rng) for case in cases}
    # The table is the test's other product.
    print(f"\n{table_of(results)}")  # noqa: T201 - shown with -s
    noise = 3 * np.sqrt(0.95 * 0.05 / samples)
    enough = [found[0] for (_, size, rho), found in results.items() if effective(min(size), rho) >= ENOUGH]
    assert min(enough) > 0.93 - noise
    assert min(found[0] for found in results.values()) > 0.90 - noise
