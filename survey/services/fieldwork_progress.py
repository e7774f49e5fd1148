"""How a fieldwork goes: by agency and stratum, against the quota, with AAPOR's rates; who is late; answers by day.

Never by primary unit, and nothing of what anybody answered (docs/decisions/0023).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from analysis.quality import outcome_rates
from survey.models import Agency, FieldWorker, Response, SampledUnit, Stream
from survey.services import dispositions, fieldworks
from survey.services.references import AgencyRef
from survey.services.vietnamese import sort_key

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy.orm import Session

    from survey.services.fieldworks import FieldworkRef, OutcomeGroup

# AAPOR's names: responses, cooperation, refusals, contacts.
RATES = ("RR1", "RR2", "RR4", "COOP1", "REF1", "CON1")


@dataclass(frozen=True, slots=True)
class Standing:
    """How it stands with some of the places.

    `quota` is how many were drawn, each a place: `answered`, `settled` (otherwise) and `still_open` by whoever holds it
    last add up to it. `rates` are those of the people drawn first; None where nobody can be counted. `substitutes` are
    those who have a place of somebody else, and how many of them answered.
    """

    quota: int
    answered: int
    settled: int
    still_open: int
    rates: Mapping[str, float | None]
    substitutes: int
    substitutes_answered: int


@dataclass(frozen=True, slots=True)
class ProgressRow:
    """One agency and stratum."""

    agency: AgencyRef
    stratum: str
    standing: Standing


@dataclass(frozen=True, slots=True)
class WorkerRow:
    """What one worker still has to do, and what of it should be done."""

    code: str
    name: str
    people: int
    still_open: int
    late: int
    next_due: dt.date | None


@dataclass(frozen=True, slots=True)
class DayRow:
    """Answers of one day, by the code of the agency."""

    day: dt.date
    answers: Mapping[str, int]

    @property
    def total(self) -> int:
        """Of all agencies."""
        return sum(self.answers.values())


@dataclass(frozen=True, slots=True)
class Progress:
    """How a fieldwork stands on a day."""

    fieldwork: FieldworkRef
    day: dt.date
    whole: Standing
    rows: tuple[ProgressRow, ...]
    workers: tuple[WorkerRow, ...]
    days: tuple[DayRow, ...]


def progress(session: Session, fieldwork: FieldworkRef, *, day: dt.date) -> Progress:
    """How it stands; after closing from the counts, when nobody is late any more."""
    groups = fieldworks.groups(session, fieldwork)
    known = {one.id: AgencyRef.of(one) for one in session.scalars(select(Agency))}
    kinds: dict[tuple[int, str], list[OutcomeGroup]] = {}
    for one in groups:
        kinds.setdefault((one.agency_id, one.stratum), []).append(one)
    rows = [ProgressRow(known[agency], stratum, standing(some)) for (agency, stratum), some in kinds.items()]
    return Progress(
        fieldwork=fieldwork,
        day=day,
        whole=standing(groups),
        rows=tuple(sorted(rows, key=lambda row: (row.agency.level, sort_key(row.agency.name), row.stratum))),
        workers=_workers(session, fieldwork, day),
        days=_days(session, fieldwork, known),
    )


def standing(groups: Sequence[OutcomeGroup]) -> Standing:
    """How it stands with those counted in these groups."""
    first = [one for one in groups if not one.is_substitute]
    holding = [one for one in groups if not one.is_replaced]
    substitutes = [one for one in groups if one.is_substitute]
    cases = dispositions.tally((one.final, one.n) for one in first)
    found = outcome_rates(cases)
    answered = _number(one for one in holding if one.answered)
    still_open = _number(one for one in holding if one.disposition is None)
    return Standing(
        quota=_number(first),
        answered=answered,
        settled=_number(holding) - answered - still_open,
        still_open=still_open,
        rates={name: None if (rate := found[name]) is None else rate.value for name in RATES},
        substitutes=_number(substitutes),
        substitutes_answered=_number(one for one in substitutes if one.answered),
    )


def _number(groups: Iterable[OutcomeGroup]) -> int:
    return sum(one.n for one in groups)


def _workers(session: Session, fieldwork: FieldworkRef, day: dt.date) -> tuple[WorkerRow, ...]:
    query = (
        select(FieldWorker.code, FieldWorker.name, SampledUnit.disposition, SampledUnit.due_on, func.count())
        .join(SampledUnit, SampledUnit.worker_id == FieldWorker.id)
        .where(FieldWorker.fieldwork_id == fieldwork.id, fieldworks.holds_a_place())
        .group_by(FieldWorker.code, FieldWorker.name, SampledUnit.disposition, SampledUnit.due_on)
    )
    counts: dict[tuple[str, str], list[tuple[str | None, dt.date | None, int]]] = {}
    for code, name, disposition, due, n in session.execute(query):
        counts.setdefault((code, name), []).append((disposition, due, n))
    return tuple(_worker(code, name, some, day) for (code, name), some in sorted(counts.items()))


def _worker(code: str, name: str, counts: Sequence[tuple[str | None, dt.date | None, int]], day: dt.date) -> WorkerRow:
    waiting = [(due, n) for disposition, due, n in counts if disposition is None]
    return WorkerRow(
        code=code,
        name=name,
        people=sum(n for _disposition, _due, n in counts),
        still_open=sum(n for _due, n in waiting),
        late=sum(n for due, n in waiting if due is not None and due < day),
        next_due=min((due for due, _n in waiting if due is not None and due >= day), default=None),
    )


def _days(session: Session, fieldwork: FieldworkRef, known: Mapping[int, AgencyRef]) -> tuple[DayRow, ...]:
    query = (
        select(Response.answered_on, Response.agency_id, func.count())
        .where(Response.wave_id == fieldwork.wave.id, Response.stream == Stream.SAMPLE)
        .group_by(Response.answered_on, Response.agency_id)
    )
    counts: dict[dt.date, Counter[str]] = {}
    for day, agency, n in session.execute(query):
        counts.setdefault(day, Counter())[known[agency].code] += n
    return tuple(DayRow(day, dict(sorted(counts[day].items()))) for day in sorted(counts))
