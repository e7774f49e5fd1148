"""Persons who answer at the counters of a small province, and the table of their indices."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import pytest

from forms import loading
from survey.services import agencies, codes, collect, counters, importing
from survey.services.indices import agency_indices, index_table

DIMENSIONS = ("tiep_can", "thu_tuc", "cong_chuc", "ket_qua", "gop_y", "phuc_vu")
OTHER_AGENCIES = ("so-tu-phap", "phuong-buon-ma-thuot", "phuong-tuy-hoa")
MAY_NOT_APPLY = ("ket_qua", "gop_y")
MONDAY = dt.date(2026, 3, 2)


@dataclass(frozen=True)
class Person:
    """Someone who answered: at which counter, on which day, what."""

    counter: str
    day: dt.date
    answers: dict

    @property
    def agency(self):
        return self.counter.rpartition("-")[0]


@pytest.fixture
def persons():
    """`persons(12, at="xa-ea-o-1", gop_y="na")`: so many of one mind, 5 or as `rest` and the names say."""

    def persons(number, *, at, day=MONDAY, rest=5, **answers):
        given = {name: answers.get(name, rest) for name in DIMENSIONS}
        return [Person(at, day, {name: one for name, one in given.items() if one is not None})] * number

    return persons


@pytest.fixture
def crowd():
    """`crowd(rng, places)`: persons at each of `places` (counter, day, how many), each place of a mood of its own."""

    def crowd(rng, places):
        people = []
        for counter, day, number in places:
            mood = rng.dirichlet((0.5, 0.5, 1.0, 2.0, 2.0))
            people += [Person(counter, day, answers_of_one(rng, mood)) for _ in range(number)]
        return people

    return crowd


def answers_of_one(rng, mood):
    answers = {name: int(rng.choice(5, p=mood)) + 1 for name in DIMENSIONS}
    return answers | {name: "na" for name in MAY_NOT_APPLY if rng.random() < 0.3}


@pytest.fixture
def province(database, seeded):
    """The seeded province, with a counter in three more agencies."""
    with database.writing() as session:
        for code in OTHER_AGENCIES:
            counters.make(session, agencies.find(session, code), name="Quầy số 1")
    return seeded


@pytest.fixture
def give(database, province, settings):
    """Keeps what persons answered, as a file of the officer's or one form after another at the counters."""

    def give(people, *, stream="counter"):
        with database.writing() as session:
            where = importing.destination(session, province.wave, stream=stream)
            batch = importing.read_responses(file_of(people), loading.load("sipas-counter"), into=where)
            importing.save(session, batch, received_at=province.now)

    def at_counters(people):
        key = settings.key(codes.KEY_PURPOSE)
        with database.writing() as session:
            for number, person in enumerate(people):
                poster = counters.issue_code(session, counters.find(session, person.counter), now=province.now)
                code = codes.code_for(poster.counter_id, poster.serial, key=key)
                noon = dt.datetime.combine(person.day, dt.time(5), dt.UTC)
                access = collect.resolve(session, "R", code, key_for=lambda _: key, now=noon)
                sent = {"submission_key": f"{number:032x}", "language": "vi", "received_at": noon}
                collect.record(session, access, answers=person.answers, **sent)

    give.at_counters = at_counters
    return give


def file_of(people):
    lines = [",".join(["agency", "counter", "answered_on", *DIMENSIONS])]
    lines += [
        ",".join([one.agency, one.counter, str(one.day), *(str(one.answers.get(name, "")) for name in DIMENSIONS)])
        for one in people
    ]
    return "\n".join(lines).encode()


@pytest.fixture
def table(database, province):
    """The table as a reader of `audience` gets it."""

    def table(*, stream="counter", audience="public", agency=None):
        asked = {"stream": stream, "locale": "vi", "audience": audience}
        with database.reading() as session:
            if agency:
                return agency_indices(session, "quay-2026", agency, **asked)
            return index_table(session, "quay-2026", **asked)

    return table


@pytest.fixture
def row_of():
    """`row_of(table, agency)`: the row of that agency's code."""
    return lambda table, agency: next(row for row in table.rows if row.agency.code == agency)
