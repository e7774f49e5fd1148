"""`sipas posters`: what hangs at the counters."""

from __future__ import annotations

import datetime as dt
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from survey import i18n
from survey.cli import installation
from survey.i18n import _, mark
from survey.services import agencies, codes, counters, posters, waves
from survey.services.daytime import day_of
from survey.services.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy.orm import Session

    from survey.services.posters import Poster
    from survey.services.references import AgencyRef, CounterRef, WaveRef

# Those of `posters_pdf.FORMATS`, which is loaded only when something is printed.
FORMATS = ("a4", "a6", "sticker")
ALL = "all"


@click.command(
    "posters",
    help=_(
        "Print the QR codes of an agency's counters, or of all, as PDF. A counter that has no good poster is issued "
        "one; `counter revoke` withdraws one."
    ),
)
@click.option("--wave", required=True, help=_("Code of the wave."))
@click.option("--agency", "agency_code", default=None, help=_("Code of the agency; without it, all."))
@click.option(
    "--format",
    "form",
    type=click.Choice([*FORMATS, ALL]),
    default="a4",
    show_default=True,
    help=_("An A4 poster, an A6 card for the desk, an A4 sheet of 5 cm stickers, or a file of each."),
)
@click.option("--new", is_flag=True, help=_("Print with the next serial; earlier posters stay good until revoked."))
@click.option(
    "--out",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help=_("The PDF to write; with --format all its name is followed by that of each format."),
)
def command(*, wave: str, agency_code: str | None, form: str, new: bool, out: Path) -> None:
    from survey.exports import posters_pdf

    forms = FORMATS if form == ALL else (form,)
    pages, languages = _pages(wave=wave, agency_code=agency_code, new=new)
    spoken = posters_pdf.spoken(languages)
    with progress(posters_pdf.steps(pages, forms)) as advance:
        made = list(posters_pdf.pdfs(pages, forms=forms, languages=spoken, progress=advance))
    for one, content in made:
        file = out.with_name(f"{out.stem}-{one}{out.suffix}") if form == ALL else out
        file.write_bytes(content)
        said = i18n.ngettext("%(num)s poster in %(file)s", "%(num)s posters in %(file)s", len(pages), file=file)
        click.echo(said, err=True)


def _pages(*, wave: str, agency_code: str | None, new: bool) -> tuple[list[Poster], Sequence[str]]:
    """The posters to print, and in which languages."""
    settings, now = installation.settings(), dt.datetime.now(dt.UTC)
    with installation.database() as database, database.writing() as session:
        found, agency = _named(session, wave, agency_code)
        places = counters.listing(session, agency=agency, open_on=day_of(now))
        if not places:
            raise NotFoundError(mark("There is no counter here yet: `sipas counter add` opens one."))
        _issue(session, places, new=new, now=now)
        pages = posters.of_counters(
            session,
            places,
            base_url=settings.public_base_url,
            key=settings.key(codes.KEY_PURPOSE),
            now=now,
            hotline=settings.hotline,
            is_simulated=found.is_simulated,
        )
        return pages, posters.languages(session, found)


def _named(session: Session, wave: str, agency_code: str | None) -> tuple[WaveRef, AgencyRef | None]:
    found = waves.find(session, wave)
    if found is None:
        raise NotFoundError(mark("There is no wave with the code {code}."), code=wave)
    agency = agencies.find(session, agency_code) if agency_code else None
    if agency_code and agency is None:
        raise NotFoundError(mark("There is no agency with the code {code}."), code=agency_code)
    return found, agency


def _issue(session: Session, places: Sequence[CounterRef], *, new: bool, now: dt.datetime) -> None:
    if not new:
        counters.issue_missing(session, places, now=now)
        return
    for place in places:
        counters.issue_code(session, place, now=now)


@contextmanager
def progress(length: int) -> Iterator[Callable[[int], object]]:
    """A bar on a terminal's standard error, nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda _steps: None
        return
    with click.progressbar(length=length, label=_("Printing"), file=sys.stderr) as bar:
        yield bar.update
