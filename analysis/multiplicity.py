"""p-values of many comparisons, adjusted for their number.

Two hundred agencies compared at 5 % give ten false alarms where nothing changed. Holm's adjusted values keep the chance
of any false alarm below the level; those of Benjamini and Hochberg keep the expected share of false ones among the
alarms below it, and find more.

Tests hold both against statsmodels, which is not called here: it would be loaded into the web process, takes seconds to
import, and its Holm collects all garbage in every call.

References
----------
.. [1] Holm (1979), A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6,
   65-70.
.. [2] Benjamini & Hochberg (1995), Controlling the false discovery rate: a practical and powerful approach to multiple
   testing, Journal of the Royal Statistical Society B 57, 289-300.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analysis.errors import AnalysisError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from analysis.arrays import FloatArray


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Adjusted p-values that hold for all comparisons together, however they depend on one another.

    Parameters
    ----------
    p_values : sequence of float or None
        None or NaN where a comparison could not be tested: it does not count among the comparisons.

    Returns
    -------
    list of float or None
        In the same order, None where there was none.

    Raises
    ------
    AnalysisError
        A p-value is not from 0 to 1.

    References
    ----------
    .. [1] Holm (1979), Scandinavian Journal of Statistics 6, 65-70.

    Examples
    --------
    The smallest of three times 3, the next times 2, and none below the one before:

    >>> [round(p, 9) if p is not None else p for p in holm([0.02, None, 0.01, 0.03])]
    [0.04, None, 0.03, 0.04]
    """
    return _adjusted(p_values, _holm)


def benjamini_hochberg(p_values: Sequence[float | None]) -> list[float | None]:
    """Adjusted p-values that bound the expected share of false alarms among the alarms.

    They hold for independent and for positively dependent comparisons (Benjamini & Yekutieli 2001), such as those of
    the dimensions of one agency.

    Parameters
    ----------
    p_values : sequence of float or None
        As in :func:`holm`.

    Returns
    -------
    list of float or None

    Raises
    ------
    AnalysisError
        A p-value is not from 0 to 1.

    References
    ----------
    .. [1] Benjamini & Hochberg (1995), Journal of the Royal Statistical Society B 57, 289-300.
    .. [2] Benjamini & Yekutieli (2001), The control of the false discovery rate in multiple testing under dependency,
       Annals of Statistics 29, 1165-1188.

    Examples
    --------
    >>> [round(p, 9) for p in benjamini_hochberg([0.01, 0.04, 0.03, 0.5])]
    [0.04, 0.053333333, 0.053333333, 0.5]
    """
    return _adjusted(p_values, _benjamini_hochberg)


def _holm(p: FloatArray) -> FloatArray:
    """The smallest times the number of comparisons, the next times one fewer, none below the one before."""
    return np.maximum.accumulate(p * np.arange(len(p), 0, -1))


def _benjamini_hochberg(p: FloatArray) -> FloatArray:
    """The number of comparisons over the rank of each, none above the one after."""
    return np.minimum.accumulate((p * len(p) / np.arange(1, len(p) + 1))[::-1])[::-1]


def _adjusted(p_values: Sequence[float | None], adjust: Callable[[FloatArray], FloatArray]) -> list[float | None]:
    """Adjusted in ascending order and put back, those that are missing left out."""
    given = np.array([np.nan if p is None else p for p in p_values], dtype=np.float64)
    tested = np.flatnonzero(~np.isnan(given))
    wrong = tested[(given[tested] < 0) | (given[tested] > 1)]
    if len(wrong):
        raise AnalysisError("the p-value {p} is not from 0 to 1", p=float(given[wrong[0]]))
    ascending = tested[np.argsort(given[tested], kind="stable")]
    given[ascending] = np.minimum(adjust(given[ascending]), 1.0)
    return [None if np.isnan(p) else p for p in given.tolist()]
