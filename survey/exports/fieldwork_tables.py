"""How a fieldwork goes, as a table for a terminal, as CSV and as JSON."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

from survey.exports.report_tables import aligned
from survey.i18n import UNDEFINED, mark
from survey.services.fieldwork_progress import RATES
from survey.services.spreadsheets import harmless

if TYPE_CHECKING:
    from collections.abc import Iterator

    from survey.i18n import Locale
    from survey.services.fieldwork_progress import Progress, Standing

COUNTS = ("quota", "answered", "settled", "still_open", "substitutes", "substitutes_answered")
HEADINGS = (
    mark("Agency"),
    mark("Stratum"),
    mark("Quota"),
    mark("Answered"),
    mark("Settled otherwise"),
    mark("Open"),
    *RATES,
    mark("Substitutes (answered)"),
)
OF_WORKERS = (mark("Code"), mark("Worker"), mark("People"), mark("Open"), mark("Late"), mark("Next due"))

# Columns of texts, to the left; figures stand to the right.
_TEXTS = 2


def progress_json(found: Progress) -> str:
    """One document with everything."""
    document = {
        "wave": found.fieldwork.wave.code,
        "day": found.day.isoformat(),
        "closed": found.fieldwork.closed_at is not None,
        "whole": _counted(found.whole),
        "rows": [
            {"agency": row.agency.code, "name": row.agency.name, "stratum": row.stratum, **_counted(row.standing)}
            for row in found.rows
        ],
        "workers": [
            {
                "code": one.code,
                "name": one.name,
                "people": one.people,
                "still_open": one.still_open,
                "late": one.late,
                "next_due": one.next_due.isoformat() if one.next_due else None,
            }
            for one in found.workers
        ],
        "days": [{"day": one.day.isoformat(), "total": one.total, "answers": one.answers} for one in found.days],
    }
    return json.dumps(document, ensure_ascii=False) + "\n"


def progress_csv(found: Progress) -> str:
    """A line for each agency and stratum, and the whole first; rates from 0 to 1."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(["agency", "name", "stratum", *COUNTS, *RATES])
    writer.writerow(["", "", "", *_cells(found.whole)])
    for row in found.rows:
        named = map(harmless, (row.agency.code, row.agency.name, row.stratum))
        writer.writerow([*named, *_cells(row.standing)])
    return text.getvalue()


def progress_text(found: Progress, language: Locale) -> str:
    """The same for reading, with who is late and the answers of each day."""
    parts = [aligned([[language.gettext(name) for name in HEADINGS], *_lines(found, language)], texts=_TEXTS)]
    if found.workers:
        parts.append(aligned([[language.gettext(name) for name in OF_WORKERS], *_work(found, language)], texts=_TEXTS))
    if found.days:
        heading = [language.gettext("Day"), language.gettext("Answers")]
        days = [[language.date(one.day), language.number(one.total)] for one in found.days]
        parts.append(aligned([heading, *days], texts=1))
    return "\n".join(parts)


def _counted(standing: Standing) -> dict[str, Any]:
    return {**{name: getattr(standing, name) for name in COUNTS}, "rates": dict(standing.rates)}


def _cells(standing: Standing) -> Iterator[object]:
    yield from (getattr(standing, name) for name in COUNTS)
    yield from ("" if rate is None else repr(rate) for rate in standing.rates.values())


def _lines(found: Progress, language: Locale) -> Iterator[list[str]]:
    yield [language.gettext("All"), "", *_shown(found.whole, language)]
    for row in found.rows:
        yield [row.agency.name, row.stratum, *_shown(row.standing, language)]


def _shown(standing: Standing, language: Locale) -> Iterator[str]:
    number = language.number
    yield from map(number, (standing.quota, standing.answered, standing.settled, standing.still_open))
    for rate in standing.rates.values():
        yield UNDEFINED if rate is None else language.percent(100 * rate, 1)
    yield f"{number(standing.substitutes)} ({number(standing.substitutes_answered)})"


def _work(found: Progress, language: Locale) -> Iterator[list[str]]:
    for one in found.workers:
        counts = map(language.number, (one.people, one.still_open, one.late))
        yield [one.code, one.name, *counts, language.date(one.next_due)]
