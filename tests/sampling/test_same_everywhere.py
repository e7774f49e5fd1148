"""The same seed gives the same sample on every machine: drawn again by a generator written out in whole numbers.

PCG64 and the spreading of a seed are written down here from their papers (O'Neill 2014 and 2015; NumPy's NEP 19),
without NumPy. Should a NumPy draw another sample, these tests fail before a wave is drawn with it.
"""

from __future__ import annotations

import json
import math
from fractions import Fraction
from itertools import accumulate, combinations

import numpy as np
import pytest

from sampling.coordination import permanent_numbers
from sampling.cube import balanced
from sampling.multistage import Stage, multistage
from sampling.pps import pps_sampford, pps_systematic
from sampling.record import DrawRecord, generator
from sampling.selection import reserve, srs, stratified, systematic

WORD, LONG, HUGE = 2**32, 2**64, 2**128
MULTIPLIER = 0x2360ED051FC65DA44385DF649FCCF645


def spread(seed):
    """NumPy's SeedSequence: 8 words of 32 bits from a seed."""
    entropy = [seed % WORD]
    while seed := seed // WORD:
        entropy.append(seed % WORD)
    factor = 0x43B0D7E5

    def hashed(value):
        nonlocal factor
        value ^= factor
        factor = factor * 0x931E8875 % WORD
        value = value * factor % WORD
        return value ^ value >> 16

    def mixed(first, second):
        value = (0xCA01F9DD * first - 0x4973F715 * second) % WORD
        return value ^ value >> 16

    pool = [hashed(entropy[place] if place < len(entropy) else 0) for place in range(4)]
    for source in range(4):
        for target in range(4):
            if source != target:
                pool[target] = mixed(pool[target], hashed(pool[source]))
    for extra in entropy[4:]:
        for target in range(4):
            pool[target] = mixed(pool[target], hashed(extra))
    words, factor = [], 0x8B51F9DD
    for place in range(8):
        value = pool[place % 4] ^ factor
        factor = factor * 0x58F38DED % WORD
        value = value * factor % WORD
        words.append(value ^ value >> 16)
    return words


def numbers(seed):
    """PCG64 (XSL RR 128/64): numbers between 0 and 1 from the upper 53 bits."""
    words = spread(seed)
    first, second, third, fourth = (words[place] + words[place + 1] * WORD for place in range(0, 8, 2))
    increment = (2 * (third * LONG + fourth) + 1) % HUGE
    state = (increment + first * LONG + second) * MULTIPLIER + increment
    while True:
        state = (state * MULTIPLIER + increment) % HUGE
        folded, turn = (state >> 64) ^ (state % LONG), state >> 122
        yield ((folded >> turn | folded << (64 - turn) & (LONG - 1)) >> 11) / 2**53


@pytest.mark.parametrize("seed", [0, 1, 2026, 2**32, 2**100 + 12345, 2**200 + 7])
def test_the_generator_is_the_one_of_the_paper(seed):
    stream = numbers(seed)
    assert generator(seed).random(100).tolist() == [next(stream) for _ in range(100)]


@pytest.mark.parametrize("seed", [7, 20261122])
def test_a_simple_random_sample_has_the_smallest_numbers(seed):
    stream = numbers(seed)
    keys = [next(stream) for _ in range(1000)]
    assert srs(1000, 25, rng=generator(seed)).rows.tolist() == sorted(sorted(range(1000), key=keys.__getitem__)[:25])


@pytest.mark.parametrize("seed", [7, 20261122])
def test_a_systematic_sample_steps_from_the_first_number(seed):
    start = next(numbers(seed))
    expected = [int((start + step) * 1000 / 30) for step in range(30)]
    assert systematic(1000, 30, rng=generator(seed)).rows.tolist() == expected


