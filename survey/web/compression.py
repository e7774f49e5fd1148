"""Pages are compressed on the way out: a citizen's phone at a counter may have 400 kbps."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

from flask import request

if TYPE_CHECKING:
    from flask import Flask, Response

# Below this a compressed page does not need fewer packets.
SMALLEST = 600
LEVEL = 6
_TEXTS = ("text/", "application/json", "application/problem+json", "image/svg+xml")


def register_compression(app: Flask) -> None:
    app.after_request(_compress)


def accepts_gzip() -> bool:
    return request.accept_encodings.quality("gzip") > 0


def _compress(response: Response) -> Response:
    if not _is_compressible(response):
        return response
    response.vary.add("Accept-Encoding")
    if accepts_gzip():
        response.set_data(gzip.compress(response.get_data(), LEVEL, mtime=0))
        response.content_encoding = "gzip"
    return response


def _is_compressible(response: Response) -> bool:
    # The console's pages hold a secret beside what was typed: compressed, their length would betray it (BREACH).
    return (
        request.blueprint != "console"
        and not response.direct_passthrough
        and not response.is_streamed
        and not response.content_encoding
        and (response.mimetype or "").startswith(_TEXTS)
        and (response.content_length or 0) >= SMALLEST
    )
