"""`sipas design select`: draw a sample from a frame's file."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from survey import i18n
from survey.cli.reading import reading_progress
from survey.exports.report_tables import aligned
from survey.i18n import _

if TYPE_CHECKING:
    from survey.services.drawing import DrawReport

METHODS = (
    "srs",
    "systematic",
    "pps-systematic",
    "pps-sampford",
    "stratified",
    "two-stage",
    "three-stage",
    "balanced",
)
PSU_METHODS = ("srs", "systematic", "pps-systematic", "pps-sampford")
ALLOCATIONS = ("proportional", "equal", "sqrt")


@click.command(
    "select",
    help=_("Draw a sample from FRAME; its rows are written with inclusion_probability and weight added."),
)
@click.argument("frame", type=click.Path(path_type=Path))
@click.option("--method", required=True, type=click.Choice(METHODS), help=_("How to draw."))
@click.option("--seed", required=True, type=int, help=_("The same seed gives the same sample on every machine."))
@click.option("--out", required=True, type=click.Path(path_type=Path), help=_("The file of the sample."))
@click.option("--n", type=int, help=_("Rows to draw; in stages, primary units in all strata together."))
@click.option("--size", help=_("Column of sizes, for chances in proportion; primary units add up their rows."))
@click.option("--strata", help=_("Column of strata."))
@click.option(
    "--allocation", type=click.Path(path_type=Path), help=_("File with stratum and n, as allocate writes it.")
)
@click.option("--allocate", default="proportional", type=click.Choice(ALLOCATIONS), help=_("How strata share n out."))
@click.option("--minimum", default=0, help=_("Least number in a stratum; a smaller one is taken whole."))
@click.option("--order", default="", metavar="COL[,COL]", help=_("Sort by these before systematic steps."))
@click.option("--balance", default="", metavar="COL[,COL]", help=_("Columns whose totals the sample is to meet."))
@click.option("--psu", help=_("Column of the primary units: communes, days."))
@click.option("--psu-method", default="pps-systematic", type=click.Choice(PSU_METHODS), help=_("How they are drawn."))
@click.option("--ssu", help=_("Column of the units of the second of three stages: villages."))
@click.option("--second", type=int, help=_("How many of these in each primary unit."))
@click.option("--take", type=int, help=_("Rows to draw in each unit of the last stage but one."))
@click.option("--code", help=_("Column that tells the rows apart; none may be there twice."))
@click.option("--reserve", default=0, help=_("Substitutes in order, for each stratum or last unit."))
@click.option("--reserve-out", type=click.Path(path_type=Path), help=_("The file of the substitutes."))
@click.option("--allow-lone", is_flag=True, help=_("Let a stratum give one unit, though that shows no variance."))
@click.option("--take-all", is_flag=True, help=_("Take units that are smaller than asked for whole."))
@click.option("--format", "style", default="table", type=click.Choice(["table", "json"]))
def select(
    *, frame: Path, out: Path, reserve_out: Path | None, order: str, balance: str, style: str, **options: Any
) -> None:
    from survey.services.drawing import Drawing, select_file

    wanted = Drawing(order_by=_split(order), balance=_split(balance), **options)
    with reading_progress() as progress:
        report = select_file(frame, wanted, out=out, reserve_out=reserve_out, progress=progress)
    click.echo(STYLES[style](report), nl=False)


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _as_json(report: DrawReport) -> str:
    values = asdict(report)
    return json.dumps({**values.pop("record"), **values}, ensure_ascii=False) + "\n"


def _as_table(report: DrawReport) -> str:
    number, record = i18n.current().number, report.record
    lines = [
        (_("Drawn"), number(record.n)),
        (_("Rows of the frame"), number(record.population)),
        (_("Taken for certain"), number(report.certain)),
        (_("Probabilities"), f"{number(report.probability_min, 6)} – {number(report.probability_max, 6)}"),
        (_("Sum of the weights"), number(report.sum_weights, 2)),
        (_("Reserve"), number(report.reserve)),
        (_("Seed"), f"{record.seed} ({record.generator}, NumPy {record.numpy_version})"),
        (_("SHA-256 of the frame"), record.frame_hash),
    ]
    return aligned(lines)


STYLES = {"table": _as_table, "json": _as_json}
