"""Estimates under R's own designs against survey 4.5: each case's call is in reference.json."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.design import SurveyDesign
from analysis.estimates import mean, proportion, ratio, total, variance
from analysis.likelihood import first_scoring_step

DESIGNS = ("srs", "strat", "strat_nofpc", "clus1", "clus1_nofpc")
METHODS = ("logit", "likelihood", "asin", "beta", "mean", "xlogit", "wilson")


def declared(data, name):
    fpc = None if name.endswith("_nofpc") else data["fpc"]
    if name.startswith("clus1"):
        return SurveyDesign.from_columns(data["pw"], psu=data["dnum"], fpc=fpc)
    if name.startswith("strat"):
        return SurveyDesign.from_columns(data["pw"], strata=data["stype"], fpc=fpc)
    return SurveyDesign.from_columns(data["pw"], fpc=fpc)


@pytest.fixture(scope="module", params=DESIGNS)
def case(request, r, shared):
    name = request.param
    data = r.table({"srs": "apisrs", "strat": "apistrat"}.get(name.split("_")[0], "apiclus1"))
    return name, data, declared(data, name)


@pytest.fixture(scope="module", params=DESIGNS[:-1])
def by_case(request, r, shared):
    name = request.param
    data = r.table({"srs": "apisrs", "strat": "apistrat"}.get(name.split("_")[0], "apiclus1"))
    return name, data, declared(data, name)


def agrees(r, table, expected):
    """Value, standard error and both intervals, as R's confint gives them."""
    assert table.values == r.near(np.atleast_1d(expected["coef"]))
    assert table.standard_errors == r.near(np.atleast_1d(expected["se"]))
    for key, method in (("ci_z", "normal"), ("ci_t", "t")):
        low, high = _limits(expected[key])
        found = table.intervals(method=method)
        if key == "ci_t":
            found = [_with_freedom(one, expected["df"]) for one in table]
        assert [one.low for one in found] == r.near(low)
        assert [one.high for one in found] == r.near(high)


def _limits(ci):
    if isinstance(ci, dict):
        return np.atleast_1d(ci["lo"]), np.atleast_1d(ci["hi"])
    return np.array(ci).reshape(2, -1)


def _with_freedom(estimate, freedom):
    """R's table has the degrees of freedom of the whole design; ours has each domain's own."""
    from dataclasses import replace

    return replace(estimate, degrees_of_freedom=freedom).interval(method="t")


def covariances(r, table, expected):
    assert table.covariance.ravel() == r.near(expected["vcov"])


def complete(*columns):
    """Who answered all: R's na.rm = TRUE with several variables in one call."""
    return np.logical_and.reduce([~np.isnan(column) for column in columns])


def test_degrees_of_freedom(r, case):
    name, _, design = case
    assert design.degrees_of_freedom() == r.result(f"degf.{name}")


def test_means(r, case):
    name, data, design = case
    both = {column: data[column] for column in ("api00", "enroll")}
    table = mean(design, both, where=complete(*both.values()))
    agrees(r, table, r.result(f"mean.{name}"))
    covariances(r, table, r.result(f"mean.{name}"))


def test_means_with_missing_answers(r, case):
    name, data, design = case
    table = mean(design, {"acs.46": data["acs.46"]})
    expected = r.result(f"mean_na.{name}")
    agrees(r, table, expected)
    assert table[0].degrees_of_freedom == expected["df"]
    assert table[0].interval().low == r.near(expected["ci_t"]["lo"])


@pytest.mark.parametrize(
    ("case_id", "choice"), [("mean_deff", "without replacement"), ("mean_deffrep", "with replacement")]
)
def test_design_effects_of_means(r, case, case_id, choice):
    name, data, design = case
    expected = r.result(f"{case_id}.{name}")
    table = mean(design, data["api00"], design_effect=choice)
    agrees(r, table, expected)
    assert table[0].design_effect == r.near(expected["deff"])


@pytest.mark.parametrize(
    ("case_id", "column", "choice"),
    [("total", "enroll", "without replacement"), ("total_deffrep", "api00", "with replacement")],
)
def test_totals_and_their_design_effects(r, case, case_id, column, choice):
    name, data, design = case
    expected = r.result(f"{case_id}.{name}")
    table = total(design, data[column], design_effect=choice)
    agrees(r, table, expected)
    if "deff" in expected:
        assert table[0].design_effect == r.near(expected["deff"])


