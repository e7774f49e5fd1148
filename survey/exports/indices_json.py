"""The indices of a wave as one JSON document: what `sipas index --format json` prints and the HTTP API answers."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from survey.i18n import Locale
    from survey.services.indices import IndexCell, IndexRow, IndexTable

# Filled by later work; a reader may rely on the keys being there.
_NOT_YET = ("rank", "rank_low", "rank_high", "group", "change", "change_p", "change_p_adjusted", "integrity", "model")


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
        "dimensions": [{"id": one.id, "name": one.name, "short": one.short} for one in table.dimensions],
        "province": _row(table.province, language=language),
        "rows": [_row(row, language=language) for row in table.rows],
    }


def indices_json(table: IndexTable, *, language: Locale) -> bytes:
    """The document in UTF-8, one line, ended by a line feed."""
    text = json.dumps(document(table, language=language), ensure_ascii=False, allow_nan=False)
    return f"{text}\n".encode()


def _row(row: IndexRow, *, language: Locale) -> dict[str, Any]:
    cells = [cell for cell in row.dimensions.values() if cell is not None]
    return {
        "agency": row.agency.code if row.agency else None,
        "name": row.agency.name if row.agency else None,
        "kind": row.agency.kind if row.agency else None,
        "level": row.agency.level if row.agency else "province",
        "n": row.respondents,
        # A row has one figure for six dimensions: the least certain of them speaks for it.
        "n_effective": min(_numbers(cell.effective for cell in cells), default=None),
        "deff": max(_numbers(cell.design_effect for cell in cells), default=None),
        "dimensions": {name: _cell(cell) for name, cell in row.dimensions.items()},
        **dict.fromkeys(_NOT_YET),
        "suppressed": row.suppressed,
        "reason": language.gettext(row.reason) if row.reason else None,
        "note": language.gettext(row.note) if row.note else None,
    }


def _cell(cell: IndexCell | None) -> dict[str, Any] | None:
    if cell is None:
        return None
    return {
        "index": _number(cell.value),
        "se": _number(cell.standard_error),
        "ci_low": _number(cell.low),
        "ci_high": _number(cell.high),
        "n": cell.respondents,
        "n_effective": _number(cell.effective),
        "deff": _number(cell.design_effect),
    }


def _numbers(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None and math.isfinite(value)]


def _number(value: float | None) -> float | None:
    # JSON has no NaN and no infinity.
    return value if value is not None and math.isfinite(value) else None
