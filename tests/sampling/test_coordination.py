"""Waves that keep out of each other's way, with people coming and going in between."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampling.coordination import START, next_turn, permanent_numbers
from sampling.errors import SamplingError

KEY = b"a key for these tests only"


@given(
    sizes=st.lists(st.integers(0, 4), min_size=2, max_size=12),
    people=st.integers(1, 12),
    seed=st.integers(0, 1000),
    spared=st.integers(1, 4),
)
def test_nobody_is_asked_again_within_the_waves_in_which_people_are_spared(sizes, people, seed, spared):
    numbers, strata = np.random.default_rng(seed).random(people), ["a"] * people
    after, begun, asked = START, [], []
    for n in sizes:
        begun.append(after)
        since, recent = begun[-spared - 1 :][0], set().union(*asked[-spared:])
        options = {"strata": strata, "after": {"a": after}, "spared_from": {"a": since}}
        if n > people - len(recent):
            # Who was asked is known here by name; the numbers alone must know it too.
            with pytest.raises(SamplingError, match=f"has {people - len(recent)} who need not be spared"):
                next_turn(numbers, {"a": n}, **options)
            return
        turn = next_turn(numbers, {"a": n}, **options)
        asked.append(set(turn.sample.rows.tolist()))
        assert len(asked[-1]) == n
        assert not asked[-1] & recent
        after = turn.until["a"]


def test_everybody_is_asked_before_anybody_is_asked_twice():
    numbers, strata = np.random.default_rng(1).random(20), ["a"] * 20
    after, times = {}, Counter()
    for _ in range(5):
        turn = next_turn(numbers, {"a": 4}, strata=strata, after=after)
        after = turn.until
        times.update(turn.sample.rows.tolist())
    assert set(times.values()) == {1}
    assert len(times) == 20


def test_those_who_come_and_go_change_nothing_for_the_others():
    people = [f"person-{number}" for number in range(400)]
    first = next_turn(permanent_numbers(people, key=KEY), {"a": 80}, strata=["a"] * 400)
    asked = {people[row] for row in first.sample.rows}
    later = people[50:] + [f"new-{number}" for number in range(60)]
    second = next_turn(
        permanent_numbers(later, key=KEY),
        {"a": 80},
        strata=["a"] * len(later),
        after=first.until,
        spared_from=first.after,
    )
    drawn = {later[row] for row in second.sample.rows}
    assert len(drawn) == 80
    assert not drawn & asked
    assert any(name.startswith("new-") for name in drawn)


def test_strata_turn_each_at_their_own_pace():
    rng = np.random.default_rng(2)
    strata = np.array(["a"] * 10 + ["b"] * 30)
    numbers, after = rng.random(40), {}
    for _ in range(2):
        turn = next_turn(numbers, {"a": 5, "b": 6}, strata=strata, after=after)
        after = turn.until
        assert Counter(strata[turn.sample.rows].tolist()) == {"a": 5, "b": 6}
        assert turn.sample.weights == pytest.approx(np.where(strata[turn.sample.rows] == "a", 2, 5))
    assert next_turn(numbers, {"b": 1}, strata=strata, after=after).until["a"] == after["a"]


def test_numbers_are_spread_evenly_and_follow_from_the_key():
    codes = [f"{number:012}" for number in range(20_000)]
    found = permanent_numbers(codes, key=KEY)
    # Kolmogorov's distance of 20,000 even numbers is below 2.6/√n but once in a million.
    assert np.abs(np.sort(found) - (np.arange(20_000) + 0.5) / 20_000).max() < 2.6 / np.sqrt(20_000)
    assert (found != permanent_numbers(codes, key=KEY[::-1])).all()


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda: permanent_numbers(["1"], key=b"short"), "the key has 5 bytes: it needs at least 16"),
        (lambda: next_turn([0.1, 1.0], {"a": 1}, strata=["a", "a"]), "row 2: the permanent number 1.0 must be"),
        (lambda: next_turn([0.1, 0.1], {"a": 1}, strata=["a", "a"]), "row 2: another unit of its stratum has the same"),
        (lambda: next_turn([0.1], {"a": 2}, strata=["a"]), "the stratum a is to give 2 units and has 1 who need not"),
    ],
)
def test_what_cannot_be_coordinated_is_refused(ask, said):
    with pytest.raises(SamplingError) as refused:
        ask()
    assert said in str(refused.value)
