"""Kiosks: the office's tablets at the exit."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from survey.models.base import Base
from survey.models.counter import Counter


class Kiosk(Base):
    """A tablet that stands at a counter. Its signature is not stored; leaving its page takes a PIN."""

    __tablename__ = "kiosks"
    __table_args__ = (CheckConstraint("closed_at IS NULL OR closed_at >= opened_at", name="closed_after_opening"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    counter_id: Mapped[int] = mapped_column(ForeignKey("counters.id"), index=True)
    pin_hash: Mapped[str] = mapped_column(String(200), comment="Salted and slow, as passwords are.")
    opened_at: Mapped[dt.datetime]
    closed_at: Mapped[dt.datetime | None]

    counter: Mapped[Counter] = relationship()
