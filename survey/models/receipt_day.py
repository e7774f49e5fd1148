"""Days whose receipts are published: the list can no longer be changed unseen."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import CheckConstraint, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from survey.models.base import Base


class ReceiptDay(Base):
    """One closed day: how many receipts it has, the Merkle root of their list, and its link to the day before."""

    __tablename__ = "receipt_days"
    __table_args__ = (
        CheckConstraint("receipts >= 0", name="not_negative"),
        CheckConstraint("length(root) = 32 AND length(chain) = 32", name="hashes_are_sha256"),
    )

    day: Mapped[dt.date] = mapped_column(primary_key=True, comment="The day in Đắk Lắk (Asia/Ho_Chi_Minh).")
    receipts: Mapped[int]
    root: Mapped[bytes] = mapped_column(LargeBinary(32))
    chain: Mapped[bytes] = mapped_column(
        LargeBinary(32), comment="SHA-256 over the chain before, the day and its root."
    )
    closed_at: Mapped[dt.datetime]
