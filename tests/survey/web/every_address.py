"""Every rule of the site with parameters that exist, read from its URL map: a page that somebody adds is held too.

A rule whose parameters or fields are not told here fails the tests that go through all of them. Say here what it takes.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import io
import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from flask.testing import FlaskClient
from sqlalchemy import inspect, text
from werkzeug.routing import AnyConverter

from forms import loading
from survey import resources
from survey.app import create_app
from survey.services import codes, counters, importing, kiosks, receipt_days, slip_codes, slips, users
from survey.services.daytime import day_of
from survey.services.receipt_leaves import ReceiptKeys
from tests.survey import drawn as samples
from tests.survey.web.conftest import PASSWORD, csrf_token, file_of, lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from conftest import Seeded
    from flask import Flask
    from werkzeug.routing import Rule
    from werkzeug.test import TestResponse

    from survey.config import Settings
    from survey.db import Database

SITE = "https://hailong.example.vn"
PIN = "482913"
ALL_FOURS = dict.fromkeys(("tiep_can", "thu_tuc", "cong_chuc", "ket_qua", "gop_y", "phuc_vu"), "4")
SOURCES = sorted((resources.PACKAGE / "web").rglob("*.py"))
QUERY_NAMES = sorted(
    {
        name
        for path in SOURCES
        for name in re.findall(r'request\.(?:args|values)\.get(?:list)?\(\s*"([a-z_]+)"', path.read_text("utf8"))
    }
)


@dataclass(frozen=True)
class Address:
    """One rule asked for by one method, with its parameters."""

    rule: Rule
    method: str
    values: Mapping[str, object]

    @property
    def endpoint(self) -> str:
        return self.rule.endpoint

    def __str__(self) -> str:
        return f"{self.method} {self.rule.rule} {dict(self.values)}"

    def path(self, **changed: object) -> str:
        """The address with some of its parameters changed."""
        values = {**self.values, **changed}
        return re.sub(r"<(?:[^:<>]+:)?(\w+)>", lambda found: quote(str(values[found[1]]), safe=""), self.rule.rule)


@dataclass(frozen=True)
class Province:
    """A site on a province in which every kind of thing is there once for each of two agencies, A and B."""

    app: Flask
    database: Database
    settings: Settings
    now: dt.datetime
    # What A's user may see, and for the same names what is B's.
    own: Mapping[str, object]
    others: Mapping[str, object]
    ways: Mapping[str, str]
    # By the way in, codes that are good once.
    once: Mapping[str, tuple[str, ...]]
    kiosk_code: str

    def addresses(self, *methods: str) -> Iterator[Address]:
        for rule in self.app.url_map.iter_rules():
            for method in methods:
                if method in rule.methods:
                    for values in self._values(rule):
                        yield Address(rule, method, values)

    def _values(self, rule: Rule) -> Iterator[dict[str, object]]:
        values = {name: self.own[name] for name in rule.arguments - {"way", "code"}}
        if "way" in rule.arguments:
            converter = rule._converters["way"]
            assert isinstance(converter, AnyConverter)
            for way in sorted(converter.items):
                code = {"code": self.code_of(way, rule.endpoint)} if "code" in rule.arguments else {}
                yield {**values, "way": way, **code}
        elif "code" in rule.arguments:
            assert rule.endpoint.startswith("kiosk."), f"say which code {rule} takes"
            yield {**values, "code": self.kiosk_code}
        else:
            yield values

    def code_of(self, way: str, endpoint: str) -> str:
        """The code of a way in to A's form; one of its own for each endpoint where a code is good once."""
        endpoints = sorted({rule.endpoint for rule in self.app.url_map.iter_rules()})
        if way.upper() in self.once:
            return self.once[way.upper()][endpoints.index(endpoint)]
        return self.ways[way.upper()]

    def visitor(self) -> FlaskClient:
        return FlaskClient(self.app, use_cookies=True)

    def user(self, name: str) -> FlaskClient:
        client = self.visitor()
        signed_in = client.post(
            "/console/login",
            data={"name": name, "password": PASSWORD, "csrf_token": console_token(client)},
            base_url=SITE,
            headers={"Referer": f"{SITE}/console/login"},
        )
        assert signed_in.status_code == 303
        return client

    def fields(self, address: Address) -> dict[str, object]:
        """What a post to `address` has to hold to be accepted, less its token."""
        csv = b"agency,answered_on,count," + ",".join(ALL_FOURS).encode() + b"\nxa-ea-o,2026-03-09,1,5,5,5,5,5,5\n"
        return {
            "respond.lower_case": ALL_FOURS,
            "respond.submit": ALL_FOURS,
            "respond.send": ALL_FOURS,
            "respond.open_typed": {"code": self.code_of(str(address.values.get("way", "N")), address.endpoint)},
            "kiosk.send": ALL_FOURS,
            "kiosk.leave": {"pin": PIN},
            "public.look_up": {"receipt": self.own["receipt"]},
            "console.import_file": {"file": (io.BytesIO(csv), "phieu.csv"), "stream": "counter"},
            "console.open_kiosk": {"pin": "135792"},
            "console.close_kiosk": {},
            "console.issue": {},
            "console.issue_missing": {},
            "console.revoke": {},
            "console.sign_in": {"name": "canbo", "password": PASSWORD},
            "console.sign_out": {},
        }[address.endpoint]

    def token(self, client: FlaskClient, address: Address) -> dict[str, str]:
        """The token that a page of ours puts into that form: the session's, one of a kiosk's pack, or its own."""
        if address.endpoint.startswith("console."):
            return {"csrf_token": console_token(client)}
        if address.endpoint.startswith("kiosk."):
            pack = client.get(f"/K/{self.kiosk_code}/PACK", base_url=SITE).json
            return {"form_token": pack["forms"][0][0]}
        if "code" not in address.values:
            return {}
        shown = client.get("/{way}/{code}".format(**address.values), base_url=SITE, follow_redirects=True)
        found = re.search(r'name="form_token" value="([^"]+)"', shown.text)
        return {"form_token": found[1] if found else ""}

    def post(self, client: FlaskClient, address: Address, path: str | None = None, **changed: object) -> TestResponse:
        """A post as a page of ours sends it, token and all; `changed` are other fields or, by `headers`, headers."""
        headers = {"Referer": f"{SITE}/console/", "Origin": SITE, "Sec-Fetch-Site": "same-origin"}
        headers |= changed.pop("headers", {})
        token = changed.pop("token", None)
        token = self.token(client, address) if token is None else token
        data = {**self.fields(address), **token, **changed}
        kept = {name: value for name, value in headers.items() if value is not None}
        return client.post(path or address.path(), data=data, base_url=SITE, headers=kept)

    def dump(self) -> dict[str, list[tuple]]:
        """Every row of every table."""
        return dump(self.database)


