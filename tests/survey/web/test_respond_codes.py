"""Codes that open nothing: a clear page, the right status, and a log line that gives no code away."""

from __future__ import annotations

import datetime as dt

import pytest

from survey.app import create_app
from survey.services import codes, collect, counters
from survey.services.errors import ForgedCode, UnknownCode


@pytest.fixture
def key(settings):
    return settings.key(codes.KEY_PURPOSE)


def url_of(poster, key):
    return "/R/" + codes.code_for(poster.counter_id, poster.serial, key=key)


def at(settings, database, moment):
    return create_app(settings, database=database, clock=lambda: moment).test_client()


@pytest.mark.parametrize("code", ["XYZ", "1-1", "1-1-ABC", "0-0-0000000000000", "1-1-" + "A" * 5000, "';DR0P"])
def test_what_is_no_code_is_not_found(client, code):
    assert "Không nhận ra mã này" in client.get(f"/R/{code}", expect=404).text


def test_a_forged_code_is_not_found_and_logged_without_its_signature(client, seeded, key, caplog):
    url = url_of(seeded.posters[0], key)
    forged = url[:-1] + ("0" if url[-1] != "0" else "1")
    assert "không phải của hệ thống" in client.get(forged, expect=404).text
    assert "forged" in caplog.text
    assert "1-1" in caplog.text
    assert forged.rpartition("-")[2] not in caplog.text


@pytest.mark.parametrize("part", [0, 1, 2])
def test_a_code_altered_in_any_part_is_forged(client, seeded, key, caplog, part):
    parts = url_of(seeded.posters[0], key).removeprefix("/R/").split("-")
    parts[part] = ("2", "7", "".join(reversed(parts[2])))[part]
    assert parts[2] != parts[2][::-1]
    assert "không phải của hệ thống" in client.get("/R/" + "-".join(parts), expect=404).text
    assert f"poster {parts[0]}-{parts[1]}" in caplog.text
    assert parts[2] not in caplog.text


@pytest.mark.parametrize("place", range(13))
def test_every_sign_of_the_signature_counts(client, seeded, key, place):
    url = url_of(seeded.posters[0], key)
    start = len(url) - 13 + place
    changed = "1" if url[start] != "1" else "2"
    client.get(url[:start] + changed + url[start + 1 :], expect=404)


def altered(code):
    """Every code that differs from `code` by one sign put in, left out, changed, or changed places with the next."""
    signs = codes.SIGNS + "-ILOU"
    for place in range(len(code) + 1):
        before, after = code[:place], code[place:]
        yield from (before + sign + after for sign in signs)
        yield before + after[1:]
        yield before + after[1:2] + after[:1] + after[2:]
        yield from (before + sign + after[1:] for sign in signs)


def test_no_code_that_is_altered_by_a_sign_opens_anything(database, seeded, settings, key):
    # A second printing, so that changing the serial leads to a poster that is there.
    with database.writing() as session:
        counters.issue_code(session, seeded.counters[0], now=seeded.now)
    genuine = codes.code_for(seeded.counters[0].id, 1, key=key)
    tried = set(altered(genuine)) - {genuine}
    assert len(tried) > 1200
    with database.reading() as session:
        for code in tried:
            with pytest.raises((UnknownCode, ForgedCode)):
                collect.resolve(session, "R", code, key_for=settings.key, now=seeded.now)


def test_a_code_typed_with_the_letters_that_look_like_digits_is_the_same_code(client, seeded, key):
    # Those are the only other spellings that lead to the form, and they lead there by way of the genuine address.
    url = url_of(seeded.posters[0], key)
    as_typed = url[:3] + url[3:].replace("1", "I").replace("0", "O").lower()
    assert client.get(as_typed, expect=308).headers["Location"] == url


@pytest.mark.parametrize("never_printed", [(999, 1), (1, 999)])
def test_a_genuine_code_of_a_poster_that_was_never_printed_is_not_found(client, seeded, key, caplog, never_printed):
    code = codes.code_for(*never_printed, key=key)
    assert "Không nhận ra mã này" in client.get(f"/R/{code}", expect=404).text
    logged_without_signature(caplog, code)


def logged_without_signature(caplog, code):
    """The counter and the serial are in the log, the signature is not."""
    counter_and_serial, _, signature = code.rpartition("-")
    assert f"poster {counter_and_serial}" in caplog.text
    assert signature not in caplog.text


def test_a_revoked_poster_is_gone_and_the_next_one_works(client, database, seeded, key, caplog):
    poster = seeded.posters[0]
    with database.writing() as session:
        counters.revoke_code(session, poster, now=seeded.now)
        renewed = counters.issue_code(session, seeded.counters[0], now=seeded.now)
    assert "thu hồi" in client.get(url_of(poster, key), expect=410).text
    logged_without_signature(caplog, url_of(poster, key).removeprefix("/R/"))
    client.get(url_of(renewed, key))


def test_an_expired_poster_is_gone(settings, database, seeded, key, caplog):
    with database.writing() as session:
        poster = counters.issue_code(
            session, seeded.counters[0], now=seeded.now, expires_at=seeded.now + dt.timedelta(days=1)
        )
    assert at(settings, database, seeded.now).get(url_of(poster, key)).status_code == 200
    late = at(settings, database, seeded.now + dt.timedelta(days=2)).get(url_of(poster, key))
    assert late.status_code == 410
    assert "hết hạn" in late.text
    logged_without_signature(caplog, url_of(poster, key).removeprefix("/R/"))


def test_between_two_waves_a_good_code_says_that_nothing_is_asked(settings, database, seeded, key):
    page = at(settings, database, seeded.now + dt.timedelta(days=365)).get(url_of(seeded.posters[0], key))
    assert page.status_code == 404
    assert "chưa mở đợt đánh giá" in page.text


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_code_typed_in_small_letters_leads_to_the_same_form(client, seeded, key, method):
    url = url_of(seeded.posters[0], key)
    moved = getattr(client, method)(url.lower(), expect=308)
    assert moved.headers["Location"] == url


def test_a_code_with_the_letter_o_for_nought_leads_to_the_form(client, seeded, key):
    # Which counter's code holds a nought depends on the key.
    signed = (codes.code_for(number, 1, key=key) for number in range(1, 500))
    code = next(code for code in signed if "0" in code)
    assert client.get("/R/" + code.replace("0", "O"), expect=308).headers["Location"] == f"/R/{code}"


def test_the_language_survives_the_way_to_capitals(client, seeded, key):
    url = url_of(seeded.posters[0], key)
    assert client.get(f"{url.lower()}?lang=en", expect=308).headers["Location"] == f"{url}?lang=en"
