"""`sipas index`: the indices of a wave, with intervals, as the pages and the API give them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from survey import i18n
from survey.cli import installation
from survey.exports.report_tables import aligned
from survey.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from sqlalchemy.orm import Session

    from survey.i18n import Locale
    from survey.services.index_values import IndexRow, IndexTable


@click.command("index", help=_("Indices of a wave with their 95%% intervals, by agency."))
@click.option("--wave", required=True, help=_("Code of the wave."))
@click.option("--by", default="agency", type=click.Choice(["agency"]), help=_("What a row is."))
@click.option("--stream", default=None, type=click.Choice(["counter", "sample", "census"]), help=_("One stream only."))
@click.option("--audience", default="inside", type=click.Choice(["inside", "public"]), help=_("Who will read it."))
@click.option(
    "--weighting",
    default="design",
    type=click.Choice(["design", "transactions"]),
    help=_("What an agency counts for in the province: by the design's weights, or by its transactions."),
)
@click.option("--against", default=None, help=_("Code of the wave to compare with; by default the one before."))
@click.option(
    "--target", default=86.0, type=click.FloatRange(0, 100, min_open=True, max_open=True), help=_("Target in points.")
)
@click.option(
    "--minimum-to-rank", default=30, type=click.IntRange(1), help=_("Fewer respondents than that get no rank.")
)
@click.option(
    "--call-backs",
    default=None,
    type=click.File("rb"),
    help=_("A CSV file of people called back: agency, respondents and satisfied."),
)
@click.option(
    "--without-suspicious", is_flag=True, help=_("Leave out the answers that signals of gaming point to; inside only.")
)
@click.option("--db", "path", default=None, type=click.Path(exists=True, dir_okay=False), help=_("An SQLite file."))
@click.option(
    "--format", "style", default="table", type=click.Choice(["table", "csv", "json"]), help=_("How to print.")
)
def command(
    *, wave: str, by: str, stream: str | None, path: str | None, style: str, without_suspicious: bool, **asked: Any
) -> None:
    del by  # Agencies are the only rows yet; the option is part of the contract.
    if without_suspicious and asked["audience"] == "public":
        raise click.UsageError(_("A suspicion is nothing to publish: leave out --audience public."))
    from survey.services import waves

    language = i18n.current()
    with installation.database(path) as database, database.reading() as session:
        found = waves.find(session, wave)
        asked |= {"stream": stream or (found.stream if found else "counter"), "locale": language.code}
        if without_suspicious:
            asked["leave_out"] = _suspicious(session, wave, stream=asked["stream"])
        table = ASKED[style](session, wave, **asked)
    click.echo(STYLES[style](table, language), nl=False)


def _suspicious(session: Session, wave: str, *, stream: str) -> Collection[int]:
    from survey.services.integrity import suspicious_responses

    return suspicious_responses(session, wave, stream=stream)


def _indices(session: Session, wave: str, **asked: Any) -> IndexTable:
    """What a table of figures holds; the rest of what was asked is for decisions."""
    from survey.services.indices import index_table

    return index_table(session, wave, **{name: value for name, value in asked.items() if name not in DECIDING})


def _decisions(session: Session, wave: str, **asked: Any) -> IndexTable:
    from survey.cli.rejections import said_line_by_line
    from survey.services.call_backs import read_call_backs
    from survey.services.decisions import Question, decision_table

    deciding = {name: asked.pop(name) for name in DECIDING}
    file = deciding.pop("call_backs")
    with said_line_by_line():
        called = read_call_backs(session, file.read()) if file else {}
    return decision_table(session, wave, question=Question(called=called, **deciding), **asked)


def _as_table(table: IndexTable, language: Locale) -> str:
    head = [_("Agency"), "n", *(one.short for one in table.figures)]
    figures = aligned([head, *(_cells(row, table, language) for row in (table.province, *table.rows))])
    title = f"{table.wave.title} ({table.stream})"
    warning = [_("Simulated data")] if table.wave.is_simulated else []
    return "\n".join([title, *warning, "", figures, *_ways(table, language), ""])


def _ways(table: IndexTable, language: Locale) -> list[str]:
    """How the answers came, of every agency that has figures: a table for each classification."""
    from survey.exports import wording_of_ways as said

    lines = [f"{_(said.HEADING)}. {' '.join(said.meaning(language=language))}", ""]
    shown = [row for row in table.rows if not row.suppressed]
    for ways in said.WAYS:
        head = [_(ways.caption), "n", *said.columns(ways, language=language)]
        rows = [said.figures(ways, row, language=language) for row in (table.province, *shown)]
        names = [_("Agencies shown"), *(row.agency.name if row.agency else "" for row in shown)]
        figures = aligned([head, *([name, *row] for name, row in zip(names, rows, strict=True))])
        lines += [figures + said.covered(ways, table, language=language), ""]
    return lines[:-1]


def _cells(row: IndexRow, table: IndexTable, language: Locale) -> list[str]:
    name = row.agency.name if row.agency else _("All agencies")
    n = i18n.UNDEFINED if row.respondents is None else language.number(row.respondents)
    return [name, n, *(_figures(row, one.id, language) for one in table.figures)]


def _figures(row: IndexRow, dimension: str, language: Locale) -> str:
    cell = row.figure(dimension)
    if cell is None:
        return i18n.UNDEFINED
    return f"{language.number(cell.value, 2)} [{language.number(cell.low, 1)}–{language.number(cell.high, 1)}]"


def _as_csv(table: IndexTable, language: Locale) -> bytes:
    from survey.exports.indices_csv import indices_csv

    return indices_csv(table, language=language)


def _as_json(table: IndexTable, language: Locale) -> bytes:
    from survey.exports.indices_json import indices_json

    return indices_json(table, language=language)


# What only the JSON document answers.
DECIDING = ("against", "target", "minimum_to_rank", "call_backs")
ASKED: Mapping[str, Callable[..., IndexTable]] = {"table": _indices, "csv": _indices, "json": _decisions}
STYLES: Mapping[str, Callable[[IndexTable, Locale], str | bytes]] = {
    "table": _as_table,
    "csv": _as_csv,
    "json": _as_json,
}
