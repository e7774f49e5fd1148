"""The province to look around in."""

from __future__ import annotations

import datetime as dt
import shutil

import numpy as np
import pytest
from sqlalchemy import func, select

from survey.db import Database
from survey.models import Response
from survey.services import agencies, codes, collect, counters, demonstration, transactions, users, waves
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


@pytest.fixture(scope="module")
def shown(migrated_file, tmp_path_factory):
    """One demonstration with answers, to be looked at only."""
    path = shutil.copyfile(migrated_file, tmp_path_factory.mktemp("shown") / "demo.db")
    database = Database(f"sqlite:///{path}")
    with database.writing() as session:
        demonstration.prepare(session, now=NOW, responses=6000, rng=np.random.default_rng(1))
    yield database
    database.close()


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
            assert collect.resolve(session, "R", code, key_for=lambda _: key, now=NOW).counter == counter


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
    wave = prepare(responses=500)
    with database.reading() as session:
        number, first, last = session.execute(
            select(func.count(), func.min(Response.answered_on), func.max(Response.answered_on)).where(
                Response.wave_id == wave.id
            )
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


def test_with_answers_come_two_surveys_by_sample_that_say_they_are_simulated(shown):
    with shown.reading() as session:
        listed = [wave for wave in waves.listing(session) if wave.code != demonstration.WAVE]
        assert waves.running(session, stream="sample", on=NOW.date()) is None
    assert [wave.code for wave in listed] == ["mau-2026", "mau-2025"]
    for wave in listed:
        assert (wave.stream, wave.is_simulated) == ("sample", True)
        assert wave.title.endswith("dữ liệu mô phỏng")
    # The same days of the week, so that the same working days can be drawn.
    assert listed[0].opens_on - listed[1].opens_on == dt.timedelta(days=364)
    assert listed[0].questionnaire_hash == listed[1].questionnaire_hash


def test_a_survey_begun_on_new_year_s_eve_and_that_of_the_year_before_have_two_codes(database):
    now = dt.datetime(2027, 3, 11, 5, 0, tzinfo=dt.UTC)
    with database.writing() as session:
        demonstration.prepare(session, now=now, responses=1, rng=np.random.default_rng(1))
        found = {wave.code: wave.opens_on for wave in waves.listing(session)}
    assert (found["mau-2026"], found["mau-2025"]) == (dt.date(2026, 12, 31), dt.date(2026, 1, 1))


def test_communes_have_some_thirty_answers_departments_sixty_and_ten_communes_few(shown):
    with shown.reading() as session:
        levels = {agency.id: agency.level for agency in agencies.listing(session)}
        for code in ("mau-2025", "mau-2026"):
            counted = by_agency(session, waves.find(session, code), func.count())
            assert counted.keys() == levels.keys()
            small = [number for number in counted.values() if number < 15]
            assert len(small) == 10
            assert min(small) >= 5
            for agency, number in counted.items():
                assert number < 15 or (50 <= number <= 70 if levels[agency] == "department" else 30 <= number <= 42)


def by_agency(session, wave, what):
    query = select(Response.agency_id, what).where(Response.wave_id == wave.id).group_by(Response.agency_id)
    return dict(session.execute(query).all())


def test_every_agency_has_transactions_in_every_wave_and_no_more_answers_than_those(shown):
    with shown.reading() as session:
        for wave in waves.listing(session):
            figures = transactions.of_wave(session, wave)
            answers = by_agency(session, wave, func.count())
            assert len(figures) == 116
            assert all(answers.get(agency, 0) < number for agency, number in figures.items())


def test_weights_differ_and_add_up_to_those_served(shown):
    with shown.reading() as session:
        for code in ("mau-2025", "mau-2026"):
            wave = waves.find(session, code)
            weights = np.array(session.scalars(select(Response.weight).where(Response.wave_id == wave.id)).all())
            # Unbiased; villages of different sizes drawn with equal chances leave a standard error of one in a hundred.
            assert weights.sum() == pytest.approx(sum(transactions.of_wave(session, wave).values()), rel=0.04)
            assert len(np.unique(weights)) > 500


def test_at_one_agency_a_good_part_was_sent_in_no_time_from_the_office(shown):
    with shown.reading() as session:
        wave = waves.find(session, demonstration.WAVE)
        count = by_agency(session, wave, func.count())
        both = by_agency(session, wave, func.count().filter(Response.quick, Response.from_office))
    [stuffed] = [agency for agency, number in both.items() if number > 0.1 * count[agency] and number > 3]
    assert count[stuffed] >= np.median(list(count.values()))
    # Elsewhere the two meet by chance only: three in ten thousand.
    assert sum(both.values()) - both[stuffed] < 12


def test_without_answers_nothing_at_all_is_simulated(database, prepare):
    wave = prepare(responses=0)
    with database.reading() as session:
        assert waves.listing(session) == [wave]
        assert transactions.of_wave(session, wave) == {}


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
