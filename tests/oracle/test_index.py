"""Indices from cells against R: svyby(~q, ~agency, svymean, na.rm = TRUE) on the project's own small survey."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.linearised import ratio_table
from analysis.tally import Measure, cells_from_rows

QUESTIONS = ("q1", "q2", "q3", "t1", "t2", "t3")


@pytest.fixture(scope="module")
def cells(r):
    sipas = r.table("sipas_small")
    return cells_from_rows(
        sipas,
        domain=sipas["agency"],
        stratum=sipas["stratum"],
        psu=sipas["psu"],
        weights=sipas["w"],
        measures=[Measure(name, (name,)) for name in QUESTIONS],
    )


@pytest.mark.parametrize("rule", ["adjust", "average", "certainty", "remove"])
def test_every_agency_has_the_estimate_and_standard_error_that_r_gives(r, cells, rule):
    table = ratio_table(cells, lonely_psu=rule)
    for measure, question in enumerate(QUESTIONS):
        expected = r.result(f"sipas.{rule}.by.q")[question]
        assert table.value[:, measure] == r.near(expected["coef"])
        assert np.sqrt(table.variance[:, measure]) == r.near(expected["se"])


def test_degrees_of_freedom_count_the_psus_with_an_answer(r, cells):
    expected = [entry["degf"] for entry in r.result("sipas.adjust.by.domaindf")]
    assert ratio_table(cells).degrees_of_freedom[:11, 0].tolist() == expected[:11]
    assert ratio_table(cells, lonely_psu="adjust").degrees_of_freedom[:, 0].tolist() == expected


@pytest.mark.parametrize("rule", ["adjust", "average", "certainty", "remove"])
def test_the_whole_has_the_estimate_and_standard_error_that_r_gives(r, cells, rule):
    table = ratio_table(cells.whole(), lonely_psu=rule)
    expected = r.result(f"sipas.{rule}.mean")
    assert table.value[0, 0] == r.near(expected["coef"])
    assert np.sqrt(table.variance[0, 0]) == r.near(expected["se"])
    assert table.domain_degrees_of_freedom.tolist() == [expected["df"]]


def test_shares_of_the_scores_equal_means_of_the_recoded_answers(r, cells):
    sipas = r.table("sipas_small")
    shares = cells_from_rows(
        sipas,
        domain=sipas["agency"],
        stratum=sipas["stratum"],
        psu=sipas["psu"],
        weights=sipas["w"],
        measures=[Measure(f"t{item}", (f"q{item}",), favourable={4, 5}) for item in (1, 2, 3)],
    )
    assert ratio_table(shares).value == pytest.approx(ratio_table(cells).value[:, 3:], rel=1e-14)
    assert ratio_table(shares).variance == pytest.approx(ratio_table(cells).variance[:, 3:], rel=1e-12)


def test_the_api_sample_has_rs_standard_error_not_that_of_frequency_weights(r, shared):
    strat = r.table("apistrat")
    cells = cells_from_rows(
        {"api00": strat["api00"]},
        domain=np.zeros(200, dtype=int),
        stratum=strat["stype"],
        psu=np.arange(200),
        weights=strat["pw"],
    )
    sampled = {kind: np.sum(strat["stype"] == kind) / strat["fpc"][strat["stype"] == kind][0] for kind in "EHM"}
    with_fpc = ratio_table(cells, sampling_fraction=sampled)
    assert with_fpc.value[0, 0] == r.near(r.result("mean.strat")["coef"][0])
    assert np.sqrt(with_fpc.variance[0, 0]) == r.near(r.result("mean.strat")["se"][0])
    without = ratio_table(cells)
    assert np.sqrt(without.variance[0, 0]) == r.near(r.result("mean.strat_nofpc")["se"][0])
    assert without.design_effect[0, 0] == r.near(r.result("mean_deffrep.strat_nofpc")["deff"])
