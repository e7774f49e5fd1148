"""Counting: microdata to cells in one pass, a column at a time.

An item on a scale takes few values, so one count by (cell, value) gives every sum of every measure of that item at
once: weights by value, hence Σw, Σw·y, Σw·y² and the share favourable. Anything else is summed measure by measure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.arrays import BoolArray, FloatArray, IntArray, codes, crossed, group_sums, label_tuple
from analysis.cells import MATRICES, Cells, psu_frame
from analysis.errors import AnalysisError
from analysis.results import Kind

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

MOST_LEVELS = 64


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
) -> Cells:
    """Cells from one row a respondent.

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
    given = np.ones(rows) if weights is None else _weights(weights, rows=rows)
    cell, domain_of_cell, psu_of_cell = crossed(domain_code, frame.psu, seconds=max(len(frame.psus), 1))
    tally = Tally(cell, given, cells=len(domain_of_cell), columns=columns)
    matrices, centre = tally.matrices(wanted)
    return Cells(
        measures=tuple(measure.name for measure in wanted),
        kinds=tuple(measure.kind for measure in wanted),
        domains=label_tuple(domains),
        domain=domain_of_cell,
        psu=psu_of_cell,
        respondents=np.bincount(cell, minlength=len(domain_of_cell)),
        centre=centre,
        bound=np.zeros(len(wanted), dtype=np.bool_),
        strata=frame.strata,
        psus=frame.psus,
        stratum_of_psu=frame.stratum_of_psu,
        **matrices,
    )


class Tally:
    """Sums of weights by cell of one block of rows; assumes labels and weights already checked."""

    def __init__(self, cell: IntArray, weights: FloatArray, *, cells: int, columns: Mapping[str, ArrayLike]) -> None:
        self.cell = cell
        self.weights = weights
        self.cells = cells
        self.columns = columns

    def matrices(self, measures: Sequence[Measure]) -> tuple[dict[str, Any], FloatArray]:
        """The seven matrices of the measures, and their centres."""
        out = {name: np.zeros((self.cells, len(measures))) for name in MATRICES}
        centre = np.zeros(len(measures))
        by_columns: dict[tuple[str, ...], list[int]] = {}
        for place, measure in enumerate(measures):
            by_columns.setdefault(measure.columns, []).append(place)
        for names, places in by_columns.items():
            if len(names) == 1:
                self._item(names[0], [(place, measures[place]) for place in places], out=out, centre=centre)
            else:
                for place in places:
                    self._pool(names, measures[place], column=place, out=out)
        return out, centre

    def _item(
        self,
        name: str,
        places: list[tuple[int, Measure]],
        *,
        out: dict[str, FloatArray],
        centre: FloatArray,
    ) -> None:
        values, valid = self.column(name)
        levels = _levels(values, valid)
        for place, measure in places:
            if measure.kind is Kind.MEAN:
                centre[place] = _near_mean(values, valid)
        if levels is None:
            self._continuous(values, valid, places=places, out=out, centre=centre)
            return
        lowest, count = levels
        level = np.where(valid, values - lowest, count).astype(np.int64)
        key = self.cell * (count + 1) + level
        shape, size = (self.cells, count + 1), self.cells * (count + 1)
        weight = np.bincount(key, weights=self.weights, minlength=size).reshape(shape)[:, :count]
        number = np.bincount(key, minlength=size).reshape(shape)[:, :count].sum(axis=1)
        scale = lowest + np.arange(count)
        for place, measure in places:
            score = measure.scored(scale) - centre[place]
            _fill(out, place, number, *(weight @ power for power in (np.ones(count), score, score**2)))

    def _continuous(
        self,
        values: FloatArray,
        valid: BoolArray,
        *,
        places: list[tuple[int, Measure]],
        out: dict[str, FloatArray],
        centre: FloatArray,
    ) -> None:
        weights = np.where(valid, self.weights, 0.0)
        number, total = self.summed(valid.astype(np.float64)), self.summed(weights)
        for place, measure in places:
            score = np.where(valid, measure.scored(values) - centre[place], 0.0)
            first = self.summed(weights * score)
            second = first if measure.kind is Kind.SHARE else self.summed(weights * score**2)
            _fill(out, place, number, total, first, second)

    def _pool(self, names: tuple[str, ...], measure: Measure, *, column: int, out: dict[str, FloatArray]) -> None:
        answered, favourable = np.zeros(len(self.cell)), np.zeros(len(self.cell))
        for name in names:
            values, valid = self.column(name)
            answered += valid
            favourable += np.where(valid, measure.scored(values), 0.0)
        anyone = answered > 0
        sums = {
            "valid": anyone.astype(np.float64),
            "weight": self.weights * anyone,
            "base": self.weights * answered,
            "total": self.weights * favourable,
            "square": self.weights * favourable**2,
            "cross": self.weights * favourable * answered,
            "base_square": self.weights * answered**2,
        }
        for matrix, values in sums.items():
            out[matrix][:, column] = self.summed(values)

    def summed(self, values: FloatArray) -> FloatArray:
        """Sums by cell."""
        return group_sums(values, self.cell, self.cells)

    def column(self, name: str) -> tuple[NDArray[Any], BoolArray]:
        """The answers of one column and which of them there are; infinity is no answer."""
        if name not in self.columns:
            raise AnalysisError("there is no column {column}", column=name)
        given: np.ma.MaskedArray[Any, Any] = np.ma.asarray(self.columns[name])
        if given.shape != self.cell.shape:
            raise AnalysisError(
                "column {column}: {found} values for {rows} rows", column=name, found=given.size, rows=len(self.cell)
            )
        if given.dtype.kind not in "iufb":
            raise AnalysisError("column {column} is not numbers", column=name)
        values, mask = given.data, np.ma.getmask(given)
        if values.dtype.kind == "f" and mask is not np.ma.nomask:
            values = np.where(mask, np.nan, values)
        valid = np.isfinite(values) if values.dtype.kind == "f" else ~np.ma.getmaskarray(given)
        return values, valid


