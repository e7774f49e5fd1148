"""The code on a return slip: 60 random bits as twelve signs of Crockford's base 32, and one that checks the others.

A code says nothing: neither whose it is nor where it was printed. What is kept of it is HMAC-SHA256 under a key that is
not in the database, so that a copy of the database opens no form. The check sign is the remainder of the twelve over
GF(32), as a Reed-Solomon code of one sign has it (Reed & Solomon 1960, J. SIAM 8, 300-304): any one wrong sign and
any two that changed places are found before anything is looked up.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import TYPE_CHECKING

from survey.services import codes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

KEY_PURPOSE = "slip codes"

RANDOM_SIGNS = 12
LENGTH = RANDOM_SIGNS + 1
_RANDOM_BYTES = 8
_GROUPS = (4, 4, 5)
_FORM = re.compile(rf"[{codes.SIGNS}]{{{LENGTH}}}", re.ASCII)
_BETWEEN = re.compile(r"[\s.,\-]+")
# x^5 + x^2 + 1 is primitive: x has the order 31, so that each of 13 places counts with another factor.
_FIELD, _MODULUS = 32, 0b100101


def made(rng: Callable[[int], bytes]) -> str:
    """A new code. `rng` gives that many random bytes, as `secrets.token_bytes` does."""
    number = int.from_bytes(rng(_RANDOM_BYTES))
    signs = [number >> 5 * place & 31 for place in range(RANDOM_SIGNS)]
    return "".join(codes.SIGNS[sign] for sign in (*signs, _times_x(_remainder(signs))))


def is_code(text: str) -> bool:
    """Whether `text` has the form of a code and its last sign agrees with the others.

    >>> is_code("ABCDEFGHJKMNQ"), is_code("ABCDEFGHJKNMQ"), is_code("ABCDEFGHJKMN")
    (True, False, False)
    """
    return bool(_FORM.fullmatch(text)) and _remainder(map(codes.SIGNS.index, text)) == 0


def as_printed(typed: str) -> str:
    """The signs alone, from a code typed in small letters, in groups, or with O for 0 and I for 1.

    >>> as_printed("abcd-efgh jkmno")
    'ABCDEFGHJKMN0'
    """
    return codes.as_printed(_BETWEEN.sub("", typed))


def grouped(code: str) -> str:
    """The code as a person reads it.

    >>> grouped("ABCDEFGHJKMNQ")
    'ABCD-EFGH-JKMNQ'
    """
    ends = [sum(_GROUPS[: place + 1]) for place in range(len(_GROUPS))]
    return "-".join(code[end - length : end] for end, length in zip(ends, _GROUPS, strict=True))


def hash_of(code: str, *, key: bytes) -> bytes:
    """What is kept of `code`; `key` is the installation's for KEY_PURPOSE."""
    return hmac.digest(key, code.encode(), hashlib.sha256)


def url_of(code: str, *, base_url: str) -> str:
    """The address in the QR, in capitals (see `codes.answer_url`)."""
    return f"{base_url.rstrip('/')}/S/{code}".upper()


def _remainder(signs: Iterable[int]) -> int:
    remainder = 0
    for sign in signs:
        remainder = _times_x(remainder) ^ sign
    return remainder


def _times_x(element: int) -> int:
    doubled = element << 1
    return doubled ^ _MODULUS if doubled & _FIELD else doubled
