"""How well the fieldwork went: outcome rates by AAPOR's definitions, items left unanswered, the gap between modes."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.comparison import difference
from analysis.errors import AnalysisError
from analysis.results import Basis, Estimate, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import ArrayLike

    from analysis.comparison import Difference

# An item that more people than this leave unanswered is flagged.
FLAG_OVER = 0.05
FEWEST_FOR_A_GAP = 30


@dataclass(frozen=True, slots=True)
class Dispositions:
    """How many sampled cases ended how, in AAPOR's classes.

    Attributes
    ----------
    complete, partial : int
        Interviews: I and P.
    refused : int
        Refusals and break-offs: R.
    not_contacted : int
        NC.
    other : int
        Eligible and contacted, not interviewed for another reason: O.
    unknown_household, unknown_other : int
        Of unknown eligibility: UH and UO.
    ineligible : int
        Known not to belong to the population; outside every rate, but they tell how many of the unknown do.

    Examples
    --------
    >>> Dispositions(complete=4, partial=2, refused=1, not_contacted=1, other=1, unknown_household=1, unknown_other=1,
    ...              ineligible=1).eligible_share
    0.9
    """

    complete: int
    partial: int = 0
    refused: int = 0
    not_contacted: int = 0
    other: int = 0
    unknown_household: int = 0
    unknown_other: int = 0
    ineligible: int = 0

    def __post_init__(self) -> None:
        """Counts are whole and not negative."""
        for each in fields(self):
            count = getattr(self, each.name)
            if not isinstance(count, int | np.integer) or count < 0:
                raise AnalysisError(
                    "{disposition}: {count} is no count: give a whole number, 0 or more",
                    disposition=each.name,
                    count=count,
                )

    @property
    def interviews(self) -> int:
        """Complete and partial: I + P."""
        return self.complete + self.partial

    @property
    def contacted(self) -> int:
        """Eligible and reached: I + P + R + O."""
        return self.interviews + self.refused + self.other

    @property
    def eligible(self) -> int:
        """Known to be eligible: I + P + R + NC + O."""
        return self.contacted + self.not_contacted

    @property
    def unknown(self) -> int:
        """UH + UO."""
        return self.unknown_household + self.unknown_other

    @property
    def eligible_share(self) -> float | None:
        """AAPOR's proportional allocation of the unknown: the eligible among cases whose eligibility is known."""
        known = self.eligible + self.ineligible
        return self.eligible / known if known else None


# Numerator, and denominator given how many of the unknown count.
_EVERYBODY, _ESTIMATED, _NOBODY = "all", "estimated", "none"


@dataclass(frozen=True, slots=True)
class _Rate:
    numerator: Callable[[Dispositions], int]
    denominator: Callable[[Dispositions], int]
    # Which of the cases of unknown eligibility are in the denominator.
    unknown: str = _NOBODY


def _complete(cases: Dispositions) -> int:
    return cases.complete


def _interviews(cases: Dispositions) -> int:
    return cases.interviews


def _refused(cases: Dispositions) -> int:
    return cases.refused


def _contacted(cases: Dispositions) -> int:
    return cases.contacted


def _able(cases: Dispositions) -> int:
    return cases.interviews + cases.refused


def _eligible(cases: Dispositions) -> int:
    return cases.eligible


RATES = {
    "RR1": _Rate(_complete, _eligible, _EVERYBODY),
    "RR2": _Rate(_interviews, _eligible, _EVERYBODY),
    "RR3": _Rate(_complete, _eligible, _ESTIMATED),
    "RR4": _Rate(_interviews, _eligible, _ESTIMATED),
    "RR5": _Rate(_complete, _eligible),
    "RR6": _Rate(_interviews, _eligible),
    "COOP1": _Rate(_complete, _contacted),
    "COOP2": _Rate(_interviews, _contacted),
    "COOP3": _Rate(_complete, _able),
    "COOP4": _Rate(_interviews, _able),
    "REF1": _Rate(_refused, _eligible, _EVERYBODY),
    "REF2": _Rate(_refused, _eligible, _ESTIMATED),
    "REF3": _Rate(_refused, _eligible),
    "CON1": _Rate(_contacted, _eligible, _EVERYBODY),
    "CON2": _Rate(_contacted, _eligible, _ESTIMATED),
    "CON3": _Rate(_contacted, _eligible),
}


