r"""Is a share larger than an honest agency's would be? A null fitted to the agencies themselves, gamers and all.

Of the :math:`n_a` responses of agency *a*, :math:`y_a` bear a mark. Honest agencies differ, so :math:`y_a` is
beta-binomial: mean :math:`n_a\mu_a`, variance :math:`n_a\mu_a(1-\mu_a)(1+(n_a-1)\rho)`. The logit of :math:`\mu_a` may
depend on a covariate. Both are fitted to the agencies that do not stick out upwards, by a forward search: it begins
with the lowest three quarters and takes in whoever the fit finds believable, so that a fifth of gaming agencies cannot
make gaming the norm.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import betainc, betaln, chdtri, expit, gammaln, logit

if TYPE_CHECKING:
    from analysis.arrays import BoolArray, FloatArray, IntArray

FEWEST_AGENCIES = 10
START = 0.75
BELIEVABLE = 0.01
ROUNDS, SETTLED = 12, 1e-6
# Once in 500 responses anything happens at an honest agency.
LOWEST_SHARE = 0.002
# The search cuts the upper tail off, gaming or not: what is left varies less than honest agencies do.
WIDER, SURE = 1.3, 0.98
# Answers of one agency are never quite independent; below this the data cannot tell.
LEAST_CORRELATION, MOST_CORRELATION = 0.003, 0.5
# Beyond this size the share of a beta-binomial is a beta variable for every purpose here.
EXACT_UP_TO = 1000


@dataclass(frozen=True, slots=True)
class Null:
    """What is believable of an honest agency.

    Attributes
    ----------
    share : ndarray, shape (agencies,)
        Expected share of marked responses.
    correlation : float
        Of two responses of one agency, which is how much honest agencies differ.
    """

    share: FloatArray
    correlation: float

    def tail(self, marked: IntArray, known: IntArray) -> FloatArray:
        """Chance of as many marked responses or more, for each agency.

        Parameters
        ----------
        marked, known : ndarray of int, shape (agencies,)
            Marked responses, and all of which it is known whether they are.

        Returns
        -------
        ndarray
            1 where nothing is marked.
        """
        return beta_binomial_tail(marked, known, share=self.share, correlation=self.correlation)


def fit(marked: IntArray, known: IntArray, *, covariate: FloatArray | None = None) -> Null:
    """The null of honest agencies; assumes arguments already checked.

    Parameters
    ----------
    marked, known : ndarray of int, shape (agencies,)
        As in :meth:`Null.tail`; agencies of which nothing is known take no part.
    covariate : ndarray, shape (agencies,), optional
        Moves the logit of the expected share.

    Returns
    -------
    Null

    References
    ----------
    .. [1] Williams (1982), Extra-binomial variation in logistic linear models, Applied Statistics 31, 144-148.
    .. [2] Atkinson & Riani (2000), Robust Diagnostic Regression Analysis (the forward search).

    Examples
    --------
    Two agencies of twenty stick out; the null is that of the others.

    >>> known = np.full(20, 100)
    >>> marked = np.array([3, 5, 4, 2, 6, 3, 4, 5, 4, 4, 3, 5, 4, 2, 6, 3, 4, 5, 30, 40])
    >>> null = fit(marked, known)
    >>> round(float(null.share[0]), 3), (null.tail(marked, known) < 0.001).nonzero()[0].tolist()
    (0.04, [18, 19])
    """
    design = _design(covariate, known)
    present = known > 0
    kept = _lowest(_fitted(marked, known, design, present), marked, known)
    null = _fitted(marked, known, design, kept)
    for _ in range(ROUNDS):
        believable = present & (null.tail(marked, known) > BELIEVABLE)
        if np.array_equal(believable, kept):
            break
        kept = believable
        null = _fitted(marked, known, design, kept)
    return Null(null.share, _at_most(null.correlation, agencies=int(kept.sum())))


def beta_binomial_tail(
    marked: IntArray, known: IntArray, *, share: FloatArray, correlation: float | FloatArray
) -> FloatArray:
    """Upper tail of the beta-binomial, chance of `marked` or more of `known`; assumes arguments already checked.

    Parameters
    ----------
    marked, known : ndarray of int
    share : ndarray
        Expected share.
    correlation : float or ndarray
        Above 0.

    Returns
    -------
    ndarray

    Examples
    --------
    >>> beta_binomial_tail(np.array([0, 2]), np.array([2, 2]), share=np.array([0.5, 0.5]), correlation=1 / 3).round(4)
    array([1.    , 0.3333])
    """
    strength = np.broadcast_to(1 / np.asarray(correlation) - 1, share.shape)
    tail = np.ones(len(share))
    large = known > EXACT_UP_TO
    some = (marked > 0) & ~large
    tail[some] = _exact_tail(marked[some], known[some], (share * strength)[some], ((1 - share) * strength)[some])
    some = (marked > 0) & large
    tail[some] = _beta_tail(marked[some], known[some], share[some], strength[some])
    return np.clip(tail, 0.0, 1.0)


def _at_most(correlation: float, *, agencies: int) -> float:
    """Upper limit of the correlation, as of a variance between so many: few agencies do not show how they differ."""
    limit = WIDER * correlation * agencies / chdtri(agencies, SURE)
    return float(np.clip(limit, LEAST_CORRELATION, MOST_CORRELATION))


def _lowest(null: Null, marked: IntArray, known: IntArray) -> BoolArray:
    """The three quarters furthest below, or least above, what everybody together leads one to expect."""
    present = known > 0
    size = np.maximum(known, 1)
    error = np.sqrt(null.share * (1 - null.share) * (1 + (size - 1) * null.correlation) / size)
    above = (marked / size - null.share) / error
    return np.asarray(present & (above <= np.quantile(above[present], START)))


def _design(covariate: FloatArray | None, known: IntArray) -> FloatArray:
    ones = np.ones(len(known))
    if covariate is None:
        return ones[:, None]
    centre = np.median(covariate)
    spread = np.quantile(np.abs(covariate - centre), 0.75)
    # A covariate beyond what is usual must not carry the expectation away with it.
    return np.column_stack([ones, np.clip((covariate - centre) / max(spread, 1e-9), -3, 3)])


def _fitted(marked: IntArray, known: IntArray, design: FloatArray, kept: BoolArray) -> Null:
    """Williams' method: weights from the correlation, the correlation from Pearson's residuals, in turns."""
    y, n, x = marked[kept].astype(float), known[kept].astype(float), design[kept]
    correlation = LEAST_CORRELATION
    coefficients = np.zeros(design.shape[1])
    coefficients[0] = logit(np.clip((y.sum() + 0.5) / (n.sum() + 1), LOWEST_SHARE, 1 - LOWEST_SHARE))
    for _ in range(4):
        weights = 1 / (1 + (n - 1) * correlation)
        coefficients = _logistic(y, n, x, weights, coefficients)
        mean = np.clip(expit(x @ coefficients), LOWEST_SHARE, 1 - LOWEST_SHARE)
        correlation = _correlation(y, n, mean, weights, parameters=x.shape[1])
    share = np.clip(expit(design @ coefficients), LOWEST_SHARE, 1 - LOWEST_SHARE)
    return Null(share, correlation)


def _logistic(y: FloatArray, n: FloatArray, x: FloatArray, weights: FloatArray, coefficients: FloatArray) -> FloatArray:
    """Newton's steps of a weighted logistic regression, a little prior holding them where the data are empty."""
    prior = np.full(x.shape[1], 0.5)
    prior[0] = 0.01
    for _ in range(12):
        mean = expit(x @ coefficients)
        information = (x * (weights * n * mean * (1 - mean))[:, None]).T @ x + np.diag(prior)
        gradient = x.T @ (weights * (y - n * mean))
        gradient[1:] -= prior[1:] * coefficients[1:]
        step = np.linalg.solve(information, gradient)
        coefficients = coefficients + np.clip(step, -1, 1)
        if np.abs(step).max() < SETTLED:
            break
    return coefficients


