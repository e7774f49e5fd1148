"""`sipas posters`: what hangs at the counters."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import click

from survey import i18n
from survey.cli import installation
from survey.i18n import _, mark
from survey.services import agencies, codes, counters, posters, waves
from survey.services.errors import NotFoundError

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from survey.config import Settings
    from survey.services.posters import Poster


@click.command("posters", help=_("Posters with the QR codes of an agency's counters, or of all, as one PDF."))
@click.option("--wave", required=True, help=_("Code of the wave."))
@click.option("--agency", "agency_code", default=None, help=_("Code of the agency; without it, all."))
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help=_("The PDF to write."))
def command(*, wave: str, agency_code: str | None, out: Path) -> None:
    from survey.exports import posters_pdf

    settings = installation.settings()
    with installation.database() as database, database.writing() as session:
        pages = _pages(session, settings, wave=wave, agency_code=agency_code)
        if not pages:
            raise NotFoundError(mark("There is no counter here yet: `sipas counter add` opens one."))
    out.write_bytes(posters_pdf.posters(pages, locale=i18n.current().code, gettext=_))
    said = i18n.ngettext("%(num)s poster in %(file)s", "%(num)s posters in %(file)s", len(pages), file=out)
    click.echo(said, err=True)


def _pages(session: Session, settings: Settings, *, wave: str, agency_code: str | None) -> list[Poster]:
    found = waves.find(session, wave)
    if found is None:
        raise NotFoundError(mark("There is no wave with the code {code}."), code=wave)
    agency = agencies.find(session, agency_code) if agency_code else None
    if agency_code and agency is None:
        raise NotFoundError(mark("There is no agency with the code {code}."), code=agency_code)
    return posters.of_counters(
        session,
        counters.listing(session, agency=agency),
        base_url=settings.public_base_url,
        key=settings.key(codes.KEY_PURPOSE),
        now=dt.datetime.now(dt.UTC),
        is_simulated=found.is_simulated,
    )
