r"""Which dimension or item moves the overall satisfaction: weighted regression and Shapley's shares, with intervals.

Everything is a smooth function of the domain's second moments (:mod:`analysis.moments`), so that no second pass over
the rows is needed and its standard errors are the design's. Coefficients and their covariance equal
:func:`analysis.models.linear_regression`. They say how answers go together, not what would happen if something were
changed: a dimension may go with overall satisfaction because both follow from a third thing.

References
----------
.. [1] Fuller (1975), Regression analysis for sample survey, Sankhyā C 37, 117-132.
.. [2] Grömping (2007), Estimators of relative importance in linear regression based on variance decomposition,
   American Statistician 61, 139-147.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from analysis.collinearity import redundant, varying
from analysis.composites import EstimatedWeights
from analysis.errors import AnalysisError
from analysis.importance import decompose
from analysis.messages import N_
from analysis.moment_functions import (
    Linearised,
    linearise,
    linearised_by,
    means_and_covariances,
    restricted,
    through_covariances,
)
from analysis.results import Kind
from analysis.target import Effects

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from analysis.arrays import BoolArray
    from analysis.moments import Moments
    from analysis.results import Estimate

# An R² below this is rounding.
_NOTHING = 1e-12


class Undefined(StrEnum):
    """Why there are no drivers; each value is an English message to translate."""

    NONE = ""
    TOO_FEW = N_("Too few people answered every question to tell what moves their satisfaction")
    NO_SPREAD = N_("Everybody gave the same overall answer, so nothing can be said about what moves it")
    REDUNDANT = N_("Some questions got the same answer from everybody, or follow from the others")
    NOTHING_EXPLAINED = N_("The answers to these questions say nothing about the overall answer")


_REFUSALS = {
    Undefined.TOO_FEW: N_(
        "{respondents} people answered {outcome} and all {predictors} predictors, too few to tell these apart: "
        "take fewer predictors, or wait for more answers"
    ),
    Undefined.NO_SPREAD: N_("everybody gave {outcome} the same answer: nothing can be said about what moves it"),
    Undefined.REDUNDANT: N_("{names} is constant or told by the other predictors: leave it out"),
    Undefined.NOTHING_EXPLAINED: N_("{names} explain nothing of {outcome}: choose fixed weights instead"),
}


@dataclass(frozen=True, slots=True)
class Driver:
    """What one predictor has to do with the outcome.

    Attributes
    ----------
    name : str
    coefficient : Estimate
        By how much the outcome differs between respondents who differ by 1 in this predictor and agree in the others;
        negative where the data say so.
    standardised : Estimate
        The same in standard deviations of both.
    part : Estimate
        Of R², by Shapley's rule: 0 to 1.
    share : Estimate or None
        The part over R²; None where nothing is explained.
    """

    name: str
    coefficient: Estimate
    standardised: Estimate
    part: Estimate
    share: Estimate | None


@dataclass(frozen=True, slots=True)
class Drivers:
    """The drivers of one domain.

    Attributes
    ----------
    domain : object
        Its label; None for the whole.
    outcome : str
    respondents : int
        Who answered everything.
    intercept, r_squared : Estimate or None
    drivers : tuple of Driver
        In the order asked for; none where not defined.
    reason : Undefined
        Why not; also where R² is 0, so that only the shares are undefined.
    redundant : tuple of str
        The predictors that are constant, or told by those before them.
    """

    domain: Any
    outcome: str
    respondents: int
    intercept: Estimate | None
    r_squared: Estimate | None
    drivers: tuple[Driver, ...]
    reason: Undefined = Undefined.NONE
    redundant: tuple[str, ...] = ()


def drivers_by_domain(moments: Moments, *, outcome: str, predictors: Sequence[str]) -> list[Drivers]:
    """The drivers of each domain.

    Parameters
    ----------
    moments : Moments
        Of the outcome and the predictors, and possibly others; respondents are those who answered all of them.
    outcome : str
        The variable to explain: the overall question, or a dimension's score.
    predictors : sequence of str
        Twelve or fewer; beyond eight it takes long for many domains.

    Returns
    -------
    list of Drivers
        In the order of `moments.domains`. A domain where the regression has no answer says why. Degrees of freedom
        are PSUs less strata less predictors; without any left there are values but no standard errors.

    Raises
    ------
    AnalysisError
        A variable was not summed, no predictor is given, one is given twice, or there are too many.

    Examples
    --------
    >>> from analysis.moments import moments_from_rows
    >>> rows = {"overall": [5, 4, 3, 2, 5, 1, 4, 2], "staff": [5, 4, 3, 3, 4, 1, 5, 2],
    ...         "time": [4, 4, 2, 2, 5, 2, 3, 3]}
    >>> moments = moments_from_rows(rows, weights=[1] * 8, domain=["A"] * 8, stratum=["A"] * 8, psu=list(range(8)))
    >>> (agency,) = drivers_by_domain(moments, outcome="overall", predictors=["staff", "time"])
    >>> [(driver.name, round(driver.coefficient.value, 3), round(driver.share.value, 3)) for driver in agency.drivers]
    [('staff', 0.669, 0.566), ('time', 0.599, 0.434)]
    >>> round(agency.r_squared.value, 3)
    0.949
    """
    fit = _Fit(moments, outcome, predictors)
    return [fit.drivers(place) for place in range(len(moments.domains))]


def drivers_of_whole(moments: Moments, *, outcome: str, predictors: Sequence[str]) -> Drivers:
    """The drivers of everybody together: the province.

    Parameters
    ----------
    moments, outcome, predictors
        As in :func:`drivers_by_domain`.

    Returns
    -------
    Drivers
        With `domain` None.

    Raises
    ------
    AnalysisError
        As :func:`drivers_by_domain`.

    Examples
    --------
    See :func:`drivers_by_domain`.
    """
    (whole,) = drivers_by_domain(moments.whole(), outcome=outcome, predictors=predictors)
    return whole


def weights_from_drivers(moments: Moments, *, outcome: str, predictors: Sequence[str]) -> EstimatedWeights:
    """Weights of a composite in proportion to what its parts explain, everybody together.

    Parameters
    ----------
    moments, outcome, predictors
        As in :func:`drivers_by_domain`; the predictors are the parts of the composite, under their names.

    Returns
    -------
    EstimatedWeights
        Shares that add up to 1, with their covariance and their linearised values in every PSU of the design.

    Raises
    ------
    AnalysisError
        As :func:`drivers_by_domain`; also where the shares or their standard errors are not defined.

    Examples
    --------
    >>> from analysis.moments import moments_from_rows
    >>> rows = {"overall": [5, 4, 3, 2, 5, 1, 4, 2], "staff": [5, 4, 3, 3, 4, 1, 5, 2],
    ...         "time": [4, 4, 2, 2, 5, 2, 3, 3]}
    >>> moments = moments_from_rows(rows, weights=[1] * 8, domain=["A"] * 8, stratum=["A"] * 8, psu=list(range(8)))
    >>> weights = weights_from_drivers(moments, outcome="overall", predictors=["staff", "time"])
    >>> {name: round(share, 3) for name, share in weights.shares.items()}, weights.linearised.shape
    ({'staff': 0.566, 'time': 0.434}, (8, 2))
    """
    fit = _Fit(moments.whole(), outcome, predictors)
    fit.demand(shares=True)
    # Rounding may leave a part of nothing at -1e-18.
    shares = np.maximum(fit.shares.value[0], 0.0)
    return EstimatedWeights(
        shares=dict(zip(fit.predictors, shares.tolist(), strict=True)),
        covariance=fit.shares.covariance[0],
        psus=fit.moments.psus,
        linearised=fit.shares.of_psus(0),
    )


def effects_from_drivers(moments: Moments, *, outcome: str, predictors: Sequence[str]) -> tuple[Estimate, Effects]:
    """The outcome's mean and what the regression says each predictor adds to it, everybody together.

    Where the outcome is 1 for who is satisfied and 0 for who is not, and each predictor the share of a respondent's
    favourable answers, these are an index and its way to a target (:func:`analysis.target.way_to_target`).

    Parameters
    ----------
    moments, outcome, predictors
        As in :func:`drivers_by_domain`.

    Returns
    -------
    index : Estimate
        A share where the outcome is 0 or 1.
    effects : Effects
        The coefficients, with their covariance and that with the index.

    Raises
    ------
    AnalysisError
        As :func:`drivers_by_domain`; also where the coefficients or their standard errors are not defined.

    Examples
    --------
    >>> from analysis.moments import moments_from_rows
    >>> rows = {"overall": [1, 1, 0, 0, 1, 0, 1, 0], "staff": [1, 1, 0, 0.5, 1, 0, 0.5, 0.5]}
    >>> moments = moments_from_rows(rows, weights=[1] * 8, domain=["A"] * 8, stratum=["A"] * 8, psu=list(range(8)))
    >>> index, effects = effects_from_drivers(moments, outcome="overall", predictors=["staff"])
    >>> index.value, effects.values.round(3).tolist()
    (0.5, [1.026])
    """
    fit = _Fit(moments.whole(), outcome, predictors)
    fit.demand(shares=False)
    total = fit.totals[0]
    binary = bool(np.isclose(total[1, 1], total[0, 1], rtol=1e-12))
    index = fit.regression.estimate(0, 0, kind=Kind.SHARE if binary else Kind.MEAN)
    slopes = np.arange(2, 2 + len(fit.predictors))
    between = fit.regression.covariance[0]
    return cast("Estimate", index), Effects(
        names=fit.predictors,
        values=fit.regression.value[0, slopes],
        covariance=between[np.ix_(slopes, slopes)],
        with_index=between[0, slopes],
    )


class _Fit:
    """The regression and the decomposition of all domains."""

    def __init__(self, moments: Moments, outcome: str, predictors: Sequence[str]) -> None:
        _check(outcome, predictors)
        self.outcome, self.predictors = outcome, tuple(predictors)
        self.moments = restricted(moments, [outcome, *predictors])
        self.totals = self.moments.totals()
        self.redundant = redundant(self.totals)
        self.reasons = self._reasons()
        usable = np.array([reason is Undefined.NONE for reason in self.reasons], dtype=np.bool_)
        self.regression = linearise(self.moments, _regression, usable=usable)
        self.parts, self.shares = self._decomposition(usable)

    def _reasons(self) -> list[Undefined]:
        """Why a domain has no regression, the first reason that holds."""
        size = self.totals[:, 0, 0]
        answered = np.bincount(self.moments.domain, weights=self.moments.respondents, minlength=len(size))
        few = (answered <= len(self.predictors) + 1) | ~(size > 0)
        flat = ~varying(self.totals)[:, 0]
        tests: tuple[tuple[Undefined, BoolArray], ...] = (
            (Undefined.TOO_FEW, few),
            (Undefined.NO_SPREAD, flat),
            (Undefined.REDUNDANT, np.asarray(self.redundant.any(axis=1))),
        )
        return [next((reason for reason, holds in tests if holds[place]), Undefined.NONE) for place in range(len(size))]

    def _decomposition(self, usable: BoolArray) -> tuple[Linearised, Linearised]:
        """R² and its parts in one, the shares of it in the other."""
        identity = np.eye(self.totals.shape[-1])
        totals = np.where(usable[:, None, None], self.totals, identity)
        found = decompose(means_and_covariances(totals)[1])
        whole = found.r_squared[:, None]
        explained = usable[:, None] & (whole > _NOTHING)
        gradient = through_covariances(totals, found.gradient)
        of_whole = gradient.sum(axis=1, keepdims=True)
        shares = np.where(explained, found.parts / np.where(explained, whole, 1.0), np.nan)
        slope = (gradient - shares[..., None, None] * of_whole) / np.where(explained, whole, np.nan)[..., None, None]
        known = np.where(usable[:, None], np.concatenate([whole, found.parts], axis=1), np.nan)
        return (
            linearised_by(self.moments, known, np.concatenate([of_whole, gradient], axis=1)),
            linearised_by(self.moments, shares, slope),
        )

    def drivers(self, place: int) -> Drivers:
        """The result of one domain."""
        reason = self.reasons[place]
        undefined = reason is not Undefined.NONE
        nothing = not undefined and bool(np.isnan(self.shares.value[place, 0]))
        answered = self.moments.respondents[self.moments.domain == place].sum()
        return Drivers(
            domain=self.moments.domains[place],
            outcome=self.outcome,
            respondents=int(answered),
            intercept=self._coefficient(place, 1),
            r_squared=self.parts.estimate(place, 0, kind=Kind.SHARE, spent=len(self.predictors)),
            drivers=() if undefined else tuple(self._driver(place, each) for each in range(len(self.predictors))),
            reason=Undefined.NOTHING_EXPLAINED if nothing else reason,
            redundant=self._names(place) if reason is Undefined.REDUNDANT else (),
        )

    def _driver(self, place: int, predictor: int) -> Driver:
        spent = count = len(self.predictors)
        # The one share of a lone predictor is 1 by definition, not by what the answers happen to be.
        kind = Kind.SHARE if count > 1 else Kind.FUNCTION
        return Driver(
            name=self.predictors[predictor],
            coefficient=cast("Estimate", self._coefficient(place, 2 + predictor)),
            standardised=cast("Estimate", self._coefficient(place, 2 + count + predictor)),
            part=cast("Estimate", self.parts.estimate(place, 1 + predictor, kind=Kind.SHARE, spent=spent)),
            share=self.shares.estimate(place, predictor, kind=kind, spent=spent),
        )

    def _coefficient(self, place: int, column: int) -> Estimate | None:
        return self.regression.estimate(place, column, spent=len(self.predictors))

    def _names(self, place: int) -> tuple[str, ...]:
        return tuple(name for name, told in zip(self.predictors, self.redundant[place], strict=True) if told)

    def demand(self, *, shares: bool) -> None:
        """Refuse what the whole cannot answer."""
        found = self.drivers(0)
        if found.reason in _REFUSALS and (shares or found.reason is not Undefined.NOTHING_EXPLAINED):
            raise AnalysisError(
                _REFUSALS[found.reason],
                outcome=self.outcome,
                respondents=found.respondents,
                predictors=len(self.predictors),
                names=", ".join(found.redundant or self.predictors),
            )
        if found.drivers[0].coefficient.standard_error is None:
            raise AnalysisError(
                "the design has {freedom} PSUs more than strata, too few for {predictors} predictors: "
                "take fewer predictors",
                freedom=int(self.regression.degrees_of_freedom[0]),
                predictors=len(self.predictors),
            )


def _check(outcome: str, predictors: Sequence[str]) -> None:
    if not predictors:
        raise AnalysisError("no predictor of {outcome} is given: name one or more", outcome=outcome)
    twice = sorted({name for name in predictors if [outcome, *predictors].count(name) > 1})
    if twice:
        raise AnalysisError("{names} is named twice among outcome and predictors", names=", ".join(twice))


def _regression(products: NDArray[Any]) -> NDArray[Any]:
    """Mean of the outcome, intercept, coefficients, and standardised coefficients."""
    means, between = means_and_covariances(products)
    slopes = np.linalg.solve(between[:, 1:, 1:], between[:, 1:, :1])[..., 0]
    intercept = means[:, 0] - (means[:, 1:] * slopes).sum(axis=1)
    spread = np.sqrt(np.diagonal(between, axis1=1, axis2=2))
    return np.column_stack([means[:, 0], intercept, slopes, slopes * spread[:, 1:] / spread[:, :1]])
