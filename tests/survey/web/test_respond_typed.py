"""The number under a counter's QR, typed at the address that is printed beside it."""

from __future__ import annotations

import dataclasses

import html5lib
import pytest

from survey.app import create_app


@pytest.fixture
def digits(seeded):
    return seeded.counters[0].short_code


def field_of(page):
    tree = html5lib.parse(page.text, namespaceHTMLElements=False)
    (field,) = (one for one in tree.iter("input") if one.get("type") == "text")
    return tree, field


def test_the_page_asks_for_six_digits_and_says_where_they_are(client):
    tree, field = field_of(client.get("/N"))
    assert field.get("inputmode") == "numeric"
    assert field.get("autocomplete") == "off"
    (label,) = (label for label in tree.iter("label") if label.get("for") == field.get("id"))
    assert label.text == "Mã quầy (6 chữ số)"
    hint = next(one for one in tree.iter("p") if one.get("id") == field.get("aria-describedby"))
    assert "dưới mã QR" in hint.text
    assert "Number of the counter" in client.get("/N?lang=en").text


@pytest.mark.parametrize("address", ["/n", "/n?lang=en"])
def test_a_small_letter_leads_there_too(client, address):
    assert client.get(address, expect=308).headers["Location"] == address.replace("/n", "/N")


@pytest.mark.parametrize(
    "typed", ["{0}{1}", "{0} {1}", " {0}.{1} ", "{0}-{1}", "{0}\N{NO-BREAK SPACE}{1}", "{0},{1}\n"]
)
def test_the_digits_in_whatever_groups_lead_to_the_form(client, digits, typed):
    sent = client.post("/N", data={"code": typed.format(digits[:3], digits[3:])}, expect=303)
    assert sent.headers["Location"] == f"/N/{digits}"
    assert 'name="form_token"' in client.get(sent.headers["Location"]).text


def test_the_language_goes_along(client, digits):
    assert client.post("/N?lang=en", data={"code": digits}, expect=303).headers["Location"] == f"/N/{digits}?lang=en"


def wrong_numbers(seeded):
    """One that differs in a digit, one with two swapped, one of a counter that is not there, and what is no number."""
    digits = seeded.counters[0].short_code
    swapped = digits[1] + digits[0] + digits[2:]
    assert swapped != digits
    # Damm's check digit by hand: 572 → 4 is the example of his dissertation.
    return [f"{(int(digits[0]) + 1) % 10}{digits[1:]}", swapped, "005724", "12345", "1234567", "abc", "", "٢١٦٤٨٣"]


@pytest.mark.parametrize("which", range(8))
def test_a_wrong_number_is_asked_for_again_with_what_was_typed(client, seeded, which):
    typed = wrong_numbers(seeded)[which]
    page = client.post("/N", data={"code": typed}, expect=422)
    tree, field = field_of(page)
    main = tree.find(".//main")
    assert main[0].get("class") == "error-summary"
    assert [link.get("href") for link in main[0].iter("a")] == ["#" + field.get("id")]
    assert tree.find("head/title").text.startswith("Lỗi: ")
    assert field.get("value", "") == typed
    assert field.get("aria-invalid") == "true"
    # One sentence for all, whether the check digit is wrong or nothing has the number.
    assert "Không có quầy nào mang số này" in page.text


def test_it_counts_against_the_limit_of_the_address(settings, database, seeded, digits):
    limited = dataclasses.replace(settings, posts_per_minute=2)
    client = create_app(limited, database=database, clock=lambda: seeded.now).test_client()
    answers = [client.post("/N", data={"code": typed}) for typed in ("1", digits, digits)]
    assert [answer.status_code for answer in answers] == [422, 303, 429]
    assert answers[-1].headers["Retry-After"] == "60"


def test_another_site_s_page_may_not_send_it(client, digits):
    client.post("/N", data={"code": digits}, headers={"Sec-Fetch-Site": "cross-site"}, expect=403)


def test_a_database_that_fails_is_a_page_that_says_so(client, digits, monkeypatch, app):
    def broken(*_):
        raise MemoryError

    monkeypatch.setattr(type(app.extensions["sipas"].database), "reading", broken)
    client.post("/N", data={"code": digits}, expect=500)


@pytest.mark.browser
def test_without_script_a_person_types_it_and_sees_the_form(chromium, served, digits):
    context = chromium.new_context(base_url=served, java_script_enabled=False, viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto("/n")
    page.get_by_label("Mã quầy").fill("12")
    page.get_by_role("button", name="Mở phiếu").click()
    page.wait_for_url("**/N")
    assert page.get_by_role("alert").is_visible()
    assert page.get_by_label("Mã quầy").input_value() == "12"
    page.get_by_label("Mã quầy").fill(f"{digits[:3]} {digits[3:]}")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/N/{digits}")
    assert page.get_by_role("button", name="Gửi câu trả lời").is_visible()
    context.close()
