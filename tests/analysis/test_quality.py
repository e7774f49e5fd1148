"""Outcome rates against published ones, items left unanswered by counting, and gaps between modes."""

from __future__ import annotations

import math

import numpy as np
import pytest

from analysis.cells import Sums, cells_from_sums
from analysis.errors import AnalysisError
from analysis.index import index_by_domain
from analysis.quality import RATES, Dispositions, item_nonresponse, mode_gaps, outcome_rates

TWELVE = Dispositions(
    complete=4, partial=2, refused=1, not_contacted=1, other=1, unknown_household=1, unknown_other=1, ineligible=1
)
# R 1.0.1 of ropensci/outcomerate, its README: outcomerate(freq, e = eligibility_rate(freq)) with
# freq <- c(I = 4, P = 2, R = 1, NC = 1, O = 1, UH = 1, UO = 1, NE = 1), printed with three decimals.
PUBLISHED = {
    "RR1": 0.364,
    "RR2": 0.545,
    "RR3": 0.370,
    "RR4": 0.556,
    "RR5": 0.444,
    "RR6": 0.667,
    "COOP1": 0.500,
    "COOP2": 0.750,
    "COOP3": 0.571,
    "COOP4": 0.857,
    "REF1": 0.091,
    "REF2": 0.093,
    "REF3": 0.111,
    "CON1": 0.727,
    "CON2": 0.741,
    "CON3": 0.889,
}


def test_outcome_rates_are_those_that_the_r_package_prints():
    found = outcome_rates(TWELVE)
    assert {name: round(rate.value, 3) for name, rate in found.items()} == PUBLISHED


def test_the_three_response_rates_agree_where_nothing_is_unknown_and_bracket_each_other_where_something_is():
    known = outcome_rates(Dispositions(complete=10, partial=3, refused=4, not_contacted=5, other=6))
    assert known["RR1"].value == known["RR3"].value == known["RR5"].value == 10 / 28
    some = outcome_rates(TWELVE, eligible_share=0.3)
    assert some["RR1"].value < some["RR3"].value < some["RR5"].value


@pytest.mark.parametrize(("share", "same"), [(0.0, ("RR3", "RR5")), (1.0, ("RR3", "RR1"))])
def test_an_eligible_share_of_none_or_all_gives_the_neighbouring_definition(share, same):
    found = outcome_rates(TWELVE, eligible_share=share)
    assert found[same[0]].value == found[same[1]].value


def test_a_rate_has_the_interval_of_a_share_of_independent_cases():
    rate = outcome_rates(Dispositions(complete=320, refused=180))["RR1"]
    # The logit interval by hand; t with 499 degrees of freedom is 1.9647.
    half = 1.96473 * math.sqrt(0.64 * 0.36 / 499) / (0.64 * 0.36)
    interval = rate.interval()
    logits = [math.log(limit / (1 - limit)) - math.log(0.64 / 0.36) for limit in (interval.low, interval.high)]
    assert logits == pytest.approx([-half, half], rel=1e-5)


def test_without_cases_there_are_no_rates():
    assert outcome_rates(Dispositions(complete=0)) == dict.fromkeys(RATES)


def test_nobody_reached_leaves_cooperation_undefined_and_a_response_rate_of_zero():
    found = outcome_rates(Dispositions(complete=0, not_contacted=40))
    assert found["COOP1"] is None
    assert found["RR1"].value == 0
    assert found["RR1"].interval().low == 0 < found["RR1"].interval().high < 0.1


def test_all_unknown_counts_all_as_eligible_where_nothing_says_otherwise():
    assert outcome_rates(Dispositions(complete=0, unknown_other=5))["RR3"].respondents == 5


def test_one_case_has_no_standard_error_and_the_whole_interval():
    rate = outcome_rates(Dispositions(complete=1))["RR1"]
    assert rate.standard_error is None
    assert (rate.interval().low, rate.interval().high) == (0, 1)


@pytest.mark.parametrize("count", [-1, 2.5])
def test_what_is_no_count_is_named(count):
    with pytest.raises(AnalysisError, match="refused"):
        Dispositions(complete=1, refused=count)


