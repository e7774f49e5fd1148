"""What a sum of money buys: the size it pays for, the precision that gives, and how many to ask in one place."""

from __future__ import annotations

import math
from dataclasses import dataclass

from sampling.errors import SamplingError
from sampling.ranges import check_population, check_positive, check_shares
from sampling.rounding import SLACK
from sampling.size import margin_of_error


@dataclass(frozen=True, slots=True)
class Affordable:
    """The largest sample within a budget.

    Attributes
    ----------
    invitations : int
    respondents : int
        Expected, rounded down.
    cost : float
        Of these, at most the budget.
    margin_of_error : float
        Of a share, as a share.
    """

    invitations: int
    respondents: int
    cost: float
    margin_of_error: float


@dataclass(frozen=True, slots=True)
class Costs:
    """What fieldwork costs, in any one unit of money.

    Attributes
    ----------
    fixed : float
        Whatever the size.
    invitation : float
        Each person invited: a letter, a visit.
    response : float
        Each person who answers: the interview, the gift, the entry of the form.

    Examples
    --------
    >>> Costs(fixed=5_000_000, invitation=20_000, response=30_000).of(100, response_rate=0.8)
    9400000.0
    """

    fixed: float = 0.0
    invitation: float = 0.0
    response: float = 0.0

    def __post_init__(self) -> None:
        if min(self.fixed, self.invitation, self.response) < 0 or self.invitation + self.response <= 0:
            raise SamplingError("costs cannot be negative, and a person invited or answering must cost something")

    def of(self, invitations: int, *, response_rate: float) -> float:
        """The cost of inviting so many."""
        return self.fixed + invitations * (self.invitation + response_rate * self.response)


def size_for_budget(
    budget: float,
    *,
    costs: Costs,
    expected_share: float = 0.5,
    population: int | None = None,
    design_effect: float = 1.0,
    response_rate: float = 1.0,
    confidence_level: float = 0.95,
) -> Affordable:
    """The largest sample that a budget pays for, and how precise it is.

    Parameters
    ----------
    budget : float
        In the unit of the costs.
    costs : Costs
    expected_share, population, design_effect, response_rate, confidence_level
        As for :func:`sampling.size.size_for_share`.

    Returns
    -------
    Affordable

    Raises
    ------
    SamplingError
        If the budget does not pay for one respondent, or a number is out of its range.

    Examples
    --------
    >>> found = size_for_budget(25_000_000, costs=Costs(5_000_000, 20_000, 30_000), response_rate=0.8)
    >>> found.invitations, found.respondents, round(found.margin_of_error, 4)
    (454, 363, 0.0514)
    """
    check_shares(expected_share=expected_share, confidence_level=confidence_level)
    check_positive(budget=budget)
    check_population(population)
    if not 0 < response_rate <= 1:
        raise SamplingError("the response rate {value} must be above 0 and at most 1", value=response_rate)
    each = costs.of(1, response_rate=response_rate) - costs.fixed
    invitations = min(math.floor((budget - costs.fixed) / each + SLACK), population or math.inf)
    respondents = math.floor(invitations * response_rate + SLACK)
    if respondents < 1:
        raise SamplingError("the budget {budget} does not pay for one respondent", budget=budget)
    margin = margin_of_error(
        respondents,
        expected_share=expected_share,
        population=population,
        design_effect=design_effect,
        confidence_level=confidence_level,
    )
    return Affordable(int(invitations), respondents, costs.of(int(invitations), response_rate=response_rate), margin)


def cluster_design_effect(take: float, *, intraclass_correlation: float) -> float:
    r"""Design effect of asking `take` people in each place.

    .. math:: D = 1 + (m - 1) \rho

    Parameters
    ----------
    take : float
        m: people asked in each place, on average.
    intraclass_correlation : float
        How alike the answers of one place are.

    Returns
    -------
    float

    Raises
    ------
    SamplingError
        If less than one person is asked in each place.

    References
    ----------
    .. [1] Kish (1965), Survey Sampling, Wiley, section 5.4.

    Examples
    --------
    >>> cluster_design_effect(31, intraclass_correlation=0.05)
    2.5
    """
    if take < 1:
        raise SamplingError("{take} people in each place: ask at least one", take=take)
    return 1 + (take - 1) * intraclass_correlation


def optimal_take(*, cost_per_place: float, cost_per_person: float, intraclass_correlation: float) -> float:
    r"""How many people to ask in each place for the smallest variance that a budget can buy.

    .. math:: m = \sqrt{\frac{C_{place}}{C_{person}} \cdot \frac{1 - \rho}{\rho}}

    Parameters
    ----------
    cost_per_place : float
        Of reaching one more place.
    cost_per_person : float
        Of one more person there.
    intraclass_correlation : float
        How alike the answers of one place are, above 0.

    Returns
    -------
    float
        At least 1; round it as the work requires, the variance is flat around it.

    Raises
    ------
    SamplingError
        If a number is out of its range.

    References
    ----------
    .. [1] Cochran (1977), Sampling Techniques, 3rd ed., Wiley, section 10.6.
    .. [2] Kish (1965), Survey Sampling, Wiley, section 8.3.

    Examples
    --------
    >>> optimal_take(cost_per_place=100, cost_per_person=1, intraclass_correlation=0.1)
    30.0
    """
    check_positive(cost_per_place=cost_per_place, cost_per_person=cost_per_person)
    check_shares(intraclass_correlation=intraclass_correlation)
    odds = (1 - intraclass_correlation) / intraclass_correlation
    return max(1.0, math.sqrt(cost_per_place / cost_per_person * odds))
