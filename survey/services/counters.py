"""Counters, and the posters printed for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, or_, select
from sqlalchemy.orm import joinedload

from survey.i18n import mark
from survey.models import Counter, CounterCode
from survey.services.errors import ServiceError
from survey.services.references import AgencyRef, CounterRef, PosterRef
from survey.services.short_codes import short_code_for
from survey.services.vietnamese import sort_key, tidy

if TYPE_CHECKING:
    import datetime as dt

    from sqlalchemy import Select
    from sqlalchemy.orm import Session


def make(session: Session, agency: AgencyRef, *, name: str, opens_on: dt.date | None = None) -> CounterRef:
    """A new counter of `agency`; its code is the agency's with the next free number."""
    name = tidy(name)
    if not name:
        raise ServiceError(mark("A counter needs a name."))
    number = session.scalar(select(func.count()).where(Counter.agency_id == agency.id)) or 0
    code = f"{agency.code}-{number + 1}"
    taken = {given for given in session.scalars(select(Counter.short_code)) if given}
    short_code = short_code_for(code, taken=taken)
    counter = Counter(agency_id=agency.id, code=code, name=name, short_code=short_code, valid_from=opens_on)
    session.add(counter)
    session.flush()
    return CounterRef.of(counter)


def find(session: Session, code: str) -> CounterRef | None:
    """The counter of that code, or None."""
    counter = session.scalar(select(Counter).where(Counter.code == code).options(joinedload(Counter.agency)))
    return CounterRef.of(counter) if counter else None


def listing(session: Session, *, agency: AgencyRef | None = None) -> list[CounterRef]:
    """All counters, or those of one agency, in the order of a Vietnamese dictionary."""
    query = select(Counter).options(joinedload(Counter.agency))
    if agency is not None:
        query = query.where(Counter.agency_id == agency.id)
    counters = [CounterRef.of(counter) for counter in session.scalars(query)]
    return sorted(counters, key=lambda counter: (sort_key(counter.agency.name), sort_key(counter.name), counter.id))


def issue_code(
    session: Session, counter: CounterRef, *, now: dt.datetime, expires_at: dt.datetime | None = None
) -> PosterRef:
    """A new printing of the counter's poster; earlier ones stay good until they are revoked."""
    last = session.scalar(select(func.max(CounterCode.serial)).where(CounterCode.counter_id == counter.id)) or 0
    code = CounterCode(counter_id=counter.id, serial=last + 1, issued_at=now, expires_at=expires_at)
    session.add(code)
    session.flush()
    return PosterRef.of(code)


def revoke_code(session: Session, poster: PosterRef, *, now: dt.datetime) -> PosterRef:
    """Withdraw one printing: whoever scans it is told so. Revoking twice keeps the first moment."""
    code = session.scalars(_printing(poster)).one()
    if code.revoked_at is None:
        code.revoked_at = now
        session.flush()
    return PosterRef.of(code)


def current_poster(session: Session, counter: CounterRef, *, now: dt.datetime) -> PosterRef | None:
    """The latest printing that is still good, or None when one must be issued."""
    query = select(CounterCode).where(CounterCode.counter_id == counter.id).order_by(CounterCode.serial.desc())
    for code in session.scalars(query):
        if code.revoked_at is None and (code.expires_at is None or code.expires_at > now):
            return PosterRef.of(code)
    return None


def current_posters(session: Session, *, now: dt.datetime) -> list[tuple[CounterRef, PosterRef]]:
    """Every counter that has a good poster, with the latest; in the order of `listing`."""
    good = (CounterCode.revoked_at.is_(None), or_(CounterCode.expires_at.is_(None), CounterCode.expires_at > now))
    latest = {
        code.counter_id: PosterRef.of(code)
        for code in session.scalars(select(CounterCode).where(*good).order_by(CounterCode.serial))
    }
    return [(counter, latest[counter.id]) for counter in listing(session) if counter.id in latest]


def _printing(poster: PosterRef) -> Select[CounterCode]:
    return select(CounterCode).where(CounterCode.counter_id == poster.counter_id, CounterCode.serial == poster.serial)
