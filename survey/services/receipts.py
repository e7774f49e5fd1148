"""Receipts: proof for the citizen that the answers were kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from survey.models import Agency, Counter, Response, Wave
from survey.services.daytime import day_of
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
    # The day whose list has it: of an import the day of the import.
    received_on: dt.date


def as_printed(typed: str) -> str:
    """A receipt from one typed in small letters, or in groups with spaces or hyphens between them.

    >>> as_printed(" abcd-efgh ")
    'ABCDEFGH'
    """
    return "".join(sign for sign in typed.upper() if sign.isalnum())


def is_receipt(text: str) -> bool:
    """Whether `text` has the form of a receipt.

    >>> is_receipt("ABCDEFGH"), is_receipt("ABCDEFGO")
    (True, False)
    """
    return len(text) == RECEIPT_LENGTH and set(text) <= set(RECEIPT_SIGNS)


def find(session: Session, receipt: str) -> KeptResponse | None:
    """The response that `receipt` was given for, or None."""
    if not is_receipt(receipt):
        return None
    query = (
        select(Response.receipt, Response.answered_on, Response.received_at, Wave, Agency, Counter)
        .join(Wave, Wave.id == Response.wave_id)
        .join(Agency, Agency.id == Response.agency_id)
        .outerjoin(Counter, Counter.id == Response.counter_id)
        .where(Response.receipt == receipt)
    )
    row = session.execute(query).one_or_none()
    if row is None:
        return None
    code, answered_on, received_at, wave, agency, counter = row
    return KeptResponse(
        receipt=code,
        wave_code=wave.code,
        wave_title=wave.title,
        is_simulated=wave.is_simulated,
        agency_code=agency.code,
        agency_name=agency.name,
        counter_name=counter.name if counter else None,
        answered_on=answered_on,
        received_on=day_of(received_at),
    )
