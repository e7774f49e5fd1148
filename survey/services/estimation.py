"""Design-based estimates from a data file: what `sipas estimate` does, as one function."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from analysis import estimates, intervals, many_domains
from analysis.quantiles import quantile
from analysis.results import Kind
from analysis.tables import Label
from survey.engine.tables import open_table
from survey.i18n import mark
from survey.services import estimation_cells
from survey.services.errors import ServiceError
from survey.services.estimation_design import design_of, replicate_columns
from survey.services.estimation_measures import COMPARISONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from analysis.design import SurveyDesign
    from analysis.results import Estimate
    from analysis.tables import Estimates
    from survey.engine.tables import Coded, Progress, Table, TableFile
    from survey.services.estimation_design import Design, DesignColumns
    from survey.services.estimation_measures import Condition, Measure


# Numbers of one batch of domains: 8 bytes each, and a few copies.
_BATCH = 8_000_000
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
class FileEstimates:
    """All that was asked of a file."""

    level: float
    estimates: tuple[FileEstimate, ...]


def estimate_file(
    path: Path,
    measures: Sequence[Measure],
    *,
    design: DesignColumns,
    by: Sequence[str] = (),
    where: Sequence[Condition] = (),
    ci: str | None = None,
    confidence_level: float = 0.95,
    progress: Progress | None = None,
) -> FileEstimates:
    """Estimate `measures` from the sample in a CSV or Parquet file.

    Parameters
    ----------
    path : Path
    measures : sequence of Measure
        As read by :func:`survey.services.estimation_measures.measure`.
    design : DesignColumns
    by : sequence of str
        Columns whose every crossing that occurs is a domain.
    where : sequence of Condition
        Who is asked about; all others still count in the design.
    ci : {"t", "logit", "beta", "wilson", "likelihood", "asin"}, optional
        By default logit for proportions and t for all else (docs/methods.md).
    confidence_level : float
    progress : callable, optional
        Hears the share of the file read.

    Returns
    -------
    FileEstimates
        In the order of `measures`, then of levels, then of domains.

    Raises
    ------
    TableError, ServiceError, AnalysisError
        What is wrong with the file or the question.
    """
    if not measures:
        raise ServiceError(mark("nothing to estimate: name a mean, total, proportion, ratio or quantile"))
    source = open_table(path)
    table = source.read(**_columns(source, measures, design, by=by, where=where), progress=progress)
    survey_design = design_of(source, table, design)
    asked = _Asked(table, survey_design, by, _chosen(table, where), confidence_level, ci)
    # A ratio to nothing is told as no number, not warned of.
    with np.errstate(divide="ignore", invalid="ignore"):
        found = asked.about_all(measures)
    if not found:
        raise ServiceError(mark("nobody in the file is in the domains asked for"))
    return FileEstimates(confidence_level, tuple(found))


def _columns(
    source: TableFile,
    measures: Sequence[Measure],
    design: DesignColumns,
    *,
    by: Sequence[str],
    where: Sequence[Condition],
) -> dict[str, list[str]]:
    """The columns to read, once each, as numbers and as texts."""
    numbers = [design.weights, *design.fpc, *replicate_columns(source, design)]
    numbers += [name for each in measures for name in each.numbers]
    numbers += [each.column for each in where if each.comparison]
    texts = [name for name in (design.strata, design.psu, design.ssu) if name]
    texts += [*by, *(name for each in measures for name in each.texts)]
    texts += [each.column for each in where if not each.comparison]
    return {"numbers": list(dict.fromkeys(numbers)), "texts": list(dict.fromkeys(texts))}


def _chosen(table: Table, where: Sequence[Condition]) -> NDArray[np.bool_]:
    """Who meets every condition."""
    chosen = np.ones(table.rows, dtype=np.bool_)
    for each in where:
        if each.comparison:
            sign, bound = each.comparison
            chosen &= COMPARISONS[sign](table.numbers[each.column], bound)
        else:
            chosen &= table.texts[each.column].codes == _level_code(table, each.column, each.level or "")
    return chosen


def _level_code(table: Table, column: str, level: str) -> int:
    levels = table.texts[column].levels
    if level not in levels:
        raise ServiceError(
            mark("the column {column} has no {level}: it has {levels}"),
            column=column,
            level=level,
            levels=", ".join(levels[:_MOST_NAMED]) + (", …" if len(levels) > _MOST_NAMED else ""),
        )
    return levels.index(level)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A file, its design and the domains, of which measures are asked one by one."""

    table: Table
    design: Design
    by: Sequence[str]
    chosen: NDArray[np.bool_]
    confidence_level: float
    ci: str | None

    @property
    def everybody(self) -> bool:
        """Whether nobody is left out: then degrees of freedom are the design's, whoever did not answer."""
        return not self.by and bool(self.chosen.all())

    def about_all(self, measures: Sequence[Measure]) -> list[FileEstimate]:
        """The estimates of every measure, one measure after another."""
        domains = math.prod(len(self.table.texts[name].levels) for name in self.by)
        work = self.table.rows * domains * len(measures)
        by_cells: dict[Measure, list[FileEstimate]] = {}
        if self.ci != "likelihood" and estimation_cells.carried(self.design, work=work):
            by_cells = self._by_cells([each for each in measures if each.kind in {"mean", "proportion"}])
            by_cells |= self._in_one_pass([each for each in measures if each.kind in {"total", "ratio"}])
        return [line for each in measures for line in (by_cells.get(each) or self._about(each))]

    def _in_one_pass(self, measures: Sequence[Measure]) -> dict[Measure, list[FileEstimate]]:
        """Totals and ratios of every domain from one pass over the rows."""
        design = cast("SurveyDesign", self.design)
        if estimation_cells.alone(design):
            return {}
        crossing, inside = self._crossing()
        domain = np.where(inside, crossing, estimation_cells.OUTSIDE)
        found: dict[Measure, list[FileEstimate]] = {}
        for each in measures:
            denominator = self.table.numbers[each.denominator] if each.denominator else None
            table = many_domains.by_domain(design, self.table.numbers[each.column], denominator, domain=domain)
            found[each] = self._labelled(each, None, table)
        return found

    def _by_cells(self, measures: Sequence[Measure]) -> dict[Measure, list[FileEstimate]]:
        """Means and shares from one pass over the rows."""
        self._check_levels(measures)
        crossing, inside = self._crossing()
        columns = estimation_cells.columns_of(self.table, measures)
        parts = [(each, one) for each in measures for one in estimation_cells.asked_of(self.table, each)]
        domain = np.where(inside, crossing, estimation_cells.OUTSIDE)
        design = cast("SurveyDesign", self.design)
        tables = estimation_cells.from_cells(design, columns, [one for _, one in parts], domain=domain)
        found: dict[Measure, list[FileEstimate]] = {each: [] for each in measures}
        for (each, one), table in zip(parts, tables, strict=True):
            found[each].extend(self._labelled(each, one.level, table))
        return found

    def _labelled(
        self, measure: Measure, level: int | None, table: Sequence[tuple[int, Estimate]]
    ) -> list[FileEstimate]:
        """The lines of estimates by domain."""
        if self.everybody:
            freedom = float(self.design.degrees_of_freedom())
            table = [(code, replace(estimate, degrees_of_freedom=freedom)) for code, estimate in table]
        limits = self._limits([estimate for _, estimate in table])
        return [
            self._line(measure, Label(measure.variable, level, self._domain(code)), estimate, interval)
            for (code, estimate), interval in zip(table, limits, strict=True)
        ]

    def _check_levels(self, measures: Sequence[Measure]) -> None:
        for each in measures:
            if each.level is not None:
                _level_code(self.table, each.column, each.level)

    def _domain(self, code: int) -> tuple[tuple[str, int], ...]:
        """The levels that a code of a crossing stands for."""
        label: list[tuple[str, int]] = []
        for name in reversed(self.by):
            code, level = divmod(code, len(self.table.texts[name].levels))
            label.append((name, level))
        return tuple(reversed(label))

    def _about(self, measure: Measure) -> list[FileEstimate]:
        """The estimates of one measure, level by level and domain by domain."""
        found = [line for batch in self._batches() for line in self._lines(measure, batch)]
        # Batches go domain by domain; a level's domains belong together.
        order = {line.level_of: place for place, line in reversed(list(enumerate(found)))}
        return sorted(found, key=lambda line: order[line.level_of])

    def _lines(self, measure: Measure, where: NDArray[np.bool_]) -> Iterator[FileEstimate]:
        by = {name: _masked(self.table.texts[name]) for name in self.by}
        scope = {"by": by, "where": None if self.everybody else where}
        found = ESTIMATORS[measure.kind](self, measure, scope)
        for label, estimate in zip(found.labels, found.estimates, strict=True):
            if estimate is not None:
                interval = estimate.interval(confidence_level=self.confidence_level, method=self.ci)
                yield self._line(measure, label, estimate, (interval.low, interval.high))

    def _limits(self, found: Sequence[Estimate]) -> list[tuple[float, float]]:
        """The intervals of estimates of one kind, all at once where nothing is out of the ordinary."""
        ordinary = all(one.standard_error and one.degrees_of_freedom > 0 for one in found)
        if not found or not ordinary:
            each = (one.interval(confidence_level=self.confidence_level, method=self.ci) for one in found)
            return [(interval.low, interval.high) for interval in each]
        intervals.check_level(self.confidence_level)
        low, high = intervals.limits(
            [one.value for one in found],
            [one.standard_error or 0.0 for one in found],
            degrees_of_freedom=[one.degrees_of_freedom for one in found],
            respondents=[one.respondents for one in found],
            confidence_level=self.confidence_level,
            method=intervals.method_for(found[0].kind, self.ci),
        )
        return list(zip(low.tolist(), high.tolist(), strict=True))

    def _line(self, measure: Measure, label: Label, estimate: Estimate, interval: tuple[float, float]) -> FileEstimate:
        levels = {name: self.table.texts[name].levels for name in self.by}
        level = measure.level_of
        if measure.kind == "proportion" and level is None:
            level = self.table.texts[measure.column].levels[label.level]
        return FileEstimate(
            measure=measure.kind,
            variable=measure.variable,
            level_of=level,
            domain={name: levels[name][code] for name, code in label.domain},
            estimate=_finite(estimate.value),
            se=_finite(estimate.standard_error),
            ci_low=_finite(interval[0]),
            ci_high=_finite(interval[1]),
            df=estimate.degrees_of_freedom,
            deff=_finite(estimate.design_effect),
            n=estimate.respondents,
            sum_weights=estimate.sum_weights,
        )

    def _crossing(self) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """The code of each row's domain, and which rows are in one."""
        crossing, inside = np.zeros(self.table.rows, dtype=np.int64), self.chosen
        for name in self.by:
            coded = self.table.texts[name]
            inside = inside & (coded.codes >= 0)
            crossing = crossing * len(coded.levels) + coded.codes
        return crossing, inside

    def _batches(self) -> Iterator[NDArray[np.bool_]]:
        """Domains few enough at a time for their columns to fit in memory."""
        crossing, inside = self._crossing()
        present = np.unique(crossing[inside])
        at_a_time = max(_BATCH // self.table.rows, 1)
        for start in range(0, len(present), at_a_time):
            batch = present[start : start + at_a_time]
            yield inside & (crossing >= batch[0]) & (crossing <= batch[-1])


def _masked(coded: Coded) -> NDArray[Any]:
    return np.ma.MaskedArray(coded.codes, mask=coded.codes < 0)


def _finite(value: float | None) -> float | None:
    """What JSON can hold: a ratio to nothing is no number."""
    return value if value is not None and math.isfinite(value) else None


def _mean(asked: _Asked, measure: Measure, scope: dict[str, Any]) -> Estimates:
    return estimates.mean(asked.design, {measure.column: asked.table.numbers[measure.column]}, **scope)


def _total(asked: _Asked, measure: Measure, scope: dict[str, Any]) -> Estimates:
    return estimates.total(asked.design, {measure.column: asked.table.numbers[measure.column]}, **scope)


def _proportion(asked: _Asked, measure: Measure, scope: dict[str, Any]) -> Estimates:
    if measure.comparison:
        return _share_compared(asked, measure, scope)
    coded = asked.table.texts[measure.column]
    level = None if measure.level is None else _level_code(asked.table, measure.column, measure.level)
    return estimates.proportion(asked.design, {measure.column: _masked(coded)}, level=level, **scope)


def _share_compared(asked: _Asked, measure: Measure, scope: dict[str, Any]) -> Estimates:
    numbers = asked.table.numbers[measure.column]
    sign, bound = measure.comparison or (">=", 0.0)
    answers = np.where(np.isnan(numbers), np.nan, COMPARISONS[sign](numbers, bound).astype(np.float64))
    if np.any(answers == 1):
        return estimates.proportion(asked.design, {measure.column: answers}, level=1.0, **scope)
    # Nobody is there: a level that does not occur is still a share of 0.
    found = estimates.mean(asked.design, {measure.column: answers}, **scope)
    return replace(found, estimates=tuple(one and replace(one, kind=Kind.SHARE) for one in found.estimates))


def _ratio(asked: _Asked, measure: Measure, scope: dict[str, Any]) -> Estimates:
    numbers = asked.table.numbers
    denominator = numbers[measure.denominator or ""]
    return estimates.ratio(asked.design, numbers[measure.column], denominator, name=measure.variable, **scope)


def _quantile(asked: _Asked, measure: Measure, scope: dict[str, Any]) -> Estimates:
    kinds = {None: "mean", "t": "mean", "beta": "beta", "logit": "xlogit", "asin": "asin"}
    if asked.ci not in kinds:
        raise ServiceError(mark("a quantile has no {ci} interval: choose t, beta, logit or asin"), ci=asked.ci)
    return quantile(
        asked.design,
        {measure.column: asked.table.numbers[measure.column]},
        measure.probability or 0.5,
        interval=kinds[asked.ci],
        confidence_level=asked.confidence_level,
        **scope,
    )


ESTIMATORS: dict[str, Callable[[_Asked, Measure, dict[str, Any]], Estimates]] = {
    "mean": _mean,
    "total": _total,
    "proportion": _proportion,
    "ratio": _ratio,
    "quantile": _quantile,
}
