"""Kitagawa and Oaxaca-Blinder: by hand, by each other, and their standard errors by the jackknife."""

from __future__ import annotations

import math

import numpy as np
import pytest

from analysis.cells import Sums, cells_from_sums
from analysis.comparison import difference
from analysis.decomposition import decompose
from analysis.design import SurveyDesign
from analysis.errors import AnalysisError
from analysis.linearised import ratio_table
from analysis.oaxaca import oaxaca_blinder
from analysis.overlap import wave_covariance
from analysis.results import Basis
from analysis.tally import Measure, cells_from_rows

MEASURES = [Measure("q", ("q",), favourable=(4, 5))]


def grouped(answers, favourable, *, days=2):
    """Cells of groups whose answers are spread evenly over days of one agency."""
    rows = [(group, day) for group in answers for day in range(days)]
    counts = [answers[group] / days for group, _ in rows]
    totals = [favourable[group] / days for group, _ in rows]
    return cells_from_sums(
        [group for group, _ in rows],
        ["A"] * len(rows),
        [day for _, day in rows],
        respondents=counts,
        sums={"q": Sums(counts, counts, totals)},
    )


def test_three_groups_by_hand():
    # Now shares .2 .3 .5 and indices .9 .8 .6: R = .18 + .24 + .30 = .72.
    # Before shares .4 .4 .2 and indices .8 .7 .7: R = .32 + .28 + .14 = .74.
    # Composition -.2*.85 - .1*.75 + .3*.65 = -.05; performance .1*.3 + .1*.35 - .1*.35 = .03.
    now = grouped({"x": 20, "y": 30, "z": 50}, {"x": 18, "y": 24, "z": 30})
    before = grouped({"x": 40, "y": 40, "z": 20}, {"x": 32, "y": 28, "z": 14})
    found = decompose(now, before, "q")
    assert found.total.value == pytest.approx(-0.02, abs=1e-14)
    assert found.composition.value == pytest.approx(-0.05, abs=1e-14)
    assert found.performance.value == pytest.approx(0.03, abs=1e-14)
    by_group = {group: part.value for group, part in found.performance_by_group.items()}
    assert by_group == pytest.approx({"x": 0.03, "y": 0.035, "z": -0.035}, abs=1e-14)


def rows(seed, *, n=240, psus=range(9), shift=0.0):
    """Answers with a group, an age, strata, PSUs and weights."""
    rng = np.random.default_rng(seed)
    group, stratum, psu = rng.integers(0, 3, n), rng.integers(0, 2, n), rng.choice(list(psus), n)
    age = rng.integers(0, 2, n)
    score = (rng.random(n) < 0.55 + shift + 0.1 * group + 0.05 * (psu % 3) - 0.1 * age).astype(float) * 4 + 1
    score[rng.random(n) < 0.04] = np.nan
    return {"q": score, "group": group, "age": age, "stratum": stratum, "psu": psu, "weights": rng.uniform(1, 3, n)}


def cells_of(one, keep=None):
    keep = np.ones(len(one["q"]), dtype=bool) if keep is None else keep
    where = {name: one[name][keep] for name in ("stratum", "psu", "weights")}
    return cells_from_rows({"q": one["q"][keep]}, domain=one["group"][keep], **where, measures=MEASURES)


def parts(now, before):
    """Kitagawa's parts by his formula, from rows."""
    tables = []
    for one in (now, before):
        valid = ~np.isnan(one["q"])
        weight = np.bincount(one["group"][valid], one["weights"][valid], 3)
        good = np.bincount(one["group"][valid], (one["weights"] * (one["q"] >= 4))[valid], 3)
        tables.append((weight / weight.sum(), good / weight))
    (s1, r1), (s2, r2) = tables
    return np.array([s1 @ r1 - s2 @ r2, (s1 - s2) @ (r1 + r2) / 2, (r1 - r2) @ (s1 + s2) / 2])


