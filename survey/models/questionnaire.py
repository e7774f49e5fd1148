"""Questionnaires as they were when they were used."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from survey.models.base import Base


class StoredQuestionnaire(Base):
    """One version of a questionnaire, kept word for word under the hash of its content."""

    __tablename__ = "questionnaires"
    __table_args__ = (CheckConstraint("length(hash) = 64", name="hash_is_sha256"),)

    hash: Mapped[str] = mapped_column(String(64), primary_key=True, comment="SHA-256 of `canonical`, hexadecimal.")
    questionnaire_id: Mapped[str] = mapped_column(String(80), index=True)
    version: Mapped[str] = mapped_column(String(40))
    canonical: Mapped[str] = mapped_column(Text, comment="The canonical JSON, byte for byte what was hashed.")
