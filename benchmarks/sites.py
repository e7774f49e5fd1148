"""Sites to measure: a real `sipas serve` in a process of its own, on SQLite or PostgreSQL, with one counter wave."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import urlopen

from forms import loading
from survey.config import Settings
from survey.db import Database
from survey.services import agencies, codes, counters, waves

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy.orm import Session

    from survey.services.references import AgencyRef

SHORT_FORM = "sipas-counter"
ROOT = Path(__file__).resolve().parent.parent
SIPAS = ("-m", "survey")


@dataclass(frozen=True)
class Site:
    url: str
    settings: Settings
    database: Database
    counters: list[tuple[str, str]]  # counter code, path of its form
    process: subprocess.Popen[bytes]
    environ: dict[str, str]  # to start it again


@contextlib.contextmanager
def sqlite(folder: Path) -> Iterator[str]:
    yield f"sqlite:///{folder}/benchmark.db"


@contextlib.contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """A PostgreSQL of our own on a free port, with the settings it comes with: fsync and synchronous_commit on."""
    programs = max(Path("/usr/lib/postgresql").glob("*/bin"))
    data, port = folder / "pg", free_port()
    as_postgres = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    shutil.chown(folder, "postgres") if as_postgres else None
    folder.chmod(0o755)
    subprocess.run(
        [*as_postgres, programs / "initdb", "-D", data, "-A", "trust", "-U", "sipas"],
        check=True,
        stdout=subprocess.DEVNULL,
        cwd="/",
    )
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c max_connections=100"
    control = [*as_postgres, programs / "pg_ctl", "-D", data, "-w", "-l", folder / "pg.log"]
    subprocess.run([*control, "-o", options, "start"], check=True, stdout=subprocess.DEVNULL, cwd="/")
    try:
        yield f"postgresql://sipas@127.0.0.1:{port}/postgres"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], check=True, stdout=subprocess.DEVNULL, cwd="/")


DATABASES = {"SQLite": sqlite, "PostgreSQL": postgresql}


@contextlib.contextmanager
def serving(
    kind: str,
    *,
    counters_used: int = 20,
    options: Sequence[str] = (),
    program: Sequence[str] = SIPAS,
    environ: Mapping[str, str] | None = None,
    place: Path | None = None,
    questionnaire: str = SHORT_FORM,
) -> Iterator[Site]:
    """A served installation with agencies, some counters and a running wave; `options` are those of `sipas serve`.

    Another `program` may stand for `sipas`, with more in its environment, and another `place` for a temporary folder.
    """
    folder = place or Path(tempfile.mkdtemp(prefix="sipas-benchmark-"))
    try:
        with DATABASES[kind](folder) as url:
            command = (*program, "serve", *options)
            yield from _served(url, folder, counters_used, command, environ or {}, questionnaire=questionnaire)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _served(
    database_url: str,
    folder: Path,
    counters_used: int,
    command: Sequence[str],
    more: Mapping[str, str],
    *,
    questionnaire: str,
) -> Iterator[Site]:
    settings, environ = installation(database_url, folder)
    environ |= more
    database = Database(database_url)
    database.upgrade()
    opened = prepare(database, settings, counters_used, questionnaire=questionnaire)
    try:
        with server(settings, environ, command) as process:
            yield Site(settings.public_base_url, settings, database, opened, process, environ)
    finally:
        database.close()


def installation(database_url: str, folder: Path) -> tuple[Settings, dict[str, str]]:
    """The settings of a site at a free port, and the environment that says them."""
    port = free_port()
    (folder / "secret").write_text(secrets.token_hex(32))
    environ = {
        **os.environ,
        "SIPAS_DATABASE_URL": database_url,
        "SIPAS_PUBLIC_BASE_URL": f"http://127.0.0.1:{port}",
        "SIPAS_SECRET_FILE": str(folder / "secret"),
        # Programs name an address for each of their visitors, as the proxy before a real site does.
        "SIPAS_TRUSTED_PROXIES": "1",
    }
    return Settings.from_environ(environ), environ


@contextlib.contextmanager
def server(
    settings: Settings, environ: dict[str, str], command: Sequence[str] = (*SIPAS, "serve")
) -> Iterator[subprocess.Popen[bytes]]:
    """`sipas serve` in a process group of its own, from when it answers."""
    bind = settings.public_base_url.removeprefix("http://")
    command = [sys.executable, *command, "--bind", bind]
    with subprocess.Popen(command, cwd=ROOT, env=environ, stderr=errors(), start_new_session=True) as process:
        try:
            wait_for(f"{settings.public_base_url}/health")
            yield process
        finally:
            process.terminate()


def errors() -> int | None:
    """Where a site's log goes: nowhere, or to this terminal with SIPAS_BENCHMARK_LOG=1."""
    return None if os.environ.get("SIPAS_BENCHMARK_LOG") else subprocess.DEVNULL


def prepare(
    database: Database, settings: Settings, number: int, *, questionnaire: str = SHORT_FORM
) -> list[tuple[str, str]]:
    now = dt.datetime.now(dt.UTC)
    with database.writing() as session:
        agencies.load_seed(session)
        today = now.date()
        waves.create(
            session,
            loading.load(questionnaire),
            code="benchmark",
            title="Benchmark",
            opens_on=today - dt.timedelta(days=400),
            closes_on=today + dt.timedelta(days=2),
            is_simulated=True,
        )
        return [_open(session, agency, settings, now) for agency in agencies.listing(session)[:number]]


def _open(session: Session, agency: AgencyRef, settings: Settings, now: dt.datetime) -> tuple[str, str]:
    counter = counters.make(session, agency, name="Quầy số 1")
    poster = counters.issue_code(session, counter, now=now)
    code = codes.code_for(poster.counter_id, poster.serial, key=settings.key(codes.KEY_PURPOSE))
    return counter.code, f"/R/{code}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(url: str, *, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            with urlopen(url, timeout=5):
                return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
