"""What became of people who were visited or written to, entered by their numbers; and who takes their places."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.orm import aliased

from sampling.substitution import Kept, Place, Spare, Standing, substitutions
from survey.i18n import mark
from survey.models import Agency, SampledUnit
from survey.services import dispositions, import_columns
from survey.services.import_columns import Unreadable
from survey.services.import_lines import once, read_lines

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from sqlalchemy.orm import Session

    from survey.services.dispositions import Disposition
    from survey.services.fieldworks import FieldworkRef
    from survey.services.import_columns import Parse

COLUMNS = ("number", "disposition", "attempts", "day")
MOST_ATTEMPTS = 99
_OF_A_SHEET = ("name", "address", "phone", "agency", "due")


@dataclass(frozen=True, slots=True)
class NumberedUnit:
    """Somebody who was drawn, as far as a line of a file needs to know."""

    id: int
    number: int
    disposition: str | None
    attempts: int
    holds_a_place: bool
    is_replaced: bool


@dataclass(frozen=True, slots=True)
class Recorded:
    """How many lines were entered, and how many of those people are settled now."""

    lines: int
    settled: int


@dataclass(frozen=True, slots=True)
class Exhausted:
    """A stratum and primary unit whose reserve is used up, and how many places wait in vain."""

    agency: str
    stratum: str
    psu: str | None
    places: int


@dataclass(frozen=True, slots=True)
class Substituted:
    """Who is replaced by whom, by number; how many keep their places and why; where the reserve is used up."""

    pairs: tuple[tuple[int, int], ...]
    kept: Mapping[Kept, int]
    exhausted: tuple[Exhausted, ...]


def units_by_number(session: Session, fieldwork: FieldworkRef) -> dict[int, NumberedUnit]:
    """Everybody of the sample and the reserve."""
    substitute = aliased(SampledUnit)
    query = (
        select(
            SampledUnit.id,
            SampledUnit.number,
            SampledUnit.disposition,
            SampledUnit.attempts,
            or_(SampledUnit.reserve_order.is_(None), SampledUnit.replaces_id.is_not(None)),
            substitute.id.is_not(None),
        )
        .outerjoin(substitute, substitute.replaces_id == SampledUnit.id)
        .where(SampledUnit.fieldwork_id == fieldwork.id)
    )
    return {row[1]: NumberedUnit(*row) for row in session.execute(query)}


def read_results(
    data: bytes, units: Mapping[int, NumberedUnit], *, opened_on: dt.date, today: dt.date
) -> list[dict[str, Any]]:
    """The lines of a CSV file, or ImportRejected with everything that is wrong with it.

    Columns: `number`; `disposition`, empty for who is not settled yet; `attempts` so far; `day`. A worker's list
    that comes back has more, which nobody reads.
    """
    columns: dict[str, Parse] = {
        **dict.fromkeys(_OF_A_SHEET, str),
        "number": number_of(units),
        "disposition": _disposition,
        "attempts": _attempts,
        "day": _day(opened_on=opened_on, today=today),
    }
    return read_lines(data, columns, required=("number",), checks=[once("number"), _may_be_entered, _says_something])


def record(session: Session, lines: Sequence[Mapping[str, Any]], *, today: dt.date) -> Recorded:
    """Enter what `read_results` read, of a fieldwork that runs."""
    rows = []
    for line in lines:
        unit, found = line["number"], line.get("disposition")
        rows.append(
            {
                "its_id": unit.id,
                "its_disposition": found.code if found else unit.disposition,
                "its_attempts": line.get("attempts", unit.attempts + (found is not None or "day" in line)),
                "its_day": line.get("day", today) if found else None,
            }
        )
    settling = [row for row in rows if row["its_day"]]
    trying = [row for row in rows if not row["its_day"]]
    for some, values in ((settling, _SETTLED), (trying, _TRIED)):
        if some:
            session.connection().execute(values, some)
    return Recorded(len(rows), len(settling))


def substitute(session: Session, fieldwork: FieldworkRef, *, due: dt.date | None = None) -> Substituted:
    """Give the places of those who will not answer to the reserve, by the rules of `sampling.substitution`.

    A substitute is to be reached until `due`, or until the day by which the other was.
    """
    units = {one.number: one for one in session.scalars(_all_of(fieldwork))}
    replaced = {one.replaces_id for one in units.values()}
    holding = [one for one in units.values() if _holds(one) and one.id not in replaced]
    places = [Place(one.number, _group(one), standing(one), one.attempts) for one in holding]
    spare = [Spare(one.number, _group(one), one.reserve_order or 0) for one in units.values() if not _holds(one)]
    found = substitutions(places, spare, attempts_needed=fieldwork.attempts_needed)
    for number, other in found.pairs:
        _give_place(units[number], units[other], due=due)
    session.flush()
    waiting = [units[number] for number, reason in found.kept.items() if reason is Kept.RESERVE_USED_UP]
    return Substituted(found.pairs, Counter(found.kept.values()), _exhausted(session, waiting))


def standing(unit: SampledUnit) -> Standing:
    """How it stands with somebody."""
    if unit.disposition is None:
        return Standing.OPEN
    if unit.disposition == dispositions.ANSWERED:
        return Standing.ANSWERED
    return Standing.NOT_MET if dispositions.DISPOSITIONS[unit.disposition].needs_attempts else Standing.SETTLED


_OF_UNIT = update(SampledUnit).where(
    SampledUnit.id == bindparam("its_id"),
    # An answer that came in meanwhile stands.
    SampledUnit.disposition.is_distinct_from(dispositions.ANSWERED),
)
_TRIED = _OF_UNIT.values(attempts=bindparam("its_attempts"))
_SETTLED = _OF_UNIT.values(
    attempts=bindparam("its_attempts"), disposition=bindparam("its_disposition"), settled_on=bindparam("its_day")
)


def _all_of(fieldwork: FieldworkRef) -> Any:
    return select(SampledUnit).where(SampledUnit.fieldwork_id == fieldwork.id)


def _holds(unit: SampledUnit) -> bool:
    return unit.reserve_order is None or unit.replaces_id is not None


def _group(unit: SampledUnit) -> tuple[str, str | None]:
    return unit.stratum, unit.psu


def _give_place(unit: SampledUnit, other: SampledUnit, *, due: dt.date | None) -> None:
    other.replaces_id = unit.id
    other.weight = unit.weight
    other.worker_id = unit.worker_id
    other.due_on = due or unit.due_on


def _exhausted(session: Session, waiting: Sequence[SampledUnit]) -> tuple[Exhausted, ...]:
    counts = Counter((one.agency_id, one.stratum, one.psu) for one in waiting)
    codes = dict(session.execute(select(Agency.id, Agency.code)).all()) if counts else {}
    found = [Exhausted(codes[agency], stratum, psu, n) for (agency, stratum, psu), n in counts.items()]
    return tuple(sorted(found, key=lambda one: (one.agency, one.stratum, one.psu or "")))


def number_of(units: Mapping[int, NumberedUnit]) -> Parse:
    """A column of numbers of people who were drawn."""

    def parse(text: str) -> NumberedUnit:
        found = units.get(int(text)) if text.isascii() and text.isdigit() else None
        if found is None:
            raise Unreadable(
                mark("Nobody who was drawn has the number “{value}”."),
                mark("Copy it from the letter, the paper form or the worker's list."),
            )
        return found

    return parse


def _disposition(text: str) -> Disposition:
    found = dispositions.find(text)
    if found is None:
        raise Unreadable(
            mark("“{value}” is no disposition."), mark("Write a code that `sipas fieldwork dispositions` lists.")
        )
    if not found.by_hand:
        raise Unreadable(
            mark("Nobody is entered as having answered: an answer does that itself."),
            mark("Key the paper form in by its code, and delete the line."),
        )
    return found


def _attempts(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= MOST_ATTEMPTS):
        raise Unreadable(
            mark("“{value}” is no number of attempts."),
            mark("Write a whole number from 0 to {most}."),
            most=MOST_ATTEMPTS,
        )
    return int(text)


def _day(*, opened_on: dt.date, today: dt.date) -> Parse:
    def parse(text: str) -> dt.date:
        read = import_columns.any_day(text)
        if not opened_on <= read <= today:
            raise Unreadable(
                mark("The day {value} is not one of the fieldwork, from {first} to today."),
                mark("Correct the day, or empty the cell: it is today then."),
                first=opened_on,
            )
        return read

    return parse


def _may_be_entered(given: Mapping[str, Any]) -> None:
    unit: NumberedUnit = given["number"]
    if unit.disposition == dispositions.ANSWERED:
        raise Unreadable(
            mark("The person with this number has answered."),
            mark("The answer stands: delete the line."),
            column="number",
        )
    if unit.is_replaced:
        raise Unreadable(
            mark("Somebody else has the place of this person already."),
            mark("What was entered before stands: delete the line."),
            column="number",
        )
    if not unit.holds_a_place:
        raise Unreadable(
            mark("The person with this number is in the reserve and has no place yet."),
            mark("Check the number; `sipas fieldwork substitute` gives places to the reserve."),
            column="number",
        )


def _says_something(given: Mapping[str, Any]) -> None:
    if not given.keys() & {"disposition", "attempts", "day"}:
        raise Unreadable(
            mark("The line says nothing of this person."),
            mark("Write a disposition, the attempts or the day of one."),
            column="number",
        )
