"""`sipas transactions`: what the answers of a wave are a share of."""

from __future__ import annotations

from pathlib import Path

import click

from survey import i18n
from survey.cli import installation
from survey.cli.rejections import said_line_by_line
from survey.i18n import _, mark
from survey.services import agencies, transactions, waves
from survey.services.errors import NotFoundError


@click.group("transactions", help=_("How many transactions agencies handled."))
def command() -> None:
    pass


@command.command(
    "import", help=_("Import each agency's transactions in a wave's period, in place of the figures it had.")
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--wave", required=True, help=_("Code of the wave."))
def import_(*, file: Path, wave: str) -> None:
    with installation.database() as database, database.writing() as session:
        found = waves.find(session, wave)
        if found is None:
            raise NotFoundError(mark("There is no wave with the code {code}."), code=wave)
        with said_line_by_line():
            figures = transactions.read_figures(file.read_bytes(), agencies=agencies.listing(session))
        kept = transactions.replace(session, found, figures)
    said = i18n.ngettext(
        "%(wave)s has the transactions of %(num)s agency.",
        "%(wave)s has the transactions of %(num)s agencies.",
        kept,
        wave=wave,
    )
    click.echo(said, err=True)
