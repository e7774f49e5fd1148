"""From contacts to the counts that stay: nothing leads from an answer to a person, nor to anybody in the end."""

from __future__ import annotations

from collections import Counter

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError, OperationalError

from survey.db import SQLITE_PRAGMAS
from survey.models import Contact, FieldworkOutcome, SampledUnit
from survey.services import (
    fieldwork_closing,
    fieldwork_contacts,
    fieldwork_export,
    fieldworks,
)
from survey.services.errors import AlreadyExistsError, ServiceError
from survey.services.import_problems import ImportRejected
from tests.conftest import seed
from tests.survey import drawn_files as drawn
from tests.survey.services.test_frame_import import workbook

PEOPLE = fieldwork_contacts.ContactColumns(match="Mã hồ sơ", name="Họ và tên", address="Địa chỉ", phone="Điện thoại")


@pytest.fixture
def files(tmp_path):
    return drawn.files(tmp_path)


@pytest.fixture
def place(either_database, either_seeded, files):
    """A database with an open fieldwork."""
    drawn.make_wave(either_database)
    drawn.opened(either_database, files)
    return either_database


# --- Contacts.


def kept(database, files, *, samples=None, people=None, columns=PEOPLE):
    units = fieldwork_contacts.units_by_match([files.sample] if samples is None else samples, unit="unit", match="case")
    found = fieldwork_contacts.look_up(people or files.people, columns, units)
    with database.writing() as session:
        return fieldwork_contacts.keep(session, fieldworks.running(session, "mau-2026"), found)


def contacts(database):
    with database.reading() as session:
        query = select(SampledUnit.unit, Contact.name, Contact.address, Contact.phone).join(
            Contact, Contact.unit_id == SampledUnit.id
        )
        return {unit: tuple(rest) for unit, *rest in session.execute(query)}


def test_contacts_are_those_of_who_was_drawn_and_of_nobody_else(place, files):
    report = kept(place, files)
    cases = {row["Mã hồ sơ"]: row for row in drawn.read(files.people)}
    expected = {
        row["unit"]: tuple(cases[row["case"]][name] for name in ("Họ và tên", "Địa chỉ", "Điện thoại"))
        for row in drawn.read(files.sample)
    }
    assert contacts(place) == expected
    assert (report.found, report.without, report.ambiguous) == (12, (), ())
    # The number of the case stands in no table.
    with place.reading() as session:
        assert all("HS." not in str(row) for row in session.execute(text("SELECT * FROM sampled_units")))


def test_who_is_missing_or_ambiguous_in_the_list_is_told_by_number(place, files):
    rows = drawn.read(files.people)
    missing, double = rows.pop(0), rows[0]
    rows.append(double | {"Họ và tên": "Trần Văn Khác"})
    rows.append(rows[1])  # The same twice is no doubt.
    drawn.write(files.people, rows)
    report = kept(place, files)
    numbers = {row["case"]: drawn.units(place)[row["unit"]].number for row in drawn.read(files.sample)}
    assert report.ambiguous == (numbers[double["Mã hồ sơ"]],)
    assert report.without == tuple(sorted(numbers[one["Mã hồ sơ"]] for one in (missing, double)))
    assert len(contacts(place)) == report.found == 10


def test_a_list_with_a_letterhead_in_excel_is_read(place, files, tmp_path):
    rows = drawn.read(files.people)
    lines = [["UBND TỈNH ĐẮK LẮK"], [], list(rows[0]), *(list(row.values()) for row in rows)]
    workbook(tmp_path / "people.xlsx", enumerate(lines, start=1))
    assert kept(place, files, people=tmp_path / "people.xlsx").found == 12


def test_a_contact_that_is_empty_or_too_long_is_told_without_its_value(place, files):
    rows = drawn.read(files.people)
    rows[0]["Họ và tên"] = ""
    rows[1]["Điện thoại"] = "0" * 41
    rows[30]["Họ và tên"] = ""  # Was not drawn.
    drawn.write(files.people, rows)
    with pytest.raises(ImportRejected) as caught:
        kept(place, files)
    assert [(one.line, one.column, one.value) for one in caught.value.problems] == [
        (2, "Họ và tên", None),
        (3, "Điện thoại", None),
    ]
    assert contacts(place) == {}


def test_a_column_that_is_not_there_is_refused_with_the_nearest(place, files):
    import dataclasses

    with pytest.raises(ImportRejected, match="Họ và tên"):
        kept(place, files, columns=dataclasses.replace(PEOPLE, name="Họ tên"))


