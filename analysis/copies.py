"""Responses that are copies of one another, beyond what people of the same satisfaction have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from analysis.arrays import group_sums
from analysis.excess import beta_binomial_tail

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from analysis.arrays import BoolArray, FloatArray, IntArray

# A vector is marked if an honest agency would have so many with this chance at most, all its vectors taken together.
COPY_CHANCE = 0.005
FEWEST_COPIES = 3
# How alike the answers of one agency are where too few agencies can tell, and the range in which they are believed.
USUAL_LIKENESS, LEAST_LIKENESS, MOST_LIKENESS = 0.05, 0.02, 0.3
FEWEST_PAIRS, FEWEST_AGENCIES = 20, 10


def copied(vector: IntArray, total: IntArray, agency: IntArray, *, agencies: int) -> BoolArray:
    r"""Which responses repeat a vector of ratings more often than satisfaction explains; assumes arguments checked.

    Of the :math:`n_{at}` responses of agency *a* whose ratings add up to *t* (of as many answers), those with the
    vector *v* are beta-binomial with :math:`p_{v|t}`, the vector's share among other agencies' responses with that
    total: that many are highly satisfied explains many fives, but not that all find the same single fault. The
    correlation is how much more alike two responses of one agency are than two of different agencies, given the
    total; the median agency's is taken. Bonferroni's correction is over the agency's distinct vectors.

    Parameters
    ----------
    vector, total, agency : ndarray of int, shape (n,)
        Numbers from 0 of the ratings as a whole, of their sum, and of the agency.
    agencies : int

    Returns
    -------
    ndarray of bool, shape (n,)

    Examples
    --------
    See :func:`analysis.signals.copies`.
    """
    if not len(vector):
        return np.zeros(0, dtype=np.bool_)
    vectors = int(vector.max()) + 1
    total_of = np.zeros(vectors, dtype=np.int64)
    total_of[vector] = total
    cell, cell_of, count = np.unique(agency * vectors + vector, return_inverse=True, return_counts=True)
    who, what = np.divmod(cell, vectors)
    table = _Table.counted(who, what, count, total_of)
    return _unlikely(table, likeness=_likeness(table, agencies))[cell_of]


def own_chance(vector: IntArray, agency: IntArray, *, agencies: int) -> FloatArray:
    """Chance that two responses of the agency have the same ratings; 0 with fewer than two. Assumes arguments checked.

    Parameters
    ----------
    vector, agency : ndarray of int, shape (n,)
    agencies : int

    Returns
    -------
    ndarray, shape (agencies,)

    Examples
    --------
    >>> own_chance(np.array([7, 7, 3]), np.array([0, 0, 0]), agencies=1).round(4)
    array([0.3333])
    """
    vectors = int(vector.max(initial=0)) + 1
    cell, count = np.unique(agency * vectors + vector, return_counts=True)
    same = group_sums(count * (count - 1.0), cell // vectors, agencies)
    size = np.bincount(agency, minlength=agencies).astype(np.float64)
    return same / np.maximum(size * (size - 1), 1)


def vector_keys(ratings: NDArray[np.int8]) -> NDArray[np.uint64]:
    """A number for each row of ratings, the same for the same row and no other.

    Base-256 digits as far as they fit; beyond eight items a linear hash, whose collisions (one pair in 10^18) cannot
    make a vector frequent.

    Parameters
    ----------
    ratings : ndarray of int8, shape (n, k)

    Returns
    -------
    ndarray of uint64, shape (n,)

    Examples
    --------
    >>> vector_keys(np.array([[1, 2], [1, 2], [2, 1]], dtype=np.int8)).tolist()
    [513, 513, 258]
    """
    factors = np.full(ratings.shape[1], 256, dtype=np.uint64)
    if ratings.shape[1] > 8:  # noqa: PLR2004 (bytes of the key)
        # An odd multiplier with well-mixed bits: 2^64 over the golden ratio.
        factors[:] = 0x9E3779B97F4A7C15
    factors = np.cumprod(np.r_[np.uint64(1), factors[1:]], dtype=np.uint64)
    keys = np.zeros(len(ratings), dtype=np.uint64)
    for column, factor in zip(ratings.T, factors, strict=True):
        keys += column.view(np.uint8) * factor
    return keys


@dataclass(frozen=True, slots=True, eq=False)
class _Table:
    """Counts of each vector at each agency that gave it, a cell each, and the sums that they are judged by."""

    who: IntArray
    count: IntArray
    total: IntArray
    # Of the cell's vector, at all agencies.
    of_vector: FloatArray
    # Of the cell's total, at its agency and at all.
    here: FloatArray
    everywhere: FloatArray

    @classmethod
    def counted(cls, who: IntArray, what: IntArray, count: IntArray, total: IntArray) -> _Table:
        of_cell = total[what]
        _, place = np.unique(who * (int(total.max()) + 1) + of_cell, return_inverse=True)
        return cls(
            who,
            count,
            of_cell,
            of_vector=_summed(count, what),
            here=_summed(count, place),
            everywhere=_summed(count, of_cell),
        )


def _summed(count: IntArray, group: IntArray) -> FloatArray:
    """Of each cell the sum of its group."""
    return group_sums(count.astype(np.float64), group, int(group.max()) + 1)[group]


def _likeness(table: _Table, agencies: int) -> float:
    """Correlation within the median agency: its pairs of equal vectors beyond those of different agencies."""
    count, here = table.count.astype(np.float64), table.here
    # Sums over cells of a total: a cell holds the share count/here of its agency's responses with that total.
    totals = int(table.total.max()) + 1
    equal = group_sums(count * (table.of_vector - count), table.total, totals)
    pairs = group_sums(count * (table.everywhere - here), table.total, totals)
    between = np.divide(equal, pairs, out=np.ones(totals), where=pairs > 0)[table.total]
    observed = group_sums(count * (count - 1), table.who, agencies)
    expected = group_sums(count * (here - 1) * between, table.who, agencies)
    room = group_sums(count * (here - 1) * (1 - between), table.who, agencies)
    told = room >= FEWEST_PAIRS
    if told.sum() < FEWEST_AGENCIES:
        return USUAL_LIKENESS
    likeness = np.median((observed - expected)[told] / room[told])
    return float(np.clip(likeness, LEAST_LIKENESS, MOST_LIKENESS))


def _unlikely(table: _Table, *, likeness: float) -> BoolArray:
    # One more of either kind among the others: a vector that nobody else gave is not impossible.
    share = (table.of_vector - table.count + 1) / (table.everywhere - table.here + 2)
    distinct = np.bincount(table.who)[table.who]
    # So small a chance is never within two standard deviations.
    variance = table.here * share * (1 - share) * (1 + (table.here - 1) * likeness)
    tried = (table.count >= FEWEST_COPIES) & (table.count > table.here * share + 2 * np.sqrt(variance))
    chance = np.ones(len(share))
    chance[tried] = beta_binomial_tail(
        table.count[tried], table.here[tried].astype(np.int64), share=share[tried], correlation=likeness
    )
    return np.asarray(chance * distinct <= COPY_CHANCE)
