"""A plan's report as tables and sentences in the reader's language; terminal, Markdown and Word only lay them out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from survey.exports.report_tables import ReportTable
from survey.i18n import UNDEFINED, mark

if TYPE_CHECKING:
    from sampling.expectations import Outlook
    from survey.i18n import Locale
    from survey.services.planning import PlanReport

# Names of agencies that are listed one by one; of more only their number is said.
LISTED = 3
LEVELS = {"department": mark("Departments of the province"), "commune": mark("Communes and wards")}


def sentences(report: PlanReport, language: Locale) -> list[str]:
    """What the plan says in words, for a reader without statistics."""
    _, number, percent, plan = language.gettext, language.number, language.percent, report.plan
    said = [plan.purpose, plan.target_population, plan.source_of_shares]
    explained = _(
        "How to read a margin of error: with 82%% and a margin of 5 points, the figure of everybody lies between 77%% "
        "and 87%% in %(level)s of such surveys.",
        level=percent(100 * plan.confidence_level, 0),
    )
    target = _("Margin of error wanted for each agency: %(target)s points.", target=number(100 * plan.target_margin, 1))
    return [text for text in said if text] + [*_design(report, language), explained, target]


def _design(report: PlanReport, language: Locale) -> list[str]:
    """With which questionnaire, in which stages and by which rule people are drawn."""
    _, plan = language.gettext, report.plan
    said = [
        _("Questionnaire: %(code)s. Seed of the draw: %(seed)s.", code=plan.questionnaire, seed=str(plan.seed)),
    ]
    invited = sorted({stratum.people_per_psu for stratum in plan.strata if stratum.psus})
    if invited:
        people = "–".join(language.number(one) for one in dict.fromkeys((invited[0], invited[-1])))
        said.append(
            _(
                "In two stages: places are drawn first (%(unit)s), then %(people)s people in each. Where the table "
                "shows no places, people are drawn straight from the list.",
                unit=plan.psu_name or UNDEFINED,
                people=people,
            )
        )
    else:
        said.append(_("In one stage: people are drawn straight from the list of their agency."))
    if plan.method:
        said.append(_("The total is shared out among the agencies by the rule “%(method)s”.", method=plan.method))
    return said


def tables(report: PlanReport, language: Locale) -> list[ReportTable]:
    """Every table, in order; one without rows is left out."""
    makers = (_sizes, _margins, _apart, _timetable, _simulated_margins, _simulated_ranks, _levels, _differences)
    return [table for table in (maker(report, language) for maker in makers) if len(table.rows) > 1]


def _lines(report: PlanReport, language: Locale) -> list[tuple[str, Outlook]]:
    named = [(one.name, one) for one in report.outlooks.agencies]
    return [*named, (language.gettext("Whole province"), report.outlooks.province)]


def _sizes(report: PlanReport, language: Locale) -> ReportTable:
    _, number, plan = language.gettext, language.number, report.plan
    cost = _("Cost (%(currency)s)", currency=plan.costs.currency)
    head = (_("Agency"), _("Population"), _("Places"), _("To invite"), _("Expected to answer"), cost, _("Working days"))
    rows = [
        (
            name,
            number(one.population),
            number(one.psus) if one.psus else "–",
            number(one.invitations),
            number(one.respondents),
            number(one.cost),
            number(one.days, 1) if one.days else "–",
        )
        for name, one in _lines(report, language)
    ]
    return ReportTable(_("Sizes, cost and work"), [head, *rows], widths=(46, 22, 16, 18, 18, 29, 16))


def _margins(report: PlanReport, language: Locale) -> ReportTable:
    _, number = language.gettext, language.number
    head = (_("Agency"), *(dimension.name for dimension in report.plan.dimensions), _("Interviews to add"))
    rows = [
        (
            name,
            *(f"±{number(100 * figure.margin, 1)}" for figure in one.figures),
            _("not possible") if one.more is None else number(one.more),
        )
        for name, one in _lines(report, language)
    ]
    return ReportTable(
        _("Expected margin of error, in points, and interviews to add for the margin wanted"), [head, *rows]
    )


def _apart(report: PlanReport, language: Locale) -> ReportTable:
    _, percent, plan = language.gettext, language.percent, report.plan
    names = {one.code: one.name for one in report.outlooks.agencies}
    head = (_("Agency"), _("Cannot be told apart from"), _("Expected index"))
    rows = []
    for one in report.outlooks.agencies:
        listed = ", ".join(names[code] for code in one.alike[:LISTED])
        more = len(one.alike) - LISTED
        if more > 0:
            listed = _("%(names)s and %(count)s more", names=listed, count=language.number(more))
        share = one.figures[plan.ranked_place].share
        rows.append((one.name, listed or _("nobody of its level"), percent(100 * share, 1)))
    return ReportTable(
        _("Agencies that this survey is likely not to tell apart"), [head, *rows], texts=2, widths=(50, 90, 25)
    )


def _timetable(report: PlanReport, language: Locale) -> ReportTable:
    _ = language.gettext
    rows = [(step.name, language.date(step.first), language.date(step.last)) for step in report.plan.timetable]
    return ReportTable(_("Timetable"), [(_("Step"), _("First day"), _("Last day")), *rows])


def _simulated_margins(report: PlanReport, language: Locale) -> ReportTable:
    _, number, found, place = language.gettext, language.number, report.findings, report.plan.ranked_place
    head = (
        _("Agency"),
        _("Margin on average"),
        _("In the best tenth"),
        _("In the worst tenth"),
        _("Intervals that hold"),
    )
    if found is None:
        return ReportTable("", [head])
    names = [name for name, _one in _lines(report, language)]
    rows = [
        (
            name,
            *(f"±{number(100 * values[place], 1)}" for values in (one.margin, one.margin_10, one.margin_90)),
            language.percent(100 * one.coverage[place], 1),
        )
        for name, one in zip(names, (*found.agencies, found.province), strict=True)
    ]
    title = _(
        "Survey simulated %(times)s times: margin of %(dimension)s",
        times=number(found.replications),
        dimension=report.plan.dimensions[place].name,
    )
    return ReportTable(title, [head, *rows])


def _simulated_ranks(report: PlanReport, language: Locale) -> ReportTable:
    _, number, found = language.gettext, language.number, report.findings
    head = (_("Agency"), _("True rank"), _("Best rank not ruled out"), _("Worst rank not ruled out"))
    pairs = zip(report.outlooks.agencies, found.agencies if found else (), strict=False)
    rows = [(a.name, number(b.true_rank), number(b.rank_low, 1), number(b.rank_high, 1)) for a, b in pairs]
    return ReportTable(_("Ranks that the survey would leave open, on average"), [head, *rows])


def _levels(report: PlanReport, language: Locale) -> ReportTable:
    _, number, percent = language.gettext, language.number, language.percent
    head = (_("Level of agencies"), _("Agencies"), _("The best is found"), _("The worst is found"))
    rows = [
        (
            _(LEVELS.get(one.level, one.level)),
            number(one.agencies),
            percent(100 * one.best_found, 1),
            percent(100 * one.worst_found, 1),
        )
        for one in (report.findings.levels if report.findings else ())
    ]
    return ReportTable(_("How often the best and the worst are found"), [head, *rows])


def _differences(report: PlanReport, language: Locale) -> ReportTable:
    _, number, percent = language.gettext, language.number, language.percent
    head = (_("True difference, in points"), _("Pairs"), _("Told apart, one pair"), _("Told apart, all pairs (Holm)"))
    rows = [
        (
            f"{number(100 * one.above)} – {number(100 * one.at_most)}" if one.at_most else _("none (false alarms)"),
            number(one.pairs),
            percent(100 * one.single, 1),
            percent(100 * one.holm, 1),
        )
        for one in (report.findings.differences if report.findings else ())
    ]
    return ReportTable(_("Pairs of agencies that are told apart"), [head, *rows])
