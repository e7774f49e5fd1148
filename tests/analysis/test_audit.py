"""The audit against attackers of another kind: one who tries all whole numbers, and the bare linear program."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.audit import Exposure, attack, audit, feasible_interval, required_widths
from analysis.errors import AnalysisError
from analysis.exchanges import exchange
from analysis.publication import Table, publication
from analysis.worlds import by_columns, by_row, moves

MINIMUM = 10


def square(counts, **more):
    """A table of two ways with all its totals displayed; `counts` may have a third axis, of columns."""
    counts = np.asarray(counts)
    rows = list(itertools.product(range(counts.shape[0]), range(counts.shape[1])))
    across, down = [("row", row) for row, _ in rows], [("column", column) for _, column in rows]
    return Table(rows, counts.reshape(len(rows), -1), groups=[across, down, ["all"] * len(rows)], **more)


def masked(found, *names):
    """Rows hidden whole."""
    hidden = np.zeros(found.counts.shape, dtype=bool)
    hidden[[found.place(name) for name in names]] = True
    return hidden


def worlds(counts, hidden, sums):
    """Every choice of whole hidden counts from 1 up with which the sums (members, value) still hold.

    No equation, matrix or solver of the code under test.
    """
    found = [tuple(0 if secret else count for count, secret in zip(counts, hidden, strict=True))]
    for place in [place for place, secret in enumerate(hidden) if secret]:
        left = [(inside, value) for inside, value in sums if place in inside]
        most = min(value for _, value in left) if left else sum(counts)
        found = [
            tried
            for world in found
            for count in range(1, most + 1)
            if all(
                _fits(tried := (*world[:place], count, *world[place + 1 :]), inside, value, hidden, place)
                for inside, value in left
            )
        ]
    return np.array(found)


def _fits(world, inside, value, hidden, place):
    later = sum(1 for member in inside if hidden[member] and member > place)
    rest = value - sum(world[member] for member in inside)
    return rest >= later if later else rest == 0


small_squares = st.lists(st.lists(st.integers(0, 9), min_size=3, max_size=3), min_size=2, max_size=2)
SUMS = [[0, 1, 2], [3, 4, 5], [0, 3], [1, 4], [2, 5], [0, 1, 2, 3, 4, 5]]


@settings(max_examples=50)
@given(small_squares, st.lists(st.booleans(), min_size=6, max_size=6))
def test_intervals_are_those_of_all_tables_of_whole_numbers(counts, chosen):
    found = publication([square(counts)])
    flat = np.ravel(counts)
    secret = np.array(chosen) & (flat > 0)
    hidden = np.zeros(found.counts.shape, dtype=bool)
    hidden[:6, 0] = secret
    # Tables of two ways are totally unimodular: the extremes of the program are whole numbers.
    every = worlds(flat.tolist(), secret.tolist(), [(inside, int(flat[inside].sum())) for inside in SUMS])
    for place in np.flatnonzero(secret):
        low, high = feasible_interval(found, hidden, found.names[place], 0)
        assert (round(low, 6), round(high, 6)) == (every[:, place].min(), every[:, place].max())


@st.composite
def publications(draw):
    """Two agencies of a cut with three levels, some columns, with favourable answers or without, and a mask."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    agencies, levels, columns = draw(st.integers(2, 3)), 3, draw(st.integers(1, 3))
    everybody = rng.integers(0, draw(st.sampled_from([6, 20, 60])), (agencies, levels, 1))
    items = rng.binomial(everybody, 0.8, (agencies, levels, columns - 1))
    counts = np.concatenate([everybody, items], axis=2)
    favourable = rng.binomial(items, 0.8).reshape(agencies * levels, -1) if draw(st.booleans()) else None
    found = publication([square(counts, favourable=favourable)])
    hidden = rng.random(found.counts.shape) < draw(st.sampled_from([0.3, 0.6]))
    hidden = (hidden & (found.counts > 0)) | (hidden & (found.counts > 0))[:, :1]
    return found, hidden


