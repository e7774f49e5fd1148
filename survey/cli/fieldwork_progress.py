"""`sipas fieldwork progress`: how it stands, by agency and stratum."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import click

from survey import i18n
from survey.cli import installation
from survey.i18n import _
from survey.services import fieldworks
from survey.services.daytime import day_of

if TYPE_CHECKING:
    from survey.services.fieldwork_progress import Progress


@click.command(
    "progress",
    help=_("How it stands by agency and stratum: quota, answers, AAPOR's rates, who is late, answers of each day."),
)
@click.argument("wave")
@click.option(
    "--date",
    "day",
    type=click.DateTime(["%Y-%m-%d"]),
    help=_("The day by which who is late is judged; today unless told."),
)
@click.option("--format", "style", default="table", type=click.Choice(["table", "csv", "json"]))
def progress(*, wave: str, day: dt.datetime | None, style: str) -> None:
    from survey.services import fieldwork_progress

    on = day.date() if day else day_of(dt.datetime.now(dt.UTC))
    with installation.database() as database, database.reading() as session:
        found = fieldwork_progress.progress(session, fieldworks.get(session, wave), day=on)
    click.echo(STYLES[style](found), nl=False)


def _as_table(found: Progress) -> str:
    from survey.exports.fieldwork_tables import progress_text

    return progress_text(found, i18n.current())


def _as_csv(found: Progress) -> str:
    from survey.exports.fieldwork_tables import progress_csv

    return progress_csv(found)


def _as_json(found: Progress) -> str:
    from survey.exports.fieldwork_tables import progress_json

    return progress_json(found)


STYLES = {"table": _as_table, "csv": _as_csv, "json": _as_json}
