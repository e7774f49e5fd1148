"""`sipas weights`: from a drawn sample and what became of it to the weights of those who answered."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from survey import i18n
from survey.cli.calibrate import METHODS
from survey.cli.estimate import LONELY
from survey.cli.reading import PAIR, reading_progress
from survey.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable

    from survey.services.weighting_report import WeightsReport


REPLICATES = ("jkn", "bootstrap")


class Columns(click.ParamType[tuple[str, ...]]):
    """Names of columns with commas between them."""

    name = "COL[,COL]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        """The names."""
        del param, ctx
        if isinstance(value, tuple):
            return value
        return tuple(name.strip() for name in value.split(",") if name.strip())


COLUMNS = Columns()


@click.command(
    "weights",
    help=_(
        "Weight the respondents of a drawn sample. FILE has everybody drawn, as design select writes it, with a column "
        "of dispositions: respondent, nonrespondent, ineligible, unknown, or AAPOR codes (1.x, 2.x, 4.x, 3.x)."
    ),
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--disposition", required=True, help=_("Column of what became of each person drawn."))
@click.option("--weights", default="weight", show_default=True, help=_("Column of the base weights."))
@click.option(
    "--classes", type=COLUMNS, default=(), help=_("Weighting classes: cross these, the most important first.")
)
@click.option(
    "--minimum-class", type=click.IntRange(0), default=0, help=_("Merge classes with fewer respondents than this.")
)
@click.option("--propensity", type=COLUMNS, default=(), help=_("Columns with levels that tell who responds."))
@click.option("--propensity-numbers", type=COLUMNS, default=(), help=_("Columns with numbers that tell who responds."))
@click.option(
    "--propensity-classes",
    type=click.IntRange(0),
    default=5,
    show_default=True,
    help=_("Classes of propensities; 0 divides by each respondent's own."),
)
@click.option("--margins", type=click.Path(path_type=Path), help=_("Known totals to calibrate to, as for calibrate."))
@click.option("--method", default="rake", show_default=True, type=click.Choice(METHODS), help=_("How to meet them."))
@click.option("--bounds", type=PAIR, help=_("Smallest and largest factor on a weight, as 0.5,2."))
@click.option("--trim", type=PAIR, help=_("Smallest and largest weight; the totals then hold only nearly."))
@click.option("--tolerance", default=1e-10, show_default=True, help=_("Largest relative error of a total."))
@click.option("--out", required=True, type=click.Path(path_type=Path), help=_("The file of the respondents."))
@click.option("--replicates", type=click.Choice(REPLICATES), help=_("Replicate weights too, each through all steps."))
@click.option("--strata", help=_("Column of the strata of the draw, for replicates."))
@click.option("--psu", help=_("Column of the primary sampling units, for replicates."))
@click.option("--lonely-psu", default="error", type=click.Choice(LONELY), help=_("A stratum with one unit adds this."))
@click.option("--number", type=click.IntRange(2), default=500, show_default=True, help=_("How many bootstrap samples."))
@click.option("--seed", type=int, help=_("Of the bootstrap: the same seed gives the same weights."))
@click.option("--scales", type=click.Path(path_type=Path), help=_("Where to write the scales of the replicates."))
@click.option("--report", type=click.Path(path_type=Path), help=_("Write the report too: .md, .docx or .json."))
@click.option("--format", "style", default="table", type=click.Choice(["table", "json"]))
def command(*, file: Path, out: Path, report: Path | None, style: str, **options: Any) -> None:
    from survey.services.weight_replicates import ReplicatePlan
    from survey.services.weighting import WeightingPlan, weigh_file

    method = options.pop("replicates")
    of_replicates = {name: options.pop(name) for name in ("strata", "psu", "lonely_psu", "number", "seed", "scales")}
    asked = ReplicatePlan(method, **of_replicates) if method else None

    if report is not None and report.suffix.lower() not in FILES:
        raise click.UsageError(_("A report is written as %(kinds)s.", kinds=", ".join(FILES)))
    with reading_progress() as progress:
        found = weigh_file(file, WeightingPlan(**options, replicates=asked), out=out, progress=progress)
    if report is not None:
        report.write_bytes(STYLES[report.suffix.lower()](found))
    click.echo(STYLES[style](found), nl=False)


def _as_json(found: WeightsReport) -> bytes:
    return (json.dumps(found.as_json(), ensure_ascii=False) + "\n").encode()


def _as_text(found: WeightsReport) -> bytes:
    from survey.exports.weight_tables import as_text

    return as_text(found, i18n.current()).encode()


def _as_markdown(found: WeightsReport) -> bytes:
    from survey.exports.weight_tables import as_markdown

    return as_markdown(found, i18n.current()).encode()


def _as_word(found: WeightsReport) -> bytes:
    from survey.exports.weights_docx import weights_docx

    return weights_docx(found, i18n.current())


FILES = {".md": _as_markdown, ".docx": _as_word, ".json": _as_json}
STYLES: dict[str, Callable[[WeightsReport], bytes]] = {"table": _as_text, "json": _as_json, **FILES}
