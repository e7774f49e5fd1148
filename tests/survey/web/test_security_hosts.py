"""A request may claim any host and come through any number of hands: what of that is believed, and what never is."""

from __future__ import annotations

import dataclasses
import ipaddress
import re

import html5lib
import pytest
from flask import jsonify, request
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.test import EnvironBuilder

from survey.app import create_app
from survey.services import codes
from tests.survey.web.conftest import PASSWORD, csrf_token

NOBODYS = "evil.example"
FORWARDED = {
    "X-Forwarded-For": "198.51.100.9, 203.0.113.7",
    "X-Forwarded-Proto": "https, http",
    "X-Forwarded-Host": "evil.example, hailong.example.vn",
    "X-Forwarded-Prefix": "/evil",
    "X-Forwarded-Port": "8443",
    "Forwarded": "for=198.51.100.1;host=evil.example;proto=https",
    "X-Real-IP": "198.51.100.2",
    "True-Client-IP": "198.51.100.3",
    "CF-Connecting-IP": "198.51.100.4",
}
ALL_FOURS = dict.fromkeys(("tiep_can", "thu_tuc", "cong_chuc", "ket_qua", "gop_y", "phuc_vu"), "4")


@pytest.fixture
def poster(settings, seeded):
    printed = seeded.posters[0]
    return "/R/" + codes.code_for(printed.counter_id, printed.serial, key=settings.key(codes.KEY_PURPOSE))


@pytest.fixture
def through(settings, database, seeded):
    """The site behind so many proxies of ours."""

    def through(hops, **changed):
        site = dataclasses.replace(settings, trusted_proxies=hops, **changed)
        app = create_app(site, database=database, clock=lambda: seeded.now)
        app.add_url_rule("/who", view_func=_who)
        return app.test_client()

    return through


def _who():
    return jsonify(address=request.remote_addr, scheme=request.scheme, host=request.host, root=request.script_root)


@pytest.mark.parametrize(
    ("hops", "address", "scheme", "host"),
    [
        (0, "127.0.0.1", "http", "localhost"),
        (1, "203.0.113.7", "http", "hailong.example.vn"),
        (2, "198.51.100.9", "https", "evil.example"),
        # Fewer hands than there should be: what did not pass through all of ours is not believed.
        (3, "127.0.0.1", "http", "localhost"),
    ],
)
def test_so_many_values_are_believed_as_there_are_proxies_of_ours(through, hops, address, scheme, host):
    assert through(hops).get("/who", headers=FORWARDED).json == {
        "address": address,
        "scheme": scheme,
        "host": host,
        "root": "",
    }


def test_headers_of_other_makers_are_never_believed(through):
    headers = {name: value for name, value in FORWARDED.items() if not name.startswith("X-Forwarded-")}
    for hops in (0, 1, 2):
        assert through(hops).get("/who", headers=headers).json["address"] == "127.0.0.1"


@pytest.mark.parametrize(
    "address", ["", "unknown", "::1%eth0", "999.1.1.1", "' OR 1=1 --", "203.0.113.7:80", "[::1]:9"]
)
def test_an_address_that_is_none_does_no_harm(through, database, poster, address):
    client = through(1, office_networks=(ipaddress.ip_network("203.0.113.0/24"),))
    token = _token(client.get(poster).text)
    sent = client.post(poster, data=ALL_FOURS | {"form_token": token}, headers={"X-Forwarded-For": address})
    assert sent.status_code == 303
    with database.reading() as session:
        assert not session.scalar(text("SELECT from_office FROM responses"))


def test_whoever_writes_the_offices_address_before_his_own_is_not_in_the_office(through, database, poster):
    client = through(1, office_networks=(ipaddress.ip_network("203.0.113.0/24"),))
    token = _token(client.get(poster).text)
    headers = {"X-Forwarded-For": "203.0.113.7, 198.51.100.9"}
    assert client.post(poster, data=ALL_FOURS | {"form_token": token}, headers=headers).status_code == 303
    with database.reading() as session:
        assert session.scalar(text("SELECT from_office FROM responses")) == 0


def test_a_made_up_scheme_does_not_weaken_the_cookie_or_the_policy(through):
    for hops in (0, 1):
        page = through(hops).get("/console/login", headers={"X-Forwarded-Proto": "http"})
        assert page.headers["Strict-Transport-Security"]
        assert page.headers["Set-Cookie"].startswith("__Host-")


@pytest.mark.parametrize("path", ["/", "/console", "/console/", "/console/login", "/waves//quay-2026", "/no/such"])
@pytest.mark.parametrize(
    "host", [NOBODYS, "evil.example:81", "evil.example\\@hailong.example.vn", "hailong.example.vn@e"]
)
def test_a_host_that_was_made_up_is_never_repeated(app, path, host):
    answer = FlaskClient(app).get(path, headers={"Host": host})
    assert answer.status_code < 500
    assert "evil" not in answer.get_data(as_text=True)
    assert host not in str(answer.headers)


def test_nor_in_the_form_or_after_it(app, poster):
    client = FlaskClient(app)
    page = client.get(poster, headers={"Host": NOBODYS})
    sent = client.post(poster, data=ALL_FOURS | {"form_token": _token(page.text)}, headers={"Host": NOBODYS})
    receipt = client.get(sent.headers["Location"], headers={"Host": NOBODYS})
    small = client.get(poster.lower(), headers={"Host": NOBODYS})
    for answer in (page, sent, receipt, small):
        assert NOBODYS not in answer.text
        assert NOBODYS not in str(answer.headers)
    assert {urlless(answer.headers["Location"]) for answer in (sent, small)} == {True}


def urlless(location):
    return location.startswith("/") and not location.startswith(("//", "/\\"))


@pytest.mark.parametrize(
    "path", ["//evil.example/x", "///evil.example", "/\\evil.example", "//evil.example/%2e%2e", "\\\\e"]
)
def test_no_link_of_a_page_that_does_not_exist_leads_to_another_site(app, path):
    environ = EnvironBuilder("/").get_environ() | {"PATH_INFO": path}
    page = FlaskClient(app).open(environ)
    tree = html5lib.parse(page.text, namespaceHTMLElements=False)
    links = [element.get(name) for element in tree.iter() for name in ("href", "action", "src") if element.get(name)]
    assert links
    assert [link for link in links if re.match(r"[/\\]{2}|[a-z]+:(?!,)", link)] == []


@pytest.mark.parametrize(
    "asked", ["https://evil.example", "//evil.example", "/\\evil.example", "/console/../..//evil", "/console/\r\nX: 1"]
)
def test_signing_in_leads_to_the_console_and_nowhere_else(sign_in, client, asked):
    site = "https://hailong.example.vn"
    token = csrf_token(client.get("/console/login", base_url=site).text)
    sent = client.post(
        "/console/login",
        query_string={"next": asked},
        data={"name": "canbo", "password": PASSWORD, "csrf_token": token},
        base_url=site,
        headers={"Referer": f"{site}/console/login"},
        expect=303,
    )
    assert sent.headers["Location"].startswith("/console/")
    assert "X" not in sent.headers


def _token(page):
    tree = html5lib.parse(page, namespaceHTMLElements=False)
    return next(field.get("value") for field in tree.iter("input") if field.get("name") == "form_token")
