"""Strata as an allocation sees them: how many units each has, how much they differ, what asking one costs."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sampling.errors import SamplingError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from sampling.arrays import FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Strata:
    """The strata of one population, made by :func:`strata`.

    Attributes
    ----------
    names : tuple of str
    sizes : ndarray of int, shape (H,)
        N: units in each.
    deviations : ndarray of float, shape (H,), or None
        S: standard deviation within each, with divisor N - 1.
    costs : ndarray of float, shape (H,), or None
        Cost of one unit in each.
    variations : ndarray of float, shape (H,), or None
        cv: coefficient of variation within each.
    measures : ndarray of float, shape (H,), or None
        X: importance of each, as its transactions.
    """

    names: tuple[str, ...]
    sizes: IntArray
    deviations: FloatArray | None = None
    costs: FloatArray | None = None
    variations: FloatArray | None = None
    measures: FloatArray | None = None

    def __len__(self) -> int:
        """Number of strata."""
        return len(self.names)

    @property
    def population(self) -> int:
        """Units in all strata together."""
        return int(self.sizes.sum())

    def required(self, attribute: str, *, method: str) -> FloatArray:
        """A column that a method cannot do without.

        Raises
        ------
        SamplingError
            If it was not given.
        """
        found: FloatArray | None = getattr(self, attribute)
        if found is None:
            raise SamplingError(
                "{method} needs a column {column}: add it, or choose another method",
                method=method,
                column=COLUMNS[attribute],
            )
        return found


# The columns of a file of strata, as messages call them.
COLUMNS = {"sizes": "N", "deviations": "S", "costs": "cost", "variations": "cv", "measures": "X"}


def strata(
    names: Sequence[str],
    sizes: ArrayLike,
    *,
    deviations: ArrayLike | None = None,
    costs: ArrayLike | None = None,
    variations: ArrayLike | None = None,
    measures: ArrayLike | None = None,
) -> Strata:
    """Check a table of strata.

    Parameters
    ----------
    names : sequence of str
        Each once.
    sizes : array_like of int, shape (H,)
        Units in each, at least one.
    deviations, variations, measures : array_like of float, shape (H,), optional
        Not negative.
    costs : array_like of float, shape (H,), optional
        Above zero.

    Returns
    -------
    Strata

    Raises
    ------
    SamplingError
        With the row, the column, the value and the remedy.

    Examples
    --------
    >>> strata(["phường", "xã"], [2000, 9000], deviations=[0.4, 0.5]).population
    11000
    >>> strata(["phường", "xã"], [2000, -1])
    Traceback (most recent call last):
    sampling.errors.SamplingError: row 2, column N: -1 is not a whole number above zero: ...
    """
    _check_names(names)
    given = {"deviations": deviations, "costs": costs, "variations": variations, "measures": measures}
    checked = {
        name: None if values is None else _column(values, len(names), name=name) for name, values in given.items()
    }
    return Strata(tuple(names), _whole_sizes(sizes, len(names)), **checked)


def share_deviations(shares: ArrayLike, sizes: ArrayLike) -> FloatArray:
    r"""Standard deviations of a question answered yes or no.

    .. math:: S_h = \sqrt{p_h (1 - p_h) N_h / (N_h - 1)}

    Parameters
    ----------
    shares : array_like of float, shape (H,)
        Expected shares of each stratum.
    sizes : array_like of int, shape (H,)

    Returns
    -------
    ndarray of float, shape (H,)
        Zero for a stratum of one.

    Examples
    --------
    >>> share_deviations([0.5, 0.9], [2, 91]).round(4)
    array([0.7071, 0.3017])
    """
    share, size = np.asarray(shares, dtype=float), np.asarray(sizes, dtype=float)
    deviations: FloatArray = np.sqrt(share * (1 - share) * size / np.maximum(size - 1, 1)) * (size > 1)
    return deviations


def _check_names(names: Sequence[str]) -> None:
    if not len(names):
        raise SamplingError("there are no strata: give at least one")
    name, times = Counter(names).most_common(1)[0]
    if times > 1:
        row = len(names) - list(reversed(names)).index(name)
        raise SamplingError(
            "row {row}, column stratum: {value} is already in row {first_row}: list each stratum once",
            row=row,
            value=f"“{name}”",
            first_row=list(names).index(name) + 1,
        )


def _whole_sizes(sizes: ArrayLike, count: int) -> IntArray:
    found = np.asarray(sizes, dtype=float)
    _check_length(found, count, "sizes")
    bad = np.flatnonzero(~((found >= 1) & (found == np.floor(found)) & np.isfinite(found)))
    if len(bad):
        raise SamplingError(
            "row {row}, column N: {value} is not a whole number above zero: correct it, or leave the stratum out",
            row=int(bad[0]) + 1,
            value=f"{found[bad[0]]:g}",
        )
    return found.astype(np.int64)


def _column(values: ArrayLike, count: int, *, name: str) -> FloatArray:
    found = np.asarray(values, dtype=float)
    _check_length(found, count, name)
    least = math.ulp(0.0) if name == "costs" else 0.0
    bad = np.flatnonzero(~((found >= least) & np.isfinite(found)))
    if len(bad):
        raise SamplingError(
            "row {row}, column {column}: {value} is missing, negative, or a cost of zero: correct it",
            row=int(bad[0]) + 1,
            column=COLUMNS[name],
            value=f"{found[bad[0]]:g}",
        )
    return found


def _check_length(values: FloatArray, count: int, name: str) -> None:
    if values.shape != (count,):
        raise SamplingError(
            "{count} strata and {found} values of {column}: give each stratum one",
            count=count,
            found=values.size,
            column=COLUMNS[name],
        )
