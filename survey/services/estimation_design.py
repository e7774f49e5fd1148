"""The design of a data file: which columns declare it, and the design made of them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.design import SurveyDesign
from analysis.errors import AnalysisError
from analysis.replicates import ReplicateDesign
from survey.engine.tables import open_table
from survey.i18n import explain, mark
from survey.services.errors import ServiceError
from survey.services.weight_columns import checked_weights

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from survey.engine.tables import Table, TableFile

Design = SurveyDesign | ReplicateDesign
# Factors of a file's decimal digits that are the same number.
_SAME = 1e-5


@dataclass(frozen=True, slots=True)
class DesignColumns:
    """Which columns of a file declare its design.

    Attributes
    ----------
    weights : str
    strata, psu, ssu : str, optional
    fpc : tuple of str
        One a stage: population sizes, or sampling fractions where none exceeds 1.
    lonely_psu : {"error", "adjust", "average", "certainty", "remove"}
    replicates : str, optional
        What the names of the columns of replicate weights begin with; a number follows.
    replicate_method : {"jk1", "jkn", "brr", "fay", "bootstrap"}, optional
    fay_rho : float
    replicate_scales : Path, optional
        A file with the column `scale`, a row for each replicate in order. Without it a jackknife's are told from its
        base weights.
    """

    weights: str
    strata: str | None = None
    psu: str | None = None
    ssu: str | None = None
    fpc: tuple[str, ...] = ()
    lonely_psu: str = "error"
    replicates: str | None = None
    replicate_method: str | None = None
    fay_rho: float = 0.0
    replicate_scales: Path | None = None


def replicate_columns(source: TableFile, design: DesignColumns) -> list[str]:
    """Columns of replicate weights in the order of their numbers."""
    if design.replicates is None:
        return []
    pattern = re.compile(re.escape(design.replicates) + r"(\d+)")
    found = [(int(match[1]), name) for name in source.columns if (match := pattern.fullmatch(name))]
    if len(found) < 2:  # noqa: PLR2004 (replicates are compared)
        raise ServiceError(
            mark("no columns of replicate weights: none is called {prefix}1, {prefix}2 and so on"),
            prefix=design.replicates,
        )
    return [name for _number, name in sorted(found)]


def design_of(source: TableFile, table: Table, columns: DesignColumns) -> Design:
    """The design that the columns declare; raises what is wrong with them, with the line."""
    weights = checked_weights(source, columns.weights, table.numbers[columns.weights])
    if columns.replicates is not None:
        return _replicate_design(source, table, columns, weights)
    return sample_design(source, table, columns, weights)


def sample_design(
    source: TableFile, table: Table, columns: DesignColumns, weights: NDArray[np.float64]
) -> SurveyDesign:
    """The design of strata and clusters that the columns declare."""
    labels = {name: table.texts[name] for name in (columns.strata, columns.psu, columns.ssu) if name}
    for name, coded in labels.items():
        missing = np.flatnonzero(coded.codes < 0)
        if missing.size:
            raise ServiceError(
                mark("line {line}: the column {column} is empty, and the design needs it for every respondent"),
                line=source.place(int(missing[0])),
                column=name,
            )
    if columns.ssu is not None and columns.psu is None:
        raise ServiceError(mark("secondary units lie in primary ones: name their column too"))
    try:
        made = SurveyDesign.from_columns(
            weights,
            strata=_codes(table, columns.strata),
            psu=_codes(table, columns.psu),
            ssu=_codes(table, columns.ssu),
            fpc=[table.numbers[name] for name in columns.fpc] or None,
            lonely_psu=columns.lonely_psu,
        )
    except AnalysisError as error:
        raise _in_the_file(error, source, table, columns) from error
    return made if columns.strata is None else _named_strata(made, table.texts[columns.strata].levels)


def _in_the_file(error: AnalysisError, source: TableFile, table: Table, columns: DesignColumns) -> Exception:
    """The same fault with the line, the column and the stratum as the file has them."""
    values = dict(error.values)
    if not isinstance(values.get("row"), int):
        return error
    row = int(str(values["row"]))
    for stage, name in enumerate(columns.fpc, start=1):
        if values.get("column") == f"fpc of stage {stage}":
            values["column"] = name
    if columns.strata is not None and "stratum" in values:
        values["stratum"] = table.texts[columns.strata].levels[table.texts[columns.strata].codes[row - 1]]
    reason = explain(AnalysisError(error.template, **values))
    return ServiceError(mark("line {line}: {reason}"), line=source.place(row - 1), reason=reason)


def _codes(table: Table, name: str | None) -> NDArray[np.int64] | None:
    return None if name is None else table.texts[name].codes


def _named_strata(design: SurveyDesign, levels: tuple[str, ...]) -> SurveyDesign:
    """The same design, its strata called in messages as in the file; codes are only quicker to sort."""
    first, *others = design.stages
    return replace(design, stages=(replace(first, strata=tuple(levels[code] for code in first.strata)), *others))


def _replicate_design(
    source: TableFile, table: Table, columns: DesignColumns, weights: NDArray[np.float64]
) -> ReplicateDesign:
    if columns.replicate_method is None:
        raise ServiceError(mark("replicate weights need their method: jk1, jkn, brr, fay or bootstrap"))
    replicates = np.column_stack([table.numbers[name] for name in replicate_columns(source, columns)])
    scales = None
    if columns.replicate_scales is not None:
        scales = _given_scales(columns.replicate_scales)
    elif columns.replicate_method == "jkn":
        scales = _scales_of_jackknife(replicates / weights[:, None])
    return ReplicateDesign.from_columns(
        weights,
        replicates,
        method=columns.replicate_method,
        scale=None if columns.replicate_scales is None else 1.0,
        replicate_scales=scales,
        fay_rho=columns.fay_rho,
    )


def _scales_of_jackknife(factors: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """A jackknife replicate multiplies the rest of its stratum by n/(n-1): that factor tells the scale."""
    largest = factors.max(axis=0)
    plain = (factors == 0) | (np.abs(factors - 1) < _SAME) | (np.abs(factors - largest) < _SAME)
    adjusted = np.flatnonzero(~plain.all(axis=0))
    if adjusted.size:
        raise ServiceError(
            mark(
                "replicate {replicate} was adjusted or calibrated, so that its weights do not tell how much it counts: "
                "give the file of scales with --replicate-scales"
            ),
            replicate=int(adjusted[0]) + 1,
        )
    scales: NDArray[np.floating[Any]] = 1 / largest
    return scales


def _given_scales(path: Path) -> NDArray[np.floating[Any]]:
    source = open_table(path)
    scales = source.read(numbers=["scale"]).numbers["scale"]
    wrong = np.flatnonzero(~(scales >= 0))
    if wrong.size:
        raise ServiceError(
            mark("{file}, line {line}, column scale: a scale is a number from 0"),
            file=path,
            line=source.place(int(wrong[0])),
        )
    return scales
