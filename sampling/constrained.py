r"""The cheapest allocation that keeps every promise: a largest coefficient of variation for each domain and question.

.. math:: \min \sum_h c_h n_h \quad\text{subject to}\quad
          \sum_{h \in d} N_h^2 S_{hd}^2 \left(\frac{1}{n_h} - \frac{1}{N_h}\right) \le (CV_d \, Y_d)^2, \qquad
          l_h \le n_h \le N_h

This is the problem of Bethel (1989) and Chromy (1987) with limits on each stratum. Both find multipliers, one for each
promise, by repeated substitution; here they are the maximum of the dual, a smooth concave function of so many variables
as there are promises, and the dual's value proves how far the result is from the best.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import brentq, minimize

from sampling.allocation import Allocation, least
from sampling.arrays import total as exact_sum
from sampling.errors import SamplingError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from sampling.arrays import FloatArray, IntArray
    from sampling.strata import Strata

# Promises may be missed by this much, relatively, before whole units are made of the numbers.
_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """A promise: the estimate of one question in one domain is to be this precise.

    Attributes
    ----------
    name : str
        For messages, as "xã Ea Ô, thủ tục".
    variation : float
        The largest coefficient of variation of the estimated mean, as 0.05.
    means : array_like of float, shape (H,)
        Expected means, or shares, by stratum; NaN where a stratum is outside the domain.
    deviations : array_like of float, shape (H,)
        Expected standard deviations by stratum.
    """

    name: str
    variation: float
    means: ArrayLike
    deviations: ArrayLike


@dataclass(frozen=True, slots=True, eq=False)
class Constrained:
    """The cheapest allocation that keeps the promises.

    Attributes
    ----------
    allocation : Allocation
    cost : float
        Of its whole units.
    least_cost : float
        No allocation of real numbers that keeps the promises costs less than this (value of the dual).
    variations : dict of str to float
        The coefficients of variation that it gives.
    relaxed : float
        By what factor the promises had to be widened to stay within the budget; 1 without.
    """

    allocation: Allocation
    cost: float
    least_cost: float
    variations: dict[str, float]
    relaxed: float = 1.0


def constrained(
    strata: Strata, targets: Sequence[Target], *, minimum: int = 2, budget: float | None = None
) -> Constrained:
    """The cheapest allocation that keeps every promise, or the best that a budget can do.

    Parameters
    ----------
    strata : Strata
        With costs, or every unit costs 1.
    targets : sequence of Target
        At least one; a stratum may be in several domains.
    minimum : int
        Least number of units in a stratum; one with fewer is taken whole.
    budget : float, optional
        What the units may cost together. If the promises cost more, all of them are widened by the same factor.

    Returns
    -------
    Constrained
        Its whole numbers keep the promises too.

    Raises
    ------
    SamplingError
        If a promise is not a coefficient of variation above zero, a mean is zero, or the budget does not pay for the
        minima.

    References
    ----------
    .. [1] Bethel (1989), Sample allocation in multivariate surveys, Survey Methodology 15, 47-57.
    .. [2] Chromy (1987), Design optimization with multiple objectives, Proceedings of the Section on Survey Research
       Methods, American Statistical Association, 194-199.

    Examples
    --------
    >>> from sampling.strata import share_deviations, strata
    >>> agencies = strata(["phường", "xã"], [2000, 9000], costs=[1, 2])
    >>> shares = [0.8, 0.9]
    >>> s = share_deviations(shares, agencies.sizes)
    >>> each = [Target("phường", 0.03, [0.8, np.nan], s), Target("xã", 0.03, [np.nan, 0.9], s)]
    >>> found = constrained(agencies, [*each, Target("tỉnh", 0.01, shares, s)])
    >>> found.allocation.by_name
    {'phường': 351, 'xã': 837}
    >>> {name: round(cv, 4) for name, cv in found.variations.items()}
    {'phường': 0.0242, 'xã': 0.011, 'tỉnh': 0.01}
    """
    problem = _problem(strata, targets, minimum)
    factor = 1.0 if budget is None else _relaxation(problem, budget)
    exact, least_cost = problem.solved(factor)
    n = _whole_units(problem, exact, factor, budget)
    allocation = Allocation(strata, n, exact)
    reached = np.sqrt(np.maximum(problem.variances(n), 0.0))
    variations = {target.name: float(value) for target, value in zip(targets, reached, strict=True)}
    return Constrained(allocation, exact_sum(problem.costs * n), least_cost, variations, factor)


@dataclass(frozen=True, slots=True, eq=False)
class _Problem:
    """Promises as relative variances: `spread` (J, H) over n, less `fixed` (J,), at most `limits` (J,)."""

    spread: FloatArray
    fixed: FloatArray
    limits: FloatArray
    costs: FloatArray
    lower: FloatArray
    upper: FloatArray

    def variances(self, n: NDArray[np.float64] | IntArray) -> FloatArray:
        # A stratum without units is one without spread.
        relative: FloatArray = self.spread @ (1 / np.maximum(n, 1e-300)) - self.fixed
        return relative

    def solved(self, factor: float) -> tuple[FloatArray, float]:
        """The best real numbers for promises widened by a factor, and the dual's value."""
        bound = self.limits * factor**2 + self.fixed
        scale = bound / np.maximum(self.spread.sum(axis=1), 1e-300)
        # The multipliers are searched on the scale of what each promise alone would cost.
        unit = np.array([self._alone(row, limit) for row, limit in zip(self.spread, bound, strict=True)]) / bound
        worth = float(max((unit * bound).max(), 1e-300))

        def opposite(multipliers: FloatArray) -> tuple[float, FloatArray]:
            n = self.best(multipliers * unit)
            missed = self.spread @ (1 / n) - bound
            value = float(self.costs @ n + (multipliers * unit) @ missed)
            return -value / worth, -missed * unit / worth

        found = minimize(
            opposite,
            np.ones(len(scale)),
            jac=True,
            method="L-BFGS-B",
            bounds=[(0, None)] * len(scale),
            options={"maxiter": 20_000, "maxfun": 100_000, "ftol": 0.0, "gtol": _TOLERANCE / 10, "maxcor": 30},
        )
        n = self.best(found.x * unit)
        return self._kept(n, bound), float(-found.fun * worth)

    def best(self, multipliers: FloatArray) -> FloatArray:
        """Cheapest numbers when variance has these prices."""
        lower = np.maximum(self.lower, 1e-12 * self.upper)
        return np.clip(np.sqrt(multipliers @ self.spread / self.costs), lower, self.upper)

    def _alone(self, spread: FloatArray, bound: float) -> float:
        return float(exact_sum(np.sqrt(spread * self.costs)) ** 2 / bound)

    def _kept(self, n: FloatArray, bound: FloatArray) -> FloatArray:
        """Raised by the last digits by which the search may have missed a promise."""
        missed = float(max((self.spread @ (1 / n) / bound).max(), 1.0))
        return np.minimum(n * missed, self.upper)


