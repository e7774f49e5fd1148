"""How many answered, and what they left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis.quality import item_nonresponse
from survey.engine.log import item_answers
from survey.models import Stream
from survey.services.decision_values import ItemGaps

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.orm import Session

    from survey.services.index_sums import Summed


def response_rate(summed: Summed, agency: int, handled: Mapping[int, int]) -> float | None:
    """Answers over transactions handled, at a counter; a drawn sample's rates follow from its fieldwork.

    More answers than transactions is no rate but a sign of wrong figures, and is shown as it is.
    """
    if summed.stream != Stream.COUNTER or not handled.get(agency) or agency not in summed.by_agency:
        return None
    return summed.by_agency[agency].respondents / handled[agency]


def item_gaps(session: Session, summed: Summed) -> tuple[ItemGaps, ...]:
    """The share of respondents who left each rating blank, flagged above one in twenty."""
    answered = item_answers(session, wave_id=summed.wave.id, stream=summed.stream, questionnaire=summed.questionnaire)
    found = item_nonresponse(answered) if answered else ()
    return tuple(ItemGaps(one.item, one.share.value, one.flagged) for one in found if one.share)