def _weights(weights: ArrayLike, *, rows: int) -> FloatArray:
    given = np.asarray(weights, dtype=np.float64)
    if given.shape != (rows,):
        raise AnalysisError("{found} weights for {rows} rows", found=given.size, rows=rows)
    wrong = np.flatnonzero(~(given >= 0) | np.isinf(given))
    if len(wrong):
        raise AnalysisError(
            "row {row}: the weight {weight} is not a number from 0: give every row its weight, or leave the row out",
            row=int(wrong[0]) + 1,
            weight=float(given[wrong[0]]),
        )
    return given


def _levels(values: NDArray[Any], valid: BoolArray) -> tuple[float, int] | None:
    """The lowest value and how many whole steps there are up to the highest; None for any other kind of column."""
    if not valid.any():
        return 0.0, 1
    if values.dtype.kind == "f":
        # fmin and fmax pass over NaN without a copy.
        lowest, highest = np.fmin.reduce(values), np.fmax.reduce(values)
    else:
        seen = values if valid.all() else values[valid]
        lowest, highest = seen.min(), seen.max()
    if float(highest) - float(lowest) >= MOST_LEVELS or lowest != np.floor(lowest):
        return None
    if values.dtype.kind == "f" and not (valid <= (values == np.floor(values))).all():
        return None
    return float(lowest), int(highest - lowest) + 1


def _near_mean(values: NDArray[Any], valid: BoolArray) -> float:
    """A value near the mean, so that squares about it lose no digits; any would be right."""
    sample = slice(None, None, max(1, len(values) // 4096))
    some = values[sample][valid[sample]]
    return float(np.rint(some.mean())) if len(some) else 0.0


def _fill(out: dict[str, FloatArray], place: int, *sums: FloatArray) -> None:
    number, weight, total, square = sums
    for matrix, values in zip(MATRICES, (number, weight, weight, total, square, total, weight), strict=True):
        out[matrix][:, place] = values
