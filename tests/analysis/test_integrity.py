"""Signals of stuffing by brute force, how they are put together, and what is said where nothing can be."""

from __future__ import annotations

import datetime as dt
import importlib.util
import itertools
import os
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import cauchy, combine_pvalues, poisson

from analysis import integrity, signals
from analysis.answer_log import AnswerLog
from analysis.copies import own_chance, vector_keys
from analysis.errors import AnalysisError
from analysis.integrity import NOTHING_KNOWN, TOO_FEW, gaming_risk, suspicious

FULL = os.environ.get("SIPAS_FULL") == "1"
ROOT = Path(__file__).parents[2]
seeds = st.integers(0, 2**32 - 1)


@pytest.fixture
def simulation(monkeypatch):
    specification = importlib.util.spec_from_file_location("gaming_risk", ROOT / "benchmarks" / "gaming_risk.py")
    module = importlib.util.module_from_spec(specification)
    # Dataclasses look their module up.
    monkeypatch.setitem(sys.modules, "gaming_risk", module)
    specification.loader.exec_module(module)
    return module


def drawn(rng, *, agencies=12, responses=1200, items=6):
    """An honest log's columns."""
    return {
        "agency": rng.integers(0, agencies, responses),
        "ratings": np.clip(
            np.rint(rng.normal(4.2, 0.8, (responses, 1)) + rng.normal(0, 0.6, (responses, items))), 1, 5
        ).astype(int),
        "counter": rng.integers(0, 3, responses),
        "day": 738_000 + rng.integers(0, 40, responses),
        "minute": rng.integers(420, 1020, responses),
        "quick": rng.random(responses) < 0.02,
        "from_office": rng.random(responses) < 0.05,
    }


def log_of(columns, *without):
    return AnswerLog.from_columns(**{name: column for name, column in columns.items() if name not in without})


def test_straight_lines_and_perfect_scores_are_those_found_by_eye():
    ratings = [[5, 5, 5], [4, 4, 4], [5, 5, -1], [-1, -1, -1], [5, 4, 5], [1, 1, 1]]
    log = AnswerLog.from_columns(["A"] * 6, ratings)
    assert signals.straight_lines(log).marked.tolist() == [True, True, False, False, False, True]
    assert signals.perfect_scores(log).marked.tolist() == [True, False, False, False, False, False]
    assert signals.perfect_scores(log).known.tolist() == [True, True, False, False, True, True]


def test_a_score_is_perfect_by_each_items_own_best_level():
    log = AnswerLog.from_columns(["A"] * 2, [[5, 5, 3], [5, 5, 2]], highest=[5, 5, 3])
    assert signals.perfect_scores(log).marked.tolist() == [True, False]


@given(seed=seeds)
@settings(max_examples=20, deadline=None)
def test_bursts_are_those_found_by_looking_at_every_window(seed):
    rng = np.random.default_rng(seed)
    columns = drawn(rng, agencies=2, responses=120)
    crowd = rng.integers(0, 120, 15)
    columns["minute"][crowd] = 600 + rng.integers(0, 12, 15)
    columns["day"][crowd], columns["counter"][crowd] = 738_003, 1
    log = log_of(columns)
    place = list(zip(columns["agency"].tolist(), columns["counter"].tolist(), strict=True))
    visits = [
        (*where, int(day), int(minute))
        for where, day, minute in zip(place, columns["day"], columns["minute"], strict=True)
    ]
    expected = np.zeros(120, dtype=bool)
    for agency, counter, day, minute in visits:
        inside = [
            row for row, one in enumerate(visits) if one[:3] == (agency, counter, day) and 0 <= one[3] - minute < 10
        ]
        days = {one[2] for one in visits if one[:2] == (agency, counter)}
        pace = 4 * place.count((agency, counter)) / len(days) * 10 / 480
        fewest = next(size for size in itertools.count(1) if poisson.sf(size - 2, pace) <= 1e-4)
        if len(inside) >= max(fewest, 4):
            expected[inside] = True
    assert signals.bursts(log, signals.line_of(log)).marked.tolist() == expected.tolist()


def test_closing_time_is_the_last_half_hour_lunch_the_evening_and_sunday():
    sunday = dt.date(2026, 3, 1).toordinal()
    minutes = [420, 659, 660, 700, 810, 989, 990, 1100, 500]
    days = [sunday + 1] * 8 + [sunday]
    log = AnswerLog.from_columns(["A"] * 9, [[5]] * 9, day=days, minute=minutes)
    assert signals.closing_time(log).marked.tolist() == [False, False, True, True, False, False, True, True, True]
    later = signals.closing_time(log, hours=((480, 720), (840, 1080)))
    assert later.marked.tolist() == [True, False, False, True, True, False, False, True, True]


