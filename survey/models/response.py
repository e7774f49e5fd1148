"""Responses: what citizens said, kept as given."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from survey.models.base import Base, by_value
from survey.models.wave import Stream


class Trust(StrEnum):
    """How far the way in shows that whoever answered had stood at the counter, the surest first."""

    VERIFIED = "verified"
    SIGNED = "signed"
    OPEN = "open"


class Entry(StrEnum):
    """On what a form was filled in: one's own device, the office's tablet, or by somebody who read it out."""

    PHONE = "phone"
    KIOSK = "kiosk"
    ASSISTED = "assisted"


class Response(Base):
    """One submitted form. Triggers refuse to change or delete it; nothing in it identifies a person or a device."""

    __tablename__ = "responses"
    __table_args__ = (
        CheckConstraint("length(submission_key) = 32", name="submission_key_is_128_bits"),
        CheckConstraint("length(answers_digest) = 32", name="digest_is_sha256"),
        CheckConstraint("length(receipt) = 8", name="receipt_has_8_characters"),
        CheckConstraint("weight > 0 AND weight < 1e12", name="weight_is_positive"),
        CheckConstraint("stream <> 'counter' OR weight = 1", name="counter_stream_is_unweighted"),
        # A response answers the questionnaire of its wave, at a counter of its agency.
        ForeignKeyConstraint(["wave_id", "questionnaire_hash"], ["waves.id", "waves.questionnaire_hash"]),
        ForeignKeyConstraint(["counter_id", "agency_id"], ["counters.id", "counters.agency_id"]),
        # Holds everything that the indices are summed from, in the order they are grouped by:
        # the sum of a million responses reads this index alone (docs/decisions/0004).
        Index(
            "ix_responses_sums",
            *("wave_id", "stream", "agency_id", "counter_id", "answered_on", "weight", "ratings", "trust", "entry"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    wave_id: Mapped[int]
    agency_id: Mapped[int] = mapped_column(ForeignKey("agencies.id"))
    counter_id: Mapped[int | None]
    stream: Mapped[Stream] = mapped_column(by_value(Stream, name="stream"))
    questionnaire_hash: Mapped[str] = mapped_column(String(64))
    language: Mapped[str] = mapped_column(String(8), comment="The language in which the form was read.")
    answered_on: Mapped[dt.date] = mapped_column(comment="The day in Đắk Lắk (Asia/Ho_Chi_Minh).")
    received_at: Mapped[dt.datetime] = mapped_column(index=True, comment="To the minute, no finer.")
    submission_key: Mapped[str] = mapped_column(
        String(32), unique=True, comment="Minted with the form, hexadecimal: the same form counts once."
    )
    answers: Mapped[str] = mapped_column(Text, comment="The answers as given: canonical JSON, item to value.")
    answers_digest: Mapped[bytes] = mapped_column(LargeBinary(32), comment="SHA-256 of `answers`.")
    ratings: Mapped[str] = mapped_column(
        String(400),
        comment="The ratings in `answers`, a character for each rating item of the questionnaire, to be summed.",
    )
    receipt: Mapped[str] = mapped_column(String(8), unique=True)
    weight: Mapped[float] = mapped_column(default=1.0, comment="Inverse of the probability of being in the sample.")
    stratum: Mapped[str | None] = mapped_column(String(80))
    psu: Mapped[str | None] = mapped_column(String(80), comment="Null in a sample: the respondent was drawn directly.")
    # Decided at receipt; the address and the seconds are not kept (survey/services/receipt_facts.py).
    from_office: Mapped[bool | None] = mapped_column(comment="Sent from an office's network. Null: unknown.")
    quick: Mapped[bool | None] = mapped_column(comment="Sent sooner than it can be read. Null: unknown.")
    trust: Mapped[Trust | None] = mapped_column(
        by_value(Trust, name="trust"),
        comment="By one-time code, signed QR or open link. Null: imported, or before 0004.",
    )
    entry: Mapped[Entry | None] = mapped_column(
        by_value(Entry, name="entry"), comment="On a phone, a kiosk, or assisted. Null: imported, or before 0004."
    )
