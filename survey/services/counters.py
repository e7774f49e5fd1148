"""Counters, and the posters printed for them."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import func, or_, select
from sqlalchemy.orm import contains_eager, joinedload

from survey.i18n import mark
from survey.models import Agency, Counter, CounterCode
from survey.services.errors import ServiceError
from survey.services.references import AgencyRef, CounterRef, PosterRef
from survey.services.short_codes import short_code_for
from survey.services.vietnamese import sort_key, tidy

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable

    from sqlalchemy.orm import Session


class PosterState(StrEnum):
    """Whether a printed poster still opens a form."""

    GOOD = "good"
    EXPIRED = "expired"
    REVOKED = "revoked"


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


def listing(session: Session, *, agency: AgencyRef | None = None, open_on: dt.date | None = None) -> list[CounterRef]:
    """All counters, or those of one agency or not closed by a day, in the order of a Vietnamese dictionary."""
    query = select(Counter).join(Counter.agency).options(contains_eager(Counter.agency))
    if agency is not None:
        query = query.where(Counter.agency_id == agency.id)
    if open_on is not None:
        ends = (Counter.valid_to, Agency.valid_to)
        query = query.where(*(or_(end.is_(None), end > open_on) for end in ends))
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
    query = select(CounterCode).where(CounterCode.counter_id == poster.counter_id, CounterCode.serial == poster.serial)
    code = session.scalars(query).one()
    if code.revoked_at is None:
        code.revoked_at = now
        session.flush()
    return PosterRef.of(code)


def current_poster(session: Session, counter: CounterRef, *, now: dt.datetime) -> PosterRef | None:
    """The latest printing that is still good, or None when one must be issued."""
    good = (poster for poster in printings(session, counter) if state(poster, now=now) is PosterState.GOOD)
    return next(good, None)


def issue_missing(session: Session, places: Iterable[CounterRef], *, now: dt.datetime) -> list[PosterRef]:
    """A first or a next poster for each of `places` that has no good one; the others are left as they are."""
    good = _latest_good(session, now=now)
    return [issue_code(session, place, now=now) for place in places if place.id not in good]


def current_posters(
    session: Session, places: Iterable[CounterRef] | None = None, *, now: dt.datetime
) -> list[tuple[CounterRef, PosterRef]]:
    """Each of `places`, or of all counters, that has a good poster, with the latest; in the order of `listing`."""
    good = _latest_good(session, now=now)
    listed = listing(session) if places is None else places
    return [(counter, good[counter.id]) for counter in listed if counter.id in good]


def printings(session: Session, counter: CounterRef) -> list[PosterRef]:
    """Every poster ever issued for `counter`, the latest first."""
    query = select(CounterCode).where(CounterCode.counter_id == counter.id).order_by(CounterCode.serial.desc())
    return [PosterRef.of(code) for code in session.scalars(query)]


def find_printing(session: Session, counter: CounterRef, serial: int) -> PosterRef | None:
    """The poster of that serial, or None."""
    query = select(CounterCode).where(CounterCode.counter_id == counter.id, CounterCode.serial == serial)
    code = session.scalar(query)
    return PosterRef.of(code) if code else None


def state(poster: PosterRef, *, now: dt.datetime) -> PosterState:
    """What becomes of whoever scans `poster` at `now`."""
    if poster.revoked_at is not None and poster.revoked_at <= now:
        return PosterState.REVOKED
    if poster.expires_at is not None and poster.expires_at <= now:
        return PosterState.EXPIRED
    return PosterState.GOOD


def _latest_good(session: Session, *, now: dt.datetime) -> dict[int, PosterRef]:
    """The latest good poster of each counter, by the counter's number."""
    good = (CounterCode.revoked_at.is_(None), or_(CounterCode.expires_at.is_(None), CounterCode.expires_at > now))
    query = select(CounterCode).where(*good).order_by(CounterCode.serial)
    return {code.counter_id: PosterRef.of(code) for code in session.scalars(query)}