def test_totals_of_levels(r, case):
    name, data, design = case
    table = total(design, {level: (data["stype"] == level).astype(float) for level in "EHM"})
    agrees(r, table, r.result(f"total_factor.{name}"))
    covariances(r, table, r.result(f"total_factor.{name}"))


def test_proportions_of_levels(r, case):
    name, data, design = case
    expected = r.result(f"prop_factor.{name}")
    table = proportion(design, data["stype"])
    agrees(r, table, expected)
    covariances(r, table, expected)
    assert [one.design_effect or np.nan for one in table] == r.near(expected["deff"], rel=1e-7)


def test_ratios(r, case):
    name, data, design = case
    expected = r.result(f"ratio.{name}")
    table = ratio(design, data["api.stu"], data["enroll"])
    agrees(r, table, expected)
    assert table[0].design_effect == r.near(expected["deff"])


def test_variances(r, case):
    name, data, design = case
    expected = r.result(f"var.{name}")
    found = variance(design, data["api00"])[0]
    assert (found.value, found.standard_error) == r.near([expected["est"], expected["se"]])


@pytest.mark.parametrize("method", METHODS)
def test_intervals_of_shares(r, case, method):
    name, data, design = case
    wide, awarded = (data[column] == "Yes" for column in ("sch.wide", "awards"))
    middle = data["stype"] == "M"
    for case_id, answers, where, level in (
        ("ciprop", wide, None, 0.95),
        ("ciprop_dom", wide, middle, 0.95),
        ("ciprop90", awarded, None, 0.9),
    ):
        expected = r.result(f"{case_id}.{method}.{name}")
        found = proportion(design, answers, level=True, where=where)[0]
        interval = found.interval(confidence_level=level, method=method)
        assert found.value == r.near(expected["est"])
        assert found.standard_error == r.near(expected["se"])
        assert [interval.low, interval.high] == r.near(expected["ci"])


@pytest.mark.parametrize("share", ["zero", "one"])
def test_shares_at_the_edge_agree_with_r_wherever_r_has_an_answer(r, shared, share):
    data = r.table("apistrat")
    answers = np.full(200, float(share == "one"))
    found = proportion(declared(data, "strat"), answers, level=1.0)[0]
    for method, expected in r.result(f"ciprop.{share}.strat").items():
        assert found.value == pytest.approx(expected["est"], abs=1e-8)
        assert found.standard_error == expected["se"]
        interval = found.interval(method=method)
        if None not in expected["ci"] and method != "logit":
            assert [interval.low, interval.high] == expected["ci"]
        # R's logit stops where Fisher scoring gives up (2.8e-12, with a warning) and calls that an interval.
        assert interval.low <= found.value <= interval.high


def test_multistage_with_weights_from_the_populations(r, shared):
    data = r.table("mu284")
    design = SurveyDesign.from_columns(psu=data["id1"], ssu=data["id2"], fpc=[data["n1"], data["n2"]])
    assert design.degrees_of_freedom() == r.result("degf.mu284")
    agrees(r, total(design, data["y1"]), r.result("total.mu284"))
    agrees(r, mean(design, data["y1"]), r.result("mean.mu284"))


def test_domains_by_one_and_two_columns(r, by_case):
    name, data, design = by_case
    by = {"stype": data["stype"]}
    means = mean(design, data["api00"], by=by)
    expected = r.result(f"by.mean.stype.{name}")
    agrees(r, means, expected)
    assert [one.design_effect for one in means] == r.near(expected["deff"])
    agrees(r, total(design, data["enroll"], by=by), r.result(f"by.total.stype.{name}"))
    agrees(r, ratio(design, data["api.stu"], data["enroll"], by=by), r.result(f"by.ratio.stype.{name}"))
    agrees(r, proportion(design, data["sch.wide"], by=by), r.result(f"by.prop.stype.{name}"))
    both = {column: data[column] for column in ("api00", "enroll")}
    # R's interaction() varies its first factor fastest.
    crossed = mean(
        design, both, by={"sch.wide": data["sch.wide"], "stype": data["stype"]}, where=complete(*both.values())
    )
    agrees(r, crossed, r.result(f"by.mean.stype_sw.{name}"))


