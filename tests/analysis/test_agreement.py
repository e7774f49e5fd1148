"""Agreement of call-backs: against statsmodels, a textbook, another formula, and a simulation of its standard error."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import fisher_exact
from statsmodels.stats.inter_rater import cohens_kappa as witness
from statsmodels.stats.proportion import proportion_confint

from analysis.agreement import agreement, by_worker, cohens_kappa
from analysis.errors import AnalysisError
from analysis.multiplicity import holm

tables = st.integers(2, 4).flatmap(
    lambda k: st.lists(st.lists(st.integers(0, 30), min_size=k, max_size=k), min_size=k, max_size=k)
)


@given(tables, st.booleans())
def test_kappa_and_its_standard_error_are_those_of_statsmodels(table, ordered):
    counts = np.array(table)
    assume(counts.sum() > 1)
    assume(((counts.sum(axis=0) > 0) & (counts.sum(axis=1) > 0)).sum() > 1)
    expected = witness(counts, wt="quadratic" if ordered else None)
    found = cohens_kappa(counts, ordered=ordered)
    assert found.value == pytest.approx(expected.kappa, abs=1e-9)
    if found.standard_error is None:
        assert np.trace(counts) == counts.sum()
    else:
        assert found.standard_error == pytest.approx(expected.std_kappa, abs=1e-7)


def test_the_textbook_s_two_clinicians():
    # Fleiss, Levin & Paik (2003), table 18.1: kappa .68.
    found = cohens_kappa([[75, 1, 4], [5, 4, 1], [0, 0, 10]])
    assert found.value == pytest.approx(0.68, abs=0.005)


def test_quadratic_weights_give_the_intraclass_correlation():
    # Fleiss & Cohen (1973): 1 - E(x - y)^2 / (var x + var y + (mean x - mean y)^2), from the pairs and not the table.
    chance = np.random.default_rng(3)
    first = chance.integers(1, 6, 400)
    second = np.clip(first + chance.integers(-1, 2, 400), 1, 5)
    expected = 1 - ((first - second) ** 2).mean() / (first.var() + second.var() + (first.mean() - second.mean()) ** 2)
    found = agreement(list(map(str, first)), list(map(str, second)), order="12345")
    assert found.weighted.value == pytest.approx(expected, rel=1e-12)


def test_the_standard_error_is_that_of_repeated_samples():
    shares = np.array([[0.4, 0.1, 0.0], [0.05, 0.2, 0.05], [0.0, 0.05, 0.15]])
    chance = np.random.default_rng(11)
    found = [cohens_kappa(chance.multinomial(300, shares.ravel()).reshape(3, 3)) for _ in range(2000)]
    spread = np.std([one.value for one in found])
    # Of 2000 samples a standard deviation is known to within 1/sqrt(4000) = 1.6 %; three of these.
    assert np.mean([one.standard_error for one in found]) == pytest.approx(spread, rel=0.05)
    truth = cohens_kappa(shares * 1e9).value
    covered = np.mean([one.interval().low <= truth <= one.interval().high for one in found])
    assert covered == pytest.approx(0.95, abs=0.015)


@given(st.integers(1, 200).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n))))
def test_the_share_has_wilson_s_interval(counts):
    pairs, agreeing = counts
    found = agreement(["a"] * pairs, ["a"] * agreeing + ["b"] * (pairs - agreeing)).interval()
    low, high = proportion_confint(agreeing, pairs, method="wilson")
    assert (found.low, found.high) == pytest.approx((max(low, 0), min(high, 1)), abs=1e-9)


def test_where_everybody_says_the_same_there_is_no_kappa_and_perfect_agreement_has_no_error():
    assert agreement(["a", "a"], ["a", "a"]).kappa is None
    found = agreement(["a", "b"], ["a", "b"]).kappa
    assert (found.value, found.standard_error, found.interval()) == (1, None, None)


def test_what_is_not_in_the_order_counts_for_kappa_alone():
    first, second = ["1", "5", "na", "1"], ["1", "4", "3", "na"]
    found = agreement(first, second, order="12345")
    assert (found.pairs, found.agreeing) == (4, 1)
    assert found.weighted.value == agreement(["1", "5"], ["1", "4"], order="12345").weighted.value


@given(st.lists(st.tuples(st.sampled_from("ABC"), st.booleans()), min_size=1, max_size=60))
def test_a_worker_is_compared_with_the_others_by_fisher_s_test(pairs):
    workers, agrees = zip(*pairs, strict=True)
    found = by_worker(workers, agrees)
    chances = []
    for one in found:
        good, own = sum(agrees), sum(worker == one.worker for worker in workers)
        table = [[one.agreeing, own - one.agreeing], [good - one.agreeing, len(pairs) - own - good + one.agreeing]]
        chances.append(None if own == len(pairs) else fisher_exact(table, alternative="less").pvalue)
    for one, expected in zip(found, holm([None if p is None else min(p, 1.0) for p in chances]), strict=True):
        assert one.p_adjusted == (None if expected is None else pytest.approx(expected, abs=1e-9))


def test_where_all_workers_are_alike_few_are_flagged():
    chance = np.random.default_rng(5)
    flags = [
        any(one.flagged for one in by_worker(["A", "B", "C", "D"] * 40, (chance.random(160) < 0.85).tolist()))
        for _ in range(400)
    ]
    # At most 5 % in the long run; 400 trials give 7.2 % or more once in fifty.
    assert np.mean(flags) < 0.072


def test_arguments_that_cannot_be_are_refused():
    with pytest.raises(AnalysisError, match="give pairs"):
        agreement([], [])
    with pytest.raises(AnalysisError, match="give pairs"):
        agreement(["a"], [])
    with pytest.raises(AnalysisError, match="table of pairs"):
        cohens_kappa([[1, 2]])
    with pytest.raises(AnalysisError, match="confidence level 95"):
        agreement(["a"], ["a"]).interval(confidence_level=95)
