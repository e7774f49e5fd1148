"""Samples have the size, the probabilities and the spread they state; frames that cannot be drawn from are refused."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampling.arrays import Numbered
from sampling.checks import check_codes
from sampling.cube import balanced
from sampling.errors import SamplingError
from sampling.multistage import Stage, multistage
from sampling.record import generator
from sampling.selection import reserve, srs, stratified, systematic

SEEDS = st.integers(0, 2**70)


@given(population=st.integers(1, 400), share=st.floats(0, 1), seed=SEEDS)
@pytest.mark.parametrize("method", [srs, systematic])
def test_equal_chances_give_n_rows_whose_weights_add_up_to_the_frame(method, population, share, seed):
    n = max(1, round(share * population))
    sample = method(population, n, rng=generator(seed))
    assert len(set(sample.rows.tolist())) == n
    assert (np.diff(sample.rows) > 0).all()
    assert 0 <= sample.rows[0] <= sample.rows[-1] < population
    assert sample.weights.sum() == pytest.approx(population)


@given(labels=st.lists(st.sampled_from("abcd"), min_size=1, max_size=60), seed=SEEDS, data=st.data())
def test_every_stratum_gives_what_is_asked_of_it(labels, seed, data):
    counts = Counter(labels)
    sizes = {name: data.draw(st.integers(0, count)) for name, count in counts.items()}
    if not any(sizes.values()):
        return
    sample = stratified(labels, sizes, rng=generator(seed), allow_lone=True)
    assert Counter(labels[row] for row in sample.rows) == Counter({name: n for name, n in sizes.items() if n})
    assert sample.weights.sum() == pytest.approx(sum(count for name, count in counts.items() if sizes[name]))


@given(
    communes=st.lists(st.integers(2, 9), min_size=3, max_size=8),
    n=st.integers(2, 3),
    take=st.integers(1, 2),
    seed=SEEDS,
    method=st.sampled_from(["srs", "systematic", "pps-systematic", "pps-sampford"]),
)
def test_two_stages_give_as_many_units_and_rows_as_asked(communes, n, take, seed, method):
    labels = np.repeat(np.arange(len(communes)), communes)
    sample = multistage([Stage(n, units=labels, method=method), Stage(take)], rng=generator(seed))
    drawn = Counter(labels[sample.rows].tolist())
    assert len(drawn) == n
    assert set(drawn.values()) == {take}
    assert sample.probabilities == pytest.approx(np.prod(sample.stages, axis=0))
    assert (sample.stages[1] == take / np.array(communes)[labels[sample.rows]]).all()


def test_an_equal_take_after_proportional_chances_gives_everybody_the_same_weight():
    labels = np.repeat(np.arange(6), [30, 25, 20, 20, 15, 10])
    stages = [Stage(3, units=labels, method="pps-sampford"), Stage(5)]
    for seed in range(5):
        assert multistage(stages, rng=generator(seed)).weights == pytest.approx(120 / 15)


def test_time_and_place_is_a_sample_in_three_stages():
    # Every agency; two of its half-days; three transactions of each.
    agency = np.repeat(["so-noi-vu", "xa-ea-o"], [40, 20])
    half_day = np.concatenate([np.repeat(np.arange(8), 5), np.repeat(np.arange(5), 4)])
    stages = [Stage({"so-noi-vu": 2, "xa-ea-o": 2}, units=half_day, method="systematic"), Stage(3, method="systematic")]
    sample = multistage(stages, rng=generator(3), strata=agency)
    assert Counter(agency[sample.rows].tolist()) == {"so-noi-vu": 6, "xa-ea-o": 6}
    assert sample.weights.tolist() == pytest.approx([40 / 6] * 6 + [20 / 6] * 6)


def test_small_units_are_taken_whole_only_if_allowed():
    labels = ["a"] * 2 + ["b"] * 9 + ["c"] * 9
    stages = [Stage(3, units=labels, method="srs"), Stage(5, take_all=True)]
    assert Counter(labels[row] for row in multistage(stages, rng=generator(1)).rows) == {"a": 2, "b": 5, "c": 5}
    with pytest.raises(
        SamplingError, match="row 1: stage 2 asks for 5 in each unit, and the one that begins here has 2"
    ):
        multistage([stages[0], Stage(5)], rng=generator(1))


def test_rows_of_a_certain_commune_are_told():
    labels = np.repeat(["a", "b", "c"], [80, 5, 6])
    sample = multistage([Stage(2, units=labels, method="pps-systematic"), Stage(4)], rng=generator(2))
    assert set(labels[sample.certain]) == {"a"}
    assert len(sample.certain) == 4


def test_labels_numbered_before_give_the_same_sample():
    labels = np.array(["x", "y", "x", "z", "y", "z", "x", "z"])
    numbered = Numbered(np.array([0, 1, 0, 2, 1, 2, 0, 2]), np.array(["x", "y", "z"]))
    sizes = {"x": 2, "z": 2}
    direct, coded = (stratified(column, sizes, rng=generator(8)).rows for column in (labels, numbered))
    assert direct.tolist() == coded.tolist()


def test_implicit_stratification_takes_the_same_share_of_every_commune():
    communes = np.random.default_rng(4).permutation(np.repeat(np.arange(10), 30))
    for seed in range(10):
        rows = systematic(300, 50, rng=generator(seed), order_by=[communes]).rows
        assert Counter(communes[rows].tolist()) == dict.fromkeys(range(10), 5)


def test_a_reserve_comes_from_the_same_group_in_order_and_never_from_the_sample():
    groups = np.repeat(["a", "b", "c"], [10, 10, 4])
    rng = generator(11)
    sample = stratified(groups, {"a": 3, "b": 8}, rng=rng)
    spare = reserve(sample, 4, population=24, rng=rng, groups=groups)
    # The third group gave nobody and needs nobody; the second has only two left.
    assert groups[spare].tolist() == ["a"] * 4 + ["b"] * 2
    assert not set(spare.tolist()) & set(sample.rows.tolist())


@given(seed=SEEDS, n=st.integers(10, 40))
def test_a_balanced_sample_has_its_size_and_nearly_the_totals(seed, n):
    rng = np.random.default_rng(5)
    auxiliaries = [rng.uniform(1, 3, 120), rng.integers(0, 2, 120).astype(float)]
    sample = balanced(auxiliaries, n, rng=generator(seed))
    assert len(sample) == n
    for column in auxiliaries:
        # Deville & Tillé 2004: the landing moves a total by no more than p of its largest weighted values.
        largest = (column / (n / 120)).max()
        assert abs(sample.weights @ column[sample.rows] - column.sum()) <= 3 * largest


def test_balancing_cuts_the_error_of_a_total_to_a_fraction():
    column = np.random.default_rng(6).uniform(1, 9, 500)

    def error(draw):
        totals = [(sample := draw(generator(seed))).weights @ column[sample.rows] for seed in range(40)]
        return np.std(totals)

    assert error(lambda rng: balanced([column], 50, rng=rng)) < 0.2 * error(lambda rng: srs(500, 50, rng=rng))


def test_balancing_on_strata_keeps_their_numbers():
    strata = np.repeat([0, 1, 2], [40, 60, 100])
    indicators = [(strata == number).astype(float) for number in range(3)]
    for seed in range(10):
        rows = balanced(indicators, 20, rng=generator(seed)).rows
        assert Counter(strata[rows].tolist()) == {0: 4, 1: 6, 2: 10}


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda: srs(5, 6, rng=generator(1)), "6 units are asked for and the frame has 5: ask for at most 5"),
        (lambda: systematic(5, 0, rng=generator(1)), "0 units are asked for: ask for at least one"),
        (lambda: generator(-1), "the seed -1 must be a whole number from 0"),
        (lambda: check_codes([7, 8, 7], column="id"), "row 3, column id: “7” is already in row 1: list each unit once"),
        (
            lambda: stratified(["a", "b", "b"], {"b": 3}, rng=generator(1)),
            "row 2: 3 units are asked of the stratum b, which has 2: ask for at most 2",
        ),
        (lambda: stratified(["a", "b", "b"], {"a": 1, "b": 2}, rng=generator(1)), "row 1: the stratum a has one unit"),
        (
            lambda: stratified(["b", "b"], {"b": 1}, rng=generator(1)),
            "row 1: the stratum b is to give one unit of 2, and one shows no variance: ask for two",
        ),
        (lambda: stratified(["b", "b"], {"c": 1}, rng=generator(1)), "the stratum c is not in the frame"),
        (lambda: stratified(["b", "b"], {"b": -1}, rng=generator(1)), "the stratum b is to get -1 units"),
        (lambda: stratified(["b", "b"], {"b": 0}, rng=generator(1)), "no stratum is to give a unit"),
        (
            lambda: multistage(
                [Stage({"a": 1, "b": 2}, units=[1, 1, 2, 3]), Stage(1)], rng=generator(1), strata=["a", "a", "b", "b"]
            ),
            "row 1: the stratum a has one unit: merge it",
        ),
        (lambda: multistage([], rng=generator(1)), "a sample needs at least one stage"),
        (lambda: multistage([Stage(1)], rng=generator(1)), "must have one value for each row"),
        (lambda: multistage([Stage(2, units=[1, 2], method="x")], rng=generator(1)), "there is no method x"),
        (lambda: multistage([Stage(2, units=[1, 2]), Stage(0)], rng=generator(1)), "stage 2: 0 units in each unit"),
        (
            lambda: multistage([Stage(2, units=[1, 2]), Stage({"a": 1})], rng=generator(1)),
            "stage 2: only the first stage takes a number for each stratum",
        ),
        (lambda: reserve(srs(3, 1, rng=generator(1)), -1, population=3, rng=generator(1)), "a reserve of -1"),
        (lambda: balanced([], 1, rng=generator(1)), "balancing needs at least one auxiliary"),
        (
            lambda: balanced([[1, 2]], 1, rng=generator(1), probabilities=[0.5, 1.5]),
            "row 2: a probability must be above 0 and at most 1",
        ),
        (
            lambda: balanced([[1, 2]], 1, rng=generator(1), probabilities=[0.5, 0.6]),
            "the probabilities add up to 1.1, not to 1: scale them",
        ),
    ],
)
def test_what_cannot_be_drawn_is_refused_with_its_place_and_remedy(ask, said):
    with pytest.raises(SamplingError) as refused:
        ask()
    assert said in str(refused.value)
