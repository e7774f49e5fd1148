"""While it runs: what is entered, who is replaced, who has whose work, how it stands."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections import Counter

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from survey.models import FieldWorker, SampledUnit
from survey.services import (
    agencies,
    dispositions,
    fieldwork_call_backs,
    fieldwork_closing,
    fieldwork_contacts,
    fieldwork_export,
    fieldwork_progress,
    fieldwork_results,
    fieldwork_workers,
    fieldworks,
)
from survey.services.errors import NotFoundError, ServiceError
from survey.services.import_problems import ImportRejected
from tests.survey import drawn_files as drawn

TODAY = dt.date(2026, 10, 12)
WORKERS = "code,name,kind\nA,Bưu điện Ea Ô,bưu điện\nB,Trần Thị Bé,interviewer\n".encode()


@pytest.fixture
def files(tmp_path):
    return drawn.files(tmp_path)


@pytest.fixture
def place(either_database, either_seeded, files):
    drawn.make_wave(either_database)
    drawn.opened(either_database, files)
    return either_database


def held(database, service, *arguments, **options):
    with database.writing() as session:
        return service(session, fieldworks.running(session, "mau-2026"), *arguments, **options)


def entered(database, lines):
    def enter(session, fieldwork):
        units = fieldwork_results.units_by_number(session, fieldwork)
        read = fieldwork_results.read_results(lines.encode(), units, opened_on=dt.date(2026, 10, 1), today=TODAY)
        return fieldwork_results.record(session, read, today=TODAY)

    return held(database, enter)


def rejected(database, lines):
    with pytest.raises(ImportRejected) as caught:
        entered(database, lines)
    return [(one.line, one.column) for one in caught.value.problems]


def settle(database, units, code, *, attempts=1):
    numbers = drawn.units(database)
    lines = "".join(f"{numbers[unit].number},{code},{attempts}\n" for unit in units)
    entered(database, f"number,disposition,attempts\n{lines}")


def group(files, stratum="xa-ea-o", day="2026-01-01", of="sample"):
    return [row["unit"] for row in drawn.read(getattr(files, of)) if (row["stratum"], row["day"]) == (stratum, day)]


# --- Dispositions.


def test_every_code_counts_for_weights_as_its_class_of_aapor_says():
    from analysis.dispositions import OUTCOMES, outcome_of

    expected = {
        "complete": "respondent",
        "refused": "nonrespondent",
        "not_contacted": "nonrespondent",
        "other": "nonrespondent",
        "unknown_household": "unknown",
        "unknown_other": "unknown",
        "ineligible": "ineligible",
    }
    for one in dispositions.DISPOSITIONS.values():
        assert OUTCOMES[outcome_of(one.code)] == expected[one.outcome], one.code


@pytest.mark.parametrize(("text", "code"), [("2.11", "2.11"), ("211", "2.11"), (" 2,2", "2.20"), ("2.2", "2.20")])
def test_a_code_may_lack_its_point_or_its_zero(text, code):
    assert dispositions.find(text).code == code


@pytest.mark.parametrize("text", ["", "5", "2.99", "hai", "²", "1e1"])
def test_another_text_is_no_code(text):
    assert dispositions.find(text) is None


# --- Entering.


def test_what_is_entered_is_kept_and_attempts_are_counted(place, files):
    first, second, third = group(files)
    numbers = {unit: one.number for unit, one in drawn.units(place).items()}
    report = entered(
        place,
        "number,disposition,attempts,day\n"
        f"{numbers[first]},2.11,,05/10/2026\n{numbers[second]},,2,\n{numbers[third]},2.24,3,\n",
    )
    assert (report.lines, report.settled) == (3, 2)
    units = drawn.units(place)
    assert [(units[one].disposition, units[one].attempts, units[one].settled_on) for one in (first, second, third)] == [
        ("2.11", 1, dt.date(2026, 10, 5)),
        (None, 2, None),
        ("2.24", 3, TODAY),
    ]


def test_an_answer_stands_and_nobody_is_entered_as_having_answered(place, files):
    first, second, _ = group(files)
    drawn.answer(place, first)
    units = drawn.units(place)
    lines = f"number,disposition\n{units[first].number},2.11\n{units[second].number},1.1\n"
    assert rejected(place, lines) == [(2, "number"), (3, "disposition")]
    assert drawn.units(place)[first].disposition == "1.1"
    assert drawn.units(place)[second].disposition is None


def test_every_fault_is_told_and_nothing_is_kept(place, files):
    units = drawn.units(place)
    first, second, third = (units[one].number for one in group(files))
    spare = units[group(files, of="reserve")[0]].number
    lines = (
        "number,disposition,attempts,day\n"
        f"99,2.11,,\n{first},9.9,,\n{second},2.11,-1,\n{third},2.11,,2026-10-13\n{spare},2.11,,\n{first},,,\n"
    )
    assert rejected(place, lines) == [
        (2, "number"),
        (3, "disposition"),
        (4, "attempts"),
        (5, "day"),
        (6, "number"),
        (7, "number"),
    ]
    assert {one.disposition for one in drawn.units(place).values()} == {None}


# --- Substitutes.


def test_a_place_goes_to_the_first_of_its_reserve_with_weight_worker_and_day(place, files):
    first, second, _third = group(files)
    with place.writing() as session:
        session.execute(update(SampledUnit).where(SampledUnit.unit == first).values(due_on=TODAY, weight=7.25))
    settle(place, [first], "2.11")
    settle(place, [second], "2.20", attempts=2)
    report = held(place, fieldwork_results.substitute)
    units = drawn.units(place)
    spare = group(files, of="reserve")
    assert report.pairs == ((units[first].number, units[spare[0]].number),)
    substitute = units[spare[0]]
    assert (substitute.replaces_id, substitute.weight, substitute.due_on) == (units[first].id, 7.25, TODAY)
    assert {reason.value: n for reason, n in report.kept.items()} == {"open": 10, "too few attempts": 1}
    # Met in vain for the third time.
    settle(place, [second], "2.20", attempts=3)
    assert held(place, fieldwork_results.substitute).pairs == ((units[second].number, units[spare[1]].number),)
    # Twice is once.
    assert held(place, fieldwork_results.substitute).pairs == ()


def test_a_substitute_who_refuses_is_replaced_and_an_empty_reserve_is_told(place, files):
    places, spare = group(files), group(files, of="reserve")
    settle(place, places, "4.10")
    assert len(held(place, fieldwork_results.substitute).pairs) == 2
    settle(place, spare[:1], "2.11")
    report = held(place, fieldwork_results.substitute)
    assert report.pairs == ()
    assert [(one.agency, one.stratum, one.psu, one.places) for one in report.exhausted] == [
        ("xa-ea-o", "xa-ea-o", "2026-01-01", 2)
    ]
    # Whoever lost the place is not entered again.
    replaced = sorted(drawn.units(place).values(), key=lambda one: one.number)
    taken = {one.replaces_id for one in replaced}
    number = next(one.number for one in replaced if one.id in taken)
    assert rejected(place, f"number,disposition\n{number},2.12\n") == [(2, "number")]


def test_rates_are_those_drawn_first_and_the_export_has_who_holds_the_place(place, files):
    first, second, _third = group(files)
    settle(place, [first], "2.11")
    held(place, fieldwork_results.substitute)
    substitute = group(files, of="reserve")[0]
    drawn.answer(place, substitute)
    drawn.answer(place, second)

    def standing(session):
        return fieldwork_progress.progress(session, fieldworks.get(session, "mau-2026"), day=TODAY)

    with place.reading() as session:
        found = standing(session)
        exported = fieldwork_export.table(session, fieldworks.get(session, "mau-2026"))
    row = next(one for one in found.rows if one.agency.code == "xa-ea-o")
    # Six drawn: one answered, one refused, four open and so unknown. The substitute's answer is none of theirs.
    assert (row.standing.quota, row.standing.answered, row.standing.settled, row.standing.still_open) == (6, 2, 0, 4)
    assert row.standing.rates["RR1"] == pytest.approx(1 / 6)
    assert row.standing.rates["REF1"] == pytest.approx(1 / 6)
    assert row.standing.rates["COOP1"] == pytest.approx(1 / 2)
    assert (row.standing.substitutes, row.standing.substitutes_answered) == (1, 1)
    rows = [dict(zip(exported.names, one, strict=True)) for one in exported.rows]
    assert (exported.responses, exported.others, exported.mismatches) == (2, 10, ())
    # Drawn alike, so that nobody can say which of the two is the substitute's.
    assert [one["substitute"] for one in rows if one["disposition"] == "1.1"] == ["", ""]
    assert not [one for one in rows if one["disposition"] == "2.11"]
    held(place, fieldwork_closing.close, now=drawn.NOW)
    with place.reading() as session:
        after = standing(session)
        assert fieldwork_export.table(session, fieldworks.get(session, "mau-2026")) == exported
    assert after.whole.rates == found.whole.rates
    assert (after.whole.answered, after.whole.still_open, after.whole.settled) == (2, 0, 10)
    assert after.days == found.days


# --- Workers.


def keep_workers(database, data=WORKERS):
    return held(
        database,
        lambda session, one: fieldwork_workers.keep_workers(
            session, one, fieldwork_workers.read_workers(data, agencies=agencies.listing(session))
        ),
    )


def test_primary_units_stay_whole_and_the_work_is_even(place, files):
    keep_workers(place)
    loads = held(place, fieldwork_workers.assign, by="psu", due=TODAY)
    assert [(one.code, one.people, one.still_open) for one in loads] == [("A", 6, 6), ("B", 6, 6)]
    owners = {}
    for one in drawn.units(place).values():
        if one.reserve_order is None:
            owners.setdefault((one.stratum, one.psu), set()).add(one.worker_id)
            assert one.due_on == TODAY
    assert [len(found) for found in owners.values()] == [1, 1, 1, 1]
    # Again changes nothing.
    assert held(place, fieldwork_workers.assign, by="psu", due=None) == loads


def test_the_people_of_an_agency_with_workers_of_its_own_are_theirs(place, files):
    keep_workers(
        place,
        "code,name,kind,agency\nA,Bưu điện Ea Ô,post_office,xa-ea-o\nB,Bé,interviewer,\nC,Cúc,front,\n".encode(),
    )
    loads = held(place, fieldwork_workers.assign, by="psu", due=None)
    assert [(one.code, one.people) for one in loads] == [("A", 6), ("B", 3), ("C", 3)]
    codes = {}
    for one in drawn.units(place).values():
        codes.setdefault(one.worker_id, set()).add(one.stratum)
    assert sorted(map(sorted, (found for worker, found in codes.items() if worker))) == [
        ["so-noi-vu"],
        ["so-noi-vu"],
        ["xa-ea-o"],
    ]


def test_people_of_other_agencies_are_not_given_to_an_agency_s_own_workers(place):
    keep_workers(place, "code,name,kind,agency\nA,Bưu điện Ea Ô,post_office,xa-ea-o\n".encode())
    with pytest.raises(ServiceError, match="one agency alone"):
        held(place, fieldwork_workers.assign, by="psu", due=None)


def test_a_new_worker_s_name_is_changed_and_not_doubled(place):
    keep_workers(place)
    keep_workers(place, "code,name,kind\nB,Trần Thị Bé Ba,front\n".encode())
    with place.reading() as session:
        found = session.execute(select(FieldWorker.code, FieldWorker.name).order_by(FieldWorker.code)).all()
    assert [tuple(row) for row in found] == [("A", "Bưu điện Ea Ô"), ("B", "Trần Thị Bé Ba")]


def test_without_workers_there_is_nobody_to_share_among(place):
    with pytest.raises(ServiceError, match="nobody"):
        held(place, fieldwork_workers.assign, by="psu", due=None)


def test_a_file_says_who_has_whom(place, files):
    keep_workers(place)
    numbers = {unit: one.number for unit, one in drawn.units(place).items()}
    first, second, third = group(files)

    def give(session, one, lines):
        units = fieldwork_results.units_by_number(session, one)
        read = fieldwork_workers.read_assignments(lines.encode(), session, one, units=units)
        return fieldwork_workers.keep_assignments(session, one, read, due=TODAY)

    loads = held(place, give, f"number,worker,due\n{numbers[first]},A,\n{numbers[second]},B,2026-11-01\n")
    assert [(one.code, one.people) for one in loads] == [("A", 1), ("B", 1)]
    units = drawn.units(place)
    assert [units[one].due_on for one in (first, second, third)] == [TODAY, dt.date(2026, 11, 1), None]
    with pytest.raises(ImportRejected, match="no worker"):
        held(place, give, f"number,worker\n{numbers[third]},C\n")


def test_a_worker_s_list_has_the_open_people_and_runs_no_formula(place, files):
    rows = drawn.read(files.people)
    rows[0]["Họ và tên"] = "=HYPERLINK(1)"
    drawn.write(files.people, rows)
    columns = fieldwork_contacts.ContactColumns(match="Mã hồ sơ", name="Họ và tên", phone="Điện thoại")
    found = fieldwork_contacts.look_up(
        files.people, columns, fieldwork_contacts.units_by_match([files.sample], unit="unit", match="case")
    )
    held(place, fieldwork_contacts.keep, found)
    keep_workers(place)
    held(place, fieldwork_workers.assign, by="agency", due=TODAY)
    first, second, third = group(files)
    drawn.answer(place, second)
    settle(place, [third], "2.11")
    with place.reading() as session:
        fieldwork = fieldworks.not_closed(session, "mau-2026")
        sheets = {code: fieldwork_workers.sheet(session, fieldwork, code) for code in "AB"}
        with pytest.raises(NotFoundError, match="A, B"):
            fieldwork_workers.sheet(session, fieldwork, "C")
    numbers = Counter(row.number for rows in sheets.values() for row in rows)
    units = drawn.units(place)
    expected = {one.number for one in units.values() if one.reserve_order is None} - {
        units[second].number,
        units[third].number,
    }
    assert set(numbers) == expected
    content = fieldwork_workers.sheet_csv(sheets["A"] + sheets["B"])
    assert content.startswith(b"\xef\xbb\xbf")
    lines = {int(row["number"]): row for row in csv.DictReader(io.StringIO(content.decode("utf-8-sig")))}
    assert lines[units[first].number]["name"] == "'=HYPERLINK(1)"
    # It comes back as it is, with what the worker wrote.
    back = content.decode("utf-8-sig").replace(",0,,\r\n", ",1,2.24,10/10/2026\r\n").encode("utf-8-sig")

    def enter(session, one):
        units = fieldwork_results.units_by_number(session, one)
        read = fieldwork_results.read_results(back, units, opened_on=dt.date(2026, 10, 1), today=TODAY)
        return fieldwork_results.record(session, read, today=TODAY)

    assert held(place, enter).settled == len(expected)


# --- Progress.


def test_who_is_late_is_told_by_worker_and_answers_by_day_and_agency(place, files):
    keep_workers(place)
    held(place, fieldwork_workers.assign, by="agency", due=dt.date(2026, 10, 10))
    sample = drawn.read(files.sample)
    for row in sample[:3]:
        drawn.answer(place, row["unit"], day=dt.date(2026, 10, 8))
    drawn.answer(place, sample[3]["unit"], day=dt.date(2026, 10, 9))
    for day, late, due in ((dt.date(2026, 10, 10), 0, dt.date(2026, 10, 10)), (dt.date(2026, 10, 11), 8, None)):
        with place.reading() as session:
            found = fieldwork_progress.progress(session, fieldworks.get(session, "mau-2026"), day=day)
        assert sum(one.late for one in found.workers) == late
        assert {one.next_due for one in found.workers} == {due}
        assert sum(one.still_open for one in found.workers) == 8
    assert [(one.day.day, dict(one.answers)) for one in found.days] == [
        (8, {"so-noi-vu": 1, "xa-ea-o": 2}),
        (9, {"so-noi-vu": 1}),
    ]
    assert found.whole.rates["RR2"] == pytest.approx(4 / 12)


# --- Calling back.


def test_those_to_be_called_back_answered_are_drawn_once_and_can_be_drawn_again_from_the_seed(place, files):
    keep_workers(place)
    held(place, fieldwork_workers.assign, by="agency", due=None)
    sample = drawn.read(files.sample)
    for row in sample[:10]:
        drawn.answer(place, row["unit"])
    draw = fieldwork_call_backs.draw
    with Session(place.engine) as session:  # Undone at the end.
        first = draw(session, fieldworks.not_closed(session, "mau-2026"), share=0.1, seed=4)
    found = held(place, draw, share=0.1, seed=4)
    assert found == first
    units = drawn.units(place)
    assert {one.number for one in found.people} == {one.number for one in units.values() if one.is_called_back}
    assert {one.worker for one in found.people} == {"A", "B"}
    assert all(one.disposition == "1.1" for one in units.values() if one.is_called_back)
    assert found.answered == 10
    with pytest.raises(ServiceError, match="already"):
        held(place, draw, share=0.1, seed=5)


def test_a_share_that_is_not_the_rule_must_be_meant(place, files):
    drawn.answer(place, drawn.read(files.sample)[0]["unit"])
    for share in (0.04, 0.11):
        with pytest.raises(ServiceError, match="outside"):
            held(place, fieldwork_call_backs.draw, share=share, seed=1)
    assert len(held(place, fieldwork_call_backs.draw, share=1.0, seed=1, any_share=True).people) == 1
