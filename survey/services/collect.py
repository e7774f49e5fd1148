"""Collecting answers at a counter: from the code on the poster to one row that stays."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hashlib
import hmac
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import bindparam, select
from sqlalchemy.orm import joinedload

from survey.models import Counter, CounterCode, Entry, Response, Stream, Trust
from survey.services import codes, questionnaires, receipt_days, short_codes, slip_codes, slips, waves
from survey.services.daytime import day_of
from survey.services.errors import (
    ConflictingReplay,
    ExpiredCode,
    NoRunningWave,
    RevokedCode,
    TokenError,
    TokenExpired,
    TokenForged,
    UnknownCode,
    UnknownShortCode,
)
from survey.services.references import AgencyRef, CounterRef, WaveRef
from survey.services.response_rows import Reader, receipt_for, to_the_minute

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeAlias

    from sqlalchemy import Table
    from sqlalchemy.orm import Session

    from forms.definition import Questionnaire
    from survey.services.response_rows import Given

    KeyFor = Callable[[str], bytes]
    _Opened: TypeAlias = tuple[Counter, Trust, "OpenSlip | None"]

KEY_PURPOSE = "form tokens"

_KEY_BYTES = 16
_SECOND_BYTES = 5
_TAG_BYTES = 16
# The clocks of two machines behind one address may differ a little.
_CLOCK_SLACK = dt.timedelta(minutes=5)
# One byte after the second: its lowest bit says whether this was the first showing, or the form came back with its
# answers; the bits above it count in _ENTRIES.
_FLAG_BYTES = 1
_ENTRIES = (Entry.PHONE, Entry.KIOSK, Entry.ASSISTED)
# A form that a phone keeps until there is a network again comes back by itself, perhaps with nobody there to send it
# once more; a kiosk's come from a pack that must outlast a long weekend without one (docs/decisions/0017).
TOKEN_LIFE = {
    Entry.PHONE: dt.timedelta(hours=72),
    Entry.KIOSK: dt.timedelta(days=7),
    Entry.ASSISTED: dt.timedelta(hours=72),
}
_RECEIPT_ATTEMPTS = 20
# Statements are built once: building them takes longer than running them.
_PRINTING = (
    select(CounterCode)
    .where(CounterCode.counter_id == bindparam("counter_number"), CounterCode.serial == bindparam("serial"))
    .options(joinedload(CounterCode.counter).joinedload(Counter.agency))
)

_BY_DIGITS = select(Counter).where(Counter.short_code == bindparam("digits")).options(joinedload(Counter.agency))


@dataclass(frozen=True, slots=True)
class OpenSlip:
    """The one-time code that a form was opened with, as it is kept, and whether a form has come in with it."""

    code_hash: bytes
    is_used: bool


@dataclass(frozen=True, slots=True)
class CounterAccess:
    """What a genuine, valid code opens: the form of the running wave at one counter."""

    counter: CounterRef
    agency: AgencyRef
    wave: WaveRef
    questionnaire: Questionnaire
    trust: Trust
    slip: OpenSlip | None = None


@dataclass(frozen=True, slots=True)
class Showing:
    """One showing of the form. `age` is None where the reader had seen the questions before."""

    submission_key: str
    age: dt.timedelta | None
    entry: Entry


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the citizen takes along. `created` is False where this form had been sent before."""

    code: str
    created: bool


def resolve(
    session: Session, way: str, code: str, *, key_for: KeyFor, now: dt.datetime, token: str = ""
) -> CounterAccess:
    """What `code` opens at `now` by that way in (one of WAYS), or the CodeError that says why it opens nothing.

    `token` is that of the form that comes in: it is for the wave that ran when the form was shown, see `at_counter`.
    """
    place, trust, slip = WAYS[way](session, code, key_for=key_for, now=now, token=token)
    access = at_counter(session, place, key_for=key_for, now=now, token=token, trust=trust)
    return replace(access, slip=slip)


def as_printed(way: str, typed: str) -> str:
    """A code of that way in as it is printed, from one typed in small letters, in groups or with O for 0."""
    return _PRINTED.get(way, codes.as_printed)(typed)


