"""Made-up answers for a demonstration, believable enough to try every page on.

Agencies, counters and days differ; one person's ratings resemble each other; most are high; some days are busy and some
communes are nearly silent. A wave filled with them must be marked as simulated.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import insert

from forms.definition import NOT_APPLICABLE, ChoiceItem, CommentItem, MultipleChoiceItem
from survey.i18n import mark
from survey.models import Response, Stream
from survey.services import counters, questionnaires
from survey.services.daytime import PROVINCE_TIME
from survey.services.errors import ServiceError
from survey.services.response_rows import Reader, free_receipts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.random import Generator
    from numpy.typing import NDArray
    from sqlalchemy.orm import Session

    from forms.definition import Item, Questionnaire, RatingItem
    from survey.services.references import CounterRef, WaveRef

# Spread of the latent satisfaction that agencies, counters, days, people and single questions contribute.
AGENCY_SPREAD, COUNTER_SPREAD, DAY_SPREAD, PERSON_SPREAD, ITEM_SPREAD = 0.35, 0.12, 0.15, 0.9, 0.45
# A cumulative share of (k/L)^3.3 up to level k of L leaves some 82% at levels 4 and 5 of five: a usual SIPAS.
CEILING = 3.3
NEARLY_SILENT = 0.06  # The share of agencies whose people hardly ever scan,
SILENCE = 0.02  # and how much less they do.
SAME_EVERYWHERE = 0.2  # The share of people who tick one level all the way down.
LEFT_BLANK = 0.06  # Of a rating that need not be given.
DOES_NOT_APPLY = 0.3
TOLD_ABOUT_THEMSELVES = 0.6
IN_ENGLISH = 0.01
COMMENTED = 0.04
COMMENTS = (
    "Cán bộ hướng dẫn nhiệt tình, dễ hiểu.",
    "Chờ hơi lâu vào buổi sáng.",
    "Giải quyết nhanh, trả kết quả đúng hẹn.",
    "Nên có thêm ghế ngồi chờ.",
    "Đề nghị hướng dẫn rõ hơn khi nộp hồ sơ trực tuyến.",
    "Tôi phải đi lại hai lần vì thiếu giấy tờ.",
)
# Offices open from Monday to Friday, and on Saturday mornings for some.
WEEKDAY_LOAD = (1.25, 1.05, 1.0, 0.95, 0.9, 0.12, 0.0)
# Quiet around Tết, busy when school ends and begins.
MONTH_LOAD = (0.8, 0.5, 0.95, 1.0, 1.0, 1.25, 1.35, 1.3, 1.1, 1.0, 0.95, 0.85)
OPENING_MINUTES = ((7 * 60, 11 * 60 + 30), (13 * 60 + 30, 17 * 60))


@dataclass(frozen=True, slots=True)
class _Visits:
    """Who came: the counter, the day and the minute of each response."""

    counters: Sequence[CounterRef]
    counter: NDArray[np.intp]
    days: Sequence[dt.date]
    day: NDArray[np.intp]
    minute: NDArray[np.int64]


def simulate(session: Session, wave: WaveRef, *, responses: int, rng: Generator, today: dt.date) -> int:
    """Fill `wave` with `responses` made-up answers from its opening to `today`; the same `rng` gives the same ones."""
    _check(wave, responses=responses, today=today)
    places = sorted(counters.listing(session), key=lambda counter: counter.id)
    if responses == 0:
        return 0
    if not places:
        raise ServiceError(mark("There are no counters to simulate answers at: make some first."))
    questionnaire = questionnaires.get(session, wave.questionnaire_hash)
    visits = _visits(places, _days(wave, today=today), responses=responses, rng=rng)
    columns = _answers(questionnaire, visits, rng=rng)
    session.execute(insert(Response), _rows(session, wave, visits, Reader(questionnaire), columns=columns, rng=rng))
    return responses


def _check(wave: WaveRef, *, responses: int, today: dt.date) -> None:
    if not wave.is_simulated:
        raise ServiceError(
            mark("The wave {wave} is not marked as simulated: made-up answers would pass for real ones."),
            wave=wave.code,
        )
    if responses < 0:
        raise ServiceError(mark("{responses} responses cannot be simulated: give 0 or more."), responses=responses)
    if today < wave.opens_on:
        raise ServiceError(mark("The wave {wave} opens on {day}, after today."), wave=wave.code, day=wave.opens_on)


def _days(wave: WaveRef, *, today: dt.date) -> list[dt.date]:
    last = min(today, wave.closes_on)
    return [wave.opens_on + dt.timedelta(days=number) for number in range((last - wave.opens_on).days + 1)]


def _visits(places: Sequence[CounterRef], days: Sequence[dt.date], *, responses: int, rng: Generator) -> _Visits:
    load = _shares(np.array([WEEKDAY_LOAD[day.weekday()] * MONTH_LOAD[day.month - 1] for day in days]))
    opens, closes = (np.array(ends) for ends in zip(*OPENING_MINUTES, strict=True))
    half_day = rng.integers(len(opens), size=responses)
    return _Visits(
        counters=places,
        counter=rng.choice(len(places), size=responses, p=_shares(_traffic(places, rng=rng))),
        days=days,
        day=rng.choice(len(days), size=responses, p=load),
        minute=rng.integers(opens[half_day], closes[half_day]),
    )


def _traffic(places: Sequence[CounterRef], *, rng: Generator) -> NDArray[np.float64]:
    """How busy each counter is: agencies differ by a factor of ten, and a few are nearly silent."""
    agency, agencies = _agency_of(places)
    traffic = rng.lognormal(sigma=0.7, size=agencies)
    silent = rng.permutation(agencies)[: int(NEARLY_SILENT * agencies)]
    traffic[silent] = SILENCE * np.median(traffic)
    return traffic[agency] * rng.uniform(0.5, 1.5, size=len(places))


def _agency_of(places: Sequence[CounterRef]) -> tuple[NDArray[np.intp], int]:
    ids, agency = np.unique([counter.agency.id for counter in places], return_inverse=True)
    return agency, len(ids)


def _shares(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    # A wave of a single Sunday still gets its answers.
    return weights / weights.sum() if weights.sum() > 0 else np.full(len(weights), 1 / len(weights))


def _answers(questionnaire: Questionnaire, visits: _Visits, *, rng: Generator) -> dict[str, list[Any]]:
    """A column of answers for each item, None where it was left blank."""
    ratings = _ratings(questionnaire, visits, rng=rng)
    others = {
        item.id: _BUILDERS[type(item)](item, len(visits.counter), rng)
        for item in questionnaire.items
        if type(item) in _BUILDERS
    }
    return {**ratings, **others}


def _ratings(questionnaire: Questionnaire, visits: _Visits, *, rng: Generator) -> dict[str, list[Any]]:
    people = _satisfaction(visits, rng=rng)
    uniform = rng.random(len(people)) < SAME_EVERYWHERE
    columns = {}
    for item in questionnaire.rating_items:
        wobble = rng.normal(scale=0.2) + rng.normal(scale=ITEM_SPREAD, size=len(people))
        levels = [level.value for level in questionnaire.scale_of(item.id).levels]
        place = np.searchsorted(_thresholds(len(levels)), people + np.where(uniform, 0.0, wobble))
        columns[item.id] = _with_gaps(np.array(levels)[place].tolist(), item, rng=rng)
    return columns


def _satisfaction(visits: _Visits, *, rng: Generator) -> NDArray[np.float64]:
    """The latent satisfaction of each person: that of the agency, the counter and its day, and their own."""
    agency, agencies = _agency_of(visits.counters)
    counter = rng.normal(scale=AGENCY_SPREAD, size=agencies)[agency]
    counter = counter + rng.normal(scale=COUNTER_SPREAD, size=len(visits.counters))
    day = rng.normal(scale=DAY_SPREAD, size=(len(visits.counters), len(visits.days)))
    person = rng.normal(scale=PERSON_SPREAD, size=len(visits.counter))
    return counter[visits.counter] + day[visits.counter, visits.day] + person


def _thresholds(levels: int) -> NDArray[np.float64]:
    spread = float(np.sqrt(AGENCY_SPREAD**2 + COUNTER_SPREAD**2 + DAY_SPREAD**2 + PERSON_SPREAD**2 + ITEM_SPREAD**2))
    latent = NormalDist(sigma=spread)
    return np.array([latent.inv_cdf((level / levels) ** CEILING) for level in range(1, levels)])


def _with_gaps(levels: list[int], item: RatingItem, *, rng: Generator) -> list[Any]:
    answers: list[Any] = levels
    if item.not_applicable:
        answers = [
            NOT_APPLICABLE if away else level
            for level, away in zip(answers, rng.random(len(answers)) < DOES_NOT_APPLY, strict=True)
        ]
    if not item.required:
        answers = _some(answers, 1 - LEFT_BLANK, rng=rng)
    return answers


def _some(answers: list[Any], share: float, *, rng: Generator) -> list[Any]:
    given = rng.random(len(answers)) < share
    return [answer if one else None for answer, one in zip(answers, given, strict=True)]


def _choices(item: ChoiceItem, size: int, rng: Generator) -> list[Any]:
    values = [option.value for option in item.options if not option.specify] or [
        option.value for option in item.options
    ]
    chosen = rng.choice(len(values), size=size, p=rng.dirichlet(np.full(len(values), 4.0)))
    return _some([values[one] for one in chosen], 1.0 if item.required else TOLD_ABOUT_THEMSELVES, rng=rng)


def _multiple_choices(item: MultipleChoiceItem, size: int, rng: Generator) -> list[Any]:
    values = [option.value for option in item.options if not option.specify] or [
        option.value for option in item.options
    ]
    ticked = rng.random((size, len(values))) < rng.uniform(0.1, 0.6, size=len(values))
    ticked[np.arange(size), rng.integers(len(values), size=size)] = True
    answers = [[value for value, one in zip(values, row, strict=True) if one] for row in ticked.tolist()]
    return _some(answers, 1.0 if item.required else TOLD_ABOUT_THEMSELVES, rng=rng)


def _comments(item: CommentItem, size: int, rng: Generator) -> list[Any]:
    chosen = rng.integers(len(COMMENTS), size=size)
    return _some([COMMENTS[one][: item.max_length] for one in chosen], 1.0 if item.required else COMMENTED, rng=rng)


_BUILDERS: Mapping[type[Item], Callable[[Any, int, Generator], list[Any]]] = {
    ChoiceItem: _choices,
    MultipleChoiceItem: _multiple_choices,
    CommentItem: _comments,
}


def _rows(
    session: Session,
    wave: WaveRef,
    visits: _Visits,
    reader: Reader,
    *,
    columns: Mapping[str, list[Any]],
    rng: Generator,
) -> list[dict[str, Any]]:
    size = len(visits.counter)
    keys = [rng.bytes(16).hex() for _ in range(size)]
    receipts = free_receipts(session, keys)
    languages = np.where(rng.random(size) < IN_ENGLISH, "en", "vi").tolist()
    names = list(columns)
    rows = []
    for at, answers in enumerate(zip(*columns.values(), strict=True)):
        counter, day = visits.counters[visits.counter[at]], visits.days[visits.day[at]]
        given = reader.given({name: answer for name, answer in zip(names, answers, strict=True) if answer is not None})
        hour, minute = divmod(int(visits.minute[at]), 60)
        rows.append(
            {
                "wave_id": wave.id,
                "agency_id": counter.agency.id,
                "counter_id": counter.id,
                "stream": Stream.COUNTER,
                "questionnaire_hash": wave.questionnaire_hash,
                "language": languages[at],
                "answered_on": day,
                "received_at": dt.datetime(day.year, day.month, day.day, hour, minute, tzinfo=PROVINCE_TIME),
                "submission_key": keys[at],
                "answers": given.answers,
                "answers_digest": given.digest,
                "ratings": given.ratings,
                "receipt": receipts[at],
                "weight": 1.0,
            }
        )
    return rows
