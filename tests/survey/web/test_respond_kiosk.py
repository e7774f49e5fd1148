"""A kiosk's addresses as its script uses them, and as others may try."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from survey.services import codes, form_tokens, kiosks

ALL_FOURS = dict.fromkeys(("tiep_can", "thu_tuc", "cong_chuc", "ket_qua", "gop_y", "phuc_vu"), "4")


@pytest.fixture
def kiosk(database, seeded):
    with database.writing() as session:
        return kiosks.make(session, seeded.counters[0], pin="204060", now=seeded.now)


@pytest.fixture
def url(settings, kiosk):
    return "/K/" + kiosks.code_of(kiosk, key=settings.key(kiosks.KEY_PURPOSE))


@pytest.fixture
def spare(client, url):
    """Tokens and receipts of the pack."""
    return client.get(f"{url}/PACK").json["forms"]


def rows(database):
    with database.reading() as session:
        return [dict(row) for row in session.execute(text("SELECT * FROM responses")).mappings()]


def test_the_page_leads_nowhere_and_carries_no_token(client, url):
    page = client.get(url)
    assert "<a " not in page.text.replace('<a href="#', "")
    assert "form_token" not in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in page.headers


def test_an_address_in_small_letters_leads_to_the_page(client, url):
    assert client.get("/K/" + url.removeprefix("/K/").lower(), expect=308).location == url


def test_every_form_of_the_pack_is_counted_once_under_the_receipt_that_came_with_it(client, url, spare, database):
    assert len({token for token, _ in spare}) == kiosks.PACK_SIZE
    for token, receipt in spare[:3]:
        for _ in "ab":
            assert client.post(f"{url}/SEND", data=ALL_FOURS | {"form_token": token}).json == {"receipt": receipt}
    assert [row["receipt"] for row in rows(database)] == [receipt for _, receipt in spare[:3]]
    assert {(row["entry"], row["trust"], row["from_office"], row["quick"]) for row in rows(database)} == {
        ("kiosk", "signed", None, None)
    }


def test_other_answers_under_the_same_token_change_nothing(client, url, spare, database):
    (token, _), *_ = spare
    client.post(f"{url}/SEND", data=ALL_FOURS | {"form_token": token})
    before = rows(database)
    client.post(f"{url}/SEND", data=ALL_FOURS | {"form_token": token, "phuc_vu": "1"}, expect=409)
    assert rows(database) == before


def test_what_is_wrong_is_said_by_field_and_nothing_is_stored(client, url, spare, database):
    data = ALL_FOURS | {"form_token": spare[0][0], "phuc_vu": "9"}
    assert list(client.post(f"{url}/SEND", data=data, expect=422).json["errors"]) == ["phuc_vu"]
    assert rows(database) == []


def test_a_phone_s_token_is_none_of_a_kiosk_s(client, url, settings, seeded, database):
    key = settings.key(form_tokens.KEY_PURPOSE)
    token = form_tokens.mint("xa-ea-o-1", key=key, now=seeded.now, rng=bytes)
    client.post(f"{url}/SEND", data=ALL_FOURS | {"form_token": token}, expect=400)
    assert rows(database) == []


def test_another_site_s_page_sends_nothing_and_tries_no_pin(client, url, spare, database):
    foreign = {"Sec-Fetch-Site": "cross-site"}
    client.post(f"{url}/SEND", data=ALL_FOURS | {"form_token": spare[0][0]}, headers=foreign, expect=403)
    client.post(f"{url}/LEAVE", data={"pin": "204060"}, headers=foreign, expect=403)
    assert rows(database) == []


@pytest.mark.parametrize("part", ["", "/PACK"])
def test_a_forged_code_is_not_found_and_its_signature_not_logged(client, url, caplog, part):
    forged = url[:-1] + ("0" if url[-1] != "0" else "1")
    client.get(forged + part, expect=404)
    assert "kiosk 1" in caplog.text
    assert forged.rpartition("-")[2] not in caplog.text


def test_a_poster_s_code_opens_no_kiosk_and_a_kiosk_s_no_poster_s_form(client, url, settings, seeded):
    poster = codes.code_for(1, 1, key=settings.key(codes.KEY_PURPOSE))
    client.get(f"/K/{poster}", expect=404)
    client.get("/R/" + url.rpartition("/")[2], expect=404)


@pytest.mark.parametrize(("method", "part"), [("get", ""), ("get", "/PACK"), ("post", "/SEND"), ("post", "/LEAVE")])
def test_a_closed_kiosk_is_gone_by_every_address(client, url, database, kiosk, seeded, method, part):  # noqa: PLR0917
    with database.writing() as session:
        kiosks.close(session, kiosk.id, now=seeded.now)
    getattr(client, method)(url + part, expect=410)


def test_five_wrong_pins_and_even_the_right_one_has_to_wait(client, url):
    assert client.post(f"{url}/LEAVE", data={"pin": "204060"}).json == {"url": "/"}
    for pin in ("1", "000000", "204061", "", "999999"):
        client.post(f"{url}/LEAVE", data={"pin": pin}, expect=403)
    waiting = client.post(f"{url}/LEAVE", data={"pin": "204060"}, expect=429)
    assert int(waiting.headers["Retry-After"]) == 900


def test_the_workers_are_asked_for_anew_each_time_and_mostly_unchanged(client):
    for address in ("/worker.js", "/K/worker.js"):
        script = client.get(address)
        assert script.mimetype == "text/javascript"
        assert script.headers["Cache-Control"] == "no-cache"
        assert "addEventListener" in script.text
        client.get(address, headers={"If-None-Match": script.headers["ETag"]}, expect=304)


def test_the_offline_page_speaks_every_language_and_asks_nobody_for_anything(client):
    page = client.get("/offline?lang=en").text
    assert page == client.get("/offline").text
    assert "Đã lưu trên máy này" in page
    assert "Saved on this device" in page
