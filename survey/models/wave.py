"""Waves: one run of a questionnaire in a period."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from survey.models.base import Base, by_value
from survey.models.questionnaire import StoredQuestionnaire


class Stream(StrEnum):
    """How respondents came to answer. Streams are never pooled."""

    COUNTER = "counter"
    SAMPLE = "sample"
    CENSUS = "census"


class Wave(Base):
    """One run of one questionnaire."""

    __tablename__ = "waves"
    __table_args__ = (
        UniqueConstraint("id", "questionnaire_hash"),
        CheckConstraint("code <> '' AND code = lower(code)", name="code_is_a_slug"),
        CheckConstraint("title <> ''", name="title_given"),
        CheckConstraint("closes_on >= opens_on", name="dates_in_order"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(80), unique=True, comment="Our own stable slug; addresses use it.")
    title: Mapped[str] = mapped_column(String(200))
    questionnaire_hash: Mapped[str] = mapped_column(ForeignKey("questionnaires.hash"))
    stream: Mapped[Stream] = mapped_column(by_value(Stream, name="stream"), comment="The stream it is run for.")
    opens_on: Mapped[dt.date]
    closes_on: Mapped[dt.date] = mapped_column(comment="The last day on which answers are taken.")
    is_simulated: Mapped[bool] = mapped_column(
        default=False, comment="Its answers are made up, and every page and file says so."
    )

    questionnaire: Mapped[StoredQuestionnaire] = relationship()
