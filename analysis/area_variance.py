r"""How much areas differ: the variance A of a Fay-Herriot model, by restricted or adjusted maximum likelihood.

Restricted maximum likelihood is often exactly 0 where areas are few or poorly measured. Every area would then get the
same value and the direct estimates no weight at all, however large their samples. Yoshimori and Lahiri's adjusted
likelihood is never 0 and has the same bias and variance to the order that the mean squared error looks at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import brentq

from analysis.errors import AnalysisError

if TYPE_CHECKING:
    from collections.abc import Callable

    from analysis.arrays import FloatArray

# Points of the first look along the likelihood, which may have several maxima.
_POINTS = 64
# It begins at this part of the smallest sampling variance, below which nothing is moved.
_SMALLEST = 1e-6
_NOTHING = 1e-15
_ROOT = 1e-13


@dataclass(frozen=True, slots=True)
class AreaVariance:
    """The variance between areas.

    Attributes
    ----------
    value : float
    standard_error : float
        From the information of the likelihood, 2 / Σ (A + ψ)⁻².
    method : str
        "reml" or "adjusted", the one that gave the value.

    Examples
    --------
    >>> AreaVariance(value=0.02, standard_error=0.01, method="reml").value
    0.02
    """

    value: float
    standard_error: float
    method: str


@dataclass(frozen=True, slots=True, eq=False)
class Regression:
    """Direct estimates, their sampling variances and the design; assumes arguments already checked.

    Attributes
    ----------
    direct, sampling_variances : ndarray, shape (m,)
    design : ndarray, shape (m, p)
        Of full rank, its columns orthonormal.

    Examples
    --------
    >>> model = Regression(np.array([1.0, 3.0]), np.array([1.0, 1.0]), np.full((2, 1), 0.5**0.5))
    >>> model.weights(np.array([1.0]))
    array([[0.5, 0.5]])
    """

    direct: FloatArray
    sampling_variances: FloatArray
    design: FloatArray

    def weights(self, area_variances: FloatArray) -> FloatArray:
        """One over the total variance of each direct estimate, for several variances between areas at once.

        Parameters
        ----------
        area_variances : ndarray, shape (g,)

        Returns
        -------
        ndarray, shape (g, m)
        """
        return 1 / (area_variances[:, None] + self.sampling_variances)

    def least_squares(self, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Generalised least squares: coefficients and their covariance.

        Parameters
        ----------
        weights : ndarray, shape (g, m)
            For several variances between areas at once.

        Returns
        -------
        coefficients : ndarray, shape (g, p)
        covariances : ndarray, shape (g, p, p)
        """
        weighted = self.design.T * weights[:, None, :]
        covariances = np.asarray(np.linalg.inv(weighted @ self.design), dtype=np.float64)
        return (covariances @ (weighted @ self.direct)[..., None])[..., 0], covariances


def estimate_area_variance(model: Regression, *, method: str = "mixed") -> AreaVariance:
    """The variance between areas.

    Parameters
    ----------
    model : Regression
    method : str
        One of :data:`METHODS`. "mixed" is restricted maximum likelihood unless that is 0, then the adjusted [3]_.

    Returns
    -------
    AreaVariance

    Raises
    ------
    AnalysisError
        The method is unknown.

    References
    ----------
    .. [1] Patterson & Thompson (1971), Recovery of inter-block information when block sizes are unequal, Biometrika
       58, 545-554.
    .. [2] Yoshimori & Lahiri (2014), A new adjusted maximum likelihood method for the Fay-Herriot small area model,
       Journal of Multivariate Analysis 124, 281-294.
    .. [3] Rubin-Bleuer & You (2016), Comparison of some positive variance estimators for the Fay-Herriot small area
       model, Survey Methodology 42, 63-85.

    Examples
    --------
    >>> same = Regression(np.full(5, 2.0), np.ones(5), np.full((5, 1), 5**-0.5))
    >>> estimate_area_variance(same, method="reml").value
    0.0
    >>> round(estimate_area_variance(same).value, 3), estimate_area_variance(same).method
    (0.09, 'adjusted')
    """
    if method not in METHODS:
        raise AnalysisError(
            "unknown method {method} for the variance between areas: choose one of {choices}",
            method=method,
            choices=", ".join(METHODS),
        )
    value, used = METHODS[method](model)
    error = float(np.sqrt(2 / np.sum(model.weights(np.array([value])) ** 2)))
    return AreaVariance(value=value, standard_error=error, method=used)


