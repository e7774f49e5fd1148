"""Days are closed once, in time and whole; what is changed afterwards is found."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import threading

import pytest
from sqlalchemy import insert, select, text

from survey.models import ReceiptDay, Response
from survey.services import receipt_checks, receipt_days
from survey.services.daytime import PROVINCE_TIME
from survey.services.receipt_leaves import COMMITTED, ReceiptKeys, opening_of
from survey.services.response_rows import receipt_for

KEYS = ReceiptKeys.of(lambda purpose: hashlib.sha256(purpose.encode()).digest())
DAY = dt.date(2026, 10, 7)
TRIGGERS = {
    "sqlite": [f"DROP TRIGGER responses_refuse_{change}" for change in ("update", "delete")],
    "postgresql": ["DROP TRIGGER responses_refuse_change ON responses"],
}


def at(hour, minute=0, second=0, *, day=DAY):
    """A moment on the province's clock."""
    return dt.datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=PROVINCE_TIME)


def later(days):
    return DAY + dt.timedelta(days=days)


def keep(database, seeded, moments, *, begin=0):
    """A response of each moment, numbered from `begin`; their receipts."""
    counter = seeded.counters[0]
    rows = []
    for number, moment in enumerate(moments, begin):
        answers = f'{{"phuc_vu":{1 + number % 5}}}'
        key = f"{number:032x}"
        rows.append(
            {
                "wave_id": seeded.wave.id,
                "agency_id": counter.agency.id,
                "counter_id": counter.id,
                "stream": "counter",
                "questionnaire_hash": seeded.wave.questionnaire_hash,
                "language": "vi",
                "answered_on": moment.date(),
                "received_at": moment,
                "submission_key": key,
                "answers": answers,
                "answers_digest": hashlib.sha256(answers.encode()).digest(),
                "ratings": f".....{1 + number % 5}",
                "receipt": receipt_for(key),
                "weight": 1.0,
            }
        )
    with database.writing() as session:
        session.execute(insert(Response), rows)
    return [row["receipt"] for row in rows]


def close(database, now, **options):
    with database.writing() as session:
        return receipt_days.close(session, keys=KEYS, now=now, **options)


def verdicts(database, day=None):
    with database.reading() as session:
        return [
            (one.published.day, one.published.receipts, one.responses, one.verdict)
            for one in receipt_checks.check(session, keys=KEYS, day=day)
        ]


def tamper(database, statement, **values):
    """Change what must not be changed, as somebody with the database in their hands can."""
    with database.writing() as session:
        for trigger in TRIGGERS[database.engine.dialect.name]:
            session.execute(text(trigger))
        session.execute(text(statement), values)


# When a day is closed.


def test_a_day_is_closed_ten_minutes_after_it_and_not_before(either_database, either_seeded):
    keep(either_database, either_seeded, [at(0), *[at(9)] * 9, at(23, 59)])
    keep(either_database, either_seeded, [at(0, day=later(1))], begin=20)
    for now in (at(23, 59, 59), at(0, day=later(1)), at(0, 9, 59, day=later(1))):
        assert close(either_database, now) == []
    [closed] = close(either_database, at(0, 10, day=later(1)))
    # Of the twelve the one of midnight is of the next day.
    assert (closed.day, closed.receipts, closed.after) == (DAY, 11, None)
    assert close(either_database, at(0, 11, day=later(1))) == []


def test_all_days_before_are_closed_at_once_and_days_without_answers_need_no_list(either_database, either_seeded):
    for day in (0, 1, 5):
        keep(either_database, either_seeded, [at(9, day=later(day))] * 12, begin=100 * day)
    closed = close(either_database, at(8, day=later(6)))
    assert [(one.after, one.day, one.receipts) for one in closed] == [
        (None, DAY, 12),
        (DAY, later(1), 12),
        (later(1), later(5), 12),
    ]
    with either_database.reading() as session:
        assert receipt_days.listing(session) == closed
        assert receipt_days.covering(session, later(3)) == closed[2]
        assert receipt_days.covering(session, later(6)) is None


def test_fewer_than_ten_receipts_wait_for_the_next_list(either_database, either_seeded):
    keep(either_database, either_seeded, [at(9)] * 9)
    assert close(either_database, at(9, day=later(1))) == []
    keep(either_database, either_seeded, [at(9, day=later(1))], begin=100)
    assert [(one.day, one.receipts) for one in close(either_database, at(9, day=later(2)))] == [(later(1), 10)]


def test_a_backlog_can_be_closed_in_portions(either_database, either_seeded):
    for day in range(4):
        keep(either_database, either_seeded, [at(9, day=later(day))] * 10, begin=100 * day)
    portions = [close(either_database, at(9, day=later(9)), at_most=15) for _ in range(3)]
    assert [[one.day for one in portion] for portion in portions] == [[DAY, later(1)], [later(2), later(3)], []]


