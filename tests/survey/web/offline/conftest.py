"""A site in a process of its own that can be killed and started again, and a line to it that can be cut."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import threading
import time
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from sqlalchemy import text

from survey.config import Settings

SERVE = """
import datetime as dt, sys
from waitress import serve
from survey.app import create_app
from survey.config import Settings
path, url, port, now = sys.argv[1:]
clock = lambda: dt.datetime.fromisoformat(now)
app = create_app(Settings.embedded(path, public_base_url=url), clock=clock)
serve(app, host="127.0.0.1", port=int(port), threads=4, _quiet=True)
"""
ADDRESS = "http://127.0.0.1"


@pytest.fixture
def settings(tmp_path):
    """A site without HTTPS, so that a browser on this machine may visit it."""
    return Settings.embedded(tmp_path / "sipas.db", public_base_url=ADDRESS)


class Line:
    """Passes connections on to the site, or not.

    `state` is "open", "cut", "dead after" what was sent arrived, or "hold": the next form waits for `release`, and all
    others find the line cut.
    """

    def __init__(self, port):
        self.state = "open"
        self.held = threading.Event()
        self.release = threading.Event()
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"{ADDRESS}:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._listener.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        with client, contextlib.suppress(OSError):
            while self.state != "cut":
                if not (request := read_message(client)):
                    return
                if self.state == "cut":
                    return
                if self.state == "hold" and request.startswith(b"POST"):
                    self.state = "cut"
                    self.held.set()
                    self.release.wait(30)
                with socket.create_connection(("127.0.0.1", self._target)) as site:
                    site.sendall(request.replace(b"Connection: keep-alive", b"Connection: close"))
                    answer = b"".join(iter(lambda: site.recv(65536), b""))
                if self.state == "dead after" and request.startswith(b"POST"):
                    return
                client.sendall(answer)
                # One request a connection: the browser is told so by the answer.
                return


def read_message(connection):
    """One request as it came, body and all."""
    data = b""
    while b"\r\n\r\n" not in data:
        if not (more := connection.recv(65536)):
            return b""
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    while len(body) < int(lengths[0] if lengths else 0):
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


class RealSite:
    """The seeded province, served by a process that `kill` ends without warning."""

    def __init__(self, path, now):
        self.now = now
        self._path = path
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"{ADDRESS}:{self.port}"
        self.start()

    def start(self):
        command = [sys.executable, "-c", SERVE, self._path, self.url, self.port, self.now.isoformat()]
        self._process = subprocess.Popen([str(part) for part in command])
        for _ in range(300):
            with contextlib.suppress(URLError, ConnectionError), urlopen(f"{self.url}/health", timeout=5):
                return
            time.sleep(0.1)
        raise AssertionError("the site has not answered")

    def kill(self):
        self._process.kill()
        self._process.wait()


@pytest.fixture
def site(tmp_path, seeded):
    site = RealSite(tmp_path / "sipas.db", seeded.now)
    yield site
    site.kill()


@pytest.fixture
def line(site):
    line = Line(site.port)
    yield line
    line.close()


@pytest.fixture
def phone(chromium):
    """`phone(javascript=False)`: a page of a phone's browser that has never been here."""
    contexts = []

    def phone(*, javascript=True, **options):
        size = {"width": 390, "height": 844}
        context = chromium.new_context(viewport=size, java_script_enabled=javascript, **options)
        context.set_default_timeout(20_000)
        contexts.append(context)
        return context.new_page()

    yield phone
    for context in contexts:
        context.close()


@pytest.fixture
def kept(database):
    """What is in the database now: every response as a mapping."""

    def kept():
        with database.reading() as session:
            return [dict(row) for row in session.execute(text("SELECT * FROM responses ORDER BY id")).mappings()]

    return kept
