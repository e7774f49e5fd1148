"""A column of answers as counting wants it: its values, where there is none, and whether they are a scale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.errors import AnalysisError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

    from analysis.arrays import BoolArray

# More values than this are not a scale; and a block of this many rows stays near the processor.
MOST_LEVELS = 64
BLOCK = 1 << 18


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """Answers of one item: whole numbers from `lowest` in `levels` steps, or any numbers where that is None."""

    values: NDArray[Any]
    mask: BoolArray | None
    missing: int | None
    lowest: float
    levels: int | None

    @classmethod
    def read(cls, name: str, columns: Mapping[str, ArrayLike], *, rows: int, missing: int | None) -> Column:
        """A column checked."""
        if name not in columns:
            raise AnalysisError("there is no column {column}", column=name)
        given: np.ma.MaskedArray[Any, Any] = np.ma.asarray(columns[name])
        if given.shape != (rows,):
            raise AnalysisError(
                "column {column}: {found} values for {rows} rows", column=name, found=given.size, rows=rows
            )
        if given.dtype.kind not in "iufb":
            raise AnalysisError("column {column} is not numbers", column=name)
        mask = np.ma.getmask(given)
        values = given.data.astype(np.int8) if given.dtype.kind == "b" else given.data
        hidden = None if mask is np.ma.nomask else np.asarray(mask)
        return cls(values, hidden, missing, *_levels(values, hidden))

    def valid(self, part: slice) -> BoolArray:
        """Where there is an answer; infinity is none."""
        values = self.values[part]
        found = np.isfinite(values) if values.dtype.kind == "f" else np.ones(len(values), dtype=np.bool_)
        if self.missing is not None and values.dtype.kind != "f":
            found = values != self.missing
        return found if self.mask is None else found & ~self.mask[part]

    def level(self, part: slice) -> NDArray[Any]:
        """Steps above the lowest value; one beyond the last where there is no answer."""
        values = self.values[part]
        if values.dtype.kind != "f" and self.mask is None:
            return values if self.lowest == 0 else values - values.dtype.type(self.lowest)
        return np.where(self.valid(part), values - self.lowest, self.levels or 0).astype(np.int64)

    def near_mean(self) -> float:
        """A whole number near the mean, so that squares about it lose no digits; any would be right."""
        sample = slice(None, None, max(1, len(self.values) // 4096))
        some = self.values[sample][self.valid(sample)]
        return float(np.rint(some.mean())) if len(some) else 0.0


def _levels(values: NDArray[Any], mask: BoolArray | None) -> tuple[float, int | None]:
    """The lowest value and how many whole steps there are up to the highest; None for any other kind of column."""
    if values.dtype.kind == "f":
        # fmin and fmax pass over NaN without a copy.
        lowest, highest = np.fmin.reduce(values, initial=np.nan), np.fmax.reduce(values, initial=np.nan)
    elif len(values):
        lowest, highest = values.min(), values.max()
    else:
        lowest = highest = values.dtype.type(0)
    if np.isnan(lowest):
        return 0.0, 1
    if not float(highest) - float(lowest) < MOST_LEVELS or lowest != np.floor(lowest):
        return float(lowest), None
    if values.dtype.kind == "f" and not _whole(values, mask):
        return float(lowest), None
    return float(lowest), int(highest - lowest) + 1


def _whole(values: NDArray[Any], mask: BoolArray | None) -> bool:
    """Whether every answer is a whole number; a score mostly shows in the first rows that it is not."""
    for start in range(0, len(values), BLOCK):
        part = values[start : start + BLOCK]
        other = (part != np.floor(part)) & ~np.isnan(part)
        if mask is not None:
            other &= ~mask[start : start + BLOCK]
        if other.any():
            return False
    return True
