"""Design-based estimates from a data file: what `sipas estimate` does, as one function."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from analysis import estimates, many_domains
from analysis.quantiles import quantile
from analysis.results import Kind
from survey.engine.tables import ROWS_OF_A_PART, open_table
from survey.i18n import mark
from survey.services import estimation_cells, estimation_stream
from survey.services.errors import ServiceError
from survey.services.estimation_design import design_of
from survey.services.estimation_lines import FileEstimate, Lines, Question, level_code
from survey.services.estimation_measures import COMPARISONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from analysis.design import SurveyDesign
    from analysis.tables import Estimates
    from survey.engine.tables import Coded, Progress, Table, TableFile
    from survey.services.estimation_design import Design, DesignColumns
    from survey.services.estimation_measures import Condition, Measure


__all__ = ["FileEstimate", "FileEstimates", "estimate_file"]

# Numbers of one batch of domains: 8 bytes each, and a few copies.
_BATCH = 8_000_000


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
    rows_at_a_time: int | None = None,
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
    rows_at_a_time : int, optional
        Rows of a part where the file is read part by part (docs: :mod:`survey.services.estimation_stream`). By default
        a long file is, where that can answer, in parts large enough to be quick.
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
    question = Question(measures, design, by, where, ci, confidence_level)
    source, found = open_table(path), None
    long = rows_at_a_time is not None or path.stat().st_size >= estimation_stream.WORTH_STREAM
    # A ratio to nothing is told as no number, not warned of.
    with np.errstate(divide="ignore", invalid="ignore"):
        if long and estimation_stream.carried(question):
            rows = rows_at_a_time or ROWS_OF_A_PART
            found = estimation_stream.estimated(source, question, rows=rows, progress=progress)
        if found is None:
            found = _at_once(source, question, progress)
    if not found:
        raise ServiceError(mark("nobody in the file is in the domains asked for"))
    return FileEstimates(confidence_level, tuple(found))


def _at_once(source: TableFile, question: Question, progress: Progress | None) -> list[FileEstimate]:
    """The lines that answer a question, the whole file in memory."""
    table = source.read(**question.columns(source), progress=progress)
    design = design_of(source, table, question.design)
    for each in question.where:
        if each.level is not None:
            level_code(_levels(table), each.column, each.level)
    return _Asked(table, design, question, Lines(question, _levels(table)), question.chosen(table)).about_all()


def _levels(table: Table) -> dict[str, tuple[str, ...]]:
    return {name: coded.levels for name, coded in table.texts.items()}


@dataclass(frozen=True, slots=True)
class _Asked:
    """A file, its design and the domains, of which measures are asked one by one."""

    table: Table
    design: Design
    question: Question
    lines: Lines
    chosen: NDArray[np.bool_]

    @property
    def by(self) -> Sequence[str]:
        """The columns whose crossings are the domains."""
        return self.question.by

    @property
    def everybody(self) -> bool:
        """Whether nobody is left out: then degrees of freedom are the design's, whoever did not answer."""
        return not self.by and bool(self.chosen.all())

    @property
    def freedom(self) -> float | None:
        """The design's degrees of freedom where they are those of every estimate."""
        return float(self.design.degrees_of_freedom()) if self.everybody else None

    def about_all(self) -> list[FileEstimate]:
        """The estimates of every measure, one measure after another."""
        measures = self.question.measures
        domains = math.prod(len(self.table.texts[name].levels) for name in self.by)
        work = self.table.rows * domains * len(measures)
        by_cells: dict[Measure, list[FileEstimate]] = {}
        if self.question.ci != "likelihood" and estimation_cells.carried(self.design, work=work):
            by_cells = self._by_cells([each for each in measures if each.kind in {"mean", "proportion"}])
            by_cells |= self._in_one_pass([each for each in measures if each.kind in {"total", "ratio"}])
        return [line for each in measures for line in (by_cells.get(each) or self._about(each))]

    def _in_one_pass(self, measures: Sequence[Measure]) -> dict[Measure, list[FileEstimate]]:
        """Totals and ratios of every domain from one pass over the rows."""
        design = cast("SurveyDesign", self.design)
        if estimation_cells.alone(design):
            return {}
        crossing, inside = self.question.crossing(self.table)
        domain = np.where(inside, crossing, estimation_cells.OUTSIDE)
        found: dict[Measure, list[FileEstimate]] = {}
        for each in measures:
            denominator = self.table.numbers[each.denominator] if each.denominator else None
            table = many_domains.by_domain(design, self.table.numbers[each.column], denominator, domain=domain)
            found[each] = self.lines.labelled(each, None, table, freedom=self.freedom)
        return found

    def _by_cells(self, measures: Sequence[Measure]) -> dict[Measure, list[FileEstimate]]:
        """Means and shares from one pass over the rows."""
        self._check_levels(measures)
        crossing, inside = self.question.crossing(self.table)
        columns = estimation_cells.columns_of(self.table, measures)
        parts = [(each, one) for each in measures for one in estimation_cells.asked_of(self.table, each)]
        domain = np.where(inside, crossing, estimation_cells.OUTSIDE)
        design = cast("SurveyDesign", self.design)
        tables = estimation_cells.from_cells(design, columns, [one for _, one in parts], domain=domain)
        found: dict[Measure, list[FileEstimate]] = {each: [] for each in measures}
        for (each, one), table in zip(parts, tables, strict=True):
            found[each].extend(self.lines.labelled(each, one.level, table, freedom=self.freedom))
        return found

    def _check_levels(self, measures: Sequence[Measure]) -> None:
        for each in measures:
            if each.level is not None:
                level_code(self.lines.levels, each.column, each.level)

    def _about(self, measure: Measure) -> list[FileEstimate]:
        """The estimates of one measure, level by level and domain by domain."""
        found = [line for batch in self._batches() for line in self._of_batch(measure, batch)]
        # Batches go domain by domain; a level's domains belong together.
        order = {line.level_of: place for place, line in reversed(list(enumerate(found)))}
        return sorted(found, key=lambda line: order[line.level_of])

    def _of_batch(self, measure: Measure, where: NDArray[np.bool_]) -> Iterator[FileEstimate]:
        by = {name: _masked(self.table.texts[name]) for name in self.by}
        scope = {"by": by, "where": None if self.everybody else where}
        found, question = ESTIMATORS[measure.kind](self, measure, scope), self.question
        for label, estimate in zip(found.labels, found.estimates, strict=True):
            if estimate is not None:
                interval = estimate.interval(confidence_level=question.confidence_level, method=question.ci)
                yield self.lines.line(measure, label, estimate, (interval.low, interval.high))

    def _batches(self) -> Iterator[NDArray[np.bool_]]:
        """Domains few enough at a time for their columns to fit in memory."""
        crossing, inside = self.question.crossing(self.table)
        present = np.unique(crossing[inside])
        at_a_time = max(_BATCH // self.table.rows, 1)
        for start in range(0, len(present), at_a_time):
            batch = present[start : start + at_a_time]
            yield inside & (crossing >= batch[0]) & (crossing <= batch[-1])


def _masked(coded: Coded) -> NDArray[Any]:
    return np.ma.MaskedArray(coded.codes, mask=coded.codes < 0)


def _mean(asked: _Asked, measure: Measure, scope: dict[str, Any]) -> Estimates:
    return estimates.mean(asked.design, {measure.column: asked.table.numbers[measure.column]}, **scope)


def _total(asked: _Asked, measure: Measure, scope: dict[str, Any]) -> Estimates:
    return estimates.total(asked.design, {measure.column: asked.table.numbers[measure.column]}, **scope)


def _proportion(asked: _Asked, measure: Measure, scope: dict[str, Any]) -> Estimates:
    if measure.comparison:
        return _share_compared(asked, measure, scope)
    coded = asked.table.texts[measure.column]
    level = None if measure.level is None else level_code(asked.lines.levels, measure.column, measure.level)
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
    ci = asked.question.ci
    if ci not in kinds:
        raise ServiceError(mark("a quantile has no {ci} interval: choose t, beta, logit or asin"), ci=ci)
    return quantile(
        asked.design,
        {measure.column: asked.table.numbers[measure.column]},
        measure.probability or 0.5,
        interval=kinds[ci],
        confidence_level=asked.question.confidence_level,
        **scope,
    )


ESTIMATORS: dict[str, Callable[[_Asked, Measure, dict[str, Any]], Estimates]] = {
    "mean": _mean,
    "total": _total,
    "proportion": _proportion,
    "ratio": _ratio,
    "quantile": _quantile,
}
