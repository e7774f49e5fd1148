"""Kiosks in the console: opened with a PIN of one's own, closed, and each agency's for itself."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import text

from survey.services import kiosks

SITE = "https://hailong.example.vn"
PAGE = "/console/counters/xa-ea-o-1/kiosks"


def post(client, address, *, expect, **data):
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get(PAGE, base_url=SITE).text)[1]
    headers = {"Referer": SITE + PAGE}
    return client.post(address, data=data | {"csrf_token": token}, base_url=SITE, headers=headers, expect=expect)


@pytest.mark.parametrize("user", ["canbo", "eao"])
def test_it_is_opened_with_a_chosen_pin_and_its_address_leads_to_the_page(sign_in, database, user):
    client = sign_in(user)
    assert post(client, PAGE, pin="204060", expect=303).location == PAGE
    page = client.get(PAGE, base_url=SITE).text
    assert "204060" not in page
    address = re.search(r'href="https://hailong\.example\.vn(/K/1-[0-9A-Z]+)"', page)[1]
    assert "Đánh giá" in client.get(address).text
    with database.reading() as session:
        (kiosk,) = kiosks.listing(session)
        assert kiosk.counter.code == "xa-ea-o-1"
        assert kiosks.is_pin(session, kiosk, "204060")


@pytest.mark.parametrize("pin", ["", "12345", "mật mã"])
def test_a_pin_that_is_none_is_refused_with_a_reason(sign_in, database, pin):
    page = post(sign_in("canbo"), PAGE, pin=pin, expect=422)
    assert "Mã PIN gồm 6 chữ số." in page.text
    with database.reading() as session:
        assert kiosks.listing(session) == []


def test_a_closed_kiosk_opens_nothing_any_more(sign_in, database, settings, seeded):
    client = sign_in("eao")
    post(client, PAGE, pin="204060", expect=303)
    address = re.search(r'href="https://hailong\.example\.vn(/K/[^"]+)"', client.get(PAGE, base_url=SITE).text)[1]
    post(client, f"{PAGE}/1/close", expect=303)
    assert "Máy đánh giá đã đóng" in client.get(address, expect=410).text
    assert address not in client.get(PAGE, base_url=SITE).text


def test_an_agency_sees_and_closes_its_own_only(sign_in, database, seeded):
    with database.writing() as session:
        kiosks.make(session, seeded.counters[2], pin="204060", now=seeded.now)
    client = sign_in("eao")
    client.get("/console/counters/so-noi-vu-1/kiosks", base_url=SITE, expect=404)
    post(client, "/console/counters/so-noi-vu-1/kiosks/1/close", expect=404)
    # Nor by naming another's number at a counter of its own.
    post(client, f"{PAGE}/1/close", expect=404)
    with database.reading() as session:
        assert kiosks.listing(session)[0].closed_at is None


def test_nothing_happens_without_the_token_or_the_sign_in(client, sign_in, database):
    client.post(PAGE, data={"pin": "204060"}, base_url=SITE, expect=400)
    sign_in("canbo").post(PAGE, data={"pin": "204060"}, base_url=SITE, expect=400)
    with database.reading() as session:
        assert session.scalar(text("SELECT count(*) FROM kiosks")) == 0
