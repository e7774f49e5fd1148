"""Putting cells together: items pooled into dimensions, parts of a file merged into the whole."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.cells import MATRICES, Cells, PSUFrame, gathered
from analysis.errors import AnalysisError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from analysis.arrays import FloatArray, IntArray


def pooled(cells: Cells, dimensions: Mapping[str, Sequence[str]]) -> Cells:
    """Cells with one measure a dimension; see :meth:`analysis.cells.Cells.pooled`.

    Parameters
    ----------
    cells : Cells
    dimensions : mapping of str to sequence of str

    Returns
    -------
    Cells

    Examples
    --------
    >>> from analysis.cells import Sums, cells_from_sums
    >>> items = {"q1": Sums([4], [4], [3]), "q2": Sums([3], [3], [1])}
    >>> cells = cells_from_sums(["A"], ["A"], ["mon"], respondents=[4], sums=items)
    >>> both = pooled(cells, {"access": ["q1", "q2"]})
    >>> both.base.tolist(), both.total.tolist(), both.valid.tolist()
    ([[7.0]], [[4.0]], [[4.0]])
    """
    columns = [_dimension(cells, name, members) for name, members in dimensions.items()]
    leading = [_leading(cells, name, members) for name, members in dimensions.items()]
    stacked: dict[str, Any] = {
        matrix: np.column_stack([column[matrix] for column in columns]) if columns else np.zeros((len(cells.domain), 0))
        for matrix in MATRICES
    }
    return replace(
        cells,
        measures=tuple(dimensions),
        kinds=tuple(cells.kinds[place] for place in leading),
        centre=cells.centre[leading],
        bound=np.array([name not in cells.measures and len(members) > 1 for name, members in dimensions.items()]),
        **stacked,
    )


def merged(one: Cells, other: Cells) -> Cells:
    """Cells of two parts of a file together.

    Parameters
    ----------
    one, other : Cells
        With the same measures in the same order.

    Returns
    -------
    Cells

    Raises
    ------
    AnalysisError
        The measures differ.

    Examples
    --------
    >>> from analysis.cells import Sums, cells_from_sums
    >>> part = cells_from_sums(["A"], ["A"], ["mon"], respondents=[4], sums={"q1": Sums([4], [4], [3])})
    >>> whole = merged(part, part)
    >>> whole.respondents.tolist(), whole.total.tolist()
    ([8], [[6.0]])
    """
    if one.measures != other.measures or one.kinds != other.kinds:
        raise AnalysisError(
            "cells of different measures cannot be merged: {one} and {other}",
            one=list(one.measures),
            other=list(other.measures),
        )
    other = recentred(other, one.centre)
    domains, of_one, of_other = _united(one.domains, other.domains)
    psus, first, second = _united(one.psus, other.psus)
    strata, _, _ = _united(one.strata, other.strata)
    number = {stratum: place for place, stratum in enumerate(strata)}
    stratum_of_psu = np.array([number[stratum] for stratum, _ in psus], dtype=np.int64)
    frame = PSUFrame(np.concatenate([first[one.psu], second[other.psu]]), stratum_of_psu, strata, psus)
    domain = np.concatenate([of_one[one.domain], of_other[other.domain]])
    return gathered(
        _joined(one, other),
        domain,
        frame,
        measures=one.measures,
        kinds=one.kinds,
        centre=one.centre,
        bound=one.bound | other.bound,
        domains=domains,
    )


def restricted(cells: Cells, domains: Collection[Any]) -> Cells:
    """The same design with only these domains: the PSUs of the others remain, without members.

    Parameters
    ----------
    cells : Cells
    domains : collection of labels

    Returns
    -------
    Cells

    Examples
    --------
    >>> from analysis.cells import Sums, cells_from_sums
    >>> cells = cells_from_sums(["A", "B"], ["N", "N"], [1, 2], respondents=[4, 6],
    ...                         sums={"q1": Sums([4, 6], [4, 6], [3, 5])})
    >>> part = restricted(cells, {"B"})
    >>> part.domains, part.respondents.tolist(), len(part.psus)
    (('B',), [6], 2)
    """
    kept = [place for place, label in enumerate(cells.domains) if label in domains]
    number = np.full(len(cells.domains), -1, dtype=np.int64)
    number[kept] = np.arange(len(kept))
    inside = number[cells.domain] >= 0
    frame = PSUFrame(cells.psu[inside], cells.stratum_of_psu, cells.strata, cells.psus)
    columns = {name: getattr(cells, name)[inside] for name in MATRICES}
    return gathered(
        columns | {"respondents": cells.respondents[inside].astype(np.float64)},
        number[cells.domain[inside]],
        frame,
        measures=cells.measures,
        kinds=cells.kinds,
        centre=cells.centre,
        bound=cells.bound,
        domains=tuple(cells.domains[place] for place in kept),
    )


def _joined(one: Cells, other: Cells) -> dict[str, FloatArray]:
    """The matrices of both, one above the other; what is one array under two names stays one."""
    joined: dict[tuple[int, int], FloatArray] = {}
    out: dict[str, FloatArray] = {}
    for name in MATRICES:
        both = getattr(one, name), getattr(other, name)
        key = id(both[0]), id(both[1])
        if key not in joined:
            joined[key] = np.concatenate(both)
        out[name] = joined[key]
    return out | {"respondents": np.concatenate([one.respondents, other.respondents]).astype(np.float64)}


def _united(one: tuple[Any, ...], other: tuple[Any, ...]) -> tuple[tuple[Any, ...], IntArray, IntArray]:
    """The labels of both in order, and where each of either is among them."""
    labels = tuple(sorted({*one, *other}))
    place = {label: number for number, label in enumerate(labels)}
    first, second = (np.array([place[label] for label in part], dtype=np.int64) for part in (one, other))
    return labels, first, second


def recentred(cells: Cells, centre: FloatArray) -> Cells:
    """The same sums about another centre.

    Parameters
    ----------
    cells : Cells
    centre : ndarray, shape (m,)

    Returns
    -------
    Cells

    Examples
    --------
    >>> from analysis.cells import Sums, cells_from_sums
    >>> cells = cells_from_sums(["A"], ["A"], ["mon"], respondents=[4], sums={"q1": Sums([4], [4], [3])})
    >>> about = recentred(cells, np.array([0.5]))
    >>> about.total.tolist(), about.square.tolist()
    ([[1.0]], [[1.0]])
    """
    shift = centre - cells.centre
    if not shift.any():
        return cells
    total = cells.total - shift * cells.base
    single = cells.cross is cells.total and cells.base_square is cells.base
    return replace(
        cells,
        centre=np.asarray(centre, dtype=np.float64),
        total=total,
        cross=total if single else cells.cross - shift * cells.base_square,
        square=cells.square - 2 * shift * cells.cross + shift**2 * cells.base_square,
    )


def _leading(cells: Cells, name: str, members: Sequence[str]) -> int:
    """The measure that says what kind the dimension is of."""
    for measure in (name, *members):
        if measure in cells.measures:
            return cells.measures.index(measure)
    raise AnalysisError(
        "dimension {dimension}: none of its items {items} was summed", dimension=name, items=list(members)
    )


def _dimension(cells: Cells, name: str, members: Sequence[str]) -> dict[str, FloatArray]:
    """The columns of one dimension, all its items about one centre."""
    if name in cells.measures:
        members = [name]
    missing = [member for member in members if member not in cells.measures]
    if missing or not members:
        raise AnalysisError("dimension {dimension}: items {items} were not summed", dimension=name, items=missing)
    places = [cells.measures.index(member) for member in members]
    centre = cells.centre[_leading(cells, name, members)]
    shifted = recentred(cells, np.full(len(cells.measures), centre))
    column = {matrix: getattr(shifted, matrix)[:, places].sum(axis=1) for matrix in MATRICES}
    if len(places) > 1:
        # Who answered at least one item is at least as many as answered the best answered one.
        for matrix in ("valid", "weight"):
            column[matrix] = getattr(cells, matrix)[:, places].max(axis=1)
        for matrix in ("square", "cross", "base_square"):
            column[matrix] = column[matrix] * len(places)
    return column
