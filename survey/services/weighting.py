"""Weights of a drawn sample after the fieldwork: what `sipas weights` does, as one function."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.dispositions import NONRESPONDENT, RESPONDENT, outcomes
from analysis.errors import AnalysisError
from analysis.nonresponse import adjust_in_classes, allocate_unknown
from analysis.propensity import adjust_by_propensity, propensity_classes, response_propensities
from analysis.weighting import Recipe, weigh, weigh_replicates
from analysis.weighting_classes import merged_classes, weighting_classes
from survey.engine.tables import Coded, Table, check_columns, open_table
from survey.i18n import mark
from survey.services import weight_replicates as replicates
from survey.services import weighting_report as report
from survey.services.calibrating import METHODS, auxiliary, columns_of, known_totals
from survey.services.errors import ServiceError
from survey.services.estimation_design import DesignColumns, sample_design
from survey.services.frame_files import check_out, write_rows
from survey.services.weight_columns import checked_weights

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from analysis.auxiliaries import Auxiliary
    from analysis.calibration import Calibration
    from analysis.propensity import Propensities
    from analysis.weighting import Weighting
    from analysis.weighting_classes import Classes
    from survey.engine.tables import Progress, TableFile
    from survey.services.calibrating import Bounds, KnownTotals
    from survey.services.weight_replicates import ReplicatePlan

    Floats = NDArray[np.float64]
    Codes = NDArray[np.int64]

PROBABILITY = "inclusion_probability"
PREFIX = "weight_"
# A probability written with fewer digits than the weight still belongs to it.
_ROUNDING = 1e-4


@dataclass(frozen=True, slots=True)
class WeightingPlan:
    """How weights are to be made.

    Attributes
    ----------
    disposition : str
        The column of what became of each person drawn.
    weights : str
        The column of base weights.
    classes : tuple of str
        Columns whose crossing makes the weighting classes, the most important first.
    minimum_class : int
        Classes with fewer respondents are merged; 0 merges none.
    propensity, propensity_numbers : tuple of str
        Columns that tell the propensity to respond, as levels and as numbers.
    propensity_classes : int
        Classes of propensities; 0 divides by each respondent's own.
    margins : Path, optional
        The known totals, as for `sipas calibrate`.
    method : str
        How the weights are to meet them.
    bounds, trim : tuple of float, optional
    tolerance : float
    replicates : ReplicatePlan, optional
        Each set goes through the same steps as the weights.
    """

    disposition: str
    weights: str = "weight"
    classes: tuple[str, ...] = ()
    minimum_class: int = 0
    propensity: tuple[str, ...] = ()
    propensity_numbers: tuple[str, ...] = ()
    propensity_classes: int = 5
    margins: Path | None = None
    method: str = "rake"
    bounds: Bounds | None = None
    trim: Bounds | None = None
    tolerance: float = 1e-10
    replicates: ReplicatePlan | None = None

    @property
    def by_propensity(self) -> bool:
        """Whether response is adjusted for by propensities."""
        return bool(self.propensity or self.propensity_numbers)


@dataclass(frozen=True, slots=True, eq=False)
class _Drawn:
    """The sample as it was drawn, and what became of it."""

    source: TableFile
    table: Table
    base: Floats
    outcome: Codes

    @property
    def answered(self) -> Codes:
        """The rows of the respondents."""
        return np.flatnonzero(self.outcome == RESPONDENT)

    def labels(self, names: tuple[str, ...]) -> dict[str, NDArray[np.object_]]:
        return {name: self.table.texts[name].labels() for name in names}


def weigh_file(path: Path, plan: WeightingPlan, *, out: Path, progress: Progress | None = None) -> report.WeightsReport:
    """Write the respondents of a drawn sample to `out` with their weights after each step.

    Parameters
    ----------
    path, out : Path
        CSV or Parquet, both of the same kind; `path` as `sipas design select` writes it, with a column of dispositions.
    plan : WeightingPlan
    progress : callable, optional
        Hears the share of the file read.

    Returns
    -------
    WeightsReport

    Raises
    ------
    TableError, ServiceError, AnalysisError
        What is wrong with a file, the question, or the totals.
    """
    source = open_table(path)
    known = known_totals(plan.margins) if plan.margins else {}
    _check_new(source, path, out)
    drawn = _read(source, plan, known, progress)
    with _lines_of(source, drawn.answered):
        auxiliaries = _auxiliaries(drawn, known)
    with _lines_of(source):
        adjustment = _Adjustment(drawn, plan)
    recipe = Recipe(drawn.outcome, adjustment.classes, adjustment.respond, _calibrator(plan, auxiliaries), plan.trim)
    with _lines_of(source):
        made = weigh(drawn.base, recipe)
        sets = _replicates(drawn, plan, recipe)
    added = {PREFIX + name: weights for name, weights in made.steps.items()}
    write_rows(source, path, out, rows=drawn.answered, added={**added, **sets.columns})
    if plan.replicates and plan.replicates.scales:
        replicates.write_scales(plan.replicates.scales, sets.scales)
    found = _report(drawn, plan, adjustment, auxiliaries, made)
    return replace(found, replicates=sets.described(plan))


class _Adjustment:
    """The step that raises the weights of respondents, and what it found on the way."""

    def __init__(self, drawn: _Drawn, plan: WeightingPlan) -> None:
        crossed = weighting_classes(drawn.labels(plan.classes), rows=len(drawn.base))
        self.classes = merged_classes(crossed, drawn.base, drawn.outcome, minimum=plan.minimum_class)
        self._outcome, self._plan = drawn.outcome, plan
        numbers = {name: drawn.table.numbers[name] for name in plan.propensity_numbers}
        self._predictors = {**drawn.labels(plan.propensity), **numbers}

    def respond(self, weights: Floats) -> Floats:
        """Weights of the respondents, those of unknown eligibility having been shared out."""
        if not self._plan.by_propensity:
            return adjust_in_classes(weights, self._outcome, self.classes)
        found = self.propensities(weights)
        if not self._plan.propensity_classes:
            return adjust_by_propensity(weights, self._outcome, found)
        return adjust_in_classes(weights, self._outcome, self.cut(found, weights))

    def propensities(self, weights: Floats) -> Propensities:
        return response_propensities(weights, self._outcome, self._predictors)

    def cut(self, found: Propensities, weights: Floats) -> Classes:
        return propensity_classes(found, weights, count=self._plan.propensity_classes)


@dataclass(frozen=True, slots=True, eq=False)
class _Replicates:
    """Replicate weights of the respondents; none where none were asked for."""

    method: str
    columns: dict[str, Floats]
    scales: Floats

    def described(self, plan: WeightingPlan) -> report.ReplicateSet | None:
        if plan.replicates is None:
            return None
        seed = plan.replicates.seed if self.method == "bootstrap" else None
        return report.ReplicateSet(self.method, replicates.PREFIX, tuple(self.scales.tolist()), seed)


def _replicates(drawn: _Drawn, plan: WeightingPlan, recipe: Recipe) -> _Replicates:
    asked = plan.replicates
    if asked is None:
        return _Replicates("", {}, np.zeros(0))
    columns = DesignColumns(plan.weights, strata=asked.strata, psu=asked.psu, lonely_psu=asked.lonely_psu)
    design = sample_design(drawn.source, drawn.table, columns, drawn.base)
    made = replicates.replicates_of(asked, design)
    sets = weigh_replicates(made.replicates, recipe)
    named = {f"{replicates.PREFIX}{number}": column for number, column in enumerate(sets.T, start=1)}
    return _Replicates(made.method, named, replicates.scales_of(made))


def _check_new(source: TableFile, path: Path, out: Path) -> None:
    if out.exists() and out.samefile(path):
        raise ServiceError(mark("{out} is the sample itself: write the weights to another file"), out=out)
    steps = [PREFIX + name for name in ("base", "nonresponse", "calibrated", "trimmed")]
    check_out(source, path, out, added=[*steps, f"{replicates.PREFIX}1"])


def _read(source: TableFile, plan: WeightingPlan, known: KnownTotals, progress: Progress | None) -> _Drawn:
    numbers, texts = columns_of(source, known)
    drawn = [PROBABILITY] if PROBABILITY in source.columns else []
    numbers = [plan.weights, *drawn, *plan.propensity_numbers, *numbers]
    of_design = plan.replicates.texts if plan.replicates else []
    texts = [plan.disposition, *plan.classes, *plan.propensity, *of_design, *texts]
    check_columns(source.columns, [*numbers, *texts])
    table = source.read(numbers=list(dict.fromkeys(numbers)), texts=list(dict.fromkeys(texts)), progress=progress)
    base = checked_weights(source, plan.weights, table.numbers[plan.weights])
    if drawn:
        _check_probabilities(source, plan.weights, base, table.numbers[PROBABILITY])
    with _lines_of(source):
        outcome = outcomes(table.texts[plan.disposition].labels(), column=plan.disposition)
    return _Drawn(source, table, base, outcome)


def _check_probabilities(source: TableFile, column: str, base: Floats, chances: NDArray[np.floating[Any]]) -> None:
    wrong = np.flatnonzero(~(np.abs(base * chances - 1) <= _ROUNDING))
    if wrong.size:
        row = int(wrong[0])
        raise ServiceError(
            mark(
                "line {line}: the weight {weight} in the column {column} is not 1 over the {probability} {chance} "
                "({count} such rows): start from the file that the draw wrote"
            ),
            line=source.place(row),
            weight=f"{base[row]:.10g}",
            column=column,
            probability=PROBABILITY,
            chance=f"{chances[row]:.10g}",
            count=int(wrong.size),
        )


def _auxiliaries(drawn: _Drawn, known: KnownTotals) -> list[Auxiliary]:
    """The totals, tied to the respondents."""
    rows, table = drawn.answered, drawn.table
    numbers = {name: column[rows] for name, column in table.numbers.items()}
    texts = {name: Coded(column.codes[rows], column.levels) for name, column in table.texts.items()}
    answered = Table(len(rows), numbers, texts)
    return [auxiliary(name, totals, answered, rows=len(rows)) for name, totals in known.items()]


def _calibrator(plan: WeightingPlan, auxiliaries: list[Auxiliary]) -> Callable[[Floats], Calibration] | None:
    if not auxiliaries:
        return None
    if plan.method not in METHODS:
        choices = ", ".join(METHODS)
        raise ServiceError(mark("method {method}: choose one of {choices}"), method=plan.method, choices=choices)
    return lambda weights: METHODS[plan.method](weights, auxiliaries, plan.bounds, plan.tolerance)


@contextmanager
def _lines_of(source: TableFile, rows: Codes | None = None) -> Iterator[None]:
    """Say the file's lines where `analysis` counts rows, of the file or of some `rows` of it."""
    try:
        yield
    except AnalysisError as error:
        row = error.values.get("row")
        if not isinstance(row, int):
            raise
        place = source.place(row - 1 if rows is None else int(rows[row - 1]))
        raise AnalysisError(error.template, **{**error.values, "row": place}) from error


