"""The indices of a wave as one JSON document: what `sipas index --format json` prints and the HTTP API answers."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from survey.exports.decisions_json import row_parts, whole_parts
from survey.exports.numbers import number
from survey.exports.wording_of_ways import WAYS, not_shown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from survey.exports.wording_of_ways import Ways
    from survey.i18n import Locale
    from survey.services.index_values import Disclosure, IndexCell, IndexRow, IndexTable


def document(table: IndexTable, *, language: Locale) -> dict[str, Any]:
    """The document: indices and intervals in points from 0 to 100 at full precision, null where there is none."""
    return {
        "wave": table.wave.code,
        "title": table.wave.title,
        "stream": table.stream,
        "simulated": table.wave.is_simulated,
        "opens_on": table.wave.opens_on.isoformat(),
        "closes_on": table.wave.closes_on.isoformat(),
        "questionnaire_hash": table.wave.questionnaire_hash,
        "confidence_level": table.confidence_level,
        "method": table.interval_method,
        "minimum_respondents": table.minimum_respondents,
        "weighting": table.weighting,
        "weighting_covers": number(table.covers),
        "left_out": table.left_out,
        "disclosure": _disclosure(table.disclosure),
        "composites": [{"id": one.id, "name": one.name, "rule": one.rule} for one in table.composites],
        "decisions": whole_parts(table.decided, language=language),
        "dimensions": [{"id": one.id, "name": one.name, "short": one.short} for one in table.dimensions],
        "province": _row(table.province, table, language=language),
        "rows": [_row(row, table, language=language) for row in table.rows],
    }


def indices_json(table: IndexTable, *, language: Locale) -> bytes:
    """The document in UTF-8, one line, ended by a line feed."""
    text = json.dumps(document(table, language=language), ensure_ascii=False, allow_nan=False)
    return f"{text}\n".encode()


def _row(row: IndexRow, table: IndexTable, *, language: Locale) -> dict[str, Any]:
    leading = table.overall.id if table.overall else None
    cells = [cell for cell in row.dimensions.values() if cell is not None]
    return {
        "agency": row.agency.code if row.agency else None,
        "name": row.agency.name if row.agency else None,
        "kind": row.agency.kind if row.agency else None,
        "level": row.agency.level if row.agency else "province",
        "n": row.respondents,
        # A row has one figure for six dimensions: the least certain of them speaks for it.
        "n_effective": min(_known(cell.effective for cell in cells), default=None),
        "deff": max(_known(cell.design_effect for cell in cells), default=None),
        "dimensions": {name: _cell(cell) for name, cell in row.dimensions.items()},
        "overall": _cell(row.composites.get(leading or "")),
        "composites": {name: _cell(cell) for name, cell in row.composites.items()},
        **row_parts(row.decision, language=language, cell=_cell),
        **{key: part for ways in WAYS for key, part in _ways(ways, row, table, language=language).items()},
        "suppressed": row.suppressed,
        "reason": language.gettext(row.reason) if row.reason else None,
        "note": language.gettext(row.note) if row.note else None,
    }


def _cell(cell: IndexCell | None) -> dict[str, Any] | None:
    if cell is None:
        return None
    return {
        "index": number(cell.value),
        "se": number(cell.standard_error),
        "ci_low": number(cell.low),
        "ci_high": number(cell.high),
        "n": cell.respondents,
        "n_effective": number(cell.effective),
        "deff": number(cell.design_effect),
    }


def _ways(ways: Ways, row: IndexRow, table: IndexTable, *, language: Locale) -> dict[str, Any]:
    """How the responses came, by one classification, or why that is not shown."""
    shares = ways.of(row)
    if shares is not None:
        part = {
            "n": shares.respondents,
            "agencies": shares.domains,
            "counts": dict(shares.counts),
            "shares": {kind: number(shares.of(kind)) for kind in ways.kinds},
        }
        return {ways.name: part, f"{ways.name}_reason": None}
    reason = language.gettext(row.reason) if row.reason else not_shown(row, table, language=language)
    return {ways.name: None, f"{ways.name}_reason": reason}


def _disclosure(disclosure: Disclosure | None) -> dict[str, Any] | None:
    return None if disclosure is None else asdict(disclosure)


def _known(values: Iterable[float | None]) -> list[float]:
    return [value for value in map(number, values) if value is not None]
