r"""Chances in proportion to size.

.. math:: \pi_i = n x_i / \sum_j x_j

A unit larger than 1/n of the total would get a probability above one. It is taken with certainty, the others share the
rest of the sample in proportion to their sizes, and so on until none is too large.

Two ways to draw with these probabilities. *Systematic*: cumulate the sizes and step through them; simple, spreads over
an ordered list, but most pairs of neighbours can never be drawn together, so no unbiased variance exists. *Sampford*:
fixed size, exact probabilities and every pair possible, with joint probabilities that are known exactly, so that the
Horvitz-Thompson and Yates-Grundy variances can be computed. Why Sampford and not Brewer: docs/decisions/0012.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sampling.arrays import ordered
from sampling.arrays import total as exact_sum
from sampling.checks import check_sample_size, checked_sizes
from sampling.sampford import draw, joint
from sampling.sample import Sample

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from sampling.arrays import FloatArray, IntArray, LabelColumn

# A probability this near to 1 is 1.
_CERTAIN = 1 - 1e-9


def inclusion_probabilities(sizes: ArrayLike, n: int) -> FloatArray:
    """Probabilities in proportion to size that add up to n; too large units are certain.

    Parameters
    ----------
    sizes : array_like, shape (N,)
        Above zero.
    n : int
        Units to draw.

    Returns
    -------
    ndarray of float, shape (N,)
        Exactly 1 for those taken with certainty.

    Raises
    ------
    SamplingError
        If a size is not above zero, or n below one or above the number of units.

    References
    ----------
    .. [1] Särndal, Swensson & Wretman (1992), Model Assisted Survey Sampling, Springer, section 3.6.

    Examples
    --------
    Of 10 in all, 6 is more than a third: that unit is certain, and the others share the other two places.

    >>> inclusion_probabilities([6, 1, 1, 1, 1], 3)
    array([1. , 0.5, 0.5, 0.5, 0.5])
    """
    measures = checked_sizes(sizes)
    check_sample_size(n, len(measures))
    certain = np.zeros(len(measures), dtype=np.bool_)
    probabilities = np.ones(len(measures))
    while not certain.all():
        left = n - int(certain.sum())
        probabilities[~certain] = left * measures[~certain] / exact_sum(measures[~certain])
        larger = ~certain & (probabilities >= _CERTAIN)
        if not larger.any():
            break
        certain |= larger
        probabilities[certain] = 1.0
    return probabilities


def pps_systematic(
    sizes: ArrayLike, n: int, *, rng: np.random.Generator, order_by: Sequence[LabelColumn] = ()
) -> Sample:
    """Systematic sample with probabilities in proportion to size.

    Parameters
    ----------
    sizes : array_like, shape (N,)
        Above zero.
    n : int
        Units to draw.
    rng : numpy.random.Generator
        Gives the start.
    order_by : sequence of array_like, each of shape (N,)
        What to sort by before stepping (implicit stratification); else the frame's own order.

    Returns
    -------
    Sample
        With the units taken for certain.

    Raises
    ------
    SamplingError
        As :func:`inclusion_probabilities`.

    References
    ----------
    .. [1] Madow (1949), On the theory of systematic sampling, II, Annals of Mathematical Statistics 20, 333-354.

    Examples
    --------
    >>> from sampling.record import generator
    >>> sample = pps_systematic([60, 10, 10, 10, 10], 3, rng=generator(3))
    >>> sample.rows.tolist(), sample.probabilities.tolist(), sample.certain.tolist()
    ([0, 1, 3], [1.0, 0.5, 0.5], [0])
    """
    probabilities = inclusion_probabilities(sizes, n)
    order = ordered(len(probabilities), order_by)
    chance = order[probabilities[order] < 1]
    rows = np.concatenate([np.flatnonzero(probabilities == 1), chance[_steps(probabilities[chance], rng)]])
    return _sample(rows, probabilities)


def pps_sampford(sizes: ArrayLike, n: int, *, rng: np.random.Generator) -> Sample:
    """Sampford's sample: fixed size, probabilities in proportion to size, every pair possible.

    Parameters
    ----------
    sizes : array_like, shape (N,)
        Above zero.
    n : int
        Units to draw.
    rng : numpy.random.Generator
        Gives one number to each unit.

    Returns
    -------
    Sample
        With the units taken for certain.

    Raises
    ------
    SamplingError
        As :func:`inclusion_probabilities`, or if the table of N × n probabilities would not fit in memory.

    References
    ----------
    .. [1] Sampford (1967), On sampling without replacement with unequal probabilities of selection, Biometrika 54,
       499-513.

    Examples
    --------
    >>> from sampling.record import generator
    >>> sample = pps_sampford([60, 10, 10, 10, 10], 3, rng=generator(3))
    >>> sample.rows.tolist(), sample.probabilities.tolist()
    ([0, 3, 4], [1.0, 0.5, 0.5])
    """
    probabilities = inclusion_probabilities(sizes, n)
    chance = np.flatnonzero(probabilities < 1)
    left = n - (len(probabilities) - len(chance))
    rows = np.concatenate([np.flatnonzero(probabilities == 1), chance[draw(probabilities[chance], left, rng=rng)]])
    return _sample(rows, probabilities)


def sampford_joint(sizes: ArrayLike, n: int, *, rows: ArrayLike | None = None) -> FloatArray:
    """Joint inclusion probabilities of :func:`pps_sampford`.

    Parameters
    ----------
    sizes : array_like, shape (N,)
        Of the whole frame.
    n : int
        Units to draw.
    rows : array_like of int, shape (k,), optional
        Units whose pairs are wanted, as those of a sample; else all.

    Returns
    -------
    ndarray of float, shape (k, k)
        The probability that both are drawn; on the diagonal that of the unit itself.

    Raises
    ------
    SamplingError
        As :func:`inclusion_probabilities`.

    References
    ----------
    .. [1] Sampford (1967), On sampling without replacement with unequal probabilities of selection, Biometrika 54,
       499-513.

    Examples
    --------
    >>> sampford_joint([10, 10, 20, 30], 2).round(4)
    array([[0.2857, 0.0226, 0.0602, 0.203 ],
           [0.0226, 0.2857, 0.0602, 0.203 ],
           [0.0602, 0.0602, 0.5714, 0.4511],
           [0.203 , 0.203 , 0.4511, 0.8571]])
    """
    probabilities = inclusion_probabilities(sizes, n)
    wanted = np.arange(len(probabilities)) if rows is None else np.asarray(rows, dtype=np.int64)
    chance = np.flatnonzero(probabilities < 1)
    left = n - (len(probabilities) - len(chance))
    # Certain units are drawn whatever else is: their joint probability is that of the other.
    found = np.minimum.outer(probabilities[wanted], probabilities[wanted])
    places = np.flatnonzero(probabilities[wanted] < 1)
    if len(places):
        among = np.searchsorted(chance, wanted[places])
        found[np.ix_(places, places)] = joint(probabilities[chance], left, units=among)
    return found


def _steps(probabilities: FloatArray, rng: np.random.Generator) -> IntArray:
    """Units on which equal steps through the cumulated probabilities fall."""
    start = rng.random()
    if not len(probabilities):
        return np.zeros(0, dtype=np.int64)
    cumulated = np.cumsum(probabilities)
    n = round(float(cumulated[-1]))
    # Scaled so that the last step ends where the last unit does, whatever the digits of the sum.
    steps = (start + np.arange(n)) * (cumulated[-1] / n)
    found = np.searchsorted(cumulated, steps, side="right")
    return np.asarray(np.minimum(found, len(probabilities) - 1), dtype=np.int64)


def _sample(rows: IntArray, probabilities: FloatArray) -> Sample:
    drawn = np.sort(rows)
    return Sample(drawn, probabilities[drawn], certain=np.flatnonzero(probabilities == 1))
