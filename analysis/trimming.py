"""Trimming: extreme weights cut back to bounds, what is cut shared out among the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from analysis.calibration import checked_weights, kish_design_effect
from analysis.errors import AnalysisError
from analysis.margins import number

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from analysis.arrays import BoolArray, FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Trimming:
    """Trimmed weights.

    Attributes
    ----------
    weights : ndarray of float, shape (n,)
        Their sum is that of the weights before.
    trimmed : int
        How many weights were cut.
    rounds : int
        How often; more than once only if strict.
    """

    weights: FloatArray
    trimmed: int
    rounds: int

    @property
    def design_effect(self) -> float:
        """Kish's design effect of the trimmed weights."""
        return kish_design_effect(self.weights)


def trim_weights(
    weights: ArrayLike, *, lower: float = -np.inf, upper: float = np.inf, strict: bool = False
) -> Trimming:
    """Cut weights back to bounds and share what was cut equally among those never cut.

    A weight of zero stands for a respondent outside the sample and stays zero.

    Parameters
    ----------
    weights : array_like, shape (n,)
        Weights before.
    lower, upper : float
        Smallest and largest weight.
    strict : bool
        Sharing out may push other weights over a bound. Strict cuts again until none is; otherwise one round is all,
        as by default in R's ``survey::trimWeights``.

    Returns
    -------
    Trimming

    Raises
    ------
    AnalysisError
        If the bounds are not lower < upper, a weight is negative or not a number, the mean weight is outside the bounds
        and `strict` asks for all within, or no weight is left to carry what was cut. R never returns, or loses it.

    References
    ----------
    .. [1] Potter (1990), A study of procedures to identify and trim extreme sampling weights, Proceedings of the
       Section on Survey Research Methods, American Statistical Association, 225-230.
    .. [2] Lumley, R package survey 4.5, function ``trimWeights``.

    Examples
    --------
    >>> trim_weights([1, 2, 3, 10], upper=7).weights
    array([2., 3., 4., 7.])
    >>> trim_weights([1, 2, 3, 10], upper=3, strict=True)
    Traceback (most recent call last):
    analysis.errors.AnalysisError: the weights add up to 16 but 4 of them between -inf and 3 cannot: ...
    """
    before = checked_weights(weights, [])
    if not lower < upper:
        raise AnalysisError("the bounds {low} and {high} must be lower < upper", low=number(lower), high=number(upper))
    inside = before > 0
    if strict:
        _check_feasible(before[inside], lower, upper)
    after, cut, rounds = _trim(before[inside], lower, upper, strict=strict)
    result = before.copy()
    result[inside] = after
    return Trimming(result, int(cut.sum()), rounds)


def _trim(weights: FloatArray, lower: float, upper: float, *, strict: bool) -> tuple[FloatArray, BoolArray, int]:
    cut, rounds = np.zeros(len(weights), dtype=np.bool_), 0
    outside = (weights < lower) | (weights > upper)
    while outside.any() and (strict or rounds == 0):
        clipped = np.clip(weights, lower, upper)
        carriers = ~outside & ~cut
        if not carriers.any():
            raise _nothing_left(len(weights), lower, upper)
        clipped[carriers] += (weights - clipped).sum() / carriers.sum()
        cut, weights, rounds = cut | outside, clipped, rounds + 1
        outside = (weights < lower) | (weights > upper)
    return weights, cut, rounds


def _check_feasible(weights: FloatArray, lower: float, upper: float) -> None:
    total, count = float(weights.sum()), len(weights)
    if count and not lower * count <= total <= upper * count:
        raise AnalysisError(
            "the weights add up to {total} but {count} of them between {low} and {high} cannot: "
            "the mean weight {mean} must lie between the bounds",
            total=number(total),
            count=count,
            low=number(lower),
            high=number(upper),
            mean=number(total / count),
        )


def _nothing_left(count: int, lower: float, upper: float) -> AnalysisError:
    return AnalysisError(
        "all {count} weights have been cut to {low} or {high} and none is left to carry the rest: widen the bounds",
        count=count,
        low=number(lower),
        high=number(upper),
    )
