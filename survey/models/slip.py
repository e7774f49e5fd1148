"""One-time codes on return slips. Nothing leads from a code to a case, a person or a response."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column, relationship

from survey.models.base import Base
from survey.models.counter import Counter


class SlipBatch(Base):
    """Codes made together, for the slips that one counter hands out on one day."""

    __tablename__ = "slip_batches"
    __table_args__ = (
        CheckConstraint("size BETWEEN 1 AND 10000", name="size_in_bounds"),
        CheckConstraint("closes_on >= opens_on", name="dates_in_order"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    counter_id: Mapped[int] = mapped_column(ForeignKey("counters.id"), index=True)
    opens_on: Mapped[dt.date] = mapped_column(comment="The day on which the slips are handed out.")
    closes_on: Mapped[dt.date] = mapped_column(comment="The last day on which they open a form.")
    size: Mapped[int]
    issued_at: Mapped[dt.datetime]
    revoked_at: Mapped[dt.datetime | None]

    counter: Mapped[Counter] = relationship()


class SlipCode(Base):
    """One code, as a keyed hash: neither the code nor the moment of its use is kept."""

    __tablename__ = "slip_codes"

    code_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    batch_id: Mapped[int] = mapped_column(ForeignKey("slip_batches.id"), index=True)
    used: Mapped[bool] = mapped_column(default=False)

    batch: Mapped[SlipBatch] = relationship()
