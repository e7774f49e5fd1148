"""Ranks of agencies with what is known of them: simultaneous confidence sets, and groups that cannot be told apart.

An agency's rank is at least one more than the number of agencies that are better beyond doubt, and at most as many as
there are less those that are worse beyond doubt. With all pairs tested together (:mod:`analysis.rank_sets`) these sets
hold all true ranks at once, and wherever true indices tie, every rank that the tied could take.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby
from math import isfinite
from typing import TYPE_CHECKING

import numpy as np

from analysis.errors import AnalysisError
from analysis.intervals import check_level
from analysis.messages import N_
from analysis.rank_sets import better_pairs, spread
from analysis.results import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from analysis.arrays import BoolArray, FloatArray, IntArray
    from analysis.results import Estimate

NO_INDEX = N_("No index: no rank")
TOO_FEW = N_("Fewer than {minimum} respondents: no rank")
NO_ERROR = N_("How certain the index is cannot be told: no rank")

# Equal indices may differ in their last digits, according to the order in which they were summed.
SAME = 1e-12
# What correlations may be off by, having been divided.
ROUNDING = 1e-8


@dataclass(frozen=True, slots=True)
class Place:
    """Where one agency stands.

    Attributes
    ----------
    rank : int or None
        1 is the best; those who tie share the best rank among them. None without a rank.
    low, high : int or None
        Best and worst rank that the data do not rule out, for all agencies together.
    group : str or None
        "A" for the best; agencies of one group cannot be told apart. Those of different groups may not be either:
        `Ranking.differs` says.
    reason : str or None
        Why there is no rank, a message to translate and to fill with `minimum`; None where there is one.

    Examples
    --------
    >>> Place(rank=2, low=1, high=4, group="A").ranked
    True
    """

    rank: int | None = None
    low: int | None = None
    high: int | None = None
    group: str | None = None
    reason: str | None = None

    @property
    def ranked(self) -> bool:
        """Whether it has a rank."""
        return self.rank is not None


@dataclass(frozen=True, slots=True)
class Ranking:
    """The places of the agencies of one level.

    Attributes
    ----------
    places : tuple of Place
        In the order of the estimates.
    differs : ndarray of bool, shape (n, n)
        Which pairs differ beyond doubt, all pairs taken together; False where either has no rank.
    minimum_respondents : int
        Below it there is no rank.
    confidence_level : float
        Of all sets and all pairs together.

    Examples
    --------
    See :func:`rank_agencies`.
    """

    places: tuple[Place, ...]
    differs: BoolArray = field(compare=False)
    minimum_respondents: int
    confidence_level: float


def rank_agencies(
    estimates: Sequence[Estimate | None],
    *,
    correlation: ArrayLike | None = None,
    minimum_respondents: int = 30,
    confidence_level: float = 0.95,
) -> Ranking:
    """Rank agencies by their unrounded estimates, the largest first.

    Agencies without an estimate or a standard error, and those with few respondents, get no rank and do not count in
    the others'. Groups are made from the top: the next agency (with those that tie with it) joins while it differs
    from none of the group, otherwise it opens the next one.

    Parameters
    ----------
    estimates : sequence of Estimate or None
        Of agencies of one level; None where nobody answered.
    correlation : array_like, shape (n, n), optional
        Between the estimates, where PSUs have members in several agencies; NaN where it is not defined (an agency
        whose respondents all agree) counts as 0. By default they are independent.
    minimum_respondents : int
        At least 1.
    confidence_level : float
        The probability, at least, that all sets hold their true ranks.

    Returns
    -------
    Ranking

    Raises
    ------
    AnalysisError
        An option is not what it must be, or shares and other measures are mixed.

    References
    ----------
    .. [1] Mogstad, Romano, Shaikh & Wilhelm (2024), Inference for ranks with applications to mobility across
           neighbourhoods and academic achievement across countries, Review of Economic Studies 91,
           doi:10.1093/restud/rdad006 (sets from tests of all pairs).

    Examples
    --------
    >>> from analysis.results import Estimate, Kind
    >>> def share(favourable, respondents):
    ...     p = favourable / respondents
    ...     error = (p * (1 - p) / (respondents - 1)) ** 0.5
    ...     return Estimate(p, error, respondents - 1, respondents, sum_weights=respondents, kind=Kind.SHARE)
    >>> ranking = rank_agencies([share(95, 100), share(28, 40), share(12, 12), share(95, 100)])
    >>> for place in ranking.places:
    ...     print(place.rank, place.low, place.high, place.group, place.reason)
    1 1 2 A None
    3 3 3 B None
    None None None None Fewer than {minimum} respondents: no rank
    1 1 2 A None
    """
    check_level(confidence_level)
    if not minimum_respondents >= 1:
        raise AnalysisError(
            "a minimum of {minimum} respondents is no number of people: give 1 or more", minimum=minimum_respondents
        )
    reasons = [_reason(estimate, minimum_respondents) for estimate in estimates]
    usable = np.array([place for place, reason in enumerate(reasons) if reason is None], dtype=np.int64)
    ranked = [estimate for estimate, reason in zip(estimates, reasons, strict=True) if estimate and reason is None]
    between = None if correlation is None else _checked(correlation, len(estimates), usable)
    better = better_pairs(ranked, correlation=between, confidence_level=confidence_level)
    places = [Place(reason=reason) for reason in reasons]
    for place, found in zip(usable, _places(ranked, better), strict=True):
        places[place] = found
    differs = np.zeros((len(places), len(places)), dtype=np.bool_)
    differs[np.ix_(usable, usable)] = better | better.T
    return Ranking(tuple(places), differs, minimum_respondents, confidence_level)


def _reason(estimate: Estimate | None, minimum: int) -> str | None:
    if estimate is None or not isfinite(estimate.value):
        return NO_INDEX
    if estimate.respondents < minimum:
        return TOO_FEW
    error = estimate.standard_error
    # A share without spread is judged by its respondents; any other figure without spread is a pretended certainty.
    known = error is not None and isfinite(error) and (estimate.kind is Kind.SHARE or spread(estimate))
    return None if known and estimate.degrees_of_freedom > 0 else NO_ERROR


def _checked(correlation: ArrayLike, agencies: int, usable: IntArray) -> FloatArray:
    """The correlations of those who get a rank."""
    matrix = np.asarray(correlation, dtype=np.float64)
    if matrix.shape != (agencies, agencies):
        raise AnalysisError(
            "the correlations of {agencies} agencies are a square of as many rows, not of shape {shape}",
            agencies=agencies,
            shape=matrix.shape,
        )
    between = matrix[np.ix_(usable, usable)]
    between = np.where(np.isnan(between), np.eye(len(usable)), between)
    symmetric = np.allclose(between, between.T, rtol=0, atol=ROUNDING)
    if not (symmetric and np.allclose(np.diag(between), 1) and (np.abs(between) <= 1 + ROUNDING).all()):
        raise AnalysisError(
            "correlations are symmetric, within -1 and 1, and 1 on the diagonal: divide covariances by both errors"
        )
    return between


def _places(estimates: Sequence[Estimate], better: BoolArray) -> list[Place]:
    ranks = _ranks(np.array([estimate.value for estimate in estimates]))
    lows, highs = 1 + better.sum(axis=0), len(ranks) - better.sum(axis=1)
    groups = _groups(ranks, better | better.T)
    columns = zip(ranks.tolist(), lows.tolist(), highs.tolist(), groups, strict=True)
    return [Place(rank, low, high, group) for rank, low, high, group in columns]


def _ranks(values: FloatArray) -> IntArray:
    """Standard competition ranks: 1, 2, 2, 4."""
    order = np.argsort(-values, kind="stable")
    fallen = -np.diff(values[order], prepend=np.inf) > SAME * np.maximum(1, np.abs(values[order]))
    ranks = np.empty(len(values), dtype=np.int64)
    ranks[order] = np.maximum.accumulate(np.where(fallen, np.arange(1, len(values) + 1), 0))
    return ranks


def _groups(ranks: IntArray, differs: BoolArray) -> list[str]:
    labels = [""] * len(ranks)
    group = 0
    barred = np.zeros(len(ranks), dtype=np.bool_)
    in_order = sorted(range(len(ranks)), key=lambda place: int(ranks[place]))
    for _, tied in groupby(in_order, key=lambda place: int(ranks[place])):
        block = list(tied)
        if barred[block].any():
            group, barred = group + 1, np.zeros_like(barred)
        for place in block:
            barred |= differs[place]
            labels[place] = _letters(group)
    return labels


def _letters(number: int) -> str:
    """A to Z, then AA, AB and so on."""
    more, last = divmod(number, 26)
    return (_letters(more - 1) if more else "") + chr(ord("A") + last)
