"""The published lists of receipts, and the field in which a receipt is looked up."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import Response, abort, redirect, render_template, request, url_for

from survey.exports import receipt_files
from survey.i18n import gettext
from survey.services import receipt_days, receipts, waves
from survey.web.public.views import blueprint
from survey.web.receipt_lists import leaves_of
from survey.web.security import console_csrf, refuse_other_sites
from survey.web.site import site

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask.typing import ResponseReturnValue

    from survey.services.receipt_days import ReceiptList
    from survey.services.references import WaveRef

# A month of lists fits on a page; the file has them all.
SHOWN = 31
# Longer than any way to write eight characters.
_LONGEST_TYPED = 100


@dataclass(frozen=True, slots=True)
class PublishedList:
    """A list with its leaves, or without them where the responses no longer give them."""

    published: ReceiptList
    leaves: list[bytes] | None
    is_simulated: bool


@blueprint.get("/receipts")
def lists() -> ResponseReturnValue:
    return _page(typed="", error=None)


@blueprint.post("/receipts")
def look_up() -> ResponseReturnValue:
    """A post, so that no receipt stands in a query; it changes nothing, and needs no token."""
    refuse_other_sites()
    typed = request.form.get("receipt", "")[:_LONGEST_TYPED]
    receipt = receipts.as_printed(typed)
    if not receipts.is_receipt(receipt):
        error = gettext("A receipt code has 8 characters: letters and figures, but no 0, 1, I, L, O or U.")
        return _page(typed=typed, error=error), 422
    with site().database.reading() as session:
        found = receipts.find(session, receipt)
    if found is None:
        error = gettext("We have no receipt with this code. Please compare it with what you wrote down.")
        return _page(typed=typed, error=error), 422
    return redirect(url_for("respond.receipt", receipt=receipt), 303)


console_csrf.exempt(look_up)


@blueprint.get("/receipts/days.txt")
def chain_text() -> ResponseReturnValue:
    with site().database.reading() as session:
        return _text(receipt_files.chain_text(receipt_days.listing(session)))


@blueprint.get("/receipts/days/<day>")
def list_of_day(day: str) -> ResponseReturnValue:
    found = _found(day)
    return render_template("public/receipts_day.html", page=found, is_simulated=found.is_simulated)


@blueprint.get("/receipts/days/<day>.txt")
def list_text(day: str) -> ResponseReturnValue:
    return _text(receipt_files.list_text(*_whole(found := _found(day)), is_simulated=found.is_simulated))


@blueprint.get("/receipts/days/<day>.json")
def list_json(day: str) -> ResponseReturnValue:
    document = receipt_files.list_json(*_whole(found := _found(day)), is_simulated=found.is_simulated)
    return Response(document, mimetype="application/json")


def _page(*, typed: str, error: str | None) -> str:
    with site().database.reading() as session:
        published = receipt_days.listing(session)
        is_simulated = _all_simulated(waves.listing(session))
    return render_template(
        "public/receipts.html",
        lists=published[: -SHOWN - 1 : -1],
        count=len(published),
        typed=typed,
        error=error,
        is_simulated=is_simulated,
    )


def _found(text: str) -> PublishedList:
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        abort(404)
    with site().database.reading() as session:
        one = receipt_days.covering(session, day)
        # One address a list, written in one way.
        if one is None or one.day.isoformat() != text:
            abort(404)
        return PublishedList(one, leaves_of(session, one), is_simulated=_all_simulated(waves.listing(session)))


def _whole(found: PublishedList) -> tuple[ReceiptList, list[bytes]]:
    if found.leaves is None:
        # Logged where it was found; what the page says about it is enough for a reader.
        abort(503)
    return found.published, found.leaves


def _text(content: str) -> Response:
    return Response(content, content_type="text/plain; charset=utf-8")


def _all_simulated(listed: Sequence[WaveRef]) -> bool:
    # As on the front page: where only some waves are simulated the lists have real receipts too.
    return bool(listed) and all(wave.is_simulated for wave in listed)