def log_likelihood(model: Regression, variances: FloatArray) -> FloatArray:
    """Restricted log-likelihood, but for a constant, at several variances between areas.

    Parameters
    ----------
    model : Regression
    variances : ndarray, shape (g,)

    Returns
    -------
    ndarray, shape (g,)

    Examples
    --------
    >>> model = Regression(np.array([1.0, 3.0]), np.array([1.0, 1.0]), np.full((2, 1), 0.5**0.5))
    >>> log_likelihood(model, np.array([0.0, 1.0])).round(3).tolist()
    [-1.0, -0.847]
    """
    weights = model.weights(variances)
    beta, covariance = model.least_squares(weights)
    residuals = model.direct - beta @ model.design.T
    found: FloatArray = (
        np.log(weights).sum(axis=1) + np.linalg.slogdet(covariance)[1] - (weights * np.square(residuals)).sum(axis=1)
    ) / 2
    return found


def _reml(model: Regression) -> tuple[float, str]:
    return _maximum(model, adjusted=False), "reml"


def _adjusted(model: Regression) -> tuple[float, str]:
    return _maximum(model, adjusted=True), "adjusted"


def _mixed(model: Regression) -> tuple[float, str]:
    value, used = _reml(model)
    return (value, used) if value > 0 else _adjusted(model)


METHODS: dict[str, Callable[[Regression], tuple[float, str]]] = {"mixed": _mixed, "reml": _reml, "adjusted": _adjusted}


def _maximum(model: Regression, *, adjusted: bool) -> float:
    """The highest point of the likelihood: a look along a grid, then the root of the score around its best point."""
    grid = _grid(model)
    best = int(np.argmax(log_likelihood(model, grid) + (_adjustment(model, grid) if adjusted else 0.0)))
    low, high = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]

    def score(variance: float) -> float:
        return float(_score(model, np.array([variance]), adjusted=adjusted)[0])

    if low == 0 and not adjusted and score(0.0) <= 0:
        return 0.0
    while score(high) > 0:
        high *= 10
    return float(brentq(score, low or _NOTHING * high, high, xtol=_NOTHING * high, rtol=_ROOT))


def _grid(model: Regression) -> FloatArray:
    """From 0 up to more than the direct estimates vary about their regression."""
    residuals = model.direct - model.design @ (model.design.T @ model.direct)
    areas, coefficients = model.design.shape
    high = model.sampling_variances.max() + residuals @ residuals / (areas - coefficients)
    return np.append(0.0, np.geomspace(_SMALLEST * model.sampling_variances.min(), high, _POINTS))


def _score(model: Regression, variances: FloatArray, *, adjusted: bool) -> FloatArray:
    """The slope of the likelihood."""
    weights = model.weights(variances)
    beta, covariance = model.least_squares(weights)
    residuals = model.direct - beta @ model.design.T
    squares = (model.design.T * np.square(weights)[:, None, :]) @ model.design
    trace = weights.sum(axis=1) - np.einsum("gij,gji->g", covariance, squares)
    found: FloatArray = (np.square(weights * residuals).sum(axis=1) - trace) / 2
    return found + _adjustment_slope(model, variances) if adjusted else found


def _adjustment(model: Regression, variances: FloatArray) -> FloatArray:
    """Logarithm of Yoshimori and Lahiri's factor (arctan Σ γ)^(1/m), which is 0 where A is."""
    weights = model.weights(variances)
    with np.errstate(divide="ignore"):
        found: FloatArray = np.log(np.arctan(variances * weights.sum(axis=1))) / weights.shape[1]
    return found


def _adjustment_slope(model: Regression, variances: FloatArray) -> FloatArray:
    weights = model.weights(variances)
    total = variances * weights.sum(axis=1)
    slope = np.square(weights) @ model.sampling_variances
    found: FloatArray = slope / ((1 + np.square(total)) * np.arctan(total)) / weights.shape[1]
    return found
