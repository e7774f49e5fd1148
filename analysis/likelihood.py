r"""The Rao-Scott profile likelihood interval of a share.

Its limits are the shares :math:`q` at which :math:`2 n^* \mathrm{KL}(p \| q) = t^2 n / (n - 1)`, with the effective
sample :math:`n^*`. R reads them off a spline through a dozen points of the profile instead of solving for them. The two
differ in the sixth digit; we take R's points and spline, so that the published figure is the one R gives.

References
----------
.. [1] Rao & Scott (1984), On chi-squared tests for multiway contingency tables, Annals of Statistics 12.
.. [2] Forsythe, Malcolm & Moler (1977), Computer Methods for Mathematical Computations, ch. 4 (the spline).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, log_expit, log_ndtr, logit, ndtri_exp, stdtrit, xlogy

if TYPE_CHECKING:
    from analysis.arrays import FloatArray

    Side = tuple[FloatArray, FloatArray]

STEPS_TO_BOUND = 5
MOST_STEPS = 9
MOST_SCORING_STEPS = 25
SCORING_TOLERANCE = 1e-8


def likelihood_limits(
    share: float,
    effective: float,
    *,
    respondents: float,
    t: float,
    first_logit: float = math.nan,
) -> tuple[float, float]:
    """Profile likelihood limits of one share.

    Parameters
    ----------
    share : float
        Between 0 and 1, both included.
    effective : float
        The effective sample p(1-p)/V, or the respondents at a share of 0 or 1.
    respondents : float
        Valid answers.
    t : float
        The t quantile of the wanted level.
    first_logit : float
        Logit after the first step of Fisher scoring (:func:`first_scoring_step`), where the answers are at hand; NaN
        scales by the converged variance, which changes the limits by about 1e-7.

    Returns
    -------
    low, high : float

    Examples
    --------
    R 4.5's ``svyciprop(~sw, clus1, method = "likelihood")``:

    >>> low, high = likelihood_limits(160 / 183, 265.1030, respondents=183, t=stdtrit(14, 0.975))
    >>> round(low, 5), round(high, 5)
    (0.82629, 0.91369)
    """
    if math.isinf(t) or math.isnan(share):
        return (math.nan, math.nan) if math.isnan(share) else (0.0, 1.0)
    if share in {0.0, 1.0}:
        reach = -math.expm1(-(t**2) / (2 * effective))
        return (0.0, reach) if share == 0 else (1 - reach, 1.0)
    if math.isinf(effective):
        return share, share
    scale = respondents * _scoring_ratio(share, first_logit, respondents=respondents)
    cutoff = t * math.sqrt(scale / effective)
    # The profile reaches a little beyond the cutoff: to the t quantile of half the normal's tail there.
    log_alpha = float(log_ndtr(-cutoff)) - math.log(2)
    bound = _profile_bound(log_alpha, respondents - 1)
    step = bound / STEPS_TO_BOUND / math.sqrt(effective * share * (1 - share))
    downward = _side(share, respondents - 1, step=-step, bound=bound)
    upward = _side(share, respondents - 1, step=step, bound=bound)
    return _read_off(share, (downward, upward), cutoff=cutoff)


def first_scoring_step(answers: FloatArray, weights: FloatArray) -> float:
    """Logit of a share after one step of Fisher scoring from R's start, (w y + 1/2) / (w + 1).

    Parameters
    ----------
    answers : ndarray, shape (n,)
        0 or 1.
    weights : ndarray, shape (n,)
        Any scale.

    Returns
    -------
    float

    Examples
    --------
    >>> round(first_scoring_step(np.array([1.0, 1.0, 1.0, 0.0]), np.ones(4)), 4)
    1.216
    """
    relative = weights / weights.mean()
    start = (relative * answers + 0.5) / (relative + 1)
    slope = start * (1 - start)
    working = logit(start) + (answers - start) / slope
    return float(np.average(working, weights=relative * slope))


def _scoring_ratio(share: float, first_logit: float, *, respondents: float) -> float:
    """Variance of an answer at the last but one step of Fisher scoring, over that at the share itself."""
    if math.isnan(first_logit):
        return 1.0
    step, deviance = first_logit, respondents * _deviance(share, first_logit)
    for _ in range(MOST_SCORING_STEPS):
        fitted = float(expit(step))
        slope = fitted * (1 - fitted)
        if slope == 0:
            break
        step += (share - fitted) / slope
        previous, deviance = deviance, respondents * _deviance(share, step)
        if abs(deviance - previous) < SCORING_TOLERANCE * (abs(deviance) + 0.1):
            break
    return slope / (share * (1 - share))


def _deviance(share: float, at: float) -> float:
    fitted, rest = expit([at, -at])
    return -2 * float(xlogy(share, fitted) + xlogy(1 - share, rest))


def _read_off(share: float, sides: tuple[Side, Side], *, cutoff: float) -> tuple[float, float]:
    """Where a spline through both sides of the profile crosses the cutoffs."""
    (lower, lower_roots), (upper, upper_roots) = sides
    logits = np.concatenate([lower[::-1], [logit(share)], upper])
    roots = np.concatenate([-lower_roots[::-1], [0.0], upper_roots])
    fine = np.linspace(logits[0], logits[-1], 3 * len(logits))
    low, high = np.interp([-cutoff, cutoff], spline(logits, roots, fine), fine)
    return float(expit(low)), float(expit(high))


def _profile_bound(log_alpha: float, freedom: float) -> float:
    """The t quantile with alpha in both tails; far out in the tail the normal's, where alpha underflows."""
    if freedom <= 0 or log_alpha < math.log(np.finfo(np.float64).tiny):
        return -float(ndtri_exp(log_alpha - math.log(2)))
    return -float(stdtrit(np.asarray(freedom), math.exp(log_alpha) / 2))


