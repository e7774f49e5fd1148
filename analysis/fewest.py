r"""The fewest gains that add what is needed, and among these the least in total.

Item j adds :math:`e_j g_j` with :math:`0 \le g_j \le u_j`. Those that can add most, :math:`e_j u_j`, are the fewest: no
other set of as many adds more, so that no smaller set suffices either. Among the sets of that many items the one with
the least total gain is found by trying all, or by integer programming where there are too many of them; within a set
the largest effect is used up first.

References
----------
.. [1] Huangfu & Hall (2018), Parallelizing the dual revised simplex method, Mathematical Programming Computation 10,
   119-142 (HiGHS).
"""

from __future__ import annotations

from itertools import combinations
from math import comb
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from analysis.arrays import FloatArray, IntArray

# So many sets are tried one by one; beyond, integer programming is faster.
MOST_SETS = 20_000
# What is missing by less than this is rounding.
_ROUNDING = 1e-12


def fewest_gains(effects: FloatArray, limits: FloatArray, needed: float) -> FloatArray | None:
    """Gains of the fewest items, then the least in total, that add what is needed.

    Parameters
    ----------
    effects : ndarray, shape (p,)
        What a unit of each adds; those of 0 or less are left alone.
    limits : ndarray, shape (p,)
        The largest gain of each, 0 or more.
    needed : float

    Returns
    -------
    ndarray, shape (p,), or None
        Zeros where nothing is needed; None where all together do not suffice.

    Examples
    --------
    One item cannot add 0.08; of the pairs that can, the first two need the least.

    >>> fewest_gains(np.array([0.5, 0.3, 0.2]), np.array([0.1, 0.2, 0.2]), 0.08).round(4).tolist()
    [0.1, 0.1, 0.0]
    """
    gains = np.zeros(len(limits))
    if needed <= 0:
        return gains
    places = np.flatnonzero((effects > 0) & (limits > 0))
    # Where effects are alike the larger limit comes first, so that ties end in few words.
    places = places[np.lexsort((-limits[places], -effects[places]))]
    effect, limit = effects[places], limits[places]
    most = np.cumsum(np.sort(effect * limit)[::-1])
    enough = np.flatnonzero(most >= needed - _ROUNDING)
    if not len(enough):
        return None
    chosen = _least(effect, limit, count=int(enough[0]) + 1, needed=needed)
    gains[places[chosen]] = _filled(effect[chosen], limit[chosen], needed)
    return gains


def _least(effect: FloatArray, limit: FloatArray, *, count: int, needed: float) -> IntArray:
    """Which `count` items reach what is needed with the least total gain; the items are sorted by effect."""
    if comb(len(effect), count) > MOST_SETS:
        return _by_integer_programming(effect, limit, count=count, needed=needed)
    sets = np.array(list(combinations(range(len(effect)), count)))
    contribution = (effect * limit)[sets]
    reached = np.cumsum(contribution, axis=1)
    used = np.clip(needed - (reached - contribution), 0.0, contribution)
    total = np.where(reached[:, -1] >= needed - _ROUNDING, (used / effect[sets]).sum(axis=1), np.inf)
    return np.asarray(sets[int(np.argmin(total))], dtype=np.int64)


def _by_integer_programming(effect: FloatArray, limit: FloatArray, *, count: int, needed: float) -> IntArray:
    """The same: least Σ u y with Σ e u y ≥ needed, y ≤ x, Σ x = count, x whole."""
    from scipy.optimize import Bounds, LinearConstraint, milp

    items = len(effect)
    contribution = effect * limit
    unit = np.eye(items)
    found = milp(
        np.concatenate([limit, np.zeros(items)]),
        integrality=np.repeat([0, 1], items),
        bounds=Bounds(0, 1),
        constraints=[
            LinearConstraint(np.concatenate([contribution / needed, np.zeros(items)]), lb=1),
            LinearConstraint(np.hstack([unit, -unit]), ub=0),
            LinearConstraint(np.repeat([0, 1], items), lb=count, ub=count),
        ],
        options={"mip_rel_gap": 0.0},
    )
    chosen = np.argsort(-contribution, kind="stable")[:count]
    if found.x is not None:
        picked = np.flatnonzero(found.x[items:] > 0.5)  # noqa: PLR2004 - a whole number, up to rounding
        # The solver's tolerance may leave a set that falls short by a hair: the most contributing set never does.
        if contribution[picked].sum() >= needed - _ROUNDING:
            chosen = picked
    return np.asarray(np.sort(chosen), dtype=np.int64)


def _filled(effect: FloatArray, limit: FloatArray, needed: float) -> FloatArray:
    """Gains of a set sorted by effect, each used up before the next."""
    contribution = effect * limit
    used: FloatArray = np.clip(needed - (np.cumsum(contribution) - contribution), 0.0, contribution)
    return used / effect
