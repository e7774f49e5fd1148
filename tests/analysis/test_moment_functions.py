"""Linearised functions of moments against the rows themselves: estimates of the design, and the jackknife."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.design import SurveyDesign
from analysis.errors import AnalysisError
from analysis.moment_functions import linearise, means_and_covariances, restricted, through_covariances
from analysis.moments import moments_from_rows
from tests.analysis.clustered import moments_of, scores


def means(products):
    return products[:, 0, 1:] / products[:, :1, 0]


def correlations(products):
    between = means_and_covariances(products)[1]
    return (between[:, 0, 1] / np.sqrt(between[:, 0, 0] * between[:, 1, 1]))[:, None]


def design_of(rows):
    label = rows["stratum"] * 100 + rows["psu"]
    return SurveyDesign.from_columns(rows["weights"], strata=rows["stratum"], psu=label, lonely_psu="adjust")


def mean_covariance(rows, inside):
    """Of two means over the rows `inside`, from their influence values in the design of all rows."""
    columns = np.column_stack(list(rows["columns"].values()))
    weights = np.where(inside, rows["weights"], 0.0)
    centred = columns - weights @ columns / weights.sum()
    return design_of(rows).covariance(weights[:, None] * centred / weights.sum(), domain=inside)


@pytest.fixture
def rows():
    return scores(rng=np.random.default_rng(1), names=["a", "b"])


def test_means_of_domains_have_the_covariances_of_the_whole_design(rows):
    moments = moments_of(rows, domain=rows["domain"])
    found = linearise(moments, means)
    for place, label in enumerate(moments.domains):
        # Sums over the same rows in another order: rounding alone.
        assert found.covariance[place] == pytest.approx(mean_covariance(rows, rows["domain"] == label), rel=1e-12)


def test_a_psu_without_members_counts_as_zero():
    rows = scores(rng=np.random.default_rng(2), names=["a", "b"], psus=(5, 4))
    # Members in two of the PSUs of one stratum and all of the other.
    inside = (rows["stratum"] == 1) | (rows["psu"] < 2)
    moments = moments_of(rows, domain=np.where(inside, "in", "out"))
    found = linearise(moments, means)
    assert found.covariance[0] == pytest.approx(mean_covariance(rows, inside), rel=1e-12)
    assert found.degrees_of_freedom.tolist() == [4.0, 2.0]


def test_a_stratum_of_one_psu_adds_its_square_as_the_rule_adjust():
    rows = scores(rng=np.random.default_rng(3), names=["a", "b"], psus=(4, 1, 3))
    everybody = np.ones(len(rows["psu"]), dtype=bool)
    found = linearise(moments_of(rows), means)
    assert found.covariance[0] == pytest.approx(mean_covariance(rows, everybody), rel=1e-12)
    assert found.degrees_of_freedom.tolist() == [5.0]


def test_a_domain_in_one_psu_has_a_value_but_no_error():
    rows = scores(rng=np.random.default_rng(4), names=["a", "b"], psus=(4, 3))
    single = (rows["stratum"] == 0) & (rows["psu"] == 0)
    found = linearise(moments_of(rows, domain=np.where(single, "one", "rest")), means)
    estimate = found.estimate(0, 0)
    assert estimate.standard_error is None
    assert estimate.value == pytest.approx(
        np.average(rows["columns"]["a"][single], weights=rows["weights"][single]), rel=1e-12
    )
    assert found.estimate(1, 0).standard_error > 0


def test_both_derivatives_agree(rows):
    moments = moments_of(rows, domain=rows["domain"])
    exact = linearise(moments, correlations)
    close = linearise(moments, correlations, derivative="differences")
    # Central differences with a step of 6e-6 of products of 16 keep some eight digits of a smooth function.
    assert close.influence == pytest.approx(exact.influence, abs=2e-8)
    assert close.covariance == pytest.approx(exact.covariance, rel=1e-6)


def test_derivatives_by_the_covariances_become_those_by_the_products(rows):
    moments = moments_of(rows)
    totals = moments.totals()
    between = means_and_covariances(totals)[1]
    a, b, ab = between[0, 0, 0], between[0, 1, 1], between[0, 0, 1]
    r = ab / np.sqrt(a * b)
    by_hand = np.array([[-r / (2 * a), r / (2 * ab)], [r / (2 * ab), -r / (2 * b)]])
    gradient = through_covariances(totals, by_hand[None, None])
    influence = np.einsum("kij,ij->k", moments.products, gradient[0, 0])
    assert influence == pytest.approx(linearise(moments, correlations).influence[:, 0], abs=1e-13)


def test_the_linearised_error_is_near_the_jackknife_over_psus():
    rows = scores(rng=np.random.default_rng(5), names=["a", "b"], psus=(40, 30), people=5)
    found = linearise(moments_of(rows), correlations)
    assert np.sqrt(found.covariance[0, 0, 0]) == pytest.approx(jackknife(rows, correlations), rel=0.05)


def jackknife(rows, function):
    """Delete-one-PSU standard error within strata (JKn), each time from the rows."""
    columns = np.column_stack([np.ones(len(rows["psu"])), *rows["columns"].values()])

    def estimate(weights):
        return function(((weights[:, None] * columns).T @ columns)[None])[0, 0]

    total = 0.0
    for stratum in np.unique(rows["stratum"]):
        inside = rows["stratum"] == stratum
        labels = np.unique(rows["psu"][inside])
        again = []
        for label in labels:
            factor = np.where(inside, len(labels) / (len(labels) - 1), 1.0)
            again.append(estimate(rows["weights"] * factor * ~(inside & (rows["psu"] == label))))
        total += (len(labels) - 1) / len(labels) * np.square(np.array(again) - np.mean(again)).sum()
    return np.sqrt(total)


def test_cells_of_nobody_add_nothing_and_give_none():
    moments = moments_from_rows(
        {"a": [4.0, np.nan, 5.0, 3.0]},
        weights=[1, 1, 0, 1],
        domain=["A", "B", "B", "A"],
        stratum=[1, 1, 1, 1],
        psu=[1, 2, 3, 4],
    )
    found = linearise(moments, means)
    assert found.estimate(1, 0) is None
    # Four PSUs, two of them empty: deviations of ±1/4 and zeros about a mean of zero.
    assert found.estimate(0, 0).standard_error == pytest.approx(np.sqrt(4 / 3 * 2 * 0.25**2))
    assert found.of_psus(0)[:, 0].tolist() == pytest.approx([0.25, 0.0, 0.0, -0.25])


def test_restricting_keeps_the_order_asked_for(rows):
    moments = moments_of(rows)
    assert restricted(moments, ["b"]).totals()[0, 1, 1] == moments.totals()[0, 2, 2]
    with pytest.raises(AnalysisError, match="c were not summed"):
        restricted(moments, ["c"])


def test_an_unknown_derivative_is_refused(rows):
    with pytest.raises(AnalysisError, match="derivative exact is not known"):
        linearise(moments_of(rows), means, derivative="exact")
