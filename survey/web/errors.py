"""The one place where errors become pages, or JSON under /api."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from flask import Response, jsonify, render_template, request
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException

from survey.i18n import explain, gettext
from survey.i18n import mark as N_  # noqa: N812 - the name that Babel's extraction looks for.
from survey.services import errors as refusals
from survey.web.post_limit import TooManyPosts
from survey.web.security import ForeignPost

if TYPE_CHECKING:
    from flask import Flask

logger = logging.getLogger(__name__)

FIRST_OF_OURS = 500


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong, for the reader; without an explanation the error's own words are it."""

    status: int
    title: str
    explanation: str | None = None


UNREADABLE = Failure(400, N_("We could not read this request"), N_("Please go back, reload the page and try again."))
BROKEN = Failure(
    500,
    N_("Something went wrong on our side"),
    N_("The fault has been noted for repair. Please try again later."),
)
BY_STATUS = {
    403: Failure(403, N_("You may not open this page"), N_("It is not open to this account or from this place.")),
    404: Failure(
        404,
        N_("Page not found"),
        N_("Please check the address. If you scanned a code, please scan it again."),
    ),
    405: Failure(405, N_("This address cannot do that"), N_("Please go back and start again from the page.")),
    413: Failure(413, N_("Too much was sent"), N_("Please go back and shorten what you wrote. Nothing was saved.")),
    429: Failure(429, N_("Too many attempts"), N_("Please wait a minute, then try again.")),
}
BY_TYPE: dict[type[Exception], Failure] = {
    refusals.UnknownCode: Failure(404, N_("This code is not known")),
    refusals.UnknownShortCode: Failure(404, N_("This number is not known")),
    refusals.ForgedCode: Failure(404, N_("This code is not ours")),
    refusals.ExpiredCode: Failure(410, N_("This poster is out of date")),
    refusals.RevokedCode: Failure(410, N_("This poster has been withdrawn")),
    refusals.UnknownSlip: Failure(404, N_("This slip is not known")),
    refusals.UsedSlip: Failure(410, N_("This slip has been used")),
    refusals.EarlySlip: Failure(404, N_("This slip cannot be used yet")),
    refusals.ExpiredSlip: Failure(410, N_("This slip is no longer good")),
    refusals.RevokedSlip: Failure(410, N_("This slip has been withdrawn")),
    refusals.UnknownInvitation: Failure(404, N_("This letter's code is not known")),
    refusals.UsedInvitation: Failure(410, N_("Answers have come in with this letter")),
    refusals.ReplacedInvitation: Failure(410, N_("Somebody else has been asked instead")),
    refusals.EarlyInvitation: Failure(404, N_("The survey has not begun yet")),
    refusals.OverInvitation: Failure(410, N_("The survey is over")),
    refusals.ClosedKiosk: Failure(410, N_("This kiosk is closed")),
    refusals.NoRunningWave: Failure(404, N_("No survey is open here today")),
    refusals.TokenError: Failure(400, N_("Please send your answers again")),
    refusals.ConflictingReplay: Failure(409, N_("These answers differ from those you sent before")),
    refusals.NotFoundError: Failure(404, N_("Not found")),
    refusals.AlreadyExistsError: Failure(409, N_("This exists already")),
    refusals.ServiceError: Failure(400, N_("This cannot be done")),
    ForeignPost: Failure(
        403,
        N_("This form came from another site"),
        N_("Nothing was saved. Please scan the code at the counter and answer on the page that it opens."),
    ),
    TooManyPosts: Failure(
        429,
        N_("Very many answers are coming from your network"),
        N_("Please wait a minute, then send yours once more."),
    ),
    CSRFError: Failure(400, N_("This page had been open too long"), N_("Please go back, reload it and try again.")),
    SQLAlchemyError: Failure(
        503,
        N_("The service is busy"),
        N_("We could not reach our records just now. Please try again in a minute."),
    ),
}

# Shown when even the error page fails, so it needs nothing: no template, no language, no stylesheet.
LAST_RESORT = """<!DOCTYPE html>
<html lang="vi"><head><meta charset="utf-8"><title>Lỗi</title></head><body><main>
<h1>Hệ thống đang gặp sự cố</h1>
<p>Xin Ông/Bà vui lòng thử lại sau ít phút.</p>
<p lang="en">Something went wrong on our side. Please try again in a few minutes.</p>
</main></body></html>
"""


def register_errors(app: Flask) -> None:
    app.register_error_handler(Exception, show)


def show(error: Exception) -> Response:
    """The page for `error`, or the JSON."""
    failure = note(error)
    response = _problem(failure) if request.path.startswith("/api/") else _page(failure)
    response.status_code = failure.status
    if isinstance(error, HTTPException):
        kept = (header for header in error.get_headers() if header[0] in {"Allow", "Retry-After"})
        response.headers.extend(kept)
    return response


def note(error: Exception) -> Failure:
    """What the reader is told about `error`, once it is logged.

    The log says what failed and where, but no address as it was sent: it may hold a code, or anything else.
    """
    failure = _kind_of(error)
    where = f"{request.method} {request.url_rule or 'no such address'}"
    if failure.status >= FIRST_OF_OURS:
        logger.error("%s: %d %s", where, failure.status, type(error).__name__, exc_info=error)
    else:
        logger.warning("%s: %d %s", where, failure.status, type(error).__name__)
    return Failure(failure.status, gettext(failure.title), _words(error, failure))


def status_of(error: Exception) -> int:
    """The status of the page that tells of `error`."""
    return _kind_of(error).status


def _kind_of(error: Exception) -> Failure:
    """Anything unknown is our own fault."""
    for kind in type(error).__mro__:
        if failure := BY_TYPE.get(kind):
            return failure
    return _of_status(error.code or 500) if isinstance(error, HTTPException) else BROKEN


def _of_status(status: int) -> Failure:
    general = UNREADABLE if status < FIRST_OF_OURS else BROKEN
    return BY_STATUS.get(status) or replace(general, status=status)


def _words(error: Exception, failure: Failure) -> str:
    if failure.explanation is not None:
        return gettext(failure.explanation)
    return explain(error) if isinstance(error, refusals.ServiceError) else ""


def _problem(failure: Failure) -> Response:
    response = jsonify(status=failure.status, title=failure.title, detail=failure.explanation)
    response.mimetype = "application/problem+json"
    return response


def _page(failure: Failure) -> Response:
    try:
        return Response(render_template("errors/page.html", failure=failure), mimetype="text/html")
    except Exception:
        logger.exception("The error page itself failed.")
        return Response(LAST_RESORT, mimetype="text/html")
