"""What money buys, against counting it out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampling.budget import Costs, cluster_design_effect, optimal_take, size_for_budget
from sampling.errors import SamplingError
from sampling.size import margin_of_error


@given(
    budget=st.integers(1_000, 100_000),
    invitation=st.integers(1, 50),
    response=st.integers(0, 50),
    percent=st.integers(20, 100),
)
def test_one_more_invitation_would_exceed_the_budget(budget, invitation, response, percent):
    costs = Costs(fixed=100, invitation=invitation, response=response)
    found = size_for_budget(budget, costs=costs, response_rate=percent / 100)
    # Counted in hundredths of the unit of money, without fractions.
    each = 100 * invitation + percent * response
    assert 100 * 100 + found.invitations * each <= 100 * budget < 100 * 100 + (found.invitations + 1) * each
    assert found.respondents == found.invitations * percent // 100
    assert found.margin_of_error == margin_of_error(found.respondents)


def test_nobody_is_invited_twice_however_much_money_there_is():
    found = size_for_budget(10**9, costs=Costs(invitation=1), population=800)
    assert (found.invitations, found.cost, found.margin_of_error) == (800, 800.0, 0.0)


def test_the_optimal_take_has_the_smallest_variance_for_the_money():
    # Cochran 1977, section 10.6: V ∝ deff / n where places of m people cost C + c·m; tried out for every m.
    place, person, correlation = 150.0, 4.0, 0.04
    best = optimal_take(cost_per_place=place, cost_per_person=person, intraclass_correlation=correlation)

    def variance(take):
        return cluster_design_effect(take, intraclass_correlation=correlation) * (place + person * take) / take

    assert round(best) == min(range(1, 200), key=variance)


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda: size_for_budget(10, costs=Costs(fixed=9, invitation=2)), "the budget 10 does not pay for one"),
        (lambda: Costs(fixed=1), "a person invited or answering must cost something"),
        (lambda: size_for_budget(10, costs=Costs(invitation=1), response_rate=2), "the response rate 2 must be"),
        (lambda: cluster_design_effect(0, intraclass_correlation=0.1), "0 people in each place: ask at least one"),
    ],
)
def test_what_money_cannot_buy_is_said(ask, said):
    with pytest.raises(SamplingError) as refused:
        ask()
    assert said in str(refused.value)
