"""So many posts a minute from one address: a hall gets through, a machine does not, and no address is kept."""

from __future__ import annotations

import dataclasses
import datetime as dt
import ipaddress
import itertools
import logging
import multiprocessing

import html5lib
import pytest
from sqlalchemy import MetaData, text

from survey.app import create_app
from survey.config import Settings
from survey.services import codes, kiosks
from survey.web.post_limit import PostLimit, network_of

ANSWERS = dict.fromkeys(("tiep_can", "thu_tuc", "cong_chuc", "ket_qua", "gop_y", "phuc_vu"), "4")
HALL = "203.0.113.7"
NOON = dt.datetime(2026, 10, 7, 5, 0, tzinfo=dt.UTC)


class Clock:
    """Stands still until it is moved."""

    def __init__(self, now):
        self.now = now

    def __call__(self):
        return self.now

    def move(self, seconds):
        self.now += dt.timedelta(seconds=seconds)


@pytest.fixture
def clock(seeded):
    return Clock(seeded.now)


@pytest.fixture
def site(settings, database, seeded, clock):
    """`site(trusted_proxies=1)`: a client of a site with the limit that an installation has unless told otherwise."""

    def site(**changes):
        default = Settings.__dataclass_fields__["posts_per_minute"].default
        changed = dataclasses.replace(settings, **{"posts_per_minute": default} | changes)
        return create_app(changed, database=database, clock=clock).test_client()

    return site


@pytest.fixture
def url(settings, seeded):
    poster = seeded.posters[0]
    return "/R/" + codes.code_for(poster.counter_id, poster.serial, key=settings.key(codes.KEY_PURPOSE))


def token_of(page):
    fields = html5lib.parse(page.text, namespaceHTMLElements=False).iter("input")
    return next(field.get("value") for field in fields if field.get("name") == "form_token")


def send(client, url, *, sender=HALL, token=None, path="/SEND", headers=()):
    data = ANSWERS | {"form_token": token or token_of(client.get(url)), "y_kien": "Cần thêm ghế"}
    return client.post(url + path, data=data, environ_overrides={"REMOTE_ADDR": sender}, headers=dict(headers))


def statuses(client, url, number, **how):
    return [send(client, url, **how).status_code for _ in range(number)]


def test_120_forms_a_minute_are_kept_and_the_121st_is_given_back_with_its_answers(site, url, clock, database):
    client = site()
    assert statuses(client, url, 120) == [303] * 120
    token = token_of(client.get(url))
    clock.move(20)
    refused = send(client, url, token=token)
    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "40"
    page = html5lib.parse(refused.text, namespaceHTMLElements=False)
    chosen = {field.get("name"): field.get("value") for field in page.iter("input") if "checked" in field.attrib}
    assert chosen == ANSWERS
    assert page.find(".//textarea").text == "Cần thêm ghế"
    assert token_of(refused) == token
    assert "chờ một phút" in refused.text
    assert kept(database) == 120
    clock.move(40)
    assert send(client, url, token=token_of(refused)).status_code == 303
    assert kept(database) == 121


def test_a_hall_of_100_people_behind_one_address_gets_through_every_minute(site, url, clock):
    client = site()
    for _minute in range(3):
        assert statuses(client, url, 100) == [303] * 100
        clock.move(60)


def test_whoever_is_at_another_address_does_not_notice(site, url):
    client = site(posts_per_minute=3)
    assert statuses(client, url, 4)[-1] == 429
    assert send(client, url, sender="203.0.113.8").status_code == 303


def test_the_addresses_of_one_ipv6_network_are_one_and_another_network_s_are_not(site, url):
    client = site(posts_per_minute=2)
    senders = ["2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2:3::", "2001:db8:1:3::1"]
    assert [send(client, url, sender=one).status_code for one in senders] == [303, 303, 429, 303]


def test_a_site_behind_a_proxy_counts_what_the_proxy_says_and_not_what_the_visitor_adds(site, url):
    client = site(posts_per_minute=1, trusted_proxies=1)
    said = ["198.51.100.1", "198.51.100.2", "203.0.113.99, 198.51.100.1"]
    answers = [send(client, url, headers={"X-Forwarded-For": one}).status_code for one in said]
    assert answers == [303, 303, 429]


