"""What each agency handled: read whole or refused with every fault, kept in place of what was there."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from forms import loading
from survey.models import Agency, AgencyTransactions
from survey.services import agencies, transactions, waves
from survey.services.import_problems import ImportRejected

HEADING = "agency,transactions\n"


@pytest.fixture
def known(database, seeded):
    with database.reading() as session:
        return agencies.listing(session)


@pytest.fixture
def ids(known):
    return {agency.code: agency.id for agency in known}


def faults(text, known):
    with pytest.raises(ImportRejected) as caught:
        transactions.read_figures(text.encode(), agencies=known)
    return [(one.line, one.column, one.value) for one in caught.value.problems]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_file_is_read_however_it_was_saved(known, ids, encoding, delimiter):
    text = (HEADING + "Xã Ea Ô,120\r\nso-noi-vu,0\r\n").replace(",", delimiter)
    figures = transactions.read_figures(text.encode(encoding), agencies=known)
    assert figures == {ids["xa-ea-o"]: 120, ids["so-noi-vu"]: 0}


def test_every_fault_is_told_at_once_with_its_line(known):
    text = (
        HEADING + "so-noi-vu,5\nso-noi-va,6\nxa-ea-o,-1\nSở Nội vụ,7\nxa-ea-kar,1.234\nxa-ea-knop,100000001\n"
        ",8\nxa-ea-kly,\nxa-ea-bung,2,x\nxa-ea-o,three\n"
    )
    assert faults(text, known) == [
        (3, "agency", "so-noi-va"),
        (4, "transactions", "-1"),
        (5, "agency", "Sở Nội vụ"),
        (6, "transactions", "1.234"),
        (7, "transactions", "100000001"),
        (8, "agency", None),
        (9, "transactions", None),
        (10, None, None),
        (11, "transactions", "three"),
    ]


@pytest.mark.parametrize("number", ["12.0", "12,0", "1e3", "٣", "²", " ", "+5", "0x10"])
def test_only_a_plain_whole_number_is_a_number_of_transactions(known, number):
    found = faults(f"agency;transactions\nso-noi-vu;{number}\n", known)
    assert [(line, column) for line, column, _ in found] == [(2, "transactions")]


def test_a_heading_without_its_columns_is_refused_with_what_was_meant(known):
    with pytest.raises(ImportRejected, match="Did you mean “transactions”") as caught:
        transactions.read_figures(b"agency,transaction\nso-noi-vu,5\n", agencies=known)
    assert [(one.line, one.column) for one in caught.value.problems] == [(1, "transaction"), (1, "transactions")]


def test_a_name_that_two_agencies_bear_is_not_guessed(database, seeded):
    with database.writing() as session:
        new = session.get(Agency, agencies.find(session, "xa-ea-o").id)
        session.add(Agency(code="xa-ea-o-cu", name=new.name, kind="xã", level=new.level, valid_from=new.valid_from))
    with database.reading() as session:
        known = agencies.listing(session)
    with pytest.raises(ImportRejected, match="one of xa-ea-o, xa-ea-o-cu"):
        transactions.read_figures((HEADING + "Xã Ea Ô,5\n").encode(), agencies=known)
    assert len(transactions.read_figures((HEADING + "xa-ea-o,5\n").encode(), agencies=known)) == 1


def test_figures_of_a_wave_take_the_place_of_those_it_had(either_database, either_seeded):
    wave, (one, other) = either_seeded.wave, {counter.agency.id for counter in either_seeded.counters}
    for figures in ({one: 5, other: 7}, {other: 0}, {}):
        with either_database.writing() as session:
            assert transactions.replace(session, wave, figures) == len(figures)
        with either_database.reading() as session:
            assert transactions.of_wave(session, wave) == figures


def test_each_wave_has_figures_of_its_own(either_database, either_seeded):
    agency, wave = either_seeded.counters[0].agency.id, either_seeded.wave
    days = {"opens_on": wave.opens_on.replace(year=2025), "closes_on": wave.closes_on.replace(year=2025)}
    with either_database.writing() as session:
        other = waves.create(session, loading.load("sipas-counter"), code="quay-2025", title="Năm 2025", **days)
        transactions.replace(session, other, {agency: 1})
        transactions.replace(session, wave, {agency: 2})
        transactions.replace(session, wave, {agency: 3})
        assert transactions.of_wave(session, other) == {agency: 1}
        assert transactions.of_wave(session, wave) == {agency: 3}


def test_an_import_that_fails_half_way_leaves_what_was_there(either_database, either_seeded):
    agency = either_seeded.counters[0].agency.id
    with either_database.writing() as session:
        transactions.replace(session, either_seeded.wave, {agency: 5})
    with pytest.raises(IntegrityError), either_database.writing() as session:
        transactions.replace(session, either_seeded.wave, {agency: 6, 99_999: 1})
    with either_database.reading() as session:
        assert transactions.of_wave(session, either_seeded.wave) == {agency: 5}


@pytest.fixture
def row(either_seeded):
    """A figure that the database takes."""
    return {"wave_id": either_seeded.wave.id, "agency_id": either_seeded.counters[0].agency.id, "transactions": 1}


@pytest.mark.parametrize("change", [{"transactions": -1}, {"wave_id": 99}, {"agency_id": 99_999}])
def test_the_database_refuses_what_no_figure_can_be(either_database, row, change):
    with pytest.raises(IntegrityError), either_database.writing() as session:
        session.execute(insert(AgencyTransactions).values(row | change))


def test_the_database_keeps_one_figure_for_an_agency_and_a_wave(either_database, row):
    with pytest.raises(IntegrityError), either_database.writing() as session:
        session.execute(insert(AgencyTransactions), [row, row])


PIECES = st.sampled_from(["agency", "transactions", "so-noi-vu", "xa-ea-o", "5", "-1", ",", ";", "\n", '"', "é", " "])


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.one_of(st.binary(max_size=60), st.lists(PIECES, max_size=20).map(lambda some: "".join(some).encode())))
def test_any_file_at_all_is_read_or_refused_with_reasons(known, data):
    try:
        found = len(transactions.read_figures(data, agencies=known))
    except ImportRejected as rejected:
        found = len([str(problem) for problem in rejected.problems])
    assert found > 0
