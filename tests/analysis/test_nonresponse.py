"""Non-response adjustment against sums in fractions, textbook formulas, and populations whose truth is known."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.dispositions import INELIGIBLE, NONRESPONDENT, RESPONDENT, UNKNOWN, outcome_of, outcomes
from analysis.errors import AnalysisError
from analysis.nonresponse import adjust_in_classes, allocate_unknown
from analysis.weighting_classes import merged_classes, response_rate, weighting_classes

R, N, X, U = RESPONDENT, NONRESPONDENT, INELIGIBLE, UNKNOWN


def adjusted(weights, outcome, classes):
    outcome = np.asarray(outcome)
    return adjust_in_classes(allocate_unknown(np.asarray(weights, float), outcome, classes), outcome, classes)


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        ("1.1", R),
        ("1.2", R),
        ("110", R),
        ("2.11", N),
        ("2.0", N),
        ("3.21", U),
        ("3", U),
        ("4.7", X),
        (" Ineligible ", X),
    ],
)
def test_aapor_codes_and_words_stand_for_the_four_outcomes(code, outcome):
    assert outcome_of(code) == outcome


@pytest.mark.parametrize("code", ["", "0", "5.1", "11111", "1,1", "yes", "1.1a", "-1", "٣"])
def test_what_is_no_disposition_stands_for_nothing(code):
    assert outcome_of(code) is None


def test_a_missing_or_unknown_word_is_refused_with_its_row_column_value_and_remedy():
    with pytest.raises(AnalysisError, match=r"row 3, column result: the disposition is missing \(2 such rows\): write"):
        outcomes(["1.1", "2", None, ""], column="result")
    with pytest.raises(
        AnalysisError, match=r"row 2, column result: “done” is no disposition \(1 such rows\): use resp"
    ):
        outcomes(["1.1", "done"], column="result")


def test_the_factor_of_a_class_is_one_over_its_response_rate_by_casro():
    # AAPOR, Standard Definitions, RR3 and RR4: e is the eligible share of the known, here of weights. Two classes, by
    # hand: e = 50/60 and the eligible are 50 + 20e of whom 30 answered; 15 eligible all answered and U counts in full.
    weights = np.array([10, 10, 10, 10, 10, 10, 20, 5, 5, 5, 7], float)
    outcome = np.array([R, R, R, N, N, X, U, R, R, R, U])
    classes = weighting_classes({"agency": list("aaaaaaabbbb")}, rows=11)
    e = Fraction(50, 60)
    first, second = (50 + 20 * e) / 30, Fraction(15 + 7, 15)
    expected = [10 * first] * 3 + [0] * 4 + [5 * second] * 3 + [0]
    assert adjusted(weights, outcome, classes) == pytest.approx([float(one) for one in expected], rel=1e-14)
    assert 1 / response_rate(classes.sums(weights, outcome)) == pytest.approx([float(first), float(second)], rel=1e-14)


def test_equal_weights_without_unknown_are_the_sample_over_the_respondents():
    # Kalton & Flores-Cervantes (2003), section 2: the factor of a class is n/r, and the weight N/n·n/r = N/r.
    outcome = np.array([R] * 40 + [N] * 60 + [R] * 30 + [N] * 20)
    classes = weighting_classes({"area": ["urban"] * 100 + ["rural"] * 50}, rows=150)
    found = adjusted(np.full(150, 8.0), outcome, classes)
    assert found[:40] == pytest.approx(np.full(40, 8 * 100 / 40), rel=1e-14)
    assert found[100:130] == pytest.approx(np.full(30, 8 * 50 / 30), rel=1e-14)


SAMPLES = st.lists(
    st.tuples(st.sampled_from("abc"), st.floats(0.1, 1000), st.sampled_from([R, N, X, U])), min_size=1, max_size=60
)


@given(SAMPLES)
@settings(deadline=None)
def test_each_class_keeps_its_weight_but_for_the_ineligible(sample):
    # One respondent in each class, so that somebody can stand for it.
    sample = sample + [(name, 1.0, R) for name in "abc"]
    names, weights, outcome = zip(*sample, strict=True)
    weights, outcome, names = np.array(weights), np.array(outcome), np.array(names)
    classes = weighting_classes({"c": names}, rows=len(names))
    known = allocate_unknown(weights, outcome, classes)
    after = adjust_in_classes(known, outcome, classes)
    for name in "abc":
        here = names == name
        assert known[here].sum() == pytest.approx(weights[here].sum(), rel=1e-12)
        assert after[here].sum() == pytest.approx(known[here & (outcome != X)].sum(), rel=1e-12)
    assert (after > 0).tolist() == (outcome == R).tolist()


@given(st.lists(st.floats(0.1, 1000), min_size=4, max_size=40))
def test_where_everybody_answered_nothing_changes(weights):
    classes = weighting_classes({"c": [place % 2 for place in range(len(weights))]}, rows=len(weights))
    assert adjusted(weights, np.zeros(len(weights), dtype=int), classes).tolist() == weights


@given(st.integers(1, 9), st.integers(2, 6))
def test_equal_response_everywhere_changes_no_share(respondents, classes):
    each = 10
    outcome = np.tile([R] * respondents + [N] * (each - respondents), classes)
    names = np.repeat(np.arange(classes), each)
    weights = 1.0 + names
    found = adjusted(weights, outcome, weighting_classes({"c": names}, rows=len(names)))
    assert found[outcome == R] == pytest.approx(weights[outcome == R] * each / respondents, rel=1e-13)


def test_a_class_without_respondents_is_named_with_the_remedy():
    classes = weighting_classes({"agency": ["H01", "H01", "H02"], "sex": ["f", "m", "f"]}, rows=3)
    with pytest.raises(AnalysisError, match=r"class agency=H01, sex=m: none .* merge it .* --minimum-class"):
        adjusted(np.ones(3), [R, N, R], classes)
    with pytest.raises(AnalysisError, match=r"class agency=H01, sex=m: of nobody is it known"):
        adjusted(np.ones(3), [R, U, R], classes)


def test_a_class_of_ineligible_persons_needs_nobody():
    classes = weighting_classes({"agency": ["a", "b"]}, rows=2)
    assert adjusted([3.0, 4.0], [R, X], classes).tolist() == [3.0, 0.0]
    assert len(merged_classes(classes, np.ones(2), np.array([R, X]), minimum=1).members) == 2


def test_a_small_class_joins_the_most_alike_one_of_its_agency():
    # Of H01 the old answer at 1/2, the middle at 3/4, the young at 0: the young join the old, though H02 has 0 too.
    cells = {("H01", "m"): (3, 1), ("H01", "o"): (2, 2), ("H01", "y"): (0, 4), ("H02", "o"): (2, 6)}
    rows = [(*cell, outcome) for cell, (r, n) in cells.items() for outcome in [R] * r + [N] * n]
    agency, age, outcome = zip(*rows, strict=True)
    classes = weighting_classes({"agency": agency, "age": age}, rows=len(rows))
    found = merged_classes(classes, np.ones(len(rows)), np.array(outcome), minimum=2)
    assert [found.label(place) for place in range(len(found.members))] == [
        "agency=H01, age=m",
        "agency=H01, age=o + agency=H01, age=y",
        "agency=H02, age=o",
    ]
    assert adjusted(np.ones(len(rows)), np.array(outcome), found)[4] == pytest.approx(8 / 2)


@given(SAMPLES, st.integers(0, 8))
@settings(deadline=None)
def test_merging_leaves_no_small_class_unless_all_are_one(sample, minimum):
    names, weights, outcome = (np.array(column) for column in zip(*sample, strict=True))
    before = weighting_classes({"c": names}, rows=len(names))
    found = merged_classes(before, weights, outcome, minimum=minimum)
    counts = found.sums(np.ones(len(names)), outcome)
    asked = counts[:, [R, N, U]].sum(axis=1) > 0
    assert len(found.members) == 1 or (counts[asked, R] >= minimum).all()
    assert sorted(levels for one in found.members for levels in one) == [levels for (levels,) in before.members]
    # Whoever was together stays together.
    assert all(len(set(found.codes[before.codes == code])) == 1 for code in set(before.codes))


def test_a_missing_class_is_refused_with_its_row():
    with pytest.raises(AnalysisError, match="row 2, column sex: 1 persons drawn have no value"):
        weighting_classes({"sex": np.array(["f", None], dtype=object)}, rows=2)


def test_classes_remove_the_bias_of_response_that_depends_on_them():
    # 60 % of the young are satisfied and 80 % of the old; the young answer at 30 %, the old at 70 %. The truth is 70 %;
    # the respondents' own mean expects (0.5·0.3·60 + 0.5·0.7·80)/(0.5·0.3 + 0.5·0.7) = 74 %.
    rng, drawn, errors = np.random.default_rng(20261125), 400, []
    raw = []
    for _ in range(250):
        old = rng.random(drawn) < 0.5
        satisfied = rng.random(drawn) < np.where(old, 0.8, 0.6)
        outcome = np.where(rng.random(drawn) < np.where(old, 0.7, 0.3), R, N)
        weights = adjusted(np.ones(drawn), outcome, weighting_classes({"old": old}, rows=drawn))
        errors.append(weights @ satisfied / weights.sum() - 0.7)
        raw.append(satisfied[outcome == R].mean() - 0.7)
    standard_error = np.std(errors) / np.sqrt(len(errors))
    assert abs(np.mean(errors)) < 4 * standard_error
    assert np.mean(raw) == pytest.approx(0.04, abs=4 * np.std(raw) / np.sqrt(len(raw)))
