"""What a reader cannot exclude: the worlds that agree with everything published.

A hidden count is a variable; where favourable answers are published too, it is two, the favourable and the other
answers, which obey the same equations. A world is written as its difference from the truth, so that the truth is 0, and
is every real solution of

    equal @ move == 0,   limit @ move <= room,   floor <= move <= ceiling.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array, vstack

if TYPE_CHECKING:
    from analysis.arrays import BoolArray, FloatArray, IntArray
    from analysis.publication import Publication


@dataclass(frozen=True, slots=True)
class Moves:
    """How the hidden counts may differ from the truth without any published figure changing.

    Attributes
    ----------
    equal, limit : scipy.sparse.csr_array, shape (rows, variables)
    room, floor, ceiling : ndarray
    cells : scipy.sparse.csr_array, shape (cells, variables)
        ``cells @ move`` is by how much the count of each hidden cell differs.

    Examples
    --------
    See :func:`moves`.
    """

    equal: csr_array
    limit: csr_array
    room: FloatArray
    floor: FloatArray
    ceiling: FloatArray
    cells: csr_array

    def within(self, shared: csr_array) -> Moves:
        """Only those moves that a few shared ones make up: fewer worlds, each of them a true one.

        Parameters
        ----------
        shared : scipy.sparse.csr_array, shape (variables, shared moves)

        Returns
        -------
        Moves
            Of the shared moves; equal rows are written once.
        """
        open_above = np.isfinite(self.ceiling)
        limit = vstack([self.limit @ shared, -shared, shared[open_above]], format="csr")
        room = np.concatenate([self.room, -self.floor, self.ceiling[open_above]])
        equal, _ = distinct(self.equal @ shared)
        limit, which = distinct(limit)
        tightest = np.full(limit.shape[0], np.inf)
        np.minimum.at(tightest, which[which >= 0], room[which >= 0])
        return _bounded(equal, limit, tightest, cells=csr_array(self.cells @ shared))

    def part(self, variables: IntArray, cells: IntArray) -> Moves:
        """The moves of some variables, which share no row with the others.

        Parameters
        ----------
        variables, cells : ndarray of int

        Returns
        -------
        Moves
        """
        equal, limit = self.equal[:, variables], self.limit[:, variables]
        limited = np.diff(limit.indptr) > 0
        return Moves(
            equal=equal[np.diff(equal.indptr) > 0],
            limit=limit[limited],
            room=self.room[limited],
            floor=self.floor[variables],
            ceiling=self.ceiling[variables],
            cells=self.cells[cells][:, variables],
        )


def moves(publication: Publication, hidden: BoolArray, *, by_sums_only: bool = False) -> Moves:
    """Everything a reader cannot exclude about the hidden cells, in the order of ``np.argwhere(hidden)``.

    He knows every displayed figure, all equations, that a hidden figure has somebody in it (nobody would be displayed
    as such; of a row hidden whole he is only not told which columns are empty), that at most all answers are
    favourable, and that a column has at most as many respondents as all of the row.

    Parameters
    ----------
    publication : Publication
    hidden : ndarray of bool, shape (figures, columns)
    by_sums_only : bool
        Leave out the last of these.

    Returns
    -------
    Moves

    Examples
    --------
    >>> from analysis.publication import Table, publication
    >>> found = moves(publication([Table(["A", "B"], [4, 16], groups=[["all", "all"]])]),
    ...               np.array([[True], [True], [False]]))
    >>> found.equal.toarray().tolist(), found.floor.tolist()
    ([[1.0, 1.0]], [-3.0, -15.0])
    """
    row, column = np.nonzero(hidden)
    counts = publication.counts[row, column]
    least = counts > 0
    number = np.full(hidden.shape, -1)
    number[row, column] = np.arange(len(row))
    if publication.favourable is None:
        paired = np.zeros(len(row), dtype=np.bool_)
        good = np.zeros(0, dtype=np.int64)
    else:
        paired = column > 0
        good = publication.favourable[row, column][paired]
    pairs = np.flatnonzero(paired)
    truth = np.concatenate([counts, good]).astype(np.float64)
    truth[pairs] -= good
    cells = csr_array(
        (np.ones(len(truth)), (np.concatenate([np.arange(len(row)), pairs]), np.arange(len(truth)))),
        shape=(len(row), len(truth)),
    )
    other = np.full(hidden.shape, -1)
    other[row[pairs], column[pairs]] = len(row) + np.arange(len(pairs))
    equal = vstack([_equal(publication, part, len(truth)) for part in (number, other)], format="csr")
    filled = paired & (least > 0)
    limit, room = csr_array(-cells[filled]), (counts - least)[filled].astype(np.float64)
    if not by_sums_only:
        within, more = _within_rows(publication, number, cells=cells, counts=counts)
        limit, room = csr_array(vstack([limit, within])), np.concatenate([room, more])
    floor = -truth
    alone = np.flatnonzero(~paired)
    floor[alone] += least[alone]
    return _bounded(equal, limit, room, cells=cells, floor=floor)


def _equal(publication: Publication, number: IntArray, variables: int) -> csr_array:
    """The equations of every column between the variables that `number` gives the hidden cells (-1: none)."""
    relations = publication.relations.tocoo()
    columns = number.shape[1]
    variable = number[relations.col]
    entry, column = np.nonzero(variable >= 0)
    places = (relations.row[entry] * columns + column, variable[entry, column])
    found = csr_array((relations.data[entry], places), shape=(relations.shape[0] * columns, variables))
    return found[np.diff(found.indptr) > 0]


def _within_rows(
    publication: Publication, number: IntArray, *, cells: csr_array, counts: IntArray
) -> tuple[csr_array, FloatArray]:
    """In a column at most as many as in the first."""
    row, column = np.nonzero(number >= 0)
    inner, whole = column > 0, number[row, 0]
    both = inner & (whole >= 0)
    first = csr_array(
        (np.ones(int(both.sum())), (np.cumsum(inner)[both] - 1, whole[both])),
        shape=(int(inner.sum()), cells.shape[0]),
    )
    room = (publication.counts[row, 0] - counts)[inner].astype(np.float64)
    return csr_array(cells[inner] - first @ cells), room


def _bounded(
    equal: csr_array, limit: csr_array, room: FloatArray, *, cells: csr_array, floor: FloatArray | None = None
) -> Moves:
    """Rows of `limit` with one variable become bounds of it."""
    entries = np.diff(limit.indptr)
    single = entries == 1
    variable, value = limit[single].indices, limit[single].data
    bound = room[single] / value
    low = np.full(limit.shape[1], -np.inf) if floor is None else floor.copy()
    high = np.full(limit.shape[1], np.inf)
    np.maximum.at(low, variable[value < 0], bound[value < 0])
    np.minimum.at(high, variable[value > 0], bound[value > 0])
    several = entries > 1
    return Moves(equal=equal, limit=limit[several], room=room[several], floor=low, ceiling=high, cells=cells)


def distinct(matrix: csr_array) -> tuple[csr_array, IntArray]:
    """The distinct rows that are not empty, and which of them each row is (-1: empty).

    Parameters
    ----------
    matrix : scipy.sparse.csr_array

    Returns
    -------
    scipy.sparse.csr_array
    ndarray of int

    Examples
    --------
    >>> rows, which = distinct(csr_array([[0, 1], [0, 0], [0, 1]]))
    >>> rows.toarray().tolist(), which.tolist()
    ([[0, 1]], [0, -1, 0])
    """
    matrix = csr_array(matrix)
    matrix.eliminate_zeros()
    # Rows of small whole numbers are equal where both their products with numbers of no simple ratio are.
    place = np.arange(1.0, matrix.shape[1] + 1)
    mark = matrix @ (np.modf(np.sqrt(2.0) * place + np.sqrt(place))[0] + 1j * np.modf(np.sqrt(3.0 * place))[0])
    filled = np.flatnonzero(np.diff(matrix.indptr))
    _, first, inverse = np.unique(np.round(mark[filled], 9), return_index=True, return_inverse=True)
    which = np.full(matrix.shape[0], -1)
    which[filled] = inverse
    return matrix[filled[first]], which


def variable_cells(everything: Moves) -> IntArray:
    """The cell that each variable is a part of.

    Parameters
    ----------
    everything : Moves

    Returns
    -------
    ndarray of int, shape (variables,)
    """
    return np.asarray(everything.cells.tocsc().indices, dtype=np.int64)


def by_row(everything: Moves, places: IntArray) -> csr_array:
    """Moves of whole rows, with all their columns: thirty columns cost no more than one.

    A row hidden whole can have one more, or one fewer, satisfied respondent who answered everything, and one more or
    fewer who was satisfied with nothing. Where no favourable answers are published, one respondent more or fewer.

    Parameters
    ----------
    everything : Moves
    places : ndarray of int, shape (cells, 2)
        Row and column of each cell.

    Returns
    -------
    scipy.sparse.csr_array, shape (variables, moves)
    """
    cells, variables = everything.cells.shape
    cell = variable_cells(everything)
    good = np.arange(variables) >= cells
    row, column = places[cell].T
    whole = np.isin(row, row[column == 0])
    paired = bool(good.any())
    satisfied = np.flatnonzero(whole & (good | (column == 0) | (not paired)))
    others = np.flatnonzero(whole & ~good & paired)
    variable = np.concatenate([satisfied, others])
    kind = 2 * row[variable] + (np.arange(len(variable)) >= len(satisfied))
    _, shared = np.unique(kind, return_inverse=True)
    return csr_array((np.ones(len(variable)), (variable, shared)), shape=(variables, int(shared.max(initial=-1)) + 1))


def by_columns(everything: Moves, places: IntArray) -> csr_array:
    """Moves of all columns but the first, which stays as it is: then no column has to do with another.

    Parameters
    ----------
    everything : Moves
    places : ndarray of int, shape (cells, 2)

    Returns
    -------
    scipy.sparse.csr_array, shape (variables, moves)
    """
    inside = np.flatnonzero(places[variable_cells(everything), 1] > 0)
    shape = (everything.cells.shape[1], len(inside))
    return csr_array((np.ones(len(inside)), (inside, np.arange(len(inside)))), shape=shape)
