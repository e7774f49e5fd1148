"""Tests of means under a survey design: of one mean, and of the difference of two groups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from analysis import distributions
from analysis.errors import AnalysisError
from analysis.intervals import t_quantile
from analysis.margins import encode, listed
from analysis.models import linear_regression
from analysis.results import Interval
from analysis.statistic import Ratio

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from analysis.arrays import BoolArray, FloatArray
    from analysis.estimates import Design


@dataclass(frozen=True, slots=True)
class TTest:
    """A test of one mean, or of the difference of two.

    Attributes
    ----------
    estimate : float
        The mean less its hypothesis, or the difference.
    standard_error : float
    degrees_of_freedom : float
    respondents : int
        Those with no value missing.
    """

    estimate: float
    standard_error: float
    degrees_of_freedom: float
    respondents: int

    @property
    def statistic(self) -> float:
        """Estimate over standard error."""
        return self.estimate / self.standard_error

    @property
    def p_value(self) -> float:
        """Two-sided probability of Student's t; NaN without degrees of freedom."""
        return float(distributions.t_two_sided(self.statistic, self.degrees_of_freedom))

    def interval(self, *, confidence_level: float = 0.95) -> Interval:
        """Confidence limits by Student's t.

        Parameters
        ----------
        confidence_level : float
            Between 0 and 1.

        Returns
        -------
        Interval
        """
        quantile = float("nan")
        if self.degrees_of_freedom > 0:
            quantile = float(t_quantile(self.degrees_of_freedom, confidence_level=confidence_level))
        half = quantile * self.standard_error
        return Interval(self.estimate - half, self.estimate + half, confidence_level, "t")


def mean_test(design: Design, scores: ArrayLike, *, hypothesis: float = 0.0, domain: BoolArray | None = None) -> TTest:
    r"""Test that a population mean has a given value.

    :math:`t = (\bar y_w - \mu_0) / \mathrm{SE}` with one degree of freedom less than the design, as R has it.

    Parameters
    ----------
    design : SurveyDesign or ReplicateDesign
    scores : array_like of float, shape (n,)
        NaN where missing.
    hypothesis : float
        The mean to test against.
    domain : array_like of bool, shape (n,), optional
        Whom the mean is of.

    Returns
    -------
    TTest

    Raises
    ------
    AnalysisError
        If nobody in the domain has a score.

    References
    ----------
    .. [1] Lumley, R package survey 4.5, function ``svyttest`` with a one-sample formula.

    Examples
    --------
    >>> from analysis.design import SurveyDesign
    >>> test = mean_test(SurveyDesign.from_columns(np.ones(4)), [3, 4, 5, 4], hypothesis=3)
    >>> test.estimate, round(test.standard_error, 6)
    (1.0, 0.408248)
    """
    values = np.asarray(scores, dtype=np.float64) - hypothesis
    valid = _valid(design, values, domain)
    if not valid.any():
        raise AnalysisError("nobody has a score: there is no mean to test")
    mean = Ratio(np.where(valid, values, 0.0)[:, None], valid.astype(np.float64)[:, None], valid[:, None])
    _, variances = design.covariances(mean)
    freedom = design.degrees_of_freedom(domain) - 1
    return TTest(float(mean.values(design.weights)[0]), float(np.sqrt(variances[0])), freedom, int(valid.sum()))


def difference_test(design: Design, scores: ArrayLike, group: ArrayLike, *, domain: BoolArray | None = None) -> TTest:
    """Test that two groups have the same mean.

    Parameters
    ----------
    design : SurveyDesign or ReplicateDesign
    scores : array_like of float, shape (n,)
        NaN where missing.
    group : array_like, shape (n,)
        Two levels; the estimate is the mean of the second in ascending order less that of the first.
    domain : array_like of bool, shape (n,), optional
        Whom the comparison is about.

    Returns
    -------
    TTest

    Raises
    ------
    AnalysisError
        If the groups are not two.

    References
    ----------
    .. [1] Lumley, R package survey 4.5, function ``svyttest`` with a two-sample formula.

    Examples
    --------
    >>> from analysis.design import SurveyDesign
    >>> test = difference_test(SurveyDesign.from_columns(np.ones(4)), [3, 5, 2, 2], ["b", "b", "a", "a"])
    >>> round(test.estimate, 9), test.degrees_of_freedom
    (2.0, 2)
    """
    codes, levels = encode(group)
    inside = np.ones(len(codes), dtype=np.bool_) if domain is None else np.asarray(domain, dtype=np.bool_)
    present = np.flatnonzero(np.bincount(codes[inside & (codes >= 0)], minlength=len(levels)))
    if len(present) != 2:  # noqa: PLR2004 (two groups are what is compared)
        raise AnalysisError(
            "a comparison needs two groups, not {count}: {groups}",
            count=len(present),
            groups=listed([levels[each] for each in present]),
        )
    second = np.where(codes < 0, np.nan, (codes == present[1]).astype(np.float64))
    fit = linear_regression(design, scores, {"group": second}, domain=domain)
    return TTest(float(fit.coefficients[1]), float(fit.standard_errors[1]), fit.degrees_of_freedom, fit.respondents)


def _valid(design: Design, values: FloatArray, domain: BoolArray | None) -> BoolArray:
    valid: BoolArray = ~np.isnan(values) & (design.weights > 0)
    return valid if domain is None else valid & np.asarray(domain, dtype=np.bool_)
