import datetime as dt
import hashlib
import json
import secrets
import threading

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as given_any
from hypothesis import strategies as st
from sqlalchemy import func, select

from survey.models import Agency, Counter, Entry, Response
from survey.services import agencies, codes, collect, counters, form_tokens, receipts, response_rows, waves
from survey.services.errors import (
    ConflictingReplay,
    ExpiredCode,
    ForgedCode,
    NoRunningWave,
    RevokedCode,
    TokenExpired,
    TokenForged,
    UnknownCode,
)

KEY = b"c" * 32
TOKEN_KEY = b"t" * 32
ANSWERS = {"tiep_can": 5, "thu_tuc": 4, "cong_chuc": 5, "ket_qua": "na", "gop_y": 2, "phuc_vu": 4, "y_kien": "Tốt"}


def code_of(poster):
    return codes.code_for(poster.counter_id, poster.serial, key=KEY)


def access_to(database, seeded, which=0):
    with database.reading() as session:
        return collect.resolve(session, "R", code_of(seeded.posters[which]), key_for=lambda _: KEY, now=seeded.now)


def send(database, access, key, answers=ANSWERS, *, received_at, **facts):
    with database.writing() as session:
        return collect.record(
            session, access, submission_key=key, answers=answers, language="vi", received_at=received_at, **facts
        )


def responses(database):
    with database.reading() as session:
        return session.scalars(select(Response).order_by(Response.id)).all()


# From the code to the form.


def test_a_code_opens_the_form_of_the_running_wave_at_its_counter(database, seeded):
    access = access_to(database, seeded, which=1)
    assert access.counter == seeded.counters[1]
    assert access.agency.name == "Xã Ea Ô"
    assert access.wave == seeded.wave
    assert access.questionnaire.id == "sipas-counter"
    assert access.trust == "signed"


def test_a_code_signed_by_another_installation_is_forged(database, seeded):
    forged = codes.code_for(seeded.counters[0].id, 1, key=b"x" * 32)
    with database.reading() as session, pytest.raises(ForgedCode):
        collect.resolve(session, "R", forged, key_for=lambda _: KEY, now=seeded.now)


@pytest.mark.parametrize(("number", "serial"), [(9999, 1), (1, 2)])
def test_a_code_never_printed_is_unknown_however_well_signed(database, seeded, number, serial):
    with database.reading() as session, pytest.raises(UnknownCode):
        collect.resolve(session, "R", codes.code_for(number, serial, key=KEY), key_for=lambda _: KEY, now=seeded.now)


def test_a_revoked_poster_opens_nothing_and_the_next_one_does(database, seeded):
    with database.writing() as session:
        counters.revoke_code(session, seeded.posters[0], now=seeded.now)
        fresh = counters.issue_code(session, seeded.counters[0], now=seeded.now)
    with database.reading() as session:
        with pytest.raises(RevokedCode):
            collect.resolve(session, "R", code_of(seeded.posters[0]), key_for=lambda _: KEY, now=seeded.now)
        assert collect.resolve(session, "R", code_of(fresh), key_for=lambda _: KEY, now=seeded.now).trust == "signed"


def test_a_poster_is_good_until_the_moment_it_expires(database, seeded):
    end = seeded.now + dt.timedelta(hours=1)
    with database.writing() as session:
        poster = counters.issue_code(session, seeded.counters[0], now=seeded.now, expires_at=end)
    with database.reading() as session:
        assert collect.resolve(session, "R", code_of(poster), key_for=lambda _: KEY, now=end - dt.timedelta(seconds=1))
        with pytest.raises(ExpiredCode):
            collect.resolve(session, "R", code_of(poster), key_for=lambda _: KEY, now=end)