def test_the_chain_does_not_depend_on_how_the_days_were_closed(database, seeded):
    for day in range(3):
        keep(database, seeded, [at(9, day=later(day))] * 10, begin=100 * day)
    at_once = close(database, at(9, day=later(9)))
    with database.writing() as session:
        session.execute(text("DELETE FROM receipt_days"))
    daily = [one for day in range(1, 5) for one in close(database, at(9, day=later(day)))]
    assert daily == at_once


def test_two_processes_at_once_leave_one_list(either_database, either_seeded):
    keep(either_database, either_seeded, [at(9)] * 50)
    barrier, closed = threading.Barrier(8), []

    def run():
        barrier.wait()
        closed.extend(close(either_database, at(9, day=later(1))))

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(closed) == 1
    with either_database.reading() as session:
        assert receipt_days.listing(session) == closed


def test_an_answer_after_a_day_was_closed_too_early_goes_into_the_next_list(either_database, either_seeded):
    keep(either_database, either_seeded, [at(9)] * 10)
    # The machine's clock is a day ahead, then set right.
    close(either_database, at(10, day=later(1)))
    with either_database.reading() as session:
        assert receipt_days.in_an_open_day(session, at(11)) == at(0, day=later(1))
        assert receipt_days.in_an_open_day(session, at(11, day=later(1))) == at(11, day=later(1))


def test_before_any_list_every_moment_is_open(database):
    with database.reading() as session:
        assert receipt_days.in_an_open_day(session, at(11)) == at(11)


# What a list says.


def witness_leaf(row):
    """The leaf by the formulas of docs/methods.md, from a row as the database has it."""
    salt = hmac.new(KEYS.salts, row.receipt.encode(), hashlib.sha256).digest()[:16]
    fields = [
        *(f'"{row.submission_key}"', f'"{row.answers_digest.hex()}"', '"' + row.answers.replace('"', '\\"') + '"'),
        *(f'"{row.ratings}"', str(row.wave_id), str(row.agency_id), str(row.counter_id), f'"{row.stream}"'),
        *(f'"{row.questionnaire_hash}"', f'"{row.answered_on}"', str(row.weight), "null", "null"),
        *("null", "null", "null", "null"),
    ]
    commitment = hmac.new(KEYS.commitments, f"[{','.join(fields)}]".encode(), hashlib.sha256).digest()
    return hashlib.sha256(b"\x00" + row.receipt.encode() + salt + commitment).digest()


def witness_root(level):
    """RFC 9162, 2.1.1, by recursion."""
    if len(level) == 1:
        return level[0]
    power = 1
    while power * 2 < len(level):
        power *= 2
    return hashlib.sha256(b"\x01" + witness_root(level[:power]) + witness_root(level[power:])).digest()


def test_root_and_chain_follow_from_the_responses_by_the_published_formulas(either_database, either_seeded):
    keep(either_database, either_seeded, [at(9)] * 13)
    keep(either_database, either_seeded, [at(9, day=later(1))] * 11, begin=50)
    first, second = close(either_database, at(9, day=later(2)))
    with either_database.reading() as session:
        rows = session.scalars(select(Response)).all()
    chain = bytes(32)
    for one in (first, second):
        leaves = sorted(witness_leaf(row) for row in rows if row.answered_on == one.day)
        assert one.root == witness_root(leaves)
        chain = hashlib.sha256(chain + str(one.day).encode() + len(leaves).to_bytes(8, "big") + one.root).digest()
        assert one.chain == chain


def test_leaves_stand_in_the_order_of_their_hashes_and_not_of_time(database, seeded):
    receipts = keep(database, seeded, [at(9, minute) for minute in range(40)])
    [one] = close(database, at(9, day=later(1)))
    with database.reading() as session:
        leaves = receipt_days.leaves(session, one, keys=KEYS)
        in_time = [opening_of(session, receipt, keys=KEYS).leaf for receipt in receipts]
    assert leaves == sorted(leaves) == sorted(in_time)
    assert leaves != in_time


def test_without_the_keys_a_receipt_does_not_lead_to_its_leaf(database, seeded):
    [receipt] = keep(database, seeded, [at(9)])
    with database.reading() as session:
        ours = opening_of(session, receipt, keys=KEYS)
        other = opening_of(session, receipt, keys=ReceiptKeys(b"x" * 32, KEYS.commitments))
        third = opening_of(session, receipt, keys=ReceiptKeys(KEYS.salts, b"x" * 32))
    assert len({ours.leaf, other.leaf, third.leaf}) == 3
    assert (len(ours.salt), len(ours.commitment)) == (16, 32)
    assert "x" * 8 not in repr(ReceiptKeys(b"x" * 32, b"y" * 32))


