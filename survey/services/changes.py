"""What became of each agency since an earlier wave, where the questions allow the comparison."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import select

from analysis import succession
from analysis.comparison import Difference, difference
from analysis.decomposition import decompose
from analysis.multiplicity import benjamini_hochberg, holm
from analysis.overlap import wave_covariance
from analysis.pooling import restricted
from forms import loading
from forms.bridging import load_bridge
from forms.comparability import compare
from survey.i18n import mark
from survey.models import Response, Wave
from survey.services import agencies, transactions
from survey.services.decision_values import Change, Decomposed, Earlier, Past, Said
from survey.services.errors import ServiceError
from survey.services.references import WaveRef

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.orm import Session

    from analysis.results import Estimate
    from forms.comparability import Comparability, Reason
    from survey.services.indices import Prepared

HIDDEN_BEFORE = mark("Not shown: in the earlier wave too few answered here, or at an agency this one came from.")
NO_INDEX_NOW = mark("There is no index of this wave to compare.")
NO_EARLIER = mark("There is no earlier wave of this stream.")
NOT_EARLIER = mark("The wave {other} does not come before {wave}: choose an earlier one to compare with.")


def earlier_wave(session: Session, wave: WaveRef, *, stream: str) -> WaveRef | None:
    """The last wave with answers of this stream that had closed before this one did, simulated if this one is."""
    answered = select(Response.id).where(Response.wave_id == Wave.id, Response.stream == stream).exists()
    found = session.scalar(
        select(Wave)
        .where(Wave.opens_on < wave.opens_on, Wave.closes_on < wave.closes_on, Wave.is_simulated == wave.is_simulated)
        .where(answered)
        .order_by(Wave.closes_on.desc(), Wave.id.desc())
        .limit(1)
    )
    return WaveRef.of(found) if found else None


def check_earlier(wave: WaveRef, other: WaveRef) -> None:
    """Refuse a comparison against the direction of time."""
    if not (other.opens_on < wave.opens_on and other.closes_on < wave.closes_on):
        raise ServiceError(NOT_EARLIER, other=other.code, wave=wave.code)


def changes(session: Session, now: Prepared, before: Prepared) -> tuple[list[Past], Earlier]:
    """The change of each agency's overall index, in the order of `now.units`, and what of the waves compares."""
    verdicts = _comparability(now, before)
    earlier = _earlier(before, verdicts)
    broken = earlier.broken.get(now.summed.leading or "")
    if broken:
        return [Past(None, reason=broken[0]) for _ in now.units], earlier
    pasts = _Pasts(session, now, before)
    found = [pasts.of(place) for place in range(len(now.units))]
    return _adjusted(found), earlier


def decomposition(now: Prepared, before: Prepared) -> Decomposed | None:
    """Why the overall index of everybody changed: which agencies were answered for, or how they did.

    Of the agencies that are shown in both waves, since one that is left out alone would be what is missing from the
    province's index; None where there are none, or nothing compares.
    """
    found, earlier = now.summed.overall_cells(), before.summed.overall_cells()
    if found is None or earlier is None:
        return None
    (cells, measure), (others, other) = found, earlier
    both = _shown(now) & _shown(before)
    broken = _earlier(before, _comparability(now, before)).broken
    if not both or measure != other or (now.summed.leading or "") in broken:
        return None
    parts = decompose(restricted(cells, both), restricted(others, both), measure)
    return Decomposed(
        agencies=len(both),
        total=_part(parts.total),
        composition=_part(parts.composition),
        performance=_part(parts.performance),
    )


def _shown(found: Prepared) -> set[int]:
    return {unit.id for place, unit in enumerate(found.units) if found.overall(place)}


def in_points(found: Difference) -> Change:
    """A difference of shares as readers get it."""
    interval = found.interval()
    return Change(
        value=100 * found.value,
        standard_error=None if found.standard_error is None else 100 * found.standard_error,
        low=100 * interval.low,
        high=100 * interval.high,
        p_value=found.p_value,
    )


@dataclass(frozen=True, slots=True)
class _Found:
    """A change before its p-value is adjusted."""

    past: succession.Past | None
    difference: Difference | None
    reason: Said | None


