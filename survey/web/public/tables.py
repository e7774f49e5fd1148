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
    from sqlalchemy.orm import Session

    from survey.services.indices import IndexRow, IndexTable


def wave_table(wave: str, *, language: str | None = None) -> IndexTable:
    """The indices of a wave in the stream that the address names, or in the stream the wave was run for."""
    with site().database.reading() as session:
        return _table(session, wave, language=language)


def agency_table(wave: str, agency: str, *, language: str | None = None) -> tuple[IndexTable, IndexRow]:
    """The same for one agency, and its row."""
    from survey.services import indices

    with site().database.reading() as session:
        if agencies.find(session, agency) is None:
            raise NotFoundError(mark("There is no agency with the code {code}."), code=agency)
        table = indices.narrowed(_table(session, wave, language=language), agency)
    return table, table.rows[0]


def _table(session: Session, wave: str, *, language: str | None) -> IndexTable:
    # The sums bring numpy along: the first table waits for it, so that the start of the site need not.
    from survey.services import indices

    stream, locale = _stream(session, wave), language or current().code
    return kept_tables().get(
        (wave, stream, locale),
        latest=indices.latest(session),
        now=site().clock(),
        compute=lambda: indices.index_table(session, wave, stream=stream, locale=locale),
    )


def _stream(session: Session, wave: str) -> str:
    found = waves.find(session, wave)
    if found is None:
        raise NotFoundError(mark("There is no wave with the code {code}."), code=wave)
    return waves.stream_named(request.args.get("stream", found.stream))
