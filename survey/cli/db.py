"""`sipas db`: the database's form."""

from __future__ import annotations

import click

from survey.cli import installation
from survey.i18n import _


@click.group("db", help=_("Look after the database."))
def command() -> None:
    pass


@command.command("upgrade", help=_("Bring the database to the form this version needs; data are kept."))
def upgrade() -> None:
    with installation.database_as_found() as database:
        database.upgrade()
    click.echo(_("The database is up to date."), err=True)
