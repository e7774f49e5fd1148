"""Whatever fails while a form is taken in, the page that comes back holds every answer; sent again, it counts once."""

from __future__ import annotations

import dataclasses
import errno
import itertools

import html5lib
import jinja2
import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from survey.services import codes

GIVEN = {
    "tiep_can": "1",
    "thu_tuc": "2",
    "cong_chuc": "3",
    "ket_qua": "4",
    "gop_y": "5",
    "phuc_vu": "1",
    "y_kien": 'Dòng 1\n"Dòng" <2> & dòng 3',
}
FAULTS = (MemoryError(), OSError(errno.ENOSPC, "No space left on device"), RuntimeError("a bug"), KeyError("another"))


class FailingClock:
    """Tells the time, except when it is asked for the time that is to fail."""

    def __init__(self, now):
        self.now = now
        self.fails_at, self.fault, self.asked = None, None, 0

    def __call__(self):
        self.asked += 1
        if self.asked == self.fails_at:
            raise self.fault
        return self.now

    def fail(self, at, fault):
        self.fails_at, self.fault, self.asked = at, fault, 0


@pytest.fixture
def clock(app, seeded):
    clock = FailingClock(seeded.now)
    app.extensions["sipas"] = dataclasses.replace(app.extensions["sipas"], clock=clock)
    return clock


@pytest.fixture
def url(settings, seeded):
    poster = seeded.posters[0]
    return "/R/" + codes.code_for(poster.counter_id, poster.serial, key=settings.key(codes.KEY_PURPOSE))


def held(response):
    """What the page would send: its hidden fields, what is marked and what is written."""
    page = html5lib.parse(response.text, namespaceHTMLElements=False)
    form = next(form for form in page.iter("form") if form.get("method") == "post")
    fields = {}
    for field in form.iter("input"):
        if field.get("type") == "hidden" or "checked" in field.attrib:
            fields[field.get("name")] = field.get("value")
    for field in form.iter("textarea"):
        fields[field.get("name")] = field.text or ""
    return form.get("action"), fields


def rows(database):
    with database.reading() as session:
        return session.execute(text("SELECT answers FROM responses")).scalars().all()


def filled_in(client, url):
    _action, fields = held(client.get(url))
    return fields | GIVEN


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
def test_a_fault_at_any_moment_gives_the_answers_back(app, database, url, clock, fault):
    # One that takes any status, since nobody knows how often the clock is asked.
    client = FlaskClient(app, app.response_class)
    given = filled_in(client, url)
    for moment in itertools.count(1):
        clock.fail(moment, fault)
        before = len(rows(database))
        response = client.post(f"{url}/SEND", data=given)
        if response.status_code == 303:
            break
        assert response.status_code == 500
        action, fields = held(response)
        assert fields == given
        assert response.headers["Retry-After"]
        assert len(rows(database)) == before
    # The code, the token, the receipt of the answer: there are moments at which it can fail.
    assert moment > 3
    clock.fail(None, None)
    assert client.post(action, data=fields).status_code == 303
    assert len(rows(database)) == 1


@pytest.mark.parametrize("missing", [("respond/form.html",), ("respond/form.html", "respond/retry.html", "base.html")])
def test_where_pages_cannot_be_made_a_simpler_one_carries_the_answers(app, database, url, clock, missing):
    client = app.test_client()
    given = filled_in(client, url)
    clock.fail(3, MemoryError())
    break_templates(app, missing)
    page = client.post(f"{url}/SEND", data=given, expect=500)
    action, fields = held(page)
    assert fields == given
    assert "Xin Ông/Bà" in page.text
    assert rows(database) == []
    client.post(action, data=fields, expect=303)
    assert len(rows(database)) == 1


def test_a_fault_that_is_not_ours_has_its_own_page(client, database, url):
    given = filled_in(client, url)
    headers = {"Sec-Fetch-Site": "cross-site"}
    assert "y_kien" not in client.post(f"{url}/SEND", data=given, headers=headers, expect=403).text
    assert rows(database) == []


def test_in_english_too(client, url, clock):
    given = filled_in(client, url)
    clock.fail(2, MemoryError())
    page = client.post(f"{url}/SEND?lang=en", data=given, expect=500)
    assert "What you have answered is kept." in page.text
    action, fields = held(page)
    assert fields == given
    assert action.endswith("?lang=en")


def break_templates(app, names):
    """As if these could not be read any more."""
    loader = app.jinja_loader

    def load(name):
        if name in names:
            raise MemoryError
        return loader.get_source(app.jinja_env, name)[0]

    app.jinja_env.loader = jinja2.FunctionLoader(load)
    app.jinja_env.cache.clear()
