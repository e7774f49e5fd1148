"""`sipas design`: how many to ask, how to share them out, and whom to draw."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from survey import i18n
from survey.cli.design_plan import plan, simulate
from survey.cli.design_select import select
from survey.exports.report_tables import aligned
from survey.i18n import _

if TYPE_CHECKING:
    from sampling.allocation import Allocation
    from sampling.size import Size

METHODS = ("proportional", "equal", "neyman", "optimum", "power", "sqrt")
# What Slovin's formula has no place for, by the name of the option and what it is unless given.
NOT_OF_SLOVIN = {"share": 0.5, "deff": 1.0, "level": 0.95, "detect": None}


@click.group("design", help=_("Design a sample: its size, its allocation, its selection."))
def command() -> None:
    pass


for _one in (select, plan, simulate):
    command.add_command(_one)


@command.command("size", help=_("How many respondents a precision needs, and how many to invite."))
@click.option("--margin", type=float, help=_("Margin of error as a share: 0.05 for five points."))
@click.option("--share", default=0.5, show_default=True, help=_("Expected share; 0.5 asks for the most."))
@click.option("--population", type=int, help=_("People or transactions in all; endless if not given."))
@click.option("--deff", default=1.0, show_default=True, help=_("Design effect of clusters and unequal weights."))
@click.option("--response-rate", default=1.0, show_default=True, help=_("Share of those invited who will answer."))
@click.option("--level", default=0.95, show_default=True, help=_("Confidence level."))
@click.option(
    "--method", default="cochran", type=click.Choice(["cochran", "slovin"]), help=_("Slovin: n = N/(1+N·e²).")
)
@click.option("--detect", type=float, help=_("Instead of a margin: a difference between two agencies or two years."))
@click.option("--power", default=0.8, show_default=True, help=_("Probability of finding that difference."))
@click.option("--overlap", default=0.0, show_default=True, help=_("Share of people who are in both samples."))
@click.option("--correlation", default=0.0, show_default=True, help=_("Of such a person's two answers."))
@click.option("--format", "style", default="table", type=click.Choice(["table", "csv", "json"]))
def size(*, style: str, **options: Any) -> None:
    if (options["margin"] is None) == (options["detect"] is None):
        raise click.UsageError(_("Say how precise: --margin, or --detect for a difference."))
    found = _slovin(options) if options["method"] == "slovin" else _cochran(options)
    if not found.is_reachable:
        click.echo(
            _(
                "%(people)s people furnish only %(respondents)s of %(n)s respondents at this response rate.",
                people=i18n.current().number(found.invitations),
                respondents=i18n.current().number(found.respondents),
                n=i18n.current().number(found.n),
            ),
            err=True,
        )
    per_sample = options["detect"] is not None
    click.echo(SIZE_STYLES[style](found, per_sample=per_sample), nl=False)


@command.command("allocate", help=_("Share a sample out among strata. STRATA has stratum, N, and S, cost, cv, X."))
@click.argument("strata", type=click.Path(path_type=Path))
@click.option("--total", required=True, type=int, help=_("Units in the whole sample."))
@click.option("--method", default="proportional", type=click.Choice(METHODS), help=_("By what they are shared out."))
@click.option(
    "--minimum", default=0, show_default=True, help=_("Least number in a stratum; a smaller one is taken whole.")
)
@click.option("--exponent", default=0.5, show_default=True, help=_("Of the power method: 0 each alike, 1 by X."))
@click.option("--format", "style", default="table", type=click.Choice(["table", "csv", "json"]))
def allocate(*, strata: Path, total: int, method: str, minimum: int, exponent: float, style: str) -> None:
    from sampling.allocation import allocate as share_out
    from survey.services.frame_files import read_strata

    found = share_out(read_strata(strata), total, method=method, minimum=minimum, exponent=exponent)
    if found.unmeasurable:
        names = ", ".join(found.unmeasurable)
        click.echo(_("Fewer than two units, so that no variance can be estimated: %(strata)s", strata=names), err=True)
    click.echo(ALLOCATION_STYLES[style](found), nl=False)


def _slovin(options: dict[str, Any]) -> Size:
    from sampling.size import slovin

    other = [f"--{name}" for name, default in NOT_OF_SLOVIN.items() if options[name] != default]
    if other:
        raise click.UsageError(_("Slovin's formula has no place for %(options)s.", options=", ".join(other)))
    if options["population"] is None:
        raise click.UsageError(_("Slovin's formula needs --population."))
    return slovin(
        population=options["population"], margin_of_error=options["margin"], response_rate=options["response_rate"]
    )


def _cochran(options: dict[str, Any]) -> Size:
    from sampling.detection import Comparison, size_to_detect
    from sampling.size import size_for_share

    shared = {
        "expected_share": options["share"],
        "population": options["population"],
        "design_effect": options["deff"],
        "confidence_level": options["level"],
    }
    if options["detect"] is None:
        return size_for_share(margin_of_error=options["margin"], response_rate=options["response_rate"], **shared)
    comparison = Comparison(overlap=options["overlap"], correlation=options["correlation"], **shared)
    return size_to_detect(
        options["detect"], power=options["power"], response_rate=options["response_rate"], comparison=comparison
    )


def _size_as_json(found: Size, *, per_sample: bool) -> str:
    del per_sample  # Whoever asks for JSON knows what was asked.
    return json.dumps({"n": found.n, "respondents": found.respondents, "invitations": found.invitations}) + "\n"


def _size_as_csv(found: Size, *, per_sample: bool) -> str:
    del per_sample
    return f"n,respondents,invitations\n{found.n},{found.respondents},{found.invitations}\n"


def _size_as_table(found: Size, *, per_sample: bool) -> str:
    number = i18n.current().number
    lines = [
        (_("Respondents needed, in each sample") if per_sample else _("Respondents needed"), found.n),
        (_("Respondents expected"), found.respondents),
        (_("Invitations"), found.invitations),
    ]
    return aligned([(label, number(value)) for label, value in lines], texts=1)


def _lines(found: Allocation) -> list[tuple[str, int, float]]:
    return list(zip(found.strata.names, found.n.tolist(), found.sampling_fractions.tolist(), strict=True))


def _allocation_as_json(found: Allocation) -> str:
    strata = [{"stratum": name, "n": n, "sampling_fraction": fraction} for name, n, fraction in _lines(found)]
    return json.dumps({"total": found.total, "strata": strata}, ensure_ascii=False) + "\n"


def _allocation_as_csv(found: Allocation) -> str:
    import csv
    import io

    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["stratum", "n", "sampling_fraction"])
    writer.writerows((name, n, repr(fraction)) for name, n, fraction in _lines(found))
    return out.getvalue()


def _allocation_as_table(found: Allocation) -> str:
    number, percent = i18n.current().number, i18n.current().percent
    rows = [(name, number(n), percent(100 * fraction)) for name, n, fraction in _lines(found)]
    whole = found.total / found.strata.population
    rows = [
        (_("Stratum"), "n", _("Sampling fraction")),
        *rows,
        (_("Total"), number(found.total), percent(100 * whole)),
    ]
    return aligned(rows, texts=1)


SIZE_STYLES = {"table": _size_as_table, "csv": _size_as_csv, "json": _size_as_json}
ALLOCATION_STYLES = {"table": _allocation_as_table, "csv": _allocation_as_csv, "json": _allocation_as_json}
