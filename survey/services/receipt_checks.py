"""Whether the published lists of receipts still agree with the responses that are kept."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from survey.services import receipt_days, receipt_tree

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

    from survey.services.receipt_days import ReceiptList
    from survey.services.receipt_leaves import ReceiptKeys


class Verdict(StrEnum):
    """What a list turned out to be."""

    AGREES = "agrees"
    MISSING = "missing"
    ADDED = "added"
    CHANGED = "changed"
    REWRITTEN = "rewritten"


@dataclass(frozen=True, slots=True)
class CheckedList:
    """One published list, how many responses there are for it now, and what that means."""

    published: ReceiptList
    responses: int
    verdict: Verdict


def check(session: Session, *, keys: ReceiptKeys, day: dt.date | None = None) -> Iterator[CheckedList]:
    """Each published list, the oldest first, against the responses of now; with `day` only the one that has it."""
    lists = receipt_days.listing(session)
    if day is not None:
        one = receipt_days.covering(session, day)
        lists = [] if one is None else [one]
    for published in lists:
        leaves = receipt_days.leaves(session, published, keys=keys)
        yield CheckedList(published, len(leaves), _verdict(published, leaves))


def _verdict(published: ReceiptList, leaves: list[bytes]) -> Verdict:
    chain = receipt_days.chained(published.before, day=published.day, receipts=published.receipts, root=published.root)
    if chain != published.chain:
        return Verdict.REWRITTEN
    if receipt_tree.root(leaves) == published.root:
        return Verdict.AGREES
    if len(leaves) == published.receipts:
        return Verdict.CHANGED
    return Verdict.MISSING if len(leaves) < published.receipts else Verdict.ADDED
