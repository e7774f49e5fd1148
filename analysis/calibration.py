"""Weights that reproduce known population totals: post-stratification and calibration by distance.

Raking to several margins in turn is in :mod:`analysis.raking`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from analysis import newton
from analysis.auxiliaries import matrix_of, model_matrix
from analysis.distances import distance
from analysis.errors import AnalysisError
from analysis.margins import cross, number, on_cells
from analysis.projections import PostStrata, Regression

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import ArrayLike

    from analysis.arrays import FloatArray
    from analysis.auxiliaries import Auxiliary, ModelMatrix
    from analysis.margins import Margin
    from analysis.projections import Projection


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """Calibrated weights, how well they meet the totals, and what they do to a variance.

    Attributes
    ----------
    method : str
        ``"poststratify"``, ``"rake"``, ``"linear"``, ``"raking"`` or ``"logit"``.
    base, weights : ndarray of float, shape (n,)
        Weights before and after.
    iterations : int
        Cycles of raking or steps of Newton's method.
    max_margin_error : float
        Largest relative difference between a total and what the weights make of it.
    projection : Projection
        The residual operator.
    """

    method: str
    base: FloatArray
    weights: FloatArray
    iterations: int
    max_margin_error: float
    projection: Projection

    @property
    def factors(self) -> FloatArray:
        """Weights after over weights before (the g-weights); 1 where both are zero."""
        return np.where(self.base == 0, 1.0, self.weights / np.where(self.base == 0, 1.0, self.base))

    @property
    def design_effect(self) -> float:
        """Kish's design effect of the calibrated weights."""
        return kish_design_effect(self.weights)

    def residuals(self, influence: FloatArray) -> FloatArray:
        """What the auxiliaries leave of influence values; a design takes its variance from these.

        Parameters
        ----------
        influence : ndarray of float, shape (n,) or (n, k)
            Influence values of the estimates with the calibrated weight included, zero outside a domain.

        Returns
        -------
        ndarray of float, of the same shape
        """
        return self.projection.residuals(influence)


def post_stratify(weights: ArrayLike, margin: Margin) -> Calibration:
    r"""Scale the weights within each post-stratum to its known total.

    .. math:: w_i = d_i N_{p(i)} / \sum_{j \in p(i)} d_j

    Parameters
    ----------
    weights : array_like, shape (n,)
        Weights before.
    margin : Margin
        The post-strata; a crossing of variables is one margin whose levels are the combinations.

    Returns
    -------
    Calibration

    Raises
    ------
    AnalysisError
        If a weight is negative or not a number, or the weights of a post-stratum add up to zero.

    References
    ----------
    .. [1] Särndal, Swensson & Wretman (1992), Model Assisted Survey Sampling, section 7.6.

    Examples
    --------
    >>> from analysis.margins import margin
    >>> post_stratify([1, 1, 1], margin("sex", ["f", "f", "m"], {"f": 60, "m": 40})).weights
    array([30., 30., 40.])
    """
    base = checked_weights(weights, [margin])
    new = base * (margin.totals / margin.sums(base))[margin.codes]
    return Calibration(
        "poststratify", base, new, 1, relative_error(margin.totals, margin.sums(new)), PostStrata(margin, base, new)
    )


def calibrate(
    weights: ArrayLike,
    auxiliaries: Sequence[Auxiliary],
    *,
    method: str = "linear",
    bounds: tuple[float, float] | None = None,
    tolerance: float = 1e-10,
    max_iterations: int = 200,
) -> Calibration:
    r"""Weights closest to those before, by a distance, that meet every total.

    :math:`w_i = d_i F(a_i' \eta)` with :math:`\sum w_i a_i = t`, solved for :math:`\eta` by Newton's method.

    Parameters
    ----------
    weights : array_like, shape (n,)
        Weights before.
    auxiliaries : sequence of Margin or Total
        What is known of the population.
    method : {"linear", "raking", "logit"}
        Linear is the generalised regression estimator; raking keeps weights positive; logit keeps them within
        `bounds`.
    bounds : tuple of float, optional
        Smallest and largest factor on the weights. When every total is more than 20 times the weighted sample, as when
        the weights before are all 1, they hold for the factors after a common rescaling, as in R.
    tolerance : float
        Relative error at which every total counts as met; one more step is taken then.
    max_iterations : int
        Give up after so many steps.

    Returns
    -------
    Calibration

    Raises
    ------
    AnalysisError
        If the totals contradict one another or cannot be reached within the bounds; the message names the worst.

    References
    ----------
    .. [1] Deville & Särndal (1992), Calibration estimators in survey sampling, JASA 87, 376-382.
    .. [2] Deville, Särndal & Sautory (1993), Generalized raking procedures in survey sampling, JASA 88, 1013-1020.

    Examples
    --------
    >>> from analysis.auxiliaries import total
    >>> from analysis.margins import margin
    >>> sex = margin("sex", ["f", "f", "m", "m"], {"f": 60, "m": 40})
    >>> visits = total("visits", [1, 3, 2, 2], 190)
    >>> calibrate([25, 25, 25, 25], [sex, visits]).weights.round(9)
    array([35., 25., 20., 20.])
    """
    matrix = model_matrix(auxiliaries, tolerance=max(tolerance, 1e-9))
    base = checked_weights(weights, matrix.margins)
    small, small_base, expand = _collapsed(matrix, base)
    chosen = distance(method, bounds)
    solution = newton.solve(small, small_base, chosen, tolerance=tolerance, max_iterations=max_iterations)
    new = base * expand(solution.factors)
    projection = Regression(matrix, base, new)
    return Calibration(method, base, new, solution.iterations, solution.error, projection)


