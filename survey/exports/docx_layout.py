"""The parts of a Vietnamese official document in Word: page, letterhead, paragraphs and tables (Nghị định 30/2020)."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from docx import Document
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from docx.document import Document as WordDocument
    from docx.table import Table, _Cell
    from docx.text.paragraph import Paragraph

    from survey.exports.report_tables import ReportTable
    from survey.i18n import Locale

FONT = "Times New Roman"
# The state formula in 12 pt bold is 96 mm wide in this font: in a narrower cell it wraps.
LEFT_COLUMN, RIGHT_COLUMN = Mm(65), Mm(100)
_STATE = "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"
_MOTTO = "Độc lập - Tự do - Hạnh phúc"
# What lies between the decree's margins, and of it the words' least and a figure's least and most, in mm.
_WIDTH, _FIRST, _LEAST, _MOST = 165, 50, 15, 30
# Tables of more columns than this are set in a smaller size.
_ROOMY, _SMALL, _NORMAL = 5, 10, 12
LEFT, CENTRE, RIGHT, JUSTIFIED = (
    WD_ALIGN_PARAGRAPH.LEFT,
    WD_ALIGN_PARAGRAPH.CENTER,
    WD_ALIGN_PARAGRAPH.RIGHT,
    WD_ALIGN_PARAGRAPH.JUSTIFY,
)


@dataclass(frozen=True, slots=True)
class Letterhead:
    """The office that issues the document, and who signs it."""

    parent: str = "UBND TỈNH ĐẮK LẮK"
    office: str = "SỞ NỘI VỤ"
    number: str = "Số:         /BC-SNV"
    place_and_date: str = "Đắk Lắk, ngày      tháng      năm"
    signatory: str = "GIÁM ĐỐC"
    recipients: tuple[str, ...] = ("Lưu: VT.",)


def new_document() -> WordDocument:
    """An empty A4 page with the decree's margins (20, 20, 30 and 15 mm) and its typeface."""
    document = Document()
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.bottom_margin = Mm(20), Mm(20)
    section.left_margin, section.right_margin = Mm(30), Mm(15)
    normal = document.styles["Normal"]
    normal.font.name, normal.font.size = FONT, Pt(13)
    # Word picks the typeface by script; without these it falls back to its theme for some of them.
    fonts = normal.element.get_or_add_rPr().get_or_add_rFonts()
    for script in ("w:ascii", "w:hAnsi", "w:cs", "w:eastAsia"):
        fonts.set(qn(script), FONT)
    language = OxmlElement("w:lang")
    language.set(qn("w:val"), "vi-VN")
    normal.element.rPr.append(language)
    return document


def write(
    paragraph: Paragraph,
    text: str,
    *,
    size: float = 13,
    bold: bool = False,
    italic: bool = False,
    align: WD_ALIGN_PARAGRAPH = LEFT,
    before: float = 0,
    after: float = 0,
) -> Paragraph:
    """Set `paragraph` to `text` in one typeface, single-spaced."""
    run = paragraph.add_run(text)
    run.font.size, run.bold, run.italic = Pt(size), bold, italic
    run.font.color.rgb = RGBColor(0, 0, 0)
    paragraph.alignment = align
    spacing = paragraph.paragraph_format
    spacing.space_before, spacing.space_after, spacing.line_spacing = Pt(before), Pt(after), 1.0
    return paragraph


def write_head(document: WordDocument, office: Letterhead) -> None:
    """The head of a document: who issues it beside the state's formula."""
    left, right = two_columns(document)
    parent, name, line, number = paragraphs(left, 4)
    write(parent, office.parent, size=12, align=CENTRE)
    write(name, office.office, size=12, bold=True, align=CENTRE)
    rule(line, width=Mm(22), within=LEFT_COLUMN)
    write(number, office.number, size=13, align=CENTRE, before=6)
    state, motto, line, date = paragraphs(right, 4)
    write(state, _STATE, size=12, bold=True, align=CENTRE)
    write(motto, _MOTTO, size=13, bold=True, align=CENTRE)
    rule(line, width=Mm(58), within=RIGHT_COLUMN)
    write(date, office.place_and_date, size=13, italic=True, align=CENTRE, before=6)


