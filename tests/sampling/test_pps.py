"""Probabilities in proportion to size, and Sampford's design against the sum over all samples."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampling.errors import SamplingError
from sampling.pps import inclusion_probabilities, pps_sampford, pps_systematic, sampford_joint
from sampling.record import generator
from sampling.sampford import draw

SIZES = st.lists(st.floats(0.01, 1000), min_size=1, max_size=30)


@st.composite
def frames(draw):
    sizes = draw(SIZES)
    return sizes, draw(st.integers(1, len(sizes)))


@given(frame=frames())
def test_probabilities_add_up_and_are_in_proportion_where_not_certain(frame):
    sizes, n = frame
    found = inclusion_probabilities(sizes, n)
    assert found.sum() == pytest.approx(n, rel=1e-9)
    assert ((found > 0) & (found <= 1)).all()
    chance = found < 1
    if chance.any():
        ratios = found[chance] / np.array(sizes)[chance]
        assert ratios == pytest.approx(ratios[0], rel=1e-9)
        # Whoever is certain is at least as large as any who is not.
        assert (np.array(sizes)[~chance] * ratios[0] >= 1 - 1e-6).all()


@given(frame=frames(), seed=st.integers(0, 10**6))
@pytest.mark.parametrize("method", [pps_systematic, pps_sampford])
def test_a_sample_has_n_different_units_and_all_that_are_certain(method, frame, seed):
    sizes, n = frame
    sample = method(sizes, n, rng=generator(seed))
    assert len(set(sample.rows.tolist())) == len(sample) == n
    certain = np.flatnonzero(inclusion_probabilities(sizes, n) == 1)
    assert sample.certain.tolist() == certain.tolist()
    assert set(certain.tolist()) <= set(sample.rows.tolist())
    assert sample.probabilities == pytest.approx(inclusion_probabilities(sizes, n)[sample.rows])


@pytest.mark.parametrize(("count", "n", "seed"), [(4, 2, 1), (7, 3, 2), (8, 5, 3), (9, 2, 4), (9, 8, 5)])
def test_joint_probabilities_are_the_sum_over_all_samples_of_sampford_s_formula(count, n, seed, joint_of):
    # Sampford 1967: p(s) ∝ Π π/(1 - π) · Σ (1 - π).
    sizes = np.random.default_rng(seed).uniform(2.8, 3, count)
    chances = inclusion_probabilities(sizes, n)
    assert (chances < 1).all()
    expected = joint_of(
        count,
        n,
        lambda rows: np.prod(chances[list(rows)] / (1 - chances[list(rows)])) * (1 - chances[list(rows)]).sum(),
    )
    assert expected.diagonal() == pytest.approx(chances, rel=1e-12)
    assert sampford_joint(sizes, n) == pytest.approx(expected, rel=1e-11)


def test_joint_probabilities_hold_for_certain_units_and_for_some_rows():
    sizes = [60, 10, 12, 11, 14]
    found = sampford_joint(sizes, 3)
    assert found[0] == pytest.approx(inclusion_probabilities(sizes, 3))
    assert found[1:, 1:] == pytest.approx(sampford_joint(sizes[1:], 2))
    assert sampford_joint(sizes, 3, rows=[0, 2, 4]) == pytest.approx(found[np.ix_([0, 2, 4], [0, 2, 4])])


def test_joint_probabilities_of_many_units_add_up_and_suit_a_variance():
    # Of a sample of fixed size Σ_j π_ij = n π_i; Yates and Grundy's variance is never negative if π_ij ≤ π_i π_j.
    sizes = np.random.default_rng(9).lognormal(size=400)
    found = sampford_joint(sizes, 60)
    chances = found.diagonal()
    assert found.sum(axis=1) == pytest.approx(60 * chances, rel=1e-10)
    off = ~np.eye(400, dtype=bool)
    assert (found[off] > 0).all()
    assert (found[off] <= np.outer(chances, chances)[off] * (1 + 1e-9)).all()


def test_a_sample_of_hundreds_needs_no_luck():
    # Sampford's own way, drawing again until no unit came twice, would accept once in about 10^20 tries.
    sizes = np.random.default_rng(3).uniform(1, 2, 600)
    assert len(pps_sampford(sizes, 200, rng=generator(1))) == 200


def test_units_too_large_are_certain_round_after_round():
    # 100 is more than a third of 160; then 40 more than half of 60; then 10 and 10 share one place.
    sample = pps_systematic([100, 40, 10, 10], 3, rng=generator(1))
    assert sample.certain.tolist() == [0, 1]
    assert sample.probabilities.tolist() == [1.0, 1.0, 0.5]


def test_ordering_before_stepping_spreads_the_sample():
    towns = np.array(["b", "a"] * 50)
    for seed in range(20):
        rows = pps_systematic(np.ones(100), 10, rng=generator(seed), order_by=[towns]).rows
        assert (towns[rows] == "a").sum() == 5


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda: inclusion_probabilities([1, -2], 1), "row 2, column size: -2 is not a size above zero: correct it"),
        (lambda: inclusion_probabilities([0, 2], 1), "row 1, column size: 0 is not a size above zero"),
        (lambda: inclusion_probabilities([1, np.nan], 1), "row 2, column size: nan is not a size above zero"),
        (lambda: inclusion_probabilities([1, 2], 3), "3 units are asked for and the frame has 2: ask for at most 2"),
        (lambda: inclusion_probabilities([1, 2], 0), "0 units are asked for: ask for at least one"),
        (
            lambda: draw(np.full(10**6, 1e-4), 100, rng=generator(1)),
            "Sampford's method for 100 of 1000000 units needs too much memory",
        ),
    ],
)
def test_a_bad_frame_is_refused_with_its_place_and_remedy(ask, said):
    with pytest.raises(SamplingError) as refused:
        ask()
    assert said in str(refused.value)
