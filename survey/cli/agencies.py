"""`sipas agencies`: the units of the administration, and which took over from which."""

from __future__ import annotations

from pathlib import Path

import click

from survey import i18n
from survey.cli import installation
from survey.cli.rejections import said_line_by_line
from survey.i18n import _
from survey.services import agency_files

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group("agencies", help=_("Units of the administration, from files."))
def command() -> None:
    pass


@command.command("import", help=_("Add agencies, or change those whose code is known to what the file says."))
@click.argument("file", type=FILE)
def import_(*, file: Path) -> None:
    with installation.database() as database, database.writing() as session, said_line_by_line():
        kept = agency_files.save_agencies(session, file.read_bytes())
    click.echo(i18n.ngettext("%(num)s agency imported.", "%(num)s agencies imported.", kept), err=True)


@command.command("successions", help=_("Tell which agency took over from which, and on which day."))
@click.argument("file", type=FILE)
def successions(*, file: Path) -> None:
    with installation.database() as database, database.writing() as session, said_line_by_line():
        kept = agency_files.save_successions(session, file.read_bytes())
    click.echo(i18n.ngettext("%(num)s succession imported.", "%(num)s successions imported.", kept), err=True)
