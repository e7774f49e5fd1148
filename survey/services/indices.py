"""The indices of a wave: the one value that every page, file and API answer draws.

`index_table` sums the responses into cells, lets `analysis` turn them into indices and decide what may be seen, and
names everything in the reader's language. Nothing downstream computes; it only shows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import func, select

from analysis.cells import cells_from_sums
from analysis.disclosure import Audience, Reason, suppress
from analysis.index import index_by_domain, index_of_whole
from survey.engine import sql
from survey.i18n import mark
from survey.models import Response
from survey.services import agencies, questionnaires, waves
from survey.services.errors import NotFoundError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from sqlalchemy.orm import Session

    from analysis.disclosure import Suppression
    from analysis.index import DomainIndex
    from analysis.results import Estimate
    from forms.definition import Questionnaire
    from survey.services.references import AgencyRef, WaveRef

CONFIDENCE_LEVEL = 0.95
# The label of the total that the province's row shows, in the first group of totals.
_ALL = "all"
NOBODY = mark("Nobody answered")
TOO_SMALL = mark("Not shown: with so few answers here or at another agency, one person's answer could be found out.")
SOME_HIDDEN = mark("Dimensions that too few people answered are not shown.")


@dataclass(frozen=True, slots=True)
class IndexCell:
    """One index of one agency, in points from 0 to 100, with its uncertainty."""

    value: float
    low: float
    high: float
    standard_error: float | None
    respondents: int
    effective: float
    design_effect: float | None


@dataclass(frozen=True, slots=True)
class AgencyName:
    """What a reader needs to recognise an agency."""

    code: str
    name: str
    kind: str
    level: str


@dataclass(frozen=True, slots=True)
class IndexRow:
    """The dimensions of one agency, or of the whole province where `agency` is None.

    A suppressed row has no `respondents` and no cells; `reason` says why, as a message to translate. A dimension that
    nobody answered, or too few did, is None in a row that is shown.
    """

    agency: AgencyName | None
    respondents: int | None
    dimensions: Mapping[str, IndexCell | None]
    suppressed: bool = False
    reason: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class DimensionName:
    """A dimension as the reader's language calls it."""

    id: str
    name: str
    short: str


@dataclass(frozen=True, slots=True)
class WaveName:
    """The wave that a table is of."""

    code: str
    title: str
    is_simulated: bool
    opens_on: dt.date
    closes_on: dt.date
    questionnaire_hash: str


@dataclass(frozen=True, slots=True)
class IndexTable:
    """All indices of one wave and one stream: the province and its agencies."""

    wave: WaveName
    stream: str
    confidence_level: float
    interval_method: str
    dimensions: tuple[DimensionName, ...]
    province: IndexRow
    rows: tuple[IndexRow, ...]
    minimum_respondents: int


def index_table(
    session: Session, wave_code: str, *, stream: str, locale: str, audience: str = Audience.PUBLIC
) -> IndexTable:
    """All indices of one stream of a wave, as `audience` may see them."""
    wave = waves.find(session, wave_code)
    if wave is None:
        raise NotFoundError(mark("There is no wave with the code {code}."), code=wave_code)
    questionnaire = questionnaires.get(session, wave.questionnaire_hash)
    summed = _sum(session, wave, questionnaire, stream=stream)
    units = _units(session, wave, summed)
    hidden = _suppression(units, summed, audience=Audience(audience))
    return IndexTable(
        wave=_wave_name(wave),
        stream=stream,
        confidence_level=CONFIDENCE_LEVEL,
        interval_method=_method(summed.whole),
        dimensions=_dimension_names(questionnaire, locale),
        province=_province_row(summed, hidden),
        rows=tuple(_agency_row(unit, summed, hidden, place) for place, unit in enumerate(units)),
        minimum_respondents=hidden.minimum,
    )


def agency_indices(
    session: Session, wave_code: str, agency_code: str, *, stream: str, locale: str, audience: str = Audience.PUBLIC
) -> IndexTable:
    """The table with the row of one agency, hidden exactly where the whole table would hide it."""
    return narrowed(index_table(session, wave_code, stream=stream, locale=locale, audience=audience), agency_code)


def narrowed(table: IndexTable, agency_code: str) -> IndexTable:
    """The same table with the row of one agency only."""
    rows = tuple(row for row in table.rows if row.agency and row.agency.code == agency_code)
    if not rows:
        raise NotFoundError(mark("The agency {code} is not part of this wave."), code=agency_code)
    return replace(table, rows=rows)


def latest(session: Session) -> int:
    """The number of the last response kept; responses never change, so that tables hold until it does."""
    return session.scalar(select(func.max(Response.id))) or 0


@dataclass(frozen=True, slots=True)
class _Summed:
    """The indices of a stream before anything is hidden."""

    dimensions: tuple[str, ...]
    by_agency: Mapping[int, DomainIndex]
    whole: DomainIndex


