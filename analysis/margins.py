"""Known population totals of a variable's levels, tied to the level each respondent has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.arrays import LARGEST_TABLE, codes, group_sums
from analysis.errors import AnalysisError

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from numpy.typing import ArrayLike

    from analysis.arrays import FloatArray, IntArray, Labels


@dataclass(frozen=True, slots=True, eq=False)
class Margin:
    """The population totals of one variable and the respondents' levels.

    Made by :func:`margin`, which checks that sample and totals fit together.

    Attributes
    ----------
    variable : str
        What messages call it.
    levels : tuple of hashable
        The levels that occur.
    codes : ndarray of int, shape (n,)
        Position in `levels` of each respondent's level.
    totals : ndarray of float, shape (levels,)
        Population total of each level, in units of the weights.
    """

    variable: str
    levels: tuple[Hashable, ...]
    codes: IntArray
    totals: FloatArray

    @property
    def population(self) -> float:
        """The population this margin adds up to."""
        return float(self.totals.sum())

    def label(self, position: int) -> str:
        """Name one level in a message: ``sex=female``."""
        return f"{self.variable}={self.levels[position]}"

    def sums(self, weights: FloatArray) -> FloatArray:
        """Weighted count of respondents in each level."""
        return group_sums(weights, self.codes, len(self.levels))


def margin(variable: str, values: ArrayLike, totals: Mapping[Any, float]) -> Margin:
    """Tie known totals to the respondents' levels.

    Parameters
    ----------
    variable : str
        Name of the variable, for messages.
    values : array_like, shape (n,)
        The level of each respondent; none may be missing.
    totals : mapping of level to float
        The population total of each level.

    Returns
    -------
    Margin

    Raises
    ------
    AnalysisError
        If a level of the sample has no total, if a level with a total has no respondent, or if a total is
        negative or not a number. The message names the levels and says what to do.

    Examples
    --------
    >>> sex = margin("sex", ["f", "m", "f"], {"f": 510, "m": 490})
    >>> sex.population
    1000.0
    >>> margin("sex", ["f", "f"], {"f": 510, "m": 490})
    Traceback (most recent call last):
    analysis.errors.AnalysisError: sex: nobody in the sample has the level m, though its total is 490: ...
    """
    code, levels = encode(values)
    return coded_margin(variable, code, levels=levels, totals=totals)


def coded_margin(variable: str, codes: IntArray, *, levels: Sequence[Hashable], totals: Mapping[Any, float]) -> Margin:
    """Tie known totals to respondents whose levels are already coded.

    Parameters
    ----------
    variable : str
        Name of the variable, for messages.
    codes : ndarray of int, shape (n,)
        Position in `levels` of each respondent's level; −1 where it is missing.
    levels : sequence of hashable
        The levels the codes stand for.
    totals : mapping of level to float
        The population total of each level.

    Returns
    -------
    Margin

    Raises
    ------
    AnalysisError
        As :func:`margin`.

    Examples
    --------
    >>> coded_margin("sex", np.array([0, 1, 0]), levels=["f", "m"], totals={"m": 490, "f": 510}).totals
    array([510., 490.])
    """
    _check_totals(variable, totals)
    _check_no_missing(variable, codes)
    present = np.bincount(codes, minlength=len(levels)) > 0
    _check_levels(variable, [level for level, here in zip(levels, present, strict=True) if here], totals)
    kept = tuple(level for level, here in zip(levels, present, strict=True) if here)
    position = np.cumsum(present) - 1
    known = np.array([float(totals[level]) for level in kept])
    return Margin(variable, kept, codes if present.all() else position[codes], known)


def merged(totals: Mapping[Any, float], groups: Mapping[Any, Any]) -> dict[Any, float]:
    """Add up the totals of levels that are too thin to stand alone.

    Parameters
    ----------
    totals : mapping of level to float
        The totals before.
    groups : mapping of level to level
        The new level of each level that changes; the values of the sample must be recoded alike.

    Returns
    -------
    dict of level to float

    Examples
    --------
    >>> merged({"18-24": 90.0, "25-34": 200.0, "35+": 510.0}, {"18-24": "18-34", "25-34": "18-34"})
    {'18-34': 290.0, '35+': 510.0}
    """
    result: dict[Any, float] = {}
    for level, total in totals.items():
        group = groups.get(level, level)
        result[group] = result.get(group, 0.0) + total
    return result


def encode(values: ArrayLike) -> tuple[IntArray, list[Any]]:
    """Number the levels of a column.

    Parameters
    ----------
    values : array_like, shape (n,)
        Text or numbers; None, NaN and "" are missing.

    Returns
    -------
    codes : ndarray of int, shape (n,)
        Position of each value among the levels, −1 if missing.
    levels : list
        The levels in ascending order.

    Examples
    --------
    >>> encode(["b", "a", None, "b"])
    (array([ 1,  0, -1,  1]), ['a', 'b'])
    """
    array = np.asarray(values)
    if array.dtype.kind == "O":
        return _encode_objects(array)
    code, levels = codes(array)
    # Only NaN differs from itself.
    missing = (levels != levels) | (levels == "" if array.dtype.kind == "U" else False)  # noqa: PLR0124 (as above)
    if not missing.any():
        return code, levels.tolist()
    return np.where(missing, -1, np.cumsum(~missing) - 1)[code], levels[~missing].tolist()


@dataclass(frozen=True, slots=True, eq=False)
class Crossing:
    """Respondents grouped by their combination of levels; calibration acts alike on all of a group.

    Attributes
    ----------
    cell : ndarray of int, shape (n,)
        The cell of each respondent.
    codes : tuple of ndarray of int, each of shape (size,)
        For each margin, the level of each cell.
    size : int
        Number of cells, empty ones included.
    """

    cell: IntArray
    codes: tuple[IntArray, ...]
    size: int

    def sums(self, values: FloatArray) -> FloatArray:
        """Total of `values` in each cell."""
        return group_sums(values, self.cell, self.size)


def on_cells(margin: Margin, codes: IntArray) -> Margin:
    """The same margin with a cell, rather than a respondent, a row.

    Examples
    --------
    >>> sex = margin("sex", ["f", "m", "f"], {"f": 510, "m": 490})
    >>> on_cells(sex, cross([sex]).codes[0]).codes
    array([0, 1])
    """
    return Margin(margin.variable, margin.levels, codes, margin.totals)


def cross(margins: Sequence[Margin]) -> Crossing:
    """Group respondents by their combination of levels in `margins`.

    Parameters
    ----------
    margins : sequence of Margin
        At least one, all of the same respondents.

    Returns
    -------
    Crossing

    Examples
    --------
    >>> sex = margin("sex", ["f", "m", "f"], {"f": 510, "m": 490})
    >>> age = margin("age", ["old", "old", "young"], {"old": 300, "young": 700})
    >>> cross([sex, age]).cell
    array([0, 2, 1])
    """
    respondents = len(margins[0].codes)
    cell, size = margins[0].codes, len(margins[0].levels)
    for other in margins[1:]:
        if size * len(other.levels) > max(respondents, LARGEST_TABLE):
            cell, size = _compress(cell)
        cell, size = cell * len(other.levels) + other.codes, size * len(other.levels)
    if size > respondents:
        cell, size = _compress(cell)
    # Any respondent of a cell tells its levels; an empty cell keeps those of the first, at no weight.
    example = np.zeros(size, dtype=np.int64)
    example[cell] = np.arange(respondents)
    return Crossing(cell, tuple(each.codes[example] for each in margins), size)


def check_agreement(margins: Sequence[Margin], *, tolerance: float) -> None:
    """Refuse margins of different lengths or of different populations.

    Parameters
    ----------
    margins : sequence of Margin
        The margins one set of weights is to meet.
    tolerance : float
        Relative difference between two populations that is still rounding.

    Raises
    ------
    AnalysisError
        If there is no margin, or two of them cannot hold at once.

    Examples
    --------
    >>> sex = margin("sex", ["f", "m"], {"f": 510, "m": 490})
    >>> age = margin("age", ["old", "young"], {"old": 300, "young": 600})
    >>> check_agreement([sex, age], tolerance=1e-9)
    Traceback (most recent call last):
    analysis.errors.AnalysisError: the totals of sex add up to 1000 but those of age to 900: ...
    """
    if not margins:
        raise AnalysisError("no margin is given: at least one variable with its totals is needed")
    first = margins[0]
    for other in margins[1:]:
        if len(other.codes) != len(first.codes):
            raise AnalysisError(
                "{first} has {count} respondents but {other} has {other_count}: give each the same rows",
                first=first.variable,
                count=len(first.codes),
                other=other.variable,
                other_count=len(other.codes),
            )
        if abs(other.population - first.population) > tolerance * abs(first.population):
            raise AnalysisError(
                "the totals of {first} add up to {population} but those of {other} to {other_population}: "
                "bring them to the same population before calibrating",
                first=first.variable,
                population=number(first.population),
                other=other.variable,
                other_population=number(other.population),
            )


def number(value: float) -> str:
    """Write a number in a message: no trailing zeros, no exponent in ordinary sizes.

    Examples
    --------
    >>> number(4421.0), number(0.125)
    ('4421', '0.125')
    """
    return f"{value:.10g}"


def listed(names: Sequence[object], *, most: int = 8) -> str:
    """Name several things in a message, the first few of many.

    Examples
    --------
    >>> listed(["a", "b"]), listed(list("abcd"), most=2)
    ('a, b', 'a, b, …')
    """
    shown = ", ".join(str(name) for name in names[:most])
    return f"{shown}, …" if len(names) > most else shown


def _check_totals(variable: str, totals: Mapping[Any, float]) -> None:
    wrong = [level for level, total in totals.items() if not np.isfinite(total) or total < 0]
    if wrong:
        raise AnalysisError(
            "{variable}: the total of {levels} is negative or not a number", variable=variable, levels=listed(wrong)
        )


def _check_no_missing(variable: str, codes: IntArray) -> None:
    missing = np.flatnonzero(codes < 0)
    if missing.size:
        raise AnalysisError(
            "{variable}: {count} respondents have no value (first in row {row}): "
            "fill them in or give the missing ones a level with its own total",
            variable=variable,
            count=int(missing.size),
            row=int(missing[0]) + 1,
        )


def _check_levels(variable: str, present: list[Hashable], totals: Mapping[Any, float]) -> None:
    unknown = [level for level in present if not totals.get(level)]
    if unknown:
        raise AnalysisError(
            "{variable}: the sample has the level {levels}, which has no total: "
            "add its total, or merge it with another level in the sample",
            variable=variable,
            levels=listed(unknown),
        )
    absent = [level for level, total in totals.items() if total > 0 and level not in set(present)]
    if absent:
        raise AnalysisError(
            "{variable}: nobody in the sample has the level {levels}, though its total is {total}: "
            "merge it with a neighbouring level",
            variable=variable,
            levels=listed(absent),
            total=listed([number(totals[level]) for level in absent]),
        )


def _encode_objects(array: Labels) -> tuple[IntArray, list[Any]]:
    seen: dict[Any, int] = {}
    first = np.fromiter((seen.setdefault(value, len(seen)) for value in array.tolist()), np.int64, array.size)
    # A value that differs from itself is NaN.
    levels = [value for value in seen if value is not None and value != "" and value == value]  # noqa: PLR0124
    levels.sort(key=lambda value: (str(type(value)), value))
    position = np.full(max(len(seen), 1), -1)
    for rank, level in enumerate(levels):
        position[seen[level]] = rank
    return position[first], levels


def _compress(cell: IntArray) -> tuple[IntArray, int]:
    compact, levels = codes(cell)
    return compact, int(levels.size)
