"""The HTTP API: one document, the same that the pages draw and the command line prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, request

from survey import i18n
from survey.exports.indices_json import indices_json
from survey.services.errors import ServiceError
from survey.web.public.caching import revalidate
from survey.web.public.tables import wave_document

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

blueprint = Blueprint("api", __name__, url_prefix="/api/v1")
blueprint.after_request(revalidate)

GROUPINGS = ("agency",)


class UnsupportedGroupingError(ServiceError):
    """The indices are not offered by that."""

    def __init__(self, by: str) -> None:
        message = i18n.mark("Indices are not offered by “{by}”. Ask for one of: {choices}.")
        super().__init__(message, by=by[:40], choices=", ".join(GROUPINGS))


@blueprint.get("/waves/<wave>/indices")
def indices(wave: str) -> ResponseReturnValue:
    _check_grouping(request.args.get("by", "agency"))
    return Response(indices_json(wave_document(wave), language=i18n.current()), mimetype="application/json")


def _check_grouping(by: str) -> None:
    if by not in GROUPINGS:
        raise UnsupportedGroupingError(by)
