"""The posters: one counter's on a page with all its printings, and files to print. To look changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response, abort, redirect, render_template, request, url_for

from survey import i18n
from survey.exports import posters_pdf, qr
from survey.services import agencies, codes, counters, posters, waves
from survey.services.daytime import day_of
from survey.web.console.access import blueprint, signed_in
from survey.web.console.presenting import printing_entries
from survey.web.site import site

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask.typing import ResponseReturnValue
    from sqlalchemy.orm import Session

    from survey.services.posters import Poster
    from survey.services.references import CounterRef, WaveRef


@blueprint.get("/counters/<counter>")
def counter(counter: str) -> ResponseReturnValue:
    with site().database.reading() as session:
        found = _counter(session, counter)
        poster = next(iter(_posters(session, [found])), None)
        printed = counters.printings(session, found)
    return render_template(
        "console/counter.html",
        user=signed_in(),
        counter=found,
        poster=poster,
        printings=printing_entries(printed, now=site().clock(), language=i18n.current()),
        words=posters_pdf.words(i18n.gettext),
        formats=posters_pdf.FORMATS,
    )


@blueprint.get("/counters/<counter>/qr.svg")
def counter_qr(counter: str) -> ResponseReturnValue:
    with site().database.reading() as session:
        poster = next(iter(_posters(session, [_counter(session, counter)])), None) or abort(404)
    return Response(qr.svg(poster.url, least_version=posters_pdf.LEAST_VERSION), mimetype="image/svg+xml")


@blueprint.get("/counters/<counter>/posters.pdf")
def counter_posters(counter: str) -> ResponseReturnValue:
    with site().database.reading() as session:
        return _file(session, [_counter(session, counter)], name=counter)


@blueprint.get("/agencies/<agency>/posters.pdf")
def agency_posters(agency: str) -> ResponseReturnValue:
    with site().database.reading() as session:
        found = agencies.find(session, agency) or abort(404)
        places = counters.listing(session, agency=found, open_on=day_of(site().clock()))
        return _file(session, places, name=agency)


@blueprint.post("/counters/<counter>/posters")
def issue(counter: str) -> ResponseReturnValue:
    with site().database.writing() as session:
        counters.issue_code(session, _counter(session, counter), now=site().clock())
    return redirect(url_for("console.counter", counter=counter), 303)


@blueprint.post("/agencies/<agency>/posters")
def issue_missing(agency: str) -> ResponseReturnValue:
    now = site().clock()
    with site().database.writing() as session:
        found = agencies.find(session, agency) or abort(404)
        counters.issue_missing(session, counters.listing(session, agency=found, open_on=day_of(now)), now=now)
    return redirect(url_for("console.agency", agency=agency), 303)


@blueprint.post("/counters/<counter>/posters/<int:serial>/revoke")
def revoke(counter: str, serial: int) -> ResponseReturnValue:
    with site().database.writing() as session:
        printing = counters.find_printing(session, _counter(session, counter), serial) or abort(404)
        counters.revoke_code(session, printing, now=site().clock())
    return redirect(url_for("console.counter", counter=counter), 303)


def _counter(session: Session, code: str) -> CounterRef:
    return counters.find(session, code) or abort(404)


def _file(session: Session, places: Sequence[CounterRef], *, name: str) -> Response:
    """The good posters of `places` as the PDF asked for; without any there is none."""
    form = request.args.get("format", "a4")
    pages = _posters(session, places) if form in posters_pdf.FORMATS else []
    if not pages:
        abort(404)
    running = _running(session)
    languages = posters.languages(session, running) if running else ()
    content = posters_pdf.pdf(pages, form=form, languages=posters_pdf.spoken(languages, shipped=site().locales))
    response = Response(content, mimetype="application/pdf")
    response.headers.set("Content-Disposition", "attachment", filename=f"{name}-{form}.pdf")
    return response


def _posters(session: Session, places: Sequence[CounterRef]) -> list[Poster]:
    running = _running(session)
    settings = site().settings
    return posters.of_counters(
        session,
        places,
        base_url=settings.public_base_url,
        key=settings.key(codes.KEY_PURPOSE),
        now=site().clock(),
        hotline=settings.hotline,
        is_simulated=running is not None and running.is_simulated,
    )


def _running(session: Session) -> WaveRef | None:
    return waves.running(session, on=day_of(site().clock()))
