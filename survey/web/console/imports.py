"""Responses from a file: read whole, refused whole with every fault named, or saved whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import abort, flash, get_flashed_messages, redirect, render_template, request, url_for

from survey import i18n
from survey.exports.wording import stream_name
from survey.models import Stream
from survey.services import importing, questionnaires, waves
from survey.services.import_problems import ImportRejected
from survey.web.console.access import blueprint, signed_in
from survey.web.console.presenting import problem_lines, problems_left_out
from survey.web.site import site

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from survey.services.references import WaveRef

_SAVED = "saved"


@blueprint.get("/waves/<wave>/import")
def import_form(wave: str) -> ResponseReturnValue:
    found, items = _wave(wave)
    return _page(found, items=items)


@blueprint.post("/waves/<wave>/import")
def import_file(wave: str) -> ResponseReturnValue:
    found, items = _wave(wave)
    upload = request.files.get("file")
    if upload is None or not upload.filename:
        return _page(found, items=items, error=i18n.gettext("Choose a file.")), 422
    stream = request.form.get("stream", found.stream)
    try:
        saved = _save(found, upload.read(), stream=stream)
    except ImportRejected as rejection:
        return _page(found, items=items, rejection=rejection, file_name=upload.filename), 422
    flash(i18n.current().number(saved), _SAVED)
    return redirect(url_for("console.import_form", wave=wave, stream=stream), 303)


def _wave(code: str) -> tuple[WaveRef, tuple[str, ...]]:
    """The wave of that code, and the names of the columns that its questionnaire gives a file."""
    with site().database.reading() as session:
        found = waves.find(session, code) or abort(404)
        questionnaire = questionnaires.get(session, found.questionnaire_hash)
    return found, tuple(item.id for item in questionnaire.items)


def _save(wave: WaveRef, data: bytes, *, stream: str) -> int:
    # Reading takes seconds where a file is long, so nobody waits for it with a pen in hand.
    with site().database.reading() as session:
        questionnaire = questionnaires.get(session, wave.questionnaire_hash)
        destination = importing.destination(session, wave, stream=stream)
    batch = importing.read_responses(data, questionnaire, into=destination)
    with site().database.writing() as session:
        return importing.save(session, batch, received_at=site().clock())


def _page(
    wave: WaveRef,
    *,
    items: tuple[str, ...],
    error: str | None = None,
    rejection: ImportRejected | None = None,
    file_name: str | None = None,
) -> str:
    return render_template(
        "console/import.html",
        user=signed_in(),
        wave=wave,
        items=items,
        streams=[(one.value, stream_name(one, language=i18n.current())) for one in Stream],
        stream=request.values.get("stream", wave.stream),
        saved=next(iter(get_flashed_messages(category_filter=[_SAVED])), None),
        error=error or (i18n.explain(rejection) if rejection else None),
        problems=problem_lines(rejection.problems, language=i18n.current()) if rejection else (),
        hidden=problems_left_out(rejection, language=i18n.current()) if rejection else None,
        file_name=file_name,
    )
