"""What every response tells the browser, and which posts are refused (docs/decisions/0008)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import request
from flask_wtf.csrf import CSRFProtect
from werkzeug.exceptions import Forbidden

from survey.web.site import site

if TYPE_CHECKING:
    from flask import Flask, Response

DIRECTIVES = (
    "default-src 'none'",
    "style-src 'self'",
    "img-src 'self' data:",
    # Files of our own only; no page needs one (docs/decisions/0017).
    "script-src 'self'",
    "worker-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
)
CONTENT_SECURITY_POLICY = "; ".join(DIRECTIVES)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    # Not "no-referrer": it makes browsers send "Origin: null" with our own forms, which is how a forged post looks.
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
TWO_YEARS = "max-age=63072000"
_OWN_SITES = {"same-origin", "none"}

console_csrf = CSRFProtect()


def register_security(app: Flask) -> None:
    console_csrf.init_app(app)
    app.after_request(_set_headers)


class ForeignPost(Forbidden):
    """A page of somebody else sent this form."""


def refuse_other_sites() -> None:
    """Raise ForeignPost where the browser says that another site's page sent this post.

    It says so in Sec-Fetch-Site (over HTTPS and on localhost) and in Origin. A browser too old for both is let
    through: it still needs a form token that we signed.
    """
    fetched_from = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    if fetched_from is not None:
        foreign = fetched_from not in _OWN_SITES
    else:
        foreign = origin is not None and origin not in _own_origins()
    if foreign:
        raise ForeignPost


def _own_origins() -> set[str]:
    return {_origin(request.host_url), _origin(site().settings.public_base_url)}


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()


def _set_headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers[name] = value
    # A page is nobody else's business unless its view says how long it may be kept.
    response.headers.setdefault("Cache-Control", "no-store")
    if site().settings.public_base_url.startswith("https://"):
        response.headers["Strict-Transport-Security"] = TWO_YEARS
    return response
