"""`sipas wave`: runs of a questionnaire."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from forms import loading
from survey.cli import installation
from survey.i18n import _
from survey.services import waves

if TYPE_CHECKING:
    import datetime as dt

DAY = click.DateTime(["%Y-%m-%d"])


@click.group("wave", help=_("Runs of a questionnaire."))
def command() -> None:
    pass


@command.command("add", help=_("Begin a wave; the questionnaire is kept with it as it is now."))
@click.argument("code")
@click.option("--questionnaire", default="sipas-counter", help=_("A shipped definition, or a TOML file."))
@click.option("--title", required=True, help=_("As pages and documents call it."))
@click.option(
    "--stream", default="counter", type=click.Choice(["counter", "sample", "census"]), help=_("How they come.")
)
@click.option("--opens", required=True, type=DAY, help=_("First day on which answers are taken."))
@click.option("--closes", required=True, type=DAY, help=_("Last day on which answers are taken."))
def add(*, code: str, questionnaire: str, title: str, stream: str, opens: dt.datetime, closes: dt.datetime) -> None:
    definition = loading.load(questionnaire)
    with installation.database() as database, database.writing() as session:
        waves.create(
            session,
            definition,
            code=code,
            title=title,
            stream=stream,
            opens_on=opens.date(),
            closes_on=closes.date(),
        )
    click.echo(_("Wave %(code)s is ready.", code=code), err=True)
