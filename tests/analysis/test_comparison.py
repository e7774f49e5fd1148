"""Differences: Newcombe's published interval, agreement of p-value and interval, and the edges."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from analysis.cells import Sums, cells_from_sums
from analysis.comparison import _combined, cautious_variance, difference, satterthwaite
from analysis.errors import AnalysisError
from analysis.linearised import ratio_table
from analysis.overlap import domain_covariance, wave_covariance
from analysis.results import Estimate, Kind
from analysis.tally import Measure, cells_from_rows


def share(value, respondents, *, freedom=30.0, effect=1.0):
    error = math.sqrt(effect * value * (1 - value) / respondents)
    return Estimate(value, error, freedom, respondents, float(respondents), kind=Kind.SHARE)


def mean(value, error, *, freedom=30.0, respondents=50):
    return Estimate(value, error, freedom, respondents, float(respondents))


shares = st.builds(
    share,
    st.one_of(st.floats(0.02, 0.98), st.sampled_from([0.0, 1.0, 0.5])),
    st.integers(2, 2000),
    freedom=st.floats(1, 200),
    effect=st.floats(0.5, 3),
).filter(lambda each: each.degrees_of_freedom <= each.respondents - 1)


@given(one=shares, other=st.one_of(shares, st.floats(0.001, 0.999)), level=st.floats(0.001, 0.999))
@settings(max_examples=300, deadline=None)
def test_the_interval_leaves_out_0_exactly_where_p_is_below_the_level(one, other, level):
    found = difference(one, other)
    if abs(found.p_value - level) < 1e-6:
        return
    limits = found.interval(confidence_level=1 - level)
    assert (limits.low > 0 or limits.high < 0) == (found.p_value < level)


@given(one=shares, other=shares)
@settings(max_examples=100, deadline=None)
def test_comparing_the_other_way_round_turns_everything_round(one, other):
    there, back = difference(one, other), difference(other, one)
    assert there.value == -back.value
    assert there.p_value == pytest.approx(back.p_value, abs=1e-9)
    assert there.interval().low == pytest.approx(-back.interval().high, abs=1e-12)


@given(one=shares, target=st.floats(0, 1), level=st.floats(0.5, 0.99))
@settings(max_examples=100, deadline=None)
def test_against_a_target_the_interval_is_the_estimates_own(one, target, level):
    own, limits = one.interval(confidence_level=level), difference(one, target).interval(confidence_level=level)
    # Two subtractions in another order.
    assert (limits.low + target, limits.high + target) == pytest.approx((own.low, own.high), abs=1e-9)


def test_a_share_against_a_target_is_tested_on_the_logit_scale():
    one = share(0.9, 100, freedom=40)
    statistic = (math.log(9) - math.log(0.86 / 0.14)) / (0.03 / 0.09)
    expected = 2 * stats.t.sf(statistic, 40)
    assert difference(one, 0.86).p_value == pytest.approx(expected, rel=1e-9)


def test_one_dissatisfied_citizen_rules_out_a_target_of_100_percent():
    assert difference(share(0.99, 100), 1.0).p_value == 0.0
    assert difference(share(1.0, 100), 1.0).p_value == 1.0


def test_newcombes_published_interval_follows_from_wilsons_limits():
    # Newcombe (1998), table II, method 10, 56/70 - 48/80: 0.0524 to 0.3339, with limits of each by statsmodels.
    one, other = proportion_confint(56, 70, method="wilson"), proportion_confint(48, 80, method="wilson")
    found = difference(share(0.8, 70, freedom=math.inf), share(0.6, 80, freedom=math.inf))
    low = 0.2 - math.hypot(0.8 - one[0], other[1] - 0.6)
    high = 0.2 + math.hypot(one[1] - 0.8, 0.6 - other[0])
    assert (round(low, 4), round(high, 4)) == (0.0524, 0.3339)
    # The logit limits that we combine in the same way are near Wilson's here.
    limits = found.interval()
    assert (limits.low, limits.high) == pytest.approx((low, high), abs=0.002)
    own, others = share(0.8, 70, freedom=math.inf).interval(), share(0.6, 80, freedom=math.inf).interval()
    assert limits.low == pytest.approx(0.2 - math.hypot(0.8 - own.low, others.high - 0.6), rel=1e-9)
    assert limits.high == pytest.approx(0.2 + math.hypot(own.high - 0.8, 0.6 - others.low), rel=1e-9)


def test_means_are_compared_by_welchs_t_test():
    rng = np.random.default_rng(20261125)
    one, other = rng.normal(4.1, 0.7, 23), rng.normal(3.8, 0.4, 41)
    estimates = [
        mean(each.mean(), each.std(ddof=1) / math.sqrt(len(each)), freedom=len(each) - 1, respondents=len(each))
        for each in (one, other)
    ]
    found, welch = difference(*estimates), stats.ttest_ind(one, other, equal_var=False)
    assert found.p_value == pytest.approx(welch.pvalue, rel=1e-9)
    assert found.degrees_of_freedom == pytest.approx(welch.df, rel=1e-12)
    limits = welch.confidence_interval()
    assert (found.interval().low, found.interval().high) == pytest.approx((limits.low, limits.high), rel=1e-9)


def test_overlapping_places_are_compared_as_pairs():
    # The same ten places in both waves: the paired t-test of their means (equal places, so ratios are means).
    rng = np.random.default_rng(3)
    level = rng.normal(3.8, 0.3, 10)
    scores = [level + rng.normal(0, 0.1, 10), level + 0.1 + rng.normal(0, 0.1, 10)]
    waves = [
        cells_from_rows({"q": one}, domain=["A"] * 10, stratum=[1] * 10, psu=range(10), measures=[Measure("q", ("q",))])
        for one in scores
    ]
    one, other = (ratio_table(wave).estimate(0, 0) for wave in waves)
    found = difference(one, other, covariance=wave_covariance(*waves, "q")[0, 0])
    paired = stats.ttest_rel(*scores)
    assert found.standard_error == pytest.approx(abs(found.value / paired.statistic), rel=1e-9)
    assert (found.degrees_of_freedom, found.p_value) == (9, pytest.approx(paired.pvalue, rel=1e-8))


def test_the_rounding_of_a_covariance_of_nothing_is_nothing():
    alone = Estimate(1.0, None, 0, 1, 1.0, kind=Kind.SHARE)
    assert difference(alone, share(0.8, 100), covariance=1e-19).p_value is None
    one, other = share(0.9, 100), share(0.8, 100)
    assert difference(one, other, covariance=-1e-19) == difference(one, other)


def test_a_positive_covariance_narrows_a_negative_one_widens():
    one, other = share(0.9, 100), share(0.85, 100)
    most = one.standard_error * other.standard_error
    widths = [difference(one, other, covariance=part * most).interval().width for part in (0.5, 0, -0.5)]
    # The degrees of freedom of shared PSUs count once, so that compare against as many as there are.
    assert widths[0] < widths[1] < widths[2]


def test_everybody_of_one_mind_is_compared_by_what_the_answers_rule_out():
    one, other = share(1.0, 50), share(0.8, 50)
    found = difference(one, other)
    limits, own, others = found.interval(), one.interval(), other.interval()
    assert found.standard_error == other.standard_error
    assert limits.high == pytest.approx(0.2 + (0.8 - others.low), rel=0.02)
    assert limits.low < 0.2 - (1 - own.low)
    assert found.p_value < 0.05


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_two_agencies_of_one_mind_do_not_differ_but_might(value):
    found = difference(share(value, 20, freedom=19), share(value, 30, freedom=29))
    assert (found.value, found.p_value) == (0.0, 1.0)
    assert found.interval().low < -0.05
    assert found.interval().high > 0.05


def test_opposite_unanimity_is_significant_with_enough_answers_and_not_with_two():
    assert difference(share(1.0, 20, freedom=19), share(0.0, 20, freedom=19)).p_value < 1e-6
    assert difference(share(1.0, 2, freedom=1), share(0.0, 2, freedom=1)).p_value > 0.05


def test_one_respondent_says_nothing_about_a_difference():
    alone = Estimate(1.0, None, 0, 1, 1.0, kind=Kind.SHARE)
    found = difference(alone, share(0.8, 100))
    assert (found.standard_error, found.p_value, found.degrees_of_freedom) == (None, None, 0)
    limits = found.interval()
    assert limits.low < 0 < limits.high
    assert limits.low >= -1
    assert found.respondents == (1, 100)
    target = difference(alone, 0.86)
    assert target.p_value is None
    assert (target.interval().low, target.interval().high) == pytest.approx((-0.86, 0.14))


def test_equal_scores_on_both_sides_are_no_certainty():
    found = difference(mean(5.0, 0.0), mean(4.0, 0.0))
    assert found.p_value is None
    assert (found.interval().low, found.interval().high) == (-math.inf, math.inf)


def test_a_difference_beyond_any_doubt_has_p_0_and_no_error():
    assert difference(share(0.9999, 10**9, freedom=math.inf), 0.0001).p_value == 0.0


def test_degrees_of_freedom_lie_between_the_smaller_and_the_sum():
    assert satterthwaite([1, 1], [10, 10]) == pytest.approx(20)
    assert satterthwaite([1e-200, 3e-200], [5, 50]) == pytest.approx(16 / (1 / 5 + 9 / 50))
    assert satterthwaite([1, 2], [math.inf, math.inf]) == math.inf
    assert satterthwaite([0, 0], [4, 4]) == 0.0
    assert 0 < cautious_variance(share(1.0, 10)) < 0.5 / 10


@pytest.mark.parametrize("covariance", [0.5, -0.5, math.nan])
def test_an_impossible_covariance_is_refused(covariance):
    with pytest.raises(AnalysisError, match="covariance"):
        difference(share(0.9, 100), share(0.8, 100), covariance=covariance)


@pytest.mark.parametrize("target", [86, -0.1, math.nan, math.inf])
def test_a_target_in_percent_is_refused(target):
    with pytest.raises(AnalysisError, match="target"):
        difference(share(0.9, 100), target)


def test_a_share_is_not_compared_to_a_mean():
    with pytest.raises(AnalysisError, match="of one kind"):
        difference(share(0.9, 100), mean(4.1, 0.1))


# Covariances


def brute(first, second, measure):
    """Covariance of two ratios by looking at every stratum and PSU one by one."""
    place = first.measures.index(measure)

    def totals(cells):
        found = {}
        for domain in range(len(cells.domains)):
            inside = cells.domain == domain
            base, total = cells.base[inside, place].sum(), cells.total[inside, place].sum()
            z = (cells.total[inside, place] - total / base * cells.base[inside, place]) / base
            found[domain] = dict(zip([cells.psus[psu] for psu in cells.psu[inside]], z, strict=True))
        return found

    one, other = totals(first), totals(second)
    matrix = np.zeros((len(one), len(other)))
    for stratum in set(first.strata) & set(second.strata):
        psus = [{label for label in cells.psus if label[0] == stratum} for cells in (first, second)]
        common = psus[0] & psus[1]
        if not common or min(map(len, psus)) == 1:
            continue
        factor = math.sqrt(math.prod(len(each) / (len(each) - 1) for each in psus))
        for a, b in np.ndindex(matrix.shape):
            x, y = (np.array([z.get(label, 0.0) for label in common]) for z in (one[a], other[b]))
            matrix[a, b] += factor * ((x - x.mean()) @ (y - y.mean()))
    return matrix


def sample(seed, *, psus=range(8), domains=4):
    rng = np.random.default_rng(seed)
    n = 300
    columns = {"q": rng.integers(1, 6, n).astype(float), "r": rng.integers(1, 6, n).astype(float)}
    where = {
        "domain": rng.integers(0, domains, n),
        "stratum": rng.integers(0, 3, n),
        "psu": rng.choice(list(psus), n),
        "weights": rng.uniform(1, 3, n),
    }
    measures = [Measure("q", ("q",), favourable=(4, 5)), Measure("r", ("r",))]
    return cells_from_rows(columns, **where, measures=measures)


@pytest.mark.parametrize("measure", ["q", "r"])
def test_covariances_between_domains_are_those_of_every_pair_of_places(measure):
    cells = sample(1)
    assert domain_covariance(cells, measure) == pytest.approx(brute(cells, cells, measure), rel=1e-9, abs=1e-15)


def test_the_diagonal_is_the_variance_of_the_estimate():
    cells = sample(2)
    assert np.diag(domain_covariance(cells, "q")) == pytest.approx(ratio_table(cells).variance[:, 0])


def test_waves_that_share_some_places_covary_by_those():
    now, before = sample(3, psus=range(8)), sample(4, psus=range(5, 14))
    found = wave_covariance(now, before, "r")
    assert found == pytest.approx(brute(now, before, "r"), rel=1e-9, abs=1e-15)
    assert np.abs(found).max() > 0
    bound = np.sqrt(np.outer(ratio_table(now).variance[:, 1], ratio_table(before).variance[:, 1]))
    assert (np.abs(found) <= bound).all()


def test_waves_in_other_places_are_independent():
    assert not wave_covariance(sample(3, psus=range(8)), sample(4, psus=range(20, 28)), "q").any()


def test_agencies_that_are_strata_of_their_own_are_independent():
    rng = np.random.default_rng(8)
    agency = np.repeat(np.arange(5), 20)
    cells = cells_from_rows(
        {"q": rng.integers(1, 6, 100).astype(float)},
        domain=agency,
        stratum=agency,
        psu=rng.integers(0, 4, 100),
        measures=[Measure("q", ("q",), favourable=(4, 5))],
    )
    found = domain_covariance(cells, "q")
    assert found - np.diag(np.diag(found)) == pytest.approx(np.zeros((5, 5)), abs=1e-18)


def test_a_measure_that_was_not_summed_is_refused():
    cells = cells_from_sums(["A"], [1], [1], respondents=[4], sums={"staff": Sums([4], [4], [3])})
    with pytest.raises(AnalysisError, match="choose one of staff"):
        domain_covariance(cells, "result")


def test_the_reach_grows_with_the_level_whatever_the_covariance():
    # The p-value is the only level at which the interval touches 0 because of this.
    one, other = share(0.5, 400), share(0.98, 100)
    most = one.standard_error * other.standard_error
    for part in (-0.99, 0, 0.5, 0.99):
        reach = _combined(difference(one, other, covariance=part * most))
        sides = np.array([reach(t) for t in np.linspace(0, 30, 400)])
        assert (np.diff(sides, axis=0) >= -1e-12).all()
