"""The steps of weighting one after the other, and Kish's design effect."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.calibration import kish_design_effect
from analysis.design import SurveyDesign
from analysis.errors import AnalysisError
from analysis.margins import margin
from analysis.nonresponse import adjust_in_classes
from analysis.raking import rake
from analysis.replication import jackknife
from analysis.weighting import Recipe, weigh, weigh_replicates, weight_distribution
from analysis.weighting_classes import weighting_classes

OUTCOME = np.array([0, 0, 1, 0, 3, 0, 0, 2])
BASE = np.array([10, 12, 10, 8, 6, 9, 11, 5], float)
CLASSES = weighting_classes({"c": list("aaabbbbb")}, rows=8)
SEX, AGE = ["f", "m", "f", "m", "m"], ["o", "o", "y", "y", "o"]


def respond(weights):
    return adjust_in_classes(weights, OUTCOME, CLASSES)


def margins():
    return [margin("sex", SEX, {"f": 70, "m": 50}), margin("age", AGE, {"o": 65, "y": 55})]


def test_steps_that_were_not_asked_for_are_not_there():
    made = weigh(BASE, Recipe(OUTCOME, CLASSES, respond))
    assert list(made.steps) == ["base", "nonresponse"]
    assert made.final is made.nonresponse
    assert made.base.tolist() == [10, 12, 8, 9, 11]


def test_margins_are_met_after_the_adjustment_and_trimming_keeps_the_sum():
    recipe = Recipe(OUTCOME, CLASSES, respond, lambda weights: rake(weights, margins(), tolerance=1e-12), (15.0, 40.0))
    made = weigh(BASE, recipe)
    calibrated = made.steps["calibrated"]
    assert [sum(calibrated[np.array(SEX) == "f"]), sum(calibrated[np.array(AGE) == "o"])] == pytest.approx(
        [70, 65], rel=1e-9
    )
    trimmed = made.steps["trimmed"]
    assert trimmed.sum() == pytest.approx(120, rel=1e-12)
    assert trimmed.min() >= 15
    assert trimmed.max() <= 40


def test_nobody_who_answered_is_refused():
    with pytest.raises(AnalysisError, match="nobody drawn is a respondent"):
        weigh(np.ones(2), Recipe(np.array([1, 2]), weighting_classes({}, rows=2), lambda weights: weights))


def test_replicates_through_all_steps_find_the_variance_that_samples_show():
    # Two classes that answer at 30 and 80 % and are satisfied at 50 and 90 %. The spread of the weighted share over
    # samples is what the jackknife of each sample estimates; 300 samples know a variance to about 8 %.
    rng, shares, variances = np.random.default_rng(22), [], []
    for _ in range(300):
        old = rng.random(80) < 0.5
        satisfied = rng.random(80) < np.where(old, 0.9, 0.5)
        outcome = np.where(rng.random(80) < np.where(old, 0.8, 0.3), 0, 1)
        classes = weighting_classes({"old": old}, rows=80)
        recipe = Recipe(outcome, classes, partial(adjust_in_classes, outcome=outcome, classes=classes))
        sets = jackknife(SurveyDesign.from_columns(np.ones(80)))
        measured = satisfied[outcome == 0]
        final, made = weigh(np.ones(80), recipe).final, weigh_replicates(sets.replicates, recipe)
        again = measured @ made / made.sum(axis=0)
        shares.append(measured @ final / final.sum())
        variances.append(sets.scale * np.square(again - again.mean()).sum())
    assert np.mean(variances) / np.var(shares) == pytest.approx(1, abs=0.3)


@given(st.lists(st.floats(0.01, 1e4), min_size=2, max_size=50))
def test_kish_s_design_effect_is_one_and_the_squared_variation(weights):
    mean = sum(weights) / len(weights)
    variance = sum((one - mean) ** 2 for one in weights) / len(weights)
    found = weight_distribution(np.array(weights))
    assert found.design_effect == pytest.approx(1 + variance / mean**2, rel=1e-10)
    assert found.design_effect == kish_design_effect(np.array(weights))
    assert found.smallest == min(weights)
    assert found.largest == max(weights)
