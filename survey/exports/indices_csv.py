"""The indices of a wave as a CSV file: one row per agency and index, at full precision, for any program."""

from __future__ import annotations

import csv
import io
import math
from typing import TYPE_CHECKING

from survey.exports.wording_of_ways import WAYS
from survey.services.spreadsheets import harmless

if TYPE_CHECKING:
    from collections.abc import Iterator

    from survey.i18n import Locale
    from survey.services.index_values import DimensionName, IndexCell, IndexRow, IndexTable

# Stable names in English: programs read this header, in whatever language a person asked for the file.
COLUMNS = (
    "wave",
    "stream",
    "simulated",
    "agency",
    "agency_name",
    "level",
    "dimension",
    "dimension_name",
    "n",
    "index",
    "ci_low",
    "ci_high",
    "se",
    "n_effective",
    "deff",
    "confidence_level",
    "suppressed",
    "reason",
    "note",
    # How all responses of the agency came, the same on each of its lines; empty where that is not shown.
    *(f"{ways.name}_{column}" for ways in WAYS for column in ("agencies", *ways.kinds)),
)


def indices_csv(table: IndexTable, *, language: Locale) -> bytes:
    """The file in UTF-8 with a byte-order mark, without which Excel misreads Vietnamese."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    for row in (table.province, *table.rows):
        for dimension in table.figures:
            writer.writerow(_line(table, row, dimension, language=language))
    return text.getvalue().encode("utf-8-sig")


def _line(table: IndexTable, row: IndexRow, dimension: DimensionName, *, language: Locale) -> dict[str, str]:
    return {
        "wave": harmless(table.wave.code),
        "stream": table.stream,
        "simulated": _truth(table.wave.is_simulated),
        "agency": harmless(row.agency.code) if row.agency else "",
        "agency_name": harmless(row.agency.name if row.agency else language.gettext("Whole province")),
        "level": row.agency.level if row.agency else "province",
        "dimension": harmless(dimension.id),
        "dimension_name": harmless(dimension.name),
        **dict(_figures(row.figure(dimension.id))),
        "confidence_level": repr(table.confidence_level),
        "suppressed": _truth(row.suppressed),
        "reason": harmless(language.gettext(row.reason)) if row.reason else "",
        "note": harmless(language.gettext(row.note)) if row.note else "",
        **dict(_ways(row)),
    }


def _figures(cell: IndexCell | None) -> Iterator[tuple[str, str]]:
    if cell is None:
        return
    yield "n", str(cell.respondents)
    yield "index", _number(cell.value)
    yield "ci_low", _number(cell.low)
    yield "ci_high", _number(cell.high)
    yield "se", _number(cell.standard_error)
    yield "n_effective", _number(cell.effective)
    yield "deff", _number(cell.design_effect)


def _ways(row: IndexRow) -> Iterator[tuple[str, str]]:
    for ways in WAYS:
        shares = ways.of(row)
        if shares is not None:
            yield f"{ways.name}_agencies", str(shares.domains)
            yield from ((f"{ways.name}_{kind}", str(shares.counts[kind])) for kind in ways.kinds)


def _truth(value: bool) -> str:  # noqa: FBT001 - the value itself is written, it is no option.
    return "true" if value else "false"


def _number(value: float | None) -> str:
    return repr(float(value)) if value is not None and math.isfinite(value) else ""