def only_ones(found, hidden):
    """Hidden cells that alone fill what is left of a displayed sum, when nobody else's empty columns are a secret."""
    secret = hidden & (found.counts > 0)
    left = secret.copy()
    for _ in range(secret.size):
        for equation, column in itertools.product(found.relations.toarray(), range(secret.shape[1])):
            inside = np.flatnonzero((equation != 0) & left[:, column])
            if len(inside) == 1:
                left[inside, column] = False
    return secret & ~left


@settings(max_examples=20)
@given(publications())
def test_shortcuts_judge_as_the_program_alone_would(case):
    found, hidden = case
    fast = attack(found, hidden, minimum=MINIMUM).exposed
    slow, alone = [], only_ones(found, hidden)
    for row, column in np.argwhere(hidden):
        required = float(required_widths(found.counts[row, column], minimum=MINIMUM))
        by_sums, in_rows = (
            np.ptp(feasible_interval(found, hidden, found.names[row], column, by_sums_only=only))
            for only in (True, False)
        )
        slow.append(alone[row, column] or by_sums < required - 1e-6 or in_rows < min(required, 1) - 1e-6)
    assert fast.tolist() == slow


@settings(max_examples=20)
@given(publications())
def test_worlds_found_without_the_program_are_within_its_intervals(case):
    found, hidden = case
    places = np.argwhere(hidden)
    everything = moves(found, hidden)
    counts = found.counts[tuple(places.T)]
    limits = [feasible_interval(found, hidden, found.names[row], column) for row, column in places]
    least, most = np.array(limits).reshape(-1, 2).T
    for part in (everything, *(everything.within(shared(everything, places)) for shared in (by_row, by_columns))):
        low, high = np.zeros(len(places)), np.zeros(len(places))
        exchange(part, low, high)
        assert (least - 1e-6 <= counts + low).all()
        # Where nothing displayed bounds a count, the interval ends far out instead of nowhere.
        assert ((counts + high <= most + 1e-6) | (most > 100 * counts)).all()


def test_one_hidden_cell_is_what_is_left_of_the_total():
    found = publication([Table(["A", "B", "C"], [40, 14, 6], groups=[["all"] * 3])])
    assert audit(found, masked(found, "C"), minimum=MINIMUM).recoverable == (Exposure("C", 0, 0.0),)
    checked = audit(found, masked(found, "B", "C"), minimum=MINIMUM)
    assert checked.passed
    assert (checked.cells, checked.suppressed, checked.share_lost) == (4, 2, 0.5)


def test_a_known_sum_below_the_minimum_is_recoverable():
    found = publication([Table(["A", "B", "C"], [40, 5, 4], groups=[["all"] * 3])])
    checked = audit(found, masked(found, "B", "C"), minimum=MINIMUM)
    assert {one.name for one in checked.recoverable} == {"B", "C"}


def test_ten_hidden_agencies_of_one_person_each_are_known_one_by_one():
    # Together they reach the minimum, but nobody would be shown as nobody: each has exactly one.
    names = ["A", *range(10)]
    found = publication([Table(names, [40] + [1] * 10, groups=[["all"] * 11])])
    checked = audit(found, masked(found, *range(10)), minimum=MINIMUM)
    assert [one.width for one in checked.recoverable] == [0.0] * 10


def test_totals_inside_totals_are_subtracted_from_each_other():
    # Hidden: a department and a commune, one each of two displayed levels.
    levels = ["departments"] * 2 + ["communes"] * 2
    tables = [Table(["A", "B", "C", "D"], [50, 8, 90, 7], groups=[levels, ["all"] * 4])]
    found = publication(tables)
    assert len(audit(found, masked(found, "B", "D"), minimum=MINIMUM).recoverable) == 2
    only_all = publication([Table(["A", "B", "C", "D"], [50, 8, 90, 7], groups=[["all"] * 4])])
    # 15 persons in two agencies: from 1 to 14 each.
    assert feasible_interval(only_all, masked(only_all, "B", "D"), "B", 0) == (1, 14)


