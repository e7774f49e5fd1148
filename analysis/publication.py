"""What is published together: every figure of every table, and the sums that tie them to one another.

A figure is a row of counts: the respondents of an agency (or of a part of it, or of a province), all of them in the
first column and by item or dimension in the others. Figures have names; the same name in two tables is the same figure.
That is how tables hang together: the agency's row of the first table is the total of its rows in a demographic cut, and
a successor's past is one more total of the earlier wave's rows. All of it is linear equations between counts, which is
what the attacker of :mod:`analysis.audit` solves.

References
----------
.. [1] Fischetti & Salazar-González (2001), Solving the cell suppression problem on tabular data with linear
       constraints, Management Science 47(7).
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.errors import AnalysisError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike
    from scipy.sparse import csr_array

    from analysis.arrays import BoolArray, IntArray

Labels = Sequence[Hashable | None]
# Totals of one table are written in terms of one another up to this many: a table of agencies has a few.
MOST_NESTED = 64


@dataclass(frozen=True, slots=True)
class Table:
    """A table to be published: its rows, and the totals displayed with it or computable by its readers.

    Attributes
    ----------
    rows : sequence of hashable
        The name of each row, unique in the table: ("2026", "sample", "so-noi-vu"), with the level of a demographic cut
        in a table by that cut. Waves and streams are part of the name, for their figures are not the same.
    counts : array_like of int, shape (n, m)
        Respondents of each row: all of them, then by item or dimension.
    groups : sequence of sequence of hashable or None, each of length n
        Each entry is one way of adding rows up to displayed totals: the name of each row's total, or None. A name that
        is a row somewhere in the publication is that row. Every row of a total must be there: those who did not say
        their age are a row too.
    favourable : array_like of int, shape (n, m - 1), optional
        Favourable answers of every column but the first, at risk with the counts. All tables have them or none.

    Examples
    --------
    >>> Table(["A", "B"], [[12, 11], [30, 29]], groups=[["all", "all"]]).rows
    ['A', 'B']
    """

    rows: Sequence[Hashable]
    counts: ArrayLike
    groups: Sequence[Labels] = ()
    favourable: ArrayLike | None = None


@dataclass(frozen=True, slots=True)
class Publication:
    """All figures of a publication and the equations between them.

    Attributes
    ----------
    names : tuple of hashable
        Of the figures: first the rows of the tables, then the totals that are no table's row.
    counts : ndarray of int, shape (figures, columns)
    favourable : ndarray of int, shape (figures, columns), or None
        Its first column is 0 and means nothing.
    relations : scipy.sparse.csr_array, shape (equations, figures)
        ``relations @ counts == 0``: 1 for a member, -1 for the total.
    is_total : ndarray of bool, shape (figures,)
    rows : tuple of ndarray of int
        The place of each row of each table.
    columns : tuple of int
        How many columns each table has; where fewer than `counts` has, the rest is 0.

    Examples
    --------
    >>> found = publication([Table(["A", "B"], [12, 30], groups=[["all", "all"]])])
    >>> found.names, found.counts.ravel().tolist(), found.relations.toarray().tolist()
    (('A', 'B', 'all'), [12, 30, 42], [[1.0, 1.0, -1.0]])
    """

    names: tuple[Hashable, ...]
    counts: IntArray
    favourable: IntArray | None
    relations: csr_array
    is_total: BoolArray
    rows: tuple[IntArray, ...]
    columns: tuple[int, ...]

    def place(self, name: Hashable) -> int:
        """Where a figure is.

        Parameters
        ----------
        name : hashable

        Returns
        -------
        int
        """
        return self.names.index(name)


def publication(tables: Sequence[Table]) -> Publication:
    """Put the tables together.

    Parameters
    ----------
    tables : sequence of Table
        Everything that one reader can see: all tables, levels, streams and waves.

    Returns
    -------
    Publication

    Raises
    ------
    AnalysisError
        A count is no count, a row is named twice, labels do not fit, a figure that two tables show differs between
        them, or a total differs from the sum of its members.

    Examples
    --------
    By agency, and by sex within agency; the agencies are the totals of the second table:

    >>> agencies = Table(["A", "B"], [12, 30], groups=[["all", "all"]])
    >>> sexes = Table(["A women", "A men", "B women", "B men"], [5, 7, 14, 16], groups=[["A", "A", "B", "B"]])
    >>> publication([agencies, sexes]).counts.ravel().tolist()
    [12, 30, 5, 7, 14, 16, 42]
    """
    counts = [counted(table.counts) for table in tables]
    favourable = _favourable(tables, counts)
    width = max((one.shape[1] for one in counts), default=1)
    book = _Book({}, [], [])
    for table, count, good in zip(tables, counts, favourable, strict=True):
        _check_rows(table, count)
        for place, name in enumerate(table.rows):
            book.enter(name, _padded(count[place], width), _padded(good[place], width))
    equations = []
    for table in tables:
        places = np.array([book.places[name] for name in table.rows], dtype=np.int64)
        equations += [_equation(book, name, members) for name, members in _totals(table, places)]
    return Publication(
        names=tuple(book.places),
        counts=np.array(book.counts, dtype=np.int64).reshape(-1, width),
        favourable=None
        if all(table.favourable is None for table in tables)
        else np.array(book.favourable, dtype=np.int64).reshape(-1, width),
        relations=_matrix(equations, len(book.places)),
        is_total=_marked([total for total, _ in equations], len(book.places)),
        rows=tuple(np.array([book.places[name] for name in table.rows], dtype=np.int64) for table in tables),
        columns=tuple(count.shape[1] for count in counts),
    )


def counted(counts: ArrayLike) -> IntArray:
    """Counts as a table of whole numbers, one column at least.

    Parameters
    ----------
    counts : array_like, shape (n,) or (n, m)

    Returns
    -------
    ndarray of int, shape (n, m)

    Raises
    ------
    AnalysisError
        One is negative or not whole.

    Examples
    --------
    >>> counted([3, 4]).tolist()
    [[3], [4]]
    """
    given = np.asarray(counts)
    table = given.astype(np.int64)
    if given.size and ((table < 0).any() or (table != given).any()):
        raise AnalysisError("counts of respondents must be whole numbers from 0")
    return table[:, None] if table.ndim == 1 else table


@dataclass(frozen=True, slots=True)
class _Book:
    """Figures as they are entered: place by name, and the counts at each place."""

    places: dict[Hashable, int]
    counts: list[IntArray]
    favourable: list[IntArray]

    def enter(self, name: Hashable, counts: IntArray, favourable: IntArray) -> int:
        place = self.places.setdefault(name, len(self.places))
        if place == len(self.counts):
            self.counts.append(counts)
            self.favourable.append(favourable)
        elif not (np.array_equal(self.counts[place], counts) and np.array_equal(self.favourable[place], favourable)):
            raise AnalysisError(
                "{name} has the counts {first} in one place and {second} in another: what is published together must "
                "add up; give those whose answer is missing a row of their own",
                name=name,
                first=self.counts[place].tolist(),
                second=counts.tolist(),
            )
        return place


def _padded(values: IntArray, width: int) -> IntArray:
    return np.pad(values, (0, width - len(values)))


def _favourable(tables: Sequence[Table], counts: Sequence[IntArray]) -> list[IntArray]:
    """Favourable answers with an empty first column, so that their places are those of the counts."""
    if len({table.favourable is None for table in tables}) > 1:
        raise AnalysisError("some tables have favourable counts and others not: give them for all or for none")
    return [_favourable_of(table, count) for table, count in zip(tables, counts, strict=True)]


def _favourable_of(table: Table, counts: IntArray) -> IntArray:
    found = np.zeros_like(counts)
    if table.favourable is None:
        return found
    given = counted(table.favourable)
    if given.shape != (len(counts), counts.shape[1] - 1):
        raise AnalysisError(
            "the favourable counts have the shape {found}, but {expected} is needed: every column but the first",
            found=given.shape,
            expected=(len(counts), counts.shape[1] - 1),
        )
    found[:, 1:] = given
    if (found > counts).any():
        raise AnalysisError("more answers are favourable than were given: check the counts")
    return found


def _check_rows(table: Table, counts: IntArray) -> None:
    if len(table.rows) != len(counts) or len(set(table.rows)) != len(counts):
        raise AnalysisError(
            "a table has {rows} rows and {names} different names: name each row once",
            rows=len(counts),
            names=len(set(table.rows)),
        )
    for place, labels in enumerate(table.groups):
        if len(labels) != len(counts):
            raise AnalysisError(
                "group {group} has {found} labels for {rows} domains",
                group=place,
                found=len(labels),
                rows=len(counts),
            )
    if (counts[:, 1:] > counts[:, :1]).any():
        raise AnalysisError(
            "a row has more respondents in a column than in all: the first column counts everybody of the row"
        )


def _totals(table: Table, places: IntArray) -> list[tuple[Hashable, IntArray]]:
    """The totals of a table with the places of their members, smallest first."""
    found: list[tuple[Hashable, IntArray]] = []
    for labels in table.groups:
        members: dict[Hashable, list[int]] = {}
        for place, label in zip(places.tolist(), labels, strict=True):
            if label is not None:
                members.setdefault(label, []).append(place)
        found += [(label, np.array(inside, dtype=np.int64)) for label, inside in members.items()]
    return sorted(found, key=lambda one: len(one[1]))


def _equation(book: _Book, name: Hashable, members: IntArray) -> tuple[int, IntArray]:
    counts = np.sum([book.counts[place] for place in members], axis=0)
    favourable = np.sum([book.favourable[place] for place in members], axis=0)
    return book.enter(name, counts, favourable), members


def _matrix(equations: list[tuple[int, IntArray]], figures: int) -> csr_array:
    """The equations, each total written with the largest totals inside it: shorter, and saying the same."""
    from scipy.sparse import csr_array

    short = _nested(equations) if len(equations) <= MOST_NESTED else equations
    sizes = [len(members) + 1 for _, members in short]
    columns = np.concatenate([np.append(members, total) for total, members in short] or [np.empty(0, dtype=np.int64)])
    values = np.ones(len(columns))
    values[np.cumsum(sizes, dtype=np.int64) - 1] = -1.0
    return csr_array((values, columns, np.cumsum([0, *sizes])), shape=(len(short), figures))


def _nested(equations: list[tuple[int, IntArray]]) -> list[tuple[int, IntArray]]:
    """Assumes smaller totals of a table before larger ones."""
    sets = [(total, frozenset(members.tolist())) for total, members in equations]
    found = []
    for place, (total, members) in enumerate(sets):
        rest = members
        inside: list[int] = []
        for other, part in reversed(sets[:place]):
            if part <= rest and other != total:
                rest, inside = rest - part, [*inside, other]
        found.append((total, np.array(sorted(rest) + inside, dtype=np.int64)))
    return found


def _marked(places: list[int], size: int) -> BoolArray:
    marks = np.zeros(size, dtype=np.bool_)
    marks[places] = True
    return marks


def hidden_composites(hidden: Any, members: Sequence[Sequence[int]]) -> BoolArray:
    """Where a composite must not be shown: wherever a member of it is hidden.

    A weighted mean of dimensions gives a single hidden one away: it is the only unknown of one equation. With two or
    more hidden ones their weighted mean is known, about fewer persons than the minimum, and near 100 % (where
    satisfaction is) it leaves neither any room. A second hidden member is no protection here, as a second hidden agency
    is for a total: the same few persons answered both. So one hidden member is enough to hide the composite.

    Parameters
    ----------
    hidden : array_like of bool, shape (n, k)
        What is hidden of the members, the dimensions; a dimension that nobody answered counts as hidden.
    members : sequence of sequence of int
        The columns of `hidden` that enter each composite with a weight other than 0.

    Returns
    -------
    ndarray of bool, shape (n, composites)

    Examples
    --------
    >>> hidden_composites([[False, True, False], [False, False, False]], [[0, 1], [0, 2]]).tolist()
    [[True, False], [False, False]]
    """
    mask = np.asarray(hidden, dtype=np.bool_)
    columns = [mask[:, list(inside)].any(axis=1) for inside in members]
    return np.stack(columns, axis=1) if columns else np.zeros((len(mask), 0), dtype=np.bool_)
