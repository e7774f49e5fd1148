"""What the browser is told, whom we believe, and what our templates may not do."""

from __future__ import annotations

import dataclasses
import re

import pytest
from flask import request

from survey import resources
from survey.app import create_app

TEMPLATES = sorted(resources.templates().rglob("*.html"))


def test_over_https_browsers_are_told_to_stay_there(client):
    assert client.get("/health").headers["Strict-Transport-Security"] == "max-age=63072000"


def test_over_http_they_are_not(settings, database, seeded):
    plain = dataclasses.replace(settings, public_base_url="http://127.0.0.1:8000")
    response = create_app(plain, database=database).test_client().get("/health")
    assert "Strict-Transport-Security" not in response.headers


def test_powers_that_we_do_not_need_are_given_up(client):
    headers = client.get("/").headers
    assert "camera=()" in headers["Permissions-Policy"]
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"


@pytest.mark.parametrize("address", ["/", "/health", "/no/such", "/static/x/sipas.css"])
def test_an_error_and_a_file_carry_the_policy_too(client, address):
    client.get(address, expect=404 if address == "/no/such" else 200)


@pytest.mark.parametrize(
    ("hops", "sent", "believed"),
    [
        (0, "203.0.113.7", "127.0.0.1"),
        (1, "203.0.113.7", "203.0.113.7"),
        (1, "198.51.100.9, 203.0.113.7", "203.0.113.7"),
        (2, "198.51.100.9, 203.0.113.7", "198.51.100.9"),
    ],
)
def test_exactly_the_trusted_proxies_are_believed(settings, database, hops, sent, believed):
    app = create_app(dataclasses.replace(settings, trusted_proxies=hops), database=database)
    app.add_url_rule("/who", view_func=lambda: request.remote_addr)
    assert app.test_client().get("/who", headers={"X-Forwarded-For": sent}).text == believed


def test_a_session_cookie_over_https_is_bound_to_our_host(app):
    assert app.config["SESSION_COOKIE_NAME"].startswith("__Host-")
    assert app.config["SESSION_COOKIE_SECURE"]
    assert app.config["SESSION_COOKIE_HTTPONLY"]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_template_switches_escaping_off_or_writes_inline(path):
    source = path.read_text(encoding="utf-8")
    assert not re.search(r"\|\s*safe\b|autoescape|Markup\(", source)
    # A script is a deferred file; a page that has none loses nothing.
    source = re.sub(r"""<script defer src="\{\{ static_url\('[a-z]+\.js'\) \}\}"></script>""", "", source)
    assert not re.search(r"<script|<style|\sstyle=|\son[a-z]+=|javascript:", source)


@pytest.mark.parametrize("attack", ['"><script>alert(1)</script>', "{{7*7}}", "%0d%0aSet-Cookie: x=1", "' OR 1=1 --"])
def test_nothing_in_an_address_reaches_the_page_unescaped(client, attack):
    response = client.get("/no/such", query_string={"lang": attack, attack: attack}, expect=404)
    assert "<script>alert" not in response.text
    assert "49" not in response.text
    assert "Set-Cookie" not in response.headers
