"""Sending the form: kept once, refused with a reason, and nothing that was written is lost."""

from __future__ import annotations

import datetime as dt

import html5lib
import pytest
from sqlalchemy import text

from survey.app import create_app
from survey.services import codes

ALL_FOURS = dict.fromkeys(("tiep_can", "thu_tuc", "cong_chuc", "ket_qua", "gop_y", "phuc_vu"), "4")


@pytest.fixture
def url(settings, seeded):
    poster = seeded.posters[0]
    return "/R/" + codes.code_for(poster.counter_id, poster.serial, key=settings.key(codes.KEY_PURPOSE))


def parsed(response):
    return html5lib.parse(response.text, namespaceHTMLElements=False)


def token_of(response):
    return next(field.get("value") for field in parsed(response).iter("input") if field.get("name") == "form_token")


def chosen(response):
    return {
        field.get("name"): field.get("value") for field in parsed(response).iter("input") if "checked" in field.attrib
    }


def stored(database):
    with database.reading() as session:
        return [dict(row) for row in session.execute(text("SELECT * FROM responses")).mappings()]


@pytest.fixture
def token(client, url):
    return token_of(client.get(url))


def test_a_sent_form_is_one_row_and_a_receipt(client, database, url, token):
    sent = client.post(url, data=ALL_FOURS | {"form_token": token, "y_kien": "Cần thêm ghế"}, expect=303)
    (row,) = stored(database)
    assert sent.headers["Location"] == f"/receipts/{row['receipt']}"
    assert "Cần thêm ghế" in row["answers"]
    assert row["language"] == "vi"
    assert row["stream"] == "counter"
    assert "Set-Cookie" not in sent.headers


def test_the_same_form_sent_twice_is_counted_once(client, database, url, token):
    locations = {client.post(url, data=ALL_FOURS | {"form_token": token}, expect=303).headers["Location"] for _ in "ab"}
    assert len(locations) == 1
    assert len(stored(database)) == 1


def test_the_same_form_with_other_answers_changes_nothing_and_says_so(client, database, url, token):
    receipt = client.post(url, data=ALL_FOURS | {"form_token": token}, expect=303).headers["Location"]
    before = stored(database)
    page = client.post(url, data=ALL_FOURS | {"form_token": token, "phuc_vu": "1"}, expect=409)
    assert stored(database) == before
    assert receipt in [link.get("href") for link in parsed(page).iter("a")]
    assert url in [link.get("href") for link in parsed(page).iter("a")]


def test_a_missing_item_is_named_first_and_every_answer_is_kept(client, database, url, token):
    given = {name: value for name, value in ALL_FOURS.items() if name != "gop_y"}
    page = client.post(url, data=given | {"form_token": token, "y_kien": "Ghế <b>cũ</b> & thiếu"}, expect=422)
    assert parsed(page).find("head/title").text.startswith("Lỗi: ")
    main = parsed(page).find(".//main")
    assert main[0].get("class") == "error-summary"
    assert [link.get("href") for link in main[0].iter("a")] == ["#gop_y"]
    assert chosen(page) == given
    assert parsed(page).find(".//textarea").text == "Ghế <b>cũ</b> & thiếu"
    assert token_of(page) == token
    assert stored(database) == []


def test_the_error_is_said_beside_its_question_too(client, url, token):
    page = client.post(url, data={"form_token": token}, expect=422)
    described = {
        fieldset.find(".//input").get("name"): fieldset.get("aria-describedby", "")
        for fieldset in parsed(page).iter("fieldset")
    }
    assert {name for name, ids in described.items() if f"{name}-error" in ids} == set(ALL_FOURS)


@pytest.mark.parametrize("value", ["6", "0", "-1", "4.0", "4 4", "x", "na", "４", "9" * 5000])
def test_a_value_outside_the_scale_is_refused(client, database, url, token, value):
    page = client.post(url, data=ALL_FOURS | {"form_token": token, "tiep_can": value}, expect=422)
    assert "tiep_can" not in chosen(page)
    assert stored(database) == []


def test_two_values_for_one_question_are_refused(client, database, url, token):
    client.post(url, data=ALL_FOURS | {"form_token": token, "tiep_can": ["1", "5"]}, expect=422)
    assert stored(database) == []


def test_a_comment_that_is_too_long_comes_back_whole(client, url, token):
    comment = "Dài quá. " * 200
    page = client.post(url, data=ALL_FOURS | {"form_token": token, "y_kien": comment}, expect=422)
    assert parsed(page).find(".//textarea").text == comment
    assert parsed(page).find(".//main/div[@class='error-summary']//a").get("href") == "#y_kien"


def test_two_megabytes_of_comment_are_refused_in_the_readers_language(client, database, url, token):
    data = ALL_FOURS | {"form_token": token, "y_kien": "x" * 2_000_000}
    assert "Nội dung gửi lên quá dài" in client.post(url, data=data, expect=413).text
    assert "Too much was sent" in client.post(f"{url}?lang=en", data=data, expect=413).text
    assert stored(database) == []


