"""What `sipas estimate` can be asked, written as on the command line: `q1`, `stype=E`, `q1>=4`, `a/b`, `q1:0.5`."""

from __future__ import annotations

import math
import operator
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from survey.i18n import mark
from survey.services.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

COMPARISONS: dict[str, Callable[[NDArray[np.floating[Any]], float], NDArray[np.bool_]]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
_COMPARED = re.compile(r"(?P<column>.+?)(?P<sign>>=|<=|>|<)(?P<bound>.+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Measure:
    """One thing to estimate.

    Attributes
    ----------
    kind : {"mean", "total", "proportion", "ratio", "quantile"}
    column : str
    level : str or None
        Of a proportion; None for every level.
    comparison : tuple of (str, float) or None
        Of a proportion: a sign and a bound instead of a level.
    denominator : str or None
        Of a ratio.
    probability : float or None
        Of a quantile.
    """

    kind: str
    column: str
    level: str | None = None
    comparison: tuple[str, float] | None = None
    denominator: str | None = None
    probability: float | None = None

    @property
    def variable(self) -> str:
        """What results call it."""
        return f"{self.column}/{self.denominator}" if self.denominator else self.column

    @property
    def level_of(self) -> str | None:
        """What results say of level, bound or probability."""
        if self.comparison:
            return f"{self.comparison[0]}{self.comparison[1]:g}"
        return self.level if self.probability is None else f"{self.probability:g}"

    @property
    def numbers(self) -> list[str]:
        """Columns it needs as numbers."""
        if self.kind == "proportion" and not self.comparison:
            return []
        return [self.column, self.denominator] if self.denominator else [self.column]

    @property
    def texts(self) -> list[str]:
        """Columns it needs as levels."""
        return [self.column] if self.kind == "proportion" and not self.comparison else []


@dataclass(frozen=True, slots=True)
class Condition:
    """Who is asked about: a column with a level, or compared with a bound."""

    column: str
    level: str | None = None
    comparison: tuple[str, float] | None = None


def measure(kind: str, text: str) -> Measure:
    """A measure as it is written on the command line.

    Raises
    ------
    ServiceError
        The text is not of that kind.
    """
    return _READERS[kind](text.strip())


def condition(text: str) -> Condition:
    """A condition as it is written: `stype=E` or `age>=60`."""
    compared = _comparison(text)
    if compared:
        return Condition(compared[0], comparison=compared[1])
    column, sign, level = text.partition("=")
    if not sign:
        raise ServiceError(mark("{text}: a condition is COLUMN=VALUE or COLUMN>=VALUE"), text=text)
    return Condition(column.strip(), level=level.strip())


def listed(kind: str, texts: Sequence[str]) -> list[Measure]:
    """Measures from options that each may hold several with commas between."""
    return [measure(kind, part) for text in texts for part in text.split(",") if part.strip()]


def _plain(kind: str) -> Callable[[str], Measure]:
    return lambda text: Measure(kind, text)


def _proportion(text: str) -> Measure:
    compared = _comparison(text)
    if compared:
        return Measure("proportion", compared[0], comparison=compared[1])
    column, sign, level = text.partition("=")
    return Measure("proportion", column.strip(), level=level.strip() if sign else None)


def _ratio(text: str) -> Measure:
    numerator, sign, denominator = text.partition("/")
    if not sign:
        raise ServiceError(mark("{text}: a ratio is NUMERATOR/DENOMINATOR"), text=text)
    return Measure("ratio", numerator.strip(), denominator=denominator.strip())


def _quantile(text: str) -> Measure:
    column, _sign, probability = text.rpartition(":")
    number = _number(probability)
    if not column or not 0 < number < 1:
        raise ServiceError(mark("{text}: a quantile is COLUMN:PROBABILITY, as income:0.5"), text=text)
    return Measure("quantile", column.strip(), probability=number)


def _comparison(text: str) -> tuple[str, tuple[str, float]] | None:
    found = _COMPARED.fullmatch(text)
    if found is None:
        return None
    bound = _number(found["bound"])
    if math.isnan(bound):
        raise ServiceError(mark("{text}: a comparison is with a number, as q1>=4"), text=text)
    return found["column"].strip(), (found["sign"], bound)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


_READERS: dict[str, Callable[[str], Measure]] = {
    "mean": _plain("mean"),
    "total": _plain("total"),
    "proportion": _proportion,
    "ratio": _ratio,
    "quantile": _quantile,
}