def _correlation(y: FloatArray, n: FloatArray, mean: FloatArray, weights: FloatArray, *, parameters: int) -> float:
    binomial = n * mean * (1 - mean)
    pearson = np.square(y - n * mean) / binomial
    # The fewer marks are expected, the wilder a squared residual is.
    trust = np.square(weights) / (2 + 1 / binomial)
    room = (trust * (n - 1)).sum()
    if room <= 0:
        return LEAST_CORRELATION
    spent = len(y) / max(len(y) - parameters, 1)
    return float(np.clip((trust * (spent * pearson - 1)).sum() / room, LEAST_CORRELATION, MOST_CORRELATION))


def _exact_tail(marked: IntArray, known: IntArray, a: FloatArray, b: FloatArray) -> FloatArray:
    """The probability of `marked`, and the ratios of each following probability to the one before, multiplied up."""
    if not len(marked):
        return np.ones(0)
    y, n = marked.astype(float), known.astype(float)
    first = gammaln(n + 1) - gammaln(y + 1) - gammaln(n - y + 1) + betaln(y + a, n - y + b) - betaln(a, b)
    k = y[:, None] + np.arange(int((known - marked).max()))
    beyond = k >= n[:, None]
    left = np.where(beyond, 1.0, n[:, None] - k)
    ratios = left / (k + 1) * (k + a[:, None]) / (left - 1 + b[:, None])
    ratios[beyond] = 0
    tail: FloatArray = np.exp(first) * (1 + np.cumprod(ratios, axis=1).sum(axis=1))
    return tail


def _beta_tail(marked: IntArray, known: IntArray, share: FloatArray, strength: FloatArray) -> FloatArray:
    # The beta variable of the same mean and variance, with a half for continuity.
    effective = known * (strength + 1) / (strength + known) - 1
    at = np.clip((marked - 0.5) / known, 0, 1)
    return np.asarray(betainc((1 - share) * effective, share * effective, 1 - at), dtype=np.float64)