def _sum(session: Session, wave: WaveRef, questionnaire: Questionnaire, *, stream: str) -> _Summed:
    dimensions = {one.id: (one.id,) for one in questionnaire.dimensions}
    measures = {one.id: one.items for one in questionnaire.dimensions}
    grouped = sql.sums(session, wave_id=wave.id, stream=stream, questionnaire=questionnaire, measures=measures)
    cells = cells_from_sums(
        grouped.domain, grouped.stratum, grouped.psu, respondents=grouped.respondents, sums=grouped.sums
    )
    return _Summed(
        dimensions=tuple(dimensions),
        by_agency={one.domain: one for one in index_by_domain(cells, dimensions=dimensions)},
        whole=index_of_whole(cells, dimensions=dimensions),
    )


def _units(session: Session, wave: WaveRef, summed: _Summed) -> list[AgencyRef]:
    """The agencies of the wave's last day, and any other that was answered for."""
    current = {agency.id for agency in agencies.listing(session, on=wave.closes_on)}
    return [agency for agency in agencies.listing(session) if agency.id in current or agency.id in summed.by_agency]


def _suppression(units: Sequence[AgencyRef], summed: _Summed, *, audience: Audience) -> Suppression:
    """What must not be shown beside the province's total, the only one that is."""
    counts = np.zeros((len(units), 1 + len(summed.dimensions)), dtype=np.int64)
    for place, unit in enumerate(units):
        if unit.id in summed.by_agency:
            counts[place] = _counts(summed.by_agency[unit.id])
    return suppress(counts, groups=[[_ALL] * len(units)], audience=audience)


def _counts(index: DomainIndex) -> list[int]:
    return [index.respondents, *(estimate.respondents if estimate else 0 for estimate in index.dimensions.values())]


def _agency_row(unit: AgencyRef, summed: _Summed, hidden: Suppression, place: int) -> IndexRow:
    agency = AgencyName(code=unit.code, name=unit.name, kind=unit.kind, level=unit.level)
    if hidden.hidden[place, 0]:
        return _suppressed(agency, summed, hidden.reasons[place][0])
    gone = dict(zip(summed.dimensions, hidden.hidden[place, 1:], strict=True))
    return _row(agency, summed.by_agency[unit.id], gone=gone)


def _province_row(summed: _Summed, hidden: Suppression) -> IndexRow:
    """The whole, less what would be the figure of one hidden agency."""
    whole = summed.whole
    lost = [(0, _ALL) in totals for totals in hidden.hidden_totals]
    if whole.respondents < hidden.minimum:
        return _suppressed(None, summed, Reason.TOO_FEW if whole.respondents else Reason.NOBODY)
    if lost[0]:
        return _suppressed(None, summed, Reason.COMPLEMENTARY)
    gone = {
        name: given_away or (estimate is not None and estimate.respondents < hidden.minimum)
        for (name, estimate), given_away in zip(whole.dimensions.items(), lost[1:], strict=True)
    }
    return _row(None, whole, gone=gone)


def _suppressed(agency: AgencyName | None, summed: _Summed, reason: Reason) -> IndexRow:
    # Telling the small agency from the one that covers it would narrow down how many answered at each.
    said = NOBODY if reason is Reason.NOBODY else TOO_SMALL
    return IndexRow(agency, None, dict.fromkeys(summed.dimensions), suppressed=True, reason=said)


def _row(agency: AgencyName | None, index: DomainIndex, *, gone: Mapping[str, bool]) -> IndexRow:
    shown = {name: None if gone[name] else estimate for name, estimate in index.dimensions.items()}
    notes = [estimate.note for estimate in shown.values() if estimate and estimate.note]
    if shown != index.dimensions:
        notes.append(SOME_HIDDEN)
    cells = {name: _cell(estimate) for name, estimate in shown.items()}
    return IndexRow(agency, index.respondents, cells, note=notes[0] if notes else None)


def _cell(estimate: Estimate | None) -> IndexCell | None:
    if estimate is None:
        return None
    interval = estimate.interval(confidence_level=CONFIDENCE_LEVEL)
    return IndexCell(
        value=100 * estimate.value,
        low=100 * interval.low,
        high=100 * interval.high,
        standard_error=None if estimate.standard_error is None else 100 * estimate.standard_error,
        respondents=estimate.respondents,
        effective=estimate.effective_respondents,
        design_effect=estimate.design_effect,
    )


def _method(whole: DomainIndex) -> str:
    """The interval's name; every share of the table has the same."""
    estimates = [estimate for estimate in whole.dimensions.values() if estimate]
    return estimates[0].interval(confidence_level=CONFIDENCE_LEVEL).method if estimates else ""


def _wave_name(wave: WaveRef) -> WaveName:
    return WaveName(
        code=wave.code,
        title=wave.title,
        is_simulated=wave.is_simulated,
        opens_on=wave.opens_on,
        closes_on=wave.closes_on,
        questionnaire_hash=wave.questionnaire_hash,
    )


def _dimension_names(questionnaire: Questionnaire, locale: str) -> tuple[DimensionName, ...]:
    return tuple(
        DimensionName(one.id, one.text.localised(locale), one.short.localised(locale))
        for one in questionnaire.dimensions
    )
