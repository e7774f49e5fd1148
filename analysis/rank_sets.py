r"""Which of several agencies differ beyond doubt, all pairs taken together.

Each pair is tested on a scale where the normal law holds. For shares that is the signed root of the likelihood ratio
of one common share, on effective samples and with the correction for continuity,

.. math:: r_{jk} = \pm \sqrt{2 n_j^* KL(\tilde p_j \| \bar p) + 2 n_k^* KL(\tilde p_k \| \bar p)},

where :math:`\bar p` pools both and each :math:`n^* \tilde p` is half an answer nearer to it. Unlike a logit or an
arcsine it has a value at shares of 0 and 1, and both of its tails are right where hardly anybody is dissatisfied. For
anything else it is the difference over its standard error. Either is held against Student's t with Welch's degrees of
freedom of that pair. What a pair must exceed is such that in all pairs together an error is as rare as promised: the
studentized range (Tukey-Kramer) for independent agencies, Šidák's bound for any others.

References
----------
.. [1] Rao & Scott (1984), On chi-squared tests for multiway contingency tables with cell proportions estimated from
       survey data, Annals of Statistics 12, 46-60 (the likelihood ratio on effective samples).
.. [2] Hayter (1984), A proof of the conjecture that the Tukey-Kramer multiple comparisons procedure is conservative,
       Annals of Statistics 12, 61-75.
.. [3] Games & Howell (1976), Pairwise multiple comparison procedures with unequal n's and/or variances, Journal of
       Educational Statistics 1, 113-125 (Welch's degrees of freedom, pair by pair).
.. [4] Šidák (1967), Rectangular confidence regions for the means of multivariate normal distributions, Journal of the
       American Statistical Association 62, 626-633.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr, ndtri, rel_entr, stdtr

from analysis.errors import AnalysisError
from analysis.results import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analysis.arrays import BoolArray, FloatArray
    from analysis.results import Estimate

    Statistics = tuple[FloatArray, FloatArray]

# Answers by which each share of a pair is moved towards the common one.
CONTINUITY = 0.5
# A standard error below this part of its estimate is the rounding of a sum: answers that all agree.
NO_SPREAD = 1e-9
# Part of the variance that is left to a difference, however closely its two sides go together.
_LEAST_VARIANCE = 1e-12
# The normal density beyond 9 is below the rounding of what is summed; 1,201 places give 13 digits.
_NORMAL_LINE = np.linspace(-9, 9, 1201)


def better_pairs(
    estimates: Sequence[Estimate], *, correlation: FloatArray | None = None, confidence_level: float = 0.95
) -> BoolArray:
    """Which agency is better than which, beyond doubt and in all pairs together.

    Parameters
    ----------
    estimates : sequence of Estimate
        All shares, or none; each with a standard error and degrees of freedom, above zero where it is no share.
    correlation : ndarray, shape (k, k), optional
        Between the estimates; by default they are independent.
    confidence_level : float
        The probability, at least, that no pair is called different that is not or is so the other way round.

    Returns
    -------
    ndarray of bool, shape (k, k)
        Row better than column.

    Raises
    ------
    AnalysisError
        Shares and other measures are mixed.

    Examples
    --------
    >>> from analysis.results import Estimate
    >>> means = [Estimate(value, 0.1, degrees_of_freedom=50, respondents=60, sum_weights=60) for value in (4.6, 4.2, 4)]
    >>> better_pairs(means).tolist()
    [[False, True, True], [False, False, False], [False, False, False]]
    """
    shares = {estimate.kind is Kind.SHARE for estimate in estimates}
    if len(shares) > 1:
        raise AnalysisError("shares and other measures cannot be ranked together: give estimates of one kind")
    statistic, variance = (_roots if True in shares else _differences)(estimates)
    if correlation is not None:
        statistic /= np.sqrt(_variance_left(variance, correlation))
    freedom = _welch(variance, np.array([estimate.degrees_of_freedom for estimate in estimates]))
    critical = critical_value(len(estimates), independent=correlation is None, confidence_level=confidence_level)
    # Student's tails are never lighter than the normal's: what does not exceed the normal's value needs no look.
    better: BoolArray = statistic > critical
    better[better] = stdtr(freedom[better], -statistic[better]) < ndtr(-critical)
    return better


@cache
def critical_value(agencies: int, *, independent: bool = True, confidence_level: float = 0.95) -> float:
    """What the largest of all pairs' standardised differences exceeds with probability 1 - `confidence_level` at most.

    Parameters
    ----------
    agencies : int
    independent : bool
        Tukey and Kramer's value, else Šidák's, some 3 % larger.
    confidence_level : float

    Returns
    -------
    float
        On the scale of a standard normal variable; infinite below two agencies.

    Examples
    --------
    Tables of the studentized range have 3.858 for five means of known variance.

    >>> round(critical_value(5) * 2**0.5, 3), round(critical_value(2), 3)
    (3.858, 1.96)
    >>> round(critical_value(5), 3), round(critical_value(5, independent=False), 3)
    (2.728, 2.8)
    """
    pairs = agencies * (agencies - 1) / 2
    if not pairs:
        return np.inf
    largest = float(-ndtri((1 - confidence_level ** (1 / pairs)) / 2))
    if not independent or pairs == 1:
        return largest
    return _range_quantile(agencies, confidence_level, below=largest)


def spread(estimate: Estimate) -> bool:
    """Whether the answers vary at all, beyond the rounding of sums.

    Parameters
    ----------
    estimate : Estimate

    Returns
    -------
    bool

    Examples
    --------
    >>> from analysis.results import Estimate
    >>> spread(Estimate(0.9, 1e-17, degrees_of_freedom=50, respondents=60, sum_weights=60))
    False
    """
    return (estimate.standard_error or 0.0) > NO_SPREAD * max(1.0, abs(estimate.value))


def _range_quantile(agencies: int, confidence_level: float, *, below: float) -> float:
    """Quantile of the range of independent standard normals over √2; `below` is more than it can be."""
    from scipy.optimize import brentq

    density = agencies * np.exp(-(_NORMAL_LINE**2) / 2) / np.sqrt(2 * np.pi)
    under = ndtr(_NORMAL_LINE)

    def excess(quantile: float) -> float:
        within = under - ndtr(_NORMAL_LINE - np.sqrt(2) * quantile)
        return float(np.trapezoid(density * within ** (agencies - 1), _NORMAL_LINE)) - confidence_level

    # All but certainty needs more digits than the sum has; Šidák's bound serves there too.
    return float(brentq(excess, 0.0, below)) if excess(below) > 0 else below


def _roots(estimates: Sequence[Estimate]) -> Statistics:
    """Signed roots of the likelihood ratios of all pairs, and each share's variance but for the common p(1-p)."""
    share = np.clip([estimate.value for estimate in estimates], 0, 1)
    size = np.array([e.effective_respondents if spread(e) else float(e.respondents) for e in estimates])
    both = size[:, None] + size
    pooled = (size[:, None] * share[:, None] + size * share) / both
    difference = share[:, None] - share
    # The same number of answers is missing from one side as is too many on the other.
    moved = np.maximum(size[:, None] * size / both * np.abs(difference) - CONTINUITY, 0) * np.sign(difference)
    ratio = _divergence(pooled, moved, size[:, None]) + _divergence(pooled, -moved, size[None, :])
    return np.sign(difference) * np.sqrt(2 * np.maximum(ratio, 0)), 1 / size


