"""Raking: weights that meet several margins, found by adjusting to each in turn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from analysis import newton
from analysis.arrays import group_sums
from analysis.auxiliaries import matrix_of
from analysis.calibration import Calibration, calibrate_replicates, checked_weights, relative_error
from analysis.distances import distance
from analysis.errors import AnalysisError
from analysis.margins import check_agreement, cross, number, on_cells
from analysis.projections import RakedCells

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from analysis.arrays import FloatArray
    from analysis.margins import Crossing, Margin

Stopping = Literal["error", "change"]

# Cycles slow down where margins are closely related; Newton's method does not, once it starts near.
_CYCLES_BEFORE_NEWTON = 8
_NEWTON_STEPS = 20


def rake(
    weights: ArrayLike,
    margins: Sequence[Margin],
    *,
    tolerance: float = 1e-10,
    max_cycles: int = 1000,
    stopping: Stopping = "error",
) -> Calibration:
    """Meet several margins at once by adjusting to each in turn until all hold.

    Respondents with the same levels get the same factor, so the cycles run on their cells; where they converge slowly,
    Newton's method leaps to the same fixed point.

    Parameters
    ----------
    weights : array_like, shape (n,)
        Weights before.
    margins : sequence of Margin
        In the order they are adjusted to.
    tolerance : float
        When to stop, see `stopping`.
    max_cycles : int
        Give up after so many cycles.
    stopping : {"error", "change"}
        ``"error"`` stops when every margin is met to the relative `tolerance`. ``"change"`` is the rule of R's
        ``survey::rake``: stop when no weighted count changed by `tolerance` in a cycle, a tolerance below 1 being
        relative to the sum of the weights (R's own defaults are ``tolerance=1, max_cycles=10``, which is loose).

    Returns
    -------
    Calibration

    Raises
    ------
    AnalysisError
        If a weight is negative or not a number, the margins disagree about the population, or they are not met after
        `max_cycles`; the message names the worst.

    References
    ----------
    .. [1] Deming & Stephan (1940), On a least squares adjustment of a sampled frequency table when the expected
       marginal totals are known, Annals of Mathematical Statistics 11, 427-444.
    .. [2] Lumley, R package survey 4.5, function ``rake``.

    Examples
    --------
    >>> from analysis.margins import margin
    >>> sex = margin("sex", ["f", "f", "m", "m"], {"f": 60, "m": 40})
    >>> age = margin("age", ["old", "young", "old", "young"], {"old": 30, "young": 70})
    >>> rake([1, 1, 1, 1], [sex, age]).weights.round(9)
    array([18., 42., 12., 28.])
    """
    check_agreement(margins, tolerance=max(tolerance if tolerance < 1 else 0.0, 1e-9))
    base = checked_weights(weights, margins)
    crossing = cross(margins)
    state = _Cycle(margins, crossing, crossing.sums(base))
    state.run(tolerance * base.sum() if tolerance < 1 and stopping == "change" else tolerance, max_cycles, stopping)
    return _raked(base, state)


def rake_replicates(
    weights: ArrayLike,
    replicates: ArrayLike,
    margins: Sequence[Margin],
    *,
    tolerance: float = 1e-10,
    max_cycles: int = 1000,
    stopping: Stopping = "error",
) -> tuple[Calibration, FloatArray]:
    """Rake the weights and every replicate of them.

    Parameters
    ----------
    weights : array_like, shape (n,)
        Full-sample weights.
    replicates : array_like, shape (n, replicates)
        Replicate weights, on the scale of weights (not factors).
    margins, tolerance, max_cycles, stopping
        As in :func:`rake`. With ``"change"``, as in R, each replicate takes the cycles the full sample took.

    Returns
    -------
    calibration : Calibration
        Of the full sample.
    replicates : ndarray of float, shape (n, replicates)
        Raked replicate weights.

    Raises
    ------
    AnalysisError
        As :func:`rake`; also if a replicate leaves a level of a margin without weight.

    Examples
    --------
    >>> from analysis.margins import margin
    >>> sex = margin("sex", ["f", "f", "m", "m"], {"f": 60, "m": 40})
    >>> replicates = [[0, 2], [2, 0], [1, 1], [1, 1]]
    >>> rake_replicates([1, 1, 1, 1], replicates, [sex])[1][:, 0]
    array([ 0., 60., 20., 20.])
    """
    options = {"tolerance": tolerance, "max_cycles": max_cycles, "stopping": stopping}
    full = rake(weights, margins, **options)  # type: ignore[arg-type]  # mypy joins the options to one type.
    if stopping == "error":
        return full, calibrate_replicates(replicates, lambda column: rake(column, margins, **options))  # type: ignore[arg-type]  # As above.
    crossing = cross(margins)

    def as_long(column: FloatArray) -> Calibration:
        base = checked_weights(column, margins)
        state = _Cycle(margins, crossing, crossing.sums(base))
        for _ in range(full.iterations):
            state.advance()
        return _raked(base, state)

    return full, calibrate_replicates(replicates, as_long)


class _Cycle:
    """Iterative proportional fitting on cells. Assumes arguments already checked."""

    def __init__(self, margins: Sequence[Margin], crossing: Crossing, weights: FloatArray) -> None:
        self.margins, self.crossing, self.start = margins, crossing, weights
        self.weights, self.steps, self.cycles = weights, [weights for _ in margins], 0

    def run(self, tolerance: float, max_cycles: int, stopping: Stopping) -> None:
        """Cycle until the rule says stop; raise if it does not in time."""
        settled = {"error": self._met, "change": self._unchanged}[stopping]
        before = self._tables()
        while self.cycles < max_cycles:
            self.advance()
            after = self._tables()
            if settled(before, after, tolerance):
                return
            before = after
            if stopping == "error" and self.cycles == _CYCLES_BEFORE_NEWTON:
                self._leap(tolerance)
        raise _not_met(self.margins, before, self.cycles)

    def advance(self) -> None:
        """Adjust to each margin once."""
        for position, (margin, codes) in enumerate(zip(self.margins, self.crossing.codes, strict=True)):
            sums = group_sums(self.weights, codes, len(margin.levels))
            self.weights = self.weights * (margin.totals / sums)[codes]
            self.steps[position] = self.weights
        self.cycles += 1

    def error(self) -> float:
        """Largest relative error of a margin."""
        tables = self._tables()
        return max(relative_error(each.totals, table) for each, table in zip(self.margins, tables, strict=True))

    def _leap(self, tolerance: float) -> None:
        """Go to the fixed point by Newton's method, which has the same one; stay where it finds none."""
        margins = tuple(map(on_cells, self.margins, self.crossing.codes))
        raking = distance("raking", None)
        try:
            solution = newton.solve(
                matrix_of(margins), self.weights, raking, tolerance=tolerance, max_iterations=_NEWTON_STEPS
            )
        except AnalysisError:
            return
        self.weights = self.weights * solution.factors

    def _tables(self) -> list[FloatArray]:
        pairs = zip(self.margins, self.crossing.codes, strict=True)
        return [group_sums(self.weights, codes, len(margin.levels)) for margin, codes in pairs]

    def _met(self, _before: list[FloatArray], after: list[FloatArray], tolerance: float) -> bool:
        pairs = zip(self.margins, after, strict=True)
        return all(relative_error(margin.totals, table) <= tolerance for margin, table in pairs)

    @staticmethod
    def _unchanged(before: list[FloatArray], after: list[FloatArray], tolerance: float) -> bool:
        return max(float(np.abs(new - old).max()) for new, old in zip(after, before, strict=True)) < tolerance


def _raked(base: FloatArray, state: _Cycle) -> Calibration:
    empty = state.start == 0
    start = np.where(empty, 1.0, state.start)
    steps = tuple(np.where(empty, 1.0, step / start) for step in state.steps)
    new = base * steps[-1][state.crossing.cell]
    levels = tuple(len(margin.levels) for margin in state.margins)
    projection = RakedCells(state.crossing, base, steps, levels)
    return Calibration("rake", base, new, state.cycles, state.error(), projection)


def _not_met(margins: Sequence[Margin], tables: list[FloatArray], cycles: int) -> AnalysisError:
    errors = [relative_error(margin.totals, table) for margin, table in zip(margins, tables, strict=True)]
    worst = int(np.argmax(errors))
    margin, table = margins[worst], tables[worst]
    level = int(np.argmax(np.abs(table / margin.totals - 1)))
    return AnalysisError(
        "no convergence after {cycles} cycles: {level} stands at {reached} instead of {total}. "
        "Combinations of levels without respondents may make the margins impossible: merge levels, "
        "or allow more cycles or a wider tolerance",
        cycles=cycles,
        level=margin.label(level),
        reached=number(float(table[level])),
        total=number(float(margin.totals[level])),
    )
