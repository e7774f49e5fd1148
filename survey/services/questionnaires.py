"""Questionnaires kept in the database under the hash of their content."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forms import loading
from survey.i18n import mark
from survey.models import StoredQuestionnaire
from survey.services.errors import NotFoundError

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from forms.definition import Questionnaire

# What a hash names never changes, so that a process reads it once.
_READ: dict[str, Questionnaire] = {}


def store(session: Session, questionnaire: Questionnaire) -> str:
    """Keep `questionnaire` word for word and return its hash; keeping it twice keeps it once."""
    if session.get(StoredQuestionnaire, questionnaire.hash) is None:
        session.add(
            StoredQuestionnaire(
                hash=questionnaire.hash,
                questionnaire_id=questionnaire.id,
                version=str(questionnaire.version),
                canonical=questionnaire.canonical(),
            )
        )
        session.flush()
    return questionnaire.hash


def get(session: Session, questionnaire_hash: str) -> Questionnaire:
    """The questionnaire of that hash, as it was when it was stored."""
    if questionnaire_hash not in _READ:
        stored = session.get(StoredQuestionnaire, questionnaire_hash)
        if stored is None:
            raise NotFoundError(mark("There is no questionnaire {hash}."), hash=questionnaire_hash[:12])
        _READ[questionnaire_hash] = loading.from_canonical(stored.canonical)
    return _READ[questionnaire_hash]
