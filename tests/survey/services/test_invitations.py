"""Invitations: one response each whatever happens at the same moment, where it counts, and nothing leads back."""

from __future__ import annotations

import datetime as dt
import secrets
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import MetaData, text

from survey.db import Database
from survey.models import Stream, Trust
from survey.services import (
    collect,
    fieldwork_closing,
    fieldwork_results,
    fieldworks,
    form_tokens,
    invitations,
    receipt_leaves,
    receipts,
    slip_codes,
)
from survey.services.dispositions import ANSWERED
from survey.services.errors import (
    ConflictingReplay,
    EarlyInvitation,
    OverInvitation,
    ReplacedInvitation,
    UnknownInvitation,
    UsedInvitation,
)
from survey.services.receipt_leaves import ReceiptKeys
from tests.survey import drawn

KEY = b"k" * 32
ANSWERS = dict.fromkeys(("tiep_can", "thu_tuc", "cong_chuc", "ket_qua", "gop_y", "phuc_vu"), 4)
NOON = dt.datetime(2026, 10, 7, 5, 0, tzinfo=dt.UTC)
A_DAY = dt.timedelta(days=1)


def key_for(purpose):
    return KEY + purpose.encode()


@pytest.fixture
def sample(database, seeded):
    return drawn.draw(database, key_for)


@pytest.fixture
def either_sample(either_database, either_seeded):
    return drawn.draw(either_database, key_for)


def opened(database, code, *, now=NOON, token=""):
    with database.reading() as session:
        return collect.resolve(session, "I", code, key_for=key_for, now=now, token=token)


def sent(database, access, submission_key, *, answers=ANSWERS, now=NOON, **facts):
    with database.writing() as session:
        return collect.record(
            session, access, submission_key=submission_key, answers=answers, language="vi", received_at=now, **facts
        )


def rows_of(database, table):
    with database.reading() as session:
        return session.execute(text(f"SELECT * FROM {table} ORDER BY id")).all()  # noqa: S608 - the test's own words.


def dispositions(database):
    return {row.number: (row.disposition, row.settled_on) for row in rows_of(database, "sampled_units")}


# --- What a code opens.


def test_a_code_opens_the_form_of_its_fieldwork_s_wave_for_its_place(database, sample, seeded):
    access = opened(database, sample.codes[2])
    # A counter wave runs at the same time.
    assert (access.wave, access.questionnaire.id) == (sample.wave, "sipas-counter")
    assert (access.agency.code, access.counter) == ("xa-ea-o", None)
    assert (access.place.stratum, access.place.psu, access.place.weight) == ("xa-ea-o", "Thôn 1", 12.5)
    assert access.trust is Trust.VERIFIED


def test_the_answer_counts_in_the_sample_at_its_place_and_nowhere_else(either_database, either_sample):
    access = opened(either_database, either_sample.codes[2])
    sent(either_database, access, "a" * 32, now=NOON.replace(second=42), entry="assisted")
    (row,) = rows_of(either_database, "responses")
    (unit,) = (one for one in rows_of(either_database, "sampled_units") if one.number == 2)
    assert (row.stream, row.counter_id, row.agency_id) == (Stream.SAMPLE, None, unit.agency_id)
    assert (row.stratum, row.psu, row.weight) == (unit.stratum, unit.psu, unit.weight)
    assert (row.wave_id, row.trust, row.entry) == (either_sample.wave.id, "verified", "assisted")
    assert (unit.disposition, unit.settled_on) == (ANSWERED, None)
    others = {number: one for number, one in dispositions(either_database).items() if number != 2}
    assert set(others.values()) == {(None, None)}


def test_a_place_without_a_primary_unit_has_none(either_database, either_sample):
    sent(either_database, opened(either_database, either_sample.codes[1]), "a" * 32)
    (row,) = rows_of(either_database, "responses")
    assert (row.stratum, row.psu, row.weight) == ("so-noi-vu", None, 13.5)
    assert dispositions(either_database)[1] == (ANSWERED, None)


@pytest.mark.parametrize(
    ("moment", "refusal"),
    [
        # The wave runs from 1 October to 30 November in Đắk Lắk, seven hours ahead of UTC.
        (dt.datetime(2026, 9, 30, 16, 59, tzinfo=dt.UTC), EarlyInvitation),
        (dt.datetime(2026, 9, 30, 17, 0, tzinfo=dt.UTC), None),
        (dt.datetime(2026, 11, 30, 16, 59, tzinfo=dt.UTC), None),
        (dt.datetime(2026, 11, 30, 17, 0, tzinfo=dt.UTC), OverInvitation),
    ],
)
def test_a_code_is_good_while_its_wave_runs(database, sample, moment, refusal):
    if refusal is None:
        assert opened(database, sample.codes[1], now=moment).wave == sample.wave
    else:
        with pytest.raises(refusal):
            opened(database, sample.codes[1], now=moment)


