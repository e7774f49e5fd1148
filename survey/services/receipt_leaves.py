"""What a receipt's entry in the day's list is made of: the receipt, a salt of its own, and a commitment.

The receipt alone has 39 bits, so that a plain hash of it could be found by trying all; the salt's 128 bits cannot. The
commitment covers everything that is kept of the response and goes into a figure. Both follow from the response and from
keys that stay here: nothing more is stored, and only whoever has the receipt is shown them (docs/decisions/0016).
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from survey.models import Response
from survey.services.receipt_tree import leaf_hash

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy.orm import Session

SALT_BYTES = 16
_AT_A_TIME = 5_000
# The columns that the commitment covers, in this order. A column that is added later must not be added here: lists that
# are published could no longer be checked.
COMMITTED = (
    Response.submission_key,
    Response.answers_digest,
    Response.answers,
    Response.ratings,
    Response.wave_id,
    Response.agency_id,
    Response.counter_id,
    Response.stream,
    Response.questionnaire_hash,
    Response.answered_on,
    Response.weight,
    Response.stratum,
    Response.psu,
    Response.from_office,
    Response.quick,
    Response.trust,
    Response.entry,
)
_LEAF_COLUMNS = (Response.receipt, *COMMITTED)


@dataclass(frozen=True, slots=True)
class ReceiptKeys:
    """The two keys that salts and commitments are made with."""

    salts: bytes = field(repr=False)
    commitments: bytes = field(repr=False)

    @classmethod
    def of(cls, key_for: Callable[[str], bytes]) -> ReceiptKeys:
        """Those of an installation, from its keys by purpose."""
        return cls(salts=key_for("receipt salts"), commitments=key_for("receipt commitments"))


@dataclass(frozen=True, slots=True)
class Opening:
    """What the holder of a receipt needs to find its leaf."""

    receipt: str
    salt: bytes
    commitment: bytes

    @property
    def leaf(self) -> bytes:
        """The leaf: nobody without the salt can tell whose it is, and nobody at all what was answered."""
        return leaf_hash(self.receipt.encode() + self.salt + self.commitment)


def opening_of(session: Session, receipt: str, *, keys: ReceiptKeys) -> Opening | None:
    """How to open the leaf of `receipt`, or None where no response has it."""
    row = session.execute(select(*_LEAF_COLUMNS).where(Response.receipt == receipt)).one_or_none()
    return None if row is None else _opening(row, keys)


def leaves_between(session: Session, begin: dt.datetime, end: dt.datetime, *, keys: ReceiptKeys) -> list[bytes]:
    """The leaves of all responses received from `begin` until before `end`, in no order that means anything."""
    return [opening.leaf for opening in _openings(session, begin, end, keys=keys)]


def _openings(session: Session, begin: dt.datetime, end: dt.datetime, *, keys: ReceiptKeys) -> Iterator[Opening]:
    query = select(*_LEAF_COLUMNS).where(Response.received_at >= begin, Response.received_at < end)
    # Read part by part: the answers of a day may be far more than their hashes.
    for row in session.execute(query.execution_options(yield_per=_AT_A_TIME)):
        yield _opening(row, keys)


def _opening(row: Sequence[Any], keys: ReceiptKeys) -> Opening:
    receipt: str = row[0]
    record = json.dumps(list(row[1:]), default=_as_text, separators=(",", ":")).encode()
    return Opening(
        receipt=receipt,
        salt=hmac.digest(keys.salts, receipt.encode(), hashlib.sha256)[:SALT_BYTES],
        commitment=hmac.digest(keys.commitments, record, hashlib.sha256),
    )


def _as_text(value: bytes | memoryview | dt.date) -> str:
    """Digests in hexadecimal, days as 2026-10-07."""
    return value.hex() if isinstance(value, bytes | memoryview) else value.isoformat()