def outcome_rates(cases: Dispositions, *, eligible_share: float | None = None) -> dict[str, Estimate | None]:
    """Response, cooperation, refusal and contact rates by AAPOR's definitions.

    Each carries the standard error of a share of independent cases, for those who take the cases as a sample of what
    fieldwork of this kind brings; where the sample was drawn in clusters it is too small.

    Parameters
    ----------
    cases : Dispositions
        Unweighted counts.
    eligible_share : float, optional
        *e*, the share of eligible cases among those of unknown eligibility, from 0 to 1. By default as many as among
        the known (:attr:`Dispositions.eligible_share`); AAPOR asks that its choice be told.

    Returns
    -------
    dict of str to Estimate or None
        RR1 to RR6, COOP1 to COOP4, REF1 to REF3, CON1 to CON3; None where nobody is in the denominator. `respondents`
        is the denominator, rounded down.

    Raises
    ------
    AnalysisError
        `eligible_share` is not between 0 and 1.

    References
    ----------
    .. [1] AAPOR (2023), Standard Definitions: Final dispositions of case codes and outcome rates for surveys, 10th ed.

    Examples
    --------
    >>> rates = outcome_rates(Dispositions(complete=300, partial=20, refused=80, not_contacted=100), eligible_share=1)
    >>> rates["RR1"].value, rates["RR2"].value, rates["COOP1"].value
    (0.6, 0.64, 0.75)
    """
    if eligible_share is not None and not 0 <= eligible_share <= 1:
        raise AnalysisError(
            "the share of eligible cases among the unknown is {share}: give one from 0 to 1", share=eligible_share
        )
    share = cases.eligible_share if eligible_share is None else eligible_share
    counted = {_EVERYBODY: 1.0, _ESTIMATED: 1.0 if share is None else share, _NOBODY: 0.0}
    return {
        name: _share(rate.numerator(cases), rate.denominator(cases) + counted[rate.unknown] * cases.unknown)
        for name, rate in RATES.items()
    }


@dataclass(frozen=True, slots=True)
class ItemNonresponse:
    """How many of those who were asked an item left it unanswered.

    Attributes
    ----------
    item : str
    asked, missing : int
    share : Estimate or None
        None where nobody was asked.
    flagged : bool
        Whether the share is above the limit.
    """

    item: str
    asked: int
    missing: int
    share: Estimate | None
    flagged: bool


def item_nonresponse(
    answered: Mapping[str, ArrayLike],
    *,
    asked: Mapping[str, ArrayLike] | None = None,
    flag_over: float = FLAG_OVER,
) -> tuple[ItemNonresponse, ...]:
    """Share of missing answers of each item, among those who were asked it.

    Parameters
    ----------
    answered : mapping of str to array_like of bool, shape (n,)
        Whether the response has an answer of the item. "Does not apply" is an answer.
    asked : mapping of str to array_like of bool, shape (n,), optional
        Whether it was put to the respondent; everybody, for an item that is not here. An answer counts as asked for.
    flag_over : float
        From 0 to 1.

    Returns
    -------
    tuple of ItemNonresponse
        In the order of `answered`. The standard error takes respondents as independent.

    Raises
    ------
    AnalysisError
        The limit is not a share, an item is unknown, or columns differ in length.

    References
    ----------
    .. [1] AAPOR (2023), Standard Definitions, 10th ed. (item non-response).

    Examples
    --------
    >>> answered = {"wait": [1, 1, 1, 0], "online": [1, 0, 0, 0]}
    >>> wait, online = item_nonresponse(answered, asked={"online": [1, 1, 0, 0]})
    >>> wait.share.value, online.share.value, online.asked
    (0.25, 0.5, 2)
    """
    if not 0 <= flag_over <= 1:
        raise AnalysisError("items are flagged over {limit}: give a share from 0 to 1", limit=flag_over)
    put = asked or {}
    for item in put.keys() - answered.keys():
        raise AnalysisError("there is no item {item} among the answers", item=item)
    return tuple(_one_item(item, given, put.get(item), flag_over) for item, given in answered.items())


