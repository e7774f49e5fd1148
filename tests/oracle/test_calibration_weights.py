"""Calibrated and trimmed weights against R 4.2.2, survey 4.5, of 2026-11-22 (each case's call is in reference.json)."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from analysis.auxiliaries import total
from analysis.calibration import calibrate, post_stratify
from analysis.margins import margin
from analysis.raking import rake, rake_replicates
from analysis.trimming import trim_weights

R_SURVEY = Path(__file__).parents[3] / "shared" / "reference" / "r-survey"
pytestmark = pytest.mark.skipif(not R_SURVEY.is_dir(), reason="R's example data are GPL and stay outside the project")

FILES = {"srs": "apisrs", "strat": "apistrat", "clus1": "apiclus1", "clus1_nofpc": "apiclus1"}
# R's `tight`: list(maxit = 100, epsilon = 1e-8), found by matching the published weights to the last digit.
R_TIGHT = {"tolerance": 1e-8, "max_cycles": 100, "stopping": "change"}
# Two programs in double precision, Newton steps ended at 1e-12 in R.
AGREEMENT = 1e-11

METHODS = {
    "post.stype": lambda w, x: post_stratify(w, x["stype"]),
    "rake2": lambda w, x: rake(w, [x["stype"], x["sch.wide"]], **R_TIGHT),
    "rake3": lambda w, x: rake(w, [x["stype"], x["sch.wide"], x["awards"]], **R_TIGHT),
    "cal.linear.stype": lambda w, x: calibrate(w, [x["stype"]]),
    "cal.linear.api99": lambda w, x: calibrate(w, [x["stype"], x["api99"]]),
    "cal.linear.margins": lambda w, x: calibrate(w, [x["stype"], x["sch.wide"], x["awards"]]),
    "cal.linear.bounded": lambda w, x: calibrate(w, [x["stype"], x["api99"]], bounds=(0.6, 1.6)),
    "cal.logit.api99": lambda w, x: calibrate(w, [x["stype"], x["api99"]], method="logit", bounds=(0.5, 1.8)),
    "cal.raking.api99": lambda w, x: calibrate(w, [x["stype"], x["api99"]], method="raking"),
    "cal.raking.margins": lambda w, x: calibrate(w, [x["stype"], x["sch.wide"], x["awards"]], method="raking"),
}


@pytest.fixture(scope="module")
def reference():
    return json.loads((R_SURVEY / "reference.json").read_text())


def columns_of(name: str) -> dict[str, np.ndarray]:
    with (R_SURVEY / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    return {column: np.array([row[column] for row in rows]) for column in rows[0]}


def auxiliaries_of(columns, population):
    known = {name: margin(name, columns[name], population[name]) for name in ("stype", "sch.wide", "awards")}
    return known | {"api99": total("api99", columns["api99"].astype(float), population["sum_api99"])}


@pytest.mark.parametrize("design", FILES)
@pytest.mark.parametrize("method", METHODS)
def test_calibrated_weights_equal_those_of_r(reference, method, design):
    columns = columns_of(FILES[design])
    auxiliaries = auxiliaries_of(columns, reference["population"])
    weights = METHODS[method](columns["pw"].astype(float), auxiliaries).weights
    np.testing.assert_allclose(weights, reference["weights"][f"{method}.{design}"], rtol=AGREEMENT)


@pytest.mark.parametrize("design", FILES)
def test_raking_to_convergence_is_the_fixed_point_that_newton_finds(reference, design):
    columns = columns_of(FILES[design])
    known = auxiliaries_of(columns, reference["population"])
    margins = [known[name] for name in ("stype", "sch.wide", "awards")]
    weights = rake(columns["pw"].astype(float), margins, tolerance=1e-13).weights
    np.testing.assert_allclose(weights, reference["weights"][f"cal.raking.margins.{design}"], rtol=1e-11)


def test_raked_replicate_weights_equal_those_of_r(reference):
    columns = columns_of("apiclus1")
    known = auxiliaries_of(columns, reference["population"])
    before, after = columns_of("rep_jk1_clus1"), columns_of("rep_jk1_clus1_rake3")
    names = [name for name in before if name.startswith("rep")]
    calibration, replicates = rake_replicates(
        before["w"].astype(float),
        np.column_stack([before[name].astype(float) for name in names]),
        [known[name] for name in ("stype", "sch.wide", "awards")],
        **R_TIGHT,
    )
    np.testing.assert_allclose(calibration.weights, after["w"].astype(float), rtol=AGREEMENT)
    expected = np.column_stack([after[name].astype(float) for name in names])
    np.testing.assert_allclose(replicates, expected, rtol=AGREEMENT)


@pytest.mark.parametrize(("strict", "key"), [(False, "trim.strat"), (True, "trim.strict.strat")])
def test_trimmed_weights_equal_those_of_r(reference, strict, key):
    case = reference["trim.strat"]["result"]
    weights = columns_of("apistrat")["pw"].astype(float)
    trimmed = trim_weights(weights, lower=case["lower"], upper=case["upper"], strict=strict)
    np.testing.assert_allclose(trimmed.weights, reference["weights"][key], rtol=1e-14)


@pytest.mark.parametrize(("strict", "key"), [(False, "trim.rake3.clus1"), (True, "trim.strict.rake3.clus1")])
def test_trimmed_raked_weights_equal_those_of_r(reference, strict, key):
    weights = reference["weights"]["rake3.clus1"]
    trimmed = trim_weights(weights, lower=20, upper=35, strict=strict)
    np.testing.assert_allclose(trimmed.weights, reference["weights"][key], rtol=1e-13)
