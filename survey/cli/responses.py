"""`sipas responses`: answers from files."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click

from survey import i18n
from survey.cli import installation
from survey.cli.rejections import said_line_by_line
from survey.i18n import _, mark
from survey.services import importing, questionnaires, waves
from survey.services.errors import NotFoundError


@click.group("responses", help=_("Answers from files."))
def command() -> None:
    pass


@command.command(
    "import", help=_("Import responses from a CSV file: all of it, or nothing and every fault with its line.")
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--wave", required=True, help=_("Code of the wave."))
@click.option("--stream", default=None, type=click.Choice(["counter", "sample", "census"]), help=_("How they came."))
def import_(*, file: Path, wave: str, stream: str | None) -> None:
    with installation.database() as database, database.writing() as session:
        found = waves.find(session, wave)
        if found is None:
            raise NotFoundError(mark("There is no wave with the code {code}."), code=wave)
        questionnaire = questionnaires.get(session, found.questionnaire_hash)
        into = importing.destination(session, found, stream=stream)
        with said_line_by_line():
            batch = importing.read_responses(file.read_bytes(), questionnaire, into=into)
            kept = importing.save(session, batch, received_at=dt.datetime.now(dt.UTC))
    said = i18n.ngettext(
        "%(num)s response imported into %(wave)s.", "%(num)s responses imported into %(wave)s.", kept, wave=wave
    )
    click.echo(said, err=True)
