"""Equal chances: simple random, systematic and stratified samples, and reserves in order.

Chance enters only as ``rng.random``: one number for each row, or one for a start. The rows with the smallest numbers
are drawn. NumPy may change what ``choice``, ``permutation`` or ``integers`` make of the same generator; the 53 bits
that ``random`` takes from PCG64 are fixed, so a seed gives the same sample on every machine (docs/decisions/0012).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sampling.arrays import codes, ordered, ranks
from sampling.checks import check_sample_size
from sampling.errors import SamplingError
from sampling.sample import Sample

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sampling.arrays import BoolArray, FloatArray, IntArray, LabelColumn, Labels

# A variance takes two.
_PAIR = 2


def srs(population: int, n: int, *, rng: np.random.Generator) -> Sample:
    """Simple random sample without replacement.

    Parameters
    ----------
    population : int
        Rows of the frame.
    n : int
        Rows to draw.
    rng : numpy.random.Generator
        Gives one number to each row; the n smallest are drawn.

    Returns
    -------
    Sample
        Every row has the probability n/N, every pair n(n-1)/N(N-1).

    Raises
    ------
    SamplingError
        If n is below one or above the population.

    References
    ----------
    .. [1] Fan, Muller & Rezucha (1962), Development of sampling plans by using sequential (item by item) selection
       techniques and digital computers, JASA 57, 387-402.

    Examples
    --------
    >>> from sampling.record import generator
    >>> srs(1000, 3, rng=generator(2026)).rows.tolist()
    [58, 468, 733]
    """
    check_sample_size(n, population)
    return Sample(smallest(rng.random(population), n), np.full(n, n / population))


def systematic(population: int, n: int, *, rng: np.random.Generator, order_by: Sequence[LabelColumn] = ()) -> Sample:
    """Systematic sample: a random start, then equal steps of N/n through the ordered frame.

    Sorting by commune, field and date before stepping spreads the sample over all of them: implicit stratification.

    Parameters
    ----------
    population : int
        Rows of the frame.
    n : int
        Rows to draw.
    rng : numpy.random.Generator
        Gives the start.
    order_by : sequence of array_like, each of shape (population,)
        What to sort by before stepping, the first one first; else the frame's own order.

    Returns
    -------
    Sample
        Every row has the probability n/N; many pairs have none.

    Raises
    ------
    SamplingError
        If n is below one or above the population.

    References
    ----------
    .. [1] Särndal, Swensson & Wretman (1992), Model Assisted Survey Sampling, Springer, section 3.4.

    Examples
    --------
    >>> from sampling.record import generator
    >>> systematic(10, 4, rng=generator(2026)).rows.tolist()
    [0, 2, 5, 7]
    """
    check_sample_size(n, population)
    places = np.floor((rng.random() + np.arange(n)) * population / n).astype(np.int64)
    rows = ordered(population, order_by)[np.minimum(places, population - 1)]
    return Sample(np.sort(rows), np.full(n, n / population))


def stratified(
    strata: LabelColumn, sizes: Mapping[str, int], *, rng: np.random.Generator, allow_lone: bool = False
) -> Sample:
    """A simple random sample from each stratum.

    Parameters
    ----------
    strata : array_like, shape (N,)
        Stratum of each row.
    sizes : mapping of label to int
        How many to draw from each stratum; a stratum that is not named, or named with 0, gets none.
    rng : numpy.random.Generator
        Gives one number to each row; the smallest of each stratum are drawn.
    allow_lone : bool
        Whether one unit may be drawn from a stratum of several, or a stratum have only one: its variance cannot be
        estimated.

    Returns
    -------
    Sample

    Raises
    ------
    SamplingError
        If a stratum has fewer rows than are asked of it, is not in the frame, or stands for itself with one unit.

    References
    ----------
    .. [1] Cochran (1977), Sampling Techniques, 3rd ed., Wiley, ch. 5.

    Examples
    --------
    >>> from sampling.record import generator
    >>> sample = stratified(["a", "a", "a", "b", "b", "b", "b"], {"a": 2, "b": 2}, rng=generator(1))
    >>> sample.rows.tolist(), sample.weights.tolist()
    ([0, 2, 4, 5], [1.5, 1.5, 2.0, 2.0])
    """
    code, levels = codes(strata)
    counts = np.bincount(code, minlength=len(levels))
    wanted = wanted_by_stratum(sizes, levels)
    check_strata(wanted, code, levels, rows=np.arange(len(code)), allow_lone=allow_lone)
    rows = np.flatnonzero(ranks(code, rng.random(len(code))) < wanted[code])
    return Sample(rows, (wanted / counts)[code[rows]])


def reserve(
    sample: Sample, size: int, *, population: int, rng: np.random.Generator, groups: LabelColumn | None = None
) -> IntArray:
    """Substitutes in the order in which they are to be used, from the rows that were not drawn.

    A simple random sample of the rest of each group in random order: whichever respondents fail, the next in line
    stands in for them. Substitution is no cure for non-response; say how many were used.

    Parameters
    ----------
    sample : Sample
    size : int
        How many, of each group; fewer where no more are left.
    population : int
        Rows of the frame.
    rng : numpy.random.Generator
    groups : array_like, shape (population,), optional
        Within what a substitute must lie: the stratum, the village. Only groups with a row in the sample get any.

    Returns
    -------
    ndarray of int
        Rows of the frame: group by group, each in order.

    Raises
    ------
    SamplingError
        If the size is negative.

    Examples
    --------
    >>> from sampling.record import generator
    >>> rng = generator(1)
    >>> groups = np.array(["a", "a", "a", "b", "b", "b", "b", "c"])
    >>> sample = stratified(groups, {"a": 1, "b": 1}, rng=rng, allow_lone=True)
    >>> sample.rows.tolist(), reserve(sample, 2, population=8, rng=rng, groups=groups).tolist()
    ([2, 4], [1, 0, 6, 3])
    """
    if size < 0:
        raise SamplingError("a reserve of {size} is no reserve: give 0 or more", size=size)
    group = np.zeros(population, dtype=np.int64) if groups is None else codes(groups)[0]
    drawn = np.zeros(population, dtype=np.bool_)
    drawn[sample.rows] = True
    served = np.bincount(group[sample.rows], minlength=int(group.max()) + 1) > 0
    # Numbers above 1 put those drawn, who need no substitute of themselves, behind all others.
    keys = rng.random(population) + drawn
    rank = ranks(group, keys)
    chosen = np.flatnonzero((rank < size) & ~drawn & served[group])
    return chosen[np.lexsort((rank[chosen], group[chosen]))]


def smallest(keys: FloatArray, n: int) -> IntArray:
    """Positions of the n smallest keys, ascending; among equal keys the earlier.

    Examples
    --------
    >>> smallest(np.array([0.3, 0.1, 0.2, 0.1]), 2).tolist()
    [1, 3]
    """
    limit = np.partition(keys, n - 1)[n - 1]
    below = np.flatnonzero(keys < limit)
    return np.sort(np.concatenate([below, np.flatnonzero(keys == limit)[: n - len(below)]]))


def wanted_by_stratum(sizes: Mapping[str, int], levels: Labels) -> IntArray:
    """Units asked of each stratum of the frame, in the order of its labels.

    Raises
    ------
    SamplingError
        If a stratum is asked for that the frame does not have, or a number is negative.

    Examples
    --------
    >>> wanted_by_stratum({"b": 2}, np.array(["a", "b"])).tolist()
    [0, 2]
    """
    known = set(levels.tolist())
    unknown = [name for name, n in sizes.items() if n and name not in known]
    if unknown:
        raise SamplingError(
            "the stratum {stratum} is not in the frame: check its name, or take it out of the allocation",
            stratum=unknown[0],
        )
    negative = [name for name, n in sizes.items() if n < 0]
    if negative:
        raise SamplingError(
            "the stratum {stratum} is to get {n} units: give 0 or more", stratum=negative[0], n=sizes[negative[0]]
        )
    return np.array([sizes.get(level, 0) for level in levels.tolist()], dtype=np.int64)


def check_strata(wanted: IntArray, code: IntArray, levels: Labels, *, rows: IntArray, allow_lone: bool) -> None:
    """Refuse strata that have too few units, or too few to estimate a variance from.

    Parameters
    ----------
    wanted : ndarray of int, shape (H,)
        Units asked of each stratum.
    code : ndarray of int, shape (units,)
        Stratum of each unit.
    levels : ndarray, shape (H,)
        Their labels.
    rows : ndarray of int, shape (units,)
        The row of the frame where each unit begins.
    allow_lone : bool

    Raises
    ------
    SamplingError
        With the row of the stratum's first unit.

    Examples
    --------
    >>> check_strata(np.array([1]), np.array([0, 0]), np.array(["a"]), rows=np.array([0, 1]), allow_lone=False)
    Traceback (most recent call last):
    sampling.errors.SamplingError: row 1: the stratum a is to give one unit of 2, and one shows no variance: ask for ...
    """
    counts = np.bincount(code, minlength=len(levels))
    if not wanted.any():
        raise SamplingError("no stratum is to give a unit: give at least one of them a number above 0")
    short = np.flatnonzero(wanted > counts)
    if len(short):
        raise SamplingError(
            "row {row}: {n} units are asked of the stratum {stratum}, which has {units}: ask for at most {units}",
            row=_first_row(rows, code == short[0]),
            n=int(wanted[short[0]]),
            stratum=levels[short[0]],
            units=int(counts[short[0]]),
        )
    if not allow_lone:
        _check_pairs(wanted, code, levels, rows=rows)


def _check_pairs(wanted: IntArray, code: IntArray, levels: Labels, *, rows: IntArray) -> None:
    counts = np.bincount(code, minlength=len(levels))
    lonely = np.flatnonzero((wanted > 0) & (counts < _PAIR))
    if len(lonely):
        raise SamplingError(
            "row {row}: the stratum {stratum} has one unit: merge it with a similar stratum, "
            "or allow lone units (allow-lone) and treat it as certain",
            row=_first_row(rows, code == lonely[0]),
            stratum=levels[lonely[0]],
        )
    lonely = np.flatnonzero(wanted == 1)
    if len(lonely):
        raise SamplingError(
            "row {row}: the stratum {stratum} is to give one unit of {units}, and one shows no variance: "
            "ask for two, merge it with a similar stratum, or allow lone units (allow-lone)",
            row=_first_row(rows, code == lonely[0]),
            stratum=levels[lonely[0]],
            units=int(counts[lonely[0]]),
        )


def _first_row(rows: IntArray, where: BoolArray) -> int:
    return int(rows[where].min()) + 1