def test_a_form_that_was_open_in_time_comes_in_after_the_wave_and_counts_on_its_last_day(database, sample):
    last = dt.datetime(2026, 11, 30, 16, 59, tzinfo=dt.UTC)
    signing = {"key": key_for(form_tokens.KEY_PURPOSE), "rng": secrets.token_bytes}
    bound = opened(database, sample.codes[1]).signed_for
    token = form_tokens.mint(bound, now=last, **signing)
    access = opened(database, sample.codes[1], now=last + 2 * A_DAY, token=token)
    sent(database, access, "a" * 32, now=last + 2 * A_DAY)
    assert str(rows_of(database, "responses")[0].answered_on) == "2026-11-30"
    with pytest.raises(OverInvitation):
        opened(database, sample.codes[3], now=last + 2 * A_DAY, token=form_tokens.mint(bound, now=NOON, **signing))


def test_what_a_token_is_bound_to_is_neither_the_code_nor_the_person(database, sample):
    bound = {number: opened(database, code).signed_for for number, code in sample.codes.items()}
    assert bound == {number: f"I/{('xa-ea-o', 'so-noi-vu')[number % 2]}" for number in sample.codes}


def test_codes_that_were_never_made_and_those_of_slips_open_nothing(database, sample):
    slip_key = key_for(slip_codes.KEY_PURPOSE)
    assert slip_key != key_for(invitations.KEY_PURPOSE)
    code = sample.codes[1]
    for unknown in (slip_codes.made(secrets.token_bytes), code[:-1], code.lower(), ""):
        with pytest.raises(UnknownInvitation):
            opened(database, unknown)
    with database.reading() as session, pytest.raises(UnknownInvitation):
        invitations.find(session, code, key=slip_key)


def test_a_closed_fieldwork_opens_nothing(database, sample):
    drawn.close(database)
    with pytest.raises(OverInvitation):
        opened(database, sample.codes[1])


@pytest.mark.parametrize("disposition", ["2.11", "2.2", "3.1", "4.1", "1.2"])
def test_who_was_settled_otherwise_may_still_answer(database, sample, disposition):
    drawn.settle(database, 3, disposition)
    sent(database, opened(database, sample.codes[3]), "a" * 32)
    # A day would lead to the answer.
    assert dispositions(database)[3] == (ANSWERED, None)


def test_who_was_replaced_may_not_and_is_told_so_also_where_the_form_was_open(database, sample):
    access = opened(database, sample.codes[3])
    drawn.replace(database, 3, by=7)
    with pytest.raises(ReplacedInvitation):
        opened(database, sample.codes[3])
    with pytest.raises(ReplacedInvitation):
        sent(database, access, "a" * 32)
    assert rows_of(database, "responses") == []
    assert dispositions(database)[3][0] == "2.11"


@pytest.mark.parametrize("event", ["closed", "another code printed", "erased"])
def test_what_happens_while_the_form_is_open_leaves_no_half_an_answer(either_database, either_sample, event):
    access = opened(either_database, either_sample.codes[3])
    statements = {
        "closed": "UPDATE fieldworks SET closed_at = opened_at",
        "another code printed": "UPDATE sampled_units SET code_hash = NULL WHERE number = 3",
        "erased": "DELETE FROM contacts; DELETE FROM sampled_units",
    }
    with either_database.writing() as session:
        for statement in statements[event].split("; "):
            session.execute(text(statement))
    with pytest.raises(UnknownInvitation):
        sent(either_database, access, "a" * 32)
    assert rows_of(either_database, "responses") == []


# --- Once.


def test_a_code_is_used_once_and_the_form_that_used_it_gets_its_receipt_again(either_database, either_sample):
    code = either_sample.codes[1]
    first = sent(either_database, opened(either_database, code), "a" * 32)
    again = sent(either_database, opened(either_database, code), "a" * 32)
    assert (again.code, again.created) == (first.code, False)
    assert opened(either_database, code).once.is_used
    with pytest.raises(UsedInvitation):
        sent(either_database, opened(either_database, code), "b" * 32)
    with pytest.raises(ConflictingReplay):
        sent(either_database, opened(either_database, code), "a" * 32, answers=ANSWERS | {"phuc_vu": 1})
    assert len(rows_of(either_database, "responses")) == 1


def test_a_form_that_is_kept_uses_up_no_other_code(database, sample):
    first = sent(database, opened(database, sample.codes[1]), "a" * 32)
    again = sent(database, opened(database, sample.codes[3]), "a" * 32)
    assert (again.code, again.created) == (first.code, False)
    assert dispositions(database)[3] == (None, None)
    # Of another agency it is another form.
    with pytest.raises(ConflictingReplay):
        sent(database, opened(database, sample.codes[2]), "a" * 32)


