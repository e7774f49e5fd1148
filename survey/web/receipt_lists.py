"""The leaves of published lists, and proofs from them, kept in this process: a closed list never changes."""

from __future__ import annotations

import logging
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, cast

from flask import current_app

from survey.services import receipt_days, receipt_leaves, receipt_proofs, receipt_tree
from survey.services.receipt_leaves import ReceiptKeys
from survey.web.site import site

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    from survey.services.receipt_days import ReceiptList
    from survey.services.receipt_proofs import Proof
    from survey.services.receipts import KeptResponse

# Some thirty megabytes.
MOST_LEAVES = 400_000
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Inclusion:
    """Where a receipt stands: in a list with its proof, in a list that no longer agrees, or in none yet."""

    published: ReceiptList | None
    proof: Proof | None


class KeptLists:
    """The lists asked for last. One is computed at a time: it takes a processor some milliseconds a thousand."""

    def __init__(self) -> None:
        self._kept: OrderedDict[bytes, list[bytes]] = OrderedDict()
        self._turn = Lock()

    def get(self, chain: bytes, compute: Callable[[], list[bytes] | None]) -> list[bytes] | None:
        """The leaves kept under a list's chain, or those computed now; what is None is not kept."""
        with self._turn:
            leaves = self._kept.get(chain) or compute()
            if leaves is not None:
                self._keep(chain, leaves)
            return leaves

    def _keep(self, chain: bytes, leaves: list[bytes]) -> None:
        self._kept[chain] = leaves
        self._kept.move_to_end(chain)
        while len(self._kept) > 1 and sum(map(len, self._kept.values())) > MOST_LEAVES:
            self._kept.popitem(last=False)


def leaves_of(session: Session, one: ReceiptList) -> list[bytes] | None:
    """The leaves of a published list, or None where the responses no longer give them: nothing else is shown."""

    def compute() -> list[bytes] | None:
        leaves = receipt_days.leaves(session, one, keys=_keys())
        if receipt_tree.root(leaves) == one.root:
            return leaves
        logger.error("The list of receipts of %s no longer agrees: see `sipas receipts check`.", one.day)
        return None

    kept = cast("KeptLists", current_app.extensions.setdefault("sipas-receipt-lists", KeptLists()))
    return kept.get(one.chain, compute)


def inclusion(session: Session, kept: KeptResponse) -> Inclusion:
    """Whether and where a receipt is published."""
    published = receipt_days.covering(session, kept.received_on)
    if published is None:
        return Inclusion(None, None)
    leaves = leaves_of(session, published)
    opening = receipt_leaves.opening_of(session, kept.receipt, keys=_keys())
    if leaves is None or opening is None:
        return Inclusion(published, None)
    return Inclusion(published, receipt_proofs.prove(opening, leaves, published=published))


def _keys() -> ReceiptKeys:
    return ReceiptKeys.of(site().settings.key)
