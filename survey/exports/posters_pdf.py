"""The printed posters: one A4 page a counter, with its QR code, as one PDF."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import typst

from survey import resources
from survey.exports import qr
from survey.services.posters import Poster

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["Poster", "posters", "words"]


def posters(pages: Sequence[Poster], *, locale: str, gettext: Callable[..., str]) -> bytes:
    """One tagged PDF with a page for each poster; the same input gives the same bytes."""
    data = {
        "title": gettext("Posters"),
        "locale": locale,
        "words": words(gettext),
        "posters": [_page(poster, gettext) for poster in pages],
    }
    return typst.compile(
        str(resources.TYPST / "posters.typ"),
        format="pdf",
        font_paths=[str(resources.FONTS)],
        ignore_system_fonts=True,
        sys_inputs={"data": json.dumps(data)},
    )


def words(_: Callable[..., str]) -> Mapping[str, str]:
    """The sentences of a poster, in the language of `_`; the poster page in the browser says the same."""
    return {
        "simulated": _("Simulated data – for demonstration only"),
        "question": _("Please rate the service"),
        "invitation": _("Point your phone's camera at the code. It takes one minute."),
        "address": _("Or type this address:"),
        "private": _("Staff cannot see your answers"),
        "anonymous": _("Anonymous: no name, phone number or file number is asked."),
        "check": _("Before you answer, check that the address of the page begins with"),
        "alt": _("QR code that leads to"),
    }


def _page(poster: Poster, _: Callable[..., str]) -> Mapping[str, object]:
    return {
        "agency": poster.agency_name,
        "counter": poster.counter_name,
        "url": poster.url,
        "domain": poster.domain,
        "serial": _("Poster no. %(serial)s", serial=poster.serial),
        "simulated": poster.is_simulated,
        "qr": qr.svg(poster.url).decode(),
    }
