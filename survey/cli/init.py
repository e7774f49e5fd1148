"""`sipas init`: a new installation."""

from __future__ import annotations

import secrets

import click

from survey.cli import installation
from survey.i18n import _, ngettext
from survey.services import agencies, users


@click.command("init", help=_("Make a new installation: database, the province's agencies, a first account."))
@click.option("--officer", default="so-noi-vu", help=_("Name of the first account."))
def command(officer: str) -> None:
    with installation.database_as_found() as database:
        database.upgrade()
        with database.writing() as session:
            added = agencies.load_seed(session)
            click.echo(ngettext("%(num)s agency added.", "%(num)s agencies added.", added), err=True)
            if users.exists(session, officer):
                return
            password = secrets.token_urlsafe(12)
            users.add(session, name=officer, password=password)
        click.echo(_("Account %(name)s, password (shown once): %(password)s", name=officer, password=password))
