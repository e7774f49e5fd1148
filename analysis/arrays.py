"""Arrays as this package passes them, and the two operations on groups that everything is built of."""

from __future__ import annotations

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


def group_sums(values: FloatArray, group: IntArray, groups: int) -> FloatArray:
    """Sums of rows by group, zero where a group has no row.

    Parameters
    ----------
    values : ndarray, shape (n,), (n, k) or more
        What is added.
    group : ndarray of int, shape (n,)
        Group of each row, from 0 to `groups` - 1.
    groups : int
        Number of groups.

    Returns
    -------
    ndarray, shape (groups,), (groups, k) or more

    Examples
    --------
    >>> group_sums(np.array([1.0, 2.0, 4.0]), np.array([0, 2, 0]), 3)
    array([5., 0., 2.])
    """
    if values.ndim == 1:
        return _sums(values, group, groups)
    # Column by column is some ten times faster than summing rows over sorted groups.
    flat = values.reshape(len(values), int(np.prod(values.shape[1:])))
    sums = np.empty((groups, flat.shape[1]))
    for column in range(flat.shape[1]):
        sums[:, column] = _sums(flat[:, column], group, groups)
    return sums.reshape(groups, *values.shape[1:])


def gathered_sums(values: FloatArray, group: IntArray, groups: int) -> FloatArray:
    """As :func:`group_sums`, where every group has a row: if each has one alone, rows are only put in their places.

    Parameters
    ----------
    values : ndarray, shape (n,), (n, k) or more
    group : ndarray of int, shape (n,)
        From 0 to `groups` - 1, all of which occur.
    groups : int

    Returns
    -------
    ndarray, shape (groups,), (groups, k) or more

    Examples
    --------
    >>> gathered_sums(np.array([1.0, 2.0]), np.array([1, 0]), 2)
    array([2., 1.])
    """
    if groups != len(values):
        return group_sums(values, group, groups)
    placed = np.empty(values.shape)
    placed[group] = values
    return placed


def _sums(values: FloatArray, group: IntArray, groups: int) -> FloatArray:
    sums: FloatArray = np.bincount(group, weights=values, minlength=groups).astype(np.float64, copy=False)
    return sums


def codes(labels: ArrayLike) -> tuple[IntArray, Labels]:
    """Number the distinct labels in sorted order: the code of each row, and the labels by code.

    Whole numbers within a narrow range are numbered by a table instead of a sort, which is what keeps ten million
    rows within a second.

    Parameters
    ----------
    labels : array_like, shape (n,)
        Strings, numbers or other sortable labels.

    Returns
    -------
    codes : ndarray of int, shape (n,)
    levels : ndarray, shape (distinct labels,)

    Examples
    --------
    >>> code, levels = codes(["M", "E", "M"])
    >>> code.tolist(), levels.tolist()
    ([1, 0, 1], ['E', 'M'])
    """
    array = np.asarray(labels)
    if array.dtype.kind in "iu" and array.size and int(np.ptp(array)) <= max(LARGEST_TABLE, array.size):
        return _codes_by_table(array)
    levels, code = np.unique(array, return_inverse=True)
    return code.astype(np.int64, copy=False), levels


def crossed(first: IntArray, second: IntArray, *, seconds: int) -> tuple[IntArray, IntArray, IntArray]:
    """Number the pairs that occur: the code of each row, and the two members of each pair by code.

    Parameters
    ----------
    first, second : ndarray of int, shape (n,)
        Codes from 0.
    seconds : int
        Number of distinct codes that `second` may take.

    Returns
    -------
    pair, first_of_pair, second_of_pair : ndarray of int

    Examples
    --------
    >>> pair, first, second = crossed(np.array([0, 1, 0]), np.array([1, 0, 1]), seconds=2)
    >>> pair.tolist(), first.tolist(), second.tolist()
    ([0, 1, 0], [0, 1], [1, 0])
    """
    pair, levels = codes(first * seconds + second)
    return pair, levels // seconds, levels % seconds


def label_tuple(levels: Labels) -> tuple[Any, ...]:
    """Labels as plain Python values, so that a result can be compared, printed and written as JSON.

    Parameters
    ----------
    levels : ndarray

    Returns
    -------
    tuple

    Examples
    --------
    >>> label_tuple(np.array([1, 2]))
    (1, 2)
    """
    values: Sequence[Any] = levels.tolist()
    return tuple(values)


def _codes_by_table(array: NDArray[Any]) -> tuple[IntArray, Labels]:
    lowest = array.min()
    shifted = array - lowest
    present = np.zeros(int(shifted.max()) + 1, dtype=np.bool_)
    present[shifted] = True
    table = np.cumsum(present) - 1
    return table[shifted], np.flatnonzero(present) + lowest
