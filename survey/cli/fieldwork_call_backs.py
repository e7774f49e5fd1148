"""`sipas fieldwork call-backs` and `agreement`: whether what came in is what people say."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from survey import i18n
from survey.cli import installation
from survey.cli.private_files import private_file
from survey.cli.rejections import said_line_by_line
from survey.exports.report_tables import aligned
from survey.i18n import UNDEFINED, _
from survey.services import fieldworks

if TYPE_CHECKING:
    from analysis.agreement import Kappa, WorkerAgreement
    from analysis.results import Interval
    from survey.services.fieldwork_call_backs import AgreementTable


@click.command(
    "call-backs",
    help=_(
        "Draw some of those who answered to be called back, of each worker's people in proportion and one at least; "
        "write their list and mark them."
    ),
)
@click.argument("wave")
@click.option("--share", required=True, type=float, help=_("Of those who answered: from 0.05 to 0.10."))
@click.option("--any-share", is_flag=True, help=_("Allow another share."))
@click.option("--seed", required=True, type=int, help=_("The same seed draws the same people of the same answers."))
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help=_("A new file."))
def call_backs(*, wave: str, share: float, any_share: bool, seed: int, out: Path) -> None:
    from survey.services import fieldwork_call_backs

    with installation.database() as database, ExitStack() as after, database.writing() as session:
        found = fieldworks.running(session, wave)
        drawn = fieldwork_call_backs.draw(session, found, share=share, seed=seed, any_share=any_share)
        # It is left after the transaction: whoever is marked is on the list, and where nobody is marked there is none.
        after.enter_context(private_file(out, fieldwork_call_backs.list_csv(drawn.people)))
    click.echo(
        i18n.ngettext(
            "%(file)s has %(num)s person of %(answered)s who answered.",
            "%(file)s has %(num)s people of %(answered)s who answered.",
            len(drawn.people),
            file=out,
            answered=i18n.current().number(drawn.answered),
        ),
        err=True,
    )


@click.command(
    "agreement",
    help=_(
        "How far first answers and call-backs agree, by item and by worker, from a CSV file: item, first, second, "
        "worker. Nothing of it is stored."
    ),
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--format", "style", default="table", type=click.Choice(["table", "json"]))
def agreement(*, file: Path, style: str) -> None:
    from survey.services import fieldwork_call_backs

    with said_line_by_line():
        found = fieldwork_call_backs.read_agreement(file.read_bytes())
    click.echo(STYLES[style](found), nl=False)


def _as_json(found: AgreementTable) -> str:
    document = {
        "pairs": found.pairs,
        "items": [
            {
                "item": item,
                "pairs": one.pairs,
                "agreement": _with_limits(one.share, one.interval()),
                "kappa": _beyond_chance(one.kappa),
                "weighted_kappa": _beyond_chance(one.weighted),
            }
            for item, one in found.items
        ],
        "workers": [
            {
                "worker": one.worker,
                "pairs": one.pairs,
                "agreement": _with_limits(one.share, one.interval()),
                "p_adjusted": one.p_adjusted,
                "flagged": one.flagged,
            }
            for one in found.workers
        ],
    }
    return json.dumps(document, ensure_ascii=False) + "\n"


def _with_limits(value: float, limits: Interval | None) -> dict[str, Any]:
    return {"value": value, "low": limits.low if limits else None, "high": limits.high if limits else None}


def _beyond_chance(kappa: Kappa | None) -> dict[str, Any] | None:
    return None if kappa is None else {**_with_limits(kappa.value, kappa.interval()), "se": kappa.standard_error}


def _as_table(found: AgreementTable) -> str:
    heading = [_("Item"), _("Pairs"), _("Agreement"), _("Kappa"), _("Weighted kappa")]
    lines = [heading]
    for item, one in found.items:
        shares = _share(one.share, one.interval())
        lines.append([item, i18n.current().number(one.pairs), shares, _shown(one.kappa), _shown(one.weighted)])
    text = aligned(lines)
    if found.workers:
        text += "\n" + aligned([[_("Worker"), _("Pairs"), _("Agreement"), ""], *map(_worker, found.workers)])
    return text


def _worker(one: WorkerAgreement) -> list[str]:
    remark = _("clearly less than the others: look into it") if one.flagged else ""
    return [one.worker, i18n.current().number(one.pairs), _share(one.share, one.interval()), remark]


def _share(value: float, limits: Interval) -> str:
    percent = i18n.current().percent
    return f"{percent(100 * value, 1)} [{percent(100 * limits.low, 1)}; {percent(100 * limits.high, 1)}]"


def _shown(kappa: Kappa | None) -> str:
    if kappa is None:
        return UNDEFINED
    number, limits = i18n.current().number, kappa.interval()
    within = f" [{number(limits.low, 2)}; {number(limits.high, 2)}]" if limits else ""
    return number(kappa.value, 2) + within


STYLES = {"table": _as_table, "json": _as_json}
