"""Opening a fieldwork: who was drawn, and the reserve, from what `sipas design select` wrote; all of it or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert

from survey.engine.tables import check_columns, open_table
from survey.i18n import mark
from survey.models import Fieldwork, SampledUnit, Stream
from survey.services import fieldworks, import_columns
from survey.services.errors import AlreadyExistsError, ServiceError
from survey.services.import_columns import LONGEST_LABEL, Unreadable
from survey.services.import_lines import refuse_faults
from survey.services.import_problems import ImportProblem, shown

if TYPE_CHECKING:
    import datetime as dt
    import random
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from sqlalchemy.orm import Session

    from survey.engine.tables import TableFile
    from survey.services.import_columns import Parse
    from survey.services.references import AgencyRef, WaveRef

    Group = tuple[str, str | None]

ORDER = "reserve_order"
MOST_UNITS = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnColumns:
    """What the columns of a drawn sample are called."""

    unit: str = "unit"
    agency: str = "agency"
    stratum: str = "stratum"
    psu: str | None = None
    weight: str = "weight"


@dataclass(frozen=True, slots=True)
class DrawnUnit:
    """One row of a drawn sample or of its reserve. `weight` is None in a reserve, whose places are others'."""

    unit: str
    agency_id: int
    stratum: str
    psu: str | None
    weight: float | None

    @property
    def group(self) -> Group:
        """Within what somebody may be replaced."""
        return self.stratum, self.psu


@dataclass(frozen=True, slots=True)
class Drawn:
    """A sample, and its reserve in the order of its use."""

    sample: tuple[DrawnUnit, ...]
    reserve: tuple[DrawnUnit, ...] = ()


def read_sample(path: Path, columns: DrawnColumns, *, agencies: Sequence[AgencyRef]) -> tuple[DrawnUnit, ...]:
    """The units of a drawn sample, CSV or Parquet; raises TableError, or ImportRejected with all faults."""
    reader = _Reader(open_table(path), columns, agencies=agencies, weighted=True)
    return tuple(unit for unit, _order in reader.units())


def read_reserve(
    path: Path, columns: DrawnColumns, *, agencies: Sequence[AgencyRef], sample: Sequence[DrawnUnit]
) -> tuple[DrawnUnit, ...]:
    """The units of a reserve in the order of their use, none of them in the sample, each with a place to take."""
    reader = _Reader(open_table(path), columns, agencies=agencies, weighted=False, sample=sample)
    found = reader.units()
    # Stable: in three stages each village counts from 1, and those of one number stay as the file has them.
    return tuple(unit for unit, _order in sorted(found, key=lambda pair: pair[1]))


def open_fieldwork(
    session: Session,
    wave: WaveRef,
    drawn: Drawn,
    *,
    attempts_needed: int = 3,
    rng: random.Random,
    now: dt.datetime,
) -> fieldworks.FieldworkRef:
    """Begin the fieldwork of a wave; `rng` gives the numbers that letters and paper forms bear."""
    _check(session, wave)
    row = Fieldwork(wave_id=wave.id, attempts_needed=attempts_needed, opened_at=now)
    session.add(row)
    session.flush()
    units = [*drawn.sample, *drawn.reserve]
    numbers = list(range(1, len(units) + 1))
    rng.shuffle(numbers)
    made = _rows(drawn, fieldwork_id=row.id)
    rows = [values | {"number": number} for values, number in zip(made, numbers, strict=True)]
    # In the order of their numbers: no place in the table leads to a place in the frame.
    session.execute(insert(SampledUnit), sorted(rows, key=lambda values: values["number"]))
    return fieldworks.FieldworkRef.of(row)


def _check(session: Session, wave: WaveRef) -> None:
    if wave.stream != Stream.SAMPLE:
        raise ServiceError(
            mark(
                "The wave {wave} is of the stream {stream}, and fieldwork is for a drawn sample: begin one with "
                "`sipas wave add --stream sample`."
            ),
            wave=wave.code,
            stream=wave.stream,
        )
    earlier = fieldworks.find(session, wave)
    if earlier is not None and earlier.closed_at is not None:
        raise AlreadyExistsError(
            mark("The fieldwork of {wave} is closed: another sample needs a wave of its own."), wave=wave.code
        )
    if earlier is not None:
        raise AlreadyExistsError(
            mark("The wave {wave} has a fieldwork already: another sample needs a wave of its own."), wave=wave.code
        )


