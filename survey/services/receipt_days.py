"""The daily lists of receipts: closed once, published, and chained so that none can be changed unseen.

A list has every response received since the list before it, up to the end of its own day. Where a day, and those
before it without a list, have too few receipts, they wait for the next: a list shows how many answers the province had.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from itertools import pairwise
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import func, select

from survey.models import ReceiptDay, Response
from survey.services import receipt_leaves, receipt_tree
from survey.services.daytime import PROVINCE_TIME, day_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Table
    from sqlalchemy.orm import Session

    from survey.services.receipt_leaves import ReceiptKeys

# An answer that came before midnight may still be on its way into the database.
GRACE = dt.timedelta(minutes=10)
# As few as an agency needs to show a figure in public: a list of fewer would tell how many somebody hidden has.
FEWEST = 10
BEFORE_THE_FIRST = bytes(receipt_tree.HASH_BYTES)
_COUNT_BYTES = 8
_LONG_AGO = dt.datetime(1, 1, 2, tzinfo=dt.UTC)
_NEWEST = select(func.max(ReceiptDay.day))


@dataclass(frozen=True, slots=True)
class ReceiptList:
    """A published list, without its leaves. `before` is the chain that it goes on from."""

    after: dt.date | None
    day: dt.date
    receipts: int
    root: bytes
    before: bytes
    chain: bytes

    @property
    def begins(self) -> dt.datetime:
        """The moment after the list before it."""
        return _LONG_AGO if self.after is None else end_of(self.after)

    @property
    def ends(self) -> dt.datetime:
        """The moment from which a response is in a later list."""
        return end_of(self.day)


def chained(before: bytes, *, day: dt.date, receipts: int, root: bytes) -> bytes:
    """The link of a list to all lists before it: SHA-256 over their link, the day, the count and the root.

    >>> chained(bytes(32), day=dt.date(2026, 10, 7), receipts=0, root=receipt_tree.root([])).hex()[:16]
    'dad026080cbf9fb9'
    """
    return hashlib.sha256(before + day.isoformat().encode() + receipts.to_bytes(_COUNT_BYTES) + root).digest()


def end_of(day: dt.date) -> dt.datetime:
    """The midnight that ends `day` in the province."""
    return dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), PROVINCE_TIME)


def last_over(now: dt.datetime) -> dt.date:
    """The last day of which no answer can still be on its way."""
    return day_of(now - GRACE) - dt.timedelta(days=1)


def listing(session: Session) -> list[ReceiptList]:
    """All published lists, the oldest first."""
    rows = session.scalars(select(ReceiptDay).order_by(ReceiptDay.day)).all()
    return [_list(row, last) for last, row in pairwise((None, *rows)) if row is not None]


def covering(session: Session, day: dt.date) -> ReceiptList | None:
    """The list that has the receipts of `day`, or None while there is none yet."""
    row = session.scalar(select(ReceiptDay).where(ReceiptDay.day >= day).order_by(ReceiptDay.day).limit(1))
    if row is None:
        return None
    earlier = select(ReceiptDay).where(ReceiptDay.day < row.day).order_by(ReceiptDay.day.desc()).limit(1)
    return _list(row, session.scalar(earlier))


def leaves(session: Session, one: ReceiptList, *, keys: ReceiptKeys) -> list[bytes]:
    """The leaves of a list as the responses give them now, in the order of their hashes."""
    return sorted(receipt_leaves.leaves_between(session, one.begins, one.ends, keys=keys))


def in_an_open_day(session: Session, received_at: dt.datetime) -> dt.datetime:
    """The moment to enter an answer under: never one of a list that is closed, whatever a clock says.

    A clock that ran ahead and was set right closes a day early; the answers that follow go into the next list.
    """
    newest = session.connection().scalar(_NEWEST)
    return received_at if newest is None else max(received_at, end_of(newest))


def close(session: Session, *, keys: ReceiptKeys, now: dt.datetime, at_most: int | None = None) -> list[ReceiptList]:
    """Close every day that is over and has no list, and return the new lists, the oldest first.

    With `at_most`, stop after the list that brings them to so many receipts; the next call goes on. Where another
    process closes at the same moment, one of the two wins and the other stops.
    """
    made: list[ReceiptList] = []
    for one in _due(session, keys=keys, until=last_over(now)):
        if not _insert_unless_there(session, one, now=now):
            break
        made.append(one)
        if at_most is not None and sum(each.receipts for each in made) >= at_most:
            break
    return made


def waiting(session: Session) -> int:
    """How many responses are in no list yet."""
    newest = session.scalar(_NEWEST)
    query = select(func.count()).select_from(Response)
    return session.scalar(query if newest is None else query.where(Response.received_at >= end_of(newest))) or 0


def _due(session: Session, *, keys: ReceiptKeys, until: dt.date) -> Iterator[ReceiptList]:
    newest = session.scalar(_NEWEST)
    last = None if newest is None else covering(session, newest)
    begins = _LONG_AGO if last is None else last.ends
    gathered: list[bytes] = []
    while (day := _next_day(session, begins, end_of(until))) is not None:
        gathered += receipt_leaves.leaves_between(session, begins, end_of(day), keys=keys)
        begins = end_of(day)
        if len(gathered) >= FEWEST:
            last = _made(sorted(gathered), day, last)
            gathered = []
            yield last


def _next_day(session: Session, begins: dt.datetime, ends: dt.datetime) -> dt.date | None:
    query = select(func.min(Response.received_at)).where(Response.received_at >= begins, Response.received_at < ends)
    first = session.scalar(query)
    return None if first is None else day_of(first)


def _made(leaves: list[bytes], day: dt.date, last: ReceiptList | None) -> ReceiptList:
    before = BEFORE_THE_FIRST if last is None else last.chain
    root = receipt_tree.root(leaves)
    return ReceiptList(
        after=None if last is None else last.day,
        day=day,
        receipts=len(leaves),
        root=root,
        before=before,
        chain=chained(before, day=day, receipts=len(leaves), root=root),
    )


def _list(row: ReceiptDay, last: ReceiptDay | None) -> ReceiptList:
    return ReceiptList(
        after=None if last is None else last.day,
        day=row.day,
        receipts=row.receipts,
        root=bytes(row.root),
        before=BEFORE_THE_FIRST if last is None else bytes(last.chain),
        chain=bytes(row.chain),
    )


def _insert_unless_there(session: Session, one: ReceiptList, *, now: dt.datetime) -> bool:
    row = {"day": one.day, "receipts": one.receipts, "root": one.root, "chain": one.chain, "closed_at": now}
    return session.execute(_insert_or_skip(session.get_bind().dialect.name), row).scalar() is not None


@cache
def _insert_or_skip(dialect: str) -> Any:
    rows = cast("Table", ReceiptDay.__table__)
    insert = import_module(f"sqlalchemy.dialects.{dialect}").insert
    return insert(rows).on_conflict_do_nothing().returning(rows.c.day)
