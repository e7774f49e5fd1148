"""Ranks, their simultaneous sets and groups: against published sets, textbook tests of two, and brute force."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from analysis.errors import AnalysisError
from analysis.rank_sets import critical_value
from analysis.ranking import NO_ERROR, NO_INDEX, TOO_FEW, Place, rank_agencies
from analysis.results import Estimate, Kind

seeds = st.integers(0, 2**32 - 1)


def share(favourable, respondents, *, freedom=np.inf, deff=1.0):
    p = favourable / respondents
    error = np.sqrt(deff * p * (1 - p) / respondents)
    return Estimate(p, float(error), freedom, respondents, sum_weights=respondents, kind=Kind.SHARE)


def mean(value, error, *, freedom=np.inf, respondents=100):
    return Estimate(value, error, freedom, respondents, sum_weights=respondents)


def agencies(rng, count, *, lowest=30):
    """Shares of any kind: crowded near 1, some perfect, some tied, with few or many degrees of freedom."""
    respondents = rng.integers(lowest, 400, count)
    favourable = rng.binomial(respondents, rng.choice([0.6, 0.8, 0.95, 0.99], count))
    freedom = rng.choice([3.0, 12.0, 60.0, np.inf], count)
    deff = rng.uniform(0.5, 3, count)
    drawn = zip(favourable, respondents, freedom, deff, strict=True)
    return [share(int(x), int(n), freedom=float(f), deff=float(d)) for x, n, f, d in drawn]


def sets(ranking):
    return [(place.low, place.high) for place in ranking.places]


def stepwise_sets(value, error, rng, *, draws=4000, level=0.95):
    """The sets of Mogstad, Romano, Shaikh & Wilhelm by simulation, each direction of each pair a hypothesis."""
    scale = np.hypot(error[:, None], error)
    drawn = rng.standard_normal((draws, len(value))) * error
    drawn = (drawn[:, :, None] - drawn[:, None, :]) / scale
    statistic = (value[:, None] - value) / scale
    left = ~np.eye(len(value), dtype=bool)
    while True:
        new = left & (statistic > np.quantile(drawn[:, left].max(axis=1), level))
        if not new.any():
            break
        left &= ~new
    better = ~left & ~np.eye(len(value), dtype=bool)
    return list(zip(1 + better.sum(axis=0), len(value) - better.sum(axis=1), strict=True))


def test_sets_are_hardly_wider_than_those_simulated_step_by_step():
    rng = np.random.default_rng(20261125)
    ours_in_all = theirs_in_all = 0
    for spread in (1, 2, 4, 8):
        error = rng.choice([0.5, 0.7, 1.0], 30)
        value = rng.normal(0, spread, 30)
        ours = sets(rank_agencies([mean(v, e) for v, e in zip(value, error, strict=True)]))
        theirs = stepwise_sets(value, error, rng)
        # Ours takes neither chance nor steps, so that it is as wide or wider.
        assert all(low <= inner and high >= outer for (low, high), (inner, outer) in zip(ours, theirs, strict=True))
        ours_in_all += sum(high - low for low, high in ours)
        theirs_in_all += sum(high - low for low, high in theirs)
    assert ours_in_all < 1.03 * theirs_in_all


@pytest.mark.parametrize("other", [0, 3, 25, 38, 40])
def test_two_shares_differ_when_the_corrected_likelihood_ratio_test_of_their_table_says_so(other):
    for favourable in range(61):
        found = rank_agencies([share(favourable, 60), share(other, 40)]).differs[0, 1]
        table = np.array([[favourable, 60 - favourable], [other, 40 - other]])
        if (table.sum(axis=0) == 0).any():
            assert not found
            continue
        assert found == (stats.chi2_contingency(table, correction=True, lambda_="log-likelihood").pvalue < 0.05)


@given(seed=seeds)
@settings(max_examples=50, deadline=None)
def test_two_means_differ_when_welch_s_test_says_so(seed):
    rng = np.random.default_rng(seed)
    (a, b), (sa, sb), (na, nb) = rng.normal(4, 0.3, 2), rng.uniform(0.5, 2, 2), rng.integers(30, 90, 2)
    ranking = rank_agencies(
        [
            mean(a, sa / np.sqrt(na), freedom=float(na - 1), respondents=int(na)),
            mean(b, sb / np.sqrt(nb), freedom=float(nb - 1), respondents=int(nb)),
        ]
    )
    pvalue = stats.ttest_ind_from_stats(a, sa, na, b, sb, nb, equal_var=False).pvalue
    assert ranking.differs[0, 1] == (pvalue < 0.05)


@pytest.mark.parametrize("confidence_level", [0.5, 0.9, 0.95, 0.999])
@pytest.mark.parametrize("count", [3, 14, 102, 500])
def test_the_critical_value_is_the_studentized_range_s(count, confidence_level):
    known = stats.studentized_range.ppf(confidence_level, count, np.inf) / np.sqrt(2)
    # Scipy integrates in two dimensions to about 1e-9.
    assert critical_value(count, confidence_level=confidence_level) == pytest.approx(known, abs=1e-7)


def test_the_critical_value_holds_for_unequal_errors_where_it_was_simulated():
    rng = np.random.default_rng(20261125)
    for count in (3, 8, 20):
        error = rng.choice([1.0, 2.0, 5.0], count)
        drawn = rng.standard_normal((20_000, count)) * error
        first, second = np.triu_indices(count, 1)
        largest = np.abs(drawn[:, first] - drawn[:, second]) / np.hypot(error[first], error[second])
        exceeded = (largest.max(axis=1) > critical_value(count)).mean()
        # Not more than 5 %, but for the simulation's own error, and not far below.
        assert 0.03 < exceeded < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 20_000)


@given(seed=seeds, count=st.integers(2, 12))
@settings(max_examples=60, deadline=None)
def test_sets_lie_within_bonferroni_s_and_hold_the_rank(seed, count):
    rng = np.random.default_rng(seed)
    estimates = [share(int(rng.binomial(n, rng.uniform(0.6, 1))), int(n)) for n in rng.integers(30, 300, count)]
    ranking = rank_agencies(estimates)
    better, worse = np.zeros(count, int), np.zeros(count, int)
    for i, j in combinations(range(count), 2):
        table = np.array(
            [[e.value * e.respondents, (1 - e.value) * e.respondents] for e in (estimates[i], estimates[j])]
        )
        if (table.sum(axis=0) < 0.5).any():
            continue
        pvalue = stats.chi2_contingency(table, correction=True, lambda_="log-likelihood").pvalue
        if pvalue < 0.05 / (count * (count - 1) / 2):
            up, down = (i, j) if estimates[i].value > estimates[j].value else (j, i)
            worse[up] += 1
            better[down] += 1
        else:
            # Together, all pairs ask for more than one pair alone.
            assert pvalue < 0.05 or not ranking.differs[i, j]
    for place, above, below in zip(ranking.places, better, worse, strict=True):
        assert 1 + above <= place.low <= place.rank <= place.high <= count - below


@given(seed=seeds, count=st.integers(1, 20))
@settings(max_examples=60, deadline=None)
def test_the_order_of_the_agencies_changes_nothing(seed, count):
    rng = np.random.default_rng(seed)
    estimates = agencies(rng, count)
    order = rng.permutation(count)
    plain, mixed = rank_agencies(estimates), rank_agencies([estimates[place] for place in order])
    assert mixed.places == tuple(plain.places[place] for place in order)
    assert (mixed.differs == plain.differs[np.ix_(order, order)]).all()


@given(seed=seeds, count=st.integers(2, 20))
@settings(max_examples=60, deadline=None)
def test_agencies_of_a_group_are_neighbours_that_cannot_be_told_apart(seed, count):
    ranking = rank_agencies(agencies(np.random.default_rng(seed), count))
    by_rank = sorted(range(count), key=lambda place: ranking.places[place].rank)
    labels = [ranking.places[place].group for place in by_rank]
    assert labels == sorted(labels)
    for label in set(labels):
        members = [place for place in by_rank if ranking.places[place].group == label]
        assert not ranking.differs[np.ix_(members, members)].any()
    # The next group opens where it must, and ties stay together.
    for first, second in pairwise(sorted(set(labels))):
        members = [place for place in by_rank if ranking.places[place].group == first]
        opening = ranking.places[by_rank[labels.index(second)]].rank
        block = [place for place in by_rank if ranking.places[place].rank == opening]
        assert ranking.differs[np.ix_(block, members)].any()
        assert {ranking.places[place].group for place in block} == {second}


@given(seed=seeds, count=st.integers(2, 15), wider=st.floats(1.0, 4.0))
@settings(max_examples=60, deadline=None)
def test_less_precise_estimates_and_more_confidence_never_narrow_a_set(seed, count, wider):
    rng = np.random.default_rng(seed)
    known = [e for e in agencies(rng, count) if e.standard_error] or [share(30, 40)]
    blurred = [
        Estimate(e.value, wider * e.standard_error, e.degrees_of_freedom, e.respondents, e.sum_weights, kind=Kind.SHARE)
        for e in known
    ]
    narrow = sets(rank_agencies(known))
    for wide in (sets(rank_agencies(blurred)), sets(rank_agencies(known, confidence_level=0.99))):
        assert all(low <= inner and high >= outer for (low, high), (inner, outer) in zip(wide, narrow, strict=True))


def test_ties_share_the_best_rank_and_the_next_one_is_left_out():
    # 0.1 + 0.2 and 0.3 differ in the last digit only.
    estimates = [mean(0.1 + 0.2, 0.01), mean(0.3, 0.01), mean(0.9, 0.01), mean(0.0, 0.01)]
    ranking = rank_agencies(estimates)
    assert [place.rank for place in ranking.places] == [2, 2, 1, 4]
    assert sets(ranking) == [(2, 3), (2, 3), (1, 1), (4, 4)]
    assert [place.group for place in ranking.places] == ["B", "B", "A", "C"]


def test_unrounded_values_are_ranked():
    assert [place.rank for place in rank_agencies([share(8153, 10_000), share(81_534, 100_000)]).places] == [2, 1]


def test_agencies_without_rank_say_why_and_leave_the_others_alone():
    ranked = [share(33, 40), share(90, 100, freedom=12)]
    alone = Estimate(1.0, None, 0, 40, 40, kind=Kind.SHARE)
    unknown = Estimate(0.8, 0.1, 0, 40, 40, kind=Kind.SHARE)
    others = [None, share(29, 29), alone, unknown]
    ranking = rank_agencies([others[0], ranked[0], *others[1:], ranked[1]])
    reasons = (NO_INDEX, None, TOO_FEW, NO_ERROR, NO_ERROR, None)
    assert tuple(place.reason for place in ranking.places) == reasons
    assert all(place == Place(reason=place.reason) for place in ranking.places if not place.ranked)
    assert [place for place in ranking.places if place.ranked] == list(rank_agencies(ranked).places)
    assert not ranking.differs[[0, 2, 3, 4]].any()
    assert TOO_FEW.format(minimum=ranking.minimum_respondents) == "Fewer than 30 respondents: no rank"


def test_the_minimum_can_be_changed():
    estimates = [share(18, 20), share(40, 50)]
    assert [place.rank for place in rank_agencies(estimates, minimum_respondents=20).places] == [1, 2]
    assert [place.rank for place in rank_agencies(estimates, minimum_respondents=51).places] == [None, None]


def test_a_mean_that_everybody_shares_has_no_rank_but_a_share_has():
    assert rank_agencies([mean(5.0, 0.0), mean(4.0, 0.1)]).places[0].reason == NO_ERROR
    assert rank_agencies([share(40, 40), share(35, 40)]).places[0].rank == 1


def test_perfect_scores_of_few_are_not_told_from_good_ones():
    ranking = rank_agencies([share(30, 30), share(92, 100), share(0, 30), share(0, 40)])
    assert [place.rank for place in ranking.places] == [1, 2, 3, 3]
    assert sets(ranking) == [(1, 2), (1, 2), (3, 4), (3, 4)]
    assert [place.group for place in ranking.places] == ["A", "A", "B", "B"]


def test_a_share_whose_sums_are_off_1_by_rounding_counts_as_1():
    rounded = Estimate(1 - 2**-53, 1e-17, 39, 40, 40, kind=Kind.SHARE)
    beyond = Estimate(1 + 2**-52, 0.0, 39, 40, 40, kind=Kind.SHARE)
    exact = share(40, 40, freedom=39)
    others = [share(90, 100), share(60, 90)]
    for near in (rounded, beyond):
        assert rank_agencies([near, *others]) == rank_agencies([exact, *others])
        assert [place.rank for place in rank_agencies([near, exact]).places] == [1, 1]


def test_hardly_any_degrees_of_freedom_tell_nothing_apart():
    assert not rank_agencies([share(20, 40, freedom=1), share(36, 40, freedom=1)]).differs.any()
    assert rank_agencies([share(20, 40, freedom=38), share(36, 40, freedom=38)]).differs[0, 1]


def test_nobody_and_one_agency_have_a_ranking_too():
    assert rank_agencies([]).places == ()
    assert rank_agencies([share(35, 40)]).places == (Place(1, 1, 1, "A"),)
    assert rank_agencies([None, None]).places == (Place(reason=NO_INDEX),) * 2


def test_groups_go_on_after_z():
    ranking = rank_agencies([mean(-float(place), 0.001) for place in range(28)])
    assert [place.group for place in ranking.places][24:] == ["Y", "Z", "AA", "AB"]


def test_what_goes_together_is_told_apart_more_easily():
    estimates = [mean(4.2, 0.1), mean(4.0, 0.1)]
    # Var(a - b) = 0.01 + 0.01 - 2 rho 0.01; the difference 0.2 exceeds 1.96 of its errors from rho = 0.479 on.
    for correlation, told in ((0.47, False), (0.49, True), (-0.5, False)):
        matrix = np.array([[1, correlation], [correlation, 1]])
        assert rank_agencies(estimates, correlation=matrix).differs[0, 1] == told
    assert rank_agencies([mean(4.0, 0.1)] * 2, correlation=np.ones((2, 2))).places[1].rank == 1


def test_correlations_of_those_without_rank_or_without_value_do_not_matter():
    estimates = [share(36, 40), share(5, 5), share(20, 40)]
    matrix = np.eye(3)
    matrix[1, :] = matrix[:, 1] = matrix[0, 2] = matrix[2, 0] = np.nan
    assert rank_agencies(estimates, correlation=matrix) == rank_agencies(estimates)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"confidence_level": 95}, "confidence level 95"),
        ({"minimum_respondents": 0}, "a minimum of 0 respondents"),
        ({"correlation": [1, 0]}, "square of as many rows"),
        ({"correlation": [[1, 0.5], [0.2, 1]]}, "symmetric"),
        ({"correlation": [[1, 2.0], [2.0, 1]]}, "within -1 and 1"),
        ({"correlation": [[0.002, 0.001], [0.001, 0.002]]}, "divide covariances"),
    ],
)
def test_impossible_options_are_refused(options, message):
    with pytest.raises(AnalysisError, match=message):
        rank_agencies([share(35, 40), share(30, 40)], **options)


def test_shares_and_means_are_not_ranked_together():
    with pytest.raises(AnalysisError, match="one kind"):
        rank_agencies([share(35, 40), mean(4.1, 0.1)])
