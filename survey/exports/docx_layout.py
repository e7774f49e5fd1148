"""The parts of a Vietnamese official document in Word: page, letterhead, paragraphs and tables (Nghị định 30/2020)."""

from __future__ import annotations

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

FONT = "Times New Roman"
# The state formula in 12 pt bold is 96 mm wide in this font: in a narrower cell it wraps.
LEFT_COLUMN, RIGHT_COLUMN = Mm(65), Mm(100)
LEFT, CENTRE, RIGHT, JUSTIFIED = (
    WD_ALIGN_PARAGRAPH.LEFT,
    WD_ALIGN_PARAGRAPH.CENTER,
    WD_ALIGN_PARAGRAPH.RIGHT,
    WD_ALIGN_PARAGRAPH.JUSTIFY,
)


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


def _fix_widths(table: Table, widths: Sequence[Mm]) -> None:
    # LibreOffice and Word disagree on whether columns or cells rule, so both are told.
    table.autofit = False
    for column, width in zip(table.columns, widths, strict=True):
        column.width = width
        for cell in column.cells:
            cell.width = width
