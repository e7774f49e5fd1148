"""Agencies, and which agency took over from which: the list of units changes, so it is data with dates."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from survey.models.base import Base, by_value


class AgencyLevel(StrEnum):
    """Agencies are compared and ranked within a level only."""

    DEPARTMENT = "department"
    COMMUNE = "commune"


class Agency(Base):
    """A unit of the administration that serves citizens."""

    __tablename__ = "agencies"
    __table_args__ = (
        CheckConstraint("code <> '' AND code = lower(code)", name="code_is_a_slug"),
        CheckConstraint("name <> ''", name="name_given"),
        CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name="dates_in_order"),
        CheckConstraint("parent_id IS NULL OR parent_id <> id", name="not_its_own_parent"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(80), unique=True, comment="Our own stable slug; addresses use it.")
    official_code: Mapped[str | None] = mapped_column(
        String(20), comment="As the State's list has it; not a key, because sources differ."
    )
    name: Mapped[str] = mapped_column(String(200), comment="In full, as a letterhead has it: Phường Buôn Ma Thuột.")
    kind: Mapped[str] = mapped_column(String(40), comment="In Vietnamese: sở, phường, xã.")
    level: Mapped[AgencyLevel] = mapped_column(by_value(AgencyLevel, name="level"))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("agencies.id"), index=True)
    valid_from: Mapped[dt.date]
    valid_to: Mapped[dt.date | None] = mapped_column(comment="The first day on which it no longer exists.")
    to_be_confirmed: Mapped[bool] = mapped_column(
        default=False, comment="The province has not confirmed that this unit exists under this name."
    )

    parent: Mapped[Agency | None] = relationship(remote_side="Agency.id")


class AgencySuccession(Base):
    """One agency took over the work of another on a day; a merger is several rows, a division too."""

    __tablename__ = "agency_successions"
    __table_args__ = (CheckConstraint("predecessor_id <> successor_id", name="two_agencies"),)

    predecessor_id: Mapped[int] = mapped_column(ForeignKey("agencies.id"), primary_key=True)
    successor_id: Mapped[int] = mapped_column(ForeignKey("agencies.id"), primary_key=True, index=True)
    on: Mapped[dt.date] = mapped_column("effective_on")
