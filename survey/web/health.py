"""Whether this site can do its work, for whoever watches over it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from flask import Blueprint, jsonify
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from survey.web.site import site

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

blueprint = Blueprint("health", __name__)
logger = logging.getLogger(__name__)


@blueprint.get("/health")
def health() -> ResponseReturnValue:
    if _database_answers():
        return jsonify(status="ok", database="ok")
    return jsonify(status="failing", database="unreachable"), 503


def _database_answers() -> bool:
    try:
        with site().database.reading() as session:
            return session.scalar(select(1)) == 1
    except SQLAlchemyError:
        logger.exception("The database does not answer.")
        return False
