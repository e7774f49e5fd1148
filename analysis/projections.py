"""What calibration does to a variance: the residual operators that remove what the known totals explain.

A calibrated estimator varies only by what the auxiliary variables leave unexplained. Each operator here turns the
influence values of an estimate (weight included, one row per respondent) into residuals, from which the design
computes the variance as ever.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np

from analysis.arrays import group_sums

if TYPE_CHECKING:
    from analysis.arrays import FloatArray
    from analysis.auxiliaries import ModelMatrix
    from analysis.margins import Crossing, Margin

# R's survey projects on the margins in turn, ten times over.
RAKING_SWEEPS = 10


class Projection(Protocol):
    """Removes from influence values what known totals explain."""

    def residuals(self, influence: FloatArray) -> FloatArray:
        """Residuals of `influence`, of the same shape."""
        ...  # pragma: no cover


@dataclass(frozen=True, slots=True, eq=False)
class PostStrata:
    r"""Deviations from the post-stratum's mean.

    .. math:: x_i - w_i \frac{\sum_{j \in p(i)} d_j x_j / w_j}{\sum_{j \in p(i)} d_j}

    with design weights *d* and post-stratified weights *w*.

    Attributes
    ----------
    margin : Margin
        The post-strata.
    base, weights : ndarray of float, shape (n,)
        Weights before and after.

    References
    ----------
    .. [1] Valliant (1993), Poststratification and conditional variance estimation, JASA 88, 89-96.
    """

    margin: Margin
    base: FloatArray
    weights: FloatArray

    def residuals(self, influence: FloatArray) -> FloatArray:
        """Residuals of `influence`, of the same shape."""
        ratio = _column(_ratio(self.base, self.weights), influence)
        sums = group_sums(influence * ratio, self.margin.codes, len(self.margin.levels))
        means = sums / _column(self.margin.sums(self.base), sums)
        return influence - means[self.margin.codes] * _column(self.weights, influence)


@dataclass(frozen=True, slots=True, eq=False)
class RakedCells:
    """Deviations from the means of each margin in turn, ten times over, as R's survey defines it.

    Means are of respondents within a level, each counted once. All who share a cell share a factor, so the sweeps run
    on cells however many respondents there are.

    Attributes
    ----------
    crossing : Crossing
        The cells.
    base : ndarray of float, shape (n,)
        Weights before raking.
    steps : tuple of ndarray of float, each of shape (cells,)
        Factor of each cell after adjusting to each margin in the last cycle.
    levels : tuple of int
        Number of levels of each margin.

    References
    ----------
    .. [1] Lumley (2010), Complex Surveys: A Guide to Analysis Using R, section 7.3.
    """

    crossing: Crossing
    base: FloatArray
    steps: tuple[FloatArray, ...]
    levels: tuple[int, ...]

    def residuals(self, influence: FloatArray) -> FloatArray:
        """Residuals of `influence`, of the same shape."""
        values = influence * _column(_ratio(np.ones_like(self.base), self.base), influence)
        sums = group_sums(values, self.crossing.cell, self.crossing.size)
        explained = self._explained(sums)
        return influence - explained[self.crossing.cell] * _column(self.base, influence)

    def _explained(self, sums: FloatArray) -> FloatArray:
        respondents = np.bincount(self.crossing.cell, minlength=self.crossing.size).astype(np.float64)
        explained = np.zeros_like(sums)
        for _ in range(RAKING_SWEEPS):
            for codes, factor, levels in zip(self.crossing.codes, self.steps, self.levels, strict=True):
                counts = group_sums(respondents, codes, levels)
                totals = group_sums(sums / _column(factor, sums), codes, levels)
                part = (totals / _column(counts, totals))[codes] * _column(factor, sums)
                explained += part
                sums = sums - part * _column(respondents, sums)
        return explained


@dataclass(frozen=True, slots=True, eq=False)
class Regression:
    r"""Residuals of the regression of *z* on the auxiliaries, weighted by the weights before calibration.

    With influence :math:`x_i = w_i z_i` the result is :math:`w_i (z_i - a_i' B)`,
    :math:`B = (\sum d_i a_i a_i')^{-} \sum d_i a_i z_i`: design weights *d* in the fit, calibrated weights *w* (the
    g-weights) on the residuals. A respondent whose calibrated weight is zero counts as :math:`z = 0`.

    Attributes
    ----------
    matrix : ModelMatrix
        The auxiliaries.
    base, weights : ndarray of float, shape (n,)
        Weights before and after.

    References
    ----------
    .. [1] Särndal, Swensson & Wretman (1989), The weighted residual technique for estimating the variance of the
       general regression estimator, Biometrika 76, 527-537.
    """

    matrix: ModelMatrix
    base: FloatArray
    weights: FloatArray
    _inverse: list[FloatArray] = field(default_factory=list)

    def residuals(self, influence: FloatArray) -> FloatArray:
        """Residuals of `influence`, of the same shape."""
        values = influence * _column(_ratio(np.ones_like(self.weights), self.weights), influence)
        # Projecting twice restores the digits that the cross-product matrix loses to collinearity.
        for _ in range(2):
            values = values - self._fitted(values)
        return values * _column(self.weights, influence)

    def _fitted(self, values: FloatArray) -> FloatArray:
        if not self._inverse:
            self._inverse.append(self.matrix.inverse(self.base))
        return self.matrix.times(self._inverse[0] @ self.matrix.cross(values * _column(self.base, values)))


def _ratio(over: FloatArray, under: FloatArray) -> FloatArray:
    """Ratio of weights, 1 where both are zero and 0 where only the divisor is."""
    safe = np.where(under == 0, 1.0, under)
    return np.where(under == 0, np.where(over == 0, 1.0, 0.0), over / safe)


def _column(vector: FloatArray, like: FloatArray) -> FloatArray:
    return vector if like.ndim == 1 else vector[:, None]
