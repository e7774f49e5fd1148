"""Waves: one run of a questionnaire in a period."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, select

from survey.i18n import mark
from survey.models import Stream, Wave
from survey.services import questionnaires
from survey.services.errors import AlreadyExistsError, ServiceError, UnknownStreamError
from survey.services.references import WaveRef
from survey.services.vietnamese import tidy

if TYPE_CHECKING:
    import datetime as dt

    from sqlalchemy.orm import Session

    from forms.definition import Questionnaire

# Built once, and columns only: every citizen's form asks for it.
_RUNNING = (
    select(
        *(Wave.id, Wave.code, Wave.title, Wave.stream, Wave.opens_on, Wave.closes_on, Wave.is_simulated),
        Wave.questionnaire_hash,
    )
    .where(Wave.stream == bindparam("stream"), Wave.opens_on <= bindparam("day"), Wave.closes_on >= bindparam("day"))
    .order_by(Wave.opens_on.desc(), Wave.id.desc())
    .limit(1)
)
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def create(
    session: Session,
    questionnaire: Questionnaire,
    *,
    code: str,
    title: str,
    stream: str = Stream.COUNTER,
    opens_on: dt.date,
    closes_on: dt.date,
    is_simulated: bool = False,
) -> WaveRef:
    """A new wave of `questionnaire`, which is kept with it as it is now."""
    if not _SLUG.fullmatch(code):
        raise ServiceError(mark("The wave's code {code} is not made of small letters, figures and hyphens."), code=code)
    if closes_on < opens_on:
        raise ServiceError(
            mark("The wave closes on {closes_on}, before it opens on {opens_on}."),
            closes_on=closes_on,
            opens_on=opens_on,
        )
    if find(session, code) is not None:
        raise AlreadyExistsError(mark("There is already a wave {code}: choose another code."), code=code)
    wave = Wave(
        code=code,
        title=tidy(title) or code,
        questionnaire_hash=questionnaires.store(session, questionnaire),
        stream=Stream(stream),
        opens_on=opens_on,
        closes_on=closes_on,
        is_simulated=is_simulated,
    )
    session.add(wave)
    session.flush()
    return WaveRef.of(wave)


def stream_named(name: str) -> Stream:
    """The stream of that name; raises UnknownStreamError."""
    if name not in set(Stream):
        raise UnknownStreamError(name, choices=", ".join(Stream))
    return Stream(name)


def find(session: Session, code: str) -> WaveRef | None:
    """The wave of that code, or None."""
    wave = session.scalar(select(Wave).where(Wave.code == code))
    return WaveRef.of(wave) if wave else None


def running(session: Session, *, stream: str = Stream.COUNTER, on: dt.date) -> WaveRef | None:
    """The wave of `stream` that takes answers on that day; of several, the one opened last."""
    row = session.connection().execute(_RUNNING, {"stream": Stream(stream), "day": on}).first()
    return WaveRef(*row) if row else None


def listing(session: Session) -> list[WaveRef]:
    """All waves, the one opened last first."""
    return [WaveRef.of(wave) for wave in session.scalars(select(Wave).order_by(Wave.opens_on.desc(), Wave.id.desc()))]
