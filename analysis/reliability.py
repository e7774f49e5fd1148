r"""How reliably the items of a dimension measure one thing: Cronbach's alpha and McDonald's omega.

From microdata alpha alone (:func:`cronbach_alpha`); from second moments both, with the standard errors of the design.
Both are at most 1 and lean to the left the more, the nearer they are to it, so that their intervals are symmetric for
log(1 - reliability).

References
----------
.. [1] Cronbach (1951), Coefficient alpha and the internal structure of tests, Psychometrika 16, 297-334.
.. [2] McDonald (1999), Test Theory: A Unified Treatment, ch. 6.
.. [3] Bonett (2002), Sample size requirements for testing and estimating coefficient alpha, Journal of Educational and
   Behavioral Statistics 27, 335-340 (the scale of the interval).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.errors import AnalysisError
from analysis.intervals import check_level, t_quantile
from analysis.messages import N_
from analysis.moment_functions import linearise, means_and_covariances, restricted
from analysis.one_factor import loadings, refined
from analysis.results import Interval

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    from analysis.arrays import BoolArray, FloatArray
    from analysis.estimates import Design
    from analysis.moment_functions import Function
    from analysis.moments import Moments
    from analysis.results import Estimate

# One item is no scale, and two cannot show a factor.
_SCALE, _FACTOR = 2, 3
# A variance is nothing when no more than this share of the mean square is left.
_NOTHING = 1e-10


class Unreliable(StrEnum):
    """Why a coefficient is missing; each value is an English message to translate."""

    NONE = ""
    ONE_ITEM = N_("One question alone has no reliability of this kind")
    NO_SPREAD = N_("The answers of this dimension do not vary")
    TWO_ITEMS = N_("Two questions cannot show a common factor: omega would be alpha")
    NO_FACTOR = N_("No single common factor fits the answers, so omega is not defined")


@dataclass(frozen=True, slots=True)
class Reliability:
    """How reliable one dimension is in one domain.

    Attributes
    ----------
    domain : object
        Its label; None for the whole.
    dimension : str
    items : tuple of str
    respondents : int
        Who answered everything.
    alpha : Estimate or None
        Cronbach's; its interval is :func:`reliability_interval`.
    omega : Estimate or None
        McDonald's omega total of one common factor.
    reason : Unreliable
        Why alpha, or else omega, is missing.
    """

    domain: Any
    dimension: str
    items: tuple[str, ...]
    respondents: int
    alpha: Estimate | None
    omega: Estimate | None
    reason: Unreliable


def reliability_by_domain(moments: Moments, *, dimensions: Mapping[str, Sequence[str]]) -> list[Reliability]:
    r"""Alpha and omega of each dimension in each domain.

    With S the weighted covariances of the k items, and :math:`\lambda` their loadings on one common factor
    (:mod:`analysis.one_factor`),

    .. math::

       \alpha = \frac{k}{k - 1} \left(1 - \frac{\sum_j s_{jj}}{\sum_{ij} s_{ij}}\right), \qquad
       \omega = \frac{(\sum_j \lambda_j)^2}{(\sum_j \lambda_j)^2 + \sum_j (s_{jj} - \lambda_j^2)}.

    Where all items load alike the two are equal; otherwise alpha is too low.

    Parameters
    ----------
    moments : Moments
        Of the items; respondents are those who answered all its variables.
    dimensions : mapping of str to sequence of str
        Items of each dimension.

    Returns
    -------
    list of Reliability
        Domain by domain, within it in the order of `dimensions`.

    Raises
    ------
    AnalysisError
        An item was not summed, or a dimension has none.

    Examples
    --------
    >>> from analysis.moments import moments_from_rows
    >>> rows = {"q1": [5, 4, 2, 1], "q2": [4, 5, 1, 2]}
    >>> moments = moments_from_rows(rows, weights=[1] * 4, domain=["A"] * 4, stratum=["A"] * 4, psu=[1, 2, 3, 4])
    >>> (found,) = reliability_by_domain(moments, dimensions={"staff": ["q1", "q2"]})
    >>> round(found.alpha.value, 6), round(found.alpha.standard_error, 3), found.omega, found.reason.name
    (0.888889, 0.0, None, 'TWO_ITEMS')
    """
    tables = [_of_dimension(moments, name, tuple(items)) for name, items in dimensions.items()]
    return [table[place] for place in range(len(moments.domains)) for table in tables]


def reliability_of_whole(moments: Moments, *, dimensions: Mapping[str, Sequence[str]]) -> list[Reliability]:
    """Alpha and omega of each dimension, everybody together.

    Parameters
    ----------
    moments, dimensions
        As in :func:`reliability_by_domain`.

    Returns
    -------
    list of Reliability
        In the order of `dimensions`.

    Raises
    ------
    AnalysisError
        As :func:`reliability_by_domain`.

    Examples
    --------
    See :func:`reliability_by_domain`.
    """
    return reliability_by_domain(moments.whole(), dimensions=dimensions)


def reliability_interval(coefficient: Estimate, *, confidence_level: float = 0.95) -> Interval:
    r"""Confidence limits of alpha or omega, :math:`1 - (1 - \alpha) e^{\pm t SE / (1 - \alpha)}`.

    Parameters
    ----------
    coefficient : Estimate
    confidence_level : float
        Between 0 and 1.

    Returns
    -------
    Interval
        Its method is "log". Without a standard error all that is known: from minus infinity to 1.

    Raises
    ------
    AnalysisError
        The level is not between 0 and 1.

    Examples
    --------
    >>> from analysis.results import Estimate
    >>> alpha = Estimate(value=0.9, standard_error=0.02, degrees_of_freedom=60, respondents=300, sum_weights=300.0)
    >>> found = reliability_interval(alpha)
    >>> round(found.low, 4), round(found.high, 4)
    (0.8508, 0.933)
    """
    check_level(confidence_level)
    error, left = coefficient.standard_error, 1 - coefficient.value
    if error is None or not coefficient.degrees_of_freedom > 0:
        return Interval(-np.inf, 1.0, confidence_level, "log")
    if left <= 0:
        return Interval(coefficient.value, coefficient.value, confidence_level, "log")
    half = float(t_quantile(coefficient.degrees_of_freedom, confidence_level=confidence_level)) * error / left
    return Interval(float(1 - left * np.exp(half)), float(1 - left * np.exp(-half)), confidence_level, "log")


def cronbach_alpha(design: Design, items: Mapping[str, ArrayLike], *, domain: BoolArray | None = None) -> float:
    r"""Reliability of a scale made by adding up items.

    .. math:: \alpha = \frac{k}{k - 1} \left(1 - \frac{\sum_j s_j^2}{s^2}\right)

    with weighted variances of the k items and of their sum, over respondents who answered every item.

    Parameters
    ----------
    design : SurveyDesign or ReplicateDesign
    items : mapping of str to array_like of float, shape (n,)
        Two items or more, NaN where missing.
    domain : array_like of bool, shape (n,), optional
        Whom the scale is measured on.

    Returns
    -------
    float

    Raises
    ------
    AnalysisError
        If there are fewer than two items, or the sum of the items does not vary.

    References
    ----------
    .. [1] Cronbach (1951), Coefficient alpha and the internal structure of tests, Psychometrika 16, 297-334.
    .. [2] Lumley, R package survey 4.5, function ``svycralpha``.

    Examples
    --------
    >>> from analysis.design import SurveyDesign
    >>> design = SurveyDesign.from_columns(np.ones(4))
    >>> round(cronbach_alpha(design, {"q1": [5, 4, 2, 1], "q2": [4, 5, 1, 2]}), 6)
    0.888889
    """
    if len(items) < 2:  # noqa: PLR2004 (one item is no scale)
        raise AnalysisError("reliability needs two items or more, not {count}", count=len(items))
    scores = np.column_stack([np.asarray(each, dtype=np.float64) for each in items.values()])
    answered = ~np.isnan(scores.sum(axis=1)) & (design.weights > 0)
    used = answered if domain is None else answered & np.asarray(domain, dtype=np.bool_)
    share = design.weights[used] / design.weights[used].sum()
    whole = _variance(scores[used].sum(axis=1), share)
    if not whole > 0:
        raise AnalysisError("the sum of the items does not vary: reliability is not defined")
    parts = sum(_variance(column, share) for column in scores[used].T)
    return len(items) / (len(items) - 1) * (1 - parts / whole)


def _variance(values: FloatArray, share: FloatArray) -> float:
    # The divisor n/(n-1) is the same in every part and cancels.
    return float(share @ np.square(values - share @ values))


def _of_dimension(moments: Moments, name: str, items: tuple[str, ...]) -> list[Reliability]:
    """One dimension in every domain."""
    if not items:
        raise AnalysisError("dimension {dimension} has no items", dimension=name)
    own = restricted(moments, items)
    varied = _varied(own.totals())
    found = linearise(own, _coefficients(own, varied), usable=varied)
    pairs = [(found.estimate(place, 0), found.estimate(place, 1)) for place in range(len(varied))]
    return [
        Reliability(
            domain=label,
            dimension=name,
            items=items,
            respondents=int(own.respondents[own.domain == place].sum()),
            alpha=alpha,
            omega=omega,
            reason=_reason(len(items), alpha, omega),
        )
        for place, (label, (alpha, omega)) in enumerate(zip(own.domains, pairs, strict=True))
    ]


def _reason(items: int, alpha: Estimate | None, omega: Estimate | None) -> Unreliable:
    if items < _SCALE:
        return Unreliable.ONE_ITEM
    if alpha is None:
        return Unreliable.NO_SPREAD
    if items < _FACTOR:
        return Unreliable.TWO_ITEMS
    return Unreliable.NO_FACTOR if omega is None else Unreliable.NONE


def _coefficients(moments: Moments, varied: BoolArray) -> Function:
    """Alpha and omega, NaN where not defined, as a function that complex steps pass through."""
    items = len(moments.variables)
    totals = np.where(varied[:, None, None], moments.totals(), np.eye(items + 1))
    fitted = np.full((len(varied), items), np.nan)
    if items >= _FACTOR:
        fitted = loadings(means_and_covariances(totals)[1])
    proper = ~np.isnan(fitted).any(axis=1)
    known = np.where(proper[:, None], fitted, 1.0)

    def coefficients(products: NDArray[Any]) -> NDArray[Any]:
        covariances = means_and_covariances(products)[1]
        alpha = _alpha(covariances) if items >= _SCALE else np.full(len(proper), np.nan)
        if items < _FACTOR:
            return np.stack([alpha, np.full(len(proper), np.nan)], axis=1)
        # A matrix of ones, whose loadings are 1, stands in for what has no factor.
        omega = _omega(known, np.where(proper[:, None, None], covariances, 1.0))
        return np.stack([alpha, np.where(proper, omega, np.nan)], axis=1)

    return coefficients


def _alpha(covariances: NDArray[Any]) -> NDArray[Any]:
    items = covariances.shape[-1]
    own, whole = np.trace(covariances, axis1=1, axis2=2), covariances.sum(axis=(1, 2))
    alpha: NDArray[Any] = items / (items - 1) * (1 - own / whole)
    return alpha


def _omega(fitted: FloatArray, covariances: NDArray[Any]) -> NDArray[Any]:
    loading = refined(fitted, covariances)
    common = loading.sum(axis=1) ** 2
    unique = np.trace(covariances, axis1=1, axis2=2) - (loading**2).sum(axis=1)
    omega: NDArray[Any] = common / (common + unique)
    return omega


def _varied(totals: FloatArray) -> BoolArray:
    """Where the sum of the items varies."""
    size = np.where(totals[:, 0, 0] > 0, totals[:, 0, 0], 1.0)
    squares = totals[:, 1:, 1:].sum(axis=(1, 2)) / size
    varies: BoolArray = squares - (totals[:, 0, 1:].sum(axis=1) / size) ** 2 > _NOTHING * squares
    return varies & (totals[:, 0, 0] > 0)
