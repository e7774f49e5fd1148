"""Kiosks: a signed address, a PIN, and forms for visitors to come."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import secrets

import pytest
from sqlalchemy import text

from survey.services import codes, collect, form_tokens, kiosks, receipts
from survey.services.errors import ClosedKiosk, ForgedCode, NotFoundError, RevokedCode, ServiceError, UnknownCode

KEY = b"k" * 32
ANSWERS = dict.fromkeys(("tiep_can", "thu_tuc", "cong_chuc", "ket_qua", "gop_y", "phuc_vu"), 4)
LATER = dt.timedelta(hours=1)


def key_for(purpose):
    return hashlib.sha256(purpose.encode()).digest()


@pytest.fixture
def kiosk(database, seeded):
    with database.writing() as session:
        return kiosks.make(session, seeded.counters[0], pin="204060", now=seeded.now)


def opened(database, code, now):
    with database.reading() as session:
        return kiosks.resolve(session, code, key_for=key_for, now=now)


def code_of(kiosk):
    return kiosks.code_of(kiosk, key=key_for(kiosks.KEY_PURPOSE))


def test_the_code_is_the_number_and_65_bits_of_its_hmac(kiosk):
    number, tag = code_of(kiosk).split("-")
    digest = hmac.new(key_for("kiosk codes"), b"1", "sha256").digest()
    bits = "".join(f"{byte:08b}" for byte in digest)[:65]
    signs = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    assert (number, tag) == ("1", "".join(signs[int(bits[place : place + 5], 2)] for place in range(0, 65, 5)))


def test_it_opens_the_form_of_its_counter(database, seeded, kiosk):
    found, access = opened(database, code_of(kiosk), seeded.now)
    assert found == kiosk
    assert (access.counter, access.trust, access.wave) == (seeded.counters[0], "signed", seeded.wave)


def test_a_poster_s_signature_opens_no_kiosk(database, seeded, kiosk):
    tag = codes.tag_of("1", key=key_for(codes.KEY_PURPOSE))
    with pytest.raises(ForgedCode):
        opened(database, f"1-{tag}", seeded.now)


@pytest.mark.parametrize("code", ["", "1", "1-", "0-0000000000000", "1-1-0000000000000", "1-ILOU000000000", "é"])
def test_what_has_not_the_form_of_a_code_is_unknown(database, seeded, code):
    with pytest.raises(UnknownCode):
        opened(database, code, seeded.now)


def test_every_changed_sign_is_noticed(database, seeded, kiosk):
    good = code_of(kiosk)
    for place in range(2, len(good)):
        changed = good[:place] + ("0" if good[place] != "0" else "1") + good[place + 1 :]
        with pytest.raises(ForgedCode):
            opened(database, changed, seeded.now)


def test_a_signed_number_that_is_not_here_is_unknown(database, seeded):
    with pytest.raises(UnknownCode):
        opened(database, f"9-{codes.tag_of('9', key=key_for(kiosks.KEY_PURPOSE))}", seeded.now)


def test_a_closed_kiosk_stays_closed_from_that_moment(database, seeded, kiosk):
    with database.writing() as session:
        first = kiosks.close(session, kiosk.id, now=seeded.now + LATER)
        again = kiosks.close(session, kiosk.id, now=seeded.now + 2 * LATER)
    assert first.closed_at == again.closed_at == seeded.now + LATER
    opened(database, code_of(kiosk), seeded.now)
    with pytest.raises(ClosedKiosk):
        opened(database, code_of(kiosk), seeded.now + LATER)


def test_a_kiosk_is_closed_only_where_it_stands(database, seeded, kiosk):
    with database.writing() as session:
        with pytest.raises(NotFoundError):
            kiosks.close(session, kiosk.id, now=seeded.now, counter=seeded.counters[1])
        with pytest.raises(NotFoundError):
            kiosks.close(session, 99, now=seeded.now)
        assert kiosks.close(session, kiosk.id, now=seeded.now, counter=seeded.counters[0]).closed_at


def test_where_the_counter_is_closed_so_is_its_kiosk(database, seeded, kiosk):
    with database.writing() as session:
        session.execute(text("UPDATE counters SET valid_to = '2026-10-01' WHERE id = 1"))
    with pytest.raises(RevokedCode):
        opened(database, code_of(kiosk), seeded.now)


def test_only_its_pin_lets_out_and_the_database_does_not_show_it(database, seeded, kiosk):
    with database.reading() as session:
        tried = {pin: kiosks.is_pin(session, kiosk, pin) for pin in ("204060", "204061", "", "20406", "２０４０６０")}
        stored = session.execute(text("SELECT * FROM kiosks")).mappings().one()
    assert [pin for pin, good in tried.items() if good] == ["204060"]
    assert "204060" not in str(dict(stored))


@pytest.mark.parametrize("pin", ["", "12345", "1234567", "12345a", "１２３４５６", " 12345"])
def test_a_pin_is_six_digits(database, seeded, pin):
    with database.writing() as session, pytest.raises(ServiceError, match="6 digits"):
        kiosks.make(session, seeded.counters[0], pin=pin, now=seeded.now)


def test_the_newest_comes_first_and_each_counter_has_its_own(database, seeded, kiosk):
    with database.writing() as session:
        second = kiosks.make(session, seeded.counters[1], pin="111111", now=seeded.now)
        assert kiosks.listing(session) == [second, kiosk]
        assert kiosks.listing(session, counter=seeded.counters[0]) == [kiosk]


def test_every_spare_form_is_good_once_for_a_week_and_brings_the_receipt_it_names(database, seeded, kiosk):
    _, access = opened(database, code_of(kiosk), seeded.now)
    forms = kiosks.spare_forms(access, size=20, key=KEY, now=seeded.now, rng=secrets.token_bytes)
    assert len({form.token for form in forms}) == 20
    sent_at = seeded.now + dt.timedelta(days=6)
    with database.writing() as session:
        for form in forms:
            showing = form_tokens.open_token(form.token, signed_for="xa-ea-o-1", key=KEY, now=sent_at)
            # Nobody knows when the visitor began to read.
            assert (showing.entry, showing.age) == ("kiosk", None)
            sent = {"submission_key": showing.submission_key, "language": "vi", "received_at": sent_at}
            kept = collect.record(session, access, answers=ANSWERS, entry=showing.entry, **sent)
            assert kept.code == form.receipt
        assert all(receipts.find(session, form.receipt) for form in forms)
