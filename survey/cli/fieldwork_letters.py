"""`sipas fieldwork letters`: letters to those who were drawn, and paper forms."""

from __future__ import annotations

import datetime as dt
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

import click

from survey import i18n
from survey.cli import installation
from survey.cli.private_files import private_file
from survey.i18n import _
from survey.services import invitations, mailings, questionnaires
from survey.services.daytime import day_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from forms.definition import Questionnaire
    from survey.db import Database
    from survey.exports.letters_pdf import Letter, LetterSheet
    from survey.services.mailings import Addressee, Mailing


@click.command(
    "letters",
    help=_(
        "Print letters of invitation with a code each, for who holds a place and has no letter yet; with --remind for "
        "who has one and has not answered. The codes are in the file and nowhere else: print it, then delete it."
    ),
)
@click.argument("wave", metavar="WAVE")
@click.option(
    "--out",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help=_("A new file FILE.pdf; it has 500 letters at most."),
)
@click.option("--worker", default=None, help=_("Only those whom this interviewer or post office has."))
@click.option("--agency", default=None, help=_("Only those who are asked about this agency."))
@click.option("--batch", type=click.IntRange(min=1), help=_("Only the first, second, … five hundred by number."))
@click.option("--paper", is_flag=True, help=_("With each letter the questionnaire to be filled in with a pen."))
@click.option("--remind", is_flag=True, help=_("Reminders; their codes take the place of the earlier ones."))
def letters(*, out: Path, paper: bool, wave: str, remind: bool, **chosen: object) -> None:
    if out.suffix != ".pdf":
        raise click.UsageError(_("--out %(file)s: name a file that ends in .pdf", file=out))
    now = dt.datetime.now(dt.UTC)
    with installation.database() as database:
        with database.reading() as session:
            mailing = mailings.due(session, wave, today=day_of(now), remind=remind, **chosen)  # type: ignore[arg-type]
            questionnaire = questionnaires.get(session, mailing.wave.questionnaire_hash)
        drawn = mailings.draw(mailing.addressees, rng=secrets.token_bytes)
        sheet = _sheet(mailing, written_on=day_of(now), remind=remind)
        _keep(database, mailing, drawn, _content(sheet, mailing, drawn, questionnaire, with_paper=paper), out)
    _tell(mailing, out)


def _sheet(mailing: Mailing, *, written_on: dt.date, remind: bool) -> LetterSheet:
    from survey.exports.letters_pdf import LetterSheet

    settings = installation.settings()
    return LetterSheet(
        wave_title=mailing.wave.title,
        closes_on=mailing.wave.closes_on,
        written_on=written_on,
        base_url=settings.public_base_url,
        hotline=settings.hotline,
        is_reminder=remind,
        is_simulated=mailing.wave.is_simulated,
    )


def _content(
    sheet: LetterSheet, mailing: Mailing, drawn: Mapping[int, str], questionnaire: Questionnaire, *, with_paper: bool
) -> bytes:
    """Made before anything is stored: drawing hundreds takes a while, and nobody's form must wait for it."""
    from survey.cli.posters import progress
    from survey.exports import letters_pdf, posters_pdf

    with progress(len(drawn)) as advance:
        return letters_pdf.pdf(
            sheet,
            [_letter(one, drawn) for one in mailing.addressees],
            languages=posters_pdf.spoken(questionnaire.languages),
            paper=questionnaire if with_paper else None,
            progress=advance,
        )


def _letter(one: Addressee, drawn: Mapping[int, str]) -> Letter:
    from survey.exports.letters_pdf import Letter

    return Letter(one.number, one.name, one.address, one.agency_name, drawn[one.number])


def _keep(database: Database, mailing: Mailing, drawn: Mapping[int, str], content: bytes, out: Path) -> None:
    """Both or neither: letters that open nothing must not be sent, nor codes be kept that nobody has."""
    key = installation.settings().key(invitations.KEY_PURPOSE)
    with private_file(out, content), database.writing() as session:
        mailings.keep(session, mailing.addressees, drawn, key=key)


def _tell(mailing: Mailing, out: Path) -> None:
    written = len(mailing.addressees)
    click.echo(i18n.ngettext("%(num)s letter in %(file)s", "%(num)s letters in %(file)s", written, file=out), err=True)
    if missing := mailing.without_contact:
        said = i18n.ngettext(
            "%(num)s more is due without an address: `sipas fieldwork contacts` takes it in.",
            "%(num)s more are due without an address: `sipas fieldwork contacts` takes them in.",
            missing,
        )
        click.echo(said, err=True)
