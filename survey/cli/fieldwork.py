"""`sipas fieldwork`: from a drawn sample to what weights are made of, and forgetting who was drawn."""

from __future__ import annotations

import datetime as dt
import importlib
import random
from pathlib import Path
from typing import TYPE_CHECKING

import click

from survey import i18n
from survey.cli import Refusal, installation
from survey.cli.reading import reading_progress
from survey.cli.rejections import said_line_by_line
from survey.i18n import _
from survey.services import (
    agencies,
    fieldwork_closing,
    fieldwork_contacts,
    fieldwork_export,
    fieldwork_opening,
    fieldworks,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from survey.db import Database
    from survey.services.fieldwork_export import Mismatch

# What a terminal shows of a long list.
MOST_SHOWN = 20
# Modules whose commands belong here, by the name of the command.
ELSEWHERE = {
    "letters": "fieldwork_letters",
    "workers": "fieldwork_work",
    "assign": "fieldwork_work",
    "sheet": "fieldwork_work",
    "dispositions": "fieldwork_results",
    "record": "fieldwork_results",
    "substitute": "fieldwork_results",
    "progress": "fieldwork_progress",
    "call-backs": "fieldwork_call_backs",
    "agreement": "fieldwork_call_backs",
}


class _Group(click.Group):
    """Imports a module when one of its commands is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*super().list_commands(ctx), *ELSEWHERE]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in ELSEWHERE:
            return super().get_command(ctx, cmd_name)
        module = importlib.import_module(f"survey.cli.{ELSEWHERE[cmd_name]}")
        found: click.Command = getattr(module, cmd_name.replace("-", "_"))
        return found


@click.group("fieldwork", cls=_Group, help=_("Ask those who were drawn, and forget who they were."))
def command() -> None:
    pass


@command.command("open", help=_("Begin the fieldwork of a wave with the sample that design select wrote."))
@click.argument("wave")
@click.option("--sample", required=True, type=click.Path(path_type=Path), help=_("The drawn sample: CSV or Parquet."))
@click.option("--reserve", type=click.Path(path_type=Path), help=_("The substitutes, as --reserve-out wrote them."))
@click.option(
    "--attempts",
    default=3,
    show_default=True,
    type=click.IntRange(1, 20),
    help=_("Visits or letters before somebody who is not met may be replaced."),
)
@click.option("--unit", default="unit", show_default=True, help=_("Column of the frame's numbers."))
@click.option("--agency", default="agency", show_default=True, help=_("Column of the agencies, by code or name."))
@click.option("--stratum", default="stratum", show_default=True, help=_("Column of strata."))
@click.option("--psu", help=_("Column of the primary units: communes, days."))
@click.option("--weight", default="weight", show_default=True, help=_("Column of the base weights."))
def open_(*, wave: str, sample: Path, reserve: Path | None, attempts: int, **columns: str) -> None:
    named = fieldwork_opening.DrawnColumns(**columns)
    with installation.database() as database, database.writing() as session:
        found = fieldworks.wave_of(session, wave)
        known = agencies.listing(session)
        with said_line_by_line(sample):
            drawn = fieldwork_opening.read_sample(sample, named, agencies=known)
        spare: tuple[fieldwork_opening.DrawnUnit, ...] = ()
        if reserve is not None:
            with said_line_by_line(reserve):
                spare = fieldwork_opening.read_reserve(reserve, named, agencies=known, sample=drawn)
        fieldwork_opening.open_fieldwork(
            session,
            found,
            fieldwork_opening.Drawn(drawn, spare),
            attempts_needed=attempts,
            rng=random.SystemRandom(),
            now=dt.datetime.now(dt.UTC),
        )
    number = i18n.current().number
    click.echo(
        _(
            "The fieldwork of %(wave)s is open: %(sample)s people drawn, %(reserve)s in reserve.",
            wave=wave,
            sample=number(len(drawn)),
            reserve=number(len(spare)),
        ),
        err=True,
    )


@command.command(
    "contacts",
    help=_(
        "Look up how to reach those who were drawn in the office's own list, CSV or XLSX. What leads there is a column "
        "that the frame kept; it is read from the drawn sample again and stored nowhere."
    ),
)
@click.argument("wave")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--sample",
    "samples",
    required=True,
    multiple=True,
    type=click.Path(path_type=Path),
    help=_("The drawn sample; given again, the reserve."),
)
@click.option("--match", required=True, help=_("Column of the list that tells its rows apart."))
@click.option("--match-sample", help=_("The same column in the sample, if it has another name there."))
@click.option("--unit", default="unit", show_default=True, help=_("Column of the frame's numbers."))
@click.option("--name", required=True, help=_("Column of the list with the name."))
@click.option("--address", help=_("Column of the list with the address."))
@click.option("--phone", help=_("Column of the list with the telephone number."))
@click.option("--sheet", help=_("Sheet of the workbook; the first one unless given."))
def contacts(
    *,
    wave: str,
    file: Path,
    samples: Sequence[Path],
    match: str,
    match_sample: str | None,
    unit: str,
    name: str,
    address: str | None,
    phone: str | None,
    sheet: str | None,
) -> None:
    if not (address or phone):
        raise click.UsageError(_("Name a column to reach people by: --address, --phone or both."))
    wanted = fieldwork_contacts.ContactColumns(match=match, name=name, address=address, phone=phone)
    with said_line_by_line(), reading_progress() as progress:
        units = fieldwork_contacts.units_by_match(samples, unit=unit, match=match_sample or match)
        found = fieldwork_contacts.look_up(file, wanted, units, sheet=sheet, progress=progress)
    with installation.database() as database:
        with database.writing() as session:
            kept = fieldwork_contacts.keep(session, fieldworks.running(session, wave), found)
        # Contacts that were known before may have been replaced.
        overwrite(database, fieldworks.CONTACTS)
    click.echo(
        i18n.ngettext(
            "%(num)s person can be reached, of %(rows)s rows of the list.",
            "%(num)s people can be reached, of %(rows)s rows of the list.",
            kept.found,
            rows=i18n.current().number(found.rows),
        ),
        err=True,
    )
    if kept.without:
        click.echo(_("Without a contact, by number: %(numbers)s", numbers=numbers(kept.without)), err=True)
    if kept.ambiguous:
        said = _(
            "The list has several people for these numbers, so that none was taken: %(numbers)s",
            numbers=numbers(kept.ambiguous),
        )
        click.echo(said, err=True)


@command.command("erase-contacts", help=_("Erase names, addresses and telephone numbers before the fieldwork closes."))
@click.argument("wave")
def erase_contacts(*, wave: str) -> None:
    with installation.database() as database:
        with database.writing() as session:
            erased = fieldwork_contacts.erase(session, fieldworks.get(session, wave))
        overwrite(database, fieldworks.CONTACTS)
    click.echo(i18n.ngettext("%(num)s contact erased.", "%(num)s contacts erased.", erased), err=True)
    _warn()


@command.command(
    "close",
    help=_(
        "End the fieldwork: what became of everybody is counted, and units, contacts and codes are erased. It cannot "
        "be undone."
    ),
)
@click.argument("wave")
@click.option("--yes", is_flag=True, help=_("Do not ask whether it is meant."))
@click.option("--early", is_flag=True, help=_("Although answers may still come in, which will be refused."))
def close(*, wave: str, yes: bool, early: bool) -> None:
    now = dt.datetime.now(dt.UTC)
    with installation.database() as database:
        with database.reading() as session:
            found = fieldworks.get(session, wave)
            if found.closed_at is None and not early:
                fieldwork_closing.check_over(found, now=now)
            if found.closed_at is None and not yes and not _is_meant(wave):
                raise Refusal(_("Nothing was changed."))
        with database.writing() as session:
            running = fieldworks.running(session, wave)
            unlike = fieldwork_export.mismatches(session, running)
            closed = fieldwork_closing.close(session, running, now=now)
        overwrite(database, *fieldworks.TABLES)
    number = i18n.current().number
    click.echo(
        _(
            "The fieldwork of %(wave)s is closed: %(answered)s of %(places)s places answered. Erased: %(units)s units, "
            "%(contacts)s contacts.",
            wave=wave,
            answered=number(closed.answered),
            places=number(closed.places),
            units=number(closed.units_erased),
            contacts=number(closed.contacts_erased),
        ),
        err=True,
    )
    if closed.unsettled:
        click.echo(
            i18n.ngettext(
                "%(num)s person was not settled: counted as not tried (3.11) or as written to in vain (3.19).",
                "%(num)s people were not settled: counted as not tried (3.11) or as written to in vain (3.19).",
                closed.unsettled,
            ),
            err=True,
        )
    say_mismatches(unlike)
    _warn()


@command.command(
    "export",
    help=_(
        "Write a row for everybody who holds a place, with the answers of those who gave any: what `sipas weights` "
        "takes. Nothing in it leads to a person."
    ),
)
@click.argument("wave")
@click.option("--out", required=True, type=click.Path(path_type=Path), help=_("A file that ends in .csv or .parquet."))
def export(*, wave: str, out: Path) -> None:
    with installation.database() as database, database.reading() as session:
        exported = fieldwork_export.table(session, fieldworks.get(session, wave))
    fieldwork_export.write(exported, out)
    number = i18n.current().number
    click.echo(
        _(
            "%(file)s: %(responses)s answers, %(others)s people without.",
            file=out,
            responses=number(exported.responses),
            others=number(exported.others),
        ),
        err=True,
    )
    say_mismatches(exported.mismatches)


def overwrite(database: Database, *tables: str) -> None:
    """Overwrite what was deleted from these tables, or say that it has to be done again."""
    if not database.rewrite(*tables):
        click.echo(
            _(
                "The database was being read all the while, so that its log still has what was erased: run "
                "`sipas fieldwork erase-contacts` once more when nobody reads."
            ),
            err=True,
        )


def say_mismatches(found: Sequence[Mismatch]) -> None:
    """Say where there are not as many answers as people who answered."""
    if not found:
        return
    click.echo(_("There are not as many answers as people who answered:"), err=True)
    for one in found[:MOST_SHOWN]:
        place = " / ".join(part for part in (one.agency, one.stratum, one.psu) if part)
        said = _(
            "%(place)s: answered %(answered)s, answers %(responses)s",
            place=place,
            answered=one.answered,
            responses=one.responses,
        )
        click.echo(f"  {said}", err=True)


def numbers(given: Sequence[int]) -> str:
    """The first of some numbers, and how many they are."""
    shown = ", ".join(map(str, given[:MOST_SHOWN])) + (", …" if len(given) > MOST_SHOWN else "")
    return f"{shown} ({i18n.current().number(len(given))})"


def _is_meant(wave: str) -> bool:
    question = _(
        "Close the fieldwork of %(wave)s? Afterwards nobody can be reminded, replaced or called back.", wave=wave
    )
    return click.confirm(question, err=True)


def _warn() -> None:
    click.echo(
        _(
            "Backups from before still have names, addresses and codes: delete them, and the sheets, letters and lists "
            "that were printed or written to files."
        ),
        err=True,
    )