def _report(
    drawn: _Drawn, plan: WeightingPlan, adjustment: _Adjustment, auxiliaries: list[Auxiliary], made: Weighting
) -> report.WeightsReport:
    persons, weighted = report.rates(drawn.base, drawn.outcome)
    classes, found = _classes(drawn, plan, adjustment, made)
    places = [drawn.source.place(int(drawn.answered[place])) for place in report.largest_places(made)]
    return report.WeightsReport(
        drawn=len(drawn.base),
        outcomes=report.counted(drawn.outcome),
        response_rate=persons,
        response_rate_weighted=weighted,
        adjusted_by="propensity" if plan.by_propensity else "classes",
        column=PREFIX + list(made.steps)[-1],
        steps=report.steps(made),
        classes=classes,
        propensity=None if found is None else dict(zip(found.names, found.coefficients.tolist(), strict=True)),
        margins=report.margin_lines(auxiliaries, made),
        calibrated_by=plan.method if auxiliaries else None,
        max_margin_error=report.final_error(auxiliaries, made),
        trimmed=made.trimming.trimmed if made.trimming else 0,
        largest=report.largest_weights(made, places),
        replicates=None,
        notes=report.notes(classes, made),
    )


def _classes(
    drawn: _Drawn, plan: WeightingPlan, adjustment: _Adjustment, made: Weighting
) -> tuple[tuple[report.ClassLine, ...], Propensities | None]:
    """The classes within which respondents were raised: those named, or those of propensities."""
    classes, base = adjustment.classes, drawn.base
    if not plan.by_propensity:
        return report.class_lines(classes, base, drawn.outcome, made.nonresponse), None
    known = allocate_unknown(base, drawn.outcome, classes)
    found = adjustment.propensities(known)
    if not plan.propensity_classes:
        return report.class_lines(classes, base, drawn.outcome, made.nonresponse), found
    eligible = np.flatnonzero((drawn.outcome == RESPONDENT) | (drawn.outcome == NONRESPONDENT))
    cut = adjustment.cut(found, known).of(eligible)
    return report.class_lines(cut, base[eligible], drawn.outcome[eligible], made.nonresponse), found
