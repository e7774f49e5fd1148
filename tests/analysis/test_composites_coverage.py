"""How often the intervals of composites cover: the same people answer five items of three dimensions, in clusters.

The short form draws 300 samples of some of the cases; with SIPAS_FULL=1 all cases with 2,000 samples each, and with
`-s` it prints the table that docs/methods.md keeps.
"""

from __future__ import annotations

import os

import numpy as np
import pytest
from scipy.special import ndtr, ndtri

from analysis.composites import composed, product_variables
from analysis.intervals import limits
from analysis.linearised import ratio_table
from analysis.moments import moments_from_rows
from analysis.tally import Measure, cells_from_rows

FULL = os.environ.get("SIPAS_FULL") == "1"
SHARES = (0.5, 0.8, 0.9, 0.95, 0.98)
SIZES = (10, 40, 100, 250, 500)
CORRELATIONS = (0.0, 0.1)
TOGETHER = 5
PARTS = {"access": ("q1", "q2"), "staff": ("q3",), "result": ("q4", "q5")}
RULE = {"mean": {"access": 0.5, "staff": 0.2, "result": 0.3}}
# Dimensions differ, and the answers of one person go together as those of people do who tick down a list.
OFFSETS = {"q1": 0.1, "q2": 0.1, "q3": -0.2, "q4": 0.0, "q5": 0.0}
WITHIN_PERSON = 0.6
# Of the full table in docs/methods.md.
LEAST = 0.933


def truth(share):
    """The composite of the population, from the chances of its items."""
    chance = {item: float(_chance(share, item)) for item in OFFSETS}
    parts = {name: np.mean([chance[item] for item in items]) for name, items in PARTS.items()}
    return sum(weight * parts[name] for name, weight in RULE["mean"].items())


def _chance(share, item):
    return ndtr(ndtri(share) + OFFSETS[item])


def covered(share, size, correlation, *, samples, rng):
    """Whether each sample's interval holds the truth."""
    psus = max(size // TOGETHER, 2)
    shape = (samples, psus, size // psus)
    place = rng.normal(scale=np.sqrt(correlation), size=(*shape[:2], 1))
    person = rng.normal(scale=np.sqrt(WITHIN_PERSON * (1 - correlation)), size=shape)
    answers = {}
    for item, offset in OFFSETS.items():
        own = rng.normal(scale=np.sqrt((1 - WITHIN_PERSON) * (1 - correlation)), size=shape)
        # 1 and 5 stand for dissatisfied and satisfied.
        answers[item] = np.where(place + person + own < ndtri(share) + offset, 5.0, 1.0).ravel()
    sample, psu, _ = np.indices(shape)
    keys = {"domain": sample.ravel(), "stratum": sample.ravel(), "psu": psu.ravel()}
    measures = [Measure(name, items, favourable=(5,)) for name, items in PARTS.items()]
    cells = cells_from_rows(answers, measures=measures, **keys)
    favourable = [np.sum([answers[item] == 5 for item in items], axis=0) for items in PARTS.values()]
    given = [np.full(sample.size, len(items)) for items in PARTS.values()]
    products = dict(zip(product_variables(tuple(PARTS)), [*favourable, *given], strict=True))
    moments = moments_from_rows(products, weights=np.ones(sample.size), **keys)
    table = ratio_table(composed(cells, RULE, moments=moments))
    low, high = limits(
        table.value,
        np.sqrt(table.variance),
        method="logit",
        degrees_of_freedom=table.degrees_of_freedom,
        respondents=table.respondents,
    )
    return float(((low <= truth(share)) & (truth(share) <= high)).mean())


@pytest.mark.slow
def test_the_interval_of_a_composite_covers_about_as_often_as_it_says():
    samples = 2000 if FULL else 300
    sizes, shares = (SIZES, SHARES) if FULL else ((40, 250), (0.8, 0.95))
    rng = np.random.default_rng(20261125)
    found = {
        (share, size, correlation): covered(share, size, correlation, samples=samples, rng=rng)
        for correlation in CORRELATIONS
        for share in shares
        for size in sizes
    }
    lines = [
        f"| share | correlation | {' | '.join(f'n = {size}' for size in sizes)} |",
        "| --- " * (2 + len(sizes)) + "|",
    ]
    for share in shares:
        for correlation in CORRELATIONS:
            shown = " | ".join(f"{100 * found[share, size, correlation]:.1f}" for size in sizes)
            lines.append(f"| {share} | {correlation} | {shown} |")
    print("\n" + "\n".join(lines))  # noqa: T201 - shown with -s
    least = min(found.values())
    assert least > LEAST - 3 * np.sqrt(LEAST * (1 - LEAST) / samples)
