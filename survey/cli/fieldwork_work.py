"""`sipas fieldwork workers`, `assign`, `sheet`: who visits or writes to whom, and until when."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from survey import i18n
from survey.cli import installation
from survey.cli.private_files import private_file
from survey.cli.rejections import said_line_by_line
from survey.i18n import _
from survey.services import agencies, fieldwork_results, fieldwork_workers, fieldworks

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from survey.services.fieldwork_workers import Load

DAY = click.DateTime(["%Y-%m-%d", "%d/%m/%Y"])


@click.command(
    "workers",
    help=_(
        "Add interviewers, post offices and the Front's branches, from a CSV file: code, name, kind; and agency, for "
        "who reaches the people of that agency alone."
    ),
)
@click.argument("wave")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def workers(*, wave: str, file: Path) -> None:
    with installation.database() as database, database.writing() as session:
        found = fieldworks.running(session, wave)
        with said_line_by_line():
            lines = fieldwork_workers.read_workers(file.read_bytes(), agencies=agencies.listing(session))
        kept = fieldwork_workers.keep_workers(session, found, lines)
    click.echo(i18n.ngettext("%(num)s worker is known.", "%(num)s workers are known.", kept), err=True)


@click.command(
    "assign",
    help=_(
        "Share out those who have nobody yet among the workers, evenly and with primary units whole; or as a CSV file "
        "says: number, worker, due."
    ),
)
@click.argument("wave")
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--by",
    default="psu",
    show_default=True,
    type=click.Choice(fieldwork_workers.KEPT_WHOLE),
    help=_("What one worker gets whole."),
)
@click.option("--due", type=DAY, help=_("The day until which they are to be reached."))
def assign(*, wave: str, file: Path | None, by: str, due: dt.datetime | None) -> None:
    day = due.date() if due else None
    with installation.database() as database, database.writing() as session:
        found = fieldworks.running(session, wave)
        if file is None:
            loads = fieldwork_workers.assign(session, found, by=by, due=day)
        else:
            units = fieldwork_results.units_by_number(session, found)
            with said_line_by_line():
                lines = fieldwork_workers.read_assignments(file.read_bytes(), session, found, units=units)
            loads = fieldwork_workers.keep_assignments(session, found, lines, due=day)
    _say(loads)


@click.command(
    "sheet",
    help=_(
        "Write the list of a worker's people, CSV for Excel: it comes back with dispositions for record. It has names "
        "and addresses: give it to that worker alone, and delete it afterwards."
    ),
)
@click.argument("wave")
@click.option("--worker", required=True, help=_("Code of the worker."))
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help=_("A new file."))
def sheet(*, wave: str, worker: str, out: Path) -> None:
    with installation.database() as database, database.reading() as session:
        found = fieldworks.not_closed(session, wave)
        rows = fieldwork_workers.sheet(session, found, worker)
    said = i18n.ngettext("%(file)s has %(num)s person.", "%(file)s has %(num)s people.", len(rows), file=out)
    with private_file(out, fieldwork_workers.sheet_csv(rows)):
        click.echo(said, err=True)


def _say(loads: Sequence[Load]) -> None:
    number = i18n.current().number
    for one in loads:
        click.echo("\t".join([one.code, one.name, number(one.people), number(one.still_open)]))
