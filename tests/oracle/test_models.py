"""Tests, regressions and estimates after calibration against R 4.2.2, survey 4.5, of 2026-11-22.

Each case's call is in reference.json. Two programs in double precision agree to some 1e-12; 1e-9 leaves room for
p-values, whose relative error grows with the distance into the tail.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from analysis import estimates
from analysis.association import independence_test
from analysis.auxiliaries import total
from analysis.calibration import calibrate, post_stratify
from analysis.design import SurveyDesign
from analysis.margins import margin
from analysis.models import agency_against_rest, linear_regression, logistic_regression
from analysis.raking import rake, rake_replicates
from analysis.reliability import cronbach_alpha
from analysis.replicates import ReplicateDesign
from analysis.trimming import trim_weights
from analysis.ttests import difference_test, mean_test

R_SURVEY = Path(__file__).parents[3] / "shared" / "reference" / "r-survey"
OWN = Path(__file__).parent / "data"
needs_r_data = pytest.mark.skipif(not R_SURVEY.is_dir(), reason="R's example data are GPL and stay outside the project")

FILES = {
    "srs": "apisrs",
    "strat": "apistrat",
    "strat_nofpc": "apistrat",
    "clus1": "apiclus1",
    "clus1_nofpc": "apiclus1",
}
TESTED = ("srs", "strat", "strat_nofpc", "clus1")
CALIBRATED = ("srs", "strat", "clus1", "clus1_nofpc")
AGREEMENT = 1e-9
R_TIGHT = {"tolerance": 1e-8, "max_cycles": 100, "stopping": "change"}
R_DEFAULT = {"tolerance": 1, "max_cycles": 10, "stopping": "change"}


def columns_of(folder: Path, name: str) -> dict[str, np.ndarray]:
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    return {column: np.array([row[column] for row in rows]) for column in rows[0]}


def numbers(column) -> np.ndarray:
    return np.array([float(value) if value not in ("", "NA") else np.nan for value in column])


def design_of(name: str):
    columns = columns_of(R_SURVEY, FILES[name])
    return columns, SurveyDesign.from_columns(
        numbers(columns["pw"]),
        strata=columns["stype"] if name.startswith("strat") else None,
        psu=columns["dnum"] if name.startswith("clus") else None,
        fpc=None if name.endswith("nofpc") else numbers(columns["fpc"]),
    )


@pytest.fixture(scope="module")
def reference():
    return json.loads((R_SURVEY / "reference.json").read_text())


@pytest.fixture(scope="module")
def own():
    """Our own synthetic file and the design R declared for it."""
    columns = columns_of(R_SURVEY if R_SURVEY.is_dir() else OWN, "sipas_small")
    design = SurveyDesign.from_columns(
        numbers(columns["w"]), strata=columns["stratum"], psu=columns["psu"], lonely_psu="adjust"
    )
    return columns, design


def close(actual, expected, rtol=AGREEMENT):
    np.testing.assert_allclose(np.ravel(actual), np.ravel(expected), rtol=rtol)


STATISTICS = {
    "F": "F",
    "Chisq": "chi_square",
    "Wald": "wald",
    "adjWald": "adjusted_wald",
    "lincom": "lincom",
    "saddlepoint": "saddlepoint",
}


@needs_r_data
@pytest.mark.parametrize("name", TESTED)
@pytest.mark.parametrize("statistic", STATISTICS)
def test_association_equals_svychisq(reference, statistic, name):
    columns, design = design_of(name)
    expected = reference[f"chisq.{statistic}.{name}"]["result"]
    test = independence_test(design, columns["sch.wide"], columns["stype"], method=STATISTICS[statistic])
    close(test.statistic, expected["statistic"])
    close(test.p_value, expected["p_value"])
    close(test.degrees_of_freedom, expected["parameter"])


@needs_r_data
@pytest.mark.parametrize("name", TESTED)
def test_two_groups_equal_svyttest(reference, name):
    columns, design = design_of(name)
    check_t(difference_test(design, numbers(columns["enroll"]), columns["comp.imp"]), reference[f"ttest.{name}"])


@needs_r_data
@pytest.mark.parametrize("name", TESTED)
def test_one_mean_equals_svyttest(reference, name):
    columns, design = design_of(name)
    check_t(mean_test(design, numbers(columns["api00"]), hypothesis=650), reference[f"ttest1.{name}"])


def check_t(test, case):
    expected, interval = case["result"], test.interval()
    close(test.statistic, expected["statistic"])
    close(test.p_value, expected["p_value"])
    close(test.estimate, expected["estimate"])
    assert test.degrees_of_freedom == expected["parameter"]
    close([interval.low, interval.high], expected["conf_int"])


@needs_r_data
@pytest.mark.parametrize("name", TESTED)
@pytest.mark.parametrize("model", ["gauss", "qbin", "factor"])
def test_regression_equals_svyglm(reference, model, name):
    columns, design = design_of(name)
    covariates = {each: numbers(columns[each]) for each in ("ell", "meals", "mobility")}
    fit = {
        "gauss": lambda: linear_regression(design, numbers(columns["api00"]), covariates),
        "qbin": lambda: logistic_regression(design, columns["sch.wide"] == "Yes", covariates),
        "factor": lambda: linear_regression(
            design, numbers(columns["api00"]), {each: columns[each] for each in ("stype", "sch.wide")}
        ),
    }[model]()
    check_fit(fit, reference[f"glm.{model}.{name}"]["result"])


def check_fit(fit, expected):
    assert [name.replace("=", "") for name in fit.names[1:]] == [
        name.replace("=", "") for name in expected["names"][1:]
    ]
    close(fit.coefficients, expected["coef"])
    close(fit.standard_errors, expected["se"])
    close(fit.covariance, expected["vcov"])
    close(fit.t_statistics, expected["t"])
    close(fit.p_values, expected["p"])
    close(fit.dispersion, expected["dispersion"])
    assert fit.degrees_of_freedom == expected["df_resid"]
    close([each.low for each in fit.intervals()], expected["ci"]["lo"])
    close([each.high for each in fit.intervals()], expected["ci"]["hi"])


REPLICATED = {
    "jk1_clus1": "rep_jk1_clus1",
    "jk1_clus1_fpc": "rep_jk1_clus1",
    "jkn_strat": "rep_jkn_strat",
    "jkn_strat_fpc": "rep_jkn_strat",
    "boot_clus1": "rep_boot_clus1",
}


def replicated(reference, name, *, mse):
    """A design of given replicate weights; a finite population changes only their scale."""
    made, given = reference[f"repdesign.{name}"]["result"], columns_of(R_SURVEY, REPLICATED[name])
    columns = columns_of(R_SURVEY, "apistrat" if "strat" in name else "apiclus1")
    return columns, ReplicateDesign.from_columns(
        numbers(given["w"]),
        np.column_stack([numbers(given[each]) for each in given if each.startswith("rep")]),
        method="other",
        scale=made["scale"],
        replicate_scales=made["rscales"],
        mse=mse,
    )


@needs_r_data
@pytest.mark.parametrize("suffix", ["", ".mse"])
@pytest.mark.parametrize("name", REPLICATED)
def test_tests_and_models_of_replicate_designs_equal_those_of_r(reference, name, suffix):
    columns, design = replicated(reference, name, mse=bool(suffix))
    expected = reference[f"rep.{name}{suffix}"]["result"]
    covariates = {each: numbers(columns[each]) for each in ("ell", "meals", "mobility")}
    check_fit(linear_regression(design, numbers(columns["api00"]), covariates), expected["glm"])
    check_t(difference_test(design, numbers(columns["enroll"]), columns["comp.imp"]), {"result": expected["ttest"]})
    test = independence_test(design, columns["sch.wide"], columns["stype"])
    close(test.statistic, expected["chisqF"]["statistic"])
    close(test.degrees_of_freedom, expected["chisqF"]["parameter"])
    close(test.p_value, expected["chisqF"]["p_value"])


# R: svyglm(q1 ~ a1, dd), dd the design of sipas_small with survey.lonely.psu = "adjust".
AGENCY_VS_REST = {
    "names": ["(Intercept)", "agency"],
    "coef": [3.6650990096639835, -0.05005384473875108],
    "se": [0.09781765770829841, 0.22097193921484284],
    "t": [37.468685056778384, -0.22651674650004125],
    "p": [1.0166307496354389e-20, 0.8229898753845899],
    "df_resid": 21,
    "vcov": [0.00956829415953783, -0.015448902215226348, -0.015448902215226348, 0.0488285979203682],
    "dispersion": 1.056607304276,
    "ci": {"lo": [3.4616760544349727, -0.5095901488262615], "hi": [3.8685219648929943, 0.4094824593487594]},
}
# R: svycralpha(~q1 + q2 + q3 + q4 + q5, subset(d1, complete.cases(...))).
CRONBACH = 0.4092499187442203


def test_an_agency_against_the_rest_equals_svyglm(own):
    columns, design = own
    check_fit(agency_against_rest(design, numbers(columns["q1"]), columns["agency"], "1"), AGENCY_VS_REST)


def test_reliability_equals_svycralpha(own):
    columns, design = own
    close(cronbach_alpha(design, {item: numbers(columns[item]) for item in ("q1", "q2", "q3", "q4", "q5")}), CRONBACH)


CALIBRATIONS = {
    "post.stype": lambda w, x: post_stratify(w, x["stype"]),
    "rake2": lambda w, x: rake(w, [x["stype"], x["sch.wide"]], **R_TIGHT),
    "rake3": lambda w, x: rake(w, [x["stype"], x["sch.wide"], x["awards"]], **R_TIGHT),
    "rake3default": lambda w, x: rake(w, [x["stype"], x["sch.wide"], x["awards"]], **R_DEFAULT),
    "cal.linear.stype": lambda w, x: calibrate(w, [x["stype"]]),
    "cal.linear.api99": lambda w, x: calibrate(w, [x["stype"], x["api99"]]),
    "cal.linear.margins": lambda w, x: calibrate(w, [x["stype"], x["sch.wide"], x["awards"]]),
    "cal.linear.bounded": lambda w, x: calibrate(w, [x["stype"], x["api99"]], bounds=(0.6, 1.6)),
    "cal.logit.api99": lambda w, x: calibrate(w, [x["stype"], x["api99"]], method="logit", bounds=(0.5, 1.8)),
    "cal.raking.api99": lambda w, x: calibrate(w, [x["stype"], x["api99"]], method="raking"),
    "cal.raking.margins": lambda w, x: calibrate(w, [x["stype"], x["sch.wide"], x["awards"]], method="raking"),
}


def calibrated(reference, method, name):
    columns, design = design_of(name)
    population = reference["population"]
    known = {each: margin(each, columns[each], population[each]) for each in ("stype", "sch.wide", "awards")}
    known["api99"] = total("api99", numbers(columns["api99"]), population["sum_api99"])
    return columns, design.calibrated(CALIBRATIONS[method](design.weights, known))


def check_estimates(columns, design, expected):
    """The block est(): total, mean, two sets of domains, a proportion and a ratio, with their standard errors."""
    api, enroll, students = (numbers(columns[name]) for name in ("api00", "enroll", "api.stu"))
    everyone = np.ones(len(api))
    cases = {
        "total_enroll": [(enroll, None)],
        "mean_api00": [(api, everyone)],
        "by_stype": [(api, (columns["stype"] == level).astype(float)) for level in "EHM"],
        "by_sw": [(api, (columns["sch.wide"] == level).astype(float)) for level in ("No", "Yes")],
        "prop_sw": [((columns["sch.wide"] == "Yes").astype(float), everyone)],
        "ratio": [(students, enroll)],
    }
    for key, pairs in cases.items():
        if key in expected:
            values = [linearised(design, *pair) for pair in pairs]
            close([value for value, _ in values], expected[key]["coef"])
            # What the totals fix has no variance: both programs then give rounding errors.
            errors = [error for _, error in values]
            np.testing.assert_allclose(errors, np.ravel(expected[key]["se"]), rtol=AGREEMENT, atol=2e-10)


def linearised(design, numerator, base):
    """A total, or a ratio of totals, by the textbook: of ours only the design's variance."""
    valid = ~np.isnan(numerator) if base is None else ~np.isnan(numerator) & ~np.isnan(base) & (base != 0)
    weights = np.where(valid, design.weights, 0.0)
    top = np.where(valid, numerator, 0.0)
    if base is None:
        return weights @ top, np.sqrt(design.covariance(weights * top)[0, 0])
    below = np.where(valid, base, 0.0)
    ratio = weights @ top / (weights @ below)
    residuals = weights * (top - ratio * below) / (weights @ below)
    return ratio, np.sqrt(design.covariance(residuals, domain=valid)[0, 0])


