"""Composites against the same figure from one row a respondent, by loops and by the design's own covariances."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.cells import Sums, cells_from_sums
from analysis.composites import EstimatedWeights, composed, product_variables, variance_of_weights
from analysis.design import SurveyDesign
from analysis.errors import AnalysisError
from analysis.index import RULES, index_by_domain, index_of_whole, index_over_domains, weights
from analysis.moments import moments_from_rows
from analysis.results import Basis
from analysis.tally import Measure, cells_from_rows

PARTS = {"access": ("q1", "q2"), "staff": ("q3",), "result": ("q4", "q5")}
ITEMS = [item for items in PARTS.values() for item in items]
BY_PART = {name: (name,) for name in PARTS}
THIRDS = {"mean": dict.fromkeys(PARTS, 1 / 3)}
UNEQUAL = {"mean": {"access": 0.5, "staff": 0.2, "result": 0.3}}


class Survey:
    """Respondents of two agencies, whose answers hang together and who leave some out."""

    def __init__(self, *, seed=5, respondents=400, days=24, agencies=2):
        rng = np.random.default_rng(seed)
        self.day = rng.integers(days, size=respondents)
        self.agency = np.array(["A", "B", "C"])[:agencies][self.day % agencies]
        liking = rng.normal(size=days)[self.day] * 0.4 + rng.normal(size=respondents)
        self.answers = {
            item: np.clip(np.round(3.9 + liking + rng.normal(scale=0.7, size=respondents)), 1, 5) for item in ITEMS
        }
        for item in ITEMS:
            self.answers[item][rng.random(respondents) < 0.1] = np.nan
        self.weights = rng.uniform(1, 3, size=respondents)

    def pooled(self, name):
        """Favourable and given answers of each respondent to one part."""
        given = np.column_stack([self.answers[item] for item in PARTS[name]])
        return (given >= 4).sum(axis=1).astype(float), (~np.isnan(given)).sum(axis=1).astype(float)

    def cells(self):
        measures = [Measure(name, items, {4, 5}) for name, items in PARTS.items()]
        keys = {"domain": self.agency, "stratum": self.agency, "psu": self.day}
        return cells_from_rows(self.answers, weights=self.weights, measures=measures, **keys)

    def moments(self):
        pairs = [self.pooled(name) for name in PARTS]
        columns = [column for which in (0, 1) for column in (pair[which] for pair in pairs)]
        named = dict(zip(product_variables(tuple(PARTS)), columns, strict=True))
        return moments_from_rows(named, weights=self.weights, domain=self.agency, stratum=self.agency, psu=self.day)

    def scores(self, agency, parts):
        """C and w e of each respondent, from the definition."""
        value, linearised = 0.0, np.zeros(len(self.day))
        for name, weight in parts.items():
            s, a = self.pooled(name)
            w = np.where(self.agency == agency, self.weights, 0.0)
            r = (w * s).sum() / (w * a).sum()
            value += weight * r
            linearised += weight * w * (s - r * a) / (w * a).sum()
        return value, linearised


@pytest.mark.parametrize("rule", [THIRDS, UNEQUAL])
@pytest.mark.parametrize("agency", ["A", "B"])
def test_the_variance_of_a_composite_is_that_of_its_linearised_values_between_days(rule, agency):
    survey = Survey()
    found = index_by_domain(survey.cells(), dimensions=BY_PART, composites=rule, moments=survey.moments())[
        "AB".index(agency)
    ].composites["mean"]
    value, linearised = survey.scores(agency, rule["mean"])
    days = np.unique(survey.day[survey.agency == agency])
    z = np.array([linearised[survey.day == day].sum() for day in days])
    assert found.value == pytest.approx(value, rel=1e-12)
    assert found.variance == pytest.approx(len(z) / (len(z) - 1) * ((z - z.mean()) ** 2).sum(), rel=1e-9)
    assert found.degrees_of_freedom == len(days) - 1


def test_it_is_the_linear_combination_of_ratios_under_the_design():
    # The design's covariances are held to R's elsewhere: here they are the witness for what is between the parts.
    survey = Survey()
    design = SurveyDesign.from_columns(survey.weights, strata=survey.agency, psu=survey.day)
    w = np.where(survey.agency == "A", survey.weights, 0.0)
    influence = []
    for name in PARTS:
        s, a = survey.pooled(name)
        influence.append(w * (s - (w @ s) / (w @ a) * a) / (w @ a))
    share = np.array(list(UNEQUAL["mean"].values()))
    composite = index_by_domain(survey.cells(), dimensions=BY_PART, composites=UNEQUAL)[0].composites["mean"]
    matrix = design.covariance(np.column_stack(influence))
    assert composite.variance == pytest.approx(share @ matrix @ share, rel=1e-9)


def test_a_composite_of_one_part_is_that_part():
    survey = Survey()
    (found, _) = index_by_domain(
        survey.cells(), dimensions=BY_PART, composites={"same": {"staff": 1.0}}, moments=survey.moments()
    )
    same, staff = found.composites["same"], found.dimensions["staff"]
    assert same.value == pytest.approx(staff.value, rel=1e-12)
    assert same.standard_error == pytest.approx(staff.standard_error, rel=1e-9)
    assert same.design_effect == pytest.approx(staff.design_effect, rel=1e-9)
    assert same.degrees_of_freedom == staff.degrees_of_freedom


def test_the_design_effect_compares_with_as_many_independent_respondents():
    survey = Survey()
    composite = index_by_domain(survey.cells(), dimensions=BY_PART, composites=THIRDS, moments=survey.moments())[
        0
    ].composites["mean"]
    value, linearised = survey.scores("A", THIRDS["mean"])
    del value
    inside = (survey.agency == "A") & (sum(survey.pooled(name)[1] for name in PARTS) > 0)
    w = survey.weights[inside]
    # Of a sample drawn at random: Σ w e² W / (n - 1), with e the linearised value of a weight of 1.
    simple = (linearised[inside] ** 2 / w).sum() * w.sum() / (composite.respondents - 1)
    assert composite.design_effect == pytest.approx(composite.variance / simple, rel=1e-2)


def test_all_on_one_day_takes_respondents_as_the_units_with_their_answers_together():
    survey = Survey(days=1, respondents=60, agencies=1)
    survey.weights = np.ones(60)
    (found,) = index_by_domain(survey.cells(), dimensions=BY_PART, composites=THIRDS, moments=survey.moments())
    composite = found.composites["mean"]
    _, linearised = survey.scores("A", THIRDS["mean"])
    assert composite.basis is Basis.RESPONDENTS
    assert composite.variance == pytest.approx(60 / 59 * (linearised**2).sum(), rel=1e-9)
    # Independent dimensions would have claimed less: the answers of a respondent go together.
    apart = sum(estimate.variance for estimate in found.dimensions.values()) / 9
    assert composite.variance > 1.5 * apart


def test_without_products_an_agency_of_one_day_has_a_composite_and_says_that_its_error_is_unknown():
    survey = Survey(days=1, respondents=60, agencies=1)
    (found,) = index_by_domain(survey.cells(), dimensions=BY_PART, composites=THIRDS)
    assert found.composites["mean"].value > 0
    assert found.composites["mean"].standard_error is None


def test_a_part_that_nobody_answered_leaves_no_composite():
    sums = {
        "staff": Sums([10, 10], [10, 10], [8, 9]),
        "result": Sums([10, 0], [10, 0], [9, 0]),
    }
    cells = cells_from_sums(["A", "B"], ["A", "B"], [1, 1], respondents=[10, 10], sums=sums)
    halves = {"both": {"staff": 0.5, "result": 0.5}}
    one, other = index_by_domain(cells, dimensions={"staff": ["staff"], "result": ["result"]}, composites=halves)
    assert one.composites["both"].value == pytest.approx(0.85)
    assert other.composites["both"] is None


def test_everybody_satisfied_with_everything_has_no_variance_and_an_interval():
    answers = [10] * 8
    sums = {name: Sums(answers, answers, answers) for name in ("staff", "result")}
    cells = cells_from_sums(["A"] * 8, ["A"] * 8, range(8), respondents=answers, sums=sums)
    (found,) = index_by_domain(
        cells, dimensions={"staff": ["staff"], "result": ["result"]}, composites={"both": {"staff": 0.5, "result": 0.5}}
    )
    both = found.composites["both"]
    assert both.value == 1.0
    interval = both.interval()
    assert interval.high == 1.0
    assert 0.8 < interval.low < 1.0


def test_policy_and_service_of_2024_pool_to_the_published_83_94_and_not_to_their_mean():
    # SIPAS 2024: policy 83,84 over 23 items, service 84,09 over 16; published 83,94
    # (../shared/reference/sipas-method.md, 4.4).
    sums = {
        "policy": Sums([10_000], [10_000], [8384]),
        "service": Sums([10_000], [10_000], [8409]),
    }
    cells = cells_from_sums(["VN"], ["VN"], [1], respondents=[10_000], sums=sums)
    counted = {"policy": 23, "service": 16}
    rules = {"items": weights("by-items", counted), "equal": weights("equal", counted)}
    (found,) = index_by_domain(cells, dimensions={"policy": ["policy"], "service": ["service"]}, composites=rules)
    assert round(100 * found.composites["items"].value, 2) == 83.94
    assert 100 * found.composites["equal"].value == pytest.approx(83.965, abs=1e-9)


def test_weights_that_are_estimates_add_their_uncertainty():
    """The whole linearised value of a PSU: through the ratios, and through the weights."""
    survey = Survey(agencies=1)
    cells = survey.cells()
    rng = np.random.default_rng(3)
    # Any linearised weights will do: they sum to 0 over the PSUs, and over the parts.
    moved = rng.normal(scale=0.002, size=(len(cells.psus), 3))
    moved -= moved.mean(axis=0)
    moved -= moved.mean(axis=1, keepdims=True)
    n = len(moved)
    shares = {"access": 0.5, "staff": 0.2, "result": 0.3}
    covariance = n / (n - 1) * moved.T @ moved
    estimated = EstimatedWeights(shares, covariance, cells.psus, moved)
    fixed = index_by_domain(cells, dimensions=BY_PART, composites={"c": shares})[0].composites["c"]
    (found,) = index_by_domain(cells, dimensions=BY_PART, composites={"c": estimated})
    _, linearised = survey.scores("A", shares)
    ratios = [found.dimensions[name].value for name in PARTS]
    days = [label for _, label in cells.psus]
    z = np.array([linearised[survey.day == day].sum() for day in days]) + moved @ ratios
    assert found.composites["c"].value == pytest.approx(fixed.value, rel=1e-12)
    assert found.composites["c"].variance == pytest.approx(n / (n - 1) * ((z - z.mean()) ** 2).sum(), rel=1e-9)
    assert found.composites["c"].variance > fixed.variance


def test_weights_estimated_without_some_of_the_days_are_refused():
    cells = Survey(agencies=1).cells()
    few = EstimatedWeights(dict.fromkeys(PARTS, 1 / 3), np.zeros((3, 3)), cells.psus[:-1], np.zeros((23, 3)))
    with pytest.raises(AnalysisError, match="without the PSUs"):
        variance_of_weights(cells, few)


def test_a_province_over_its_agencies_counts_each_for_its_transactions():
    survey = Survey()
    agencies = index_by_domain(survey.cells(), dimensions=BY_PART, composites=THIRDS, moments=survey.moments())
    province = index_over_domains(
        survey.cells(), {"A": 3000, "B": 1000}, dimensions=BY_PART, composites=THIRDS, moments=survey.moments()
    )
    for one, (a, b) in [
        (province.dimensions["staff"], [agency.dimensions["staff"] for agency in agencies]),
        (province.composites["mean"], [agency.composites["mean"] for agency in agencies]),
    ]:
        assert one.value == pytest.approx(0.75 * a.value + 0.25 * b.value, rel=1e-12)
        # The agencies are strata of their own, so that their errors are independent.
        assert one.variance == pytest.approx(0.75**2 * a.variance + 0.25**2 * b.variance, rel=1e-9)
        assert one.design_effect is None


def test_a_province_by_design_weights_is_that_of_all_its_respondents():
    survey = Survey()
    whole = index_of_whole(survey.cells(), dimensions=BY_PART, composites=THIRDS, moments=survey.moments())
    w = survey.weights
    ratios = [w @ survey.pooled(name)[0] / (w @ survey.pooled(name)[1]) for name in PARTS]
    assert whole.composites["mean"].value == pytest.approx(np.mean(ratios), rel=1e-12)
    assert whole.composites["mean"].respondents == whole.respondents


def test_an_agency_without_answers_to_one_item_leaves_that_index_to_the_others():
    sums = {"staff": Sums([10, 10], [10, 10], [9, 7]), "result": Sums([10, 0], [10, 0], [8, 0])}
    cells = cells_from_sums(["A", "B"], ["A", "B"], [1, 1], respondents=[10, 10], sums=sums)
    dimensions = {"staff": ["staff"], "result": ["result"]}
    province = index_over_domains(cells, {"A": 100, "B": 300}, dimensions=dimensions)
    assert province.dimensions["staff"].value == pytest.approx(0.75)
    assert province.dimensions["result"].value == pytest.approx(0.8)


CELLS = Survey().cells()
REFUSED = {
    "an unknown rule": (lambda: weights("best", {"staff": 1}), "unknown rule best.*equal, by-items"),
    "no dimension": (lambda: weights("equal", {}), "one dimension or more"),
    "a weight that is missing": (lambda: weights("fixed", {"staff": 1, "result": 2}, fixed={"staff": 1}), "result"),
    "drivers that were not estimated": (lambda: weights("drivers", {"staff": 1}), "no driver weight.*staff"),
    "a dimension that is not there": (lambda: composed(CELLS, {"c": {"smile": 1.0}}), "parts .*smile"),
    "weights beyond 1": (lambda: composed(CELLS, {"c": {"access": 0.9, "staff": 0.2}}), "add up to 1, not to 1.1"),
    "a negative weight": (lambda: composed(CELLS, {"c": {"access": 1.2, "staff": -0.2}}), "0 or more"),
    "moments of other rows": (
        lambda: composed(CELLS, THIRDS, moments=Survey(days=7).moments()),
        "other rows than the cells",
    ),
    "a share of an unknown agency": (
        lambda: index_over_domains(CELLS, {"A": 1, "B": 1, "Z": 1}, dimensions=BY_PART),
        "Z",
    ),
    "an agency without a share": (lambda: index_over_domains(CELLS, {"A": 1}, dimensions=BY_PART), "no share.*B"),
    "a negative share": (lambda: index_over_domains(CELLS, {"A": 1, "B": -1}, dimensions=BY_PART), "numbers from 0"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_put_together_is_refused(case):
    call, message = REFUSED[case]
    with pytest.raises(AnalysisError, match=message):
        call()


def test_every_rule_gives_weights_that_add_up_to_1():
    counted = {"policy": 23, "service": 16}
    given = {"policy": 0.6, "service": 0.4}
    drivers = EstimatedWeights(given, np.zeros((2, 2)), (), np.zeros((0, 2)))
    for rule in RULES:
        found = weights(rule, counted, fixed=given, drivers=drivers)
        shares = found.shares if isinstance(found, EstimatedWeights) else found
        assert sum(shares.values()) == pytest.approx(1)
