"""By which ways the answers came, as the pages of results show it: every figure as text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from survey.exports import wording_of_ways as said
from survey.services.vietnamese import sort_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from survey.exports.wording_of_ways import Ways
    from survey.i18n import Locale
    from survey.services.index_values import IndexRow, IndexTable


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of answers: how many, and which part of all."""

    text: str
    respondents: str
    share: str


@dataclass(frozen=True, slots=True)
class WaysLine:
    """The shares of one agency, or why there are none."""

    name: str
    agency: str
    figures: tuple[str, ...]
    reason: str | None


@dataclass(frozen=True, slots=True)
class WaysTable:
    """One classification: its kinds, or why they are not shown, and the agencies that were added up, if several."""

    id: str
    caption: str
    kinds: tuple[Kind, ...]
    reason: str | None
    covered: str | None
    columns: tuple[tuple[str, str], ...]
    agencies: tuple[WaysLine, ...]


@dataclass(frozen=True, slots=True)
class WaysSection:
    """What a page says of how the answers came."""

    heading: str
    meaning: tuple[str, ...]
    tables: tuple[WaysTable, ...]


def of_province(table: IndexTable, *, language: Locale) -> WaysSection:
    """The agencies whose shares are shown, together, and each agency that has figures."""
    shown = [row for row in table.rows if not row.suppressed]
    ordered = sorted(shown, key=lambda row: sort_key(row.agency.name if row.agency else ""))
    return _section(table, table.province, ordered, language=language)


def of_agency(table: IndexTable, row: IndexRow, *, language: Locale) -> WaysSection | None:
    """One agency; None where it has no figures at all."""
    return None if row.suppressed else _section(table, row, (), language=language)


def _section(table: IndexTable, row: IndexRow, agencies: Sequence[IndexRow], *, language: Locale) -> WaysSection:
    return WaysSection(
        heading=language.gettext(said.HEADING),
        meaning=said.meaning(language=language),
        tables=tuple(_table(ways, table, row, agencies, language=language) for ways in said.WAYS),
    )


def _table(
    ways: Ways, table: IndexTable, row: IndexRow, agencies: Sequence[IndexRow], *, language: Locale
) -> WaysTable:
    is_shown = ways.of(row) is not None
    return WaysTable(
        id=ways.name,
        caption=language.gettext(ways.caption),
        kinds=_kinds(ways, row, language),
        reason=None if is_shown else said.not_shown(row, table, language=language),
        covered=said.covered(ways, table, language=language) if is_shown and row.agency is None else None,
        columns=tuple((one, "number") for one in said.columns(ways, language=language)),
        agencies=tuple(_line(ways, table, one, language=language) for one in agencies),
    )


def _kinds(ways: Ways, row: IndexRow, language: Locale) -> tuple[Kind, ...]:
    shares = ways.of(row)
    if shares is None:
        return ()
    return tuple(
        Kind(
            said.kind(ways, one, language=language),
            language.number(shares.counts[one]),
            said.share(shares, one, language=language),
        )
        for one in ways.kinds
    )


def _line(ways: Ways, table: IndexTable, row: IndexRow, *, language: Locale) -> WaysLine:
    return WaysLine(
        name=row.agency.name if row.agency else "",
        agency=row.agency.code if row.agency else "",
        figures=said.figures(ways, row, language=language),
        reason=None if ways.of(row) else said.not_shown(row, table, language=language),
    )
