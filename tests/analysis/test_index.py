"""Indices against figures worked by hand, and at the edges where a formula alone would mislead."""

from __future__ import annotations

import math

import numpy as np
import pytest

from analysis.cells import Sums, cells_from_sums
from analysis.errors import AnalysisError
from analysis.index import index_by_domain, index_of_whole
from analysis.results import Basis
from analysis.tally import Measure, cells_from_rows

STAFF = {"staff": ["staff"]}


def agency_cells(favourable, answers, *, agencies=None):
    """One PSU (a counter on a day) for each entry; the agency is its own stratum."""
    agencies = agencies or ["A"] * len(answers)
    sums = {"staff": Sums(valid=answers, weight=answers, total=favourable)}
    return cells_from_sums(agencies, agencies, list(range(len(answers))), respondents=answers, sums=sums)


def staff_of(cells):
    return index_by_domain(cells, dimensions=STAFF)[0].dimensions["staff"]


def test_ba_ria_vung_tau_2022_is_83_87_percent():
    # 31 answers at one counter: 10 very satisfied, 16 satisfied, 5 neutral.
    answers = [5] * 10 + [4] * 16 + [3] * 5
    days = [place % 4 for place in range(31)]
    cells = cells_from_rows(
        {"staff": answers},
        domain=["A"] * 31,
        stratum=["A"] * 31,
        psu=days,
        measures=[Measure("staff", ("staff",), {4, 5})],
    )
    assert round(100 * staff_of(cells).value, 2) == 83.87


def test_three_days_by_hand():
    # Shares 8/10, 15/15, 12/15; R = 35/40. z = (8 - 8.75, 15 - 13.125, 12 - 13.125)/40 = (-.01875, .046875, -.028125);
    # their squares add to .00333984; times 3/2 gives V = .005009766, SE = .0707797.
    estimate = staff_of(agency_cells([8, 15, 12], [10, 15, 15]))
    assert estimate.value == 0.875
    assert estimate.standard_error == pytest.approx(math.sqrt(0.005009765625), rel=1e-13)
    assert estimate.degrees_of_freedom == 2
    assert estimate.effective_respondents == pytest.approx(0.875 * 0.125 / 0.005009765625)
    # Simple random sampling would give p(1-p)/(n-1).
    assert estimate.design_effect == pytest.approx(0.005009765625 / (0.875 * 0.125 / 39))


def test_a_dimension_pools_the_answers_of_its_items():
    # Day 1: 4 of 5 and 3 of 4; day 2: 2 of 5 and 5 of 5. Pooled 14/19; z = (7 - 9r, 7 - 10r)/19.
    sums = {"m1": Sums([5, 5], [5, 5], [4, 2]), "m2": Sums([4, 5], [4, 5], [3, 5])}
    cells = cells_from_sums(["A", "A"], ["A", "A"], [1, 2], respondents=[5, 5], sums=sums)
    (found,) = index_by_domain(cells, dimensions={"access": ["m1", "m2"]})
    ratio = 14 / 19
    expected = 2 * ((7 - 9 * ratio) ** 2 + (7 - 10 * ratio) ** 2) / 19**2
    assert found.dimensions["access"].value == ratio
    assert found.dimensions["access"].variance == pytest.approx(expected, rel=1e-12)
    assert found.dimensions["access"].design_effect is None


def test_pooling_rows_and_pooling_items_give_the_same_index():
    rng = np.random.default_rng(20261122)
    answers = {name: rng.integers(1, 6, 300).astype(float) for name in ("m1", "m2", "m3")}
    answers["m2"][::7] = np.nan
    where = {"domain": rng.integers(0, 4, 300), "stratum": rng.integers(0, 2, 300), "psu": rng.integers(0, 9, 300)}
    items = cells_from_rows(answers, **where, measures=[Measure(name, (name,), {4, 5}) for name in answers])
    pooled = cells_from_rows(answers, **where, measures=[Measure("access", tuple(answers), {4, 5})])
    for one, other in zip(
        index_by_domain(items, dimensions={"access": list(answers)}),
        index_by_domain(pooled, dimensions={"access": list(answers)}),
        strict=True,
    ):
        assert one.dimensions["access"].value == pytest.approx(other.dimensions["access"].value, rel=1e-14)
        assert one.dimensions["access"].variance == pytest.approx(other.dimensions["access"].variance, rel=1e-11)
        assert other.dimensions["access"].design_effect is not None


def test_all_answers_on_one_day_fall_back_to_respondents_and_say_so():
    estimate = staff_of(agency_cells([36], [40]))
    # Respondents as units: p(1-p)/(n-1), the variance of a simple random sample.
    assert estimate.variance == pytest.approx(0.9 * 0.1 / 39, rel=1e-13)
    assert estimate.degrees_of_freedom == 39
    assert estimate.basis is Basis.RESPONDENTS
    assert "one day" in estimate.note


def test_days_that_agree_by_chance_are_not_taken_for_certainty():
    # Nine of ten on each of two days: between the days there is no variance at all, between the answers there is.
    estimate = staff_of(agency_cells([9, 9], [10, 10]))
    assert estimate.variance == pytest.approx(0.9 * 0.1 / 19, rel=1e-13)
    assert (estimate.degrees_of_freedom, estimate.basis) == (1, Basis.AGREEMENT)
    assert "happen to agree" in estimate.note


def test_an_agency_within_one_psu_of_a_larger_stratum_is_not_certain_either():
    # The linearised standard error of such a domain is exactly 0, whatever its answers.
    sums = {"staff": Sums([10, 12, 9], [10, 12, 9], [7, 6, 5])}
    cells = cells_from_sums(["A", "B", "B"], [1, 1, 1], [1, 2, 3], respondents=[10, 12, 9], sums=sums)
    agency = index_by_domain(cells, dimensions=STAFF)[0].dimensions["staff"]
    assert agency.basis is Basis.RESPONDENTS
    assert agency.standard_error > 0.1