def jackknife(now, before, statistic):
    """Variance by leaving out one PSU at a time and reweighting its stratum (JKn), in both samples in turn."""
    centre, variance = statistic(now, before), 0.0
    for which in (0, 1):
        one = (now, before)[which]
        keys = sorted(set(zip(one["stratum"].tolist(), one["psu"].tolist(), strict=True)))
        for stratum, psu in keys:
            number = sum(key[0] == stratum for key in keys)
            factor = np.where(one["stratum"] == stratum, number / (number - 1), 1.0)
            factor[(one["stratum"] == stratum) & (one["psu"] == psu)] = 0.0
            changed = [now, before]
            changed[which] = {**one, "weights": one["weights"] * factor}
            variance += (number - 1) / number * (statistic(*changed) - centre) ** 2
    return variance


def test_values_and_standard_errors_are_the_formulas_and_the_jackknifes():
    now, before = rows(1, n=900, psus=range(30), shift=0.1), rows(2, n=900, psus=range(100, 130))
    found = decompose(cells_of(now), cells_of(before), "q")
    three = [found.total, found.composition, found.performance]
    assert [each.value for each in three] == pytest.approx(parts(now, before).tolist(), abs=1e-13)
    # The jackknife differs from linearisation in the second order: with 60 PSUs by a few percent.
    assert [each.variance for each in three] == pytest.approx(jackknife(now, before, parts).tolist(), rel=0.06)


def test_the_parts_add_up_and_the_total_is_the_difference_of_the_indices():
    now, before = cells_of(rows(3, shift=0.1)), cells_of(rows(4, psus=range(50, 60)))
    found = decompose(now, before, "q")
    one, other = (ratio_table(each.whole()).estimate(0, 0) for each in (now, before))
    assert found.composition.value + found.performance.value == found.total.value
    assert found.total.value == pytest.approx(one.value - other.value, abs=1e-14)
    expected = difference(one, other)
    assert found.total.standard_error == pytest.approx(expected.standard_error, rel=1e-10)
    assert found.total.degrees_of_freedom == pytest.approx(expected.degrees_of_freedom, rel=1e-10)
    assert sum(each.value for each in found.performance_by_group.values()) == pytest.approx(found.performance.value)


def test_places_in_both_waves_count_once():
    now, before = cells_of(rows(5)), cells_of(rows(6))
    one, other = (ratio_table(each.whole()).estimate(0, 0) for each in (now, before))
    covariance = wave_covariance(now.whole(), before.whole(), "q")[0, 0]
    expected = difference(one, other, covariance=covariance)
    found = decompose(now, before, "q").total
    assert covariance != 0
    assert found.standard_error == pytest.approx(expected.standard_error, rel=1e-10)
    assert found.degrees_of_freedom == expected.degrees_of_freedom


def both(now, before):
    """One file of both samples, with strata of their own."""
    joined = {name: np.concatenate([now[name], before[name]]) for name in now}
    wave = np.repeat([2, 1], [len(now["q"]), len(before["q"])])
    design = SurveyDesign.from_columns(joined["weights"], strata=joined["stratum"] + 10 * wave, psu=joined["psu"])
    joined["y"] = np.where(np.isnan(joined["q"]), np.nan, joined["q"] >= 4)
    return joined, wave, design


def test_with_one_characteristic_oaxaca_and_blinder_are_kitagawa():
    now, before = rows(7, shift=0.1), rows(8, psus=range(50, 60))
    joined, wave, design = both(now, before)
    characteristics = {"group": joined["group"]}
    found = oaxaca_blinder(design, joined["y"], wave, first=2, second=1, characteristics=characteristics)
    expected = decompose(cells_of(now), cells_of(before), "q")
    for part in ("total", "composition", "performance"):
        one, other = getattr(found, part), getattr(expected, part)
        assert one.value == pytest.approx(other.value, abs=1e-12)
        assert one.standard_error == pytest.approx(other.standard_error, rel=1e-9)


def test_several_characteristics_without_crossing_them():
    now, before = rows(9, n=600, psus=range(25), shift=0.1), rows(10, n=600, psus=range(100, 125))

    def oaxaca(one, other):
        joined, wave, design = both(one, other)
        found = oaxaca_blinder(
            design,
            joined["y"],
            wave,
            first=2,
            second=1,
            characteristics={"group": joined["group"], "age": joined["age"]},
        )
        return found.total, found.composition, found.performance

    found = oaxaca(now, before)
    assert found[1].value + found[2].value == found[0].value
    one, other = (ratio_table(cells_of(each).whole()).estimate(0, 0) for each in (now, before))
    assert found[0].value == pytest.approx(one.value - other.value, abs=1e-12)
    variance = jackknife(now, before, lambda *samples: np.array([part.value for part in oaxaca(*samples)]))
    assert [each.variance for each in found] == pytest.approx(variance.tolist(), rel=0.06)


