"""Which pairs of agencies a simulated survey tells apart, with and without an adjustment for the number of pairs."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import stdtr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sampling.arrays import BoolArray, FloatArray
    from sampling.simulate import Simulated

# Bounds of the classes of true differences, as shares.
CLASSES = (0.0, 0.01, 0.02, 0.05, 0.10, 1.0)


@dataclass(frozen=True, slots=True)
class DifferenceClass:
    """Pairs whose true shares differ by more than `above` and at most `at_most` (those that do not differ: both 0).

    Attributes
    ----------
    above, at_most : float
    pairs : int
    single, holm : float
        Share of pairs and replications told apart the right way round; each pair on its own, and with Holm's
        adjustment for all pairs of the level. Of pairs that do not differ: told apart at all, a false alarm.
    """

    above: float
    at_most: float
    pairs: int
    single: float
    holm: float


def told_apart(found: Simulated, *, levels: Sequence[Sequence[int]]) -> tuple[DifferenceClass, ...]:
    """Pairs told apart in the dimension of the comparison.

    Each pair's difference over the root of both variances is held against Student's t with Welch's degrees of freedom.

    Parameters
    ----------
    found : Simulated
    levels : sequence of sequences of int
        Places of the agencies of each level: pairs are of one level.

    Returns
    -------
    tuple of DifferenceClass
        All levels together; only classes that have pairs.

    References
    ----------
    .. [1] Holm (1979), A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6.
    """
    parts = [_level(found, np.asarray(level)) for level in levels if len(level) > 1]
    if not parts:
        return ()
    difference, single, holm = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    bounds = [(-1.0, 0.0), *pairwise(CLASSES)]
    # Shares are given with few digits: what differs by a rounding only does not differ.
    rounded = np.round(difference, 9)
    classes = []
    for above, at_most in bounds:
        mine = (rounded > above) & (rounded <= at_most)
        if mine.any():
            means = float(single[mine].mean()), float(holm[mine].mean())
            classes.append(DifferenceClass(max(above, 0.0), at_most, int(mine.sum()), *means))
    return tuple(classes)


def holm_rejects(p_values: FloatArray, risk: float) -> BoolArray:
    """Which tests stay significant with Holm's adjustment, row by row.

    Parameters
    ----------
    p_values : ndarray, shape (R, m)
    risk : float

    Returns
    -------
    ndarray of bool, shape (R, m)

    Examples
    --------
    >>> holm_rejects(np.array([[0.02, 0.01, 0.03, 0.9]]), 0.05).tolist()
    [[False, True, False, False]]
    """
    tests = p_values.shape[1]
    order = np.argsort(p_values, axis=1, kind="stable")
    within = np.take_along_axis(p_values, order, axis=1) <= risk / (tests - np.arange(tests))
    stays = np.logical_and.accumulate(within, axis=1)
    rejected = np.empty_like(stays)
    np.put_along_axis(rejected, order, stays, axis=1)
    return rejected


def _level(found: Simulated, level: np.ndarray) -> tuple[FloatArray, FloatArray, FloatArray]:
    place, risk = found.plan.ranked_place, 1 - found.plan.confidence_level
    first, second = (level[part] for part in np.triu_indices(len(level), 1))
    truth = found.truth[first, place] - found.truth[second, place]
    freedom = found.degrees_of_freedom
    single, holm = np.zeros(len(first)), np.zeros(len(first))
    replications = len(found.estimate)
    for row in range(replications):
        value, variance = found.estimate[row, :, place], found.standard_error[row, :, place] ** 2
        both = variance[first] + variance[second]
        difference = value[first] - value[second]
        with np.errstate(divide="ignore", invalid="ignore"):
            t = np.nan_to_num(np.abs(difference) / np.sqrt(both), nan=0.0)
            welch = both**2 / (variance[first] ** 2 / freedom[first] + variance[second] ** 2 / freedom[second])
        p = 2 * stdtr(np.nan_to_num(welch, nan=1.0), -t)
        right = (truth == 0) | (np.sign(truth) == np.sign(difference))
        single += (p <= risk) & right
        holm += holm_rejects(p[None, :], risk)[0] & right
    return np.abs(truth), single / replications, holm / replications