@given(seed=seeds)
@settings(max_examples=20, deadline=None)
def test_the_chance_of_a_repeat_is_that_of_any_two_responses_of_the_agency(seed):
    rng = np.random.default_rng(seed)
    vector, agency = rng.integers(0, 4, 40), rng.integers(0, 3, 40)
    for place, found in enumerate(own_chance(vector, agency, agencies=3)):
        pairs = list(itertools.combinations(vector[agency == place], 2))
        assert found == pytest.approx(sum(one == other for one, other in pairs) / max(len(pairs), 1))


def test_a_repeat_follows_the_same_answers_at_the_same_counter_within_half_an_hour():
    log = AnswerLog.from_columns(
        ["A"] * 5,
        [[5, 4], [5, 4], [5, 4], [4, 4], [5, 4]],
        counter=[1, 1, 2, 2, 1],
        day=[1, 1, 1, 1, 2],
        minute=[500, 530, 531, 532, 531],
    )
    signal = signals.repeats(log, signals.line_of(log))
    assert signal.marked.tolist() == [False, True, False, False, False]
    assert signal.known.tolist() == [False, True, False, True, False]


@pytest.mark.parametrize("items", [3, 8, 9, 39])
def test_vectors_have_the_same_number_exactly_if_all_ratings_are_the_same(items):
    rng = np.random.default_rng(items)
    ratings = rng.integers(3, 6, (3000, items)).astype(np.int8)
    ratings[1500:] = ratings[rng.integers(0, 1500, 1500)]
    found = np.unique(vector_keys(ratings), return_inverse=True)[1]
    expected = np.unique(ratings, axis=0, return_inverse=True)[1]
    assert len(set(zip(found.tolist(), expected.tolist(), strict=True))) == found.max() + 1 == expected.max() + 1


def test_many_honest_fives_are_no_copies():
    rng = np.random.default_rng(1)
    columns = drawn(rng)
    columns["ratings"][columns["agency"] == 3] = 5
    assert not signals.copies(log_of(columns)).marked[columns["agency"] == 3].any()


def test_copies_of_an_imperfect_vector_are_found_and_the_honest_ones_of_other_agencies_are_not():
    rng = np.random.default_rng(2)
    columns = drawn(rng)
    stuffed = np.flatnonzero(columns["agency"] == 3)[:25]
    columns["ratings"][stuffed] = [5, 4, 5, 5, 4, 5]
    marked = signals.copies(log_of(columns)).marked
    assert marked[stuffed].all()
    same = (columns["ratings"] == [5, 4, 5, 5, 4, 5]).all(axis=1)
    assert (marked <= (same & (columns["agency"] == 3))).all()


def test_flattery_is_the_permutation_tests_of_every_way_to_deal_the_marks():
    ratings = np.array(
        [[5, 5, 5], [5, 5, 4], [4, 4, 5], [3, 4, 4], [5, 3, 3], [4, 4, 4], [2, 3, 4], [4, 5, 5], [3, 3, 3]]
    )
    marked = np.array([1, 1, 0, 0, 0, 0, 0, 1, 0], dtype=bool)
    log = AnswerLog.from_columns(["A"] * 9, ratings, from_office=marked)
    sums = [log.rating[list(rows)].sum() for rows in itertools.combinations(range(9), 3)]
    exact = np.mean(np.array(sums) >= log.rating[marked].sum() - 1e-12)
    # The normal approximation of 84 permutations; the exact chance is 0.024.
    assert signals.office_network(log).flattery[0] == pytest.approx(exact, abs=0.015)


def test_the_chances_are_combined_by_cauchys_rule():
    chances = np.array([[0.02, 0.5], [0.3, 0.001], [0.6, 0.9]])
    expected = cauchy.sf(cauchy.isf(chances).mean(axis=0))
    assert integrity._combined(chances) == pytest.approx(expected)


def test_unknown_chances_take_no_part_in_the_combination():
    chances = np.array([[0.02, np.nan], [np.nan, np.nan], [0.3, np.nan]])
    assert integrity._combined(chances) == pytest.approx([cauchy.sf(cauchy.isf([0.02, 0.3]).mean()), 1.0])


def test_share_and_flattery_are_combined_by_fishers_rule():
    found = integrity._with_flattery(np.array([0.03, 0.03]), np.array([0.2, np.nan]))
    assert found == pytest.approx([combine_pvalues([0.03, 0.2], method="fisher").pvalue, 0.03])


def test_signals_that_are_not_known_change_nothing():
    columns = drawn(np.random.default_rng(3))
    unknown = np.full(1200, -1)
    without = gaming_risk(log_of(columns, "quick", "from_office"))
    assert gaming_risk(log_of(columns | {"quick": unknown, "from_office": unknown})) == without
    assert {one.signal for risk in without for one in risk.components}.isdisjoint({"quick", "office_network"})


