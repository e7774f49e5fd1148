"""Return slips with one-time codes: made in batches for one counter and one day, used once, erased when they are over.

Nothing here knows to whom a slip was handed, and nothing keeps which response came with it or when (docs/decisions/0016
and 0020): using a code changes one bit, in the transaction that keeps the response.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, delete, func, insert, select, update
from sqlalchemy.orm import joinedload

from survey.i18n import mark
from survey.models import Counter, SlipBatch, SlipCode
from survey.services import slip_codes
from survey.services.daytime import day_of
from survey.services.errors import (
    EarlySlip,
    ExpiredSlip,
    NotFoundError,
    RevokedSlip,
    ServiceError,
    UnknownSlip,
    UsedSlip,
)
from survey.services.references import CounterRef

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import ScalarSelect
    from sqlalchemy.orm import Session

# What `erase_over` deletes from.
TABLES = (SlipCode.__tablename__, SlipBatch.__tablename__)
LARGEST_BATCH = 10_000
# Whole days after the one on which a slip is handed out, so that there are 72 hours for answering at home.
DAYS_TO_ANSWER = 3
# A form that was opened on the last of them may wait on a phone for a network as long as its token lives.
DAYS_TO_COME_IN = 3

_BY_HASH = (
    select(SlipCode)
    .where(SlipCode.code_hash == bindparam("code_hash"))
    .options(joinedload(SlipCode.batch).joinedload(SlipBatch.counter).joinedload(Counter.agency))
)
_USED_UP = update(SlipCode).where(SlipCode.code_hash == bindparam("hash_of_code"), SlipCode.used.is_(False))


@dataclass(frozen=True, slots=True)
class SlipBatchRef:
    """One batch: where and when its slips are good, and how many of them were used."""

    id: int
    counter: CounterRef
    opens_on: dt.date
    closes_on: dt.date
    size: int
    used: int
    revoked_at: dt.datetime | None


def last_day(opens_on: dt.date) -> dt.date:
    """The last day on which a slip handed out on `opens_on` opens a form."""
    return opens_on + dt.timedelta(days=DAYS_TO_ANSWER)


def draw(size: int, *, rng: Callable[[int], bytes]) -> tuple[str, ...]:
    """New codes in the order in which they are to be printed: by chance, as they are drawn.

    They are kept in another one, that of their hashes. `rng` gives that many random bytes, as `secrets.token_bytes`
    does.
    """
    if not 1 <= size <= LARGEST_BATCH:
        raise ServiceError(mark("A batch has from 1 to {most} slips, not {size}."), most=LARGEST_BATCH, size=size)
    drawn: dict[str, None] = {}
    while len(drawn) < size:
        drawn[slip_codes.made(rng)] = None
    return tuple(drawn)


def keep(
    session: Session, counter: CounterRef, drawn: Sequence[str], *, opens_on: dt.date, key: bytes, now: dt.datetime
) -> SlipBatchRef:
    """Keep a batch of the codes that `draw` gave. `key` is the installation's for `slip_codes.KEY_PURPOSE`."""
    if last_day(opens_on) < day_of(now):
        raise ServiceError(mark("Slips for {day} would be over already: name today or a later day."), day=opens_on)
    batch = SlipBatch(
        counter_id=counter.id, opens_on=opens_on, closes_on=last_day(opens_on), size=len(drawn), issued_at=now
    )
    session.add(batch)
    session.flush()
    # In the order of their hashes, which is not that of printing: no place in the table leads to a place in the pile.
    hashes = sorted(slip_codes.hash_of(code, key=key) for code in drawn)
    session.execute(insert(SlipCode), [{"code_hash": one, "batch_id": batch.id, "used": False} for one in hashes])
    return _reference(batch, 0)


def listing(session: Session, *, counter: CounterRef | None = None) -> list[SlipBatchRef]:
    """The batches that are there, or those of one counter, the newest first."""
    query = select(SlipBatch, _used()).order_by(SlipBatch.id.desc()).options(_WITH_COUNTER)
    if counter is not None:
        query = query.where(SlipBatch.counter_id == counter.id)
    return [_reference(batch, used) for batch, used in session.execute(query)]


def revoke(session: Session, number: int, *, now: dt.datetime) -> SlipBatchRef:
    """Withdraw the batch of that number, as when its slips were lost. Revoking twice keeps the first moment."""
    found = session.execute(select(SlipBatch, _used()).where(SlipBatch.id == number).options(_WITH_COUNTER)).first()
    if found is None:
        raise NotFoundError(mark("There is no batch of slips with the number {number}."), number=number)
    batch, used = found
    if batch.revoked_at is None:
        batch.revoked_at = now
        session.flush()
    return _reference(batch, used)


def erase_over(session: Session, *, now: dt.datetime) -> int:
    """Erase all batches with which nothing more can come in, and their codes; how many there were."""
    over = day_of(now) - dt.timedelta(days=DAYS_TO_COME_IN)
    batches = session.scalars(select(SlipBatch.id).where(SlipBatch.closes_on < over)).all()
    session.execute(delete(SlipCode).where(SlipCode.batch_id.in_(batches)))
    session.execute(delete(SlipBatch).where(SlipBatch.id.in_(batches)))
    return len(batches)


def find(session: Session, code: str, *, key: bytes) -> SlipCode:
    """The row of `code`, with its batch and its counter; raises UnknownSlip."""
    if not slip_codes.is_code(code):
        raise UnknownSlip
    slip = session.scalar(_BY_HASH, {"code_hash": slip_codes.hash_of(code, key=key)})
    if slip is None:
        raise UnknownSlip
    return slip


def check_open(batch: SlipBatch, *, shown_at: dt.datetime, now: dt.datetime) -> None:
    """Raise what is wrong with the slips of `batch` at `now`, for a form that was shown at `shown_at`."""
    if batch.revoked_at is not None and batch.revoked_at <= now:
        raise RevokedSlip
    day = day_of(shown_at)
    if day < batch.opens_on:
        raise EarlySlip
    if day > batch.closes_on:
        raise ExpiredSlip


def use_up(session: Session, code_hash: bytes) -> None:
    """Use a code, once: of any number at the same moment one succeeds and the others raise UsedSlip."""
    result = session.connection().execute(_USED_UP.values(used=True), {"hash_of_code": code_hash})
    if result.rowcount != 1:
        raise UsedSlip


def _used() -> ScalarSelect[int]:
    return select(func.count()).where(SlipCode.batch_id == SlipBatch.id, SlipCode.used.is_(True)).scalar_subquery()


def _reference(batch: SlipBatch, used: int) -> SlipBatchRef:
    return SlipBatchRef(
        id=batch.id,
        counter=CounterRef.of(batch.counter),
        opens_on=batch.opens_on,
        closes_on=batch.closes_on,
        size=batch.size,
        used=used,
        revoked_at=batch.revoked_at,
    )


_WITH_COUNTER = joinedload(SlipBatch.counter).joinedload(Counter.agency)
