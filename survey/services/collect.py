"""Collecting answers: from the code on a poster, a slip or a letter to one row that stays."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import bindparam, select
from sqlalchemy.orm import joinedload

from survey.models import Agency, Counter, CounterCode, Entry, Response, Stream, Trust
from survey.services import (
    codes,
    dispositions,
    form_tokens,
    invitations,
    questionnaires,
    receipt_days,
    short_codes,
    slip_codes,
    slips,
    waves,
)
from survey.services.daytime import day_of
from survey.services.errors import (
    ConflictingReplay,
    ExpiredCode,
    NoRunningWave,
    RevokedCode,
    TokenExpired,
    UnknownCode,
    UnknownShortCode,
    UsedInvitation,
    UsedSlip,
)
from survey.services.references import AgencyRef, CounterRef, SamplePlace, WaveRef
from survey.services.response_rows import Reader, receipt_for, to_the_minute

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping

    from sqlalchemy import Table
    from sqlalchemy.orm import Session

    from forms.definition import Questionnaire
    from survey.services.errors import CodeError
    from survey.services.form_tokens import Showing
    from survey.services.response_rows import Given

    KeyFor = Callable[[str], bytes]

_RECEIPT_ATTEMPTS = 20
# Statements are built once: building them takes longer than running them.
# And columns are read, not entities, where every form passes: making these costs more than all else of reading.
_PRINTING = (
    select(
        *(CounterCode.revoked_at, CounterCode.expires_at, Counter.id, Counter.code, Counter.name, Counter.short_code),
        *(Counter.valid_to, Agency.valid_to),
        *(Agency.id, Agency.code, Agency.name, Agency.kind, Agency.level, Agency.to_be_confirmed),
    )
    .join_from(CounterCode, Counter)
    .join(Agency)
    .where(CounterCode.counter_id == bindparam("counter_number"), CounterCode.serial == bindparam("serial"))
)
_BY_DIGITS = select(Counter).where(Counter.short_code == bindparam("digits")).options(joinedload(Counter.agency))


@dataclass(frozen=True, slots=True)
class ServicePoint:
    """A counter, and the days from which it or its agency is closed."""

    counter: CounterRef
    closed_from: tuple[dt.date | None, ...]

    @classmethod
    def of(cls, counter: Counter) -> ServicePoint:
        """The value of a row."""
        return cls(CounterRef.of(counter), (counter.valid_to, counter.agency.valid_to))

    def is_closed(self, on: dt.date) -> bool:
        """Whether nobody is served here any more on that day."""
        return any(day is not None and day <= on for day in self.closed_from)


@dataclass(frozen=True, slots=True)
class OneTimeCode:
    """The one-time code that a form was opened with, as it is kept, and whether a form has come in with it.

    `use_up` uses it in the transaction that keeps the response, and raises `refusal` where it is used.
    """

    code_hash: bytes
    is_used: bool
    use_up: Callable[[Session, bytes], None]
    refusal: type[CodeError]


@dataclass(frozen=True, slots=True)
class FormAccess:
    """What a genuine, valid code opens: the form of the running wave, and where its answers count."""

    place: CounterRef | SamplePlace
    wave: WaveRef
    questionnaire: Questionnaire
    trust: Trust
    once: OneTimeCode | None = None

    @property
    def agency(self) -> AgencyRef:
        return self.place.agency

    @property
    def counter(self) -> CounterRef | None:
        """The counter; None where somebody was drawn."""
        return self.place if isinstance(self.place, CounterRef) else None

    @property
    def signed_for(self) -> str:
        """What the form's token is bound to: the counter or, for all who were drawn, the way in and the agency."""
        return self.place.code if isinstance(self.place, CounterRef) else _invited(self.agency)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the citizen takes along. `created` is False where this form had been sent before."""

    code: str
    created: bool


def resolve(session: Session, way: str, code: str, *, key_for: KeyFor, now: dt.datetime, token: str = "") -> FormAccess:
    """What `code` opens at `now` by that way in (one of WAYS), or the CodeError that says why it opens nothing.

    `token` is that of the form that comes in: it is for the wave that ran when the form was shown, see `at_counter`.
    """
    return WAYS[way](session, code, key_for=key_for, now=now, token=token)


def as_printed(way: str, typed: str) -> str:
    """A code of that way in as it is printed, from one typed in small letters, in groups or with O for 0."""
    return _PRINTED.get(way, codes.as_printed)(typed)


def open_kept(session: Session, token: str, *, signed_for: str, key: bytes) -> Showing:
    """The showing of a form that is kept, whatever its token's age; raises TokenExpired where no such form is.

    Whoever sends one again after days, or after our clock was set back, asks for its receipt: a fresh form would count
    the same answers twice.
    """
    showing = form_tokens.at_any_age(token, signed_for=signed_for, key=key)
    if _earlier(session, showing.submission_key) is None:
        raise TokenExpired
    return showing


def record(
    session: Session,
    access: FormAccess,
    *,
    submission_key: str,
    answers: Mapping[str, Any],
    language: str,
    received_at: dt.datetime,
    entry: Entry = Entry.PHONE,
    from_office: bool | None = None,
    quick: bool | None = None,
) -> Receipt:
    """Keep one submitted form, once.

    The same form again, even at the same moment, gives the same receipt and adds nothing; the same form with other
    answers raises ConflictingReplay and changes nothing, as another form with a one-time code that is used raises its
    refusal.
    What was decided at the first receipt stands too.
    """
    given = Reader(access.questionnaire).given(answers)
    row = {
        "wave_id": access.wave.id,
        **_counted_at(access.place),
        "questionnaire_hash": access.wave.questionnaire_hash,
        "language": language,
        # One that comes in after the wave was answered in it.
        "answered_on": min(day_of(received_at), access.wave.closes_on),
        "received_at": to_the_minute(receipt_days.in_an_open_day(session, received_at)),
        "submission_key": submission_key,
        "answers": given.answers,
        "answers_digest": given.digest,
        "ratings": given.ratings,
        "from_office": from_office,
        "quick": quick,
        "trust": access.trust,
        "entry": entry,
    }
    for attempt in range(_RECEIPT_ATTEMPTS):
        receipt = receipt_for(submission_key, attempt=attempt)
        if _insert_unless_there(session, row | {"receipt": receipt}):
            # After the row: the same form once more is no second use. A refusal takes the row back with it.
            if access.once is not None:
                access.once.use_up(session, access.once.code_hash)
            return Receipt(code=receipt, created=True)
        earlier = _earlier(session, submission_key)
        if earlier is not None:
            return _replayed(earlier, given, place=access.place)
        # Nothing has this key, so another form has this receipt: try the next one.
    raise RuntimeError(f"no free receipt after {_RECEIPT_ATTEMPTS} attempts")


def _counted_at(place: CounterRef | SamplePlace) -> dict[str, object]:
    """The columns that say where a response counts; nothing else leads from one in the sample to who was drawn."""
    if isinstance(place, CounterRef):
        whole = {"stream": Stream.COUNTER, "counter_id": place.id, "weight": 1.0, "stratum": None, "psu": None}
        return {"agency_id": place.agency.id, **whole}
    drawn = {"stratum": place.stratum, "psu": place.psu, "weight": place.weight}
    return {"agency_id": place.agency.id, "stream": Stream.SAMPLE, "counter_id": None, **drawn}


def _by_poster(session: Session, code: str, *, key_for: KeyFor, now: dt.datetime, token: str) -> FormAccess:
    revoked_at, expires_at, place = _printing(session, codes.parse(code, key=key_for(codes.KEY_PURPOSE)))
    # A poster that was withdrawn is withdrawn for forms that were shown before, too.
    if revoked_at is not None and revoked_at <= now:
        raise RevokedCode
    if expires_at is not None and expires_at <= now:
        raise ExpiredCode
    return at_counter(session, place, key_for=key_for, now=now, trust=Trust.SIGNED, token=token)


def _by_short_code(session: Session, code: str, *, key_for: KeyFor, now: dt.datetime, token: str) -> FormAccess:
    """Six digits have no signature, and are good as long as the counter is."""
    counter = session.scalar(_BY_DIGITS, {"digits": code}) if short_codes.is_short_code(code) else None
    if counter is None:
        raise UnknownShortCode
    return at_counter(session, ServicePoint.of(counter), key_for=key_for, now=now, trust=Trust.OPEN, token=token)


def _by_slip(session: Session, code: str, *, key_for: KeyFor, now: dt.datetime, token: str) -> FormAccess:
    """A used code opens the form too: whoever sends a form once more must get its receipt (see `record`)."""
    slip = slips.find(session, code, key=key_for(slip_codes.KEY_PURPOSE))
    place = ServicePoint.of(slip.batch.counter)
    shown_at = _shown_at(token, place.counter.code, key_for=key_for, now=now)
    slips.check_open(slip.batch, shown_at=shown_at, now=now)
    access = at_counter(session, place, key_for=key_for, now=now, trust=Trust.VERIFIED, token=token)
    return replace(access, once=OneTimeCode(slip.code_hash, slip.used, slips.use_up, UsedSlip))


def _by_invitation(session: Session, code: str, *, key_for: KeyFor, now: dt.datetime, token: str) -> FormAccess:
    """The form of the fieldwork's own wave, whichever other runs. As `_by_slip`, a used code opens it too."""
    unit = invitations.find(session, code, key=key_for(invitations.KEY_PURPOSE))
    place, wave = SamplePlace.of(unit), WaveRef.of(unit.fieldwork.wave)
    shown_at = _shown_at(token, _invited(place.agency), key_for=key_for, now=now)
    invitations.check_open(session, unit, wave, day=day_of(shown_at))
    is_used = unit.disposition == dispositions.ANSWERED
    return FormAccess(
        place=place,
        wave=wave,
        questionnaire=questionnaires.get(session, wave.questionnaire_hash),
        trust=Trust.VERIFIED,
        once=OneTimeCode(unit.code_hash or b"", is_used, invitations.use_up, UsedInvitation),
    )