def test_a_column_to_match_by_must_tell_units_apart(place, files):
    with pytest.raises(ImportRejected, match="stands for two units"):
        fieldwork_contacts.units_by_match([files.sample], unit="unit", match="agency")


# --- What the database refuses, whoever asks.


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ("weight = 0", "weight_is_positive"),
        ("attempts = -1", "attempts_not_negative"),
        ("reserve_order = 0", "reserve_order_from_1"),
        ("replaces_id = id, reserve_order = NULL", "only_the_reserve_replaces"),
        ("code_hash = NULL, number = 1", "number"),
    ],
)
def test_a_unit_that_contradicts_itself_is_refused_by_name(place, change, constraint):
    with pytest.raises(IntegrityError, match=constraint), place.writing() as session:
        session.execute(text(f"UPDATE sampled_units SET {change}"))  # noqa: S608 - the test's own words.


# --- Erasing and closing.


def bytes_of(database):
    """Whatever the database keeps on the disk."""
    if database.engine.dialect.name == "sqlite":
        path = database.engine.url.database
        found = b""
        for name in (path, f"{path}-wal"):
            with open(name, "rb") as file:  # noqa: PTH123 - the very bytes on the disk.
                found += file.read()
        return found
    with database.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.exec_driver_sql("CHECKPOINT")
        pages = connection.execute(
            text(
                "SELECT pg_read_binary_file(pg_relation_filepath(c.oid)) FROM pg_class c "
                "WHERE c.relkind IN ('r', 'i', 't') AND c.relname NOT LIKE 'pg\\_%' OR c.relname = 'pg_statistic'"
            )
        )
        return b"".join(bytes(page) for (page,) in pages)


def traces(database, secrets):
    content = bytes_of(database)
    return [one for one in secrets if one.encode() in content]


def test_erased_contacts_are_gone_from_the_disk(place, files):
    kept(place, files, samples=[files.sample, files.reserve])
    people = drawn.read(files.people)[:20]
    secrets = [row[name] for row in people for name in ("Họ và tên", "Địa chỉ", "Điện thoại")]
    place.leave_no_trace()
    assert len(traces(place, secrets)) == len(secrets)
    with place.writing() as session:
        assert fieldwork_contacts.erase(session, fieldworks.get(session, "mau-2026")) == 20
    place.rewrite(*fieldworks.TABLES)
    assert traces(place, secrets) == []


def closed(database):
    with database.writing() as session:
        return fieldwork_closing.close(session, fieldworks.running(session, "mau-2026"), now=drawn.NOW)


def test_closing_counts_everybody_and_leaves_no_byte_of_who_was_drawn(place, files):
    kept(place, files, samples=[files.sample, files.reserve])
    sample = drawn.read(files.sample)
    for row in sample[:5]:
        drawn.answer(place, row["unit"])
    with place.writing() as session:
        session.execute(text("UPDATE sampled_units SET attempts = 2 WHERE unit = :u"), {"u": sample[5]["unit"]})
    secrets = [row[name] for row in drawn.read(files.people)[:20] for name in ("Họ và tên", "Địa chỉ", "Điện thoại")]
    secrets += [row["unit"] for row in sample + drawn.read(files.reserve)]
    with place.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        # What a planner knows of a column are values of it.
        connection.exec_driver_sql("ANALYZE")
    report = closed(place)
    place.rewrite(*fieldworks.TABLES)
    assert (report.places, report.answered, report.unsettled) == (12, 5, 7)
    assert (report.units_erased, report.contacts_erased) == (20, 20)
    assert traces(place, secrets) == []
    with place.reading() as session:
        for table in ("contacts", "sampled_units", "field_workers"):
            assert session.scalar(text(f"SELECT count(*) FROM {table}")) == 0  # noqa: S608 - the test's own words.
        counts = dict(
            session.execute(
                select(FieldworkOutcome.disposition, func.sum(FieldworkOutcome.n)).group_by(
                    FieldworkOutcome.disposition
                )
            ).all()
        )
    assert counts == {"1.1": 5, "3.19": 1, "3.11": 6}


def test_what_is_closed_takes_no_more(place, files):
    closed(place)
    with pytest.raises(ServiceError, match="is closed"):
        closed(place)
    with pytest.raises(ServiceError, match="is closed"):
        kept(place, files)
    with pytest.raises(AlreadyExistsError, match="is closed"):
        drawn.opened(place, files)


