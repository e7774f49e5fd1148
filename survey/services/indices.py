"""The indices of a wave: the one value that every page, file and API answer draws.

`index_table` sums the responses into cells, lets `analysis` turn them into indices and decide what may be seen, and
names everything in the reader's language. Nothing downstream computes; it only shows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import func, select

from analysis.disclosure import Audience
from survey.engine.sql import numbered
from survey.i18n import mark
from survey.models import Response
from survey.services import agencies, questionnaires, transactions, waves
from survey.services.errors import NotFoundError
from survey.services.hiding import Gone, Hidden, counts_of, hidden
from survey.services.index_sums import DESIGN, TRANSACTIONS, Summed, by_transactions, sum_wave
from survey.services.index_values import (
    AgencyName,
    CompositeName,
    DimensionName,
    IndexCell,
    IndexRow,
    IndexTable,
    WaveName,
)
from survey.services.ways import with_shares

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sqlalchemy.orm import Session

    from analysis.index import DomainIndex
    from analysis.results import Estimate
    from forms.definition import Questionnaire
    from survey.services.references import AgencyRef, WaveRef

CONFIDENCE_LEVEL = 0.95
NOBODY = mark("Nobody answered")
TOO_SMALL = mark("Not shown: with so few answers here or at another agency, one person's answer could be found out.")
SOME_HIDDEN = mark("Dimensions that too few people answered are not shown.")


@dataclass(frozen=True, slots=True)
class Prepared:
    """The indices of a stream, its agencies, and what of them `audience` may not see."""

    summed: Summed
    units: tuple[AgencyRef, ...]
    hidden: Hidden
    audience: Audience

    def overall(self, place: int) -> Estimate | None:
        """The leading composite of an agency, None where it is not shown."""
        if self.hidden.rows[place] or (self.summed.leading or "") in self.hidden.indices[place].composites:
            return None
        return self.summed.overall(self.summed.by_agency.get(self.units[place].id))


def index_table(
    session: Session,
    wave_code: str,
    *,
    stream: str,
    locale: str,
    audience: str = Audience.PUBLIC,
    weighting: str = DESIGN,
    leave_out: Collection[int] = (),
) -> IndexTable:
    """All indices of one stream of a wave, as `audience` may see them, without the responses `leave_out`."""
    found = prepare(session, wave_code, stream=stream, audience=audience, weighting=weighting, leave_out=leave_out)
    return table_of(session, found, locale=locale)


def prepare(
    session: Session,
    wave_code: str,
    *,
    stream: str,
    audience: str = Audience.PUBLIC,
    weighting: str = DESIGN,
    leave_out: Collection[int] = (),
) -> Prepared:
    """The indices before they are named and drawn, and what must be hidden of them."""
    wave = waves.find(session, wave_code)
    if wave is None:
        raise NotFoundError(mark("There is no wave with the code {code}."), code=wave_code)
    summed = sum_wave(session, wave, questionnaires.get(session, wave.questionnaire_hash), stream=stream)
    units = tuple(_units(session, wave, summed))
    found = Prepared(summed, units, hidden(summed, units, audience=Audience(audience)), Audience(audience))
    if leave_out:
        found = without(session, found, leave_out)
    if weighting == TRANSACTIONS:
        counted = [unit.id for unit, whole in zip(units, found.hidden.whole, strict=True) if whole]
        handled = transactions.of_wave(session, wave)
        found = replace(found, summed=by_transactions(found.summed, handled, counted=counted))
    return found


def without(session: Session, found: Prepared, leave_out: Collection[int]) -> Prepared:
    """The same indices without these responses, wherever nobody is found out by subtracting one from the other.

    At an agency that is shown whole, those left out and those that stay must be none or at least the minimum, of all
    and of every dimension and composite; at any other all responses stay. So what is hidden is what was hidden before.
    """
    summed = found.summed
    asked = {"stream": summed.stream}
    rest = sum_wave(session, summed.wave, summed.questionnaire, leave_out=leave_out, **asked)
    kept_apart = {unit.id for place, unit in enumerate(found.units) if _may_be_parted(found, rest, place)}
    query = select(Response.id).where(numbered(Response.id, leave_out), Response.agency_id.in_(kept_apart))
    parted = session.scalars(query).all()
    return replace(found, summed=sum_wave(session, summed.wave, summed.questionnaire, leave_out=parted, **asked))


def _may_be_parted(found: Prepared, rest: Summed, place: int) -> bool:
    if not found.hidden.whole[place]:
        return False
    agency, minimum = found.units[place].id, found.hidden.minimum
    counts = np.array(counts_of(found.summed, found.summed.by_agency[agency]))
    stay = np.array(counts_of(rest, rest.by_agency.get(agency)))
    parts = np.concatenate([stay, counts - stay])
    return bool(stay[0] >= minimum and ((parts == 0) | (parts >= minimum)).all())


def table_of(session: Session, found: Prepared, *, locale: str) -> IndexTable:
    """The table as a reader of that language gets it."""
    summed = found.summed
    table = IndexTable(
        wave=_wave_name(summed.wave),
        stream=summed.stream,
        confidence_level=CONFIDENCE_LEVEL,
        interval_method=_method(summed.whole),
        dimensions=_dimension_names(summed.questionnaire, locale),
        province=_province_row(found),
        rows=tuple(_agency_row(found, place) for place in range(len(found.units))),
        minimum_respondents=found.hidden.minimum,
        composites=_composite_names(summed.questionnaire, locale),
        weighting=summed.weighting,
        left_out=summed.left_out,
        covers=summed.covers,
        disclosure=found.hidden.disclosure,
    )
    return with_shares(session, found, table)


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


def _units(session: Session, wave: WaveRef, summed: Summed) -> list[AgencyRef]:
    """The agencies of the wave's last day, and any other that was answered for."""
    current = {agency.id for agency in agencies.listing(session, on=wave.closes_on)}
    return [agency for agency in agencies.listing(session) if agency.id in current or agency.id in summed.by_agency]


