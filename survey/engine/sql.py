"""One GROUP BY over the responses of a wave: the sums by agency, stratum and PSU that `analysis.cells` works from.

The database brings the ratings of each group together as one text, and numpy counts them. On a million responses that
is several times faster than a SUM(CASE …) for each item, and it also gives the squares and products of a dimension
of several items, which need the answers of one respondent side by side (docs/decisions/0004).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import bindparam, case, func, select

from analysis.cells import Sums
from analysis.moments import moments_from_products
from analysis.results import Kind
from survey.engine.ratings import HIGHEST_LEVEL, ZERO
from survey.models import Response, Stream

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from sqlalchemy import ColumnElement, Select
    from sqlalchemy.orm import Session

    from analysis.moments import Moments
    from forms.definition import Questionnaire

Measures = Mapping[str, Sequence[str]]

_Columns = dict[tuple[str, str], "NDArray[np.float64]"]

# Groups taken from the database at a time: memory stays small, and numpy's calls stay few.
_GROUPS_AT_A_TIME = 10_000
# More than any day's ordinal, so that a counter and a day make one number.
_DAYS = 10_000_000
# The square of less fits into 16 bits.
_NARROW = 256


@dataclass(frozen=True, slots=True)
class GroupedSums:
    """The columns of the GROUP BY, as `analysis.cells.cells_from_sums` takes them; domains are agency ids.

    `products` are those of `analysis.composites.product_variables` among the measures asked for.
    """

    domain: NDArray[Any]
    stratum: NDArray[Any]
    psu: NDArray[Any]
    respondents: NDArray[np.int64]
    sums: Mapping[str, Sums]
    products: NDArray[np.float64]


def sums(
    session: Session,
    *,
    wave_id: int,
    stream: str,
    questionnaire: Questionnaire,
    measures: Measures | None = None,
    kind: Kind = Kind.SHARE,
    together: Sequence[str] = (),
    leave_out: Collection[int] = (),
) -> GroupedSums:
    """The sums of every measure for each agency, stratum and PSU of one wave and stream.

    A measure is the rating items it pools, by its name; by default those of `index_measures`. With Kind.MEAN the
    score of an answer is its level instead of whether it is favourable. `together` names the measures whose products
    are wanted too, for composites. Responses whose numbers are in `leave_out` are not summed.
    """
    if measures is None:
        measures = index_measures(questionnaire)
    kernel = _Kernel(questionnaire, measures, kind=kind, together=together)
    query = _without(_query(_DESIGNS[Stream(stream)], wave_id=wave_id, stream=Stream(stream)), leave_out)
    (domain, stratum, psu), columns = _summed(
        session, query, stream=stream, nothing=kernel.nothing(), add_up=kernel.add_up
    )
    return GroupedSums(
        domain=domain,
        stratum=stratum,
        psu=psu,
        respondents=columns["", "respondents"].astype(np.int64),
        sums=kernel.sums(columns),
        products=columns["", "products"],
    )


def moments(
    session: Session,
    *,
    wave_id: int,
    stream: str,
    questionnaire: Questionnaire,
    variables: Measures,
    kind: Kind = Kind.MEAN,
) -> Moments:
    """Second moments of who answered every variable: means over its items of levels, or of favourable ones."""
    kernel = _Kernel(questionnaire, variables, kind=kind)
    query = _query(_DESIGNS[Stream(stream)], wave_id=wave_id, stream=Stream(stream))
    keys, columns = _summed(session, query, stream=stream, nothing=kernel.levels([]), add_up=kernel.levels)
    return moments_from_products(
        *keys,
        respondents=columns["", "respondents"],
        products=columns["", "products"],
        variables=tuple(variables),
    )


def ways(session: Session, *, wave_id: int, stream: str) -> list[tuple[int, str | None, str | None, int]]:
    """Agency, trust, entry and how many responses had them, for all agencies of one wave and stream."""
    keys = Response.agency_id, Response.trust, Response.entry
    query = select(*keys, func.count()).where(Response.wave_id == wave_id, Response.stream == Stream(stream))
    return [(agency, trust, entry, number) for agency, trust, entry, number in session.execute(query.group_by(*keys))]


def _summed(
    session: Session,
    query: Select[Any],
    *,
    stream: str,
    nothing: _Columns,
    add_up: Callable[[Sequence[Any]], _Columns],
) -> tuple[tuple[NDArray[Any], NDArray[Any], NDArray[Any]], _Columns]:
    """Domain, stratum and PSU of every group, and the columns that `add_up` makes of some groups at a time."""
    design = _DESIGNS[Stream(stream)]
    keys: list[tuple[Any, Any, Any]] = []
    chunks = [nothing]
    for rows in session.execute(query).partitions(_GROUPS_AT_A_TIME):
        keys.extend(design.labels(row) for row in rows)
        chunks.append(add_up(rows))
    domain, stratum, psu = zip(*keys, strict=True) if keys else ((), (), ())
    columns = {part: np.concatenate([chunk[part] for chunk in chunks]) for part in chunks[0]}
    return (np.array(domain, dtype=np.int64), np.array(stratum), np.array(psu)), columns


def index_measures(questionnaire: Questionnaire) -> dict[str, tuple[str, ...]]:
    """Every rating item that has favourable levels, and every dimension."""
    items = {item.id: (item.id,) for item in questionnaire.rating_items if questionnaire.favourable(item.id)}
    return items | {dimension.id: dimension.items for dimension in questionnaire.dimensions}


@dataclass(frozen=True, slots=True)
class _Design:
    """What makes a stratum and a PSU in a stream: columns to group by, and the labels made of them."""

    columns: tuple[Any, ...]
    labels: Callable[[Any], tuple[Any, Any, Any]]


def _query(design: _Design, *, wave_id: int, stream: Stream) -> Select[Any]:
    # The weight is a key too, so that each group has one: whole counts come from the text, exact in every stream.
    keys = (Response.agency_id, *design.columns, Response.weight)
    return (
        select(*keys, func.aggregate_strings(Response.ratings, "").label("ratings"), func.count().label("respondents"))
        .where(Response.wave_id == wave_id, Response.stream == stream)
        .group_by(*keys)
    )


def _without(query: Select[Any], leave_out: Collection[int]) -> Select[Any]:
    """The query less these responses."""
    if not leave_out:
        return query
    return query.where(~numbered(Response.id, leave_out))


def numbered(column: Any, numbers: Collection[int]) -> ColumnElement[bool]:
    """Whether the column is one of so many numbers. They stand in the statement: no driver takes so many parameters."""
    condition: ColumnElement[bool] = column.in_(bindparam(None, sorted(numbers), expanding=True, literal_execute=True))
    return condition


def _counter_day(row: Any) -> tuple[int, int, int]:
    """The agency is the stratum; a counter on a day is the PSU."""
    return row[0], row[0], (row[1] or 0) * _DAYS + row[2].toordinal()


def _drawn(row: Any) -> tuple[int, str, str]:
    """As the plan drew them; who was drawn directly is a PSU alone."""
    psu = f"respondent {row[3]}" if row[2] is None else f"psu {row[2]}"
    return row[0], row[1] or "", psu


_COUNTER_DESIGN = _Design((Response.counter_id, Response.answered_on), _counter_day)
_SAMPLE_DESIGN = _Design(
    (Response.stratum, Response.psu, case((Response.psu.is_(None), Response.id)).label("respondent")), _drawn
)
_DESIGNS = {Stream.COUNTER: _COUNTER_DESIGN, Stream.SAMPLE: _SAMPLE_DESIGN, Stream.CENSUS: _SAMPLE_DESIGN}


class _Kernel:
    """Counts the ratings of many groups at once. Columns are named by measure and part of `analysis.cells.Sums`."""

    def __init__(
        self, questionnaire: Questionnaire, measures: Measures, *, kind: Kind, together: Sequence[str] = ()
    ) -> None:
        ids = [item.id for item in questionnaire.rating_items]
        self._width = len(ids)
        self._kind = kind
        self._measures = {name: [ids.index(item) for item in items] for name, items in measures.items()}
        self._scores = [_scores(questionnaire, item_id, kind=kind) for item_id in ids]
        self._together = tuple(together)

    def nothing(self) -> _Columns:
        """The columns of no group."""
        return self.add_up([])

    def add_up(self, rows: Sequence[Any]) -> _Columns:
        """The columns of these groups, a line each."""
        respondents = np.array([row.respondents for row in rows], dtype=np.int64)
        weights = np.array([row.weight for row in rows], dtype=np.float64)
        levels = self._levels("".join([row.ratings for row in rows]), respondents=int(respondents.sum()))
        starts = _starts(respondents)
        columns: _Columns = {("", "respondents"): respondents.astype(np.float64)}
        for name, part, values in self._parts(levels):
            counted = np.add.reduceat(values, starts, dtype=np.int64) if rows else np.zeros(0)
            columns[name, part] = counted if part == "valid" else counted * weights
        columns["", "products"] = self._products(levels, starts) * weights[:, None, None]
        return columns

    def sums(self, columns: _Columns) -> dict[str, Sums]:
        """The columns as `analysis` takes them."""
        parts = {
            name: {part: values for (of, part), values in columns.items() if of == name} for name in self._measures
        }
        return {name: Sums(kind=self._kind, **one) for name, one in parts.items()}

    def _levels(self, ratings: str, *, respondents: int) -> NDArray[np.uint8]:
        """One line an item, one column a respondent."""
        codes = np.frombuffer(ratings.encode("ascii"), dtype=np.uint8)
        if len(codes) != respondents * self._width:
            raise RuntimeError(f"{len(codes)} ratings of {respondents} respondents to {self._width} items")
        return np.ascontiguousarray(codes.reshape(respondents, self._width).T)

    def _parts(self, levels: NDArray[np.uint8]) -> Iterator[tuple[str, str, NDArray[Any]]]:
        for name, items in self._measures.items():
            if len(items) == 1:
                yield from self._single(name, levels[items[0]], items[0])
            else:
                yield from self._pooled(name, levels, items)

    def levels(self, rows: Sequence[Any]) -> _Columns:
        """Respondents and products of mean levels of these groups, a line each, of who answered every measure."""
        respondents = np.array([row.respondents for row in rows], dtype=np.int64)
        weights = np.array([row.weight for row in rows], dtype=np.float64)
        levels = self._levels("".join([row.ratings for row in rows]), respondents=int(respondents.sum()))
        counted = [self._counted(levels, items) for items in self._measures.values()]
        complete = np.all([answered > 0 for _, answered in counted], axis=0)
        means = [np.divide(score, answered, where=complete, out=np.zeros(len(complete))) for score, answered in counted]
        products = _products([complete.astype(np.float64), *means], _starts(respondents))
        return {("", "respondents"): products[:, 0, 0], ("", "products"): products * weights[:, None, None]}

    def _products(self, levels: NDArray[np.uint8], starts: NDArray[np.intp]) -> NDArray[np.float64]:
        """Sums of u u' of each group, u being 1, what was favourable and what was given to each measure."""
        counted = [self._counted(levels, self._measures[name]) for name in self._together]
        columns: list[NDArray[Any]] = [
            np.ones(levels.shape[1]),
            *(score for score, _ in counted),
            *(given for _, given in counted),
        ]
        # Sixteen bits hold the products of answers to 25 items of ten levels; a longer dimension takes more.
        narrow = all(int(column.max(initial=0)) < _NARROW for column in columns)
        kind = np.uint16 if narrow else np.int64
        return _products([column.astype(kind) for column in columns] if counted else [], starts)

    def _counted(self, levels: NDArray[np.uint8], items: list[int]) -> tuple[NDArray[np.uint16], NDArray[np.uint16]]:
        """What each respondent's answers to these items add up to, and how many they are."""
        score, answered = np.zeros((2, levels.shape[1]), dtype=np.uint16)
        for item in items:
            score += self._scores[item][levels[item]]
            answered += _VALID[levels[item]]
        return score, answered

    def _single(self, name: str, levels: NDArray[np.uint8], item: int) -> Iterator[tuple[str, str, NDArray[Any]]]:
        valid, score = _VALID[levels], self._scores[item][levels]
        yield name, "valid", valid
        yield name, "weight", valid
        yield name, "total", score
        if self._kind is not Kind.SHARE:
            yield name, "square", score * score

    def _pooled(
        self, name: str, levels: NDArray[np.uint8], items: list[int]
    ) -> Iterator[tuple[str, str, NDArray[Any]]]:
        counted, of_each = self._counted(levels, items)
        # Wide enough for the squares of a long questionnaire.
        score, answered = counted.astype(np.int64), of_each.astype(np.int64)
        yield name, "valid", answered > 0
        yield name, "weight", answered > 0
        yield name, "base", answered
        yield name, "total", score
        yield name, "square", score * score
        yield name, "cross", score * answered
        yield name, "base_square", answered * answered


