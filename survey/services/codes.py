"""The code on a counter's poster: `12-1-ABCDEFGHJKMNP`, the counter's number, the poster's serial and a signature.

The signature is HMAC-SHA256 cut to 65 bits, 13 signs of Crockford's base 32 (no I, L, O, U). 65 bits are few for a
file and enough for a poster: a guess is a request to the site, and 2^65 of them are out of reach. Everything here is
upper case, so that the QR uses its small alphanumeric mode.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass

from survey.services.errors import ForgedCode, UnknownCode

KEY_PURPOSE = "counter codes"

SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
TAG_SIGNS = 13
_TAG_BITS = 5 * TAG_SIGNS
_FORM = re.compile(rf"([1-9][0-9]{{0,8}})-([1-9][0-9]{{0,4}})-([{SIGNS}]{{{TAG_SIGNS}}})", re.ASCII)
# Crockford's base 32 lets a reader mistake these.
_MISREAD = str.maketrans({"O": "0", "I": "1", "L": "1"})


@dataclass(frozen=True, slots=True)
class CodeParts:
    """What a genuine code says. Its text is for logs: it leaves the signature out."""

    counter_number: int
    serial: int

    def __str__(self) -> str:
        return f"{self.counter_number}-{self.serial}"


def code_for(counter_number: int, serial: int, *, key: bytes) -> str:
    """The code of one printing of a counter's poster."""
    parts = CodeParts(counter_number, serial)
    return f"{parts}-{tag_of(str(parts), key=key)}"


def parse(code: str, *, key: bytes) -> CodeParts:
    """What `code` says, once its signature is proved; raises UnknownCode or ForgedCode."""
    match = _FORM.fullmatch(code)
    if match is None:
        raise UnknownCode
    parts = CodeParts(int(match[1]), int(match[2]))
    if not hmac.compare_digest(tag_of(str(parts), key=key), match[3]):
        raise ForgedCode
    return parts


def claimed(code: str) -> str | None:
    """The counter and the serial that `code` says it is of, for the log; None where it has not the form of a code.

    >>> claimed("12-1-0123456789ABC")
    '12-1'
    """
    match = _FORM.fullmatch(code)
    return f"{match[1]}-{match[2]}" if match else None


def as_printed(typed: str) -> str:
    """A code as the poster has it, from one typed in small letters, with spaces or with O for 0."""
    return "".join(typed.split()).upper().translate(_MISREAD)


def answer_url(base_url: str, code: str) -> str:
    """The address in the QR, in capitals. `Settings` sees to it that the base has no path that they would break."""
    return f"{base_url.rstrip('/')}/R/{code}".upper()


def tag_of(text: str, *, key: bytes) -> str:
    """The signature that a code of ours has behind `text`."""
    digest = hmac.digest(key, text.encode(), hashlib.sha256)
    number = int.from_bytes(digest) >> (8 * len(digest) - _TAG_BITS)
    return "".join(SIGNS[(number >> shift) & 31] for shift in range(_TAG_BITS - 5, -1, -5))
