"""Designs: what is refused and how, and figures worked by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from analysis.design import SurveyDesign
from analysis.errors import AnalysisError
from analysis.estimates import mean, proportion, ratio, total
from analysis.pairwise import hartley_rao, joint_probabilities, overton, poisson
from analysis.quantiles import quantile
from analysis.replicates import ReplicateDesign
from analysis.replication import balanced_half_samples, bootstrap, jackknife

FOUR = {"weights": [1.0, 1.0, 1.0, 1.0]}


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"weights": [1, -2, 1, 1]}, "weights, row 2: -2.0 is not a number from 0"),
        ({"weights": [1, np.nan, 1, 1]}, "weights, row 2: nan"),
        ({"weights": [1, "x", 1, 1]}, "weights, row 2: 'x' is not a number"),
        ({"weights": [0, 0, 0, 0]}, "all weights are zero"),
        ({"strata": [1, 1, 2]}, "strata has 3 rows, but weights has 4"),
        ({"strata": ["a", "a", "", "b"]}, "strata, row 3 has no label"),
        ({"psu": [1, 2, None, 4]}, "psu, row 3 has no label"),
        ({"strata": [1, 1, 2, 2], "psu": [1, 2, 2, 3], "nested": False}, "psu 2 lies in strata 1 and 2"),
        ({"fpc": [3, 3, 3, 3]}, "row 1: a population of 3 is smaller than the 4 units drawn"),
        ({"fpc": [9, 9, 9, 8]}, "fpc of stage 1, row .: . differs"),
        ({"fpc": [9, 9, 0.5, 9]}, "row 3: 0.5 is neither a population size"),
        ({"fpc": [[9, 9, 9, 9], [2, 2, 2, 2]]}, "fpc has 2 stages but the design 1"),
        ({"fpc": [9, 9, 9, 9], "pps": "brewer"}, "probabilities up to 1"),
        ({"lonely_psu": "ignore"}, "lonely_psu ignore is not known: choose one of error, adjust"),
        ({"pps": "systematic"}, "pps systematic is not known"),
        ({"weights": None}, "a design needs at least weights"),
        ({"weights": None, "strata": [1, 1, 1, 1]}, "weights are needed"),
    ],
)
def test_a_wrong_declaration_is_refused_with_its_place(columns, message):
    with pytest.raises(AnalysisError, match=message):
        SurveyDesign.from_columns(**{**FOUR, **columns})


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (lambda d: mean(d, [1, 2]), "value has 2 values for 4 rows"),
        (lambda d: mean(d, ["1", "2", "good", "4"]), "value, row 3: 'good' is not a number"),
        (lambda d: mean(d, [1, 2, 3, 4], where=[1, 0, 1, 0]), "where must say True or False"),
        (lambda d: mean(d, [1, 2, 3, 4], design_effect="kish"), "design_effect kish is not known"),
        (lambda d: proportion(d, list("abab"), level="c"), "value has no level c: it has a, b"),
        (lambda d: quantile(d, [1, 2, 3, 4], 1.5), "probability 1.5"),
        (lambda d: quantile(d, [1, 2, 3, 4], 0.5, rule="type7"), "rule type7 is not known"),
        (lambda d: quantile(d, [1, 2, 3, 4], 0.5, interval="quantile"), "needs replicate weights"),
        (lambda d: mean(d, [1, 2, 3, 4])[0].interval(method="wilson"), "is for shares, not for a mean"),
        (lambda d: mean(d, [1, 2, 3, 4])[0].interval(method="bayes"), "unknown interval method bayes"),
        (lambda d: mean(d, [1, 2, 3, 4])[0].interval(confidence_level=95), "give 0.95 for 95%"),
        (lambda d: mean(d, [1, 2, 3, 4]).linear([1, 1]), "2 coefficients for 1 estimates"),
        (lambda d: mean(d, [1, 2, 3, 4]).find(variable="q9"), "0 estimates are labelled"),
        (lambda d: mean(d, [np.nan] * 4)[0], "nobody answered value"),
        (lambda d: mean(d, [1, 2, 3, 4]).smooth(lambda x: float(x[0])), "give its gradient"),
        (lambda d: mean(d, [1, 2, 3, 4]).smooth(lambda x: abs(x[0])), "give its gradient"),
        (lambda d: mean(d, [1, 2, 3, 4]).smooth(lambda x: math.log(x[0])), "give its gradient"),
    ],
)
def test_a_wrong_question_is_refused(asked, message):
    with pytest.raises(AnalysisError, match=message):
        asked(SurveyDesign.from_columns(**FOUR))


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (lambda: ReplicateDesign.from_columns([1, 1], [[1], [2]], method="jk1"), "at least two columns"),
        (lambda: ReplicateDesign.from_columns([1, 1], np.ones((2, 3)), method="jk3"), "unknown replicate method jk3"),
        (lambda: ReplicateDesign.from_columns([1, 1], np.ones((2, 3)), method="jkn"), "scale of each replicate"),
        (lambda: ReplicateDesign.from_columns([1, 1], np.ones((2, 3)), method="fay", fay_rho=1), "rho 1"),
        (lambda: ReplicateDesign.from_columns([1, 1], np.ones((3, 3)), method="brr"), "3 rows, but"),
        (lambda: ReplicateDesign.from_columns([1, 1], [[1, np.nan], [1, 1]], method="brr"), "row 1, column 2"),
        (lambda: jackknife(SurveyDesign.from_columns([1, 1, 1], strata=[1, 1, 2])), "one PSU each"),
        (lambda: balanced_half_samples(SurveyDesign.from_columns([1, 1, 1])), "two PSUs in every stratum"),
        (
            lambda: bootstrap(SurveyDesign.from_columns([1, 1]), rng=np.random.default_rng(1), replicates=1),
            "too few to vary",
        ),
        (lambda: joint_probabilities([[0.5, 0], [0, 0.5]]), "above 0"),
        (lambda: joint_probabilities([0.5, 0.5]), "square matrix"),
        (lambda: overton([0.5, 0.5], estimator="SYG"), "choose HT or YG"),
    ],
)
def test_wrong_replicates_and_probabilities_are_refused(made, message):
    with pytest.raises(AnalysisError, match=message):
        made()


def test_sizes_and_fractions_say_the_same():
    y = np.array([3.0, 5.0, 4.0, 8.0, 1.0, 6.0])
    strata = [1, 1, 1, 2, 2, 2]
    sizes = SurveyDesign.from_columns(strata=strata, fpc=[9, 9, 9, 12, 12, 12])
    shares = SurveyDesign.from_columns(strata=strata, fpc=[1 / 3, 1 / 3, 1 / 3, 0.25, 0.25, 0.25])
    assert sizes.weights == pytest.approx(shares.weights)
    assert mean(sizes, y)[0].standard_error == pytest.approx(mean(shares, y)[0].standard_error)
    # Cochran's stratified mean: Σ (N_h/N)² (1 - f_h) s_h²/n_h, with N_h/N = 3/7 and 4/7.
    expected = (3 / 7) ** 2 * (2 / 3) * 1.0 / 3 + (4 / 7) ** 2 * (3 / 4) * 13.0 / 3
    assert mean(sizes, y)[0].variance == pytest.approx(expected)


def test_two_stages_by_hand():
    # Two of four PSUs, two of ten in each: totals 10·(1 + 3)/2·…; V = 4²(1 - 1/2)/2·s²(t̂) + 4/2·Σ 10²(1 - 1/5)/2·s².
    y = np.array([1.0, 3.0, 4.0, 8.0])
    design = SurveyDesign.from_columns(psu=[1, 1, 2, 2], ssu=[1, 2, 1, 2], fpc=[[4] * 4, [10] * 4])
    totals = 10 * np.array([2.0, 6.0])
    expected = 16 * 0.5 / 2 * np.var(totals, ddof=1) + 2 * (100 * 0.8 / 2 * 2.0 + 100 * 0.8 / 2 * 8.0)
    assert total(design, y).covariance[0, 0] == pytest.approx(expected)


def test_equal_probabilities_by_any_formula_are_simple_random_sampling():
    y = np.array([2.0, 7.0, 4.0, 9.0, 5.0])
    share = np.full(5, 0.25)
    usual = total(SurveyDesign.from_columns(fpc=share), y).covariance[0, 0]
    brewer = SurveyDesign.from_columns(fpc=share, pps="brewer")
    pair = 0.25 * 4 / 19
    joint = np.where(np.eye(5) == 1, 0.25, pair)
    exact = joint_probabilities(joint, estimator="YG", tolerance=0)
    assert total(brewer, y).covariance[0, 0] == pytest.approx(usual)
    assert total(brewer.with_joint_probabilities(exact), y).covariance[0, 0] == pytest.approx(usual)
    for approximate in (overton(share), hartley_rao(share)):
        with_all = total(brewer.with_joint_probabilities(approximate), y).covariance[0, 0]
        assert with_all == pytest.approx(usual, rel=0.05)


def test_poisson_sampling_by_hand():
    design = SurveyDesign.from_columns(fpc=[0.5, 0.25], pps="brewer").with_joint_probabilities(poisson([0.5, 0.25]))
    # Σ (1 - π) (y/π)².
    assert total(design, [3.0, 2.0]).covariance[0, 0] == pytest.approx(0.5 * 36 + 0.75 * 64)


def test_joint_probabilities_must_be_of_the_respondents():
    with pytest.raises(AnalysisError, match="2 units for 4 respondents"):
        SurveyDesign.from_columns(**FOUR).with_joint_probabilities(poisson([0.5, 0.5]))


def test_a_domain_without_answers_leaves_the_others_their_covariance():
    design = SurveyDesign.from_columns(**FOUR)
    table = mean(design, [1.0, 2.0, np.nan, np.nan], by={"town": list("aabb")})
    assert table.estimates[1] is None
    assert table[0].value == 1.5
    assert np.isnan(table.covariance[1]).all()
    assert table.intervals()[1] is None


def test_weights_of_zero_are_respondents_outside_every_domain():
    design = SurveyDesign.from_columns([2.0, 2.0, 0.0])
    found = mean(design, [1.0, 3.0, 100.0])[0]
    assert (found.value, found.respondents) == (2.0, 2)


def test_a_share_nobody_chose_is_zero_and_has_an_interval():
    found = proportion(SurveyDesign.from_columns(np.ones(30)), np.zeros(30), level=1)[0]
    assert (found.value, found.standard_error) == (0.0, 0.0)
    # Clopper and Pearson for 0 of 30: 1 - 0.025^(1/30).
    assert found.interval().high == pytest.approx(1 - 0.025 ** (1 / 30))


def test_a_function_of_estimates_agrees_with_the_ratio_it_is():
    rng = np.random.default_rng(4)
    y, x = rng.uniform(1, 2, 50), rng.uniform(2, 3, 50)
    design = SurveyDesign.from_columns(rng.uniform(1, 3, 50), psu=np.arange(50) // 5)
    direct = ratio(design, y, x)[0]
    totals = total(design, {"y": y, "x": x})
    smooth = totals.smooth(lambda t: t[0] / t[1])
    gradient = [1 / totals.values[1], -totals.values[0] / totals.values[1] ** 2]
    assert smooth.standard_error == pytest.approx(direct.standard_error, rel=1e-10)
    by_hand = totals.smooth(lambda t: t[0] / t[1], gradient=gradient)
    assert by_hand.standard_error == pytest.approx(smooth.standard_error, rel=1e-12)