def test_what_fails_after_the_code_was_used_gives_it_back(either_database, either_sample):
    access = opened(either_database, either_sample.codes[1])

    def fail():
        with either_database.writing() as session:
            collect.record(session, access, submission_key="a" * 32, answers=ANSWERS, language="vi", received_at=NOON)
            raise MemoryError

    with pytest.raises(MemoryError):
        fail()
    assert dispositions(either_database)[1] == (None, None)
    assert sent(either_database, opened(either_database, either_sample.codes[1]), "a" * 32).created


@pytest.mark.parametrize("same_form", [False, True], ids=["a hundred forms", "one form a hundred times"])
def test_of_a_hundred_at_once_exactly_one_is_kept(either_database, either_sample, same_form):
    code = either_sample.codes[1]
    start = threading.Barrier(20)

    def attempt(number):
        access = opened(either_database, code)
        if number < 20:
            start.wait()
        try:
            return sent(either_database, access, f"{0 if same_form else number:032x}")
        except UsedInvitation:
            return None

    with ThreadPoolExecutor(20) as threads:
        given = list(threads.map(attempt, range(100)))
    kept = [receipt for receipt in given if receipt]
    assert len([receipt for receipt in kept if receipt.created]) == 1
    assert len(kept) == (100 if same_form else 1)
    assert len({receipt.code for receipt in kept}) == 1
    assert len(rows_of(either_database, "responses")) == 1
    assert [one[0] for one in dispositions(either_database).values()].count(ANSWERED) == 1


def test_a_whole_village_that_answers_at_once_is_kept_whole(either_database, either_seeded):
    """Each writes the rows of all who have answered there: they must wait for one another, and not for ever."""
    sample = drawn.draw(either_database, key_for, size=60, reserve=0)
    start = threading.Barrier(20)

    def attempt(number):
        access = opened(either_database, sample.codes[number])
        if number <= 20:
            start.wait()
        return sent(either_database, access, f"{number:032x}")

    with ThreadPoolExecutor(20) as threads:
        given = list(threads.map(attempt, sample.codes))
    assert len({receipt.code for receipt in given if receipt.created}) == 60
    assert len(rows_of(either_database, "responses")) == 60
    assert set(dispositions(either_database).values()) == {(ANSWERED, None)}


# --- Whose.


def test_two_who_answer_in_the_other_order_leave_the_same_database(database, seeded, tmp_path):
    """Who answered is known, and what was answered there; not who answered what."""
    sample = drawn.draw(database, key_for)
    database.leave_no_trace("sampled_units")
    dumps = []
    # 1, 3 and 5 were drawn alike.
    for order in ((1, 3), (3, 1), (1, 5)):
        copy = Database(f"sqlite:///{tmp_path}/{len(dumps)}.db")
        shutil.copyfile(database.engine.url.database, tmp_path / f"{len(dumps)}.db")
        for visitor, number in enumerate(order):
            answers = ANSWERS | {"phuc_vu": 1 + visitor}
            access = opened(copy, sample.codes[number])
            sent(copy, access, f"{visitor:032x}", answers=answers, now=NOON + visitor * A_DAY)
        dumps.append(everything_in(copy))
        copy.close()
    assert dumps[0] == dumps[1]
    differing = {table for table in dumps[0] if dumps[0][table] != dumps[2][table]}
    assert differing == {"sampled_units"}


def everything_in(database):
    tables = MetaData()
    with database.reading() as session:
        tables.reflect(session.connection())
        return {table.name: session.execute(table.select()).all() for table in tables.sorted_tables}


@pytest.mark.postgres
def test_nor_does_postgresql_s_own_note_of_who_wrote_a_row_lead_from_a_person_to_an_answer(postgresql):
    """Each row has the number of the transaction that wrote it, which the response of that transaction has too."""
    from tests.conftest import seed

    seed(postgresql)
    sample = drawn.draw(postgresql, key_for, size=40, reserve=0)
    order = [5, 1, 39, 7, 3, 21, 11, 15, 9, 13]
    for number in order:
        sent(postgresql, opened(postgresql, sample.codes[number]), f"{number:032x}")
    with postgresql.reading() as session:
        units = session.execute(
            text("SELECT xmin::text, number FROM sampled_units WHERE disposition IS NOT NULL ORDER BY ctid")
        ).all()
        of_responses = [row.xmin for row in session.execute(text("SELECT xmin::text FROM responses ORDER BY id"))]
    assert len(set(of_responses)) == 10
    assert {unit.xmin for unit in units} == {of_responses[-1]}
    # They stand in the order of their numbers, begun anywhere, and not in that of their answers.
    numbers = [unit.number for unit in units]
    first = numbers.index(min(numbers))
    assert numbers[first:] + numbers[:first] == sorted(order)


