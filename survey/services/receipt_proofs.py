"""The proof that one receipt is in a published list, and its verification, which needs no database and no key."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from survey.i18n import mark
from survey.services import receipt_tree
from survey.services.errors import ServiceError
from survey.services.receipt_days import chained

if TYPE_CHECKING:
    from collections.abc import Sequence

    from survey.services.receipt_days import ReceiptList
    from survey.services.receipt_leaves import Opening


class ProofRefused(ServiceError):  # noqa: N818 - as the other refusals of services.
    """A proof that does not prove what it says."""


@dataclass(frozen=True, slots=True)
class Proof:
    """The receipt's leaf, its place in a published list from 0, and the path from there to the list's root."""

    opening: Opening
    place: int
    path: tuple[bytes, ...]
    published: ReceiptList


def prove(opening: Opening, leaves: Sequence[bytes], *, published: ReceiptList) -> Proof | None:
    """The proof that the opened leaf is in a list with these sorted leaves, or None where it is not."""
    place = bisect_left(leaves, opening.leaf)
    if place == len(leaves) or leaves[place] != opening.leaf:
        return None
    return Proof(opening, place, tuple(receipt_tree.path(leaves, place)), published)


def verify(proof: Proof) -> None:
    """Raise ProofRefused unless the receipt is in the list, and the list has the link of the chain that it says."""
    one = proof.published
    reached = receipt_tree.root_by_path(proof.opening.leaf, place=proof.place, size=one.receipts, path=proof.path)
    if reached != one.root:
        raise ProofRefused(mark("The proof does not lead from the receipt to the root of the list: it proves nothing."))
    verify_link(one)


def verify_in(proof: Proof, one: ReceiptList, leaves: Sequence[bytes]) -> None:
    """Raise ProofRefused unless `leaves` are a list that is whole, is the one of the proof, and has its receipt."""
    if one != proof.published:
        raise ProofRefused(mark("The list is another one than the proof is of: its day, count, root or chain differs."))
    verify_list(one, leaves)
    if leaves[proof.place] != proof.opening.leaf:
        raise ProofRefused(mark("The list has another leaf at the receipt's place."))


def verify_list(one: ReceiptList, leaves: Sequence[bytes]) -> None:
    """Raise ProofRefused unless the leaves are as many as the list says, in order, and lead to its root and link."""
    in_order = all(leaf < following for leaf, following in pairwise(leaves))
    if len(leaves) != one.receipts or not in_order or receipt_tree.root(leaves) != one.root:
        raise ProofRefused(mark("The list is not whole: its leaves do not lead to the root that it names."))
    verify_link(one)


def verify_link(one: ReceiptList) -> None:
    """Raise ProofRefused unless the list's link follows from the one before, the day, the count and the root."""
    if chained(one.before, day=one.day, receipts=one.receipts, root=one.root) != one.chain:
        raise ProofRefused(mark("The list's link to the lists before it does not fit its day, count and root."))
