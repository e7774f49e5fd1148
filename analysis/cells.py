r"""Cells: the sums by domain, stratum and PSU from which every index and its uncertainty follow.

A measure is a ratio of weighted totals: of :math:`s` (favourable answers, or scores) over :math:`a` (answers given).
An item has :math:`a = 1` for who answered; a dimension pools its items, so :math:`a` counts the items that a respondent
answered and :math:`s` those that were favourable. Cells keep, for each measure, the sums of :math:`w a`,
:math:`w s` and of the squares and products that design effects need. They add up: cells of two parts of a file,
merged, are the cells of the whole, so memory does not grow with the number of rows.

References
----------
.. [1] Särndal, Swensson & Wretman (1992), Model Assisted Survey Sampling, ch. 5 (linearised ratio).
.. [2] Wolter (2007), Introduction to Variance Estimation, ch. 6.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.arrays import BoolArray, FloatArray, IntArray, codes, crossed, gathered_sums, label_tuple
from analysis.errors import AnalysisError
from analysis.results import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike


@dataclass(frozen=True, slots=True)
class Sums:
    """Grouped sums of one measure, one entry for each row of a GROUP BY over domain, stratum and PSU.

    For an item asked as a share only the first three are needed. An empty sum (SQL's NULL) counts as 0.

    Attributes
    ----------
    valid : array_like, shape (k,)
        Respondents with an answer: ``SUM(CASE WHEN y IS NOT NULL THEN 1 ELSE 0 END)``.
    weight : array_like, shape (k,)
        Σw over those.
    total : array_like, shape (k,)
        Σw·s over those: of a share, the weight of favourable answers; of a mean, Σw·y.
    square : array_like, optional
        Σw·s². May be left out for an item's share (s is 0 or 1).
    base : array_like, optional
        Σw·a, where a respondent may give several answers (a dimension of several items). By default Σw.
    cross : array_like, optional
        Σw·s·a, with `base`.
    base_square : array_like, optional
        Σw·a², with `base`.
    kind : Kind
        SHARE (the default) or MEAN.
    """

    valid: ArrayLike
    weight: ArrayLike
    total: ArrayLike
    square: ArrayLike | None = None
    base: ArrayLike | None = None
    cross: ArrayLike | None = None
    base_square: ArrayLike | None = None
    kind: Kind = Kind.SHARE


@dataclass(frozen=True, slots=True)
class Cells:
    """Sums by cell, for k cells, p PSUs, h strata, d domains and m measures. Made by the functions of this module.

    Attributes
    ----------
    measures : tuple of str
    kinds : tuple of Kind
    domains, strata, psus : tuple
        Labels, sorted; `psus` holds (stratum, PSU) pairs.
    domain, psu : ndarray of int, shape (k,)
        Which domain and PSU each cell is of.
    stratum_of_psu : ndarray of int, shape (p,)
    respondents : ndarray of int, shape (k,)
        All respondents of the cell, whether they answered the item or not.
    valid, weight, base, total, square, cross, base_square : ndarray, shape (k, m)
        As in :class:`Sums`; `total`, `square` and `cross` are of s - c·a, with the centre c.
    centre : ndarray, shape (m,)
        Near the mean, so that the sums of squares lose no digits.
    bound : ndarray of bool, shape (m,)
        Squares and products are only upper bounds (a dimension pooled from the sums of its items).
    """

    measures: tuple[str, ...]
    kinds: tuple[Kind, ...]
    domains: tuple[Any, ...]
    strata: tuple[Any, ...]
    psus: tuple[tuple[Any, Any], ...]
    domain: IntArray
    psu: IntArray
    stratum_of_psu: IntArray
    respondents: IntArray
    valid: FloatArray
    weight: FloatArray
    base: FloatArray
    total: FloatArray
    square: FloatArray
    cross: FloatArray
    base_square: FloatArray
    centre: FloatArray
    bound: BoolArray

    @property
    def stratum(self) -> IntArray:
        """Stratum of each cell, shape (k,)."""
        return self.stratum_of_psu[self.psu]

    def whole(self) -> Cells:
        """The same design with everybody in one domain, labelled None: the province."""
        return _regrouped(self, np.zeros(len(self.domain), dtype=np.int64), (None,))

    def pooled(self, dimensions: Mapping[str, Sequence[str]]) -> Cells:
        """One measure a dimension, each the pooled ratio over its items.

        A dimension that is itself a measure of these cells keeps its own sums. Otherwise the sums of its items are
        added up: value and linearised standard error are exact, squares and products are upper bounds (by Cauchy and
        Schwarz, answers of a respondent taken as fully correlated), so its design effect is left undefined.

        Parameters
        ----------
        dimensions : mapping of str to sequence of str
            Names of measures, by dimension.

        Returns
        -------
        Cells

        Raises
        ------
        AnalysisError
            A measure is not in the cells.
        """
        from analysis.pooling import pooled

        return pooled(self, dimensions)

    def __add__(self, other: Cells) -> Cells:
        """Cells of both parts together; the same respondents must not be in both."""
        from analysis.pooling import merged

        return merged(self, other)


MATRICES = ("valid", "weight", "base", "total", "square", "cross", "base_square")


def cells_from_sums(
    domain: ArrayLike,
    stratum: ArrayLike,
    psu: ArrayLike,
    *,
    respondents: ArrayLike,
    sums: Mapping[str, Sums],
) -> Cells:
    """Cells from the rows of a GROUP BY over domain, stratum and PSU.

    Every group must have its row, even where nobody answered an item: a PSU without valid answers still counts in its
    stratum. The same key may come twice; its rows are added.

    Parameters
    ----------
    domain, stratum, psu : array_like, shape (k,)
        Keys of the groups. PSU labels need only be distinct within their stratum.
    respondents : array_like of int, shape (k,)
        Rows of each group, ``COUNT(*)``.
    sums : mapping of str to Sums
        By measure.

    Returns
    -------
    Cells

    Raises
    ------
    AnalysisError
        Lengths differ, a count or weight is negative or not a number, or more valid answers than respondents.

    Examples
    --------
    Two agencies, one of them on two days:

    >>> cells = cells_from_sums(
    ...     ["A", "A", "B"], ["A", "A", "B"], ["mon", "tue", "mon"], respondents=[10, 30, 20],
    ...     sums={"staff": Sums(valid=[10, 28, 20], weight=[10, 28, 20], total=[9, 25, 20])})
    >>> cells.domains, cells.psus[0], cells.respondents.tolist()
    (('A', 'B'), ('A', 'mon'), [10, 30, 20])
    """
    keys = [_labels(name, key) for name, key in (("domain", domain), ("stratum", stratum), ("psu", psu))]
    rows = len(keys[0])
    counted = _column("respondents", respondents, rows=rows)
    columns = {name: _columns_of(name, one, rows=rows) for name, one in sums.items()}
    for name, one in columns.items():
        _check_counts(name, one["valid"], counted)
    kinds = tuple(one.kind for one in sums.values())
    domain_code, domains = codes(keys[0])
    frame = psu_frame(keys[1], keys[2])
    every = {matrix: _stacked([one[matrix] for one in columns.values()], rows=rows) for matrix in MATRICES}
    every["respondents"] = counted
    return gathered(every, domain_code, frame, measures=tuple(sums), kinds=kinds, domains=label_tuple(domains))


@dataclass(frozen=True, slots=True)
class PSUFrame:
    """The PSUs of a design: which each row is of, and which stratum each PSU is in."""

    psu: IntArray
    stratum_of_psu: IntArray
    strata: tuple[Any, ...]
    psus: tuple[tuple[Any, Any], ...]


def psu_frame(stratum: ArrayLike, psu: ArrayLike) -> PSUFrame:
    """Number PSUs within strata.

    Parameters
    ----------
    stratum, psu : array_like, shape (n,)
        Labels; those of PSUs need only be distinct within their stratum.

    Returns
    -------
    PSUFrame

    Examples
    --------
    >>> frame = psu_frame(["north", "north", "south"], [1, 2, 1])
    >>> frame.psu.tolist(), frame.psus
    ([0, 1, 2], (('north', 1), ('north', 2), ('south', 1)))
    """
    stratum_code, strata = codes(stratum)
    psu_code, labels = codes(psu)
    pair, stratum_of_psu, label_of_psu = crossed(stratum_code, psu_code, seconds=max(len(labels), 1))
    names = tuple(zip(label_tuple(strata[stratum_of_psu]), label_tuple(labels[label_of_psu]), strict=True))
    return PSUFrame(pair, stratum_of_psu, label_tuple(strata), names)


def gathered(columns: Mapping[str, FloatArray], domain: IntArray, frame: PSUFrame, **named: Any) -> Cells:
    """Add rows up by domain and PSU; assumes arguments already checked.

    Parameters
    ----------
    columns : mapping
        The matrices of :class:`Cells`, one line a row.
    domain : ndarray of int, shape (n,)
    frame : PSUFrame
        Of the same rows.
    **named
        The other fields of :class:`Cells`; `centre` and `bound` may be left out.

    Returns
    -------
    Cells

    Examples
    --------
    >>> columns = {name: np.ones((2, 1)) for name in MATRICES} | {"respondents": np.ones(2)}
    >>> frame = psu_frame(["N", "N"], [1, 1])
    >>> cells = gathered(columns, np.array([0, 0]), frame, measures=("q1",), kinds=(Kind.SHARE,), domains=("A",))
    >>> cells.weight.tolist(), cells.respondents.tolist()
    ([[2.0]], [2])
    """
    cell, domain_of_cell, psu_of_cell = crossed(domain, frame.psu, seconds=max(len(frame.psus), 1))
    # Of single items several matrices are one array under several names: it is summed once.
    once = {id(values): gathered_sums(values, cell, len(domain_of_cell)) for values in columns.values()}
    summed: dict[str, Any] = {name: once[id(values)] for name, values in columns.items()}
    respondents = np.rint(summed.pop("respondents")).astype(np.int64)
    width = len(named["measures"])
    named.setdefault("centre", np.zeros(width))
    named.setdefault("bound", np.zeros(width, dtype=np.bool_))
    return Cells(
        **named,
        **summed,
        strata=frame.strata,
        psus=frame.psus,
        domain=domain_of_cell,
        psu=psu_of_cell,
        stratum_of_psu=frame.stratum_of_psu,
        respondents=respondents,
    )


def _regrouped(cells: Cells, domain: IntArray, domains: tuple[Any, ...]) -> Cells:
    frame = PSUFrame(cells.psu, cells.stratum_of_psu, cells.strata, cells.psus)
    columns = {name: getattr(cells, name) for name in MATRICES}
    columns["respondents"] = cells.respondents.astype(np.float64)
    return gathered(
        columns,
        domain,
        frame,
        measures=cells.measures,
        kinds=cells.kinds,
        centre=cells.centre,
        bound=cells.bound,
        domains=domains,
    )


def _labels(name: str, key: ArrayLike) -> np.ndarray[Any, Any]:
    labels = np.asarray(key)
    if labels.ndim != 1:
        raise AnalysisError("{name}: one label a row is needed, not an array of {shape}", name=name, shape=labels.shape)
    return labels


def _columns_of(measure: str, sums: Sums, *, rows: int) -> dict[str, FloatArray]:
    """All seven columns of a measure, those left out filled in."""

    def column(part: str, values: ArrayLike | None, otherwise: FloatArray) -> FloatArray:
        return otherwise if values is None else _column(f"{measure}.{part}", values, rows=rows)

    none = np.zeros(0)
    valid, weight = column("valid", sums.valid, none), column("weight", sums.weight, none)
    total = column("total", sums.total, none)
    base = column("base", sums.base, weight)
    # A mean without its squares, or a pooled ratio without its products, has no design effect: NaN says so.
    unknown = np.full(rows, np.nan)
    single = sums.base is None
    square = column("square", sums.square, total if single and sums.kind is Kind.SHARE else unknown)
    cross = column("cross", sums.cross, total if single else unknown)
    base_square = column("base_square", sums.base_square, base if single else unknown)
    return dict(zip(MATRICES, (valid, weight, base, total, square, cross, base_square), strict=True))


def _column(name: str, values: ArrayLike, *, rows: int) -> FloatArray:
    given = np.asarray(values)
    if given.dtype == np.object_:
        given = np.array([0 if value is None else value for value in given.tolist()])
    column = given.astype(np.float64)
    if column.shape != (rows,):
        raise AnalysisError("{name}: {found} values for {rows} groups", name=name, found=column.size, rows=rows)
    wrong = np.flatnonzero(~np.isfinite(column))
    if len(wrong):
        raise AnalysisError("{name}: group {group} is not a number", name=name, group=int(wrong[0]))
    return column


def _check_counts(measure: str, valid: FloatArray, respondents: FloatArray) -> None:
    wrong = np.flatnonzero((valid < 0) | (valid > respondents))
    if len(wrong):
        raise AnalysisError(
            "{measure}: group {group} has {valid} valid answers of {respondents} respondents",
            measure=measure,
            group=int(wrong[0]),
            valid=int(valid[wrong[0]]),
            respondents=int(respondents[wrong[0]]),
        )


def _stacked(columns: list[FloatArray], *, rows: int) -> FloatArray:
    return np.column_stack(columns) if columns else np.zeros((rows, 0))
