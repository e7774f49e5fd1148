"""The officers and agencies who sign in to the console."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from survey.models.agency import Agency
from survey.models.base import Base, by_value


class Role(StrEnum):
    """What a user may do: an officer of Sở Nội vụ sees everything, an agency itself."""

    OFFICER = "officer"
    AGENCY = "agency"


class User(Base):
    """Someone who signs in. Citizens never do."""

    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint("name <> '' AND name = lower(name)", name="name_is_lower_case"),
        CheckConstraint("password_hash LIKE '$argon2id$%'", name="password_is_hashed"),
        CheckConstraint("(role = 'agency') = (agency_id IS NOT NULL)", name="agency_role_has_an_agency"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True, comment="The name to sign in with.")
    password_hash: Mapped[str] = mapped_column(String(200), comment="Argon2id, with its parameters and salt.")
    role: Mapped[Role] = mapped_column(by_value(Role, name="role"))
    agency_id: Mapped[int | None] = mapped_column(ForeignKey("agencies.id"))
    locale: Mapped[str] = mapped_column(String(8), default="vi")

    agency: Mapped[Agency | None] = relationship()
