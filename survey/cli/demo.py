"""`sipas demo`: from a fresh machine to a running site that can be looked around in."""

from __future__ import annotations

import datetime as dt
import json
import secrets
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from survey.cli import Refusal, serving
from survey.cli.processes import Stop
from survey.config import Settings
from survey.db import Database
from survey.i18n import _

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from survey.services.references import CounterRef, PosterRef


@dataclass(frozen=True, slots=True)
class Started:
    """What a visitor of the demonstration needs to know."""

    url: str
    wave: str
    counters: Sequence[Mapping[str, str]]
    accounts: Sequence[Mapping[str, str]]

    def document(self) -> dict[str, Any]:
        """As `--format json` prints it."""
        return {
            "url": self.url,
            "simulated": True,
            "wave": self.wave,
            "counters": list(self.counters),
            "accounts": list(self.accounts),
        }


@click.command("demo", help=_("Start a site with the province's agencies and a simulated year of answers."))
@click.option("--port", default=8000, type=click.IntRange(0, 65535), help=_("Port to listen on; 0 takes a free one."))
@click.option("--bind", default="127.0.0.1", help=_("Address to listen on; 0.0.0.0 lets phones in this network in."))
@click.option("--public-url", default=None, help=_("Address that the QR codes lead to."))
@click.option(
    "--db",
    "path",
    default="sipas-demo.db",
    type=click.Path(dir_okay=False, path_type=Path),
    help=_("File of the demonstration's database."),
)
@click.option("--responses", default=20_000, type=click.IntRange(0, 5_000_000), help=_("How many to simulate."))
@click.option("--seed", default=2026, help=_("Seed of the simulation."))
@click.option(
    "--format", "style", default="text", type=click.Choice(["text", "json"]), help=_("How to say where it is.")
)
def command(*, port: int, bind: str, public_url: str | None, path: Path, responses: int, seed: int, style: str) -> None:
    with serving.listen(bind, port) as listener:
        url = public_url or f"http://{serving.reachable(bind)}:{listener.getsockname()[1]}"
        settings = Settings.embedded(path, public_base_url=url)
        with closing(Database(settings.database_url)) as database:
            _prepare(database, responses=responses, seed=seed)
            started = _started(settings, database)

            from survey.app import create_app

            app = create_app(settings, database=database)
            serving.run(app, listener, threads=8, stop=Stop(), ready=lambda: _announce(started, style))


def _prepare(database: Database, *, responses: int, seed: int) -> None:
    from survey.services import demonstration

    database.upgrade()
    with database.reading() as session:
        if demonstration.is_prepared(session):
            return
        if not demonstration.is_empty(session):
            # Simulated answers and known accounts in a real installation would spoil it for good.
            raise Refusal(_("This file holds an installation that is no demonstration: give --db another file."))
    import numpy as np

    click.echo(_("Making the province's agencies and %(n)s simulated responses…", n=responses), err=True)
    with database.writing() as session:
        demonstration.prepare(session, now=_now(), responses=responses, rng=np.random.default_rng(seed))


def _started(settings: Settings, database: Database) -> Started:
    from survey.services import counters, demonstration

    passwords = {name: secrets.token_urlsafe(9) for name in (demonstration.OFFICER, demonstration.AGENCY_USER)}
    with database.writing() as session:
        demonstration.set_accounts(session, passwords=passwords)
        posters = counters.current_posters(session, now=_now())
    url = settings.public_base_url
    return Started(
        url=url,
        wave=demonstration.WAVE,
        counters=[_counter(settings, counter, poster) for counter, poster in posters],
        accounts=[
            {"user": name, "password": password, "role": role, "url": f"{url}/console/login"}
            for (name, password), role in zip(passwords.items(), ("officer", "agency"), strict=True)
        ],
    )


def _counter(settings: Settings, counter: CounterRef, poster: PosterRef) -> Mapping[str, str]:
    from survey.services import codes

    code = codes.code_for(poster.counter_id, poster.serial, key=settings.key(codes.KEY_PURPOSE))
    return {
        "agency": counter.agency.code,
        "agency_name": counter.agency.name,
        "counter": counter.code,
        "url": codes.answer_url(settings.public_base_url, code),
        "poster": f"{settings.public_base_url}/console/counters/{counter.code}",
    }


def _announce(started: Started, style: str) -> None:
    click.echo(json.dumps(started.document(), ensure_ascii=False) if style == "json" else _friendly(started))


def _friendly(started: Started) -> str:
    from survey.exports import qr

    first = started.counters[0]
    accounts = [f"    {account['user']}  {account['password']}  ({account['role']})" for account in started.accounts]
    return "\n".join(
        [
            "",
            _("The demonstration is running. All answers in it are simulated."),
            "",
            f"  {_('Results')}:  {started.url}/waves/{started.wave}",
            f"  {_('Console')}:  {started.url}/console/login",
            *accounts,
            "",
            _("Scan this, or open it, to answer at %(agency)s:", agency=first["agency_name"]),
            f"  {first['url']}",
            "",
            qr.terminal(first["url"]),
            _("To answer from a phone in this network: --bind 0.0.0.0 --public-url http://THIS-MACHINE:8000"),
            _("Stop with Ctrl-C."),
        ]
    )


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
