"""A survey's plan as a Word file, laid out as Nghị định 30/2020/NĐ-CP asks, for a department head to sign."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from docx.shared import Mm

from survey.exports.docx_layout import (
    CENTRE,
    JUSTIFIED,
    Letterhead,
    as_bytes,
    new_document,
    two_columns,
    write,
    write_head,
    write_table,
)
from survey.exports.plan_picture import plan_png
from survey.exports.plan_tables import sentences, tables

if TYPE_CHECKING:
    from survey.i18n import Locale
    from survey.services.planning import PlanReport


def plan_docx(report: PlanReport, language: Locale) -> bytes:
    """The Word file of a plan, with its simulation where there is one."""
    office, document = Letterhead(number="Số:         /PA-SNV"), new_document()
    write_head(document, office)
    write(
        document.add_paragraph(),
        language.gettext("Plan of the survey").upper(),
        size=14,
        bold=True,
        align=CENTRE,
        before=14,
    )
    write(document.add_paragraph(), report.plan.name, size=14, bold=True, align=CENTRE, after=8)
    for said in sentences(report, language):
        write(document.add_paragraph(), said, align=JUSTIFIED, after=4)
    for table in tables(report, language):
        write_table(document, table)
    caption = language.gettext("People asked and margin of error of each agency")
    picture = write(document.add_paragraph(), caption, bold=True, before=9, after=3)
    picture.paragraph_format.keep_with_next = True
    document.add_picture(io.BytesIO(plan_png(report, language)), width=Mm(165))
    _left, right = two_columns(document)
    write(right.paragraphs[0], office.signatory, bold=True, align=CENTRE, before=14)
    return as_bytes(document, title=report.plan.name, language=language)
