"""A code that is typed rather than scanned: one field, at the address that is printed beside the code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import redirect, render_template, request, url_for

from survey.i18n import mark as N_  # noqa: N812 - the name that Babel's extraction looks for.
from survey.services import collect
from survey.services.errors import UnknownInvitation, UnknownShortCode, UnknownSlip
from survey.web import errors
from survey.web.post_limit import count_post
from survey.web.respond import form
from survey.web.respond.views import blueprint
from survey.web.security import refuse_other_sites

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue


@dataclass(frozen=True, slots=True)
class TypedWay:
    """What the page says of one way in, and which keyboard a phone should show."""

    title: str
    label: str
    hint: str
    keyboard: str


TYPED = {
    "N": TypedWay(
        title=N_("Give your opinion with the counter's number"),
        label=N_("Number of the counter (6 digits)"),
        hint=N_("It stands under the QR code on the poster at the counter, for example 216 483."),
        keyboard="numeric",
    ),
    "S": TypedWay(
        title=N_("Give your opinion with the code on your slip"),
        label=N_("Code on the slip (13 letters and digits)"),
        hint=N_("Small letters will do, and the dashes may be left out. There is no letter O, I or L in it."),
        keyboard="text",
    ),
    "I": TypedWay(
        title=N_("Give your opinion with the code in your letter"),
        label=N_("Code in the letter (13 letters and digits)"),
        hint=N_("Small letters will do, and the dashes may be left out. There is no letter O, I or L in it."),
        keyboard="text",
    ),
}
WAY = f"/<any({', '.join(TYPED)}):way>"
FIELD = "code"


@blueprint.get(WAY.replace(", ".join(TYPED), ", ".join(TYPED).lower()))
def type_lower_case(way: str) -> ResponseReturnValue:
    return redirect(url_for("respond.type_code", way=way.upper()), 308)


@blueprint.get(WAY)
def type_code(way: str) -> ResponseReturnValue:
    return _page(way)


@blueprint.post(WAY)
def open_typed(way: str) -> ResponseReturnValue:
    """To the form, if there is one; what is not known is asked for again, with what was typed."""
    count_post()
    refuse_other_sites()
    code = collect.as_printed(way, request.form.get(FIELD, ""))
    try:
        form.open_access(way, code)
    except (UnknownShortCode, UnknownSlip, UnknownInvitation) as error:
        failure = errors.note(error)
        return _page(way, error=failure.explanation or failure.title), 422
    return redirect(url_for("respond.ask", way=way, code=code), 303)


def _page(way: str, *, error: str | None = None) -> str:
    given = request.form.get(FIELD, "")
    return render_template("respond/typed.html", way=way, words=TYPED[way], field=FIELD, given=given, error=error)
