"""What the pages of results show, prepared: every figure as text in the reader's notation, every mark in its place.

Pure functions from an `IndexTable` to frozen values; the templates loop over them and decide nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from survey.exports import chart, wording
from survey.i18n import UNDEFINED
from survey.models import AgencyLevel
from survey.services.vietnamese import sort_key
from survey.web.public import ways

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from survey.i18n import Locale
    from survey.services.index_values import DimensionName, IndexCell, IndexRow, IndexTable
    from survey.web.public.ways import WaysSection

BY_NAME, BY_INDEX = "name", "index"
ORDERS = (BY_NAME, BY_INDEX)
_LEVELS = tuple(AgencyLevel)


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a chart: whose index it is, the figures as text, and the mark, or why there is none."""

    name: str
    agency: str | None
    respondents: str
    index: str
    interval: str
    mark: chart.Mark | None
    reference: float | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Chart:
    """Dots and intervals on one axis, each in the table row that says the same in figures."""

    id: str
    caption: str
    first_column: str
    ticks: tuple[chart.Tick, ...]
    has_reference: bool
    lines: tuple[Line, ...]
    without_figures: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class TableLine:
    """One agency in the table of all dimensions."""

    name: str
    agency: str | None
    respondents: str
    indices: tuple[str, ...]
    reason: str | None


@dataclass(frozen=True, slots=True)
class Choice:
    """One way of seeing the page, and whether it is the one being seen."""

    value: str
    text: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class About:
    """What every page of results says besides its figures."""

    wave: str
    title: str
    period: str
    heading: str
    stream: str
    stream_name: str
    meaning: str
    is_simulated: bool
    how_to_read: str
    how_computed: tuple[str, ...]
    confidence: str


@dataclass(frozen=True, slots=True)
class ProvincePage:
    """The results of a wave: the province, and its agencies level by level."""

    about: About
    dimension: str
    dimension_name: str
    order: str
    dimensions: tuple[Choice, ...]
    orders: tuple[Choice, ...]
    province: IndexCell | None
    overview: Chart
    charts: tuple[Chart, ...]
    columns: tuple[tuple[str, str], ...]
    table: tuple[TableLine, ...]
    ways: WaysSection


@dataclass(frozen=True, slots=True)
class AgencyPage:
    """The results of one agency."""

    about: About
    name: str
    agency: str
    respondents: str
    reason: str | None
    note: str | None
    chart: Chart
    ways: WaysSection | None


def province_page(table: IndexTable, *, dimension: str | None, order: str | None, language: Locale) -> ProvincePage:
    """The page of a wave, seen by one figure; without a choice the one that speaks for the whole, which comes last."""
    shown = _chosen(table, dimension)
    order = order if order in ORDERS else BY_NAME
    rows = _ordered(table.rows, shown.id, order)
    return ProvincePage(
        about=about(table, language=language),
        dimension=shown.id,
        dimension_name=shown.name,
        order=order,
        dimensions=tuple(Choice(one.id, one.short, one.id == shown.id) for one in table.figures),
        orders=_orders(order, language),
        province=table.province.figure(shown.id),
        overview=_dimension_chart(table, table.province, language=language),
        charts=_level_charts(table, rows, shown, language=language),
        columns=tuple((one.short, "number") for one in table.figures),
        table=tuple(_table_line(row, table, language) for row in (table.province, *rows)),
        ways=ways.of_province(table, language=language),
    )


def agency_page(table: IndexTable, row: IndexRow, *, language: Locale) -> AgencyPage:
    """The page of one agency of `table`."""
    return AgencyPage(
        about=about(table, language=language),
        name=_name(row, language),
        agency=row.agency.code if row.agency else "",
        respondents=language.number(row.respondents),
        reason=_reason(row, table, language),
        note=language.gettext(row.note) if row.note else None,
        chart=_dimension_chart(table, row, language=language),
        ways=ways.of_agency(table, row, language=language),
    )


def about(table: IndexTable, *, language: Locale) -> About:
    """What must stand beside every figure of `table`."""
    return About(
        wave=table.wave.code,
        title=table.wave.title,
        period=language.gettext(
            "from %(first)s to %(last)s",
            first=language.date(table.wave.opens_on),
            last=language.date(table.wave.closes_on),
        ),
        heading=wording.stream_heading(table.stream, language=language),
        stream=table.stream,
        stream_name=wording.stream_name(table.stream, language=language),
        meaning=wording.stream_meaning(table.stream, language=language),
        is_simulated=table.wave.is_simulated,
        how_to_read=wording.how_to_read(table, language=language),
        how_computed=wording.how_computed(table, language=language),
        confidence=wording.confidence(table, language=language),
    )


def _chosen(table: IndexTable, dimension: str | None) -> DimensionName:
    return next((one for one in table.figures if one.id == dimension), table.figures[-1])


