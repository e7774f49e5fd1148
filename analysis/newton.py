"""Newton's method for the equations of a calibration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from analysis.errors import AnalysisError
from analysis.margins import number

if TYPE_CHECKING:
    from analysis.arrays import FloatArray
    from analysis.auxiliaries import ModelMatrix
    from analysis.distances import Distance

# Where every total is this many times the weighted sample, the weights before carry no scale of their own.
RESCALE_ABOVE = 20.0

# A step may leave this share of the slope it started with along its own direction.
_SLOPE_LEFT = 0.5
_MOST_HALVINGS = 40
# Relative errors so near to rounding that a further step is not worth its time.
_ROUNDING = 1e-12
# How often a step may fail to bring the totals nearer before they count as out of reach.
_MOST_STALLS = 5


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """Factors that meet the totals.

    Attributes
    ----------
    factors : ndarray of float, shape (rows,)
    iterations : int
    error : float
        Largest relative error of a total.
    """

    factors: FloatArray
    iterations: int
    error: float


def solve(
    matrix: ModelMatrix, base: FloatArray, distance: Distance, *, tolerance: float, max_iterations: int
) -> Solution:
    r"""Find the factors :math:`F(A\eta)` with :math:`A' \mathrm{diag}(d) F(A\eta) = t`.

    The equations are the gradient of a convex function, so each step runs along Newton's direction no further than the
    slope along it allows. Assumes arguments already checked.

    Parameters
    ----------
    matrix : ModelMatrix
        Auxiliaries and their totals.
    base : ndarray of float, shape (rows,)
        Weights before.
    distance : Distance
        Gives F.
    tolerance : float
        Largest relative error; one more step is taken once below it.
    max_iterations : int
        Give up after so many steps.

    Returns
    -------
    Solution

    Raises
    ------
    AnalysisError
        If the totals are not met; the message names the worst and, with bounds, says which factor it needs.
    """
    sample = matrix.cross(base)
    scale = _common_scale(matrix.totals, sample)
    problem = _Problem(matrix, base * scale, distance)
    eta, iterations = problem.descend(tolerance, max_iterations)
    factors = distance.factor(matrix.times(eta))
    misfit = matrix.totals - matrix.cross(problem.base * factors)
    error = problem.error(misfit)
    if error > tolerance:
        raise problem.unreachable(misfit, sample * scale, iterations)
    return Solution(factors * scale, iterations, error)


class _Problem:
    def __init__(self, matrix: ModelMatrix, base: FloatArray, distance: Distance) -> None:
        self.matrix, self.base, self.distance = matrix, base, distance
        totals = np.abs(matrix.totals)
        self.size = np.where(totals > 0, totals, max(float(totals.max()), 1.0))

    def misfit(self, eta: FloatArray) -> FloatArray:
        """Totals still missing."""
        factors = self.distance.factor(self.matrix.times(eta))
        return self.matrix.totals - self.matrix.cross(self.base * factors)

    def error(self, misfit: FloatArray) -> float:
        """Largest relative error."""
        return float(np.max(np.abs(misfit) / self.size))

    def descend(self, tolerance: float, max_iterations: int) -> tuple[FloatArray, int]:
        """Step until the totals are met and once more, or until nothing helps."""
        eta = np.zeros(len(self.matrix.totals))
        misfit, stalls = self.misfit(eta), 0
        best, best_error = eta, self.error(misfit)
        for iteration in range(1, max_iterations + 1):
            met = best_error <= tolerance
            eta, misfit = self.step(eta, misfit)
            error = self.error(misfit)
            stalls = stalls + 1 if error >= best_error else 0
            if error < best_error:
                best, best_error = eta, error
            if met or best_error <= _ROUNDING or stalls > _MOST_STALLS:
                return best, iteration
        return best, max_iterations

    def step(self, eta: FloatArray, misfit: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Go along Newton's direction, at most as far as the slope along it falls by half of itself."""
        direction = self.direction(eta, misfit)
        start = abs(float(misfit @ direction))
        length, ahead = 1.0, self.misfit(eta + direction)
        for _ in range(_MOST_HALVINGS):
            if -float(ahead @ direction) <= _SLOPE_LEFT * start:
                break
            length /= 2
            ahead = self.misfit(eta + length * direction)
        return eta + length * direction, ahead

    def direction(self, eta: FloatArray, misfit: FloatArray) -> FloatArray:
        """Newton's direction; that of a free distance where bounds have left none."""
        slope = self.distance.slope(self.matrix.times(eta))
        direction = self.matrix.solve(self.base * slope, misfit)
        if self.distance.bounded and float(misfit @ direction) <= 0:
            direction = self.matrix.solve(self.base, misfit)
        return direction

    def unreachable(self, misfit: FloatArray, sample: FloatArray, iterations: int) -> AnalysisError:
        """Name the worst total and what to do about it."""
        needed = self.matrix.totals / np.where(sample == 0, 1.0, sample)
        outside = np.flatnonzero((needed < self.distance.low) | (needed > self.distance.high))
        worst = int(outside[0]) if outside.size else int(np.argmax(np.abs(misfit) / self.size))
        values = {
            "level": self.matrix.labels[worst],
            "total": number(float(self.matrix.totals[worst])),
            "reached": number(float(self.matrix.totals[worst] - misfit[worst])),
        }
        if not self.distance.bounded:
            return AnalysisError(
                "no weights meet all totals (after {iterations} steps): {level} stands at {reached}, not {total}: "
                "the totals contradict one another or the sample, merge levels or drop a margin",
                iterations=iterations,
                **values,
            )
        return AnalysisError(
            "factors between {low} and {high} do not reach the totals: {level} stands at {reached} instead of {total} "
            "({needed} times its weighted sample): widen the bounds, merge levels or drop a margin",
            low=number(self.distance.low),
            high=number(self.distance.high),
            needed=number(float(needed[worst])),
            **values,
        )


def _common_scale(totals: FloatArray, sample: FloatArray) -> float:
    ratios = totals[sample != 0] / sample[sample != 0]
    return float(ratios.mean()) if ratios.size and ratios.min() > RESCALE_ABOVE else 1.0