def _starts(respondents: NDArray[np.int64]) -> NDArray[np.intp]:
    """Where each group begins among the respondents."""
    return (np.cumsum(respondents) - respondents).astype(np.intp)


def _products(columns: Sequence[NDArray[Any]], starts: NDArray[np.intp]) -> NDArray[np.float64]:
    """Sums of the products of every two columns, by group."""
    products = np.zeros((len(starts), max(len(columns), 1), max(len(columns), 1)))
    if not len(starts):
        return products
    for row, left in enumerate(columns):
        for column, right in enumerate(columns[: row + 1]):
            summed = np.add.reduceat(left * right, starts, dtype=np.float64 if left.dtype.kind == "f" else np.int64)
            products[:, row, column] = products[:, column, row] = summed
    return products


def _scores(questionnaire: Questionnaire, item_id: str, *, kind: Kind) -> NDArray[np.uint16]:
    """What each character of `ratings` adds to the item's total."""
    scores = np.zeros(256, dtype=np.uint16)
    favourable = questionnaire.favourable(item_id)
    for level in (level.value for level in questionnaire.scale_of(item_id).levels):
        scores[ZERO + level] = level if kind is Kind.MEAN else level in favourable
    return scores


def _valid_levels() -> NDArray[np.uint8]:
    valid = np.zeros(256, dtype=np.uint8)
    valid[ZERO : ZERO + HIGHEST_LEVEL + 1] = 1
    return valid


_VALID = _valid_levels()
