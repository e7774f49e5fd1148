"""How hard the answers of each agency are to believe, for those inside: a suspicion is nothing to publish.

A flag drops no answer. The index without the answers that the signals point to stands beside the one with them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from analysis.integrity import gaming_risk, suspicious
from survey.engine.log import answer_log
from survey.services.decision_values import Risk, Said, Sign
from survey.services.indices import cell_of, prepare, without

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
    from sqlalchemy.orm import Session

    from analysis.answer_log import AnswerLog
    from analysis.integrity import AgencyRisk, Component
    from analysis.results import Estimate
    from survey.services.index_sums import Summed
    from survey.services.indices import Prepared


@dataclass(frozen=True, slots=True)
class Judged:
    """The risk of each agency by its number, how many of its responses signals point to, and the index without these.

    There is no index without where subtracting it from the index with them would tell what single persons answered.
    """

    risks: Mapping[int, AgencyRisk]
    suspicious: Mapping[int, int]
    without: Mapping[int, Estimate | None]


def judge(
    session: Session, found: Prepared, *, call_backs: Mapping[int, tuple[float, float]] | None = None
) -> Judged | None:
    """The answers of a wave against what honest agencies show; None where there are none."""
    read = _log(session, found.summed)
    if read is None:
        return None
    ids, log = read
    marked = suspicious(log)
    counted = np.bincount(log.agency[marked], minlength=len(log.agencies)).tolist()
    suspicious_at = dict(zip(log.agencies, counted, strict=True))
    known = {agency: gap for agency, gap in (call_backs or {}).items() if agency in log.agencies}
    return Judged(
        risks={risk.agency: risk for risk in gaming_risk(log, call_backs=known or None)},
        suspicious=suspicious_at,
        without=_without(session, found, ids[marked].tolist(), suspicious_at=suspicious_at),
    )


def suspicious_responses(session: Session, wave_code: str, *, stream: str) -> frozenset[int]:
    """The numbers of the responses of a wave that signals point to."""
    read = _log(session, prepare(session, wave_code, stream=stream).summed)
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
        suspicious=judged.suspicious[agency],
        without=cell_of(judged.without.get(agency)),
        reason=Said(found.reason, found.reason_values) if found.reason else None,
    )


def _sign(component: Component) -> Sign:
    return Sign(component.signal, component.value, component.expected, component.chance, Said(component.message))


def _log(session: Session, summed: Summed) -> tuple[NDArray[np.int64], AnswerLog] | None:
    return answer_log(session, wave_id=summed.wave.id, stream=summed.stream, questionnaire=summed.questionnaire)


def _without(
    session: Session, found: Prepared, pointed_at: Sequence[int], *, suspicious_at: Mapping[int, int]
) -> dict[int, Estimate | None]:
    """The overall index of each agency without these responses; None where they had to stay."""
    rest = without(session, found, pointed_at) if pointed_at else found
    return {
        unit.id: rest.overall(place)
        for place, unit in enumerate(found.units)
        if not suspicious_at.get(unit.id) or _respondents(rest, unit.id) < _respondents(found, unit.id)
    }


def _respondents(found: Prepared, agency: int) -> int:
    index = found.summed.by_agency.get(agency)
    return index.respondents if index else 0
