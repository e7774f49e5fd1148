r"""Small areas: shares of agencies with few answers, helped by what all agencies share.

A Fay-Herriot model (:mod:`analysis.fay_herriot`) on the scale :math:`\arcsin\sqrt p` (:mod:`analysis.arcsine`). Its
results are not what people answered at an agency alone: wherever they appear they are labelled :data:`LABEL`, beside
the direct estimate and the weight that the model took from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeGuard

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit, logit, ndtri

from analysis.arcsine import QUARTER, limits_as_shares, to_angles, to_shares
from analysis.area_diagnostics import AreaDiagnostics, area_diagnostics
from analysis.errors import AnalysisError
from analysis.fay_herriot import FayHerriot, fay_herriot
from analysis.intervals import check_level
from analysis.messages import N_
from analysis.results import Basis, Estimate, Kind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike

    from analysis.area_variance import AreaVariance
    from analysis.arrays import BoolArray, FloatArray

# An English message id, translated at the edge.
LABEL = N_("Model-based estimate")

# An agency's own design effect counts by its degrees of freedom, that of all agencies as this many.
POOLED_FREEDOM = 10.0
_FEWEST_RESPONDENTS = 2
_FARTHEST = 700.0


@dataclass(frozen=True, slots=True)
class SmallArea:
    """The model-based share of one area, beside the direct one.

    Attributes
    ----------
    value : float
        From 0 to 1.
    standard_error : float
        Root of its mean squared error.
    low, high : float
        Its interval, from 0 to 1.
    direct, direct_error : float or None
        The direct estimate and its standard error; None where there is none.
    shrinkage : float
        How much weight the model took from the direct estimate: 0 keeps it, 1 leaves nothing of it.
    synthetic : bool
        No direct estimate with a standard error was there: the value is what similar areas would have.

    Examples
    --------
    See :func:`small_areas`.
    """

    value: float
    standard_error: float
    low: float
    high: float
    direct: float | None
    direct_error: float | None
    shrinkage: float
    synthetic: bool

    @property
    def label(self) -> str:
        """What must be said wherever the value appears, as a message to translate."""
        return LABEL


@dataclass(frozen=True, slots=True)
class SmallAreaModel:
    """The areas and the model they come from.

    Attributes
    ----------
    areas : tuple of SmallArea
        In the order of the estimates.
    coefficients, coefficient_errors : mapping of str to float
        On the scale of angles, the intercept first.
    area_variance : AreaVariance
        On the scale of angles.
    design_effect : float
        The pooled one that steadies those of small areas.
    diagnostics : AreaDiagnostics
    confidence_level : float

    Examples
    --------
    See :func:`small_areas`.
    """

    areas: tuple[SmallArea, ...]
    coefficients: Mapping[str, float]
    coefficient_errors: Mapping[str, float]
    area_variance: AreaVariance
    design_effect: float
    diagnostics: AreaDiagnostics
    confidence_level: float


def small_areas(
    estimates: Sequence[Estimate | None],
    *,
    covariates: Mapping[str, ArrayLike] | None = None,
    confidence_level: float = 0.95,
) -> SmallAreaModel:
    """Model-based shares of all areas.

    Parameters
    ----------
    estimates : sequence of Estimate or None
        Shares; None where nobody answered. One without a standard error counts as None.
    covariates : mapping of str to array_like of float, optional
        One value an area, known for all of them.
    confidence_level : float

    Returns
    -------
    SmallAreaModel

    Raises
    ------
    AnalysisError
        Not shares, too few areas with an estimate, or covariates that cannot be used; see
        :func:`analysis.fay_herriot.fay_herriot`.

    References
    ----------
    .. [1] Fay & Herriot (1979), JASA 74, 269-277.
    .. [2] Hadam, Würz & Kreutzmann (2020), Estimating regional unemployment with mobile network data for functional
       urban areas in Germany, Discussion paper, Freie Universität Berlin.

    Examples
    --------
    >>> def share(value, respondents):
    ...     error = (value * (1 - value) / respondents) ** 0.5
    ...     return Estimate(value=value, standard_error=error, degrees_of_freedom=respondents - 1,
    ...                     respondents=respondents, sum_weights=float(respondents), kind=Kind.SHARE)
    >>> values = [0.95, 0.6, 0.9, 0.85, 0.7, 0.8]
    >>> model = small_areas([*(share(value, 100) for value in values), share(0.5, 8), None])
    >>> small = model.areas[6]
    >>> round(small.direct, 3), round(small.value, 3), round(small.shrinkage, 2)
    (0.5, 0.65, 0.53)
    >>> nobody = model.areas[7]
    >>> nobody.synthetic, round(nobody.value, 2), round(nobody.low, 2), round(nobody.high, 2)
    (True, 0.77, 0.17, 1.0)
    """
    check_level(confidence_level)
    direct = _Direct(estimates)
    fit = _fit(direct, covariates)
    return SmallAreaModel(
        areas=tuple(_areas(fit, estimates, confidence_level)),
        coefficients=dict(zip(fit.names, fit.coefficients.tolist(), strict=True)),
        coefficient_errors=dict(zip(fit.names, fit.coefficient_errors.tolist(), strict=True)),
        area_variance=fit.area_variance,
        design_effect=direct.pooled_effect,
        diagnostics=area_diagnostics(fit),
        confidence_level=confidence_level,
    )


def benchmarked(areas: Sequence[SmallArea], *, sizes: ArrayLike, total: float) -> tuple[float, ...]:
    """Model-based shares moved so that their mean is the direct estimate of the whole.

    All odds are multiplied by the same factor, so that the order stays and no share leaves 0 to 1. For a table that has
    to add up: the moved values are reported apart, the model's remain the estimates.

    Parameters
    ----------
    areas : sequence of SmallArea
    sizes : array_like of float
        How much each area counts in the whole.
    total : float
        The share of the whole, strictly between 0 and 1.

    Returns
    -------
    tuple of float

    Raises
    ------
    AnalysisError
        Sizes that do not fit, or a total of 0 or 1.

    Examples
    --------
    >>> areas = [SmallArea(value=value, standard_error=0.05, low=0.0, high=1.0, direct=None, direct_error=None,
    ...                    shrinkage=1.0, synthetic=True) for value in (0.8, 0.9)]
    >>> [round(value, 4) for value in benchmarked(areas, sizes=[100, 300], total=0.85)]
    [0.7633, 0.8789]
    """
    weights = np.asarray(sizes, dtype=np.float64)
    if weights.shape != (len(areas),) or not (weights >= 0).all() or not 0 < weights.sum() < np.inf:
        raise AnalysisError(
            "the sizes of {areas} areas must be as many numbers of 0 or more, not all 0", areas=len(areas)
        )
    if not 0 < total < 1:
        raise AnalysisError("areas cannot be moved to a total of {total}: it must be between 0 and 1", total=total)
    logits = logit(np.array([area.value for area in areas]))

    def excess(shift: float) -> float:
        return float(np.average(expit(logits + shift), weights=weights) - total)

    return tuple(expit(logits + brentq(excess, -_FARTHEST, _FARTHEST)).tolist())


class _Direct:
    """The estimates as arrays, and their effective samples with steadied design effects."""

    def __init__(self, estimates: Sequence[Estimate | None]) -> None:
        for area, estimate in enumerate(estimates):
            if estimate is not None and estimate.kind is not Kind.SHARE:
                raise AnalysisError(
                    "area {area}: small areas are modelled as shares, not as a {kind}",
                    area=area + 1,
                    kind=str(estimate.kind),
                )
        self.areas = len(estimates)
        self.known = np.array([_is_usable(each) for each in estimates], dtype=np.bool_)
        found = [each for each in estimates if _is_usable(each)]
        self.share = np.array([each.value for each in found])
        self.variance = np.array([each.variance for each in found], dtype=np.float64)
        self.respondents = np.array([each.respondents for each in found], dtype=np.float64)
        self.freedom = np.array([max(each.degrees_of_freedom, 0.0) for each in found])
        self.clustered = np.array([each.basis in {Basis.CLUSTERS, Basis.REPLICATES} for each in found], dtype=np.bool_)
        self.pooled_effect = self._pooled_effect()

    def _pooled_effect(self) -> float:
        """One ratio of sums: single ratios of a small area are mostly noise, and biased near 1."""
        shows = self._shows_clusters()
        binomial = np.sum((self.freedom * self.share * (1 - self.share))[shows])
        return float(np.sum((self.freedom * self.respondents * self.variance)[shows]) / binomial) if binomial else 1.0

    def _shows_clusters(self) -> BoolArray:
        # Where respondents stood in for clusters the variance is a lower bound; used where there is nothing else.
        return self.clustered if self.clustered.any() else np.ones_like(self.clustered)

    def effective(self) -> FloatArray:
        """Respondents over a design effect, each area's own steadied by the pooled one."""
        binomial = self.share * (1 - self.share)
        own = np.divide(self.respondents * self.variance, binomial, out=np.ones_like(binomial), where=binomial > 0)
        weight = np.where(self._shows_clusters() & (own > 0) & (binomial > 0), self.freedom, 0.0)
        effect = (weight * own + POOLED_FREEDOM * self.pooled_effect) / (weight + POOLED_FREEDOM)
        found: FloatArray = self.respondents / effect
        return found

    def centre(self, effective: FloatArray) -> FloatArray:
        """The angle of the common share, kept from the ends by half an answer."""
        share = (effective @ self.share + 0.5) / (effective.sum() + 1)
        return np.full(self.share.shape, np.arcsin(np.sqrt(share)))


