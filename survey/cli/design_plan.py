"""`sipas design plan` and `sipas design simulate`: a whole design, and what would come of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from survey import i18n
from survey.cli.reading import reading_progress
from survey.i18n import _

if TYPE_CHECKING:
    from survey.services.planning import PlanReport


@click.command("plan", help=_("What a survey's plan lets one expect: sizes, margins, cost. FILE is TOML."))
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--example", is_flag=True, help=_("Print a plan that works, with comments."))
@click.option("--out", type=click.Path(path_type=Path), help=_("Write it too: .md, .docx or .json."))
@click.option("--format", "style", default="table", type=click.Choice(["table", "json"]))
def plan(*, file: Path | None, example: bool, out: Path | None, style: str) -> None:
    from survey.services import planning

    if example:
        click.echo(planning.example(), nl=False)
        return
    if file is None:
        raise click.UsageError(_("Name the plan's file, or print one with --example."))
    _check_out(out)
    _told(planning.plan_report(file), out=out, style=style)


@click.command("simulate", help=_("Do a plan's fieldwork many times and say what comes of it. FILE is TOML."))
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--replications",
    type=click.IntRange(2, 10_000),
    default=500,
    show_default=True,
    help=_("How many times the survey is done."),
)
@click.option("--seed", type=click.IntRange(0), help=_("Instead of the plan's own."))
@click.option("--out", type=click.Path(path_type=Path), help=_("Write it too: .md, .docx or .json."))
@click.option("--picture", type=click.Path(path_type=Path), help=_("Write sizes against margins as SVG."))
@click.option("--format", "style", default="table", type=click.Choice(["table", "json"]))
def simulate(
    *, file: Path, replications: int, seed: int | None, out: Path | None, picture: Path | None, style: str
) -> None:
    from survey.services.planning import simulated_report

    _check_out(out)
    with reading_progress() as progress:
        report = simulated_report(file, replications=replications, seed=seed, progress=progress)
    if picture is not None:
        from survey.exports.plan_picture import plan_svg

        picture.write_text(plan_svg(report, i18n.current()), encoding="utf8")
    _told(report, out=out, style=style)


def _check_out(out: Path | None) -> None:
    if out is not None and out.suffix.lower() not in STYLES:
        raise click.UsageError(_("A report is written as %(kinds)s.", kinds=".md, .docx, .json"))


def _told(report: PlanReport, *, out: Path | None, style: str) -> None:
    if out is not None:
        out.write_bytes(STYLES[out.suffix.lower()](report))
    click.echo(STYLES[style](report), nl=False)


def _as_json(report: PlanReport) -> bytes:
    from survey.exports.plan_json import plan_json

    return plan_json(report).encode()


def _as_text(report: PlanReport) -> bytes:
    from survey.exports.plan_tables import sentences, tables
    from survey.exports.report_tables import as_text

    language = i18n.current()
    return as_text(tables(report, language), sentences(report, language)).encode()


def _as_markdown(report: PlanReport) -> bytes:
    from survey.exports.plan_tables import sentences, tables
    from survey.exports.report_tables import as_markdown

    language = i18n.current()
    return as_markdown(report.plan.name, tables(report, language), sentences(report, language)).encode()


def _as_word(report: PlanReport) -> bytes:
    from survey.exports.plan_docx import plan_docx

    return plan_docx(report, i18n.current())


STYLES = {"table": _as_text, "json": _as_json, ".json": _as_json, ".md": _as_markdown, ".docx": _as_word}
