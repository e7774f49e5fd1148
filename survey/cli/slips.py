"""`sipas slips`: return slips with one-time codes."""

from __future__ import annotations

import datetime as dt
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

import click

from survey import i18n
from survey.cli import installation
from survey.cli.private_files import private_file
from survey.i18n import _, mark
from survey.services import counters, posters, slip_codes, slips, waves
from survey.services.daytime import day_of
from survey.services.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from survey.db import Database
    from survey.exports.slips_pdf import SlipSheet
    from survey.services.references import CounterRef, WaveRef

PDF, CSV = ".pdf", ".csv"
DAY = click.DateTime(formats=["%Y-%m-%d"])


@click.group("slips", help=_("Return slips with one-time codes, which prove a visit and not whose."))
def command() -> None:
    pass


@command.command(
    "make",
    help=_(
        "Make a batch of slips for a counter and a day. The codes are in the file and nowhere else: print it, then "
        "delete it. Batches that are over are erased."
    ),
)
@click.argument("counter_code", metavar="COUNTER")
@click.option("--day", type=DAY, default=None, help=_("The day on which they are handed out; today unless told."))
@click.option("--size", required=True, type=int, help=_("How many, 10000 at most."))
@click.option(
    "--output",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help=_("A new file: FILE.pdf has eight to a page, FILE.csv a line for each."),
)
def make(*, counter_code: str, day: dt.datetime | None, size: int, output: Path) -> None:
    if output.suffix not in {PDF, CSV}:
        raise click.UsageError(_("--output %(file)s: name a file that ends in .pdf or .csv", file=output))
    now = dt.datetime.now(dt.UTC)
    opens_on = day.date() if day else day_of(now)
    drawn = slips.draw(size, rng=secrets.token_bytes)
    with installation.database() as database:
        counter, wave, languages = _printed_for(database, counter_code, on=opens_on)
        content = _content(output.suffix, _sheet(counter, wave, opens_on), drawn, languages)
        _keep(database, counter, drawn, content, output, opens_on=opens_on, now=now)
        database.leave_no_trace(*slips.TABLES)
    said = i18n.ngettext("%(num)s slip in %(file)s", "%(num)s slips in %(file)s", size, file=output)
    click.echo(said, err=True)


@command.command("list", help=_("The batches: number, counter, first and last day, size, how many were used, state."))
@click.option("--counter", "counter_code", default=None, help=_("Code of the counter; without it, all."))
def listing(*, counter_code: str | None) -> None:
    today = day_of(dt.datetime.now(dt.UTC))
    with installation.database() as database, database.reading() as session:
        counter = _counter(session, counter_code) if counter_code else None
        for one in slips.listing(session, counter=counter):
            state = _("revoked") if one.revoked_at else _("over") if one.closes_on < today else _("good")
            fields = (one.id, one.counter.code, one.opens_on, one.closes_on, one.size, one.used, state)
            click.echo("\t".join(map(str, fields)))


@command.command("revoke", help=_("Withdraw a batch, as when its slips were lost: they open nothing any more."))
@click.argument("number", type=int)
def revoke(*, number: int) -> None:
    with installation.database() as database, database.writing() as session:
        batch = slips.revoke(session, number, now=dt.datetime.now(dt.UTC))
    click.echo(_("Batch %(number)s is revoked.", number=batch.id), err=True)


@command.command("erase", help=_("Erase the codes of batches that are over, so that nothing remains to look into."))
def erase() -> None:
    with installation.database() as database:
        with database.writing() as session:
            erased = slips.erase_over(session, now=dt.datetime.now(dt.UTC))
        database.leave_no_trace(*slips.TABLES)
    click.echo(i18n.ngettext("%(num)s batch erased", "%(num)s batches erased", erased), err=True)


def _printed_for(
    database: Database, counter_code: str, *, on: dt.date
) -> tuple[CounterRef, WaveRef | None, Sequence[str]]:
    """The counter, the wave that will run there, and in which languages it asks."""
    with database.reading() as session:
        wave = waves.running(session, stream="counter", on=on)
        languages = posters.languages(session, wave) if wave else (i18n.DEFAULT,)
        return _counter(session, counter_code), wave, languages


def _sheet(counter: CounterRef, wave: WaveRef | None, opens_on: dt.date) -> SlipSheet:
    from survey.exports.slips_pdf import SlipSheet

    settings = installation.settings()
    return SlipSheet(
        agency_name=counter.agency.name,
        counter_name=counter.name,
        counter_code=counter.code,
        opens_on=opens_on,
        closes_on=slips.last_day(opens_on),
        base_url=settings.public_base_url,
        hotline=settings.hotline,
        is_simulated=wave is not None and wave.is_simulated,
    )


def _content(suffix: str, sheet: SlipSheet, drawn: Sequence[str], languages: Sequence[str]) -> bytes:
    """Made before anything is stored: drawing thousands takes a while, and nobody's form must wait for it."""
    from survey.cli.posters import progress
    from survey.exports import posters_pdf, slips_pdf

    if suffix == CSV:
        return slips_pdf.csv_lines(sheet, drawn)
    with progress(len(drawn)) as advance:
        return slips_pdf.pdf(sheet, drawn, languages=posters_pdf.spoken(languages), progress=advance)


def _keep(
    database: Database,
    counter: CounterRef,
    drawn: Sequence[str],
    content: bytes,
    output: Path,
    *,
    opens_on: dt.date,
    now: dt.datetime,
) -> None:
    """Both or neither: slips that open nothing must not be handed out, nor codes be kept that nobody has."""
    key = installation.settings().key(slip_codes.KEY_PURPOSE)
    with private_file(output, content), database.writing() as session:
        slips.erase_over(session, now=now)
        slips.keep(session, counter, drawn, opens_on=opens_on, key=key, now=now)


def _counter(session: Session, code: str) -> CounterRef:
    counter = counters.find(session, code)
    if counter is None:
        raise NotFoundError(mark("There is no counter with the code {code}."), code=code)
    return counter
