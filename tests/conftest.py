"""Real parts for every test: settings, a migrated SQLite file, a PostgreSQL server, a small province."""

from __future__ import annotations

import dataclasses
import datetime as dt
import gzip
import os
import shutil
import subprocess
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import html5lib
import hypothesis
import pytest
from flask.testing import FlaskClient
from waitress import create_server
from waitress.wasyncore import close_all

from forms import loading
from survey.app import create_app
from survey.config import Settings
from survey.db import Database
from survey.services import agencies, counters, waves

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

    from flask import Flask
    from playwright.sync_api import Browser
    from werkzeug.test import TestResponse

    from survey.services.references import CounterRef, PosterRef, WaveRef

# Test machines are shared: how long one example took says nothing about the code.
hypothesis.settings.register_profile("sipas", deadline=None)
hypothesis.settings.load_profile("sipas")

# Noon in Đắk Lắk on a working day inside the seeded wave.
NOW = dt.datetime(2026, 10, 7, 5, 0, tzinfo=dt.UTC)
# Debian's Chromium asks its maker for updates at every start, in vain here; the flags keep it quiet.
CHROMIUM_FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
# Programs, which import each other by name; test_*.py beside them run their short forms.
PROGRAMS = [path for folder in ("load", "faults") for path in Path(__file__).with_name(folder).glob("*.py")]
collect_ignore = [str(path) for path in PROGRAMS if not path.name.startswith("test_")]
POSTGRESQL_PROGRAMS = Path("/usr/lib/postgresql")


@dataclass(frozen=True)
class Seeded:
    """A province with one running counter wave, two counters of a commune and one of a department."""

    now: dt.datetime
    wave: WaveRef
    counters: tuple[CounterRef, ...]
    posters: tuple[PosterRef, ...]


def seed(database: Database) -> Seeded:
    with database.writing() as session:
        agencies.load_seed(session)
        wave = waves.create(
            session,
            loading.load("sipas-counter"),
            code="quay-2026",
            title="Đánh giá tại quầy năm 2026",
            stream="counter",
            opens_on=dt.date(2026, 1, 1),
            closes_on=dt.date(2026, 12, 31),
        )
        commune = agencies.find(session, "xa-ea-o")
        department = agencies.find(session, "so-noi-vu")
        made = (
            counters.make(session, commune, name="Quầy số 1"),
            counters.make(session, commune, name="Quầy số 2"),
            counters.make(session, department, name="Bộ phận một cửa"),
        )
        posters = tuple(counters.issue_code(session, counter, now=NOW) for counter in made)
    return Seeded(now=NOW, wave=wave, counters=made, posters=posters)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = Settings.embedded(tmp_path / "sipas.db", public_base_url="https://hailong.example.vn")
    # Everybody in a test has one address, and its clock stands still; the limit has tests of its own.
    return dataclasses.replace(settings, posts_per_minute=0)


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("migrated") / "sipas.db"
    database = Database(f"sqlite:///{path}")
    database.upgrade()
    database.close()
    return path


@pytest.fixture
def database(settings: Settings, migrated_file: Path) -> Iterator[Database]:
    # A copy of a migrated file is a migrated file, and ten times sooner there.
    shutil.copyfile(migrated_file, settings.database_url.removeprefix("sqlite:///"))
    database = Database(settings.database_url)
    yield database
    database.close()


@pytest.fixture
def seeded(database: Database) -> Seeded:
    return seed(database)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """A PostgreSQL server of our own in a temporary folder; its absence is an error, not a skip."""
    programs = sorted(POSTGRESQL_PROGRAMS.glob("*/bin"), key=lambda path: int(path.parent.name))
    if not programs:
        pytest.fail("PostgreSQL's programs are missing: apt install postgresql, or deselect with -m 'not postgres'")
    # Not pytest's folder: that is closed to others, and its name may be too long for a socket.
    with tempfile.TemporaryDirectory(prefix="sipas-pg-") as folder:
        server = _PostgreSQL(programs[-1], Path(folder))
        server.start()
        yield f"postgresql://postgres@/postgres?host={folder}"
        server.stop()


@pytest.fixture
def postgresql(postgresql_server: str) -> Iterator[Database]:
    """A migrated, empty PostgreSQL database."""
    database = Database(postgresql_server)
    with database.writing() as session:
        session.connection().exec_driver_sql("DROP SCHEMA public CASCADE")
        session.connection().exec_driver_sql("CREATE SCHEMA public")
    database.upgrade()
    yield database
    database.close()


