"""How many to ask: from a margin of error to respondents and invitations, and back.

Every size is computed as a real number and rounded up once, at the end.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from scipy.special import ndtri

from sampling.errors import SamplingError
from sampling.ranges import check_population, check_positive, check_shares
from sampling.rounding import SLACK, whole

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Size:
    """How many people to ask.

    Attributes
    ----------
    n : int
        Respondents the precision needs, rounded up: the size before any allowance for non-response.
    respondents : int
        Respondents to be expected of the invitations. Equal to `n` unless the whole population is too small to furnish
        them, and then less.
    invitations : int
        People to invite, so that at least `n` of them can be expected to answer; never more than the population.
    exact : float
        `n` before rounding.

    Examples
    --------
    >>> size_for_share(margin_of_error=0.05, population=1000, response_rate=0.8)
    Size(n=278, respondents=278, invitations=348, exact=277.5327998628...)
    """

    n: int
    respondents: int
    invitations: int
    exact: float

    @property
    def is_reachable(self) -> bool:
        """Whether the population can furnish the respondents at the expected response rate."""
        return self.respondents >= self.n


def slovin(*, population: int, margin_of_error: float, response_rate: float = 1.0) -> Size:
    r"""Size by the formula of the Ministry's guidance, often called Slovin's (1960) or Yamane's (1967).

    .. math:: n = N / (1 + N e^2)

    It is :func:`size_for_share` at a share of one half with z = 2 instead of 1.96, so it asks for a little more.

    Parameters
    ----------
    population : int
        N: people, or transactions of the period.
    margin_of_error : float
        e, as a share: 0.05 for five points.
    response_rate : float
        Share of those invited who will answer.

    Returns
    -------
    Size

    Raises
    ------
    SamplingError
        If an argument is out of its range.

    References
    ----------
    .. [1] Yamane (1967), Statistics: An Introductory Analysis, 2nd ed., Harper & Row, p. 886.

    Examples
    --------
    >>> slovin(population=443565, margin_of_error=0.05).n
    400
    >>> slovin(population=10000, margin_of_error=0.03).n
    1000
    """
    check_shares(margin_of_error=margin_of_error)
    check_population(population)
    # In decimal fractions, as a person would: 10,000 at 3 % is 1,000 and not the whole number after it.
    error = Fraction(str(margin_of_error))
    return sized(float(population / (1 + population * error**2)), population=population, response_rate=response_rate)


def size_for_share(
    *,
    margin_of_error: float,
    expected_share: float = 0.5,
    population: int | None = None,
    design_effect: float = 1.0,
    response_rate: float = 1.0,
    confidence_level: float = 0.95,
) -> Size:
    r"""Size for the confidence interval of a share to reach `margin_of_error` to either side.

    .. math:: n_0 = D z^2 p (1 - p) / e^2, \qquad n = n_0 / (1 + n_0 / N)

    The design effect D is Kish's: over a simple random sample without replacement of the same size. So it stands inside
    the correction for a finite population, and no design asks for more people than there are.

    Parameters
    ----------
    margin_of_error : float
        e, half the width of the interval, as a share.
    expected_share : float
        p; one half asks for the most and is right where nothing is known.
    population : int, optional
        N; without it the population counts as endless.
    design_effect : float
        D, at least above zero.
    response_rate : float
        Share of those invited who will answer.
    confidence_level : float

    Returns
    -------
    Size

    Raises
    ------
    SamplingError
        If an argument is out of its range.

    References
    ----------
    .. [1] Cochran (1977), Sampling Techniques, 3rd ed., Wiley, section 4.4.
    .. [2] Kish (1965), Survey Sampling, Wiley, section 8.2.

    Examples
    --------
    >>> size_for_share(margin_of_error=0.05).n
    385
    >>> size_for_share(margin_of_error=0.025, expected_share=0.8, population=5000).n
    822
    """
    check_shares(margin_of_error=margin_of_error, expected_share=expected_share, confidence_level=confidence_level)
    check_population(population)
    check_positive(design_effect=design_effect)
    variance = design_effect * expected_share * (1 - expected_share)
    endless = quantile(confidence_level) ** 2 * variance / margin_of_error**2
    return sized(finite(endless, population), population=population, response_rate=response_rate)


def margin_of_error(
    respondents: int,
    *,
    expected_share: float = 0.5,
    population: int | None = None,
    design_effect: float = 1.0,
    confidence_level: float = 0.95,
) -> float:
    r"""Half the width of the confidence interval that so many respondents give.

    .. math:: e = z \sqrt{D \, \frac{p (1 - p)}{n} \left(1 - \frac{n}{N}\right)}

    Parameters
    ----------
    respondents : int
        n.
    expected_share, population, design_effect, confidence_level
        As for :func:`size_for_share`, of which this is the inverse.

    Returns
    -------
    float
        As a share.

    Raises
    ------
    SamplingError
        If an argument is out of its range.

    Examples
    --------
    SIPAS 2024: 580 people in a province, of whom 84 % are satisfied.

    >>> round(margin_of_error(580, expected_share=0.84), 4)
    0.0298
    """
    check_shares(expected_share=expected_share, confidence_level=confidence_level)
    check_population(population)
    check_positive(design_effect=design_effect, respondents=respondents)
    if population is not None and respondents > population:
        raise SamplingError(
            "{n} respondents of {population} people: there cannot be more", n=respondents, population=population
        )
    left = 1 - respondents / population if population else 1.0
    variance = design_effect * expected_share * (1 - expected_share) * left / respondents
    return float(quantile(confidence_level) * math.sqrt(variance))


def sizes_by_agency(
    populations: Mapping[str, int],
    *,
    margin_of_error: float,
    expected_share: float = 0.5,
    design_effect: float = 1.0,
    response_rate: float = 1.0,
    confidence_level: float = 0.95,
) -> dict[str, Size]:
    """Size for every agency's own interval to reach the margin, not only the province's.

    Parameters
    ----------
    populations : mapping of str to int
        People, or transactions, of each agency.
    margin_of_error, expected_share, design_effect, response_rate, confidence_level
        As for :func:`size_for_share`.

    Returns
    -------
    dict of str to Size

    Raises
    ------
    SamplingError
        If an argument is out of its range.

    Examples
    --------
    >>> sizes = sizes_by_agency({"xa-ea-o": 500, "so-noi-vu": 10000}, margin_of_error=0.05)
    >>> {agency: size.n for agency, size in sizes.items()}
    {'xa-ea-o': 218, 'so-noi-vu': 370}
    """
    return {
        agency: size_for_share(
            margin_of_error=margin_of_error,
            expected_share=expected_share,
            population=population,
            design_effect=design_effect,
            response_rate=response_rate,
            confidence_level=confidence_level,
        )
        for agency, population in populations.items()
    }


def margins_by_agency(
    respondents: Mapping[str, int],
    *,
    populations: Mapping[str, int],
    expected_share: float = 0.5,
    design_effect: float = 1.0,
    confidence_level: float = 0.95,
) -> dict[str, float]:
    """Margin of error of every agency's own share.

    Parameters
    ----------
    respondents : mapping of str to int
        Respondents of each agency, as an allocation gives them.
    populations : mapping of str to int
        People of each.
    expected_share, design_effect, confidence_level
        As for :func:`margin_of_error`.

    Returns
    -------
    dict of str to float

    Raises
    ------
    SamplingError
        If an agency has no population, or an argument is out of its range.

    Examples
    --------
    >>> margins = margins_by_agency({"xa-ea-o": 218}, populations={"xa-ea-o": 500})
    >>> round(margins["xa-ea-o"], 4)
    0.0498
    """
    unknown = [agency for agency in respondents if agency not in populations]
    if unknown:
        raise SamplingError("{agency} has respondents and no population: give its size", agency=unknown[0])
    return {
        agency: margin_of_error(
            n,
            expected_share=expected_share,
            population=populations[agency],
            design_effect=design_effect,
            confidence_level=confidence_level,
        )
        for agency, n in respondents.items()
    }


def quantile(confidence_level: float) -> float:
    """The z of a two-sided interval.

    Examples
    --------
    >>> round(quantile(0.95), 6)
    1.959964
    """
    return float(ndtri((1 + confidence_level) / 2))


def finite(endless: float, population: int | None) -> float:
    """The size that is as precise in a population of N as `endless` is in an endless one.

    Examples
    --------
    >>> round(finite(384.145882, 1000), 2)
    277.53
    """
    return endless if population is None else endless / (1 + endless / population)


def sized(exact: float, *, population: int | None = None, response_rate: float = 1.0) -> Size:
    """Whole respondents and invitations of an exact size.

    Examples
    --------
    Where half answer, a population of 100 cannot furnish 80 respondents:

    >>> sized(79.4, population=100, response_rate=0.5)
    Size(n=80, respondents=50, invitations=100, exact=79.4)
    """
    if not 0 < response_rate <= 1:
        raise SamplingError("the response rate {value} must be above 0 and at most 1", value=response_rate)
    n = max(1, whole(exact))
    invitations = whole(n / response_rate)
    if population is None or invitations <= population:
        return Size(n, n, invitations, exact)
    return Size(n, min(n, math.floor(population * response_rate + SLACK)), population, exact)