@pytest.mark.parametrize("closed", [Counter, Agency])
def test_the_poster_of_a_closed_counter_or_agency_is_withdrawn(database, seeded, closed):
    with database.writing() as session:
        for row in session.scalars(select(closed)):
            row.valid_to = dt.date(2026, 10, 7)
    with database.reading() as session, pytest.raises(RevokedCode):
        collect.resolve(session, "R", code_of(seeded.posters[0]), key_for=lambda _: KEY, now=seeded.now)


def test_between_waves_there_is_nothing_to_answer(database, seeded):
    # 23:59 on the wave's last day in Đắk Lắk is 16:59 UTC.
    last = dt.datetime(2026, 12, 31, 16, 59, tzinfo=dt.UTC)
    with database.reading() as session:
        assert collect.resolve(session, "R", code_of(seeded.posters[0]), key_for=lambda _: KEY, now=last)
        later = last + dt.timedelta(minutes=1)
        with pytest.raises(NoRunningWave):
            collect.resolve(session, "R", code_of(seeded.posters[0]), key_for=lambda _: KEY, now=later)


# The form's token.


def token(now, counter_code="xa-ea-o-1", **options):
    return form_tokens.mint(counter_code, key=TOKEN_KEY, now=now, rng=lambda size: bytes(range(size)), **options)


def opened(text, now, counter_code="xa-ea-o-1"):
    return form_tokens.open_token(text, signed_for=counter_code, key=TOKEN_KEY, now=now)


def test_a_token_carries_the_fresh_submission_key(seeded):
    assert opened(token(seeded.now), seeded.now).submission_key == bytes(range(16)).hex()


def test_a_token_tells_to_the_second_how_long_its_form_was_open(seeded):
    for seconds in (0, 1, 59, 61, 3600):
        later = seeded.now + dt.timedelta(seconds=seconds)
        assert opened(token(seeded.now), later).age == dt.timedelta(seconds=seconds)


def test_of_a_form_that_came_back_with_its_answers_nobody_knows_how_long_it_was_read(seeded):
    showing = opened(token(seeded.now, shown_before=True), seeded.now)
    assert showing == form_tokens.Showing(bytes(range(16)).hex(), None, "phone")


@pytest.mark.parametrize(
    ("entry", "hours", "good"),
    [
        *(
            ("phone", hours, good)
            for hours, good in ((0, True), (71, True), (73, False), (24 * 365, False), (-1, False))
        ),
        *(("assisted", hours, good) for hours, good in ((71, True), (73, False))),
        # From a Friday to the Monday after next.
        *(("kiosk", hours, good) for hours, good in ((7 * 24 - 1, True), (7 * 24 + 1, False))),
    ],
)
def test_a_token_outlasts_a_network_that_is_away(seeded, entry, hours, good):
    later = seeded.now + dt.timedelta(hours=hours)
    made = token(seeded.now, entry=Entry(entry))
    if good:
        assert opened(made, later).entry == entry
    else:
        with pytest.raises(TokenExpired):
            opened(made, later)


@pytest.mark.parametrize("entry", list(Entry))
def test_how_a_form_is_filled_in_is_known_however_old_it_is(seeded, entry):
    made = token(seeded.now, entry=entry)
    assert form_tokens.entry_of(made, signed_for="xa-ea-o-1", key=TOKEN_KEY) == entry
    # Not ours, or not of this counter: nobody said that it was anything else than a phone.
    assert form_tokens.entry_of(made, signed_for="xa-ea-o-2", key=TOKEN_KEY) == "phone"
    assert form_tokens.entry_of("B" + made[1:], signed_for="xa-ea-o-1", key=TOKEN_KEY) == "phone"


def test_a_token_of_another_counter_is_refused(seeded):
    with pytest.raises(TokenForged):
        opened(token(seeded.now), seeded.now, counter_code="xa-ea-o-2")


@pytest.mark.parametrize("text", ["", "x", "á", "=" * 50, "A" * 10_000, "\0" * 50])
def test_a_damaged_token_is_refused(seeded, text):
    with pytest.raises(TokenForged):
        opened(text, seeded.now)