def test_domains_are_not_filtered_files(r, by_case):
    name, data, design = by_case
    chosen = (data["sch.wide"] == "Yes") & (data["api99"] > 600)
    values = {
        "api00": data["api00"],
        "sw": (data["sch.wide"] == "Yes").astype(float),
        "aw": (data["awards"] == "Yes").astype(float),
    }
    table = mean(design, values, where=chosen)
    agrees(r, table, r.result(f"subset.{name}"))
    covariances(r, table, r.result(f"subset.{name}"))
    assert table[0].degrees_of_freedom == r.result(f"subset.{name}")["df"]
    wide = total(design, data["enroll"], where=data["sch.wide"] == "Yes")
    agrees(r, wide, r.result(f"subset_total.{name}"))


def test_shares_by_domain_with_their_own_degrees_of_freedom(r, by_case):
    name, data, design = by_case
    for level, expected in r.result(f"by.ciprop.stype.{name}").items():
        found = proportion(design, data["sch.wide"], level="Yes", where=data["stype"] == level)[0]
        interval = found.interval(method="beta")
        assert found.degrees_of_freedom == expected["df"]
        assert [found.value, found.standard_error] == r.near([expected["est"], expected["se"]])
        assert [interval.low, interval.high] == r.near(expected["ci"])


def test_contrasts_of_domains(r, by_case):
    name, data, design = by_case
    table = mean(design, data["api00"], by={"stype": data["stype"]})
    expected = r.result(f"diff.domain.{name}")
    found = {
        "EH": table.linear([1, -1, 0]),
        "EM": table.linear([1, 0, -1]),
        "avg": table.linear([1 / 3, 1 / 3, 1 / 3]),
        "ratio": table.smooth(lambda x: x[0] / x[1]),
    }
    for key, estimate in found.items():
        one = expected[key]
        assert [estimate.value, estimate.standard_error] == r.near([one["est"], one["se"]])
        assert estimate.degrees_of_freedom == one["df"]
        normal, t = (estimate.interval(method=method) for method in ("normal", "t"))
        assert [normal.low, normal.high] == r.near(one["ci_z"])
        assert [t.low, t.high] == r.near(one["ci_t"])


def test_tiny_domains(r, shared):
    data = r.table("apistrat")
    design = declared(data, "strat")
    two = mean(design, data["api00"], where=np.isin(np.arange(200), [0, 149]))
    expected = r.result("mean.tinydomain.strat")
    assert [two[0].value, two[0].standard_error] == r.near([expected["coef"], expected["se"]])
    assert two[0].degrees_of_freedom == expected["df"]
    # R's t interval is NaN without degrees of freedom; ours is the whole line.
    assert np.isinf([two[0].interval().low, two[0].interval().high]).all()
    single = mean(design, data["api00"], where=np.arange(200) == 6)[0]
    expected = r.result("mean.singleobs.strat")
    assert [single.value, single.standard_error] == r.near([expected["coef"], expected["se"]])


def test_domains_within_one_psu(r, shared):
    data = r.table("apiclus1")
    design = declared(data, "clus1")
    found = mean(design, data["api00"], where=data["dnum"] == 637)[0]
    expected = r.result("mean.onepsu.clus1")
    assert [found.value, found.standard_error] == r.near([expected["est"], expected["se"]])
    assert found.degrees_of_freedom == expected["degf"]
    agrees(r, mean(design, data["api00"], by={"dnum": data["dnum"]}), r.result("by.mean.dname.clus1"))


def test_the_first_scoring_step_is_that_of_r():
    # glm.fit's start for a binary answer is (w y + 1/2) / (w + 1); by hand for weights 1 and answers 1, 1, 0:
    # fitted 3/4, 3/4, 1/4, slopes 3/16; working values ±(log 3 + 4/3); their mean is (log 3 + 4/3) / 3.
    assert first_scoring_step(np.array([1.0, 1.0, 0.0]), np.ones(3)) == pytest.approx((np.log(3) + 4 / 3) / 3)
