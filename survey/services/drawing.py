"""Drawing a sample from a frame's file: what `sipas design select` does, as one function."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sampling.allocation import allocate
from sampling.arrays import Numbered, codes
from sampling.arrays import total as exact_sum
from sampling.checks import check_codes, checked_sizes
from sampling.cube import balanced
from sampling.multistage import Stage, multistage
from sampling.pps import inclusion_probabilities, pps_sampford, pps_systematic
from sampling.record import DrawRecord, generator
from sampling.selection import reserve, srs, stratified, systematic
from sampling.strata import strata as table_of_strata
from survey.i18n import mark
from survey.services.errors import ServiceError
from survey.services.frame_files import check_out, hash_of, labels, lines_of, open_frame, read_allocation, write_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from sampling.sample import Sample
    from survey.engine.tables import Progress, TableFile

PROBABILITY, WEIGHT, ORDER = "inclusion_probability", "weight", "reserve_order"


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """How to draw.

    `n` counts rows, or primary units of a sample in stages; `take` rows of each unit of the last stage but one,
    `second` units of the second of three stages. `size` is a column of sizes, which a unit's rows add up; `strata`,
    `psu`, `ssu` are columns of labels, `order_by` columns to sort by before systematic steps, `balance` columns of
    numbers. Strata share `n` out by the method `allocate`, or as the file `allocation` says.
    """

    method: str
    seed: int
    n: int | None = None
    size: str | None = None
    strata: str | None = None
    allocation: Path | None = None
    allocate: str = "proportional"
    minimum: int = 0
    order_by: tuple[str, ...] = ()
    balance: tuple[str, ...] = ()
    psu: str | None = None
    psu_method: str = "pps-systematic"
    ssu: str | None = None
    second: int | None = None
    take: int | None = None
    code: str | None = None
    reserve: int = 0
    allow_lone: bool = False
    take_all: bool = False

    def required(self, option: str) -> object:
        """An option that this method cannot do without."""
        value = getattr(self, option)
        if value is None or value == ():
            raise ServiceError(
                mark("the method {method} needs --{option}"), method=self.method, option=option.replace("_", "-")
            )
        return value

    @property
    def texts(self) -> list[str]:
        """Columns of labels."""
        named = (self.strata, self.psu, self.ssu, self.code, *self.order_by)
        return list(dict.fromkeys(name for name in named if name))

    @property
    def numbers(self) -> list[str]:
        """Columns of numbers."""
        return list(dict.fromkeys(name for name in (self.size, *self.balance) if name))


@dataclass(frozen=True, slots=True)
class DrawReport:
    """What was drawn; with its record it can be drawn again."""

    record: DrawRecord
    certain: int
    probability_min: float
    probability_max: float
    sum_weights: float
    reserve: int


@dataclass(frozen=True, slots=True, eq=False)
class _Frame:
    """The columns of a frame that a draw uses."""

    rows: int
    labels: Mapping[str, Numbered]
    numbers: Mapping[str, NDArray[np.float64]]

    def strata(self, wanted: Drawing) -> Numbered:
        return self.labels[str(wanted.required("strata"))]

    def sizes(self, wanted: Drawing) -> NDArray[np.float64]:
        column = str(wanted.required("size"))
        return checked_sizes(self.numbers[column], column=column)


def select_file(
    path: Path, wanted: Drawing, *, out: Path, reserve_out: Path | None = None, progress: Progress | None = None
) -> DrawReport:
    """Draw a sample from the frame in `path` and write its rows with `inclusion_probability` and `weight` to `out`.

    Parameters
    ----------
    path, out : Path
        CSV or Parquet, both of the same kind.
    wanted : Drawing
    reserve_out : Path, optional
        Where the reserve goes, in the order of its use.
    progress : callable, optional
        Hears the share of the file read.

    Returns
    -------
    DrawReport

    Raises
    ------
    TableError, ServiceError, SamplingError
        What is wrong with the file, the question, or the frame; nothing is written then.
    """
    if wanted.method not in METHODS:
        raise ServiceError(
            mark("method {method}: choose one of {choices}"), method=wanted.method, choices=", ".join(METHODS)
        )
    if bool(wanted.reserve) != (reserve_out is not None):
        raise ServiceError(mark("a reserve needs both --reserve and --reserve-out"))
    source = open_frame(path)
    check_out(source, path, out, added=(PROBABILITY, WEIGHT))
    if reserve_out is not None:
        check_out(source, path, reserve_out, added=(ORDER,))
    rng = generator(wanted.seed)
    frame = _read(source, wanted, progress)
    with lines_of(source):
        if wanted.code:
            check_codes(frame.labels[wanted.code], column=wanted.code)
        sample = METHODS[wanted.method](frame, wanted, rng)
        groups = _groups(frame, wanted)
        spare = reserve(sample, wanted.reserve, population=frame.rows, rng=rng, groups=groups)
    added = {PROBABILITY: sample.probabilities, WEIGHT: sample.weights}
    write_rows(source, path, out, rows=sample.rows, added=added)
    if reserve_out is not None:
        write_rows(source, path, reserve_out, rows=spare, added={ORDER: _order(spare, groups)})
    return _report(path, wanted, frame, sample, spare=len(spare))


def _read(source: TableFile, wanted: Drawing, progress: Progress | None) -> _Frame:
    texts, numbers = wanted.texts, wanted.numbers
    # A draw that needs no column still needs to know how many rows there are.
    asked = texts or ([] if numbers else [source.columns[0]])
    table = source.read(texts=asked, numbers=numbers, progress=progress)
    columns = {name: np.asarray(column, dtype=np.float64) for name, column in table.numbers.items()}
    return _Frame(table.rows, {name: labels(source, table, name) for name in texts}, columns)


def _srs(frame: _Frame, wanted: Drawing, rng: np.random.Generator) -> Sample:
    return srs(frame.rows, _number(wanted, "n"), rng=rng)


def _systematic(frame: _Frame, wanted: Drawing, rng: np.random.Generator) -> Sample:
    return systematic(frame.rows, _number(wanted, "n"), rng=rng, order_by=_keys(frame, wanted))


def _pps_systematic(frame: _Frame, wanted: Drawing, rng: np.random.Generator) -> Sample:
    sizes = frame.sizes(wanted)
    return pps_systematic(sizes, _number(wanted, "n"), rng=rng, order_by=_keys(frame, wanted))


def _pps_sampford(frame: _Frame, wanted: Drawing, rng: np.random.Generator) -> Sample:
    return pps_sampford(frame.sizes(wanted), _number(wanted, "n"), rng=rng)


def _balanced(frame: _Frame, wanted: Drawing, rng: np.random.Generator) -> Sample:
    wanted.required("balance")
    n, columns = _number(wanted, "n"), [frame.numbers[name] for name in wanted.balance]
    chances = inclusion_probabilities(frame.sizes(wanted), n) if wanted.size else None
    return balanced(columns, n, rng=rng, probabilities=chances)


def _stratified(frame: _Frame, wanted: Drawing, rng: np.random.Generator) -> Sample:
    strata = frame.strata(wanted)
    return stratified(strata, _by_stratum(strata, wanted), rng=rng, allow_lone=wanted.allow_lone)


def _in_stages(frame: _Frame, wanted: Drawing, rng: np.random.Generator) -> Sample:
    psu, strata = frame.labels[str(wanted.required("psu"))], frame.strata(wanted) if wanted.strata else None
    if strata is None:
        n: int | Mapping[str, int] = _number(wanted, "n")
    else:
        # Primary units share n out, not rows.
        first = np.unique(_crossed(strata, psu).codes, return_index=True)[1]
        n = _by_stratum(Numbered(strata.codes[first], strata.levels), wanted)
    stages = [Stage(n, units=psu, method=wanted.psu_method, sizes=_stage_sizes(frame, wanted))]
    if wanted.method == "three-stage":
        ssu = frame.labels[str(wanted.required("ssu"))]
        stages.append(Stage(_number(wanted, "second"), units=ssu, take_all=wanted.take_all))
    stages.append(Stage(_number(wanted, "take"), take_all=wanted.take_all))
    return multistage(stages, rng=rng, strata=strata, allow_lone=wanted.allow_lone)


METHODS: Mapping[str, Callable[[_Frame, Drawing, np.random.Generator], Sample]] = {
    "srs": _srs,
    "systematic": _systematic,
    "pps-systematic": _pps_systematic,
    "pps-sampford": _pps_sampford,
    "stratified": _stratified,
    "two-stage": _in_stages,
    "three-stage": _in_stages,
    "balanced": _balanced,
}


def _number(wanted: Drawing, option: str) -> int:
    return int(str(wanted.required(option)))


def _keys(frame: _Frame, wanted: Drawing) -> list[Numbered]:
    return [frame.labels[name] for name in wanted.order_by]


def _stage_sizes(frame: _Frame, wanted: Drawing) -> NDArray[np.float64] | None:
    return frame.sizes(wanted) if wanted.size else None


def _by_stratum(strata: Numbered, wanted: Drawing) -> dict[str, int]:
    """What the file says, or `n` shared out by the strata's sizes."""
    if wanted.allocation is not None:
        allocation = read_allocation(wanted.allocation)
        names = list(map(str, strata.levels))
        left_out = [name for name in names if name not in allocation]
        # A name that the frame does not have may be a misspelling of the other, and is told where strata are drawn.
        if left_out and set(allocation) <= set(names):
            raise ServiceError(
                mark(
                    "{file} says nothing of the stratum {stratum}, which is in the frame: "
                    "add a row for it, with n = 0 if nobody of it is to be asked"
                ),
                file=wanted.allocation,
                stratum=left_out[0],
            )
        return allocation
    if wanted.n is None:
        raise ServiceError(
            mark("the method {method} needs --{option}"), method=wanted.method, option="n | --allocation"
        )
    counts = np.bincount(strata.codes, minlength=len(strata.levels))
    known = table_of_strata([str(name) for name in strata.levels], counts)
    return allocate(known, wanted.n, method=wanted.allocate, minimum=wanted.minimum).by_name


