"""Tests and regressions: identities that hold whatever the data, and what is said of impossible questions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import distributions
from analysis.association import METHODS, independence_test
from analysis.design import SurveyDesign
from analysis.errors import AnalysisError
from analysis.models import agency_against_rest, linear_regression, logistic_regression
from analysis.reliability import cronbach_alpha
from analysis.ttests import difference_test, mean_test

seeds = st.integers(0, 2**32 - 1)


def sample(seed: int, respondents: int = 120):
    """A stratified cluster sample with a score, a group and a few missing answers."""
    rng = np.random.default_rng(seed)
    psu = rng.integers(0, 24, respondents)
    group = rng.integers(0, 2, respondents)
    scores = rng.normal(3 + 0.3 * group + 0.1 * (psu % 5), 1)
    scores[rng.random(respondents) < 0.05] = np.nan
    design = SurveyDesign.from_columns(rng.uniform(1, 5, respondents), strata=psu % 4, psu=psu, lonely_psu="adjust")
    return rng, design, scores, group


def linearised_mean(design, scores, inside):
    valid = ~np.isnan(scores) & inside
    weights = np.where(valid, design.weights, 0)
    mean = weights @ np.nan_to_num(scores) / weights.sum()
    return mean, np.where(valid, weights * (np.nan_to_num(scores) - mean) / weights.sum(), 0)


@given(seed=seeds)
@settings(max_examples=25, deadline=None)
def test_the_difference_of_two_groups_is_that_of_their_linearised_means(seed):
    _, design, scores, group = sample(seed)
    test = difference_test(design, scores, np.array(["men", "women"])[group])
    (first, first_influence), (second, second_influence) = (linearised_mean(design, scores, group == g) for g in (0, 1))
    influence = second_influence - first_influence
    variance = design.covariance(influence, domain=~np.isnan(scores))[0, 0]
    assert test.estimate == pytest.approx(second - first, rel=1e-9)
    assert test.standard_error == pytest.approx(np.sqrt(variance), rel=1e-9)


@given(seed=seeds)
@settings(max_examples=25, deadline=None)
def test_a_regression_on_nothing_but_the_intercept_is_the_mean(seed):
    _, design, scores, _ = sample(seed)
    fit, test = linear_regression(design, scores, {}), mean_test(design, scores)
    assert fit.coefficients[0] == pytest.approx(test.estimate, rel=1e-11)
    assert fit.standard_errors[0] == pytest.approx(test.standard_error, rel=1e-9)


@given(seed=seeds)
@settings(max_examples=25, deadline=None)
def test_a_logistic_regression_on_a_group_gives_the_log_odds_of_each(seed):
    rng, design, _, group = sample(seed)
    yes = rng.random(len(group)) < 0.4 + 0.3 * group
    fit = logistic_regression(design, yes, {"group": group})
    shares = [design.weights[group == g] @ yes[group == g] / design.weights[group == g].sum() for g in (0, 1)]
    odds = [share / (1 - share) for share in shares]
    np.testing.assert_allclose(np.exp(fit.coefficients), [odds[0], odds[1] / odds[0]], rtol=1e-10)


@given(seed=seeds, scale=st.floats(1e-3, 1e3))
@settings(max_examples=20, deadline=None)
def test_models_do_not_depend_on_the_scale_of_the_weights_or_the_order_of_rows(seed, scale):
    rng, design, scores, group = sample(seed)
    fit = linear_regression(design, scores, {"group": group})
    order = rng.permutation(len(scores))
    psu = design.stages[0].unit[order]
    other = SurveyDesign.from_columns(
        design.weights[order] * scale,
        strata=design.stages[0].stratum_of_unit[psu],
        psu=psu,
        lonely_psu="adjust",
    )
    again = linear_regression(other, scores[order], {"group": group[order]})
    np.testing.assert_allclose(again.coefficients, fit.coefficients, rtol=1e-9)
    np.testing.assert_allclose(again.covariance, fit.covariance, rtol=1e-8)
    assert again.dispersion == pytest.approx(fit.dispersion, rel=1e-9)


@given(seed=seeds)
@settings(max_examples=20, deadline=None)
def test_a_domain_is_a_question_about_some_within_the_whole_design(seed):
    rng, design, scores, group = sample(seed)
    inside = rng.random(len(scores)) < 0.7
    fit = linear_regression(design, scores, {"group": group}, domain=inside)
    blanked = np.where(inside, scores, np.nan)
    without = linear_regression(design, blanked, {"group": group})
    np.testing.assert_allclose(fit.coefficients, without.coefficients, rtol=1e-12)
    np.testing.assert_allclose(fit.covariance, without.covariance, rtol=1e-12)
    assert fit.degrees_of_freedom == without.degrees_of_freedom


@given(seed=seeds)
@settings(max_examples=20, deadline=None)
def test_association_does_not_depend_on_which_variable_is_called_rows(seed):
    rng, design, _, group = sample(seed)
    other = rng.integers(0, 3, len(group))
    for method in METHODS:
        one = independence_test(design, group, other, method=method)
        two = independence_test(design, other, group, method=method)
        assert one.statistic == pytest.approx(two.statistic, rel=1e-8)
        assert one.p_value == pytest.approx(two.p_value, rel=1e-6)


def test_a_two_by_two_table_of_a_simple_sample_is_pearsons_test_but_for_n_over_n_less_one():
    rows, columns = np.repeat(["a", "a", "b", "b"], [30, 20, 25, 45]), np.repeat(["x", "y", "x", "y"], [30, 20, 25, 45])
    test = independence_test(SurveyDesign.from_columns(np.ones(120)), rows, columns, method="chi_square")
    # By hand: 120 (30·45 − 20·25)² / (50·70·55·65).
    assert test.statistic == pytest.approx(120 * (30 * 45 - 20 * 25) ** 2 / (50 * 70 * 55 * 65), rel=1e-12)
    assert test.p_value == pytest.approx(distributions.chi_square_above(test.statistic * 119 / 120, 1), rel=1e-9)


def test_identical_items_are_a_perfectly_reliable_scale():
    scores = np.array([1.0, 2.0, 5.0, np.nan])
    assert cronbach_alpha(SurveyDesign.from_columns(np.ones(4)), {"a": scores, "b": scores}) == pytest.approx(1)


def test_an_interval_at_another_level_is_wider():
    test = mean_test(SurveyDesign.from_columns(np.ones(6)), [1, 2, 3, 4, 5, np.nan], hypothesis=1)
    assert test.interval(confidence_level=0.99).width > test.interval().width
    assert test.respondents == 5


def test_without_degrees_of_freedom_there_is_an_estimate_and_no_verdict():
    design = SurveyDesign.from_columns(np.ones(4), psu=[1, 1, 2, 2])
    test = difference_test(design, [1, 2, 4, 3], ["a", "b", "a", "b"])
    assert test.degrees_of_freedom == 0
    assert np.isnan(test.p_value)
    assert np.isnan(test.interval().low)
    assert np.isnan(linear_regression(design, [1, 2, 4, 3], {"x": [1, 2, 1, 2]}).intervals()[0].low)


def test_the_mixture_of_one_weight_far_from_its_mean_is_nearly_the_f_distribution():
    assert distributions.mixture_above(9.0, np.array([1.0]), denominator=60) == pytest.approx(
        distributions.f_above(9.0, 1, 60), rel=0.1
    )


def test_the_mixture_at_its_mean_falls_back_to_satterthwaite():
    # At the mean the saddlepoint is at zero, where its formula is 0/0.
    value = distributions.mixture_above(2.0000001, np.array([1.0, 1.0]), denominator=1e6)
    assert value == pytest.approx(distributions.f_above(1.0, 2, 1e6), rel=0.01)


FOUR = SurveyDesign.from_columns(np.ones(4))
REFUSED = {
    "an unknown test": (
        lambda: independence_test(FOUR, list("aabb"), list("xyxy"), method="G"),
        "test G: choose one of",
    ),
    "one level": (lambda: independence_test(FOUR, list("aaaa"), list("xyxy")), "two levels or more, rows has 1"),
    "one group": (lambda: difference_test(FOUR, [1, 2, 3, 4], list("aaaa")), "two groups, not 1: a"),
    "three groups": (lambda: difference_test(FOUR, [1, 2, 3, 4], list("abca")), "two groups, not 3: a, b, c"),
    "no scores": (lambda: mean_test(FOUR, [np.nan] * 4), "nobody has a score"),
    "one item": (lambda: cronbach_alpha(FOUR, {"a": [1, 2, 3, 4]}), "two items or more, not 1"),
    "a constant sum": (
        lambda: cronbach_alpha(FOUR, {"a": [1, 2, 1, 2], "b": [2, 1, 2, 1]}),
        "the sum of the items does not vary",
    ),
    "a redundant predictor": (
        lambda: linear_regression(FOUR, [1, 2, 3, 5], {"x": [1, 2, 3, 4], "twice": [2, 4, 6, 8]}),
        "twice is constant or told by the other predictors",
    ),
    "an agency that is not there": (
        lambda: agency_against_rest(FOUR, [1, 2, 3, 5], list("aabb"), "c"),
        "agency is constant or told by",
    ),
    "too few respondents": (
        lambda: linear_regression(FOUR, [1, 2, np.nan, np.nan], {"x": [1, 2, 3, 4]}),
        "2 respondents with every value cannot tell 2 coefficients apart",
    ),
    "a response that is no share": (
        lambda: logistic_regression(FOUR, [0, 1, 2, 0], {}),
        "row 3: the response 2.0 is neither 0 nor 1",
    ),
    "a response that is told without error": (
        lambda: logistic_regression(FOUR, [0, 0, 1, 1], {"x": [1, 2, 3, 4]}),
        "a predictor tells the response without error",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_impossible_questions_are_refused_with_a_reason(case):
    attempt, message = REFUSED[case]
    with pytest.raises(AnalysisError, match=message):
        attempt()
