"""The database refuses what must not be, whoever asks: these tests go past everything that the services check."""

import datetime as dt

import pytest
from sqlalchemy import func, insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError

from survey.models import Agency, Counter, CounterCode, Response, StoredQuestionnaire, User, Wave

NOW = dt.datetime(2026, 10, 7, 5, 0, tzinfo=dt.UTC)


@pytest.fixture
def good(either_seeded):
    """A row of responses that the database takes."""
    counter = either_seeded.counters[0]
    return {
        "wave_id": either_seeded.wave.id,
        "agency_id": counter.agency.id,
        "counter_id": counter.id,
        "stream": "counter",
        "questionnaire_hash": either_seeded.wave.questionnaire_hash,
        "language": "vi",
        "answered_on": dt.date(2026, 10, 7),
        "received_at": NOW,
        "submission_key": "0" * 32,
        "answers": '{"phuc_vu":5}',
        "answers_digest": b"0" * 32,
        "ratings": ".....5",
        "receipt": "ABCDEFGH",
        "weight": 1.0,
    }


def kept(database):
    with database.reading() as session:
        return session.execute(select(Response.answers, Response.received_at)).all()


def test_a_good_response_is_kept_and_comes_back_in_utc(either_database, good):
    hanoi = dt.timezone(dt.timedelta(hours=7))
    with either_database.writing() as session:
        session.execute(insert(Response).values(good | {"received_at": NOW.astimezone(hanoi)}))
    [(answers, received_at)] = kept(either_database)
    assert answers == '{"phuc_vu":5}'
    assert (received_at, received_at.utcoffset()) == (NOW, dt.timedelta(0))


@pytest.mark.parametrize(
    ("wrong", "constraint"),
    [
        ({"submission_key": "short"}, "submission_key_is_128_bits"),
        ({"answers_digest": b"short"}, "digest_is_sha256"),
        ({"receipt": "ABC"}, "receipt_has_8_characters"),
        ({"stream": "sample", "weight": 0.0}, "weight_is_positive"),
        ({"stream": "sample", "weight": -1.0}, "weight_is_positive"),
        ({"stream": "sample", "weight": float("inf")}, "weight_is_positive"),
        ({"weight": 2.0}, "counter_stream_is_unweighted"),
    ],
)
def test_a_value_out_of_range_is_refused_by_name(either_database, good, wrong, constraint):
    with pytest.raises(IntegrityError, match=f"ck_responses_{constraint}"), either_database.writing() as session:
        session.execute(insert(Response).values(good | wrong))
    assert kept(either_database) == []


@pytest.mark.parametrize("name", ["wave_id", "agency_id", "counter_id", "questionnaire_hash"])
def test_a_response_to_nothing_is_refused(either_database, good, name):
    nothing = "f" * 64 if name == "questionnaire_hash" else 999_999
    with pytest.raises(IntegrityError), either_database.writing() as session:
        session.execute(insert(Response).values(good | {name: nothing}))
    assert kept(either_database) == []


def test_a_counter_of_another_agency_is_refused(either_database, either_seeded, good):
    other = either_seeded.counters[2]
    assert other.agency.id != good["agency_id"]
    with pytest.raises(IntegrityError), either_database.writing() as session:
        session.execute(insert(Response).values(good | {"counter_id": other.id}))


def test_an_unknown_stream_is_refused_even_as_plain_sql(either_database, good):
    with either_database.writing() as session:
        session.execute(insert(Response).values(good))
    with pytest.raises(IntegrityError, match="ck_waves_stream"), either_database.writing() as session:
        session.execute(text("UPDATE waves SET stream = 'twitter'"))


@pytest.mark.parametrize("name", ["submission_key", "receipt"])
def test_a_key_or_receipt_is_given_once(either_database, good, name):
    other = {"submission_key": "1" * 32, "receipt": "HGFEDCBA"} | {name: good[name]}
    with pytest.raises(IntegrityError), either_database.writing() as session:
        session.execute(insert(Response), [good, good | other])
    assert kept(either_database) == []


CHANGES = [
    "UPDATE responses SET answers = '{}'",
    "UPDATE responses SET weight = weight",
    "DELETE FROM responses",
    "UPDATE questionnaires SET canonical = '{}'",
    "DELETE FROM questionnaires",
]


