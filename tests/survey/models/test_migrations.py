"""Answers that are there before a migration are there after it, and after the way back."""

import datetime as dt

import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError

from survey.models import Response


@pytest.fixture
def before(either_database, either_seeded):
    """A database as the second migration left it, with a response in it."""
    either_database.downgrade("0002")
    counter = either_seeded.counters[0]
    row = {
        "wave_id": either_seeded.wave.id,
        "agency_id": counter.agency.id,
        "counter_id": counter.id,
        "stream": "counter",
        "questionnaire_hash": either_seeded.wave.questionnaire_hash,
        "language": "vi",
        "answered_on": dt.date(2026, 10, 7),
        "received_at": either_seeded.now,
        "submission_key": "0" * 32,
        "answers": '{"phuc_vu":5}',
        "answers_digest": b"0" * 32,
        "ratings": ".....5",
        "receipt": "ABCDEFGH",
        "weight": 1.0,
    }
    with either_database.writing() as session:
        # Only the columns that are named: the newer ones are not there yet.
        session.execute(insert(Response.__table__).values(row))
    return either_database


def rows(database):
    with database.reading() as session:
        return [dict(row) for row in session.execute(text("SELECT * FROM responses")).mappings()]


def test_facts_of_earlier_answers_are_unknown_and_the_way_back_loses_nothing_else(before):
    old = rows(before)
    before.upgrade()
    assert rows(before) == [old[0] | {"from_office": None, "quick": None, "trust": None, "entry": None}]
    before.downgrade("0002")
    assert rows(before) == old


@pytest.mark.parametrize("change", ["UPDATE responses SET quick = NULL", "DELETE FROM responses"])
def test_answers_stay_as_given_after_the_migration(before, change):
    before.upgrade()
    with pytest.raises(DBAPIError, match="kept as given"), before.writing() as session:
        session.execute(text(change))


def test_figures_of_transactions_go_with_their_table(either_database, either_seeded):
    with either_database.writing() as session:
        figures = {"wave": either_seeded.wave.id, "agency": either_seeded.counters[0].agency.id}
        session.execute(text("INSERT INTO agency_transactions VALUES (:wave, :agency, 5)"), figures)
    either_database.downgrade("0002")
    either_database.upgrade()
    with either_database.reading() as session:
        assert session.scalar(text("SELECT count(*) FROM agency_transactions")) == 0