def _is_usable(estimate: Estimate | None) -> TypeGuard[Estimate]:
    """Whether an estimate says anything of its own uncertainty; else the area's value is synthetic."""
    return estimate is not None and estimate.standard_error is not None and estimate.respondents >= _FEWEST_RESPONDENTS


def _fit(direct: _Direct, covariates: Mapping[str, ArrayLike] | None) -> FayHerriot:
    """The model on angles around the common share, then with covariates around what these say of each area."""
    effective = direct.effective()
    fit = _fit_around(direct, effective, direct.centre(effective), covariates)
    if covariates:
        fit = _fit_around(direct, effective, fit.regression[direct.known], covariates)
    return fit


def _fit_around(
    direct: _Direct, effective: FloatArray, centre: FloatArray, covariates: Mapping[str, ArrayLike] | None
) -> FayHerriot:
    angles, variances = np.full(direct.areas, np.nan), np.full(direct.areas, np.nan)
    angles[direct.known], variances[direct.known] = to_angles(direct.share, effective, centre)
    return fay_herriot(angles, variances, covariates=covariates)


def _areas(fit: FayHerriot, estimates: Sequence[Estimate | None], confidence_level: float) -> list[SmallArea]:
    # A regression line may leave the quarter circle, where the sine would turn back.
    angles = np.clip(fit.prediction, 0, QUARTER)
    values, errors = to_shares(angles, fit.mean_squared_error)
    half = ndtri((1 + confidence_level) / 2) * np.sqrt(fit.averaged_variance)
    low, high = limits_as_shares(angles - half, angles + half)
    return [
        SmallArea(
            value=float(values[place]),
            standard_error=float(errors[place]),
            low=float(low[place]),
            high=float(high[place]),
            direct=None if estimate is None else estimate.value,
            direct_error=None if estimate is None else estimate.standard_error,
            shrinkage=float(1 - fit.direct_weight[place]),
            synthetic=bool(fit.synthetic[place]),
        )
        for place, estimate in enumerate(estimates)
    ]
