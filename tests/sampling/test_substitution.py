"""Who takes whose place: every rule on its own, and all together against a search that does everything otherwise."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampling.errors import SamplingError
from sampling.substitution import Kept, Place, Spare, Standing, substitutions


def test_the_reserve_is_used_in_its_order_within_the_group_only():
    places = [Place(4, "A", Standing.SETTLED), Place(2, "A", Standing.SETTLED), Place(3, "B", Standing.SETTLED)]
    reserve = [Spare(12, "A", 3), Spare(11, "A", 1), Spare(10, "A", 2)]
    found = substitutions(places, reserve, attempts_needed=3)
    assert found.pairs == ((2, 11), (4, 10))
    assert found.kept == {3: Kept.RESERVE_USED_UP}


@pytest.mark.parametrize(
    ("standing", "attempts", "reason"),
    [
        (Standing.OPEN, 9, Kept.OPEN),
        (Standing.ANSWERED, 0, Kept.ANSWERED),
        (Standing.NOT_MET, 2, Kept.TOO_FEW_ATTEMPTS),
        (Standing.NOT_MET, 3, None),
        (Standing.SETTLED, 0, None),
    ],
)
def test_who_may_be_replaced(standing, attempts, reason):
    found = substitutions([Place(1, "A", standing, attempts)], [Spare(2, "A", 1)], attempts_needed=3)
    assert (found.kept, found.pairs) == (({1: reason}, ()) if reason else ({}, ((1, 2),)))


places = st.lists(st.tuples(st.sampled_from("AB"), st.sampled_from(list(Standing)), st.integers(0, 4)), max_size=8)
reserves = st.lists(st.sampled_from("AB"), max_size=6)


@given(places, reserves, st.integers(1, 4), st.randoms(use_true_random=False))
def test_as_one_after_the_other_by_hand(given_places, given_reserve, needed, chance):
    numbers = list(range(len(given_places) + len(given_reserve)))
    chance.shuffle(numbers)
    held = [Place(n, g, s, a) for n, (g, s, a) in zip(numbers, given_places, strict=False)]
    in_reserve = zip(numbers[len(held) :], given_reserve, strict=True)
    spare = [Spare(number, group, order) for order, (number, group) in enumerate(in_reserve, start=1)]
    found = substitutions(held, chance.sample(spare, len(spare)), attempts_needed=needed)
    # By hand: from the lowest number on, take the first of the group who is left.
    left, pairs = list(spare), []
    for place in sorted(held, key=lambda one: one.number):
        goes = place.standing is Standing.SETTLED or (place.standing is Standing.NOT_MET and place.attempts >= needed)
        first = next((one for one in left if one.group == place.group), None)
        if goes and first is not None:
            left.remove(first)
            pairs.append((place.number, first.number))
    assert list(found.pairs) == pairs
    assert set(found.kept) == {one.number for one in held} - {one for one, _ in pairs}


def test_arguments_that_cannot_be_are_refused():
    with pytest.raises(SamplingError, match="0 attempts"):
        substitutions([], [], attempts_needed=0)
    with pytest.raises(SamplingError, match="number 1 is there twice"):
        substitutions([Place(1, "A", Standing.OPEN)], [Spare(1, "A", 1)], attempts_needed=1)