class _Pasts:
    """The pasts of the agencies of a wave in an earlier one."""

    def __init__(self, session: Session, now: Prepared, before: Prepared) -> None:
        self.now, self.before = now, before
        self.estimates = {
            unit.code: before.overall(place)
            for place, unit in enumerate(before.units)
            if unit.id in before.summed.by_agency
        }
        self.gone = {unit.code for unit in before.units if unit.code in self.estimates} - {
            code for code, estimate in self.estimates.items() if estimate
        }
        codes = {agency.id: agency.code for agency in agencies.listing(session)}
        self.successions = [
            succession.Succession(codes[one.predecessor_id], codes[one.successor_id], one.on)
            for one in agencies.successions(session)
        ]
        self.surviving = {unit.code for unit in now.units}
        self.transactions = self._transactions(session, codes)
        self.covariance = _covariance(now, before)

    def of(self, place: int) -> _Found:
        """The change of one agency."""
        unit, estimate = self.now.units[place], self.now.overall(place)
        if estimate is None:
            return _Found(None, None, Said(NO_INDEX_NOW))
        past = succession.past_of(
            unit.code,
            self.estimates,
            self.successions,
            earlier=self.before.summed.wave.closes_on,
            later=self.now.summed.wave.closes_on,
            surviving=self.surviving,
            transactions=self.transactions,
        )
        # A past made without a hidden predecessor would be that of the others, under the name of all.
        if self.gone & {*past.merged_from, *(() if past.merged_from else (unit.code,))}:
            return _Found(None, None, Said(HIDDEN_BEFORE))
        if past.estimate is None:
            return _Found(past, None, Said(past.reason or ""))
        covariance = self.covariance.get((unit.code, unit.code), 0.0) if not past.merged_from else 0.0
        return _Found(past, difference(estimate, past.estimate, covariance=covariance), None)

    def _transactions(self, session: Session, codes: Mapping[int, str]) -> dict[str, float] | None:
        """Of the earlier wave, where every agency with answers has them: half known would weigh wrongly."""
        recorded = transactions.of_wave(session, self.before.summed.wave)
        if any(agency not in recorded for agency in self.before.summed.by_agency):
            return None
        return {codes[agency]: float(number) for agency, number in recorded.items()}


def _covariance(now: Prepared, before: Prepared) -> dict[tuple[str, str], float]:
    """Of each agency with itself in the earlier wave: not 0 where the same PSUs were visited again."""
    found, earlier = now.summed.overall_cells(), before.summed.overall_cells()
    if found is None or earlier is None:
        return {}
    (cells, measure), (others, other) = found, earlier
    if not set(cells.psus) & set(others.psus) or measure != other:
        return {}
    matrix = wave_covariance(cells, others, measure)
    place = {label: number for number, label in enumerate(others.domains)}
    codes = {unit.id: unit.code for unit in now.units}
    covariances = {
        (codes[label], codes[label]): float(matrix[number, place[label]])
        for number, label in enumerate(cells.domains)
        if label in place
    }
    return {pair: value for pair, value in covariances.items() if np.isfinite(value)}


def _adjusted(found: Sequence[_Found]) -> list[Past]:
    """The changes with p-values adjusted for all agencies of the table."""
    p_values = [one.difference.p_value if one.difference else None for one in found]
    both = zip(holm(p_values), benjamini_hochberg(p_values), strict=True)
    return [_past(one, *adjusted) for one, adjusted in zip(found, both, strict=True)]


def _past(found: _Found, by_holm: float | None, by_rate: float | None) -> Past:
    merged_from = found.past.merged_from if found.past else ()
    if found.difference is None:
        return Past(None, merged_from, found.reason)
    one = in_points(found.difference)
    change = Change(one.value, one.standard_error, one.low, one.high, one.p_value, by_holm, by_rate)
    return Past(change, merged_from)


def _comparability(now: Prepared, before: Prepared) -> Comparability:
    old, new = before.summed.questionnaire, now.summed.questionnaire
    # A decision may name any questionnaire that comes with the toolkit or was ever run.
    known = [old, new, *(loading.load(name) for name in loading.available())]
    return compare(old, new, bridge=load_bridge("questionnaires", questionnaires=known))


def _earlier(before: Prepared, verdicts: Comparability) -> Earlier:
    both: Mapping[str, Any] = {**verdicts.dimensions, **verdicts.composites}
    broken = {name: tuple(map(_said, verdict.reasons)) for name, verdict in both.items() if not verdict.comparable}
    return Earlier(before.summed.wave.code, before.summed.wave.title, broken)


def _said(reason: Reason) -> Said:
    return Said(reason.template, reason.values)


def _part(estimate: Estimate) -> Change:
    return in_points(difference(estimate, 0.0))


def against(estimate: Estimate | None, target: float) -> Change | None:
    """An index against a target, both from 0 to 1; in points."""
    return in_points(difference(estimate, target)) if estimate else None
