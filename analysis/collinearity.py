"""Which variables vary, and which follow from others, as far as second moments tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from analysis.arrays import BoolArray, FloatArray

# A variance is nothing, or a predictor told by the others, when no more than this share of it is left: sums of squares
# keep about half the digits of the values.
_NOTHING = 1e-10


def varying(totals: FloatArray) -> BoolArray:
    """Which variables vary, in each domain.

    Parameters
    ----------
    totals : ndarray, shape (d, v + 1, v + 1)
        Σ w u u' with u = (1, x).

    Returns
    -------
    ndarray of bool, shape (d, v)

    Examples
    --------
    >>> varying(np.array([[[2.0, 9.0], [9.0, 41.0]], [[2.0, 8.0], [8.0, 32.0]]])).tolist()
    [[True], [False]]
    """
    size = np.where(totals[:, 0, 0] > 0, totals[:, 0, 0], 1.0)
    squares = np.diagonal(totals, axis1=1, axis2=2)[:, 1:] / size[:, None]
    varies: BoolArray = squares - (totals[:, 0, 1:] / size[:, None]) ** 2 > _NOTHING * squares
    return varies


def redundant(totals: FloatArray) -> BoolArray:
    """Which predictors are constant or told by those before them: pivots of their correlations that vanish.

    Parameters
    ----------
    totals : ndarray, shape (d, p + 2, p + 2)
        Σ w u u' with u = (1, outcome, predictors).

    Returns
    -------
    ndarray of bool, shape (d, p)

    Examples
    --------
    >>> rows = np.array([[1.0, 5, 1, 2], [1, 3, 2, 4], [1, 4, 3, 6]])
    >>> redundant((rows.T @ rows)[None]).tolist()
    [[False, True]]
    """
    varies = varying(totals)[:, 1:]
    size = np.where(totals[:, 0, 0] > 0, totals[:, 0, 0], 1.0)
    mean = totals[:, 0, 2:] / size[:, None]
    between = totals[:, 2:, 2:] / size[:, None, None] - mean[:, :, None] * mean[:, None, :]
    scale = np.sqrt(np.where(varies, np.diagonal(between, axis1=1, axis2=2), 1.0))
    left = np.where(varies[:, :, None] & varies[:, None, :], between / scale[:, :, None] / scale[:, None, :], 0.0)
    told = np.zeros(varies.shape, dtype=np.bool_)
    for step in range(varies.shape[1]):
        pivot = left[:, step, step].copy()
        told[:, step] = pivot < _NOTHING
        kept = np.where(told[:, step], np.inf, pivot)
        left -= left[:, :, step, None] * left[:, step, None, :] / kept[:, None, None]
    return told
