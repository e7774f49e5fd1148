"""From indices to decisions: an agency's rank, its change, its distance to the target, and how far to believe it.

What is hidden from the audience takes no part in what it is told about the others, and suspicions stay inside.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from analysis.disclosure import Audience
from survey.i18n import mark
from survey.services import (
    call_backs,
    changes,
    drivers,
    integrity,
    mode_gaps,
    ranks,
    response_quality,
    small_areas,
    transactions,
    waves,
)
from survey.services.decision_values import Decided, Decision, Past, Said
from survey.services.errors import NotFoundError
from survey.services.index_sums import DESIGN
from survey.services.indices import prepare, table_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqlalchemy.orm import Session

    from survey.services.call_backs import Called
    from survey.services.decision_values import ModelBased
    from survey.services.index_values import IndexTable
    from survey.services.indices import Prepared
    from survey.services.references import WaveRef

# The province's own for 2026, in points (KH PAR/SIPAS Đắk Lắk 2026).
TARGET = 86.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What to decide by: the wave to compare with, the target in points, and who was called back, by agency."""

    against: str | None = None
    target: float = TARGET
    minimum_to_rank: int = ranks.MINIMUM
    called: Mapping[int, Called] = field(default_factory=dict)


def decision_table(
    session: Session,
    wave_code: str,
    *,
    stream: str,
    locale: str,
    audience: str = Audience.PUBLIC,
    weighting: str = DESIGN,
    leave_out: Collection[int] = (),
    question: Question | None = None,
) -> IndexTable:
    """The table of indices with what can be decided by them, without the responses `leave_out`."""
    asked = question or Question()
    now = prepare(session, wave_code, stream=stream, audience=audience, weighting=weighting, leave_out=leave_out)
    table = table_of(session, now, locale=locale)
    overall = [now.overall(place) for place in range(len(now.units))]
    modelled, no_model = small_areas.models(now.units, overall)
    before = _before(session, now, asked)
    pasts, earlier = changes.changes(session, now, before) if before else (_none(now), None)
    decisions = _decisions(session, now, asked, pasts=pasts, modelled=modelled)
    rows = tuple(
        row if row.suppressed else replace(row, decision=one) for row, one in zip(table.rows, decisions, strict=True)
    )
    bare = Decided(minimum_to_rank=asked.minimum_to_rank, target=asked.target, earlier=earlier, no_model=no_model)
    return replace(table, rows=rows, decided=_of_whole(session, now, before, bare))


def _decisions(
    session: Session,
    now: Prepared,
    asked: Question,
    *,
    pasts: Sequence[Past],
    modelled: Sequence[ModelBased | None],
) -> list[Decision]:
    overall = [now.overall(place) for place in range(len(now.units))]
    placed = ranks.ranks(now.summed, now.units, overall, minimum=asked.minimum_to_rank)
    judged = _judged(session, now, asked)
    gaps = mode_gaps.gaps(session, now)
    handled = transactions.of_wave(session, now.summed.wave)
    return [
        Decision(
            rank=placed[place],
            past=pasts[place],
            target=changes.against(overall[place], asked.target / 100),
            risk=integrity.risk_of(judged, unit.id) if judged else None,
            model=modelled[place],
            mode_gap=gaps[place],
            transactions=handled.get(unit.id),
            response_rate=response_quality.response_rate(now.summed, unit.id, handled),
        )
        for place, unit in enumerate(now.units)
    ]


def _judged(session: Session, now: Prepared, asked: Question) -> integrity.Judged | None:
    """How far to believe the answers: for those inside."""
    if now.audience is Audience.PUBLIC:
        return None
    return integrity.judge(session, now, call_backs=call_backs.gaps(now.summed, asked.called))


def _before(session: Session, now: Prepared, asked: Question) -> Prepared | None:
    """The wave asked for, or the last one before, as the same readers see it."""
    summed = now.summed
    wave = _asked_wave(session, summed.wave, asked) or changes.earlier_wave(session, summed.wave, stream=summed.stream)
    if wave is None:
        return None
    return prepare(session, wave.code, stream=summed.stream, audience=now.audience)


def _none(now: Prepared) -> list[Past]:
    return [Past(None, reason=Said(changes.NO_EARLIER))] * len(now.units)


def _asked_wave(session: Session, wave: WaveRef, asked: Question) -> WaveRef | None:
    if asked.against is None:
        return None
    other = waves.find(session, asked.against)
    if other is None:
        raise NotFoundError(mark("There is no wave with the code {code}."), code=asked.against)
    changes.check_earlier(wave, other)
    return other


def _of_whole(session: Session, now: Prepared, before: Prepared | None, bare: Decided) -> Decided:
    """What is said of the whole; what the province may not show, it does not explain either."""
    if now.hidden.province:
        return bare
    summed = now.summed
    fit, values, reason = drivers.drivers(session, summed)
    shown = [unit.id for place, unit in enumerate(now.units) if now.overall(place)]
    return replace(
        bare,
        decomposed=changes.decomposition(now, before) if before and not before.hidden.province else None,
        drivers=values,
        r_squared=fit.r_squared.value if fit and fit.r_squared else None,
        no_drivers=reason,
        way=drivers.way(session, summed, target=bare.target / 100, shown=shown),
        reliability=drivers.reliability(session, summed),
        item_gaps=response_quality.item_gaps(session, summed),
    )
