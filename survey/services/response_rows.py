"""How a submitted form becomes a row: the same for an answer at a counter, an import and a simulation."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from forms import answers as form_answers
from survey.engine import ratings

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from forms.definition import Questionnaire

# Without I, L, O, U and 0, 1: a receipt is copied by hand.
RECEIPT_SIGNS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
RECEIPT_LENGTH = 8


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

    def given(self, answers: Mapping[str, Any]) -> Given:
        """What is stored of `answers`."""
        text = form_answers.canonical(answers)
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


def to_the_minute(instant: dt.datetime) -> dt.datetime:
    """No finer: a second would tell the staff at a quiet counter whose form it was."""
    return instant.replace(second=0, microsecond=0)
