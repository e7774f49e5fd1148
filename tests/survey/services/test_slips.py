"""One-time codes: used once whatever happens at the same moment, and nothing leads from a code to a response."""

from __future__ import annotations

import datetime as dt
import itertools
import random
import secrets
import shutil
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import MetaData, text

from survey.db import Database
from survey.models import Trust
from survey.services import collect, form_tokens, slip_codes, slips
from survey.services.errors import (
    EarlySlip,
    ExpiredSlip,
    NotFoundError,
    RevokedSlip,
    ServiceError,
    UnknownSlip,
    UsedSlip,
)

KEY = b"k" * 32
ANSWERS = dict.fromkeys(("tiep_can", "thu_tuc", "cong_chuc", "ket_qua", "gop_y", "phuc_vu"), 4)
# Noon in Đắk Lắk on the day of the batch.
NOON = dt.datetime(2026, 10, 7, 5, 0, tzinfo=dt.UTC)
TODAY = dt.date(2026, 10, 7)
A_DAY = dt.timedelta(days=1)
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def key_for(purpose):
    return KEY + purpose.encode()


def made(database, seeded, *, size=5, opens_on=TODAY, seed=1):
    drawn = slips.draw(size, rng=random.Random(seed).randbytes)
    key = key_for(slip_codes.KEY_PURPOSE)
    with database.writing() as session:
        batch = slips.keep(session, seeded.counters[0], drawn, opens_on=opens_on, key=key, now=NOON)
    return batch, drawn


def opened(database, code, *, now=NOON, token=""):
    with database.reading() as session:
        return collect.resolve(session, "S", code, key_for=key_for, now=now, token=token)


def sent(database, access, submission_key, *, answers=ANSWERS, now=NOON):
    with database.writing() as session:
        return collect.record(
            session, access, submission_key=submission_key, answers=answers, language="vi", received_at=now
        )


def rows_of(database, table):
    with database.reading() as session:
        return session.execute(text(f"SELECT * FROM {table}")).all()  # noqa: S608 - the test's own words.


# --- The code.


@given(st.binary(min_size=8, max_size=8))
def test_a_code_has_60_random_bits_and_no_sign_that_is_mistaken_for_another(chance):
    code = slip_codes.made(lambda _: chance)
    assert len(code) == 13
    assert set(code) <= set(CROCKFORD)
    assert slip_codes.is_code(code)
    # The twelve signs are the 60 lowest bits, the lowest first, by Python's own arithmetic.
    number = int.from_bytes(chance)
    assert sum(CROCKFORD.index(sign) << 5 * place for place, sign in enumerate(code[:12])) == number % 2**60


@given(st.randoms(use_true_random=False), st.integers(0, 12))
def test_any_wrong_sign_and_any_two_that_changed_places_are_found(chance, place):
    code = slip_codes.made(chance.randbytes)
    for sign in set(CROCKFORD) - {code[place]}:
        assert not slip_codes.is_code(code[:place] + sign + code[place + 1 :])
    for one, other in itertools.combinations(range(13), 2):
        swapped = list(code)
        swapped[one], swapped[other] = swapped[other], swapped[one]
        assert slip_codes.is_code("".join(swapped)) == (code[one] == code[other])


@pytest.mark.parametrize("text", ["", "ABC", "Ａ" * 13, "U" * 13, "0" * 14, "0" * 12, "'; DROP", "٠" * 13])
def test_other_texts_are_no_codes(text):
    assert not slip_codes.is_code(text)


@given(st.randoms(use_true_random=False))
def test_a_code_typed_as_people_type_is_the_code(chance):
    code = slip_codes.made(chance.randbytes)
    typed = slip_codes.grouped(code).lower().replace("0", "o").replace("1", chance.choice("il"))
    assert slip_codes.as_printed(f" {typed} ") == code
    assert slip_codes.as_printed(typed.replace("-", chance.choice([" ", ".", "", "\N{NO-BREAK SPACE}"]))) == code


# --- A batch.


def test_a_batch_is_kept_as_keyed_hashes_in_their_order(database, seeded):
    batch, drawn = made(database, seeded, size=200)
    stored = [row.code_hash for row in rows_of(database, "slip_codes")]
    with database.reading() as session:
        in_place = session.scalars(text("SELECT code_hash FROM slip_codes ORDER BY rowid")).all()
    assert in_place == sorted(stored)
    assert len(set(stored)) == batch.size == 200
    # Not the order in which they are printed.
    key = key_for("slip codes")
    assert [slip_codes.hash_of(code, key=key) for code in drawn] != in_place
    with closing(sqlite3.connect(database.engine.url.database)) as file:
        dump = "\n".join(file.iterdump())
    assert [code for code in drawn if code in dump] == []


def test_ten_thousand_are_a_batch_and_one_more_is_not(database, seeded):
    batch, drawn = made(database, seeded, size=10_000)
    assert len(set(drawn)) == batch.size == 10_000
    for size in (0, 10_001):
        with pytest.raises(ServiceError, match="10000"):
            slips.draw(size, rng=secrets.token_bytes)


