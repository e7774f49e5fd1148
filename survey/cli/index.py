"""`sipas index`: the indices of a wave, with intervals, as the pages and the API give them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from survey import i18n
from survey.cli import installation
from survey.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from survey.i18n import Locale
    from survey.services.indices import IndexRow, IndexTable


@click.command("index", help=_("Indices of a wave with their 95%% intervals, by agency."))
@click.option("--wave", required=True, help=_("Code of the wave."))
@click.option("--by", default="agency", type=click.Choice(["agency"]), help=_("What a row is."))
@click.option("--stream", default=None, type=click.Choice(["counter", "sample", "census"]), help=_("One stream only."))
@click.option("--audience", default="inside", type=click.Choice(["inside", "public"]), help=_("Who will read it."))
@click.option("--db", "path", default=None, type=click.Path(exists=True, dir_okay=False), help=_("An SQLite file."))
@click.option(
    "--format", "style", default="table", type=click.Choice(["table", "csv", "json"]), help=_("How to print.")
)
def command(*, wave: str, by: str, stream: str | None, audience: str, path: str | None, style: str) -> None:
    del by  # Agencies are the only rows yet; the option is part of the contract.
    from survey.services import indices, waves

    language = i18n.current()
    with installation.database(path) as database, database.reading() as session:
        found = waves.find(session, wave)
        chosen = stream or (found.stream if found else "counter")
        table = indices.index_table(session, wave, stream=chosen, locale=language.code, audience=audience)
    click.echo(STYLES[style](table, language), nl=False)


def _as_table(table: IndexTable, language: Locale) -> str:
    head = [_("Agency"), "n", *(one.short for one in table.dimensions)]
    rows = [head, *(_cells(row, table, language) for row in (table.province, *table.rows))]
    widths = [max(len(row[place]) for row in rows) for place in range(len(head))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    title = f"{table.wave.title} ({table.stream})"
    warning = [_("Simulated data")] if table.wave.is_simulated else []
    return "\n".join([title, *warning, "", *lines, ""])


def _cells(row: IndexRow, table: IndexTable, language: Locale) -> list[str]:
    name = row.agency.name if row.agency else _("All agencies")
    n = i18n.UNDEFINED if row.respondents is None else language.number(row.respondents)
    return [name, n, *(_figures(row, one.id, language) for one in table.dimensions)]


def _figures(row: IndexRow, dimension: str, language: Locale) -> str:
    cell = row.dimensions.get(dimension)
    if cell is None:
        return i18n.UNDEFINED
    return f"{language.number(cell.value, 2)} [{language.number(cell.low, 1)}–{language.number(cell.high, 1)}]"


def _as_csv(table: IndexTable, language: Locale) -> bytes:
    from survey.exports.indices_csv import indices_csv

    return indices_csv(table, language=language)


def _as_json(table: IndexTable, language: Locale) -> bytes:
    from survey.exports.indices_json import indices_json

    return indices_json(table, language=language)


STYLES: Mapping[str, Callable[[IndexTable, Locale], str | bytes]] = {
    "table": _as_table,
    "csv": _as_csv,
    "json": _as_json,
}
