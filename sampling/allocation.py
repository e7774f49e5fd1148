r"""Sharing a sample out among strata.

Every method is a rule for how much each stratum is to get in proportion; the sample is then shared out by the rule as
far as minima and the strata's own sizes allow, and rounded so that the parts add up. The rules, for a stratum of N
units with standard deviation S, cost c, coefficient of variation cv and importance X:

============  =======================  ==========================================================
equal         1                        the same precision for each
proportional  N                        equal chances for everyone
neyman        N S                      the best mean of all for this number of units
optimum       N S / sqrt(c)            the best mean of all for this cost
power         X^a cv                   between the two aims: a = 0 for each, a = 1 for all
sqrt          sqrt(N)                  the same compromise where nothing but sizes is known
============  =======================  ==========================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sampling.arrays import total as exact_sum
from sampling.errors import SamplingError
from sampling.rounding import largest_remainder
from sampling.sharing import shared_out

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import ArrayLike

    from sampling.arrays import BoolArray, FloatArray, IntArray
    from sampling.strata import Strata


@dataclass(frozen=True, slots=True, eq=False)
class Allocation:
    """How many units each stratum gets.

    Attributes
    ----------
    strata : Strata
    n : ndarray of int, shape (H,)
    exact : ndarray of float, shape (H,)
        Before rounding.
    """

    strata: Strata
    n: IntArray
    exact: FloatArray

    @property
    def total(self) -> int:
        """Units in the whole sample."""
        return int(self.n.sum())

    @property
    def sampling_fractions(self) -> FloatArray:
        """Share of each stratum that is drawn."""
        return self.n / self.strata.sizes

    @property
    def by_name(self) -> dict[str, int]:
        """Units by stratum, as :func:`sampling.selection.stratified` takes them."""
        return dict(zip(self.strata.names, self.n.tolist(), strict=True))

    @property
    def take_all(self) -> tuple[str, ...]:
        """Strata that are taken whole."""
        return self._names(self.n == self.strata.sizes)

    @property
    def unmeasurable(self) -> tuple[str, ...]:
        """Strata with fewer than two units of several: no variance can be estimated from them."""
        return self._names((self.n < 2) & (self.n < self.strata.sizes))  # noqa: PLR2004 - a variance takes two.

    def _names(self, where: BoolArray) -> tuple[str, ...]:
        return tuple(self.strata.names[place] for place in np.flatnonzero(where))


def allocate(
    strata: Strata, total: int, *, method: str = "proportional", minimum: int = 0, exponent: float = 0.5
) -> Allocation:
    """Share a sample out among strata.

    Where a minimum or a stratum's own size stands in the way, what is left is shared out again by the same rule among
    the others; for Neyman's and the optimum rule that is the best allocation within these limits.

    Parameters
    ----------
    strata : Strata
        With the columns that the method needs.
    total : int
        Units in the whole sample.
    method : str
        One of :data:`METHODS`.
    minimum : int
        Least number of units in a stratum; one with fewer is taken whole.
    exponent : float
        a of the power rule, from 0 to 1.

    Returns
    -------
    Allocation

    Raises
    ------
    SamplingError
        If the method is unknown or lacks a column, or the total is more than the strata have or less than the minima.

    References
    ----------
    .. [1] Cochran (1977), Sampling Techniques, 3rd ed., Wiley, ch. 5.
    .. [2] Neyman (1934), On the two different aspects of the representative method, JRSS 97, 558-625.
    .. [3] Bankier (1988), Power allocations: determining sample sizes for subnational areas, The American
       Statistician 42, 174-177.
    .. [4] Stenger & Gabler (2005), Combining random sampling and census strategies, Metrika 61, 137-156.

    Examples
    --------
    The counties of the United States by region (Lohr, Sampling: Design and Analysis, data ``agstrat``):

    >>> from sampling.strata import strata
    >>> counties = strata(["NE", "NC", "S", "W"], [220, 1054, 1382, 422])
    >>> allocate(counties, 300).by_name
    {'NE': 21, 'NC': 103, 'S': 135, 'W': 41}
    """
    rule = METHODS.get(method)
    if rule is None:
        raise SamplingError(
            "there is no method {method}: choose one of {choices}", method=method, choices=", ".join(METHODS)
        )
    if not 0 <= exponent <= 1:
        raise SamplingError("the exponent {value} must be within 0 and 1", value=exponent)
    lower = least(strata, minimum)
    _check_total(total, strata, lower)
    exact = shared_out(rule(strata, exponent), float(total), lower=lower, upper=strata.sizes, otherwise=strata.sizes)
    return Allocation(strata, largest_remainder(exact, total, upper=strata.sizes), exact)


def optimum_for_budget(strata: Strata, budget: float, *, minimum: int = 0) -> Allocation:
    r"""The allocation with the smallest variance of the mean that a budget pays for.

    .. math:: n_h \propto N_h S_h / \sqrt{c_h}, \qquad \sum c_h n_h \le C

    Parameters
    ----------
    strata : Strata
        With standard deviations and costs.
    budget : float
        C: what the units may cost together, in the unit of the costs.
    minimum : int
        Least number of units in a stratum; one with fewer is taken whole.

    Returns
    -------
    Allocation
        Rounded down, then one more where it lowers the variance most for its cost, while the budget lasts.

    Raises
    ------
    SamplingError
        If a column is missing or the minima alone cost more than the budget.

    References
    ----------
    .. [1] Cochran (1977), Sampling Techniques, 3rd ed., Wiley, section 5.5.

    Examples
    --------
    An exercise of Cochran's chapter 5: weights 0.4 and 0.6, deviations 10 and 20, costs of 4 and 9 dollars; 1,936
    dollars buy a variance of 1.

    >>> from sampling.strata import strata
    >>> found = optimum_for_budget(strata(["1", "2"], [4000, 6000], deviations=[10, 20], costs=[4, 9]), 1936)
    >>> found.by_name
    {'1': 88, '2': 176}
    """
    costs = strata.required("costs", method="optimum")
    weights = strata.required("deviations", method="optimum") * strata.sizes
    lower = least(strata, minimum)
    if exact_sum(costs * lower) > budget:
        raise SamplingError(
            "the minimum of {minimum} in every stratum costs {cost}, more than the budget {budget}: lower the minimum",
            minimum=minimum,
            cost=exact_sum(costs * lower),
            budget=budget,
        )
    # In units of money the rule is N S sqrt(c), within what each stratum's least and all its units cost.
    money = min(budget, exact_sum(costs * strata.sizes))
    spent = shared_out(
        weights * np.sqrt(costs), money, lower=costs * lower, upper=costs * strata.sizes, otherwise=costs * strata.sizes
    )
    exact = spent / costs
    return Allocation(strata, _spend(strata, exact, budget, weights), exact)


def variance_of_mean(strata: Strata, n: ArrayLike) -> float:
    r"""Variance of the stratified mean under an allocation.

    .. math:: V = \sum_h \left(\frac{N_h}{N}\right)^2 \left(1 - \frac{n_h}{N_h}\right) \frac{S_h^2}{n_h}

    Parameters
    ----------
    strata : Strata
        With standard deviations.
    n : array_like, shape (H,)
        Units by stratum.

    Returns
    -------
    float
        Infinite if a stratum that varies gets no unit.

    Raises
    ------
    SamplingError
        If the standard deviations are missing.

    References
    ----------
    .. [1] Cochran (1977), Sampling Techniques, 3rd ed., Wiley, theorem 5.3.

    Examples
    --------
    >>> from sampling.strata import strata
    >>> variance_of_mean(strata(["a", "b"], [50, 50], deviations=[2, 4]), [10, 10])
    0.4
    """
    deviations, units = strata.required("deviations", method="variance"), np.asarray(n, dtype=float)
    shares = strata.sizes / strata.population
    varies = deviations > 0
    if (units[varies] == 0).any():
        return np.inf
    parts = (shares * deviations)[varies] ** 2 * (1 / units[varies] - 1 / strata.sizes[varies])
    return exact_sum(parts)


def least(strata: Strata, minimum: int) -> IntArray:
    """The least number of units in each stratum: the minimum, or all there are.

    Examples
    --------
    >>> from sampling.strata import strata
    >>> least(strata(["a", "b"], [1, 50]), 2).tolist()
    [1, 2]
    """
    if minimum < 0:
        raise SamplingError("the minimum {value} cannot be negative", value=minimum)
    return np.minimum(minimum, strata.sizes)


def _check_total(total: int, strata: Strata, lower: IntArray) -> None:
    if total < 1:
        raise SamplingError("a sample of {total} is no sample: ask for at least one unit", total=total)
    if total > strata.population:
        raise SamplingError(
            "{total} units are asked for and the strata have {population}: ask for at most {population}",
            total=total,
            population=strata.population,
        )
    if int(lower.sum()) > total:
        raise SamplingError(
            "{total} units do not reach the minimum in {strata} strata, which takes {needed}: "
            "ask for more units or lower the minimum",
            total=total,
            strata=len(strata),
            needed=int(lower.sum()),
        )


def _spend(strata: Strata, exact: FloatArray, budget: float, weights: FloatArray) -> IntArray:
    """Whole units within the budget. Assumes arguments already checked."""
    costs = strata.required("costs", method="optimum")
    n = np.floor(exact + 1e-9).astype(np.int64)
    left = budget - exact_sum(costs * n)
    while ((costs <= left * (1 + 1e-12)) & (n < strata.sizes) & (weights > 0)).any():
        # One more unit takes w²/n(n+1) off the variance; a stratum still without any comes first.
        gains = np.where(n > 0, weights**2 / (np.maximum(n, 1) * (n + 1.0)), np.inf) / costs
        possible = (costs <= left * (1 + 1e-12)) & (n < strata.sizes) & (weights > 0)
        best = int(np.argmax(np.where(possible, gains, -1.0)))
        n[best] += 1
        left -= costs[best]
    return n


def _equal(strata: Strata, _exponent: float) -> FloatArray:
    return np.ones(len(strata))


def _proportional(strata: Strata, _exponent: float) -> FloatArray:
    return strata.sizes.astype(float)


def _neyman(strata: Strata, _exponent: float) -> FloatArray:
    return strata.sizes * strata.required("deviations", method="neyman")


def _optimum(strata: Strata, _exponent: float) -> FloatArray:
    costs = strata.required("costs", method="optimum")
    return strata.sizes * strata.required("deviations", method="optimum") / np.sqrt(costs)


def _power(strata: Strata, exponent: float) -> FloatArray:
    measures = strata.sizes if strata.measures is None else strata.measures
    return measures**exponent * strata.required("variations", method="power")


def _square_root(strata: Strata, _exponent: float) -> FloatArray:
    return np.sqrt(strata.sizes)


METHODS: Mapping[str, Callable[[Strata, float], FloatArray]] = {
    "proportional": _proportional,
    "equal": _equal,
    "neyman": _neyman,
    "optimum": _optimum,
    "power": _power,
    "sqrt": _square_root,
}
