"""Replicate designs, given and made, against survey 4.5."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from analysis.design import SurveyDesign
from analysis.estimates import mean, proportion, ratio, total
from analysis.quantiles import quantile
from analysis.replicates import ReplicateDesign
from analysis.replication import jackknife

GIVEN = ("jk1_clus1", "jk1_clus1_fpc", "jkn_strat", "jkn_strat_fpc", "boot_clus1")


def weights_of(r, name):
    file = r.table(f"rep_{name.removesuffix('_fpc')}")
    return file["w"], np.column_stack([file[column] for column in file if column.startswith("rep")])


def given(r, name, *, mse):
    described = r.result(f"repdesign.{name}")
    weights, replicates = weights_of(r, name)
    design = ReplicateDesign.from_columns(
        weights, replicates, method="other", scale=described["scale"], replicate_scales=described["rscales"], mse=mse
    )
    assert design.degrees_of_freedom() == described["degf"]
    return design


@pytest.fixture(scope="module", params=[(name, mse) for name in GIVEN for mse in (False, True)])
def case(request, r, shared):
    name, mse = request.param
    data = r.table("apistrat" if "strat" in name else "apiclus1")
    return r.result(f"rep.{name}{'.mse' if mse else ''}"), data, given(r, name, mse=mse)


def agrees(r, table, expected):
    assert table.values == r.near(np.atleast_1d(expected["coef"]))
    assert table.standard_errors == r.near(np.atleast_1d(expected["se"]))
    if "vcov" in expected:
        assert table.covariance.ravel() == r.near(np.atleast_1d(expected["vcov"]))
    if "df" in expected:
        assert table.degrees_of_freedom == expected["df"]
    for key, freedom in (("ci_z", np.inf), ("ci_t", expected.get("df"))):
        if key in expected:
            found = [replace(one, degrees_of_freedom=freedom).interval(method="t") for one in table]
            assert [one.low for one in found] == r.near(np.atleast_1d(expected[key]["lo"]))
            assert [one.high for one in found] == r.near(np.atleast_1d(expected[key]["hi"]))
    if "deff" in expected:
        assert table[0].design_effect == r.near(expected["deff"])


def test_means_totals_and_ratios(r, case):
    expected, data, design = case
    both = {column: data[column] for column in ("api00", "enroll")}
    complete = ~np.isnan(data["enroll"])
    agrees(r, mean(design, both, where=complete), expected["mean"])
    agrees(r, mean(design, data["api00"]), expected["mean_deff"])
    agrees(r, total(design, data["enroll"]), expected["total"])
    agrees(r, ratio(design, data["api.stu"], data["enroll"]), expected["ratio"])


def test_domains_and_proportions(r, case):
    expected, data, design = case
    by = {"stype": data["stype"]}
    agrees(r, mean(design, data["api00"], by=by), expected["by"])
    agrees(r, total(design, data["enroll"], by=by), expected["by_total"])
    agrees(r, proportion(design, data["stype"]), expected["prop"])


def test_intervals_of_shares(r, case):
    expected, data, design = case
    found = proportion(design, data["sch.wide"], level="Yes")[0]
    for method, one in expected["ciprop"].items():
        interval = found.interval(method=method)
        assert [found.value, found.standard_error] == r.near([one["est"], one["se"]])
        assert [interval.low, interval.high] == r.near(one["ci"])


def test_quantiles(r, case):
    expected, data, design = case
    table = quantile(design, data["api00"], [0.25, 0.5, 0.75])
    assert table.values == r.near(expected["quant"]["q"])
    assert table.standard_errors == r.near(expected["quant"]["se"])
    limits = [one.interval() for one in table]
    assert [one.low for one in limits] + [one.high for one in limits] == r.near(expected["quant"]["ci"])


def test_differences_of_domains(r, case):
    expected, data, design = case
    gap = mean(design, data["api00"], by={"stype": data["stype"]}).linear([1, -1, 0])
    assert [gap.value, gap.standard_error] == r.near([expected["diff"]["est"], expected["diff"]["se"]])
    interval = gap.interval()
    assert [interval.low, interval.high] == r.near(expected["diff"]["ci_t"])


def test_replicates_that_were_raked(r, shared):
    weights, replicates = weights_of(r, "jk1_clus1_rake3")
    design = ReplicateDesign.from_columns(weights, replicates, method="jk1")
    data, expected = r.table("apiclus1"), r.result("rep.jk1_clus1_rake3")
    agrees(r, mean(design, data["api00"]), expected["mean"])
    agrees(r, total(design, data["enroll"]), expected["total"])
    agrees(r, mean(design, data["api00"], by={"stype": data["stype"]}), expected["by"])


@pytest.mark.parametrize("name", ["jk1_clus1", "jk1_clus1_fpc", "jkn_strat", "jkn_strat_fpc"])
def test_made_jackknives_are_those_of_r(r, shared, name):
    data = r.table("apistrat" if "strat" in name else "apiclus1")
    fpc = data["fpc"] if name.endswith("_fpc") else None
    declared = {"strata": data["stype"]} if "strat" in name else {"psu": data["dnum"]}
    made = jackknife(SurveyDesign.from_columns(data["pw"], **declared, fpc=fpc))
    ours, theirs = made, given(r, name, mse=False)
    # Replicates may come in another order: each is known by whom it leaves out.
    place = {tuple(np.flatnonzero(column == 0)): k for k, column in enumerate(theirs.replicates.T)}
    order = [place[tuple(np.flatnonzero(column == 0))] for column in ours.replicates.T]
    assert ours.replicates == pytest.approx(theirs.replicates[:, order], rel=1e-12)
    assert ours.scale * ours.replicate_scales == pytest.approx(theirs.scale * theirs.replicate_scales[order], rel=1e-12)
