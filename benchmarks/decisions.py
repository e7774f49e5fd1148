"""Everything that is decided by the indices of 200 agencies, 6 dimensions and 3 waves, from cells.

    python benchmarks/decisions.py [--repeats 5] [--write]

The clock runs from cells and moments (made beforehand, as one GROUP BY gives them) to the last frozen value: indices
with composites and their covariances, ranks of both levels, changes since both earlier waves with adjusted p-values,
why the whole changed, drivers of the province with composite weights from them, the way to 86 %, reliability of five
dimensions, small-area models of every dimension, and what may be seen of all three waves together, with its audit.
The gaming-risk score needs the answers one by one: its log of 36,000 responses is timed in the last line.
"""

from __future__ import annotations

import argparse
import datetime as dt
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import report

from analysis.answer_log import AnswerLog
from analysis.comparison import difference
from analysis.composites import product_variables
from analysis.decomposition import decompose
from analysis.disclosure import publish
from analysis.drivers import drivers_of_whole, effects_from_drivers, weights_from_drivers
from analysis.index import index_by_domain, index_of_whole, weights
from analysis.integrity import gaming_risk
from analysis.moments import moments_from_rows
from analysis.multiplicity import benjamini_hochberg, holm
from analysis.overlap import domain_covariance, wave_covariance
from analysis.publication import Table
from analysis.ranking import rank_agencies
from analysis.reliability import reliability_of_whole
from analysis.smallarea import small_areas
from analysis.tally import Measure, cells_from_rows
from analysis.target import feasible_gains, way_to_target

if TYPE_CHECKING:
    from collections.abc import Iterator

AGENCIES, DEPARTMENTS, DIMENSIONS, ITEMS, WAVES, RESPONDENTS = 200, 20, 6, 3, 3, 12_000
NAMES = [f"d{number}" for number in range(DIMENSIONS)]
OF = {name: [f"{name}_{item}" for item in range(ITEMS)] for name in NAMES}
TARGET = 0.86


@dataclass(frozen=True)
class Wave:
    """What one GROUP BY of a wave gives."""

    cells: object
    products: object
    levels: object
    items: object
    log: AnswerLog


def main() -> None:
    options = _options()
    rng = np.random.default_rng(20261125)
    waves = [simulate(rng) for _ in range(WAVES)]
    seconds: dict[str, list[float]] = {}
    for _ in range(options.repeats):
        for step, took in decide(waves):
            seconds.setdefault(step, []).append(took)
    runs = [sum(each) for each in zip(*(seconds[step] for step in seconds if step != LOG), strict=True)]
    rows = [(step, f"{report.median(took):.3f}") for step, took in seconds.items() if step != LOG]
    rows += [("**all from cells**", f"**{report.median(runs):.2f}**"), (LOG, f"{report.median(seconds[LOG]):.3f}")]
    size = f"{AGENCIES} agencies × {DIMENSIONS} dimensions × {WAVES} waves of {RESPONDENTS:,} respondents"
    cells = f"{len(waves[0].cells.domain):,} cells a wave"
    body = (
        f"{size}, {cells}; medians of {options.repeats} runs, one process.\n\n{report.table(('step', 'seconds'), rows)}"
    )
    if options.write:
        report.write("Decisions", body, date=dt.datetime.now(tz=dt.UTC).date().isoformat())
    else:
        print(body)


LOG = "gaming risk, from 36,000 responses one by one"


