r"""How much of an outcome's variance each predictor explains: Shapley's shares of R², also called LMG.

A predictor's part is what it adds to R², averaged over all orders in which the predictors can enter,

.. math:: L_j = \sum_{S \not\ni j} \frac{|S|! (p - |S| - 1)!}{p!} \left(R^2_{S \cup j} - R^2_S\right),

so that the parts are never negative and add up to R² exactly. For the residual :math:`e_S = (1, -b_S)` of a submodel
:math:`s_{yy} R^2_S = s_{yy} - e_S' \Sigma e_S`, and since :math:`b_S` minimises, :math:`e_S` may be held fixed in its
derivative: :math:`d(e_S' \Sigma e_S) = e_S' \, d\Sigma \, e_S`. All derivatives follow from the coefficients.

References
----------
.. [1] Lindeman, Merenda & Gold (1980), Introduction to Bivariate and Multivariate Analysis.
.. [2] Grömping (2006), Relative importance for linear regression in R: the package relaimpo, Journal of Statistical
   Software 17(1).
.. [3] Grömping (2007), Estimators of relative importance in linear regression based on variance decomposition,
   American Statistician 61, 139-147.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import factorial
from typing import TYPE_CHECKING

import numpy as np

from analysis.errors import AnalysisError

if TYPE_CHECKING:
    from analysis.arrays import BoolArray, FloatArray

MOST_PREDICTORS = 12
# Submodels are solved in batches of about this many matrix entries.
_BATCH = 4_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Decomposition:
    """R² and its parts for d covariance matrices of an outcome and p predictors.

    Attributes
    ----------
    parts : ndarray, shape (d, p)
        Of each predictor; they add up to R².
    gradient : ndarray, shape (d, p, p + 1, p + 1)
        Derivatives of the parts by the covariances.
    """

    parts: FloatArray
    gradient: FloatArray

    @property
    def r_squared(self) -> FloatArray:
        """The share of variance that all predictors explain together, shape (d,)."""
        return np.asarray(self.parts.sum(axis=1))


def decompose(covariances: FloatArray) -> Decomposition:
    """Parts of R² by all submodels, with their derivatives.

    Parameters
    ----------
    covariances : ndarray, shape (d, p + 1, p + 1)
        The outcome comes first. The outcome varies, and no predictor is constant or told by the others: assumes that
        already checked.

    Returns
    -------
    Decomposition

    Raises
    ------
    AnalysisError
        There are more than twelve predictors.

    Examples
    --------
    Predictors that have nothing to do with each other explain their squared correlations:

    >>> found = decompose(np.array([[[1.0, 0.6, 0.3], [0.6, 1.0, 0.0], [0.3, 0.0, 1.0]]]))
    >>> found.parts.round(9).tolist(), found.r_squared.round(9).tolist()
    ([[0.36, 0.09]], [0.45])
    """
    predictors = covariances.shape[-1] - 1
    if predictors > MOST_PREDICTORS:
        raise AnalysisError(
            "shares of {count} predictors need too many submodels: choose {most} or fewer",
            count=predictors,
            most=MOST_PREDICTORS,
        )
    subsets = (np.arange(2**predictors)[:, None] >> np.arange(predictors)) % 2 == 1
    credit = _credit(subsets)
    batch = max(_BATCH // (len(subsets) * (predictors + 1) ** 2), 1)
    starts = range(0, len(covariances), batch)
    found = [_decomposed(covariances[start : start + batch], subsets, credit) for start in starts]
    shape = (0, predictors, predictors + 1, predictors + 1)
    return Decomposition(
        parts=np.concatenate([parts for parts, _ in found] or [np.zeros(shape[:2])]),
        gradient=np.concatenate([gradient for _, gradient in found] or [np.zeros(shape)]),
    )


def _credit(subsets: BoolArray) -> FloatArray:
    """How R² of each subset counts in the part of each predictor, shape (p, subsets)."""
    predictors = subsets.shape[1]
    weight = np.array([factorial(n) * factorial(predictors - n - 1) / factorial(predictors) for n in range(predictors)])
    size = subsets.sum(axis=1)
    entering, before = np.append(0.0, weight)[size], np.append(weight, 0.0)[size]
    credit: FloatArray = np.where(subsets.T, entering, -before)
    return credit


def _decomposed(covariances: FloatArray, subsets: BoolArray, credit: FloatArray) -> tuple[FloatArray, FloatArray]:
    residuals = _residuals(covariances, subsets)
    outcome = covariances[:, 0, 0]
    # What a submodel explains is b's, the covariance of the outcome with its prediction.
    explained = -np.einsum("dsj,dj->ds", residuals[..., 1:], covariances[:, 0, 1:]) / outcome[:, None]
    parts = explained @ credit.T
    weighted = credit[None, :, :, None] * residuals[:, None]
    gradient = -np.swapaxes(weighted, 2, 3) @ residuals[:, None]
    gradient[:, :, 0, 0] -= parts
    return parts, gradient / outcome[:, None, None, None]


def _residuals(covariances: FloatArray, subsets: BoolArray) -> FloatArray:
    """The coefficients of each submodel's residual, (1, -b) with zeros for who is not in it."""
    both = subsets[:, :, None] & subsets[:, None, :]
    # A predictor left out is replaced by one that stands alone and is told nothing.
    inside = np.where(both, covariances[:, None, 1:, 1:], np.eye(subsets.shape[1]))
    wanted = np.where(subsets, covariances[:, None, 0, 1:], 0.0)
    slopes = np.linalg.solve(inside, wanted[..., None])[..., 0]
    return np.concatenate([np.ones((*slopes.shape[:2], 1)), -slopes], axis=-1)
