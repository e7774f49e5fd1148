"""`sipas kiosk`: what it prints is what opens the tablet's page, and lets out of it."""

from __future__ import annotations

import re

import pytest
from click.testing import CliRunner

from survey import cli, i18n
from survey.services import kiosks


def opened(database, settings, seeded, address):
    code = address.removeprefix("https://hailong.example.vn/K/")
    with database.reading() as session:
        return kiosks.resolve(session, code, key_for=settings.key, now=seeded.now.replace(year=2026, month=12))


def test_open_prints_the_address_and_the_pin(desk, database, settings, seeded):
    address, pin = desk.done("kiosk", "open", "--counter", "xa-ea-o-1").splitlines()
    assert re.fullmatch(r"https://hailong\.example\.vn/K/1-[0-9A-HJKMNP-TV-Z]{13}", address)
    kiosk, access = opened(database, settings, seeded, address)
    assert access.counter.code == "xa-ea-o-1"
    with database.reading() as session:
        assert kiosks.is_pin(session, kiosk, pin)


def test_each_kiosk_has_a_pin_of_its_own(desk):
    pins = {desk.done("kiosk", "open", "--counter", "xa-ea-o-1").splitlines()[1] for _ in range(4)}
    assert len(pins) >= 3
    assert all(re.fullmatch("[0-9]{6}", pin) for pin in pins)


def test_a_pin_that_was_asked_for_is_not_printed(desk, database, seeded, settings):
    runner = CliRunner(env=desk.settings)
    with i18n.speaking(i18n.find("vi")):
        ended = runner.invoke(
            cli.commands, ["kiosk", "open", "--counter", "xa-ea-o-1", "--ask-pin"], input="135790\n135790\n"
        )
    assert ended.exit_code == 0
    assert "135790" not in ended.stdout
    kiosk, _ = opened(database, settings, seeded, ended.stdout.strip().splitlines()[-1])
    with database.reading() as session:
        assert kiosks.is_pin(session, kiosk, "135790")


def test_list_tells_which_are_open(desk):
    for counter in ("xa-ea-o-1", "so-noi-vu-1"):
        desk.done("kiosk", "open", "--counter", counter)
    desk.done("kiosk", "close", "1")
    assert desk.done("kiosk", "list") == "2\tso-noi-vu-1\tđang mở\n1\txa-ea-o-1\tđã đóng\n"
    assert desk.done("kiosk", "list", "--counter", "xa-ea-o-1", language="en") == "1\txa-ea-o-1\tclosed\n"


@pytest.mark.parametrize("words", [("open", "--counter", "khong-co"), ("list", "--counter", "khong-co")])
def test_a_counter_that_is_not_there_is_named(desk, words):
    assert "khong-co" in desk.refused("kiosk", *words)


def test_a_kiosk_that_is_not_there_is_named(desk):
    assert desk.refused("kiosk", "close", "7") == "Không có máy đánh giá nào mang số 7."
