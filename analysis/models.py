"""Regression under a survey design: weighted coefficients with a covariance from the design."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import expit, logit

from analysis import distributions
from analysis.errors import AnalysisError
from analysis.intervals import t_quantile
from analysis.margins import encode, listed
from analysis.replicates import ReplicateDesign
from analysis.results import Interval

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import ArrayLike

    from analysis.arrays import BoolArray, FloatArray
    from analysis.design import SurveyDesign

    Design = SurveyDesign | ReplicateDesign

_MOST_STEPS = 100
# Steps end when the deviance changes by less than this share of itself.
_STANDSTILL = 1e-14
# A column that others explain to this share of its length is redundant.
_REDUNDANT = 1e-9
# Log odds this far out are a probability of 0 or 1 to thirteen digits.
_SEPARATED = 30.0


@dataclass(frozen=True, slots=True, eq=False)
class RegressionFit:
    """Coefficients of a regression and how well the design lets them be known.

    Attributes
    ----------
    names : tuple of str
        ``"(intercept)"``, the name of a numeric predictor, or ``"predictor=level"``.
    coefficients, standard_errors : ndarray of float, shape (p,)
    covariance : ndarray of float, shape (p, p)
    degrees_of_freedom : float
        Those of the design among the respondents used, plus one, less the number of coefficients.
    dispersion : float
        Weighted variance of the Pearson residuals.
    respondents : int
        Those with no value missing.
    """

    names: tuple[str, ...]
    coefficients: FloatArray
    standard_errors: FloatArray
    covariance: FloatArray
    degrees_of_freedom: float
    dispersion: float
    respondents: int

    @property
    def t_statistics(self) -> FloatArray:
        """Coefficients over their standard errors."""
        return self.coefficients / self.standard_errors

    @property
    def p_values(self) -> FloatArray:
        """Two-sided probabilities of Student's t; NaN without degrees of freedom."""
        return distributions.t_two_sided(self.t_statistics, self.degrees_of_freedom)

    def intervals(self, *, confidence_level: float = 0.95) -> list[Interval]:
        """Confidence limits of each coefficient by Student's t.

        Parameters
        ----------
        confidence_level : float
            Between 0 and 1.

        Returns
        -------
        list of Interval
        """
        quantile = float("nan")
        if self.degrees_of_freedom > 0:
            quantile = float(t_quantile(self.degrees_of_freedom, confidence_level=confidence_level))
        halves = quantile * self.standard_errors
        pairs = zip((self.coefficients - halves).tolist(), (self.coefficients + halves).tolist(), strict=True)
        return [Interval(low, high, confidence_level, "t") for low, high in pairs]


def linear_regression(
    design: Design, response: ArrayLike, predictors: Mapping[str, ArrayLike], *, domain: BoolArray | None = None
) -> RegressionFit:
    r"""Weighted least squares with the design's covariance.

    :math:`B = (\sum w x x')^{-1} \sum w x y`, with influence :math:`w x (y - x'B)` through the same inverse.

    Parameters
    ----------
    design : SurveyDesign or ReplicateDesign
    response : array_like of float, shape (n,)
        NaN where missing.
    predictors : mapping of str to array_like, shape (n,)
        Numbers enter as they are; text makes one column per level but the first in ascending order. A respondent with
        any value missing is left out.
    domain : array_like of bool, shape (n,), optional
        Whom the regression is about; the others still count in the design.

    Returns
    -------
    RegressionFit

    Raises
    ------
    AnalysisError
        If predictors are redundant, or there are fewer respondents than coefficients.

    References
    ----------
    .. [1] Fuller (1975), Regression analysis for sample survey, Sankhyā C 37, 117-132.
    .. [2] Lumley, R package survey 4.5, function ``svyglm``.

    Examples
    --------
    >>> from analysis.design import SurveyDesign
    >>> design = SurveyDesign.from_columns(np.ones(4))
    >>> fit = linear_regression(design, [1, 3, 2, 6], {"office": ["a", "a", "b", "b"]})
    >>> fit.names, fit.coefficients.round(9).tolist()
    (('(intercept)', 'office=b'), [2.0, 2.0])
    """
    return _fit(design, response, predictors, domain=domain, family=_GAUSSIAN)


