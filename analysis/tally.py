"""Counting: microdata to cells in one pass, a block of rows at a time.

An item on a scale takes few values, so one count by (cell, value) gives every sum of every measure of that item at
once: weights by value, hence Σw, Σw·y, Σw·y² and the share favourable. Anything else is summed measure by measure.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from analysis import columns as checks
from analysis.arrays import FloatArray, IntArray, codes, crossed, group_sums, label_tuple
from analysis.cells import MATRICES, Cells, psu_frame
from analysis.items import BLOCK, Column
from analysis.results import Kind

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True)
class Measure:
    """What is estimated of the columns of a file.

    Attributes
    ----------
    name : str
    columns : tuple of str
        One column for an item; several are pooled, each answer counting once.
    favourable : collection of float, optional
        Values that count: the measure is their share.
    at_least : float, optional
        Values from here up count: the measure is their share. With neither, it is the mean.

    Examples
    --------
    >>> Measure("staff", ("q1",), favourable=(4, 5)).kind, Measure("score", ("q1",)).kind
    (<Kind.SHARE: 'share'>, <Kind.MEAN: 'mean'>)
    """

    name: str
    columns: tuple[str, ...]
    favourable: Collection[float] | None = None
    at_least: float | None = None

    @property
    def kind(self) -> Kind:
        """SHARE or MEAN."""
        return Kind.MEAN if self.favourable is None and self.at_least is None else Kind.SHARE

    def scored(self, values: NDArray[Any]) -> FloatArray:
        """What each value adds to the numerator."""
        if self.favourable is not None:
            return np.isin(values, list(self.favourable)).astype(np.float64)
        if self.at_least is not None:
            return (values >= self.at_least).astype(np.float64)
        return np.asarray(values, dtype=np.float64)


def cells_from_rows(
    columns: Mapping[str, ArrayLike],
    *,
    domain: ArrayLike,
    stratum: ArrayLike,
    psu: ArrayLike,
    weights: ArrayLike | None = None,
    measures: Sequence[Measure] | None = None,
    missing: int | None = None,
) -> Cells:
    """Cells from one row a respondent.

    Parts of a file too large for memory may be counted one by one: their cells add up with ``+``.

    Parameters
    ----------
    columns : mapping of str to array_like, each of shape (n,)
        Answers; NaN or masked where there is none.
    domain, stratum, psu : array_like, shape (n,)
        Labels; those of PSUs need only be distinct within their stratum. Whole numbers are numbered fastest.
    weights : array_like, shape (n,), optional
        By default 1 each.
    measures : sequence of Measure, optional
        By default the mean of each column.
    missing : int, optional
        In columns of whole numbers, the value that stands for no answer.

    Returns
    -------
    Cells

    Raises
    ------
    AnalysisError
        A column is missing, of another length or not numbers; a weight is negative or not a number.

    Examples
    --------
    >>> cells = cells_from_rows({"q1": [5, 4, 2, np.nan]}, domain=["A", "A", "B", "B"], stratum=[1, 1, 1, 1],
    ...                         psu=[1, 1, 2, 2], measures=[Measure("index", ("q1",), favourable=(4, 5))])
    >>> cells.total.tolist(), cells.valid.tolist(), cells.respondents.tolist()
    ([[2.0], [0.0]], [[2.0], [1.0]], [2, 2])
    """
    wanted = [Measure(name, (name,)) for name in columns] if measures is None else list(measures)
    domain_code, domains = codes(np.asarray(domain))
    frame = psu_frame(stratum, psu)
    rows = len(domain_code)
    given = None if weights is None else checks.weights(weights, rows=rows)
    cell, domain_of_cell, psu_of_cell = crossed(domain_code, frame.psu, seconds=max(len(frame.psus), 1))
    read = {name: Column.read(name, columns, rows=rows, missing=missing) for name in _names(wanted)}
    out = _counted(wanted, read, Rows(cell, given, len(domain_of_cell)))
    return Cells(
        measures=tuple(measure.name for measure in wanted),
        kinds=tuple(measure.kind for measure in wanted),
        domains=label_tuple(domains),
        domain=domain_of_cell,
        psu=psu_of_cell,
        respondents=np.bincount(cell, minlength=len(domain_of_cell)),
        bound=np.zeros(len(wanted), dtype=np.bool_),
        strata=frame.strata,
        psus=frame.psus,
        stratum_of_psu=frame.stratum_of_psu,
        **out,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Which cell each row is of, with its weight (None: 1 each), and how many cells there are."""

    cell: IntArray
    weights: FloatArray | None
    cells: int

    def blocks(self) -> Iterator[tuple[slice, IntArray, FloatArray | None]]:
        """The rows in blocks."""
        for start in range(0, len(self.cell), BLOCK):
            part = slice(start, start + BLOCK)
            yield part, self.cell[part], None if self.weights is None else self.weights[part]