def mint_token(
    counter_code: str,
    *,
    key: bytes,
    now: dt.datetime,
    rng: Callable[[int], bytes],
    shown_before: bool = False,
    entry: Entry = Entry.PHONE,
) -> str:
    """A signed token for one showing of the form: a fresh submission key, the second and the counter.

    `rng` gives that many random bytes, as `secrets.token_bytes` does. The second travels with the form and comes back
    with it; it is never stored. So does `entry`: who fills in the form cannot change how it says it was filled in.
    """
    flags = _ENTRIES.index(entry) << 1 | (not shown_before)
    content = rng(_KEY_BYTES) + _second(now).to_bytes(_SECOND_BYTES) + flags.to_bytes(_FLAG_BYTES)
    signed = content + _tag(content, counter_code, key=key)
    return base64.urlsafe_b64encode(signed).rstrip(b"=").decode()


def open_token(token: str, *, counter_code: str, key: bytes, now: dt.datetime) -> Showing:
    """The showing that `token` was signed for; raises TokenForged or, after its TOKEN_LIFE, TokenExpired."""
    content = _proved(token, counter_code, key=key)
    age = dt.timedelta(seconds=_second(now) - _second_in(content))
    flags = content[-1]
    entry = _ENTRIES[flags >> 1]
    if not -_CLOCK_SLACK <= age <= TOKEN_LIFE[entry]:
        raise TokenExpired
    return Showing(content[:_KEY_BYTES].hex(), age if flags & 1 else None, entry)


def open_kept(session: Session, token: str, *, counter_code: str, key: bytes) -> Showing:
    """The showing of a form that is kept, whatever its token's age; raises TokenExpired where no such form is.

    Whoever sends one again after days, or after our clock was set back, asks for its receipt: a fresh form would count
    the same answers twice.
    """
    content = _proved(token, counter_code, key=key)
    submission_key = content[:_KEY_BYTES].hex()
    if _earlier(session, submission_key) is None:
        raise TokenExpired
    return Showing(submission_key, None, _ENTRIES[content[-1] >> 1])


def entry_of(token: str, *, counter_code: str, key: bytes) -> Entry:
    """How the form of `token` is filled in, however old it is; by phone where the token is not ours."""
    try:
        return _ENTRIES[_proved(token, counter_code, key=key)[-1] >> 1]
    except TokenForged:
        return Entry.PHONE


