"""Alpha and omega from moments against the rows, closed forms, scipy and statsmodels, and the jackknife."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from analysis.design import SurveyDesign
from analysis.errors import AnalysisError
from analysis.moment_functions import linearise, means_and_covariances
from analysis.moments import moments_from_products
from analysis.one_factor import loadings
from analysis.reliability import (
    Unreliable,
    cronbach_alpha,
    reliability_by_domain,
    reliability_interval,
    reliability_of_whole,
)
from analysis.results import Estimate
from tests.analysis.clustered import moments_of, scores
from tests.analysis.test_moment_functions import jackknife

ITEMS = ["q1", "q2", "q3", "q4", "q5"]
MODEL = np.array([0.9, 0.7, 0.8, 0.5, 0.6])
UNIQUE = np.array([0.4, 0.6, 0.3, 0.8, 0.5])


@pytest.fixture
def rows():
    return scores(rng=np.random.default_rng(31), names=ITEMS)


def only(moments, items=ITEMS):
    (found,) = reliability_by_domain(moments, dimensions={"staff": items})
    return found


def model(loading, unique):
    return np.outer(loading, loading) + np.diag(unique)


def moments_with(covariance, *, mean=4.0, people=400):
    """Moments of four PSUs, all alike, whose covariances are these exactly."""
    count = len(covariance)
    products = np.empty((count + 1, count + 1))
    products[0, 0], products[0, 1:], products[1:, 0] = 1.0, mean, mean
    products[1:, 1:] = covariance + mean**2
    return moments_from_products(
        ["A"] * 4,
        [1] * 4,
        [1, 2, 3, 4],
        respondents=[people // 4] * 4,
        products=np.stack([products * people / 4] * 4),
        variables=[f"q{number + 1}" for number in range(count)],
    )


def omega_of(loading, unique):
    return loading.sum() ** 2 / (loading.sum() ** 2 + unique.sum())


def test_alpha_is_that_of_the_rows(rows):
    moments = moments_of(rows, domain=rows["domain"])
    design = SurveyDesign.from_columns(rows["weights"])
    for found in reliability_by_domain(moments, dimensions={"staff": ITEMS}):
        of_rows = cronbach_alpha(design, rows["columns"], domain=rows["domain"] == found.domain)
        assert found.alpha.value == pytest.approx(of_rows, abs=1e-12)
        assert found.respondents == (rows["domain"] == found.domain).sum()
    (whole,) = reliability_of_whole(moments, dimensions={"staff": ITEMS})
    assert whole.alpha.value == pytest.approx(cronbach_alpha(design, rows["columns"]), abs=1e-12)


def test_the_error_of_alpha_is_van_zyl_s_for_normal_independent_answers():
    """Of n independent normal answers, √n (alpha - α) has the variance below (van Zyl, Neudecker & Nel 2000)."""
    rng = np.random.default_rng(32)
    covariance = model(MODEL, UNIQUE)
    n = 40_000
    values = rng.multivariate_normal(np.zeros(5), covariance, n)
    found = only(
        moments_of(
            {
                "columns": dict(zip(ITEMS, values.T, strict=True)),
                "weights": np.ones(n),
                "stratum": np.zeros(n, dtype=int),
                "psu": np.arange(n),
            }
        )
    )
    total, k = covariance.sum(), 5
    trace, square = np.trace(covariance), covariance @ covariance
    variance = 2 * k**2 / ((k - 1) ** 2 * total**3) * (total * (np.trace(square) + trace**2) - 2 * trace * square.sum())
    # The estimated variance has a relative error of a few over √n: 5 / 200.
    assert found.alpha.standard_error == pytest.approx(np.sqrt(variance / n), rel=0.025)


def test_omega_of_a_model_is_its_own():
    found = only(moments_with(model(MODEL, UNIQUE)))
    assert found.omega.value == pytest.approx(omega_of(MODEL, UNIQUE), abs=1e-10)
    assert found.alpha.value < found.omega.value
    assert found.reason is Unreliable.NONE


def test_of_items_that_load_alike_omega_is_alpha():
    alike = only(moments_with(model(np.full(5, 0.7), UNIQUE)))
    assert alike.omega.value == pytest.approx(alike.alpha.value, abs=1e-10)


def test_three_items_have_the_closed_form(rows):
    found = only(moments_of(rows), ITEMS[:3])
    weights = rows["weights"]
    s = np.cov(np.column_stack([rows["columns"][name] for name in ITEMS[:3]]), rowvar=False, aweights=weights, ddof=0)
    squares = np.array([s[0, 1] * s[0, 2] / s[1, 2], s[0, 1] * s[1, 2] / s[0, 2], s[0, 2] * s[1, 2] / s[0, 1]])
    expected = np.sqrt(squares).sum() ** 2 / (np.sqrt(squares).sum() ** 2 + np.trace(s) - squares.sum())
    assert found.omega.value == pytest.approx(expected, abs=1e-10)


def random_matrix(rng):
    rows = rng.normal(size=(200, 1)) * rng.uniform(0.5, 1.2, 6) + rng.normal(size=(200, 6))
    return np.cov(rows, rowvar=False)


def test_loadings_leave_the_least_residuals_as_scipy_finds_them():
    rng = np.random.default_rng(33)
    for _ in range(5):
        matrix = random_matrix(rng)
        above = np.triu_indices(6, 1)

        def residuals(loading, matrix=matrix, above=above):
            return ((matrix - np.outer(loading, loading))[above] ** 2).sum()

        found = minimize(residuals, np.sqrt(np.diag(matrix)) * 0.7, method="BFGS", options={"gtol": 1e-9})
        assert loadings(matrix[None])[0] == pytest.approx(found.x, abs=1e-6)


def test_loadings_are_the_principal_axes_of_statsmodels():
    from statsmodels.multivariate.factor import Factor

    covariance = random_matrix(np.random.default_rng(34))
    spread = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(spread, spread)
    result = Factor(corr=correlation, n_factor=1, method="pa", smc=True).fit(maxiter=2000, tol=1e-12)
    # Iterated principal axes and minimum residuals have the same fixed point (Harman & Jones 1966).
    assert loadings(correlation[None])[0] == pytest.approx(np.abs(result.loadings[:, 0]), abs=1e-6)


def test_the_error_of_omega_is_that_of_differences_through_the_whole_fit(rows):
    moments = moments_of(rows)

    def omega(products):
        between = means_and_covariances(products)[1]
        loading = loadings(between)
        unique = np.trace(between, axis1=1, axis2=2) - (loading**2).sum(axis=1)
        return (loading.sum(axis=1) ** 2 / (loading.sum(axis=1) ** 2 + unique))[:, None]

    by_differences = linearise(moments, omega, derivative="differences")
    found = only(moments)
    assert found.omega.value == pytest.approx(by_differences.value[0, 0], abs=1e-12)
    # The fits are right to 1e-11, and steps of some 1e-4 divide that.
    assert found.omega.standard_error == pytest.approx(np.sqrt(by_differences.covariance[0, 0, 0]), rel=1e-5)


def test_errors_are_near_the_jackknife_over_psus():
    rows = scores(rng=np.random.default_rng(35), names=ITEMS, psus=(60, 50), people=6)
    found = only(moments_of(rows))

    def alpha(products):
        between = means_and_covariances(products)[1]
        return (5 / 4 * (1 - np.trace(between, axis1=1, axis2=2) / between.sum(axis=(1, 2))))[:, None]

    def omega(products):
        between = means_and_covariances(products)[1]
        loading = loadings(between)
        return (loading.sum(axis=1) ** 2 / (loading.sum(axis=1) ** 2 + np.trace(between[0]) - (loading**2).sum()))[
            :, None
        ]

    # Both estimate the same variance; they differ by terms of the order of one over the number of PSUs.
    assert found.alpha.standard_error == pytest.approx(jackknife(rows, alpha), rel=0.05)
    assert found.omega.standard_error == pytest.approx(jackknife(rows, omega), rel=0.05)


def test_one_item_and_two_say_what_they_lack(rows):
    moments = moments_of(rows)
    one, two = only(moments, ["q1"]), only(moments, ["q1", "q2"])
    assert (one.alpha, one.omega, one.reason) == (None, None, Unreliable.ONE_ITEM)
    assert (two.omega, two.reason) == (None, Unreliable.TWO_ITEMS)
    # With equal loadings λ² = s12, omega is 4 s12 over the variance of the sum: alpha.
    s = np.cov(rows["columns"]["q1"], rows["columns"]["q2"], aweights=rows["weights"])
    assert two.alpha.value == pytest.approx(4 * s[0, 1] / s.sum(), abs=1e-12)


def test_all_answers_the_same_and_nobody_have_no_reliability(rows):
    flat = rows | {"columns": {name: np.full(len(rows["psu"]), 5.0) for name in ITEMS}}
    found = only(moments_of(flat))
    assert (found.alpha, found.omega, found.reason) == (None, None, Unreliable.NO_SPREAD)
    nobody = only(moments_of(rows | {"weights": np.zeros(len(rows["psu"]))}))
    assert (nobody.alpha, nobody.respondents, nobody.reason) == (None, 0, Unreliable.NO_SPREAD)
    single = rows | {"weights": np.where(np.arange(len(rows["psu"])) == 0, 1.0, 0.0)}
    assert only(moments_of(single)).reason is Unreliable.NO_SPREAD


def test_one_flat_domain_leaves_the_others_alone(rows):
    domain = np.where(rows["stratum"] == 0, "flat", "rest")
    columns = {name: np.where(rows["stratum"] == 0, 4.0, column) for name, column in rows["columns"].items()}
    flat, rest = reliability_by_domain(
        moments_of(rows | {"columns": columns}, domain=domain), dimensions={"staff": ITEMS}
    )
    assert flat.alpha is None
    design = SurveyDesign.from_columns(rows["weights"])
    expected = cronbach_alpha(design, columns, domain=domain == "rest")
    assert rest.alpha.value == pytest.approx(expected, abs=1e-12)
    assert rest.omega.standard_error > 0


def test_items_without_a_common_factor_have_alpha_but_no_omega():
    # An item explained to more than all of its variance: λ1² = 0.6 · 0.6 / 0.2 = 1.8.
    heywood = np.array([[1.0, 0.6, 0.6], [0.6, 1.0, 0.2], [0.6, 0.2, 1.0]])
    # Two pairs that have nothing to do with each other, and items that contradict each other.
    contrary = np.array([[1.0, 0.3, 0.3], [0.3, 1.0, -0.3], [0.3, -0.3, 1.0]])
    for covariance in (heywood, contrary, np.eye(3)):
        found = only(moments_with(covariance), ["q1", "q2", "q3"])
        assert (found.omega, found.reason) == (None, Unreliable.NO_FACTOR)
        assert found.alpha is not None


def test_a_domain_without_a_factor_leaves_the_others_alone():
    rng = np.random.default_rng(36)
    rows = scores(rng=rng, names=ITEMS[:3], psus=(8, 8))
    # In the second stratum the third item contradicts the second, and both go with the first.
    second = rows["stratum"] == 1
    noise = rng.normal(size=(len(second), 2))
    contrary = {
        "q1": noise[:, 0] + noise[:, 1],
        "q2": noise[:, 0] * 2 - noise[:, 1],
        "q3": noise[:, 1] * 2 - noise[:, 0],
    }
    columns = {name: np.where(second, contrary[name], column) for name, column in rows["columns"].items()}
    domain = np.where(second, "contrary", "proper")
    found = reliability_by_domain(moments_of(rows | {"columns": columns}, domain=domain), dimensions={"d": ITEMS[:3]})
    assert (found[0].omega, found[0].reason) == (None, Unreliable.NO_FACTOR)
    assert found[0].alpha is not None
    (_, alone) = reliability_by_domain(moments_of(rows, domain=domain), dimensions={"d": ITEMS[:3]})
    assert found[1].omega.value == pytest.approx(alone.omega.value, abs=1e-12)


def test_items_that_are_one_and_the_same_are_perfectly_reliable():
    found = only(moments_with(np.full((4, 4), 0.8)), ITEMS[:4])
    assert found.alpha.value == pytest.approx(1, abs=1e-12)
    assert found.omega.value == pytest.approx(1, abs=1e-9)
    interval = reliability_interval(found.alpha)
    assert (interval.low, interval.high) == pytest.approx((1, 1), abs=1e-6)


def test_a_domain_in_one_psu_has_no_interval_but_the_whole_line(rows):
    found = only(
        moments_of(rows | {"stratum": np.zeros(len(rows["psu"]), int), "psu": np.zeros(len(rows["psu"]), int)})
    )
    assert found.alpha.standard_error is None
    assert (reliability_interval(found.alpha).low, reliability_interval(found.alpha).high) == (-np.inf, 1.0)


def test_intervals_lean_to_the_left_and_never_pass_one():
    alpha = Estimate(value=0.95, standard_error=0.02, degrees_of_freedom=20, respondents=100, sum_weights=100.0)
    interval = reliability_interval(alpha)
    assert interval.high < 1
    assert 0.95 - interval.low > interval.high - 0.95
    # Symmetric for log(1 - reliability).
    assert (1 - interval.low) * (1 - interval.high) == pytest.approx(0.05**2, rel=1e-12)
    with pytest.raises(AnalysisError, match="confidence level"):
        reliability_interval(alpha, confidence_level=95)


def test_dimensions_that_are_none_are_refused(rows):
    with pytest.raises(AnalysisError, match="staff has no items"):
        only(moments_of(rows), [])
    with pytest.raises(AnalysisError, match="q9 were not summed"):
        only(moments_of(rows), ["q1", "q9"])


def test_results_come_domain_by_domain_in_the_order_asked_for(rows):
    moments = moments_of(rows, domain=rows["domain"])
    found = reliability_by_domain(moments, dimensions={"b": ITEMS[2:], "a": ITEMS[:2]})
    assert [(one.domain, one.dimension) for one in found] == [
        ("north", "b"),
        ("north", "a"),
        ("south", "b"),
        ("south", "a"),
    ]
