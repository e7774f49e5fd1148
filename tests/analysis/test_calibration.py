"""Properties that calibrated weights must have whatever the sample, and what is said of impossible totals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.auxiliaries import total
from analysis.calibration import calibrate, calibrate_replicates, kish_design_effect, post_stratify
from analysis.errors import AnalysisError
from analysis.margins import coded_margin, cross, encode, margin, merged
from analysis.raking import rake, rake_replicates
from analysis.trimming import trim_weights

# Sums of a few hundred numbers, and a solver's own tolerance of 1e-10 left behind by its last step.
MET = 1e-10


@st.composite
def samples(draw):
    """Weights, two crossed margins with every combination present, and a population they can meet."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    rows, columns = draw(st.integers(2, 4)), draw(st.integers(2, 5))
    first = np.concatenate([np.repeat(np.arange(rows), columns), rng.integers(0, rows, 40)])
    second = np.concatenate([np.tile(np.arange(columns), rows), rng.integers(0, columns, 40)])
    weights = rng.uniform(0.5, 4, len(first))
    population = weights * rng.uniform(0.7, 1.4, len(first)) * 10
    return weights, first, second, population


def margins_of(first, second, population):
    return [
        margin("first", first, dict(enumerate(np.bincount(first, population)))),
        margin("second", second, dict(enumerate(np.bincount(second, population)))),
    ]


METHODS = {
    "rake": rake,
    "linear": calibrate,
    "raking": lambda w, m: calibrate(w, m, method="raking"),
    "bounded": lambda w, m: calibrate(w, m, bounds=(0.1, 60.0)),
    "logit": lambda w, m: calibrate(w, m, method="logit", bounds=(0.1, 60.0)),
}


@pytest.mark.parametrize("method", METHODS)
@given(sample=samples())
@settings(max_examples=25, deadline=None)
def test_calibrated_weights_meet_every_margin(method, sample):
    weights, first, second, population = sample
    margins = margins_of(first, second, population)
    result = METHODS[method](weights, margins)
    for each in margins:
        np.testing.assert_allclose(np.bincount(each.codes, result.weights), each.totals, rtol=MET)
    assert result.max_margin_error <= MET


@pytest.mark.parametrize("method", METHODS)
@given(sample=samples())
@settings(max_examples=15, deadline=None)
def test_calibrating_twice_changes_nothing(method, sample):
    weights, first, second, population = sample
    margins = margins_of(first, second, population)
    once = METHODS[method](weights, margins).weights
    np.testing.assert_allclose(METHODS[method](once, margins).weights, once, rtol=1e-8)


@given(sample=samples(), scale=st.floats(1e-3, 1e3))
@settings(max_examples=25, deadline=None)
def test_raking_does_not_depend_on_the_scale_of_the_weights(sample, scale):
    weights, first, second, population = sample
    margins = margins_of(first, second, population)
    expected = rake(weights, margins, tolerance=1e-13).weights
    np.testing.assert_allclose(rake(weights * scale, margins, tolerance=1e-13).weights, expected, rtol=1e-11)


@pytest.mark.parametrize("method", METHODS)
@given(sample=samples(), seed=st.integers(0, 1000))
@settings(max_examples=15, deadline=None)
def test_the_order_of_rows_does_not_matter(method, sample, seed):
    weights, first, second, population = sample
    order = np.random.default_rng(seed).permutation(len(weights))
    expected = METHODS[method](weights, margins_of(first, second, population)).weights[order]
    shuffled = margins_of(first[order], second[order], population[order])
    np.testing.assert_allclose(METHODS[method](weights[order], shuffled).weights, expected, rtol=1e-8)


@given(sample=samples())
@settings(max_examples=25, deadline=None)
def test_one_margin_rakes_calibrates_and_post_stratifies_to_the_same_weights(sample):
    weights, first, second, population = sample
    only = margins_of(first, second, population)[0]
    expected = post_stratify(weights, only).weights
    for method in METHODS.values():
        np.testing.assert_allclose(method(weights, [only]).weights, expected, rtol=1e-9)


