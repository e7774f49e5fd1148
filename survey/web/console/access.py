"""Who is signed in and what they may open: decided here, before any view of the console runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, abort, g, redirect, request, session, url_for

from survey.models import Role
from survey.services import counters, users
from survey.web.security import refuse_other_sites
from survey.web.site import site

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from survey.services.users import UserRef

blueprint = Blueprint("console", __name__, url_prefix="/console")

OPEN_TO_ALL = {"console.sign_in_form", "console.sign_in"}
OFFICERS_ONLY = {"console.import_form", "console.import_file"}
# A year of a busy wave in one file; the rest of the site takes forms only.
LARGEST_IMPORT = 20 * 1024 * 1024
_USER = "user"


def remember(user: UserRef) -> None:
    """Sign `user` in, in a session that has nothing of the one before."""
    session.clear()
    session[_USER] = user.id
    session.permanent = True


def forget() -> None:
    """Sign out."""
    session.clear()


def signed_in() -> UserRef:
    """The user of this request, whom `admit` has let in."""
    user: UserRef = g.user
    return user


@blueprint.url_value_preprocessor
def allow_large_imports(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    # Here, because the check against forged posts reads the form before any view or guard does.
    if endpoint == "console.import_file":
        request.max_content_length = LARGEST_IMPORT


@blueprint.before_request
def refuse_posts_of_other_sites() -> None:
    # The token is checked first, by flask-wtf; this needs none to be leaked to have been in vain.
    if request.method == "POST":
        refuse_other_sites()


@blueprint.before_request
def admit() -> ResponseReturnValue | None:
    """Let in whom the address is for. What an agency may not see does not exist for it: 404, not 403."""
    if request.endpoint in OPEN_TO_ALL:
        return None
    g.user = _user_of_session()
    if g.user is None:
        return redirect(url_for("console.sign_in_form", next=_page_asked_for()), 303)
    if not _may_open(g.user, request.endpoint, request.view_args or {}):
        abort(404)
    return None


def _user_of_session() -> UserRef | None:
    user_id = session.get(_USER)
    if user_id is None:
        return None
    with site().database.reading() as database:
        return users.find(database, user_id)


def _page_asked_for() -> str | None:
    return request.path if request.method == "GET" else None


def _may_open(user: UserRef, endpoint: str | None, values: dict[str, Any]) -> bool:
    if user.role == Role.OFFICER:
        return True
    if endpoint in OFFICERS_ONLY or user.agency is None:
        return False
    return _agency_of_address(values) in {None, user.agency.code}


def _agency_of_address(values: dict[str, Any]) -> str | None:
    """The code of the agency that an address is about; None where it is about none."""
    if "counter" in values:
        with site().database.reading() as database:
            counter = counters.find(database, values["counter"]) or abort(404)
            return counter.agency.code
    return values.get("agency")
