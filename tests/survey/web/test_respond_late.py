"""A form that comes in late is for the wave in which it was shown."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from sqlalchemy import text

from forms import loading
from survey.models import Counter
from survey.services import codes, kiosks, waves

ALL_FOURS = dict.fromkeys(("tiep_can", "thu_tuc", "cong_chuc", "ket_qua", "gop_y", "phuc_vu"), "4")
# In Đắk Lắk, seven hours ahead of UTC.
NOW = dt.datetime(2026, 10, 7, 5, 0, tzinfo=dt.UTC)
LAST_MINUTE = dt.datetime(2026, 12, 31, 16, 59, tzinfo=dt.UTC)
A_MINUTE, A_DAY = dt.timedelta(minutes=1), dt.timedelta(days=1)


@pytest.fixture
def url(settings, seeded):
    poster = seeded.posters[0]
    return "/R/" + codes.code_for(poster.counter_id, poster.serial, key=settings.key(codes.KEY_PURPOSE))


def token_on(page):
    return re.search(r'name="form_token" value="([^"]+)"', page.text)[1]


def rows(database):
    query = "SELECT code, answered_on FROM responses JOIN waves ON waves.id = wave_id"
    with database.reading() as session:
        return [(code, str(day)) for code, day in session.execute(text(query))]


def test_a_form_that_waited_on_a_phone_while_the_wave_closed_counts_in_it(client, database, url, at):
    at(LAST_MINUTE)
    token = token_on(client.get(url))
    at(LAST_MINUTE + A_DAY)
    client.get(url, expect=404)
    form = ALL_FOURS | {"form_token": token}
    receipts = [client.post(f"{url}/SEND", data=form, expect=303).location for _ in "ab"]
    assert receipts[0] == receipts[1]
    assert rows(database) == [("quay-2026", "2026-12-31")]


def test_but_not_when_it_is_too_old(client, database, url, at):
    at(LAST_MINUTE)
    token = token_on(client.get(url))
    at(LAST_MINUTE + 4 * A_DAY)
    client.post(f"{url}/SEND", data=ALL_FOURS | {"form_token": token}, expect=404)
    assert rows(database) == []


@pytest.mark.parametrize("token", ["", "x", "A" * 51])
def test_a_token_made_up_opens_no_closed_wave(client, database, url, at, token):
    at(LAST_MINUTE + A_DAY)
    client.post(f"{url}/SEND", data=ALL_FOURS | {"form_token": token}, expect=404)
    assert rows(database) == []


def test_a_form_shown_before_midnight_is_read_with_its_own_questions(client, database, url, at):
    with database.writing() as session:
        waves.create(
            session,
            loading.load("sipas-2026"),
            code="quay-2027",
            title="Đánh giá tại quầy năm 2027",
            stream="counter",
            opens_on=dt.date(2027, 1, 1),
            closes_on=dt.date(2027, 12, 31),
        )
    at(LAST_MINUTE)
    token = token_on(client.get(url))
    at(LAST_MINUTE + 2 * A_MINUTE)
    # What is missing is asked for with the questions that were shown.
    page = client.post(f"{url}/SEND", data={"form_token": token, "tiep_can": "4"}, expect=422)
    assert set(re.findall(r'name="(\w+)" value="5"', page.text)) == set(ALL_FOURS)
    client.post(f"{url}/SEND", data=ALL_FOURS | {"form_token": token}, expect=303)
    assert rows(database) == [("quay-2026", "2026-12-31")]


def test_a_counter_that_closed_meanwhile_takes_what_was_shown_before(client, database, url, seeded, at):
    token = token_on(client.get(url))
    with database.writing() as session:
        session.get(Counter, seeded.counters[0].id).valid_to = dt.date(2026, 10, 8)
    at(seeded.now + A_DAY)
    client.get(url, expect=410)
    client.post(f"{url}/SEND", data=ALL_FOURS | {"form_token": token}, expect=303)
    assert rows(database) == [("quay-2026", "2026-10-08")]


def test_a_kiosk_s_forms_too(client, database, settings, seeded, at):
    with database.writing() as session:
        kiosk = kiosks.make(session, seeded.counters[0], pin="204060", now=seeded.now)
    url = "/K/" + kiosks.code_of(kiosk, key=settings.key(kiosks.KEY_PURPOSE))
    at(LAST_MINUTE)
    (token, receipt), *_ = client.get(f"{url}/PACK").json["forms"]
    at(LAST_MINUTE + 5 * A_DAY)
    assert client.post(f"{url}/SEND", data=ALL_FOURS | {"form_token": token}).json == {"receipt": receipt}
    assert rows(database) == [("quay-2026", "2026-12-31")]


@pytest.mark.parametrize("later", [4 * A_DAY, -A_DAY], ids=["days later", "by a clock that was set back"])
def test_a_form_that_is_kept_gives_its_receipt_at_any_time(client, database, url, at, later):
    form = ALL_FOURS | {"form_token": token_on(client.get(url))}
    receipt = client.post(f"{url}/SEND", data=form, expect=303).location
    at(NOW + later)
    assert client.post(f"{url}/SEND", data=form, expect=303).location == receipt
    client.post(f"{url}/SEND", data=form | {"phuc_vu": "1"}, expect=409)
    assert len(rows(database)) == 1


@pytest.mark.parametrize("later", [4 * A_DAY, -A_DAY], ids=["days later", "by a clock that was set back"])
def test_one_that_is_not_comes_back_with_its_answers(client, database, url, at, later):
    form = ALL_FOURS | {"form_token": token_on(client.get(url))}
    at(NOW + later)
    page = client.post(f"{url}/SEND", data=form, expect=400)
    assert rows(database) == []
    assert page.text.count(" checked") == len(ALL_FOURS)
    assert client.post(f"{url}/SEND", data=ALL_FOURS | {"form_token": token_on(page)}, expect=303).location