@given(sample=samples())
@settings(max_examples=25, deadline=None)
def test_linear_calibration_minimises_the_chi_square_distance(sample):
    weights, first, second, population = sample
    margins = margins_of(first, second, population)
    # The constrained least squares problem, solved whole by another route: its Karush-Kuhn-Tucker system.
    columns = np.column_stack([first[:, None] == np.unique(first), second[:, None] == np.unique(second)]).astype(float)
    zeros = np.zeros((columns.shape[1], columns.shape[1]))
    system = np.block([[np.diag(1 / weights), columns], [columns.T, zeros]])
    right = np.concatenate([np.ones(len(weights)), *(each.totals for each in margins)])
    expected = np.linalg.lstsq(system, right, rcond=None)[0][: len(weights)]
    np.testing.assert_allclose(calibrate(weights, margins).weights, expected, rtol=1e-7)


@given(sample=samples())
@settings(max_examples=25, deadline=None)
def test_residuals_of_an_auxiliary_itself_are_zero(sample):
    weights, first, second, population = sample
    margins = margins_of(first, second, population)
    result = calibrate(weights, margins, method="raking")
    # What the totals fix has no variance left.
    influence = result.weights[:, None] * (first[:, None] == np.unique(first))
    np.testing.assert_allclose(result.residuals(influence), 0, atol=1e-9 * result.weights.max())


def test_residuals_of_post_strata_are_deviations_from_their_means():
    strata = margin("stratum", ["a", "a", "b", "b"], {"a": 10, "b": 30})
    result = post_stratify([1, 3, 1, 1], strata)
    scores = np.array([1.0, 5.0, 2.0, 4.0])
    means = np.array([4.0, 4.0, 3.0, 3.0])
    np.testing.assert_allclose(result.residuals(result.weights * scores), result.weights * (scores - means))


def test_residuals_of_many_columns_are_those_of_each():
    rng = np.random.default_rng(7)
    first, second = np.tile([0, 1, 2], 20), rng.integers(0, 2, 60)
    margins = margins_of(first, second, rng.uniform(5, 9, 60))
    influence = rng.normal(size=(60, 3))
    for result in (rake(np.ones(60), margins), calibrate(np.ones(60), margins), post_stratify(np.ones(60), margins[0])):
        apart = np.column_stack([result.residuals(column) for column in influence.T])
        np.testing.assert_allclose(result.residuals(influence), apart, rtol=1e-10, atol=1e-12)


def test_closely_related_margins_of_many_levels_rake_to_the_fixed_point_of_the_cycles():
    rng = np.random.default_rng(11)
    latent = rng.normal(size=4000)
    columns = [np.digitize(latent + 0.5 * rng.normal(size=4000), np.linspace(-1.8, 1.8, k)) for k in (3, 12, 60)]
    population = rng.uniform(5, 15, 4000) * np.exp(0.3 * latent)
    margins = [
        margin(f"x{place}", column, dict(enumerate(np.bincount(column, population))))
        for place, column in enumerate(columns)
    ]
    weights = rng.uniform(1, 3, 4000)
    # The plain cycles, which take hundreds, against the leap by Newton's method and conjugate gradients.
    slow = rake(weights, margins, tolerance=1e-15, stopping="change", max_cycles=5000)
    quick = rake(weights, margins)
    assert quick.iterations < 20 < slow.iterations
    np.testing.assert_allclose(quick.weights, slow.weights, rtol=1e-8)
    np.testing.assert_allclose(calibrate(weights, margins, method="raking").weights, quick.weights, rtol=1e-8)


