"""Sharing fieldwork among workers: what belongs together stays together, and nobody has much more than another."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

import numpy as np

from sampling.errors import SamplingError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from sampling.arrays import IntArray


def assignment(sizes: ArrayLike, *, workers: int | None = None, already: ArrayLike | None = None) -> IntArray:
    """Give whole groups of people to workers so that the largest share of the work is small.

    Parameters
    ----------
    sizes : array_like of int, shape (G,)
        People in each group, such as a primary unit; at least one.
    workers : int, optional
        How many there are, where nobody has anything yet.
    already : array_like of int, shape (W,), optional
        What each has to do already.

    Returns
    -------
    ndarray of int, shape (G,)
        The worker of each group, from 0.

    Raises
    ------
    SamplingError
        There is no worker, or a size is below one.

    Notes
    -----
    The largest group first to whoever has least (longest processing time), then single groups are moved or exchanged as
    long as that makes the two workers' larger share smaller. The largest share is at most 4/3 - 1/(3W) of the smallest
    possible where nobody has anything yet; the moves only lower it.

    References
    ----------
    .. [1] Graham (1969), Bounds on multiprocessing timing anomalies, SIAM Journal on Applied Mathematics 17, 416-429.

    Examples
    --------
    >>> shares = assignment([5, 5, 4, 4, 3, 3, 3], workers=3)
    >>> [sum(size for size, own in zip([5, 5, 4, 4, 3, 3, 3], shares) if own == worker) for worker in range(3)]
    [9, 9, 9]
    """
    people = np.asarray(sizes, dtype=np.int64)
    loads = np.zeros(workers or 0, dtype=np.int64) if already is None else np.array(already, dtype=np.int64)
    if len(loads) == 0:
        raise SamplingError("there is no worker to give anything to: name at least one")
    small = np.flatnonzero(people < 1)
    if len(small):
        raise SamplingError(
            "row {row}: a group of {size} people: leave out groups without anybody",
            row=int(small[0]) + 1,
            size=int(people[small[0]]),
        )
    owner = _largest_first(people, loads)
    while _improved(people, owner, loads):
        pass
    return owner


def _largest_first(people: IntArray, loads: IntArray) -> IntArray:
    """Assumes arguments already checked; `loads` is added to."""
    owner = np.zeros(len(people), dtype=np.int64)
    waiting = [(int(load), worker) for worker, load in enumerate(loads)]
    heapq.heapify(waiting)
    for group in np.argsort(-people, kind="stable"):
        load, worker = heapq.heappop(waiting)
        owner[group] = worker
        loads[worker] += people[group]
        heapq.heappush(waiting, (load + int(people[group]), worker))
    return owner


def _improved(people: IntArray, owner: IntArray, loads: IntArray) -> bool:
    """One move or exchange between whoever has most and another that makes the larger of their shares smaller."""
    most = int(np.argmax(loads))
    own = np.flatnonzero(owner == most)
    for other in np.argsort(loads, kind="stable").tolist():
        gap = int(loads[most] - loads[other])
        if gap <= 1:
            return False
        theirs = np.flatnonzero(owner == other)
        # What the other's share grows by: a group alone, or a group for a smaller one.
        given = np.concatenate([people[own][:, None], people[own][:, None] - people[theirs][None, :]], axis=1)
        better = np.flatnonzero(((given > 0) & (given < gap)).ravel())
        if len(better):
            # The one that leaves the two nearest to each other.
            best = better[np.argmin(np.abs(gap - 2 * given.ravel()[better]))]
            row, column = divmod(int(best), given.shape[1])
            amount = int(given[row, column])
            owner[own[row]] = other
            if column:
                owner[theirs[column - 1]] = most
            loads[most] -= amount
            loads[other] += amount
            return True
    return False