def test_the_order_of_the_rows_says_nothing():
    rng = np.random.default_rng(4)
    columns = drawn(rng)
    # Nobody answers in the same minute as another: their order would be the rows'.
    columns["minute"] = rng.permutation(1200) % 600 + 420
    columns["day"] = 738_000 + rng.permutation(1200) // 30
    shuffled = rng.permutation(1200)
    moved = {name: column[shuffled] for name, column in columns.items()}
    for one, other in zip(gaming_risk(log_of(columns)), gaming_risk(log_of(moved)), strict=True):
        assert one.score == pytest.approx(other.score)


def test_an_agency_that_stuffs_its_box_is_flagged_and_its_components_say_why():
    columns = drawn(np.random.default_rng(5))
    stuffed = np.flatnonzero(columns["agency"] == 3)[:25]
    columns["ratings"][stuffed], columns["quick"][stuffed], columns["from_office"][stuffed] = 5, True, True
    columns["day"][stuffed], columns["minute"][stuffed], columns["counter"][stuffed] = 738_000, 1030, 0
    log = log_of(columns)
    risk = gaming_risk(log)[3]
    assert risk.flagged
    assert {"quick", "office_network", "bursts"} <= {one.signal for one in risk.components if one.chance < 0.01}
    assert [one.chance for one in risk.components] == sorted(one.chance for one in risk.components)
    assert suspicious(log)[stuffed].all()


@pytest.mark.parametrize("known", [(), ("quick", "from_office"), ("day", "minute", "quick", "from_office")])
def test_a_box_that_is_stuffed_to_the_brim_is_flagged_though_nothing_honest_is_left_to_compare(known):
    columns = drawn(np.random.default_rng(6), agencies=20, responses=2000)
    stuffed = columns["agency"] == 3
    columns["ratings"][stuffed] = 5
    columns["quick"][stuffed] = columns["from_office"][stuffed] = True
    assert gaming_risk(log_of(columns, *known))[3].flagged


def test_citizens_on_the_offices_network_who_rate_like_others_flag_nobody():
    columns = drawn(np.random.default_rng(7), agencies=20, responses=2000)
    columns["from_office"] |= (columns["agency"] == 3) & (np.arange(2000) % 2 == 0)
    assert not gaming_risk(log_of(columns))[3].flagged


def test_a_gap_to_call_backs_counts_against_the_other_agencies_gaps():
    log = log_of(drawn(np.random.default_rng(8)))
    rng = np.random.default_rng(9)
    gaps = {agency: (0.05 + rng.normal(0, 0.02), 0.02) for agency in range(12)}
    gaps[3] = (0.3, 0.02)
    risks = gaming_risk(log, call_backs=gaps)
    assert risks[3].flagged
    assert risks[3].components[0].signal == "call_backs"
    found = {risk.agency: one for risk in risks for one in risk.components if one.signal == "call_backs"}
    assert found[3].expected == pytest.approx(np.median([gap for gap, _ in gaps.values()]))
    assert min(one.chance for agency, one in found.items() if agency != 3) > 0.001


def test_a_few_call_backs_are_held_against_a_fixed_expectation():
    log = log_of(drawn(np.random.default_rng(8)))
    risks = gaming_risk(log, call_backs={3: (0.35, 0.05)})
    assert risks[3].components[0].signal == "call_backs"
    assert not any(one.signal == "call_backs" for one in risks[4].components)


def test_below_fifteen_answers_there_is_no_score_but_a_reason():
    columns = drawn(np.random.default_rng(10))
    columns["agency"][:14] = 99
    risk = gaming_risk(log_of(columns))[-1]
    assert (risk.agency, risk.responses, risk.score, risk.flagged, risk.components) == (99, 14, None, False, ())
    assert risk.reason == TOO_FEW
    assert risk.reason.format(**risk.reason_values) == "14 answers are too few to judge: 15 are needed"


def test_where_nothing_is_known_there_is_no_score_but_a_reason():
    (risk,) = gaming_risk(AnswerLog.from_columns(["A"] * 20, np.full((20, 2), 5)))
    assert (risk.score, risk.reason) == (None, NOTHING_KNOWN)


def test_one_agency_alone_is_judged_by_fixed_expectations():
    columns = drawn(np.random.default_rng(11), agencies=1, responses=100)
    (honest,) = gaming_risk(log_of(columns))
    assert honest.score < 50
    columns["quick"][:30] = True
    columns["ratings"][:30] = 5
    (stuffed,) = gaming_risk(log_of(columns))
    assert stuffed.flagged
    assert {one.signal for one in stuffed.components}.isdisjoint({"perfect_scores", "straight_lines"})


