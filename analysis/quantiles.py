r"""Weighted quantiles by R's twelve rules, with Woodruff's intervals.

The interval of a quantile is that of the share of answers up to it, read back through the same rule: the limits of the
share :math:`\hat F(\hat q)` at the design's variance become quantiles themselves.

References
----------
.. [1] Woodruff (1952), Confidence intervals for medians and other position measures, JASA 47, 635-646.
.. [2] Hyndman & Fan (1996), Sample quantiles in statistical packages, American Statistician 50, 361-365.
.. [3] Shah & Vaish (2006), Confidence intervals for quantile estimation from complex survey data, ASA Proceedings.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from analysis import columns, intervals
from analysis.design import check_choice
from analysis.domains import domains, named
from analysis.errors import AnalysisError
from analysis.replicates import ReplicateDesign
from analysis.results import Basis, Estimate, Interval, Kind
from analysis.rules import RULES, Ordered
from analysis.statistic import Ratio
from analysis.tables import Estimates, Label

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike

    from analysis.arrays import BoolArray, FloatArray
    from analysis.domains import By, Variables
    from analysis.estimates import Design

# How the share of answers up to the quantile gets its interval, by R's names.
WOODRUFF: Mapping[str, str] = {"mean": "t", "beta": "beta", "xlogit": "logit", "asin": "asin"}
INTERVALS = (*WOODRUFF, "quantile")


@dataclass(frozen=True, slots=True)
class QuantileEstimate(Estimate):
    """A quantile; its interval is not symmetric and was found with it.

    Attributes
    ----------
    limits : Interval or None
        At the level that was asked for.
    """

    limits: Interval | None = None

    def interval(self, *, confidence_level: float | None = None, method: str | None = None) -> Interval:
        """The limits that were found with the estimate.

        Parameters
        ----------
        confidence_level : float, optional
            No other than was asked for then.
        method : str, optional
            Without effect.

        Returns
        -------
        Interval

        Raises
        ------
        AnalysisError
            Another level: the interval of a quantile needs the data.
        """
        del method
        found = self.limits
        if found is None or confidence_level not in {None, found.confidence_level}:
            raise AnalysisError(
                "ask for the confidence level {level} when estimating the quantile", level=confidence_level
            )
        return found


def quantile(
    design: Design,
    values: Variables,
    probabilities: ArrayLike,
    *,
    rule: str = "math",
    interval: str = "mean",
    confidence_level: float = 0.95,
    by: By | None = None,
    where: ArrayLike | None = None,
) -> Estimates:
    """Weighted quantiles.

    Parameters
    ----------
    design : SurveyDesign or ReplicateDesign
    values : array_like of float, shape (n,), or mapping of str to such
        NaN or masked where there is no answer.
    probabilities : array_like of float
        Between 0 and 1.
    rule : str
        R's ``qrule``: "math" (the inverse of the distribution function), "school", "shahvaish", "hf1" to "hf9".
    interval : str
        R's ``interval.type``: "mean", "beta", "xlogit" or "asin" (Woodruff's), or "quantile" for replicate designs.
    confidence_level : float
    by, where
        As in :func:`analysis.estimates.mean`.

    Returns
    -------
    Estimates
        Of :class:`QuantileEstimate`, variable by variable, domain by domain, probability by probability; the label's
        level is the probability. Covariances between quantiles are not known (NaN).

    Raises
    ------
    AnalysisError
        An unknown rule or interval, or a probability that is none.

    Examples
    --------
    >>> from analysis.design import SurveyDesign
    >>> design = SurveyDesign.from_columns(np.ones(9))
    >>> found = quantile(design, np.arange(9.0), 0.5)[0]
    >>> found.value, found.interval().low, found.interval().high
    (4.0, 1.0, 8.0)
    """
    check_choice("rule", rule, tuple(RULES))
    check_choice("interval", interval, INTERVALS)
    intervals.check_level(confidence_level)
    if interval == "quantile" and not isinstance(design, ReplicateDesign):
        raise AnalysisError("the interval quantile needs replicate weights: choose mean, beta, xlogit or asin")
    asked = Asked(rule, interval, confidence_level)
    labels, found = [], []
    for name, one in named(values):
        x = columns.numbers(name, one, rows=len(design.weights))
        for domain in domains(by, where, rows=len(x)):
            sample = Sample(design, x, domain.members & ~np.isnan(x) & (design.weights > 0))
            for p in _probabilities(probabilities):
                labels.append(Label(name, p, domain.label))
                found.append(sample.quantile(p, asked))
    errors = [np.nan if one is None or one.standard_error is None else one.standard_error**2 for one in found]
    covariance = np.full((len(found), len(found)), np.nan)
    np.fill_diagonal(covariance, errors)
    return Estimates(tuple(labels), tuple(found), covariance, float(design.degrees_of_freedom()))


@dataclass(frozen=True, slots=True)
class Asked:
    """How quantiles are to be found."""

    rule: str
    interval: str
    confidence_level: float


class Sample:
    """The answers of one variable in one domain; assumes arguments already checked."""

    def __init__(self, design: Design, x: FloatArray, inside: BoolArray) -> None:
        self.design = design
        self.x = x
        self.inside = inside
        self.ordered = Ordered(x[inside], design.weights[inside]) if inside.any() else None

    def quantile(self, p: float, asked: Asked) -> QuantileEstimate | None:
        """One quantile with its interval; None where nobody answered."""
        if self.ordered is None:
            return None
        value = RULES[asked.rule](self.ordered, p)
        freedom = float(self.design.degrees_of_freedom(self.inside))
        t = float(intervals.t_quantile(freedom, confidence_level=asked.confidence_level))
        if asked.interval == "quantile":
            low, high = self._by_replicates(value, p, asked, t=t)
        else:
            low, high = self._woodruff(value, asked, freedom=freedom)
        error = (high - low) / (2 * t) if np.isfinite(t) else None
        weights = self.design.weights[self.inside]
        return QuantileEstimate(
            value=value,
            standard_error=error,
            degrees_of_freedom=freedom,
            respondents=len(weights),
            sum_weights=float(weights.sum()),
            kind=Kind.QUANTILE,
            basis=Basis.REPLICATES if isinstance(self.design, ReplicateDesign) else Basis.CLUSTERS,
            limits=Interval(low, high, asked.confidence_level, asked.interval),
        )

    def _woodruff(self, value: float, asked: Asked, *, freedom: float) -> tuple[float, float]:
        """Limits of the share up to the quantile, read back; beyond 0 and 1 they are the extremes."""
        below = np.where(self.inside, self.x <= value, False).astype(np.float64)[:, None]
        members = self.inside[:, None]
        statistic = Ratio(below, members.astype(np.float64), members)
        _, (variance,) = self.design.covariances(statistic)
        low, high = intervals.limits(
            statistic.values(self.design.weights),
            [np.sqrt(max(variance, 0.0))],
            degrees_of_freedom=freedom,
            respondents=int(self.inside.sum()),
            confidence_level=asked.confidence_level,
            method=WOODRUFF[asked.interval],
        )
        assert self.ordered is not None  # noqa: S101 - quantile() has seen to it
        read = RULES[asked.rule]
        return read(self.ordered, max(float(low[0]), 0.0)), read(self.ordered, min(float(high[0]), 1.0))

    def _by_replicates(self, value: float, p: float, asked: Asked, *, t: float) -> tuple[float, float]:
        """The quantile under each set of replicate weights, and a t interval about the estimate."""
        design = self.design
        assert isinstance(design, ReplicateDesign)  # noqa: S101 - quantile() has seen to it
        rule = RULES[asked.rule]
        replicated = [rule(Ordered(self.x[self.inside], weights), p) for weights in design.replicates[self.inside].T]
        variance = design.spread(np.array(replicated)[:, None], np.array([value]))[0, 0]
        half = t * float(np.sqrt(variance))
        return value - half, value + half


def _probabilities(given: ArrayLike) -> list[float]:
    found = np.atleast_1d(np.asarray(given, dtype=np.float64))
    wrong = found[~((found >= 0) & (found <= 1))]
    if len(wrong):
        raise AnalysisError("the probability {p} of a quantile is not between 0 and 1", p=float(wrong[0]))
    return [float(p) for p in found]
