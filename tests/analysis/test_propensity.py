"""Response propensities against statsmodels, against classes, and on a population whose propensities are known."""

from __future__ import annotations

import warnings
from itertools import pairwise

import numpy as np
import pytest

from analysis.dispositions import NONRESPONDENT, RESPONDENT
from analysis.errors import AnalysisError
from analysis.nonresponse import adjust_in_classes
from analysis.propensity import (
    Propensities,
    adjust_by_propensity,
    propensity_classes,
    response_propensities,
)
from analysis.weighting_classes import weighting_classes


def simulated(rng, rows=800):
    age = rng.normal(45, 12, rows)
    urban = rng.choice(["no", "yes"], rows)
    chance = 1 / (1 + np.exp(-(-1.5 + 0.04 * age - 0.7 * (urban == "yes"))))
    outcome = np.where(rng.random(rows) < chance, RESPONDENT, NONRESPONDENT)
    return age, urban, chance, outcome


def test_coefficients_and_propensities_are_those_of_statsmodels():
    # Weights multiply the scores alike whether they count persons or sampling, so that the points agree.
    rng = np.random.default_rng(7)
    age, urban, _, outcome = simulated(rng)
    outcome[:30] = 2
    weights = rng.uniform(5, 50, len(age))
    found = response_propensities(weights, outcome, {"age": age, "urban": urban})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import statsmodels.api as sm

        kept = outcome != 2
        matrix = np.column_stack([np.ones(len(age)), age, urban == "yes"])[kept].astype(float)
        model = sm.GLM(outcome[kept] == RESPONDENT, matrix, family=sm.families.Binomial(), freq_weights=weights[kept])
        witness = model.fit(tol=1e-14)
    assert found.names == ("(intercept)", "age", "urban=yes")
    assert found.coefficients == pytest.approx(witness.params, rel=1e-8)
    assert found.values[kept] == pytest.approx(witness.fittedvalues, rel=1e-9)
    assert np.isnan(found.values[~kept]).all()


def test_one_variable_s_propensities_are_its_classes_response_rates():
    rng = np.random.default_rng(3)
    urban, outcome = rng.choice(["no", "yes"], 200), rng.integers(0, 2, 200)
    weights = rng.uniform(1, 9, 200)
    found = response_propensities(weights, outcome, {"urban": urban})
    by_class = adjust_in_classes(weights, outcome, weighting_classes({"urban": urban}, rows=200))
    assert adjust_by_propensity(weights, outcome, found) == pytest.approx(by_class, rel=1e-10)
    cut = propensity_classes(found, weights, count=5)
    assert adjust_in_classes(weights, outcome, cut) == pytest.approx(by_class, rel=1e-10)


def test_five_classes_of_many_propensities_have_a_fifth_of_the_weight_each():
    rng = np.random.default_rng(5)
    values, weights = rng.random(5000), rng.uniform(1, 2, 5000)
    found = Propensities(("(intercept)",), np.zeros(1), values)
    cut = propensity_classes(found, weights, count=5)
    shares = np.bincount(cut.codes, weights=weights) / weights.sum()
    assert shares == pytest.approx(np.full(5, 0.2), abs=0.001)
    edges = [(values[cut.codes == code].min(), values[cut.codes == code].max()) for code in range(5)]
    assert all(low[1] < high[0] for low, high in pairwise(edges))


def test_propensities_remove_the_bias_that_their_predictors_tell():
    # What is measured goes with age, as response does; urban people answer less and are not otherwise special.
    rng, own, cut, raw = np.random.default_rng(11), [], [], []
    for _ in range(60):
        age, urban, _, outcome = simulated(rng)
        measured = age + rng.normal(0, 5, len(age))
        weights = np.ones(len(age))
        found = response_propensities(weights, outcome, {"age": age, "urban": urban})
        answered = outcome == RESPONDENT
        by_own = adjust_by_propensity(weights, outcome, found)
        by_class = adjust_in_classes(weights, outcome, propensity_classes(found, weights, count=5))
        own.append(by_own @ measured / by_own.sum() - 45)
        cut.append(by_class @ measured / by_class.sum() - 45)
        raw.append(measured[answered].mean() - 45)
    assert np.mean(raw) > 1.5
    assert abs(np.mean(own)) < 4 * np.std(own) / np.sqrt(len(own))
    # Cochran (1968): five classes remove about nine tenths of the bias.
    assert abs(np.mean(cut)) < 0.2 * np.mean(raw)


def test_a_propensity_near_zero_is_refused_with_its_row_and_the_remedy():
    found = Propensities(("(intercept)",), np.zeros(1), np.array([0.5, 0.004, 0.003]))
    with pytest.raises(AnalysisError, match=r"row 3: the propensity 0.0030 is below 0.05, .*--propensity-classes 5"):
        adjust_by_propensity(np.ones(3), np.array([0, 1, 0]), found)


def test_what_tells_response_without_error_or_says_nothing_is_refused():
    outcome = np.array([0, 0, 0, 1, 1, 1])
    with pytest.raises(AnalysisError, match="does not settle"):
        response_propensities(np.ones(6), outcome, {"x": list("aaabbb")})
    with pytest.raises(AnalysisError, match="is constant or told by the other predictors"):
        response_propensities(np.ones(6), outcome, {"x": np.ones(6), "y": [1.0, 2, 3, 1, 2, 3]})
    with pytest.raises(AnalysisError, match="nothing for a propensity to tell apart"):
        response_propensities(np.ones(3), np.zeros(3, dtype=int), {"x": [1.0, 2.0, 3.0]})
    with pytest.raises(AnalysisError, match="row 2, column x: 1 persons drawn have no value"):
        response_propensities(np.ones(6), outcome, {"x": [1.0, np.nan, 3, 1, 2, 3]})