def decide(waves: list[Wave]) -> Iterator[tuple[str, float]]:
    """Each step's name and seconds."""
    clock = time.perf_counter
    start = clock()
    indices, wholes = [], []
    for wave in waves:
        asked = {"dimensions": {name: [name] for name in NAMES}, "composites": _composites(wave)}
        indices.append(index_by_domain(wave.cells, moments=wave.products, **asked))
        wholes.append(index_of_whole(wave.cells, moments=wave.products, **asked))
    yield "indices, composites by equal weights and by drivers", clock() - start

    start = clock()
    for index, wave in zip(indices, waves, strict=True):
        overall = [one.composites["equal"] for one in index]
        covariance = domain_covariance(wave.cells, NAMES[0])
        rank_agencies(overall[:DEPARTMENTS])
        rank_agencies(overall[DEPARTMENTS:])
        del covariance
    yield "ranks of departments and communes", clock() - start

    start = clock()
    last = indices[-1]
    for index, wave in zip(indices[:-1], waves[:-1], strict=True):
        for name in NAMES:
            shared = wave_covariance(waves[-1].cells, wave.cells, name)
            found = [
                difference(now.dimensions[name], then.dimensions[name], covariance=shared[place, place])
                for place, (now, then) in enumerate(zip(last, index, strict=True))
            ]
            p_values = [one.p_value for one in found]
            holm(p_values), benjamini_hochberg(p_values)
            [one.interval() for one in found]
        decompose(waves[-1].cells, wave.cells, NAMES[0])
    yield "changes of every index since both earlier waves, and why the whole changed", clock() - start

    start = clock()
    wave = waves[-1]
    drivers_of_whole(wave.levels, outcome=NAMES[-1], predictors=NAMES[:-1])
    index, effects = effects_from_drivers(wave.levels, outcome=NAMES[-1], predictors=NAMES[:-1])
    now = {name: wholes[-1].dimensions[name].value for name in NAMES[:-1]}
    peers = {name: [one.dimensions[name].value for one in last] for name in now}
    way_to_target(wholes[-1].dimensions[NAMES[-1]], effects, target=TARGET, feasible=feasible_gains(now, peers=peers))
    reliability_of_whole(wave.items, dimensions=OF)
    del index
    yield "drivers, the way to the target, reliability", clock() - start

    start = clock()
    for index in indices:
        for name in NAMES:
            small_areas([one.dimensions[name] for one in index[DEPARTMENTS:]])
    yield "small-area models of every dimension", clock() - start

    start = clock()
    tables = []
    for number, index in enumerate(indices):
        counts = [[one.respondents, *(one.dimensions[name].respondents for name in NAMES)] for one in index]
        levels = ["department"] * DEPARTMENTS + ["commune"] * (AGENCIES - DEPARTMENTS)
        rows = [(number, one.domain) for one in index]
        tables.append(Table(rows, counts, groups=[[(number, "all")] * AGENCIES, [(number, level) for level in levels]]))
    publish(tables, audience="public")
    yield "what may be seen of the three waves, audited", clock() - start

    start = clock()
    gaming_risk(waves[-1].log)
    yield LOG, clock() - start


def _composites(wave: Wave) -> dict[str, object]:
    counted = dict.fromkeys(NAMES[:-1], ITEMS)
    drivers = weights_from_drivers(wave.levels, outcome=NAMES[-1], predictors=NAMES[:-1])
    return {"equal": weights("equal", counted), "drivers": weights("drivers", counted, drivers=drivers)}


def simulate(rng: np.random.Generator) -> Wave:
    """A wave of answers at 200 agencies of 5 to 200 respondents, on some twenty days each."""
    size = rng.permutation(np.geomspace(5, 220, AGENCIES)).astype(int)
    agency = np.repeat(np.arange(AGENCIES), size * RESPONDENTS // size.sum() + 1)
    day = rng.integers(20, size=len(agency))
    latent = rng.normal(scale=0.35, size=AGENCIES)[agency] + rng.normal(scale=0.9, size=len(agency))
    taste = rng.normal(scale=0.3, size=(len(agency), DIMENSIONS))
    answers = {}
    for place, name in enumerate(NAMES):
        for item in OF[name]:
            score = latent + taste[:, place] + rng.normal(scale=0.5, size=len(agency))
            answers[item] = np.clip(np.round(4.2 + score), 1, 5)
    weight = rng.uniform(1, 3, size=len(agency))
    keys = {"domain": agency, "stratum": agency, "psu": day}
    given = {name: np.column_stack([answers[item] for item in OF[name]]) for name in NAMES}
    favourable = [(given[name] >= 4).sum(axis=1).astype(float) for name in NAMES]
    answered = [np.full(len(agency), float(ITEMS)) for _ in NAMES]
    products = dict(zip(product_variables(tuple(NAMES)), [*favourable, *answered], strict=True))
    return Wave(
        cells=cells_from_rows(
            answers, weights=weight, measures=[Measure(name, tuple(OF[name]), {4, 5}) for name in NAMES], **keys
        ),
        products=moments_from_rows(products, weights=weight, **keys),
        levels=moments_from_rows({name: given[name].mean(axis=1) for name in NAMES}, weights=weight, **keys),
        items=moments_from_rows(answers, weights=weight, **keys),
        log=_log(rng),
    )


def _log(rng: np.random.Generator) -> AnswerLog:
    rows = 36_000
    return AnswerLog.from_columns(
        rng.integers(AGENCIES, size=rows),
        rng.choice([2, 3, 4, 5], p=[0.05, 0.13, 0.4, 0.42], size=(rows, DIMENSIONS)),
        day=740_000 + rng.integers(90, size=rows),
        minute=rng.integers(7 * 60, 17 * 60, size=rows),
        quick=rng.random(rows) < 0.02,
        from_office=rng.random(rows) < 0.03,
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--write", action="store_true", help="write the figures to docs/benchmarks.md")
    return parser.parse_args()


if __name__ == "__main__":
    main()
