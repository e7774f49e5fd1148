"""QR codes as vector pictures."""

from __future__ import annotations

import io
import re

import qrcode
from qrcode.constants import ERROR_CORRECT_Q
from qrcode.image.svg import SvgPathFillImage

from survey.i18n import mark

# A QR code packs these characters two in eleven bits; any other character would cost eight bits each.
ALPHANUMERIC = re.compile(r"[0-9A-Z $%*+\-./:]+")


class QRError(ValueError):
    """A text that would make the code needlessly dense."""

    def __init__(self, template: str, **values: object) -> None:
        super().__init__(template.format(**values))
        self.template = template
        self.values = values


def svg(text: str) -> bytes:
    """The QR code of `text` as SVG, with its quiet zone, error correction Q (a quarter may be hidden or torn).

    Raises
    ------
    QRError
        When `text` needs more than the alphanumeric mode: the address must be in upper case.
    """
    if not ALPHANUMERIC.fullmatch(text):
        raise QRError(
            mark("the QR text {text!r} has characters outside the alphanumeric mode: use upper case"), text=text
        )
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_Q, border=4, image_factory=SvgPathFillImage)
    code.add_data(text)
    code.make(fit=True)
    picture = io.BytesIO()
    code.make_image().save(picture)
    return picture.getvalue()


def terminal(text: str) -> str:
    """The QR code of `text` drawn with half blocks, dark on light, for a terminal."""
    code = qrcode.QRCode(error_correction=ERROR_CORRECT_Q, border=2)
    code.add_data(text)
    lines = io.StringIO()
    code.print_ascii(out=lines, invert=True)
    return lines.getvalue()
