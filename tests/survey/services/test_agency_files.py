"""Agencies and successions from files: the merger of two communes, told and refused."""

import datetime as dt

import pytest
from sqlalchemy import select

from survey.models import Agency
from survey.services import agencies, agency_files
from survey.services.import_problems import ImportRejected

HEADING = "code,name,kind,level,parent,valid_from,valid_to\n"
# Before the merger of 1 July 2025; the names are made up.
OLD = (
    HEADING + "huyen-cu,Huyện Cũ,huyện,commune,,2004-01-01,2025-07-01\n"
    "xa-mot,Xã Một,xã,commune,huyen-cu,01/01/2004,2025-07-01\n"
    "xa-hai,Xã Hai,xã,commune,huyen-cu,2004-01-01,01/07/2025\n"
)
PAIRS = "predecessor,successor,effective_on\n"
MERGER = PAIRS + "xa-mot,xa-ea-o,2025-07-01\nXã Hai,Xã Ea Ô,01/07/2025\n"
THE_DAY = dt.date(2025, 7, 1)


@pytest.fixture
def keep(either_database, either_seeded):
    """Keeps a file of agencies; `keep.successions` one of successions."""

    def keep(text, *, save=agency_files.save_agencies):
        with either_database.writing() as session:
            return save(session, text.encode())

    keep.successions = lambda text: keep(text, save=agency_files.save_successions)
    return keep


def agency(database, code):
    with database.reading() as session:
        return session.scalar(select(Agency).where(Agency.code == code))


def faults(keep, text):
    with pytest.raises(ImportRejected) as caught:
        keep(text)
    return [(one.line, one.column, one.value) for one in caught.value.problems]


def test_agencies_that_are_no_more_are_known_with_their_days_and_parents(either_database, keep):
    assert keep(OLD) == 3
    kept = agency(either_database, "xa-mot")
    assert (kept.name, kept.kind, kept.level, kept.to_be_confirmed) == ("Xã Một", "xã", "commune", False)
    assert (kept.valid_from, kept.valid_to) == (dt.date(2004, 1, 1), THE_DAY)
    assert kept.parent_id == agency(either_database, "huyen-cu").id
    with either_database.reading() as session:
        before = {one.code for one in agencies.listing(session, on=THE_DAY - dt.timedelta(days=1))}
    assert before == {"huyen-cu", "xa-mot", "xa-hai"}


def test_a_known_agency_becomes_what_the_file_says_and_the_others_stay(either_database, keep):
    before, other = agency(either_database, "so-noi-vu"), agency(either_database, "so-tu-phap")
    assert before.to_be_confirmed
    keep(HEADING + "so-noi-vu,Sở Nội vụ tỉnh,sở,department,,2025-07-01,\n")
    after = agency(either_database, "so-noi-vu")
    assert (after.id, after.name, after.to_be_confirmed) == (before.id, "Sở Nội vụ tỉnh", False)
    assert agency(either_database, "so-tu-phap").to_be_confirmed == other.to_be_confirmed


def test_the_same_file_again_changes_nothing(either_database, keep):
    assert keep(OLD) == keep(OLD) == 3
    with either_database.reading() as session:
        assert len(agencies.listing(session)) == 116 + 3


def test_every_fault_of_a_file_of_agencies_is_told_and_nothing_is_kept(either_database, keep):
    text = OLD + (
        "Xã Ba,Xã Ba,xã,commune,,2004-01-01,\n"
        "xa-bon,Xã Bốn,xã,district,khong-co,2004-02-30,\n"
        "xa-nam,Xã Năm,xã,commune,,2004-01-01,2004-01-01\n"
        "xa-sau,,xã,commune,khong-co,2004-01-01,\n"
        "xa-mot,Xã Một,xã,commune,,2004-01-01,\n"
        f"xa-bay,Xã Bảy,{'x' * 41},commune,,2004-01-01,\n"
    )
    assert faults(keep, text) == [
        (5, "code", "Xã Ba"),
        (6, "level", "district"),
        (6, "valid_from", "2004-02-30"),
        (7, "valid_to", "2004-01-01"),
        (8, "name", None),
        (8, "parent", "khong-co"),
        (9, "code", "xa-mot"),
        (10, "kind", "x" * 41),
    ]
    assert agency(either_database, "huyen-cu") is None


@pytest.mark.parametrize("line", ["huyen-cu,Huyện Cũ,huyện,commune,xa-mot", "xa-hai,Xã Hai,xã,commune,xa-hai"])
def test_an_agency_is_not_a_part_of_itself_however_far_round(keep, line):
    keep(OLD)
    assert faults(keep, f"{HEADING}{line},2004-01-01,\n") == [(2, "parent", line.rpartition(",")[2])]


def test_a_merger_is_told_by_its_pairs(either_database, keep):
    keep(OLD)
    assert keep.successions(MERGER) == 2
    successor = agency(either_database, "xa-ea-o").id
    parts = sorted(agency(either_database, code).id for code in ("xa-mot", "xa-hai"))
    with either_database.reading() as session:
        found = agencies.successions(session)
    assert found == [(part, successor, THE_DAY) for part in parts]
    assert found[0].on == THE_DAY


def test_a_pair_that_is_known_gets_the_file_s_day(either_database, keep):
    keep(OLD)
    keep.successions(MERGER)
    keep(HEADING + "xa-mot,Xã Một,xã,commune,,2004-01-01,2025-09-01\n")
    keep.successions(PAIRS + "xa-mot,xa-ea-o,2025-08-15\n")
    with either_database.reading() as session:
        assert [one.on for one in agencies.successions(session)] == [THE_DAY, dt.date(2025, 8, 15)]


def test_every_fault_of_a_file_of_successions_is_told_and_nothing_is_kept(either_database, keep):
    keep(OLD)
    text = MERGER + (
        "xa-ba,xa-ea-o,2025-07-01\n"
        "xa-mot,xa-ea-o,2025-07-01\n"
        "xa-hai,,2025-07-01\n"
        "xa-mot,xa-ea-kar,2025-06-30\n"
        "xa-mot,xa-ea-kly,2025-07-02\n"
        "xa-mot,xa-mot,2025-06-01\n"
        "xa-ea-o,xa-mot,2025-07-02\n"
    )
    assert faults(keep.successions, text) == [
        (4, "predecessor", "xa-ba"),
        (5, "successor", "xa-ea-o"),
        (6, "successor", None),
        # Its successor was not there the day before, and it was not the day after.
        (7, "successor", "xa-ea-kar"),
        (8, "predecessor", "xa-mot"),
        (9, "successor", "xa-mot"),
        (10, "successor", "xa-mot"),
        (10, "successor", "xa-mot"),
    ]
    with either_database.reading() as session:
        assert agencies.successions(session) == []


def test_work_does_not_go_round_in_a_circle_over_two_files(keep):
    keep(HEADING + "a,A,xã,commune,,2004-01-01,\nb,B,xã,commune,,2004-01-01,\nc,C,xã,commune,,2004-01-01,\n")
    keep.successions(PAIRS + "a,b,2020-01-01\nb,c,2021-01-01\n")
    assert faults(keep.successions, PAIRS + "c,a,2022-01-01\n") == [(2, "successor", "a")]
