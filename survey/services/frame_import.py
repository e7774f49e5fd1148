"""From a list of transactions or residents to a frame: read once, judged row by row, written without names.

Who is there twice is found by a keyed hash whose key is made for one import and kept in memory only. Neither it nor the
hashes are written anywhere, and a row of the frame is known by a random number.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import partial
from itertools import chain, compress
from typing import TYPE_CHECKING

import numpy as np

from sampling.frame import (
    UNKNOWN,
    ListedUnits,
    Persons,
    Reason,
    Tally,
    out_of_scope,
    period_name,
    periods,
    person_keys,
)
from survey.i18n import mark
from survey.services import frame_cells as cells
from survey.services.errors import ServiceError
from survey.services.frame_columns import find_heading, told
from survey.services.frame_faults import Faults
from survey.services.frame_writing import frame_writer, whole_files, write_strata
from survey.services.import_problems import rejected
from survey.services.listed_rows import ListedRows, check_spelling, open_list

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from survey.services.frame_columns import FrameColumns
    from survey.services.frame_faults import Cells
    from survey.services.references import AgencyRef

MOST_ROWS = 5_000_000
STRATA_OF = ("agency", "level", "field", "period")
ONCE_PER = ("frame", "agency")
_OWN_COLUMNS = ("unit", "agency", "level", "field", "day", "period", "stratum")
_BYTES_OF_A_KEY, _BYTES_OF_A_UNIT = 32, 8
_MOST_UNKNOWN = 1000


@dataclass(frozen=True, slots=True)
class FrameWanted:
    """What is to be made of a list."""

    mapping: tuple[str, ...] = ()  # As `agency=Đơn vị`.
    keep: tuple[str, ...] = ()
    first_day: dt.date | None = None
    last_day: dt.date | None = None
    received: tuple[str, ...] = ()  # Words of the status that count; those in use where empty.
    once_per: str = "frame"
    period: str = "month"
    stratum: tuple[str, ...] = ("agency",)
    sheet: str | None = None


@dataclass(frozen=True, slots=True)
class FrameCount:
    """How many units of the frame one agency has in one field and period; empty where the list does not say."""

    agency: str
    level: str
    field: str
    period: str
    n: int


@dataclass(frozen=True, slots=True)
class Unknown:
    """Something in the list that kept rows out of the frame, how many, and what may have been meant."""

    value: str
    n: int
    remedy: str = ""
    values: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class FrameReport:
    """What became of a list."""

    kind: str
    columns: Mapping[str, str]
    rows: int
    kept: int
    unidentified: int  # Of those kept: rows that do not say who it was.
    out_of_scope: Mapping[Reason, int]
    unknown_agencies: tuple[Unknown, ...]
    other_statuses: tuple[Unknown, ...]
    counts: tuple[FrameCount, ...]
    strata: Mapping[str, int]


def import_frame(
    path: Path,
    wanted: FrameWanted,
    *,
    agencies: Sequence[AgencyRef],
    out: Path,
    strata_out: Path | None = None,
    random_bytes: Callable[[int], bytes],
    progress: Callable[[float], None] | None = None,
) -> FrameReport:
    """Write the frame that is in a list, all of it or nothing; raises ImportRejected with what is wrong."""
    outs = [out] if strata_out is None else [out, strata_out]
    _check_files(path, outs)
    source = open_list(path, sheet=wanted.sheet)
    with source.parts() as parts, whole_files(outs) as streams:
        heading, reading = _begin(parts, wanted, agencies=agencies, random_bytes=random_bytes)
        with frame_writer(out, streams[0], reading.names) as writer:
            for part in chain([heading], parts):
                writer.write(reading.take(part))
                if progress is not None:
                    progress(part.share_read)
        reading.check()
        report = reading.report(source.kind)
        if strata_out is not None:
            write_strata(streams[1], report.strata.items())
    return report


def _check_files(path: Path, outs: Sequence[Path]) -> None:
    for out in outs:
        if out.exists() and out.samefile(path):
            raise ServiceError(mark("{out} is the list itself: write the frame to another file"), out=out)
    if len({out.absolute() for out in outs}) < len(outs):
        raise ServiceError(mark("the frame and its strata need two files, and {out} is both"), out=outs[0])


def _begin(
    parts: Iterator[ListedRows],
    wanted: FrameWanted,
    *,
    agencies: Sequence[AgencyRef],
    random_bytes: Callable[[int], bytes],
) -> tuple[ListedRows, _Reading]:
    """The first rows below the heading, and what reads them."""
    part = next(parts, None)
    if part is None:
        raise rejected(mark("The file is empty."), mark("Export it again with a heading and at least one line."))
    check_spelling("\n".join(" ".join(record) for record in part.records[:_MOST_UNKNOWN]))
    at, columns = find_heading(part.records, told(wanted.mapping), wanted.keep, added=_OWN_COLUMNS)
    _check_wanted(wanted, columns)
    below = ListedRows(part.first + at + 1, part.records[at + 1 :], part.share_read)
    return below, _Reading(wanted, columns, agencies=agencies, random_bytes=random_bytes)


def _check_wanted(wanted: FrameWanted, columns: FrameColumns) -> None:
    needs = {"field": "field", "period": "day"}
    for part in wanted.stratum:
        if needs.get(part, "agency") not in columns.places:
            raise _needs_column(needs[part])
    if (wanted.first_day or wanted.last_day) and "day" not in columns.places:
        raise _needs_column("day")


def _needs_column(role: str) -> Exception:
    return rejected(
        mark("The list has no column that was recognised as {role}, which is needed here."),
        mark("Say which it is by --map {role}=COLUMN."),
        role=role,
    )


class _Reading:
    """Reads part after part and remembers what the next one needs: counts, persons, faults."""

    def __init__(
        self,
        wanted: FrameWanted,
        columns: FrameColumns,
        *,
        agencies: Sequence[AgencyRef],
        random_bytes: Callable[[int], bytes],
    ) -> None:
        self._wanted = wanted
        self._columns = columns
        self._known = agencies
        self._random_bytes = random_bytes
        self._key = random_bytes(_BYTES_OF_A_KEY)
        self._agencies, self._fields, self._days = cells.Agencies(agencies), cells.Fields(), cells.Days()
        self._received, self._kept = cells.Received(wanted.received), cells.Kept()
        self._persons, self._tally, self._faults = Persons(), Tally(), Faults(columns)
        self._codes = np.array([agency.code for agency in agencies], dtype=object)
        self._levels = np.array([agency.level for agency in agencies], dtype=object)
        self._reasons = np.zeros(len(Reason) + 1, dtype=np.int64)
        self._unidentified = 0
        self._unknown_agencies, self._other_statuses = Counter[str](), Counter[str]()
        absent = {"field": ["field"], "day": ["day", "period"]}
        left_out = [name for role, names in absent.items() if role not in columns.places for name in names]
        self.names = [*(name for name in _OWN_COLUMNS if name not in left_out), *columns.kept]

    def take(self, part: ListedRows) -> list[Sequence[str]]:
        """The columns of the frame for those rows of a part that are in it."""
        numbers, rows = self._faults.fitted(part)
        units = self._units(numbers, rows)
        found = out_of_scope(
            units,
            self._persons,
            first_day=self._wanted.first_day,
            last_day=self._wanted.last_day,
            day_needed="day" in self._columns.places and "status" not in self._columns.places,
        )
        self._reasons += np.bincount(found + 1, minlength=len(self._reasons))
        if self._reasons.sum() > MOST_ROWS:
            raise rejected(
                mark("The list has more than {most} rows."), mark("Split it into several files."), most=MOST_ROWS
            )
        self._note(rows, found)
        return self._frame(rows, units, found == UNKNOWN)

    def check(self) -> None:
        """Refuse a list with faults, or one of which nothing is left."""
        self._faults.refuse()
        if not self._reasons.sum():
            raise rejected(mark("The file has a heading and no lines."), mark("Add at least one line."))
        if not self._reasons[0]:
            raise self._empty()

    def report(self, kind: str) -> FrameReport:
        """What became of the list."""
        counts = tuple(self._count(*labels, n) for labels, n in self._tally.counts())
        strata: Counter[str] = Counter()
        for count in counts:
            strata[" / ".join(getattr(count, part) or "–" for part in self._wanted.stratum)] += count.n
        return FrameReport(
            kind=kind,
            columns=self._columns.named(),
            rows=int(self._reasons.sum()),
            kept=int(self._reasons[0]),
            unidentified=self._unidentified,
            out_of_scope=dict(zip(Reason, self._reasons[1:].tolist(), strict=True)),
            unknown_agencies=tuple(self._explained()),
            other_statuses=tuple(Unknown(value, n) for value, n in self._other_statuses.most_common()),
            counts=counts,
            strata=dict(strata),
        )

    def _looked_up(self, rows: Cells, role: str, known: Mapping[str, int], *, otherwise: int) -> NDArray[np.int64]:
        """What the cells of a role's column stand for, where the list has that column."""
        places = self._columns.places.get(role)
        return rows.looked_up(places[0], known) if places else np.full(len(rows), otherwise, dtype=np.int64)

    def _units(self, numbers: NDArray[np.int64], rows: Cells) -> ListedUnits:
        agency = self._looked_up(rows, "agency", self._agencies, otherwise=UNKNOWN)
        field = self._looked_up(rows, "field", self._fields, otherwise=UNKNOWN)
        day = self._looked_up(rows, "day", self._days, otherwise=cells.NO_DAY)
        received = self._looked_up(rows, "status", self._received, otherwise=True)
        agency = self._faults.codes("agency", agency, numbers, rows)
        field = self._faults.codes("field", field, numbers, rows)
        person, identified = self._who(numbers, rows, agency)
        return ListedUnits(
            agency=agency,
            field=field,
            day=self._faults.days(day, numbers, rows),
            received=received.astype(np.bool_),
            person=person,
            identified=identified,
        )

    def _who(
        self, numbers: NDArray[np.int64], rows: Cells, agency: NDArray[np.int64]
    ) -> tuple[NDArray[np.uint64], NDArray[np.bool_]]:
        columns = [rows.texts(at) for at in self._columns.places.get("person", ())]
        if not columns or not len(rows):
            return np.zeros(len(rows), dtype=np.uint64), np.zeros(len(rows), dtype=np.bool_)
        texts, given, shortened = cells.identities(columns)
        self._faults.shortened(shortened, numbers, rows)
        if self._wanted.once_per == "agency":
            texts = [f"{text}\0{code}" for text, code in zip(texts, agency.tolist(), strict=True)]
        return person_keys(texts, key=self._key), given

    def _note(self, rows: Cells, found: NDArray[np.int8]) -> None:
        """Remember what kept rows out, as far as it is a word of the office and not a person's."""
        for reason, role, seen in (
            (Reason.UNKNOWN_AGENCY, "agency", self._unknown_agencies),
            (Reason.NOT_RECEIVED, "status", self._other_statuses),
        ):
            out = found == list(Reason).index(reason)
            for at in self._columns.places.get(role, ()) if out.any() else ():
                for text, n in Counter(compress(rows.texts(at), out.tolist())).items():
                    if text in seen or len(seen) < _MOST_UNKNOWN:
                        seen[text] += n

    def _frame(self, rows: Cells, units: ListedUnits, chosen: NDArray[np.bool_]) -> list[Sequence[str]]:
        agency, field, day = units.agency[chosen], units.field[chosen], units.day[chosen]
        period = periods(day, period=self._wanted.period)
        self._tally.add(agency, field, period)
        if "person" in self._columns.places:
            self._unidentified += int((~units.identified[chosen]).sum())
        named: dict[str, Sequence[str]] = {
            "unit": self._unit_numbers(len(agency)),
            "agency": self._codes[agency].tolist(),
            "level": self._levels[agency].tolist(),
            "field": cells.spelt(field, self._field),
            "day": cells.spelt(day.astype(np.int64), cells.day_name),
            "period": cells.spelt(period, partial(period_name, period=self._wanted.period)),
        }
        labels = [[label or "–" for label in named[part]] for part in self._wanted.stratum]
        named["stratum"] = labels[0] if len(labels) == 1 else list(map(" / ".join, zip(*labels, strict=True)))
        named |= self._kept_columns(rows, chosen)
        return [named[name] for name in self.names]

    def _kept_columns(self, rows: Cells, chosen: NDArray[np.bool_]) -> dict[str, list[str]]:
        found = {}
        for name, at in self._columns.kept.items():
            values = [self._kept[text] for text in compress(rows.texts(at), chosen.tolist())]
            self._faults.personal(name, values)
            found[name] = [value or "" for value in values]
        return found

    def _unit_numbers(self, count: int) -> list[str]:
        text, width = self._random_bytes(_BYTES_OF_A_UNIT * count).hex(), 2 * _BYTES_OF_A_UNIT
        return [text[at : at + width] for at in range(0, len(text), width)]

    def _field(self, position: int) -> str:
        return "" if position == UNKNOWN else self._fields.names[position]

    def _count(self, agency: int, field: int, period: int, n: int) -> FrameCount:
        known = self._known[agency]
        return FrameCount(
            known.code, known.level, self._field(field), period_name(period, period=self._wanted.period), n
        )

    def _explained(self) -> Iterator[Unknown]:
        for value, n in self._unknown_agencies.most_common():
            fault = self._agencies.unknown.get(value)
            yield Unknown(value, n, fault.remedy, fault.values) if fault else Unknown(value, n)

    def _empty(self) -> Exception:
        reason = list(Reason)[int(np.argmax(self._reasons[1:]))]
        return rejected(
            mark("No row is left for the frame: {rows} of {all} are out for the reason {reason}."),
            mark("Look at the columns and the period; the first value that was not known is “{value}”."),
            rows=int(self._reasons[1:].max()),
            all=int(self._reasons.sum()),
            reason=reason.value,
            value=next(iter(self._unknown_agencies or self._other_statuses), "–"),
        )
