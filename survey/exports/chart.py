"""Where the dots and whiskers of a chart stand: geometry only, no colours and no words.

A chart is drawn row by row, each row one strip as wide as its place on the page. Positions are therefore percentages of
the strip's width: the strip stretches from a phone to a wall screen, and neither the dots nor the text are distorted.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from survey.services.index_values import IndexCell

# Room at both ends of a strip, in per cent, so that a dot at 0 or 100 is not cut in half.
_PADDING = 4.0
_STEP = 10
_NARROWEST = 20


@dataclass(frozen=True, slots=True)
class Axis:
    """The stretch of the index that a chart shows, the same for every row of it."""

    low: int
    high: int

    def position(self, value: float) -> float:
        """Where `value` stands, as a percentage of the strip's width."""
        inside = min(max(value, self.low), self.high)
        share = (inside - self.low) / (self.high - self.low)
        return round(_PADDING + share * (100 - 2 * _PADDING), 2)

    @property
    def ticks(self) -> tuple[Tick, ...]:
        """Marks at round values: every ten points, or every twenty where ten would crowd a phone."""
        step = _STEP if self.high - self.low <= 5 * _STEP else 2 * _STEP
        # Counted down from the top, because the top is 100 in nearly every chart.
        values = sorted(range(self.high, self.low - 1, -step))
        return tuple(Tick(value, self.position(value)) for value in values)


@dataclass(frozen=True, slots=True)
class Tick:
    """A labelled mark of an axis."""

    value: int
    x: float


@dataclass(frozen=True, slots=True)
class Mark:
    """One dot with its interval, placed."""

    x: float
    low: float
    high: float

    @property
    def width(self) -> float:
        """How far the interval reaches, from end to end."""
        return round(self.high - self.low, 2)


def axis_of(cells: Iterable[IndexCell | None]) -> Axis:
    """The axis that holds all intervals: from a round value below the lowest to a round value above the highest.

    The dots carry no bar from zero, so an axis that does not begin at zero misleads nobody; its ends are labelled.
    """
    shown = [cell for cell in cells if cell is not None]
    if not shown:
        return Axis(0, 100)
    low = _STEP * math.floor(min(cell.low for cell in shown) / _STEP)
    high = _STEP * math.ceil(max(cell.high for cell in shown) / _STEP)
    high = min(100, max(high, low + _NARROWEST))
    return Axis(max(0, min(low, high - _NARROWEST)), high)


def mark(cell: IndexCell, axis: Axis) -> Mark:
    """The dot of `cell` on `axis`."""
    return Mark(axis.position(cell.value), axis.position(cell.low), axis.position(cell.high))
