"""The six digits printed under a counter's QR, for whoever cannot scan it.

They are no secret: they say which counter, and that is all. The last one is the check digit of Damm's quasigroup
(H. M. Damm 2004, Total anti-symmetrische Quasigruppen), which finds every single wrong digit and every swap of two
neighbours, so that a slip of the finger leads to a message and never to another counter's form.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container

DIGITS = 6
_FREE = 10 ** (DIGITS - 1)
_FORM = re.compile(rf"[0-9]{{{DIGITS}}}", re.ASCII)
# What people write between groups of digits; Python's \s has the unbreakable space too.
_BETWEEN = re.compile(r"[\s.,\-]+")
_DAMM = (
    *("0317598642", "7092154863", "4206871359", "1750983426", "6123045978"),
    *("3674209581", "5869720134", "8945362017", "9438617205", "2581436790"),
)


def short_code_for(counter_code: str, *, taken: Container[str] = ()) -> str:
    """The digits of the counter of that code: the same in every installation, unless another counter has them.

    >>> short_code_for("xa-ea-o-1")
    '216483'
    """
    start = int.from_bytes(hashlib.sha256(counter_code.encode()).digest()) % _FREE
    candidates = (_checked(f"{(start + step) % _FREE:05}") for step in range(_FREE))
    return next(code for code in candidates if code not in taken)


def is_short_code(text: str) -> bool:
    """Whether `text` is six digits, the last of which agrees with the others.

    >>> is_short_code("216483"), is_short_code("216438")
    (True, False)
    """
    return bool(_FORM.fullmatch(text)) and _interim(text) == 0


def as_printed(typed: str) -> str:
    """The digits alone, from whatever groups they were typed in.

    >>> as_printed(" 216.483 ")
    '216483'
    """
    return _BETWEEN.sub("", typed)


def _checked(digits: str) -> str:
    return f"{digits}{_interim(digits)}"


def _interim(digits: str) -> int:
    row = 0
    for digit in digits:
        row = int(_DAMM[row][int(digit)])
    return row