def _rows(drawn: Drawn, *, fieldwork_id: int) -> Iterator[dict[str, Any]]:
    weights: dict[Group, float] = {}
    for one in drawn.sample:
        weights.setdefault(one.group, one.weight or 0.0)
        yield _row(one, fieldwork_id, weight=one.weight, order=None)
    used: dict[Group, int] = {}
    for one in drawn.reserve:
        used[one.group] = used.get(one.group, 0) + 1
        # Until somebody's place is theirs, and then that one's.
        yield _row(one, fieldwork_id, weight=weights[one.group], order=used[one.group])


def _row(one: DrawnUnit, fieldwork_id: int, *, weight: float | None, order: int | None) -> dict[str, Any]:
    return {
        "fieldwork_id": fieldwork_id,
        "unit": one.unit,
        "agency_id": one.agency_id,
        "stratum": one.stratum,
        "psu": one.psu,
        "weight": weight,
        "reserve_order": order,
    }


class _Reader:
    """Reads the columns of a file and gathers what is wrong with them."""

    def __init__(
        self,
        source: TableFile,
        columns: DrawnColumns,
        *,
        agencies: Sequence[AgencyRef],
        weighted: bool,
        sample: Sequence[DrawnUnit] = (),
    ) -> None:
        self._source = source
        self._problems: list[ImportProblem] = []
        self._parsers: dict[str, tuple[str, Parse]] = {
            "unit": (columns.unit, _once(import_columns.text_of(LONGEST_LABEL), taken={one.unit for one in sample})),
            "agency": (columns.agency, import_columns.agency(agencies)),
            "stratum": (columns.stratum, import_columns.text_of(LONGEST_LABEL)),
        }
        if columns.psu:
            self._parsers["psu"] = columns.psu, import_columns.text_of(LONGEST_LABEL)
        if weighted:
            self._parsers["weight"] = columns.weight, import_columns.weight
        elif ORDER in source.columns:
            self._parsers["order"] = ORDER, _order
        self._groups = None if weighted else {one.group for one in sample}
        check_columns(source.columns, [column for column, _parse in self._parsers.values()])

    def units(self) -> list[tuple[DrawnUnit, int]]:
        """Each row with its order in the reserve, or ImportRejected."""
        names = [column for column, _parse in self._parsers.values()]
        table = self._source.read(texts=list(dict.fromkeys(names)))
        if table.rows > MOST_UNITS:
            raise ServiceError(mark("The sample has more than {most} rows: is it the frame?"), most=MOST_UNITS)
        cells = {name: table.texts[name].labels() for name in names}
        found = [
            self._unit(row, {role: cells[column][row] for role, (column, _parse) in self._parsers.items()})
            for row in range(table.rows)
        ]
        refuse_faults(self._problems)
        return [pair for pair in found if pair is not None]

    def _unit(self, row: int, texts: Mapping[str, str | None]) -> tuple[DrawnUnit, int] | None:
        before = len(self._problems)
        given = {role: self._value(row, role, text) for role, text in texts.items()}
        if len(self._problems) > before:
            return None
        unit = DrawnUnit(given["unit"], given["agency"].id, given["stratum"], given.get("psu"), given.get("weight"))
        if self._groups is not None and unit.group not in self._groups:
            self._tell(row, self._parsers["stratum"][0], unit.stratum, _NO_PLACE)
        return unit, given.get("order", 0)

    def _value(self, row: int, role: str, text: str | None) -> Any:
        column, parse = self._parsers[role]
        if text is None:
            self._tell(row, column, "", Unreadable(mark("Nothing is written here."), mark("Fill it in.")))
            return None
        try:
            return parse(text)
        except Unreadable as fault:
            self._tell(row, column, text, fault)
            return None

    def _tell(self, row: int, column: str, text: str, fault: Unreadable) -> None:
        short = shown(text)
        values = {"value": short, **fault.values}
        line = self._source.place(row)
        self._problems.append(ImportProblem(fault.template, fault.remedy, line, column, short, values))


_NO_PLACE = Unreadable(
    mark("Nobody of the sample is in the stratum and primary unit of this reserve, so that there is no place to take."),
    mark("Take the row out, or give the sample that it was drawn for."),
)


def _once(parse: Parse, *, taken: set[str]) -> Callable[[str], str]:
    seen: set[str] = set()

    def once(text: str) -> str:
        if text in taken:
            raise Unreadable(
                mark("The unit “{value}” is in the sample already."), mark("A reserve has other units: take it out.")
            )
        if text in seen:
            raise Unreadable(mark("The unit “{value}” is there twice."), mark("Delete one of the two rows."))
        seen.add(text)
        return str(parse(text))

    return once


def _order(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= MOST_UNITS):
        raise Unreadable(mark("“{value}” is no place in an order."), mark("Write a whole number from 1."))
    return int(text)
