"""Strata with one PSU in R's own test of them: survey 4.5, tests/lonely.psu.Rout.save, five digits as printed there."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.design import SurveyDesign
from analysis.errors import AnalysisError
from analysis.estimates import mean, total
from analysis.replication import jackknife

PRINTED = 1e-4


@pytest.fixture(scope="module")
def schools(r, shared):
    return r.table("apiclus1")


def error_of(table):
    return pytest.approx(table.standard_errors[0], abs=PRINTED / 2 + 1e-9)


@pytest.mark.parametrize(
    ("rule", "linearised", "jackknifed"),
    [
        ("remove", 5.8058, 5.8058),
        ("certainty", 5.8058, 5.8058),
        ("adjust", 5.8281, 5.8267),
        ("average", 6.0096, 5.8217),
    ],
)
def test_districts_as_strata_of_which_one_has_a_single_school(schools, rule, linearised, jackknifed):
    design = SurveyDesign.from_columns(schools["pw"], strata=schools["dnum"], lonely_psu=rule)
    assert linearised == error_of(mean(design, schools["api00"]))
    assert jackknifed == error_of(mean(jackknife(design), schools["api00"]))


def test_a_single_school_that_is_all_there_is_needs_no_rule(schools):
    population = np.where(schools["dnum"] == 413, 1, 1000)
    design = SurveyDesign.from_columns(schools["pw"], strata=schools["dnum"], fpc=population)
    assert error_of(mean(design, schools["api00"])) == 5.7344
    assert error_of(mean(jackknife(design), schools["api00"])) == 5.7344


@pytest.mark.parametrize(
    ("rule", "only_design", "also_domain"),
    [("error", 5.8909, 5.8909), ("remove", 5.8909, 5.8909), ("adjust", 5.8909, 5.9119), ("average", 5.8909, 6.0914)],
)
def test_a_domain_that_leaves_a_stratum_one_school(schools, rule, only_design, also_domain):
    kept = schools["dnum"] != 413
    data = {name: column[kept] for name, column in schools.items()}
    domain = np.arange(kept.sum()) != 30
    for in_domains, expected in ((False, only_design), (True, also_domain)):
        design = SurveyDesign.from_columns(
            data["pw"], strata=data["dnum"], lonely_psu=rule, lonely_in_domains=in_domains
        )
        assert expected == error_of(mean(design, data["api00"], where=domain))


def test_a_total_under_adjust_is_centred_at_the_mean_of_all_psus():
    # By hand: totals 320.25, 425.25, 700, 1040, 660, their mean 629.1. 2·2·52.5² + 2·2·170² + 30.9² = 127,579.81.
    design = SurveyDesign.from_columns([10.5, 10.5, 20, 20, 15], strata=[1, 1, 2, 2, 3], lonely_psu="adjust")
    assert total(design, [30.5, 40.5, 35, 52, 44]).covariance[0, 0] == pytest.approx(127_579.81, rel=1e-12)


def test_average_without_another_stratum_is_refused():
    design = SurveyDesign.from_columns([1.0, 1.0], strata=[1, 2], lonely_psu="average")
    with pytest.raises(AnalysisError, match="average over"):
        mean(design, [1.0, 2.0])
