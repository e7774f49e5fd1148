"""The report of weights as a Word file."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from docx.shared import Mm

from survey.exports.docx_layout import CENTRE, grid, new_document, write
from survey.exports.weight_tables import sentences, tables, title

if TYPE_CHECKING:
    from survey.exports.weight_tables import WeightTable
    from survey.i18n import Locale
    from survey.services.weighting_report import WeightsReport

# What lies between the decree's margins.
_WIDTH, _FIRST, _LEAST, _MOST = 165, 50, 15, 30
# Tables of more columns than this are set in a smaller size.
ROOMY, SMALL, NORMAL = 5, 10, 12


def weights_docx(found: WeightsReport, language: Locale) -> bytes:
    """The Word file of a report."""
    document = new_document()
    write(document.add_paragraph(), title(language), size=14, bold=True, align=CENTRE, after=6)
    for said in sentences(found, language):
        write(document.add_paragraph(), said, size=12, after=3)
    for table in tables(found, language):
        write(
            document.add_paragraph(), table.title, bold=True, before=9, after=3
        ).paragraph_format.keep_with_next = True
        size = SMALL if len(table.rows[0]) > ROOMY else NORMAL
        grid(document, widths(table), table.rows, words=range(table.texts), size=size)
    stream = io.BytesIO()
    document.core_properties.title = title(language)
    document.core_properties.author = ""
    document.save(stream)
    return stream.getvalue()


def widths(table: WeightTable) -> list[Mm]:
    """The words take what the figures leave; many figures stand closer."""
    if table.widths:
        return [Mm(width) for width in table.widths]
    figures = len(table.rows[0]) - table.texts
    figure = max(_LEAST, min(_MOST, (_WIDTH - _FIRST) // figures))
    word = (_WIDTH - figures * figure) / table.texts
    return [Mm(word)] * table.texts + [Mm(figure)] * figures