def test_a_successor_s_past_gives_away_what_the_earlier_wave_hid():
    earlier = ["2024 old A", "2024 old B", "2024 C", "2024 D"]
    counts = [30, 6, 7, 40]
    alone = Table(earlier, counts, groups=[["2024 all"] * 4])
    hidden = ("2024 old B", "2024 C")
    found = publication([alone])
    assert audit(found, masked(found, *hidden), minimum=MINIMUM).passed
    # The page of 2025 says how many had answered at what became the new agency: old A and old B.
    past = Table(earlier, counts, groups=[["2024 all"] * 4, ["past of new", "past of new", None, None]])
    found = publication([past, Table(["2025 new", "2025 C"], [44, 50], groups=[["2025 all"] * 2])])
    assert {one.name for one in audit(found, masked(found, *hidden), minimum=MINIMUM).recoverable} == set(hidden)


def test_a_cut_gives_away_an_agency_whose_own_row_is_hidden():
    agencies = Table(["A", "B", "C"], [60, 14, 6], groups=[["all"] * 3])
    sexes = Table(
        ["A women", "A men", "B women", "B men", "C women", "C men"],
        [30, 30, 14, 0, 6, 0],
        groups=[["A", "A", "B", "B", "C", "C"], ["women", "men"] * 3],
    )
    found = publication([agencies, sexes])
    hidden = masked(found, "B", "C")
    hidden[found.place("C women")] = True
    assert {one.name for one in audit(found, hidden, minimum=MINIMUM).recoverable} == {"B", "C", "C women"}


def test_a_column_that_one_hidden_row_alone_answered_gives_it_away():
    found = publication([Table(["A", "B", "C"], [[90, 90], [30, 30], [3, 0]], groups=[["all"] * 3])])
    hidden = masked(found, "B", "C")
    assert [(one.name, one.column) for one in audit(found, hidden, minimum=MINIMUM).recoverable] == [("B", 1)]
    hidden[found.place("all"), 1] = True
    assert audit(found, hidden, minimum=MINIMUM).passed


def test_favourable_answers_narrow_counts_down():
    # By counts alone the square leaves room for 10; but nobody in the first row was satisfied, nor anybody dissatisfied
    # in the second, so that every hidden count is known.
    counts = np.array([[[20, 12], [20, 6]], [[20, 8], [20, 14]]])
    table = square(counts, favourable=[[0], [0], [8], [14]])
    found = publication([table])
    hidden = np.zeros(found.counts.shape, dtype=bool)
    hidden[:4, 1] = True
    assert audit(publication([square(counts)]), hidden, minimum=MINIMUM).passed
    assert [one.width for one in audit(found, hidden, minimum=MINIMUM).recoverable] == pytest.approx([0] * 4, abs=1e-6)


def test_a_row_hidden_whole_does_not_say_which_columns_are_empty():
    found = publication([Table(["A", "B", "C"], [[90, 80], [30, 20], [12, 0]], groups=[["all"] * 3])])
    hidden = masked(found, "B", "C")
    assert feasible_interval(found, hidden, "C", 1) == (0, 19)


def test_nothing_hidden_is_nothing_to_recover():
    found = publication([Table(["A", "B"], [40, 50], groups=[["all"] * 2])])
    checked = audit(found, np.zeros((3, 1), dtype=bool), minimum=MINIMUM)
    assert (checked.passed, checked.checked, checked.share_lost) == (True, 0, 0.0)
    empty = publication([])
    assert audit(empty, np.zeros((0, 1), dtype=bool), minimum=MINIMUM).share_lost == 0.0


def test_a_mask_that_does_not_fit_is_refused():
    found = publication([Table(["A", "B"], [[40, 30], [50, 40]])])
    with pytest.raises(AnalysisError, match="shape"):
        audit(found, np.zeros((3, 2), dtype=bool), minimum=MINIMUM)
    with pytest.raises(AnalysisError, match="hidden whole"):
        audit(found, np.array([[True, False], [False, False]]), minimum=MINIMUM)
    with pytest.raises(AnalysisError, match="not hidden"):
        feasible_interval(found, np.zeros((2, 2), dtype=bool), "A", 0)