def test_a_batch_for_days_that_are_over_is_refused(database, seeded):
    with pytest.raises(ServiceError, match="over already"):
        made(database, seeded, opens_on=TODAY - 4 * A_DAY)


def test_the_list_counts_what_was_used_and_revoking_keeps_the_first_moment(database, seeded):
    batch, drawn = made(database, seeded)
    made(database, seeded, seed=2, size=3)
    sent(database, opened(database, drawn[0]), "a" * 32)
    with database.reading() as session:
        assert [(one.id, one.size, one.used) for one in slips.listing(session)] == [(2, 3, 0), (1, 5, 1)]
        assert slips.listing(session, counter=seeded.counters[1]) == []
    for moment in (NOON, NOON + A_DAY):
        with database.writing() as session:
            assert slips.revoke(session, batch.id, now=moment).revoked_at == NOON
    with pytest.raises(NotFoundError), database.writing() as session:
        slips.revoke(session, 7, now=NOON)


# --- What a code opens.


def test_a_code_opens_the_form_of_its_counter_and_the_answer_is_verified(database, seeded):
    _, (code, *_) = made(database, seeded)
    access = opened(database, code)
    assert access.counter == seeded.counters[0]
    assert access.trust is Trust.VERIFIED
    sent(database, access, "a" * 32)
    assert [row.trust for row in rows_of(database, "responses")] == ["verified"]


@pytest.mark.parametrize(
    ("moment", "refusal"),
    [
        # In Đắk Lắk, seven hours ahead of UTC: the 7th, and until the 10th is over, which is 72 hours after the 7th.
        (dt.datetime(2026, 10, 6, 16, 59, tzinfo=dt.UTC), EarlySlip),
        (dt.datetime(2026, 10, 6, 17, 0, tzinfo=dt.UTC), None),
        (dt.datetime(2026, 10, 10, 16, 59, tzinfo=dt.UTC), None),
        (dt.datetime(2026, 10, 10, 17, 0, tzinfo=dt.UTC), ExpiredSlip),
    ],
)
def test_a_code_is_good_on_its_day_and_for_72_hours_more(database, seeded, moment, refusal):
    _, (code, *_) = made(database, seeded)
    if refusal is None:
        assert opened(database, code, now=moment).trust is Trust.VERIFIED
    else:
        with pytest.raises(refusal):
            opened(database, code, now=moment)


def test_a_form_that_was_open_in_time_comes_in_late_and_one_that_was_not_does_not(database, seeded):
    _, (code, *_) = made(database, seeded)
    last = dt.datetime(2026, 10, 10, 16, 59, tzinfo=dt.UTC)
    signing = key_for(form_tokens.KEY_PURPOSE)

    def token(shown):
        return form_tokens.mint(seeded.counters[0].code, key=signing, now=shown, rng=secrets.token_bytes)

    late = last + 2 * A_DAY
    assert opened(database, code, now=late, token=token(last)).trust is Trust.VERIFIED
    with pytest.raises(ExpiredSlip):
        opened(database, code, now=late, token=token(last + A_DAY))
    # No form that may still come in finds its slip erased.
    assert dt.timedelta(days=slips.DAYS_TO_COME_IN) >= max(
        life for entry, life in form_tokens.LIFE.items() if entry != "kiosk"
    )


def test_a_revoked_batch_and_a_code_never_made_open_nothing(database, seeded):
    batch, (code, *_) = made(database, seeded)
    for unknown in (slip_codes.made(secrets.token_bytes), code[:-1], code.lower()):
        with pytest.raises(UnknownSlip):
            opened(database, unknown)
    with database.writing() as session:
        slips.revoke(session, batch.id, now=NOON)
    with pytest.raises(RevokedSlip):
        opened(database, code)


def test_another_key_finds_no_code(database, seeded):
    _, (code, *_) = made(database, seeded)
    with database.reading() as session, pytest.raises(UnknownSlip):
        slips.find(session, code, key=b"another")


# --- Once.


def test_a_code_is_used_once_and_the_form_that_used_it_gets_its_receipt_again(database, seeded):
    _, (code, *_) = made(database, seeded)
    first = sent(database, opened(database, code), "a" * 32)
    again = sent(database, opened(database, code), "a" * 32)
    assert (again.code, again.created) == (first.code, False)
    with pytest.raises(UsedSlip):
        sent(database, opened(database, code), "b" * 32)
    assert len(rows_of(database, "responses")) == 1
    assert sorted(row.used for row in rows_of(database, "slip_codes")) == [False] * 4 + [True]


def test_what_fails_after_the_code_was_used_gives_it_back(database, seeded):
    _, (code, *_) = made(database, seeded)
    access = opened(database, code)

    def fail():
        with database.writing() as session:
            collect.record(session, access, submission_key="a" * 32, answers=ANSWERS, language="vi", received_at=NOON)
            raise MemoryError

    with pytest.raises(MemoryError):
        fail()
    assert sent(database, opened(database, code), "a" * 32).created