def test_which_level_comes_first_does_not_matter():
    now, before = rows(11), rows(12)
    joined, wave, design = both(now, before)
    names = np.array([["a", "b", "c"], ["z", "b", "c"]])
    found = [
        oaxaca_blinder(design, joined["y"], wave, first=2, second=1, characteristics={"g": each[joined["group"]]})
        for each in names
    ]
    assert found[0].composition.value == pytest.approx(found[1].composition.value, abs=1e-12)
    assert found[0].performance.standard_error == pytest.approx(found[1].performance.standard_error, rel=1e-9)


def test_one_day_takes_its_respondents_for_units():
    # Simple random samples: V of the total is the sum of p(1-p)/(n-1).
    now = grouped({"x": 30, "y": 70}, {"x": 24, "y": 63}, days=1)
    before = grouped({"x": 60, "y": 40}, {"x": 45, "y": 34}, days=1)
    found = decompose(now, before, "q")
    # Both in the stratum A on day 0: other samples all the same would need other labels.
    total = 0.87 * 0.13 / 99 + 0.79 * 0.21 / 99
    assert found.total.variance == pytest.approx(total, rel=1e-12)
    assert found.total.basis is Basis.RESPONDENTS


def test_all_answers_the_same_leave_nothing_to_learn_from():
    same = grouped({"x": 30, "y": 70}, {"x": 30, "y": 70})
    other = grouped({"x": 60, "y": 40}, {"x": 60, "y": 40})
    found = decompose(same, other, "q")
    for part in (found.total, found.composition, found.performance):
        assert part.value == pytest.approx(0, abs=1e-15)
        assert part.standard_error is None
        assert difference(part, 0.0).p_value is None


def test_the_parts_are_tested_like_any_difference():
    found = decompose(cells_of(rows(13, shift=0.2)), cells_of(rows(14, psus=range(50, 60))), "q")
    test = difference(found.performance, 0.0)
    statistic = found.performance.value / found.performance.standard_error
    assert test.standard_error == found.performance.standard_error
    assert test.p_value < 0.05
    assert statistic > 2


def test_a_group_of_one_sample_only_is_refused():
    one, other = grouped({"x": 30, "y": 70}, {"x": 24, "y": 63}), grouped({"x": 60}, {"x": 45})
    with pytest.raises(AnalysisError, match="groups y answered in one"):
        decompose(one, other, "q")


def test_nobody_answered_is_said():
    nobody = grouped({"x": 0}, {"x": 0})
    with pytest.raises(AnalysisError, match="nobody answered"):
        decompose(nobody, nobody, "q")


def test_questions_that_a_regression_cannot_answer_are_refused():
    design = SurveyDesign.from_columns(np.ones(6))
    wave, y = [1, 1, 1, 2, 2, 2], [1, 0, 1, 1, 1, 0]
    ask = {"first": 2, "second": 1}
    with pytest.raises(AnalysisError, match="age: old answered in one"):
        oaxaca_blinder(design, y, wave, **ask, characteristics={"age": ["old", "young", "young", *["young"] * 3]})
    level = ["a", "b", "b", "a", "b", "b"]
    with pytest.raises(AnalysisError, match="repeat one another"):
        oaxaca_blinder(design, y, wave, **ask, characteristics={"one": level, "other": level})
    with pytest.raises(AnalysisError, match="nobody answered in sample 3"):
        oaxaca_blinder(design, y, wave, first=3, second=1, characteristics={"one": level})
    with pytest.raises(AnalysisError, match="scores has 2 values"):
        oaxaca_blinder(design, [1, 0], wave, **ask, characteristics={"one": level})


def test_without_spread_a_regression_gives_no_standard_error():
    design = SurveyDesign.from_columns(np.ones(6))
    level = ["a", "b", "b", "a", "b", "b"]
    found = oaxaca_blinder(design, np.ones(6), [1, 1, 1, 2, 2, 2], first=2, second=1, characteristics={"one": level})
    assert found.total.value == pytest.approx(0, abs=1e-15)
    assert math.isfinite(found.composition.value)
