r"""Statistics as functions of the weights, with their linearised influence: what designs turn into variances.

A column is one estimate: of one variable, or level of it, in one domain. Values are zero outside the column's domain
and where the answer is missing; `inside` says where it is neither.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from analysis.arrays import BoolArray, FloatArray


class Statistic(Protocol):
    """k estimates from n respondents; assumes arguments already checked."""

    @property
    def inside(self) -> BoolArray:
        """Who counts in each estimate, shape (n, k)."""
        ...  # pragma: no cover

    def only(self, kept: BoolArray) -> Statistic:
        """The same for some of the columns."""
        ...  # pragma: no cover

    def answers(self) -> FloatArray:
        """The values that are estimated from, shape (n, k)."""
        ...  # pragma: no cover

    def values(self, weights: FloatArray) -> FloatArray:
        """Estimates, shape (k,); under r sets of weights, shape (n, r), their values, shape (k, r)."""
        ...  # pragma: no cover

    def influence(self, weights: FloatArray) -> FloatArray:
        """What each respondent adds to the linearised estimates, weight included, shape (n, k)."""
        ...  # pragma: no cover

    def simple_variance(self, weights: FloatArray) -> FloatArray:
        """Variance of each estimate under simple random sampling with replacement, shape (k,)."""
        ...  # pragma: no cover


@dataclass(frozen=True, slots=True, eq=False)
class Total:
    r"""Weighted totals, :math:`\sum w x`."""

    x: FloatArray
    inside: BoolArray

    def only(self, kept: BoolArray) -> Total:
        """The same for some of the columns."""
        return Total(self.x[:, kept], self.inside[:, kept])

    def answers(self) -> FloatArray:
        """The values that are summed."""
        return self.x

    def values(self, weights: FloatArray) -> FloatArray:
        """See :class:`Statistic`."""
        totals: FloatArray = self.x.T @ weights
        return totals

    def influence(self, weights: FloatArray) -> FloatArray:
        """The weighted values themselves."""
        return self.x * weights[:, None]

    def simple_variance(self, weights: FloatArray) -> FloatArray:
        """Square of the estimated population, times the variance, over respondents."""
        size, number = _size(self.inside, weights), _number(self.inside, weights)
        return _spread(self.x, self.inside, weights) * size**2 / number


@dataclass(frozen=True, slots=True, eq=False)
class Ratio:
    r"""Ratios of weighted totals, :math:`\sum w y / \sum w x`; a mean has x = 1 for every answer.

    References
    ----------
    .. [1] Särndal, Swensson & Wretman (1992), Model Assisted Survey Sampling, section 5.6.
    """

    y: FloatArray
    x: FloatArray
    inside: BoolArray

    def only(self, kept: BoolArray) -> Ratio:
        """The same for some of the columns."""
        return Ratio(self.y[:, kept], self.x[:, kept], self.inside[:, kept])

    def answers(self) -> FloatArray:
        """The values of the numerator."""
        return self.y

    def values(self, weights: FloatArray) -> FloatArray:
        """See :class:`Statistic`."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return (self.y.T @ weights) / (self.x.T @ weights)

    def influence(self, weights: FloatArray) -> FloatArray:
        """Weighted residuals over the denominator's total."""
        return self._residuals(weights) * weights[:, None] / (self.x.T @ weights)

    def simple_variance(self, weights: FloatArray) -> FloatArray:
        """The variance of the residuals' total, over the denominator's total squared."""
        size, number = _size(self.inside, weights), _number(self.inside, weights)
        spread = _spread(self._residuals(weights), self.inside, weights)
        return spread * size**2 / number / (self.x.T @ weights) ** 2

    def _residuals(self, weights: FloatArray) -> FloatArray:
        residuals: FloatArray = self.y - self.values(weights) * self.x
        return residuals


@dataclass(frozen=True, slots=True, eq=False)
class Variance:
    r"""Population variances, :math:`\frac{n}{n-1} \sum w (x - \bar x)^2 / \sum w`, as R's ``svyvar``."""

    x: FloatArray
    inside: BoolArray

    def only(self, kept: BoolArray) -> Variance:
        """The same for some of the columns."""
        return Variance(self.x[:, kept], self.inside[:, kept])

    def answers(self) -> FloatArray:
        """The values whose variance it is."""
        return self.x

    def values(self, weights: FloatArray) -> FloatArray:
        """See :class:`Statistic`."""
        one = self.inside.astype(np.float64)
        mean = (self.x.T @ weights) / (one.T @ weights)
        # About the mean under the first weights, so that the squares lose no digits under any other.
        centre = mean if mean.ndim == 1 else mean[:, :1]
        about = np.where(self.inside, self.x - np.reshape(centre, (1, -1)), 0.0)
        second = ((about**2).T @ weights) / (one.T @ weights)
        return self._correction(mean) * (second - (mean - centre) ** 2)

    def influence(self, weights: FloatArray) -> FloatArray:
        """As of a mean of squared deviations, their centre taken as fixed."""
        return self._squares(weights).influence(weights)

    def simple_variance(self, weights: FloatArray) -> FloatArray:
        """Of the mean of the squared deviations."""
        return self._squares(weights).simple_variance(weights)

    def _squares(self, weights: FloatArray) -> Ratio:
        one = self.inside.astype(np.float64)
        mean = (self.x.T @ weights) / (one.T @ weights)
        squares = self._correction(mean) * np.where(self.inside, (self.x - mean) ** 2, 0.0)
        return Ratio(squares, one, self.inside)

    def _correction(self, like: FloatArray) -> FloatArray:
        number = self.inside.sum(axis=0).astype(np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            correction: FloatArray = number / (number - 1)
        return correction if like.ndim == 1 else correction[:, None]


def _size(inside: BoolArray, weights: FloatArray) -> FloatArray:
    """Sum of the weights of valid answers."""
    size: FloatArray = inside.T.astype(np.float64) @ weights
    return size


def _number(inside: BoolArray, weights: FloatArray) -> FloatArray:
    """Valid answers with a weight."""
    return np.asarray((inside & (weights > 0)[:, None]).sum(axis=0), dtype=np.float64)


def _spread(x: FloatArray, inside: BoolArray, weights: FloatArray) -> FloatArray:
    number, size = _number(inside, weights), _size(inside, weights)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = (x.T @ weights) / size
        squares = (np.where(inside, x - mean, 0.0) ** 2).T @ weights
        return number / (number - 1) * squares / size
