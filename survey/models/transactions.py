"""How many transactions each agency handled: what its answers are a share of."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from survey.models.base import Base


class AgencyTransactions(Base):
    """The transactions that one agency handled in the period of one wave, as its records count them."""

    __tablename__ = "agency_transactions"
    __table_args__ = (CheckConstraint("transactions >= 0", name="not_negative"),)

    wave_id: Mapped[int] = mapped_column(ForeignKey("waves.id"), primary_key=True)
    agency_id: Mapped[int] = mapped_column(ForeignKey("agencies.id"), primary_key=True, index=True)
    transactions: Mapped[int]
