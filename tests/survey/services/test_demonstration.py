"""The province to look around in."""

from __future__ import annotations

import datetime as dt
import shutil

import numpy as np
import pytest
from sqlalchemy import func, select

from survey.db import Database
from survey.models import Response
from survey.services import agencies, codes, collect, counters, demonstration, users, waves
from survey.services.indices import index_table

NOW = dt.datetime(2026, 10, 7, 5, 0, tzinfo=dt.UTC)
PASSWORDS = {demonstration.OFFICER: "mật khẩu thứ nhất", demonstration.AGENCY_USER: "mật khẩu thứ hai"}


@pytest.fixture
def prepare(database):
    """Fills the empty database with so many responses."""

    def prepare(*, responses, seed=1):
        with database.writing() as session:
            return demonstration.prepare(session, now=NOW, responses=responses, rng=np.random.default_rng(seed))

    return prepare


def test_every_agency_has_counters_whose_codes_open_the_form(database, prepare, settings):
    prepare(responses=0)
    key = settings.key(codes.KEY_PURPOSE)
    with database.reading() as session:
        hanging = counters.current_posters(session, now=NOW)
        known = {agency.code for agency in agencies.listing(session)}
        assert {counter.agency.code for counter, _ in hanging} == known
        assert len(known) == 116
        for counter, poster in hanging[::25]:
            code = codes.code_for(poster.counter_id, poster.serial, key=key)
            assert collect.resolve(session, code, key=key, now=NOW).counter == counter


def test_wards_have_more_counters_than_communes(database, prepare):
    prepare(responses=0)
    with database.reading() as session:
        number = {
            code: len(counters.listing(session, agency=agencies.find(session, code)))
            for code in ("phuong-buon-ma-thuot", "xa-ea-o", "so-noi-vu")
        }
    assert number == {"phuong-buon-ma-thuot": 3, "xa-ea-o": 2, "so-noi-vu": 2}


def test_its_wave_takes_answers_today_and_is_marked_as_simulated(database, prepare):
    wave = prepare(responses=0)
    with database.reading() as session:
        assert waves.running(session, on=NOW.date()) == wave
        # Shown again a year later, it still takes answers.
        assert waves.running(session, on=NOW.date() + dt.timedelta(days=365)) == wave
    assert wave.is_simulated


def test_it_holds_a_year_of_as_many_answers_as_asked_for(database, prepare):
    prepare(responses=500)
    with database.reading() as session:
        number, first, last = session.execute(
            select(func.count(), func.min(Response.answered_on), func.max(Response.answered_on))
        ).one()
        table = index_table(session, demonstration.WAVE, stream="counter", locale="vi")
    assert number == table.province.respondents == 500
    assert NOW.date() - dt.timedelta(days=364) <= first < last <= NOW.date()
    assert table.wave.is_simulated


def test_the_same_seed_gives_the_same_answers_and_another_one_others(migrated_file, tmp_path):
    told = []
    for number, seed in enumerate((7, 7, 8)):
        path = shutil.copyfile(migrated_file, tmp_path / f"{number}.db")
        database = Database(f"sqlite:///{path}")
        with database.writing() as session:
            demonstration.prepare(session, now=NOW, responses=200, rng=np.random.default_rng(seed))
            told.append(session.execute(select(Response.answers, Response.answered_on, Response.receipt)).all())
        database.close()
    assert told[0] == told[1]
    assert told[0] != told[2]


def test_whether_it_is_there_already_is_known(database, prepare):
    with database.reading() as session:
        assert not demonstration.is_prepared(session)
    prepare(responses=0)
    with database.reading() as session:
        assert demonstration.is_prepared(session)


def test_its_two_accounts_sign_in_and_each_start_changes_their_passwords(database, prepare):
    prepare(responses=0)
    for passwords in (PASSWORDS, {name: password[::-1] for name, password in PASSWORDS.items()}):
        with database.writing() as session:
            demonstration.set_accounts(session, passwords=passwords)
        with database.reading() as session:
            signed_in = [users.check_password(session, *account) for account in passwords.items()]
        assert [(user.role, user.agency and user.agency.code) for user in signed_in] == [
            ("officer", None),
            ("agency", "phuong-buon-ma-thuot"),
        ]
    with database.reading() as session:
        assert users.check_password(session, *next(iter(PASSWORDS.items()))) is None