def logistic_regression(
    design: Design, response: ArrayLike, predictors: Mapping[str, ArrayLike], *, domain: BoolArray | None = None
) -> RegressionFit:
    r"""Weighted (quasi-binomial) logistic regression with the design's covariance.

    Solves :math:`\sum w x (y - \mu) = 0`, :math:`\mu = 1 / (1 + e^{-x'B})`, by iteratively reweighted least squares.

    Parameters
    ----------
    design : SurveyDesign or ReplicateDesign
    response : array_like of bool or float, shape (n,)
        0 or 1, NaN where missing.
    predictors : mapping of str to array_like, shape (n,)
        As in :func:`linear_regression`.
    domain : array_like of bool, shape (n,), optional
        Whom the regression is about; the others still count in the design.

    Returns
    -------
    RegressionFit
        Coefficients are differences of log odds.

    Raises
    ------
    AnalysisError
        As :func:`linear_regression`; also if a response is not 0 or 1, or a predictor tells it without error.

    References
    ----------
    .. [1] Binder (1983), On the variances of asymptotically normal estimators from complex surveys, International
       Statistical Review 51, 279-292.
    .. [2] Lumley, R package survey 4.5, function ``svyglm`` with ``family = quasibinomial()``.

    Examples
    --------
    >>> from analysis.design import SurveyDesign
    >>> design = SurveyDesign.from_columns(np.ones(8))
    >>> fit = logistic_regression(design, [1, 0, 0, 0, 1, 1, 1, 0], {"office": list("aaaabbbb")})
    >>> np.exp(fit.coefficients).round(9).tolist()
    [0.333333333, 9.0]
    """
    observed = np.asarray(response, dtype=np.float64)
    wrong = np.flatnonzero(~np.isnan(observed) & (observed != 0) & (observed != 1))
    if wrong.size:
        raise AnalysisError(
            "row {row}: the response {value} is neither 0 nor 1",
            row=int(wrong[0]) + 1,
            value=float(observed[wrong[0]]),
        )
    return _fit(design, observed, predictors, domain=domain, family=_BINOMIAL)


def agency_against_rest(
    design: Design, scores: ArrayLike, agency: ArrayLike, name: Any, *, domain: BoolArray | None = None
) -> RegressionFit:
    """Mean of one agency against the mean of all others together.

    Parameters
    ----------
    design : SurveyDesign or ReplicateDesign
    scores : array_like of float, shape (n,)
        NaN where missing.
    agency : array_like, shape (n,)
        The agency of each respondent.
    name : object
        Which agency to set against the rest.
    domain : array_like of bool, shape (n,), optional
        Whom the comparison is about.

    Returns
    -------
    RegressionFit
        Its second coefficient is the difference, agency less rest.

    Examples
    --------
    >>> from analysis.design import SurveyDesign
    >>> design = SurveyDesign.from_columns(np.ones(4))
    >>> agency_against_rest(design, [5, 3, 2, 2], ["x", "x", "y", "z"], "x").coefficients.round(9).tolist()
    [2.0, 2.0]
    """
    return linear_regression(design, scores, {"agency": np.asarray(agency) == name}, domain=domain)


@dataclass(frozen=True, slots=True)
class _Family:
    """What a kind of regression assumes of its response."""

    link: Callable[[FloatArray], FloatArray]
    mean: Callable[[FloatArray], FloatArray]
    variance: Callable[[FloatArray], FloatArray]
    start: Callable[[FloatArray, FloatArray], FloatArray]
    deviance: Callable[[FloatArray, FloatArray, FloatArray], float]


def _binomial_deviance(observed: FloatArray, mean: FloatArray, weights: FloatArray) -> float:
    return -2 * float(weights @ np.log(np.where(observed == 1, mean, 1 - mean)))


_GAUSSIAN = _Family(
    link=lambda mean: mean,
    mean=lambda linear: linear,
    variance=np.ones_like,
    start=lambda observed, _weights: observed,
    deviance=lambda observed, mean, weights: float(weights @ np.square(observed - mean)),
)
_BINOMIAL = _Family(
    link=logit,
    mean=expit,
    variance=lambda mean: mean * (1 - mean),
    start=lambda observed, weights: (weights * observed + 0.5) / (weights + 1),
    deviance=_binomial_deviance,
)