def test_every_changed_character_of_a_token_is_noticed(seeded):
    good = token(seeded.now)
    for place, sign in enumerate(good):
        changed = good[:place] + ("A" if sign != "A" else "B") + good[place + 1 :]
        if place == len(good) - 1:
            continue  # The last character holds bits that stand for nothing.
        with pytest.raises(TokenForged):
            opened(changed, seeded.now)


# One form, one row.


def test_what_is_kept_is_what_was_given(either_database, either_seeded):
    access = access_to(either_database, either_seeded)
    receipt = send(either_database, access, "a" * 32, received_at=either_seeded.now.replace(second=42))
    assert receipt.created
    [row] = responses(either_database)
    assert json.loads(row.answers) == ANSWERS
    assert row.answers_digest == hashlib.sha256(row.answers.encode()).digest()
    assert row.ratings == "545x24"
    assert row.questionnaire_hash == access.questionnaire.hash
    assert (row.answered_on, row.received_at) == (dt.date(2026, 10, 7), either_seeded.now)
    assert (row.counter_id, row.agency_id) == (access.counter.id, access.agency.id)
    assert (row.stream, row.weight, row.stratum, row.psu) == ("counter", 1.0, None, None)
    assert (row.from_office, row.quick) == (None, None)


def test_the_day_is_the_day_in_the_province(either_database, either_seeded):
    access = access_to(either_database, either_seeded)
    # 17:30 UTC is half past midnight of the next day in Đắk Lắk.
    send(either_database, access, "a" * 32, received_at=dt.datetime(2026, 10, 7, 17, 30, tzinfo=dt.UTC))
    assert responses(either_database)[0].answered_on == dt.date(2026, 10, 8)


def test_nothing_in_a_row_is_about_a_person_or_a_device():
    assert {column.name for column in Response.__table__.columns} == {
        "id",
        "wave_id",
        "agency_id",
        "counter_id",
        "stream",
        "questionnaire_hash",
        "language",
        "answered_on",
        "received_at",
        "submission_key",
        "answers",
        "answers_digest",
        "ratings",
        "receipt",
        "weight",
        "stratum",
        "psu",
        # Yes, no or unknown; the address and the seconds that decide them are not kept.
        "from_office",
        "quick",
        # One of three each: by which way in, and on what.
        "trust",
        "entry",
    }


def test_the_same_form_again_gives_the_same_receipt_and_no_row(either_database, either_seeded):
    access = access_to(either_database, either_seeded)
    first = send(either_database, access, "a" * 32, received_at=either_seeded.now)
    shuffled = dict(reversed(ANSWERS.items()))
    later = either_seeded.now + dt.timedelta(hours=3)
    again = send(either_database, access, "a" * 32, shuffled, received_at=later)
    assert (again.code, again.created) == (first.code, False)
    assert len(responses(either_database)) == 1


def test_the_facts_of_the_first_receipt_stand(either_database, either_seeded):
    access, now = access_to(either_database, either_seeded), either_seeded.now
    send(either_database, access, "a" * 32, received_at=now, from_office=True, quick=True)
    again = send(either_database, access, "a" * 32, received_at=now, from_office=False, quick=False)
    assert not again.created
    [row] = responses(either_database)
    assert (row.from_office, row.quick) == (True, True)


def test_the_same_form_with_other_answers_is_refused_and_changes_nothing(either_database, either_seeded):
    access = access_to(either_database, either_seeded)
    first = send(either_database, access, "a" * 32, received_at=either_seeded.now)
    with pytest.raises(ConflictingReplay, match=first.code):
        send(either_database, access, "a" * 32, ANSWERS | {"phuc_vu": 1}, received_at=either_seeded.now)
    [row] = responses(either_database)
    assert json.loads(row.answers) == ANSWERS


