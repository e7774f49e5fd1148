"""`sipas frame`: from a list of transactions or residents to what a sample is drawn from."""

from __future__ import annotations

import json
import secrets
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sampling.frame import PERIODS, Reason
from survey import i18n
from survey.cli.reading import reading_progress
from survey.cli.rejections import said_line_by_line
from survey.exports.report_tables import aligned
from survey.i18n import _, mark
from survey.services.frame_import import ONCE_PER, STRATA_OF, FrameWanted, import_frame

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from survey.services.frame_import import FrameReport, Unknown
    from survey.services.references import AgencyRef

DAY = click.DateTime(["%Y-%m-%d", "%d/%m/%Y"])
REASONS = {
    Reason.UNKNOWN_AGENCY: mark("Agency not known"),
    Reason.NOT_RECEIVED: mark("No result received"),
    Reason.NO_DAY: mark("No day"),
    Reason.OUTSIDE_PERIOD: mark("Outside the period"),
    Reason.DUPLICATE_PERSON: mark("Person already listed"),
}
LEVELS = {"department": mark("Departments"), "commune": mark("Communes")}
# What a terminal shows of a long list; JSON has all.
MOST_SHOWN = 20


@click.group("frame", help=_("The list that a sample is drawn from."))
def command() -> None:
    pass


@command.command(
    "import",
    help=_(
        "Make a frame of a list of transactions or residents, CSV or XLSX. Names, telephone and identity numbers stay "
        "behind; a person who is there twice is kept once."
    ),
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help=_("The frame's file: CSV or Parquet."))
@click.option("--strata", "strata_out", type=click.Path(path_type=Path), help=_("File of the strata and their sizes."))
@click.option(
    "--map",
    "mapping",
    multiple=True,
    metavar="ROLE=COLUMN",
    help=_("Which column is what: agency, field, day, status, person; person may be COLUMN+COLUMN."),
)
@click.option("--keep", default="", metavar="COL[,COL]", help=_("Further columns that the frame is to have."))
@click.option("--from", "first_day", type=DAY, help=_("First day of the period."))
@click.option("--to", "last_day", type=DAY, help=_("Last day of the period."))
@click.option("--received", multiple=True, help=_("Word of the status that says that a result was received."))
@click.option("--once-per", default="frame", type=click.Choice(ONCE_PER), help=_("Where a person is kept once."))
@click.option("--period", default="month", type=click.Choice(list(PERIODS)), help=_("What to count by."))
@click.option(
    "--stratum",
    default="agency",
    metavar="PART[,PART]",
    help=_("What strata are made of: agency, level, field, period."),
)
@click.option("--sheet", help=_("Sheet of the workbook; the first one unless given."))
@click.option(
    "--shipped-agencies", is_flag=True, help=_("Take the agencies that come with the toolkit, without an installation.")
)
@click.option("--format", "style", default="table", type=click.Choice(["table", "json"]))
def import_(
    *,
    file: Path,
    out: Path,
    strata_out: Path | None,
    first_day: datetime | None,
    last_day: datetime | None,
    keep: str,
    stratum: str,
    shipped_agencies: bool,
    style: str,
    **options: Any,
) -> None:
    wanted = FrameWanted(
        keep=_split(keep),
        stratum=_strata(stratum),
        first_day=first_day.date() if first_day else None,
        last_day=last_day.date() if last_day else None,
        **options,
    )
    known = _agencies(shipped=shipped_agencies)
    with said_line_by_line(), reading_progress() as progress:
        report = import_frame(
            file,
            wanted,
            agencies=known,
            out=out,
            strata_out=strata_out,
            random_bytes=secrets.token_bytes,
            progress=progress,
        )
    click.echo(STYLES[style](report), nl=False)


def _agencies(*, shipped: bool) -> list[AgencyRef]:
    from survey.cli import installation
    from survey.services import agencies

    if shipped:
        return agencies.shipped()
    with installation.database() as database, database.reading() as session:
        return agencies.listing(session)


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _strata(text: str) -> tuple[str, ...]:
    parts = _split(text)
    if not parts or not set(parts) <= set(STRATA_OF):
        raise click.BadParameter(
            _("strata are made of these: %(parts)s", parts=", ".join(STRATA_OF)), param_hint="--stratum"
        )
    return parts


def _as_json(report: FrameReport) -> str:
    values = asdict(report)
    for name in ("unknown_agencies", "other_statuses"):
        values[name] = [{"value": one["value"], "n": one["n"]} for one in values[name]]
    values["strata"] = [{"stratum": name, "N": n} for name, n in report.strata.items()]
    return json.dumps(values, ensure_ascii=False) + "\n"


def _as_table(report: FrameReport) -> str:
    number = i18n.current().number
    lines = [
        (_("File"), report.kind),
        *((_("Column of %(role)s", role=role), name) for role, name in report.columns.items()),
        (_("Rows read"), number(report.rows)),
        *(
            (f"  − {i18n.gettext(REASONS[reason])}", number(count))
            for reason, count in report.out_of_scope.items()
            if count
        ),
        (_("Units of the frame"), number(report.kept)),
    ]
    if "person" in report.columns:
        lines.append((_("Of these without an identity, not checked for duplicates"), number(report.unidentified)))
    else:
        lines.append((_("Duplicates"), _("not looked for: the list has no column of persons")))
    text = aligned(lines)
    for title, seen in (
        (_("Agencies that are not known"), report.unknown_agencies),
        (_("Statuses that do not count"), report.other_statuses),
    ):
        text += _titled(title, list(_unknowns(seen)), len(seen))
    return text + "".join(_counts(report))


def _unknowns(seen: Sequence[Unknown]) -> Iterator[tuple[str, str]]:
    for one in seen[:MOST_SHOWN]:
        remedy = i18n.current().translations.gettext(one.remedy) if one.remedy else ""
        said = remedy.format(value=one.value, **(one.values or {}))
        yield one.value or i18n.UNDEFINED, f"{i18n.current().number(one.n)}  {said}".rstrip()


def _counts(report: FrameReport) -> Iterator[str]:
    """The frame by each of what it is counted by; how they go together is in the JSON document and the strata."""
    for title, part in (
        (_("By level"), "level"),
        (_("By agency"), "agency"),
        (_("By field"), "field"),
        (_("By period"), "period"),
    ):
        sums: Counter[str] = Counter()
        for count in report.counts:
            sums[getattr(count, part)] += count.n
        if set(sums) == {""}:
            continue
        shown = sorted(sums.items()) if part == "period" else sums.most_common()
        lines = [(_label(part, name), i18n.current().number(n)) for name, n in shown[:MOST_SHOWN]]
        yield _titled(title, lines, len(sums))


def _label(part: str, name: str) -> str:
    return i18n.gettext(LEVELS[name]) if part == "level" else name or i18n.UNDEFINED


def _titled(title: str, lines: Sequence[tuple[str, str]], total: int) -> str:
    if not lines:
        return ""
    text = f"\n{title} ({i18n.current().number(total)})\n{aligned(lines)}"
    if total > len(lines):
        more = total - len(lines)
        text += i18n.ngettext("and %(num)s more", "and %(num)s more", more) + "\n"
    return text


STYLES = {"table": _as_table, "json": _as_json}
