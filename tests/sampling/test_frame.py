"""Frames count what a plain recount counts, find the duplicates that were planted, and keep nobody's identity."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampling.errors import SamplingError
from sampling.frame import (
    ListedUnits,
    Persons,
    Reason,
    Tally,
    out_of_scope,
    period_name,
    periods,
    person_keys,
)

KEY = bytes(range(32))
DAYS = st.one_of(st.none(), st.dates(dt.date(2025, 1, 1), dt.date(2026, 12, 31)))
ROWS = st.lists(
    st.tuples(st.integers(-1, 2), st.booleans(), DAYS, st.one_of(st.none(), st.integers(0, 9))), max_size=60
)


def units(rows):
    persons = [str(person) for *_, person in rows]
    return ListedUnits(
        agency=np.array([row[0] for row in rows], dtype=np.int64),
        field=np.zeros(len(rows), dtype=np.int64),
        day=np.array([row[2] for row in rows], dtype="datetime64[D]"),
        received=np.array([row[1] for row in rows], dtype=np.bool_),
        person=person_keys(persons, key=KEY),
        identified=np.array([row[3] is not None for row in rows], dtype=np.bool_),
    )


def judged(rows, first_day, last_day):
    """Row by row, as the rule reads."""
    seen = set()
    for agency, received, day, person in rows:
        if agency < 0:
            yield Reason.UNKNOWN_AGENCY
        elif not received:
            yield Reason.NOT_RECEIVED
        elif day is None:
            yield Reason.NO_DAY
        elif not first_day <= day <= last_day:
            yield Reason.OUTSIDE_PERIOD
        elif person in seen:
            yield Reason.DUPLICATE_PERSON
        else:
            yield None
            if person is not None:
                seen.add(person)


@given(rows=ROWS, cut=st.integers(0, 60))
def test_reasons_are_those_of_the_rule_read_row_by_row_wherever_the_list_is_cut(rows, cut):
    period = {"first_day": dt.date(2026, 1, 1), "last_day": dt.date(2026, 6, 30)}
    persons = Persons()
    found = [
        code for part in (rows[:cut], rows[cut:]) for code in out_of_scope(units(part), persons, **period).tolist()
    ]
    assert [None if code < 0 else list(Reason)[code] for code in found] == list(judged(rows, *period.values()))


@given(st.lists(st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 5), max_size=20), max_size=5))
def test_only_the_first_row_of_a_person_is_the_first(parts):
    seen, known = Persons(), set()
    for part in parts:
        expected = [not (one in known or known.add(one)) for one in part]
        assert seen.first(np.array(part, dtype=np.uint64)).tolist() == expected


def test_a_key_of_a_person_is_the_beginning_of_its_hmac():
    digest = hmac.new(KEY, b"066090001234", hashlib.sha256).digest()
    assert person_keys(["066090001234"], key=KEY).tolist() == [int.from_bytes(digest[:8], "little")]
    assert person_keys(["066090001234"], key=KEY[::-1]).tolist() != person_keys(["066090001234"], key=KEY).tolist()


@given(st.lists(st.text(max_size=200), max_size=5), st.binary(min_size=16, max_size=200))
def test_keys_are_what_the_library_s_hmac_gives_however_long_the_key(persons, key):
    expected = [hmac.digest(key, person.encode(), "sha256")[:8] for person in persons]
    assert person_keys(persons, key=key).astype("<u8").tobytes() == b"".join(expected)


def test_a_short_key_is_refused():
    with pytest.raises(SamplingError, match="15 bytes"):
        person_keys(["1"], key=bytes(15))


@given(st.lists(st.tuples(*[st.integers(-1, 3)] * 3), max_size=50))
def test_counts_are_those_of_a_counter(rows):
    tally = Tally()
    for part in (rows[::2], rows[1::2]):
        tally.add(*(np.array([row[at] for row in part], dtype=np.int64) for at in range(3)))
    assert dict(tally.counts()) == Counter(rows)


@given(st.dates(dt.date(1900, 1, 1), dt.date(2100, 1, 1)))
def test_a_day_is_in_the_month_quarter_and_year_that_it_is_in(day):
    expected = {"month": f"{day:%Y-%m}", "quarter": f"{day.year}-Q{(day.month + 2) // 3}", "year": f"{day.year}"}
    days = np.array([day], dtype="datetime64[D]")
    assert {one: period_name(int(periods(days, period=one)[0]), period=one) for one in expected} == expected


def test_a_period_that_does_not_exist_is_refused():
    with pytest.raises(SamplingError, match="week"):
        periods(np.zeros(0, dtype="datetime64[D]"), period="week")
