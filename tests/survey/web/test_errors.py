"""Every failure becomes a page, or JSON for programs, and a log line of the right weight."""

from __future__ import annotations

import html5lib
import pytest
from sqlalchemy import text
from werkzeug.exceptions import ImATeapot

from survey.services import errors as refusals
from survey.web import errors


@pytest.mark.parametrize(("language", "title"), [("vi", "Không tìm thấy trang"), ("en", "Page not found")])
def test_an_unknown_address_is_said_in_the_readers_language(client, language, title):
    page = html5lib.parse(client.get(f"/no/such?lang={language}", expect=404).text, namespaceHTMLElements=False)
    assert page.find(".//h1").text == title
    assert page.get("lang") == language


def test_the_api_answers_with_a_problem_document(client):
    response = client.get("/api/no/such?lang=en", expect=404)
    assert response.mimetype == "application/problem+json"
    assert response.json["status"] == 404
    assert response.json["title"] == "Page not found"


def test_a_wrong_method_names_the_right_ones(client):
    response = client.post("/health", expect=405)
    assert set(response.headers["Allow"].split(", ")) >= {"GET", "HEAD"}


def test_a_client_error_is_a_warning_that_does_not_repeat_the_address(client, caplog):
    client.get("/secret-looking-address", expect=404)
    assert caplog.records[-1].levelname == "WARNING"
    assert "secret" not in caplog.text


@pytest.fixture
def failing(app):
    """The site with an address that fails as it is told to."""

    @app.get("/fail/<name>")
    def fail(name):
        raise {"unknown": ZeroDivisionError("inner detail"), "teapot": ImATeapot()}[name]

    return app.test_client()


def test_an_unknown_fault_is_ours_logged_as_an_error_and_shows_nothing_of_itself(failing, caplog):
    page = failing.get("/fail/unknown", expect=500)
    assert "inner detail" not in page.text
    assert caplog.records[-1].levelname == "ERROR"
    assert "ZeroDivisionError" in caplog.text


def test_a_status_without_a_text_of_its_own_keeps_its_number(failing):
    failing.get("/fail/teapot", expect=418)


def test_the_error_page_cannot_fail(app, client, caplog):
    app.jinja_env.globals.pop("home_url")
    page = client.get("/no/such", expect=404)
    assert "Hệ thống đang gặp sự cố" in page.text
    assert "The error page itself failed" in caplog.text


def test_a_failing_database_is_a_503(client, database):
    with database.writing() as session:
        session.execute(text("DROP TABLE responses"))
    assert client.get("/receipts/ABCDEFGH", expect=503)


def test_every_refusal_of_a_service_has_a_page():
    waiting = [refusals.ServiceError]
    for kind in waiting:
        waiting += kind.__subclasses__()
        assert any(parent in errors.BY_TYPE for parent in kind.__mro__)
