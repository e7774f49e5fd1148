"""Return slips with one-time codes: eight on a page of A4, to be cut, as PDF; or as CSV, to be printed elsewhere."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import typst

from survey import i18n, resources
from survey.exports import qr
from survey.services import slip_codes

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping, Sequence

    from survey.i18n import Locale

__all__ = ["SlipSheet", "csv_lines", "pdf"]

COLUMNS = ("code", "url", "counter", "opens_on", "closes_on")


@dataclass(frozen=True, slots=True, kw_only=True)
class SlipSheet:
    """What the slips of one batch have in common."""

    agency_name: str
    counter_name: str
    counter_code: str
    opens_on: dt.date
    closes_on: dt.date
    base_url: str
    hotline: str = ""
    is_simulated: bool = False

    @property
    def typed_address(self) -> str:
        """Where to type the code of a slip that cannot be scanned: browsers know the rest."""
        return f"{urlsplit(self.base_url).netloc.lower()}/S"


def pdf(
    sheet: SlipSheet,
    drawn: Sequence[str],
    *,
    languages: Sequence[Locale],
    progress: Callable[[int], object] = lambda _: None,
) -> bytes:
    """One tagged PDF with the slips of `drawn` in that order; `progress` is told how many more are drawn.

    The first of `languages` says all, the others what the slip is for.
    """
    first = languages[0]
    slips = []
    for code in drawn:
        slips.append({"code": slip_codes.grouped(code), "qr": _picture(sheet, code)})
        progress(1)
    data = {
        "title": first.gettext("Return slips"),
        "language": first.code,
        "others": [{"code": one.code, "question": one.gettext("Please rate the service")} for one in languages[1:]],
        "words": _words(sheet, first),
        "agency": sheet.agency_name,
        "counter": sheet.counter_name,
        "address": sheet.typed_address,
        "hotline": sheet.hotline,
        "simulated": sheet.is_simulated,
        "slips": slips,
    }
    content: bytes = typst.compile(
        str(resources.TYPST / "slips.typ"),
        format="pdf",
        font_paths=[str(resources.FONTS)],
        ignore_system_fonts=True,
        sys_inputs={"data": json.dumps(data)},
    )
    return content


def csv_lines(sheet: SlipSheet, drawn: Sequence[str]) -> bytes:
    """The same codes as CSV that spreadsheets read: for whoever prints them on slips of their own."""
    file = io.StringIO()
    lines = csv.writer(file)
    lines.writerow(COLUMNS)
    for code in drawn:
        url = slip_codes.url_of(code, base_url=sheet.base_url)
        lines.writerow((slip_codes.grouped(code), url, sheet.counter_code, sheet.opens_on, sheet.closes_on))
    return file.getvalue().encode("utf-8-sig")


def _picture(sheet: SlipSheet, code: str) -> str:
    return qr.svg(slip_codes.url_of(code, base_url=sheet.base_url)).decode()


def _words(sheet: SlipSheet, locale: i18n.Locale) -> Mapping[str, str]:
    _ = locale.gettext
    return {
        "simulated": _("Simulated data – for demonstration only"),
        "question": _("Please rate the service"),
        "scan": _("Scan with your phone, it takes a minute."),
        "typing": _("Cannot scan? Open this address and type:"),
        "until": _("Good once, until the end of %(day)s.", day=locale.date(sheet.closes_on)),
        "private": _("Nobody can see who answered: the code is linked neither to you nor to your case."),
        "hotline": _("Hotline:"),
        "alt": _("QR code of this slip"),
    }
