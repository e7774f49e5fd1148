"""What is kept of where a form was sent from and how soon: a yes or a no, and nothing that it was decided from."""

from __future__ import annotations

import dataclasses
import datetime as dt
import ipaddress

import html5lib
import pytest
from sqlalchemy import text

from survey.app import create_app
from survey.services import codes

ANSWERS = dict.fromkeys(("tiep_can", "thu_tuc", "cong_chuc", "ket_qua", "gop_y", "phuc_vu"), "4")
OFFICE = "203.0.113.7"
ELSEWHERE = "198.51.100.9"


@pytest.fixture
def url(settings, seeded):
    poster = seeded.posters[0]
    return "/R/" + codes.code_for(poster.counter_id, poster.serial, key=settings.key(codes.KEY_PURPOSE))


@pytest.fixture
def site(settings, database, seeded):
    """`site(proxies=1)`: a site that knows the office's network, and a clock to move."""

    def site(**changes):
        networks = {"office_networks": (ipaddress.ip_network("203.0.113.0/24"),)}
        clock = Clock(seeded.now)
        app = create_app(dataclasses.replace(settings, **networks | changes), database=database, clock=clock)
        return app.test_client(), clock

    return site


class Clock:
    """Stands still until it is moved."""

    def __init__(self, now):
        self.now = now

    def __call__(self):
        return self.now

    def move(self, seconds):
        self.now += dt.timedelta(seconds=seconds)


def token_of(page):
    fields = html5lib.parse(page.text, namespaceHTMLElements=False).iter("input")
    return next(field.get("value") for field in fields if field.get("name") == "form_token")


def send(client, url, token, *, sender=ELSEWHERE, answers=ANSWERS, headers=()):
    data = answers | {"form_token": token}
    return client.post(url, data=data, environ_overrides={"REMOTE_ADDR": sender}, headers=dict(headers))


def kept(database):
    with database.reading() as session:
        return [(one.from_office, one.quick) for one in session.execute(text("SELECT * FROM responses ORDER BY id"))]


@pytest.mark.parametrize(("sender", "inside"), [(OFFICE, 1), (ELSEWHERE, 0), ("::ffff:203.0.113.7", 1)])
def test_a_form_is_from_the_office_or_not(site, database, url, sender, inside):
    client, _ = site()
    send(client, url, token_of(client.get(url)), sender=sender)
    assert [office for office, _ in kept(database)] == [inside]


def test_where_no_network_is_named_it_is_unknown(site, database, url):
    client, _ = site(office_networks=())
    send(client, url, token_of(client.get(url)), sender=OFFICE)
    assert [office for office, _ in kept(database)] == [None]


def test_the_address_is_what_our_own_proxies_say_and_never_what_the_sender_does(site, database, url):
    for proxies, forwarded, inside in (
        (0, OFFICE, 0),
        (1, OFFICE, 1),
        # The sender wrote the first, our proxy the last.
        (1, f"{OFFICE}, {ELSEWHERE}", 0),
        (1, f"{ELSEWHERE}, {OFFICE}", 1),
        (2, f"{OFFICE}, {ELSEWHERE}, 10.0.0.1", 0),
    ):
        client, _ = site(trusted_proxies=proxies)
        send(client, url, token_of(client.get(url)), headers={"X-Forwarded-For": forwarded})
        assert kept(database)[-1][0] == inside, (proxies, forwarded)


@pytest.mark.parametrize(("seconds", "quick"), [(0, 1), (8, 1), (9, 0), (600, 0)])
def test_a_form_is_quick_when_it_is_sent_before_it_can_be_read(site, database, url, seconds, quick):
    client, clock = site()
    token = token_of(client.get(url))
    clock.move(seconds)
    send(client, url, token)
    assert [haste for _, haste in kept(database)] == [quick]


def test_a_form_that_had_an_error_is_as_old_as_when_it_was_first_shown(site, database, url):
    client, clock = site()
    token = token_of(client.get(url))
    clock.move(30)
    page = send(client, url, token, answers=ANSWERS | {"phuc_vu": "9"})
    assert page.status_code == 422
    send(client, url, token_of(page))
    assert [haste for _, haste in kept(database)] == [0]


def test_a_form_that_came_back_with_a_new_token_was_read_before_nobody_knows_how_long(site, database, url):
    client, clock = site()
    token = token_of(client.get(url))
    clock.move(73 * 3600)
    page = send(client, url, token)
    assert page.status_code == 400
    send(client, url, token_of(page))
    assert [haste for _, haste in kept(database)] == [None]


def test_the_same_form_sent_again_from_elsewhere_and_later_changes_nothing(site, database, url):
    client, clock = site()
    token = token_of(client.get(url))
    first = send(client, url, token, sender=OFFICE)
    clock.move(60)
    again = send(client, url, token)
    assert again.headers["Location"] == first.headers["Location"]
    assert kept(database) == [(1, 1)]


def test_neither_the_address_nor_the_seconds_are_stored_or_logged(site, database, url, caplog):
    caplog.set_level("DEBUG")
    client, clock = site()
    token = token_of(client.get(url))
    clock.move(7)
    send(client, url, token, sender=OFFICE)
    with database.reading() as session:
        [row] = session.execute(text("SELECT * FROM responses")).mappings()
    assert OFFICE not in f"{dict(row)}{caplog.text}"
    assert row["received_at"].endswith(":00.000000")
