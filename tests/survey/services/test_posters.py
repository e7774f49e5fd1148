"""What the posters of counters say, and that they lead to the counters' own forms."""

from __future__ import annotations

import datetime as dt

import pytest

from survey.services import codes, collect, counters, posters

BASE_URL = "https://hailong.example.vn"


@pytest.fixture
def print_all(database, seeded, settings):
    """The posters of all counters, as they would be printed at a moment."""

    def print_all(*, now=seeded.now, **options):
        with database.writing() as session:
            places = counters.listing(session)
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


def test_people_compare_the_site_s_name_in_small_letters(print_all):
    assert {poster.domain for poster in print_all()} == {"https://hailong.example.vn/"}


def test_a_demonstration_s_poster_says_so(print_all):
    assert {poster.is_simulated for poster in print_all(is_simulated=True)} == {True}
    assert {poster.is_simulated for poster in print_all()} == {False}