def _agency_row(found: Prepared, place: int) -> IndexRow:
    unit = found.units[place]
    agency = AgencyName(code=unit.code, name=unit.name, kind=unit.kind, level=unit.level)
    if found.hidden.rows[place]:
        return _suppressed(agency, found.summed, nobody=unit.id not in found.summed.by_agency)
    return _row(agency, found.summed.by_agency[unit.id], gone=found.hidden.indices[place])


def _province_row(found: Prepared) -> IndexRow:
    """The whole, less what would be the figure of one hidden agency."""
    whole = found.summed.whole
    if found.hidden.province:
        return _suppressed(None, found.summed, nobody=not whole.respondents)
    return _row(None, whole, gone=found.hidden.of_province)


def _suppressed(agency: AgencyName | None, summed: Summed, *, nobody: bool) -> IndexRow:
    # Telling the small agency from the one that covers it would narrow down how many answered at each.
    said = NOBODY if nobody else TOO_SMALL
    return IndexRow(
        agency,
        None,
        dict.fromkeys(summed.dimensions),
        dict.fromkeys(summed.plan.members),
        suppressed=True,
        reason=said,
    )


def _row(agency: AgencyName | None, index: DomainIndex, *, gone: Gone) -> IndexRow:
    dimensions = _seen(index.dimensions, gone.dimensions)
    composites = _seen(index.composites, gone.composites)
    notes = [one.note for one in (*dimensions.values(), *composites.values()) if one and one.note]
    if dimensions != index.dimensions:
        notes.append(SOME_HIDDEN)
    return IndexRow(
        agency,
        index.respondents,
        {name: cell_of(estimate) for name, estimate in dimensions.items()},
        {name: cell_of(estimate) for name, estimate in composites.items()},
        note=notes[0] if notes else None,
    )


def _seen(estimates: Mapping[str, Estimate | None], gone: frozenset[str]) -> dict[str, Estimate | None]:
    return {name: None if name in gone else estimate for name, estimate in estimates.items()}


def cell_of(estimate: Estimate | None) -> IndexCell | None:
    """An estimate in points, with its interval."""
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


def _composite_names(questionnaire: Questionnaire, locale: str) -> tuple[CompositeName, ...]:
    return tuple(
        CompositeName(one.id, one.text.localised(locale), one.kind.value) for one in questionnaire.index.composites
    )


def _dimension_names(questionnaire: Questionnaire, locale: str) -> tuple[DimensionName, ...]:
    return tuple(
        DimensionName(one.id, one.text.localised(locale), one.short.localised(locale))
        for one in questionnaire.dimensions
    )
