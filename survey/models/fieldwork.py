"""Fieldwork on a drawn sample: who was drawn, who visits or writes to them, what came of it. Answers are elsewhere.

While it runs, a unit knows whether somebody answered and not what. When it closes, units, contacts and codes are erased
and only the counts of :class:`FieldworkOutcome` stay (docs/decisions/0023).
"""

from __future__ import annotations

import datetime as dt
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from survey.models.agency import Agency
from survey.models.base import Base, by_value
from survey.models.wave import Wave


class WorkerKind(StrEnum):
    """Who carries a survey out."""

    INTERVIEWER = "interviewer"
    POST_OFFICE = "post_office"
    FRONT = "front"


class Fieldwork(Base):
    """The fieldwork of one wave of the stream `sample`."""

    __tablename__ = "fieldworks"
    __table_args__ = (CheckConstraint("attempts_needed BETWEEN 1 AND 20", name="attempts_in_bounds"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    wave_id: Mapped[int] = mapped_column(ForeignKey("waves.id"), unique=True)
    attempts_needed: Mapped[int] = mapped_column(
        default=3, comment="Before somebody who is not met may be replaced from the reserve."
    )
    opened_at: Mapped[dt.datetime]
    closed_at: Mapped[dt.datetime | None] = mapped_column(comment="Since when nothing tells who was drawn.")

    wave: Mapped[Wave] = relationship()


class FieldWorker(Base):
    """An interviewer, a post office or a branch of the Fatherland Front that works on a sample."""

    __tablename__ = "field_workers"
    __table_args__ = (
        UniqueConstraint("fieldwork_id", "code"),
        CheckConstraint("code <> ''", name="code_given"),
        CheckConstraint("name <> ''", name="name_given"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    fieldwork_id: Mapped[int] = mapped_column(ForeignKey("fieldworks.id"))
    code: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(200))
    kind: Mapped[WorkerKind] = mapped_column(by_value(WorkerKind, name="kind"))
    agency_id: Mapped[int | None] = mapped_column(
        ForeignKey("agencies.id"), comment="Whose people alone are reached. Null: everybody's."
    )


class SampledUnit(Base):
    """One unit of the sample or of its reserve; erased when the fieldwork closes."""

    __tablename__ = "sampled_units"
    __table_args__ = (
        UniqueConstraint("fieldwork_id", "number"),
        UniqueConstraint("fieldwork_id", "unit"),
        CheckConstraint("weight > 0 AND weight < 1e12", name="weight_is_positive"),
        CheckConstraint("attempts >= 0", name="attempts_not_negative"),
        CheckConstraint("reserve_order > 0", name="reserve_order_from_1"),
        CheckConstraint("replaces_id IS NULL OR reserve_order IS NOT NULL", name="only_the_reserve_replaces"),
        CheckConstraint("length(code_hash) = 32", name="code_is_hashed"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    fieldwork_id: Mapped[int] = mapped_column(ForeignKey("fieldworks.id"))
    number: Mapped[int] = mapped_column(comment="On letters and paper forms; given by chance.")
    unit: Mapped[str] = mapped_column(String(80), comment="As the frame has it.")
    agency_id: Mapped[int] = mapped_column(ForeignKey("agencies.id"))
    stratum: Mapped[str] = mapped_column(String(80))
    psu: Mapped[str | None] = mapped_column(String(80))
    weight: Mapped[float] = mapped_column(
        comment="Of the place in the sample: a substitute has that of whom it replaces."
    )
    reserve_order: Mapped[int | None] = mapped_column(comment="Null in the sample itself.")
    replaces_id: Mapped[int | None] = mapped_column(ForeignKey("sampled_units.id"), unique=True)
    worker_id: Mapped[int | None] = mapped_column(ForeignKey("field_workers.id"), index=True)
    due_on: Mapped[dt.date | None]
    attempts: Mapped[int] = mapped_column(default=0)
    disposition: Mapped[str | None] = mapped_column(String(8), comment="AAPOR's code. Null: not settled yet.")
    settled_on: Mapped[dt.date | None] = mapped_column(comment="Null for who answered: a day would lead to the answer.")
    is_called_back: Mapped[bool] = mapped_column(default=False)
    code_hash: Mapped[bytes | None] = mapped_column(
        LargeBinary(32), unique=True, comment="Keyed hash of the invitation's code. Null: none was made."
    )

    fieldwork: Mapped[Fieldwork] = relationship()
    agency: Mapped[Agency] = relationship()
    worker: Mapped[FieldWorker | None] = relationship()


class Contact(Base):
    """How to reach somebody who was drawn: needed for the fieldwork only, and erased with it."""

    __tablename__ = "contacts"

    unit_id: Mapped[int] = mapped_column(ForeignKey("sampled_units.id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    address: Mapped[str] = mapped_column(String(400))
    phone: Mapped[str] = mapped_column(String(40))


class FieldworkOutcome(Base):
    """How many units of one kind came to the same end: what stays of the sample when its fieldwork is closed."""

    __tablename__ = "fieldwork_outcomes"
    __table_args__ = (CheckConstraint("n > 0", name="somebody"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    fieldwork_id: Mapped[int] = mapped_column(ForeignKey("fieldworks.id"), index=True)
    agency_id: Mapped[int] = mapped_column(ForeignKey("agencies.id"))
    stratum: Mapped[str] = mapped_column(String(80))
    psu: Mapped[str | None] = mapped_column(String(80))
    weight: Mapped[float]
    is_substitute: Mapped[bool]
    is_replaced: Mapped[bool]
    disposition: Mapped[str] = mapped_column(String(8))
    n: Mapped[int]
