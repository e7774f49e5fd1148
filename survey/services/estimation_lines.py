"""What was asked of a file and the lines that answer it, however the file was read."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from analysis import intervals
from analysis.tables import Label
from survey.engine.tables import floats
from survey.i18n import mark
from survey.services.errors import ServiceError
from survey.services.estimation_design import replicate_columns
from survey.services.estimation_measures import COMPARISONS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from analysis.results import Estimate
    from survey.engine.tables import Table, TableFile
    from survey.services.estimation_design import DesignColumns
    from survey.services.estimation_measures import Condition, Measure

# Levels that a message lists.
_MOST_NAMED = 12


@dataclass(frozen=True, slots=True)
class FileEstimate:
    """One line of the result; its fields are the keys of the JSON."""

    measure: str
    variable: str
    level_of: str | None
    domain: dict[str, str]
    estimate: float | None
    se: float | None
    ci_low: float | None
    ci_high: float | None
    df: float
    deff: float | None
    n: int
    sum_weights: float


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a file; see :func:`survey.services.estimation.estimate_file`."""

    measures: Sequence[Measure]
    design: DesignColumns
    by: Sequence[str]
    where: Sequence[Condition]
    ci: str | None
    confidence_level: float

    def columns(self, source: TableFile) -> dict[str, list[str]]:
        """The columns to read, once each, as numbers and as texts."""
        design = self.design
        numbers = [design.weights, *design.fpc, *replicate_columns(source, design)]
        numbers += [name for each in self.measures for name in each.numbers]
        numbers += [each.column for each in self.where if each.comparison]
        texts = [name for name in (design.strata, design.psu, design.ssu) if name]
        texts += [*self.by, *(name for each in self.measures for name in each.texts)]
        texts += [each.column for each in self.where if not each.comparison]
        return {"numbers": list(dict.fromkeys(numbers)), "texts": list(dict.fromkeys(texts))}

    def chosen(self, table: Table) -> NDArray[np.bool_]:
        """Who meets every condition; nobody has a level that the table lacks."""
        chosen = np.ones(table.rows, dtype=np.bool_)
        for each in self.where:
            if each.comparison:
                sign, bound = each.comparison
                chosen &= COMPARISONS[sign](floats(table.numbers[each.column]), bound)
            else:
                coded = table.texts[each.column]
                wanted = [code for code, level in enumerate(coded.levels) if level == each.level]
                chosen &= np.isin(coded.codes, wanted)
        return chosen

    def crossing(self, table: Table) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """The code of each row's domain (see :func:`uncrossed`), and which rows are in one."""
        crossing, inside = np.zeros(table.rows, dtype=np.int64), self.chosen(table)
        for name in self.by:
            coded = table.texts[name]
            inside = inside & (coded.codes >= 0)
            crossing = crossing * len(coded.levels) + coded.codes
        return crossing, inside


def uncrossed(code: int, widths: Sequence[int]) -> tuple[int, ...]:
    """The codes that the code of a crossing stands for."""
    levels: list[int] = []
    for width in reversed(widths):
        code, level = divmod(code, width)
        levels.append(level)
    return tuple(reversed(levels))


def level_code(levels: Mapping[str, Sequence[str]], column: str, level: str) -> int:
    """The place of a level among those of its column; raises ServiceError where it has none."""
    known = levels[column]
    if level not in known:
        raise ServiceError(
            mark("the column {column} has no {level}: it has {levels}"),
            column=column,
            level=level,
            levels=", ".join(known[:_MOST_NAMED]) + (", …" if len(known) > _MOST_NAMED else ""),
        )
    return known.index(level)


@dataclass(frozen=True, slots=True)
class Lines:
    """Makes lines of estimates; `levels` holds those of every column of texts, in ascending order."""

    question: Question
    levels: Mapping[str, tuple[str, ...]]

    def labelled(
        self, measure: Measure, level: int | None, table: Sequence[tuple[int, Estimate]], *, freedom: float | None
    ) -> list[FileEstimate]:
        """The lines of estimates by the code of their domain; `freedom` is for all where it is known."""
        if freedom is not None:
            table = [(code, replace(estimate, degrees_of_freedom=freedom)) for code, estimate in table]
        limits = self._limits([estimate for _, estimate in table])
        widths = [len(self.levels[name]) for name in self.question.by]
        return [
            self.line(measure, Label(measure.variable, level, self._domain(code, widths)), estimate, interval)
            for (code, estimate), interval in zip(table, limits, strict=True)
        ]

    def line(self, measure: Measure, label: Label, estimate: Estimate, interval: tuple[float, float]) -> FileEstimate:
        """One line."""
        level = measure.level_of
        if measure.kind == "proportion" and level is None:
            level = self.levels[measure.column][label.level]
        return FileEstimate(
            measure=measure.kind,
            variable=measure.variable,
            level_of=level,
            domain={name: self.levels[name][code] for name, code in label.domain},
            estimate=_finite(estimate.value),
            se=_finite(estimate.standard_error),
            ci_low=_finite(interval[0]),
            ci_high=_finite(interval[1]),
            df=estimate.degrees_of_freedom,
            deff=_finite(estimate.design_effect),
            n=estimate.respondents,
            sum_weights=estimate.sum_weights,
        )

    def _domain(self, code: int, widths: Sequence[int]) -> tuple[tuple[str, int], ...]:
        return tuple(zip(self.question.by, uncrossed(code, widths), strict=True))

    def _limits(self, found: Sequence[Estimate]) -> list[tuple[float, float]]:
        """The intervals of estimates of one kind, all at once where nothing is out of the ordinary."""
        level, ci = self.question.confidence_level, self.question.ci
        ordinary = all(one.standard_error and one.degrees_of_freedom > 0 for one in found)
        if not found or not ordinary:
            each = (one.interval(confidence_level=level, method=ci) for one in found)
            return [(interval.low, interval.high) for interval in each]
        intervals.check_level(level)
        low, high = intervals.limits(
            [one.value for one in found],
            [one.standard_error or 0.0 for one in found],
            degrees_of_freedom=[one.degrees_of_freedom for one in found],
            respondents=[one.respondents for one in found],
            confidence_level=level,
            method=intervals.method_for(found[0].kind, ci),
        )
        return list(zip(low.tolist(), high.tolist(), strict=True))


def _finite(value: float | None) -> float | None:
    """What JSON can hold: a ratio to nothing is no number."""
    return value if value is not None and math.isfinite(value) else None
