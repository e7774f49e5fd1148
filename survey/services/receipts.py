"""Receipts: proof for the citizen that the answers were kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from survey.models import Agency, Counter, Response, Wave
from survey.services.response_rows import RECEIPT_LENGTH, RECEIPT_SIGNS

if TYPE_CHECKING:
    import datetime as dt

    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class KeptResponse:
    """What a receipt shows: where and on which day, never what was answered."""

    receipt: str
    wave_code: str
    wave_title: str
    is_simulated: bool
    agency_code: str
    agency_name: str
    counter_name: str | None
    answered_on: dt.date


def find(session: Session, receipt: str) -> KeptResponse | None:
    """The response that `receipt` was given for, or None."""
    if len(receipt) != RECEIPT_LENGTH or not set(receipt) <= set(RECEIPT_SIGNS):
        return None
    query = (
        select(Response.receipt, Response.answered_on, Wave, Agency, Counter)
        .join(Wave, Wave.id == Response.wave_id)
        .join(Agency, Agency.id == Response.agency_id)
        .outerjoin(Counter, Counter.id == Response.counter_id)
        .where(Response.receipt == receipt)
    )
    row = session.execute(query).one_or_none()
    if row is None:
        return None
    code, answered_on, wave, agency, counter = row
    return KeptResponse(
        receipt=code,
        wave_code=wave.code,
        wave_title=wave.title,
        is_simulated=wave.is_simulated,
        agency_code=agency.code,
        agency_name=agency.name,
        counter_name=counter.name if counter else None,
        answered_on=answered_on,
    )