def test_two_megabytes_as_a_file_are_refused_too(client, database, url):
    part = b'--limit\r\nContent-Disposition: form-data; name="y_kien"; filename="a"\r\n\r\n' + b"x" * 2_000_000
    client.post(url, data=part + b"\r\n--limit--\r\n", content_type="multipart/form-data; boundary=limit", expect=413)
    assert stored(database) == []


@pytest.mark.parametrize("forged", ["", "x", "A" * 50, "é", "\x00"])
def test_a_forged_token_is_refused_and_the_form_comes_back_with_a_fresh_one(client, database, url, forged):
    page = client.post(url, data=ALL_FOURS | {"form_token": forged}, expect=400)
    assert chosen(page) == ALL_FOURS
    assert stored(database) == []
    client.post(url, data=ALL_FOURS | {"form_token": token_of(page)}, expect=303)
    assert len(stored(database)) == 1


def test_a_token_of_another_counter_is_refused(client, settings, seeded, database, token):
    poster = seeded.posters[1]
    other = codes.code_for(poster.counter_id, poster.serial, key=settings.key(codes.KEY_PURPOSE))
    client.post(f"/R/{other}", data=ALL_FOURS | {"form_token": token}, expect=400)
    assert stored(database) == []


def test_a_form_left_open_for_days_asks_to_be_sent_again(settings, database, seeded, url, token):
    later = create_app(settings, database=database, clock=lambda: seeded.now + dt.timedelta(hours=73))
    page = later.test_client().post(url, data=ALL_FOURS | {"form_token": token})
    assert page.status_code == 400
    assert chosen(page) == ALL_FOURS
    assert token_of(page) != token


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://hailong.example.vn.evil.example"},
    ],
)
def test_a_form_sent_from_another_site_is_refused(client, database, url, token, headers):
    page = client.post(url, data=ALL_FOURS | {"form_token": token}, headers=headers, expect=403)
    assert "trang khác" in page.text
    assert stored(database) == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"},
        {"Origin": "http://localhost"},
        {"Origin": "https://hailong.example.vn"},
        {},
    ],
)
def test_our_own_page_and_an_old_browser_are_let_through(client, url, token, headers):
    client.post(url, data=ALL_FOURS | {"form_token": token}, headers=headers, expect=303)


def test_switching_the_language_keeps_the_answers_and_stores_nothing(client, database, url, token):
    given = {"tiep_can": "1", "ket_qua": "na"}
    data = given | {"form_token": token, "y_kien": "Cảm ơn", "switch_language": "en"}
    page = client.post(url, data=data)
    assert parsed(page).get("lang") == "en"
    assert chosen(page) == given
    assert parsed(page).find(".//textarea").text == "Cảm ơn"
    assert token_of(page) == token
    assert stored(database) == []
    # The next post, and the receipt after it, stay in that language.
    action = parsed(page).find(".//form").get("action")
    sent = client.post(action, data=ALL_FOURS | {"form_token": token}, expect=303)
    assert parsed(client.get(sent.headers["Location"])).get("lang") == "en"
    assert stored(database)[0]["language"] == "en"


def test_when_the_answers_cannot_be_stored_the_form_keeps_them_and_its_key(client, database, url, token, caplog):
    given = ALL_FOURS | {"form_token": token, "y_kien": "Cảm ơn"}
    rename(database, "responses", "responses_away")
    page = client.post(url, data=given, expect=503)
    assert chosen(page) == ALL_FOURS
    assert parsed(page).find(".//textarea").text == "Cảm ơn"
    assert token_of(page) == token
    assert page.headers["Retry-After"]
    assert caplog.records[-1].levelname == "ERROR"
    # The log tells what failed, and nothing of what was answered.
    assert "INSERT INTO responses" in caplog.text
    assert "Cảm ơn" not in caplog.text
    rename(database, "responses_away", "responses")
    client.post(url, data=given, expect=303)
    client.post(url, data=given, expect=303)
    assert len(stored(database)) == 1


def test_when_not_even_the_form_can_be_read_the_answers_travel_in_the_page(client, database, url, token):
    given = ALL_FOURS | {"form_token": token, "y_kien": "Dòng 1\r\nDòng “2”"}
    rename(database, "counter_codes", "counter_codes_away")
    page = client.post(url, data=given, expect=503)
    rename(database, "counter_codes_away", "counter_codes")
    carried = {field.get("name"): field.get("value") for field in parsed(page).iter("input")}
    assert carried["y_kien"].split() == given["y_kien"].split()
    client.post(parsed(page).find(".//form").get("action"), data=carried, expect=303)
    assert len(stored(database)) == 1


def test_a_failing_database_shows_a_page_to_who_only_opens_the_form(client, database, url):
    rename(database, "counter_codes", "counter_codes_away")
    assert "đang bận" in client.get(url, expect=503).text


def rename(database, table, name):
    with database.writing() as session:
        session.execute(text(f"ALTER TABLE {table} RENAME TO {name}"))
