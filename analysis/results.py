"""Results: frozen values that carry their uncertainty."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What an estimate measures; decides which interval is its default."""

    SHARE = "share"
    MEAN = "mean"
    TOTAL = "total"
    RATIO = "ratio"
    QUANTILE = "quantile"
    VARIANCE = "variance"
    FUNCTION = "function"


class Basis(StrEnum):
    """What the standard error was computed between."""

    CLUSTERS = "clusters"
    RESPONDENTS = "respondents"
    AGREEMENT = "agreement"
    REPLICATES = "replicates"
    NONE = "none"


# English message ids, translated at the edge.
NOTES = {
    Basis.CLUSTERS: None,
    Basis.REPLICATES: None,
    Basis.RESPONDENTS: "All answers came on one day at one counter, so the interval treats them as independent; "
    "it may be too narrow.",
    Basis.AGREEMENT: "Days and counters happen to agree, so the interval treats the answers as independent; "
    "it may be too narrow.",
    Basis.NONE: "One answer alone says nothing about its own uncertainty: the interval is the whole range.",
}


@dataclass(frozen=True, slots=True)
class Interval:
    """Confidence limits of one estimate.

    Attributes
    ----------
    low, high : float
        The limits, in the unit of the estimate.
    confidence_level : float
        Between 0 and 1.
    method : str
        The name of the method, one of :data:`analysis.intervals.METHODS`.

    Examples
    --------
    >>> Interval(low=0.8, high=0.9, confidence_level=0.95, method="logit").width
    0.09999999999999998
    """

    low: float
    high: float
    confidence_level: float
    method: str

    @property
    def width(self) -> float:
        """The distance between the limits."""
        return self.high - self.low


@dataclass(frozen=True, slots=True)
class Estimate:
    """A point estimate that never travels without its uncertainty.

    Attributes
    ----------
    value : float
        The estimate; a share is between 0 and 1.
    standard_error : float or None
        None where the design cannot say (one respondent alone), never NaN.
    degrees_of_freedom : float
        Of the variance estimate: PSUs less strata, both counted where the domain has members.
    respondents : int
        Those with a valid answer.
    sum_weights : float
        The sum of their weights.
    design_effect : float or None
        Variance over that of a simple random sample of as many respondents; None where not known.
    kind : Kind
        Chooses the default interval.
    basis : Basis
        Between what the standard error was computed.
    first_logit : float or None
        Where Fisher scoring of a share starts (:func:`analysis.likelihood.first_scoring_step`).
    logit_error : float or None
        Standard error of a share's logit, where replicates give it directly; else it follows from `standard_error`.

    Examples
    --------
    >>> share = Estimate(value=0.9, standard_error=0.03, degrees_of_freedom=40, respondents=100, sum_weights=100.0,
    ...                  kind=Kind.SHARE)
    >>> round(share.effective_respondents, 6)
    100.0
    >>> interval = share.interval(method="logit")
    >>> round(interval.low, 4), round(interval.high, 4)
    (0.8211, 0.9464)
    """

    value: float
    standard_error: float | None
    degrees_of_freedom: float
    respondents: int
    sum_weights: float
    design_effect: float | None = None
    kind: Kind = Kind.MEAN
    basis: Basis = Basis.CLUSTERS
    first_logit: float | None = None
    logit_error: float | None = None

    @property
    def variance(self) -> float | None:
        """The square of the standard error."""
        return None if self.standard_error is None else self.standard_error**2

    @property
    def effective_respondents(self) -> float:
        """Size of the simple random sample that would be as precise.

        For a share it is p(1-p)/V, otherwise respondents over the design effect. Where that is not defined (a share
        of exactly 0 or 1, a single respondent) it is the number of respondents.
        """
        if self.kind is Kind.SHARE and self.variance and 0 < self.value < 1:
            return self.value * (1 - self.value) / self.variance
        if self.kind is not Kind.SHARE and self.design_effect:
            return self.respondents / self.design_effect
        return float(self.respondents)

    @property
    def note(self) -> str | None:
        """What a reader must know about the standard error, as a message to translate; None where nothing."""
        return NOTES[self.basis]

    def interval(self, *, confidence_level: float = 0.95, method: str | None = None) -> Interval:
        """Confidence limits.

        Parameters
        ----------
        confidence_level : float
            Between 0 and 1.
        method : str, optional
            One of :data:`analysis.intervals.METHODS`; by default the one that suits `kind`
            (docs/methods.md, "Which interval").

        Returns
        -------
        Interval

        Raises
        ------
        AnalysisError
            The method is unknown or does not suit this kind of estimate.
        """
        from analysis import intervals

        return intervals.interval(self, confidence_level=confidence_level, method=method)
