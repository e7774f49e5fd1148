"""The responses of a wave one by one, as `analysis.integrity` judges them: no words, no address, no person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import select

from analysis.answer_log import UNKNOWN, AnswerLog
from survey.engine.ratings import HIGHEST_LEVEL, NOT_ANSWERED, ZERO
from survey.models import Response, Stream

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from sqlalchemy.orm import Session

    from forms.definition import Questionnaire

_ROWS_AT_A_TIME = 50_000
# The province keeps one time all year.
_HOURS_AHEAD_OF_UTC = 7
_COLUMNS = (
    Response.id,
    Response.agency_id,
    Response.counter_id,
    Response.answered_on,
    Response.received_at,
    Response.ratings,
    Response.quick,
    Response.from_office,
)


def answer_log(
    session: Session, *, wave_id: int, stream: str, questionnaire: Questionnaire
) -> tuple[NDArray[np.int64], AnswerLog] | None:
    """The numbers of the responses and their log in the same order; None where there are none."""
    query = (
        select(*_COLUMNS).where(Response.wave_id == wave_id, Response.stream == Stream(stream)).order_by(Response.id)
    )
    chunks = [_columns(rows) for rows in session.execute(query).partitions(_ROWS_AT_A_TIME)]
    if not chunks:
        return None
    joined = {name: np.concatenate([chunk[name] for chunk in chunks]) for name in chunks[0]}
    ids = joined.pop("id")
    levels = [[level.value for level in questionnaire.scale_of(item.id).levels] for item in questionnaire.rating_items]
    ratings = _ratings(joined.pop("ratings"), lowest=[min(each) for each in levels])
    highest = [max(each) - min(each) + 1 for each in levels]
    return ids, AnswerLog.from_columns(joined.pop("agency"), ratings, highest=highest, **joined)


def item_answers(
    session: Session, *, wave_id: int, stream: str, questionnaire: Questionnaire
) -> dict[str, NDArray[np.bool_]]:
    """Whether each respondent gave the rating, by item; “does not apply” is an answer."""
    query = select(Response.ratings).where(Response.wave_id == wave_id, Response.stream == Stream(stream))
    texts = "".join(session.scalars(query))
    items = [item.id for item in questionnaire.rating_items]
    codes = np.frombuffer(texts.encode("ascii"), dtype=np.uint8).reshape(-1, len(items)) if items else None
    if codes is None or not len(codes):
        return {}
    return {item: codes[:, place] != ord(NOT_ANSWERED) for place, item in enumerate(items)}


def _columns(rows: Sequence[Any]) -> dict[str, NDArray[Any]]:
    ids, agency, counter, days, received, ratings, quick, from_office = zip(*rows, strict=True)
    # What was entered or imported later came at no counter: its minute tells when somebody typed.
    live = np.array([one is not None for one in counter])
    minute = np.array([(one.hour + _HOURS_AHEAD_OF_UTC) % 24 * 60 + one.minute for one in received])
    return {
        "id": np.array(ids, dtype=np.int64),
        "agency": np.array(agency, dtype=np.int64),
        "counter": np.array([one or 0 for one in counter], dtype=np.int64),
        "day": np.where(live, np.array([day.toordinal() for day in days]), UNKNOWN),
        "minute": np.where(live, minute, UNKNOWN),
        "ratings": np.array(ratings),
        "quick": _yes_no(quick),
        "from_office": _yes_no(from_office),
    }


def _yes_no(facts: Sequence[bool | None]) -> NDArray[np.int8]:
    return np.array([UNKNOWN if fact is None else int(fact) for fact in facts], dtype=np.int8)


def _ratings(texts: NDArray[Any], *, lowest: Sequence[int]) -> NDArray[np.int8]:
    """Levels from 1 upwards, one column an item."""
    codes = np.frombuffer("".join(texts.tolist()).encode("ascii"), dtype=np.uint8).reshape(len(texts), len(lowest))
    level = codes.astype(np.int16) - ZERO
    given = (level >= 0) & (level <= HIGHEST_LEVEL)
    return np.where(given, level - np.array(lowest, dtype=np.int16) + 1, UNKNOWN).astype(np.int8)
