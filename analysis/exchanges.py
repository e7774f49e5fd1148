"""Worlds that need no solver: persons who change places within one sum, or around a rectangle of two.

What one member of a sum gains the others lose. In a table of two ways (agencies by levels of a cut) what a cell gains,
other cells of its row and one other cell of its column lose, and that cell's row makes good. Such moves are worlds like
any other that a linear program finds; they only cost nothing.

References
----------
.. [1] Cox (1995), Network models for complementary cell suppression, JASA 90(432).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analysis.arrays import BoolArray, FloatArray, IntArray
    from analysis.worlds import Moves

# A cell of a table of two ways is in a sum across and a sum down.
WAYS = 2
# Rectangles are tried together while there are at most so many.
MOST = 4_000_000


def exchange(moves: Moves, low: FloatArray, high: FloatArray) -> None:
    """Spread `low` and `high`, in place, by what single sums and rectangles allow.

    Parameters
    ----------
    moves : Moves
    low, high : ndarray, shape (cells,)
        The lowest and highest difference from the truth seen so far.

    Examples
    --------
    >>> from analysis.publication import Table, publication
    >>> from analysis.worlds import moves
    >>> square = Table(["A1", "A2", "B1", "B2"], [4, 30, 40, 7], groups=[["A", "A", "B", "B"], [1, 2, 1, 2]])
    >>> hidden = np.array([[True]] * 4 + [[False]] * 4)
    >>> low, high = np.zeros(4), np.zeros(4)
    >>> exchange(moves(publication([square]), hidden), low, high)
    >>> low.tolist(), high.tolist()
    ([-3.0, -29.0, -29.0, -3.0], [29.0, 3.0, 3.0, 29.0])
    """
    down, free = _down(moves)
    up, ups, downs = moves.ceiling, np.zeros(len(down)), np.zeros(len(down))
    equal = moves.equal.tocsc()
    sums = np.diff(equal.indptr)
    free &= np.bincount(np.repeat(np.arange(len(down)), sums), weights=equal.data != 1, minlength=len(down)) == 0
    once = np.flatnonzero(free & (sums == 1))
    inside = equal.indices[equal.indptr[once]].astype(np.int64)
    ups[once], downs[once] = _in_sums(inside, down[once], up[once])
    twice = np.flatnonzero(free & (sums == WAYS) & np.isinf(up))
    if len(twice):
        pair = np.sort(equal.indices[equal.indptr[twice][:, None] + [0, 1]], axis=1)
        for block in _blocks(pair, moves.equal.shape[0]):
            ups[twice[block]], downs[twice[block]] = _around(pair[block], down[twice[block]])
    # The parts of a cell are in sums of their own, so that they move together.
    np.maximum(high, moves.cells @ ups, out=high)
    np.minimum(low, -(moves.cells @ downs), out=low)


def _down(moves: Moves) -> tuple[FloatArray, BoolArray]:
    """How far each variable can fall whatever else falls, and which have no other limit above."""
    limit, free = moves.limit, np.isfinite(moves.floor)
    down = np.where(free, -moves.floor, 0.0)
    row = np.repeat(np.arange(limit.shape[0]), np.diff(limit.indptr))
    other = np.bincount(row, weights=limit.data != -1, minlength=limit.shape[0]) > 0
    free[limit.indices[other[row]]] = False
    # What two must not give up together (at least one person is in a cell), each gives up in part.
    wanted = np.bincount(row, weights=down[limit.indices], minlength=limit.shape[0])
    share = np.divide(moves.room, wanted, out=np.ones(len(wanted)), where=wanted > moves.room)
    least = np.ones(len(down))
    np.minimum.at(least, limit.indices, share[row])
    return np.where(free, down * least, 0.0), free


def _in_sums(relation: IntArray, down: FloatArray, up: FloatArray) -> tuple[FloatArray, FloatArray]:
    """How far each member can rise while the others fall, and fall while the others rise."""

    def others(values: FloatArray) -> FloatArray:
        return np.asarray(np.bincount(relation, weights=values)[relation] - values)

    endless = np.isinf(up)
    taken = np.where(others(endless.astype(np.float64)) > 0, np.inf, others(np.where(endless, 0.0, up)))
    return np.minimum(up, others(down)), np.minimum(down, taken)


def _blocks(pair: IntArray, sums: int) -> Iterator[IntArray]:
    """The cells of each table of two ways: those that their sums connect."""
    graph = csr_array((np.ones(len(pair)), (pair[:, 0], pair[:, 1])), shape=(sums, sums))
    table = connected_components(graph, directed=False)[1][pair[:, 0]]
    order = np.argsort(table, kind="stable")
    yield from np.split(order, np.flatnonzero(np.diff(table[order])) + 1)


def _around(pair: IntArray, down: FloatArray) -> tuple[FloatArray, FloatArray]:
    """How far each cell of a table of two ways can rise and fall with one other row; members may rise without limit."""
    (rows, row), (columns, column) = (np.unique(one, return_inverse=True) for one in pair.T)
    still = np.zeros(len(down))
    if len(rows) ** 2 * len(columns) > MOST:
        return still, still
    room = np.zeros((len(rows), len(columns)))
    present = np.zeros(room.shape, dtype=np.bool_)
    room[row, column], present[row, column] = down, True
    # Two cells of one row and column at once are no table; one of them is enough.
    alone = np.bincount(row * len(columns) + column)[row * len(columns) + column] == 1
    # By row, other row and column: what the row's cells can give where the other row has cells, less the column's own.
    gives = (room @ present.T)[:, :, None] - room[:, None, :] * present[None, :, :]
    other = present[None, :, :] & ~np.eye(len(rows), dtype=np.bool_)[:, :, None]
    ups = np.where(other, np.minimum(room[None, :, :], gives), 0.0).max(axis=1)
    downs = np.where(other, np.minimum(room[:, None, :], gives.transpose(1, 0, 2)), 0.0).max(axis=1)
    return np.where(alone, ups[row, column], 0.0), np.where(alone, downs[row, column], 0.0)
