"""One agency's indices as a one-page Word file, laid out as Nghị định 30/2020/NĐ-CP asks of a document.

The file is a draft for an office to number, date and sign. Its sentences come from the caller's catalogue; the site
always asks for Vietnamese. The state formula and the letterhead are proper names and are not translated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from docx.shared import Mm

from survey.exports import wording, wording_of_ways
from survey.exports.docx_layout import (
    CENTRE,
    JUSTIFIED,
    Letterhead,
    as_bytes,
    grid,
    new_document,
    paragraphs,
    rule,
    two_columns,
    write,
    write_head,
)
from survey.i18n import UNDEFINED

if TYPE_CHECKING:
    from docx.document import Document as WordDocument

    from survey.i18n import Locale
    from survey.services.index_values import IndexCell, IndexRow, IndexTable

_TABLE_WIDTHS = (Mm(12), Mm(71), Mm(22), Mm(25), Mm(35))


def indices_docx(table: IndexTable, row: IndexRow, *, language: Locale, letterhead: Letterhead | None = None) -> bytes:
    """The Word file of one `row` of `table`."""
    office = letterhead or Letterhead()
    document = new_document()
    write_head(document, office)
    _title(document, table, row, language=language)
    _findings(document, table, row, language=language)
    _ways(document, table, row, language=language)
    _method(document, table, language=language)
    _foot(document, office, row, language=language)
    return as_bytes(document, title=_subject(table, row, language), language=language)


def _title(document: WordDocument, table: IndexTable, row: IndexRow, *, language: Locale) -> None:
    period = language.gettext(
        "%(wave)s, from %(first)s to %(last)s",
        wave=table.wave.title,
        first=language.date(table.wave.opens_on),
        last=language.date(table.wave.closes_on),
    )
    kind = language.gettext("Report").upper()
    write(document.add_paragraph(), kind, size=14, bold=True, align=CENTRE, before=14)
    write(document.add_paragraph(), _subject(table, row, language), size=14, bold=True, align=CENTRE)
    write(document.add_paragraph(), f"({period})", italic=True, align=CENTRE)
    rule(document.add_paragraph(), width=Mm(40), within=Mm(165))
    if table.wave.is_simulated:
        label = wording.simulated(language=language).upper()
        write(document.add_paragraph(), label, size=12, bold=True, align=CENTRE, before=8)


def _findings(document: WordDocument, table: IndexTable, row: IndexRow, *, language: Locale) -> None:
    if row.suppressed:
        sentence = f"{wording.reason(row, table, language=language)}."
        write(document.add_paragraph(), sentence, align=JUSTIFIED, before=10, after=6)
        return
    sentence = language.gettext("%(n)s responses were received. The results are:", n=language.number(row.respondents))
    write(document.add_paragraph(), sentence, align=JUSTIFIED, before=10, after=6)
    head = (
        language.gettext("No."),
        language.gettext("Dimension"),
        language.gettext("Responses"),
        language.gettext("Index (%%)"),
        language.gettext("%(level)s confidence interval", level=wording.confidence(table, language=language)),
    )
    grid(document, _TABLE_WIDTHS, [head, *_lines(table, row, language)])
    if row.note:
        write(document.add_paragraph(), language.gettext(row.note), size=12, italic=True, align=JUSTIFIED, before=4)


def _lines(table: IndexTable, row: IndexRow, language: Locale) -> list[tuple[str, ...]]:
    return [
        (str(number), figure.name, *_figures(row.figure(figure.id), language))
        for number, figure in enumerate(table.figures, start=1)
    ]


def _figures(cell: IndexCell | None, language: Locale) -> tuple[str, str, str]:
    if cell is None:
        return UNDEFINED, UNDEFINED, UNDEFINED
    return (
        language.number(cell.respondents),
        language.number(cell.value, 2),
        wording.interval(cell, language=language),
    )


def _ways(document: WordDocument, table: IndexTable, row: IndexRow, *, language: Locale) -> None:
    """A line for each classification: the page stays one."""
    if row.suppressed:
        return
    heading = language.gettext(wording_of_ways.HEADING)
    write(document.add_paragraph(), heading, bold=True, before=10, after=2)
    for ways in wording_of_ways.WAYS:
        text = wording_of_ways.in_a_line(ways, row, table, language=language)
        line = f"- {language.gettext(ways.caption)}: {text}"
        write(document.add_paragraph(), line, size=12, align=JUSTIFIED, after=3)


def _method(document: WordDocument, table: IndexTable, *, language: Locale) -> None:
    write(document.add_paragraph(), language.gettext("How it was computed"), bold=True, before=10, after=2)
    meaning = wording.stream_meaning(table.stream, language=language)
    *sentences, last = (*wording.how_computed(table, language=language), meaning)
    # An official text ends with this sign, so that nothing can be added below it.
    for sentence in (*sentences, f"{last}/."):
        write(document.add_paragraph(), f"- {sentence}", size=12, align=JUSTIFIED, after=3)


def _foot(document: WordDocument, office: Letterhead, row: IndexRow, *, language: Locale) -> None:
    left, right = two_columns(document)
    recipients = [f"- {_name(row, language)};", *(f"- {one}" for one in office.recipients)]
    title, *rest = paragraphs(left, 1 + len(recipients))
    write(title, language.gettext("Recipients:"), size=12, bold=True, italic=True, before=10)
    for paragraph, text in zip(rest, recipients, strict=True):
        write(paragraph, text, size=11)
    write(right.paragraphs[0], office.signatory, size=13, bold=True, align=CENTRE, before=10)


def _subject(table: IndexTable, row: IndexRow, language: Locale) -> str:
    return language.gettext(
        "%(heading)s: %(agency)s",
        heading=wording.stream_heading(table.stream, language=language),
        agency=_name(row, language),
    )


def _name(row: IndexRow, language: Locale) -> str:
    return row.agency.name if row.agency else language.gettext("Whole province")
