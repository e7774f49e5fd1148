r"""Confidence intervals: t and normal for any estimate, and those that keep a share between 0 and 1.

All share intervals start from the effective sample :math:`n^* = p(1-p)/V`, the size of the simple random sample that
would have the same variance, and use the t quantile :math:`t` with the design's degrees of freedom. They equal those
of R's `survey::svyciprop`; docs/methods.md gives the formulas, the coverage of each and what happens at the edges:

* a share of exactly 0 or 1 has no variance; its effective sample is taken to be the number of respondents, as NCHS
  does in its presentation standards. Logit, which has no value there, gives the beta interval;
* where the variance cannot be estimated (one respondent, no degree of freedom) a share's interval is 0 to 1, and that
  of any other estimate is the whole line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import betaincinv, expit, logit, ndtri, stdtrit

from analysis.errors import AnalysisError
from analysis.likelihood import likelihood_limits
from analysis.results import Estimate, Interval, Kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike

    from analysis.arrays import FloatArray

    Limits = tuple[FloatArray, FloatArray]
    ShareMethod = Callable[["Shares"], Limits]

DEFAULT_SHARE_METHOD = "logit"

# The names that R's svyciprop uses for what we call otherwise.
ALIASES = {"mean": "t", "korn-graubard": "beta", "arcsine": "asin"}


class Shares:
    """Shares with what every interval method needs; assumes arguments already checked."""

    def __init__(
        self, share: FloatArray, variance: FloatArray, *, confidence_level: float, **known: FloatArray
    ) -> None:
        self.share = share
        self.variance = variance
        self.confidence_level = confidence_level
        self.respondents = known["respondents"]
        self.degrees_of_freedom = known["degrees_of_freedom"]
        self.first_logit = known["first_logit"]
        self.logit_error = known["logit_error"]
        self.t = t_quantile(self.degrees_of_freedom, confidence_level=self.confidence_level)
        self.edge = (share <= 0) | (share >= 1)
        with np.errstate(divide="ignore", invalid="ignore"):
            effective = share * (1 - share) / variance
        self.effective = np.where(self.edge, self.respondents, effective)


def interval(estimate: Estimate, *, confidence_level: float = 0.95, method: str | None = None) -> Interval:
    """Confidence limits of one estimate; see :meth:`analysis.results.Estimate.interval`.

    Parameters
    ----------
    estimate : Estimate
    confidence_level : float
        Between 0 and 1.
    method : str, optional
        One of :data:`METHODS`; by default `DEFAULT_SHARE_METHOD` for a share, "t" for anything else.

    Returns
    -------
    Interval

    Raises
    ------
    AnalysisError
        The method or the level is not one.

    Examples
    --------
    >>> mean = Estimate(value=4.2, standard_error=0.1, degrees_of_freedom=30, respondents=200, sum_weights=200.0)
    >>> found = interval(mean, confidence_level=0.9)
    >>> round(found.low, 4), round(found.high, 4), found.method
    (4.0303, 4.3697, 't')
    """
    chosen = method_for(estimate.kind, method)
    check_level(confidence_level)
    known = estimate.standard_error is not None and (chosen == "normal" or estimate.degrees_of_freedom > 0)
    if not known:
        low, high = (0.0, 1.0) if estimate.kind is Kind.SHARE else (-np.inf, np.inf)
        return Interval(low, high, confidence_level, chosen)
    lows, highs = limits(
        [estimate.value],
        [estimate.standard_error or 0.0],
        degrees_of_freedom=[estimate.degrees_of_freedom],
        respondents=[estimate.respondents],
        confidence_level=confidence_level,
        method=chosen,
        first_logit=np.nan if estimate.first_logit is None else estimate.first_logit,
        logit_error=np.nan if estimate.logit_error is None else estimate.logit_error,
    )
    return Interval(float(lows[0]), float(highs[0]), confidence_level, chosen)


def limits(
    value: ArrayLike,
    standard_error: ArrayLike,
    *,
    degrees_of_freedom: ArrayLike,
    respondents: ArrayLike,
    confidence_level: float = 0.95,
    method: str = DEFAULT_SHARE_METHOD,
    first_logit: ArrayLike = np.nan,
    logit_error: ArrayLike = np.nan,
) -> Limits:
    """Confidence limits of many estimates at once.

    Parameters
    ----------
    value, standard_error : array_like of float, any one shape
        NaN gives NaN limits.
    degrees_of_freedom, respondents : array_like
        Of the same shape, or broadcast to it.
    confidence_level : float
    method : str
        One of :data:`METHODS`.
    first_logit, logit_error : array_like of float
        As in :class:`analysis.results.Estimate`, NaN where not known; for "likelihood" and "logit".

    Returns
    -------
    low, high : ndarray of float

    Examples
    --------
    >>> low, high = limits([0.9, 1.0], [0.03, 0.0], degrees_of_freedom=40, respondents=100, method="wilson")
    >>> low.round(4).tolist(), high.round(4).tolist()
    ([0.8228, 0.9608], [0.9458, 1.0])
    """
    method = ALIASES.get(method, method)
    given = (value, standard_error, degrees_of_freedom, respondents, first_logit, logit_error)
    share, error, freedom, number, start, scaled = np.broadcast_arrays(
        *(np.asarray(x, dtype=np.float64) for x in given)
    )
    if method == "normal":
        freedom = np.full(share.shape, np.inf)
    known = {"respondents": number, "degrees_of_freedom": freedom, "first_logit": start, "logit_error": scaled}
    shares = Shares(share, error**2, confidence_level=confidence_level, **known)
    return METHODS[method](shares)


def t_quantile(degrees_of_freedom: ArrayLike, *, confidence_level: float) -> FloatArray:
    """Two-sided t quantile; infinite degrees of freedom give the normal's, none or fewer give infinity.

    Parameters
    ----------
    degrees_of_freedom : array_like of float
    confidence_level : float

    Returns
    -------
    ndarray of float

    Examples
    --------
    >>> t_quantile([10, np.inf, 0], confidence_level=0.95).round(3).tolist()
    [2.228, 1.96, inf]
    """
    freedom = np.asarray(degrees_of_freedom, dtype=np.float64)
    upper = (1 + confidence_level) / 2
    finite = np.where(np.isfinite(freedom) & (freedom > 0), freedom, 1.0)
    quantile = np.where(np.isinf(freedom), ndtri(upper), stdtrit(finite, upper))
    return np.where(freedom > 0, quantile, np.inf)


def method_for(kind: Kind, method: str | None) -> str:
    """The method to use for this kind of estimate, its name checked.

    Parameters
    ----------
    kind : Kind
    method : str or None
        None asks for the default.

    Returns
    -------
    str

    Raises
    ------
    AnalysisError
        Unknown, or one for shares asked of something else.

    Examples
    --------
    >>> method_for(Kind.MEAN, None), method_for(Kind.SHARE, "arcsine")
    ('t', 'asin')
    """
    if method is None:
        return DEFAULT_SHARE_METHOD if kind is Kind.SHARE else "t"
    known = ALIASES.get(method, method)
    if known not in METHODS:
        raise AnalysisError(
            "unknown interval method {method}: choose one of {choices}", method=method, choices=", ".join(METHODS)
        )
    if kind is not Kind.SHARE and known not in {"t", "normal"}:
        raise AnalysisError(
            "the interval method {method} is for shares, not for a {kind}: choose t or normal",
            method=method,
            kind=str(kind),
        )
    return known


def check_level(confidence_level: float) -> None:
    """Refuse a confidence level that is not strictly between 0 and 1.

    Parameters
    ----------
    confidence_level : float

    Raises
    ------
    AnalysisError

    Examples
    --------
    >>> check_level(95)
    Traceback (most recent call last):
    analysis.errors.AnalysisError: the confidence level 95 is not between 0 and 1: give 0.95 for 95%
    """
    if not 0 < confidence_level < 1:
        raise AnalysisError(
            "the confidence level {level} is not between 0 and 1: give 0.95 for 95%", level=confidence_level
        )


def _t(shares: Shares) -> Limits:
    # An infinite quantile times no error at all is not a number but no knowledge: the whole line.
    with np.errstate(invalid="ignore"):
        half = np.where(np.isinf(shares.t), np.inf, shares.t * np.sqrt(shares.variance))
    return shares.share - half, shares.share + half


def _logit(shares: Shares) -> Limits:
    """The t interval on the logit scale, with the logit's own standard error where replicates give it."""
    return _on_logits(shares, shares.logit_error)