def test_a_visitor_who_names_another_address_to_a_site_without_a_proxy_gains_nothing(site, url, caplog):
    client = site(posts_per_minute=1)
    answers = [send(client, url, headers={"X-Forwarded-For": f"198.51.100.{n}"}).status_code for n in (1, 2)]
    assert answers == [303, 429]
    assert "SIPAS_TRUSTED_PROXIES is 0" in caplog.text


@pytest.mark.parametrize("path", ["/SEND", ""])
def test_every_address_that_takes_answers_counts(site, url, seeded, path):
    client = site(posts_per_minute=1)
    digits = f"/N/{seeded.counters[1].short_code}"
    assert send(client, url, path=path).status_code == 303
    assert send(client, digits, path=path).status_code == 429


def test_a_kiosk_s_posts_count_and_its_script_is_told_to_wait(site, settings, database, seeded):
    with database.writing() as session:
        kiosk = kiosks.make(session, seeded.counters[0], pin="204060", now=seeded.now)
    client = site(posts_per_minute=1)
    url = "/K/" + kiosks.code_of(kiosk, key=settings.key(kiosks.KEY_PURPOSE))
    (first, _), (second, _) = client.get(f"{url}/PACK").json["forms"][:2]
    assert client.post(f"{url}/SEND", data=ANSWERS | {"form_token": first}).status_code == 200
    refused = client.post(f"{url}/SEND", data=ANSWERS | {"form_token": second})
    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "60"
    assert client.post(f"{url}/LEAVE", data={"pin": "204060"}).status_code == 429


def test_nought_is_no_limit(site, url):
    assert set(statuses(site(posts_per_minute=0), url, 150)) == {303}


@pytest.mark.parametrize("sender", [HALL, "2001:db8:1:2::1"])
def test_no_address_is_written_anywhere(site, url, database, caplog, sender):
    caplog.set_level(logging.DEBUG)
    client = site(posts_per_minute=1)
    assert statuses(client, url, 2, sender=sender) == [303, 429]
    address = ipaddress.ip_address(sender)
    marks = [sender.encode(), address.packed, address.packed[:8], str(int(address)).encode()]
    slots = bytes(client.application.extensions["sipas_post_limit"]._slots)
    places = [caplog.text.encode(), everything(database), slots]
    assert [mark for mark, place in itertools.product(marks, places) if mark in place] == []


def everything(database):
    with database.reading() as session:
        tables = MetaData()
        tables.reflect(session.connection())
        return repr([session.execute(table.select()).all() for table in tables.sorted_tables]).encode()


def kept(database):
    with database.reading() as session:
        return session.scalar(text("SELECT count(*) FROM responses"))


def test_a_clock_that_was_set_back_keeps_nobody_waiting_for_the_day():
    limit = PostLimit(1, key=b"k")
    assert limit.seconds_to_wait(HALL, now=NOON) == 0
    assert limit.seconds_to_wait(HALL, now=NOON) == 60
    assert limit.seconds_to_wait(HALL, now=NOON - dt.timedelta(days=1)) == 0


def test_processes_count_together():
    limit = PostLimit(3, key=b"k")
    fork = multiprocessing.get_context("fork")
    for _ in range(2):
        process = fork.Process(target=limit.seconds_to_wait, args=(HALL,), kwargs={"now": NOON})
        process.start()
        process.join()
    assert [limit.seconds_to_wait(HALL, now=NOON) for _ in range(2)] == [0, 60]


def test_ten_thousand_addresses_need_no_more_memory_than_one():
    limit = PostLimit(120, key=b"k")
    before = len(limit._slots)
    assert {limit.seconds_to_wait(f"10.0.{n // 256}.{n % 256}", now=NOON) for n in range(10_000)} == {0}
    assert len(limit._slots) == before < 2**20


@pytest.mark.parametrize(
    ("address", "network"),
    [
        (HALL, HALL),
        (f"::ffff:{HALL}", HALL),
        ("2001:db8::1", "2001:db8::"),
        ("unknown", "unknown"),
        ("", ""),
        (None, ""),
    ],
)
def test_an_address_that_cannot_be_read_counts_as_it_is(address, network):
    assert network_of(address) == network
