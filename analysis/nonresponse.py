"""Weights of those who answered raised to stand for those who did not, class by class."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analysis.dispositions import INELIGIBLE, NONRESPONDENT, RESPONDENT, UNKNOWN
from analysis.errors import AnalysisError

if TYPE_CHECKING:
    from analysis.arrays import FloatArray, IntArray
    from analysis.weighting_classes import Classes


def allocate_unknown(weights: FloatArray, outcome: IntArray, classes: Classes) -> FloatArray:
    r"""Share the weights of those of unknown eligibility out among those whose eligibility is known.

    .. math:: w_i = d_i \sum_{R+N+I+U} d / \sum_{R+N+I} d \quad\text{within each class}

    So the unknown are taken to be eligible as often as the known of their class.

    Parameters
    ----------
    weights : ndarray of float, shape (n,)
    outcome : ndarray of int, shape (n,)
        Positions in :data:`analysis.dispositions.OUTCOMES`.
    classes : Classes

    Returns
    -------
    ndarray of float, shape (n,)
        Zero for the unknown; the sum of each class is as before.

    Raises
    ------
    AnalysisError
        Of a class nobody's eligibility is known.

    References
    ----------
    .. [1] Valliant, Dever & Kreuter (2018), Practical Tools for Designing and Weighting Survey Samples, 2nd ed.,
       section 13.4.

    Examples
    --------
    >>> from analysis.weighting_classes import weighting_classes
    >>> outcome = np.array([RESPONDENT, NONRESPONDENT, INELIGIBLE, UNKNOWN])
    >>> allocate_unknown(np.array([3.0, 3.0, 3.0, 3.0]), outcome, weighting_classes({}, rows=4)).tolist()
    [4.0, 4.0, 4.0, 0.0]
    """
    sums = classes.sums(weights, outcome)
    known = sums[:, RESPONDENT] + sums[:, NONRESPONDENT] + sums[:, INELIGIBLE]
    lost = np.flatnonzero((known == 0) & (sums[:, UNKNOWN] > 0))
    if lost.size:
        raise AnalysisError(
            "class {name}: of nobody is it known whether he belongs to the population, so that no weight can be "
            "found: merge the class with another",
            name=classes.label(int(lost[0])),
        )
    factors = _ratio(known + sums[:, UNKNOWN], known)
    return np.where(outcome == UNKNOWN, 0.0, weights * factors[classes.codes])


def adjust_in_classes(weights: FloatArray, outcome: IntArray, classes: Classes) -> FloatArray:
    r"""Raise the weights of respondents to those of all eligible persons of their class.

    .. math:: w_i = d_i \sum_{R+N} d / \sum_{R} d \quad\text{within each class}

    Parameters
    ----------
    weights : ndarray of float, shape (n,)
        After :func:`allocate_unknown`.
    outcome : ndarray of int, shape (n,)
    classes : Classes

    Returns
    -------
    ndarray of float, shape (n,)
        Zero for all but respondents, whose sum in each class is that of its eligible persons before.

    Raises
    ------
    AnalysisError
        A class has eligible persons and no respondent.

    References
    ----------
    .. [1] Kalton & Flores-Cervantes (2003), Weighting methods, Journal of Official Statistics 19(2), 81-97.
    .. [2] Valliant, Dever & Kreuter (2018), Practical Tools for Designing and Weighting Survey Samples, 2nd ed.,
       section 13.5.

    Examples
    --------
    >>> from analysis.weighting_classes import weighting_classes
    >>> outcome = np.array([RESPONDENT, RESPONDENT, NONRESPONDENT])
    >>> adjust_in_classes(np.array([2.0, 4.0, 3.0]), outcome, weighting_classes({}, rows=3)).tolist()
    [3.0, 6.0, 0.0]
    """
    sums = classes.sums(weights, outcome)
    eligible = sums[:, RESPONDENT] + sums[:, NONRESPONDENT]
    silent = np.flatnonzero((sums[:, RESPONDENT] == 0) & (eligible > 0))
    if silent.size:
        raise AnalysisError(
            "class {name}: none of its eligible persons answered, so that nobody can stand for them: merge it with "
            "another class, as --minimum-class does",
            name=classes.label(int(silent[0])),
        )
    factors = _ratio(eligible, sums[:, RESPONDENT])
    return np.where(outcome == RESPONDENT, weights * factors[classes.codes], 0.0)


def _ratio(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    return np.divide(numerator, denominator, out=np.ones_like(numerator), where=denominator > 0)
