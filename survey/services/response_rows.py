"""How a submitted form becomes a row: the same for an answer at a counter, an import and a simulation."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from forms import answers as form_answers
from forms.redaction import redacted
from survey.engine import ratings
from survey.models import Response

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from sqlalchemy.orm import Session

    from forms.definition import Questionnaire

# Without I, L, O, U and 0, 1: a receipt is copied by hand.
RECEIPT_SIGNS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
RECEIPT_LENGTH = 8
# Below the number of parameters that a statement may have.
_RECEIPTS_AT_A_TIME = 10_000


@dataclass(frozen=True, slots=True)
class Given:
    """A submitted form: its answers as text, and what follows from them."""

    answers: str
    digest: bytes
    ratings: str


class Reader:
    """Turns answers to one questionnaire into what is stored."""

    def __init__(self, questionnaire: Questionnaire) -> None:
        self._rating_ids = tuple(item.id for item in questionnaire.rating_items)
        self._in_own_words = questionnaire.free_text_ids

    def given(self, answers: Mapping[str, Any]) -> Given:
        """What is stored of `answers`: of a respondent's own words nothing that leads to a person."""
        own = {name: redacted(answers[name]) for name in self._in_own_words if answers.get(name)}
        text = form_answers.canonical({**answers, **own})
        return Given(
            answers=text,
            digest=hashlib.sha256(text.encode()).digest(),
            ratings=ratings.encode(answers, self._rating_ids),
        )


def receipt_for(submission_key: str, *, attempt: int = 0) -> str:
    """The receipt of a form: it follows from the form's key, so that sending again shows the same one.

    The key cannot be computed back from it. `attempt` gives another one where two keys share a receipt.
    """
    number = int.from_bytes(hashlib.sha256(f"receipt {attempt} {submission_key}".encode()).digest()[:16])
    signs = []
    for _ in range(RECEIPT_LENGTH):
        number, place = divmod(number, len(RECEIPT_SIGNS))
        signs.append(RECEIPT_SIGNS[place])
    return "".join(signs)


def free_receipts(session: Session, keys: Sequence[str]) -> list[str]:
    """A receipt for each key, none of them taken: of half a million, one or two meet another by chance."""
    taken = _taken(session, [receipt_for(key) for key in keys])
    receipts = []
    for key in keys:
        attempt = 0
        while (receipt := receipt_for(key, attempt=attempt)) in taken:
            attempt += 1
        taken.add(receipt)
        receipts.append(receipt)
    return receipts


def to_the_minute(instant: dt.datetime) -> dt.datetime:
    """No finer: a second would tell the staff at a quiet counter whose form it was."""
    return instant.replace(second=0, microsecond=0)


def _taken(session: Session, receipts: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for begin in range(0, len(receipts), _RECEIPTS_AT_A_TIME):
        some = receipts[begin : begin + _RECEIPTS_AT_A_TIME]
        found.update(session.scalars(select(Response.receipt).where(Response.receipt.in_(some))))
    return found
