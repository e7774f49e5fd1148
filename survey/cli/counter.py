"""`sipas counter`: service points of agencies."""

from __future__ import annotations

import click

from survey.cli import installation
from survey.i18n import _, mark
from survey.services import agencies, counters
from survey.services.errors import NotFoundError


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