def at_once(count, act):
    """What `act(number)` gave or raised in `count` threads that begin together."""
    barrier, outcomes = threading.Barrier(count), [None] * count

    def run(number):
        barrier.wait()
        try:
            outcomes[number] = act(number)
        except ConflictingReplay as error:
            outcomes[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def test_a_hundred_posts_of_one_form_at_once_leave_one_row(either_database, either_seeded):
    access = access_to(either_database, either_seeded)
    outcomes = at_once(100, lambda _number: send(either_database, access, "a" * 32, received_at=either_seeded.now))
    assert len({receipt.code for receipt in outcomes}) == 1
    assert sum(receipt.created for receipt in outcomes) == 1
    assert len(responses(either_database)) == 1


def test_of_a_hundred_different_posts_of_one_form_the_first_one_stands(either_database, either_seeded):
    access = access_to(either_database, either_seeded)
    outcomes = at_once(
        100,
        lambda number: send(
            either_database, access, "a" * 32, {"phuc_vu": number % 5 + 1}, received_at=either_seeded.now
        ),
    )
    [row] = responses(either_database)
    winner = json.loads(row.answers)["phuc_vu"]
    assert sum(not isinstance(one, ConflictingReplay) and one.created for one in outcomes) == 1
    for number, one in enumerate(outcomes):
        assert isinstance(one, ConflictingReplay) == (number % 5 + 1 != winner)


def test_a_hundred_forms_at_once_are_a_hundred_rows(either_database, either_seeded):
    access = access_to(either_database, either_seeded)
    outcomes = at_once(
        100,
        lambda number: send(either_database, access, f"{number:032x}", received_at=either_seeded.now),
    )
    assert all(receipt.created for receipt in outcomes)
    assert {row.receipt for row in responses(either_database)} == {receipt.code for receipt in outcomes}
    assert len(outcomes) == len(responses(either_database)) == 100


operations = st.lists(st.tuples(st.integers(0, 3), st.integers(1, 5)), min_size=1, max_size=12)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given_any(operations)
def test_any_order_of_sends_keeps_the_first_of_each_form(database, seeded, sends):
    access = access_to(database, seeded)
    salt = secrets.token_hex(12)  # Hypothesis reuses the database.
    first = {}
    for form, level in sends:
        key = f"{form:08x}{salt}"
        expected = first.setdefault(key, level)
        if level == expected:
            send(database, access, key, {"phuc_vu": level}, received_at=seeded.now)
        else:
            with pytest.raises(ConflictingReplay):
                send(database, access, key, {"phuc_vu": level}, received_at=seeded.now)
    kept = {row.submission_key: json.loads(row.answers)["phuc_vu"] for row in responses(database)}
    assert {key: level for key, level in kept.items() if key.endswith(salt)} == first


def test_a_receipt_that_is_taken_gives_way_to_another(either_database, either_seeded, monkeypatch):
    access = access_to(either_database, either_seeded)
    first = send(either_database, access, "a" * 32, received_at=either_seeded.now)
    real = response_rows.receipt_for
    # Two keys that share a receipt cannot be found by trying; chance is replaced, nothing else.
    monkeypatch.setattr(
        collect, "receipt_for", lambda key, *, attempt: real(key, attempt=attempt) if attempt else first.code
    )
    second = send(either_database, access, "b" * 32, received_at=either_seeded.now)
    again = send(either_database, access, "b" * 32, received_at=either_seeded.now)
    assert second.created
    assert second.code != first.code
    assert (again.code, again.created) == (second.code, False)
    assert len(responses(either_database)) == 2


def test_an_unfinished_write_leaves_nothing(either_database, either_seeded):
    access = access_to(either_database, either_seeded)
    with pytest.raises(ZeroDivisionError), either_database.writing() as session:  # noqa: PT012 - the block is undone.
        collect.record(
            session,
            access,
            submission_key="a" * 32,
            answers=ANSWERS,
            language="vi",
            received_at=either_seeded.now,
        )
        raise ZeroDivisionError
    assert responses(either_database) == []


# Receipts.


def test_a_receipt_finds_where_and_when_and_never_what(database, seeded):
    receipt = send(database, access_to(database, seeded), "a" * 32, received_at=seeded.now)
    with database.reading() as session:
        found = receipts.find(session, receipt.code)
    assert (found.agency_name, found.counter_name) == ("Xã Ea Ô", "Quầy số 1")
    assert (found.wave_code, found.answered_on) == ("quay-2026", dt.date(2026, 10, 7))
    assert not hasattr(found, "answers")


@pytest.mark.parametrize("text", ["", "ABCDEFGH", "abcdefgh", "A" * 100_000, "' OR 1=1", "ABCDEFG\0"])
def test_what_is_no_receipt_finds_nothing(database, seeded, text):
    with database.reading() as session:
        assert receipts.find(session, text) is None


def test_a_receipt_can_be_copied_by_hand():
    many = {response_rows.receipt_for(f"{number:032x}") for number in range(2000)}
    assert len(many) == 2000
    assert all(len(receipt) == 8 for receipt in many)
    assert set("".join(many)) == set("23456789ABCDEFGHJKMNPQRSTVWXYZ")


# Waves and counters around it.


def test_of_two_running_waves_the_one_opened_last_asks(database, seeded):
    with database.writing() as session:
        questionnaire = access_to(database, seeded).questionnaire
        later = waves.create(
            session,
            questionnaire,
            code="quay-2026-10",
            title="Tháng 10",
            opens_on=dt.date(2026, 10, 1),
            closes_on=dt.date(2026, 10, 31),
        )
        assert waves.running(session, on=dt.date(2026, 10, 31)) == later
        assert waves.running(session, on=dt.date(2026, 11, 1)) == seeded.wave
        assert waves.running(session, on=dt.date(2027, 1, 1)) is None
        assert waves.running(session, stream="sample", on=dt.date(2026, 10, 31)) is None
        assert waves.listing(session) == [later, seeded.wave]


def test_a_counters_current_poster_is_its_latest_good_one(database, seeded):
    counter, now = seeded.counters[0], seeded.now
    with database.writing() as session:
        second = counters.issue_code(session, counter, now=now)
        assert counters.current_poster(session, counter, now=now) == second
        counters.revoke_code(session, second, now=now)
        assert counters.current_poster(session, counter, now=now) == seeded.posters[0]
        counters.revoke_code(session, seeded.posters[0], now=now)
        assert counters.current_poster(session, counter, now=now) is None


def test_counters_are_numbered_within_their_agency(database, seeded):
    assert [counter.code for counter in seeded.counters] == ["xa-ea-o-1", "xa-ea-o-2", "so-noi-vu-1"]
    with database.reading() as session:
        commune = agencies.find(session, "xa-ea-o")
        assert counters.listing(session, agency=commune) == list(seeded.counters[:2])
        assert counters.find(session, "so-noi-vu-1") == seeded.counters[2]
        assert session.scalar(select(func.count()).select_from(Counter)) == 3


def test_what_leads_to_a_person_is_never_kept_and_the_same_form_is_still_the_same(either_database, either_seeded):
    access = access_to(either_database, either_seeded)
    asked = {"submission_key": "c" * 32, "language": "vi", "received_at": either_seeded.now}
    answers = ANSWERS | {"y_kien": "Gọi tôi 0912 345 678, xe 47A1-123.45."}
    receipts = []
    for _ in range(2):
        with either_database.writing() as session:
            receipts.append(collect.record(session, access, answers=answers, **asked))
    assert [receipt.created for receipt in receipts] == [True, False]
    assert receipts[0].code == receipts[1].code
    (kept,) = responses(either_database)
    assert "Gọi tôi [số ĐT], xe [số xe]." in kept.answers
    assert not any(part in kept.answers for part in ("0912", "345", "123.45"))
