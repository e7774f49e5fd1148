"""What an address may hold: nothing that the database cannot even be asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import request
from werkzeug.exceptions import NotFound
from werkzeug.routing import IntegerConverter, Map

if TYPE_CHECKING:
    from flask import Flask

HIGHEST_NUMBER = 2**31 - 1


class DatabaseNumber(IntegerConverter):
    """`<int:…>` in every rule: a number that fits a column. A larger one is the number of nothing."""

    def __init__(self, map: Map, **options: Any) -> None:  # noqa: A002 - the name that the router gives it.
        super().__init__(map, **{"max": HIGHEST_NUMBER, **options})


def register_addresses(app: Flask) -> None:
    app.url_map.converters["int"] = DatabaseNumber
    app.before_request(_find_nothing_behind_nul)


def _find_nothing_behind_nul() -> None:
    # PostgreSQL fails when asked for a text with a NUL, and no text that we keep has one.
    if "\0" in request.path:
        raise NotFound
