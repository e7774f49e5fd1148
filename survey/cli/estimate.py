"""`sipas estimate`: design-based estimates from a data file."""

from __future__ import annotations

import csv
import io
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
    from collections.abc import Callable, Sequence

    from survey.services.estimation import FileEstimate, FileEstimates
    from survey.services.estimation_design import DesignColumns
    from survey.services.estimation_measures import Measure

METHODS = ("t", "logit", "beta", "wilson", "likelihood", "asin")
LONELY = ("error", "adjust", "average", "certainty", "remove")
REPLICATE_METHODS = ("jk1", "jkn", "brr", "fay", "bootstrap")
KINDS = ("mean", "total", "proportion", "ratio", "quantile")


def _measures(kind: str, metavar: str, text: str) -> Callable[[Any], Any]:
    return click.option(f"--{kind}", multiple=True, metavar=metavar, help=text)


@click.command("estimate", help=_("Estimate from the sample in a CSV or Parquet file, with its design's uncertainty."))
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--weights", required=True, help=_("Column of the weights."))
@click.option("--strata", help=_("Column of the strata."))
@click.option("--psu", help=_("Column of the primary sampling units."))
@click.option("--ssu", help=_("Column of the secondary sampling units."))
@click.option("--fpc", default="", metavar="COL[,COL]", help=_("Population sizes or sampling fractions, by stage."))
@_measures("mean", "COL,…", _("Means."))
@_measures("total", "COL,…", _("Totals."))
@_measures("proportion", "COL[=LEVEL],…", _("Shares of every level, of one, or of 'COL>=VALUE'."))
@_measures("ratio", "NUM/DEN", _("Ratios of totals."))
@_measures("quantile", "COL:0.5", _("Quantiles."))
@click.option("--by", default="", metavar="COL[,COL]", help=_("Every crossing of these columns is a domain."))
@click.option("--where", multiple=True, metavar="COL=VALUE", help=_("Only about these; may be given again."))
@click.option("--ci", type=click.Choice(METHODS), help=_("Interval: by default logit for shares, t for all else."))
@click.option("--level", default=0.95, show_default=True, help=_("Confidence level."))
@click.option("--lonely-psu", default="error", type=click.Choice(LONELY), help=_("A stratum with one unit adds this."))
@click.option("--replicates", metavar="PREFIX", help=_("Columns PREFIX1, PREFIX2 … of replicate weights."))
@click.option("--replicate-method", type=click.Choice(REPLICATE_METHODS), help=_("How they were made."))
@click.option(
    "--replicate-scales", type=click.Path(path_type=Path), help=_("File of their scales, as weights writes it.")
)
@click.option("--fay-rho", default=0.0, help=_("Fay's ρ."))
@click.option("--format", "style", default="table", type=click.Choice(["table", "csv", "json"]))
def command(*, file: Path, by: str, where: Sequence[str], style: str, **options: Any) -> None:
    from survey.services.estimation import estimate_file
    from survey.services.estimation_measures import condition

    measures = _asked(options)
    if not measures:
        raise click.UsageError(_("Say what to estimate: --mean, --total, --proportion, --ratio or --quantile."))
    with reading_progress() as progress:
        found = estimate_file(
            file,
            measures,
            design=_design(options),
            by=_split(by),
            where=[condition(text) for text in where],
            ci=options["ci"],
            confidence_level=options["level"],
            progress=progress,
        )
    click.echo(STYLES[style](found), nl=False)


def _asked(options: dict[str, Any]) -> list[Measure]:
    from survey.services.estimation_measures import listed

    return [each for kind in KINDS for each in listed(kind, options[kind])]


def _design(options: dict[str, Any]) -> DesignColumns:
    from survey.services.estimation_design import DesignColumns

    names = (
        "weights",
        "strata",
        "psu",
        "ssu",
        "lonely_psu",
        "replicates",
        "replicate_method",
        "replicate_scales",
        "fay_rho",
    )
    return DesignColumns(**{name: options[name] for name in names}, fpc=tuple(_split(options["fpc"])))


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _as_json(found: FileEstimates) -> str:
    return json.dumps(asdict(found), ensure_ascii=False) + "\n"


def _as_csv(found: FileEstimates) -> str:
    domains = list(found.estimates[0].domain)
    lines = [{**asdict(line), **line.domain} for line in found.estimates]
    heading = ["measure", "variable", "level_of", *domains]
    heading += ["estimate", "se", "ci_low", "ci_high", "df", "deff", "n", "sum_weights"]
    out = io.StringIO()
    writer = csv.DictWriter(out, heading, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return out.getvalue()


def _as_table(found: FileEstimates) -> str:
    domains = list(found.estimates[0].domain)
    percent = f"{i18n.current().number(100 * found.level, 1).rstrip('0').rstrip(',.')}%"
    head = [_("Measure"), *domains, _("Estimate"), _("Standard error"), _("%(level)s interval", level=percent)]
    head += [_("Degrees of freedom"), _("Design effect"), "n"]
    return aligned([head, *(_cells(line) for line in found.estimates)], texts=1 + len(domains))


def _cells(line: FileEstimate) -> list[str]:
    number, decimals = i18n.current().number, _decimals(line)
    level = (
        f"{'' if line.measure == 'quantile' or line.level_of[0] in '<>' else '='}{line.level_of}"
        if line.level_of
        else ""
    )
    name = f"{_(KIND_NAMES[line.measure])} {line.variable}{':' if line.measure == 'quantile' else ''}{level}"
    limits = [number(limit, decimals) for limit in (line.ci_low, line.ci_high)]
    return [
        name,
        *line.domain.values(),
        number(line.estimate, decimals),
        number(line.se, decimals),
        " – ".join(limits),
        number(line.df, 0 if float(line.df).is_integer() else 2),
        number(line.deff, 2),
        number(line.n),
    ]


def _decimals(line: FileEstimate) -> int:
    """Two digits of the standard error, and not fewer than four decimals for a share."""
    if line.measure == "proportion":
        return 4
    if not line.se:
        return 2
    return max(0, min(6, 1 - int(f"{line.se:e}".rpartition("e")[2])))


KIND_NAMES = {
    "mean": i18n.mark("mean of"),
    "total": i18n.mark("total of"),
    "proportion": i18n.mark("share of"),
    "ratio": i18n.mark("ratio"),
    "quantile": i18n.mark("quantile of"),
}
STYLES = {"table": _as_table, "csv": _as_csv, "json": _as_json}
