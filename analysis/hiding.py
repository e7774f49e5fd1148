"""The fewest cells that protect a small publication: an integer program, and an attacker who adds its conditions.

The attacker's interval of a cell is a linear program whose bounds are opened by hiding cells. Its dual prices say how
much hiding each further cell can widen the interval at most, which is a condition that every protecting choice meets.
The cheapest choice that meets all conditions so far is attacked in turn, until no attack succeeds.

References
----------
.. [1] Fischetti & Salazar-González (2001), Management Science 47(7), capacity inequalities.
.. [2] Benders (1962), Partitioning procedures for solving mixed-variables programming problems, Numerische
       Mathematik 4.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from analysis.audit import required_widths
from analysis.widening import TOLERANCE, program
from analysis.worlds import moves, variable_cells

if TYPE_CHECKING:
    from analysis.arrays import BoolArray, FloatArray, IntArray
    from analysis.publication import Publication
    from analysis.worlds import Moves


def fewest(publication: Publication, forced: BoolArray, cost: FloatArray, *, minimum: int) -> BoolArray:
    """The cheapest set of cells to hide; assumes arguments already checked.

    Parameters
    ----------
    publication : Publication
    forced : ndarray of bool, shape (figures, columns)
        Cells that are hidden in any case.
    cost : ndarray, shape (figures, columns)
    minimum : int

    Returns
    -------
    ndarray of bool, shape (figures, columns)

    Examples
    --------
    Two small cells of two agencies by three levels; two more, in the same rows and columns, protect both:

    >>> from analysis.protection import costs, primary
    >>> from analysis.publication import Table, publication
    >>> table = Table(["A1", "A2", "A3", "B1", "B2", "B3"], [4, 30, 50, 40, 7, 60],
    ...               groups=[["A"] * 3 + ["B"] * 3, [1, 2, 3] * 2])
    >>> found = publication([table])
    >>> fewest(found, primary(found, minimum=10), costs(found), minimum=10)[:6].ravel().tolist()
    [True, True, False, True, True, False]
    """
    attackers = [_attacker(publication, minimum=minimum, by_sums_only=only) for only in (True, False)]
    rules = _whole_rows(publication.counts)
    while True:
        hidden = _cheapest(rules, forced.ravel(), cost.ravel())
        tried = itertools.product(attackers, np.flatnonzero(hidden).tolist())
        broken = [rule for attacker, cell in tried if (rule := attacker.rule(cell, hidden)) is not None]
        if not broken:
            mask = hidden.reshape(forced.shape)
            return np.asarray(mask | mask[:, :1])
        rules = np.vstack([rules, *broken])


def _whole_rows(counts: IntArray) -> FloatArray:
    """A row hidden in its first column is hidden whole."""
    columns = counts.shape[1]
    cells = np.flatnonzero((counts > 0) & (np.arange(columns) > 0))
    rules = np.zeros((len(cells), counts.size))
    rules[np.arange(len(cells)), cells] = 1.0
    rules[np.arange(len(cells)), cells - cells % columns] = -1.0
    return rules


def _cheapest(rules: FloatArray, forced: BoolArray, cost: FloatArray) -> BoolArray:
    """The cheapest choice with ``rules @ choice >= 0``; cells without cost are empty and stay as they are."""
    from scipy.optimize import Bounds, LinearConstraint, milp

    constraints = [LinearConstraint(rules, lb=0.0)] if len(rules) else []
    bounds = Bounds((forced & (cost > 0)).astype(np.float64), (cost > 0).astype(np.float64))
    found = milp(cost, integrality=np.ones(len(cost), dtype=np.int64), bounds=bounds, constraints=constraints)
    return np.asarray(np.asarray(found.x) > 1 / 2)


@dataclass(frozen=True, slots=True)
class _Attacker:
    """The attacker's program with every row open, and which cell opens each of its bounds."""

    moves: Moves
    opens: IntArray
    place: IntArray
    required: FloatArray
    far: float

    def rule(self, cell: int, hidden: BoolArray) -> FloatArray | None:
        """What every choice must meet that this one does not, or None where the cell is wide enough."""
        chosen = hidden.astype(np.float64)
        width, gain = 0.0, np.zeros(len(hidden))
        for sign in (1.0, -1.0):
            reached, prices = self._reach(sign, cell, chosen)
            width += reached
            gain += prices
        gap = float(self.required[cell]) - width
        if gap < TOLERANCE:
            return None
        rule = np.where(hidden | (gain < TOLERANCE), 0.0, np.minimum(gain, gap))
        rule[cell] = -gap
        return np.asarray(rule / gap)

    def _reach(self, sign: float, cell: int, chosen: FloatArray) -> tuple[float, FloatArray]:
        """How far the cell can move up (or down), and how much further if each bound were open."""
        floor, ceiling = self.moves.floor, np.full(len(self.opens), self.far)
        bounds = chosen[self.opens][:, None] * np.column_stack([floor, ceiling])
        found = program(-sign * self.moves.cells[[self.place[cell]]].toarray().ravel(), self.moves, bounds)
        prices = np.bincount(
            self.opens, weights=-found.lower.marginals * floor - found.upper.marginals * ceiling, minlength=len(chosen)
        )
        return -float(found.fun), np.asarray(prices, dtype=np.float64)


def _attacker(publication: Publication, *, minimum: int, by_sums_only: bool) -> _Attacker:
    """Here empty columns count as known, so that a total which is one hidden row's figure is never displayed."""
    counts = publication.counts
    somebody = counts > 0
    every = moves(publication, somebody, by_sums_only=by_sums_only)
    required = required_widths(counts.ravel(), minimum=minimum)
    place = np.full(counts.size, -1)
    place[somebody.ravel()] = np.arange(int(somebody.sum()))
    return _Attacker(
        moves=every,
        opens=np.flatnonzero(somebody)[variable_cells(every)],
        place=place,
        required=required if by_sums_only else np.minimum(required, 1.0),
        far=float(counts.sum() + minimum),
    )
