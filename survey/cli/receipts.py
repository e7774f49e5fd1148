"""`sipas receipts`: the published lists of receipts, closed, checked against the responses, and verified elsewhere."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import click

from survey import i18n
from survey.cli import Refusal, installation
from survey.i18n import _, mark
from survey.services import receipt_checks, receipt_days
from survey.services.receipt_checks import Verdict
from survey.services.receipt_leaves import ReceiptKeys

if TYPE_CHECKING:
    from collections.abc import Iterable

    from survey.services.receipt_checks import CheckedList
    from survey.services.receipt_days import ReceiptList

DAY = click.DateTime(["%Y-%m-%d"])
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
FAULTS = {
    Verdict.MISSING: mark(
        "The list of {day} no longer agrees: it was published with {receipts} receipts, and only {responses} of its "
        "responses are left."
    ),
    Verdict.ADDED: mark(
        "The list of {day} no longer agrees: it was published with {receipts} receipts, and there are {responses} "
        "responses for it now: some were put in afterwards."
    ),
    Verdict.CHANGED: mark(
        "The list of {day} no longer agrees: there are still {receipts} responses for it, but at least one was changed "
        "or exchanged."
    ),
    Verdict.REWRITTEN: mark(
        "The list of {day} was itself rewritten, or a list before it was: its link does not follow from its day, "
        "count and root."
    ),
}


@click.group("receipts", help=_("Published lists of receipts: close, check, verify."))
def command() -> None:
    pass


@command.command("close", help=_("Close the days that are over and print each new list: day, count, root, chain."))
def close() -> None:
    keys = ReceiptKeys.of(installation.settings().key)
    with installation.database() as database:
        with database.writing() as session:
            closed = receipt_days.close(session, keys=keys, now=dt.datetime.now(dt.UTC))
        with database.reading() as session:
            # Printed even where an answer closed it before: what is printed here is what an office keeps elsewhere.
            newest = receipt_days.listing(session)[-1:]
            waiting = receipt_days.waiting(session)
    for one in closed or newest:
        click.echo(_line(one))
    said = i18n.ngettext("%(num)s list was closed.", "%(num)s lists were closed.", len(closed))
    left = i18n.ngettext("%(num)s receipt is in no list yet.", "%(num)s receipts are in no list yet.", waiting)
    click.echo(f"{said} {left}", err=True)


@command.command("check", help=_("Compute every published list again and say which no longer agrees."))
@click.option("--day", type=DAY, default=None, help=_("Only the list that has this day."))
def check(*, day: dt.datetime | None) -> None:
    keys = ReceiptKeys.of(installation.settings().key)
    asked = None if day is None else day.date()
    with installation.database() as database, database.reading() as session:
        checked = list(receipt_checks.check(session, keys=keys, day=asked))
        waiting = receipt_days.waiting(session)
    if asked is not None and not checked:
        raise Refusal(_("The day %(day)s has not been closed yet.", day=i18n.current().date(asked)))
    faults = [_fault(one) for one in checked if one.verdict is not Verdict.AGREES]
    if faults:
        hint = _("If the key of this installation was exchanged, no list can agree: give back the key that it had.")
        raise Refusal("\n".join([*faults, hint]))
    click.echo(_agreement(checked))
    if asked is None:
        left = i18n.ngettext("%(num)s receipt is in no list yet.", "%(num)s receipts are in no list yet.", waiting)
        click.echo(left, err=True)


@command.command("verify", help=_("Verify a proof that a receipt is in its list, without a database."))
@click.argument("proof", type=FILE)
@click.option("--list", "listed", type=FILE, default=None, help=_("The published list as a text file."))
def verify(*, proof: Path, listed: Path | None) -> None:
    from survey.exports import receipt_files
    from survey.services import receipt_proofs

    given = receipt_files.read_proof(_read(proof))
    receipt_proofs.verify(given)
    if listed is not None:
        receipt_proofs.verify_in(given, *receipt_files.read_list(_read(listed)))
    one = given.published
    click.echo(
        _(
            "Receipt %(receipt)s is number %(place)s of the %(receipts)s in the list of %(day)s.",
            receipt=given.opening.receipt,
            place=given.place + 1,
            receipts=one.receipts,
            day=i18n.current().date(one.day),
        )
    )
    click.echo(_("Compare the list's root and chain with those published or printed elsewhere:"))
    click.echo(_line(one))


def _line(one: ReceiptList) -> str:
    return f"{one.day} {one.receipts} {one.root.hex()} {one.chain.hex()}"


def _fault(one: CheckedList) -> str:
    language = i18n.current()
    return language.translations.gettext(FAULTS[one.verdict]).format(
        day=language.date(one.published.day),
        receipts=language.number(one.published.receipts),
        responses=language.number(one.responses),
    )


def _agreement(checked: Iterable[CheckedList]) -> str:
    counts = [one.responses for one in checked]
    receipts = i18n.current().number(sum(counts))
    return i18n.ngettext(
        "%(num)s list with %(receipts)s receipts agrees with the responses.",
        "%(num)s lists with %(receipts)s receipts agree with the responses.",
        len(counts),
        receipts=receipts,
    )


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")