def record(
    session: Session,
    access: CounterAccess,
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
    answers raises ConflictingReplay and changes nothing, as another form with a slip that is used raises UsedSlip.
    What was decided at the first receipt stands too.
    """
    given = Reader(access.questionnaire).given(answers)
    row = {
        "wave_id": access.wave.id,
        "agency_id": access.agency.id,
        "counter_id": access.counter.id,
        "stream": Stream.COUNTER,
        "questionnaire_hash": access.wave.questionnaire_hash,
        "language": language,
        # One that comes in after the wave was answered in it.
        "answered_on": min(day_of(received_at), access.wave.closes_on),
        "received_at": to_the_minute(receipt_days.in_an_open_day(session, received_at)),
        "submission_key": submission_key,
        "answers": given.answers,
        "answers_digest": given.digest,
        "ratings": given.ratings,
        "weight": 1.0,
        "from_office": from_office,
        "quick": quick,
        "trust": access.trust,
        "entry": entry,
    }
    for attempt in range(_RECEIPT_ATTEMPTS):
        receipt = receipt_for(submission_key, attempt=attempt)
        if _insert_unless_there(session, row | {"receipt": receipt}):
            # After the row: the same form once more is no second use. A refusal takes the row back with it.
            if access.slip is not None:
                slips.use_up(session, access.slip.code_hash)
            return Receipt(code=receipt, created=True)
        earlier = _earlier(session, submission_key)
        if earlier is not None:
            return _replayed(earlier, given, counter_id=access.counter.id)
        # Nothing has this key, so another form has this receipt: try the next one.
    raise RuntimeError(f"no free receipt after {_RECEIPT_ATTEMPTS} attempts")


def _by_poster(session: Session, code: str, *, key_for: KeyFor, now: dt.datetime, token: str) -> _Opened:
    del token  # A poster that was withdrawn is withdrawn for forms that were shown before, too.
    printing = _printing(session, codes.parse(code, key=key_for(codes.KEY_PURPOSE)))
    if printing.revoked_at is not None and printing.revoked_at <= now:
        raise RevokedCode
    if printing.expires_at is not None and printing.expires_at <= now:
        raise ExpiredCode
    return printing.counter, Trust.SIGNED, None


def _by_short_code(session: Session, code: str, **_unused: object) -> _Opened:
    """Six digits have no signature, and are good as long as the counter is."""
    counter = session.scalar(_BY_DIGITS, {"digits": code}) if short_codes.is_short_code(code) else None
    if counter is None:
        raise UnknownShortCode
    return counter, Trust.OPEN, None


def _by_slip(session: Session, code: str, *, key_for: KeyFor, now: dt.datetime, token: str) -> _Opened:
    """A used code opens the form too: whoever sends a form once more must get its receipt (see `record`)."""
    slip = slips.find(session, code, key=key_for(slip_codes.KEY_PURPOSE))
    place = slip.batch.counter
    shown_at = _shown_at(token, place.code, key=key_for(KEY_PURPOSE), now=now) if token else now
    slips.check_open(slip.batch, shown_at=shown_at, now=now)
    return place, Trust.VERIFIED, OpenSlip(slip.code_hash, slip.used)


def at_counter(
    session: Session, place: Counter, *, key_for: KeyFor, now: dt.datetime, trust: Trust, token: str = ""
) -> CounterAccess:
    """The form of the wave that runs at `place`; raises RevokedCode where it is closed, NoRunningWave without one.

    A form that comes in with a genuine `token` is for the wave that ran when it was shown: one that waited on a phone
    without a network is not lost because the wave or the counter closed meanwhile, and one that was shown a minute
    before midnight is not read with the questions of the wave that began at midnight.
    """
    day = day_of(_shown_at(token, place.code, key=key_for(KEY_PURPOSE), now=now) if token else now)
    if any(end is not None and end <= day for end in (place.valid_to, place.agency.valid_to)):
        raise RevokedCode
    wave = waves.running(session, stream=Stream.COUNTER, on=day)
    if wave is None:
        raise NoRunningWave
    counter = CounterRef.of(place)
    return CounterAccess(
        counter=counter,
        agency=counter.agency,
        wave=wave,
        questionnaire=questionnaires.get(session, wave.questionnaire_hash),
        trust=trust,
    )


def _shown_at(token: str, counter_code: str, *, key: bytes, now: dt.datetime) -> dt.datetime:
    """When the form of `token` was shown; `now` where the token is forged or too old, which opens a fresh form."""
    try:
        open_token(token, counter_code=counter_code, key=key, now=now)
    except TokenError:
        return now
    return dt.datetime.fromtimestamp(_second_in(_proved(token, counter_code, key=key)), tz=dt.UTC)


def _printing(session: Session, parts: codes.CodeParts) -> CounterCode:
    printing = session.scalar(_PRINTING, {"counter_number": parts.counter_number, "serial": parts.serial})
    if printing is None:
        # Signed by our key and not in our tables: of another database of this installation.
        raise UnknownCode
    return printing


def _proved(token: str, counter_code: str, *, key: bytes) -> bytes:
    """What `token` says, once its signature is proved; raises TokenForged."""
    signed = _decoded(token)
    content, tag = signed[:-_TAG_BYTES], signed[-_TAG_BYTES:]
    if not hmac.compare_digest(tag, _tag(content, counter_code, key=key)):
        raise TokenForged
    return content


def _second(now: dt.datetime) -> int:
    return int(now.timestamp())


def _second_in(content: bytes) -> int:
    return int.from_bytes(content[_KEY_BYTES:-_FLAG_BYTES])


def _tag(content: bytes, counter_code: str, *, key: bytes) -> bytes:
    return hmac.digest(key, content + counter_code.encode(), hashlib.sha256)[:_TAG_BYTES]


def _decoded(token: str) -> bytes:
    length = _KEY_BYTES + _SECOND_BYTES + _FLAG_BYTES + _TAG_BYTES
    try:
        signed = base64.b64decode(token.encode("ascii") + b"=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error) as error:
        raise TokenForged from error
    if len(signed) != length:
        raise TokenForged
    return signed


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


def _replayed(earlier: Response, given: Given, *, counter_id: int) -> Receipt:
    if earlier.answers_digest != given.digest or earlier.counter_id != counter_id:
        raise ConflictingReplay(earlier.receipt)
    return Receipt(code=earlier.receipt, created=False)


# Where it is not as a poster's code.
_PRINTED: Mapping[str, Callable[[str], str]] = {"N": short_codes.as_printed, "S": slip_codes.as_printed}
# The first part of a form's address: a poster's signed code, the digits under it, or a slip's one-time code.
WAYS: Mapping[str, Callable[..., _Opened]] = {"R": _by_poster, "N": _by_short_code, "S": _by_slip}
