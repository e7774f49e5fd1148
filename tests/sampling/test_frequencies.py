"""How often units and pairs come, in 10,000 draws of each method (200,000 with SIPAS_FULL=1), against their stated
probabilities; how far a frequency may stray is in conftest.py.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from sampling.coordination import next_turn
from sampling.cube import balanced
from sampling.multistage import Stage, multistage
from sampling.pps import inclusion_probabilities, pps_sampford, pps_systematic, sampford_joint
from sampling.selection import reserve, srs, stratified, systematic

pytestmark = pytest.mark.slow

SIZES = np.array([9.0, 1.0, 4.0, 2.0, 6.0, 3.0, 5.0, 2.0])
# The first unit is larger than a fifth of the total and so certain.
UNEVEN = np.array([30.0, 1.0, 4.0, 2.0, 6.0, 3.0, 5.0, 2.0])


def equal_joint(population, n):
    joint = np.full((population, population), n * (n - 1) / (population * (population - 1)))
    np.fill_diagonal(joint, n / population)
    return joint


def stepped_joint(probabilities):
    """Joint probabilities of systematic steps in exact arithmetic: the sample is the same between any two starts at
    which a cumulated probability ends, so the probabilities are the lengths of these pieces.
    """
    ends = [Fraction(0)]
    for chance in probabilities:
        ends.append(ends[-1] + chance)
    starts = sorted({end % 1 for end in ends} | {Fraction(0), Fraction(1)})
    joint = np.zeros((len(probabilities), len(probabilities)))
    for low, high in pairwise(starts):
        middle = (low + high) / 2
        drawn = [
            unit for unit in range(len(probabilities)) if (ends[unit + 1] - middle) // 1 > (ends[unit] - middle) // 1
        ]
        joint[np.ix_(drawn, drawn)] += float(high - low)
    return joint


def test_simple_random(frequencies):
    frequencies(lambda rng: srs(9, 4, rng=rng), population=9).check(equal_joint(9, 4))


def test_systematic(frequencies):
    order = [3, 1, 2, 0, 3, 1, 2]
    drawn = frequencies(lambda rng: systematic(7, 3, rng=rng, order_by=[order]), population=7)
    place = np.argsort(order, kind="stable")
    joint = np.zeros((7, 7))
    joint[np.ix_(place, place)] = stepped_joint([Fraction(3, 7)] * 7)
    drawn.check(joint)


def test_stratified(frequencies):
    strata, sizes = np.array(["a", "b", "a", "b", "b", "a", "b"]), {"a": 2, "b": 3}
    drawn = frequencies(lambda rng: stratified(strata, sizes, rng=rng), population=7)
    joint = np.zeros((7, 7))
    for name, count in (("a", 3), ("b", 4)):
        inside = np.flatnonzero(strata == name)
        joint[np.ix_(inside, inside)] = equal_joint(count, sizes[name])
        joint[np.ix_(inside, np.flatnonzero(strata != name))] = sizes[name] / count
    chance = joint.diagonal().copy()
    apart = strata[:, None] != strata
    joint[apart] = np.outer(chance, chance)[apart]
    drawn.check(joint)


@pytest.mark.parametrize("sizes", [SIZES, UNEVEN], ids=["all by chance", "one certain"])
def test_pps_systematic(frequencies, sizes):
    drawn = frequencies(lambda rng: pps_systematic(sizes, 4, rng=rng), population=8)
    chances = [Fraction(chance).limit_denominator(10**6) for chance in inclusion_probabilities(sizes, 4)]
    drawn.check(stepped_joint(chances))


@pytest.mark.parametrize("sizes", [SIZES, UNEVEN], ids=["all by chance", "one certain"])
def test_pps_sampford(frequencies, sizes):
    frequencies(lambda rng: pps_sampford(sizes, 4, rng=rng), population=8).check(sampford_joint(sizes, 4))


def test_two_stages(frequencies):
    # Two of three communes, then two people in each: pairs within a commune and across follow from the two stages.
    communes = np.array([0, 1, 0, 2, 1, 2, 0, 2, 1, 2])
    stages = [Stage(2, units=communes), Stage(2)]
    drawn = frequencies(lambda rng: multistage(stages, rng=rng), population=10)
    chance = (2 / np.bincount(communes))[communes]
    within = np.where(communes[:, None] == communes, 2 / 3 * chance * 1 / (np.bincount(communes) - 1)[communes], 0)
    joint = np.where(communes[:, None] == communes, within, 1 / 3 * np.outer(chance, chance))
    np.fill_diagonal(joint, 2 / 3 * chance)
    drawn.check(joint)


def sampford_by_samples(chances, joint_of, n):
    """Sampford 1967: p(s) ∝ Π π/(1 - π) · Σ (1 - π), summed over all samples."""
    odds = chances / (1 - chances)
    return joint_of(len(chances), n, lambda rows: odds[list(rows)].prod() * (1 - chances[list(rows)]).sum())


@pytest.mark.parametrize("method", ["srs", "systematic", "pps-systematic", "pps-sampford"])
def test_two_stages_by_every_method_of_the_first(frequencies, joint_of, method):
    # Three of five communes, then two people in each: π_kl is π_ij of their communes, times that of both second stages.
    people = np.array([2, 5, 3, 4, 3])
    communes = np.repeat(np.arange(5), people)
    chances = 3 * people / people.sum()
    first = {
        "srs": lambda: equal_joint(5, 3),
        "systematic": lambda: stepped_joint([Fraction(3, 5)] * 5),
        "pps-systematic": lambda: stepped_joint([Fraction(3 * int(count), int(people.sum())) for count in people]),
        "pps-sampford": lambda: sampford_by_samples(chances, joint_of, 3),
    }[method]()
    within = 2 / people
    joint = (first * np.outer(within, within))[np.ix_(communes, communes)]
    pair = first.diagonal() * within / (people - 1)
    same = communes[:, None] == communes
    joint[same] = np.broadcast_to(pair[communes], joint.shape)[same]
    np.fill_diagonal(joint, (first.diagonal() * within)[communes])
    stages, stated = [Stage(3, units=communes, method=method), Stage(2)], np.full(len(communes), np.nan)

    def draw(rng):
        sample = multistage(stages, rng=rng)
        stated[sample.rows] = sample.probabilities
        return sample

    frequencies(draw, population=len(communes)).check(joint)
    assert stated == pytest.approx(joint.diagonal())


def test_three_stages_in_proportion_to_size_within_strata(frequencies):
    # Villages bear the same labels in every commune; the last stage takes one person.
    strata = np.repeat(["plain", "hills"], 12)
    communes = np.repeat([0, 1, 2, 0, 1, 2], [3, 5, 4, 6, 4, 2])
    villages = np.array([*(0, 0, 1), *(0, 0, 0, 1, 1), *(0, 0, 1, 1), *(0, 0, 0, 1, 1, 1), *(0, 1, 1, 1), *(0, 1)])
    stages = [Stage(2, units=communes, method="pps-sampford"), Stage(1, units=villages), Stage(1)]
    stated = np.full(24, np.nan)

    def draw(rng):
        sample = multistage(stages, rng=rng, strata=strata)
        stated[sample.rows] = sample.probabilities
        return sample

    drawn = frequencies(draw, population=24)
    expected = np.repeat([2 * 3, 2 * 5, 2 * 4, 2 * 6, 2 * 4, 2 * 2], [3, 5, 4, 6, 4, 2]) / 12 / 2
    unit = np.repeat([0, 1, 2, 3, 4, 5], [3, 5, 4, 6, 4, 2]) * 2 + villages
    expected = expected / np.bincount(unit)[unit]
    # A unit of half the stratum has the probability 1 at the first stage.
    assert stated == pytest.approx(expected)
    # One person of a commune; of two communes of a stratum as often as Sampford draws both; strata apart.
    joint = np.outer(expected, expected)
    for begin, sizes in ((0, [3, 5, 4]), (12, [6, 4, 2])):
        both = sampford_joint(sizes, 2)
        inside, commune = slice(begin, begin + 12), communes[begin : begin + 12]
        alone = expected[inside] / both.diagonal()[commune]
        joint[inside, inside] = both[np.ix_(commune, commune)] * np.outer(alone, alone)
    joint[(strata[:, None] == strata) & (communes[:, None] == communes)] = 0
    np.fill_diagonal(joint, expected)
    drawn.check(joint)


def test_balanced(frequencies):
    chances = inclusion_probabilities(SIZES, 3)
    auxiliary = np.array([1.0, 5.0, 2.0, 2.0, 7.0, 1.0, 3.0, 4.0])
    drawn = frequencies(
        lambda rng: balanced([auxiliary], 3, rng=rng, probabilities=chances), population=8, draws=10_000
    )
    drawn.pairs = np.diag(np.diag(drawn.pairs))
    drawn.check(np.diag(chances))


def test_coordinated_by_new_numbers(frequencies):
    strata = ["a"] * 6
    drawn = frequencies(lambda rng: next_turn(rng.random(6), {"a": 2}, strata=strata).sample, population=6)
    drawn.check(equal_joint(6, 2))


def test_a_reserve_is_a_random_sample_of_the_rest(frequencies):
    class Both:
        def __init__(self, rng):
            sample = srs(7, 2, rng=rng)
            # The first in line: with the sample it is a simple random sample of three.
            self.rows = np.append(sample.rows, reserve(sample, 1, population=7, rng=rng))

    frequencies(Both, population=7).check(equal_joint(7, 3))
