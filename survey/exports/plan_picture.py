"""A plan's picture: of each agency how many are asked, and how wide the margin of error then is."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

import typst

from survey import resources

if TYPE_CHECKING:
    from survey.i18n import Locale
    from survey.services.planning import PlanReport

# In units of the picture: names, then the bars of people, then the whiskers of margins.
_WIDTH, _NAMES, _BARS, _MARGINS, _ROW, _TOP = 720, 230, 380, 460, 22, 34
_DOT = 4


def plan_svg(report: PlanReport, language: Locale) -> str:
    """The picture; the margin is that of the dimension by which agencies are compared."""
    _, number, place = language.gettext, language.number, report.plan.ranked_place
    agencies = report.outlooks.agencies
    most = max(one.respondents for one in agencies)
    widest = max(report.plan.target_margin, *(one.figures[place].margin for one in agencies))
    height = _TOP + _ROW * len(agencies) + 8
    span = _WIDTH - _MARGINS - 60
    target = _MARGINS + span * report.plan.target_margin / widest
    head = _("Margin of error, ± points (line: wanted)")
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}" '
        'font-family="Arimo, Arial, sans-serif" font-size="13" fill="#1a1a1a">'
    )
    parts = [
        opening,
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="{_NAMES}" y="20">{escape(_("Expected to answer"))}</text>',
        f'<text x="{_MARGINS}" y="20">{escape(head)}</text>',
        f'<path d="M{target:.1f} {_TOP - 6}V{height - 6}" stroke="#8a2b06" stroke-dasharray="4 3"/>',
    ]
    for row, one in enumerate(agencies):
        middle = _TOP + _ROW * row + _ROW / 2
        margin = one.figures[place].margin
        bar, end = (_BARS - _NAMES) * one.respondents / most, _MARGINS + span * margin / widest
        parts += [
            f'<text x="4" y="{middle + 4:.1f}">{escape(one.name)}</text>',
            f'<rect x="{_NAMES}" y="{middle - 6:.1f}" width="{bar:.1f}" height="12" fill="#1f5f8b"/>',
            f'<text x="{_NAMES + bar + 6:.1f}" y="{middle + 4:.1f}">{number(one.respondents)}</text>',
            f'<path d="M{_MARGINS} {middle:.1f}H{end:.1f}" stroke="#444444"/>',
            f'<circle cx="{end:.1f}" cy="{middle:.1f}" r="{_DOT}" fill="#444444"/>',
            f'<text x="{end + 9:.1f}" y="{middle + 4:.1f}">{number(100 * margin, 1)}</text>',
        ]
    return "".join([*parts, "</svg>\n"])


def plan_png(report: PlanReport, language: Locale) -> bytes:
    """The same for Word, which draws no SVG everywhere."""
    content: bytes = typst.compile(
        str(resources.TYPST / "picture.typ"),
        format="png",
        ppi=200.0,
        font_paths=[str(resources.FONTS)],
        ignore_system_fonts=True,
        sys_inputs={"svg": plan_svg(report, language)},
    )
    return content
