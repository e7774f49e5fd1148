r"""Shares on the scale :math:`\theta = \arcsin\sqrt p`, where their sampling variance hardly depends on the share.

The textbook variance 1/4n and a mean of θ are limits for large samples. At a share of 0.95 and ten answers the
transformed share is off by a tenth and varies half as much, so that small agencies would look alike and better than
they are. The first two moments of a binomial sample, which are a finite sum, put both right.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import gammaln

if TYPE_CHECKING:
    from analysis.arrays import FloatArray

QUARTER = np.pi / 2

# Anscombe's constant (1948): keeps the transformed share away from the ends.
_ANSCOMBE = 3 / 8
# Beyond so many answers the limits for large samples are off by less than 0.06 standard deviations, up to 0.98.
_LARGE = 200
# Near the ends the transformed share hardly moves with θ; no difference is magnified more than twice.
_LEAST_SLOPE = 0.5
# How near to an end the moments are taken.
_NEAREST = 1e-3


def to_angles(shares: FloatArray, effective: FloatArray, centre: FloatArray) -> tuple[FloatArray, FloatArray]:
    r"""Shares as angles that are unbiased around `centre`, and their sampling variances.

    With :math:`g = \arcsin\sqrt{(k + 3/8)/(n + 3/4)}` of :math:`k` out of :math:`n`, its mean :math:`\mu`, slope
    :math:`s = \mathrm d\mu/\mathrm d\theta` and variance in a binomial sample at the centre, the angle is
    :math:`\theta_0 + (g - \mu)/s` and its variance :math:`V(g)/s^2`, never below the Cramér-Rao bound 1/4n.
    Assumes arguments already checked.

    Parameters
    ----------
    shares : ndarray, shape (m,)
        From 0 to 1.
    effective : ndarray, shape (m,)
        Effective sample sizes; the moments are those of the nearest whole number.
    centre : ndarray, shape (m,)
        What each share is expected to be, as an angle.

    Returns
    -------
    angles, variances : ndarray, shape (m,)

    References
    ----------
    .. [1] Anscombe (1948), The transformation of Poisson, binomial and negative-binomial data, Biometrika 35, 246-254.

    Examples
    --------
    >>> angles, variances = to_angles(np.array([0.8, 0.8]), np.array([10.0, 1000.0]), np.full(2, np.arcsin(0.8**0.5)))
    >>> angles.round(3).tolist(), variances.round(5).tolist()
    ([1.09, 1.107], [0.02553, 0.00025])
    """
    size = np.maximum(np.rint(effective), 1.0)
    angles = _anscombe(shares * size, size)
    variances = 1 / (4 * size + 2)
    small = size <= _LARGE
    expected = np.clip(centre, _NEAREST, QUARTER - _NEAREST)[small]
    mean, slope, variance = _moments(size[small], expected)
    angles[small] = expected + (angles[small] - mean) / slope
    variances[small] = np.maximum(variance / slope**2, 1 / (4 * size[small]))
    # The whole number stood in for the effective sample; the variance is the effective sample's.
    return angles, variances * size / effective


def _anscombe(count: FloatArray, size: FloatArray) -> FloatArray:
    found: FloatArray = np.arcsin(np.sqrt((count + _ANSCOMBE) / (size + 2 * _ANSCOMBE)))
    return found


def _moments(size: FloatArray, centre: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Mean, slope and variance of Anscombe's angle in binomial samples; the slope is a covariance with the count."""
    n = size[:, None]
    count = np.arange(size.max(initial=0.0) + 1)
    possible = count <= n
    k = np.where(possible, count, n)
    factorial = gammaln(count + 1)
    log_chance = factorial[size.astype(np.int64)][:, None] - factorial - factorial[(n - k).astype(np.int64)]
    log_chance += 2 * (k * np.log(np.sin(centre))[:, None] + (n - k) * np.log(np.cos(centre))[:, None])
    chance = np.where(possible, np.exp(log_chance), 0.0)
    angle = _anscombe(k, n)
    mean = (chance * angle).sum(axis=1)
    off = angle - mean[:, None]
    expected = n * np.square(np.sin(centre))[:, None]
    slope = 4 / np.sin(2 * centre) * (chance * off * (k - expected)).sum(axis=1)
    return mean, np.maximum(slope, _LEAST_SLOPE), (chance * np.square(off)).sum(axis=1)


def to_shares(angles: FloatArray, variances: FloatArray) -> tuple[FloatArray, FloatArray]:
    r"""Mean and standard deviation of :math:`\sin^2\theta` for :math:`\theta \sim N(a, v)`, exactly.

    .. math:: E = \tfrac12 (1 - e^{-2v} \cos 2a), \qquad
       V = \tfrac18 (1 + e^{-8v} \cos 4a) - \tfrac14 e^{-4v} \cos^2 2a

    The integral is over the whole line: cut off at the quarter circle without the mass beyond it, as in R's `emdi`, an
    angle at its end would come out as a share of one half.

    Parameters
    ----------
    angles, variances : ndarray of any one shape

    Returns
    -------
    shares, standard_deviations : ndarray

    Examples
    --------
    >>> share, deviation = to_shares(np.array([1.25]), np.array([0.01]))
    >>> share.round(4).tolist(), deviation.round(4).tolist()
    ([0.8926], [0.0597])
    """
    double = np.exp(-2 * variances) * np.cos(2 * angles)
    spread = (1 + np.exp(-8 * variances) * np.cos(4 * angles)) / 8 - np.square(double) / 4
    return (1 - double) / 2, np.sqrt(np.maximum(spread, 0.0))


def limits_as_shares(low: FloatArray, high: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Limits turned back; beyond the quarter circle the sine turns round, so that the limit is the end itself.

    Parameters
    ----------
    low, high : ndarray of any one shape
        Angles.

    Returns
    -------
    low, high : ndarray
        Shares from 0 to 1.

    Examples
    --------
    >>> low, high = limits_as_shares(np.array([1.2]), np.array([1.7]))
    >>> low.round(4).tolist(), high.tolist()
    ([0.8687], [1.0])
    """
    return np.square(np.sin(np.clip(low, 0, QUARTER))), np.square(np.sin(np.clip(high, 0, QUARTER)))
