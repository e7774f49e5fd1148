"""Columns that declare a design, checked so that a message names the row, the column and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.arrays import BoolArray, FloatArray, IntArray, Labels, codes
from analysis.errors import AnalysisError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


@dataclass(frozen=True, slots=True, eq=False)
class Sizes:
    """How many units were drawn from which stratum at one stage."""

    unit: IntArray
    stratum: IntArray
    stratum_of_unit: IntArray
    drawn: IntArray
    labels: Labels


def length(**given: Any) -> int:
    """The common length of the columns that were given.

    Parameters
    ----------
    **given : array_like or None
        Columns by name.

    Returns
    -------
    int

    Raises
    ------
    AnalysisError
        None was given, or two differ.

    Examples
    --------
    >>> length(weights=[1, 2], strata=None)
    2
    """
    found = {name: len(np.asarray(column)) for name, column in given.items() if column is not None}
    if not found:
        raise AnalysisError("a design needs at least weights")
    name, rows = next(iter(found.items()))
    for other, size in found.items():
        if size != rows:
            raise AnalysisError(
                "column {other} has {size} rows, but {name} has {rows}: give every respondent one value of each",
                other=other,
                size=size,
                name=name,
                rows=rows,
            )
    return rows


def weights(given: ArrayLike, *, rows: int) -> FloatArray:
    """Weights as numbers from 0, at least one above.

    Parameters
    ----------
    given : array_like, shape (rows,)
    rows : int

    Returns
    -------
    ndarray of float, shape (rows,)

    Raises
    ------
    AnalysisError

    Examples
    --------
    >>> weights([1, -2], rows=2)
    Traceback (most recent call last):
    analysis.errors.AnalysisError: weights, row 2: -2.0 is not a number from 0: give the respondent a weight, ...
    """
    column = numbers("weights", given, rows=rows)
    wrong = np.flatnonzero(~(column >= 0) | np.isinf(column))
    if len(wrong):
        raise AnalysisError(
            "{column}, row {row}: {value} is not a number from 0: give the respondent a weight, or leave the row out",
            column="weights",
            row=int(wrong[0]) + 1,
            value=float(column[wrong[0]]),
        )
    if not column.any():
        raise AnalysisError("all weights are zero: nobody stands for anybody")
    return column


def numbers(name: str, given: ArrayLike, *, rows: int) -> FloatArray:
    """A column as floats, NaN where there is no value.

    Parameters
    ----------
    name : str
        What messages call the column.
    given : array_like, shape (rows,)
    rows : int

    Returns
    -------
    ndarray of float, shape (rows,)

    Raises
    ------
    AnalysisError
        Text that is not a number, with its row; or another length.

    Examples
    --------
    >>> numbers("q1", ["4", "five"], rows=2)
    Traceback (most recent call last):
    analysis.errors.AnalysisError: q1, row 2: 'five' is not a number
    """
    array = (
        np.ma.filled(given.astype(np.float64), np.nan) if isinstance(given, np.ma.MaskedArray) else np.asarray(given)
    )
    if array.shape != (rows,):
        raise AnalysisError(
            "{column} has {found} values for {rows} rows: give every respondent one",
            column=name,
            found=array.size,
            rows=rows,
        )
    try:
        return array.astype(np.float64)
    except (TypeError, ValueError):
        place, value = next((place, value) for place, value in enumerate(array.tolist()) if not _is_number(value))
        raise AnalysisError(
            "{column}, row {row}: {value!r} is not a number", column=name, row=place + 1, value=value
        ) from None


def _is_number(value: object) -> bool:
    try:
        float(value)  # type: ignore[arg-type]  # Asking is the point.
    except (TypeError, ValueError):
        return False
    return True


def numbered(name: str, given: ArrayLike | None, *, rows: int) -> tuple[IntArray, Labels]:
    """Labels as codes from 0; a column that was not given is one label for all.

    Parameters
    ----------
    name : str
    given : array_like, shape (rows,), optional
    rows : int

    Returns
    -------
    codes : ndarray of int, shape (rows,)
    labels : ndarray

    Raises
    ------
    AnalysisError
        Another length, or a missing label, with its row.

    Examples
    --------
    >>> numbered("strata", ["N", None], rows=2)
    Traceback (most recent call last):
    analysis.errors.AnalysisError: strata, row 2 has no label: give it one, or leave the row out
    """
    if given is None:
        return np.zeros(rows, dtype=np.int64), np.zeros(1, dtype=np.int64)
    array = np.asarray(given)
    if array.shape != (rows,):
        raise AnalysisError(
            "{column} has {found} values for {rows} rows: give every respondent one",
            column=name,
            found=array.size,
            rows=rows,
        )
    empty = np.flatnonzero(missing(array))
    if len(empty):
        raise AnalysisError(
            "{column}, row {row} has no label: give it one, or leave the row out", column=name, row=int(empty[0]) + 1
        )
    return codes(array)


def missing(array: Labels) -> BoolArray:
    """Where a column of labels or numbers has none: None, NaN or an empty text.

    Parameters
    ----------
    array : ndarray

    Returns
    -------
    ndarray of bool

    Examples
    --------
    >>> missing(np.array(["a", ""])).tolist()
    [False, True]
    """
    if array.dtype.kind == "f":
        return np.isnan(array)
    if array.dtype.kind == "O":
        return np.array([value is None or value == "" or value != value for value in array.tolist()], dtype=np.bool_)  # noqa: PLR0124 - NaN alone differs from itself
    return np.asarray(array == "") if array.dtype.kind in "US" else np.zeros(array.shape, dtype=np.bool_)


def check_nesting(psu: ArrayLike, stratum: IntArray, labels: Labels) -> None:
    """Refuse a PSU label that occurs in two strata.

    Parameters
    ----------
    psu : array_like, shape (n,)
    stratum : ndarray of int, shape (n,)
    labels : ndarray
        Of the strata.

    Raises
    ------
    AnalysisError

    Examples
    --------
    >>> check_nesting([1, 1], np.array([0, 1]), np.array(["N", "S"]))
    Traceback (most recent call last):
    analysis.errors.AnalysisError: psu 1 lies in strata N and S: give PSUs distinct labels, or say that they are nested
    """
    code, levels = codes(psu)
    lowest = np.full(len(levels), len(labels))
    highest = np.full(len(levels), -1)
    np.minimum.at(lowest, code, stratum)
    np.maximum.at(highest, code, stratum)
    wrong = np.flatnonzero(lowest != highest)
    if len(wrong):
        raise AnalysisError(
            "psu {psu} lies in strata {one} and {other}: give PSUs distinct labels, or say that they are nested",
            psu=levels[wrong[0]],
            one=labels[lowest[wrong[0]]],
            other=labels[highest[wrong[0]]],
        )


def fractions(given: ArrayLike | None, sizes: Sizes, *, stage: int, unequal: bool) -> FloatArray:
    """The fraction drawn of each unit's stratum, from population sizes or fractions; 0 where nothing was given.

    Parameters
    ----------
    given : array_like, shape (n,), optional
        Sizes, or fractions where no value exceeds 1.
    sizes : Sizes
    stage : int
        For messages.
    unequal : bool
        Each unit has its own probability.

    Returns
    -------
    ndarray, shape (units,)

    Raises
    ------
    AnalysisError
        Sizes and fractions are mixed, a population is smaller than its sample, or a stratum has two sizes.

    Examples
    --------
    >>> sizes = Sizes(np.array([0, 1]), np.array([0, 0]), np.array([0, 0]), np.array([2]), np.array(["N"]))
    >>> fractions([8, 8], sizes, stage=1, unequal=False).tolist()
    [0.25, 0.25]
    """
    name = f"fpc of stage {stage}"
    if given is None:
        return np.zeros(len(sizes.stratum_of_unit))
    column = numbers(name, given, rows=len(sizes.unit))
    drawn = sizes.drawn[sizes.stratum].astype(np.float64)
    as_fractions = bool((column <= 1).all())
    with np.errstate(divide="ignore", invalid="ignore"):
        fraction = column if as_fractions else drawn / column
    _check_fpc(name, column, fraction, drawn=drawn, as_fractions=as_fractions, unequal=unequal)
    group = sizes.unit if unequal else sizes.stratum
    groups = len(sizes.stratum_of_unit) if unequal else len(sizes.drawn)
    by_group = np.zeros(groups)
    by_group[group] = fraction
    _check_constant(name, column, fraction != by_group[group], sizes=sizes)
    return by_group if unequal else by_group[sizes.stratum_of_unit]


def _check_fpc(
    name: str, column: FloatArray, fraction: FloatArray, *, drawn: FloatArray, as_fractions: bool, unequal: bool
) -> None:
    if unequal and not as_fractions:
        raise AnalysisError("{column} must hold probabilities up to 1 for sampling proportional to size", column=name)
    small = np.flatnonzero(~(column > 0) | (column < 1) & (not as_fractions))
    if len(small):
        raise AnalysisError(
            "{column}, row {row}: {value} is neither a population size from 1 nor, like all others, a fraction up to 1",
            column=name,
            row=int(small[0]) + 1,
            value=float(column[small[0]]),
        )
    over = np.flatnonzero(fraction > 1 + FULL)
    if len(over):
        raise AnalysisError(
            "{column}, row {row}: a population of {population:g} is smaller than the {drawn} units drawn from it",
            column=name,
            row=int(over[0]) + 1,
            population=float(column[over[0]]),
            drawn=int(drawn[over[0]]),
        )


FULL = 1e-9


def _check_constant(name: str, column: FloatArray, wrong: Any, *, sizes: Sizes) -> None:
    rows = np.flatnonzero(wrong)
    if len(rows):
        raise AnalysisError(
            "{column}, row {row}: {value:g} differs from other rows of stratum {stratum}: one population has one size",
            column=name,
            row=int(rows[0]) + 1,
            value=float(column[rows[0]]),
            stratum=sizes.labels[sizes.stratum[rows[0]]],
        )