def dump(database: Database) -> dict[str, list[tuple]]:
    with database.engine.connect() as connection:
        tables = inspect(connection).get_table_names()
        return {
            table: sorted(map(tuple, connection.execute(text(f"SELECT * FROM {table}"))), key=repr)  # noqa: S608
            for table in tables
        }


def console_token(client: FlaskClient) -> str:
    for page in ("/console/", "/console/login"):
        answer = client.get(page, base_url=SITE)
        if 'name="csrf_token"' in answer.text:
            return csrf_token(answer.text)
    raise AssertionError("no page of the console has a form")


def furnish(settings: Settings, database: Database, seeded: Seeded) -> Province:
    """Put one thing of each kind into a seeded province, and a second one for agency B; then a night passes."""
    key, now = settings.key(codes.KEY_PURPOSE), seeded.now + dt.timedelta(days=1)
    of_a, of_b = seeded.counters[0], seeded.counters[2]
    drawn = slips.draw(100, rng=secrets.token_bytes)
    sample = samples.draw(database, settings.key, size=100)
    with database.writing() as session:
        slips.keep(session, of_a, drawn, opens_on=day_of(now), key=settings.key(slip_codes.KEY_PURPOSE), now=now)
        users.add(session, name="canbo", password=PASSWORD)
        users.add(session, name="eao", password=PASSWORD, role="agency", agency=of_a.agency)
        kiosk = kiosks.make(session, of_a, pin=PIN, now=seeded.now)
        kiosk_of_b = kiosks.make(session, of_b, pin=PIN, now=seeded.now)
        # A's counter has one poster and B's a second one, so that the serial 2 is B's alone.
        second = counters.issue_code(session, of_b, now=seeded.now)
        into = importing.destination(session, seeded.wave)
        answers = file_of(
            lines(of_a.agency.code, "2026-03-02", (8, 4), (9, 2)), lines("so-noi-vu", "2026-03-03", (20, 5))
        )
        importing.save(
            session,
            importing.read_responses(answers, loading.load("sipas-counter"), into=into),
            received_at=seeded.now,
        )
        (day,) = receipt_days.close(session, keys=ReceiptKeys.of(settings.key), now=now)
        receipt = session.scalar(text("SELECT min(receipt) FROM responses"))
    limited = dataclasses.replace(settings, posts_per_minute=0)
    poster = seeded.posters[0]
    return Province(
        app=create_app(limited, database=database, clock=lambda: now),
        database=database,
        settings=settings,
        now=now,
        own={
            "wave": seeded.wave.code,
            "agency": of_a.agency.code,
            "counter": of_a.code,
            "serial": poster.serial,
            "number": kiosk.id,
            "receipt": receipt,
            "day": day.day.isoformat(),
            "hash": "0",
            "name": "sipas.css",
        },
        others={
            "agency": of_b.agency.code,
            "counter": of_b.code,
            "serial": second.serial,
            "number": kiosk_of_b.id,
        },
        ways={"R": codes.code_for(poster.counter_id, poster.serial, key=key), "N": of_a.short_code or ""},
        once={"S": drawn, "I": tuple(sample.codes.values())},
        kiosk_code=kiosks.code_of(kiosk, key=settings.key(kiosks.KEY_PURPOSE)),
    )
