"""The report of weights as a Word file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from survey.exports.docx_layout import CENTRE, as_bytes, new_document, write, write_table
from survey.exports.weight_tables import sentences, tables, title

if TYPE_CHECKING:
    from survey.i18n import Locale
    from survey.services.weighting_report import WeightsReport


def weights_docx(found: WeightsReport, language: Locale) -> bytes:
    """The Word file of a report."""
    document = new_document()
    write(document.add_paragraph(), title(language), size=14, bold=True, align=CENTRE, after=6)
    for said in sentences(found, language):
        write(document.add_paragraph(), said, size=12, after=3)
    for table in tables(found, language):
        write_table(document, table)
    return as_bytes(document, title=title(language), language=language)
