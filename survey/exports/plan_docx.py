"""A survey's plan as a Word file, laid out as Nghị định 30/2020/NĐ-CP asks, for a department head to sign."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from docx.shared import Mm

from survey.exports.docx_layout import CENTRE, JUSTIFIED, grid, new_document, two_columns, write
from survey.exports.indices_docx import Letterhead, head
from survey.exports.plan_picture import plan_png
from survey.exports.plan_tables import sentences, tables
from survey.exports.weights_docx import NORMAL, ROOMY, SMALL, widths

if TYPE_CHECKING:
    from survey.i18n import Locale
    from survey.services.planning import PlanReport


def plan_docx(report: PlanReport, language: Locale) -> bytes:
    """The Word file of a plan, with its simulation where there is one."""
    office, document = Letterhead(number="Số:         /PA-SNV"), new_document()
    head(document, office)
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
        heading = write(document.add_paragraph(), table.title, bold=True, before=9, after=3)
        heading.paragraph_format.keep_with_next = True
        size = SMALL if len(table.rows[0]) > ROOMY else NORMAL
        grid(document, widths(table), table.rows, words=range(table.texts), size=size)
    caption = language.gettext("People asked and margin of error of each agency")
    picture = write(document.add_paragraph(), caption, bold=True, before=9, after=3)
    picture.paragraph_format.keep_with_next = True
    document.add_picture(io.BytesIO(plan_png(report, language)), width=Mm(165))
    _left, right = two_columns(document)
    write(right.paragraphs[0], office.signatory, bold=True, align=CENTRE, before=14)
    document.core_properties.title, document.core_properties.author = report.plan.name, ""
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()