def _delta_logit(shares: Shares) -> Limits:
    """The t interval on the logit scale, its standard error SE / p(1-p) by the delta method."""
    return _on_logits(shares, np.full(shares.share.shape, np.nan))


def _on_logits(shares: Shares, logit_error: FloatArray) -> Limits:
    with np.errstate(divide="ignore", invalid="ignore"):
        centre = logit(shares.share)
        delta = np.sqrt(shares.variance) / (shares.share * (1 - shares.share))
        half = shares.t * np.where(np.isnan(logit_error), delta, logit_error)
        low, high = expit(centre - half), expit(centre + half)
    beta_low, beta_high = _beta(shares)
    return np.where(shares.edge, beta_low, low), np.where(shares.edge, beta_high, high)


def _wilson(shares: Shares) -> Limits:
    """Wilson's score interval on the effective sample, with t in the place of z."""
    p = shares.share
    with np.errstate(invalid="ignore"):
        u = shares.t**2 / shares.effective
        root = np.sqrt(u * p * (1 - p) + u**2 / 4)
        low, high = (p + u / 2 - root) / (1 + u), (p + u / 2 + root) / (1 + u)
    return _within(low, shares, edge=0.0), _within(high, shares, edge=1.0)


def _beta(shares: Shares) -> Limits:
    """Korn and Graubard's: Clopper-Pearson on the effective sample, shrunk for the degrees of freedom."""
    tail = (1 - shares.confidence_level) / 2
    full = t_quantile(shares.respondents - 1, confidence_level=shares.confidence_level)
    with np.errstate(invalid="ignore"):
        shrunk = np.where(np.isinf(full), 0.0, (full / shares.t) ** 2)
        n = shares.effective * shrunk
        x, rest = n * shares.share, n * (1 - shares.share)
        low, high = betaincinv(x, rest + 1, tail), betaincinv(x + 1, rest, 1 - tail)
    certain = np.isinf(n)
    low, high = np.where(certain, shares.share, low), np.where(certain, shares.share, high)
    return np.where(x <= 0, 0.0, low), np.where(rest <= 0, 1.0, high)