@pytest.mark.parametrize("change", CHANGES)
def test_what_was_said_and_asked_cannot_be_changed(either_database, good, change):
    with either_database.writing() as session:
        session.execute(insert(Response).values(good))
    with pytest.raises(DBAPIError, match="kept as given"), either_database.writing() as session:
        session.execute(text(change))
    assert [row.answers for row in kept(either_database)] == [good["answers"]]


def test_sqlite_does_not_replace_a_response_either(either_database, good):
    if either_database.engine.dialect.name != "sqlite":
        return  # REPLACE is SQLite's alone.
    with either_database.writing() as session:
        session.execute(insert(Response).values(good))
    with pytest.raises(DBAPIError, match="kept as given"), either_database.writing() as session:
        session.execute(insert(Response).prefix_with("OR REPLACE").values(good | {"answers": "{}"}))
    assert [row.answers for row in kept(either_database)] == [good["answers"]]


@pytest.mark.postgres
def test_postgresql_does_not_truncate_responses_either(postgresql):
    with pytest.raises(DBAPIError, match="kept as given"), postgresql.writing() as session:
        session.execute(text("TRUNCATE responses"))


def test_a_moment_without_a_time_zone_is_refused(either_database, good):
    with pytest.raises(StatementError, match="no time zone"), either_database.writing() as session:
        session.execute(insert(Response).values(good | {"received_at": dt.datetime(2026, 10, 7, 5, 0)}))  # noqa: DTZ001 - it is what is refused.


@pytest.mark.parametrize(
    ("table", "change", "constraint"),
    [
        (Agency, {"code": "Xa-Ea-O"}, "ck_agencies_code_is_a_slug"),
        (Agency, {"name": ""}, "ck_agencies_name_given"),
        (Agency, {"valid_to": dt.date(2020, 1, 1)}, "ck_agencies_dates_in_order"),
        (Counter, {"name": ""}, "ck_counters_name_given"),
        (Wave, {"closes_on": dt.date(2020, 1, 1)}, "ck_waves_dates_in_order"),
        (CounterCode, {"serial": 0}, "ck_counter_codes_serial_fits_the_code"),
        (CounterCode, {"expires_at": dt.datetime(2020, 1, 1, tzinfo=dt.UTC)}, "ck_counter_codes_expires_after_issue"),
        (CounterCode, {"revoked_at": dt.datetime(2020, 1, 1, tzinfo=dt.UTC)}, "ck_counter_codes_revoked_after_issue"),
    ],
)
def test_a_row_that_contradicts_itself_is_refused_by_name(either_database, either_seeded, table, change, constraint):
    with pytest.raises(IntegrityError, match=constraint), either_database.writing() as session:
        session.execute(update(table).values(change))


def test_an_agency_is_not_its_own_parent(either_database, either_seeded):
    with pytest.raises(IntegrityError, match="not_its_own_parent"), either_database.writing() as session:
        session.execute(text("UPDATE agencies SET parent_id = id"))


@pytest.mark.parametrize(
    ("wrong", "constraint"),
    [
        ({"password_hash": "hunter2"}, "password_is_hashed"),
        ({"name": "Admin"}, "name_is_lower_case"),
        ({"role": "agency"}, "agency_role_has_an_agency"),
        ({"agency_id": 1}, "agency_role_has_an_agency"),
    ],
)
def test_a_user_that_could_not_be_one_is_refused(either_database, either_seeded, wrong, constraint):
    user = {"name": "admin", "password_hash": "$argon2id$v=19$x", "role": "officer", "locale": "vi"}
    with pytest.raises(IntegrityError, match=f"ck_users_{constraint}"), either_database.writing() as session:
        session.execute(insert(User).values(user | wrong))


def test_two_posters_of_a_counter_have_two_serials(either_database, either_seeded):
    poster = either_seeded.posters[0]
    with pytest.raises(IntegrityError), either_database.writing() as session:
        session.add(CounterCode(counter_id=poster.counter_id, serial=poster.serial, issued_at=NOW))


def test_an_agency_with_responses_is_not_deleted(either_database, good):
    with either_database.writing() as session:
        session.execute(insert(Response).values(good))
    with pytest.raises(IntegrityError), either_database.writing() as session:
        session.execute(text("DELETE FROM agencies"))
    with either_database.reading() as session:
        assert session.scalar(select(func.count()).select_from(StoredQuestionnaire)) == 1
