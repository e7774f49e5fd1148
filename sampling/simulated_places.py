r"""Primary units as a plan assumes them, and one stratum's fieldwork done many times.

The A units of a stratum are the same in every replication. Their shares are quantiles of the beta distribution with
mean p and variance :math:`\tau p(1-p)`, brought to that mean and that variance (divisor A - 1), so that the population
has exactly the share and the correlation that the plan states.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import betaincinv

if TYPE_CHECKING:
    from sampling.arrays import BoolArray, FloatArray, IntArray
    from sampling.plan import Plan, PlannedDimension, PlannedStratum

# Weights differ at most so far below 1; a larger weighting effect comes from rarer, larger weights.
_LIGHTEST = 0.8
# Sums of one stratum: Σws, Σwa, and the centred Σ(ws)², Σ(wa)², Σ(ws)(wa) times a/(a-1).
SUMS = 5


def place_shares(share: float, dimension: PlannedDimension, count: int) -> FloatArray:
    """Shares of the primary units of a stratum.

    Parameters
    ----------
    share : float
        Of the stratum.
    dimension : PlannedDimension
    count : int
        A, at least 2.

    Returns
    -------
    ndarray of float, shape (count,)
        Ascending. Where a share near 0 or 1 leaves no room for the correlation, they vary as far as there is room.

    Examples
    --------
    >>> from sampling.plan import PlannedDimension
    >>> shares = place_shares(0.8, PlannedDimension("q", "Q", icc=0.05), 20)
    >>> round(float(shares.mean()), 9), round(float(shares.var(ddof=1) / (0.8 * 0.2)), 9)
    (0.8, 0.05)
    """
    correlation = dimension.place_correlation
    if not correlation:
        return np.full(count, share)
    strength = 1 / correlation - 1
    found = betaincinv(share * strength, (1 - share) * strength, (np.arange(count) + 0.5) / count)
    deviation = found - found.mean()
    spread = math.sqrt(correlation * share * (1 - share) / deviation.var(ddof=1))
    room = min((1 - share) / deviation.max(), -share / deviation.min())
    shares: FloatArray = share + min(spread, room) * deviation
    return shares


class Fieldwork:
    """One stratum's fieldwork. Assumes a plan already checked.

    A replication takes `width` numbers from the generator, whatever is done with them, so that the results do not
    depend on how many replications are done at a time.

    Parameters
    ----------
    plan : Plan
    stratum : PlannedStratum
    """

    def __init__(self, plan: Plan, stratum: PlannedStratum) -> None:
        self.invitations = stratum.size.invitations
        self.units = stratum.psus_drawn or self.invitations
        self.there = stratum.psus or 0
        self.response_rate = stratum.response_rate
        self.base_weight = stratum.population / stratum.expected_respondents
        self.effect = plan.weighting_effect
        self.dimensions = plan.dimensions
        self.shares = [
            place_shares(share, one, self.there) if self.there else np.array([share])
            for one, share in zip(plan.dimensions, stratum.shares, strict=True)
        ]
        self.unit: IntArray = np.arange(self.invitations) * self.units // self.invitations
        self.firsts: IntArray = np.searchsorted(self.unit, np.arange(self.units))
        answers = sum(one.items + 1 for one in plan.dimensions)
        self.width = self.there + self.units + self.invitations * (1 + answers)

    def sums(self, numbers: FloatArray) -> tuple[FloatArray, IntArray]:
        """What analysis would sum, and who answered.

        Parameters
        ----------
        numbers : ndarray of float, shape (r, width)
            Uniform on 0 to 1.

        Returns
        -------
        sums : ndarray, shape (5, r, d)
        respondents : ndarray of int, shape (r,)
        """
        answering, weight, drawn, left = self.who(numbers)
        found = np.empty((SUMS, len(numbers), len(self.dimensions)))
        for place, dimension in enumerate(self.dimensions):
            taken, left = self._cut(left, dimension.items + 1)
            # People of a list have one share, those of a unit that unit's.
            share = self.shares[place][drawn][:, self.unit] if self.there else self.shares[place]
            favourable = favourable_answers(taken, share, dimension)
            totals = weight * self._by_unit(favourable * answering)
            given = weight * self._by_unit(answering * dimension.items)
            found[:, :, place] = _summed(totals, given, self.units)
        return found, answering.sum(axis=1)

    def who(self, numbers: FloatArray) -> tuple[BoolArray, FloatArray, IntArray, FloatArray]:
        """Who answers, the weight of each unit drawn, which units they are, and the numbers left for the answers."""
        keys, rest = numbers[:, : self.there], numbers[:, self.there :]
        drawn = np.argsort(keys, axis=1, kind="stable")[:, : self.units]
        weight = self.base_weight * _unequal(rest[:, : self.units], self.effect)
        people = rest[:, self.units :]
        answering = people[:, : self.invitations] < self.response_rate
        return answering, weight, drawn, people[:, self.invitations :]

    def _cut(self, numbers: FloatArray, items: int) -> tuple[FloatArray, FloatArray]:
        width = items * self.invitations
        return numbers[:, :width].reshape(len(numbers), items, self.invitations), numbers[:, width:]

    def _by_unit(self, values: FloatArray | IntArray) -> FloatArray:
        return np.add.reduceat(values, self.firsts, axis=1).astype(float)


def favourable_answers(numbers: FloatArray, share: FloatArray, dimension: PlannedDimension) -> IntArray:
    """How many of a person's answers are favourable: with some probability all alike, otherwise each on its own.

    Parameters
    ----------
    numbers : ndarray of float, shape (r, items + 1, people)
        Uniform on 0 to 1.
    share : ndarray of float, that broadcasts to (r, people)
    dimension : PlannedDimension

    Returns
    -------
    ndarray of int, shape (r, people)

    Examples
    --------
    >>> from sampling.plan import PlannedDimension
    >>> numbers = np.array([[[0.9], [0.1], [0.95]]])
    >>> favourable_answers(numbers, np.array([0.5]), PlannedDimension("q", "Q", items=2, item_correlation=0.3)).tolist()
    [[1]]
    """
    places = dimension.place_correlation
    alike = numbers[:, 0] < (dimension.item_correlation - places) / (1 - places)
    favourable = numbers[:, 1:] < np.asarray(share)[..., None, :]
    if dimension.items == 1:
        return favourable[:, 0].astype(np.int64)
    each = favourable.sum(axis=1)
    return np.where(alike, dimension.items * favourable[:, 0], each)


def _unequal(numbers: FloatArray, effect: float) -> FloatArray:
    """Two weights around 1 with 1 + cv² equal to the effect, one a unit."""
    excess = effect - 1
    if not excess:
        return np.ones(numbers.shape)
    below = min(math.sqrt(excess), _LIGHTEST)
    heavy = below**2 / (below**2 + excess)
    return np.where(numbers < heavy, 1 + below * (1 - heavy) / heavy, 1 - below)


def _summed(totals: FloatArray, given: FloatArray, units: int) -> FloatArray:
    total, base = totals.sum(axis=1), given.sum(axis=1)
    s, a = totals - total[:, None] / units, given - base[:, None] / units
    scale = units / (units - 1)
    return np.stack(
        [total, base, scale * (s * s).sum(axis=1), scale * (a * a).sum(axis=1), scale * (s * a).sum(axis=1)]
    )
