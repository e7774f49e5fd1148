"""The form behind a letter's code: once, with every answer given back, and no code written anywhere."""

from __future__ import annotations

import datetime as dt
import logging

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from survey.services import slip_codes
from tests.survey import drawn
from tests.survey.web.shown import ANSWERS, held, parsed, token_of

A_DAY = dt.timedelta(days=1)


@pytest.fixture
def sample(database, settings, seeded):
    return drawn.draw(database, settings.key)


@pytest.fixture
def url(sample):
    return f"/I/{sample.codes[1]}"


def rows(database):
    with database.reading() as session:
        return session.execute(text("SELECT stream, trust, entry, answers FROM responses ORDER BY id")).all()


def test_a_letter_opens_the_form_and_its_answer_counts_in_the_sample(client, database, url):
    page = client.get(url)
    assert "Sở Nội vụ" in page.text
    assert "Quầy" not in page.text
    assert "không lưu cùng câu trả lời" in page.text
    sent = client.post(f"{url}/SEND", data=ANSWERS | {"form_token": token_of(page)}, expect=303)
    assert "Quầy" not in client.get(sent.headers["Location"]).text
    assert [(row.stream, row.trust, row.entry) for row in rows(database)] == [("sample", "verified", "phone")]


def test_a_paper_form_is_keyed_in_as_assisted(client, database, url):
    page = client.get(f"{url}/ASSISTED")
    assert "Nhập từ phiếu giấy" in page.text
    client.post(f"{url}/SEND", data=ANSWERS | {"form_token": token_of(page)}, expect=303)
    assert [(row.stream, row.entry) for row in rows(database)] == [("sample", "assisted")]


def test_opening_a_form_uses_nothing_up(client, url, database):
    for _ in range(3):
        client.get(url)
        client.head(url)
    client.post(f"{url}/SEND", data={"form_token": token_of(client.get(url))}, expect=422)
    client.post(f"{url}/SEND", data=ANSWERS | {"switch_language": "en"})
    assert 'name="form_token"' in client.get(f"{url}/ASSISTED").text
    assert rows(database) == []


def test_a_used_letter_says_so_and_the_form_that_used_it_gets_its_receipt_again(client, database, url):
    form = ANSWERS | {"form_token": token_of(client.get(url))}
    receipts = {client.post(f"{url}/SEND", data=form, expect=303).headers["Location"] for _ in "abc"}
    assert len(receipts) == 1
    for address in (url, f"{url}/ASSISTED", f"{url}?lang=en"):
        page = client.get(address, expect=410)
        assert ("mỗi thư chỉ tính một lần" in page.text) or ("each letter counts once" in page.text)
        assert "/receipts/" not in page.text
    client.post(f"{url}/SEND", data=form | {"phuc_vu": "1"}, expect=409)
    assert len(rows(database)) == 1


def test_another_form_with_a_used_letter_comes_back_with_its_answers(client, database, url):
    first, second = (token_of(client.get(url)) for _ in "ab")
    client.post(f"{url}/SEND", data=ANSWERS | {"form_token": first}, expect=303)
    given = ANSWERS | {"phuc_vu": "2"}
    page = client.post(f"{url}/SEND", data=given | {"form_token": second, "y_kien": "Cần thêm ghế"}, expect=410)
    assert len(rows(database)) == 1
    action, marked = held(page)
    assert (action, marked) == (f"{url}/SEND", given)
    assert parsed(page).find(".//textarea").text == "Cần thêm ghế"
    assert "không được tính" in page.text
    # What keeps a form on a phone must not take it for one that is counted.
    assert "/receipts/" not in page.text


@pytest.mark.parametrize(
    ("moved", "status", "words"),
    [(-7 * A_DAY, 404, "chưa bắt đầu"), (54 * A_DAY, 200, "Gửi"), (55 * A_DAY, 410, "đã kết thúc")],
)
def test_a_letter_is_good_while_its_wave_runs(client, url, seeded, at, moved, status, words):  # noqa: PLR0917
    at(seeded.now + moved)
    assert words in client.get(url, expect=status).text


def test_who_was_replaced_is_told_so_kindly(client, database, url):
    token = token_of(client.get(url))
    drawn.replace(database, 1, by=7)
    assert "Cảm ơn" in client.get(url, expect=410).text
    client.post(f"{url}/SEND", data=ANSWERS | {"form_token": token}, expect=410)
    assert rows(database) == []


def test_who_refused_and_then_answers_is_counted(client, database, url):
    drawn.settle(database, 1, "2.11")
    client.post(f"{url}/SEND", data=ANSWERS | {"form_token": token_of(client.get(url))}, expect=303)
    assert len(rows(database)) == 1


