"""The past of reorganised agencies: mergers, chains, divisions, and those nobody rated."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pytest

from analysis.errors import AnalysisError
from analysis.linearised import ratio_table
from analysis.results import Basis, Estimate, Kind
from analysis.succession import NoPast, Succession, past_of, predecessors_of, weighted_sum
from analysis.tally import Measure, cells_from_rows

WAVES = {"earlier": dt.date(2024, 10, 1), "later": dt.date(2025, 10, 1)}
JULY = dt.date(2025, 7, 1)


def share(value, respondents, *, error=0.04, freedom=20):
    return Estimate(value, error, freedom, respondents, float(respondents), kind=Kind.SHARE)


def merger(*predecessors, into="c", on=JULY):
    return [Succession(each, into, on) for each in predecessors]


def test_a_merged_agency_is_the_weighted_sum_of_its_predecessors():
    # 3/4 of 0.9 and 1/4 of 0.7; the variance (9 * .03² + .06²)/16.
    before = {"a": share(0.9, 60, error=0.03), "b": share(0.7, 20, error=0.06)}
    past = past_of("c", before, merger("a", "b"), **WAVES)
    assert past.estimate.value == pytest.approx(0.85)
    assert past.estimate.variance == pytest.approx((9 * 0.03**2 + 0.06**2) / 16)
    assert (past.estimate.respondents, past.estimate.sum_weights) == (80, 80.0)
    assert (past.merged_from, past.covered, past.reason) == (("a", "b"), 1.0, None)


def test_separate_samples_add_up_to_what_the_pooled_sample_gives():
    # Agencies are strata, so the pooled ratio of weighted answers is the weighted sum, and its linearised variance
    # differs only by what Σw is allowed to vary: with equally large PSUs it does not.
    rng = np.random.default_rng(1)
    agency, psu = np.repeat([0, 1], [40, 60]), np.tile(np.repeat(np.arange(4), 5), 5)[:100]
    answers = {"q": (rng.random(100) < 0.8).astype(float)}
    measures = [Measure("q", ("q",), favourable=(1,))]
    psu = np.concatenate([np.repeat(np.arange(8), 5), np.repeat(np.arange(12), 5)])
    cells = cells_from_rows(answers, domain=agency, stratum=agency, psu=psu, measures=measures)
    apart, whole = ratio_table(cells), ratio_table(cells.whole())
    found = weighted_sum({"a": apart.estimate(0, 0), "b": apart.estimate(1, 0)}, {"a": 40, "b": 60})
    assert found.value == pytest.approx(whole.value[0, 0], rel=1e-12)
    assert found.variance == pytest.approx(whole.variance[0, 0], rel=1e-12)


def test_transactions_weigh_where_they_are_given():
    before = {"a": share(0.9, 60), "b": share(0.7, 20)}
    past = past_of("c", before, merger("a", "b"), **WAVES, transactions={"a": 1000, "b": 3000})
    assert past.estimate.value == pytest.approx(0.75)


def test_covariances_of_predecessors_count():
    before = {"a": share(0.9, 50), "b": share(0.7, 50)}
    past = past_of("c", before, merger("a", "b"), **WAVES, covariances={("b", "a"): 0.0008})
    assert past.estimate.variance == pytest.approx((2 * 0.04**2 + 2 * 0.0008) / 4)
    assert past.estimate.degrees_of_freedom == 20


def test_a_renamed_agency_keeps_its_estimate():
    before = {"old": share(0.9, 60)}
    past = past_of("new", before, [Succession("old", "new", JULY)], **WAVES)
    assert past.estimate is before["old"]
    assert past.merged_from == ("old",)


def test_an_agency_that_continues_is_merged_from_nothing():
    before = {"a": share(0.9, 60)}
    past = past_of("a", before, **WAVES)
    assert (past.estimate, past.merged_from, past.reason) == (before["a"], (), None)


def test_an_agency_that_continues_and_takes_another_over_brings_its_own_past():
    before = {"a": share(0.9, 50), "b": share(0.7, 50)}
    past = past_of("a", before, [Succession("b", "a", JULY)], **WAVES, surviving={"a"})
    assert past.merged_from == ("a", "b")
    assert past.estimate.value == pytest.approx(0.8)


def test_chains_are_followed():
    links = [*merger("a", "b", on=dt.date(2025, 1, 1)), Succession("c", "d", JULY), Succession("e", "d", JULY)]
    assert predecessors_of("d", links, **WAVES) == ("a", "b", "e")
    # c was there in the earlier wave too.
    assert predecessors_of("d", links, **WAVES, existing={"a", "c"}) == ("a", "b", "c", "e")


def test_a_chain_whose_dates_are_out_of_order_is_no_chain():
    # b was gone by the time a was to join it.
    links = [Succession("b", "c", dt.date(2025, 1, 1)), Succession("a", "b", JULY)]
    assert predecessors_of("c", links, **WAVES) == ("b",)


@pytest.mark.parametrize(
    ("day", "counts"),
    [(WAVES["earlier"], False), (dt.date(2024, 10, 2), True), (WAVES["later"], True), (dt.date(2025, 10, 2), False)],
)
def test_only_successions_between_the_waves_apply(day, counts):
    found = predecessors_of("c", merger("a", on=day), **WAVES)
    assert found == (("a",) if counts else NoPast.NEW)


def test_a_new_agency_has_no_past():
    past = past_of("c", {"a": share(0.9, 60)}, **WAVES)
    assert (past.estimate, past.reason) == (None, NoPast.NEW)
    assert "did not exist" in past.reason


def test_the_past_of_a_divided_agency_belongs_to_none_of_its_parts():
    before = {"a": share(0.9, 60), "b": share(0.8, 60)}
    links = [Succession("a", "c", JULY), Succession("a", "d", JULY), Succession("b", "c", JULY)]
    for part in ("c", "d"):
        assert past_of(part, before, links, **WAVES).reason is NoPast.DIVIDED


def test_an_agency_that_gave_work_away_and_survives_was_divided():
    before = {"a": share(0.9, 60)}
    links = [Succession("a", "b", JULY)]
    for agency in ("a", "b"):
        past = past_of(agency, before, links, **WAVES, surviving={"a", "b"})
        assert (past.estimate, past.reason) == (None, NoPast.DIVIDED)


def test_a_predecessor_nobody_rated_leaves_no_past_without_transactions():
    past = past_of("c", {"a": share(0.9, 60), "b": None}, merger("a", "b"), **WAVES)
    assert (past.estimate, past.covered, past.reason) == (None, None, NoPast.TOO_FEW_RATED)


def test_with_transactions_the_share_that_was_rated_decides():
    before = {"a": share(0.9, 60), "b": None}
    known = {**WAVES, "transactions": {"a": 900, "b": 100}}
    past = past_of("c", before, merger("a", "b"), **known)
    assert (past.estimate.value, past.covered) == (0.9, 0.9)
    past = past_of("c", before, merger("a", "b"), **known, least_covered=0.95)
    assert (past.estimate, past.covered, past.reason) == (None, 0.9, NoPast.TOO_FEW_RATED)


def test_nobody_rated_any_of_them():
    for before in ({"a": None, "b": None}, {}):
        assert past_of("c", before, merger("a", "b"), **WAVES).reason is NoPast.UNRATED
    assert past_of("a", {"a": None}, **WAVES).reason is NoPast.UNRATED


def test_one_respondent_leaves_the_sum_without_a_standard_error():
    alone = Estimate(1.0, None, 0, 1, 1.0, kind=Kind.SHARE, basis=Basis.NONE)
    past = past_of("c", {"a": share(0.9, 60), "b": alone}, merger("a", "b"), **WAVES)
    assert (past.estimate.standard_error, past.estimate.degrees_of_freedom) == (None, 0)
    assert past.estimate.interval().width == 1


def test_a_predecessor_without_transactions_adds_nothing_not_even_doubt():
    alone = Estimate(1.0, None, 0, 1, 1.0, kind=Kind.SHARE, basis=Basis.NONE)
    found = weighted_sum({"a": share(0.9, 60), "b": alone}, {"a": 10, "b": 0})
    assert (found.value, found.standard_error) == (0.9, pytest.approx(0.04))


def test_all_of_one_mind_stay_so_and_opposite_minds_are_no_certainty():
    of_one_mind = {name: share(1.0, n, error=0.0) for name, n in (("a", 7), ("b", 13), ("d", 29))}
    found = weighted_sum(of_one_mind, {"a": 0.1, "b": 0.2, "d": 0.4})
    assert (found.value, found.standard_error, found.respondents) == (1.0, 0.0, 49)
    assert 0.9 < found.interval().low < 1
    opposite = weighted_sum({"a": share(1.0, 10, error=0.0), "b": share(0.0, 10, error=0.0)}, {"a": 1, "b": 1})
    # Half of the answers are favourable: about as uncertain as two samples of ten that are nearly certain.
    assert opposite.value == 0.5
    assert opposite.standard_error == pytest.approx(math.sqrt(2 * (10.5 / 11) * (0.5 / 11) / 10) / 2)


def test_what_cannot_be_is_refused():
    with pytest.raises(AnalysisError, match="circle: b, a, b"):
        predecessors_of("b", [Succession("a", "b", JULY), Succession("b", "a", JULY)], **WAVES)
    with pytest.raises(AnalysisError, match="not before"):
        predecessors_of("c", [], earlier=WAVES["later"], later=WAVES["earlier"])
    both = {"a": share(0.9, 60), "b": share(0.7, 20)}
    for wrong in ({"a": 10}, {"a": 10, "b": -1}, {"a": 10, "b": math.nan}, {"a": 0, "b": 0}):
        with pytest.raises(AnalysisError, match="transactions"):
            past_of("c", both, merger("a", "b"), **WAVES, transactions=wrong)
    with pytest.raises(AnalysisError, match="several kinds"):
        weighted_sum({"a": share(0.9, 60), "b": Estimate(4.0, 0.1, 20, 60, 60.0)}, {"a": 1, "b": 1})
