"""The printed posters as PDF: an A4 poster, an A6 card for the desk, or an A4 sheet of stickers for each counter."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import typst

from survey import i18n, resources
from survey.exports import qr
from survey.services.posters import Poster

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from survey.i18n import Locale

__all__ = ["FORMATS", "Poster", "pdf", "pdfs", "spoken", "steps", "words"]

# Each has a program of its own in exports/typst.
FORMATS = ("a4", "a6", "sticker")
# 45 modules across: so many that 15 % of the code may be hidden in up to three places. With the 37 that the address
# needs, one look in fifteen then failed, and with these one in fifty (docs/benchmarks.md, "Reading posters").
LEAST_VERSION = 7


def spoken(codes: Iterable[str], *, shipped: Mapping[str, Locale] | None = None) -> tuple[Locale, ...]:
    """The languages among `codes` that have a catalogue, in that order; the default one where none has."""
    known = i18n.shipped() if shipped is None else shipped
    return tuple(known[code] for code in codes if code in known) or (known[i18n.DEFAULT],)


def pdf(pages: Sequence[Poster], *, form: str, languages: Sequence[Locale]) -> bytes:
    """One tagged PDF with a page for each poster; the same input gives the same bytes.

    `form` is one of FORMATS. The first of `languages` is set large, the others smaller beneath it.
    """
    ((_, content),) = pdfs(pages, forms=(form,), languages=languages)
    return content


def pdfs(
    pages: Sequence[Poster],
    *,
    forms: Iterable[str],
    languages: Sequence[Locale],
    progress: Callable[[int], object] = lambda _: None,
) -> Iterator[tuple[str, bytes]]:
    """The same for each of `forms`; `progress` is told how many of `steps` are done since it was last told."""
    drawn = []
    for poster in pages:
        drawn.append(_page(poster, languages))
        progress(1)
    spoken_words = [{"code": one.code, "words": words(one.gettext)} for one in languages]
    text = json.dumps({"title": languages[0].gettext("Posters"), "languages": spoken_words, "posters": drawn})
    for form in forms:
        yield form, _compiled(form, text)
        progress(len(pages))


def steps(pages: Sequence[Poster], forms: Sequence[str]) -> int:
    """How long a bar is that `pdfs` fills: drawing a code takes about as long as setting a page."""
    return len(pages) * (1 + len(forms))


def words(_: Callable[..., str]) -> Mapping[str, str]:
    """The sentences of a poster, in the language of `_`; the poster page in the browser says the same."""
    return {
        "simulated": _("Simulated data – for demonstration only"),
        "question": _("Please rate the service"),
        "invitation": _("Point your phone's camera at the code. It takes one minute."),
        "typing": _("Cannot scan? Open this address and type the six digits:"),
        "private": _("Staff cannot see your answers"),
        "anonymous": _("Anonymous: no name, phone number or file number is asked."),
        "check": _("Before you answer, check that the address of the page begins with"),
        "hotline": _("Hotline:"),
        "alt": _("QR code that leads to"),
    }


def _page(poster: Poster, languages: Sequence[Locale]) -> Mapping[str, object]:
    return {
        "agency": poster.agency_name,
        "counter": poster.counter_name,
        "url": poster.url,
        "domain": poster.domain,
        "address": poster.short_address,
        "digits": poster.digits,
        "hotline": poster.hotline,
        "serials": [one.gettext("Poster no. %(serial)s", serial=poster.serial) for one in languages],
        "simulated": poster.is_simulated,
        "qr": qr.svg(poster.url, least_version=LEAST_VERSION).decode(),
    }


def _compiled(form: str, data: str) -> bytes:
    content: bytes = typst.compile(
        str(resources.TYPST / f"{form}.typ"),
        format="pdf",
        font_paths=[str(resources.FONTS)],
        ignore_system_fonts=True,
        sys_inputs={"data": data},
    )
    return content
