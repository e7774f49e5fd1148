"""Domains by crossing columns, categorical columns as codes, and variables by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis import columns
from analysis.arrays import codes, label_tuple
from analysis.errors import AnalysisError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from analysis.arrays import BoolArray

    Variables = ArrayLike | Mapping[str, ArrayLike]
    By = Mapping[str, ArrayLike]


@dataclass(frozen=True, slots=True, eq=False)
class Domain:
    """One crossing of the columns that define domains."""

    label: tuple[tuple[str, Any], ...]
    members: BoolArray


def domains(by: By | None, where: ArrayLike | None, *, rows: int) -> list[Domain]:
    """Every crossing of the columns of `by` that occurs among `where`.

    Parameters
    ----------
    by : mapping of str to array_like, optional
    where : array_like of bool, optional
    rows : int

    Returns
    -------
    list of Domain
        In the order of the labels, the first column's slowest.

    Examples
    --------
    >>> [domain.label for domain in domains({"town": ["B", "A", None]}, None, rows=3)]
    [(('town', 'A'),), (('town', 'B'),)]
    """
    chosen = np.ones(rows, dtype=np.bool_) if where is None else _mask(where, rows=rows)
    crossing = np.zeros(rows, dtype=np.int64)
    labels: list[tuple[tuple[str, Any], ...]] = [()]
    for name, column in (by or {}).items():
        code, levels = coded(name, column, rows=rows)
        chosen = chosen & (code >= 0)
        crossing = crossing * max(len(levels), 1) + code
        labels = [(*label, (name, level)) for label in labels for level in levels]
    return [Domain(labels[place], chosen & (crossing == place)) for place in np.unique(crossing[chosen])]


def coded(name: str, values: ArrayLike, *, rows: int) -> tuple[Any, tuple[Any, ...]]:
    """Codes of the levels of a categorical column, -1 where there is no answer, and the levels in order.

    Parameters
    ----------
    name : str
    values : array_like, shape (rows,)
    rows : int

    Returns
    -------
    codes : ndarray of int
    levels : tuple

    Examples
    --------
    >>> code, levels = coded("sex", ["f", None, "m"], rows=3)
    >>> code.tolist(), levels
    ([0, -1, 1], ('f', 'm'))
    """
    array: Any = np.ma.asarray(values) if isinstance(values, np.ma.MaskedArray) else np.asarray(values)
    if array.shape != (rows,):
        raise AnalysisError("{column} has {found} values for {rows} rows", column=name, found=array.size, rows=rows)
    missing = columns.missing(np.ma.getdata(array)) | np.ma.getmaskarray(array)
    found, levels = codes(np.ma.getdata(array)[~missing])
    code = np.full(rows, -1, dtype=np.int64)
    code[~missing] = found
    return code, label_tuple(levels)


def _mask(where: ArrayLike, *, rows: int) -> BoolArray:
    array = np.asarray(where)
    if array.dtype != np.bool_ or array.shape != (rows,):
        raise AnalysisError("where must say True or False for each of the {rows} rows", rows=rows)
    return array


def named(values: Variables) -> list[tuple[str, ArrayLike]]:
    """Variables with their names; a single array is called "value".

    Parameters
    ----------
    values : array_like or mapping of str to array_like

    Returns
    -------
    list of (str, array_like)

    Examples
    --------
    >>> named([1, 2])
    [('value', [1, 2])]
    """
    if isinstance(values, Mapping):
        return list(values.items())
    return [("value", values)]
