"""The page that a phone keeps for the time without a network, and the script that keeps it (docs/decisions/0017).

Both are optional: a browser that takes neither sends the form as ever, and its own retry is safe.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from flask import current_app, make_response, render_template, request

from survey import i18n
from survey.i18n import mark as N_  # noqa: N812 - the name that Babel's extraction looks for.
from survey.web.respond.views import blueprint
from survey.web.site import site
from survey.web.static_files import static_file

if TYPE_CHECKING:
    from flask import Response
    from flask.typing import ResponseReturnValue

_VERSION = "sipas_worker_version"

# What the worker uncovers, by its own names for it: a title and what to do.
SAYINGS = {
    "kept": (
        N_("Saved on this device"),
        N_(
            "There is no network now. Your answers will be sent by themselves when it is back; you may close this page."
        ),
        N_("If your phone does not send by itself, open this page or scan the code again once there is a network."),
    ),
    "missing": (
        N_("Not sent yet: some answers are missing"),
        N_("Please go back and answer every question that is not optional. What you have answered is still there."),
        N_("There is no network either. Once nothing is missing, the form can be kept on this device and sent later."),
    ),
    "language": (
        N_("The language cannot be changed without a network"),
        N_("Please go back. What you have answered is still there, and can be sent in the language it is in."),
    ),
}
# What became of a form that was kept.
STATES = {
    "waiting": N_("A form is waiting for the network."),
    "sent": N_("A form was sent and is counted. Receipt code:"),
    "conflict": N_("A form had been sent before with other answers; the first ones are kept. Receipt code:"),
    "refused": N_("A form could not be sent as it is. Its answers are still on this device."),
}
REOPEN = N_("Open the form with my answers")


@blueprint.get("/offline")
def offline() -> ResponseReturnValue:
    """One page for all languages and occasions, whose sentences are uncovered by the worker."""
    response = make_response(_page())
    response.headers["Cache-Control"] = "no-cache"
    return response


@blueprint.get("/worker.js")
def worker() -> ResponseReturnValue:
    """The worker, which is new when what it keeps is new."""
    return script("worker.js", version=_version())


def script(name: str, *, version: str = "") -> Response:
    """A worker's script, at the one address where browsers ask again whether there is another."""
    response = make_response(f"// {version}\n".encode() + static_file(name).content)
    response.mimetype = "text/javascript"
    response.headers["Cache-Control"] = "no-cache"
    response.add_etag()
    response.make_conditional(request)
    return response


def _page() -> str:
    with i18n.speaking(site().locales[i18n.DEFAULT]):
        words = {"sayings": SAYINGS, "states": STATES, "reopen": REOPEN}
        return render_template("respond/offline.html", locales=site().locales.values(), **words)


def _version() -> str:
    """A name for the page as it is now: its words, and the files it names by their content."""
    known = current_app.extensions
    if _VERSION not in known:
        known[_VERSION] = hashlib.sha256(_page().encode()).hexdigest()[:12]
    version: str = known[_VERSION]
    return version
