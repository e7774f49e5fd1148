"""The indices of a wave: the one value that every page, file and API answer draws.

`index_table` sums the responses into cells, lets `analysis` turn them into indices and decide what may be seen, and
names everything in the reader's language. Nothing downstream computes; it only shows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class IndexCell:
    """One index of one agency, in points from 0 to 100, with its uncertainty."""

    value: float
    low: float
    high: float
    standard_error: float
    respondents: int
    effective: float
    design_effect: float | None


@dataclass(frozen=True, slots=True)
class AgencyName:
    """What a reader needs to recognise an agency."""

    code: str
    name: str
    kind: str
    level: str


@dataclass(frozen=True, slots=True)
class IndexRow:
    """The dimensions of one agency, or of the whole province where `agency` is None.

    A suppressed row has no `respondents` and no cells; `reason` says why, as a message to translate. A dimension that
    nobody answered, or too few did, is None in a row that is shown.
    """

    agency: AgencyName | None
    respondents: int | None
    dimensions: Mapping[str, IndexCell | None]
    suppressed: bool = False
    reason: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class DimensionName:
    """A dimension as the reader's language calls it."""

    id: str
    name: str
    short: str


@dataclass(frozen=True, slots=True)
class WaveName:
    """The wave that a table is of."""

    code: str
    title: str
    is_simulated: bool
    opens_on: dt.date
    closes_on: dt.date
    questionnaire_hash: str


@dataclass(frozen=True, slots=True)
class IndexTable:
    """All indices of one wave and one stream: the province and its agencies."""

    wave: WaveName
    stream: str
    confidence_level: float
    interval_method: str
    dimensions: tuple[DimensionName, ...]
    province: IndexRow
    rows: tuple[IndexRow, ...]
    minimum_respondents: int
