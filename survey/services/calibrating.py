"""Calibrating the weights of a data file: what `sipas calibrate` does, as one function."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, cast

import numpy as np

from analysis.auxiliaries import Total, total
from analysis.calibration import calibrate, kish_design_effect, post_stratify
from analysis.margins import coded_margin
from analysis.raking import rake
from analysis.trimming import trim_weights
from survey.engine.tables import Coded, check_columns, open_table
from survey.i18n import mark
from survey.services.errors import ServiceError
from survey.services.weight_columns import checked_weights

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path
    from typing import BinaryIO

    from numpy.typing import NDArray

    from analysis.auxiliaries import Auxiliary
    from analysis.calibration import Calibration
    from analysis.margins import Margin
    from survey.engine.tables import Progress, Table, TableFile

CALIBRATED = "weight_calibrated"
# The margins file's name for the size of the population, and the sign that crosses two variables.
POPULATION, CROSSED = "1", ":"

Bounds = tuple[float, float]
KnownTotals = Mapping[str, Mapping[str | None, float]]


@dataclass(frozen=True, slots=True)
class CalibrationReport:
    """How well calibrated weights meet their totals, and at what price."""

    method: str
    n: int
    iterations: int
    max_margin_error: float
    deff_weights: float
    deff_weights_before: float
    weight_min: float
    weight_max: float
    sum_weights: float
    trimmed: int


def calibrate_file(
    path: Path,
    *,
    weights: str,
    margins: Path,
    method: str,
    out: Path,
    bounds: Bounds | None = None,
    trim: Bounds | None = None,
    tolerance: float = 1e-10,
    progress: Progress | None = None,
) -> CalibrationReport:
    """Write `path` to `out` with a column `weight_calibrated` that meets known population totals.

    Parameters
    ----------
    path, out : Path
        CSV or Parquet, both of the same kind.
    weights : str
        The column of weights before.
    margins : Path
        A table with the columns `variable`, `level` and `total`. A row without a level is the total of a number;
        the variable ``1`` is the size of the population; ``a:b`` with levels ``x:y`` is the crossing of two columns.
    method : {"poststratify", "rake", "linear", "logit"}
    bounds : tuple of float, optional
        Smallest and largest factor on the weights: needed by logit, possible with rake and linear.
    trim : tuple of float, optional
        Smallest and largest weight, cut strictly after calibrating; the totals then hold only nearly.
    tolerance : float
        Largest relative error of a total.
    progress : callable, optional
        Hears the share of the file read.

    Returns
    -------
    CalibrationReport

    Raises
    ------
    TableError, ServiceError, AnalysisError
        What is wrong with a file, the question, or the totals.
    """
    if method not in METHODS:
        raise ServiceError(mark("method {method}: choose one of {choices}"), method=method, choices=", ".join(METHODS))
    source = open_table(path)
    _check_new(source, path, out)
    known = known_totals(margins)
    table = _read(source, weights, known, progress)
    base = checked_weights(source, weights, table.numbers[weights])
    auxiliaries = [auxiliary(name, levels, table, rows=table.rows) for name, levels in known.items()]
    result = METHODS[method](base, auxiliaries, bounds, tolerance)
    trimmed = trim_weights(result.weights, lower=trim[0], upper=trim[1], strict=True) if trim else None
    final = trimmed.weights if trimmed else result.weights
    with _replacing(out) as stream:
        source.write_with(CALIBRATED, final, stream)
    error = result.max_margin_error if trimmed is None else largest_error(auxiliaries, final)
    return CalibrationReport(
        method=method,
        n=table.rows,
        iterations=result.iterations,
        max_margin_error=error,
        deff_weights=kish_design_effect(final),
        deff_weights_before=kish_design_effect(base),
        weight_min=float(final.min()),
        weight_max=float(final.max()),
        sum_weights=float(final.sum()),
        trimmed=trimmed.trimmed if trimmed else 0,
    )


def _check_new(source: TableFile, path: Path, out: Path) -> None:
    if CALIBRATED in source.columns:
        raise ServiceError(mark("the file has a column {column} already: rename or delete it"), column=CALIBRATED)
    if (path.suffix.lower() == ".parquet") != (out.suffix.lower() == ".parquet"):
        raise ServiceError(
            mark("{out} must be of the same kind as {file}: CSV from CSV, Parquet from Parquet"), out=out, file=path
        )


def known_totals(path: Path) -> KnownTotals:
    """Totals by variable and level, a numeric variable's under the level None."""
    source = open_table(path)
    table = source.read(numbers=["total"], texts=["variable", "level"])
    variables, levels = table.texts["variable"].labels(), table.texts["level"].labels()
    known: dict[str, dict[str | None, float]] = {}
    for row, (variable, level, value) in enumerate(zip(variables, levels, table.numbers["total"], strict=True)):
        if variable is None or not np.isfinite(value):
            raise ServiceError(
                mark("{file}, line {line}: a margin needs a variable and a total"), file=path, line=source.place(row)
            )
        totals = known.setdefault(variable, {})
        if level in totals or (totals and (level is None) != (None in totals)):
            raise ServiceError(
                mark("{file}, line {line}: {variable} {level} is there twice, or once with and once without a level"),
                file=path,
                line=source.place(row),
                variable=variable,
                level=level or "",
            )
        totals[level] = float(value)
    return known