def test_a_closed_fieldwork_takes_nothing_more(client, database, url):
    token = token_of(client.get(url))
    drawn.close(database)
    assert "đã kết thúc" in client.get(url, expect=410).text
    client.post(f"{url}/SEND", data=ANSWERS | {"form_token": token}, expect=410)
    assert rows(database) == []


@pytest.mark.parametrize("code", ["0000000000001", "ABC", "A" * 5000])
def test_what_is_no_letter_s_code_is_not_found(client, sample, code):
    assert "so lại mã" in client.get(f"/I/{code}", expect=404).text


def test_small_letters_and_groups_lead_to_the_form(client, sample):
    typed = slip_codes.grouped(sample.codes[2]).lower()
    for address in (f"/i/{typed}", f"/I/{typed}"):
        assert client.get(address, expect=308).headers["Location"] == f"/I/{sample.codes[2]}"


def test_a_code_is_typed_at_an_address_of_its_own(client, sample):
    assert "thư mời" in client.get("/I").text
    assert client.get("/i", expect=308).headers["Location"] == "/I"
    sent = client.post("/I", data={"code": slip_codes.grouped(sample.codes[2]).lower()}, expect=303)
    assert sent.headers["Location"] == f"/I/{sample.codes[2]}"
    wrong = client.post("/I", data={"code": "abcd-efgh"}, expect=422)
    assert 'value="abcd-efgh"' in wrong.text
    assert "so lại mã" in wrong.text


def test_a_form_that_a_phone_kept_comes_in_three_days_after_the_wave(client, database, url, seeded, at):
    at(seeded.now + 54 * A_DAY)
    form = ANSWERS | {"form_token": token_of(client.get(url))}
    at(seeded.now + 56 * A_DAY)
    client.get(url, expect=410)
    client.post(f"{url}/SEND", data=form, expect=303)
    assert [row.stream for row in rows(database)] == ["sample"]


def test_a_form_whose_token_is_of_another_way_in_comes_back_with_its_answers(client, database, url, seeded):
    digits = f"/N/{seeded.counters[2].short_code}"
    of_the_counter = token_of(client.get(digits))
    page = client.post(f"{url}/SEND", data=ANSWERS | {"form_token": of_the_counter}, expect=400)
    assert held(page) == (f"{url}/SEND", ANSWERS)
    of_the_letter = token_of(client.get(url))
    client.post(f"{digits}/SEND", data=ANSWERS | {"form_token": of_the_letter}, expect=400)
    assert rows(database) == []


def test_no_code_is_in_the_log_whatever_becomes_of_it(app, sample, seeded, database, at, caplog):  # noqa: PLR0917
    caplog.set_level(logging.DEBUG)
    # One that takes any status.
    client = FlaskClient(app, app.response_class)
    used, replaced = f"/I/{sample.codes[1]}", f"/I/{sample.codes[3]}"
    form = ANSWERS | {"form_token": token_of(client.get(used))}
    assert client.post(f"{used}/SEND", data=form).status_code == 303
    for address in (used, f"{used}/ASSISTED", used.lower()):
        client.get(address)
    client.post(f"{used}/SEND", data=form | {"form_token": token_of(client.get(replaced))})
    drawn.replace(database, 3, by=7)
    client.get(replaced)
    client.get(f"/I/{sample.codes[2][:-1]}")
    client.post("/I", data={"code": sample.codes[2] + "X"})
    at(seeded.now - 30 * A_DAY)
    client.get(f"/I/{sample.codes[2]}")
    at(seeded.now + 90 * A_DAY)
    client.get(f"/I/{sample.codes[2]}")
    for reason in ("used", "unknown", "early", "over", "replaced"):
        assert f"An invitation's code was refused: {reason}." in caplog.text
    said = caplog.text.upper()
    assert [code for code in sample.codes.values() if code[:8] in said or slip_codes.grouped(code) in said] == []
    with database.reading() as session:
        receipt = session.scalar(text("SELECT receipt FROM responses"))
        names = session.scalars(text("SELECT name FROM contacts")).all()
    assert receipt not in said
    assert not [name for name in names if name.upper() in said]


def test_another_page_s_post_uses_nothing_up(client, database, url):
    form = ANSWERS | {"form_token": token_of(client.get(url))}
    client.post(f"{url}/SEND", data=form, headers={"Sec-Fetch-Site": "cross-site"}, expect=403)
    client.get(url)
    assert rows(database) == []
