"""What may be seen: small figures are hidden, with what would give them away, and an attacker has to fail first.

Whoever knows the total of a group and all its members but one knows that one. So every table is published together with
all others that its readers can see (:mod:`analysis.publication`), enough cells are hidden (:mod:`analysis.protection`),
and nothing leaves before an audit has tried to recover every hidden cell (:mod:`analysis.audit`). The audit is part of
publishing, not an option of it.

References
----------
.. [1] Hundepool et al. (2012), Statistical Disclosure Control, ch. 4 (primary and secondary cell suppression).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from analysis.audit import audit
from analysis.errors import AnalysisError
from analysis.protection import protect
from analysis.publication import Table, counted, publication

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from numpy.typing import ArrayLike

    from analysis.arrays import BoolArray, IntArray
    from analysis.audit import Audit
    from analysis.publication import Labels, Publication


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
        members together are too few, or they would give one of them away.
    minimum : int
        The smallest number of respondents shown.
    """

    hidden: BoolArray
    reasons: tuple[tuple[Reason, ...], ...]
    hidden_totals: tuple[frozenset[tuple[int, Hashable]], ...]
    minimum: int

    @property
    def hidden_domains(self) -> BoolArray:
        """Domains of which no column may be seen, shape (n,)."""
        return np.asarray(self.hidden.all(axis=1))


@dataclass(frozen=True, slots=True)
class Published:
    """What may be shown of tables that are published together, and the audit that it has passed.

    Attributes
    ----------
    tables : tuple of Suppression
        In the order given.
    audit : Audit
        Its `share_lost` says what protection cost.
    minimum : int

    Examples
    --------
    See :func:`publish`.
    """

    tables: tuple[Suppression, ...]
    audit: Audit
    minimum: int


def publish(tables: Sequence[Table], *, audience: str = Audience.PUBLIC, minimum: int | None = None) -> Published:
    """Decide what may be seen of all tables together, and have an attacker try to recover what is hidden.

    Parameters
    ----------
    tables : sequence of Table
        Everything that one reader can see: all tables, levels, streams and waves.
    audience : str
        "public" (at least 10 respondents) or "inside" (at least 5).
    minimum : int, optional
        More than the audience's minimum; never less.

    Returns
    -------
    Published

    Raises
    ------
    AnalysisError
        The tables do not fit together (:func:`analysis.publication.publication`), `minimum` is below the audience's,
        or the audit recovers a hidden figure: then nothing is published.

    References
    ----------
    .. [1] Fischetti & Salazar-González (2001), Management Science 47(7).
    .. [2] Hundepool et al. (2012), Statistical Disclosure Control, ch. 4.

    Examples
    --------
    Agency C is too small; B hides it from the total, and its own rows by sex with it:

    >>> agencies = Table(["A", "B", "C"], [120, 24, 6], groups=[["all"] * 3])
    >>> sexes = Table(["A women", "A men", "B women", "B men"], [60, 60, 12, 12], groups=[["A", "A", "B", "B"]])
    >>> found = publish([agencies, sexes])
    >>> [table.hidden[:, 0].tolist() for table in found.tables]
    [[False, True, True], [False, False, False, True]]
    >>> found.audit.passed, found.audit.share_lost
    (True, 0.375)
    """
    least = _least(audience, minimum)
    together = publication(tables)
    hidden = protect(together, minimum=least)
    found = audit(together, hidden, minimum=least)
    if not found.passed:
        raise AnalysisError(
            "{count} hidden figures could be worked out from the others, the first of them {name}: "
            "nothing is published; show fewer totals or tables together",
            count=len(found.recoverable),
            name=found.recoverable[0].name,
        )
    return Published(
        tables=tuple(_suppression(together, hidden, table, place, minimum=least) for place, table in enumerate(tables)),
        audit=found,
        minimum=least,
    )


def suppress(
    counts: ArrayLike,
    *,
    groups: Sequence[Labels] = (),
    audience: str = Audience.PUBLIC,
    minimum: int | None = None,
) -> Suppression:
    """Hide small counts of one table, and enough others that nobody can work them out from its totals.

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
        As :func:`publish` does.

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
    table = counted(counts)
    names = [[label if label is None else (place, label) for label in labels] for place, labels in enumerate(groups)]
    (found,) = publish([Table(range(len(table)), table, names)], audience=audience, minimum=minimum).tables
    # Here a total is called by its label.
    totals = tuple(
        frozenset(
            (place, label)
            for place, labels in enumerate(groups)
            for label in labels
            if (place, (place, label)) in column
        )
        for column in found.hidden_totals
    )
    return replace(found, hidden_totals=totals)


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


def _suppression(together: Publication, mask: BoolArray, table: Table, place: int, *, minimum: int) -> Suppression:
    """What is hidden of one of the tables."""
    rows, columns = together.rows[place], together.columns[place]
    counts, hidden = together.counts[rows, :columns], mask[rows, :columns]
    gone = {together.names[one] for one in np.flatnonzero(mask.any(axis=1)).tolist()}
    totals = {(group, label) for group, labels in enumerate(table.groups) for label in labels if label in gone}
    hidden_at = {(group, label): mask[together.place(label)] for group, label in totals}
    return Suppression(
        hidden=hidden | (counts == 0),
        reasons=_reasons(counts, hidden=hidden, minimum=minimum),
        hidden_totals=tuple(
            frozenset(name for name, columns_hidden in hidden_at.items() if columns_hidden[column])
            for column in range(columns)
        ),
        minimum=minimum,
    )


def _reasons(counts: IntArray, *, hidden: BoolArray, minimum: int) -> tuple[tuple[Reason, ...], ...]:
    """In a row hidden whole nothing is said of its columns, not even which are empty: they have the row's reason."""
    told = np.where(hidden[:, :1], counts[:, :1], counts)
    kinds = np.select([told == 0, hidden & (told < minimum), hidden], [0, 1, 2], default=3)
    names = (Reason.NOBODY, Reason.TOO_FEW, Reason.COMPLEMENTARY, Reason.SHOWN)
    return tuple(tuple(names[kind] for kind in row) for row in kinds.tolist())
