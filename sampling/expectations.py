r"""What a plan lets one expect, by formula: sizes, design effects, margins of error, cost and work.

For a stratum with N people, of whom r answer in primary units of m each, and a dimension with share p,

.. math:: V = L \, (1 + (m - 1) \rho) \, \frac{p(1-p)(1 + (k-1) r_k)/k}{r} \left(1 - \frac{r}{N}\right),

with k items of correlation r_k and the weighting effect L. Strata of an agency, and all strata of the province, add up
by their shares of the population. The margin is Student's t times the root of it, with the degrees of freedom that the
analysis will have: primary units less strata.

References
----------
.. [1] Kish (1965), Survey Sampling, Wiley, sections 5.4 and 8.2.
.. [2] Kish (1987), Weighting in Deft², The Survey Statistician, June (the product of both effects).
.. [3] Särndal, Swensson & Wretman (1992), Model Assisted Survey Sampling, Springer, ch. 4.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from scipy.special import ndtr, stdtrit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sampling.plan import Plan, PlannedDimension, PlannedStratum

# A pair counts as told apart if one survey in so many finds it.
POWER = 0.8


@dataclass(frozen=True, slots=True)
class Expected:
    """One dimension of one agency: share, design effect, standard error and margin, all as shares."""

    share: float
    design_effect: float
    standard_error: float
    margin: float


@dataclass(frozen=True, slots=True)
class Outlook:
    """What to expect of an agency or of the province.

    Attributes
    ----------
    code, name, level : str
        Empty for the province.
    population, n, invitations, psus : int
        `psus` counts the primary units to visit; 0 where people are drawn from a list.
    respondents : float
        To be expected.
    degrees_of_freedom : float
    figures : tuple of Expected
        One a dimension.
    cost, days : float
        `days` of one interviewer; 0 where the plan does not say how many interviews one makes.
    more : int or None
        Further respondents for every dimension to reach the target margin; None where the population has too few.
    alike : tuple of str
        Agencies of its level that one survey in five or more does not tell from it.
    """

    code: str
    name: str
    level: str
    population: int
    n: int
    invitations: int
    psus: int
    respondents: float
    degrees_of_freedom: float
    figures: tuple[Expected, ...]
    cost: float
    days: float
    more: int | None
    alike: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outlooks:
    """What to expect of a plan: of each agency, and of the province with the fixed costs."""

    agencies: tuple[Outlook, ...]
    province: Outlook


def expectations(plan: Plan) -> Outlooks:
    """Sizes, margins, cost and work of each agency and of the province.

    Parameters
    ----------
    plan : Plan

    Returns
    -------
    Outlooks

    Examples
    --------
    >>> from sampling.plan import Plan, PlannedDimension, PlannedStratum
    >>> whole = PlannedStratum("a", "A", "a", "A", "commune", 5000, 40, 10, 200, 1.0, (0.8,))
    >>> one = Plan("Test", "q", 0.95, 1, 0.05, "q1", (PlannedDimension("q1", "Q1", icc=0.05),), (whole,))
    >>> found = expectations(one).province
    >>> found.psus, round(found.figures[0].design_effect, 2), round(found.figures[0].margin, 4)
    (20, 1.45, 0.0698)
    """
    found = [_outlook(plan, strata) for strata in plan.agencies.values()]
    province = replace(_outlook(plan, plan.strata), code="", name="", level="")
    province = replace(province, cost=province.cost + plan.costs.fixed)
    return Outlooks(tuple(replace(one, alike=_alike(plan, one, found)) for one in found), province)


def margin_of(plan: Plan, strata: Sequence[PlannedStratum], dimension: int) -> Expected:
    """The margin of one dimension for some strata together.

    Examples
    --------
    See :func:`expectations`.
    """
    population = sum(stratum.population for stratum in strata)
    respondents = math.fsum(stratum.expected_respondents for stratum in strata)
    planned = plan.dimensions[dimension]
    share = math.fsum(one.population * one.shares[dimension] for one in strata) / population
    variance = math.fsum(
        (one.population / population) ** 2 * _variance(plan, one, planned, one.shares[dimension]) for one in strata
    )
    simple = planned.score_variance(share) / respondents * max(1 - respondents / population, 0.0)
    error = math.sqrt(variance)
    quantile = float(stdtrit(_freedom(strata), (1 + plan.confidence_level) / 2))
    return Expected(share, variance / simple if simple else 1.0, error, quantile * error)


def _variance(plan: Plan, stratum: PlannedStratum, dimension: PlannedDimension, share: float) -> float:
    respondents = stratum.expected_respondents
    effect = plan.weighting_effect * (1 + (max(stratum.respondents_per_psu, 1.0) - 1) * dimension.icc)
    left = max(1 - respondents / stratum.population, 0.0)
    return effect * dimension.score_variance(share) / respondents * left


def _freedom(strata: Sequence[PlannedStratum]) -> float:
    units = math.fsum(one.psus_drawn or one.expected_respondents for one in strata)
    return max(units - len(strata), 1.0)


def _outlook(plan: Plan, strata: Sequence[PlannedStratum]) -> Outlook:
    first, costs = strata[0], plan.costs
    invitations = sum(one.size.invitations for one in strata)
    respondents = math.fsum(one.expected_respondents for one in strata)
    psus = sum(one.psus_drawn or 0 for one in strata)
    return Outlook(
        code=first.agency,
        name=first.agency_name,
        level=first.level,
        population=sum(one.population for one in strata),
        n=sum(one.n for one in strata),
        invitations=invitations,
        psus=psus,
        respondents=respondents,
        degrees_of_freedom=_freedom(strata),
        figures=tuple(margin_of(plan, strata, place) for place in range(len(plan.dimensions))),
        cost=costs.interview * respondents + costs.psu_visit * psus + costs.letter * invitations,
        days=respondents / plan.interviews_per_day if plan.interviews_per_day else 0.0,
        more=_more(plan, strata),
    )


def _more(plan: Plan, strata: Sequence[PlannedStratum]) -> int | None:
    """The fewest further respondents, by halving; strata grow by one factor."""
    low, high = 1.0, max(one.population / one.n for one in strata)
    if _widest(plan, strata) <= plan.target_margin:
        return 0
    if _widest(plan, _grown(strata, high)) > plan.target_margin:
        return None
    while sum(one.n for one in _grown(strata, high)) - sum(one.n for one in _grown(strata, low)) > 1:
        middle = (low + high) / 2
        reached = _widest(plan, _grown(strata, middle)) <= plan.target_margin
        low, high = (low, middle) if reached else (middle, high)
        if high - low < 1e-9:  # noqa: PLR2004 - several strata can grow at the same factor.
            break
    return sum(one.n for one in _grown(strata, high)) - sum(one.n for one in strata)


def _grown(strata: Sequence[PlannedStratum], factor: float) -> list[PlannedStratum]:
    return [replace(one, n=min(one.population, math.ceil(one.n * factor - 1e-9))) for one in strata]


def _widest(plan: Plan, strata: Sequence[PlannedStratum]) -> float:
    return max(margin_of(plan, strata, place).margin for place in range(len(plan.dimensions)))


def _alike(plan: Plan, one: Outlook, all_of_them: Sequence[Outlook]) -> tuple[str, ...]:
    others = [other for other in all_of_them if other.level == one.level and other.code != one.code]
    return tuple(other.code for other in others if _power(plan, one, other) < POWER)


def _power(plan: Plan, one: Outlook, other: Outlook) -> float:
    mine, theirs = one.figures[plan.ranked_place], other.figures[plan.ranked_place]
    error = math.hypot(mine.standard_error, theirs.standard_error)
    if not error:
        return 1.0
    freedom = error**4 / (
        mine.standard_error**4 / one.degrees_of_freedom + theirs.standard_error**4 / other.degrees_of_freedom
    )
    quantile = float(stdtrit(freedom, (1 + plan.confidence_level) / 2))
    return float(ndtr(abs(mine.share - theirs.share) / error - quantile))
