"""Telling two shares apart, two agencies or two years: how many it takes, and what a given number can show."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

from sampling.errors import SamplingError
from sampling.ranges import check_population, check_positive, check_shares
from sampling.size import finite, quantile, sized

if TYPE_CHECKING:
    from sampling.size import Size


@dataclass(frozen=True, slots=True)
class Comparison:
    """How two shares will be compared, each from a sample of the same size.

    Attributes
    ----------
    expected_share : float
        Of the first group; the second's is searched on the side of one half, where it is harder to tell apart.
    design_effect : float
        Of either sample.
    population : int, optional
        People in either group, if the difference is asked of these people and no others.
    overlap : float
        Share of the people of either sample who are in both: two years of a panel.
    correlation : float
        Of the two answers of such a person.
    confidence_level : float
        One less the risk of calling equal shares different, in a two-sided test.

    Examples
    --------
    >>> Comparison(expected_share=0.84).other(0.05)
    0.79
    """

    expected_share: float = 0.5
    design_effect: float = 1.0
    population: int | None = None
    overlap: float = 0.0
    correlation: float = 0.0
    confidence_level: float = 0.95

    def __post_init__(self) -> None:
        check_shares(expected_share=self.expected_share, confidence_level=self.confidence_level)
        check_positive(design_effect=self.design_effect)
        check_population(self.population)
        if not 0 <= self.overlap <= 1 or not -1 <= self.correlation <= 1:
            raise SamplingError(
                "overlap {overlap} and correlation {correlation}: the first must be within 0 and 1, "
                "the second within -1 and 1",
                overlap=self.overlap,
                correlation=self.correlation,
            )

    @property
    def largest_difference(self) -> float:
        """As far as shares reach on the side of one half."""
        return max(self.expected_share, 1 - self.expected_share)

    def other(self, difference: float) -> float:
        """The share that differs by so much, on the side of one half."""
        sign = -1 if self.expected_share >= 1 / 2 else 1
        return round(self.expected_share + sign * difference, 12)

    def deviations(self, difference: float) -> tuple[float, float]:
        """Standard deviations of one pair's difference: if there is none, and if there is this one."""
        first, second = self.expected_share, self.other(difference)
        mean, shared = (first + second) / 2, self.overlap * self.correlation
        variances = first * (1 - first), second * (1 - second)
        under_none = 2 * mean * (1 - mean) * (1 - shared)
        under_this = math.fsum(variances) - 2 * shared * math.sqrt(math.prod(variances))
        return math.sqrt(under_none), math.sqrt(max(under_this, 0.0))


def size_to_detect(
    difference: float, *, power: float = 0.8, response_rate: float = 1.0, comparison: Comparison | None = None
) -> Size:
    r"""Size of each of two samples for a difference to be found with a given probability.

    .. math:: n_0 = D \left( \frac{z_{1-\alpha/2} \sigma_0 + z_{power} \sigma_1}{d} \right)^2, \qquad
              n = n_0 / (1 + n_0 / N)

    with :math:`\sigma_0^2 = 2 \bar p (1 - \bar p)(1 - \gamma\rho)` and
    :math:`\sigma_1^2 = p_1 q_1 + p_2 q_2 - 2 \gamma\rho \sqrt{p_1 q_1 p_2 q_2}`, where :math:`\gamma` is the overlap
    and :math:`\rho` the correlation. Without overlap it is what R's ``power.prop.test`` computes.

    Parameters
    ----------
    difference : float
        d, as a share.
    power : float
        Probability of finding it.
    response_rate : float
        Share of those invited who will answer.
    comparison : Comparison, optional
        By default independent simple random samples around one half.

    Returns
    -------
    Size
        Of each of the two samples.

    Raises
    ------
    SamplingError
        If the difference leads outside 0 to 1, or a number is out of its range.

    References
    ----------
    .. [1] Fleiss, Levin & Paik (2003), Statistical Methods for Rates and Proportions, 3rd ed., Wiley, ch. 4.
    .. [2] Valliant, Dever & Kreuter (2018), Practical Tools for Designing and Weighting Survey Samples, 2nd ed.,
       Springer, ch. 4.

    Examples
    --------
    >>> size_to_detect(0.25, power=0.9).n
    77
    >>> size_to_detect(0.05, comparison=Comparison(expected_share=0.84)).n
    946
    """
    wanted = comparison or Comparison()
    _check_difference(difference, wanted)
    _check_power(power, wanted)
    none, this = wanted.deviations(difference)
    root = (quantile(wanted.confidence_level) * none + float(ndtri(power)) * this) / difference
    exact = finite(wanted.design_effect * root**2, wanted.population)
    return sized(exact, population=wanted.population, response_rate=response_rate)