def _problem(strata: Strata, targets: Sequence[Target], minimum: int) -> _Problem:
    if not targets:
        raise SamplingError("there is no target: say how precise which estimate must be")
    rows = [_relative(target, strata) for target in targets]
    spread = np.array(rows)
    return _Problem(
        spread,
        exact_rows(spread / strata.sizes),
        np.array([target.variation**2 for target in targets]),
        np.ones(len(strata)) if strata.costs is None else strata.costs,
        least(strata, minimum).astype(float),
        strata.sizes.astype(float),
    )


def exact_rows(table: FloatArray) -> FloatArray:
    """Exactly rounded sums of the rows.

    Examples
    --------
    >>> exact_rows(np.array([[0.1, 0.2], [1.0, 2.0]]))
    array([0.3, 3. ])
    """
    return np.array([exact_sum(row) for row in table])


def _relative(target: Target, strata: Strata) -> FloatArray:
    means, deviations = np.asarray(target.means, dtype=float), np.asarray(target.deviations, dtype=float)
    inside = ~np.isnan(means)
    whole = exact_sum(strata.sizes[inside] * means[inside])
    if not (target.variation > 0 and np.isfinite(target.variation)):
        raise SamplingError(
            "{target}: the coefficient of variation {value} must be above zero, as 0.05",
            target=target.name,
            value=target.variation,
        )
    if whole == 0 or not np.isfinite(whole):
        raise SamplingError(
            "{target}: the expected mean is zero or missing, so that no coefficient of variation can be promised",
            target=target.name,
        )
    spread = np.zeros(len(strata))
    spread[inside] = (strata.sizes[inside] * deviations[inside] / whole) ** 2
    return spread


def _relaxation(problem: _Problem, budget: float) -> float:
    if exact_sum(problem.costs * problem.lower) > budget:
        raise SamplingError(
            "the minima alone cost {cost}, more than the budget {budget}: lower the minimum",
            cost=exact_sum(problem.costs * problem.lower),
            budget=budget,
        )

    def over(log_factor: float) -> float:
        return exact_sum(problem.costs * problem.solved(float(np.exp(log_factor)))[0]) - budget

    if over(0.0) <= 0:
        return 1.0
    widest = 1.0
    while over(widest) > 0:
        widest += 1.0
    return float(np.exp(brentq(over, widest - 1.0, widest, xtol=1e-10)))


def _whole_units(problem: _Problem, exact: FloatArray, factor: float, budget: float | None) -> IntArray:
    """Rounded up, then one less wherever all promises stay kept, the dearest first."""
    n = np.minimum(np.ceil(exact - 1e-9), problem.upper).astype(np.int64)
    if budget is not None and factor > 1:
        return _within_budget(problem, exact, budget)
    limits = problem.limits * factor**2 * (1 + _TOLERANCE)
    for place in np.argsort(-problem.costs * (n - exact), kind="stable").tolist():
        fewer = n.copy()
        fewer[place] -= 1
        if fewer[place] >= max(problem.lower[place], 1) and (problem.variances(fewer) <= limits).all():
            n = fewer
    return n


def _within_budget(problem: _Problem, exact: FloatArray, budget: float) -> IntArray:
    """Rounded down, then one more for the largest remainders that the budget still pays for."""
    n = np.maximum(np.floor(exact + 1e-9), problem.lower).astype(np.int64)
    left = budget - exact_sum(problem.costs * n)
    for place in np.argsort(n - exact, kind="stable").tolist():
        if problem.costs[place] <= left and n[place] < problem.upper[place]:
            n[place] += 1
            left -= problem.costs[place]
    return n