def test_an_impossible_eligible_share_is_refused():
    with pytest.raises(AnalysisError, match=r"1\.2"):
        outcome_rates(TWELVE, eligible_share=1.2)


def test_items_are_counted_among_those_who_were_asked():
    rng = np.random.default_rng(1)
    answered, asked = rng.random((2, 200)) < 0.7
    (found,) = item_nonresponse({"q": answered}, asked={"q": asked})
    rows = [(bool(given), bool(given or put)) for given, put in zip(answered, asked, strict=True)]
    assert found.asked == sum(put for _, put in rows)
    assert found.missing == sum(put and not given for given, put in rows)
    assert found.share.value == found.missing / found.asked


@pytest.mark.parametrize(("missing", "flagged"), [(5, False), (6, True), (100, True), (0, False)])
def test_an_item_is_flagged_above_five_percent(missing, flagged):
    answered = np.arange(100) >= missing
    (found,) = item_nonresponse({"q": answered})
    assert found.flagged is flagged


def test_an_item_that_nobody_was_asked_has_no_share():
    (found,) = item_nonresponse({"q": [0, 0]}, asked={"q": [0, 0]})
    assert found.share is None
    assert not found.flagged


@pytest.mark.parametrize(
    ("asked", "options", "named"),
    [
        ({"r": [1, 1]}, {}, "item r"),
        ({"q": [1, 1, 1]}, {}, "q: 3"),
        ({}, {"flag_over": 5}, "over 5"),
    ],
)
def test_bad_questions_about_items_are_named(asked, options, named):
    with pytest.raises(AnalysisError, match=named):
        item_nonresponse({"q": [1, 0]}, asked=asked, **options)


def stream(**agencies):
    """Indices of agencies, from favourable answers of ten a day."""
    labels = [name for name, days in agencies.items() for _ in days]
    favourable = [count for days in agencies.values() for count in days]
    tens = [10] * len(labels)
    days = [str(day) for values in agencies.values() for day in range(len(values))]
    cells = cells_from_sums(labels, labels, days, respondents=tens, sums={"q": Sums(tens, tens, favourable)})
    return {one.domain: one.dimensions["q"] for one in index_by_domain(cells, dimensions={"q": ["q"]})}


def test_a_mode_gap_is_the_difference_of_independent_streams():
    counter, sample = stream(A=[9, 10, 9]), stream(A=[7, 8, 9])
    ((agency, gap),) = [(one.agency, one.gap) for one in mode_gaps(counter, sample)]
    assert agency == "A"
    assert gap.value == pytest.approx(28 / 30 - 24 / 30)
    # Days as PSUs: n/(n-1) times the squared deviations of day totals, over n squared.
    errors = [
        3 / 2 * sum(((day - total / 3) / 30) ** 2 for day in days)
        for days, total in (([9, 10, 9], 28), ([7, 8, 9], 24))
    ]
    assert gap.standard_error == pytest.approx(math.sqrt(sum(errors)))
    assert gap.interval().low < gap.value < gap.interval().high


def test_agencies_with_too_few_in_either_stream_or_in_one_only_have_no_gap():
    counter = stream(A=[9, 8, 9], B=[9, 9], C=[10, 9, 10], D=[9, 9, 8])
    sample = stream(A=[8, 8], B=[7, 8, 9], C=[8, 7, 8])
    assert [one.agency for one in mode_gaps(counter, sample)] == ["C"]
    assert [one.agency for one in mode_gaps(counter, sample, fewest=20)] == ["A", "B", "C"]


def test_an_agency_that_is_not_shown_in_one_stream_has_no_gap():
    both = stream(A=[9, 8, 9], B=[9, 8, 9])
    assert [one.agency for one in mode_gaps(both | {"A": None}, both)] == ["B"]
    assert [one.agency for one in mode_gaps(both, both | {"B": None})] == ["A"]


def test_a_gap_needs_somebody():
    with pytest.raises(AnalysisError, match="needs 0"):
        mode_gaps({}, {}, fewest=0)
