"""Estimates from a file read part by part: cells of the parts add up, so memory does not grow with the rows.

Whatever cells cannot answer, and whatever is wrong with the file, is left to the way that holds the whole file: it
gives the same figures, and names the fault that comes first with its line.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from analysis.arrays import codes
from analysis.cells import MATRICES
from analysis.design import SurveyDesign
from analysis.errors import AnalysisError
from analysis.tally import Measure as CellMeasure
from analysis.tally import cells_from_rows
from survey.engine.tables import TableError, ascending, floats
from survey.services import estimation_cells
from survey.services.errors import ServiceError
from survey.services.estimation_cells import OUTSIDE
from survey.services.estimation_lines import Lines, level_code, uncrossed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from numpy.typing import NDArray

    from analysis.cells import Cells
    from survey.engine.tables import Progress, Table, TableFile
    from survey.services.estimation_lines import FileEstimate, Question

# Bytes; a smaller file is read at once as soon.
WORTH_STREAM = 4_000_000
# Cells times measures, of which each takes some 60 bytes.
_MOST = 4_000_000


def carried(question: Question) -> bool:
    """Whether cells can answer: means and shares under one stage of clusters."""
    design = question.design
    one_stage = design.psu is not None and design.ssu is None and len(design.fpc) <= 1
    kinds = {each.kind for each in question.measures}
    return one_stage and design.replicates is None and question.ci != "likelihood" and kinds <= {"mean", "proportion"}


def estimated(
    source: TableFile, question: Question, *, rows: int, progress: Progress | None
) -> list[FileEstimate] | None:
    """The lines that answer the question, or None where they need the whole file at once."""
    stream = _Stream(question)
    try:
        for part in source.parts(**question.columns(source), rows=rows, progress=progress):
            stream.add(part)
        return stream.lines()
    except (_Unfit, TableError, ServiceError, AnalysisError):
        return None


class _Unfit(Exception):  # noqa: N818 - no error, but a reason to take the other way
    """The file is not one for cells."""


class _Stream:
    """The cells so far, and what the codes of their domains and measures stand for."""

    def __init__(self, question: Question) -> None:
        self.question = question
        self.cells: Cells | None = None
        self.levels: dict[str, tuple[str, ...]] = {}
        self.domains: dict[tuple[int, ...], int] = {}
        self.populations: dict[int, float] = {}

    def add(self, part: Table) -> None:
        """Take a part of the file in."""
        self.levels = {name: coded.levels for name, coded in part.texts.items()}
        design = self.question.design
        weights = floats(part.numbers[design.weights])
        psu = part.texts[design.psu or ""].codes
        stratum = np.zeros_like(psu) if design.strata is None else part.texts[design.strata].codes
        if not (weights > 0).all() or psu.min() < 0 or stratum.min() < 0:
            raise _Unfit
        for name in design.fpc:
            self._populations(floats(part.numbers[name]), stratum)
        counted = cells_from_rows(
            estimation_cells.columns_of(part, self.question.measures),
            domain=self._domain(part),
            stratum=stratum,
            psu=psu,
            weights=weights,
            measures=list(self._measures(part)),
        )
        self.cells = counted if self.cells is None else _widened(self.cells, counted) + counted
        if self.cells.valid.size > _MOST:
            raise _Unfit

    def lines(self) -> list[FileEstimate]:
        """What the cells answer once every part is in."""
        cells, question = self.cells, self.question
        design = self._design()
        if cells is None or not estimation_cells.single_stage(design):
            raise _Unfit
        everybody = not question.by and OUTSIDE not in cells.domains
        freedom = float(design.degrees_of_freedom()) if everybody else None
        table = estimation_cells.table_of(cells, design)
        lines = Lines(question, {name: tuple(ascending(levels)) for name, levels in self.levels.items()})
        domains = self._crossings(lines.levels)
        found: list[FileEstimate] = []
        for place, each in enumerate(question.measures):
            before = len(found)
            for level, name in self._named(place, lines.levels):
                by_domain = estimation_cells.estimates_of(table, cells.measures.index(name))
                ordered = sorted(((domains[code], estimate) for code, estimate in by_domain), key=lambda one: one[0])
                found += lines.labelled(each, level, ordered, freedom=freedom)
            if len(found) == before:
                raise _Unfit
        return found

    def _measures(self, part: Table) -> Iterator[CellMeasure]:
        for place, each in enumerate(self.question.measures):
            for one in estimation_cells.asked_of(part, each):
                name = _name(place, one.level if each.level is None else None)
                yield CellMeasure(name, (one.column,), **one.scored)

    def _named(self, place: int, levels: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[int | None, str]]:
        """The levels of a measure's lines in their order, and what the cells call them."""
        measure = self.question.measures[place]
        if not measure.texts:
            yield None, _name(place, None)
        elif measure.level is not None:
            yield level_code(levels, measure.column, measure.level), _name(place, None)
        else:
            came = self.levels[measure.column]
            for level, text in enumerate(levels[measure.column]):
                yield level, _name(place, came.index(text))

    def _domain(self, part: Table) -> NDArray[np.int64]:
        """The number of each row's domain, the same in every part."""
        crossing, inside = self.question.crossing(part)
        code, found = codes(np.where(inside, crossing, OUTSIDE))
        widths = [len(part.texts[name].levels) for name in self.question.by]
        numbers = [
            OUTSIDE if one == OUTSIDE else self.domains.setdefault(uncrossed(one, widths), len(self.domains))
            for one in found.tolist()
        ]
        return np.array(numbers, dtype=np.int64)[code]

    def _crossings(self, levels: Mapping[str, tuple[str, ...]]) -> dict[int, int]:
        """The code of each domain by its number, now that all levels are known."""
        by = [(levels[name], self.levels[name]) for name in self.question.by]
        crossings = {}
        for domain, number in self.domains.items():
            code = 0
            for (ordered, came), level in zip(by, domain, strict=True):
                code = code * len(ordered) + ordered.index(came[level])
            crossings[number] = code
        return crossings

    def _populations(self, sizes: NDArray[np.floating[Any]], stratum: NDArray[np.int64]) -> None:
        """Keep the one value that every stratum must have."""
        of_stratum = np.full(int(stratum.max()) + 1, np.nan)
        of_stratum[stratum] = sizes
        kept = [self.populations.setdefault(code, of_stratum[code]) for code in np.unique(stratum).tolist()]
        if (of_stratum[stratum] != sizes).any() or kept != of_stratum[np.unique(stratum)].tolist():
            raise _Unfit

    def _design(self) -> SurveyDesign:
        """The design with one row a PSU: all that is left to ask of it."""
        if self.cells is None:
            raise _Unfit
        stratum = self.cells.stratum_of_psu
        sizes = [self.populations[self.cells.strata[place]] for place in stratum] if self.populations else None
        return SurveyDesign.from_columns(
            np.ones(len(stratum)),
            strata=stratum,
            psu=np.arange(len(stratum)),
            fpc=None if sizes is None else [np.array(sizes)],
            lonely_psu=self.question.design.lonely_psu,
        )


def _name(place: int, level: int | None) -> str:
    return f"{place}" if level is None else f"{place}={level}"


def _widened(cells: Cells, like: Cells) -> Cells:
    """Cells with a level's measures that came only later: nobody had it, of all that answered."""
    if cells.measures == like.measures:
        return cells
    width = len(cells.measures)
    known = {name: column for column, name in enumerate(cells.measures)}
    # A column of zeros after the last stands for a measure of which no level came at all.
    source = np.array([known.get(name, known.get(f"{name.partition('=')[0]}=0", width)) for name in like.measures])
    late = np.array([name not in known for name in like.measures])
    wide: dict[tuple[int, bool], NDArray[np.float64]] = {}
    columns: dict[str, Any] = {}
    for name in MATRICES:
        values, empty = getattr(cells, name), name in {"total", "square", "cross"}
        key = id(values), empty
        if key not in wide:
            padded = np.column_stack([values, np.zeros(len(values))])[:, source]
            wide[key] = np.where(late, 0.0, padded) if empty else padded
        columns[name] = wide[key]
    centre, bound = np.append(cells.centre, 0.0)[source], np.append(cells.bound, False)[source]
    return replace(cells, measures=like.measures, kinds=like.kinds, centre=centre, bound=bound, **columns)
