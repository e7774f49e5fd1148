"""Shapley's shares of R² against R's relaimpo, all orders of entry, and differences; the quadrants."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from analysis.errors import AnalysisError
from analysis.importance import decompose
from analysis.quadrants import Quadrant, place
from analysis.results import Estimate, Kind

# R's data set `swiss`: Fertility, Agriculture, Examination, Education, Catholic, Infant.Mortality.
VALUES = """80.2 17 15 12 9.96 22.2 83.1 45.1 6 9 84.84 22.2 92.5 39.7 5 5 93.4 20.2 85.8 36.5 12 7 33.77 20.3
    76.9 43.5 17 15 5.16 20.6 76.1 35.3 9 7 90.57 26.6 83.8 70.2 16 7 92.85 23.6 92.4 67.8 14 8 97.16 24.9
    82.4 53.3 12 7 97.67 21 82.9 45.2 16 13 91.38 24.4 87.1 64.5 14 6 98.61 24.5 64.1 62 21 12 8.52 16.5
    66.9 67.5 14 7 2.27 19.1 68.9 60.7 19 12 4.43 22.7 61.7 69.3 22 5 2.82 18.7 68.3 72.6 18 2 24.2 21.2
    71.7 34 17 8 3.3 20 55.7 19.4 26 28 12.11 20.2 54.3 15.2 31 20 2.15 10.8 65.1 73 19 9 2.84 20
    65.5 59.8 22 10 5.23 18 65 55.1 14 3 4.52 22.4 56.6 50.9 22 12 15.14 16.7 57.4 54.1 20 6 4.2 15.3
    72.5 71.2 12 1 2.4 21 74.2 58.1 14 8 5.23 23.8 72 63.5 6 3 2.56 18 60.5 60.8 16 10 7.72 16.3
    58.3 26.8 25 19 18.46 20.9 65.4 49.5 15 8 6.1 22.5 75.5 85.9 3 2 99.71 15.1 69.3 84.9 7 6 99.68 19.8
    77.3 89.7 5 2 100 18.3 70.5 78.2 12 6 98.96 19.4 79.4 64.9 7 3 98.22 20.2 65 75.9 9 9 99.06 17.8
    92.2 84.6 3 3 99.46 16.3 79.3 63.1 13 13 96.83 18.1 70.4 38.4 26 12 5.62 20.3 65.7 7.7 29 11 13.79 20.5
    72.7 16.7 22 13 11.22 18.9 64.4 17.6 35 32 16.92 23 77.6 37.6 15 7 4.97 20 67.6 18.7 25 7 8.65 19.5
    35 1.2 37 53 42.34 18 44.7 46.6 16 29 50.43 18.2 42.8 27.7 22 29 58.33 19.3"""
SWISS = np.array([float(value) for value in VALUES.split()]).reshape(47, 6)


def covariances(rows, weights):
    return np.cov(rows, rowvar=False, aweights=weights)[None]


def random_covariances(*, predictors, count, rng):
    rows = rng.normal(size=(count, 60, predictors + 1)) @ rng.normal(size=(predictors + 1, predictors + 1))
    return np.einsum("dni,dnj->dij", rows, rows) / 60


def by_orders(matrix):
    """The definition: what each predictor adds, averaged over all orders of entry."""
    predictors = range(1, len(matrix))

    def explained(some):
        some = list(some)
        slopes = np.linalg.lstsq(matrix[np.ix_(some, some)], matrix[some, 0])[0] if some else np.zeros(0)
        return slopes @ matrix[some, 0] / matrix[0, 0]

    parts = np.zeros(len(matrix) - 1)
    orders = list(permutations(predictors))
    for order in orders:
        for position, one in enumerate(order):
            parts[one - 1] += explained(order[: position + 1]) - explained(order[:position])
    return parts / len(orders)


def test_shares_are_those_of_relaimpo():
    """R 4.4, relaimpo 2.2-7: calc.relimp(lm(Fertility ~ ., swiss), type = "lmg"), the data of Grömping (2006).

    With weights = 1 + (1:47 %% 3) in the second case. Figures are printed to twelve digits.
    """
    plain = decompose(covariances(SWISS, np.ones(47)))
    lmg = [0.0570912207681, 0.1711730289002, 0.2601346786244, 0.1055701503735, 0.1127659229265]
    assert plain.parts[0] == pytest.approx(lmg, abs=1e-12)
    assert plain.r_squared[0] == pytest.approx(0.706735001593, abs=1e-12)
    weighted = decompose(covariances(SWISS, 1 + np.arange(1, 48) % 3))
    lmg = [0.0518208063017, 0.1549452302086, 0.2559770835712, 0.1019573530969, 0.1296324182449]
    assert weighted.parts[0] == pytest.approx(lmg, abs=1e-12)
    assert weighted.r_squared[0] == pytest.approx(0.694332891423, abs=1e-12)


@pytest.mark.parametrize("predictors", [1, 2, 3, 5])
def test_parts_are_averages_over_all_orders_of_entry(predictors):
    matrices = random_covariances(predictors=predictors, count=3, rng=np.random.default_rng(predictors))
    found = decompose(matrices)
    for place_, matrix in enumerate(matrices):
        assert found.parts[place_] == pytest.approx(by_orders(matrix), abs=1e-12)


def test_parts_add_up_to_r_squared_and_are_never_negative():
    matrices = random_covariances(predictors=7, count=20, rng=np.random.default_rng(7))
    found = decompose(matrices)
    slopes = np.linalg.solve(matrices[:, 1:, 1:], matrices[:, 1:, :1])[..., 0]
    whole = (slopes * matrices[:, 0, 1:]).sum(axis=1) / matrices[:, 0, 0]
    assert found.r_squared == pytest.approx(whole, abs=1e-12)
    assert found.parts.min() > -1e-15


def test_two_predictors_by_hand():
    # r12 = 0.5, ry1 = 0.6, ry2 = 0.4: R² = 0.28/0.75; the first adds 0.36 alone and R² - 0.16 after the second.
    found = decompose(np.array([[[1.0, 0.6, 0.4], [0.6, 1.0, 0.5], [0.4, 0.5, 1.0]]]))
    whole = 0.28 / 0.75
    assert found.parts[0] == pytest.approx([(0.36 + whole - 0.16) / 2, (0.16 + whole - 0.36) / 2], abs=1e-15)


def test_derivatives_are_those_of_central_differences():
    matrices = random_covariances(predictors=4, count=2, rng=np.random.default_rng(11))
    found = decompose(matrices)
    step = 1e-5
    for row in range(5):
        for column in range(row, 5):
            move = np.zeros((5, 5))
            move[row, column] = move[column, row] = step
            slope = (decompose(matrices + move).parts - decompose(matrices - move).parts) / (2 * step)
            both = found.gradient[:, :, row, column] + (row != column) * found.gradient[:, :, column, row]
            # Differences of this step are right to its square times a third derivative of a few tens.
            assert both == pytest.approx(slope, abs=2e-7)


def test_many_predictors_are_solved_in_parts_and_too_many_refused():
    matrices = random_covariances(predictors=9, count=12, rng=np.random.default_rng(9))
    together = decompose(matrices)
    assert together.parts[11] == pytest.approx(decompose(matrices[11:]).parts[0], abs=1e-13)
    with pytest.raises(AnalysisError, match="13 predictors"):
        decompose(np.eye(14)[None])


def test_nobody_asks_for_nothing():
    assert decompose(np.zeros((0, 3, 3))).parts.shape == (0, 2)


def share(value, error, *, freedom=50.0):
    return Estimate(
        value=value,
        standard_error=error,
        degrees_of_freedom=freedom,
        respondents=300,
        sum_weights=300.0,
        kind=Kind.SHARE,
    )


IMPORTANCE = {"a": share(0.4, 0.02), "b": share(0.35, 0.02), "c": share(0.15, 0.02), "d": share(0.1, 0.02)}
PERFORMANCE = {"a": share(0.7, 0.01), "b": share(0.9, 0.01), "c": share(0.7, 0.01), "d": share(0.9, 0.01)}


def test_each_quadrant_has_its_name():
    found = place(IMPORTANCE, PERFORMANCE)
    assert [one.quadrant for one in found] == [
        Quadrant.CONCENTRATE,
        Quadrant.KEEP_UP,
        Quadrant.LOW_PRIORITY,
        Quadrant.OVERKILL,
    ]
    assert all(one.sure for one in found)


def test_who_is_near_a_line_is_not_sure():
    near = PERFORMANCE | {"a": share(0.79, 0.022)}
    found = {one.name: one for one in place(IMPORTANCE, near)}
    # The mean is 0.8225; a deviates by -0.0325 with an error of sqrt((0.75·0.022)² + 3·0.0025²) = 0.0171:
    # 1.90 errors, below t's 2.009.
    assert not found["a"].sure
    assert 0.9 < found["a"].performance_chance < 0.975
    wide = IMPORTANCE | {"a": share(0.27, 0.04)}
    assert not {one.name: one for one in place(wide, PERFORMANCE)}["a"].sure


def test_a_sure_importance_is_one_whose_interval_leaves_the_line():
    for value in np.linspace(0.26, 0.36, 21):
        shares = IMPORTANCE | {"a": share(float(value), 0.03)}
        found = place(shares, PERFORMANCE, importance_split=0.25)[0]
        assert found.sure == (shares["a"].interval().low > 0.25)


def test_indices_that_go_together_differ_the_more_surely():
    errors = np.array([0.01, 0.01, 0.01, 0.01])
    together = np.outer(errors, errors) * (0.8 + 0.2 * np.eye(4))
    close = {name: share(0.8 + 0.006 * sign, 0.01) for name, sign in zip("abcd", (-1, 1, -1, 1), strict=True)}
    alone = [one.performance_chance for one in place(IMPORTANCE, close)]
    known = [one.performance_chance for one in place(IMPORTANCE, close, covariance=together)]
    assert all(more > less for more, less in zip(known, alone, strict=True))
    # Exchangeable: the variance of a deviation from the mean is (1 - rho) V (1 - 1/k).
    error = np.sqrt(0.2 * 0.75) * 0.01
    from scipy import stats

    assert known[1] == pytest.approx(stats.t.cdf(0.006 / error, 50), rel=1e-9)
    unknown = np.full((4, 4), np.nan)
    assert [one.performance_chance for one in place(IMPORTANCE, close, covariance=unknown)] == alone


def test_what_is_not_defined_has_no_quadrant_and_no_say_in_the_line():
    found = place(IMPORTANCE, PERFORMANCE | {"d": None}, covariance=np.eye(4) * 1e-4)
    assert found[3].quadrant is None
    assert not found[3].sure
    assert found[0].performance_chance is not None
    nothing = place(dict.fromkeys("ab"), dict.fromkeys("ab"))
    assert [one.quadrant for one in nothing] == [None, None]


def test_one_respondent_is_placed_but_never_sure():
    lone = {name: share(value.value, None, freedom=0.0) for name, value in PERFORMANCE.items()}
    found = place(IMPORTANCE, lone)
    assert found[0].quadrant is Quadrant.CONCENTRATE
    assert found[0].performance_chance is None
    assert not found[0].sure


def test_all_perfect_is_on_the_line_and_not_sure():
    perfect = {name: share(1.0, 0.0) for name in IMPORTANCE}
    found = place(IMPORTANCE, perfect)
    assert {one.performance_chance for one in found} == {0.5}
    assert not any(one.sure for one in found)


def test_a_line_that_is_given_is_met_by_the_interval_of_the_index():
    found = place(IMPORTANCE, PERFORMANCE, performance_split=0.86)
    assert [one.sure for one in found] == [True, True, True, True]
    assert found[1].quadrant is Quadrant.KEEP_UP
    perfect = place(IMPORTANCE, PERFORMANCE | {"b": share(1.0, 0.0)}, performance_split=0.86)
    assert perfect[1].performance_chance == pytest.approx(1 - 0.86**300)


def test_what_does_not_fit_together_is_refused():
    with pytest.raises(AnalysisError, match="give both for the same names"):
        place(IMPORTANCE, {"a": None})
    with pytest.raises(AnalysisError, match="has the shape"):
        place(IMPORTANCE, PERFORMANCE, covariance=np.eye(3))
    with pytest.raises(AnalysisError, match="confidence level"):
        place(IMPORTANCE, PERFORMANCE, confidence_level=95)
