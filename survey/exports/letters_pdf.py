"""Letters to those who were drawn, as PDF: A4 for envelopes with a window, each with its own code; and the paper form.

The address stands where the window of a DL or C5/6 envelope is (DIN 5008, form B: 20 mm from the left, 45 mm from the
top, 85 × 45 mm), with marks to fold at 105 mm and 210 mm; nothing else of the letter can be seen through it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import typst

from survey import resources
from survey.exports import paper_form, qr
from survey.services import invitations, slip_codes

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping, Sequence

    from forms.definition import Questionnaire
    from survey.i18n import Locale

__all__ = ["Letter", "LetterSheet", "pdf"]

# Letters are folded, and the code stands between the folds; as on posters, a code of more modules loses less to a hole.
LEAST_VERSION = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterSheet:
    """What the letters of one file have in common."""

    wave_title: str
    closes_on: dt.date
    written_on: dt.date
    base_url: str
    hotline: str = ""
    is_reminder: bool = False
    is_simulated: bool = False

    @property
    def typed_address(self) -> str:
        """Where to type the code if it cannot be scanned: browsers know the rest."""
        return f"{urlsplit(self.base_url).netloc.lower()}/I"

    @property
    def domain(self) -> str:
        """The beginning of the address as a person compares it, against letters that lead elsewhere."""
        parts = urlsplit(self.base_url)
        return f"{parts.scheme}://{parts.netloc}/".lower()


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter: to whom, about which agency, and its code."""

    number: int
    name: str
    address: str
    agency_name: str
    code: str


def pdf(
    sheet: LetterSheet,
    letters: Sequence[Letter],
    *,
    languages: Sequence[Locale],
    paper: Questionnaire | None = None,
    progress: Callable[[int], object] = lambda _: None,
) -> bytes:
    """One tagged PDF with a page for each letter, followed by `paper` as a form to fill in with a pen where given.

    The first of `languages` says all, the others the same in short. `progress` is told how many more are drawn.
    """
    first = languages[0]
    drawn = []
    for one in letters:
        drawn.append(_letter(sheet, one))
        progress(1)
    data = {
        "title": first.gettext("Letters of invitation"),
        "language": first.code,
        "words": _words(sheet, first, with_paper=paper is not None),
        "others": [{"code": one.code, **_in_short(sheet, one)} for one in languages[1:]],
        "wave": sheet.wave_title,
        "address": sheet.typed_address,
        "simulated": sheet.is_simulated,
        "letters": drawn,
    }
    with TemporaryDirectory(prefix="sipas-letters-") as folder:
        form = _form(paper, sheet, first, Path(folder)) if paper else {"form": "", "pages": 0}
        # The form is a file outside of the program's folder, so that the root is the file system's.
        return _compiled("letters.typ", {**data, **form}, root="/")


def _form(paper: Questionnaire, sheet: LetterSheet, locale: Locale, folder: Path) -> Mapping[str, Any]:
    """The paper form, drawn once: of each letter it is the same picture, in memory and in the file."""
    data = {
        "language": locale.code,
        "paper": paper_form.printed(paper, locale=locale.code),
        "words": _words_of_paper(sheet, locale),
    }
    file = folder / "form.pdf"
    file.write_bytes(_compiled("paper.typ", data))
    return {"form": str(file), "pages": json.loads(_pages(data))[0]}


def _pages(data: Mapping[str, Any]) -> str:
    found: str = typst.query(
        str(resources.TYPST / "paper.typ"), "<pages>", field="value", format="json", **_settings(data)
    )
    return found


def _compiled(program: str, data: Mapping[str, Any], *, root: str | None = None) -> bytes:
    content: bytes = typst.compile(str(resources.TYPST / program), root=root, format="pdf", **_settings(data))
    return content


def _settings(data: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "font_paths": [str(resources.FONTS)],
        "ignore_system_fonts": True,
        "sys_inputs": {"data": json.dumps(data)},
    }


def _letter(sheet: LetterSheet, one: Letter) -> Mapping[str, Any]:
    url = invitations.url_of(one.code, base_url=sheet.base_url)
    return {
        "number": one.number,
        "name": one.name,
        "address": one.address,
        "agency": one.agency_name,
        "code": slip_codes.grouped(one.code),
        "qr": qr.svg(url, least_version=LEAST_VERSION).decode(),
    }


def _words(sheet: LetterSheet, locale: Locale, *, with_paper: bool) -> Mapping[str, Any]:
    _ = locale.gettext
    day = locale.date(sheet.closes_on)
    paper = [_("If you prefer paper, fill in the form that comes with this letter instead.")] if with_paper else []
    hotline = [_("If you have a question, call %(hotline)s.", hotline=sheet.hotline)] if sheet.hotline else []
    return {
        "simulated": _("Simulated data – for demonstration only"),
        "province": _("People's Committee of Đắk Lắk province"),
        "sender": _("Department of Home Affairs of Đắk Lắk province"),
        "date": locale.date(sheet.written_on),
        "number": _("Letter no."),
        "heading": _("A reminder: please give your opinion") if sheet.is_reminder else _("Please give your opinion"),
        "greeting": _("Dear Sir or Madam,"),
        "before": _reminding(locale) if sheet.is_reminder else [],
        "about": _("You were chosen by chance to say how satisfied you are with the service of:"),
        "why": _(
            "We are surveying how satisfied citizens are with state administrative agencies. Each answer stands for "
            "many people, so that yours matters. It takes some minutes; please answer by %(day)s.",
            day=day,
        ),
        "scan": _("Scan with your phone,"),
        "typing": _("or open this address and type the code:"),
        "until": _("Good for one answer, until the end of %(day)s", day=day),
        "points": [
            *paper,
            _("Taking part is voluntary. Whether and how you answer makes no difference to your cases, now or later."),
            _(
                "Nobody can look up what you answered. Your name is not kept with your answers, and the code only "
                "tells that an answer came."
            ),
            _("Your name and address serve to reach you for this survey. They are erased when it is over."),
            _("Before you answer, check that the address of the page begins with %(domain)s", domain=sheet.domain),
            *hotline,
        ],
        "thanks": _("Thank you very much."),
        "alt": _("QR code of this letter"),
        "form": _("Paper form"),
        "typed": _("Code:"),
        "opinion": _("Your opinion about:"),
        "page": _("Page"),
    }


def _reminding(locale: Locale) -> list[str]:
    _ = locale.gettext
    return [
        _(
            "Some time ago we asked you for your opinion, and no answer has come with that letter. If you have "
            "answered in the meantime, nothing is left to do. This letter has a new code; that of the earlier letter "
            "is no longer good."
        )
    ]


def _in_short(sheet: LetterSheet, locale: Locale) -> Mapping[str, str]:
    _ = locale.gettext
    return {
        "short": _(
            "You were chosen by chance to say how satisfied you are with the agency named above. Scan the code or open "
            "%(address)s and type it, by %(day)s. Taking part is voluntary; nobody can look up what you answered; your "
            "name and address are erased when the survey is over.",
            address=sheet.typed_address,
            day=locale.date(sheet.closes_on),
        )
    }


def _words_of_paper(sheet: LetterSheet, locale: Locale) -> Mapping[str, str]:
    _ = locale.gettext
    return {
        "one": _("Put a cross into one box for each question."),
        "several": _("(several boxes may be crossed)"),
        "optional": _("(optional)"),
        "online": _(
            "Do not fill this in if you answer at %(address)s. Do not write your name anywhere.",
            address=sheet.typed_address,
        ),
    }
