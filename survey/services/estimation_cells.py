"""Estimates of many domains of a long file from its cells: one pass, where asking domain by domain would take one each.

Cells carry designs of one stage and ratios (means and shares). The results are those of `analysis.estimates`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.arrays import crossed, group_sums
from analysis.design import SurveyDesign
from analysis.linearised import ratio_table
from analysis.results import Estimate, Kind
from analysis.tally import Measure as CellMeasure
from analysis.tally import cells_from_rows
from survey.engine.tables import floats
from survey.services.estimation_measures import COMPARISONS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from analysis.cells import Cells
    from analysis.linearised import RatioTable
    from survey.engine.tables import Table
    from survey.services.estimation_measures import Measure

# Rows times domains times measures from which cells are worth their making.
WORTH_CELLS = 2_000_000
OUTSIDE = -1
# Cells times measures summed together, of which each takes some 60 bytes.
_AT_A_TIME = 4_000_000
# Of a sum of squares, what rounding may leave.
_ROUNDING = 1e-14


@dataclass(frozen=True, slots=True)
class Asked:
    """A share or mean to estimate: what results call its level, its column, and how the column is scored."""

    level: int | None
    column: str
    scored: dict[str, Any]


def carried(design: object, *, work: int) -> bool:
    """Whether cells can carry the design, and the work is worth it."""
    return work >= WORTH_CELLS and isinstance(design, SurveyDesign) and single_stage(design)


def single_stage(design: SurveyDesign) -> bool:
    """One stage that counts, drawn with one fraction a stratum, and no rule for lone strata that cells lack."""
    first = design.stages[0]
    adjusted = design.projections or design.pairwise is not None
    further = len(design.stages) > 1 and first.fraction.any()
    lone = (first.sizes == 1).any() and design.lonely.name in {"error", "average"}
    fractions = _fractions(design)
    equal = np.array([fractions[stratum] for stratum in range(len(first.strata))])[first.stratum_of_unit]
    return not (adjusted or further or lone) and bool((equal == first.fraction).all())


def alone(design: SurveyDesign) -> bool:
    """Whether a stratum has a single PSU, which totals and ratios of many domains do not carry."""
    return bool((design.stages[0].sizes == 1).any())


def columns_of(table: Table, measures: Sequence[Measure]) -> dict[str, Any]:
    """The columns that cells are made of, by the names that `asked` gives them."""
    columns: dict[str, Any] = {}
    for measure in measures:
        if measure.comparison and measure.comparison[0] != ">=":
            sign, bound = measure.comparison
            numbers = floats(table.numbers[measure.column])
            columns[_compared(measure)] = np.where(np.isnan(numbers), np.nan, COMPARISONS[sign](numbers, bound))
        elif measure.texts:
            coded = table.texts[measure.column]
            columns[_coded(measure)] = np.ma.MaskedArray(coded.codes, mask=coded.codes < 0)
        else:
            columns[measure.column] = table.numbers[measure.column]
    return columns


def asked_of(table: Table, measure: Measure) -> list[Asked]:
    """What cells are to estimate for one measure, level by level; nobody has a level that the table lacks."""
    if measure.kind == "mean":
        return [Asked(None, measure.column, {})]
    if measure.comparison:
        sign, bound = measure.comparison
        name, least = (measure.column, bound) if sign == ">=" else (_compared(measure), 1.0)
        return [Asked(None, name, {"at_least": least})]
    levels = table.texts[measure.column].levels
    known = {level: code for code, level in enumerate(levels)}
    chosen = range(len(levels)) if measure.level is None else [known.get(measure.level, OUTSIDE)]
    return [Asked(code, _coded(measure), {"favourable": (code,)}) for code in chosen]


def from_cells(
    design: SurveyDesign, columns: Mapping[str, Any], asked: Sequence[Asked], *, domain: NDArray[np.int64]
) -> list[list[tuple[int, Estimate]]]:
    """For each of `asked` its estimates by the domain's code, in order; who is in none has the code −1."""
    psu = design.stages[0].unit
    stratum = design.stages[0].stratum_of_unit[psu]
    cells = len(crossed(domain - OUTSIDE, psu, seconds=design.stages[0].units)[1])
    at_a_time = max(_AT_A_TIME // cells, 1)
    found: list[list[tuple[int, Estimate]]] = [[] for _ in asked]
    # Measures of one column stand side by side, so that it is passed over once.
    order = sorted(range(len(asked)), key=lambda place: asked[place].column)
    for start in range(0, len(order), at_a_time):
        part = order[start : start + at_a_time]
        measures = [CellMeasure(str(place), (asked[place].column,), **asked[place].scored) for place in part]
        summed = cells_from_rows(
            columns, domain=domain, stratum=stratum, psu=psu, weights=design.weights, measures=measures
        )
        table = table_of(summed, design)
        for column, place in enumerate(part):
            found[place] = list(estimates_of(table, column))
    return found


def table_of(cells: Cells, design: SurveyDesign) -> RatioTable:
    """The estimates of cells whose strata are called by their place in the design."""
    return ratio_table(cells, lonely_psu=design.lonely.name, sampling_fraction=_fractions(design))


def estimates_of(table: RatioTable, measure: int) -> Iterator[tuple[int, Estimate]]:
    """One measure's estimates by the label of their domain, without those that nobody answered."""
    kind, alike = table.cells.kinds[measure], _alike(table.cells, measure)
    for place, code in enumerate(table.cells.domains):
        value, weight = float(table.value[place, measure]), float(table.sum_weights[place, measure])
        if code == OUTSIDE or np.isnan(value):
            continue
        respondents = int(table.respondents[place, measure])
        error = float(np.sqrt(max(float(table.variance[place, measure]), 0.0)))
        effect = _without_replacement(float(table.design_effect[place, measure]), respondents, weight)
        if alike[place]:
            # Whatever the sums leave is rounding.
            error, effect, value = 0.0, None, float(round(value)) if kind is Kind.SHARE else value
        yield (
            int(code),
            Estimate(
                value=value,
                standard_error=error,
                degrees_of_freedom=float(table.degrees_of_freedom[place, measure]),
                respondents=respondents,
                sum_weights=weight,
                design_effect=effect,
                kind=kind,
            ),
        )


def _alike(cells: Cells, measure: int) -> NDArray[np.bool_]:
    """The domains in which all gave the same answer, as far as sums of squares can tell."""
    sums = (getattr(cells, name)[:, measure] for name in ("weight", "total", "square"))
    weight, total, square = (group_sums(each, cells.domain, len(cells.domains)) for each in sums)
    spread = square - total**2 / np.where(weight > 0, weight, 1.0)
    alike: NDArray[np.bool_] = spread <= _ROUNDING * square
    return alike


def _compared(measure: Measure) -> str:
    return f"{measure.column} {measure.level_of}"


def _coded(measure: Measure) -> str:
    return f"{measure.column} ="


def _fractions(design: SurveyDesign) -> dict[int, float]:
    first = design.stages[0]
    by_stratum = np.zeros(len(first.strata))
    by_stratum[first.stratum_of_unit] = first.fraction
    return dict(enumerate(by_stratum.tolist()))


def _without_replacement(effect: float, respondents: int, population: float) -> float | None:
    """The design effect against a sample drawn without replacement, as R's `deff = TRUE`."""
    left = 1 - respondents / population
    return effect / left if np.isfinite(effect) and left > 0 else None
