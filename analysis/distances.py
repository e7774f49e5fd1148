"""Distances between weights before and after calibration, each by the factor it makes of a linear predictor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from analysis.errors import AnalysisError
from analysis.margins import number

if TYPE_CHECKING:
    from collections.abc import Callable

    from analysis.arrays import FloatArray

# exp(500) squared is still finite.
_LARGEST_EXPONENT = 500.0


@dataclass(frozen=True, slots=True)
class Distance:
    r"""A calibration's factor :math:`g = F(a' \eta)` and its slope.

    Attributes
    ----------
    name : str
    low, high : float
        Bounds of the factor.
    factor, slope : callable
        F and its derivative.
    """

    name: str
    low: float
    high: float
    factor: Callable[[FloatArray], FloatArray]
    slope: Callable[[FloatArray], FloatArray]

    @property
    def bounded(self) -> bool:
        """Whether a factor may run into a bound."""
        return bool(np.isfinite(self.low) or np.isfinite(self.high))


def distance(method: str, bounds: tuple[float, float] | None) -> Distance:
    """The distance function of a calibration method.

    Parameters
    ----------
    method : {"linear", "raking", "logit"}
        Linear gives the generalised regression estimator, raking positive weights, logit weights between bounds.
    bounds : tuple of float, optional
        Smallest and largest factor; needed by logit.

    Returns
    -------
    Distance

    Raises
    ------
    AnalysisError
        If the method is unknown or the bounds are not lower < upper (for logit: finite, below and above 1).

    References
    ----------
    .. [1] Deville & Särndal (1992), Calibration estimators in survey sampling, JASA 87, 376-382.

    Examples
    --------
    >>> distance("logit", (0.5, 2.0)).factor(np.array([0.0]))
    array([1.])
    """
    if method not in METHODS:
        raise AnalysisError(
            "calibration method {method}: choose one of {choices}", method=method, choices=", ".join(METHODS)
        )
    low, high = (-np.inf, np.inf) if bounds is None else bounds
    if not low < high:
        raise AnalysisError("the bounds {low} and {high} must be lower < upper", low=number(low), high=number(high))
    return METHODS[method](low, high)


def _linear(low: float, high: float) -> Distance:
    return Distance(
        "linear",
        low,
        high,
        factor=lambda u: np.clip(1 + u, low, high),
        slope=lambda u: ((1 + u > low) & (1 + u < high)).astype(np.float64),
    )


def _raking(low: float, high: float) -> Distance:
    def factor(u: FloatArray) -> FloatArray:
        return np.clip(_exp(u), low, high)

    def slope(u: FloatArray) -> FloatArray:
        value = _exp(u)
        return np.where((value > low) & (value < high), value, 0.0)

    return Distance("raking", low, high, factor, slope)


def _logit(low: float, high: float) -> Distance:
    if not (np.isfinite(low) and np.isfinite(high) and low < 1 < high):
        raise AnalysisError(
            "logit calibration needs finite bounds below and above 1, not {low} and {high}",
            low=number(low),
            high=number(high),
        )
    rate = (high - low) / ((high - 1) * (1 - low))

    def factor(u: FloatArray) -> FloatArray:
        grown = _exp(rate * u)
        return (low * (high - 1) + high * (1 - low) * grown) / (high - 1 + (1 - low) * grown)

    def slope(u: FloatArray) -> FloatArray:
        value = factor(u)
        return rate * (value - low) * (high - value) / (high - low)

    return Distance("logit", low, high, factor, slope)


def _exp(u: FloatArray) -> FloatArray:
    return np.exp(np.clip(u, -_LARGEST_EXPONENT, _LARGEST_EXPONENT))


METHODS = {"linear": _linear, "raking": _raking, "logit": _logit}
