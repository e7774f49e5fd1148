"""Made-up answers at counters for a demonstration, believable enough to try every page on.

Agencies, counters and days differ; some days are busy and some communes are nearly silent. Few forms are sent from an
office's network or in no time, but where an office was told to fill its own in. A wave filled with them must be marked
as simulated.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import numpy as np

from survey.i18n import mark
from survey.models import Entry, Stream, Trust
from survey.services import counters, questionnaires, simulated_answers, simulated_ways
from survey.services.errors import ServiceError
from survey.services.simulated_answers import AGENCY_SPREAD, COUNTER_SPREAD, DAY_SPREAD, PERSON_SPREAD
from survey.services.simulated_rows import OPENING_MINUTES, People, opening_minutes, refuse_real_waves, save

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.random import Generator
    from numpy.typing import NDArray
    from sqlalchemy.orm import Session

    from forms.definition import Questionnaire
    from survey.services.references import CounterRef, WaveRef
    from survey.services.simulated_answers import Columns

    Levels = Mapping[int, float]

NEARLY_SILENT = 0.06  # The share of agencies whose people hardly ever scan,
SILENCE = 0.02  # and how much less they do.
# Offices open from Monday to Friday, and on Saturday mornings for some.
WEEKDAY_LOAD = (1.25, 1.05, 1.0, 0.95, 0.9, 0.12, 0.0)
# Quiet around Tết, busy when school ends and begins.
MONTH_LOAD = (0.8, 0.5, 0.95, 1.0, 1.0, 1.25, 1.35, 1.3, 1.1, 1.0, 0.95, 0.85)
# Shares of honest forms that are sent over the office's own wireless network, or by who knows the questions by heart.
HONEST = {"from_office": 0.02, "quick": 0.015}
# Of an agency that fills forms in itself: how many of its forms, over how many closing times, and how clumsily.
STUFFED_SHARE, STUFFED_DAYS, LAST_MINUTES = 0.35, 4, 25
STUFFED = {"from_office": 0.8, "quick": 0.85}


def simulate(
    session: Session,
    wave: WaveRef,
    *,
    responses: int,
    rng: Generator,
    today: dt.date,
    levels: Levels | None = None,
    stuffed: int = 0,
) -> int:
    """Fill `wave` with `responses` made-up answers from its opening to `today`; the same `rng` gives the same ones.

    `levels` is the latent satisfaction at each agency, by its id, drawn where it is not given. As many of the busier
    agencies as `stuffed` says have filled in a good part of their forms themselves.
    """
    _check(wave, responses=responses, today=today)
    places = sorted(counters.listing(session), key=lambda counter: counter.id)
    if responses == 0:
        return 0
    if not places:
        raise ServiceError(mark("There are no counters to simulate answers at: make some first."))
    questionnaire = questionnaires.get(session, wave.questionnaire_hash)
    people = _people(places, _days(wave, today=today), responses=responses, rng=rng)
    at_agency = [levels[place.agency.id] for place in places] if levels else _levels(places, rng=rng)
    satisfaction = _satisfaction(people, np.array(at_agency), rng=rng)
    ease = simulated_answers.ease(questionnaire, rng=rng)
    columns = simulated_answers.columns(questionnaire, satisfaction, ease=ease, rng=rng)
    # A stream of chance of its own, so that the answers are the same as without.
    _bring_in(places, people, rng=rng.spawn(1)[0])
    own_work = _own_work(places, people, stuffed=stuffed, rng=rng)
    _fill_in(own_work, people, questionnaire, columns=columns, rng=rng)
    save(session, wave, people, questionnaire=questionnaire, columns=columns, rng=rng)
    return responses


def _check(wave: WaveRef, *, responses: int, today: dt.date) -> None:
    refuse_real_waves(wave)
    if responses < 0:
        raise ServiceError(mark("{responses} responses cannot be simulated: give 0 or more."), responses=responses)
    if today < wave.opens_on:
        raise ServiceError(mark("The wave {wave} opens on {day}, after today."), wave=wave.code, day=wave.opens_on)


def _days(wave: WaveRef, *, today: dt.date) -> list[dt.date]:
    last = min(today, wave.closes_on)
    return [wave.opens_on + dt.timedelta(days=number) for number in range((last - wave.opens_on).days + 1)]


def _people(places: Sequence[CounterRef], days: Sequence[dt.date], *, responses: int, rng: Generator) -> People:
    load = _shares(np.array([WEEKDAY_LOAD[day.weekday()] * MONTH_LOAD[day.month - 1] for day in days]))
    return People(
        stream=Stream.COUNTER,
        places=[{"agency_id": place.agency.id, "counter_id": place.id, "weight": 1.0} for place in places],
        place=rng.choice(len(places), size=responses, p=_shares(_traffic(places, rng=rng))),
        days=days,
        day=rng.choice(len(days), size=responses, p=load),
        minute=opening_minutes(responses, rng=rng),
        facts={name: (rng.random(responses) < share).tolist() for name, share in HONEST.items()},
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


def _levels(places: Sequence[CounterRef], *, rng: Generator) -> NDArray[np.float64]:
    agency, agencies = _agency_of(places)
    return rng.normal(scale=AGENCY_SPREAD, size=agencies)[agency]


def _satisfaction(people: People, at_agency: NDArray[np.float64], *, rng: Generator) -> NDArray[np.float64]:
    """The latent satisfaction of each person: that of the agency, the counter and its day, and their own."""
    counter = at_agency + rng.normal(scale=COUNTER_SPREAD, size=len(people.places))
    day = rng.normal(scale=DAY_SPREAD, size=(len(people.places), len(people.days)))
    person = rng.normal(scale=PERSON_SPREAD, size=len(people.place))
    return counter[people.place] + day[people.place, people.day] + person


def _bring_in(places: Sequence[CounterRef], people: People, *, rng: Generator) -> None:
    """Say by which way each answer came and on what it was entered, as `web.respond.form` does."""
    agency, agencies = _agency_of(places)
    trust, entry = simulated_ways.ways(agency[people.place], agencies=agencies, rng=rng)
    people.facts.update(trust=trust.tolist(), entry=entry.tolist())
    for row in np.flatnonzero(entry != Entry.PHONE.value).tolist():
        # The office's network is where a tablet stands: it says nothing about who answered.
        people.facts["from_office"][row] = None


def _own_work(places: Sequence[CounterRef], people: People, *, stuffed: int, rng: Generator) -> NDArray[np.intp]:
    """The forms that `stuffed` agencies of at least middling traffic filled in themselves."""
    agency, agencies = _agency_of(places)
    of_person = agency[people.place]
    forms = np.bincount(of_person, minlength=agencies)
    chosen = rng.permutation(np.flatnonzero(forms >= np.median(forms)))[:stuffed]
    return np.flatnonzero(np.isin(of_person, chosen) & (rng.random(len(of_person)) < STUFFED_SHARE))


def _fill_in(
    rows: NDArray[np.intp], people: People, questionnaire: Questionnaire, *, columns: Columns, rng: Generator
) -> None:
    """Make these forms what somebody in a hurry sends: the best level throughout, nothing else, at closing time."""
    days = rng.choice(len(people.days), size=STUFFED_DAYS)
    people.day[rows] = days[rng.integers(len(days), size=len(rows))]
    people.minute[rows] = OPENING_MINUTES[-1][-1] - 1 - rng.integers(LAST_MINUTES, size=len(rows))
    best = {item.id: questionnaire.scale_of(item.id).levels[-1].value for item in questionnaire.rating_items}
    clumsy = {name: (rng.random(len(rows)) < share).tolist() for name, share in STUFFED.items()}
    for at, row in enumerate(rows.tolist()):
        for name, column in columns.items():
            column[row] = best.get(name)
        for name, flags in clumsy.items():
            people.facts[name][row] = flags[at]
        people.facts["trust"][row], people.facts["entry"][row] = Trust.SIGNED.value, Entry.PHONE.value
