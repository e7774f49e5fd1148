"""What a reader with a pencil could work out from what is shown: nothing about fewer than the minimum."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.disclosure import Reason, suppress
from analysis.errors import AnalysisError


def test_a_small_agency_takes_the_next_smallest_with_it():
    found = suppress([120, 14, 6], groups=[["province"] * 3])
    assert found.hidden[:, 0].tolist() == [False, True, True]
    assert [row[0] for row in found.reasons] == [Reason.SHOWN, Reason.COMPLEMENTARY, Reason.TOO_FEW]


def test_two_small_ones_that_reach_the_minimum_together_need_no_third():
    assert suppress([120, 14, 6, 7], groups=[["all"] * 4]).hidden[:, 0].tolist() == [False, False, True, True]


def test_two_small_ones_below_the_minimum_need_a_third():
    assert suppress([120, 14, 3, 2], groups=[["all"] * 4]).hidden[:, 0].tolist() == [False, True, True, True]


def test_without_a_displayed_total_nothing_can_be_subtracted():
    assert suppress([120, 14, 6]).hidden[:, 0].tolist() == [False, False, True]


def test_each_level_with_its_own_total_protects_its_own():
    levels = ["department", "department", "commune", "commune", "commune"]
    found = suppress([50, 8, 90, 40, 30], groups=[levels, ["all"] * 5])
    assert found.hidden[:, 0].tolist() == [True, True, False, False, False]


def test_the_rest_of_a_group_is_a_total_too():
    # Communes and everybody are displayed: what is left are the departments, and one of them is small.
    found = suppress([50, 8, 90, 40], groups=[[None, None, "commune", "commune"], ["all"] * 4])
    assert found.hidden[:, 0].tolist() == [True, True, False, False]


def test_a_total_of_too_few_is_hidden_with_them():
    found = suppress([6, 90, 40], groups=[["a", "b", "b"]])
    assert found.hidden_totals == (frozenset({(0, "a")}),)


def test_nobody_is_shown_as_nobody():
    found = suppress([0, 30], groups=[["all", "all"]])
    assert found.hidden[:, 0].tolist() == [True, False]
    assert found.reasons[0] == (Reason.NOBODY,)


def test_a_dimension_few_answered_is_hidden_alone():
    found = suppress([[40, 40, 4], [50, 48, 33], [60, 60, 21]], groups=[["all"] * 3])
    assert found.hidden.tolist() == [[False, False, True], [False, False, False], [False, False, True]]
    assert not found.hidden_domains.any()


def test_an_agency_hidden_for_anothers_sake_is_hidden_whole():
    found = suppress([[6, 6], [12, 12], [50, 50]], groups=[["all"] * 3])
    assert found.hidden.all(axis=1).tolist() == [True, True, False]


def test_inside_five_are_enough_and_the_minimum_only_goes_up():
    assert not suppress([5, 60], audience="inside").hidden.any()
    assert suppress([25, 60], minimum=30).hidden[:, 0].tolist() == [True, False]
    with pytest.raises(AnalysisError, match="only be raised"):
        suppress([25], minimum=9)


@pytest.mark.parametrize("counts", [[-1], [2.5]])
def test_counts_that_are_not_counts_are_refused(counts):
    with pytest.raises(AnalysisError, match="whole numbers"):
        suppress(counts)


@given(
    st.lists(st.integers(0, 40), min_size=1, max_size=7),
    st.lists(st.sampled_from(["x", "y", None]), min_size=7, max_size=7),
)
def test_no_sum_that_a_reader_can_find_is_below_the_minimum(counts, labels):
    labels = labels[: len(counts)]
    groups = [labels, ["all"] * len(counts)]
    found = suppress(counts, groups=groups)
    hidden = found.hidden[:, 0] & (np.array(counts) > 0)
    shown_totals = [
        {row for row, label in enumerate(group) if label == name}
        for place, group in enumerate(groups)
        for name in {label for label in group if label is not None}
        if (place, name) not in found.hidden_totals[0]
    ]
    # Everything that adding and subtracting displayed totals can reach, by brute force.
    reachable = {sum(1 << row for row in total) for total in shown_totals}
    for signs in itertools.product((-1, 0, 1), repeat=len(shown_totals)):
        vector = np.zeros(len(counts), dtype=int)
        for sign, total in zip(signs, shown_totals, strict=True):
            vector[list(total)] += sign
        if set(vector.tolist()) <= {0, 1}:
            reachable.add(sum(1 << row for row in np.flatnonzero(vector)))
    for members in reachable:
        secret = [counts[row] for row in range(len(counts)) if members >> row & 1 and hidden[row]]
        assert not secret or (len(secret) > 1 and sum(secret) >= 10)
