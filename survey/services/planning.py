"""A survey's plan from its file, what to expect of it, and what its simulated fieldwork finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.ranking import rank_agencies
from analysis.results import Estimate, Kind
from sampling.expectations import Outlook, Outlooks, expectations
from sampling.plan_reading import plan_from_toml
from sampling.record import generator
from sampling.simulate import Simulated, simulate
from sampling.telling_apart import DifferenceClass, told_apart
from survey.i18n import mark
from survey.resources import SEED
from survey.services.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from sampling.plan import Plan

_EXAMPLE = SEED / "plan-dak-lak.toml"
# Of the whole work, what the simulation takes; the ranks of every replication take the rest.
_FIELDWORK = 0.5


@dataclass(frozen=True, slots=True)
class AgencyFindings:
    """What the replications say of one agency, or of the province: one figure a dimension, and ranks."""

    code: str
    margin: tuple[float, ...]
    margin_10: tuple[float, ...]
    margin_90: tuple[float, ...]
    coverage: tuple[float, ...]
    true_rank: int | None = None
    rank_low: float | None = None
    rank_high: float | None = None


@dataclass(frozen=True, slots=True)
class LevelFindings:
    """How often the best and the worst agency of a level come out as such."""

    level: str
    agencies: int
    best_found: float
    worst_found: float


@dataclass(frozen=True, slots=True)
class Findings:
    """What the simulation of a plan found."""

    replications: int
    seed: int
    agencies: tuple[AgencyFindings, ...]
    province: AgencyFindings
    levels: tuple[LevelFindings, ...]
    differences: tuple[DifferenceClass, ...]


@dataclass(frozen=True, slots=True)
class PlanReport:
    """A plan, what to expect of it, and the simulation where it was asked for."""

    plan: Plan
    outlooks: Outlooks
    findings: Findings | None = None


def example() -> str:
    """A plan that works, with comments in Vietnamese."""
    return _EXAMPLE.read_text(encoding="utf-8")


def plan_report(path: Path) -> PlanReport:
    """The plan of a file, with what to expect of it."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ServiceError(mark("{file} is not in UTF-8: save it as UTF-8"), file=path) from error
    plan = plan_from_toml(text.replace("\r\n", "\n"), source=path.name)
    return PlanReport(plan, expectations(plan))


def simulated_report(
    path: Path, *, replications: int, seed: int | None = None, progress: Callable[[float], None] | None = None
) -> PlanReport:
    """The same, with its fieldwork done `replications` times."""
    report = plan_report(path)
    plan = report.plan
    chosen = plan.seed if seed is None else seed
    tell = progress or (lambda _share: None)
    found = simulate(
        plan, rng=generator(chosen), replications=replications, progress=lambda share: tell(share * _FIELDWORK)
    )
    levels = _levels(report.outlooks.agencies)
    ranks = _ranks(found, levels, lambda share: tell(_FIELDWORK + share * (1 - _FIELDWORK)))
    findings = Findings(
        replications=replications,
        seed=chosen,
        agencies=tuple(
            _agency(found, place, one.code, ranks[place]) for place, one in enumerate(report.outlooks.agencies)
        ),
        province=_agency(found, len(report.outlooks.agencies), "", (None, None, None)),
        levels=tuple(_level(found, name, places) for name, places in levels.items()),
        differences=told_apart(found, levels=list(levels.values())),
    )
    return PlanReport(plan, report.outlooks, findings)


def _levels(agencies: Sequence[Outlook]) -> dict[str, list[int]]:
    levels: dict[str, list[int]] = {}
    for place, one in enumerate(agencies):
        levels.setdefault(one.level, []).append(place)
    return levels


def _ranks(found: Simulated, levels: dict[str, list[int]], tell: Callable[[float], None]) -> dict[int, Any]:
    """True rank and mean ends of the rank intervals, by the agency's place."""
    replications, ranks = len(found.estimate), {}
    ends = np.zeros((2, found.truth.shape[0]))
    for row in range(replications):
        for places in levels.values():
            ranking = rank_agencies(
                [_estimate(found, row, place) for place in places],
                minimum_respondents=2,
                confidence_level=found.plan.confidence_level,
            )
            # An agency that has no rank in a replication could have any.
            ends[0, places] += [one.low or 1 for one in ranking.places]
            ends[1, places] += [one.high or len(places) for one in ranking.places]
        tell((row + 1) / replications)
    truth = np.round(found.truth[:, found.plan.ranked_place], 9)
    for places in levels.values():
        for place in places:
            true_rank = 1 + int((truth[places] > truth[place]).sum())
            ranks[place] = (true_rank, ends[0, place] / replications, ends[1, place] / replications)
    return ranks


def _estimate(found: Simulated, row: int, place: int) -> Estimate:
    dimension, respondents = found.plan.ranked_place, int(found.respondents[row, place])
    return Estimate(
        value=float(found.estimate[row, place, dimension]),
        standard_error=float(found.standard_error[row, place, dimension]),
        degrees_of_freedom=float(found.degrees_of_freedom[place]),
        respondents=respondents,
        sum_weights=float(respondents),
        kind=Kind.SHARE,
    )


def _agency(found: Simulated, place: int, code: str, ranks: Any) -> AgencyFindings:
    margins = found.margins[:, place]
    low, high = np.quantile(margins, [0.1, 0.9], axis=0)
    return AgencyFindings(
        code,
        tuple(margins.mean(axis=0).tolist()),
        tuple(low.tolist()),
        tuple(high.tolist()),
        tuple(found.coverage[place].tolist()),
        *ranks,
    )


def _level(found: Simulated, name: str, places: Sequence[int]) -> LevelFindings:
    dimension = found.plan.ranked_place
    truth = np.round(found.truth[places, dimension], 9)
    estimate = found.estimate[:, places, dimension]
    best = truth[estimate.argmax(axis=1)] == truth.max()
    worst = truth[estimate.argmin(axis=1)] == truth.min()
    return LevelFindings(name, len(places), float(best.mean()), float(worst.mean()))
