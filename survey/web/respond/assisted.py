"""The form for somebody who has no phone: a helper reads it out and marks what is said, and the response says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import make_response

from survey.models import Entry
from survey.web.respond import form
from survey.web.respond.views import FORM, blueprint

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue


@blueprint.get(f"{FORM}/ASSISTED")
def ask_assisted(way: str, code: str) -> ResponseReturnValue:
    """The same form, whose token says that it is filled in for another person; sending it is no different."""
    access = form.open_access(way, code)
    response = make_response(form.page(access, token=form.fresh_token(access, entry=Entry.ASSISTED)))
    response.headers["Cache-Control"] = "private, no-cache"
    return response
