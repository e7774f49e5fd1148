"""What may be seen: small agencies are hidden, and so is what would give them away by subtraction.

Whoever knows the total of a group and all its members but one knows that one. So within each group whose total is
shown, the hidden respondents together must be at least the minimum, and hidden members must be at least two: where
they are not, the smallest shown member is hidden too.

References
----------
.. [1] Hundepool et al. (2012), Statistical Disclosure Control, ch. 4 (primary and secondary cell suppression).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from analysis.errors import AnalysisError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from analysis.arrays import BoolArray, IntArray


class Audience(StrEnum):
    """Who reads; decides the smallest number of respondents that may be shown."""

    PUBLIC = "public"
    INSIDE = "inside"


# Law and practice set the floor; a province may ask for more, never for less.
MINIMUM = {Audience.PUBLIC: 10, Audience.INSIDE: 5}


class Reason(StrEnum):
    """Why a figure is not shown; each value is an English message to translate."""

    SHOWN = ""
    NOBODY = "Nobody answered"
    TOO_FEW = "Fewer respondents than the minimum"
    COMPLEMENTARY = "Hidden so that a smaller agency cannot be found by subtraction"


Name = tuple[int, object]


@dataclass(frozen=True, slots=True)
class Total:
    """A total that a reader sees or can compute: the domains in it, and what to hide if it gives one of them away."""

    name: Name
    members: frozenset[int]


@dataclass(frozen=True, slots=True)
class Suppression:
    """What is hidden of a table of n domains and m columns.

    Attributes
    ----------
    hidden : ndarray of bool, shape (n, m)
    reasons : tuple of tuple of Reason
        Of the same shape.
    hidden_totals : tuple of frozenset
        For each column, the totals that may not be displayed either, as (place of the group, label): all their
        members together are too few, or another total would give them away.
    minimum : int
        The smallest number of respondents shown.
    """

    hidden: BoolArray
    reasons: tuple[tuple[Reason, ...], ...]
    hidden_totals: tuple[frozenset[Name], ...]
    minimum: int

    @property
    def hidden_domains(self) -> BoolArray:
        """Domains of which no column may be seen, shape (n,)."""
        return np.asarray(self.hidden.all(axis=1))


def suppress(
    counts: ArrayLike,
    *,
    groups: Sequence[Sequence[object]] = (),
    audience: str = Audience.PUBLIC,
    minimum: int | None = None,
) -> Suppression:
    """Hide small counts, and enough others that no sum of hidden ones can be found below the minimum.

    Parameters
    ----------
    counts : array_like of int, shape (n,) or (n, m)
        Respondents of each domain: all of them in the first column, then by dimension. A domain whose first column
        is hidden for being too small is hidden whole.
    groups : sequence of sequence of labels, each of length n
        Each entry is one way in which totals are displayed beside the domains: a label a domain, or None where the
        domain is in no displayed total. Every domain under one label adds up to one displayed total. Totals may
        nest or cross (level, parent, everybody).
    audience : str
        "public" (at least 10 respondents) or "inside" (at least 5).
    minimum : int, optional
        More than the audience's minimum; never less.

    Returns
    -------
    Suppression

    Raises
    ------
    AnalysisError
        A count is negative, a group's labels do not fit, or `minimum` is below the audience's.

    Notes
    -----
    Domains that nobody answered are shown as such ("–"): zero is not a person. They add nothing to what is hidden.

    Examples
    --------
    A province shows its total; agency C is too small, and B, the next smallest, hides it:

    >>> found = suppress([120, 14, 6], groups=[["all", "all", "all"]])
    >>> found.hidden[:, 0].tolist()
    [False, True, True]
    >>> [reason.name for (reason,) in found.reasons]
    ['SHOWN', 'COMPLEMENTARY', 'TOO_FEW']
    """
    least = _least(audience, minimum)
    table = _table(counts)
    displayed = [
        total for place, labels in enumerate(groups) for total in _totals(labels, group=place, rows=len(table))
    ]
    small = (table > 0) & (table < least)
    small |= small[:, :1] & (table > 0)
    hidden = small.copy()
    lost: list[frozenset[Name]] = []
    for column in range(table.shape[1]):
        # Whoever is hidden in the first column, for any reason, is hidden whole.
        hidden[:, column] |= hidden[:, 0]
        lost.append(_complement(hidden[:, column], table[:, column], displayed=displayed, least=least))
    return Suppression(
        hidden=hidden | (table == 0),
        reasons=_reasons(table, small=small, hidden=hidden),
        hidden_totals=tuple(lost),
        minimum=least,
    )


def _least(audience: str, minimum: int | None) -> int:
    if audience not in MINIMUM:
        raise AnalysisError("unknown audience {audience}: choose public or inside", audience=audience)
    floor = MINIMUM[Audience(audience)]
    if minimum is not None and minimum < floor:
        raise AnalysisError(
            "a minimum of {minimum} respondents is below the {floor} that the {audience} audience needs: "
            "it may only be raised",
            minimum=minimum,
            floor=floor,
            audience=audience,
        )
    return floor if minimum is None else minimum


def _table(counts: ArrayLike) -> IntArray:
    given = np.asarray(counts)
    table = given.astype(np.int64)
    if given.size and ((table < 0).any() or (table != given).any()):
        raise AnalysisError("counts of respondents must be whole numbers from 0")
    return table[:, None] if table.ndim == 1 else table


def _totals(labels: Sequence[object], *, group: int, rows: int) -> list[Total]:
    """The displayed totals of one group."""
    if len(labels) != rows:
        raise AnalysisError(
            "group {group} has {found} labels for {rows} domains", group=group, found=len(labels), rows=rows
        )
    names = dict.fromkeys(label for label in labels if label is not None)
    return [Total((group, name), frozenset(row for row, label in enumerate(labels) if label == name)) for name in names]


def _closed(totals: list[Total]) -> list[Total]:
    """The totals, and the differences of one and another inside it, which any reader can compute; smallest first."""
    found = {total.members: total for total in totals}
    queue = list(found.values())
    while queue:
        one = queue.pop()
        for other in list(found.values()):
            inner, outer = sorted((one, other), key=lambda total: len(total.members))
            rest = outer.members - inner.members
            if inner.members < outer.members and rest not in found:
                found[rest] = Total(inner.name, rest)
                queue.append(found[rest])
    return sorted(found.values(), key=lambda total: len(total.members))


def _complement(hidden: BoolArray, counts: IntArray, *, displayed: list[Total], least: int) -> frozenset[Name]:
    """Hide more, in place, until no total gives a small sum away; the totals that no hiding can save."""
    lost: set[Name] = set()
    while True:
        kept = [total for total in displayed if total.name not in lost]
        found = _protect(hidden, counts, totals=_closed(kept), least=least)
        if found is None:
            return frozenset(lost)
        # Totals of the very same members are lost together.
        members = next(total.members for total in kept if total.name == found)
        lost |= {total.name for total in kept if total.members == members}


def _protect(hidden: BoolArray, counts: IntArray, *, totals: list[Total], least: int) -> Name | None:
    """Hide the smallest shown member of every total that gives something away; the total where there is none left."""
    changed = True
    while changed:
        changed = False
        for total in totals:
            if _safe(hidden, counts, members=total.members, least=least):
                continue
            victim = _victim(hidden, counts, members=total.members)
            if victim is None:
                return total.name
            hidden[victim] = changed = True
    return None


def _safe(hidden: BoolArray, counts: IntArray, *, members: frozenset[int], least: int) -> bool:
    """Nobody is hidden, or at least two are, who together reach the minimum."""
    inside = [int(counts[row]) for row in members if hidden[row] and counts[row] > 0]
    return not inside or (len(inside) > 1 and sum(inside) >= least)


def _victim(hidden: BoolArray, counts: IntArray, *, members: frozenset[int]) -> int | None:
    """The smallest member still shown."""
    shown = [row for row in members if not hidden[row] and counts[row] > 0]
    return min(shown, key=lambda row: (int(counts[row]), row), default=None)


def _reasons(table: IntArray, *, small: BoolArray, hidden: BoolArray) -> tuple[tuple[Reason, ...], ...]:
    def reason(place: tuple[int, int]) -> Reason:
        if table[place] == 0:
            return Reason.NOBODY
        if small[place]:
            return Reason.TOO_FEW
        return Reason.COMPLEMENTARY if hidden[place] else Reason.SHOWN

    rows, columns = table.shape
    return tuple(tuple(reason((row, column)) for column in range(columns)) for row in range(rows))