def test_replicates_rake_until_each_meets_the_margins():
    rng = np.random.default_rng(4)
    first, second = np.tile([0, 1, 2], 20), rng.integers(0, 2, 60)
    margins = margins_of(first, second, rng.uniform(5, 9, 60))
    replicates = rng.uniform(0.5, 2, (60, 3))
    full, raked = rake_replicates(np.ones(60), replicates, margins)
    np.testing.assert_allclose(full.factors, full.weights)
    for column in raked.T:
        for each in margins:
            np.testing.assert_allclose(np.bincount(each.codes, column), each.totals, rtol=MET)
    assert full.design_effect == kish_design_effect(full.weights)


def test_respondents_without_weight_keep_none():
    sex = margin("sex", ["f", "f", "m", "m"], {"f": 10, "m": 10})
    for result in (post_stratify([0, 1, 2, 1], sex), rake([0, 1, 2, 1], [sex]), calibrate([0, 1, 2, 1], [sex])):
        assert result.weights[0] == 0
        assert np.isfinite(result.residuals(result.weights)).all()


def test_bounds_hold_for_the_weights_before_after_a_common_rescaling_as_in_r():
    sex = margin("sex", ["f", "f", "m"], {"f": 6000, "m": 4000})
    result = calibrate([1, 1, 1], [sex], method="logit", bounds=(0.5, 2.0))
    np.testing.assert_allclose(result.weights, [3000, 3000, 4000])


def test_levels_are_found_in_any_kind_of_column():
    assert encode([3, 1, 3])[1] == [1, 3]
    assert encode(["b", "", "a"])[0].tolist() == [1, -1, 0]
    assert encode([1.5, float("nan")])[0].tolist() == [0, -1]
    assert encode(np.array(["b", None, float("nan"), "a"], dtype=object))[0].tolist() == [1, -1, -1, 0]


def test_a_crossing_with_more_combinations_than_respondents_keeps_those_that_occur():
    rng = np.random.default_rng(3)
    columns = [rng.integers(0, 3000, 200) for _ in range(6)]
    margins = [margin("wide", column, dict.fromkeys(column.tolist(), 1.0)) for column in columns]
    crossing = cross(margins)
    assert crossing.size <= 200
    for each, codes in zip(margins, crossing.codes, strict=True):
        np.testing.assert_array_equal(codes[crossing.cell], each.codes)


def test_levels_given_as_codes_lose_those_that_do_not_occur():
    known = coded_margin("sex", np.array([2, 0]), levels=["f", "?", "m"], totals={"f": 5, "m": 6})
    assert known.levels == ("f", "m")
    assert known.codes.tolist() == [1, 0]


def test_merged_totals_are_those_of_the_levels_together():
    assert merged({"a": 1, "b": 2, "c": 4}, {"a": "ab", "b": "ab"}) == {"ab": 3.0, "c": 4.0}


def test_kish_design_effect_of_equal_weights_is_one():
    assert kish_design_effect(np.array([2.0, 2.0, 0.0])) == 1.0