def two_columns(document: WordDocument) -> tuple[_Cell, _Cell]:
    """Two cells side by side without borders: the head of a document, and its foot."""
    table = document.add_table(rows=1, cols=2)
    _fix_widths(table, (LEFT_COLUMN, RIGHT_COLUMN))
    left, right = table.rows[0].cells
    return left, right


def paragraphs(cell: _Cell, count: int) -> list[Paragraph]:
    """`count` empty paragraphs of `cell`, to be written."""
    return [cell.paragraphs[0], *(cell.add_paragraph() for _ in range(count - 1))]


def rule(paragraph: Paragraph, *, width: Mm, within: Mm) -> None:
    """Turn an empty paragraph into a drawn line of `width`, centred in a space of `within`."""
    write(paragraph, "", size=2)
    margin = Mm((within.mm - width.mm) / 2)
    spacing = paragraph.paragraph_format
    spacing.left_indent, spacing.right_indent = margin, margin
    spacing.line_spacing = Pt(3)
    borders = OxmlElement("w:pBdr")
    bottom = OxmlElement("w:bottom")
    for name, value in (("val", "single"), ("sz", "6"), ("space", "0"), ("color", "000000")):
        bottom.set(qn(f"w:{name}"), value)
    borders.append(bottom)
    # The schema wants the border before spacing and indents.
    paragraph.paragraph_format.element.get_or_add_pPr().insert(0, borders)


def grid(
    document: WordDocument,
    widths: Sequence[Mm],
    rows: Sequence[Sequence[str]],
    *,
    words: Collection[int] = (1,),
    size: float = 12,
) -> None:
    """A ruled table: its first row is the head, the columns `words` are text, its other columns are centred."""
    table = document.add_table(rows=len(rows), cols=len(widths), style="Table Grid")
    _fix_widths(table, widths)
    table.alignment = WD_TABLE_ALIGNMENT.CENTER
    for number, (line, texts) in enumerate(zip(table.rows, rows, strict=True)):
        for column, (cell, text) in enumerate(zip(line.cells, texts, strict=True)):
            align = LEFT if number and column in words else CENTRE
            write(cell.paragraphs[0], text, size=size, bold=number == 0, align=align, before=2, after=2)
    head = OxmlElement("w:tblHeader")
    table.rows[0]._tr.get_or_add_trPr().append(head)  # noqa: SLF001 - python-docx has no name for a repeated head.


def write_table(document: WordDocument, table: ReportTable) -> None:
    """A table of a report under its heading."""
    heading = write(document.add_paragraph(), table.title, bold=True, before=9, after=3)
    heading.paragraph_format.keep_with_next = True
    size = _SMALL if len(table.rows[0]) > _ROOMY else _NORMAL
    grid(document, _widths(table), table.rows, words=range(table.texts), size=size)


def as_bytes(document: WordDocument, *, title: str, language: Locale) -> bytes:
    """The file, by a title and by nobody."""
    properties = document.core_properties
    properties.title, properties.language = title, language.code
    properties.author, properties.comments = "", ""
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def _widths(table: ReportTable) -> list[Mm]:
    """The words take what the figures leave; many figures stand closer."""
    if table.widths:
        return [Mm(width) for width in table.widths]
    figures = len(table.rows[0]) - table.texts
    figure = max(_LEAST, min(_MOST, (_WIDTH - _FIRST) // figures))
    word = (_WIDTH - figures * figure) / table.texts
    return [Mm(word)] * table.texts + [Mm(figure)] * figures


def _fix_widths(table: Table, widths: Sequence[Mm]) -> None:
    # LibreOffice and Word disagree on whether columns or cells rule, so both are told.
    table.autofit = False
    for column, width in zip(table.columns, widths, strict=True):
        column.width = width
        for cell in column.cells:
            cell.width = width
