"""Published lists and proofs of receipts as files, and read back from them: text for people, JSON for programs.

The formats are in docs/methods.md, so that somebody else can write a program that checks them.
"""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

from survey.i18n import mark
from survey.services.receipt_days import ReceiptList
from survey.services.receipt_leaves import SALT_BYTES, Opening
from survey.services.receipt_proofs import Proof, ProofRefused
from survey.services.receipt_tree import HASH_BYTES
from survey.services.response_rows import RECEIPT_LENGTH

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

LIST_FORMAT = "sipas-receipt-list-1"
PROOF_FORMAT = "sipas-receipt-proof-1"
_LENGTHS = (RECEIPT_LENGTH, SALT_BYTES, HASH_BYTES)


def list_text(one: ReceiptList, leaves: Iterable[bytes], *, is_simulated: bool) -> str:
    """A list to read and to keep: what it is in lines that begin with #, then a leaf a line."""
    head = {"format": LIST_FORMAT, "simulated": "yes" if is_simulated else "no", **_described(one)}
    lines = [f"# {name}: {'-' if value is None else value}" for name, value in head.items()]
    return "\n".join([*lines, *(leaf.hex() for leaf in leaves), ""])


def list_json(one: ReceiptList, leaves: Iterable[bytes], *, is_simulated: bool) -> str:
    """The same for programs."""
    document = {"format": LIST_FORMAT, "simulated": is_simulated, **_described(one)}
    return _json(document | {"leaves": [leaf.hex() for leaf in leaves]})


def chain_text(lists: Iterable[ReceiptList]) -> str:
    """All lists, one a line: day, count, root and chain, the oldest first."""
    lines = (f"{one.day} {one.receipts} {one.root.hex()} {one.chain.hex()}" for one in lists)
    return "\n".join(["# day receipts root chain", *lines, ""])


def proof_json(proof: Proof) -> str:
    """All that is needed to find the receipt in the published list without asking us again."""
    opening = proof.opening
    return _json(
        {
            "format": PROOF_FORMAT,
            "receipt": opening.receipt,
            "salt": opening.salt.hex(),
            "commitment": opening.commitment.hex(),
            "leaf": opening.leaf.hex(),
            "place": proof.place,
            "path": [step.hex() for step in proof.path],
            "list": _described(proof.published),
        }
    )


def read_list(text: str) -> tuple[ReceiptList, list[bytes]]:
    """The list in a text file, or ProofRefused where it is none."""
    try:
        heads = [line.removeprefix("# ").partition(": ") for line in text.splitlines() if line.startswith("#")]
        head: dict[str, Any] = {name: None if value == "-" else value for name, _, value in heads}
        _expect(head, LIST_FORMAT)
        leaves = [bytes.fromhex(line) for line in text.splitlines() if line and not line.startswith("#")]
        return _read_described(head), leaves
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ProofRefused(mark("This file is no list of receipts as this site publishes them.")) from error


def read_proof(text: str) -> Proof:
    """The proof in a JSON file, or ProofRefused where it is none."""
    try:
        document = json.loads(text)
        _expect(document, PROOF_FORMAT)
        return Proof(
            opening=_read_opening(document),
            place=int(document["place"]),
            path=tuple(bytes.fromhex(step) for step in document["path"]),
            published=_read_described(document["list"]),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ProofRefused(mark("This file is no proof of a receipt as this site gives it.")) from error


def _read_opening(values: Mapping[str, Any]) -> Opening:
    opening = Opening(values["receipt"], bytes.fromhex(values["salt"]), bytes.fromhex(values["commitment"]))
    # The leaf is hashed over the three as they follow each other: where one ends must not be open to choice.
    if (len(opening.receipt.encode()), len(opening.salt), len(opening.commitment)) != _LENGTHS:
        raise ValueError("the receipt, the salt or the commitment has another length")
    return opening


def _described(one: ReceiptList) -> dict[str, Any]:
    return {
        "after": None if one.after is None else one.after.isoformat(),
        "day": one.day.isoformat(),
        "receipts": one.receipts,
        "root": one.root.hex(),
        "chain_before": one.before.hex(),
        "chain": one.chain.hex(),
    }


def _read_described(values: Mapping[str, Any]) -> ReceiptList:
    after = values["after"]
    return ReceiptList(
        after=None if after is None else dt.date.fromisoformat(after),
        day=dt.date.fromisoformat(values["day"]),
        receipts=int(values["receipts"]),
        root=bytes.fromhex(values["root"]),
        before=bytes.fromhex(values["chain_before"]),
        chain=bytes.fromhex(values["chain"]),
    )


def _expect(values: Mapping[str, Any], name: str) -> None:
    if values["format"] != name:
        raise ValueError(f"{values['format']!r} is not {name!r}")


def _json(document: Mapping[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
