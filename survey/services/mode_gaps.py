"""The gap between the counter and the drawn sample, agency by agency. The two are never pooled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from analysis.quality import mode_gaps
from survey.models import Response, Stream, Wave
from survey.services.changes import in_points
from survey.services.indices import prepare
from survey.services.references import WaveRef

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from analysis.results import Estimate
    from survey.services.decision_values import Change
    from survey.services.indices import Prepared

_OTHER = {Stream.COUNTER: Stream.SAMPLE, Stream.SAMPLE: Stream.COUNTER}


def gaps(session: Session, now: Prepared) -> list[Change | None]:
    """One an agency: counter less sample, whichever of the two is read, of what is shown of both to this audience."""
    stream = Stream(now.summed.stream)
    wave = _other_wave(session, now.summed.wave, _OTHER[stream]) if stream in _OTHER else None
    if wave is None:
        return [None] * len(now.units)
    beside = prepare(session, wave.code, stream=_OTHER[stream], audience=now.audience)
    of_stream = {stream: _overall(now), _OTHER[stream]: _overall(beside)}
    found = {one.agency: one.gap for one in mode_gaps(of_stream[Stream.COUNTER], of_stream[Stream.SAMPLE])}
    return [in_points(found[unit.id]) if unit.id in found else None for unit in now.units]


def _overall(found: Prepared) -> dict[int, Estimate | None]:
    return {unit.id: found.overall(place) for place, unit in enumerate(found.units)}


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