IMPOSSIBLE = {
    "level without a total": (
        lambda: margin("sex", ["f", "x"], {"f": 10}),
        "sex: the sample has the level x, which has no total",
    ),
    "level without respondents": (
        lambda: margin("sex", ["f", "f"], {"f": 10, "m": 12}),
        "sex: nobody in the sample has the level m, though its total is 12",
    ),
    "missing level": (
        lambda: margin("sex", ["f", None], {"f": 10}),
        r"sex: 1 respondents have no value \(first in row 2\)",
    ),
    "negative total": (lambda: margin("sex", ["f"], {"f": -1}), "sex: the total of f is negative"),
    "different populations": (
        lambda: rake([1, 1], [margin("a", [1, 2], {1: 5, 2: 5}), margin("b", [1, 2], {1: 5, 2: 6})]),
        "the totals of a add up to 10 but those of b to 11",
    ),
    "different rows": (
        lambda: rake([1, 1], [margin("a", [1, 2], {1: 5, 2: 5}), margin("b", [1], {1: 10})]),
        "a has 2 respondents but b has 1",
    ),
    "no margin": (lambda: rake([1], []), "no margin is given"),
    "too few weights": (lambda: rake([1], [margin("a", [1, 2], {1: 5, 2: 5})]), "1 weights for 2 respondents"),
    "no weight in a level": (
        lambda: rake([1, 0], [margin("a", [1, 2], {1: 5, 2: 5})]),
        "a=2: the weights of its respondents add up to zero",
    ),
    "impossible margins": (
        # Everyone in a=1 is in b=1, so b=1 cannot be smaller than a=1.
        lambda: rake([1, 1, 1], [margin("a", [1, 2, 2], {1: 6, 2: 4}), margin("b", [1, 1, 2], {1: 5, 2: 5})]),
        "no convergence after 1000 cycles: a=",
    ),
    "contradictory totals": (
        lambda: calibrate([1, 1], [margin("a", [1, 2], {1: 5, 2: 5}), margin("b", ["x", "y"], {"x": 6, "y": 4})]),
        "no weights meet all totals",
    ),
    "bounds out of reach": (
        lambda: calibrate([1, 1], [margin("a", [1, 2], {1: 1, 2: 3})], bounds=(0.8, 1.2)),
        r"factors between 0.8 and 1.2 do not reach the totals: a=2 stands at 1.2 instead of 3 \(3 times",
    ),
    "bounds the wrong way round": (
        lambda: calibrate([1], [margin("a", [1], {1: 1})], bounds=(2, 1)),
        "the bounds 2 and 1 must be lower < upper",
    ),
    "logit without bounds": (
        lambda: calibrate([1], [margin("a", [1], {1: 1})], method="logit"),
        "logit calibration needs finite bounds below and above 1",
    ),
    "unknown method": (
        lambda: calibrate([1], [margin("a", [1], {1: 1})], method="ipf"),
        "calibration method ipf: choose one of linear, raking, logit",
    ),
    "value that is no number": (lambda: total("age", [1, float("nan")], 5), "age: row 2 has no number"),
    "total that is no number": (lambda: total("age", [1], float("inf")), "age: the total is not a number"),
    "values of other rows": (
        lambda: calibrate([1], [margin("a", [1], {1: 1}), total("age", [1, 2], 5)]),
        "age has 2 values for 1 respondents",
    ),
    "replicate without a level": (
        lambda: calibrate_replicates([[1, 0], [1, 1]], lambda w: post_stratify(w, margin("a", [1, 2], {1: 5, 2: 5}))),
        "replicate 2: a=1: the weights of its respondents add up to zero",
    ),
    "trimming to nothing": (
        lambda: trim_weights([1, 1, 10], lower=2, upper=5, strict=True),
        "all 3 weights have been cut to 2 or 5",
    ),
    "trimming below the mean": (lambda: trim_weights([1, 9], upper=4, strict=True), "the mean weight 5 must lie"),
}


@pytest.mark.parametrize("case", IMPOSSIBLE)
def test_impossible_totals_are_explained(case):
    attempt, message = IMPOSSIBLE[case]
    with pytest.raises(AnalysisError, match=message):
        attempt()


@given(weights=st.lists(st.floats(0.5, 50), min_size=3, max_size=30), spread=st.floats(0.05, 2))
@settings(deadline=None)
def test_strict_trimming_keeps_the_sum_and_the_bounds(weights, spread):
    mean = float(np.mean(weights))
    low, high = mean / (1 + spread), mean * (1 + spread)
    try:
        trimmed = trim_weights(weights, lower=low, upper=high, strict=True)
    except AnalysisError:
        # Every weight was over one bound or the other: the definition leaves none to carry the rest.
        return
    assert trimmed.weights.sum() == pytest.approx(np.sum(weights), rel=1e-12)
    assert trimmed.weights.min() >= low
    assert trimmed.weights.max() <= high
    assert trimmed.design_effect <= kish_design_effect(np.array(weights)) + 1e-12
