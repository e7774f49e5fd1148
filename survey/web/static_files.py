"""The few static files: read once, compressed once, named by their content so that browsers keep them for ever."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flask import Blueprint, Response, abort, current_app, url_for

from survey import resources
from survey.web.compression import accepts_gzip

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from flask import Flask

FOR_EVER = "public, max-age=31536000, immutable"
blueprint = Blueprint("static_files", __name__)


@dataclass(frozen=True, slots=True)
class StaticFile:
    """One file as it goes over the wire."""

    hash: str
    mimetype: str
    content: bytes = field(repr=False)
    compressed: bytes = field(repr=False)


def register_static_files(app: Flask) -> None:
    app.extensions["sipas_static"] = _read_all(resources.STATIC)
    app.register_blueprint(blueprint)


def static_file(name: str) -> StaticFile:
    """A static file that is served under an address of another view's."""
    return _files()[name]


def static_url(name: str) -> str:
    """The address of a static file, which changes whenever its content does."""
    return url_for("static_files.serve", hash=_files()[name].hash, name=name)


@blueprint.get("/static/<hash>/<name>")
def serve(hash: str, name: str) -> Response:  # noqa: A002 - the name of the part of the address.
    file = _files().get(name) or abort(404)
    response = Response(file.content, mimetype=file.mimetype)
    if accepts_gzip():
        response.set_data(file.compressed)
        response.content_encoding = "gzip"
    response.vary.add("Accept-Encoding")
    # A page of an older release may still ask for its own stylesheet: today's is better than none.
    response.headers["Cache-Control"] = FOR_EVER if hash == file.hash else "no-cache"
    return response


def _files() -> Mapping[str, StaticFile]:
    files: Mapping[str, StaticFile] = current_app.extensions["sipas_static"]
    return files


def _read_all(folder: Path) -> Mapping[str, StaticFile]:
    return {path.name: _read(path) for path in sorted(folder.iterdir()) if path.is_file()}


def _read(path: Path) -> StaticFile:
    content = path.read_bytes()
    return StaticFile(
        hash=hashlib.sha256(content).hexdigest()[:12],
        mimetype=mimetypes.guess_type(path.name)[0] or "application/octet-stream",
        content=content,
        compressed=gzip.compress(content, 9, mtime=0),
    )
