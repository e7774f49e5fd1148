"""The posters: one counter's on a page, all of an agency's in a file to print."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response, abort, render_template

from survey import i18n
from survey.exports import posters_pdf, qr
from survey.services import agencies, codes, counters, posters, waves
from survey.services.daytime import day_of
from survey.web.console.access import blueprint, signed_in
from survey.web.site import site

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask.typing import ResponseReturnValue
    from sqlalchemy.orm import Session

    from survey.services.posters import Poster
    from survey.services.references import CounterRef


@blueprint.get("/counters/<counter>")
def counter(counter: str) -> ResponseReturnValue:
    with site().database.writing() as session:
        found = counters.find(session, counter) or abort(404)
        (poster,) = _posters(session, [found])
    words = posters_pdf.words(i18n.gettext)
    return render_template("console/counter.html", user=signed_in(), counter=found, poster=poster, words=words)


@blueprint.get("/counters/<counter>/qr.svg")
def counter_qr(counter: str) -> ResponseReturnValue:
    with site().database.writing() as session:
        found = counters.find(session, counter) or abort(404)
        (poster,) = _posters(session, [found])
    return Response(qr.svg(poster.url), mimetype="image/svg+xml")


@blueprint.get("/agencies/<agency>/posters.pdf")
def agency_posters(agency: str) -> ResponseReturnValue:
    with site().database.writing() as session:
        found = agencies.find(session, agency) or abort(404)
        pages = _posters(session, counters.listing(session, agency=found) or abort(404))
    content = posters_pdf.posters(pages, locale=i18n.current().code, gettext=i18n.gettext)
    response = Response(content, mimetype="application/pdf")
    response.headers.set("Content-Disposition", "attachment", filename=f"{agency}-posters.pdf")
    return response


def _posters(session: Session, places: Sequence[CounterRef]) -> list[Poster]:
    """The posters of `places`. The session writes, because a counter without a good poster is issued one."""
    now = site().clock()
    running = waves.running(session, on=day_of(now))
    return posters.of_counters(
        session,
        places,
        base_url=site().settings.public_base_url,
        key=site().settings.key(codes.KEY_PURPOSE),
        now=now,
        is_simulated=running is not None and running.is_simulated,
    )
