r"""The past of agencies that were reorganised: a merged agency is compared to the weighted sum of what it came from.

.. math:: \hat p = \sum_i a_i \hat p_i, \qquad V = \sum_i a_i^2 V_i + 2 \sum_{i < j} a_i a_j C_{ij},

with :math:`a_i` each predecessor's share of the transactions, or of Σw where these are not known; they count as known
numbers. What cannot be attributed has no past, and says why.

References
----------
.. [1] Särndal, Swensson & Wretman (1992), Model Assisted Survey Sampling, ch. 5 (linear combinations).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import isfinite, sqrt
from typing import TYPE_CHECKING

from analysis.comparison import cautious_variance, satterthwaite
from analysis.errors import AnalysisError
from analysis.messages import N_
from analysis.results import Basis, Estimate, Kind

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection, Mapping, Sequence

    # The covariance of two predecessors' estimates, by their labels.
    Covariances = Mapping[tuple[str, str], float]


class NoPast(StrEnum):
    """Why an agency has no past to be compared to; the value is a message to translate."""

    NEW = N_("This agency did not exist in the earlier wave and took over from none that did.")
    DIVIDED = N_(
        "The work of an agency it came from was divided among several, so that its past belongs to none of them."
    )
    UNRATED = N_("Nobody rated this agency, or those it came from, in the earlier wave.")
    TOO_FEW_RATED = N_("Too few of the agencies it came from were rated in the earlier wave.")


@dataclass(frozen=True, slots=True)
class Succession:
    """One agency took over from another on a day; a merger is several of these, a division too.

    Attributes
    ----------
    predecessor, successor : str
        Labels of the agencies.
    on : date
    """

    predecessor: str
    successor: str
    on: dt.date


@dataclass(frozen=True, slots=True)
class Past:
    """What an agency was in the earlier wave.

    Attributes
    ----------
    estimate : Estimate or None
        None where there is no past, for the `reason`.
    merged_from : tuple of str
        The agencies whose estimates it is made of, sorted; empty for an agency that just continues.
    covered : float or None
        Share of the predecessors' transactions that agencies with an estimate account for; None where not known.
    reason : NoPast or None

    Examples
    --------
    See :func:`past_of`.
    """

    estimate: Estimate | None
    merged_from: tuple[str, ...] = ()
    covered: float | None = None
    reason: NoPast | None = None


def predecessors_of(
    agency: str,
    successions: Sequence[Succession],
    *,
    earlier: dt.date,
    later: dt.date,
    existing: Collection[str] = (),
    surviving: Collection[str] = (),
) -> tuple[str, ...] | NoPast:
    """The agencies of the earlier wave whose work an agency has in the later one.

    Successions after `earlier` up to `later` apply; chains (A into B, then B into C) are followed as long as their
    dates are in order.

    Parameters
    ----------
    agency : str
    successions : sequence of Succession
        All there are, of any time.
    earlier, later : date
        Of the waves.
    existing : collection of str
        Agencies of the earlier wave. One that is among them brings its own past even where it also took over others.
    surviving : collection of str
        Agencies of the later wave. One that is among them and handed work over was divided.

    Returns
    -------
    tuple of str or NoPast
        Sorted labels, or why there are none.

    Raises
    ------
    AnalysisError
        The waves are not in order, or agencies took over from each other in a circle.

    Examples
    --------
    >>> import datetime as dt
    >>> day = dt.date(2025, 7, 1)
    >>> merger = [Succession("xa-a", "xa-c", day), Succession("xa-b", "xa-c", day)]
    >>> predecessors_of("xa-c", merger, earlier=dt.date(2024, 10, 1), later=dt.date(2025, 10, 1))
    ('xa-a', 'xa-b')
    """
    if not earlier < later:
        raise AnalysisError(
            "the earlier wave of {earlier} is not before the later of {later}", earlier=earlier, later=later
        )
    links = [link for link in successions if earlier < link.on <= later]
    lineage = _Lineage(links, frozenset(existing), frozenset(surviving))
    found = lineage.sources(agency, until=later, path=())
    if any(lineage.divided(source) for source in lineage.passed):
        return NoPast.DIVIDED
    return tuple(sorted(found)) or NoPast.NEW


def past_of(
    agency: str,
    estimates: Mapping[str, Estimate | None],
    successions: Sequence[Succession] = (),
    *,
    earlier: dt.date,
    later: dt.date,
    surviving: Collection[str] = (),
    transactions: Mapping[str, float] | None = None,
    covariances: Covariances | None = None,
    least_covered: float = 0.8,
) -> Past:
    """What to compare an agency's later estimate to.

    Parameters
    ----------
    agency : str
    estimates : mapping of str to Estimate or None
        Of every agency of the earlier wave; None where nobody answered.
    successions : sequence of Succession
    earlier, later : date
        Of the waves.
    surviving : collection of str
        Agencies of the later wave.
    transactions : mapping of str to float, optional
        Of each predecessor at the time of the earlier wave: the weights of the sum. By default the Σw of its answers,
        and then each predecessor must have some.
    covariances : mapping of (str, str) to float, optional
        Between predecessors that share PSUs, in either order; 0 where not given.
    least_covered : float
        The share of the transactions that must be those of predecessors with an estimate.

    Returns
    -------
    Past
        With no degrees of freedom and no standard error where a predecessor has none (a single respondent).

    Raises
    ------
    AnalysisError
        As :func:`predecessors_of`; transactions are missing, negative or all 0; predecessors' estimates are of
        different kinds.

    References
    ----------
    .. [1] Särndal, Swensson & Wretman (1992), Model Assisted Survey Sampling, ch. 5.

    Examples
    --------
    Two communes of 60 and 40 answers become one:

    >>> import datetime as dt
    >>> day = dt.date(2025, 7, 1)
    >>> merger = [Succession("xa-a", "xa-c", day), Succession("xa-b", "xa-c", day)]
    >>> before = {"xa-a": Estimate(0.9, 0.04, 20, 60, 60.0, kind=Kind.SHARE),
    ...           "xa-b": Estimate(0.8, 0.06, 15, 40, 40.0, kind=Kind.SHARE)}
    >>> past = past_of("xa-c", before, merger, earlier=dt.date(2024, 10, 1), later=dt.date(2025, 10, 1))
    >>> round(past.estimate.value, 6), round(past.estimate.standard_error, 6), past.merged_from
    (0.86, 0.033941, ('xa-a', 'xa-b'))
    """
    found = predecessors_of(
        agency, successions, earlier=earlier, later=later, existing=estimates.keys(), surviving=surviving
    )
    if isinstance(found, NoPast):
        return Past(None, reason=found)
    merged_from = () if found == (agency,) else found
    known = {label: estimate for label in found if (estimate := estimates.get(label)) is not None}
    if not known:
        return Past(None, merged_from, 0.0, NoPast.UNRATED)
    if len(found) == 1:
        return Past(known[found[0]], merged_from, 1.0)
    covered = _covered(found, known, transactions)
    if covered is None or covered < least_covered:
        return Past(None, merged_from, covered, NoPast.TOO_FEW_RATED)
    weights = {
        label: each.sum_weights if transactions is None else transactions[label] for label, each in known.items()
    }
    return Past(weighted_sum(known, weights, covariances=covariances), merged_from, covered)


def weighted_sum(
    estimates: Mapping[str, Estimate], weights: Mapping[str, float], *, covariances: Covariances | None = None
) -> Estimate:
    """One estimate of several agencies together.

    Parameters
    ----------
    estimates : mapping of str to Estimate
    weights : mapping of str to float
        Of the same agencies; only their proportions matter, and they count as known.
    covariances : mapping of (str, str) to float, optional
        In either order; 0 where not given.

    Returns
    -------
    Estimate
        A share that all answers of an agency agree on adds :func:`analysis.comparison.cautious_variance`, unless all
        agencies agree on it.

    Raises
    ------
    AnalysisError
        A weight is missing, negative or not a number, all are 0, or estimates are of different kinds.

    References
    ----------
    .. [1] Särndal, Swensson & Wretman (1992), Model Assisted Survey Sampling, ch. 5.

    Examples
    --------
    >>> both = {"a": Estimate(4.0, 0.3, 10, 20, 20.0), "b": Estimate(3.0, 0.4, 10, 20, 20.0)}
    >>> round(weighted_sum(both, {"a": 1, "b": 1}).standard_error, 9)
    0.25
    """
    shares = _shares(estimates, weights)
    parts = [(estimates[label], share) for label, share in shares.items() if share > 0]
    values = {each.value for each, _ in parts}
    # Shares add up to 1 but for rounding, and an index of exactly 1 must stay so.
    value = values.pop() if len(values) == 1 else sum(share * each.value for each, share in parts)
    error, freedom = _uncertainty(estimates, shares, covariances or {})
    notable: list[Basis] = [each.basis for each, _ in parts if each.basis is not Basis.CLUSTERS]
    return Estimate(
        value=value,
        standard_error=error,
        degrees_of_freedom=freedom,
        respondents=sum(each.respondents for each, _ in parts),
        sum_weights=sum(each.sum_weights for each, _ in parts),
        kind=_kind(estimates),
        basis=Basis.NONE if error is None else (notable or [Basis.CLUSTERS])[0],
    )


class _Lineage:
    """Successions between two waves, followed backwards."""

    def __init__(self, links: Sequence[Succession], existing: frozenset[str], surviving: frozenset[str]) -> None:
        self.links = links
        self.existing = existing
        self.surviving = surviving
        self.passed: set[str] = set()

    def sources(self, agency: str, *, until: dt.date, path: tuple[str, ...]) -> set[str]:
        """Agencies of the earlier wave from which `agency` has its work as of the day `until`."""
        if agency in path:
            circle = ", ".join([*path[path.index(agency) :], agency])
            raise AnalysisError("agencies took over from each other in a circle: {circle}", circle=circle)
        self.passed.add(agency)
        found = {agency} & self.existing
        for link in self.links:
            if link.successor == agency and link.on <= until:
                found |= self.sources(link.predecessor, until=link.on, path=(*path, agency))
        # Where a line ends is where it comes from, whether or not that agency was rated; an agency without
        # predecessors that was not there is new.
        return found or ({agency} if path else set())

    def divided(self, agency: str) -> bool:
        """Its work went to several, one of which may be itself."""
        heirs = {link.successor for link in self.links if link.predecessor == agency}
        return len(heirs) > 1 or bool(heirs and agency in self.surviving)


def _covered(
    found: Sequence[str], known: Mapping[str, Estimate], transactions: Mapping[str, float] | None
) -> float | None:
    """Share of the transactions that predecessors with an estimate account for."""
    if transactions is None:
        return 1.0 if len(known) == len(found) else None
    weights = _checked({label: transactions.get(label) for label in found})
    return sum(weights[label] for label in known) / sum(weights.values())


def _checked(weights: Mapping[str, float | None]) -> dict[str, float]:
    checked: dict[str, float] = {}
    for label, weight in weights.items():
        if weight is None or not isfinite(weight) or weight < 0:
            raise AnalysisError(
                "agency {agency}: {weight} transactions: give the number of each agency that was merged",
                agency=label,
                weight=weight,
            )
        checked[label] = weight
    if not sum(checked.values()) > 0:
        raise AnalysisError("agencies {agencies} have no transactions: leave them out", agencies=", ".join(checked))
    return checked


def _shares(estimates: Mapping[str, Estimate], weights: Mapping[str, float]) -> dict[str, float]:
    checked = _checked({label: weights.get(label) for label in estimates})
    total = sum(checked.values())
    return {label: weight / total for label, weight in checked.items()}


def _kind(estimates: Mapping[str, Estimate]) -> Kind:
    kinds = {each.kind for each in estimates.values()}
    if len(kinds) > 1:
        raise AnalysisError(
            "estimates of several kinds ({kinds}) cannot be added up",
            kinds=", ".join(sorted(str(kind) for kind in kinds)),
        )
    return kinds.pop()


def _uncertainty(
    estimates: Mapping[str, Estimate], shares: Mapping[str, float], covariances: Covariances
) -> tuple[float | None, float]:
    """Standard error and degrees of freedom, none where an estimate that counts has none."""
    parts = {label: share for label, share in shares.items() if share > 0}
    if any(estimates[label].standard_error is None or estimates[label].degrees_of_freedom <= 0 for label in parts):
        return None, 0.0
    freedoms = [estimates[label].degrees_of_freedom for label in parts]
    cautious = [share**2 * cautious_variance(estimates[label]) for label, share in parts.items()]
    between = 2 * sum(
        parts[one] * parts[other] * covariance
        for (one, other), covariance in covariances.items()
        if one in parts and other in parts and one != other
    )
    unanimous = len({estimates[label].value for label in parts}) == 1 and not any(
        estimates[label].standard_error for label in parts
    )
    variance = 0.0 if unanimous else max(sum(cautious) + between, 0.0)
    return sqrt(variance), min(freedoms) if between else satterthwaite(cautious, freedoms) or sum(freedoms)
