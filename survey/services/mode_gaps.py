"""The gap between the counter and the drawn sample, agency by agency. The two are never pooled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from analysis.comparison import difference
from analysis.quality import FEWEST_FOR_A_GAP
from survey.models import Response, Stream, Wave
from survey.services.changes import in_points
from survey.services.indices import prepare
from survey.services.references import WaveRef

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from analysis.results import Estimate
    from survey.services.decision_values import Change
    from survey.services.indices import Prepared

# The sign of a gap is that of the counter less the sample, whichever of the two is being read.
_OTHER = {Stream.COUNTER: (Stream.SAMPLE, 1), Stream.SAMPLE: (Stream.COUNTER, -1)}


def gaps(session: Session, now: Prepared) -> list[Change | None]:
    """One an agency: counter less sample, where both are shown to this audience and both have answers enough."""
    none: list[Change | None] = [None] * len(now.units)
    stream = Stream(now.summed.stream)
    if stream not in _OTHER:
        return none
    other, sign = _OTHER[stream]
    wave = _other_wave(session, now.summed.wave, other)
    if wave is None:
        return none
    beside = prepare(session, wave.code, stream=other, audience=now.audience)
    theirs = {unit.id: beside.overall(place) for place, unit in enumerate(beside.units)}
    return [_gap(now.overall(place), theirs.get(unit.id), sign=sign) for place, unit in enumerate(now.units)]


def _gap(ours: Estimate | None, theirs: Estimate | None, *, sign: int) -> Change | None:
    if ours is None or theirs is None or min(ours.respondents, theirs.respondents) < FEWEST_FOR_A_GAP:
        return None
    # Different people answered, so that the errors are independent.
    first, second = (ours, theirs) if sign > 0 else (theirs, ours)
    return in_points(difference(first, second))


def _other_wave(session: Session, wave: WaveRef, stream: Stream) -> WaveRef | None:
    """The wave that asked the other stream the same at the same time: this one, or one that overlaps it."""
    answered = select(Response.id).where(Response.wave_id == Wave.id, Response.stream == stream).exists()
    found = session.scalars(
        select(Wave)
        .where(Wave.questionnaire_hash == wave.questionnaire_hash, Wave.is_simulated == wave.is_simulated)
        .where(Wave.opens_on <= wave.closes_on, Wave.closes_on >= wave.opens_on, answered)
        .order_by((Wave.id != wave.id), Wave.opens_on.desc(), Wave.id.desc())
    ).first()
    return WaveRef.of(found) if found else None
