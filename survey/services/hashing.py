"""Passwords and PINs as they are kept: salted, and slow to guess."""

from __future__ import annotations

import threading
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

# OWASP's choice for Argon2id, 19 MiB: a sign-in costs some 30 ms.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
# Two at a time: a flood of sign-ins can take neither the memory nor both cores from those who answer.
_SLOTS = threading.BoundedSemaphore(2)


def hashed(secret: str) -> str:
    """What is kept of `secret`."""
    with _SLOTS:
        return _HASHER.hash(_same_letters(secret))


def is_secret_of(kept: str, secret: str) -> bool:
    """Whether `kept` was made from `secret`."""
    with _SLOTS:
        try:
            return _HASHER.verify(kept, _same_letters(secret))
        except VerifyMismatchError:
            return False


def _same_letters(secret: str) -> str:
    # A phone may send ế as one character and a computer as three.
    return unicodedata.normalize("NFC", secret)
