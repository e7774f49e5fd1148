"""Counters, and the codes printed on their posters."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from survey.models.agency import Agency
from survey.models.base import Base


class Counter(Base):
    """A service point of an agency, with its own QR."""

    __tablename__ = "counters"
    __table_args__ = (
        UniqueConstraint("id", "agency_id"),
        CheckConstraint("code <> '' AND code = lower(code)", name="code_is_a_slug"),
        CheckConstraint("name <> ''", name="name_given"),
        CheckConstraint("valid_to IS NULL OR valid_from IS NULL OR valid_to > valid_from", name="dates_in_order"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    agency_id: Mapped[int] = mapped_column(ForeignKey("agencies.id"), index=True)
    code: Mapped[str] = mapped_column(String(100), unique=True, comment="Our own stable slug: xa-ea-o-1.")
    name: Mapped[str] = mapped_column(String(200))
    short_code: Mapped[str | None] = mapped_column(
        String(6),
        index=True,
        unique=True,
        comment="Six digits to type where a QR cannot be scanned; the last is Damm's check.",
    )
    valid_from: Mapped[dt.date | None] = mapped_column(comment="Null: as long as its agency.")
    valid_to: Mapped[dt.date | None] = mapped_column(comment="The first day on which it is closed.")

    agency: Mapped[Agency] = relationship()
    codes: Mapped[list[CounterCode]] = relationship(back_populates="counter", order_by="CounterCode.serial")


class CounterCode(Base):
    """One printing of a counter's poster. Its signature is not stored: a copy of the database signs nothing."""

    __tablename__ = "counter_codes"
    __table_args__ = (
        UniqueConstraint("counter_id", "serial"),
        CheckConstraint("serial BETWEEN 1 AND 99999", name="serial_fits_the_code"),
        CheckConstraint("expires_at IS NULL OR expires_at > issued_at", name="expires_after_issue"),
        CheckConstraint("revoked_at IS NULL OR revoked_at >= issued_at", name="revoked_after_issue"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    counter_id: Mapped[int] = mapped_column(ForeignKey("counters.id"))
    serial: Mapped[int] = mapped_column(comment="1 for the first poster of this counter, then 2, …")
    issued_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime | None]
    revoked_at: Mapped[dt.datetime | None]

    counter: Mapped[Counter] = relationship(back_populates="codes")