def _invited(agency: AgencyRef) -> str:
    # No counter's code has a stroke in it.
    return f"I/{agency.code}"


def at_counter(
    session: Session, place: ServicePoint, *, key_for: KeyFor, now: dt.datetime, trust: Trust, token: str = ""
) -> FormAccess:
    """The form of the wave that runs at `place`; raises RevokedCode where it is closed, NoRunningWave without one.

    A form that comes in with a genuine `token` is for the wave that ran when it was shown: one that waited on a phone
    without a network is not lost because the wave or the counter closed meanwhile, and one that was shown a minute
    before midnight is not read with the questions of the wave that began at midnight.
    """
    day = day_of(_shown_at(token, place.counter.code, key_for=key_for, now=now))
    if place.is_closed(day):
        raise RevokedCode
    wave = waves.running(session, stream=Stream.COUNTER, on=day)
    if wave is None:
        raise NoRunningWave
    return FormAccess(
        place=place.counter,
        wave=wave,
        questionnaire=questionnaires.get(session, wave.questionnaire_hash),
        trust=trust,
    )


def _shown_at(token: str, signed_for: str, *, key_for: KeyFor, now: dt.datetime) -> dt.datetime:
    if not token:
        return now
    return form_tokens.shown_at(token, signed_for=signed_for, key=key_for(form_tokens.KEY_PURPOSE), now=now)


