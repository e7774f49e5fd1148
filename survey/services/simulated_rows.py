"""Keeping made-up answers: the same rows that a real form or file leaves."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import insert

from survey.i18n import mark
from survey.models import Response
from survey.services.daytime import PROVINCE_TIME
from survey.services.errors import ServiceError
from survey.services.response_rows import Reader, free_receipts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.random import Generator
    from numpy.typing import NDArray
    from sqlalchemy.orm import Session

    from forms.definition import Questionnaire
    from survey.services.references import WaveRef
    from survey.services.simulated_answers import Columns

IN_ENGLISH = 0.01
OPENING_MINUTES = ((7 * 60, 11 * 60 + 30), (13 * 60 + 30, 17 * 60))


@dataclass(frozen=True, slots=True)
class People:
    """Who answered: at which of `places`, on which day and in which minute, and what each row says besides.

    A place is the part of a row that all who answered there share: agency, counter, stratum, PSU, weight.
    """

    stream: str
    places: Sequence[Mapping[str, Any]]
    place: NDArray[np.intp]
    days: Sequence[dt.date]
    day: NDArray[np.intp]
    minute: NDArray[np.int64]
    facts: dict[str, list[Any]] = field(default_factory=dict)


def refuse_real_waves(wave: WaveRef) -> None:
    """Made-up answers go to waves that say so on every page."""
    if not wave.is_simulated:
        raise ServiceError(
            mark("The wave {wave} is not marked as simulated: made-up answers would pass for real ones."),
            wave=wave.code,
        )


def opening_minutes(size: int, *, rng: Generator) -> NDArray[np.int64]:
    """So many minutes of the day at which offices are open."""
    opens, closes = (np.array(ends) for ends in zip(*OPENING_MINUTES, strict=True))
    half_day = rng.integers(len(opens), size=size)
    return rng.integers(opens[half_day], closes[half_day])


def save(
    session: Session, wave: WaveRef, people: People, *, questionnaire: Questionnaire, columns: Columns, rng: Generator
) -> None:
    """Keep what `people` answered to each item."""
    size = len(people.place)
    keys = [rng.bytes(16).hex() for _ in range(size)]
    own = {
        "submission_key": keys,
        "receipt": free_receipts(session, keys),
        "language": np.where(rng.random(size) < IN_ENGLISH, "en", "vi").tolist(),
        **people.facts,
    }
    common = {"wave_id": wave.id, "questionnaire_hash": wave.questionnaire_hash, "stream": people.stream}
    rows = zip(_where_and_when(people), _answers(questionnaire, columns), _by_row(own), strict=True)
    session.execute(insert(Response), [common | place | answers | each for place, answers, each in rows])


def _where_and_when(people: People) -> Iterator[dict[str, Any]]:
    for place, day, minute in zip(people.place.tolist(), people.day.tolist(), people.minute.tolist(), strict=True):
        date = people.days[day]
        moment = dt.datetime.combine(date, dt.time(*divmod(minute, 60)), PROVINCE_TIME)
        yield {**people.places[place], "answered_on": date, "received_at": moment}


def _answers(questionnaire: Questionnaire, columns: Columns) -> Iterator[dict[str, Any]]:
    reader = Reader(questionnaire)
    for row in _by_row(columns):
        given = reader.given({name: answer for name, answer in row.items() if answer is not None})
        yield {"answers": given.answers, "answers_digest": given.digest, "ratings": given.ratings}


def _by_row(columns: Mapping[str, Sequence[Any]]) -> Iterator[dict[str, Any]]:
    names = list(columns)
    for values in zip(*columns.values(), strict=True):
        yield dict(zip(names, values, strict=True))
