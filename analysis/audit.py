"""The audit before anything is published: an attacker who knows it all tries to find every hidden count.

He knows the displayed figures of all tables, levels, streams and waves, the equations between them and the rule of
suppression, and computes for each hidden cell the interval in which its count must lie. Cells are *recoverable* where
that interval is too narrow: sliding protection in the sense of Fischetti and Salazar.

The width required of a cell with fewer than `minimum` respondents is ``minimum - 2``, that of the numbers 1 to
``minimum - 1`` which the rule itself admits. A hidden sum that is known and below the minimum never has it, nor has one
hidden cell alone. A cell hidden for another's sake only needs to be open: one number less than the truth or more.

The judge is the linear program, of minimum and maximum, cell by cell. Most cells never come before him: those that
elimination and sums give away on one side, on the other those for which one of a few worlds is proof enough.

References
----------
.. [1] Fischetti & Salazar-González (2001), Management Science 47(7): attacker's problems, sliding protection levels.
.. [2] Hundepool et al. (2012), Statistical Disclosure Control, ch. 4.
.. [3] Salazar-González (2008), Statistical confidentiality: optimization techniques to protect tables, Computers &
       Operations Research 35(5).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array, hstack

from analysis.errors import AnalysisError
from analysis.widening import TOLERANCE, doubtful, extreme, widen
from analysis.worlds import by_columns, by_row, moves, variable_cells

if TYPE_CHECKING:
    from collections.abc import Hashable

    from analysis.arrays import BoolArray, FloatArray, IntArray
    from analysis.publication import Publication
    from analysis.worlds import Moves

# Up to so many variables a program of everything is quick.
AT_ONCE = 4000


@dataclass(frozen=True, slots=True)
class Exposure:
    """A hidden cell that can be worked out too closely.

    Attributes
    ----------
    name : hashable
        Its figure.
    column : int
    width : float
        Its count lies in an interval no wider than this; 0 is the count itself.

    Examples
    --------
    See :func:`audit`.
    """

    name: Hashable
    column: int
    width: float


@dataclass(frozen=True, slots=True)
class Audit:
    """What an attacker found.

    Attributes
    ----------
    recoverable : tuple of Exposure
        Nothing may be published unless it is empty.
    cells : int
        Figures in which somebody is counted.
    suppressed : int
        How many of them are hidden.
    checked : int
        Cells attacked: the suppressed ones, and the empty columns of rows hidden whole.
    by_program : int
        How many of them had to come before the linear program alone.

    Examples
    --------
    See :func:`audit`.
    """

    recoverable: tuple[Exposure, ...]
    cells: int
    suppressed: int
    checked: int
    by_program: int

    @property
    def passed(self) -> bool:
        """Nothing is recoverable."""
        return not self.recoverable

    @property
    def share_lost(self) -> float:
        """Hidden figures among those in which somebody is counted; 0 where there is none."""
        return self.suppressed / self.cells if self.cells else 0.0


@dataclass(frozen=True, slots=True)
class Attack:
    """What is known of each hidden cell, in the order of ``np.argwhere(hidden)``.

    Attributes
    ----------
    places : ndarray of int, shape (cells, 2)
    lacking : ndarray
        By how much its interval is too narrow; 0 where it is wide enough.
    width : ndarray
        The interval's width where it is too narrow.
    by_program : int
        Cells of which the linear program had to find minimum and maximum.
    by_sums : bool
        Whether sums alone give something away.
    """

    places: IntArray
    lacking: FloatArray
    width: FloatArray
    by_program: int
    by_sums: bool

    @property
    def exposed(self) -> BoolArray:
        """Cells that are too narrow."""
        return np.asarray(self.lacking > TOLERANCE)


def audit(publication: Publication, hidden: BoolArray, *, minimum: int) -> Audit:
    """Try to recover every hidden cell.

    Parameters
    ----------
    publication : Publication
        Everything published together.
    hidden : ndarray of bool, shape (figures, columns)
        Cells that are not displayed. A row hidden in its first column is hidden whole.
    minimum : int
        Respondents below which a cell is sensitive.

    Returns
    -------
    Audit

    Raises
    ------
    AnalysisError
        The mask has another shape than the counts, or shows a column of a row that is hidden.

    Examples
    --------
    >>> from analysis.publication import Table, publication
    >>> found = publication([Table(["A", "B", "C"], [40, 14, 6], groups=[["all"] * 3])])
    >>> audit(found, found.counts == 6, minimum=10).recoverable
    (Exposure(name='C', column=0, width=0.0),)
    >>> audit(found, (found.counts == 6) | (found.counts == 14), minimum=10).passed
    True
    """
    _check(publication, hidden)
    found = attack(publication, hidden, minimum=minimum)
    narrow = np.flatnonzero(found.exposed)
    counted = publication.counts > 0
    return Audit(
        recoverable=tuple(
            Exposure(publication.names[row], int(column), float(width))
            for (row, column), width in zip(found.places[narrow].tolist(), found.width[narrow], strict=True)
        ),
        cells=int(counted.sum()),
        suppressed=int((hidden & counted).sum()),
        checked=len(found.places),
        by_program=found.by_program,
    )


def feasible_interval(
    publication: Publication, hidden: BoolArray, name: Hashable, column: int, *, by_sums_only: bool = False
) -> tuple[float, float]:
    """The lowest and the highest count that a hidden cell can have, by linear programming and nothing else.

    Parameters
    ----------
    publication : Publication
    hidden : ndarray of bool, shape (figures, columns)
    name : hashable
    column : int
    by_sums_only : bool
        Without the knowledge that a column has at most as many respondents as all of its row.

    Returns
    -------
    tuple of float
        Where nothing displayed bounds the count, a large number.

    Raises
    ------
    AnalysisError
        The cell is not hidden, or the mask does not fit.

    Examples
    --------
    >>> from analysis.publication import Table, publication
    >>> found = publication([Table(["A", "B", "C"], [40, 14, 6], groups=[["all"] * 3])])
    >>> feasible_interval(found, found.counts < 40, "C", 0)
    (1.0, 19.0)
    """
    _check(publication, hidden)
    place = publication.place(name)
    if not hidden[place, column]:
        raise AnalysisError("{name} is not hidden in column {column}", name=name, column=column)
    everything = moves(publication, hidden, by_sums_only=by_sums_only)
    cell = int(np.count_nonzero(hidden.ravel()[: place * hidden.shape[1] + column]))
    direction = everything.cells[[cell]].toarray().ravel()
    count = publication.counts[place, column]
    low, high = (float(count + direction @ extreme(everything, sign * direction)) for sign in (-1.0, 1.0))
    return low, high


def attack(publication: Publication, hidden: BoolArray, *, minimum: int, thorough: bool = True) -> Attack:
    """Seek, for every hidden cell, worlds as far apart as is required of it; assumes arguments already checked.

    Parameters
    ----------
    publication : Publication
    hidden : ndarray of bool, shape (figures, columns)
    minimum : int
    thorough : bool
        Otherwise what a row's respondents say of its columns is left aside where sums alone give something away, and in
        large publications a cell counts as exposed as long as no world found quickly proves it open.

    Returns
    -------
    Attack

    Examples
    --------
    >>> from analysis.publication import Table, publication
    >>> found = attack(publication([Table(["A", "B"], [4, 6], groups=[["all", "all"]])]),
    ...                np.array([[True], [True], [False]]), minimum=12)
    >>> found.width.tolist(), found.lacking.tolist()
    ([8.0, 8.0], [2.0, 2.0])
    """
    places = np.argwhere(hidden)
    required = required_widths(publication.counts[tuple(places.T)], minimum=minimum)
    width = at_most(publication, hidden)[tuple(places.T)]
    # What single sums give away is lost; worlds are sought for the others.
    sought = np.where(width < required - TOLERANCE, 0.0, required)
    low, high = np.zeros(len(places)), np.zeros(len(places))
    everything = moves(publication, hidden)
    # Whole rows first: their worlds count for all columns at once, and with and without the bound by rows.
    widen(everything.within(by_row(everything, places)), low, high, required=sought)
    within = low.copy(), high.copy()
    judged = widen(moves(publication, hidden, by_sums_only=True), low, high, required=sought, judge=True)
    width = np.where(sought > 0, high - low, width)
    lacking = np.maximum(required - width, 0.0)
    by_sums = bool((lacking > TOLERANCE).any())
    if thorough or not by_sums:
        # Nobody needs to be told twice.
        asked = np.where(lacking > TOLERANCE, 0.0, np.minimum(sought, 1.0))
        _in_rows(everything, places, *within, required=asked)
        if thorough or len(everything.floor) <= AT_ONCE:
            judged += widen(everything, *within, required=asked, judge=True)
        narrow = doubtful(*within, asked)
        width[narrow], lacking[narrow] = (within[1] - within[0])[narrow], (asked - within[1] + within[0])[narrow]
    return Attack(places, lacking, width, judged, by_sums)


def required_widths(counts: IntArray, *, minimum: int) -> FloatArray:
    """How wide the interval of a hidden count must be.

    Parameters
    ----------
    counts : ndarray of int
    minimum : int

    Returns
    -------
    ndarray
        ``minimum - 2`` below the minimum, 1 from it on, and 0 for nobody.

    Examples
    --------
    >>> required_widths(np.array([0, 1, 9, 10]), minimum=10).tolist()
    [0.0, 8.0, 8.0, 1.0]
    """
    return np.where(counts == 0, 0.0, np.where(counts < minimum, max(minimum - 2.0, 1.0), 1.0))


def at_most(publication: Publication, hidden: BoolArray) -> FloatArray:
    """A width that no cell's interval exceeds, from one equation at a time.

    An equation with one unknown gives it away, and the next equation may have one unknown less. Here columns that
    nobody of a hidden row answered count as known: a total that is one hidden row's figure is not displayed, whoever
    knows that it is. Where only members of a displayed total are unknown, what one of them gains the others lose, down
    to one each.

    Parameters
    ----------
    publication : Publication
    hidden : ndarray of bool, shape (figures, columns)

    Returns
    -------
    ndarray, shape (figures, columns)
        Infinity where no single equation says anything.

    Examples
    --------
    >>> from analysis.publication import Table, publication
    >>> found = publication([Table(["A", "B"], [4, 16], groups=[["all", "all"]])])
    >>> at_most(found, np.array([[True], [True], [False]])).ravel().tolist()
    [18.0, 18.0, 0.0]
    """
    members, totals = publication.relations > 0, publication.relations < 0
    members, totals = members.astype(np.float64), totals.astype(np.float64)
    unknown, used = hidden & (publication.counts > 0), members + totals
    while True:
        alone = (used.T @ (used @ unknown == 1)) > 0
        if not (alone & unknown).any():
            break
        unknown &= ~alone
    slack = np.where(unknown, publication.counts - 1, 0)
    between = members @ slack + np.where(totals @ unknown > 0, np.inf, 0.0)
    widths = np.where(unknown, np.inf, 0.0)
    entries = members.tocoo()
    for column in range(hidden.shape[1]):
        np.minimum.at(widths[:, column], entries.col, between[entries.row, column])
    return widths


def _in_rows(everything: Moves, places: IntArray, low: FloatArray, high: FloatArray, *, required: FloatArray) -> None:
    """Worlds that keep columns within their rows: of columns alone, and of one column with whole rows."""
    if not doubtful(low, high, required).any():
        return
    columns, whole = by_columns(everything, places), by_row(everything, places)
    widen(everything.within(columns), low, high, required=required)
    column_of = places[variable_cells(everything)[columns.tocsc().indices], 1]
    for column in np.unique(places[doubtful(low, high, required), 1]).tolist():
        both = csr_array(hstack([whole, columns[:, column_of == column]]))
        widen(everything.within(both), low, high, required=required)


def _check(publication: Publication, hidden: BoolArray) -> None:
    if hidden.shape != publication.counts.shape:
        raise AnalysisError(
            "the mask of what is hidden has the shape {found}, the counts {expected}",
            found=hidden.shape,
            expected=publication.counts.shape,
        )
    if (hidden[:, :1] & ~hidden).any():
        raise AnalysisError("a row hidden in its first column must be hidden whole")
