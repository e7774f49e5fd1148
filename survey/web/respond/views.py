"""The citizen's four addresses. Nothing here sets a cookie or remembers who is asking."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for

from forms import answers
from survey.exports import receipt_files
from survey.i18n import gettext
from survey.services import collect, receipts
from survey.services.errors import ConflictingReplay, TokenError, UsedInvitation, UsedSlip
from survey.web import displays, receipt_lists
from survey.web.languages import speak
from survey.web.post_limit import count_post
from survey.web.respond import form, recovery
from survey.web.respond.keeping import keep
from survey.web.security import console_csrf, refuse_other_sites
from survey.web.site import site

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

blueprint = Blueprint("respond", __name__)
# One rule for each of collect.WAYS, so that a poster's address and the digits under it open the same form.
FORM = f"/<any({', '.join(collect.WAYS)}):way>/<code>"
# The form has its own protection, which needs no cookie (docs/decisions/0008).
console_csrf.exempt(blueprint)

blueprint.register_error_handler(TokenError, recovery.offer_fresh_form)
blueprint.register_error_handler(UsedSlip, recovery.offer_without_slip)
blueprint.register_error_handler(UsedInvitation, recovery.show_not_counted)
blueprint.register_error_handler(ConflictingReplay, recovery.explain_conflict)
blueprint.register_error_handler(Exception, recovery.offer_retry)


@blueprint.route(FORM.replace(", ".join(collect.WAYS), ", ".join(collect.WAYS).lower()), methods=["GET", "POST"])
def lower_case(way: str, code: str) -> ResponseReturnValue:
    return redirect(url_for("respond.ask", way=way.upper(), code=collect.as_printed(way.upper(), code)), 308)


@blueprint.get(FORM)
def ask(way: str, code: str) -> ResponseReturnValue:
    if code != collect.as_printed(way, code):
        return lower_case(way, code)
    access = form.open_access(way, code)
    response = make_response(form.page(access, token=form.fresh_token(access)))
    # A new visit asks for a new form; going back shows the form that was sent, so that sending it again counts once.
    response.headers["Cache-Control"] = "private, no-cache"
    return response


@blueprint.get(f"{FORM}/SEND")
def begin_again(way: str, code: str) -> ResponseReturnValue:
    return redirect(url_for("respond.ask", way=way, code=code), 303)


# The form posts to an address of its own: a post to the form's address would make the browser throw its copy of the
# form away, and going back would fetch another form, with another key, that counts again.
@blueprint.post(f"{FORM}/SEND", endpoint="send")
@blueprint.post(FORM)
def submit(way: str, code: str) -> ResponseReturnValue:
    # Once the form can be shown: whoever has to wait sees the answers in it.
    access = form.open_access(way, code)
    count_post()
    displays.choose(request.form.getlist(displays.FIELD))
    if language := request.form.get("switch_language"):
        speak(language)
        return form.page(access, token=form.posted_token())
    refuse_other_sites()
    showing = form.open_token(access)
    submission = answers.read(access.questionnaire, request.form, gettext=gettext)
    if submission.errors:
        return form.page(access, token=form.posted_token(), errors=submission.errors), 422
    receipt = keep(access, showing, submission)
    return redirect(url_for("respond.receipt", receipt=receipt.code), 303)


@blueprint.get("/receipts/<receipt>")
def receipt(receipt: str) -> ResponseReturnValue:
    with site().database.reading() as session:
        kept = receipts.find(session, receipt) or abort(404)
        found = receipt_lists.inclusion(session, kept)
    return render_template("respond/receipt.html", kept=kept, inclusion=found, is_simulated=kept.is_simulated)


@blueprint.get("/receipts/<receipt>/proof.json")
def receipt_proof(receipt: str) -> ResponseReturnValue:
    with site().database.reading() as session:
        kept = receipts.find(session, receipt) or abort(404)
        proof = receipt_lists.inclusion(session, kept).proof or abort(404)
    response = Response(receipt_files.proof_json(proof), mimetype="application/json")
    response.headers.set("Content-Disposition", "attachment", filename=f"{kept.receipt}.json")
    return response
