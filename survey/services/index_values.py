"""The indices of a wave as readers get them: values in points, named in the reader's language, with what may be seen.

Pages, files and the API draw these; nothing downstream computes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from survey.models import Entry, Trust

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from analysis.shares import Shares
    from survey.services.decision_values import Decided, Decision

ASKED_DIRECTLY = "direct"
UNKNOWN = "unknown"
# The kinds that answers are shown by, in the order in which they are shown.
TRUST = (*(one.value for one in Trust), UNKNOWN)
ENTRY = (*(one.value for one in Entry), UNKNOWN)


@dataclass(frozen=True, slots=True)
class IndexCell:
    """One index of one agency, in points from 0 to 100, with its uncertainty."""

    value: float
    low: float
    high: float
    standard_error: float | None
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
    nobody answered, or too few did, is None in a row that is shown, and so is a composite that would give it away.
    `decision` is what the figures allow to decide, where that was asked for. `trust` and `entry` say by which ways the
    responses came, of all that were received; of the province, those of the agencies whose shares are shown.
    """

    agency: AgencyName | None
    respondents: int | None
    dimensions: Mapping[str, IndexCell | None]
    composites: Mapping[str, IndexCell | None] = field(default_factory=dict)
    suppressed: bool = False
    reason: str | None = None
    note: str | None = None
    decision: Decision | None = None
    trust: Shares | None = None
    entry: Shares | None = None

    def figure(self, name: str) -> IndexCell | None:
        """The index of a dimension or composite, as `IndexTable.figures` names them."""
        return self.dimensions.get(name) or self.composites.get(name)


@dataclass(frozen=True, slots=True)
class DimensionName:
    """A dimension as the reader's language calls it."""

    id: str
    name: str
    short: str


@dataclass(frozen=True, slots=True)
class CompositeName:
    """A composite as the reader's language calls it, and the rule it is made by."""

    id: str
    name: str
    rule: str


@dataclass(frozen=True, slots=True)
class Disclosure:
    """What was hidden so that nobody is found out, and what an attack recovered: nothing, or this would not be here."""

    figures: int
    hidden: int
    share_lost: float
    attacked: int
    recovered: int


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
    """All indices of one wave and one stream: the province and its agencies.

    `weighting` says what an agency counts for in the province: by the design's weights, or by its transactions.
    `covers` is the share of all transactions that the agencies counted in it handled. `left_out` responses were not
    counted, because signals point to them and a reader asked for the index without.
    """

    wave: WaveName
    stream: str
    confidence_level: float
    interval_method: str
    dimensions: tuple[DimensionName, ...]
    province: IndexRow
    rows: tuple[IndexRow, ...]
    minimum_respondents: int
    composites: tuple[CompositeName, ...] = ()
    weighting: str = "design"
    left_out: int = 0
    covers: float = 1.0
    disclosure: Disclosure | None = None
    decided: Decided | None = None

    @property
    def overall(self) -> CompositeName | None:
        """The composite that speaks for an agency: the questionnaire's first."""
        return self.composites[0] if self.composites else None

    @property
    def figures(self) -> tuple[DimensionName, ...]:
        """What a reader sees of each agency: the dimensions, and last what speaks for it as a whole.

        A question about the service overall is a dimension already, and questionnaires put it last.
        """
        leading = self.overall
        if leading is None or leading.rule == ASKED_DIRECTLY or leading.id in {one.id for one in self.dimensions}:
            return self.dimensions
        return (*self.dimensions, DimensionName(leading.id, leading.name, leading.name))
