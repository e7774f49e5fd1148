"""A form filled in for somebody who has no phone: the same form, marked, however it comes back."""

from __future__ import annotations

import dataclasses
import datetime as dt
import ipaddress

import html5lib
import pytest
from sqlalchemy import text

from survey.app import create_app
from survey.services import codes

ALL_FOURS = dict.fromkeys(("tiep_can", "thu_tuc", "cong_chuc", "ket_qua", "gop_y", "phuc_vu"), "4")
NOTICE = "Ông/Bà đang điền phiếu hộ người khác"
OFFICE = {"REMOTE_ADDR": "203.0.113.7"}


@pytest.fixture(params=["poster", "digits"])
def url(request, settings, seeded):
    poster, counter = seeded.posters[0], seeded.counters[0]
    code = codes.code_for(poster.counter_id, poster.serial, key=settings.key(codes.KEY_PURPOSE))
    return {"poster": f"/R/{code}", "digits": f"/N/{counter.short_code}"}[request.param]


@pytest.fixture
def site(settings, database, seeded):
    """`site(hours=80)`: a client of the site so much later, which knows the office's network."""
    known = dataclasses.replace(settings, office_networks=(ipaddress.ip_network("203.0.113.0/24"),))

    def site(hours=0):
        later = seeded.now + dt.timedelta(hours=hours)
        return create_app(known, database=database, clock=lambda: later).test_client()

    return site


def token_of(page):
    fields = html5lib.parse(page.text, namespaceHTMLElements=False).iter("input")
    return next(field.get("value") for field in fields if field.get("name") == "form_token")


def send(client, url, token, **changes):
    return client.post(f"{url}/SEND", data=ALL_FOURS | {"form_token": token} | changes, environ_overrides=OFFICE)


def kept(database):
    with database.reading() as session:
        return [(one.entry, one.from_office) for one in session.execute(text("SELECT * FROM responses ORDER BY id"))]


def test_the_form_tells_the_helper_what_to_do_and_the_response_says_that_one_helped(site, url, database):
    client = site()
    page = client.get(f"{url}/ASSISTED")
    assert NOTICE in page.text
    assert send(client, url, token_of(page)).status_code == 303
    # A helper stands in the office whoever is answering: nothing is said about its network.
    assert kept(database) == [("assisted", None)]


def test_the_ordinary_form_leads_there_and_says_nothing_of_helping(site, url, database):
    client = site()
    page = client.get(url)
    assert NOTICE not in page.text
    assert f'href="{url}/ASSISTED"' in page.text
    send(client, url, token_of(page))
    assert kept(database) == [("phone", 1)]


def test_errors_another_language_and_sending_again_keep_the_mark(site, url, database):
    client = site()
    page = client.get(f"{url}/ASSISTED")
    page = send(client, url, token_of(page), phuc_vu="9")
    assert page.status_code == 422
    assert NOTICE in page.text
    page = send(client, url, token_of(page), switch_language="en")
    assert "You are filling in the form for another person" in page.text
    token = token_of(page)
    assert {send(client, url, token).location for _ in "ab"} == {send(client, url, token).location}
    assert kept(database) == [("assisted", None)]


def test_a_form_that_was_open_for_too_long_comes_back_with_the_mark(site, url, database):
    token = token_of(site().get(f"{url}/ASSISTED"))
    client = site(hours=80)
    page = send(client, url, token)
    assert page.status_code == 400
    assert NOTICE in page.text
    send(client, url, token_of(page))
    assert kept(database) == [("assisted", None)]


def test_a_damaged_token_brings_no_mark_that_nobody_signed(site, url, database):
    client = site()
    token = token_of(client.get(f"{url}/ASSISTED"))
    page = send(client, url, token[:-4] + "AAAA")
    assert page.status_code == 400
    assert NOTICE not in page.text