@needs_r_data
@pytest.mark.parametrize("name", CALIBRATED)
@pytest.mark.parametrize("method", CALIBRATIONS)
def test_standard_errors_after_calibration_equal_those_of_r(reference, method, name):
    columns, design = calibrated(reference, method, name)
    expected = reference[f"{method}.{name}"]["result"]
    close(design.weights.sum(), expected["sumw"])
    check_estimates(columns, design, expected)


@needs_r_data
def test_standard_errors_after_trimming_equal_those_of_r(reference):
    columns, design = design_of("strat")
    trimmed = trim_weights(design.weights, lower=18, upper=40)
    check_estimates(columns, design.reweighted(trimmed.weights), reference["trim.strat"]["result"]["est"])


@needs_r_data
@pytest.mark.parametrize(("strict", "key"), [(False, "est"), (True, "est_strict")])
def test_standard_errors_after_raking_and_trimming_equal_those_of_r(reference, strict, key):
    columns, design = calibrated(reference, "rake3", "clus1")
    trimmed = trim_weights(design.weights, lower=20, upper=35, strict=strict)
    value, error = linearised(
        design.reweighted(trimmed.weights), numbers(columns["api00"]), np.ones(design.respondents)
    )
    expected = reference["trim.rake3.clus1"]["result"][key]
    close([value, error], [expected["coef"], expected["se"]])


