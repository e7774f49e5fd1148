"""The table that an address asks for; pages, files and the API all come here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import request

from survey.i18n import current, mark
from survey.services import agencies, waves
from survey.services.errors import NotFoundError
from survey.web.public.kept import kept_tables
from survey.web.site import site

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    from survey.services.index_values import IndexRow, IndexTable


def wave_table(wave: str, *, language: str | None = None) -> IndexTable:
    """The indices of a wave in the stream that the address names, or in the stream the wave was run for."""
    with site().database.reading() as session:
        return _table(session, wave, language=language)


def wave_document(wave: str) -> IndexTable:
    """The same with all that can be decided by them: ranks, changes, models."""
    with site().database.reading() as session:
        return _document(session, wave)


def agency_table(wave: str, agency: str, *, language: str | None = None) -> tuple[IndexTable, IndexRow]:
    """The indices of one agency, and its row."""
    with site().database.reading() as session:
        table = _narrowed(session, _table(session, wave, language=language), agency)
    return table, table.rows[0]


def agency_document(wave: str, agency: str) -> IndexTable:
    """The same with what can be decided by them."""
    with site().database.reading() as session:
        return _narrowed(session, _document(session, wave), agency)


def _narrowed(session: Session, table: IndexTable, agency: str) -> IndexTable:
    from survey.services import indices

    if agencies.find(session, agency) is None:
        raise NotFoundError(mark("There is no agency with the code {code}."), code=agency)
    return indices.narrowed(table, agency)


def _table(session: Session, wave: str, *, language: str | None) -> IndexTable:
    # The sums bring numpy along: the first table waits for it, so that the start of the site need not.
    from survey.services.indices import index_table

    return _kept(session, wave, index_table, locale=language or current().code)


def _document(session: Session, wave: str) -> IndexTable:
    from survey.services.decisions import decision_table

    return _kept(session, wave, decision_table, locale=current().code)


def _kept(session: Session, wave: str, compute: Callable[..., IndexTable], *, locale: str) -> IndexTable:
    from survey.services import indices

    stream = _stream(session, wave)
    return kept_tables().get(
        (compute, wave, stream, locale),
        latest=indices.latest(session),
        now=site().clock(),
        compute=lambda: compute(session, wave, stream=stream, locale=locale),
    )


def _stream(session: Session, wave: str) -> str:
    found = waves.find(session, wave)
    if found is None:
        raise NotFoundError(mark("There is no wave with the code {code}."), code=wave)
    return waves.stream_named(request.args.get("stream", found.stream))