def _ordered(rows: Iterable[IndexRow], dimension: str, order: str) -> list[IndexRow]:
    """Level by level, because agencies are compared within a level only."""
    by_name = sorted(rows, key=lambda row: (_level(row), sort_key(row.agency.name if row.agency else "")))
    if order == BY_NAME:
        return by_name
    return sorted(by_name, key=lambda row: (_level(row), _descending(row.figure(dimension))))


def _level(row: IndexRow) -> int:
    return _LEVELS.index(row.agency.level) if row.agency else 0


def _descending(cell: IndexCell | None) -> tuple[bool, float]:
    # Unrounded, and whoever has no index stands at the end.
    return (cell is None, -cell.value if cell else 0.0)


def _orders(order: str, language: Locale) -> tuple[Choice, ...]:
    texts = {BY_NAME: language.gettext("by name"), BY_INDEX: language.gettext("by index")}
    return tuple(Choice(value, texts[value], value == order) for value in ORDERS)


def _level_charts(
    table: IndexTable, rows: Sequence[IndexRow], dimension: DimensionName, *, language: Locale
) -> tuple[Chart, ...]:
    names = {
        AgencyLevel.DEPARTMENT: language.gettext("Departments"),
        AgencyLevel.COMMUNE: language.gettext("Communes and wards"),
    }
    province = table.province.figure(dimension.id)
    # One axis for the page: a reader compares its charts by eye.
    axis = chart.axis_of([province, *(row.figure(dimension.id) for row in rows)])
    return tuple(
        _level_chart(
            level,
            f"{name}: {dimension.name}",
            [_agency_line(row, table, dimension.id, axis=axis, language=language) for row in members],
            ticks=axis.ticks,
            language=language,
        )
        for level, name in names.items()
        if (members := [row for row in rows if row.agency and row.agency.level == level])
    )


def _level_chart(
    level: str, caption: str, lines: Sequence[Line], *, ticks: tuple[chart.Tick, ...], language: Locale
) -> Chart:
    return Chart(
        id=level,
        caption=caption,
        first_column=language.gettext("Agency"),
        ticks=ticks,
        has_reference=any(line.reference is not None for line in lines),
        lines=tuple(line for line in lines if line.mark),
        # Named apart: in the first weeks of a wave they would be most of the rows.
        without_figures=tuple(line for line in lines if not line.mark),
    )


def _agency_line(row: IndexRow, table: IndexTable, dimension: str, *, axis: chart.Axis, language: Locale) -> Line:
    return _line(
        _name(row, language),
        row.figure(dimension),
        axis=axis,
        language=language,
        reference=_position(table.province.figure(dimension), axis),
        agency=row.agency.code if row.agency else None,
        reason=_reason(row, table, language),
    )


def _dimension_chart(table: IndexTable, row: IndexRow, *, language: Locale) -> Chart:
    ids = [figure.id for figure in table.figures]
    compared = {one: table.province.figure(one) for one in ids} if row.agency else {}
    axis = chart.axis_of([*(row.figure(one) for one in ids), *compared.values()])
    return Chart(
        id="dimensions",
        caption=language.gettext("Index of each dimension"),
        first_column=language.gettext("Dimension"),
        ticks=axis.ticks,
        has_reference=any(compared.values()),
        lines=tuple(
            _line(
                dimension.name,
                row.figure(dimension.id),
                axis=axis,
                language=language,
                reference=_position(compared.get(dimension.id), axis),
            )
            for dimension in table.figures
        ),
    )


def _line(
    name: str,
    cell: IndexCell | None,
    *,
    axis: chart.Axis,
    language: Locale,
    reference: float | None = None,
    agency: str | None = None,
    reason: str | None = None,
) -> Line:
    return Line(
        name=name,
        agency=agency,
        respondents=language.number(cell.respondents if cell else None),
        index=language.number(cell.value if cell else None, 2),
        interval=wording.interval(cell, language=language) if cell else UNDEFINED,
        mark=chart.mark(cell, axis) if cell else None,
        reference=reference,
        reason=reason if reason or cell else language.gettext("Too few answers"),
    )


def _table_line(row: IndexRow, table: IndexTable, language: Locale) -> TableLine:
    cells = [row.figure(dimension.id) for dimension in table.figures]
    return TableLine(
        name=_name(row, language),
        agency=row.agency.code if row.agency else None,
        respondents=language.number(row.respondents),
        indices=tuple(language.number(cell.value if cell else None, 2) for cell in cells),
        reason=_reason(row, table, language),
    )


def _position(cell: IndexCell | None, axis: chart.Axis) -> float | None:
    return axis.position(cell.value) if cell else None


def _reason(row: IndexRow, table: IndexTable, language: Locale) -> str | None:
    return wording.reason(row, table, language=language) if row.suppressed else None


def _name(row: IndexRow, language: Locale) -> str:
    return row.agency.name if row.agency else language.gettext("Whole province")