def test_a_reader_of_the_file_who_keeps_the_old_pages_alive_is_told(database, seeded, files, monkeypatch):
    # It waits ten seconds otherwise.
    monkeypatch.setattr("survey.db.SQLITE_PRAGMAS", ("PRAGMA busy_timeout = 50", *SQLITE_PRAGMAS[1:]))
    database.engine.dispose()
    drawn.make_wave(database)
    drawn.opened(database, files)
    kept(database, files)
    with database.reading() as session:
        session.scalar(select(func.count()).select_from(Contact))
        with database.writing() as writer:
            fieldwork_contacts.erase(writer, fieldworks.get(writer, "mau-2026"))
        assert database.rewrite(*fieldworks.TABLES) is False
    assert database.rewrite(*fieldworks.TABLES) is True
    assert traces(database, ["Nguyễn Thị Mơ-0001"]) == []


@pytest.mark.postgres
def test_whoever_changes_a_fieldwork_keeps_answers_out_until_it_is_done(postgresql, files):
    seed(postgresql)
    drawn.make_wave(postgresql)
    drawn.opened(postgresql, files)
    # As an invitation does before it takes an answer.
    ask = text("SELECT id FROM fieldworks FOR SHARE NOWAIT")
    with postgresql.writing() as session, postgresql.reading() as other:
        fieldworks.running(session, "mau-2026")
        other.connection(execution_options={"postgresql_readonly": False})
        with pytest.raises(OperationalError, match="could not obtain lock"):
            other.execute(ask)
    with postgresql.writing() as other:
        assert len(other.execute(ask).all()) == 1


# --- The export.


def exported(database):
    with database.reading() as session:
        return fieldwork_export.table(session, fieldworks.get(session, "mau-2026"))


def rows_of(exported):
    return [dict(zip(exported.names, row, strict=True)) for row in exported.rows]


def test_the_export_is_the_same_before_and_after_closing(place, files):
    for number, row in enumerate(drawn.read(files.sample)[:6]):
        drawn.answer(place, row["unit"], phuc_vu=1 + number % 5)
    before = exported(place)
    closed(place)
    assert exported(place) == before
    assert (before.responses, before.others, before.mismatches) == (6, 6, ())


def test_each_answer_stands_with_the_weight_of_its_place_and_everybody_else_without(place, files):
    sample = drawn.read(files.sample)
    for number, row in enumerate(sample[:4]):
        drawn.answer(place, row["unit"], phuc_vu=1 + number, gop_y="na", ket_qua=None)
    rows = rows_of(exported(place))
    with_answers = sorted(
        (row["phuc_vu"], row["agency"], row["psu"], float(row["weight"])) for row in rows if row["disposition"] == "1.1"
    )
    assert with_answers == [
        (str(1 + number), row["agency"], row["day"], float(row["weight"])) for number, row in enumerate(sample[:4])
    ]
    assert {row["gop_y"] for row in rows if row["disposition"] == "1.1"} == {"NA"}
    others = Counter((row["agency"], row["psu"]) for row in rows if row["disposition"] != "1.1")
    assert others == Counter((row["agency"], row["day"]) for row in sample[4:])
    assert all(row["phuc_vu"] == "" for row in rows if row["disposition"] != "1.1")


def test_two_who_were_drawn_alike_and_swap_their_answers_leave_the_same_export(place, files):
    """Nothing in the file leads from an answer to a person: who gave which of two makes no difference to it."""
    alike = [
        row["unit"] for row in drawn.read(files.sample) if row["stratum"] == "xa-ea-o" and row["day"] == "2026-01-01"
    ]
    drawn.answer(place, alike[0], phuc_vu=1)
    drawn.answer(place, alike[1], phuc_vu=5)
    first = exported(place)
    closed(place)
    other = drawn.make_wave(place, "mau-2027")
    drawn.opened(place, files, wave=other.code)
    drawn.answer(place, alike[1], wave=other.code, phuc_vu=1)
    drawn.answer(place, alike[0], wave=other.code, phuc_vu=5)
    with place.reading() as session:
        second = fieldwork_export.table(session, fieldworks.get(session, other.code))
    assert first == second
    assert not [cell for row in first.rows for cell in row if cell in drawn.units(place)]


def test_an_answer_without_somebody_who_answered_is_told(place, files):
    row = drawn.read(files.sample)[0]
    drawn.answer(place, row["unit"])
    with place.writing() as session:
        session.execute(text("UPDATE sampled_units SET disposition = '2.11' WHERE unit = :u"), {"u": row["unit"]})
    (one,) = exported(place).mismatches
    assert (one.agency, one.stratum, one.psu, one.answered, one.responses) == (
        row["agency"],
        row["stratum"],
        row["day"],
        0,
        1,
    )
