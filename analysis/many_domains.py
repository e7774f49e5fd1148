r"""Totals and ratios of many domains at once, from one pass over the rows.

What :mod:`analysis.estimates` gives domain by domain, for designs of one stage with two PSUs or more in every stratum:
the linearised values are summed by PSU within domain, and a PSU without members is a zero in its stratum's variance,

.. math::

   V = \sum_h (1 - f_h) \frac{n_h}{n_h - 1}
       \left[\sum_{i \in h} (z_i - \bar z_h)^2 + (n_h - m_h) \bar z_h^2\right]

with :math:`m_h` the PSUs that have members, :math:`n_h` all, and the sum over those with members.

References
----------
.. [1] Särndal, Swensson & Wretman (1992), Model Assisted Survey Sampling, ch. 5 and 10.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analysis.arrays import crossed, group_sums
from analysis.results import Estimate, Kind

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from analysis.arrays import FloatArray, IntArray
    from analysis.design import SurveyDesign


def by_domain(
    design: SurveyDesign, numerator: ArrayLike, denominator: ArrayLike | None = None, *, domain: IntArray
) -> list[tuple[int, Estimate]]:
    """Totals, or ratios of totals, of every domain.

    Parameters
    ----------
    design : SurveyDesign
        Of one stage that counts, with no stratum of a single PSU and no calibration.
    numerator : array_like of float, shape (n,)
        NaN where missing.
    denominator : array_like of float, shape (n,), optional
        Of a ratio, NaN where missing; left out for a total.
    domain : ndarray of int, shape (n,)
        The domain of each respondent from 0, −1 for those in none.

    Returns
    -------
    list of (int, Estimate)
        Of the domains with answers, in their order.

    Examples
    --------
    >>> from analysis.design import SurveyDesign
    >>> design = SurveyDesign.from_columns([10.0, 10.0, 20.0, 20.0])
    >>> found = by_domain(design, [4.0, 5.0, 2.0, 3.0], domain=np.array([0, 0, 1, -1]))
    >>> [(code, estimate.value) for code, estimate in found]
    [(0, 90.0), (1, 40.0)]
    """
    y = np.asarray(numerator, dtype=np.float64)
    x = None if denominator is None else np.asarray(denominator, dtype=np.float64)
    used = (domain >= 0) & ~np.isnan(y) & (design.weights > 0)
    if x is not None:
        used &= ~np.isnan(x)
    sums = _Sums(design, y[used], None if x is None else x[used], rows=np.flatnonzero(used), domain=domain[used])
    variance, freedom = sums.variance()
    effect = sums.design_effect(variance)
    return [
        (
            code,
            Estimate(
                value=float(sums.value[code]),
                standard_error=float(np.sqrt(variance[code])),
                degrees_of_freedom=float(freedom[code]),
                respondents=int(sums.number[code]),
                sum_weights=float(sums.size[code]),
                design_effect=float(effect[code]) if np.isfinite(effect[code]) else None,
                kind=Kind.TOTAL if x is None else Kind.RATIO,
            ),
        )
        for code in np.flatnonzero(sums.number).tolist()
    ]


class _Sums:
    """Sums by domain of who answered; assumes arguments already checked."""

    def __init__(
        self, design: SurveyDesign, y: FloatArray, x: FloatArray | None, *, rows: IntArray, domain: IntArray
    ) -> None:
        self.design, self.y, self.x, self.rows, self.domain = design, y, x, rows, domain
        self.domains = int(domain.max()) + 1 if domain.size else 0
        self.weights = design.weights[rows]
        self.number = self.of(np.ones(len(y)))
        self.size = self.of(self.weights)
        # What the estimates are divided by.
        self.base = np.ones(self.domains) if x is None else self.of(self.weights * x)
        with np.errstate(divide="ignore", invalid="ignore"):
            self.value = self.of(self.weights * y) / self.base

    def of(self, values: FloatArray) -> FloatArray:
        """Sums by domain."""
        return group_sums(values, self.domain, self.domains)

    def residuals(self) -> FloatArray:
        """What each respondent adds to the linearised estimate, weight apart."""
        if self.x is None:
            return self.y
        return (self.y - self.value[self.domain] * self.x) / self.base[self.domain]

    def variance(self) -> tuple[FloatArray, FloatArray]:
        """Variance and degrees of freedom of each domain."""
        first = self.design.stages[0]
        cell, domain, unit = crossed(self.domain, first.unit[self.rows], seconds=first.units)
        values: FloatArray = self.weights * self.residuals()
        totals = group_sums(values, cell, len(domain))
        pair, pair_domain, stratum = crossed(domain, first.stratum_of_unit[unit], seconds=len(first.strata))
        drawn, members = first.sizes[stratum], np.bincount(pair, minlength=len(stratum))
        mean = group_sums(totals, pair, len(stratum)) / drawn
        squares = group_sums(np.square(totals - mean[pair]), pair, len(stratum)) + (drawn - members) * np.square(mean)
        left = np.zeros(len(first.strata))
        left[first.stratum_of_unit] = 1 - first.fraction
        added: FloatArray = np.asarray(left[stratum] * drawn / np.maximum(drawn - 1, 1) * squares, dtype=np.float64)
        spare = members.astype(np.float64) - 1
        return group_sums(added, pair_domain, self.domains), group_sums(spare, pair_domain, self.domains)

    def design_effect(self, variance: FloatArray) -> FloatArray:
        """Over the variance of a simple random sample drawn without replacement; NaN where that is zero."""
        number, size, residuals = self.number, self.size, self.residuals()
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = self.of(self.weights * residuals) / size
            spread = self.of(self.weights * np.square(residuals - mean[self.domain])) / size * number / (number - 1)
            simple = spread * np.square(size) / number * (1 - number / size)
            return np.where(simple > 0, variance / simple, np.nan)