def test_a_stratified_sample_and_its_reserve_rank_the_numbers_within_strata():
    labels = ["phường", "xã", "xã"] * 50
    stream = numbers(99)
    keys, later = ([next(stream) for _ in labels] for _ in range(2))
    drawn, spare = [], []
    for name, n in (("phường", 5), ("xã", 12)):
        inside = sorted((row for row in range(150) if labels[row] == name), key=keys.__getitem__)
        drawn += inside[:n]
        spare += sorted(inside[n:], key=later.__getitem__)[:3]
    rng = generator(99)
    sample = stratified(labels, {"phường": 5, "xã": 12}, rng=rng)
    assert sample.rows.tolist() == sorted(drawn)
    assert reserve(sample, 3, population=150, rng=rng, groups=labels).tolist() == spare


def test_steps_in_proportion_to_size_are_those_of_exact_arithmetic():
    sizes = [1 + number * number % 17 for number in range(60)]
    start, whole, ends = Fraction(next(numbers(5))), sum(sizes), list(accumulate(sizes))
    points = [(start + step) * whole / 9 for step in range(9)]
    expected = [next(unit for unit, end in enumerate(ends) if point < end) for point in points]
    assert pps_systematic(sizes, 9, rng=generator(5)).rows.tolist() == expected


@pytest.mark.parametrize("seed", range(8))
def test_sampford_s_walk_is_that_through_the_list_of_all_samples(seed):
    sizes = [3, 2, 4, 2, 4, 2, 2]
    chances = [Fraction(4 * size, sum(sizes)) for size in sizes]
    # Every sample with one of its members marked, and how much it weighs.
    weights = {
        (rows, marked): math.prod(chances[row] / (1 - chances[row]) for row in rows) * (1 - chances[marked])
        for rows in combinations(range(7), 4)
        for marked in rows
    }
    for unit, number in zip(range(7), numbers(seed), strict=False):
        parts = [
            {one: weight for one, weight in weights.items() if condition(*one)}
            for condition in (
                lambda rows, _, unit=unit: unit not in rows,
                lambda rows, marked, unit=unit: unit in rows and marked != unit,
                lambda _, marked, unit=unit: marked == unit,
            )
        ]
        point = Fraction(number) * sum(weights.values())
        while point >= (length := sum(parts[0].values())):
            point -= length
            parts.pop(0)
        weights = parts[0]
    (rows,) = {rows for rows, _ in weights}
    assert pps_sampford(sizes, 4, rng=generator(seed)).rows.tolist() == list(rows)


def test_draws_with_arithmetic_are_those_that_were_stored():
    # Made 2026-11-22 with NumPy 2.4.6 on x86-64; the generator is held above, what is done with it here.
    sizes = [float(1 + number * number % 17) for number in range(60)]
    communes = [number % 12 for number in range(60)]
    found = {
        "balanced": balanced([sizes], 9, rng=generator(5)),
        "two-stage": multistage([Stage(4, units=communes, method="pps-sampford"), Stage(2)], rng=generator(5)),
    }
    assert {name: sample.rows.tolist() for name, sample in found.items()} == json.loads(STORED)


STORED = """
{
  "balanced": [6, 10, 15, 25, 31, 39, 44, 50, 52],
  "two-stage": [0, 12, 21, 22, 25, 45, 49, 58]
}
"""


def test_permanent_numbers_are_the_first_bits_of_a_keyed_hash():
    # RFC 4231, test case 2 has a short key; case 6 has 131 bytes of 0xaa and begins 60e431591ee0b67f.
    message = "Test Using Larger Than Block-Size Key - Hash Key First"
    assert permanent_numbers([message], key=b"\xaa" * 131)[0] == (0x60E431591EE0B67F >> 11) / 2**53


def test_a_record_says_which_numpy_drew():
    record = DrawRecord("srs", {"n": 3}, seed=1, frame_hash="0" * 64, population=9, n=3)
    assert (record.numpy_version, record.generator) == (np.__version__, "PCG64")
