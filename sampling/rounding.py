"""Whole people: rounding up without a binary fraction's error, and parts that add up to their whole."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from sampling.errors import SamplingError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from sampling.arrays import FloatArray, IntArray

# What arithmetic in double precision may add to a number that should be whole.
SLACK = 1e-9


def whole(value: float) -> int:
    """The smallest whole number not below `value`, where 1000.0000000001 counts as 1000.

    Examples
    --------
    >>> whole(277.53), whole(1000.0000000001), whole(80.0)
    (278, 1000, 80)
    """
    return math.ceil(value - SLACK * max(1.0, abs(value)))


def largest_remainder(parts: ArrayLike, total: int, *, upper: ArrayLike | None = None) -> IntArray:
    """Round parts so that they add up: all down, then one more for the largest remainders (Hamilton).

    Parameters
    ----------
    parts : array_like of float, shape (H,)
        Not negative; they add up to `total`.
    total : int
        What the whole numbers add up to.
    upper : array_like of int, shape (H,), optional
        No part is rounded above this; no part may be greater.

    Returns
    -------
    ndarray of int, shape (H,)
        Each is its part rounded down or up; among equal remainders the earlier part is rounded up.

    Raises
    ------
    SamplingError
        If the parts do not add up to `total`.

    References
    ----------
    .. [1] Balinski & Young (1982), Fair Representation, Yale University Press, ch. 3.

    Examples
    --------
    >>> largest_remainder([21.44, 102.73, 134.70, 41.13], 300).tolist()
    [21, 103, 135, 41]
    """
    exact = np.asarray(parts, dtype=float)
    if abs(math.fsum(exact.tolist()) - total) > SLACK * max(1, total) * len(exact):
        raise SamplingError("the parts add up to {sum}, not to {total}", sum=math.fsum(exact.tolist()), total=total)
    most = np.full(len(exact), np.iinfo(np.int64).max) if upper is None else np.asarray(upper, dtype=np.int64)
    return _rounded(exact, total, most)


def _rounded(exact: FloatArray, total: int, most: IntArray) -> IntArray:
    down = np.floor(exact + SLACK * np.maximum(1.0, exact)).astype(np.int64)
    # Rounded, so that remainders which ought to be equal are, on every machine.
    remainders = np.where(down < most, np.round(exact - down, 9), -np.inf)
    order = np.argsort(-remainders, kind="stable")
    down[order[: total - int(down.sum())]] += 1
    return down
