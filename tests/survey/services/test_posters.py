"""What the posters of counters say, and that they lead to the counters' own forms."""

from __future__ import annotations

import datetime as dt

import pytest

from survey import models
from survey.services import codes, collect, counters, posters

BASE_URL = "https://hailong.example.vn"


@pytest.fixture
def print_all(database, seeded, settings):
    """The posters of all counters, as they would be printed at a moment."""

    def print_all(*, now=seeded.now, **options):
        with database.writing() as session:
            places = counters.listing(session)
            counters.issue_missing(session, places, now=now)
            key = settings.key(codes.KEY_PURPOSE)
            return posters.of_counters(session, places, base_url=BASE_URL, key=key, now=now, **options)

    return print_all


def test_each_poster_leads_to_the_form_of_its_own_counter(database, seeded, settings, print_all):
    printed = print_all()
    assert len({poster.url for poster in printed}) == 3
    key = settings.key(codes.KEY_PURPOSE)
    with database.reading() as session:
        for poster in printed:
            code = poster.url.removeprefix(f"{BASE_URL}/r/".upper())
            access = collect.resolve(session, "R", code, key_for=lambda _: key, now=seeded.now)
            assert (access.counter.name, access.agency.name) == (poster.counter_name, poster.agency_name)
            assert codes.parse(code, key=key).serial == poster.serial


def test_printing_again_gives_the_posters_that_hang_already(print_all):
    assert print_all() == print_all()


def test_a_counter_without_a_good_poster_is_issued_the_next(database, seeded, print_all):
    revoked = seeded.posters[0]
    with database.writing() as session:
        counters.revoke_code(session, revoked, now=seeded.now)
        new = counters.make(session, seeded.counters[2].agency, name="Quầy số 9")
    serials = {poster.counter_name: poster.serial for poster in print_all(now=seeded.now + dt.timedelta(days=1))}
    assert serials == {"Quầy số 1": 2, "Quầy số 2": 1, "Bộ phận một cửa": 1, new.name: 1}


def test_to_read_the_posters_issues_none(database, seeded, settings):
    key = settings.key(codes.KEY_PURPOSE)
    with database.writing() as session:
        counters.revoke_code(session, seeded.posters[0], now=seeded.now)
        places = counters.listing(session)
        read = posters.of_counters(session, places, base_url=BASE_URL, key=key, now=seeded.now)
        assert [poster.counter_name for poster in read] == ["Bộ phận một cửa", "Quầy số 2"]
        assert [len(counters.printings(session, place)) for place in places] == [1, 1, 1]


def test_whoever_cannot_scan_types_the_site_and_the_six_digits(database, seeded, print_all):
    typed = {poster.counter_name: (poster.short_address, poster.digits) for poster in print_all()}
    # Worked out by hand in test_short_codes.py.
    assert typed["Quầy số 1"] == ("hailong.example.vn/N", "216 483")
    with database.reading() as session:
        for counter in seeded.counters:
            digits = typed[counter.name][1].replace(" ", "")
            access = collect.resolve(session, "N", digits, key_for=lambda _: b"", now=seeded.now)
            assert access.counter.code == counter.code


def test_a_hotline_is_on_every_poster_once_there_is_one(print_all):
    assert {poster.hotline for poster in print_all()} == {""}
    assert {poster.hotline for poster in print_all(hotline="1022")} == {"1022"}


def test_a_poster_speaks_the_languages_of_the_wave_s_form(database, seeded):
    with database.reading() as session:
        assert posters.languages(session, seeded.wave) == ("vi", "en")


def test_one_printing_is_withdrawn_and_the_others_stay(database, seeded):
    counter, later = seeded.counters[0], seeded.now + dt.timedelta(days=1)
    with database.writing() as session:
        second = counters.issue_code(session, counter, now=seeded.now)
        third = counters.issue_code(session, counter, now=seeded.now, expires_at=later)
        counters.revoke_code(session, second, now=seeded.now)
        states = [(one.serial, counters.state(one, now=later)) for one in counters.printings(session, counter)]
        assert states == [(third.serial, "expired"), (second.serial, "revoked"), (1, "good")]
        assert counters.find_printing(session, counter, 4) is None
        assert counters.find_printing(session, seeded.counters[1], 2) is None


def test_a_closed_counter_is_not_printed(database, seeded):
    today = dt.date(2026, 10, 7)
    with database.writing() as session:
        session.get(models.Counter, seeded.counters[0].id).valid_to = today
        session.flush()
        named = [counter.code for counter in counters.listing(session, open_on=today)]
        assert named == ["so-noi-vu-1", "xa-ea-o-2"]
        assert len(counters.listing(session, open_on=today - dt.timedelta(days=1))) == 3


def test_people_compare_the_site_s_name_in_small_letters(print_all):
    assert {poster.domain for poster in print_all()} == {"https://hailong.example.vn/"}


def test_a_demonstration_s_poster_says_so(print_all):
    assert {poster.is_simulated for poster in print_all(is_simulated=True)} == {True}
    assert {poster.is_simulated for poster in print_all()} == {False}