def _divergence(pooled: FloatArray, moved: FloatArray, size: FloatArray) -> FloatArray:
    """Kullback and Leibler's, of `size` answers whose favourable ones are off the pooled share by `moved`."""
    share = np.clip(pooled + moved / size, 0, 1)
    divergence: FloatArray = size * (rel_entr(share, pooled) + rel_entr(1 - share, 1 - pooled))
    return divergence


def _differences(estimates: Sequence[Estimate]) -> Statistics:
    """Differences over their standard errors, and variances."""
    value = np.array([estimate.value for estimate in estimates])
    variance = np.array([estimate.variance or 0.0 for estimate in estimates])
    return (value[:, None] - value) / np.sqrt(variance[:, None] + variance), variance


def _variance_left(variance: FloatArray, correlation: FloatArray) -> FloatArray:
    """Variance of each difference over what it would be if its sides were independent."""
    common = 2 * correlation * np.sqrt(variance[:, None] * variance) / (variance[:, None] + variance)
    return np.maximum(1 - common, _LEAST_VARIANCE)


def _welch(variance: FloatArray, degrees_of_freedom: FloatArray) -> FloatArray:
    """Welch and Satterthwaite's degrees of freedom of every difference."""
    uncertain = variance**2 / degrees_of_freedom
    with np.errstate(divide="ignore"):
        freedom: FloatArray = (variance[:, None] + variance) ** 2 / (uncertain[:, None] + uncertain)
    return freedom