def power_of(difference: float, *, respondents: int, comparison: Comparison | None = None) -> float:
    """Probability that two samples of a given size find a difference: :func:`size_to_detect` the other way round.

    Parameters
    ----------
    difference : float
        As a share.
    respondents : int
        In each of the two samples.
    comparison : Comparison, optional

    Returns
    -------
    float

    Raises
    ------
    SamplingError
        As :func:`size_to_detect`.

    Examples
    --------
    >>> round(power_of(0.25, respondents=50), 3)
    0.74
    """
    wanted = comparison or Comparison()
    _check_difference(difference, wanted)
    endless = _endless(respondents, wanted)
    if math.isinf(endless):
        return 1.0
    none, this = wanted.deviations(difference)
    reached = difference * math.sqrt(endless / wanted.design_effect) - quantile(wanted.confidence_level) * none
    return float(ndtr(reached / this)) if this else float(reached > 0)


def detectable_difference(respondents: int, *, power: float = 0.8, comparison: Comparison | None = None) -> float:
    """The smallest difference that two samples of a given size find with a given probability.

    Parameters
    ----------
    respondents : int
        In each of the two samples.
    power : float
        Probability of finding it.
    comparison : Comparison, optional

    Returns
    -------
    float
        As a share.

    Raises
    ------
    SamplingError
        If no difference is large enough to be found with so few respondents, or a number is out of its range.

    Examples
    --------
    >>> round(detectable_difference(580, comparison=Comparison(expected_share=0.84)), 4)
    0.0648
    """
    wanted = comparison or Comparison()
    _check_power(power, wanted)
    most = wanted.largest_difference - 1e-12
    if power_of(most, respondents=respondents, comparison=wanted) < power:
        raise SamplingError(
            "{n} respondents find no difference with power {power}: ask more", n=respondents, power=power
        )
    return float(
        brentq(lambda gap: power_of(gap, respondents=respondents, comparison=wanted) - power, 1e-12, most, xtol=1e-13)
    )


def _endless(respondents: int, wanted: Comparison) -> float:
    check_positive(respondents=respondents)
    if wanted.population is None:
        return float(respondents)
    if respondents > wanted.population:
        raise SamplingError(
            "{n} respondents of {population} people: there cannot be more", n=respondents, population=wanted.population
        )
    left = 1 - respondents / wanted.population
    return respondents / left if left else math.inf


def _check_difference(difference: float, wanted: Comparison) -> None:
    if not 0 < difference < wanted.largest_difference:
        raise SamplingError(
            "from the share {share} a difference of {difference} leads outside 0 to 1: ask for one below {largest}",
            share=wanted.expected_share,
            difference=difference,
            largest=wanted.largest_difference,
        )


def _check_power(power: float, wanted: Comparison) -> None:
    # Below this even no difference at all would be "found" so often.
    least = 1 - wanted.confidence_level
    if not least < power < 1:
        raise SamplingError(
            "power {power}: it must be above the risk {least} and below 1, as 0.8", power=power, least=f"{least:g}"
        )
