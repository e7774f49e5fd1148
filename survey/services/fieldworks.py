"""The fieldwork of a wave: which there is, whether it still runs, and its units counted by kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import aliased, joinedload

from survey.i18n import mark
from survey.models import Contact, Fieldwork, FieldWorker, FieldworkOutcome, SampledUnit, Wave
from survey.services import dispositions, waves
from survey.services.errors import NotFoundError, ServiceError
from survey.services.references import WaveRef

if TYPE_CHECKING:
    import datetime as dt

    from sqlalchemy import ColumnElement, Select
    from sqlalchemy.orm import Session

    _Groups = Select[*tuple[Any, ...]]

# What closing deletes from, to be written anew afterwards.
CONTACTS = Contact.__tablename__
TABLES = (CONTACTS, SampledUnit.__tablename__, FieldWorker.__tablename__)


@dataclass(frozen=True, slots=True)
class FieldworkRef:
    """The fieldwork of one wave."""

    id: int
    wave: WaveRef
    attempts_needed: int
    opened_at: dt.datetime
    closed_at: dt.datetime | None

    @classmethod
    def of(cls, row: Fieldwork) -> FieldworkRef:
        """The value of a row."""
        return cls(row.id, WaveRef.of(row.wave), row.attempts_needed, row.opened_at, row.closed_at)


@dataclass(frozen=True, slots=True)
class OutcomeGroup:
    """How many people of one kind came to the same end. `disposition` is None of those who are not settled yet."""

    agency_id: int
    stratum: str
    psu: str | None
    weight: float
    is_substitute: bool
    is_replaced: bool
    disposition: str | None
    attempted: bool
    n: int

    @property
    def final(self) -> str:
        """The disposition if nothing more came."""
        return dispositions.final(self.disposition, attempted=self.attempted)

    @property
    def answered(self) -> bool:
        """Whether their answers are there."""
        return self.disposition == dispositions.ANSWERED

    @property
    def place(self) -> tuple[int, str, str | None, float]:
        """Within what those who answered cannot be told apart."""
        return self.agency_id, self.stratum, self.psu, self.weight


def find(session: Session, wave: WaveRef) -> FieldworkRef | None:
    """The fieldwork of a wave, or None."""
    row = session.scalar(select(Fieldwork).where(Fieldwork.wave_id == wave.id).options(joinedload(Fieldwork.wave)))
    return FieldworkRef.of(row) if row else None


def get(session: Session, wave_code: str) -> FieldworkRef:
    """The fieldwork of the wave of that code; raises NotFoundError."""
    wave = wave_of(session, wave_code)
    found = find(session, wave)
    if found is None:
        raise NotFoundError(
            mark("The wave {wave} has no fieldwork: `sipas fieldwork open {wave}` begins it."), wave=wave.code
        )
    return found


def not_closed(session: Session, wave_code: str) -> FieldworkRef:
    """The same, which knows yet who was drawn."""
    found = get(session, wave_code)
    if found.closed_at is not None:
        raise ServiceError(
            mark("The fieldwork of {wave} is closed, and nobody knows any more who was drawn."), wave=wave_code
        )
    return found


def running(session: Session, wave_code: str) -> FieldworkRef:
    """The same, to be changed: it is held until the transaction ends, so that no answer comes in between."""
    held = select(Fieldwork.id).join(Wave).where(Wave.code == wave_code).with_for_update(of=Fieldwork)
    session.execute(held).one_or_none()
    return not_closed(session, wave_code)


def wave_of(session: Session, code: str) -> WaveRef:
    """The wave of that code; raises NotFoundError."""
    wave = waves.find(session, code)
    if wave is None:
        raise NotFoundError(mark("There is no wave with the code {code}."), code=code)
    return wave


def holds_a_place() -> ColumnElement[bool]:
    """Whether a unit is of the sample or replaces somebody, and nobody replaces it."""
    return or_(SampledUnit.reserve_order.is_(None), SampledUnit.replaces_id.is_not(None)) & ~is_replaced()


def is_replaced() -> ColumnElement[bool]:
    """Whether somebody of the reserve has the unit's place."""
    substitute = aliased(SampledUnit)
    return exists().where(substitute.replaces_id == SampledUnit.id)


def groups(session: Session, fieldwork: FieldworkRef) -> list[OutcomeGroup]:
    """Everybody who holds or held a place, counted by kind: from the units, or from what is left of them."""
    query = _counts(fieldwork) if fieldwork.closed_at is None else _outcomes(fieldwork)
    return [OutcomeGroup(*row) for row in session.execute(query)]


def _counts(fieldwork: FieldworkRef) -> _Groups:
    kind = (
        SampledUnit.agency_id,
        SampledUnit.stratum,
        SampledUnit.psu,
        SampledUnit.weight,
        SampledUnit.replaces_id.is_not(None).label("is_substitute"),
        is_replaced().label("is_replaced"),
        SampledUnit.disposition,
        # Whoever has a code was written to.
        or_(SampledUnit.attempts > 0, SampledUnit.code_hash.is_not(None)).label("attempted"),
    )
    units = (
        select(*kind)
        .where(SampledUnit.fieldwork_id == fieldwork.id)
        .where(or_(SampledUnit.reserve_order.is_(None), SampledUnit.replaces_id.is_not(None)))
        .subquery()
    )
    return select(*units.c, func.count()).group_by(*units.c).order_by(*units.c)


def _outcomes(fieldwork: FieldworkRef) -> _Groups:
    one = FieldworkOutcome
    attempted = one.disposition != dispositions.NEVER_TRIED
    kind = (one.agency_id, one.stratum, one.psu, one.weight, one.is_substitute, one.is_replaced, one.disposition)
    return select(*kind, attempted, one.n).where(one.fieldwork_id == fieldwork.id).order_by(*kind)
