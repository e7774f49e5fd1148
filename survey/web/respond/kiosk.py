"""A tablet at the exit: one page for one visitor after the other, which works for a day without a network.

Its script (`static/kiosk.js`) keeps forms on the tablet and sends them when it can. All addresses but its own are
for that script, which goes by the status; refusals are the site's own pages (docs/decisions/0017).
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import logging
from typing import TYPE_CHECKING, cast

from flask import Blueprint, current_app, jsonify, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import Forbidden, TooManyRequests

from forms import answers
from survey.i18n import current, gettext
from survey.models import Entry
from survey.services import codes, form_tokens, kiosks
from survey.services.errors import ForgedCode, TokenForged
from survey.web.console.throttle import Throttle
from survey.web.languages import home_url
from survey.web.post_limit import count_post
from survey.web.respond import form
from survey.web.respond.keeping import keep
from survey.web.respond.offline import script
from survey.web.respond.questions import ROOM, QuestionGroup, Sheet
from survey.web.security import console_csrf, refuse_other_sites
from survey.web.site import site

if TYPE_CHECKING:
    from flask.blueprints import BlueprintSetupState
    from flask.typing import ResponseReturnValue

    from survey.services.collect import FormAccess
    from survey.services.kiosks import KioskRef

blueprint = Blueprint("kiosk", __name__, url_prefix="/K")
# As the citizens' pages: no cookie, so no session to abuse; who sends is checked as there (docs/decisions/0008).
console_csrf.exempt(blueprint)

logger = logging.getLogger(__name__)
_ATTEMPTS, _PAUSE = 5, dt.timedelta(minutes=15)


@blueprint.record_once
def make_throttle(state: BlueprintSetupState) -> None:
    state.app.extensions["sipas_pin_throttle"] = Throttle(limit=_ATTEMPTS, window=_PAUSE)


@blueprint.get("/worker.js")
def worker() -> ResponseReturnValue:
    """The worker that opens the page without a network; at this address its scope is all kiosks and nothing else."""
    return script("kiosk-worker.js")


@blueprint.get("/<code>")
def show(code: str) -> ResponseReturnValue:
    if code != codes.as_printed(code):
        return redirect(url_for("kiosk.show", code=codes.as_printed(code)), 308)
    _, access = _opened(code)
    questionnaire = access.questionnaire
    sheet = Sheet(questionnaire=questionnaire, locale=current().code, given=MultiDict(), errors={})
    return render_template(
        "kiosk/form.html",
        code=code,
        access=access,
        title=sheet.say(questionnaire.title),
        intro=sheet.say_any(questionnaire.intro),
        groups=[_to_the_limit(group) for group in sheet.groups()],
        must_answer=" ".join(item.id for item in questionnaire.items if item.required),
        is_simulated=access.wave.is_simulated,
    )


@blueprint.get("/<code>/PACK")
def pack(code: str) -> ResponseReturnValue:
    """Forms for the visitors to come, and for how many seconds they are good."""
    _, access = _opened(code)
    chance, now, key = site().random_bytes, site().clock(), site().settings.key(form_tokens.KEY_PURPOSE)
    forms = kiosks.spare_forms(access, key=key, now=now, rng=chance)
    life = form_tokens.LIFE[Entry.KIOSK]
    return jsonify(seconds=int(life.total_seconds()), forms=[[one.token, one.receipt] for one in forms])


@blueprint.post("/<code>/SEND")
def send(code: str) -> ResponseReturnValue:
    count_post()
    _, access = _opened(code)
    refuse_other_sites()
    showing = form.open_token(access)
    if showing.entry is not Entry.KIOSK:
        raise TokenForged
    submission = answers.read(access.questionnaire, request.form, gettext=gettext)
    if submission.errors:
        return jsonify(errors=submission.errors), 422
    return jsonify(receipt=keep(access, showing, submission).code)


@blueprint.post("/<code>/LEAVE")
def leave(code: str) -> ResponseReturnValue:
    """Where to go, for who has the PIN. It opens nothing and changes nothing here: it guards the tablet's page."""
    count_post()
    refuse_other_sites()
    kiosk, _ = _opened(code)
    throttle, now = cast("Throttle", current_app.extensions["sipas_pin_throttle"]), site().clock()
    # By kiosk and not by address: nobody but the staff has to get in, and six digits are few.
    if seconds := throttle.seconds_to_wait(kiosk.id, now=now):
        raise TooManyRequests(retry_after=seconds)
    with site().database.reading() as session:
        genuine = kiosks.is_pin(session, kiosk, request.form.get("pin", ""))
    if not genuine:
        throttle.fail(kiosk.id, now=now)
        raise Forbidden
    throttle.succeed(kiosk.id)
    return jsonify(url=home_url())


def _opened(code: str) -> tuple[KioskRef, FormAccess]:
    try:
        with site().database.reading() as session:
            return kiosks.resolve(
                session, code, key_for=site().settings.key, now=site().clock(), token=form.posted_token()
            )
    except ForgedCode:
        # Which kiosk it pretends to be, and not the signature: logs are no place for codes.
        logger.warning("A forged code for kiosk %s was shown.", code.rpartition("-")[0])
        raise


def _to_the_limit(group: QuestionGroup) -> QuestionGroup:
    """Texts stop at their limit: without a network nobody could say afterwards that one was too long."""
    cut = (dataclasses.replace(question, ceiling=question.ceiling // ROOM) for question in group.questions)
    return dataclasses.replace(group, questions=tuple(cut))