@pytest.mark.parametrize("agencies", [1, 12])
def test_where_everybody_is_of_one_mind_nobody_is_flagged(agencies):
    columns = drawn(np.random.default_rng(12), agencies=agencies, responses=600)
    columns["ratings"][:] = 5
    assert not any(risk.flagged for risk in gaming_risk(log_of(columns, "quick")))
    assert all(np.isfinite(risk.score) for risk in gaming_risk(log_of(columns)))


def test_a_log_without_responses_has_no_agencies():
    empty = AnswerLog.from_columns(np.array([], dtype=int), np.zeros((0, 6), dtype=int))
    assert gaming_risk(empty) == ()
    assert suspicious(empty).shape == (0,)


@given(seed=seeds)
@settings(max_examples=15, deadline=None)
def test_no_result_is_ever_not_a_number(seed):
    rng = np.random.default_rng(seed)
    columns = drawn(rng, agencies=int(rng.integers(1, 14)), responses=int(rng.integers(1, 300)))
    columns["ratings"][rng.random(columns["ratings"].shape) < 0.3] = -1
    for name in ("day", "minute", "quick", "from_office"):
        columns[name] = np.where(rng.random(len(columns["agency"])) < 0.3, -1, columns[name].astype(int))
    for risk in gaming_risk(log_of(columns)):
        assert risk.score is None or 0 <= risk.score <= 100
        assert all(np.isfinite([one.value, one.expected, one.chance]).all() for one in risk.components)


@pytest.mark.parametrize(
    ("columns", "named"),
    [
        ({"ratings": [[5], [6]]}, "from 1 to 5"),
        ({"ratings": [[5], [0]]}, "from 1 to 5"),
        ({"ratings": [[5.0], [4.5]]}, "whole numbers"),
        ({"ratings": [[5]]}, "2 responses"),
        ({"ratings": [5, 5]}, "2 responses"),
        ({"counter": [1]}, "counter has 1"),
        ({"minute": [1440, 0]}, "minute goes from 0 to 1440"),
        ({"quick": [2, 0]}, "quick goes"),
        ({"day": [0.5, 1.0]}, "day must be whole"),
        ({"from_office": [True]}, "from_office has 1"),
    ],
)
def test_a_column_that_cannot_be_is_named(columns, named):
    with pytest.raises(AnalysisError, match=named):
        AnswerLog.from_columns(**({"agency": ["A", "A"], "ratings": [[5], [4]]} | columns))


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"flag_above": 101}, "101"),
        ({"hours": ((700, 420),)}, "minute 700"),
        ({"call_backs": {"A": (0.1, 0.0)}}, "of A"),
        ({"call_backs": {"A": (float("nan"), 0.1)}}, "nan"),
    ],
)
def test_options_that_cannot_be_are_named(options, named):
    with pytest.raises(AnalysisError, match=named):
        gaming_risk(AnswerLog.from_columns(["A"], [[5]]), **options)


def test_every_signal_has_a_message():
    columns = drawn(np.random.default_rng(13))
    risks = gaming_risk(log_of(columns), call_backs={0: (0.1, 0.1)})
    named = Counter(one.message for risk in risks for one in risk.components)
    assert set(named) == set(integrity.MESSAGES.values())


@pytest.mark.slow
def test_at_most_a_twentieth_of_honest_agencies_are_flagged_whatever_the_province(simulation):
    provinces = 20 if FULL else 2
    for name, kind in simulation.HONEST.items():
        rng = np.random.default_rng(20261125)
        share = simulation.false_flags(kind, rng, provinces=provinces)
        error = np.sqrt(0.05 * 0.95 / (provinces * kind.agencies))
        assert share <= 0.05 + 2 * error, (name, share)


@pytest.mark.slow
def test_four_fifths_of_stuffed_agencies_are_caught_where_the_log_knows_everything(simulation):
    provinces = 20 if FULL else 2
    stuffers = ("in a burst", "with care, but fast", "by copying", "before closing")
    rng = np.random.default_rng(20261125)
    found = {
        name: simulation.caught(simulation.HONEST["usual"], simulation.STUFFERS[name], rng, provinces=provinces)
        for name in stuffers
    }
    for name, (by_size, beside) in found.items():
        # From 100 answers for each; fewer are a matter of how it is done (docs/methods.md).
        caught = np.mean([share for size, share in by_size.items() if size >= 100])
        assert caught >= 0.8, (name, by_size)
        assert beside <= 0.05, (name, beside)
    assert min(found["in a burst"][0].values()) >= 0.8
    assert np.mean([by_size[50] for by_size, _ in found.values()]) >= 0.7


@pytest.mark.slow
def test_stuffing_that_looks_like_citizens_in_every_way_is_not_caught_and_this_is_said(simulation):
    rng = np.random.default_rng(1)
    stuffer = simulation.STUFFERS["like a citizen"]
    by_size, _ = simulation.caught(simulation.HONEST["usual"], stuffer, rng, provinces=2)
    assert max(by_size.values()) < 0.5
