"""`sipas calibrate`: weights of a data file that meet known population totals."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from survey import i18n
from survey.cli.reading import PAIR, reading_progress
from survey.exports.report_tables import aligned
from survey.i18n import _

if TYPE_CHECKING:
    from survey.services.calibrating import CalibrationReport

METHODS = ("poststratify", "rake", "linear", "logit")


@click.command(
    "calibrate",
    help=_(
        "Calibrate the weights of a CSV or Parquet file to known population totals. MARGINS has the columns variable, "
        "level and total; a row without a level is the total of a numeric column, the variable 1 the size of the "
        "population, and a:b crosses two columns."
    ),
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--weights", required=True, help=_("Column of the weights before."))
@click.option("--margins", required=True, type=click.Path(path_type=Path), help=_("File of the population totals."))
@click.option("--method", required=True, type=click.Choice(METHODS), help=_("How the weights are to meet them."))
@click.option("--bounds", type=PAIR, help=_("Smallest and largest factor on a weight, as 0.5,2."))
@click.option("--trim", type=PAIR, help=_("Smallest and largest weight; the totals then hold only nearly."))
@click.option("--tolerance", default=1e-10, show_default=True, help=_("Largest relative error of a total."))
@click.option("--out", required=True, type=click.Path(path_type=Path), help=_("The file with weight_calibrated added."))
@click.option("--format", "style", default="table", type=click.Choice(["table", "csv", "json"]))
def command(
    *,
    file: Path,
    weights: str,
    margins: Path,
    method: str,
    bounds: tuple[float, float] | None,
    trim: tuple[float, float] | None,
    tolerance: float,
    out: Path,
    style: str,
) -> None:
    from survey.services.calibrating import calibrate_file

    with reading_progress() as progress:
        report = calibrate_file(
            file,
            weights=weights,
            margins=margins,
            method=method,
            out=out,
            bounds=bounds,
            trim=trim,
            tolerance=tolerance,
            progress=progress,
        )
    click.echo(STYLES[style](report), nl=False)


def _as_json(report: CalibrationReport) -> str:
    return json.dumps(asdict(report), ensure_ascii=False) + "\n"


def _as_csv(report: CalibrationReport) -> str:
    values = asdict(report)
    return ",".join(values) + "\n" + ",".join(str(value) for value in values.values()) + "\n"


def _as_table(report: CalibrationReport) -> str:
    number = i18n.current().number
    lines = [
        (_("Rows"), number(report.n)),
        (_("Iterations"), number(report.iterations)),
        (_("Largest relative error of a total"), f"{report.max_margin_error:.1e}"),
        (_("Weights"), f"{number(report.weight_min, 4)} – {number(report.weight_max, 4)}"),
        (_("Sum of the weights"), number(report.sum_weights, 2)),
        (_("Trimmed weights"), number(report.trimmed)),
        (_("Kish's design effect, before"), number(report.deff_weights_before, 4)),
        (_("Kish's design effect, after"), number(report.deff_weights, 4)),
    ]
    return aligned(lines)


STYLES = {"table": _as_table, "csv": _as_csv, "json": _as_json}