@dataclass(frozen=True, slots=True)
class ModeGap:
    """How much better one agency looks to whoever scans than to those who were drawn.

    Attributes
    ----------
    agency : object
    gap : Difference
        Index of the counter's stream less that of the sample's. Different people answer, so the errors are independent.
    """

    agency: Any
    gap: Difference


def mode_gaps(
    counter: Mapping[Any, Estimate | None],
    sample: Mapping[Any, Estimate | None],
    *,
    fewest: int = FEWEST_FOR_A_GAP,
) -> tuple[ModeGap, ...]:
    """The gap between the counter's stream and the sample's, of each agency that has enough answers in both.

    The two are never pooled.

    Parameters
    ----------
    counter, sample : mapping of agency to Estimate or None
        One index in each stream; None where it is not known, or not shown to who asks.
    fewest : int
        Respondents that both must have.

    Returns
    -------
    tuple of ModeGap
        In the order of `counter`; agencies with too few in either stream, or in one only, are left out.

    Raises
    ------
    AnalysisError
        `fewest` is below 1.

    References
    ----------
    .. [1] de Leeuw (2005), To mix or not to mix data collection modes in surveys, Journal of Official Statistics 21,
       233-255.

    Examples
    --------
    >>> def share(value):
    ...     return Estimate(value, 0.05, 20, 40, 40.0, kind=Kind.SHARE)
    >>> (found,) = mode_gaps({"A": share(0.925), "B": None}, {"A": share(0.8), "B": share(0.8)})
    >>> found.agency, round(found.gap.value, 3)
    ('A', 0.125)
    """
    if fewest < 1:
        raise AnalysisError("a gap between modes needs {fewest} respondents: give 1 or more", fewest=fewest)
    pairs = ((agency, ours, sample.get(agency)) for agency, ours in counter.items())
    return tuple(
        ModeGap(agency, difference(ours, theirs))
        for agency, ours, theirs in pairs
        if ours is not None and theirs is not None and min(ours.respondents, theirs.respondents) >= fewest
    )


def _one_item(item: str, given: ArrayLike, put: ArrayLike | None, flag_over: float) -> ItemNonresponse:
    answered = np.asarray(given, dtype=np.bool_)
    asked = np.ones(answered.shape, dtype=np.bool_) if put is None else np.asarray(put, dtype=np.bool_)
    if asked.shape != answered.shape:
        raise AnalysisError(
            "{item}: {asked} responses say whether it was asked, {answered} whether it was answered",
            item=item,
            asked=asked.size,
            answered=answered.size,
        )
    count = int((asked | answered).sum())
    missing = count - int(answered.sum())
    share = _share(missing, count)
    return ItemNonresponse(item, count, missing, share, flagged=share is not None and share.value > flag_over)


def _share(part: float, whole: float) -> Estimate | None:
    """A share of independent cases; one case says nothing of its own uncertainty."""
    if whole <= 0:
        return None
    value = part / whole
    error = None if whole <= 1 else float(np.sqrt(value * (1 - value) / (whole - 1)))
    return Estimate(
        value=value,
        standard_error=error,
        degrees_of_freedom=max(whole - 1, 0.0),
        respondents=int(whole),
        sum_weights=whole,
        kind=Kind.SHARE,
        basis=Basis.NONE if error is None else Basis.CLUSTERS,
    )
