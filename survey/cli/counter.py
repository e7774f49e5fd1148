"""`sipas counter`: service points of agencies, and the posters printed for each."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import click

from survey import i18n
from survey.cli import installation
from survey.i18n import _, mark
from survey.services import agencies, counters
from survey.services.daytime import day_of
from survey.services.errors import NotFoundError

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from survey.services.counters import PosterState
    from survey.services.references import CounterRef


@click.group("counter", help=_("Service points of agencies."))
def command() -> None:
    pass


@command.command("add", help=_("Open a counter at an agency; `posters` prints its QR code."))
@click.argument("agency_code")
@click.option("--name", required=True, help=_("As its poster calls it."))
def add(*, agency_code: str, name: str) -> None:
    with installation.database() as database, database.writing() as session:
        agency = agencies.find(session, agency_code)
        if agency is None:
            raise NotFoundError(mark("There is no agency with the code {code}."), code=agency_code)
        counter = counters.make(session, agency, name=name)
    click.echo(counter.code)


@command.command("printings", help=_("List a counter's posters: serial, day of issue, and whether it is still good."))
@click.argument("counter_code")
def printings(*, counter_code: str) -> None:
    now = dt.datetime.now(dt.UTC)
    with installation.database() as database, database.reading() as session:
        for poster in counters.printings(session, _counter(session, counter_code)):
            issued = i18n.current().date(day_of(poster.issued_at))
            click.echo(f"{poster.serial}\t{issued}\t{_state_name(counters.state(poster, now=now))}")


@command.command("revoke", help=_("Withdraw one poster: whoever scans it is told so, and the others stay good."))
@click.argument("counter_code")
@click.option("--serial", required=True, type=click.IntRange(1), help=_("The number printed on the poster."))
def revoke(*, counter_code: str, serial: int) -> None:
    with installation.database() as database, database.writing() as session:
        counter = _counter(session, counter_code)
        poster = counters.find_printing(session, counter, serial)
        if poster is None:
            template = mark("Counter {code} has no poster no. {serial}: `sipas counter printings` lists those it has.")
            raise NotFoundError(template, code=counter_code, serial=serial)
        counters.revoke_code(session, poster, now=dt.datetime.now(dt.UTC))
    click.echo(_("Poster no. %(serial)s of %(counter)s is withdrawn.", serial=serial, counter=counter_code), err=True)


def _counter(session: Session, code: str) -> CounterRef:
    counter = counters.find(session, code)
    if counter is None:
        raise NotFoundError(mark("There is no counter with the code {code}."), code=code)
    return counter


def _state_name(state: PosterState) -> str:
    from survey.exports import wording

    return wording.poster_state(state, language=i18n.current())
