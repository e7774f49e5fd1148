"""By which ways the responses of a wave came, beside its indices (docs/decisions/0018)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from analysis.shares import shown_shares
from survey.engine import sql
from survey.models import Entry, Trust
from survey.services.index_values import ENTRY, TRUST, UNKNOWN

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from analysis.shares import TwoShares
    from survey.services.index_values import IndexTable
    from survey.services.indices import Prepared

# A tablet opens its form by a signed code and by nothing else (services/kiosks.py).
WITHIN = {Entry.KIOSK.value: Trust.SIGNED.value}


def with_shares(session: Session, found: Prepared, table: IndexTable) -> IndexTable:
    """The table with the shares that its readers may see, of all responses received, whatever the indices leave out."""
    shares = _shares(session, found)
    parts = zip(table.rows, shares.first.rows, shares.second.rows, strict=True)
    return replace(
        table,
        province=replace(table.province, trust=shares.first.whole, entry=shares.second.whole),
        rows=tuple(replace(row, trust=trust, entry=entry) for row, trust, entry in parts),
    )


def _shares(session: Session, found: Prepared) -> TwoShares:
    place = {unit.id: number for number, unit in enumerate(found.units)}
    trusts, entries = ({kind: np.zeros(len(place), dtype=np.int64) for kind in kinds} for kinds in (TRUST, ENTRY))
    counted = sql.ways(session, wave_id=found.summed.wave.id, stream=found.summed.stream)
    for agency, trust, entry, number in counted:
        trusts[trust or UNKNOWN][place[agency]] += number
        entries[entry or UNKNOWN][place[agency]] += number
    displayed = ~np.array(found.hidden.rows, dtype=np.bool_)
    return shown_shares(trusts, entries, displayed=displayed, minimum=found.hidden.minimum, within=WITHIN)
