"""A table is computed once for many readers, and never shown when it is no longer true."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from survey.web.public.kept import LONGEST, MOST_TABLES, KeptTables

NOW = dt.datetime(2026, 10, 7, 5, 0, tzinfo=dt.UTC)


@pytest.fixture
def asked():
    """`asked(latest, now)` gets the table of one key and returns how often one was computed."""
    tables, computed = KeptTables(), []

    def asked(*, latest=7, now=NOW, key="wave"):
        tables.get(key, latest=latest, now=now, compute=lambda: computed.append(key))
        return len(computed)

    return asked


def test_a_second_reader_is_shown_what_the_first_one_had_computed(asked):
    assert (asked(), asked()) == (1, 1)


def test_another_response_makes_another_table(asked):
    assert (asked(latest=7), asked(latest=8)) == (1, 2)


def test_a_table_is_not_kept_longer_than_half_a_minute(asked):
    assert (asked(), asked(now=NOW + LONGEST - dt.timedelta(seconds=1)), asked(now=NOW + LONGEST)) == (1, 1, 2)


def test_no_more_than_so_many_tables_are_kept(asked):
    for number in range(MOST_TABLES + 1):
        asked(key=number)
    assert asked(key=0) == MOST_TABLES + 2
    assert asked(key=MOST_TABLES) == MOST_TABLES + 2


def test_readers_who_ask_at_once_wait_for_the_first():
    tables, computed, begun = KeptTables(), [], Event()

    def compute():
        begun.wait(5)
        computed.append("wave")
        return "table"

    with ThreadPoolExecutor(8) as readers:
        asked = [readers.submit(tables.get, "wave", latest=7, now=NOW, compute=compute) for _ in range(8)]
        begun.set()
        assert {one.result() for one in asked} == {"table"}
    assert computed == ["wave"]