def _groups(frame: _Frame, wanted: Drawing) -> Numbered | None:
    """Within what a substitute must lie: the last unit before the row."""
    names = {"stratified": ("strata",), "two-stage": ("strata", "psu"), "three-stage": ("strata", "psu", "ssu")}
    columns = [getattr(wanted, name) for name in names.get(wanted.method, ())]
    found = [frame.labels[column] for column in columns if column]
    if not found:
        return None
    group = found[0]
    for finer in found[1:]:
        group = _crossed(group, finer)
    return group


def _crossed(outer: Numbered, inner: Numbered) -> Numbered:
    code, levels = codes(outer.codes * len(inner.levels) + inner.codes)
    return Numbered(code, levels)


def _order(spare: NDArray[np.int64], groups: Numbered | None) -> NDArray[np.int64]:
    """1, 2, 3 … within each group; the rows come group by group."""
    group = groups.codes[spare] if groups is not None else np.zeros(len(spare), dtype=np.int64)
    firsts = np.flatnonzero(np.diff(group, prepend=-1))
    lengths = np.diff(np.append(firsts, len(group)))
    return np.arange(1, len(group) + 1) - np.repeat(firsts, lengths)


def _report(path: Path, wanted: Drawing, frame: _Frame, sample: Sample, *, spare: int) -> DrawReport:
    given = {name: getattr(wanted, name) for name in Drawing.__slots__ if name not in {"method", "seed"}}
    options = {name: str(value) if name == "allocation" else value for name, value in given.items() if value}
    record = DrawRecord(wanted.method, options, wanted.seed, hash_of(path), frame.rows, len(sample))
    chances = sample.probabilities
    return DrawReport(
        record,
        certain=len(sample.certain),
        probability_min=float(chances.min()),
        probability_max=float(chances.max()),
        sum_weights=exact_sum(sample.weights),
        reserve=spare,
    )