@pytest.mark.parametrize("same_form", [False, True], ids=["a hundred forms", "one form a hundred times"])
def test_of_a_hundred_at_once_exactly_one_is_kept(either_database, either_seeded, same_form):
    _, (code, *_) = made(either_database, either_seeded)
    start = threading.Barrier(20)

    def attempt(number):
        access = opened(either_database, code)
        if number < 20:
            start.wait()
        try:
            return sent(either_database, access, f"{0 if same_form else number:032x}")
        except UsedSlip:
            return None

    with ThreadPoolExecutor(20) as threads:
        receipts = list(threads.map(attempt, range(100)))
    kept = [receipt for receipt in receipts if receipt]
    assert len([receipt for receipt in kept if receipt.created]) == 1
    assert len(kept) == (100 if same_form else 1)
    assert len({receipt.code for receipt in kept}) == 1
    assert len(rows_of(either_database, "responses")) == 1
    assert [row.used for row in rows_of(either_database, "slip_codes")].count(True) == 1


# --- Whose.


def test_two_visitors_who_swap_their_slips_leave_the_same_database(database, seeded, tmp_path):
    """The whole of it: nothing but the bits of two hashes, which are both set, knows which code came with which."""
    _, (one, other, third, *_) = made(database, seeded)
    database.leave_no_trace(*slips.TABLES)
    dumps, used = [], []
    for number, slips_in_turn in enumerate([(one, other), (other, one), (one, third)]):
        copy = Database(f"sqlite:///{tmp_path}/{number}.db")
        shutil.copyfile(database.engine.url.database, tmp_path / f"{number}.db")
        for visitor, code in enumerate(slips_in_turn):
            answers = ANSWERS | {"phuc_vu": 1 + visitor}
            sent(copy, opened(copy, code), f"{visitor:032x}", answers=answers, now=NOON + visitor * A_DAY)
        dumps.append(everything_but_use(copy))
        used.append({row.code_hash for row in rows_of(copy, "slip_codes") if row.used})
        copy.close()
    assert dumps[0] == dumps[1] == dumps[2]
    # Who swapped leaves no trace at all; another slip differs in its own bit alone.
    assert used[0] == used[1] != used[2]


def everything_but_use(database):
    tables = MetaData()
    with database.reading() as session:
        tables.reflect(session.connection())
        found = {table.name: session.execute(table.select()).all() for table in tables.sorted_tables}
    found["slip_codes"] = [(row.code_hash, row.batch_id) for row in found["slip_codes"]]
    return found


def test_no_moment_is_kept_with_a_code(database, seeded):
    made(database, seeded)
    with database.reading() as session:
        tables = MetaData()
        tables.reflect(session.connection())
    assert {column.name: str(column.type) for column in tables.tables["slip_codes"].columns} == {
        "code_hash": "BLOB",
        "batch_id": "INTEGER",
        "used": "BOOLEAN",
    }
    assert not [column for column in tables.tables["responses"].columns if "slip" in column.name]


# --- Over.


def test_what_is_over_is_erased_and_nothing_of_it_remains(database, seeded):
    batch, drawn = made(database, seeded, size=50)
    later, _ = made(database, seeded, opens_on=TODAY + 7 * A_DAY, seed=2)
    sent(database, opened(database, drawn[0]), "a" * 32)
    # Good until the 10th; a form opened then may come in until the 13th is over.
    for moment, erased in ((dt.datetime(2026, 10, 13, 16, 59, tzinfo=dt.UTC), 0), (NOON + 7 * A_DAY, 1)):
        with database.writing() as session:
            assert slips.erase_over(session, now=moment) == erased
    database.leave_no_trace(*slips.TABLES)
    assert [row.id for row in rows_of(database, "slip_batches")] == [later.id]
    assert {row.batch_id for row in rows_of(database, "slip_codes")} == {later.id}
    with pytest.raises(UnknownSlip):
        opened(database, drawn[0])
    hashes = [slip_codes.hash_of(code, key=key_for("slip codes")) for code in drawn]
    path = database.engine.url.database
    for name in (path, f"{path}-wal"):
        with open(name, "rb") as file:  # noqa: PTH123 - the very bytes on the disk.
            content = file.read()
        assert [one for one in hashes if one in content] == []
    assert batch.size == 50
    assert len(rows_of(database, "responses")) == 1


@pytest.mark.postgres
def test_nor_on_postgresql(postgresql):
    from tests.conftest import seed

    seeded = seed(postgresql)
    made(postgresql, seeded, size=50)
    with postgresql.writing() as session:
        assert slips.erase_over(session, now=NOON + 30 * A_DAY) == 1
    postgresql.leave_no_trace(*slips.TABLES)
    with postgresql.reading() as session:
        assert session.scalar(text("SELECT pg_relation_size('slip_codes')")) == 0
        assert session.scalar(text("SELECT count(*) FROM slip_batches")) == 0
