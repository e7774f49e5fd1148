"""`sipas trend`: whether the published SIPAS of two years compares, and why not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from survey import i18n
from survey.i18n import _

if TYPE_CHECKING:
    from forms.verdict import Reason, Verdict

YEAR = click.IntRange(2000, 2100)


@click.command("trend", help=_("Whether the published national results of two years can be compared, and why not."))
@click.argument("first", type=YEAR)
@click.argument("last", type=YEAR)
@click.option("--format", "style", default="text", type=click.Choice(["text", "json"]), help=_("How to print."))
def command(*, first: int, last: int, style: str) -> None:
    from forms.bridging import load_series

    verdict = load_series("national").between_years(first, last)
    said = _document(first, last, verdict)
    click.echo(json.dumps(said, ensure_ascii=False) if style == "json" else _sentences(said))


def _document(first: int, last: int, verdict: Verdict) -> dict[str, Any]:
    return {
        "first": first,
        "last": last,
        "comparable": verdict.comparable,
        "evidence": verdict.evidence,
        "reasons": [_reason(one) for one in verdict.reasons],
    }


def _reason(reason: Reason) -> dict[str, Any]:
    language = i18n.current()
    return {
        "change": reason.change,
        "text": i18n.explain(reason.localised(language.code)),
        "evidence": reason.evidence,
        "sources": list(reason.sources),
    }


def _sentences(said: dict[str, Any]) -> str:
    years = {"first": said["first"], "last": said["last"]}
    if said["comparable"]:
        return _("The results of %(first)s and %(last)s can be compared.", **years)
    head = _("The results of %(first)s and %(last)s cannot be compared:", **years)
    return "\n".join([head, *(f"  – {one['text']}" for one in said["reasons"])])