class Count(Protocol):
    """Sums of some measures of the same columns."""

    places: list[int]

    def add(self, part: slice, cell: IntArray, weights: FloatArray | None) -> None:
        """Take a block of rows in."""
        ...  # pragma: no cover

    def sums(self) -> Iterator[tuple[int, float, dict[str, FloatArray]]]:
        """Place, centre and matrices of each measure."""
        ...  # pragma: no cover


def _counted(measures: Sequence[Measure], read: Mapping[str, Column], rows: Rows) -> dict[str, Any]:
    """The matrices of the measures and their centres."""
    by_columns: dict[tuple[str, ...], list[int]] = {}
    for place, measure in enumerate(measures):
        by_columns.setdefault(measure.columns, []).append(place)
    counts = [
        _count_for([read[name] for name in names], {place: measures[place] for place in places}, rows.cells)
        for names, places in by_columns.items()
    ]
    for part, cell, weights in rows.blocks():
        for count in counts:
            count.add(part, cell, weights)
    return _matrices(counts, len(measures), rows.cells)


def _matrices(counts: Sequence[Count], width: int, cells: int) -> dict[str, Any]:
    pooled = any(isinstance(count, Pool) for count in counts)
    # Of single items, w·a, w·a² and w are one, and so are w·s·a and w·s: the same array under several names.
    distinct = MATRICES if pooled else ("valid", "weight", "total", "square")
    out: dict[str, Any] = {name: np.zeros((cells, width)) for name in distinct}
    if not pooled:
        out |= {"base": out["weight"], "base_square": out["weight"], "cross": out["total"]}
    out["centre"] = np.zeros(width)
    for count in counts:
        for place, centre, sums in count.sums():
            out["centre"][place] = centre
            for name in distinct:
                out[name][:, place] = sums[name]
    return out


def _count_for(columns: list[Column], measures: dict[int, Measure], cells: int) -> Count:
    if len(columns) > 1:
        return Pool(columns, measures, cells)
    (column,) = columns
    return Scale(column, measures, cells) if column.levels is not None else Score(column, measures, cells)


class Scale:
    """An item of few values: weights and numbers by cell and value."""

    def __init__(self, column: Column, measures: dict[int, Measure], cells: int) -> None:
        self.column = column
        self.measures = measures
        self.places = list(measures)
        self.width = (column.levels or 0) + 1
        self.cells = cells
        self.weight = np.zeros(cells * self.width)
        self.number = np.zeros(cells * self.width)

    def add(self, part: slice, cell: IntArray, weights: FloatArray | None) -> None:
        """See :class:`Count`."""
        key = cell * self.width + self.column.level(part)
        self.number += np.bincount(key, minlength=len(self.number))
        if weights is not None:
            self.weight += np.bincount(key, weights=weights, minlength=len(self.weight))

    def sums(self) -> Iterator[tuple[int, float, dict[str, FloatArray]]]:
        """See :class:`Count`."""
        scale = self.column.lowest + np.arange(self.width - 1)
        answered = np.ones(self.width - 1, dtype=np.bool_)
        if self.column.missing is not None and self.column.values.dtype.kind != "f":
            answered = scale != self.column.missing
        shape = (self.cells, self.width)
        number = self.number.reshape(shape)[:, :-1][:, answered]
        weight = self.weight.reshape(shape)[:, :-1][:, answered] if self.weight.any() else number
        for place, measure in self.measures.items():
            centre = self.column.near_mean() if measure.kind is Kind.MEAN else 0.0
            score = measure.scored(scale[answered]) - centre
            yield place, centre, _single(number.sum(axis=1), weight.sum(axis=1), weight @ score, weight @ score**2)