def test_the_commitment_covers_every_column_but_those_that_are_named_here():
    covered = {column.key for column in COMMITTED}
    # The receipt is in the leaf itself; the moment decides the list; the language and the number count for nothing.
    assert set(Response.__table__.columns.keys()) - covered == {"id", "receipt", "received_at", "language"}


# What is found.


@pytest.fixture
def published(either_database, either_seeded):
    """Two lists of twelve receipts and one, and a day that is not closed."""
    for day in range(3):
        keep(either_database, either_seeded, [at(9, day=later(day))] * 12, begin=100 * day)
    close(either_database, at(9, day=later(2)))
    return either_database


def test_lists_that_nobody_touched_agree(published):
    assert verdicts(published) == [(DAY, 12, 12, "agrees"), (later(1), 12, 12, "agrees")]
    assert verdicts(published, day=later(1)) == [(later(1), 12, 12, "agrees")]
    assert verdicts(published, day=later(2)) == []


def test_a_response_that_was_deleted_is_missed(published):
    tamper(published, "DELETE FROM responses WHERE submission_key = :key", key=f"{103:032x}")
    assert verdicts(published) == [(DAY, 12, 12, "agrees"), (later(1), 12, 11, "missing")]


@pytest.mark.parametrize("day", [later(0), later(1)])
def test_a_response_that_was_put_in_later_is_found(published, either_seeded, day):
    keep(published, either_seeded, [at(9, day=day)], begin=500)
    assert [verdict for found, _, _, verdict in verdicts(published) if found == day] == ["added"]


def test_a_response_before_the_first_list_is_found_too(published, either_seeded):
    keep(published, either_seeded, [at(9, day=later(-200))], begin=500)
    assert verdicts(published)[0] == (DAY, 12, 13, "added")


@pytest.mark.parametrize(
    "change",
    [
        "answers_digest = :blob",
        "answers = '{}'",
        "ratings = '.....5'",
        "agency_id = (SELECT max(id) FROM agencies), counter_id = NULL",
        "stream = 'census'",
        "receipt = 'ABCDEFGH'",
        "answered_on = '2026-10-01'",
    ],
)
def test_a_response_that_was_changed_is_found(published, change):
    statement = f"UPDATE responses SET {change} WHERE submission_key = :key"  # noqa: S608 - our own words.
    values = {"key": f"{0:032x}"} | ({"blob": b"x" * 32} if ":blob" in change else {})
    tamper(published, statement, **values)
    assert verdicts(published)[0] == (DAY, 12, 12, "changed")


@pytest.mark.parametrize("change", ["receipts = 11", "root = :blob", "chain = :blob"])
def test_a_list_that_was_rewritten_does_not_fit_its_chain(published, change):
    statement = f"UPDATE receipt_days SET {change} WHERE day = :day"  # noqa: S608 - our own words.
    values = {"day": DAY} | ({"blob": b"x" * 32} if ":blob" in change else {})
    with published.writing() as session:
        session.execute(text(statement), values)
    assert verdicts(published)[0][3] == "rewritten"


def test_a_list_that_was_taken_out_leaves_the_next_one_without_its_link(published):
    with published.writing() as session:
        session.execute(text("DELETE FROM receipt_days WHERE day = :day"), {"day": DAY})
    assert [verdict for *_, verdict in verdicts(published)] == ["rewritten"]


def test_what_was_before_the_migration_is_closed_as_well(either_database, either_seeded):
    either_database.downgrade("0003")
    counter = either_seeded.counters[0]
    given = {
        "wave_id": either_seeded.wave.id,
        "agency_id": counter.agency.id,
        "counter_id": counter.id,
        "stream": "counter",
        "questionnaire_hash": either_seeded.wave.questionnaire_hash,
        "language": "vi",
        "answered_on": DAY,
        "received_at": at(9),
        "answers": "{}",
        "answers_digest": b"0" * 32,
        "ratings": "......",
        "weight": 1.0,
    }
    rows = [given | {"submission_key": f"{number:032x}", "receipt": f"ABCDEF{number:02}"} for number in range(22, 44)]
    with either_database.writing() as session:
        session.execute(insert(Response.__table__), rows)
    either_database.upgrade()
    assert [(one.day, one.receipts) for one in close(either_database, at(9, day=later(30)))] == [(DAY, 22)]
    assert verdicts(either_database) == [(DAY, 22, 22, "agrees")]


def test_the_table_has_one_row_a_list(published):
    with published.reading() as session:
        rows = session.scalars(select(ReceiptDay).order_by(ReceiptDay.day)).all()
    assert [(row.day, row.receipts, len(row.root), len(row.chain)) for row in rows] == [
        (DAY, 12, 32, 32),
        (later(1), 12, 32, 32),
    ]
    assert {row.closed_at for row in rows} == {at(9, day=later(2))}
