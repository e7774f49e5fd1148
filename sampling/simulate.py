"""A plan's fieldwork done many times before money is spent: margins, coverage, and who can be told apart.

Estimates and standard errors are those that the analysis will have: ratios of weighted totals and their linearised
variance over primary units as if drawn with replacement. Intervals are its logit intervals.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, logit, stdtrit

from sampling.errors import SamplingError
from sampling.simulated_places import SUMS, Fieldwork

if TYPE_CHECKING:
    from collections.abc import Callable

    from sampling.arrays import FloatArray, IntArray
    from sampling.plan import Plan

FEWEST, MOST = 2, 10_000
# Uniform numbers in memory at a time: 64 MB.
_AT_A_TIME = 8_000_000
_BLOCK = 500


@dataclass(frozen=True, slots=True, eq=False)
class Simulated:
    """What the replications came to; g agencies and then the province, R replications, d dimensions.

    Attributes
    ----------
    plan : Plan
    truth : ndarray, shape (g + 1, d)
        Shares of the population.
    estimate, standard_error, low, high : ndarray, shape (R, g + 1, d)
    respondents : ndarray of int, shape (R, g + 1)
    degrees_of_freedom : ndarray, shape (g + 1,)
        Units drawn less strata; respondents where people are drawn from a list.
    """

    plan: Plan
    truth: FloatArray
    estimate: FloatArray
    standard_error: FloatArray
    low: FloatArray
    high: FloatArray
    respondents: IntArray
    degrees_of_freedom: FloatArray

    @property
    def margins(self) -> FloatArray:
        """Half the width of each interval, shape (R, g + 1, d)."""
        return (self.high - self.low) / 2

    @property
    def coverage(self) -> FloatArray:
        """How often the intervals hold the truth, shape (g + 1, d)."""
        found: FloatArray = ((self.low <= self.truth) & (self.truth <= self.high)).mean(axis=0)
        return found


def simulate(
    plan: Plan,
    *,
    rng: np.random.Generator,
    replications: int = 500,
    progress: Callable[[float], object] | None = None,
) -> Simulated:
    """Do the fieldwork of a plan many times.

    Parameters
    ----------
    plan : Plan
    rng : numpy.random.Generator
        Each stratum gets a generator of its own from it. Only uniform numbers are asked of them.
    replications : int
        From 2 to 10,000.
    progress : callable, optional
        Is told the share that is done.

    Returns
    -------
    Simulated

    Raises
    ------
    SamplingError
        If `replications` is out of its range.

    Examples
    --------
    >>> from sampling.plan import Plan, PlannedDimension, PlannedStratum
    >>> whole = PlannedStratum("a", "A", "a", "A", "commune", 5000, 40, 10, 200, 1.0, (0.8,))
    >>> one = Plan("Test", "q", 0.95, 1, 0.05, "q1", (PlannedDimension("q1", "Q1", icc=0.05),), (whole,))
    >>> found = simulate(one, rng=np.random.Generator(np.random.PCG64(1)), replications=200)
    >>> round(float(found.estimate.mean()), 2), found.degrees_of_freedom.tolist()
    (0.8, [19.0, 19.0])
    """
    if not FEWEST <= replications <= MOST:
        raise SamplingError(
            "{value} replications: ask for {fewest} to {most}", value=replications, fewest=FEWEST, most=MOST
        )
    agencies = list(plan.agencies)
    agency_of = [agencies.index(stratum.agency) for stratum in plan.strata]
    kept = _Kept(len(agencies), replications, len(plan.dimensions))
    done, work = 0, replications * len(plan.strata)
    generators = rng.spawn(len(plan.strata))
    fieldworks = [Fieldwork(plan, stratum) for stratum in plan.strata]
    for start in range(0, replications, _BLOCK):
        block = slice(start, min(start + _BLOCK, replications))
        sums = np.zeros((SUMS, block.stop - block.start, len(agencies) + 1, len(plan.dimensions)))
        for fieldwork, own, agency in zip(fieldworks, generators, agency_of, strict=True):
            _add(fieldwork, own, sums, kept.respondents[block], agency)
            done += block.stop - block.start
            if progress is not None:
                progress(done / work)
        kept.estimate[block], kept.error[block] = _ratios(sums, kept.respondents[block])
    freedom = _freedom(fieldworks, agency_of, len(agencies))
    low, high = logit_intervals(
        kept.estimate, kept.error, kept.respondents[:, :, None], freedom[:, None], level=plan.confidence_level
    )
    return Simulated(plan, _truth(plan, agency_of), kept.estimate, kept.error, low, high, kept.respondents, freedom)


def logit_intervals(
    share: FloatArray, error: FloatArray, respondents: IntArray, freedom: FloatArray, *, level: float
) -> tuple[FloatArray, FloatArray]:
    """The analysis' intervals: t on the logit scale; at 0 and 1 Korn and Graubard's.

    Parameters
    ----------
    share, error, respondents, freedom : ndarray
        That broadcast to one shape.
    level : float

    Returns
    -------
    low, high : ndarray

    Examples
    --------
    >>> low, high = logit_intervals(np.array([0.9]), np.array([0.03]), np.array([100]), np.array([40.0]), level=0.95)
    >>> low.round(4).tolist(), high.round(4).tolist()
    ([0.8211], [0.9464])
    """
    tail = (1 - level) / 2
    t = stdtrit(freedom, 1 - tail)
    edge = (share <= 0) | (share >= 1)
    inner = np.where(edge, 0.5, share)
    half = t * error / (inner * (1 - inner))
    # At the edge p = 1 the beta quantile has a closed form: tail ** (1 / n).
    effective = respondents * (stdtrit(np.maximum(respondents - 1, 1), 1 - tail) / t) ** 2
    with np.errstate(divide="ignore"):
        far = tail ** (1 / np.maximum(effective, 1e-9))
    low = np.where(edge, np.where(share >= 1, far, 0.0), expit(logit(inner) - half))
    high = np.where(edge, np.where(share >= 1, 1.0, 1 - far), expit(logit(inner) + half))
    return low, high


class _Kept:
    def __init__(self, agencies: int, replications: int, dimensions: int) -> None:
        shape = (replications, agencies + 1, dimensions)
        self.estimate, self.error = np.empty(shape), np.empty(shape)
        self.respondents = np.zeros((replications, agencies + 1), dtype=np.int64)


def _add(fieldwork: Fieldwork, rng: np.random.Generator, sums: FloatArray, respondents: IntArray, agency: int) -> None:
    """A block of replications of one stratum, added to its agency and to the province."""
    step = max(1, _AT_A_TIME // fieldwork.width)
    for start in range(0, sums.shape[1], step):
        part = slice(start, min(start + step, sums.shape[1]))
        found, answered = fieldwork.sums(rng.random((part.stop - part.start, fieldwork.width)))
        for place in (agency, -1):
            sums[:, part, place] += found
            respondents[part, place] += answered


def _ratios(sums: FloatArray, respondents: IntArray) -> tuple[FloatArray, FloatArray]:
    """Ratios and their linearised standard errors. Nobody at all answering counts as a share of one half."""
    total, base, ss, aa, sa = sums
    share = np.divide(total, base, out=np.full_like(total, 0.5), where=base > 0)
    square = np.where(base > 0, base, 1.0) ** 2
    variance = np.maximum(ss - 2 * share * sa + share**2 * aa, 0.0) / square
    # Units that agree by chance: between respondents, as the analysis has it.
    alone = share * (1 - share) / np.maximum(respondents - 1, 1)[:, :, None]
    agree = (variance <= 1e-12 * alone) & (share > 0) & (share < 1)
    return share, np.sqrt(np.where(agree, alone, variance))


def _freedom(fieldworks: list[Fieldwork], agency_of: list[int], agencies: int) -> FloatArray:
    freedom = np.zeros(agencies + 1)
    for fieldwork, agency in zip(fieldworks, agency_of, strict=True):
        units = fieldwork.units if fieldwork.there else fieldwork.invitations * fieldwork.response_rate
        freedom[agency] += units - 1
        freedom[-1] += units - 1
    return np.maximum(freedom, 1.0)


def _truth(plan: Plan, agency_of: list[int]) -> FloatArray:
    shares = np.array([stratum.shares for stratum in plan.strata])
    people = np.array([float(stratum.population) for stratum in plan.strata])
    truth = np.empty((max(agency_of) + 2, shares.shape[1]))
    for agency in range(len(truth) - 1):
        mine = np.array(agency_of) == agency
        truth[agency] = (people[mine, None] * shares[mine]).sum(axis=0) / people[mine].sum()
    truth[-1] = (people[:, None] * shares).sum(axis=0) / people.sum()
    return truth
