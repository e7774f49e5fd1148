"""Quantiles by all rules and interval types against survey 4.5."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.design import SurveyDesign
from analysis.quantiles import quantile

PROBABILITIES = [0.1, 0.25, 0.5, 0.75, 0.9]


@pytest.fixture(scope="module", params=["srs", "strat", "strat_nofpc", "clus1"])
def case(request, r, shared):
    name = request.param
    data = r.table({"srs": "apisrs", "clus1": "apiclus1"}.get(name, "apistrat"))
    declared = {
        "srs": {"fpc": data["fpc"]},
        "strat": {"strata": data["stype"], "fpc": data["fpc"]},
        "strat_nofpc": {"strata": data["stype"]},
        "clus1": {"psu": data.get("dnum"), "fpc": data["fpc"]},
    }
    return name, data, SurveyDesign.from_columns(data["pw"], **declared[name])


def test_quantiles_with_every_interval(r, case):
    name, data, design = case
    for interval, expected in r.result(f"quant.{name}").items():
        table = quantile(design, data["api00"], PROBABILITIES, interval=interval)
        assert table.values == r.near(expected["q"])
        assert table.standard_errors == r.near(expected["se"])
        limits = [one.interval() for one in table]
        assert [one.low for one in limits] + [one.high for one in limits] == r.near(expected["ci"])


def test_quantiles_by_every_rule(r, case):
    name, data, design = case
    for rule, expected in r.result(f"quant_rule.{name}").items():
        assert quantile(design, data["api00"], PROBABILITIES, rule=rule).values == r.near(expected), rule


def test_every_rule_is_held_against_r(r, case):
    from analysis.rules import RULES

    assert set(r.result(f"quant_rule.{case[0]}")) == set(RULES)


def test_one_answer_is_every_quantile():
    from analysis.rules import RULES, Ordered

    single = Ordered(np.array([7.0]), np.array([3.0]))
    assert {rule(single, p) for rule in RULES.values() for p in (0, 0.3, 1)} == {7.0}
