"""Arrays as this package passes them, and operations on them whose result is the same on every machine.

Sums are exactly rounded (``math.fsum``) or run from the first to the last value (``cumsum``): a sum in blocks, as
``numpy.sum`` takes it, may end in another last digit on another processor, and a sample could turn on that digit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
Labels = NDArray[Any]

# A lookup table is worth its memory while it stays within this many entries, or within a few times the rows.
LARGEST_TABLE = 4_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Numbered:
    """A column of labels that has been numbered already, as a reader of files does: no label is sorted twice.

    Attributes
    ----------
    codes : ndarray of int, shape (n,)
        Position of each row's label in `levels`.
    levels : ndarray, shape (distinct labels,)
        Each of them occurs.
    """

    codes: IntArray
    levels: Labels

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.codes)


LabelColumn = ArrayLike | Numbered


def total(values: FloatArray) -> float:
    """The sum of the values, rounded once.

    Examples
    --------
    >>> total(np.array([1e16, 1.0, -1e16]))
    1.0
    """
    return math.fsum(values.tolist())


def codes(labels: LabelColumn) -> tuple[IntArray, Labels]:
    """Number the distinct labels in sorted order: the code of each row, and the labels by code.

    Whole numbers within a narrow range are numbered by a table instead of a sort.

    Parameters
    ----------
    labels : array_like, shape (n,), or Numbered
        Strings, numbers or other sortable labels.

    Returns
    -------
    codes : ndarray of int, shape (n,)
    levels : ndarray, shape (distinct labels,)

    Examples
    --------
    >>> code, levels = codes(["Ea O", "Buôn Hồ", "Ea O"])
    >>> code.tolist(), levels.tolist()
    ([1, 0, 1], ['Buôn Hồ', 'Ea O'])
    """
    if isinstance(labels, Numbered):
        return labels.codes, labels.levels
    array = np.asarray(labels)
    if array.dtype.kind in "iu" and array.size and int(np.ptp(array)) <= max(LARGEST_TABLE, array.size):
        return _codes_by_table(array)
    levels, code = np.unique(array, return_inverse=True)
    return code.astype(np.int64, copy=False), levels


def ordered(population: int, keys: Sequence[LabelColumn]) -> IntArray:
    """Positions sorted by several keys, the first one first; equal rows keep their order.

    Parameters
    ----------
    population : int
        Number of rows.
    keys : sequence of array_like, each of shape (population,)
        None at all leaves the rows as they are.

    Returns
    -------
    ndarray of int, shape (population,)

    Examples
    --------
    >>> ordered(4, [["b", "a", "b", "a"], [1, 2, 0, 1]]).tolist()
    [3, 1, 2, 0]
    """
    if not keys:
        return np.arange(population)
    return np.lexsort([codes(key)[0] for key in reversed(keys)]).astype(np.int64, copy=False)


def ranks(group: IntArray, keys: FloatArray) -> IntArray:
    """Rank of each row's key within its group, from 0; equal keys rank in the order of the rows.

    Parameters
    ----------
    group : ndarray of int, shape (n,)
        Group of each row, from 0.
    keys : ndarray of float, shape (n,)

    Returns
    -------
    ndarray of int, shape (n,)

    Examples
    --------
    >>> ranks(np.array([0, 1, 0, 1]), np.array([0.5, 0.1, 0.2, 0.9])).tolist()
    [1, 0, 0, 1]
    """
    order = np.lexsort((keys, group))
    counts = np.bincount(group)
    firsts = np.cumsum(counts) - counts
    rank = np.empty(len(group), dtype=np.int64)
    rank[order] = np.arange(len(group)) - np.repeat(firsts, counts)
    return rank


def _codes_by_table(array: NDArray[Any]) -> tuple[IntArray, Labels]:
    lowest = array.min()
    shifted = array - lowest
    present = np.zeros(int(shifted.max()) + 1, dtype=np.bool_)
    present[shifted] = True
    table = np.cumsum(present) - 1
    return table[shifted], np.flatnonzero(present) + lowest
