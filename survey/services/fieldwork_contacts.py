"""Contacts of those who were drawn, looked up in the office's own list, of which nothing else is kept.

What leads from the list to a unit is a column that the frame kept (a transaction's number). It is read from the drawn
sample's file again and stands in no table.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, delete, insert, select

from survey.engine.tables import check_columns, open_table
from survey.i18n import mark
from survey.models import Contact, SampledUnit
from survey.services import fieldworks
from survey.services.frame_columns import MOST_LINES_ABOVE
from survey.services.import_lines import refuse_faults
from survey.services.import_problems import ImportProblem, rejected, shown
from survey.services.listed_rows import check_spelling, open_list
from survey.services.vietnamese import tidy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from sqlalchemy.orm import Session

    from survey.services.fieldworks import FieldworkRef
    from survey.services.listed_rows import ListedRows

# What the table has room for.
LONGEST = {"name": 200, "address": 400, "phone": 40}
# Rows whose spelling tells that of the whole list.
_FIRST_ROWS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactColumns:
    """What the columns of the list are called: the one to match by, and at least the name and one way to reach them."""

    match: str
    name: str
    address: str | None = None
    phone: str | None = None

    @property
    def wanted(self) -> dict[str, str]:
        """The headings by what they are."""
        given = {"match": self.match, "name": self.name, "address": self.address, "phone": self.phone}
        return {role: tidy(column) for role, column in given.items() if column}


@dataclass(frozen=True, slots=True)
class Found:
    """What the list says of those who were drawn, by the unit; of the ambiguous it says more than one thing."""

    contacts: Mapping[str, tuple[str, str, str]]
    ambiguous: frozenset[str]
    rows: int


@dataclass(frozen=True, slots=True)
class ContactsKept:
    """How many were found, and the numbers of those who hold a place and have none."""

    found: int
    ambiguous: tuple[int, ...]
    without: tuple[int, ...]


def units_by_match(paths: Sequence[Path], *, unit: str, match: str) -> dict[str, str]:
    """The unit that each value of the column `match` stands for, from the files of the sample and its reserve."""
    found: dict[str, str] = {}
    for path in paths:
        source = open_table(path)
        check_columns(source.columns, [unit, match])
        table = source.read(texts=list(dict.fromkeys([unit, match])))
        pairs = zip(table.texts[unit].labels(), table.texts[match].labels(), strict=True)
        for row, (one, value) in enumerate(pairs):
            if one is None or value is None:
                continue
            if found.setdefault(tidy(value), one) != one:
                raise rejected(
                    mark("{file}: the value “{value}” of {column} stands for two units, and nobody knows which."),
                    mark("Match by a column that is another one in every row."),
                    line=source.place(row),
                    file=path.name,
                    value=shown(value),
                    column=match,
                )
    return found


def look_up(
    path: Path,
    columns: ContactColumns,
    units: Mapping[str, str],
    *,
    sheet: str | None = None,
    progress: Callable[[float], None] | None = None,
) -> Found:
    """The contacts of these units in a list, CSV or XLSX; raises ImportRejected with everything that is wrong."""
    with open_list(path, sheet=sheet).parts() as parts:
        first = next(parts, None)
        if first is None:
            raise rejected(mark("The file is empty."), mark("Export it again with a heading and at least one line."))
        check_spelling("\n".join(" ".join(record) for record in first.records[:_FIRST_ROWS]))
        heading, places = _heading(first.records, columns.wanted)
        reading = _Reading(columns.wanted, places, units)
        reading.take(first, skip=heading + 1)
        for part in parts:
            reading.take(part)
            if progress is not None:
                progress(part.share_read)
    refuse_faults(reading.problems)
    return Found(reading.contacts, frozenset(reading.ambiguous), reading.rows)


def keep(session: Session, fieldwork: FieldworkRef, found: Found) -> ContactsKept:
    """Keep what was found in place of what was known of the same people."""
    units = dict(
        session.execute(select(SampledUnit.unit, SampledUnit.id).where(SampledUnit.fieldwork_id == fieldwork.id)).all()
    )
    rows = [
        {"unit_id": units[unit], "name": name, "address": address, "phone": phone}
        for unit, (name, address, phone) in found.contacts.items()
        if unit in units
    ]
    if rows:
        # One statement has room for some ten thousand numbers only.
        earlier = delete(Contact).where(Contact.unit_id == bindparam("its_id"))
        session.connection().execute(earlier, [{"its_id": row["unit_id"]} for row in rows])
        session.execute(insert(Contact), rows)
    numbers = _numbers(session, fieldwork)
    return ContactsKept(
        found=len(rows),
        ambiguous=tuple(sorted(number for unit, number in numbers.items() if unit in found.ambiguous)),
        without=without(session, fieldwork),
    )


def without(session: Session, fieldwork: FieldworkRef) -> tuple[int, ...]:
    """The numbers of those who hold a place and of whom no contact is known."""
    known = select(Contact.unit_id)
    query = (
        select(SampledUnit.number)
        .where(SampledUnit.fieldwork_id == fieldwork.id, fieldworks.holds_a_place(), SampledUnit.id.not_in(known))
        .order_by(SampledUnit.number)
    )
    return tuple(session.scalars(query))


def erase(session: Session, fieldwork: FieldworkRef) -> int:
    """Erase all contacts of a fieldwork, and return how many there were."""
    units = select(SampledUnit.id).where(SampledUnit.fieldwork_id == fieldwork.id)
    result = session.connection().execute(delete(Contact).where(Contact.unit_id.in_(units)))
    return int(result.rowcount)


def _numbers(session: Session, fieldwork: FieldworkRef) -> dict[str, int]:
    query = select(SampledUnit.unit, SampledUnit.number).where(SampledUnit.fieldwork_id == fieldwork.id)
    return dict(session.execute(query).all())


class _Reading:
    """Reads the rows of a list and remembers those of people who were drawn."""

    def __init__(self, wanted: Mapping[str, str], places: Mapping[str, int], units: Mapping[str, str]) -> None:
        self.contacts: dict[str, tuple[str, str, str]] = {}
        self.ambiguous: set[str] = set()
        self.problems: list[ImportProblem] = []
        self.rows = 0
        self._wanted, self._places, self._units = wanted, places, units

    def take(self, part: ListedRows, *, skip: int = 0) -> None:
        at = self._places["match"]
        for number, record in enumerate(part.records[skip:], start=part.first + skip):
            self.rows += any(record)
            unit = self._units.get(tidy(record[at])) if at < len(record) else None
            if unit is not None:
                self._keep(unit, number, record)

    def _keep(self, unit: str, line: int, record: Sequence[str]) -> None:
        before = len(self.problems)
        name, address, phone = (self._cell(role, line, record) for role in LONGEST)
        if not name or not (address or phone):
            role = "name" if not name else "address" if "address" in self._wanted else "phone"
            self._tell(line, role, "", mark("Nothing is written here."), mark("Fill it in, or take the row out."))
        if len(self.problems) > before or unit in self.ambiguous:
            return
        if self.contacts.setdefault(unit, (name, address, phone)) != (name, address, phone):
            # Two people under one number: a letter to the wrong one would tell of the other.
            del self.contacts[unit]
            self.ambiguous.add(unit)

    def _cell(self, role: str, line: int, record: Sequence[str]) -> str:
        at = self._places.get(role)
        text = tidy(record[at]) if at is not None and at < len(record) else ""
        if len(text) > LONGEST[role]:
            remedy = mark("Shorten it to {longest} characters or fewer.")
            self._tell(line, role, text, mark("The text has {length} characters."), remedy)
        return text

    def _tell(self, line: int, role: str, text: str, template: str, remedy: str) -> None:
        values = {"length": len(text), "longest": LONGEST[role]}
        # Without the value: a message may be copied into a letter for help.
        self.problems.append(ImportProblem(template, remedy, line, self._wanted[role], None, values))


def _heading(records: Sequence[Sequence[str]], wanted: Mapping[str, str]) -> tuple[int, dict[str, int]]:
    """Which record is the heading, and where in it the columns are."""
    lines = [[tidy(cell) for cell in record] for record in records[:MOST_LINES_ABOVE]]
    for at, heading in enumerate(lines):
        if set(wanted.values()) <= set(heading):
            return at, {role: heading.index(column) for role, column in wanted.items()}
    nearest = max(lines, key=lambda heading: (len(set(wanted.values()) & set(heading)), sum(map(bool, heading))))
    raise next(_missing(nearest, wanted.values()))


def _missing(heading: Sequence[str], wanted: Iterable[str]) -> Iterator[Exception]:
    names = [name for name in heading if name]
    for column in wanted:
        if column in names:
            continue
        close = get_close_matches(column, names, n=1, cutoff=0.5)
        yield rejected(
            mark("There is no column “{column}”."),
            mark("Did you mean “{nearest}”?") if close else mark("The columns are: {columns}."),
            column=shown(column),
            nearest=close[0] if close else "",
            columns=", ".join(map(shown, names)),
        )