def _read(source: TableFile, weights: str, known: KnownTotals, progress: Progress | None) -> Table:
    numbers, texts = columns_of(source, known)
    return source.read(numbers=list(dict.fromkeys([weights, *numbers])), texts=texts, progress=progress)


def columns_of(source: TableFile, known: KnownTotals) -> tuple[list[str], list[str]]:
    """The columns that the totals are of: those of numbers and those of texts."""
    numbers, texts = [], []
    for name, totals in known.items():
        columns = _parts(name, source.columns)
        check_columns(source.columns, [column for column in columns if column != POPULATION or None not in totals])
        if None not in totals:
            texts.extend(columns)
        elif name != POPULATION or name in source.columns:
            numbers.append(name)
    return list(dict.fromkeys(numbers)), list(dict.fromkeys(texts))


def _parts(name: str, columns: Sequence[str]) -> list[str]:
    return [name] if name in columns or CROSSED not in name else name.split(CROSSED)


def auxiliary(name: str, totals: Mapping[str | None, float], table: Table, *, rows: int) -> Auxiliary:
    """What is known of one variable, tied to the rows of the table."""
    if None in totals:
        values = table.numbers[name] if name in table.numbers else np.ones(rows)
        return total(name, values, totals[None])
    columns = [table.texts[column] for column in _parts(name, list(table.texts))]
    coded = columns[0] if len(columns) == 1 else _crossed(columns)
    # The only level that is None was dealt with above.
    return coded_margin(name, coded.codes, levels=coded.levels, totals=cast("Mapping[str, float]", totals))


def _crossed(columns: Sequence[Coded]) -> Coded:
    codes, missing = np.zeros_like(columns[0].codes), np.zeros(len(columns[0].codes), dtype=np.bool_)
    for column in columns:
        codes = codes * len(column.levels) + column.codes
        missing |= column.codes < 0
    levels = tuple(CROSSED.join(parts) for parts in product(*(column.levels for column in columns)))
    return Coded(np.where(missing, -1, codes), levels)


def _post_stratified(
    base: NDArray[np.float64], auxiliaries: Sequence[Auxiliary], bounds: Bounds | None, _tolerance: float
) -> Calibration:
    if len(auxiliaries) != 1 or isinstance(auxiliaries[0], Total) or bounds:
        raise ServiceError(
            mark(
                "post-stratification takes one variable with levels and no bounds: "
                "cross two variables as a:b, or use rake"
            )
        )
    return post_stratify(base, auxiliaries[0])


def _raked(
    base: NDArray[np.float64], auxiliaries: Sequence[Auxiliary], bounds: Bounds | None, tolerance: float
) -> Calibration:
    if bounds or any(isinstance(each, Total) for each in auxiliaries):
        return calibrate(base, auxiliaries, method="raking", bounds=bounds, tolerance=tolerance)
    return rake(base, cast("Sequence[Margin]", auxiliaries), tolerance=tolerance)


def _linear(
    base: NDArray[np.float64], auxiliaries: Sequence[Auxiliary], bounds: Bounds | None, tolerance: float
) -> Calibration:
    return calibrate(base, auxiliaries, method="linear", bounds=bounds, tolerance=tolerance)


def _logit(
    base: NDArray[np.float64], auxiliaries: Sequence[Auxiliary], bounds: Bounds | None, tolerance: float
) -> Calibration:
    if bounds is None:
        raise ServiceError(mark("logit needs bounds, as in --bounds 0.5,2"))
    return calibrate(base, auxiliaries, method="logit", bounds=bounds, tolerance=tolerance)


METHODS: dict[str, Callable[[NDArray[np.float64], Sequence[Auxiliary], Bounds | None, float], Calibration]] = {
    "poststratify": _post_stratified,
    "rake": _raked,
    "linear": _linear,
    "logit": _logit,
}


def largest_error(auxiliaries: Sequence[Auxiliary], weights: NDArray[np.float64]) -> float:
    """Largest relative difference between a total and what the weights make of it."""
    errors = []
    for each in auxiliaries:
        wanted = wanted_of(each)
        errors.append(
            float(np.max(np.abs(reached_by(each, weights) - wanted) / np.where(wanted == 0, 1.0, np.abs(wanted))))
        )
    return max(errors)


def wanted_of(known: Auxiliary) -> NDArray[np.float64]:
    """The totals of a variable: one of each level, or one of a number."""
    return np.array([known.total]) if isinstance(known, Total) else known.totals


def reached_by(known: Auxiliary, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """What weights make of the totals of a variable."""
    return np.array([weights @ known.values]) if isinstance(known, Total) else known.sums(weights)


@contextmanager
def _replacing(out: Path) -> Iterator[BinaryIO]:
    """A file that appears under its name only when it is whole."""
    unfinished = out.with_name(out.name + ".part")
    try:
        with unfinished.open("wb") as stream:
            yield stream
        unfinished.replace(out)
    finally:
        unfinished.unlink(missing_ok=True)
