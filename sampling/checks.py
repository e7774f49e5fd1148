"""What every draw demands of a frame; each refusal names the row, the column, the value and the remedy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sampling.arrays import codes as numbered
from sampling.errors import SamplingError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from sampling.arrays import FloatArray, LabelColumn


def check_codes(codes: LabelColumn, *, column: str = "code") -> None:
    """Refuse a frame that lists a unit twice.

    Parameters
    ----------
    codes : array_like, shape (N,)
        What tells the units apart.
    column : str
        What the message calls them.

    Raises
    ------
    SamplingError
        With the row of the second and of the first.

    Examples
    --------
    >>> check_codes(["a", "b", "a"])
    Traceback (most recent call last):
    sampling.errors.SamplingError: row 3, column code: “a” is already in row 1: list each unit once, or its chance ...
    """
    code, levels = numbered(codes)
    first = np.full(len(levels), len(code))
    np.minimum.at(first, code, np.arange(len(code)))
    again = np.flatnonzero(first[code] != np.arange(len(code)))
    if len(again):
        row = int(again[0])
        raise SamplingError(
            "row {row}, column {column}: {value} is already in row {first_row}: list each unit once, "
            "or its chance of being drawn doubles",
            row=row + 1,
            column=column,
            value=f"“{levels[code[row]]}”",
            first_row=int(first[code[row]]) + 1,
        )


def checked_sizes(sizes: ArrayLike, *, column: str = "size") -> FloatArray:
    """Measures of size as numbers, all above zero.

    Parameters
    ----------
    sizes : array_like, shape (N,)
    column : str
        What the message calls them.

    Returns
    -------
    ndarray of float, shape (N,)

    Raises
    ------
    SamplingError
        For the first size that is missing, zero, negative or infinite.

    Examples
    --------
    >>> checked_sizes([3, 0])
    Traceback (most recent call last):
    sampling.errors.SamplingError: row 2, column size: 0 is not a size above zero: correct it, or take the unit out ...
    """
    found = np.asarray(sizes, dtype=float)
    bad = np.flatnonzero(~(np.isfinite(found) & (found > 0)))
    if len(bad):
        raise SamplingError(
            "row {row}, column {column}: {value} is not a size above zero: correct it, "
            "or take the unit out of the frame and say so",
            row=int(bad[0]) + 1,
            column=column,
            value=f"{found[bad[0]]:g}",
        )
    return found


def check_sample_size(n: int, population: int) -> None:
    """Refuse to draw less than one, or more than there are.

    Examples
    --------
    >>> check_sample_size(4, 3)
    Traceback (most recent call last):
    sampling.errors.SamplingError: 4 units are asked for and the frame has 3: ask for at most 3
    """
    if n < 1:
        raise SamplingError("{n} units are asked for: ask for at least one", n=n)
    if n > population:
        raise SamplingError(
            "{n} units are asked for and the frame has {population}: ask for at most {population}",
            n=n,
            population=population,
        )
