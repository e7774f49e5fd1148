"""A made-up survey by sample: people drawn in two stages, with unequal weights, as an interviewer's files bring them.

In a commune villages are drawn and then people in each; in a department working days and then those who came. A unit's
people weigh as many as they stand for: units over units drawn, times its people over those who answered.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sampling import selection
from survey.models import Stream
from survey.services import questionnaires, simulated_answers
from survey.services.simulated_answers import COUNTER_SPREAD, DAY_SPREAD, PERSON_SPREAD
from survey.services.simulated_rows import People, opening_minutes, refuse_real_waves, save

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from numpy.random import Generator
    from numpy.typing import NDArray
    from sqlalchemy.orm import Session

    from survey.services.references import AgencyRef, WaveRef

FRIDAY = 4


@dataclass(frozen=True, slots=True)
class Plan:
    """Of an agency: how many units there are and are drawn, the people of a usual one, and those who answer in each."""

    units: tuple[int, int]
    drawn: int
    people: int
    answers: tuple[int, int]
    unit_name: str


COMMUNE = Plan(units=(8, 20), drawn=6, people=60, answers=(5, 7), unit_name="Thôn {number}")
# Villages far apart and few people at home: from 6 to 12 answers in all.
SMALL_COMMUNE = Plan(units=(5, 8), drawn=3, people=20, answers=(2, 4), unit_name="Thôn {number}")
DEPARTMENT = Plan(units=(20, 20), drawn=10, people=80, answers=(5, 7), unit_name="Ngày làm việc {number}")
FEWEST_PEOPLE = 10


@dataclass(frozen=True, slots=True)
class Unit:
    """A village of a commune or a working day of a department, and how many people were served in it."""

    agency: AgencyRef
    plan: Plan
    number: int
    people: int

    @property
    def name(self) -> str:
        return self.plan.unit_name.format(number=self.number)


def population(listed: Sequence[AgencyRef], *, small: Collection[int], rng: Generator) -> list[Unit]:
    """The units of all agencies; those whose ids are in `small` have few people."""
    return [unit for agency in listed for unit in _units(agency, _plan(agency, small), rng=rng)]


def people_by_agency(units: Sequence[Unit]) -> dict[int, int]:
    """How many people each agency served, by its id."""
    served: dict[int, int] = {}
    for unit in units:
        served[unit.agency.id] = served.get(unit.agency.id, 0) + unit.people
    return served


def simulate_sample(
    session: Session,
    wave: WaveRef,
    units: Sequence[Unit],
    *,
    levels: Mapping[int, float],
    ease: Mapping[str, float],
    rng: Generator,
) -> int:
    """Fill `wave` with the answers of people drawn from `units`, and return how many; same `rng`, same answers.

    `levels` is the latent satisfaction at each agency, by its id, and `ease` what `simulated_answers.ease` gives.
    """
    refuse_real_waves(wave)
    questionnaire = questionnaires.get(session, wave.questionnaire_hash)
    people, drawn = _drawn(units, _working_days(wave), rng=rng)
    of_unit = np.array([levels[unit.agency.id] for unit in drawn])
    of_unit = of_unit + rng.normal(scale=np.hypot(COUNTER_SPREAD, DAY_SPREAD), size=len(drawn))
    satisfaction = of_unit[people.place] + rng.normal(scale=PERSON_SPREAD, size=len(people.place))
    columns = simulated_answers.columns(questionnaire, satisfaction, ease=ease, rng=rng)
    save(session, wave, people, questionnaire=questionnaire, columns=columns, rng=rng)
    return len(people.place)


def _plan(agency: AgencyRef, small: Collection[int]) -> Plan:
    if agency.level == "department":
        return DEPARTMENT
    return SMALL_COMMUNE if agency.id in small else COMMUNE


def _units(agency: AgencyRef, plan: Plan, *, rng: Generator) -> Iterator[Unit]:
    low, high = plan.units
    sizes = plan.people * rng.lognormal(sigma=0.4, size=rng.integers(low, high + 1))
    for number, people in enumerate(np.maximum(sizes.astype(int), FEWEST_PEOPLE).tolist(), start=1):
        yield Unit(agency, plan, number, people)


def _working_days(wave: WaveRef) -> list[dt.date]:
    span = (wave.closes_on - wave.opens_on).days + 1
    days = [wave.opens_on + dt.timedelta(days=number) for number in range(span)]
    return [day for day in days if day.weekday() <= FRIDAY]


def _drawn(units: Sequence[Unit], days: Sequence[dt.date], *, rng: Generator) -> tuple[People, list[Unit]]:
    sizes = {unit.agency.code: unit.plan.drawn for unit in units}
    first = selection.stratified([unit.agency.code for unit in units], sizes, rng=rng)
    drawn = [units[row] for row in first.rows.tolist()]
    low, high = np.array([unit.plan.answers for unit in drawn]).T
    answered = rng.integers(low, high + 1)
    weights = first.weights * np.array([unit.people for unit in drawn]) / answered
    place = np.repeat(np.arange(len(drawn)), answered)
    people = People(
        stream=Stream.SAMPLE,
        places=[_place(unit, weight) for unit, weight in zip(drawn, weights.tolist(), strict=True)],
        place=place,
        days=days,
        day=_day(drawn, len(days), rng=rng)[place],
        minute=opening_minutes(len(place), rng=rng),
    )
    return people, drawn


def _place(unit: Unit, weight: float) -> dict[str, object]:
    return {"agency_id": unit.agency.id, "stratum": unit.agency.code, "psu": unit.name, "weight": weight}


def _day(drawn: Sequence[Unit], days: int, *, rng: Generator) -> NDArray[np.intp]:
    """A village is visited on any day; a working day is itself."""
    visited = rng.integers(days, size=len(drawn))
    itself = np.array([unit.number - 1 for unit in drawn]) % days
    return np.where([unit.plan is DEPARTMENT for unit in drawn], itself, visited)