def test_one_respondent_has_an_index_but_no_standard_error():
    estimate = staff_of(agency_cells([1], [1]))
    assert (estimate.value, estimate.standard_error, estimate.basis) == (1.0, None, Basis.NONE)
    interval = estimate.interval()
    assert (interval.low, interval.high) == (0.0, 1.0)


@pytest.mark.parametrize("share", [0, 1])
@pytest.mark.parametrize("method", ["logit", "wilson", "beta", "likelihood", "asin"])
def test_everybody_of_one_mind_still_has_an_interval(share, method):
    estimate = staff_of(agency_cells([12 * share, 8 * share], [12, 8]))
    assert (estimate.value, estimate.standard_error) == (share, 0.0)
    interval = estimate.interval(method=method)
    assert 0 <= interval.low <= share <= interval.high <= 1
    assert 0.05 < interval.width < 1


def test_nobody_answered_is_undefined_not_zero():
    sums = {"staff": Sums([0, 3], [0, 3], [None, 2])}
    cells = cells_from_sums(["A", "B"], ["A", "B"], [1, 1], respondents=[4, 3], sums=sums)
    silent, answered = index_by_domain(cells, dimensions=STAFF)
    assert silent.dimensions["staff"] is None
    assert silent.respondents == 4
    assert answered.dimensions["staff"].value == pytest.approx(2 / 3)


def test_no_answers_at_all_give_an_empty_province():
    cells = cells_from_sums([], [], [], respondents=[], sums={"staff": Sums([], [], [])})
    assert index_by_domain(cells, dimensions=STAFF) == []
    whole = index_of_whole(cells, dimensions=STAFF)
    assert (whole.respondents, whole.dimensions) == (0, {"staff": None})


def test_the_province_counts_a_lone_agency_between_respondents_and_the_rest_between_days():
    cells = agency_cells([8, 15, 12, 9], [10, 15, 15, 10], agencies=["A", "A", "A", "B"])
    estimate = index_of_whole(cells, dimensions=STAFF).dimensions["staff"]
    r = 44 / 50
    days = np.array([8 - 10 * r, 15 - 15 * r, 12 - 15 * r]) / 50
    between_days = 1.5 * np.sum((days - days.mean()) ** 2)
    single = np.array([1 - r] * 9 + [-r]) / 50
    between_respondents = 10 / 9 * np.sum((single - single.mean()) ** 2)
    assert estimate.variance == pytest.approx(between_days + between_respondents, rel=1e-12)
    assert estimate.basis is Basis.CLUSTERS


def test_covariance_between_dimensions_agrees_with_the_variance_of_their_difference():
    rng = np.random.default_rng(7)
    a, b = (rng.integers(0, 2, 400).astype(float) for _ in range(2))
    psu = rng.integers(0, 25, 400)
    cells = cells_from_rows(
        {"a": a, "b": b, "difference": a - b}, domain=np.zeros(400, int), stratum=np.zeros(400, int), psu=psu
    )
    (found,) = index_by_domain(cells, dimensions={"a": ["a"], "b": ["b"]})
    (gap,) = index_by_domain(cells, dimensions={"difference": ["difference"]})
    (va, cab), (_, vb) = found.covariance
    assert va + vb - 2 * cab == pytest.approx(gap.covariance[0, 0], rel=1e-10)


def test_parts_merged_are_the_whole():
    rng = np.random.default_rng(3)
    n = 500
    columns = {"m": rng.integers(1, 6, n).astype(float), "score": rng.normal(1e6, 1, n)}
    keys = {"domain": rng.integers(0, 5, n), "stratum": rng.integers(0, 3, n), "psu": rng.integers(0, 20, n)}
    weights = rng.uniform(0.5, 3, n)

    def part(rows):
        return cells_from_rows(
            {name: column[rows] for name, column in columns.items()},
            **{name: key[rows] for name, key in keys.items()},
            weights=weights[rows],
        )

    whole, merged = part(slice(None)), part(slice(0, 200)) + part(slice(200, None))
    dimensions = {"m": ["m"], "score": ["score"]}
    for one, other in zip(
        index_by_domain(whole, dimensions=dimensions), index_by_domain(merged, dimensions=dimensions), strict=True
    ):
        for name in dimensions:
            assert one.dimensions[name].value == pytest.approx(other.dimensions[name].value, rel=1e-12)
            # A million times the spread: digits lost by subtraction of raw squares would show here.
            assert one.dimensions[name].standard_error == pytest.approx(other.dimensions[name].standard_error, rel=1e-7)
            assert one.dimensions[name].design_effect == pytest.approx(other.dimensions[name].design_effect, rel=1e-7)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"respondents": [1, 2]}, "2 values for 1 groups"),
        ({"respondents": [2]}, "3 valid answers of 2 respondents"),
        ({"sums": {"staff": Sums([3], [float("nan")], [2])}}, "staff.weight: group 0 is not a number"),
    ],
)
def test_sums_that_cannot_be_right_are_refused(change, message):
    given = {"respondents": [3], "sums": {"staff": Sums([3], [3], [2])}} | change
    with pytest.raises(AnalysisError, match=message):
        cells_from_sums(["A"], ["A"], [1], **given)


def test_an_item_that_was_not_summed_is_named():
    with pytest.raises(AnalysisError, match="m2"):
        index_by_domain(agency_cells([3], [4]), dimensions={"access": ["staff", "m2"]})