def _side(share: float, total: float, *, step: float, bound: float) -> Side:
    """Logits on one side and the signed roots of the scaled deviance there, up to the first beyond the bound."""
    logits = logit(share) + step * np.arange(1, MOST_STEPS + 1)
    divergence = share * (np.log(share) - log_expit(logits)) + (1 - share) * (np.log1p(-share) - log_expit(-logits))
    roots = np.sqrt(np.maximum(2 * total * divergence, 0.0))
    beyond = np.flatnonzero(roots >= bound)
    last = beyond[0] + 1 if len(beyond) else MOST_STEPS
    return logits[:last], roots[:last]


def spline(x: FloatArray, y: FloatArray, at: FloatArray) -> FloatArray:
    """Cubic spline whose ends take their third derivative from the cubic through the four end points [2]_.

    Parameters
    ----------
    x, y : ndarray, shape (n,)
        Knots, x increasing, n at least 3.
    at : ndarray, shape (m,)

    Returns
    -------
    ndarray, shape (m,)

    Examples
    --------
    A cubic is its own spline:

    >>> x = np.array([0.0, 1.0, 3.0, 4.0, 6.0])
    >>> spline(x, x**3, np.array([2.0, 5.0])).round(12).tolist()
    [8.0, 125.0]
    """
    h, slope = np.diff(x), np.diff(y) / np.diff(x)
    n = len(x)
    matrix, right = np.zeros((n, n)), np.zeros(n)
    inner = np.arange(1, n - 1)
    matrix[inner, inner - 1], matrix[inner, inner + 1] = h[:-1], h[1:]
    matrix[inner, inner] = 2 * (h[:-1] + h[1:])
    right[inner] = np.diff(slope)
    matrix[0, :2], matrix[-1, -2:] = (-1 / h[0], 1 / h[0]), (-1 / h[-1], 1 / h[-1])
    if n > 3:  # noqa: PLR2004 - a cubic needs four points
        right[0], right[-1] = _third_difference(x[:4], y[:4]), _third_difference(x[-4:], y[-4:])
    curvature = np.linalg.solve(matrix, right)
    place = np.clip(np.searchsorted(x, at, side="right") - 1, 0, n - 2)
    u = (at - x[place]) / h[place]
    bend = (u**3 - u) * curvature[place + 1] + ((1 - u) ** 3 - (1 - u)) * curvature[place]
    value: FloatArray = u * y[place + 1] + (1 - u) * y[place] + h[place] ** 2 * bend
    return value


def _third_difference(x: FloatArray, y: FloatArray) -> float:
    for order in range(1, 4):
        y = np.diff(y) / (x[order:] - x[:-order])
    return float(y[0])