@needs_r_data
@pytest.mark.parametrize("name", CALIBRATED)
@pytest.mark.parametrize("method", CALIBRATIONS)
def test_estimators_of_a_calibrated_design_give_rs_numbers(reference, method, name):
    columns, design = calibrated(reference, method, name)
    expected = reference[f"{method}.{name}"]["result"]
    api, enroll = numbers(columns["api00"]), numbers(columns["enroll"])
    found = {
        "mean_api00": estimates.mean(design, api),
        "total_enroll": estimates.total(design, enroll),
        "by_stype": estimates.mean(design, api, by={"stype": columns["stype"]}),
        "by_sw": estimates.mean(design, api, by={"sw": columns["sch.wide"]}),
        "ratio": estimates.ratio(design, numbers(columns["api.stu"]), enroll),
    }
    for key, table in found.items():
        close(table.values, expected[key]["coef"])
        close(table.standard_errors, expected[key]["se"])


@needs_r_data
def test_a_raked_jackknife_gives_rs_numbers(reference):
    columns, after = columns_of(R_SURVEY, "apiclus1"), columns_of(R_SURVEY, "rep_jk1_clus1")
    population = reference["population"]
    margins = [margin(each, columns[each], population[each]) for each in ("stype", "sch.wide", "awards")]
    replicates = np.column_stack([numbers(after[name]) for name in after if name.startswith("rep")])
    raked, replicates = rake_replicates(numbers(after["w"]), replicates, margins, **R_TIGHT)
    scale = reference["repdesign.jk1_clus1"]["result"]["scale"]
    design = ReplicateDesign.from_columns(raked.weights, replicates, method="jk1", scale=scale)
    expected = reference["rep.jk1_clus1_rake3"]["result"]
    api = numbers(columns["api00"])
    found = {
        "mean": estimates.mean(design, api),
        "total": estimates.total(design, numbers(columns["enroll"])),
        "by": estimates.mean(design, api, by={"stype": columns["stype"]}),
    }
    for key, table in found.items():
        close(table.values, expected[key]["coef"])
        close(table.standard_errors, expected[key]["se"])
    assert design.degrees_of_freedom() == expected["mean"]["df"]
