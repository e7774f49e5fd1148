"""The project's own survey under each rule for strata with one PSU, against survey 4.5 (data/reference.json)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from analysis.design import SurveyDesign
from analysis.errors import AnalysisError
from analysis.estimates import mean, proportion, total
from analysis.intervals import t_quantile
from analysis.models import agency_against_rest
from analysis.reliability import cronbach_alpha

RULES = ("adjust", "average", "certainty", "remove")
METHODS = ("logit", "beta", "mean", "xlogit", "asin", "wilson")


def declared(data, rule):
    return SurveyDesign.from_columns(data["w"], strata=data["stratum"], psu=data["psu"], lonely_psu=rule)


@pytest.fixture(scope="module", params=RULES)
def case(request, r):
    data = r.table("sipas_small")
    return request.param, data, declared(data, request.param)


def agrees(r, table, expected):
    assert table.values == r.near(np.atleast_1d(expected["coef"]))
    assert table.standard_errors == r.near(np.atleast_1d(expected["se"]))
    for key, freedom in (("ci_z", np.inf), ("ci_t", expected["df"])):
        found = [replace(one, degrees_of_freedom=freedom).interval(method="t") for one in table]
        assert [one.low for one in found] == r.near(np.atleast_1d(expected[key]["lo"]))
        assert [one.high for one in found] == r.near(np.atleast_1d(expected[key]["hi"]))


def test_mean_and_total(r, case):
    rule, data, design = case
    expected = r.result(f"sipas.{rule}.mean")
    table = mean(design, data["q1"])
    agrees(r, table, expected)
    assert table[0].degrees_of_freedom == expected["df"]
    assert table[0].design_effect == r.near(expected["deff"])
    agrees(r, total(design, data["t1"]), r.result(f"sipas.{rule}.total"))


def test_every_agency(r, case):
    rule, data, design = case
    for question, expected in r.result(f"sipas.{rule}.by.q").items():
        agrees(r, mean(design, data[question], by={"agency": data["agency"]}), expected)
    agrees(r, total(design, data["t1"], by={"agency": data["agency"]}), r.result(f"sipas.{rule}.by.total"))


def test_degrees_of_freedom_of_every_agency(r, case):
    rule, data, design = case
    table = mean(design, data["q1"], by={"agency": data["agency"]})
    for found, expected in zip(table, r.result(f"sipas.{rule}.by.domaindf"), strict=True):
        assert (found.respondents, found.degrees_of_freedom) == (expected["n"], expected["degf"])


def test_share_intervals_of_every_agency(r, case):
    rule, data, design = case
    for expected in r.result(f"sipas.{rule}.by.ciprop"):
        found = proportion(design, data["t1"], level=1.0, where=data["agency"] == expected["agency"])[0]
        assert found.degrees_of_freedom == expected["degf"]
        for method in METHODS:
            interval, one = found.interval(method=method), expected[method]
            if "error" in one:
                continue
            assert [found.value, found.standard_error] == r.near([one["est"], one["se"]])
            if None in one["ci"]:
                # R has NaN without a degree of freedom, and where exp() overflows with one alone.
                assert found.degrees_of_freedom < 2
                assert interval.low <= found.value <= interval.high
            elif method == "asin" and found.degrees_of_freedom == 1:
                turned_back(r, found, one["ci"])
                assert [interval.low, interval.high] == [0, 1]
            else:
                assert [interval.low, interval.high] == r.near(one["ci"])


def turned_back(r, found, limits):
    """R's limits beyond the quarter circle come back from the other side (0.97 to 0.51 for 0.79); ours stop there."""
    half = t_quantile(found.degrees_of_freedom, confidence_level=0.95) / (2 * np.sqrt(found.effective_respondents))
    centre = np.arcsin(np.sqrt(found.value))
    assert limits == r.near(np.sin([centre - half, centre + half]) ** 2)


def test_difference_of_two_agencies(r):
    data = r.table("sipas_small")
    table = mean(declared(data, "adjust"), data["q1"], by={"agency": data["agency"]})
    gap = table.linear([1, -1, *[0] * 10])
    expected = r.result("sipas.diff")["a1_a2"]
    assert [gap.value, gap.standard_error] == r.near([expected["est"], expected["se"]])
    assert gap.degrees_of_freedom == expected["df"]
    interval = gap.interval()
    assert [interval.low, interval.high] == r.near(expected["ci_t"])


def test_an_agency_against_the_rest(r):
    data, expected = r.table("sipas_small"), r.result("sipas.agency_vs_rest")
    fit = agency_against_rest(declared(data, "adjust"), data["q1"], data["agency"], 1.0)
    assert fit.coefficients == r.near(expected["coef"])
    assert fit.standard_errors == r.near(expected["se"])
    assert fit.degrees_of_freedom == expected["df_resid"]


def test_reliability_of_five_questions(r):
    data = r.table("sipas_small")
    found = cronbach_alpha(declared(data, "adjust"), {f"q{item}": data[f"q{item}"] for item in range(1, 6)})
    assert found == r.near(r.result("sipas.cronbach"))


def test_a_stratum_with_one_psu_is_an_error_that_names_it(r):
    data = r.table("sipas_small")
    design = declared(data, "error")
    single = [s for s in np.unique(data["stratum"]) if len(np.unique(data["psu"][data["stratum"] == s])) == 1]
    with pytest.raises(AnalysisError, match="merge") as caught:
        mean(design, data["q1"])
    assert caught.value.values["strata"] == single


def test_no_case_is_skipped_for_want_of_an_estimate(r):
    errors = [
        (rule, entry["agency"], method)
        for rule in RULES
        for entry in r.result(f"sipas.{rule}.by.ciprop")
        for method in METHODS
        if "error" in entry[method]
    ]
    assert errors == []