def _fit(
    design: Design,
    response: ArrayLike,
    predictors: Mapping[str, ArrayLike],
    *,
    domain: BoolArray | None,
    family: _Family,
) -> RegressionFit:
    observed = np.asarray(response, dtype=np.float64)
    matrix, names = _columns(predictors, len(observed))
    inside = design.weights > 0
    if domain is not None:
        inside &= np.asarray(domain, dtype=np.bool_)
    used = inside & ~np.isnan(observed) & ~np.isnan(matrix).any(axis=1)
    _check_estimable(matrix[used], names)
    data = _Data(matrix, observed, used, family)
    weights = design.weights / design.weights[inside].mean()
    coefficients, influence = data.coefficients(weights)
    if isinstance(design, ReplicateDesign):
        covariance = data.spread(design, coefficients)
        # R counts the replicates' degrees of freedom before it drops who has a value missing.
        freedom = design.degrees_of_freedom(inside)
    else:
        covariance = design.covariance(influence, domain=used)
        freedom = design.degrees_of_freedom(used)
    return RegressionFit(
        names,
        coefficients,
        np.sqrt(np.diag(covariance)),
        covariance,
        degrees_of_freedom=freedom + 1 - len(names),
        dispersion=data.dispersion(coefficients, weights[used], centred=not isinstance(design, ReplicateDesign)),
        respondents=int(used.sum()),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Data:
    """What a regression is fitted to."""

    matrix: FloatArray
    observed: FloatArray
    used: BoolArray
    family: _Family

    def coefficients(self, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The fit under some weights, and its influence values, zero for who is not used."""
        matrix, weights = self.matrix[self.used], weights[self.used]
        coefficients, inverse, residuals = _solve(matrix, self.observed[self.used], weights, self.family)
        influence = np.zeros(self.matrix.shape)
        influence[self.used] = (matrix * (weights * residuals)[:, None]) @ inverse
        return coefficients, influence

    def spread(self, design: ReplicateDesign, coefficients: FloatArray) -> FloatArray:
        """Covariance of the coefficients fitted again under each set of replicate weights."""
        again = np.full((design.replicates.shape[1], len(coefficients)), np.nan)
        for place, weights in enumerate(design.replicates.T):
            kept = self.used & (weights > 0)
            part = _Data(self.matrix, self.observed, kept, self.family)
            if np.linalg.matrix_rank(self.matrix[kept]) == len(coefficients):
                again[place] = part.coefficients(weights / weights[kept].mean())[0]
        return design.spread(again, coefficients)

    def dispersion(self, coefficients: FloatArray, weights: FloatArray, *, centred: bool) -> float:
        """Weighted variance of the Pearson residuals; as in R, relative to the mean weight of all asked.

        Of replicates R takes the mean of their squares.
        """
        mean = self.family.mean(self.matrix[self.used] @ coefficients)
        residuals = (self.observed[self.used] - mean) / np.sqrt(self.family.variance(mean))
        share, number = weights / weights.sum(), len(residuals)
        centre, correction = (share @ residuals, number / (number - 1)) if centred else (0.0, 1.0)
        return float(weights.mean() * (share @ np.square(residuals - centre))) * correction


def _solve(
    matrix: FloatArray, observed: FloatArray, weights: FloatArray, family: _Family
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Coefficients, the inverse of the information, and what weighs on each row of the scores.

    Stops where R's glm stops with ``epsilon = 1e-14``, and like it keeps the information of the last step's start, so
    that the digits are R's.
    """
    mean = family.start(observed, weights)
    linear, before = family.link(mean), np.inf
    for _ in range(_MOST_STEPS):
        information = family.variance(mean)
        # Least squares on the square root of the information keeps the digits that its square would lose.
        root = np.sqrt(weights * information)
        working = linear + (observed - mean) / information
        orthogonal, triangle = np.linalg.qr(matrix * root[:, None])
        coefficients = np.linalg.solve(triangle, orthogonal.T @ (root * working))
        linear = matrix @ coefficients
        mean = family.mean(linear)
        deviance = family.deviance(observed, mean, weights)
        if abs(deviance - before) < _STANDSTILL * (abs(deviance) + 0.1):
            inverse = np.linalg.inv(triangle)
            return coefficients, inverse @ inverse.T, (observed - mean) * information / family.variance(mean)
        if family is _BINOMIAL and np.abs(linear).max() > _SEPARATED:
            break
        before = deviance
    raise AnalysisError(
        "the regression does not settle: a predictor tells the response without error; leave it out or merge its levels"
    )


def _columns(predictors: Mapping[str, ArrayLike], rows: int) -> tuple[FloatArray, tuple[str, ...]]:
    """The model matrix, NaN where a value is missing."""
    columns, names = [np.ones(rows)], ["(intercept)"]
    for name, values in predictors.items():
        array = np.asarray(values)
        if array.dtype.kind in "biuf":
            columns.append(array.astype(np.float64))
            names.append(name)
            continue
        codes, levels = encode(array)
        for position, level in enumerate(levels[1:], start=1):
            columns.append(np.where(codes < 0, np.nan, (codes == position).astype(np.float64)))
            names.append(f"{name}={level}")
    return np.column_stack(columns), tuple(names)


def _check_estimable(matrix: FloatArray, names: tuple[str, ...]) -> None:
    if len(matrix) <= len(names):
        raise AnalysisError(
            "{respondents} respondents with every value cannot tell {coefficients} coefficients apart",
            respondents=len(matrix),
            coefficients=len(names),
        )
    lengths = np.linalg.norm(matrix, axis=0)
    triangle = np.linalg.qr(matrix / np.where(lengths > 0, lengths, 1.0), mode="r")
    redundant = [name for name, left in zip(names, np.abs(np.diag(triangle)), strict=True) if left < _REDUNDANT]
    if redundant:
        raise AnalysisError(
            "{names} is constant or told by the other predictors: leave it out", names=listed(redundant)
        )