class Score:
    """A column of any numbers: sums measure by measure."""

    def __init__(self, column: Column, measures: dict[int, Measure], cells: int) -> None:
        self.column = column
        self.places = list(measures)
        self.cells = cells
        self.number, self.weight = np.zeros(cells), np.zeros(cells)
        self.parts = [
            Part(place, measure, column.near_mean() if measure.kind is Kind.MEAN else 0.0, cells)
            for place, measure in measures.items()
        ]

    def add(self, part: slice, cell: IntArray, weights: FloatArray | None) -> None:
        """See :class:`Count`."""
        valid = self.column.valid(part)
        if not valid.all():
            cell, weights = cell[valid], None if weights is None else weights[valid]
        values = self.column.values[part] if valid.all() else self.column.values[part][valid]
        self.number += np.bincount(cell, minlength=self.cells)
        if weights is not None:
            self.weight += np.bincount(cell, weights=weights, minlength=self.cells)
        for one in self.parts:
            one.add(values, cell, weights)

    def sums(self) -> Iterator[tuple[int, float, dict[str, FloatArray]]]:
        """See :class:`Count`."""
        weight = self.weight if self.weight.any() else self.number
        for one in self.parts:
            yield one.place, one.centre, _single(self.number, weight, one.first, one.second)


@dataclass(slots=True)
class Part:
    """First and second moments of one measure of a column."""

    place: int
    measure: Measure
    centre: float
    cells: int
    first: FloatArray = field(init=False)
    second: FloatArray = field(init=False)

    def __post_init__(self) -> None:
        self.first, self.second = np.zeros(self.cells), np.zeros(self.cells)

    def add(self, values: NDArray[Any], cell: IntArray, weights: FloatArray | None) -> None:
        """Take a block of valid answers in."""
        score = self.measure.scored(values) - self.centre
        weighted = score if weights is None else weights * score
        first = np.bincount(cell, weights=weighted, minlength=self.cells)
        self.first += first
        share = self.measure.kind is Kind.SHARE
        self.second += first if share else np.bincount(cell, weights=weighted * score, minlength=self.cells)


class Pool:
    """Several items as one: each respondent's answers and favourable answers."""

    def __init__(self, columns: list[Column], measures: dict[int, Measure], cells: int) -> None:
        self.columns = columns
        self.measures = measures
        self.places = list(measures)
        self.cells = cells
        self.totals = {place: {name: np.zeros(cells) for name in MATRICES} for place in measures}

    def add(self, part: slice, cell: IntArray, weights: FloatArray | None) -> None:
        """See :class:`Count`."""
        valid = [column.valid(part) for column in self.columns]
        answered = np.sum(valid, axis=0, dtype=np.float64)
        weight = np.ones(len(cell)) if weights is None else weights
        for place, measure in self.measures.items():
            scores = [measure.scored(column.values[part]) for column in self.columns]
            favourable = np.sum([np.where(ok, s, 0.0) for ok, s in zip(valid, scores, strict=True)], axis=0)
            values = {
                "valid": (answered > 0).astype(np.float64),
                "weight": weight * (answered > 0),
                "base": weight * answered,
                "total": weight * favourable,
                "square": weight * favourable**2,
                "cross": weight * favourable * answered,
                "base_square": weight * answered**2,
            }
            for name, one in values.items():
                self.totals[place][name] += group_sums(one, cell, self.cells)

    def sums(self) -> Iterator[tuple[int, float, dict[str, FloatArray]]]:
        """See :class:`Count`."""
        for place in self.places:
            yield place, 0.0, self.totals[place]


def _single(number: FloatArray, weight: FloatArray, total: FloatArray, square: FloatArray) -> dict[str, FloatArray]:
    return dict(zip(MATRICES, (number, weight, weight, total, square, total, weight), strict=True))


def _names(measures: Sequence[Measure]) -> list[str]:
    return list(dict.fromkeys(name for measure in measures for name in measure.columns))
