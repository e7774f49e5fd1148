"""Weights from the draw to the estimate: unknown eligibility, non-response, calibration, trimming, one recipe for all.

The recipe takes weights and gives weights, so that every set of replicate weights goes through the very same steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from analysis.calibration import kish_design_effect
from analysis.dispositions import RESPONDENT
from analysis.errors import AnalysisError
from analysis.nonresponse import allocate_unknown
from analysis.trimming import trim_weights

if TYPE_CHECKING:
    from collections.abc import Callable

    from analysis.arrays import FloatArray, IntArray
    from analysis.calibration import Calibration
    from analysis.trimming import Trimming
    from analysis.weighting_classes import Classes


@dataclass(frozen=True, slots=True, eq=False)
class Recipe:
    """The steps that turn base weights of everybody drawn into weights of those who answered.

    Attributes
    ----------
    outcome : ndarray of int, shape (n,)
        Positions in :data:`analysis.dispositions.OUTCOMES`.
    classes : Classes
        Within which the weights of the unknown are shared out.
    respond : callable
        Weights after that to weights of respondents, zero for the others, all of shape (n,).
    calibrate : callable, optional
        Weights of the respondents, shape (respondents,), to :class:`analysis.calibration.Calibration`.
    trim : tuple of float, optional
        Smallest and largest weight.
    """

    outcome: IntArray
    classes: Classes
    respond: Callable[[FloatArray], FloatArray]
    calibrate: Callable[[FloatArray], Calibration] | None = None
    trim: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Weighting:
    """Weights of the respondents after each step; a step that was not asked for is None.

    Attributes
    ----------
    base, nonresponse : ndarray of float, shape (respondents,)
    calibration : Calibration, optional
    trimming : Trimming, optional
    """

    base: FloatArray
    nonresponse: FloatArray
    calibration: Calibration | None
    trimming: Trimming | None

    @property
    def steps(self) -> dict[str, FloatArray]:
        """The weights by the name of the step, in order."""
        found = {"base": self.base, "nonresponse": self.nonresponse}
        if self.calibration is not None:
            found["calibrated"] = self.calibration.weights
        if self.trimming is not None:
            found["trimmed"] = self.trimming.weights
        return found

    @property
    def final(self) -> FloatArray:
        """The weights after the last step."""
        return list(self.steps.values())[-1]


def weigh(base: FloatArray, recipe: Recipe) -> Weighting:
    """Take base weights through all steps.

    Parameters
    ----------
    base : ndarray of float, shape (n,)
        Inverse inclusion probabilities of everybody drawn, or a set of replicate weights.
    recipe : Recipe

    Returns
    -------
    Weighting

    Raises
    ------
    AnalysisError
        What a step raises; also if nobody answered.

    Examples
    --------
    >>> from analysis.nonresponse import adjust_in_classes
    >>> from analysis.weighting_classes import weighting_classes
    >>> outcome, classes = np.array([0, 0, 1]), weighting_classes({}, rows=3)
    >>> recipe = Recipe(outcome, classes, lambda weights: adjust_in_classes(weights, outcome, classes))
    >>> weigh(np.array([2.0, 4.0, 3.0]), recipe).final.tolist()
    [3.0, 6.0]
    """
    answered = recipe.outcome == RESPONDENT
    if not answered.any():
        raise AnalysisError("nobody drawn is a respondent: there is nobody to give a weight to")
    adjusted = recipe.respond(allocate_unknown(base, recipe.outcome, recipe.classes))[answered]
    calibration = recipe.calibrate(adjusted) if recipe.calibrate else None
    before = adjusted if calibration is None else calibration.weights
    trimming = None
    if recipe.trim is not None:
        lower, upper = recipe.trim
        trimming = trim_weights(before, lower=lower, upper=upper, strict=True)
    return Weighting(base[answered], adjusted, calibration, trimming)


def weigh_replicates(replicates: FloatArray, recipe: Recipe) -> FloatArray:
    """Take each column of replicate base weights through all steps, as the full sample went.

    Parameters
    ----------
    replicates : ndarray of float, shape (n, replicates)
        Of everybody drawn.
    recipe : Recipe

    Returns
    -------
    ndarray of float, shape (respondents, replicates)

    Raises
    ------
    AnalysisError
        What a step raises, with the number of the replicate.
    """
    made = np.empty((int((recipe.outcome == RESPONDENT).sum()), replicates.shape[1]))
    for place in range(replicates.shape[1]):
        try:
            made[:, place] = weigh(np.ascontiguousarray(replicates[:, place]), recipe).final
        except AnalysisError as error:
            raise AnalysisError("replicate {replicate}: {reason}", replicate=place + 1, reason=str(error)) from error
    return made


@dataclass(frozen=True, slots=True)
class WeightDistribution:
    """How weights are spread.

    Attributes
    ----------
    n : int
    total, smallest, lower_quartile, median, upper_quartile, largest : float
    variation : float
        Standard deviation over mean.
    design_effect : float
        Kish's, 1 + variation².
    """

    n: int
    total: float
    smallest: float
    lower_quartile: float
    median: float
    upper_quartile: float
    largest: float
    variation: float
    design_effect: float


def weight_distribution(weights: FloatArray) -> WeightDistribution:
    r"""Describe weights, with Kish's design effect :math:`1 + cv^2` of all of them.

    Parameters
    ----------
    weights : ndarray of float, shape (n,)

    Returns
    -------
    WeightDistribution

    References
    ----------
    .. [1] Kish (1992), Weighting for unequal Pi, Journal of Official Statistics 8(2), 183-200.

    Examples
    --------
    >>> weight_distribution(np.array([1.0, 1.0, 4.0])).design_effect
    1.5
    """
    smallest, lower, median, upper, largest = np.quantile(weights, [0, 0.25, 0.5, 0.75, 1]).tolist()
    return WeightDistribution(
        n=len(weights),
        total=float(weights.sum()),
        smallest=smallest,
        lower_quartile=lower,
        median=median,
        upper_quartile=upper,
        largest=largest,
        variation=float(weights.std() / weights.mean()),
        design_effect=kish_design_effect(weights),
    )
