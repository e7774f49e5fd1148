"""Allocations against textbooks, R, closed formulas, and all allocations there are."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampling.allocation import METHODS, allocate, optimum_for_budget, variance_of_mean
from sampling.errors import SamplingError
from sampling.rounding import largest_remainder
from sampling.strata import share_deviations, strata


def named(sizes, **columns):
    return strata([f"s{number}" for number in range(len(sizes))], sizes, **columns)


@st.composite
def tables(draw, *, largest=2000):
    """Strata with all columns, some without spread, and a total between one and all."""
    count = draw(st.integers(1, 8))
    sizes = draw(st.lists(st.integers(1, largest), min_size=count, max_size=count))
    positive = st.lists(st.floats(0.01, 100), min_size=count, max_size=count)
    spread = st.lists(st.just(0.0) | st.floats(0.001, 100), min_size=count, max_size=count)
    table = named(sizes, deviations=draw(spread), costs=draw(positive), variations=draw(spread), measures=draw(spread))
    return table, draw(st.integers(1, sum(sizes)))


def test_lohr_s_counties_in_proportion():
    # Lohr, Sampling: Design and Analysis, chapter on stratified sampling, data agstrat: 21, 103, 135, 41 counties.
    assert allocate(named([220, 1054, 1382, 422]), 300).n.tolist() == [21, 103, 135, 41]


def test_lohr_s_caribou_by_neyman():
    # Lohr, the same chapter, Siniff & Skoog's (1964) caribou of Alaska: 96, 5, 44, 3, 67, 10.
    caribou = named([400, 30, 61, 18, 70, 120], deviations=[3000, 2000, 9000, 2000, 12000, 1000])
    assert allocate(caribou, 225, method="neyman").n.tolist() == [96, 5, 44, 3, 67, 10]


def test_proportional_and_optimum_and_power_are_r_s(allocations):
    case = allocations["lohr_agstrat_prop"]
    assert allocate(named(case["N"]), case["n"]).exact == pytest.approx(case["alloc"], rel=1e-12)
    case = allocations["cost"]
    costly = named(case["N"], deviations=case["S"], costs=case["cost"])
    assert allocate(costly, case["n"], method="optimum").exact == pytest.approx(case["alloc"], rel=1e-12)
    case = allocations["power"]
    # The reference has no sizes; these are large enough not to matter.
    domains = named([1000] * 4, measures=case["X"], variations=case["cv"])
    for exponent, expected in zip(case["a"], case["alloc"], strict=True):
        found = allocate(domains, case["n"], method="power", exponent=exponent)
        assert found.exact == pytest.approx(expected, rel=1e-12)


def test_cochran_s_two_strata_with_costs():
    # Cochran 1977, exercises of chapter 5: W = 0.4, 0.6, S = 10, 20, costs 4 and 9 dollars. For V = 1 without the
    # correction for a finite population n1/n = 1/3, n = 264 and the field cost is 1,936 dollars.
    two = named([4_000_000, 6_000_000], deviations=[10, 20], costs=[4, 9])
    found = optimum_for_budget(two, 1936)
    assert found.n.tolist() == [88, 176]
    assert variance_of_mean(two, found.n) == pytest.approx(1, abs=1e-4)
    assert allocate(two, 264, method="optimum").n.tolist() == [88, 176]


def test_a_stratum_that_varies_and_gets_nobody_leaves_the_mean_unknown():
    known = named([10, 10], deviations=[1, 2])
    assert variance_of_mean(known, [0, 5]) == np.inf
    assert variance_of_mean(known, [10, 10]) == 0


@given(table=tables())
def test_neyman_s_variance_is_the_closed_formula_s(table):
    # Cochran 1977, section 5.5: V = (ΣWS)²/n - ΣWS²/N, where no stratum is taken whole.
    known, total = table
    whole = (known.sizes * known.deviations).sum()
    if whole == 0 or (total * known.sizes * known.deviations / whole > known.sizes).any():
        return
    shares = known.sizes / known.population
    closed = (shares @ known.deviations) ** 2 / total - shares @ known.deviations**2 / known.population
    found = allocate(known, total, method="neyman")
    varies = known.deviations > 0
    assert variance_of_mean(known, np.where(varies, found.exact, 0)) == pytest.approx(closed, rel=1e-9, abs=1e-12)


def test_no_allocation_of_all_is_better_than_neyman_s_within_limits():
    known = named([6, 9, 15, 4], deviations=[9.0, 1.0, 2.0, 30.0])
    for total, minimum in product((8, 12, 20, 30), (0, 1, 2)):
        possible = [
            n
            for n in product(*(range(max(1, min(minimum, size)), size + 1) for size in known.sizes.tolist()))
            if sum(n) == total
        ]
        best = min(variance_of_mean(known, n) for n in possible)
        found = allocate(known, total, method="neyman", minimum=max(1, minimum))
        # Real numbers can do no worse than whole ones; rounding them costs a few per cent in so small a case.
        assert variance_of_mean(known, found.exact) <= best * (1 + 1e-12)
        assert variance_of_mean(known, found.n) <= best * 1.05


def test_a_stratum_smaller_than_its_part_is_taken_whole_and_the_rest_shared_out_again():
    # Neyman's parts of 20 would be 1, 9, 10; the second stratum has 4, and 16 are left for 1 : 10.
    known = named([100, 4, 100], deviations=[1, 225, 10])
    found = allocate(known, 20, method="neyman")
    assert found.exact == pytest.approx([16 / 11, 4, 160 / 11])
    assert found.take_all == ("s1",)


@given(table=tables(), method=st.sampled_from(list(METHODS)), minimum=st.integers(0, 5))
def test_every_allocation_adds_up_within_its_limits(table, method, minimum):
    known, total = table
    lower = np.minimum(minimum, known.sizes)
    if lower.sum() > total:
        with pytest.raises(SamplingError, match="do not reach the minimum"):
            allocate(known, total, method=method, minimum=minimum)
        return
    found = allocate(known, total, method=method, minimum=minimum)
    assert found.total == total
    assert (lower <= found.n).all()
    assert (found.n <= known.sizes).all()
    assert (np.abs(found.n - found.exact) < 1 + 1e-6).all()


@given(table=tables(), method=st.sampled_from(list(METHODS)))
def test_strata_within_their_limits_share_by_the_rule(table, method):
    known, total = table
    found = allocate(known, total, method=method)
    weights = METHODS[method](known, 0.5)
    free = (found.exact < known.sizes * (1 - 1e-9)) & (weights > 0)
    if free.any():
        # One factor for all of them, and none taken whole that the factor would not have filled.
        factors = found.exact[free] / weights[free]
        assert factors == pytest.approx(factors[0], rel=1e-6)
        assert (factors[0] * weights[~free & (weights > 0)] >= known.sizes[~free & (weights > 0)] * (1 - 1e-6)).all()


@given(table=tables(), budget=st.floats(1, 10_000), minimum=st.integers(0, 2))
def test_a_budget_is_spent_and_not_exceeded(table, budget, minimum):
    known, _ = table
    if (np.minimum(minimum, known.sizes) * known.costs).sum() > budget:
        return
    found = optimum_for_budget(known, budget, minimum=minimum)
    left = budget - known.costs @ found.n
    assert left >= -1e-9 * budget
    more = (found.n < known.sizes) & (known.deviations > 0)
    assert not (known.costs[more] <= left * (1 - 1e-9)).any()


@given(parts=st.lists(st.fractions(0, 1000), min_size=1, max_size=12))
def test_rounding_by_largest_remainders_is_hamilton_s_in_exact_arithmetic(parts):
    total = -(-sum(parts) // 1)
    parts = [*parts, total - sum(parts)]
    down = [part // 1 for part in parts]
    order = sorted(range(len(parts)), key=lambda place: (down[place] - parts[place], place))
    expected = [down[place] + (place in order[: int(total - sum(down))]) for place in range(len(parts))]
    # Binary fractions may not tell remainders apart that differ by less than a billionth.
    remainders = sorted(part - part // 1 for part in parts)
    if all(after - before == 0 or after - before > 1e-6 for before, after in pairwise(remainders)):
        assert largest_remainder([float(part) for part in parts], int(total)).tolist() == expected


def test_deviations_of_shares_are_those_of_zeros_and_ones():
    assert share_deviations([0.3], [10])[0] == pytest.approx(np.std([1, 1, 1, 0, 0, 0, 0, 0, 0, 0], ddof=1))


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda: strata(["a", "b", "a"], [1, 2, 3]), "row 3, column stratum: “a” is already in row 1"),
        (lambda: strata([], []), "there are no strata"),
        (lambda: named([1, 2.5]), "row 2, column N: 2.5 is not a whole number above zero: correct it"),
        (lambda: named([1, 2], deviations=[1, -1]), "row 2, column S: -1 is missing, negative"),
        (lambda: named([1, 2], costs=[0, 1]), "row 1, column cost: 0 is missing, negative, or a cost of zero"),
        (lambda: named([1, 2], measures=[1]), "2 strata and 1 values of X: give each stratum one"),
        (lambda: allocate(named([5, 5]), 11), "11 units are asked for and the strata have 10: ask for at most 10"),
        (lambda: allocate(named([5, 5]), 0), "a sample of 0 is no sample"),
        (lambda: allocate(named([5, 5]), 3, minimum=2), "3 units do not reach the minimum in 2 strata, which takes 4"),
        (lambda: allocate(named([5, 5]), 3, minimum=-1), "the minimum -1 cannot be negative"),
        (lambda: allocate(named([5, 5]), 3, method="best"), "there is no method best: choose one of proportional"),
        (lambda: allocate(named([5, 5]), 3, method="neyman"), "neyman needs a column S: add it"),
        (lambda: allocate(named([5, 5]), 3, method="power", exponent=2), "the exponent 2 must be within 0 and 1"),
        (
            lambda: optimum_for_budget(named([5, 5], deviations=[1, 1], costs=[9, 9]), 10, minimum=1),
            "the minimum of 1 in every stratum costs 18.0, more than the budget 10",
        ),
        (lambda: largest_remainder([1.5, 1], 3), "the parts add up to 2.5, not to 3"),
    ],
)
def test_a_bad_table_is_refused_with_its_place_and_remedy(ask, said):
    with pytest.raises(SamplingError) as refused:
        ask()
    assert said in str(refused.value)
