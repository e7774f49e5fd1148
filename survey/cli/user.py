"""`sipas user`: accounts of the console."""

from __future__ import annotations

import secrets

import click

from survey.cli import installation
from survey.i18n import _, mark
from survey.services import agencies, users
from survey.services.errors import NotFoundError


@click.group("user", help=_("Look after the accounts of the console."))
def command() -> None:
    pass


@command.command("add", help=_("Add an account; its password is made here and shown once."))
@click.argument("name")
@click.option("--agency", "agency_code", default=None, help=_("Code of the agency; without it, an officer."))
def add(name: str, agency_code: str | None) -> None:
    password = secrets.token_urlsafe(12)
    with installation.database() as database, database.writing() as session:
        agency = agencies.find(session, agency_code) if agency_code else None
        if agency_code and agency is None:
            raise NotFoundError(mark("There is no agency with the code {code}."), code=agency_code)
        users.add(session, name=name, password=password, role="agency" if agency else "officer", agency=agency)
    click.echo(password)


@command.command("reset-password", help=_("Give an account a new password, shown once."))
@click.argument("name")
def reset_password(name: str) -> None:
    password = secrets.token_urlsafe(12)
    with installation.database() as database, database.writing() as session:
        users.reset_password(session, name, password)
    click.echo(password)
