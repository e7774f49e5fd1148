r"""Variances from joint inclusion probabilities, for samples drawn with unequal probabilities.

With :math:`\check\Delta_{ij} = (\pi_{ij} - \pi_i \pi_j) / \pi_{ij}` and weighted values :math:`x_i`, Horvitz and
Thompson's estimator is :math:`\sum_{ij} \check\Delta_{ij} x_i x_j` and that of Yates and Grundy
:math:`-\frac12 \sum_{ij} \check\Delta_{ij} (x_i - x_j)^2`, for samples of fixed size.

References
----------
.. [1] Horvitz & Thompson (1952), JASA 47, 663-685.
.. [2] Yates & Grundy (1953), JRSS B 15, 253-261.
.. [3] Berger (2004), A simple variance estimator for unequal probability sampling, J. Applied Statistics 31, 305-315.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from analysis.errors import AnalysisError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from analysis.arrays import FloatArray

# R takes products of the joint probabilities below this for rounding error.
TOLERANCE = 1e-4


@dataclass(frozen=True, slots=True, eq=False)
class Pairwise:
    """Weighted covariances of the inclusion of n units. Made by the functions of this module.

    Attributes
    ----------
    checked : ndarray, shape (n, n)
        The matrix written with a check over delta.
    estimator : str
        "HT" (Horvitz and Thompson) or "YG" (Yates and Grundy).
    """

    checked: FloatArray
    estimator: str = "HT"

    def covariance(self, values: FloatArray) -> FloatArray:
        """Covariance of weighted totals.

        Parameters
        ----------
        values : ndarray, shape (n, k)

        Returns
        -------
        ndarray, shape (k, k)

        Examples
        --------
        A census varies by nothing:

        >>> Pairwise(np.zeros((2, 2))).covariance(np.ones((2, 1))).tolist()
        [[0.0]]
        """
        horvitz: FloatArray = values.T @ self.checked @ values
        if self.estimator == "HT":
            return horvitz
        marginal = self.checked.sum(axis=0)
        correction: FloatArray = values.T @ (marginal[:, None] * values)
        return horvitz - correction


def joint_probabilities(joint: ArrayLike, *, estimator: str = "HT", tolerance: float = TOLERANCE) -> Pairwise:
    """From the matrix of joint inclusion probabilities, each unit's own on the diagonal.

    Parameters
    ----------
    joint : array_like, shape (n, n)
    estimator : str
        "HT" or "YG".
    tolerance : float
        Smaller entries of the weighted covariances are taken for zero.

    Returns
    -------
    Pairwise

    Raises
    ------
    AnalysisError
        Not square, or not probabilities above 0.

    Examples
    --------
    Two of three units drawn at random, each pair with probability 1/3:

    >>> joint = np.full((2, 2), 1 / 3) + np.eye(2) / 3
    >>> pairwise = joint_probabilities(joint, estimator="YG")
    >>> pairwise.covariance(np.array([[1.5], [3.0]])).round(12).tolist()
    [[0.75]]
    """
    matrix = np.asarray(joint, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:  # noqa: PLR2004 - a matrix
        raise AnalysisError("joint probabilities must be a square matrix, not {shape}", shape=matrix.shape)
    if not ((matrix > 0) & (matrix <= 1)).all():
        raise AnalysisError(
            "joint probabilities must be above 0 and up to 1: a pair that cannot be drawn together "
            "leaves the variance without an estimate"
        )
    _check_estimator(estimator)
    own = np.diag(matrix)
    checked = (matrix - np.outer(own, own)) / matrix
    checked[np.abs(checked) < tolerance] = 0
    return Pairwise(checked, estimator)


def overton(probabilities: ArrayLike, *, strata: ArrayLike | None = None, estimator: str = "HT") -> Pairwise:
    """Overton's approximation, from each unit's own probability.

    Parameters
    ----------
    probabilities : array_like, shape (n,)
    strata : array_like, shape (n,), optional
    estimator : str

    Returns
    -------
    Pairwise

    Examples
    --------
    >>> overton([0.5, 0.5, 0.5]).checked[0].tolist()
    [0.5, -0.25, -0.25]
    """
    own = np.asarray(probabilities, dtype=np.float64)
    return _approximate(own, (own[:, None] + own) / 2, own, strata=strata, estimator=estimator)


def hartley_rao(
    probabilities: ArrayLike,
    *,
    mean_square: float | None = None,
    strata: ArrayLike | None = None,
    estimator: str = "HT",
) -> Pairwise:
    """Hartley and Rao's approximation, from each unit's own probability.

    Parameters
    ----------
    probabilities : array_like, shape (n,)
    mean_square : float, optional
        Sum of squared probabilities over the population, divided by the sample size; by default estimated by the mean
        probability of each stratum's sample.
    strata : array_like, shape (n,), optional
    estimator : str

    Returns
    -------
    Pairwise

    Examples
    --------
    >>> hartley_rao([0.5, 0.5, 0.5]).checked[0].tolist()
    [0.5, -0.25, -0.25]
    """
    own = np.asarray(probabilities, dtype=np.float64)
    group = _groups(strata, len(own))
    mean = (np.bincount(group, weights=own) / np.bincount(group))[group] if mean_square is None else mean_square
    # Row by row: the correction is that of the row's stratum.
    return _approximate(own, own[:, None] + own - np.reshape(mean, (-1, 1)), own, strata=strata, estimator=estimator)


def poisson(probabilities: ArrayLike) -> Pairwise:
    """Units drawn independently of each other.

    Parameters
    ----------
    probabilities : array_like, shape (n,)

    Returns
    -------
    Pairwise

    Examples
    --------
    >>> poisson([0.5, 1.0]).checked.tolist()
    [[0.5, 0.0], [0.0, 0.0]]
    """
    return Pairwise(np.diag(1 - np.asarray(probabilities, dtype=np.float64)))


def _approximate(
    own: FloatArray, shared: FloatArray, diagonal: FloatArray, *, strata: ArrayLike | None, estimator: str
) -> Pairwise:
    """1 - (n - shared) / (n - 1) within strata, 0 between them."""
    _check_estimator(estimator)
    group = _groups(strata, len(own))
    size = np.bincount(group)[group][:, None]
    checked = 1 - (size - shared) / np.maximum(size - 1, 1)
    certain = (own[:, None] + own) / 2 == 1
    checked[(group[:, None] != group) | certain] = 0
    np.fill_diagonal(checked, 1 - diagonal)
    return Pairwise(checked, estimator)


def _groups(strata: ArrayLike | None, rows: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    if strata is None:
        return np.zeros(rows, dtype=np.int64)
    return np.unique(np.asarray(strata), return_inverse=True)[1].astype(np.int64)


def _check_estimator(estimator: str) -> None:
    if estimator not in {"HT", "YG"}:
        raise AnalysisError("unknown variance estimator {name}: choose HT or YG", name=estimator)
