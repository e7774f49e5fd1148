"""How long a page of results may be kept: as long as it is still true, which is asked each time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import request

if TYPE_CHECKING:
    from flask import Response


def revalidate(response: Response) -> Response:
    """Let caches keep the answer and ask whether it has changed; an unchanged page is not sent again."""
    if request.method in {"GET", "HEAD"} and response.status_code == 200:  # noqa: PLR2004 - the status of a page that was found.
        response.headers["Cache-Control"] = "public, no-cache"
        # Weak, because the same page goes out compressed and plain.
        response.add_etag(weak=True)
        response.make_conditional(request)
    return response
