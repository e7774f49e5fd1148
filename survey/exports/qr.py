"""QR codes as vector pictures."""

from __future__ import annotations

import io
import re
from itertools import groupby
from typing import TYPE_CHECKING

import qrcode
from qrcode.constants import ERROR_CORRECT_H, ERROR_CORRECT_M

from survey.i18n import mark

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# A QR code packs these characters two in eleven bits; any other character would cost eight bits each.
ALPHANUMERIC = re.compile(r"[0-9A-Z $%*+\-./:]+")
QUIET_ZONE = 4


class QRError(ValueError):
    """A text that would make the code needlessly dense."""

    def __init__(self, template: str, **values: object) -> None:
        super().__init__(template.format(**values))
        self.template = template
        self.values = values


def svg(text: str, *, least_version: int = 1) -> bytes:
    """The QR code of `text` as SVG, its quiet zone included; nearly a third of it may be hidden or torn (level H).

    A code of a higher version has more and smaller modules, so that a hole of one size spoils a smaller share of its
    words: `least_version` is for what hangs where it is scratched, soiled and covered.

    Raises
    ------
    QRError
        When `text` needs more than the alphanumeric mode: the address must be in upper case.
    """
    if not ALPHANUMERIC.fullmatch(text):
        raise QRError(
            mark("the QR text {text!r} has characters outside the alphanumeric mode: use upper case"), text=text
        )
    rows = _encoded(text, level=ERROR_CORRECT_H, version=least_version, border=QUIET_ZONE).get_matrix()
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {len(rows)} {len(rows)}" shape-rendering="crispEdges">'
        '<rect fill="white" width="100%" height="100%"/>'
        f'<path fill="#000" d="{"".join(_bars(rows))}"/></svg>'
    ).encode()


def terminal(text: str) -> str:
    """The QR code of `text` drawn with half blocks, dark on light, for a terminal: as small as level M makes it."""
    lines = io.StringIO()
    _encoded(text, level=ERROR_CORRECT_M, version=1, border=2).print_ascii(out=lines, invert=True)
    return lines.getvalue()


def _encoded(text: str, *, level: int, version: int, border: int) -> qrcode.QRCode:
    """The smallest code of that error correction whose version is `version` or more."""
    code = qrcode.QRCode(version=version, error_correction=level, border=border)
    code.add_data(text)
    code.make(fit=True)
    return code


def _bars(rows: Iterable[Iterable[bool]]) -> Iterator[str]:
    """The dark modules as parts of a path: neighbours in a row are one bar, so that no hairline parts them."""
    for top, row in enumerate(rows):
        left = 0
        for is_dark, modules in groupby(row):
            right = left + len(list(modules))
            if is_dark:
                yield f"M{left},{top}H{right}V{top + 1}H{left}z"
            left = right