def _asin(shares: Shares) -> Limits:
    """The t interval on the scale of arcsin(sqrt(p)), whose standard error is 1 / (2 sqrt(n*))."""
    with np.errstate(invalid="ignore"):
        centre = np.arcsin(np.sqrt(shares.share))
        half = shares.t / (2 * np.sqrt(shares.effective))
    # Beyond the quarter circle the sine turns back: the limit there is the edge itself.
    low, high = np.clip(centre - half, 0, np.pi / 2), np.clip(centre + half, 0, np.pi / 2)
    return np.sin(low) ** 2, np.sin(high) ** 2


def _likelihood(shares: Shares) -> Limits:
    """The profile likelihood of a sample of the effective size, one share at a time."""
    limit = np.vectorize(likelihood_limits, otypes=[np.float64, np.float64])
    with np.errstate(divide="ignore", invalid="ignore"):
        direct = 1 / (shares.logit_error**2 * shares.share * (1 - shares.share))
    low, high = limit(
        shares.share,
        np.where(np.isnan(shares.logit_error) | shares.edge, shares.effective, direct),
        respondents=shares.respondents,
        t=shares.t,
        first_logit=shares.first_logit,
    )
    return low, high


def _within(limit: FloatArray, shares: Shares, *, edge: float) -> FloatArray:
    """The limit on the side of a share that is exactly 0 or 1 is that share; without knowledge it is the edge."""
    limit = np.where(np.isinf(shares.t), edge, limit)
    return np.where(shares.share == edge, edge, limit)


METHODS: dict[str, ShareMethod] = {
    "t": _t,
    "normal": _t,
    "logit": _logit,
    "xlogit": _delta_logit,
    "wilson": _wilson,
    "beta": _beta,
    "likelihood": _likelihood,
    "asin": _asin,
}
