"""The pages and files of results. A view asks for a table, has it prepared, and shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, render_template, request

from survey import i18n
from survey.exports.indices_csv import indices_csv
from survey.exports.indices_json import indices_json
from survey.services import waves
from survey.services.daytime import day_of
from survey.web.public import presenting
from survey.web.public.caching import revalidate
from survey.web.public.home import home_page
from survey.web.public.tables import agency_document, agency_table, wave_document, wave_table
from survey.web.site import site

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

blueprint = Blueprint("public", __name__)
blueprint.after_request(revalidate)

CSV = "text/csv; charset=utf-8"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@blueprint.get("/")
def home() -> ResponseReturnValue:
    with site().database.reading() as session:
        listed = waves.listing(session)
    page = home_page(listed, today=day_of(site().clock()), language=i18n.current())
    return render_template("public/home.html", page=page)


@blueprint.get("/waves/<wave>")
def wave(wave: str) -> ResponseReturnValue:
    page = presenting.province_page(
        wave_table(wave),
        dimension=request.args.get("dimension"),
        order=request.args.get("sort"),
        language=i18n.current(),
    )
    return render_template("public/wave.html", page=page, stream=request.args.get("stream"))


@blueprint.get("/waves/<wave>.csv")
def wave_csv(wave: str) -> ResponseReturnValue:
    return _file(indices_csv(wave_table(wave), language=i18n.current()), CSV, f"{wave}.csv")


@blueprint.get("/waves/<wave>.json")
def wave_json(wave: str) -> ResponseReturnValue:
    return Response(indices_json(wave_document(wave), language=i18n.current()), mimetype="application/json")


@blueprint.get("/waves/<wave>/agencies/<agency>")
def agency(wave: str, agency: str) -> ResponseReturnValue:
    table, row = agency_table(wave, agency)
    page = presenting.agency_page(table, row, language=i18n.current())
    return render_template("public/agency.html", page=page, stream=request.args.get("stream"))


@blueprint.get("/waves/<wave>/agencies/<agency>.csv")
def agency_csv(wave: str, agency: str) -> ResponseReturnValue:
    table, _ = agency_table(wave, agency)
    return _file(indices_csv(table, language=i18n.current()), CSV, f"{wave}-{agency}.csv")


@blueprint.get("/waves/<wave>/agencies/<agency>.json")
def agency_json(wave: str, agency: str) -> ResponseReturnValue:
    return Response(indices_json(agency_document(wave, agency), language=i18n.current()), mimetype="application/json")


@blueprint.get("/waves/<wave>/agencies/<agency>.docx")
def agency_docx(wave: str, agency: str) -> ResponseReturnValue:
    # Word files bring lxml along, which the start of the site need not wait for.
    from survey.exports.indices_docx import indices_docx

    # An official document is in Vietnamese, whatever language the page was read in.
    language = i18n.find(i18n.DEFAULT)
    table, row = agency_table(wave, agency, language=language.code)
    return _file(indices_docx(table, row, language=language), DOCX, f"{wave}-{agency}.docx")


def _file(content: bytes, mimetype: str, name: str) -> Response:
    response = Response(content, content_type=mimetype)
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response