def _printing(session: Session, parts: codes.CodeParts) -> tuple[dt.datetime | None, dt.datetime | None, ServicePoint]:
    """When a printing was revoked and when it expires, and where it hangs."""
    asked = {"counter_number": parts.counter_number, "serial": parts.serial}
    row = session.connection().execute(_PRINTING, asked).first()
    if row is None:
        # Signed by our key and not in our tables: of another database of this installation.
        raise UnknownCode
    revoked_at, expires_at, id_, code, name, short_code, closed_from, agency_closed_from, *agency = row
    counter = CounterRef(id_, code, name, AgencyRef(*agency), short_code or "")
    return revoked_at, expires_at, ServicePoint(counter, (closed_from, agency_closed_from))


def _insert_unless_there(session: Session, row: Mapping[str, object]) -> bool:
    """One statement decides between two forms at once: the database inserts the first and skips the second."""
    statement = _insert_or_skip(session.get_bind().dialect.name)
    return session.execute(statement, dict(row)).scalar() is not None


@cache
def _insert_or_skip(dialect: str) -> Any:
    # The words are the dialect's own; only the one in use is loaded.
    rows = cast("Table", Response.__table__)
    insert = import_module(f"sqlalchemy.dialects.{dialect}").insert
    return insert(rows).on_conflict_do_nothing().returning(rows.c.id)


def _earlier(session: Session, submission_key: str) -> Response | None:
    return session.scalar(select(Response).where(Response.submission_key == submission_key))


def _replayed(earlier: Response, given: Given, *, place: CounterRef | SamplePlace) -> Receipt:
    counter_id = place.id if isinstance(place, CounterRef) else None
    elsewhere = (earlier.counter_id, earlier.agency_id) != (counter_id, place.agency.id)
    if earlier.answers_digest != given.digest or elsewhere:
        raise ConflictingReplay(earlier.receipt)
    return Receipt(code=earlier.receipt, created=False)


# Where it is not as a poster's code.
_PRINTED: Mapping[str, Callable[[str], str]] = {
    "N": short_codes.as_printed,
    "S": slip_codes.as_printed,
    "I": slip_codes.as_printed,
}
# The first part of a form's address: a poster's signed code, the digits under it, a slip's one-time code, or that of
# a letter to somebody who was drawn.
WAYS: Mapping[str, Callable[..., FormAccess]] = {
    "R": _by_poster,
    "N": _by_short_code,
    "S": _by_slip,
    "I": _by_invitation,
}
