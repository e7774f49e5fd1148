"""Complementary suppression: which further cells to hide so that the audit finds nothing, as few as possible.

Small publications are solved exactly: an integer program chooses cells, the attacker answers with a condition that it
has missed, until he has none left. Larger ones go by the cheapest routes along which a hidden count can shift, then
show again what the audit proves unnecessary. Either way the last word is the attacker's.

References
----------
.. [1] Fischetti & Salazar-González (2001), Management Science 47(7): the exact method, by capacity inequalities.
.. [2] Kelly, Golden & Assad (1992), Cell suppression: disclosure protection for sensitive tabular data, Networks 22(4):
       cheapest routes by linear programming, and the clean-up.
.. [3] Hundepool et al. (2012), Statistical Disclosure Control, ch. 4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array, hstack, vstack

from analysis.audit import at_most, attack, required_widths
from analysis.hiding import fewest
from analysis.widening import TOLERANCE, components, solve
from analysis.worlds import Moves, by_columns, by_row, moves

if TYPE_CHECKING:
    from analysis.arrays import BoolArray, FloatArray, IntArray
    from analysis.audit import Attack
    from analysis.publication import Publication

# Cells with somebody in them, up to which the fewest are found exactly.
SMALL = 40
# Hidden cells that are attacked at most, over all trials of showing one again.
WORK = 500_000
# Routes to a cell outweigh any cost on the way, of which the dearest cell has 1.
REACHED = 100.0


def protect(publication: Publication, *, minimum: int, exact: bool | None = None) -> BoolArray:
    """Hide what is too small, and enough else that nobody can work it out.

    Parameters
    ----------
    publication : Publication
    minimum : int
        The smallest number of respondents shown.
    exact : bool, optional
        The fewest possible, or a good choice; by default the fewest in small publications whose sums cross.

    Returns
    -------
    ndarray of bool, shape (figures, columns)
        A row hidden in its first column is hidden whole; a column that nobody answered is hidden there only.

    Notes
    -----
    Every cell costs 1, a total more than all of its members: it goes only where no hiding of members can help. Between
    equal choices the smaller counts are hidden.

    Examples
    --------
    >>> from analysis.publication import Table, publication
    >>> found = publication([Table(["A", "B", "C"], [120, 14, 6], groups=[["all"] * 3])])
    >>> protect(found, minimum=10).ravel().tolist()
    [False, True, True, False]
    """
    forced = primary(publication, minimum=minimum)
    cost = costs(publication)
    quick = _along_sums(publication, forced, cost, minimum)
    hidden = _secured(publication, quick, cost, minimum=minimum)
    small = int((publication.counts > 0).sum()) <= SMALL and hidden is not quick
    if (hidden == forced).all() or not (small if exact is None else exact):
        # What single sums asked for is needed; what routes added may not be.
        return hidden if hidden is quick else _cleaned(publication, hidden, forced, cost, minimum=minimum)
    return _secured(publication, fewest(publication, forced, cost, minimum=minimum), cost, minimum=minimum)


def primary(publication: Publication, *, minimum: int) -> BoolArray:
    """Cells that are too small themselves, and the other columns of rows that are.

    Parameters
    ----------
    publication : Publication
    minimum : int

    Returns
    -------
    ndarray of bool, shape (figures, columns)

    Examples
    --------
    >>> from analysis.publication import Table, publication
    >>> primary(publication([Table(["A", "B"], [[12, 9], [6, 6]])]), minimum=10).tolist()
    [[False, True], [True, True]]
    """
    return _whole((publication.counts > 0) & (publication.counts < minimum))


def costs(publication: Publication) -> FloatArray:
    """What hiding each cell costs: 1, a total more than all its members; slightly more where more answered.

    Parameters
    ----------
    publication : Publication

    Returns
    -------
    ndarray, shape (figures, columns)
        0 where nobody is counted.

    Examples
    --------
    >>> from analysis.publication import Table, publication
    >>> found = publication([Table(["A", "B"], [12, 60], groups=[["all", "all"]])])
    >>> costs(found).round().ravel().tolist()
    [1.0, 1.0, 3.0]
    """
    counts = publication.counts
    each = np.ones(len(counts))
    equations = publication.relations.tocsr()
    while True:
        # With the cost of the total itself taken out of the sum of the equation.
        inside = (equations > 0).astype(np.float64) @ each + 1.0
        total = equations.tocoo()
        least = each.copy()
        np.maximum.at(least, total.col[total.data < 0], inside[total.row[total.data < 0]])
        if (least == each).all():
            break
        each = least
    answered = counts / (2.0 * max(int(counts.sum()), 1))
    return np.where(counts > 0, each[:, None] + answered, 0.0)


def _whole(hidden: BoolArray) -> BoolArray:
    return np.asarray(hidden | hidden[:, :1])


def _along_sums(publication: Publication, forced: BoolArray, cost: FloatArray, minimum: int) -> BoolArray:
    """Where no cell is in two sums, each sum is protected by its smallest other members, or else hidden itself."""
    members = (publication.relations > 0).astype(np.float64)
    if members.shape[0] == 0 or members.sum(axis=0).max() > 1:
        return forced
    hidden = forced
    total = publication.relations.indices[publication.relations.data < 0].astype(np.int64)
    while True:
        unsafe = _unsafe(publication, members, hidden, total=total, minimum=minimum)
        if not unsafe.any():
            return hidden
        # All of a row comes before its columns: hiding it may settle them.
        column = int(np.flatnonzero(unsafe.any(axis=0))[0])
        hidden = hidden.copy()
        for equation in np.flatnonzero(unsafe[:, column]).tolist():
            inside = members.indices[members.indptr[equation] : members.indptr[equation + 1]]
            shown = [place for place in inside if not hidden[place, column] and publication.counts[place, column]]
            chosen = min(shown, key=lambda place: cost[place, column], default=int(total[equation]))
            hidden[chosen, column] = True
        hidden = _whole(hidden)


def _unsafe(
    publication: Publication, members: csr_array, hidden: BoolArray, *, total: IntArray, minimum: int
) -> BoolArray:
    """Displayed sums whose hidden members can shift by less than one of them requires."""
    slack = members @ np.where(hidden & (publication.counts > 0), publication.counts - 1, 0)
    required = np.where(hidden, required_widths(publication.counts, minimum=minimum), 0.0)
    most = np.zeros((members.shape[0], hidden.shape[1]))
    filled = np.diff(members.indptr) > 0
    most[filled] = np.maximum.reduceat(required[members.indices], members.indptr[:-1][filled], axis=0)
    alone = (members @ (hidden & (publication.counts > 0)) == 1) & (most > 0)
    return np.asarray(~hidden[total] & ((slack < most) | alone))


def _secured(publication: Publication, hidden: BoolArray, cost: FloatArray, *, minimum: int) -> BoolArray:
    """Open routes for the cells that the attacker finds, until he finds none (or all is hidden)."""
    while True:
        found = attack(publication, hidden, minimum=minimum, thorough=False)
        more = _more(publication, hidden, found, cost) if found.exposed.any() else hidden
        if not (more & ~hidden).any():
            return hidden
        hidden = _whole(hidden | more)


def _more(publication: Publication, hidden: BoolArray, found: Attack, cost: FloatArray) -> BoolArray:
    """Further cells to hide: on routes among members if there are any, then with totals, at last whatever is next."""
    for totals in (False, True):
        usable = (publication.counts[:, :1] > 0) & (hidden | totals | ~publication.is_total[:, None])
        for sign in (1.0, -1.0):
            more = _routes(publication, hidden, usable, found=found, cost=cost, sign=sign)
            if (more & ~hidden).any():
                return more
    return _neighbours(publication, hidden, found, cost)


def _routes(
    publication: Publication, hidden: BoolArray, usable: BoolArray, *, found: Attack, cost: FloatArray, sign: float
) -> BoolArray:
    """The cheapest cells by which the exposed ones can move up (or down) as far as they need."""
    places = np.argwhere(usable)
    everything = moves(publication, usable, by_sums_only=found.by_sums)
    price = np.where(hidden, 0.0, cost)[usable] / cost.max()
    number = np.full(usable.shape, -1)
    number[usable] = np.arange(len(places))
    row, column = found.places[found.exposed].T
    more = np.zeros(usable.shape, dtype=np.bool_)
    for whole, shared in ((True, by_row), (False, by_columns)):
        inside = hidden[row, 0] == whole
        if inside.any():
            need = np.zeros(len(places))
            need[number[row, column][inside]] = found.lacking[found.exposed][inside]
            used = _used(everything.within(shared(everything, places)), need, price, sign)
            more[tuple(places[used].T)] = True
    return more


def _used(part: Moves, need: FloatArray, price: FloatArray, sign: float) -> BoolArray:
    """The cells that the cheapest worlds move in which those that need it move."""
    used = np.zeros(len(need), dtype=np.bool_)
    asked = np.flatnonzero((need > 0) & (np.diff(part.cells.indptr) > 0))
    for variables, inside in components(part, asked):
        one, wanted = part.part(variables, inside), need[inside]
        targets = one.cells[wanted > 0] * sign
        far = _route(one, targets, wanted[wanted > 0], abs(one.cells).T @ price[inside])
        used[inside] = (abs(one.cells) @ far) > TOLERANCE
    return used


def _route(part: Moves, targets: csr_array, need: FloatArray, price: FloatArray) -> FloatArray:
    """How far each variable moves, up or down, in the cheapest world that brings the targets as far as possible."""
    size, wanted = len(part.floor), targets.shape[0]
    none = csr_array((part.equal.shape[0], wanted))
    reach = hstack([-targets, targets, csr_array(np.eye(wanted))])
    limit = hstack([part.limit, -part.limit, csr_array((part.limit.shape[0], wanted))])
    wide = Moves(
        equal=csr_array(hstack([part.equal, -part.equal, none])),
        limit=csr_array(vstack([limit, reach])),
        room=np.concatenate([part.room, np.zeros(wanted)]),
        floor=np.concatenate([np.zeros(2 * size), np.full(wanted, -np.inf)]),
        ceiling=np.concatenate([part.ceiling, -part.floor, need]),
        cells=part.cells,
    )
    # A step costs a little even through hidden cells, or it would go in circles.
    price = price + 1e-6
    move = solve(np.concatenate([price, price, np.full(wanted, -REACHED)]), wide)
    return np.asarray(move[:size] + move[size : 2 * size])


def _neighbours(publication: Publication, hidden: BoolArray, found: Attack, cost: FloatArray) -> BoolArray:
    """Where no route helps: the cheapest cell beside each exposed one, or its row, or the cheapest there is."""
    more = np.zeros(hidden.shape, dtype=np.bool_)
    beside = (abs(publication.relations).T @ abs(publication.relations)).tocsr()
    shown = ~hidden & (publication.counts > 0)
    for row, column in found.places[found.exposed].tolist():
        near = beside.indices[beside.indptr[row] : beside.indptr[row + 1]]
        near = near[shown[near, column]]
        if len(near):
            more[near[np.argmin(cost[near, column])], column] = True
        else:
            more[row] |= shown[row]
    if not more.any():
        more.flat[np.argmin(np.where(shown, cost, np.inf))] = True
    return more


def _cleaned(
    publication: Publication, hidden: BoolArray, forced: BoolArray, cost: FloatArray, *, minimum: int
) -> BoolArray:
    """Without the complementary cells that the audit proves unnecessary, the dearest tried first."""
    required = required_widths(publication.counts, minimum=minimum)
    tries = WORK // max(int(hidden.sum()), 1)
    for row, column in _complementary(hidden, forced, cost):
        trial = hidden.copy()
        # A row hidden whole comes back whole, but for its own small cells.
        trial[row] = forced[row] if column == 0 else hidden[row] & (np.arange(hidden.shape[1]) != column)
        if tries == 0 or (trial & (at_most(publication, trial) < required)).any():
            continue
        tries -= 1
        if not attack(publication, trial, minimum=minimum, thorough=False).exposed.any():
            hidden = trial
    return hidden


def _complementary(hidden: BoolArray, forced: BoolArray, cost: FloatArray) -> list[tuple[int, int]]:
    """Rows hidden whole for others' sake, as (row, 0), and single cells; the dearest first."""
    added = hidden & ~forced
    added[hidden[:, 0], 1:] = False
    dear = np.where(hidden[:, :1], cost.sum(axis=1, keepdims=True), cost)
    found = [(int(row), int(column)) for row, column in np.argwhere(added)]
    return sorted(found, key=lambda place: -dear[place])