def calibrate_replicates(replicates: ArrayLike, calibrator: Callable[[FloatArray], Calibration]) -> FloatArray:
    """Calibrate each column of replicate weights like the full sample.

    Parameters
    ----------
    replicates : array_like, shape (n, replicates)
        Replicate weights, on the scale of weights.
    calibrator : callable
        Weights to :class:`Calibration`, as ``lambda column: post_stratify(column, margin)``.

    Returns
    -------
    ndarray of float, shape (n, replicates)

    Raises
    ------
    AnalysisError
        What the calibrator raises, with the number of the replicate.

    Examples
    --------
    >>> from analysis.margins import margin
    >>> sex = margin("sex", ["f", "f", "m"], {"f": 60, "m": 40})
    >>> calibrate_replicates([[0, 2], [2, 0], [1, 1]], lambda column: post_stratify(column, sex))
    array([[ 0., 60.],
           [60.,  0.],
           [40., 40.]])
    """
    columns = np.asarray(replicates, dtype=np.float64)
    result = np.empty_like(columns)
    for position in range(columns.shape[1]):
        try:
            result[:, position] = calibrator(columns[:, position]).weights
        except AnalysisError as error:
            raise AnalysisError("replicate {replicate}: {reason}", replicate=position + 1, reason=str(error)) from error
    return result


def kish_design_effect(weights: FloatArray) -> float:
    r"""Loss of precision from unequal weights, :math:`n \sum w_i^2 / (\sum w_i)^2` over those with a weight.

    Examples
    --------
    >>> kish_design_effect(np.array([1.0, 1.0, 4.0]))
    1.5
    """
    return float(np.count_nonzero(weights) * np.square(weights).sum() / weights.sum() ** 2)


def checked_weights(weights: ArrayLike, margins: Sequence[Margin]) -> FloatArray:
    """The weights as an array, refused if they cannot be calibrated.

    Raises
    ------
    AnalysisError
        If there are not as many as respondents, one is negative or not a number, or a level has no weight.

    Examples
    --------
    >>> checked_weights([1, -1], [])
    Traceback (most recent call last):
    analysis.errors.AnalysisError: row 2: the weight -1 is negative or not a number
    """
    base = np.asarray(weights, dtype=np.float64)
    wrong = np.flatnonzero(~(base >= 0) | ~np.isfinite(base))
    if wrong.size:
        row = int(wrong[0])
        raise AnalysisError(
            "row {row}: the weight {weight} is negative or not a number", row=row + 1, weight=number(base[row])
        )
    for margin in margins:
        _check_weighted(base, margin)
    return base


def relative_error(totals: FloatArray, reached: FloatArray) -> float:
    """Largest relative difference between totals and what weights make of them.

    Examples
    --------
    >>> relative_error(np.array([100.0, 200.0]), np.array([100.0, 198.0]))
    0.010000000000000009
    """
    return float(np.abs(reached / totals - 1).max())


def _collapsed(
    matrix: ModelMatrix, base: FloatArray
) -> tuple[ModelMatrix, FloatArray, Callable[[FloatArray], FloatArray]]:
    """The same calibration on cells where there are only margins, and the way back to respondents."""
    if matrix.numeric.shape[1]:
        return matrix, base, lambda factors: factors
    crossing = cross(matrix.margins)
    small = matrix_of(tuple(map(on_cells, matrix.margins, crossing.codes)))
    return small, crossing.sums(base), lambda factors: factors[crossing.cell]


def _check_weighted(base: FloatArray, margin: Margin) -> None:
    if len(base) != len(margin.codes):
        raise AnalysisError(
            "{count} weights for {respondents} respondents: give each respondent one",
            count=len(base),
            respondents=len(margin.codes),
        )
    empty = np.flatnonzero(margin.sums(base) == 0)
    if empty.size:
        raise AnalysisError(
            "{level}: the weights of its respondents add up to zero, so no factor reaches its total {total}: "
            "merge it with a neighbouring level",
            level=margin.label(int(empty[0])),
            total=number(float(margin.totals[empty[0]])),
        )
