"""`sipas kiosk`: tablets at the exits."""

from __future__ import annotations

import datetime as dt
import secrets
from typing import TYPE_CHECKING

import click

from survey.cli import installation
from survey.i18n import _, mark
from survey.services import counters, kiosks
from survey.services.errors import NotFoundError

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from survey.services.references import CounterRef


@click.group("kiosk", help=_("Tablets at the exits, on which visitors answer one after the other."))
def command() -> None:
    pass


@command.command(
    "open", help=_("Open a kiosk: prints the address for the tablet and, on the next line, the PIN to leave it.")
)
@click.option("--counter", "counter_code", required=True, help=_("Code of the counter."))
@click.option("--ask-pin", is_flag=True, help=_("Ask for a PIN rather than make one."))
def open_kiosk(*, counter_code: str, ask_pin: bool) -> None:
    chosen = _asked() if ask_pin else None
    pin = chosen or f"{secrets.randbelow(10**kiosks.PIN_DIGITS):0{kiosks.PIN_DIGITS}}"
    settings = installation.settings()
    with installation.database() as database, database.writing() as session:
        kiosk = kiosks.make(session, _counter(session, counter_code), pin=pin, now=dt.datetime.now(dt.UTC))
    click.echo(kiosks.url_of(kiosk, base_url=settings.public_base_url, key=settings.key(kiosks.KEY_PURPOSE)))
    if chosen is None:
        click.echo(pin)


@command.command("close", help=_("Close a kiosk; what its tablet has not sent yet can no longer be sent."))
@click.argument("number", type=int)
def close(*, number: int) -> None:
    with installation.database() as database, database.writing() as session:
        kiosk = kiosks.close(session, number, now=dt.datetime.now(dt.UTC))
    click.echo(_("Kiosk %(number)s is closed.", number=kiosk.id), err=True)


@command.command("list", help=_("The kiosks: number, counter, and open or closed."))
@click.option("--counter", "counter_code", default=None, help=_("Code of the counter; without it, all."))
def listing(*, counter_code: str | None) -> None:
    with installation.database() as database, database.reading() as session:
        counter = _counter(session, counter_code) if counter_code else None
        for kiosk in kiosks.listing(session, counter=counter):
            state = _("closed") if kiosk.closed_at else _("open")
            click.echo(f"{kiosk.id}\t{kiosk.counter.code}\t{state}")


def _asked() -> str:
    pin: str = click.prompt(_("PIN"), hide_input=True, confirmation_prompt=True, err=True)
    return pin


def _counter(session: Session, code: str) -> CounterRef:
    counter = counters.find(session, code)
    if counter is None:
        raise NotFoundError(mark("There is no counter with the code {code}."), code=code)
    return counter
