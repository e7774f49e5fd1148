"""Drivers from moments against the regression of the rows, the jackknife, and what cannot be answered."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from analysis.design import SurveyDesign
from analysis.drivers import (
    Undefined,
    drivers_by_domain,
    drivers_of_whole,
    effects_from_drivers,
    weights_from_drivers,
)
from analysis.errors import AnalysisError
from analysis.importance import decompose
from analysis.models import linear_regression
from analysis.moment_functions import means_and_covariances
from analysis.results import Kind
from tests.analysis.clustered import moments_of, scores
from tests.analysis.test_moment_functions import jackknife

NAMES = ["overall", "staff", "time", "result"]
PREDICTORS = NAMES[1:]


@pytest.fixture
def rows():
    return scores(rng=np.random.default_rng(21), names=NAMES, effects=[0.7, 0.4, -0.2])


def design_of(rows, **named):
    return SurveyDesign.from_columns(
        rows["weights"], strata=rows["stratum"], psu=rows["stratum"] * 100 + rows["psu"], **named
    )


def regression(rows, *, inside=None, **named):
    predictors = {name: rows["columns"][name] for name in PREDICTORS}
    return linear_regression(design_of(rows, **named), rows["columns"]["overall"], predictors, domain=inside)


def asked(moments):
    return {"outcome": "overall", "predictors": PREDICTORS, "moments": moments}


def by_domain(moments, **named):
    return drivers_by_domain(moments, **({"outcome": "overall", "predictors": PREDICTORS} | named))


def assert_same_regression(found, fit):
    mine = [found.intercept, *(driver.coefficient for driver in found.drivers)]
    assert [one.value for one in mine] == pytest.approx(fit.coefficients, abs=1e-9)
    assert [one.standard_error for one in mine] == pytest.approx(fit.standard_errors, abs=1e-9)
    assert {one.degrees_of_freedom for one in mine} == {fit.degrees_of_freedom}
    for one, interval in zip(mine, fit.intervals(), strict=True):
        assert (one.interval().low, one.interval().high) == pytest.approx((interval.low, interval.high), abs=1e-9)


def test_coefficients_are_those_of_the_regression_on_the_rows(rows):
    (found,) = by_domain(moments_of(rows))
    assert_same_regression(found, regression(rows))
    assert found.respondents == len(rows["psu"])


def test_in_domains_too_with_the_whole_design(rows):
    moments = moments_of(rows, domain=rows["domain"])
    for found in by_domain(moments):
        assert_same_regression(found, regression(rows, inside=rows["domain"] == found.domain))


def test_respondents_with_an_answer_missing_are_left_out_of_both(rows):
    rows["columns"]["time"][::7] = np.nan
    (found,) = by_domain(moments_of(rows))
    assert_same_regression(found, regression(rows))


def test_a_stratum_of_one_psu_is_treated_by_the_rule_adjust():
    rows = scores(rng=np.random.default_rng(22), names=NAMES, psus=(6, 1, 8))
    (found,) = by_domain(moments_of(rows))
    assert_same_regression(found, regression(rows, lonely_psu="adjust"))


def test_the_whole_is_everybody(rows):
    whole = drivers_of_whole(moments_of(rows, domain=rows["domain"]), outcome="overall", predictors=PREDICTORS)
    (one,) = by_domain(moments_of(rows))
    assert whole.domain is None
    for mine, theirs in zip(whole.drivers, one.drivers, strict=True):
        assert mine.share.value == pytest.approx(theirs.share.value, rel=1e-12)
        assert mine.share.standard_error == pytest.approx(theirs.share.standard_error, rel=1e-12)


def test_standardised_coefficients_and_r_squared_are_those_of_the_rows(rows):
    (found,) = by_domain(moments_of(rows))
    fit, weights = regression(rows), rows["weights"] / rows["weights"].sum()
    columns = np.column_stack([rows["columns"][name] for name in NAMES])
    spread = np.sqrt(weights @ (columns - weights @ columns) ** 2)
    expected = fit.coefficients[1:] * spread[1:] / spread[0]
    assert [driver.standardised.value for driver in found.drivers] == pytest.approx(expected, rel=1e-10)
    residuals = columns[:, 0] - fit.coefficients[0] - columns[:, 1:] @ fit.coefficients[1:]
    assert found.r_squared.value == pytest.approx(1 - weights @ residuals**2 / spread[0] ** 2, rel=1e-10)


def test_parts_add_up_to_r_squared_and_shares_to_one(rows):
    for found in by_domain(moments_of(rows, domain=rows["domain"])):
        assert sum(driver.part.value for driver in found.drivers) == pytest.approx(found.r_squared.value, abs=1e-14)
        assert sum(driver.share.value for driver in found.drivers) == pytest.approx(1, abs=1e-14)
        for driver in found.drivers:
            interval = driver.share.interval()
            assert 0 <= interval.low <= driver.share.value <= interval.high <= 1


def test_standard_errors_are_near_the_jackknife_over_psus():
    rows = scores(rng=np.random.default_rng(23), names=NAMES, psus=(60, 50), people=6, effects=[0.7, 0.4, 0.3])
    (found,) = by_domain(moments_of(rows))

    def parts(products):
        return decompose(means_and_covariances(products)[1]).parts

    # Both estimate the same variance; they differ by terms of the order of one over the number of PSUs.
    assert found.drivers[0].part.standard_error == pytest.approx(jackknife(rows, parts), rel=0.05)
    assert found.drivers[0].share.standard_error == pytest.approx(
        jackknife(rows, lambda products: parts(products) / parts(products).sum()), rel=0.05
    )
    assert found.r_squared.standard_error == pytest.approx(
        jackknife(rows, lambda products: parts(products).sum(axis=1, keepdims=True)), rel=0.05
    )


def test_weights_and_their_covariance_follow_from_their_linearised_values(rows):
    moments = moments_of(rows)
    weights = weights_from_drivers(moments, outcome="overall", predictors=PREDICTORS)
    assert sum(weights.shares.values()) == pytest.approx(1, abs=1e-14)
    assert weights.psus == moments.psus
    total = np.zeros((3, 3))
    for stratum in range(3):
        z = weights.linearised[moments.stratum_of_psu == stratum]
        total += len(z) * np.cov(z, rowvar=False)
    assert weights.covariance == pytest.approx(total, rel=1e-10)
    # Shares add up to 1, so their linearised values add up to nothing.
    assert weights.linearised.sum(axis=1) == pytest.approx(np.zeros(18), abs=1e-14)
    assert weights.linearised.sum(axis=0) == pytest.approx(np.zeros(3), abs=1e-14)


def test_effects_carry_the_index_and_its_covariance(rows):
    satisfied = {name: (column >= 4).astype(float) for name, column in rows["columns"].items()}
    rows = rows | {"columns": satisfied}
    index, effects = effects_from_drivers(moments_of(rows), outcome="overall", predictors=PREDICTORS)
    weights = rows["weights"] / rows["weights"].sum()
    assert index.kind is Kind.SHARE
    assert index.value == pytest.approx(weights @ satisfied["overall"], rel=1e-12)
    fit = regression(rows)
    assert effects.values == pytest.approx(fit.coefficients[1:], abs=1e-9)
    assert effects.covariance == pytest.approx(fit.covariance[1:, 1:], abs=1e-9)
    # The influence values of the mean and of the coefficients, from the rows.
    matrix = np.column_stack([np.ones(len(weights)), *(satisfied[name] for name in PREDICTORS)])
    residuals = satisfied["overall"] - matrix @ fit.coefficients
    slopes = (matrix * (weights * residuals)[:, None]) @ np.linalg.inv((matrix * weights[:, None]).T @ matrix)
    mean = weights * (satisfied["overall"] - index.value)
    together = design_of(rows).covariance(np.column_stack([mean, slopes[:, 1:]]))
    assert effects.with_index == pytest.approx(together[0, 1:], abs=1e-12)
    scores_, _ = effects_from_drivers(
        moments_of(rows | {"columns": {**satisfied, "overall": satisfied["overall"] * 4 + 1}}),
        outcome="overall",
        predictors=PREDICTORS,
    )
    assert scores_.kind is Kind.MEAN


def test_a_lone_predictor_has_the_whole_share_for_certain(rows):
    (found,) = by_domain(moments_of(rows), predictors=["staff"])
    (driver,) = found.drivers
    assert driver.share.value == 1
    assert (driver.share.interval().low, driver.share.interval().high) == pytest.approx((1, 1))
    assert driver.part.value == pytest.approx(found.r_squared.value)


def test_negative_coefficients_stay_negative():
    rows = scores(rng=np.random.default_rng(24), names=NAMES, people=40, effects=[0.9, 0.5, -0.8])
    (found,) = by_domain(moments_of(rows))
    assert found.drivers[2].coefficient.value < 0
    assert found.drivers[2].part.value >= 0


def flat(rows, name, value=4.0):
    return rows | {"columns": {**rows["columns"], name: np.full(len(rows["psu"]), value)}}


def test_all_answers_the_same_leave_nothing_to_explain(rows):
    (found,) = by_domain(moments_of(flat(rows, "overall")))
    assert found.reason is Undefined.NO_SPREAD
    assert (found.drivers, found.r_squared, found.intercept) == ((), None, None)
    assert found.respondents == len(rows["psu"])


def test_a_constant_predictor_and_one_told_by_others_are_named(rows):
    (found,) = by_domain(moments_of(flat(rows, "time")))
    assert (found.reason, found.redundant) == (Undefined.REDUNDANT, ("time",))
    columns = rows["columns"]
    told = rows | {"columns": {**columns, "result": columns["staff"] + columns["time"]}}
    (found,) = by_domain(moments_of(told))
    assert (found.reason, found.redundant, found.drivers) == (Undefined.REDUNDANT, ("result",), ())


def test_a_domain_of_few_people_or_of_nobody_says_so_and_leaves_the_others_alone(rows):
    domain = np.array(["many"] * len(rows["psu"]), dtype=object)
    domain[:4], domain[4] = "few", "empty"
    rows["weights"][4] = 0.0
    found = {one.domain: one for one in by_domain(moments_of(rows, domain=domain.astype(str)))}
    assert found["few"].reason is found["empty"].reason is Undefined.TOO_FEW
    assert (found["few"].respondents, found["empty"].respondents) == (4, 0)
    assert_same_regression(found["many"], regression(rows, inside=domain == "many"))


def test_no_rows_at_all_are_too_few():
    nobody = {"columns": {name: np.zeros(0) for name in NAMES}, "weights": np.zeros(0)}
    nobody |= {"stratum": np.zeros(0, dtype=int), "psu": np.zeros(0, dtype=int)}
    moments = moments_of(nobody)
    assert by_domain(moments) == []
    found = drivers_of_whole(moments, outcome="overall", predictors=PREDICTORS)
    assert (found.reason, found.respondents, found.drivers) == (Undefined.TOO_FEW, 0, ())


def test_too_few_psus_leave_values_without_errors():
    rows = scores(rng=np.random.default_rng(25), names=NAMES, psus=(2, 2), people=30)
    (found,) = by_domain(moments_of(rows))
    assert found.reason is Undefined.NONE
    for estimate in (found.r_squared, found.drivers[0].coefficient, found.drivers[0].share):
        assert estimate.standard_error is None
    assert (found.drivers[0].share.interval().low, found.drivers[0].share.interval().high) == (0, 1)
    with pytest.raises(AnalysisError, match="2 PSUs more than strata"):
        weights_from_drivers(moments_of(rows), outcome="overall", predictors=PREDICTORS)


def test_predictors_that_explain_nothing_have_parts_but_no_shares():
    # Full factorial: the outcome has nothing to do with either predictor, exactly.
    grid = np.array(np.meshgrid([0.0, 1.0], [0.0, 1.0], [0.0, 1.0])).reshape(3, 8)
    rows = {
        "columns": dict(zip(["overall", "staff", "time"], grid, strict=True)),
        "weights": np.ones(8),
        "stratum": np.zeros(8, dtype=int),
        "psu": np.arange(8),
    }
    (found,) = by_domain(moments_of(rows), predictors=["staff", "time"])
    assert found.reason is Undefined.NOTHING_EXPLAINED
    assert [driver.share for driver in found.drivers] == [None, None]
    assert found.r_squared.value == pytest.approx(0, abs=1e-15)
    with pytest.raises(AnalysisError, match="staff, time explain nothing"):
        weights_from_drivers(moments_of(rows), outcome="overall", predictors=["staff", "time"])
    index, _ = effects_from_drivers(moments_of(rows), outcome="overall", predictors=["staff", "time"])
    assert index.value == 0.5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: flat(rows, "overall"), "everybody gave overall the same answer"),
        (lambda rows: flat(rows, "time"), "time is constant"),
        (lambda rows: rows | {"weights": np.where(np.arange(len(rows["psu"])) < 3, 1.0, 0.0)}, "3 people answered"),
    ],
)
def test_weights_that_cannot_be_had_are_refused_with_the_reason(rows, change, message):
    with pytest.raises(AnalysisError, match=message):
        weights_from_drivers(moments_of(change(rows)), outcome="overall", predictors=PREDICTORS)


@pytest.mark.parametrize(
    ("predictors", "message"),
    [([], "no predictor"), (["staff", "staff"], "staff is named twice"), (["overall"], "overall is named twice")],
)
def test_questions_that_make_no_sense_are_refused(rows, predictors, message):
    with pytest.raises(AnalysisError, match=message):
        by_domain(moments_of(rows), predictors=predictors)
    with pytest.raises(AnalysisError, match="were not summed"):
        by_domain(moments_of(rows), predictors=["age"])


def test_results_do_not_depend_on_the_scale_of_weights(rows):
    (one,) = by_domain(moments_of(rows))
    (other,) = by_domain(moments_of(rows | {"weights": rows["weights"] * 1e6}))
    for mine, theirs in zip(one.drivers, other.drivers, strict=True):
        again = replace(theirs.share, sum_weights=mine.share.sum_weights)
        assert (again.value, again.standard_error) == pytest.approx((mine.share.value, mine.share.standard_error))
