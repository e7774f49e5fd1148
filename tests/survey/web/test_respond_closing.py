"""The first answer after a day closes it, and an answer is kept whatever becomes of the list."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import html5lib
import pytest
from sqlalchemy import func, select

from survey.app import create_app
from survey.models import Response
from survey.services import codes, receipt_checks, receipt_days
from survey.services.daytime import PROVINCE_TIME
from survey.services.receipt_leaves import ReceiptKeys

ALL_FOURS = dict.fromkeys(("tiep_can", "thu_tuc", "cong_chuc", "ket_qua", "gop_y", "phuc_vu"), "4")
DAY = dt.date(2026, 10, 7)


@dataclass
class House:
    """A site on one database whose clock the test sets, in the province's time."""

    settings: object
    database: object
    client_class: type
    form_url: str
    now: dt.datetime | None = None

    def set_clock(self, hour, minute=0, second=0, *, days=0):
        self.now = dt.datetime(2026, 10, 7, hour, minute, second, tzinfo=PROVINCE_TIME) + dt.timedelta(days=days)

    def process(self):
        """Another process that serves it."""
        app = create_app(self.settings, database=self.database, clock=lambda: self.now.astimezone(dt.UTC))
        app.test_client_class = self.client_class
        return app.test_client()

    def answer(self, client, times=1):
        """Send so many forms; the receipt's address of the last."""
        for _ in range(times):
            form = html5lib.parse(client.get(self.form_url).text, namespaceHTMLElements=False)
            token = next(field.get("value") for field in form.iter("input") if field.get("name") == "form_token")
            sent = client.post(self.form_url, data=ALL_FOURS | {"form_token": token}, expect=303)
        return sent.headers["Location"]

    def lists(self):
        with self.database.reading() as session:
            return [(one.day, one.receipts) for one in receipt_days.listing(session)]

    def kept(self):
        with self.database.reading() as session:
            return session.scalar(select(func.count()).select_from(Response))


@pytest.fixture
def house(settings, database, seeded, app):
    poster = seeded.posters[0]
    url = "/R/" + codes.code_for(poster.counter_id, poster.serial, key=settings.key(codes.KEY_PURPOSE))
    return House(settings, database, app.test_client_class, url)


def test_the_first_answer_ten_minutes_after_midnight_closes_the_day(house):
    client = house.process()
    house.set_clock(9)
    house.answer(client, 11)
    for moment in ((23, 59, 59), (0, 0, 0), (0, 9, 59)):
        house.set_clock(*moment, days=0 if moment[0] == 23 else 1)
        house.answer(client)
        assert house.lists() == []
    house.set_clock(0, 10, days=1)
    house.answer(client)
    assert house.lists() == [(DAY, 12)]


def test_of_two_processes_each_finds_the_day_closed_once(house):
    first, second = house.process(), house.process()
    house.set_clock(9)
    house.answer(first, 10)
    house.set_clock(9, days=1)
    for client in (first, second, first, second):
        house.answer(client)
    assert house.lists() == [(DAY, 10)]


def test_the_work_is_done_once_a_day(house, monkeypatch):
    calls = []

    def counted(*arguments, **options):
        calls.append(options["now"])
        return really_close(*arguments, **options)

    really_close = receipt_days.close
    monkeypatch.setattr(receipt_days, "close", counted)
    client = house.process()
    house.set_clock(9)
    house.answer(client, 10)
    assert len(calls) == 1
    house.set_clock(9, days=1)
    house.answer(client, 5)
    # Once to close, and once more to find nothing left.
    assert len(calls) == 3


def test_a_list_that_cannot_be_closed_costs_no_answer(house, monkeypatch, caplog):
    client = house.process()
    house.set_clock(9)
    house.answer(client, 10)
    house.set_clock(9, days=1)
    with monkeypatch.context() as broken:
        broken.setattr(receipt_days.receipt_tree, "root", lambda leaves: leaves[0][:5])
        house.answer(client, 3)
    assert house.kept() == 13
    assert house.lists() == []
    assert "sipas receipts close" in caplog.text
    house.set_clock(9, days=2)
    house.answer(client)
    assert house.lists() == [(DAY, 10)]


def test_answers_after_the_clock_was_a_day_ahead_are_in_the_next_list(house):
    client = house.process()
    house.set_clock(9)
    house.answer(client, 10)
    house.set_clock(9, 30, days=1)
    house.answer(client)
    assert house.lists() == [(DAY, 10)]
    house.set_clock(10)
    house.answer(client, 12)
    house.set_clock(9, days=2)
    house.answer(client)
    assert house.lists() == [(DAY, 10), (DAY + dt.timedelta(days=1), 13)]
    with house.database.reading() as session:
        found = list(receipt_checks.check(session, keys=ReceiptKeys.of(house.settings.key)))
        days = session.execute(select(Response.answered_on, func.count()).group_by(Response.answered_on)).all()
    assert [one.verdict for one in found] == ["agrees", "agrees"]
    # The day on which somebody answered stays what it was.
    assert dict(map(tuple, days))[DAY] == 22
