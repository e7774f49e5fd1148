r"""How probable it is, given the sampling error, that what is estimated lies above a threshold.

The probability is that of the confidence distribution belonging to the default interval: the lower 95 % limit is the
threshold that is passed with a probability of 97.5 %. So for a share it is Student's t on the logit scale,

.. math:: P(\theta \ge c) = F_t\left(\frac{\mathrm{logit}\,p - \mathrm{logit}\,c}{SE / (p (1 - p))}\right),

and at a share of exactly 1 or 0 of n respondents :math:`1 - c^n` or :math:`(1 - c)^n` (Clopper and Pearson's limits).

References
----------
.. [1] Xie & Singh (2013), Confidence distribution, the frequentist distribution estimator of a parameter: a review,
   International Statistical Review 81, 3-39.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, logit, ndtr, ndtri, stdtr, stdtrit

from analysis.errors import AnalysisError
from analysis.results import Kind

if TYPE_CHECKING:
    from analysis.results import Estimate


def chance_above(estimate: Estimate, threshold: float) -> float | None:
    """Probability that the true value is the threshold or more.

    Parameters
    ----------
    estimate : Estimate
    threshold : float

    Returns
    -------
    float or None
        None where the estimate has no standard error or no degree of freedom.

    Examples
    --------
    >>> from analysis.results import Estimate, Kind
    >>> share = Estimate(value=0.9, standard_error=0.03, degrees_of_freedom=40, respondents=100, sum_weights=100.0,
    ...                  kind=Kind.SHARE)
    >>> round(chance_above(share, 0.9), 6), round(chance_above(share, share.interval().low), 6)
    (0.5, 0.975)
    """
    if estimate.standard_error is None or not estimate.degrees_of_freedom > 0:
        return None
    if estimate.kind is Kind.SHARE and not 0 < threshold < 1:
        return 1.0 if threshold <= 0 else 0.0
    if _at_the_edge(estimate):
        n = estimate.respondents
        return 1 - threshold**n if estimate.value >= 1 else (1 - threshold) ** n
    distance, error = _distance(estimate, threshold)
    if error == 0:
        return 0.5 if distance == 0 else float(distance > 0)
    freedom = estimate.degrees_of_freedom
    return float(ndtr(distance / error) if np.isinf(freedom) else stdtr(freedom, distance / error))


def passed_with(estimate: Estimate, probability: float) -> float | None:
    """The threshold that the true value passes with this probability: the other way round.

    Parameters
    ----------
    estimate : Estimate
    probability : float
        Strictly between 0 and 1.

    Returns
    -------
    float or None
        None as in :func:`chance_above`.

    Raises
    ------
    AnalysisError
        The probability is not between 0 and 1.

    Examples
    --------
    >>> from analysis.results import Estimate, Kind
    >>> share = Estimate(value=0.9, standard_error=0.03, degrees_of_freedom=40, respondents=100, sum_weights=100.0,
    ...                  kind=Kind.SHARE)
    >>> round(passed_with(share, 0.975), 6) == round(share.interval().low, 6)
    True
    """
    if not 0 < probability < 1:
        raise AnalysisError(
            "the probability {probability} is not between 0 and 1: give 0.8 for 80%", probability=probability
        )
    if estimate.standard_error is None or not estimate.degrees_of_freedom > 0:
        return None
    if _at_the_edge(estimate):
        n = estimate.respondents
        return float((1 - probability) ** (1 / n) if estimate.value >= 1 else 1 - probability ** (1 / n))
    freedom = estimate.degrees_of_freedom
    quantile = float(ndtri(probability) if np.isinf(freedom) else stdtrit(freedom, probability))
    p = estimate.value
    if _on_logits(estimate):
        return float(expit(logit(p) - quantile * estimate.standard_error / (p * (1 - p))))
    return p - quantile * estimate.standard_error


def _on_logits(estimate: Estimate) -> bool:
    return estimate.kind is Kind.SHARE and 0 < estimate.value < 1


def _at_the_edge(estimate: Estimate) -> bool:
    """A share of exactly 0 or 1, whose standard error of 0 says nothing."""
    return estimate.kind is Kind.SHARE and not 0 < estimate.value < 1 and estimate.standard_error == 0


def _distance(estimate: Estimate, threshold: float) -> tuple[float, float]:
    """How far the threshold lies below the estimate, and the standard error on the same scale."""
    p, error = estimate.value, estimate.standard_error or 0.0
    if _on_logits(estimate):
        return float(logit(p) - logit(threshold)), error / (p * (1 - p))
    return p - threshold, error