def test_a_unit_holds_no_moment_of_the_answer_and_a_response_nothing_of_the_unit(database, sample):
    columns = {}
    with database.reading() as session:
        tables = MetaData()
        tables.reflect(session.connection())
        for name in ("sampled_units", "responses"):
            columns[name] = {column.name for column in tables.tables[name].columns}
    sent(database, opened(database, sample.codes[1]), "a" * 32)
    (row,) = rows_of(database, "responses")
    (unit,) = (one for one in rows_of(database, "sampled_units") if one.number == 1)
    shared = columns["sampled_units"] & columns["responses"]
    assert shared == {"id", "agency_id", "stratum", "psu", "weight"}
    assert not [value for value in unit if isinstance(value, dt.date | dt.datetime)]
    assert not {unit.unit, unit.code_hash, sample.codes[1]} & set(row)
    assert sample.codes[1] not in repr(row)


# --- Receipts.


def test_its_receipt_is_found_and_stands_in_the_day_s_list(database, sample):
    receipt = sent(database, opened(database, sample.codes[1]), "a" * 32)
    for number in range(2, 7):
        sent(database, opened(database, sample.codes[number]), f"{number:032x}")
    with database.reading() as session:
        found = receipts.find(session, receipt.code)
        keys = ReceiptKeys.of(key_for)
        begin, end = NOON.replace(hour=0), NOON.replace(hour=23)
        leaves = receipt_leaves.leaves_between(session, begin, end, keys=keys)
        assert receipt_leaves.opening_of(session, receipt.code, keys=keys).leaf in leaves
    assert len(leaves) == 6
    assert (found.wave_code, found.agency_name, found.counter_name) == ("mau-2026", "Sở Nội vụ", None)


# --- Closing while answers come in.


def test_what_is_kept_is_counted_and_what_is_not_counted_is_not_kept(either_database, either_seeded):
    """Answers and the closing, at the same moment: of every answer both are true or neither."""
    sample = drawn.draw(either_database, key_for, size=60, reserve=0)
    accesses = {number: opened(either_database, code) for number, code in sample.codes.items()}
    start = threading.Barrier(13)

    def answer_all(first):
        start.wait()
        kept = 0
        for number in range(first, 61, 12):
            try:
                kept += sent(either_database, accesses[number], f"{number:032x}").created
            except UnknownInvitation:
                continue
        return kept

    def close():
        start.wait()
        while not rows_of(either_database, "responses"):
            pass
        with either_database.writing() as session:
            held = fieldworks.running(session, "mau-2026")
            return fieldwork_closing.close(session, held, now=NOON).answered

    with ThreadPoolExecutor(13) as threads:
        closing = threads.submit(close)
        kept = sum(threads.map(answer_all, range(1, 13)))
    assert kept == closing.result() == len(rows_of(either_database, "responses"))
    counted = [row.n for row in rows_of(either_database, "fieldwork_outcomes") if row.disposition == ANSWERED]
    assert sum(counted) == kept
    assert rows_of(either_database, "sampled_units") == []


def test_a_place_that_is_given_away_while_answers_come_in_has_one_answer_at_most(either_database, either_seeded):
    sample = drawn.draw(either_database, key_for, size=20, reserve=0)
    # Everybody refused; each is replaced, or answers after all.
    with either_database.writing() as session:
        session.execute(text("UPDATE sampled_units SET disposition = '2.11' WHERE number > 10"))
        session.execute(text("UPDATE sampled_units SET reserve_order = number, disposition = NULL WHERE number <= 10"))
    accesses = {number: opened(either_database, sample.codes[number]) for number in range(11, 21)}
    start = threading.Barrier(11)

    def answer(number):
        start.wait()
        try:
            return sent(either_database, accesses[number], f"{number:032x}").created
        except ReplacedInvitation:
            return False

    def give_away():
        start.wait()
        with either_database.writing() as session:
            return fieldwork_results.substitute(session, fieldworks.running(session, "mau-2026"))

    with ThreadPoolExecutor(11) as threads:
        giving = threads.submit(give_away)
        kept = sum(threads.map(answer, accesses))
    giving.result()
    units = rows_of(either_database, "sampled_units")
    replaced = {unit.replaces_id for unit in units} - {None}
    assert kept == len(rows_of(either_database, "responses"))
    assert kept + len(replaced) == 10
    assert not [unit for unit in units if unit.disposition == ANSWERED and unit.id in replaced]
