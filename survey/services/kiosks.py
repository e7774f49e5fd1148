"""Kiosks: an office's tablets, each at the address `/K/7-ABCDEFGHJKMNP`, the kiosk's number and a signature.

The signature is that of a poster's code under a key of its own, and not stored either: whoever copies the database can
open no kiosk. The PIN keeps a passer-by from leaving the page; it opens nothing else.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from survey.i18n import mark
from survey.models import Counter, Entry, Kiosk, Trust
from survey.services import codes, collect, form_tokens, hashing
from survey.services.errors import ClosedKiosk, ForgedCode, NotFoundError, ServiceError, UnknownCode
from survey.services.references import CounterRef
from survey.services.response_rows import receipt_for

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    from survey.services.collect import FormAccess

KEY_PURPOSE = "kiosk codes"
PIN_DIGITS = 6
# A busy counter has some 200 visitors a day, and a tablet may be without a network for more than one.
PACK_SIZE = 500

_PIN = re.compile(rf"[0-9]{{{PIN_DIGITS}}}", re.ASCII)
_CODE = re.compile(rf"([1-9][0-9]{{0,8}})-([{codes.SIGNS}]{{{codes.TAG_SIGNS}}})", re.ASCII)


@dataclass(frozen=True, slots=True)
class KioskRef:
    """One tablet and where it stands."""

    id: int
    counter: CounterRef
    opened_at: dt.datetime
    closed_at: dt.datetime | None

    @classmethod
    def of(cls, kiosk: Kiosk) -> KioskRef:
        """The value of a row."""
        counter = CounterRef.of(kiosk.counter)
        return cls(id=kiosk.id, counter=counter, opened_at=kiosk.opened_at, closed_at=kiosk.closed_at)


@dataclass(frozen=True, slots=True)
class SpareForm:
    """A form to be filled in later, perhaps without a network: its token, and the receipt it will bring."""

    token: str
    receipt: str


def make(session: Session, counter: CounterRef, *, pin: str, now: dt.datetime) -> KioskRef:
    """A new kiosk at `counter`."""
    if not _PIN.fullmatch(pin):
        raise ServiceError(mark("A PIN is {digits} digits."), digits=PIN_DIGITS)
    kiosk = Kiosk(counter_id=counter.id, pin_hash=hashing.hashed(pin), opened_at=now)
    session.add(kiosk)
    session.flush()
    return KioskRef.of(kiosk)


def close(session: Session, number: int, *, now: dt.datetime, counter: CounterRef | None = None) -> KioskRef:
    """Close the kiosk of that number (at `counter`, where one is named). Closing twice keeps the first moment."""
    kiosk = _find(session, number)
    if kiosk is None or (counter is not None and kiosk.counter_id != counter.id):
        raise NotFoundError(mark("There is no kiosk with the number {number}."), number=number)
    if kiosk.closed_at is None:
        kiosk.closed_at = now
        session.flush()
    return KioskRef.of(kiosk)


def listing(session: Session, *, counter: CounterRef | None = None) -> list[KioskRef]:
    """All kiosks, or those of one counter, the newest first."""
    query = _KIOSKS.order_by(Kiosk.id.desc())
    if counter is not None:
        query = query.where(Kiosk.counter_id == counter.id)
    return [KioskRef.of(kiosk) for kiosk in session.scalars(query)]


def code_of(kiosk: KioskRef, *, key: bytes) -> str:
    """The code in the kiosk's address; `key` is the installation's for KEY_PURPOSE."""
    return f"{kiosk.id}-{codes.tag_of(str(kiosk.id), key=key)}"


def url_of(kiosk: KioskRef, *, base_url: str, key: bytes) -> str:
    """The address to open on the tablet."""
    return f"{base_url.rstrip('/')}/K/{code_of(kiosk, key=key)}"


def resolve(
    session: Session, code: str, *, key_for: Callable[[str], bytes], now: dt.datetime, token: str = ""
) -> tuple[KioskRef, FormAccess]:
    """The kiosk that `code` opens and the form there, or the CodeError that says why it opens nothing.

    `token` is that of the form that comes in (see `collect.at_counter`).
    """
    kiosk = _find(session, parse(code, key=key_for(KEY_PURPOSE)))
    if kiosk is None:
        # Signed by our key and not in our tables: of another database of this installation.
        raise UnknownCode
    if kiosk.closed_at is not None and kiosk.closed_at <= now:
        raise ClosedKiosk
    place = collect.ServicePoint.of(kiosk.counter)
    access = collect.at_counter(session, place, key_for=key_for, now=now, token=token, trust=Trust.SIGNED)
    return KioskRef.of(kiosk), access


def parse(code: str, *, key: bytes) -> int:
    """The kiosk's number, once the signature is proved; raises UnknownCode or ForgedCode."""
    match = _CODE.fullmatch(code)
    if match is None:
        raise UnknownCode
    if not hmac.compare_digest(codes.tag_of(match[1], key=key), match[2]):
        raise ForgedCode
    return int(match[1])


def is_pin(session: Session, kiosk: KioskRef, pin: str) -> bool:
    """Whether `pin` lets somebody leave that kiosk's page."""
    kept = session.scalars(select(Kiosk.pin_hash).where(Kiosk.id == kiosk.id)).one()
    return bool(_PIN.fullmatch(pin)) and hashing.is_secret_of(kept, pin)


def spare_forms(
    access: FormAccess, *, size: int = PACK_SIZE, key: bytes, now: dt.datetime, rng: Callable[[int], bytes]
) -> list[SpareForm]:
    """Forms for the visitors to come. `key` is the installation's for `form_tokens.KEY_PURPOSE`.

    They say that they were shown before: the second in them is not when anybody began to read.
    """
    return [_spare_form(access.signed_for, key=key, now=now, rng=rng) for _ in range(size)]


def _spare_form(signed_for: str, *, key: bytes, now: dt.datetime, rng: Callable[[int], bytes]) -> SpareForm:
    token = form_tokens.mint(signed_for, key=key, now=now, rng=rng, shown_before=True, entry=Entry.KIOSK)
    showing = form_tokens.open_token(token, signed_for=signed_for, key=key, now=now)
    return SpareForm(token, receipt_for(showing.submission_key))


def _find(session: Session, number: int) -> Kiosk | None:
    return session.scalar(_KIOSKS.where(Kiosk.id == number))


_KIOSKS = select(Kiosk).options(joinedload(Kiosk.counter).joinedload(Counter.agency))
