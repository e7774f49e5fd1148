"""`sipas fieldwork record`, `substitute`, `dispositions`: what became of those who did not answer."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from survey import i18n
from survey.cli import installation
from survey.cli.rejections import said_line_by_line
from survey.i18n import _, mark
from survey.services import dispositions as codes
from survey.services import fieldwork_results as results
from survey.services import fieldworks
from survey.services.daytime import day_of

if TYPE_CHECKING:
    from survey.services.fieldwork_results import Substituted

DAY = click.DateTime(["%Y-%m-%d", "%d/%m/%Y"])
WHY = {
    "open": mark("not settled yet"),
    "answered": mark("answered"),
    "too few attempts": mark("not met, and not tried often enough"),
    "reserve used up": mark("the reserve is used up"),
}


@click.command("dispositions", help=_("The codes of what becomes of people: those of AAPOR that the fieldwork uses."))
def dispositions() -> None:
    for one in codes.DISPOSITIONS.values():
        said = [i18n.gettext(one.name)]
        if not one.by_hand:
            said.append(_("an answer sets it"))
        if one.needs_attempts:
            said.append(_("replaced only after the agreed attempts"))
        click.echo(f"{one.code}\t{'; '.join(said)}")


@click.command("record", help=_("Enter what became of people, from a CSV file: number, disposition, attempts, day."))
@click.argument("wave")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def record(*, wave: str, file: Path) -> None:
    today = day_of(dt.datetime.now(dt.UTC))
    with installation.database() as database, database.writing() as session:
        found = fieldworks.running(session, wave)
        units = results.units_by_number(session, found)
        with said_line_by_line():
            lines = results.read_results(
                file.read_bytes(), units, opened_on=min(day_of(found.opened_at), found.wave.opens_on), today=today
            )
        recorded = results.record(session, lines, today=today)
    said = i18n.ngettext(
        "%(num)s line entered, %(settled)s with a disposition.",
        "%(num)s lines entered, %(settled)s with a disposition.",
        recorded.lines,
        settled=i18n.current().number(recorded.settled),
    )
    click.echo(said, err=True)


@click.command(
    "substitute",
    help=_(
        "Give the places of those who will not answer to the reserve, in its order, within stratum and primary unit. "
        "Who is not met is replaced after the agreed number of attempts only."
    ),
)
@click.argument("wave")
@click.option("--due", type=DAY, help=_("The day until which they are to be reached."))
@click.option("--format", "style", default="table", type=click.Choice(["table", "json"]))
def substitute(*, wave: str, due: dt.datetime | None, style: str) -> None:
    day = due.date() if due else None
    with installation.database() as database, database.writing() as session:
        found = results.substitute(session, fieldworks.running(session, wave), due=day)
    click.echo(STYLES[style](found), nl=False)


def _as_json(found: Substituted) -> str:
    document = {
        "pairs": [{"replaced": one, "substitute": other} for one, other in found.pairs],
        "kept": {reason.value: n for reason, n in found.kept.items()},
        "exhausted": [
            {"agency": one.agency, "stratum": one.stratum, "psu": one.psu, "places": one.places}
            for one in found.exhausted
        ],
    }
    return json.dumps(document, ensure_ascii=False) + "\n"


def _as_table(found: Substituted) -> str:
    number = i18n.current().number
    lines = [_("Places given to the reserve: %(count)s", count=number(len(found.pairs)))]
    lines += [_("number %(number)s is replaced by %(substitute)s", number=a, substitute=b) for a, b in found.pairs]
    lines.append(_("Places kept:"))
    lines += [f"  {i18n.gettext(WHY[reason.value])}: {number(n)}" for reason, n in sorted(found.kept.items())]
    if found.exhausted:
        lines.append(_("Where the reserve is used up, and how many places wait:"))
        for one in found.exhausted:
            place = " / ".join(part for part in (one.agency, one.stratum, one.psu) if part)
            lines.append(f"  {place}: {number(one.places)}")
    return "\n".join(lines) + "\n"


STYLES = {"table": _as_table, "json": _as_json}
