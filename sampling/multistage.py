"""Samples in stages: commune → village → person; agency → day or half-day → transaction.

Each stage draws units within the units that the stage before has drawn. The probability of a row is the product of its
stages'. With the first stage in proportion to size and an equal number of people in each unit, everybody has the same
chance, and every interviewer the same work.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sampling.arrays import Numbered, codes, ranks
from sampling.checks import checked_sizes
from sampling.errors import SamplingError
from sampling.pps import pps_sampford, pps_systematic
from sampling.sample import Sample
from sampling.selection import check_strata, systematic, wanted_by_stratum

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import ArrayLike

    from sampling.arrays import FloatArray, IntArray, LabelColumn, Labels

    Method = Callable[["_Level", IntArray, np.random.Generator], FloatArray]


# What messages call the one stratum of a frame without strata.
EVERYTHING = "*"


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """One stage of a sample.

    Attributes
    ----------
    n : int or mapping of label to int
        Units to draw within each unit of the stage before; a mapping gives each stratum its own, at the first stage.
    units : array_like, shape (N,), optional
        Unit of each row of the frame; without it the rows themselves are the units. Equal labels within different
        units of the stage before are different units: every commune may have a village called 1.
    method : {"srs", "systematic", "pps-systematic", "pps-sampford"}
    sizes : array_like, shape (N,), optional
        Measure of size of each row, for the methods in proportion to size: a unit's is the sum of its rows', or the
        number of its rows without it.
    take_all : bool
        Whether a unit of the stage before with fewer than n is taken whole; else that is refused.
    """

    n: int | Mapping[str, int]
    units: LabelColumn | None = None
    method: str = "srs"
    sizes: ArrayLike | None = None
    take_all: bool = False


def multistage(
    stages: Sequence[Stage], *, rng: np.random.Generator, strata: LabelColumn | None = None, allow_lone: bool = False
) -> Sample:
    """Draw in stages.

    Parameters
    ----------
    stages : sequence of Stage
        The last one may be of rows.
    rng : numpy.random.Generator
    strata : array_like, shape (N,), optional
        Stratum of each row; the first stage is drawn in each stratum by itself.
    allow_lone : bool
        Whether a stratum may give one primary unit only: its variance cannot be estimated.

    Returns
    -------
    Sample
        With the probability of every stage; certain are the rows of primary units taken for certain.

    Raises
    ------
    SamplingError
        If a stage has too few units, a method is unknown, or a stratum gives one primary unit. All units of the frame
        are looked at, not only those drawn, so that a refusal does not depend on the seed.

    References
    ----------
    .. [1] Särndal, Swensson & Wretman (1992), Model Assisted Survey Sampling, Springer, ch. 4.

    Examples
    --------
    Two of four communes in proportion to their people, then two people in each: everybody has the chance 4/16.

    >>> from sampling.record import generator
    >>> communes = ["a"] * 3 + ["b"] * 6 + ["c"] * 2 + ["d"] * 5
    >>> stages = [Stage(2, units=communes, method="pps-sampford"), Stage(2)]
    >>> sample = multistage(stages, rng=generator(5))
    >>> sample.rows.tolist(), sample.weights.round(9).tolist()
    ([0, 1, 3, 4], [4.0, 4.0, 4.0, 4.0])
    """
    if not stages:
        raise SamplingError("a sample needs at least one stage")
    count = _rows(stages, strata)
    code, levels = codes(np.zeros(count, dtype=np.int64) if strata is None else strata)
    levels = np.array([EVERYTHING]) if strata is None else levels
    nested = _nested(stages, code)
    _check(stages, nested, levels, allow_lone=allow_lone)
    return _drawn(stages, nested, levels, rng)


@dataclass(frozen=True, slots=True, eq=False)
class _Level:
    """The units of one stage: each row's unit, and each unit's parent, first row and size."""

    code: IntArray
    parent: IntArray
    first: IntArray
    sizes: FloatArray
    parents: int


def _rows(stages: Sequence[Stage], strata: LabelColumn | None) -> int:
    given = [strata, *(column for stage in stages for column in (stage.units, stage.sizes))]
    lengths = {
        len(column if isinstance(column, Numbered) else np.asarray(column)) for column in given if column is not None
    }
    if len(lengths) != 1:
        raise SamplingError("the columns of units, sizes and strata must have one value for each row of the frame")
    return lengths.pop()


def _nested(stages: Sequence[Stage], code: IntArray) -> list[_Level]:
    levels = []
    for stage in stages:
        parents = int(code.max()) + 1
        parent_of_row = code
        if stage.units is None:
            code = np.arange(len(code))
        else:
            own, labels = codes(stage.units)
            code, _ = codes(code * len(labels) + own)
        levels.append(_level(stage, code, parent_of_row, parents))
    return levels


def _level(stage: Stage, code: IntArray, parent_of_row: IntArray, parents: int) -> _Level:
    rows = np.arange(len(code))
    first = rows
    if stage.units is not None:
        first = np.full(int(code.max()) + 1, len(code))
        first[code[::-1]] = rows[::-1]
    sizes = np.bincount(code, weights=None if stage.sizes is None else checked_sizes(stage.sizes)).astype(float)
    return _Level(code, parent_of_row[first], first, sizes, parents)


def _check(stages: Sequence[Stage], nested: Sequence[_Level], levels: Labels, *, allow_lone: bool) -> None:
    for number, (stage, level) in enumerate(zip(stages, nested, strict=True), start=1):
        if stage.method not in METHODS:
            raise SamplingError(
                "there is no method {method}: choose one of {choices}",
                method=stage.method,
                choices=", ".join(METHODS),
            )
        if number == 1:
            wanted = _wanted(stage, level, levels, first=True)
            check_strata(wanted, level.parent, levels, rows=level.first, allow_lone=allow_lone)
        else:
            _check_later(stage, level, nested[number - 2], number)


def _check_later(stage: Stage, level: _Level, before: _Level, number: int) -> None:
    if not isinstance(stage.n, int):
        raise SamplingError("stage {stage}: only the first stage takes a number for each stratum", stage=number)
    if stage.n < 1:
        raise SamplingError("stage {stage}: {n} units in each unit: ask for at least one", stage=number, n=stage.n)
    counts = np.bincount(level.parent, minlength=level.parents)
    short = np.flatnonzero(counts < stage.n)
    if len(short) and not stage.take_all:
        raise SamplingError(
            "row {row}: stage {stage} asks for {n} in each unit, and the one that begins here has {units} "
            "({count} such units): merge it with a neighbour, ask for fewer, or allow taking such units whole "
            "(take-all)",
            row=int(before.first[short[0]]) + 1,
            stage=number,
            n=stage.n,
            units=int(counts[short[0]]),
            count=len(short),
        )


def _wanted(stage: Stage, level: _Level, levels: Labels, *, first: bool) -> IntArray:
    """Units asked of each unit of the stage before."""
    if not isinstance(stage.n, int):
        return wanted_by_stratum(stage.n, levels)
    wanted = np.full(level.parents, stage.n)
    return wanted if first else np.minimum(wanted, np.bincount(level.parent, minlength=level.parents))


def _drawn(stages: Sequence[Stage], nested: Sequence[_Level], levels: Labels, rng: np.random.Generator) -> Sample:
    inside, chances = np.ones(nested[0].parents, dtype=np.bool_), []
    certain = np.zeros(0, dtype=np.bool_)
    for number, (stage, level) in enumerate(zip(stages, nested, strict=True)):
        wanted = np.where(inside, _wanted(stage, level, levels, first=number == 0), 0)
        chance = METHODS[stage.method](level, wanted, rng)
        inside = chance > 0
        chances.append(chance)
        if number == 0:
            certain = (chance == 1) & (stage.method in IN_PROPORTION)
    rows = np.flatnonzero(inside[nested[-1].code])
    parts = tuple(chance[level.code[rows]] for chance, level in zip(chances, nested, strict=True))
    product = np.ones(len(rows))
    for part in parts:
        product = product * part
    return Sample(rows, product, certain=rows[certain[nested[0].code[rows]]], stages=parts if len(parts) > 1 else ())


def _srs(level: _Level, wanted: IntArray, rng: np.random.Generator) -> FloatArray:
    """All groups at once. As the other methods, it gives the probability of each unit drawn, and 0 to the others."""
    chance = np.zeros(len(level.parent))
    units = np.flatnonzero(wanted[level.parent] > 0)
    parent = level.parent[units]
    chosen = ranks(parent, rng.random(len(units))) < wanted[parent]
    counts = np.bincount(parent, minlength=level.parents)
    drawn = units[chosen]
    chance[drawn] = (wanted / np.maximum(counts, 1))[level.parent[drawn]]
    return chance


def _group_by_group(one: Callable[[FloatArray, int, np.random.Generator], Sample]) -> Method:
    def drawn(level: _Level, wanted: IntArray, rng: np.random.Generator) -> FloatArray:
        chance = np.zeros(len(level.parent))
        order = np.argsort(level.parent, kind="stable")
        ends = np.cumsum(np.bincount(level.parent, minlength=level.parents))
        for parent in np.flatnonzero(wanted).tolist():
            members = order[ends[parent - 1] if parent else 0 : ends[parent]]
            sample = one(level.sizes[members], int(wanted[parent]), rng)
            chance[members[sample.rows]] = sample.probabilities
        return chance

    return drawn


def _systematic(sizes: FloatArray, n: int, rng: np.random.Generator) -> Sample:
    return systematic(len(sizes), n, rng=rng)


def _pps_systematic(sizes: FloatArray, n: int, rng: np.random.Generator) -> Sample:
    return pps_systematic(sizes, n, rng=rng)


def _pps_sampford(sizes: FloatArray, n: int, rng: np.random.Generator) -> Sample:
    return pps_sampford(sizes, n, rng=rng)


METHODS: Mapping[str, Method] = {
    "srs": _srs,
    "systematic": _group_by_group(_systematic),
    "pps-systematic": _group_by_group(_pps_systematic),
    "pps-sampford": _group_by_group(_pps_sampford),
}
IN_PROPORTION = frozenset({"pps-systematic", "pps-sampford"})
