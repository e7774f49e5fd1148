"""Tail probabilities that tests need. Only `scipy.special`: `scipy.stats` would weigh on the web process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import chdtrc, fdtrc, log_ndtr, stdtr

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike

    from analysis.arrays import FloatArray

    _Three = tuple[float, float, float]

# Nearer to zero than this the saddlepoint formula divides zero by zero.
_SMALLEST_SADDLE = 1e-4
# How much of the interval between the poles is searched for the saddlepoint.
_WITHIN_POLES = 0.99999
_ROOT_TOLERANCE = 1e-8
_ROUNDING = 1e-9


def t_two_sided(statistic: ArrayLike, degrees_of_freedom: float) -> FloatArray:
    """Probability that Student's t is at least as far from zero, NaN without degrees of freedom.

    Examples
    --------
    >>> float(t_two_sided(2.228138851964939, 10).round(9))
    0.05
    """
    if not degrees_of_freedom > 0:
        return np.full(np.shape(statistic), np.nan)
    return np.asarray(2 * stdtr(degrees_of_freedom, -np.abs(statistic)))


def f_above(statistic: float, numerator: float, denominator: float) -> float:
    """Probability that F is larger, NaN without degrees of freedom.

    Examples
    --------
    >>> round(f_above(4.964602743730711, 1, 10), 12)
    0.05
    """
    return float(fdtrc(numerator, denominator, statistic)) if numerator > 0 and denominator > 0 else float("nan")


def chi_square_above(statistic: float, degrees_of_freedom: float) -> float:
    """Probability that chi-square is larger.

    Examples
    --------
    >>> round(chi_square_above(3.841458820694124, 1), 12)
    0.05
    """
    return float(chdtrc(degrees_of_freedom, statistic))


def mixture_above(statistic: float, weights: FloatArray, *, denominator: float) -> float:
    r"""Probability that :math:`\sum_i \lambda_i \chi^2_1 / (\chi^2_\nu / \nu)` is larger, by a saddlepoint.

    Parameters
    ----------
    statistic : float
    weights : ndarray of float, shape (k,)
        The positive weights λ.
    denominator : float
        Degrees of freedom ν of the variance estimate; as in R they count as whole ones.

    Returns
    -------
    float

    References
    ----------
    .. [1] Kuonen (1999), Saddlepoint approximations for distributions of quadratic forms in normal variables,
       Biometrika 86, 929-935.
    .. [2] Lumley, R package survey 4.5, functions ``pFsum`` and ``saddle``.

    Examples
    --------
    A single weight is an F distribution, which the saddlepoint meets nearly.

    >>> abs(mixture_above(4.0, np.array([1.0]), denominator=40) / f_above(4.0, 1, 40) - 1) < 0.05
    True
    """
    copies = _whole(denominator, weights)
    terms = np.concatenate([weights, np.full(copies, -statistic / denominator)])
    upper_tail = _saddlepoint(terms / terms.max())
    if not np.isnan(upper_tail):
        return upper_tail
    mean, square = float(weights.mean()), float(np.square(weights).mean())
    freedom = len(weights) * mean**2 / square
    return f_above(statistic / freedom / (square / mean), freedom, denominator)


def _whole(denominator: float, weights: FloatArray) -> int:
    """Degrees of freedom cut to whole ones as by R.

    Of several equal weights they are whole but for rounding, which in R falls just short.
    """
    return int(denominator + _ROUNDING) if len(weights) == 1 else int(np.ceil(denominator - _ROUNDING)) - 1


def _saddlepoint(terms: FloatArray) -> float:
    """Probability that a quadratic form in normal variables is above zero; NaN where the formula breaks down."""
    low = float(np.max(1 / (2 * terms[terms < 0]))) * _WITHIN_POLES
    high = float(np.min(1 / (2 * terms[terms > 0]))) * _WITHIN_POLES
    point = _root(lambda zeta: float(np.sum(terms / (1 - 2 * zeta * terms))), low, high)
    if abs(point) < _SMALLEST_SADDLE:
        return float("nan")
    spread = 2 * float(np.sum(np.square(terms / (1 - 2 * point * terms))))
    generating = -float(np.sum(np.log(1 - 2 * point * terms))) / 2
    distance = np.sign(point) * np.sqrt(-2 * generating)
    ratio = point * np.sqrt(spread) / distance
    return float(np.exp(log_ndtr(-(distance + np.log(ratio) / distance))))


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    """Where a function crosses zero, by Brent's method, stopped where R stops so that the digits are R's."""
    past, here, opposite = low, high, low
    at_past, at_here, at_opposite = function(low), function(high), function(low)
    while True:
        last_step = here - past
        if abs(at_opposite) < abs(at_here):
            past, here, opposite = here, opposite, here
            at_past, at_here, at_opposite = at_here, at_opposite, at_here
        nearest = 2 * np.finfo(float).eps * abs(here) + _ROOT_TOLERANCE / 2
        half = (opposite - here) / 2
        if abs(half) <= nearest or at_here == 0:
            return here
        step = half
        if abs(last_step) >= nearest and abs(at_past) > abs(at_here):
            points, values = (past, here, opposite), (at_past, at_here, at_opposite)
            step = _interpolated(points, values, last_step=last_step, nearest=nearest)
        step = step if abs(step) >= nearest else float(np.copysign(nearest, step))
        past, at_past = here, at_here
        here = here + step
        at_here = function(here)
        if (at_here > 0) == (at_opposite > 0):
            opposite, at_opposite = past, at_past


def _interpolated(points: _Three, values: _Three, *, last_step: float, nearest: float) -> float:
    """The secant's or inverse quadratic's step if it is short enough, else half the interval."""
    (past, here, opposite), (at_past, at_here, at_opposite) = points, values
    width, ratio = opposite - here, at_here / at_past
    if past == opposite:
        over, under = width * ratio, 1.0 - ratio
    else:
        first, second = at_past / at_opposite, at_here / at_opposite
        over = ratio * (width * first * (first - second) - (here - past) * (second - 1.0))
        under = (first - 1.0) * (second - 1.0) * (ratio - 1.0)
    over, under = (over, -under) if over > 0 else (-over, under)
    if over < 0.75 * width * under - abs(nearest * under) / 2 and over < abs(last_step * under / 2):
        return over / under
    return width / 2
