"""When a form cannot be accepted as it came: the reader is told why and keeps every answer."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from flask import Response, g, make_response, render_template, request, url_for
from markupsafe import Markup
from werkzeug.exceptions import HTTPException

from survey.i18n import current, gettext
from survey.web import errors
from survey.web.respond import form

if TYPE_CHECKING:
    from survey.services.collect import FormAccess
    from survey.services.errors import ConflictingReplay, TokenError, UsedInvitation, UsedSlip

logger = logging.getLogger(__name__)

SECONDS_TO_WAIT = "30"
_WORTH_A_RETRY = {429, *range(500, 600)}
LAST_RESORT = Markup("""<!DOCTYPE html>
<html lang="{language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title></head><body><main>
<h1>{title}</h1>
<p>{explanation}</p>
<p>{kept}</p>
<form action="{url}" method="post">
{fields}
<button type="submit">{button}</button>
</form>
</main></body></html>
""")


def offer_fresh_form(error: TokenError) -> Response:
    """The form again with its answers and a new token."""
    failure = errors.note(error)
    entry = form.entry_of(g.form_access, form.posted_token())
    token = form.fresh_token(g.form_access, shown_before=True, entry=entry)
    return _reply(form.page(g.form_access, token=token, failure=failure), failure)


def offer_without_slip(error: UsedSlip) -> Response:
    """The form again with its answers: sent from here, it goes by the counter's number and counts as such."""
    if request.method != "POST" or "form_access" not in g:
        return errors.show(error)
    failure = replace(
        errors.note(error),
        explanation=gettext(
            "Another form has come in with it, so that your answers are not saved yet. Send them once more from this "
            "page: they are then counted without the slip, as those given with the counter's number."
        ),
    )
    access: FormAccess = g.form_access
    digits = access.counter.short_code if access.counter else ""
    url = url_for("respond.send", way="N", code=digits)
    return _reply(form.page(access, token=form.posted_token(), failure=failure, to=url), failure)


def show_not_counted(error: UsedInvitation) -> Response:
    """The form again with its answers, for whoever wants to show or keep them: they have no other way to count."""
    if request.method != "POST" or "form_access" not in g:
        return errors.show(error)
    failure = replace(
        errors.note(error),
        explanation=gettext(
            "Another form has come in with the code of this letter, and each letter counts once: the answers below are "
            "not counted. If the other form was not yours, please tell the office named in the letter."
        ),
    )
    return _reply(form.page(g.form_access, token=form.posted_token(), failure=failure), failure)


def explain_conflict(error: ConflictingReplay) -> Response:
    """The first answers stand; where they are counted, and how to answer anew."""
    failure = errors.note(error)
    page = render_template(
        "respond/conflict.html",
        failure=failure,
        receipt=error.receipt,
        url=url_for("respond.ask", **(request.view_args or {})),
    )
    return _reply(page, failure)


def offer_retry(error: Exception) -> Response:
    """The form again with its answers and the same key, so that sending it once more is safe whatever happened.

    For faults of ours and for haste, of every kind: what the sender did wrong has pages of its own.
    """
    posted = request.method == "POST" and "code" in (request.view_args or {})
    if not posted or errors.status_of(error) not in _WORTH_A_RETRY:
        return errors.show(error)
    failure = errors.note(error)
    response = _reply(_page_to_send_again(failure), failure)
    response.headers["Retry-After"] = _seconds_to_wait(error)
    return response


def _page_to_send_again(failure: errors.Failure) -> str:
    """The first of three pages that can be made: each needs less than the one before, and all hold every answer."""
    for page in (_whole_form, _answers_only):
        try:
            return page(failure)
        except Exception:  # Whatever it is: the answers must not get lost in it.
            logger.exception("A page with the answers could not be made.")
    return _last_resort(failure)


def _whole_form(failure: errors.Failure) -> str:
    if "form_access" not in g:
        return _answers_only(failure)
    return form.page(g.form_access, token=form.posted_token(), failure=failure)


def _answers_only(failure: errors.Failure) -> str:
    """Needs no database: not even the questionnaire is read."""
    return render_template("respond/retry.html", failure=failure, given=_posted())


def _last_resort(failure: errors.Failure) -> str:
    """Needs no template either."""
    fields = (Markup('<input type="hidden" name="{}" value="{}">').format(name, value) for name, value in _posted())
    url = url_for("respond.send", **(request.view_args or {}))
    return LAST_RESORT.format(
        language=current().code,
        title=failure.title,
        explanation=failure.explanation,
        kept=gettext("Your answers are kept in this page. Please do not close it."),
        url=url,
        fields=Markup("\n").join(fields),
        button=gettext("Send my answers again"),
    )


def _posted() -> list[tuple[str, str]]:
    return list(request.form.items(multi=True))


def _seconds_to_wait(error: Exception) -> str:
    told = error.get_response().headers.get("Retry-After") if isinstance(error, HTTPException) else None
    return told or SECONDS_TO_WAIT


def _reply(page: str, failure: errors.Failure) -> Response:
    return make_response(page, failure.status)
