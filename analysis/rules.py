r"""Twelve rules for a weighted quantile, each a function of the ordered answers and a probability.

Discrete rules pick an answer; continuous ones interpolate between plotting positions :math:`p_k` of the ordered
answers. Sums of weights are compared with :math:`p \sum w` as R compares them, in the same precision, so that a
probability that falls exactly between two answers falls on R's side.

References
----------
.. [1] Hyndman & Fan (1996), Sample quantiles in statistical packages, American Statistician 50, 361-365.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from analysis.arrays import group_sums

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from analysis.arrays import FloatArray


class Ordered:
    """Answers with weights above zero, in order, and the running sums of the weights."""

    def __init__(self, x: FloatArray, weights: FloatArray) -> None:
        kept = weights > 0
        order = np.argsort(x[kept], kind="stable")
        self.x = x[kept][order]
        self.weights = weights[kept][order]
        # R sums in extended precision and rounds once.
        self.sums = np.cumsum(self.weights, dtype=np.longdouble).astype(np.float64)
        self.total = float(np.sum(weights[kept], dtype=np.longdouble))

    def distinct(self) -> Ordered:
        """The same with equal answers as one."""
        values, place = np.unique(self.x, return_inverse=True)
        return Ordered(values, group_sums(self.weights, place.astype(np.int64), len(values)))

    def around(self, p: float) -> tuple[int, int, float, float]:
        """Places of the answers on both sides of p, and the distances from it."""
        below = int(np.searchsorted(self.sums, p * self.total, side="right"))
        low = max(below - 1, 0)
        high = min(low + 1, len(self.x) - 1)
        return low, high, p - self.sums[low] / self.total, self.sums[high] / self.total - p


def _lower_inverse(data: Ordered, p: float) -> float:
    low, high, before, _ = data.around(p)
    return float(data.x[low] if before <= 0 else data.x[high])


def _averaged_inverse(data: Ordered, p: float) -> float:
    low, high, before, _ = data.around(p)
    return float((data.x[low] + data.x[high]) / 2 if before <= 0 else data.x[high])


def _nearest_even(data: Ordered, p: float) -> float:
    data = data.distinct()
    low, high, before, _ = data.around(p)
    # Places are counted from 1: an even one is odd here.
    return float(data.x[low] if before <= 0 and low % 2 == 1 else data.x[high])


def _interpolated_inverse(data: Ordered, p: float) -> float:
    low, high, before, after = data.around(p)
    if before + after == 0:
        return float(data.x[low])
    share = before / (after + before)
    return float(data.x[low] * (1 - share) + data.x[high] * share)


def _shah_vaish(data: Ordered, p: float) -> float:
    """As R has it: half a weight is taken off on the weights' own scale, and positions are put in order after."""
    n = len(data.x)
    if n == 1:
        return float(data.x[0])
    relative = np.cumsum(data.weights / data.weights.mean(), dtype=np.longdouble).astype(np.float64)
    positions = (relative + 0.5 - data.weights / 2) / (n + 1)
    order = np.argsort(positions, kind="stable")
    place = int(np.searchsorted(positions[order], p, side="right")) - 1
    return float(data.x[order][max(place, 0)])


def _interpolated(data: Ordered, p: float, *, positions: Callable[[Ordered, FloatArray], FloatArray]) -> float:
    """Linear between the plotting positions, constant beyond them."""
    if len(data.x) == 1:
        return float(data.x[0])
    before = np.concatenate([[0.0], data.sums[:-1]])
    return float(np.interp(p, positions(data, before), data.x))


RULES: Mapping[str, Callable[[Ordered, float], float]] = {
    "math": _lower_inverse,
    "school": _averaged_inverse,
    "shahvaish": _shah_vaish,
    "hf1": _lower_inverse,
    "hf2": _averaged_inverse,
    "hf3": _nearest_even,
    "hf4": _interpolated_inverse,
    "hf5": partial(_interpolated, positions=lambda d, _: (d.sums - d.weights / 2) / d.sums[-1]),
    "hf6": partial(_interpolated, positions=lambda d, _: d.sums / (d.sums[-1] + d.weights[-1])),
    "hf7": partial(_interpolated, positions=lambda d, before: before / d.sums[-2]),
    "hf8": partial(
        _interpolated, positions=lambda d, before: (before / 3 + d.sums * 2 / 3) / (d.sums[-1] + d.weights[-1] / 3)
    ),
    "hf9": partial(
        _interpolated,
        positions=lambda d, before: (before * 3 / 8 + d.sums * 5 / 8) / (d.sums[-1] + d.weights[-1] / 4),
    ),
}
