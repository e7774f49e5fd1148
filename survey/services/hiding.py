"""What a reader may not see of a table of indices, so that nobody is found out by subtraction.

The table is published as a whole: its agencies, the province that is their total, and every dimension and composite.
An audit attacks it before it leaves (`analysis.disclosure.publish`). Waves and streams share no respondent and are
never added up, so that each is a publication of its own. A merged agency's past is shown only where all that it came
from are shown in the earlier wave: it adds nothing that a reader cannot add up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from analysis.disclosure import publish
from analysis.publication import Table, hidden_composites
from survey.services.index_values import Disclosure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from analysis.disclosure import Audience, Published, Suppression
    from analysis.index import DomainIndex
    from survey.services.index_sums import Summed
    from survey.services.references import AgencyRef

# The label of the total that the province's row shows.
_ALL = "all"


@dataclass(frozen=True, slots=True)
class Gone:
    """The dimensions and composites of one row that may not be seen."""

    dimensions: frozenset[str]
    composites: frozenset[str]


@dataclass(frozen=True, slots=True)
class Hidden:
    """What may not be seen: rows as a whole, and figures of rows that are shown; `whole` rows hide nothing."""

    rows: tuple[bool, ...]
    indices: tuple[Gone, ...]
    whole: tuple[bool, ...]
    province: bool
    of_province: Gone
    minimum: int
    disclosure: Disclosure


def hidden(summed: Summed, units: Sequence[AgencyRef], *, audience: Audience) -> Hidden:
    """What of these agencies' indices this audience may not see."""
    rows = [(summed.wave.code, summed.stream, unit.code) for unit in units]
    counts = np.array([counts_of(summed, summed.by_agency.get(unit.id)) for unit in units], dtype=np.int64)
    published = publish([Table(rows, counts.reshape(len(rows), -1), groups=[[_ALL] * len(rows)])], audience=audience)
    (table,) = published.tables
    names = _Names(summed)
    province = _province_gone(summed, table, published.minimum)
    return Hidden(
        rows=tuple(table.hidden[:, 0].tolist()),
        indices=tuple(names.gone(row) for row in table.hidden[:, 1:]),
        whole=tuple(~(table.hidden & (counts > 0)).any(axis=1) & (counts[:, 0] > 0)) if rows else (),
        province=province[0],
        of_province=names.gone(np.array(province[1:])),
        minimum=published.minimum,
        disclosure=_disclosure(published),
    )


def counts_of(summed: Summed, index: DomainIndex | None) -> list[int]:
    """Respondents of an agency: all, then by dimension and composite."""
    if index is None:
        return [0] * (1 + len(summed.dimensions) + len(summed.plan.members))
    estimates = (*index.dimensions.values(), *index.composites.values())
    return [index.respondents, *(one.respondents if one else 0 for one in estimates)]


def _province_gone(summed: Summed, table: Suppression, minimum: int) -> list[bool]:
    """The columns of the province that are too small, or would give a hidden agency away."""
    counts = counts_of(summed, summed.whole)
    lost = [(0, _ALL) in totals for totals in table.hidden_totals]
    return [given_away or count < minimum for given_away, count in zip(lost, counts, strict=True)]


@dataclass(frozen=True, slots=True)
class _Names:
    """Turns the columns of a mask into names."""

    summed: Summed

    def gone(self, mask: NDArray[np.bool_]) -> Gone:
        """The dimensions that are hidden, and the composites that are, or that would give one of these away."""
        dimensions, plan = self.summed.dimensions, self.summed.plan
        of_dimensions, of_composites = mask[: len(dimensions)], mask[len(dimensions) :]
        members = [[dimensions.index(name) for name in names] for names in plan.members.values()]
        given_away = hidden_composites(of_dimensions[None, :], members)[0]
        return Gone(
            frozenset(name for name, gone in zip(dimensions, of_dimensions, strict=True) if gone),
            frozenset(name for name, gone in zip(plan.members, of_composites | given_away, strict=True) if gone),
        )


def _disclosure(published: Published) -> Disclosure:
    audit = published.audit
    return Disclosure(
        figures=audit.cells,
        hidden=audit.suppressed,
        share_lost=audit.share_lost,
        attacked=audit.checked,
        recovered=len(audit.recoverable),
    )
