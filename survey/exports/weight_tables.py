"""The report of weights as tables of texts in the reader's language; terminal, Markdown and Word only lay them out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from survey.exports import report_tables
from survey.exports.report_tables import ReportTable
from survey.i18n import explain, mark, speaking

if TYPE_CHECKING:
    from survey.i18n import Locale
    from survey.services.weighting_report import WeightsReport

STEPS = {
    "base": mark("Base weight"),
    "nonresponse": mark("Adjusted for non-response"),
    "calibrated": mark("Calibrated"),
    "trimmed": mark("Trimmed"),
}
ADJUSTED_BY = {"classes": mark("weighting classes"), "propensity": mark("response propensity")}


def title(language: Locale) -> str:
    """What the report is called."""
    return language.gettext("Weighting report")


def tables(found: WeightsReport, language: Locale) -> list[ReportTable]:
    """Every table of the report, in order; one without rows is left out."""
    made = [maker(found, language) for maker in MAKERS]
    return [table for table in made if len(table.rows) > 1]


def sentences(found: WeightsReport, language: Locale) -> list[str]:
    """What the report says in words."""
    _, number = language.gettext, language.number
    said = [_("Estimate with the column %(column)s.", column=found.column)]
    if found.max_margin_error is not None:
        said.append(_("Largest relative error of a total: %(error)s.", error=f"{found.max_margin_error:.1e}"))
    if found.trimmed:
        said.append(_("Weights cut to a bound: %(count)s.", count=number(found.trimmed)))
    if found.replicates is not None:
        of = found.replicates
        sentence = _(
            "Replicate weights: %(count)s columns %(prefix)s1 … (%(method)s), each taken through all steps.",
            count=number(len(of.scales)),
            prefix=of.prefix,
            method=of.method,
        )
        said.append(sentence)
    with speaking(language):
        return said + [explain(note) for note in found.notes]


def _outcomes(found: WeightsReport, language: Locale) -> ReportTable:
    _, number, percent = language.gettext, language.number, language.percent
    counts = found.outcomes
    rows = [
        (_("What became of the sample"), _("Persons")),
        (_("Drawn"), number(found.drawn)),
        (_("Respondents"), number(counts["respondent"])),
        (_("Eligible, no response"), number(counts["nonrespondent"])),
        (_("Not eligible"), number(counts["ineligible"])),
        (_("Eligibility unknown"), number(counts["unknown"])),
        (_("Response rate (AAPOR RR4)"), percent(100 * found.response_rate)),
        (_("Response rate, weighted"), percent(100 * found.response_rate_weighted)),
        (_("Adjusted by"), _(ADJUSTED_BY[found.adjusted_by])),
    ]
    return ReportTable(_("Response"), rows)


def _steps(found: WeightsReport, language: Locale) -> ReportTable:
    _, number = language.gettext, language.number
    head = (_("Weights"), _("Sum"), _("Smallest"), "Q1", _("Median"), "Q3", _("Largest"), "deff")
    rows = []
    for step in found.steps:
        of = step.distribution
        spread = (of.smallest, of.lower_quartile, of.median, of.upper_quartile, of.largest)
        figures = (number(of.total), *(number(value, 2) for value in spread), number(of.design_effect, 3))
        rows.append((_(STEPS[step.name]), *figures))
    return ReportTable(_("Distribution of the weights, with Kish's design effect 1 + cv²"), [head, *rows])


def _classes(found: WeightsReport, language: Locale) -> ReportTable:
    _, number, percent = language.gettext, language.number, language.percent
    head = (_("Class"), _("Drawn"), _("Respondents"), _("Response rate"), _("Factor"))
    rows = [
        (
            line.name or _("all"),
            number(line.drawn),
            number(line.respondents),
            percent(None if line.response_rate is None else 100 * line.response_rate),
            number(line.factor, 3),
        )
        for line in found.classes
    ]
    return ReportTable(_("Classes of the non-response adjustment"), [head, *rows])


def _margins(found: WeightsReport, language: Locale) -> ReportTable:
    _, number = language.gettext, language.number
    head = (_("Variable"), _("Level"), _("Known total"), _("Before calibration"), _("Final"))
    rows = [
        (
            line.variable,
            "" if line.level is None else line.level,
            number(line.total, 2),
            number(line.before, 2),
            number(line.final, 2),
        )
        for line in found.margins
    ]
    return ReportTable(_("Margins before and after"), [head, *rows], texts=2)


def _largest(found: WeightsReport, language: Locale) -> ReportTable:
    _, number, percent = language.gettext, language.number, language.percent
    head = (_("Line of the file"), _("Base weight"), _("Final"), _("Share of the sum"))
    rows = [
        (str(line.line), number(line.base, 2), number(line.weight, 2), percent(100 * line.share))
        for line in found.largest
    ]
    return ReportTable(_("Largest weights"), [head, *rows])


MAKERS = (_outcomes, _steps, _classes, _margins, _largest)


def as_text(found: WeightsReport, language: Locale) -> str:
    """The report for a terminal."""
    return report_tables.as_text(tables(found, language), sentences(found, language))


def as_markdown(found: WeightsReport, language: Locale) -> str:
    """The report as a Markdown page."""
    return report_tables.as_markdown(title(language), tables(found, language), sentences(found, language))
