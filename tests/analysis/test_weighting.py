"""The steps of weighting one after the other, and Kish's design effect."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.calibration import kish_design_effect
from analysis.errors import AnalysisError
from analysis.margins import margin
from analysis.nonresponse import adjust_in_classes
from analysis.raking import rake
from analysis.weighting import Recipe, weigh, weight_distribution
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


@given(st.lists(st.floats(0.01, 1e4), min_size=2, max_size=50))
def test_kish_s_design_effect_is_one_and_the_squared_variation(weights):
    mean = sum(weights) / len(weights)
    variance = sum((one - mean) ** 2 for one in weights) / len(weights)
    found = weight_distribution(np.array(weights))
    assert found.design_effect == pytest.approx(1 + variance / mean**2, rel=1e-10)
    assert found.design_effect == kish_design_effect(np.array(weights))
    assert found.smallest == min(weights)
    assert found.largest == max(weights)