@pytest.fixture(params=["database", pytest.param("postgresql", marks=pytest.mark.postgres)])
def either_database(request: pytest.FixtureRequest) -> Database:
    """The same test on SQLite and on PostgreSQL."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def either_seeded(either_database: Database) -> Seeded:
    return seed(either_database)


class _PostgreSQL:
    """initdb and pg_ctl; as the user postgres where the tests run as root, which the server refuses."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs = programs
        self._folder = folder
        self._data = folder / "data"

    def start(self) -> None:
        if os.geteuid() == 0:
            shutil.chown(self._folder, "postgres", "postgres")
        self._run("initdb", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-D", self._data)
        options = f"-c listen_addresses='' -c unix_socket_directories='{self._folder}' -c max_connections=60"
        log = self._folder / "log"
        self._run("pg_ctl", "-D", self._data, "-l", log, "-w", "-o", options, "start")

    def stop(self) -> None:
        self._run("pg_ctl", "-D", self._data, "-m", "immediate", "-w", "stop")

    def _run(self, program: str, *arguments: object) -> None:
        as_postgres = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
        command = [*as_postgres, str(self._programs / program), *map(str, arguments)]
        # A file, not a pipe: the server inherits it, and a pipe would be read until the server ends.
        with tempfile.TemporaryFile() as output:
            done = subprocess.run(
                command, check=False, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, cwd="/"
            )
            output.seek(0)
            assert done.returncode == 0, output.read().decode()


@pytest.fixture
def app(settings: Settings, database: Database, seeded: Seeded) -> Flask:
    """The site on the seeded province, its clock standing still at noon."""
    app = create_app(settings, database=database, clock=lambda: NOW)
    app.test_client_class = CheckingClient
    return app


@pytest.fixture
def client(app: Flask) -> CheckingClient:
    """Asks for pages and checks each: `client.get("/", expect=200)`."""
    return app.test_client()


@pytest.fixture
def served(app: Flask) -> Iterator[str]:
    """The address of the same site behind a real HTTP server."""
    server = create_server(app, host="127.0.0.1", port=0, threads=2)
    thread = threading.Thread(target=server.run)
    thread.start()
    yield f"http://127.0.0.1:{server.effective_port}"
    # In the server's own thread: it must not wait for a socket that another thread closes.
    server.trigger.pull_trigger(lambda: close_all(server._map))
    thread.join(timeout=10)
    server.task_dispatcher.shutdown()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One Chromium for all tests that look at pages."""
    from playwright.sync_api import sync_playwright

    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


# Written out, not imported: a policy that is loosened must be loosened here too.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; "
    "script-src 'self'; worker-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)


class CheckingClient(FlaskClient):
    """A browser that looks over every page: status, title, language, headings, references, forms, policy."""

    def open(self, *args: object, expect: int = 200, **kwargs: object) -> TestResponse:
        response = super().open(*args, **kwargs)
        assert response.status_code == expect, f"{response.status}: {response.text[:2000]}"
        check_headers(response)
        if response.mimetype == "text/html" and response.status_code // 100 != 3 and response.data:
            check_page(_body(response))
        return response


def check_headers(response: TestResponse) -> None:
    assert response.headers.getlist("Content-Security-Policy") == [CONTENT_SECURITY_POLICY]
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "same-origin"
    assert response.headers["Cache-Control"]


def _body(response: TestResponse) -> str:
    compressed = response.headers.get("Content-Encoding") == "gzip"
    return (gzip.decompress(response.data) if compressed else response.data).decode()


def check_page(text: str) -> None:
    # A strict parser: the first error of syntax is a failure.
    page = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(text)
    elements = [element for element in page.iter() if isinstance(element.tag, str)]
    assert page.get("lang") in {"vi", "en"}
    assert "".join(page.find("head/title").itertext()).strip()
    assert len(list(page.iter("h1"))) == 1
    assert not [element.tag for element in elements if element.tag == "style" or "style" in element.attrib]
    for script in page.iter("script"):
        # Optional, after the page, and a file: never written in.
        assert script.get("src", "").startswith("/static/")
        assert "defer" in script.attrib
        assert not script.text
    assert not [name for element in elements for name in element.attrib if name.startswith("on")]
    for form in page.iter("form"):
        assert form.get("action")
        assert form.get("method") in {"get", "post"}
    check_references(elements)


def check_references(elements: list[Element]) -> None:
    """Every id is unique, and whatever is pointed to is there."""
    ids = [element.get("id") for element in elements if element.get("id")]
    assert len(ids) == len(set(ids))
    for element in elements:
        pointed = [
            name
            for key in ("for", "form", "aria-describedby", "aria-labelledby")
            for name in element.get(key, "").split()
        ]
        if element.tag == "a" and element.get("href", "").startswith("#"):
            pointed.append(element.get("href")[1:])
        assert set(pointed) <= set(ids), f"<{element.tag}> points to {set(pointed) - set(ids)}"
