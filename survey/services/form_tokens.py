"""The token of one showing of a form: a fresh submission key, the second and how it is filled in, signed.

Nothing is stored until the answers come, and no cookie is needed (docs/decisions/0008).
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hashlib
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING

from survey.models import Entry
from survey.services.errors import TokenError, TokenExpired, TokenForged

if TYPE_CHECKING:
    from collections.abc import Callable

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
LIFE = {
    Entry.PHONE: dt.timedelta(hours=72),
    Entry.KIOSK: dt.timedelta(days=7),
    Entry.ASSISTED: dt.timedelta(hours=72),
}


@dataclass(frozen=True, slots=True)
class Showing:
    """One showing of the form. `age` is None where the reader had seen the questions before."""

    submission_key: str
    age: dt.timedelta | None
    entry: Entry


def mint(
    signed_for: str,
    *,
    key: bytes,
    now: dt.datetime,
    rng: Callable[[int], bytes],
    shown_before: bool = False,
    entry: Entry = Entry.PHONE,
) -> str:
    """A signed token for one showing of the form: a fresh submission key, the second and `FormAccess.signed_for`.

    `rng` gives that many random bytes, as `secrets.token_bytes` does. The second travels with the form and comes back
    with it; it is never stored. So does `entry`: who fills in the form cannot change how it says it was filled in.
    """
    flags = _ENTRIES.index(entry) << 1 | (not shown_before)
    content = rng(_KEY_BYTES) + _second(now).to_bytes(_SECOND_BYTES) + flags.to_bytes(_FLAG_BYTES)
    signed = content + _tag(content, signed_for, key=key)
    return base64.urlsafe_b64encode(signed).rstrip(b"=").decode()


def open_token(token: str, *, signed_for: str, key: bytes, now: dt.datetime) -> Showing:
    """The showing that `token` was signed for; raises TokenForged or, after its LIFE, TokenExpired."""
    content = _proved(token, signed_for, key=key)
    age = dt.timedelta(seconds=_second(now) - _second_in(content))
    flags = content[-1]
    entry = _ENTRIES[flags >> 1]
    if not -_CLOCK_SLACK <= age <= LIFE[entry]:
        raise TokenExpired
    return Showing(content[:_KEY_BYTES].hex(), age if flags & 1 else None, entry)


def entry_of(token: str, *, signed_for: str, key: bytes) -> Entry:
    """How the form of `token` is filled in, however old it is; by phone where the token is not ours."""
    try:
        return at_any_age(token, signed_for=signed_for, key=key).entry
    except TokenForged:
        return Entry.PHONE


def at_any_age(token: str, *, signed_for: str, key: bytes) -> Showing:
    """The showing that `token` was signed for, however long ago; raises TokenForged."""
    content = _proved(token, signed_for, key=key)
    return Showing(content[:_KEY_BYTES].hex(), None, _ENTRIES[content[-1] >> 1])


def shown_at(token: str, *, signed_for: str, key: bytes, now: dt.datetime) -> dt.datetime:
    """When the form of `token` was shown; `now` where there is none or a bad one, which opens a fresh form."""
    try:
        open_token(token, signed_for=signed_for, key=key, now=now)
    except TokenError:
        return now
    return dt.datetime.fromtimestamp(_second_in(_proved(token, signed_for, key=key)), tz=dt.UTC)


def _proved(token: str, signed_for: str, *, key: bytes) -> bytes:
    """What `token` says, once its signature is proved; raises TokenForged."""
    signed = _decoded(token)
    content, tag = signed[:-_TAG_BYTES], signed[-_TAG_BYTES:]
    if not hmac.compare_digest(tag, _tag(content, signed_for, key=key)):
        raise TokenForged
    return content


def _second(now: dt.datetime) -> int:
    return int(now.timestamp())


def _second_in(content: bytes) -> int:
    return int.from_bytes(content[_KEY_BYTES:-_FLAG_BYTES])


def _tag(content: bytes, signed_for: str, *, key: bytes) -> bytes:
    return hmac.digest(key, content + signed_for.encode(), hashlib.sha256)[:_TAG_BYTES]


def _decoded(token: str) -> bytes:
    length = _KEY_BYTES + _SECOND_BYTES + _FLAG_BYTES + _TAG_BYTES
    try:
        signed = base64.b64decode(token.encode("ascii") + b"=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error) as error:
        raise TokenForged from error
    if len(signed) != length:
        raise TokenForged
    return signed
