"""Flask's own settings, derived from ours."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from werkzeug.middleware.proxy_fix import ProxyFix

if TYPE_CHECKING:
    from flask import Flask

    from survey.config import Settings

# The longest questionnaire with the longest comments needs a third of this; anything more is no answer.
LARGEST_BODY = 256 * 1024
MOST_FIELDS = 500
SESSION_LENGTH = dt.timedelta(hours=8)


def register_configuration(app: Flask, settings: Settings) -> None:
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.json.sort_keys = False  # type: ignore[attr-defined]
    # The router's own redirects name the host that a request claims to be for, which may be anybody's: it makes none.
    app.url_map.strict_slashes = app.url_map.merge_slashes = False
    secure = settings.public_base_url.startswith("https://")
    app.config.update(
        SECRET_KEY=settings.key("session"),
        MAX_CONTENT_LENGTH=LARGEST_BODY,
        MAX_FORM_MEMORY_SIZE=LARGEST_BODY,
        MAX_FORM_PARTS=MOST_FIELDS,
        # Only the console has a session; the citizen's pages set no cookie at all.
        SESSION_COOKIE_NAME="__Host-session" if secure else "session",
        SESSION_COOKIE_SECURE=secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=SESSION_LENGTH,
        # Otherwise every answer to whoever is signed in sets the cookie, the citizen's pages and cached files too.
        SESSION_REFRESH_EACH_REQUEST=False,
        WTF_CSRF_TIME_LIMIT=int(SESSION_LENGTH.total_seconds()),
    )


def register_proxies(app: Flask, settings: Settings) -> None:
    """Believe what exactly this many proxies of ours say about the visitor, and nobody else."""
    if hops := settings.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
