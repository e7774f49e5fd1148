"""When a form cannot be accepted as it came: the reader is told why and keeps every answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response, g, make_response, render_template, request, url_for

from survey.web import errors
from survey.web.respond import form

if TYPE_CHECKING:
    from sqlalchemy.exc import SQLAlchemyError

    from survey.services.errors import ConflictingReplay, TokenError

SECONDS_TO_WAIT = "30"


def offer_fresh_form(error: TokenError) -> Response:
    """The form again with its answers and a new token."""
    failure = errors.note(error)
    entry = form.entry_of(g.counter_access, form.posted_token())
    token = form.fresh_token(g.counter_access, shown_before=True, entry=entry)
    return _reply(form.page(g.counter_access, token=token, failure=failure), failure)


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


def offer_retry(error: SQLAlchemyError) -> Response:
    """The form again with its answers and the same key, so that sending it once more is safe whatever happened.

    Where not even the questionnaire could be read, the answers travel as they are, in a page that needs no database.
    """
    if request.method != "POST":
        return errors.show(error)
    failure = errors.note(error)
    if "counter_access" in g:
        page = form.page(g.counter_access, token=form.posted_token(), failure=failure)
    else:
        page = render_template("respond/retry.html", failure=failure, given=list(request.form.items(multi=True)))
    response = _reply(page, failure)
    response.headers["Retry-After"] = SECONDS_TO_WAIT
    return response


def _reply(page: str, failure: errors.Failure) -> Response:
    return make_response(page, failure.status)
