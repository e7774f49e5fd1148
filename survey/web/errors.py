"""The one place where errors become pages, or JSON under /api."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from flask import Response, jsonify, render_template, request
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException

from survey.i18n import N_, gettext

if TYPE_CHECKING:
    from flask import Flask

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong, for the reader: messages that are translated when they are shown."""

    status: int
    title: str
    explanation: str


NOT_FOUND = Failure(
    404,
    N_("Page not found"),
    N_("Please check the address. If you scanned a code, please scan it again."),
)
UNAVAILABLE = Failure(
    503,
    N_("The service is busy"),
    N_("We could not reach our records just now. Please try again in a minute."),
)
BROKEN = Failure(
    500,
    N_("Something went wrong on our side"),
    N_("The fault has been noted for repair. Please try again later."),
)
BY_STATUS = {
    400: Failure(400, N_("We could not read this request"), N_("Please go back, reload the page and try again.")),
    403: Failure(403, N_("You may not open this page"), N_("It is not open to this account or from this place.")),
    404: NOT_FOUND,
    405: Failure(405, N_("This address cannot do that"), N_("Please go back and start again from the page.")),
    413: Failure(
        413,
        N_("Too much was sent"),
        N_("Please go back and shorten what you wrote. Nothing was saved."),
    ),
    429: Failure(429, N_("Too many attempts"), N_("Please wait a minute, then try again.")),
    503: UNAVAILABLE,
}
BY_TYPE: dict[type[Exception], Failure] = {
    CSRFError: Failure(400, N_("This page had been open too long"), N_("Please go back, reload it and try again.")),
    SQLAlchemyError: UNAVAILABLE,
}

# Shown when even the error page fails, so it needs nothing: no template, no language, no stylesheet.
LAST_RESORT = """<!DOCTYPE html>
<html lang="vi"><head><meta charset="utf-8"><title>Lỗi</title></head><body>
<h1>Hệ thống đang gặp sự cố</h1>
<p>Xin Ông/Bà vui lòng thử lại sau ít phút.</p>
<p lang="en">Something went wrong on our side. Please try again in a few minutes.</p>
</body></html>
"""


def register_errors(app: Flask) -> None:
    app.register_error_handler(Exception, show)


def describe(error: Exception) -> Failure:
    """What the reader is told about `error`; anything unknown is our own fault."""
    for kind in type(error).__mro__:
        if failure := BY_TYPE.get(kind):
            return failure
    if isinstance(error, HTTPException):
        return _of_status(error.code or 500)
    return BROKEN


def _of_status(status: int) -> Failure:
    general = BY_STATUS[400] if status < 500 else BROKEN
    return BY_STATUS.get(status) or replace(general, status=status)


def note(error: Exception, failure: Failure) -> None:
    """Log what failed and where, but no address as it was sent: it may hold a code, or anything else."""
    where = f"{request.method} {request.url_rule or 'no such address'}"
    if failure.status >= 500:
        logger.error("%s: %d %s", where, failure.status, type(error).__name__, exc_info=error)
    else:
        logger.warning("%s: %d %s", where, failure.status, type(error).__name__)


def show(error: Exception) -> Response:
    """The page or the JSON for `error`."""
    failure = describe(error)
    note(error, failure)
    response = _problem(failure) if request.path.startswith("/api/") else _page(failure)
    response.status_code = failure.status
    if isinstance(error, HTTPException):
        response.headers.extend((name, value) for name, value in error.get_headers() if name in {"Allow", "Retry-After"})
    return response


def _problem(failure: Failure) -> Response:
    response = jsonify(
        status=failure.status, title=gettext(failure.title), detail=gettext(failure.explanation)
    )
    response.mimetype = "application/problem+json"
    return response


def _page(failure: Failure) -> Response:
    try:
        return Response(render_template("errors/page.html", failure=failure), mimetype="text/html")
    except Exception:
        logger.exception("The error page itself failed.")
        return Response(LAST_RESORT, mimetype="text/html")
