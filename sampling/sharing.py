"""Sharing a total out by weights within limits: the step that every allocation ends with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sampling.arrays import total as exact_sum

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from sampling.arrays import BoolArray, FloatArray

_HALVINGS = 200


def shared_out(
    weights: ArrayLike, total: float, *, lower: ArrayLike, upper: ArrayLike, otherwise: ArrayLike
) -> FloatArray:
    r"""Parts in proportion to weights, none outside its limits, that add up to a total.

    .. math:: n_h = \min(u_h, \max(l_h, \lambda w_h)), \qquad \sum_h n_h = n

    For :math:`w_h = N_h S_h` this minimises :math:`\sum w_h^2 / n_h` within the limits [1]_, so it is Neyman's
    allocation where some strata are taken whole.

    Parameters
    ----------
    weights : array_like, shape (H,)
        Not negative.
    total : float
        Between the sums of the limits.
    lower, upper : array_like, shape (H,)
        Limits of each part.
    otherwise : array_like, shape (H,)
        Shares out what is left when all with a weight have reached their upper limit.

    Returns
    -------
    ndarray of float, shape (H,)

    References
    ----------
    .. [1] Gabler, Ganninger & Münnich (2012), Optimal allocation of the sample size to strata under box constraints,
       Metrika 75, 151-161.

    Examples
    --------
    >>> shared_out([1, 1, 8], 20, lower=[0, 0, 0], upper=[50, 50, 10], otherwise=[1, 1, 1])
    array([ 5.,  5., 10.])
    """
    weight, low, high = (np.asarray(values, dtype=float) for values in (weights, lower, upper))
    weighty = weight > 0
    reach = np.where(weighty, high, low)
    if total > exact_sum(reach):
        second = np.asarray(otherwise, dtype=float)
        return _within(np.where(weighty, 0.0, second), total, np.where(weighty, high, low), high)
    return _within(weight, total, low, np.where(weighty, high, low))


def _within(weights: FloatArray, total: float, low: FloatArray, high: FloatArray) -> FloatArray:
    """Assumes that the total lies between the sums of the limits, and that only those with a weight have room."""
    factor = _factor(weights, total, low, high)
    parts = np.clip(factor * weights, low, high)
    free = (parts > low) & (parts < high)
    if free.any():
        # The factor is known nearly; who is at a limit is known exactly, and so the rest is.
        left = total - exact_sum(parts[~free])
        parts[free] = left * weights[free] / exact_sum(weights[free])
    return np.clip(_topped(parts, total, high, free), low, high)


def _factor(weights: FloatArray, total: float, low: FloatArray, high: FloatArray) -> float:
    room = weights > 0
    if not room.any():
        return 0.0
    above, below = float((high[room] / weights[room]).max()), 0.0
    for _ in range(_HALVINGS):
        middle = (above + below) / 2
        if middle in {above, below}:
            break
        if exact_sum(np.clip(middle * weights, low, high)) < total:
            below = middle
        else:
            above = middle
    return above


def _topped(parts: FloatArray, total: float, high: FloatArray, free: BoolArray) -> FloatArray:
    """What binary fractions lost or gained, given to the part with the most room."""
    error = total - exact_sum(parts)
    if error and free.any():
        parts[int(np.argmax(np.where(free, high - parts, -1.0)))] += error
    return parts
