"""`sipas serve` in several processes: one that dies is replaced, and what has been asked is finished in the end."""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from urllib.parse import urlencode, urlsplit
from urllib.request import urlopen

import pytest


def children(process):
    return set(map(int, Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()))


def until(true, *, seconds=15):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture
def site(sipas, stop):
    """A served site and its parent process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = sipas.started("serve", "--bind", f"127.0.0.1:{port}", "--processes", "2")
    assert process.stderr.readline().strip() == sipas.settings["SIPAS_PUBLIC_BASE_URL"]
    yield f"http://127.0.0.1:{port}", process
    if process.poll() is None:
        stop(process)
    else:
        process.communicate()


def test_a_process_that_is_killed_is_replaced_and_the_other_serves_meanwhile(site):
    address, parent = site
    before = children(parent)
    assert len(before) == 2
    os.kill(before.pop(), signal.SIGKILL)
    for _ in range(20):
        with urlopen(f"{address}/health", timeout=10) as answer:
            assert answer.status == 200
    until(lambda: len(children(parent)) == 2)
    assert children(parent) >= before
    assert "SIGKILL" in parent.stderr.readline()


def test_processes_end_with_a_parent_that_is_killed(site):
    address, parent = site
    orphans = children(parent)
    parent.kill()
    parent.wait()
    until(lambda: not any(Path(f"/proc/{orphan}/cmdline").exists() for orphan in orphans))
    with pytest.raises(OSError, match="refused"):
        urlopen(f"{address}/health", timeout=5)


def test_what_is_on_its_way_when_the_site_is_stopped_is_answered(site):
    address, parent = site
    parts = urlsplit(address)
    line = http.client.HTTPConnection(parts.hostname, parts.port, timeout=10)
    line.putrequest("POST", "/R/KHONG-CO")
    line.putheader("Content-Length", "5")
    line.endheaders()
    line.send(b"a=")
    time.sleep(0.3)  # So that it has been taken in.
    parent.terminate()
    time.sleep(0.3)
    line.send(b"bcd")
    assert line.getresponse().status == 404
    line.close()
    assert parent.wait(timeout=20) == 0


def test_many_idle_connections_do_not_keep_others_out(site):
    address, _parent = site
    parts = urlsplit(address)
    idle = [socket.create_connection((parts.hostname, parts.port)) for _ in range(400)]
    for connection in idle:
        connection.sendall(b"GET / HTT")
    with urlopen(f"{address}/health", timeout=10) as answer:
        assert answer.status == 200
    # And each of them can still go on.
    for connection in idle[::40]:
        connection.sendall(b"P/1.0\r\n\r\n")
        assert connection.recv(20).startswith(b"HTTP/1.0 200")
    for connection in idle:
        connection.close()


def test_many_requests_on_one_connection_are_answered_in_order(site):
    address, _parent = site
    parts = urlsplit(address)
    with socket.create_connection((parts.hostname, parts.port), timeout=10) as connection:
        connection.sendall(b"".join(f"GET /health?{n} HTTP/1.1\r\nHost: a\r\n\r\n".encode() for n in range(30)))
        received = b""
        while received.count(b"HTTP/1.1 200 OK") < 30:
            received += connection.recv(65536)


def test_a_hall_of_visitors_at_once_is_served(site):
    address, _parent = site
    together = threading.Barrier(60)

    def visit(_):
        together.wait()
        with urlopen(f"{address}/", timeout=30) as page:
            return page.status, len(page.read())

    with ThreadPoolExecutor(60) as visitors:
        assert len(set(visitors.map(visit, range(60)))) == 1


@pytest.mark.parametrize(("proxies", "believed"), [("1", True), ("0", False)])
def test_the_address_that_a_trusted_proxy_names_reaches_the_application(sipas, serve, seeded, proxies, believed):
    # The office's network is that one address: whether it was found is seen in the row.
    given = sipas.settings | {"SIPAS_TRUSTED_PROXIES": proxies, "SIPAS_OFFICE_NETWORKS": "10.9.8.7/32"}
    parts = urlsplit(serve(type(sipas)(sipas.folder, given)))
    path = f"/N/{seeded.counters[0].short_code}"
    line = http.client.HTTPConnection(parts.hostname, parts.port, timeout=10)
    line.request("GET", path)
    token = re.search(r'name="form_token" value="([^"]+)"', line.getresponse().read().decode())[1]
    ratings = ("tiep_can", "thu_tuc", "cong_chuc", "ket_qua", "gop_y", "phuc_vu")
    answers = urlencode({"form_token": token} | dict.fromkeys(ratings, "4"))
    headers = {"X-Forwarded-For": "10.9.8.7", "Content-Type": "application/x-www-form-urlencoded"}
    line.request("POST", f"{path}/SEND", answers, headers)
    assert line.getresponse().status == 303
    line.close()
    with closing(sqlite3.connect(sipas.folder / "sipas.db")) as kept:
        assert kept.execute("SELECT from_office FROM responses").fetchall() == [(int(believed),)]
