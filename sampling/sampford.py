r"""Sampford's design without rejection, and its joint probabilities exactly.

Sampford draws one unit with probabilities :math:`\pi_i / n` and the other n - 1 with replacement in proportion to
:math:`\pi_i / (1 - \pi_i)`, and begins again until all are different, which for n in the dozens never happens. The
probability of a sample is

.. math:: p(s) \propto \prod_{i \in s} \frac{\pi_i}{1 - \pi_i} \sum_{i \in s} (1 - \pi_i)

so it can be drawn in one pass: let one member of the sample be *marked*. Multiplied by :math:`\prod (1 - \pi_i)`, a
unit left out counts :math:`1 - \pi_i`, one drawn :math:`\pi_i`, the marked one :math:`\pi_i (1 - \pi_i)`. Tables of
what the units from i on can still contribute give the probability of each next step; all of them are probabilities, so
nothing overflows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sampling.errors import SamplingError

if TYPE_CHECKING:
    from sampling.arrays import FloatArray, IntArray

# Entries of the two tables: 800 MB.
LARGEST_TABLES = 50_000_000


def draw(probabilities: FloatArray, n: int, *, rng: np.random.Generator) -> IntArray:
    """Draw n units by Sampford's design.

    Parameters
    ----------
    probabilities : ndarray of float, shape (N,)
        Strictly between 0 and 1; they add up to n.
    n : int
    rng : numpy.random.Generator
        Gives one number to each unit, needed or not.

    Returns
    -------
    ndarray of int, shape (n,)
        Ascending.

    Raises
    ------
    SamplingError
        If the tables would be too large.

    Examples
    --------
    >>> from sampling.record import generator
    >>> draw(np.array([0.4, 0.6, 0.8, 0.2]), 2, rng=generator(1)).tolist()
    [1, 2]
    """
    count = len(probabilities)
    if count * (n + 1) > LARGEST_TABLES:
        raise SamplingError(
            "Sampford's method for {n} of {population} units needs too much memory: draw within strata, "
            "or use pps-systematic",
            n=n,
            population=count,
        )
    numbers = rng.random(count).tolist()
    plain, marked = _tables(probabilities, n)
    return np.array(_walk(probabilities.tolist(), numbers, n, plain, marked), dtype=np.int64)


def joint(probabilities: FloatArray, n: int, *, units: IntArray) -> FloatArray:
    """Joint probabilities of pairs of units.

    The generating function of the numbers of units drawn, with the factors of both units replaced, is evaluated on the
    unit circle; its n-th coefficient follows by an inverse Fourier transform.

    Parameters
    ----------
    probabilities : ndarray of float, shape (N,)
        Strictly between 0 and 1; they add up to n.
    n : int
    units : ndarray of int, shape (k,)
        Whose pairs are wanted.

    Returns
    -------
    ndarray of float, shape (k, k)

    Examples
    --------
    >>> joint(np.array([0.5, 0.5, 0.5, 0.5]), 2, units=np.arange(2)).round(6)
    array([[0.5     , 0.166667],
           [0.166667, 0.5     ]])
    """
    # An odd number of points leaves out -1, where a unit of probability one half would have no factor to divide by.
    points = 2 * (len(probabilities) // 2) + 3
    # The lower half of the circle is the mirror of the upper one.
    circle = np.exp(2j * np.pi * np.arange(points // 2 + 1) / points)
    times = np.where(np.arange(len(circle)) > 0, 2.0, 1.0)
    factors, marks = _on(circle, probabilities)
    logs = np.log(factors).sum(axis=0) - 1j * n * np.angle(circle)
    all_units = np.exp(logs)
    mine, my_marks = factors[units], marks[units]
    both = (probabilities[units, None] * circle / mine) * np.sqrt(all_units)
    rest = marks.sum(axis=0)
    extra = 1 - probabilities[units, None] - my_marks
    half = ((both * (times * (rest / 2 + extra))) @ both.T).real
    found = (half + half.T) / (times * all_units * rest).real.sum()
    np.fill_diagonal(found, probabilities[units])
    return np.asarray(found, dtype=float)


def _tables(probabilities: FloatArray, n: int) -> tuple[FloatArray, FloatArray]:
    """Row i, column k: what the units from i on contribute with k drawn, none or one of them marked."""
    count = len(probabilities)
    plain, marked = np.zeros((count + 1, n + 1)), np.zeros((count + 1, n + 1))
    plain[count, 0] = 1.0
    for unit in range(count - 1, -1, -1):
        drawn = probabilities[unit]
        left, after, after_marked = 1 - drawn, plain[unit + 1], marked[unit + 1]
        plain[unit] = left * after
        plain[unit, 1:] += drawn * after[:-1]
        marked[unit] = left * after_marked
        marked[unit, 1:] += drawn * after_marked[:-1] + drawn * left * after[:-1]
    return plain, marked


def _walk(probabilities: list[float], numbers: list[float], n: int, plain: FloatArray, marked: FloatArray) -> list[int]:
    """One step for each unit: left out, drawn, or drawn and marked. Assumes arguments already checked."""
    chosen: list[int] = []
    to_mark = True
    for unit, (drawn, number) in enumerate(zip(probabilities, numbers, strict=True)):
        left = n - len(chosen)
        if left == 0:
            break
        here, after = (marked, marked[unit + 1]) if to_mark else (plain, plain[unit + 1])
        point = number * here[unit, left]
        out = (1 - drawn) * after[left]
        if point < out:
            continue
        chosen.append(unit)
        if to_mark and point >= out + drawn * after[left - 1]:
            to_mark = False
    return chosen


def _on(circle: FloatArray, probabilities: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Each unit's factor of the generating function, and what marking it replaces the factor by, over the factor."""
    chance = probabilities[:, None]
    factors = 1 - chance + chance * circle
    return factors, chance * (1 - chance) * circle / factors
