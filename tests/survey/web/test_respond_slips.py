"""The form behind a return slip's one-time code: once, with every answer given back, and no code written anywhere."""

from __future__ import annotations

import datetime as dt
import logging
import random

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from survey.services import slip_codes, slips
from tests.survey.web.shown import ANSWERS, held, parsed, token_of

A_DAY = dt.timedelta(days=1)


@pytest.fixture
def drawn(database, settings, seeded):
    """The codes of a batch of today."""
    codes = slips.draw(5, rng=random.Random(1).randbytes)
    key = settings.key(slip_codes.KEY_PURPOSE)
    with database.writing() as session:
        slips.keep(session, seeded.counters[0], codes, opens_on=dt.date(2026, 10, 7), key=key, now=seeded.now)
    return codes


@pytest.fixture
def url(drawn):
    return f"/S/{drawn[0]}"


def rows(database):
    with database.reading() as session:
        return session.execute(text("SELECT trust, entry, answers FROM responses ORDER BY id")).all()


def test_a_slip_opens_the_form_and_its_answer_is_verified(client, database, url, seeded):
    page = client.get(url)
    assert seeded.counters[0].name in page.text
    sent = client.post(f"{url}/SEND", data=ANSWERS | {"form_token": token_of(page)}, expect=303)
    client.get(sent.headers["Location"])
    assert [(row.trust, row.entry) for row in rows(database)] == [("verified", "phone")]


def test_opening_a_form_uses_nothing_up(client, url):
    for _ in range(3):
        client.get(url)
        client.head(url)
    client.post(f"{url}/SEND", data={"form_token": token_of(client.get(url))}, expect=422)
    client.post(f"{url}/SEND", data=ANSWERS | {"switch_language": "en"})
    assert 'name="form_token"' in client.get(f"{url}/ASSISTED").text


def test_a_used_slip_says_so_and_the_form_that_used_it_gets_its_receipt_again(client, database, url):
    form = ANSWERS | {"form_token": token_of(client.get(url))}
    receipts = {client.post(f"{url}/SEND", data=form, expect=303).headers["Location"] for _ in "abc"}
    assert len(receipts) == 1
    for address in (url, f"{url}/ASSISTED", f"{url}?lang=en"):
        page = client.get(address, expect=410)
        assert ("đã được dùng" in page.text) or ("has been used" in page.text)
    # The same form with other answers is the conflict that it is by any way in.
    client.post(f"{url}/SEND", data=form | {"phuc_vu": "1"}, expect=409)
    assert len(rows(database)) == 1


def test_another_form_with_a_used_slip_comes_back_with_its_answers_and_can_be_sent_without_it(client, database, url):
    first, second = (token_of(client.get(url)) for _ in "ab")
    client.post(f"{url}/SEND", data=ANSWERS | {"form_token": first}, expect=303)
    given = ANSWERS | {"phuc_vu": "2"}
    page = client.post(f"{url}/SEND", data=given | {"form_token": second, "y_kien": "Cần thêm ghế"}, expect=410)
    assert len(rows(database)) == 1
    action, marked = held(page)
    assert marked == given
    assert parsed(page).find(".//textarea").text == "Cần thêm ghế"
    assert token_of(page) == second
    assert "chưa được lưu" in page.text
    # What keeps a form on a phone must not take it for one that is counted.
    assert "/receipts/" not in page.text
    client.post(action, data=marked | {"form_token": second}, expect=303)
    assert [row.trust for row in rows(database)] == ["verified", "open"]


@pytest.mark.parametrize(
    ("moved", "status", "words"), [(-A_DAY, 404, "ngày khác"), (3 * A_DAY, 200, "Gửi"), (4 * A_DAY, 410, "hết hạn")]
)
def test_a_slip_is_good_on_its_day_and_three_more(client, url, seeded, at, moved, status, words):  # noqa: PLR0917
    at(seeded.now + moved)
    assert words in client.get(url, expect=status).text


def test_a_revoked_slip_is_gone(client, url, database, seeded):
    token = token_of(client.get(url))
    with database.writing() as session:
        slips.revoke(session, 1, now=seeded.now)
    assert "thu hồi" in client.get(url, expect=410).text
    client.post(f"{url}/SEND", data=ANSWERS | {"form_token": token}, expect=410)
    assert rows(database) == []


@pytest.mark.parametrize("code", ["0000000000001", "ABC", "A" * 5000])
def test_what_is_no_slip_is_not_found(client, drawn, code):
    assert "Không nhận ra mã" in client.get(f"/S/{code}", expect=404).text


def test_small_letters_and_groups_lead_to_the_form(client, drawn):
    typed = slip_codes.grouped(drawn[0]).lower()
    for address in (f"/s/{typed}", f"/S/{typed}"):
        assert client.get(address, expect=308).headers["Location"] == f"/S/{drawn[0]}"


def test_a_code_is_typed_at_an_address_of_its_own(client, drawn):
    assert "13 chữ và số" in client.get("/S").text
    sent = client.post("/S", data={"code": slip_codes.grouped(drawn[0]).lower()}, expect=303)
    assert sent.headers["Location"] == f"/S/{drawn[0]}"
    wrong = client.post("/S", data={"code": "abcd-efgh"}, expect=422)
    assert 'value="abcd-efgh"' in wrong.text


def test_a_form_that_a_phone_kept_comes_in_three_days_after_the_slip_s_last(client, database, url, seeded, at):
    at(seeded.now + 3 * A_DAY)
    form = ANSWERS | {"form_token": token_of(client.get(url))}
    at(seeded.now + 5 * A_DAY)
    client.get(url, expect=410)
    client.post(f"{url}/SEND", data=form, expect=303)
    assert [row.trust for row in rows(database)] == ["verified"]


def test_no_code_is_in_the_log_whatever_becomes_of_it(app, drawn, seeded, database, at, caplog):  # noqa: PLR0917
    caplog.set_level(logging.DEBUG)
    # One that takes any status.
    client = FlaskClient(app, app.response_class)
    used, revoked = f"/S/{drawn[0]}", f"/S/{drawn[1]}"
    form = ANSWERS | {"form_token": token_of(client.get(used))}
    assert client.post(f"{used}/SEND", data=form).status_code == 303
    for address in (used, f"{used}/ASSISTED", used.lower()):
        client.get(address)
    client.post(f"{used}/SEND", data=form | {"form_token": token_of(client.get(revoked))})
    client.get(f"/S/{drawn[2][:-1]}")
    client.post("/S", data={"code": drawn[2] + "X"})
    at(seeded.now - A_DAY)
    client.get(revoked)
    at(seeded.now + 9 * A_DAY)
    client.get(revoked)
    with database.writing() as session:
        slips.revoke(session, 1, now=seeded.now)
    client.get(revoked)
    for reason in ("used", "unknown", "early", "expired", "revoked"):
        assert f"A slip's code was refused: {reason}." in caplog.text
    said = caplog.text.upper()
    assert [code for code in drawn if code[:8] in said or slip_codes.grouped(code) in said] == []
    with database.reading() as session:
        receipt = session.scalar(text("SELECT receipt FROM responses"))
    assert receipt not in said


def test_another_page_s_post_uses_nothing_up(client, database, url):
    form = ANSWERS | {"form_token": token_of(client.get(url))}
    client.post(f"{url}/SEND", data=form, headers={"Sec-Fetch-Site": "cross-site"}, expect=403)
    client.get(url)
    assert rows(database) == []
