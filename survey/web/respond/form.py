"""The form behind a code: opened, signed and drawn."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any

from flask import g, render_template, request, url_for
from werkzeug.datastructures import MultiDict

from survey.i18n import current
from survey.models import Entry
from survey.services import codes, collect, form_tokens, receipt_facts
from survey.services.errors import (
    ExpiredCode,
    ForgedCode,
    InvitationError,
    RevokedCode,
    SlipError,
    TokenExpired,
    UnknownCode,
)
from survey.web.respond.questions import Sheet, error_links
from survey.web.site import site

if TYPE_CHECKING:
    from collections.abc import Mapping

    from survey.services.collect import FormAccess
    from survey.services.errors import CodeError
    from survey.services.form_tokens import Showing
    from survey.web.errors import Failure

TOKEN_FIELD = "form_token"  # noqa: S105 - the name of a field.
logger = logging.getLogger(__name__)


def open_access(way: str, code: str) -> FormAccess:
    """What `code` opens by that way in; kept for the request, so that a failure later on can still show the form."""
    try:
        with site().database.reading() as session:
            access = collect.resolve(
                session, way, code, key_for=site().settings.key, now=site().clock(), token=posted_token()
            )
        # To a form that comes in the transaction that keeps it says so: it may be the very one that used the code.
        if access.once and access.once.is_used and request.method != "POST":
            raise access.once.refusal
    except (SlipError, InvitationError) as error:
        # Neither the code nor its batch or place: at a quiet counter that and the minute would be somebody.
        whose = "A slip's" if isinstance(error, SlipError) else "An invitation's"
        logger.warning("%s code was refused: %s.", whose, _reason(error))
        raise
    except (ForgedCode, UnknownCode, ExpiredCode, RevokedCode) as error:
        # The counter and the poster it says it is of, and not the signature: logs are no place for codes.
        if poster := codes.claimed(code):
            logger.warning("A code of poster %s was refused: %s.", poster, _reason(error))
        raise
    g.form_access = access
    return access


def fresh_token(access: FormAccess, *, shown_before: bool = False, entry: Entry = Entry.PHONE) -> str:
    """A new submission key, signed for its place and this second."""
    now, chance = site().clock(), site().random_bytes
    return form_tokens.mint(access.signed_for, key=_key(), now=now, rng=chance, shown_before=shown_before, entry=entry)


def entry_of(access: FormAccess, token: str) -> Entry:
    """Who fills in the form of `token`: with a phone, at a kiosk, or with somebody's help."""
    return form_tokens.entry_of(token, signed_for=access.signed_for, key=_key())


def posted_token() -> str:
    """The token as it came: given back untouched, the same form stays the same form.

    Two of them are none: which form they were of is anybody's guess, and no page sends them.
    """
    given = request.form.getlist(TOKEN_FIELD)
    return given[0] if len(given) == 1 else ""


def open_token(access: FormAccess) -> Showing:
    """What the posted token was signed for, or a TokenError; a form that is kept opens at any time."""
    signed_for = access.signed_for
    try:
        return form_tokens.open_token(posted_token(), signed_for=signed_for, key=_key(), now=site().clock())
    except TokenExpired:
        with site().database.reading() as session:
            return collect.open_kept(session, posted_token(), signed_for=signed_for, key=_key())


def facts(access: FormAccess, showing: Showing) -> dict[str, Any]:
    """What is kept of how the form was entered, and of the sender's address and haste: yes, no or unknown."""
    # A kiosk and a helper stand in the office whoever is answering: their network says nothing.
    networks = site().settings.office_networks if showing.entry is Entry.PHONE else ()
    return {
        "entry": showing.entry,
        "from_office": receipt_facts.is_from(networks, request.remote_addr),
        "quick": receipt_facts.is_quick(access.questionnaire, showing.age),
    }


def page(
    access: FormAccess,
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


def _reason(error: CodeError) -> str:
    """The first word of its name: `expired` of ExpiredSlip."""
    return re.split(r"(?<=[a-z])(?=[A-Z])", type(error).__name__)[0].lower()


def _key() -> bytes:
    return site().settings.key(form_tokens.KEY_PURPOSE)
