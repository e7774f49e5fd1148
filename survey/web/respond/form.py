"""The form behind one counter's code: opened, signed and drawn."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from flask import g, render_template, request, url_for
from werkzeug.datastructures import MultiDict

from survey.i18n import current
from survey.models import Entry
from survey.services import codes, collect, receipt_facts
from survey.services.errors import ExpiredCode, ForgedCode, RevokedCode, SlipError, TokenExpired, UnknownCode, UsedSlip
from survey.web.respond.questions import Sheet, error_links
from survey.web.site import site

if TYPE_CHECKING:
    from collections.abc import Mapping

    from survey.services.collect import CounterAccess, Showing
    from survey.web.errors import Failure

TOKEN_FIELD = "form_token"  # noqa: S105 - the name of a field.
logger = logging.getLogger(__name__)


def open_counter(way: str, code: str) -> CounterAccess:
    """What `code` opens by that way in; kept for the request, so that a failure later on can still show the form."""
    try:
        with site().database.reading() as session:
            access = collect.resolve(
                session, way, code, key_for=site().settings.key, now=site().clock(), token=posted_token()
            )
        # To a form that comes in the transaction that keeps it says so: it may be the very one that used the slip.
        if access.slip and access.slip.is_used and request.method != "POST":
            raise UsedSlip
    except SlipError as error:
        # Neither the code nor its batch: at a quiet counter that and the minute would be somebody.
        logger.warning("A slip's code was refused: %s.", type(error).__name__.removesuffix("Slip").lower())
        raise
    except (ForgedCode, UnknownCode, ExpiredCode, RevokedCode) as error:
        # The counter and the poster it says it is of, and not the signature: logs are no place for codes.
        if poster := codes.claimed(code):
            reason = type(error).__name__.removesuffix("Code").lower()
            logger.warning("A code of poster %s was refused: %s.", poster, reason)
        raise
    g.counter_access = access
    return access


def fresh_token(access: CounterAccess, *, shown_before: bool = False, entry: Entry = Entry.PHONE) -> str:
    """A new submission key, signed for this counter and this second."""
    now, chance = site().clock(), site().random_bytes
    return collect.mint_token(
        access.counter.code, key=_key(), now=now, rng=chance, shown_before=shown_before, entry=entry
    )


def entry_of(access: CounterAccess, token: str) -> Entry:
    """Who fills in the form of `token`: with a phone, at a kiosk, or with somebody's help."""
    return collect.entry_of(token, counter_code=access.counter.code, key=_key())


def posted_token() -> str:
    """The token as it came: given back untouched, the same form stays the same form.

    Two of them are none: which form they were of is anybody's guess, and no page sends them.
    """
    given = request.form.getlist(TOKEN_FIELD)
    return given[0] if len(given) == 1 else ""


def open_token(access: CounterAccess) -> Showing:
    """What the posted token was signed for, or a TokenError; a form that is kept opens at any time."""
    counter_code = access.counter.code
    try:
        return collect.open_token(posted_token(), counter_code=counter_code, key=_key(), now=site().clock())
    except TokenExpired:
        with site().database.reading() as session:
            return collect.open_kept(session, posted_token(), counter_code=counter_code, key=_key())


def facts(access: CounterAccess, showing: Showing) -> dict[str, Any]:
    """What is kept of how the form was entered, and of the sender's address and haste: yes, no or unknown."""
    # A kiosk and a helper stand in the office whoever is answering: their network says nothing.
    networks = site().settings.office_networks if showing.entry is Entry.PHONE else ()
    return {
        "entry": showing.entry,
        "from_office": receipt_facts.is_from(networks, request.remote_addr),
        "quick": receipt_facts.is_quick(access.questionnaire, showing.age),
    }


def page(
    access: CounterAccess,
    *,
    token: str,
    errors: Mapping[str, str] | None = None,
    failure: Failure | None = None,
    to: str | None = None,
) -> str:
    """The form with whatever was posted put back into it; it goes where this one goes, or `to` another address."""
    sheet = Sheet(
        questionnaire=access.questionnaire,
        locale=current().code,
        given=request.form if request.method == "POST" else MultiDict(),
        errors=errors or {},
    )
    steps = (sheet.groups(),) if failure else sheet.steps()
    return render_template(
        "respond/form.html",
        access=access,
        title=sheet.say(access.questionnaire.title),
        intro=sheet.say_any(access.questionnaire.intro),
        steps=steps,
        error_links=error_links(group for step in steps for group in step),
        failure=failure,
        send_to=to or url_for("respond.send", **(request.view_args or {})),
        token=token,
        # For a phone without a network: what to ask for before the form is kept there.
        must_answer=" ".join(item.id for item in access.questionnaire.items if item.required),
        is_assisted=entry_of(access, token) is Entry.ASSISTED,
        is_simulated=access.wave.is_simulated,
    )


def _key() -> bytes:
    return site().settings.key(collect.KEY_PURPOSE)
