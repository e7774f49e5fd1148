"""How hard the answers of each agency are to believe, for those inside: a suspicion is nothing to publish.

A flag drops no answer. The index without the answers that the signals point to stands beside the one with them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from analysis.integrity import gaming_risk, suspicious
from survey.engine.log import answer_log
from survey.i18n import mark
from survey.services import questionnaires, waves
from survey.services.decision_values import Risk, Said, Sign
from survey.services.errors import NotFoundError
from survey.services.index_sums import sum_wave
from survey.services.indices import cell_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.orm import Session

    from analysis.integrity import AgencyRisk, Component
    from analysis.results import Estimate
    from survey.services.index_sums import Summed


@dataclass(frozen=True, slots=True)
class Judged:
    """The risk of each agency by its number, the responses that signals point to, and the indices without them."""

    risks: Mapping[int, AgencyRisk]
    suspicious: frozenset[int]
    of_agency: Mapping[int, int]
    without: Mapping[int, Estimate | None]


def judge(
    session: Session, summed: Summed, *, call_backs: Mapping[int, tuple[float, float]] | None = None
) -> Judged | None:
    """The answers of a wave against what honest agencies show; None where there are none."""
    wave, questionnaire, stream = summed.wave, summed.questionnaire, summed.stream
    read = answer_log(session, wave_id=wave.id, stream=stream, questionnaire=questionnaire)
    if read is None:
        return None
    ids, log = read
    marked = suspicious(log)
    pointed_at = frozenset(ids[marked].tolist())
    known = {agency: gap for agency, gap in (call_backs or {}).items() if agency in log.agencies}
    return Judged(
        risks={risk.agency: risk for risk in gaming_risk(log, call_backs=known or None)},
        suspicious=pointed_at,
        of_agency=dict(
            zip(log.agencies, np.bincount(log.agency[marked], minlength=len(log.agencies)).tolist(), strict=True)
        ),
        without=_without(session, summed, pointed_at),
    )


def suspicious_responses(session: Session, wave_code: str, *, stream: str) -> frozenset[int]:
    """The numbers of the responses of a wave that signals point to, to be left out of a second table."""
    wave = waves.find(session, wave_code)
    if wave is None:
        raise NotFoundError(mark("There is no wave with the code {code}."), code=wave_code)
    questionnaire = questionnaires.get(session, wave.questionnaire_hash)
    read = answer_log(session, wave_id=wave.id, stream=stream, questionnaire=questionnaire)
    return frozenset() if read is None else frozenset(read[0][suspicious(read[1])].tolist())


def risk_of(judged: Judged, agency: int) -> Risk | None:
    """One agency's, as readers inside get it."""
    found = judged.risks.get(agency)
    if found is None:
        return None
    return Risk(
        score=found.score,
        flagged=found.flagged,
        signs=tuple(_sign(component) for component in found.components),
        suspicious=judged.of_agency[agency],
        without=cell_of(judged.without.get(agency)),
        reason=Said(found.reason, found.reason_values) if found.reason else None,
    )


def _sign(component: Component) -> Sign:
    return Sign(component.signal, component.value, component.expected, component.chance, Said(component.message))


def _without(session: Session, summed: Summed, pointed_at: frozenset[int]) -> dict[int, Estimate | None]:
    """The overall index of each agency without these responses."""
    if not pointed_at:
        return {agency: summed.overall(index) for agency, index in summed.by_agency.items()}
    rest = sum_wave(session, summed.wave, summed.questionnaire, stream=summed.stream, leave_out=pointed_at)
    return {agency: rest.overall(index) for agency, index in rest.by_agency.items()}
