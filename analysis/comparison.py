r"""Differences: agency against agency, wave against wave, an estimate against a fixed target.

The interval of a difference :math:`d = \hat p_1 - \hat p_2` is put together from those of the two estimates (MOVER: the
method of variance estimates recovery). With the limits :math:`l_k, u_k` of each,

.. math:: L = d - c \sqrt{(\hat p_1 - l_1)^2 + (u_2 - \hat p_2)^2}, \qquad
          U = d + c \sqrt{(u_1 - \hat p_1)^2 + (\hat p_2 - l_2)^2},

with :math:`c^2 = (V_1 + V_2 - 2C) / (V_1 + V_2)`, which is 1 unless the samples share PSUs. The p-value is the level at
which the interval just touches 0, so that the two never contradict one another. docs/methods.md, "Differences", tells
how often the interval covers.

References
----------
.. [1] Newcombe (1998), Interval estimation for the difference between independent proportions: comparison of eleven
   methods, Statistics in Medicine 17, 873-890 (his method 10, with Wilson's limits).
.. [2] Zou & Donner (2008), Construction of confidence limits about effect measures: a general approach, Statistics in
   Medicine 27, 1693-1702.
.. [3] Satterthwaite (1946), An approximate distribution of estimates of variance components, Biometrics Bulletin 2,
   110-114.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import exp, hypot, inf, isfinite, log, sqrt
from typing import TYPE_CHECKING

from scipy.optimize import brentq
from scipy.special import stdtr, stdtrit

from analysis.errors import AnalysisError
from analysis.intervals import DEFAULT_SHARE_METHOD, check_level, t_quantile
from analysis.results import Estimate, Interval, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    # How far an estimate may be wrong downwards and upwards, at the t quantile t.
    Reach = Callable[[float], tuple[float, float]]

# Student's t has no smaller tail that floating point can tell from none.
_SMALLEST_TAIL = 1e-300
# A covariance may exceed what the variances allow by as much as rounding does.
_ROUNDING = 1e-9
# What is left of a covariance of nothing.
_NOTHING = 1e-15


@dataclass(frozen=True, slots=True)
class Difference:
    """The first estimate less the second. Made by :func:`difference`.

    Attributes
    ----------
    value : float
        In the unit of the estimates; of shares between -1 and 1.
    standard_error : float or None
        Linearised; None where one of the estimates has none (a single respondent).
    degrees_of_freedom : float
        Satterthwaite's, of both variances together.
    p_value : float or None
        Two-sided, that the population has no difference: below a level exactly where the interval at one less that
        level leaves out 0. None where nothing is known about the size of the error.
    first : Estimate
    second : Estimate or float
        What it is compared to; a number is a fixed target.
    covariance : float
        Between the two, 0 where they share no PSU.

    Examples
    --------
    See :func:`difference`.
    """

    value: float
    standard_error: float | None
    degrees_of_freedom: float
    p_value: float | None
    first: Estimate
    second: Estimate | float
    covariance: float = 0.0

    @property
    def respondents(self) -> tuple[int, ...]:
        """Of each estimate; a target has none."""
        return tuple(each.respondents for each in (self.first, self.second) if isinstance(each, Estimate))

    def interval(self, *, confidence_level: float = 0.95) -> Interval:
        """Confidence limits, in the unit of the difference.

        Against a target they are those of :meth:`analysis.results.Estimate.interval` less the target. A difference
        about which nothing is known has the whole range.

        Parameters
        ----------
        confidence_level : float
            Between 0 and 1.

        Returns
        -------
        Interval
            Its method is "mover" for two shares, that of the estimate against a target, and "t" for anything else.

        Raises
        ------
        AnalysisError
            The level is not one.
        """
        check_level(confidence_level)
        t = float(t_quantile(self.degrees_of_freedom, confidence_level=confidence_level))
        below, above = _combined(self)(t)
        low, high = self.value - below, self.value + above
        if self.first.kind is not Kind.SHARE:
            return Interval(low, high, confidence_level, "t")
        method = "mover" if isinstance(self.second, Estimate) else DEFAULT_SHARE_METHOD
        return Interval(max(low, -1.0), min(high, 1.0), confidence_level, method)


def difference(first: Estimate, second: Estimate | float, *, covariance: float = 0.0) -> Difference:
    """Compare two estimates, or an estimate with a fixed target.

    Parameters
    ----------
    first : Estimate
        An agency, or the later wave.
    second : Estimate or float
        What it is compared to: another agency, the earlier wave, or a fixed number such as 0.86.
    covariance : float
        Between the two estimates where their samples share PSUs (:func:`analysis.overlap.wave_covariance`,
        :func:`analysis.overlap.domain_covariance`). The degrees of freedom are then the smaller of the two, since
        shared PSUs must not count twice.

    Returns
    -------
    Difference

    Raises
    ------
    AnalysisError
        The estimates are of different kinds, the covariance is larger than the standard errors allow, or the target
        of a share is not from 0 to 1.

    References
    ----------
    .. [1] Zou & Donner (2008), Statistics in Medicine 27, 1693-1702.

    Examples
    --------
    Newcombe's example, 56 of 70 against 48 of 80, as simple random samples and with logit limits in place of
    Wilson's (whose interval is 0.0524 to 0.3339):

    >>> import math
    >>> one = Estimate(0.8, math.sqrt(0.8 * 0.2 / 70), math.inf, 70, 70.0, kind=Kind.SHARE)
    >>> other = Estimate(0.6, math.sqrt(0.6 * 0.4 / 80), math.inf, 80, 80.0, kind=Kind.SHARE)
    >>> found = difference(one, other)
    >>> limits = found.interval()
    >>> round(found.value, 4), round(limits.low, 4), round(limits.high, 4), round(found.p_value, 4)
    (0.2, 0.0506, 0.3351, 0.0096)
    >>> difference(one, 0.86).p_value > 0.05
    True
    """
    covariance = 0.0 if abs(covariance) <= _NOTHING else covariance
    _check(first, second, covariance)
    value = first.value - (second.value if isinstance(second, Estimate) else second)
    freedom = _freedom(first, second, covariance)
    made = Difference(value, _error(first, second, covariance), freedom, None, first, second, covariance)
    return replace(made, p_value=_p_value(made))


def satterthwaite(variances: Iterable[float], degrees_of_freedom: Iterable[float]) -> float:
    """Degrees of freedom of a sum of independent variance estimates.

    Parameters
    ----------
    variances : iterable of float
    degrees_of_freedom : iterable of float
        Of each, above 0; infinite ones count as known variances.

    Returns
    -------
    float
        0 where all variances are 0.

    References
    ----------
    .. [1] Satterthwaite (1946), Biometrics Bulletin 2, 110-114.

    Examples
    --------
    >>> satterthwaite([1.0, 1.0], [10, 10]), satterthwaite([1.0, 0.0], [10, 3])
    (20.0, 10.0)
    """
    pairs = [(variance, freedom) for variance, freedom in zip(variances, degrees_of_freedom, strict=True)]
    total = sum(variance for variance, _ in pairs)
    if total <= 0:
        return 0.0
    # Shares of the total, whose squares neither underflow nor overflow.
    spread = sum((variance / total) ** 2 / freedom for variance, freedom in pairs if variance > 0)
    return 1 / spread if spread > 0 else inf


def cautious_variance(estimate: Estimate) -> float:
    r"""The variance, and of a share that everybody agrees on one that is not 0.

    A share of 0 or 1 has a standard error of 0, which is no certainty: among n respondents it is put to
    :math:`\tilde p (1 - \tilde p) / n` with :math:`\tilde p = (n + 1/2) / (n + 1)`, the mean of Jeffreys' posterior.

    Parameters
    ----------
    estimate : Estimate
        With a standard error.

    Returns
    -------
    float

    Examples
    --------
    >>> round(cautious_variance(Estimate(1.0, 0.0, 9, 10, 10.0, kind=Kind.SHARE)), 6)
    0.004339
    """
    if not _at_edge(estimate):
        return estimate.variance or 0.0
    number = estimate.respondents
    share = (number + 0.5) / (number + 1)
    return share * (1 - share) / number


def _check(first: Estimate, second: Estimate | float, covariance: float) -> None:
    if not isinstance(second, Estimate):
        _check_target(first.kind, second)
        return
    if first.kind is not second.kind:
        raise AnalysisError(
            "a {first} cannot be compared to a {second}: compare estimates of one kind",
            first=str(first.kind),
            second=str(second.kind),
        )
    most = (first.standard_error or 0.0) * (second.standard_error or 0.0)
    # Written so that NaN is refused too.
    if not abs(covariance) <= most * (1 + _ROUNDING):
        raise AnalysisError(
            "the covariance {covariance} is more than the standard errors {first} and {second} allow: take it from "
            "the same cells as the estimates",
            covariance=covariance,
            first=first.standard_error,
            second=second.standard_error,
        )


def _check_target(kind: Kind, target: float) -> None:
    if not isfinite(target):
        raise AnalysisError("the target {target} is not a number", target=target)
    if kind is Kind.SHARE and not 0 <= target <= 1:
        raise AnalysisError(
            "the target {target} of a share is not from 0 to 1: for 86% give 0.86, not 86", target=target
        )


def _known(estimate: Estimate) -> bool:
    return estimate.standard_error is not None and estimate.degrees_of_freedom > 0


def _at_edge(estimate: Estimate) -> bool:
    return estimate.kind is Kind.SHARE and not 0 < estimate.value < 1


def _error(first: Estimate, second: Estimate | float, covariance: float) -> float | None:
    variances = [each.variance if _known(each) else None for each in (first, second) if isinstance(each, Estimate)]
    known = [variance for variance in variances if variance is not None]
    if len(known) < len(variances):
        return None
    return sqrt(max(sum(known) - 2 * covariance, 0.0))


def _freedom(first: Estimate, second: Estimate | float, covariance: float) -> float:
    estimates = [each for each in (first, second) if isinstance(each, Estimate)]
    if not all(_known(each) for each in estimates):
        return 0.0
    freedoms = [each.degrees_of_freedom for each in estimates]
    if covariance or len(estimates) == 1:
        return min(freedoms)
    # Where no estimate has any spread there is no test, whatever the degrees of freedom.
    return satterthwaite([cautious_variance(each) for each in estimates], freedoms) or min(freedoms)


def _p_value(found: Difference) -> float | None:
    """Twice the tail beyond the t at which the interval first reaches 0."""
    combined, gap = _combined(found), abs(found.value)
    side = 0 if found.value > 0 else 1
    if found.degrees_of_freedom <= 0 or not isfinite(combined(1.0)[side]):
        return None

    # One dissatisfied citizen rules out that all are satisfied: no logit interval reaches 0 or 1.
    if found.second in (0.0, 1.0) and found.first.kind is Kind.SHARE and not _at_edge(found.first):
        return 0.0

    def overlap(t: float) -> float:
        return combined(t)[side] - gap

    # The limit of a unanimous share is not the share itself even at the level 0.
    if overlap(0.0) >= 0:
        return 1.0
    furthest = 1.0
    while overlap(furthest) < 0:
        furthest *= 2
        if not isfinite(furthest):
            return 0.0
    return float(2 * stdtr(found.degrees_of_freedom, -brentq(overlap, 0.0, furthest, xtol=1e-13)))


def _combined(found: Difference) -> Reach:
    """How far the difference may be wrong downwards and upwards; it grows with t, whatever the estimates."""
    freedom = found.degrees_of_freedom
    one = _reach(found.first, freedom)
    if not isinstance(found.second, Estimate):
        return one if _spreads(found.first) else _anywhere
    if not (_spreads(found.first) or _spreads(found.second)):
        return _anywhere
    other = _reach(found.second, freedom)
    shared = _shared(found.first, found.second, found.covariance)

    def both(t: float) -> tuple[float, float]:
        (below, above), (second_below, second_above) = one(t), other(t)
        return shared * hypot(below, second_above), shared * hypot(above, second_below)

    return both


def _spreads(estimate: Estimate) -> bool:
    """Its error is not put to exactly 0: that of a mean of equal scores is, which is no certainty."""
    return estimate.standard_error != 0 or _at_edge(estimate)


def _anywhere(t: float) -> tuple[float, float]:  # noqa: ARG001 - a Reach
    return inf, inf


def _shared(first: Estimate, second: Estimate, covariance: float) -> float:
    """What overlapping PSUs take from the error of independent samples."""
    if not covariance:
        return 1.0
    apart = (first.variance or 0.0) + (second.variance or 0.0)
    return sqrt(max(apart - 2 * covariance, 0.0) / apart)


def _reach(estimate: Estimate, freedom: float) -> Reach:
    """The reach of one estimate, its default interval's."""
    value, error = estimate.value, estimate.standard_error
    if error is None or not _known(estimate):
        return (lambda _: (value, 1 - value)) if estimate.kind is Kind.SHARE else _anywhere
    if estimate.kind is not Kind.SHARE:
        return lambda t: (t * error, t * error)
    if _at_edge(estimate):
        return _edge_reach(estimate, freedom)
    odds = log(value / (1 - value))
    scaled = error / (value * (1 - value)) if estimate.logit_error is None else estimate.logit_error
    return lambda t: (value - _expit(odds - t * scaled), _expit(odds + t * scaled) - value)


def _expit(x: float) -> float:
    if x >= 0:
        return 1 / (1 + exp(-x))
    grown = exp(x)
    return grown / (1 + grown)


def _edge_reach(estimate: Estimate, freedom: float) -> Reach:
    """Korn and Graubard's limit of a share of exactly 0 or 1, as :mod:`analysis.intervals` has it."""
    number, own, low = estimate.respondents, estimate.degrees_of_freedom, estimate.value <= 0

    def reach(t: float) -> tuple[float, float]:
        tail = max(float(stdtr(freedom, -t)), _SMALLEST_TAIL)
        # At the level 0 (t = 0) all quantiles are 0; their ratio there is that of the smallest level.
        near = min(tail, 0.5 - 1e-6)
        effective = number * float(stdtrit(number - 1, near) / stdtrit(own, near)) ** 2
        far = 1 - tail ** (1 / effective)
        return (0.0, far) if low else (far, 0.0)

    return reach
