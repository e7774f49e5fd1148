"""Response propensities: who answers, told by a regression on what is known of everybody drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit

from analysis.design import SurveyDesign
from analysis.dispositions import NONRESPONDENT, RESPONDENT
from analysis.errors import AnalysisError
from analysis.margins import encode, number
from analysis.models import logistic_regression
from analysis.weighting_classes import Classes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike

    from analysis.arrays import FloatArray, IntArray

# A weight is multiplied by no more than twenty: beyond, one answer speaks for a class that nobody has met.
LEAST_PROPENSITY = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class Propensities:
    """Estimated probabilities of response.

    Attributes
    ----------
    names : tuple of str
        Of the coefficients, as in :class:`analysis.models.RegressionFit`.
    coefficients : ndarray of float, shape (p,)
        Log odds.
    values : ndarray of float, shape (n,)
        Of each eligible person; NaN for the others.
    """

    names: tuple[str, ...]
    coefficients: FloatArray
    values: FloatArray


def response_propensities(weights: FloatArray, outcome: IntArray, predictors: Mapping[str, ArrayLike]) -> Propensities:
    """Weighted logistic regression of response on predictors, among the eligible.

    Parameters
    ----------
    weights : ndarray of float, shape (n,)
        After :func:`analysis.nonresponse.allocate_unknown`; who has none is left out.
    outcome : ndarray of int, shape (n,)
    predictors : mapping of str to array_like, shape (n,)
        Numbers enter as they are; texts make one column per level but the first.

    Returns
    -------
    Propensities

    Raises
    ------
    AnalysisError
        Everybody answered or nobody did, a value is missing, or a predictor is redundant or tells response without
        error.

    References
    ----------
    .. [1] Valliant, Dever & Kreuter (2018), Practical Tools for Designing and Weighting Survey Samples, 2nd ed.,
       section 13.5.

    Examples
    --------
    >>> outcome = np.array([0, 0, 0, 1, 0, 1, 1, 1])
    >>> response_propensities(np.ones(8), outcome, {"office": list("aaaabbbb")}).values.round(9).tolist()
    [0.75, 0.75, 0.75, 0.75, 0.25, 0.25, 0.25, 0.25]
    """
    eligible = ((outcome == RESPONDENT) | (outcome == NONRESPONDENT)) & (weights > 0)
    answered = (outcome == RESPONDENT).astype(np.float64)[eligible]
    if len(set(answered.tolist())) < 2:  # noqa: PLR2004 - a regression tells two kinds apart
        raise AnalysisError(
            "all eligible persons answered, or none did: there is nothing for a propensity to tell apart"
        )
    columns = {name: column[eligible] for name, column in _columns(predictors).items()}
    # Replicates leave rows out: a level that is gone from one says nothing in it.
    told = {name: column for name, column in columns.items() if eligible.all() or np.ptp(column) > 0}
    fit = logistic_regression(SurveyDesign.from_columns(weights[eligible]), answered, told)
    values = np.full(len(weights), np.nan)
    linear = fit.coefficients[0] + sum(
        (slope * column for slope, column in zip(fit.coefficients[1:], told.values(), strict=True)),
        start=np.zeros(int(eligible.sum())),
    )
    values[eligible] = expit(linear)
    return Propensities(fit.names, fit.coefficients, values)


def adjust_by_propensity(
    weights: FloatArray, outcome: IntArray, propensities: Propensities, *, least: float = LEAST_PROPENSITY
) -> FloatArray:
    """Divide the weight of each respondent by the own propensity.

    Parameters
    ----------
    weights : ndarray of float, shape (n,)
    outcome : ndarray of int, shape (n,)
    propensities : Propensities
    least : float
        A respondent below it is refused.

    Returns
    -------
    ndarray of float, shape (n,)
        Zero for all but respondents.

    Raises
    ------
    AnalysisError
        A respondent's propensity is near 0; the message has the row.

    Examples
    --------
    >>> found = Propensities(("(intercept)",), np.zeros(1), np.array([0.5, 0.5]))
    >>> adjust_by_propensity(np.array([3.0, 3.0]), np.array([0, 1]), found).tolist()
    [6.0, 0.0]
    """
    respondent = (outcome == RESPONDENT) & (weights > 0)
    rare = np.flatnonzero(respondent & (propensities.values < least))
    if rare.size:
        raise AnalysisError(
            "row {row}: the propensity {value} is below {least}, and one answer would count for dozens "
            "({count} such rows): use classes of propensities (--propensity-classes 5), or leave out a predictor",
            row=int(rare[0]) + 1,
            value=f"{propensities.values[rare[0]]:.4f}",
            least=number(least),
            count=int(rare.size),
        )
    result = np.zeros_like(weights)
    result[respondent] = weights[respondent] / propensities.values[respondent]
    return result


def propensity_classes(propensities: Propensities, weights: FloatArray, *, count: int) -> Classes:
    """Cut the eligible into classes of alike propensities and about equal weight.

    Parameters
    ----------
    propensities : Propensities
    weights : ndarray of float, shape (n,)
    count : int
        How many: five remove most of the bias that the propensity tells. Persons with the same propensity stay
        together, so that there may be fewer.

    Returns
    -------
    Classes
        Those who are not eligible are in the first.

    References
    ----------
    .. [1] Cochran (1968), The effectiveness of adjustment by subclassification in removing bias in observational
       studies, Biometrics 24, 295-313.
    .. [2] Valliant, Dever & Kreuter (2018), section 13.5.

    Examples
    --------
    >>> found = Propensities(("(intercept)",), np.zeros(1), np.array([0.2, 0.4, 0.4, 0.8]))
    >>> propensity_classes(found, np.ones(4), count=2).codes.tolist()
    [0, 1, 1, 1]
    """
    if count < 1:
        raise AnalysisError("{count} classes of propensities: ask for one or more", count=count)
    inside = ~np.isnan(propensities.values)
    # Equal levels of predictors may differ in the last digit.
    levels, level = np.unique(propensities.values[inside].round(12), return_inverse=True)
    mass = np.bincount(level, weights=weights[inside], minlength=len(levels))
    middle = (np.cumsum(mass) - mass / 2) / mass.sum()
    cut = np.minimum((middle * count).astype(np.int64), count - 1)
    used, place = np.unique(cut, return_inverse=True)
    codes = np.zeros(len(weights), dtype=np.int64)
    codes[inside] = place[level]
    spans = [(levels[cut == one].min(), levels[cut == one].max()) for one in used]
    return Classes(("propensity",), codes, tuple((((f"{low:.3f}–{high:.3f}"),),) for low, high in spans))


def _columns(predictors: Mapping[str, ArrayLike]) -> dict[str, FloatArray]:
    """Numbers as they are, a column of 0 and 1 for each level of a text but the first."""
    found: dict[str, FloatArray] = {}
    for name, values in predictors.items():
        array = np.asarray(values)
        if array.dtype.kind in "biuf":
            column = array.astype(np.float64)
            _check_complete(name, np.isnan(column))
            found[name] = column
            continue
        code, levels = encode(array)
        _check_complete(name, code < 0)
        for place, level in enumerate(levels[1:], start=1):
            found[f"{name}={level}"] = (code == place).astype(np.float64)
    return found


def _check_complete(name: str, missing: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> None:
    if missing.any():
        raise AnalysisError(
            "row {row}, column {column}: {count} persons drawn have no value, and nothing tells their propensity: "
            "fill them in, or give the missing ones a level of their own",
            row=int(np.flatnonzero(missing)[0]) + 1,
            column=name,
            count=int(missing.sum()),
        )
