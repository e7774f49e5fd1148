"""How far apart the worlds are that a reader cannot exclude: linear programs, and few of them.

Two worlds prove that a count is at least as uncertain as the distance between them, and one world proves that for many
counts at once: that is what keeps thousands of hidden cells within seconds. Parts that no equation connects have
programs of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import block_array, csr_array, eye_array, vstack
from scipy.sparse.csgraph import connected_components

from analysis.exchanges import exchange
from analysis.worlds import Moves, distinct

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scipy.optimize import OptimizeResult

    from analysis.arrays import BoolArray, FloatArray, IntArray

# Counts are whole: anything above this is a difference, anything below is the solver's rounding.
TOLERANCE = 1e-6


def widen(moves: Moves, low: FloatArray, high: FloatArray, *, required: FloatArray, judge: bool = False) -> int:
    """Spread `low` and `high`, in place, by worlds as far apart as is required, or as there are.

    Parameters
    ----------
    moves : Moves
    low, high : ndarray, shape (cells,)
        The lowest and highest difference from the truth seen so far.
    required : ndarray, shape (cells,)
        Cells this far apart need no further worlds.
    judge : bool
        Find the minimum and maximum of every cell that is still in doubt in the end.

    Returns
    -------
    int
        How many cells were judged.

    Examples
    --------
    >>> from analysis.publication import Table, publication
    >>> from analysis.worlds import moves
    >>> found = moves(publication([Table(["A", "B"], [4, 16], groups=[["all", "all"]])]),
    ...               np.array([[True], [True], [False]]))
    >>> low, high = np.zeros(2), np.zeros(2)
    >>> widen(found, low, high, required=np.array([8.0, 1.0]))
    0
    >>> (low + [4, 16]).tolist(), (high + [4, 16]).tolist()
    ([1.0, 1.0], [19.0, 19.0])
    """
    exchange(moves, low, high)
    short = doubtful(low, high, required) & (np.diff(moves.cells.indptr) > 0)
    if not short.any():
        return 0
    judged = 0
    for variables, inside in components(moves, np.flatnonzero(short)):
        part = moves.part(variables, inside)
        part_low, part_high, part_required = low[inside], high[inside], required[inside]
        exchange(part, part_low, part_high)
        _in_rounds(part, part_low, part_high, part_required)
        if judge:
            judged += _judge(part, part_low, part_high, part_required)
        low[inside], high[inside] = part_low, part_high
    return judged


def components(moves: Moves, asked: IntArray) -> Iterator[tuple[IntArray, IntArray]]:
    """The variables and cells of every part that shares no row with the others, where it has a cell asked for.

    Parameters
    ----------
    moves : Moves
    asked : ndarray of int
        Cells, each with a variable at least.

    Yields
    ------
    tuple of ndarray of int
    """
    rows = vstack([moves.equal, moves.limit, moves.cells], format="csr")
    both_ways = block_array([[None, rows.T], [rows, None]], format="csr")
    _, component = connected_components(both_ways, directed=False)
    of_variable, of_cell = component[: rows.shape[1]], component[len(component) - moves.cells.shape[0] :]
    for one in np.unique(of_cell[asked]).tolist():
        yield np.flatnonzero(of_variable == one), np.flatnonzero(of_cell == one)


def doubtful(low: FloatArray, high: FloatArray, required: FloatArray) -> BoolArray:
    """Cells that no worlds seen so far hold far enough apart.

    Parameters
    ----------
    low, high, required : ndarray, shape (cells,)

    Returns
    -------
    ndarray of bool
    """
    return np.asarray(high - low < required - TOLERANCE)


def see(moves: Moves, move: FloatArray, low: FloatArray, high: FloatArray) -> None:
    """Take a world into account.

    Parameters
    ----------
    moves : Moves
    move : ndarray, shape (variables,)
    low, high : ndarray, shape (cells,)
        Changed in place.
    """
    found = moves.cells @ move
    np.minimum(low, found, out=low)
    np.maximum(high, found, out=high)


def extreme(moves: Moves, objective: FloatArray) -> FloatArray:
    """The world in which `objective` is largest.

    Parameters
    ----------
    moves : Moves
    objective : ndarray, shape (variables,)

    Returns
    -------
    ndarray, shape (variables,)
        Of a direction without end, a world far along it.
    """
    return solve(-objective, moves)


def solve(cost: FloatArray, moves: Moves) -> FloatArray:
    """The cheapest world; where cost falls without end, one with every variable within a hundred times the largest.

    Parameters
    ----------
    cost : ndarray, shape (variables,)
    moves : Moves

    Returns
    -------
    ndarray, shape (variables,)

    References
    ----------
    .. [1] Huangfu & Hall (2018), Parallelizing the dual revised simplex method, Mathematical Programming Computation
           10 (HiGHS, through `scipy.optimize.linprog`).
    """
    # The truth is a world, so that there always is one; bounds keep the cheapest finite.
    far = 100 * (1 + max(np.abs(moves.floor[np.isfinite(moves.floor)]).max(initial=0.0), moves.room.max(initial=0.0)))
    bounds = np.column_stack([np.maximum(moves.floor, -far), np.minimum(moves.ceiling, far)])
    found = program(cost, moves, bounds)
    # A solver that gave up has shown no world but the truth.
    return np.asarray(found.x, dtype=np.float64) if found.x is not None else np.zeros(len(cost))


def program(cost: FloatArray, moves: Moves, bounds: FloatArray) -> OptimizeResult:
    """What HiGHS says of the cheapest world within bounds.

    Parameters
    ----------
    cost : ndarray, shape (variables,)
    moves : Moves
        Its rows; the bounds are given apart.
    bounds : ndarray, shape (variables, 2)

    Returns
    -------
    scipy.optimize.OptimizeResult
    """
    from scipy.optimize import linprog

    rows: dict[str, Any] = {}
    if moves.equal.shape[0]:
        rows |= {"A_eq": moves.equal, "b_eq": np.zeros(moves.equal.shape[0])}
    if moves.limit.shape[0]:
        rows |= {"A_ub": moves.limit, "b_ub": moves.room}
    found: OptimizeResult = linprog(cost, bounds=bounds, **rows)  # type: ignore[call-overload]  # Knows no sparse rows.
    return found


def _in_rounds(part: Moves, low: FloatArray, high: FloatArray, required: FloatArray) -> None:
    """Move many doubtful cells at once, up and then down, as long as that settles some of them."""
    before = len(low) + 1
    while 0 < (left := int(doubtful(low, high, required).sum())) < before:
        before = left
        for sign in (1.0, -1.0):
            short = np.flatnonzero(doubtful(low, high, required))
            if len(short):
                see(part, _together(part, short, (required - high + low)[short], sign), low, high)


def _judge(part: Moves, low: FloatArray, high: FloatArray, required: FloatArray) -> int:
    """Minimum and maximum of every cell still in doubt; how many there were."""
    asked = 0
    for cell in range(len(low)):
        for sign in (1.0, -1.0):
            if doubtful(low, high, required)[cell]:
                direction = part.cells[[cell]].toarray().ravel()
                see(part, extreme(part, sign * direction), low, high)
                asked += sign > 0
    return asked


def _together(moves: Moves, short: IntArray, need: FloatArray, sign: float) -> FloatArray:
    """A world that moves as many of the doubtful cells as possible up (or down) by what each needs."""
    direction, which = distinct(moves.cells[short])
    targets = direction.shape[0]
    wanted = np.zeros(targets)
    np.maximum.at(wanted, which, need)
    limit = block_array([[moves.limit, None], [-sign * direction, eye_array(targets)]], format="csr")
    wide = Moves(
        equal=csr_array(
            (moves.equal.data, moves.equal.indices, moves.equal.indptr),
            shape=(moves.equal.shape[0], moves.equal.shape[1] + targets),
        ),
        limit=csr_array(limit),
        room=np.concatenate([moves.room, np.zeros(targets)]),
        floor=np.concatenate([moves.floor, np.full(targets, -np.inf)]),
        ceiling=np.concatenate([moves.ceiling, wanted]),
        cells=moves.cells,
    )
    # Where cells stand in each other's way, very different weights settle some of them rather than none.
    weights = 100.0 ** np.modf(0.618 * np.arange(targets))[0]
    return solve(np.concatenate([np.zeros(len(moves.floor)), -weights]), wide)[: len(moves.floor)]
