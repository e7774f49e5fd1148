"""Who visits or writes to whom, and until when: workers, their shares of the work, their lists."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, or_, select, update

from sampling.assignment import assignment
from survey.i18n import mark
from survey.models import Agency, Contact, FieldWorker, SampledUnit
from survey.models.fieldwork import WorkerKind
from survey.services import dispositions, fieldworks, import_columns
from survey.services.errors import NotFoundError, ServiceError
from survey.services.fieldwork_results import number_of
from survey.services.import_columns import Unreadable
from survey.services.import_lines import once, read_lines
from survey.services.spreadsheets import harmless
from survey.services.vietnamese import slug

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.orm import Session

    from survey.services.fieldwork_results import NumberedUnit
    from survey.services.fieldworks import FieldworkRef
    from survey.services.references import AgencyRef

    _Whole = tuple[int | None, int | str, int | str | None]

LONGEST_CODE, LONGEST_NAME = 40, 200
# What stays with one worker whole.
KEPT_WHOLE = ("psu", "agency")


@dataclass(frozen=True, slots=True)
class Load:
    """How many people one worker has to reach, and how many of these are not settled."""

    code: str
    name: str
    people: int
    still_open: int


@dataclass(frozen=True, slots=True)
class SheetRow:
    """Somebody on a worker's list."""

    number: int
    name: str
    address: str
    phone: str
    agency: str
    due: dt.date | None
    attempts: int


def read_workers(data: bytes, *, agencies: Sequence[AgencyRef]) -> list[dict[str, Any]]:
    """The workers of a CSV file; raises ImportRejected with all that is wrong.

    Columns: `code`, `name`, `kind`, and if wanted `agency`, whose people alone the worker reaches.
    """
    columns = {
        "code": import_columns.text_of(LONGEST_CODE),
        "name": import_columns.text_of(LONGEST_NAME),
        "kind": _kind,
        "agency": import_columns.agency(agencies),
    }
    return read_lines(data, columns, required=("code", "name", "kind"), checks=[once("code")])


def keep_workers(session: Session, fieldwork: FieldworkRef, lines: Sequence[Mapping[str, Any]]) -> int:
    """Add workers, or change those who are there; how many lines there were."""
    known = {one.code: one for one in session.scalars(_workers(fieldwork))}
    for line in lines:
        worker = known.get(line["code"])
        if worker is None:
            worker = FieldWorker(fieldwork_id=fieldwork.id, code=line["code"])
            session.add(worker)
        worker.name, worker.kind = line["name"], line["kind"]
        worker.agency_id = line["agency"].id if "agency" in line else None
    session.flush()
    return len(lines)


def assign(session: Session, fieldwork: FieldworkRef, *, by: str, due: dt.date | None) -> tuple[Load, ...]:
    """Share out all who are not settled and have nobody yet: primary units or agencies whole, the work even.

    The people of an agency that has workers of its own are theirs. What a worker has already counts, and stays.
    """
    teams: dict[int | None, list[int]] = {}
    for worker in session.scalars(_workers(fieldwork).order_by(FieldWorker.code)):
        teams.setdefault(worker.agency_id, []).append(worker.id)
    places = [(one, _whole(one, by, teams)) for one in session.scalars(_open_places(fieldwork))]
    free = [(one, group) for one, group in places if one.worker_id is None]
    # Somebody new in a primary unit goes to who is there anyway.
    owner = {group: one.worker_id for one, group in reversed(places) if one.worker_id is not None}
    already = Counter(
        owner[group] if one.worker_id is None else one.worker_id for one, group in places if group in owner
    )
    sizes = Counter(group for _one, group in free if group not in owner)
    for team in dict.fromkeys(group[0] for group in sizes):
        owner |= _shared({group: n for group, n in sizes.items() if group[0] == team}, teams.get(team, []), already)
    for one, group in free:
        one.worker_id = owner[group]
        one.due_on = due
    session.flush()
    return loads(session, fieldwork)


def read_assignments(
    data: bytes, session: Session, fieldwork: FieldworkRef, *, units: Mapping[int, NumberedUnit]
) -> list[dict[str, Any]]:
    """The lines of a CSV file with `number`, `worker`, and if wanted `due`; raises ImportRejected."""
    workers = {one.code: one.id for one in session.scalars(_workers(fieldwork))}
    columns = {"number": number_of(units), "worker": _worker(workers), "due": import_columns.any_day}
    return read_lines(data, columns, required=("number", "worker"), checks=[once("number")])


def keep_assignments(
    session: Session, fieldwork: FieldworkRef, lines: Sequence[Mapping[str, Any]], *, due: dt.date | None
) -> tuple[Load, ...]:
    """Give people to the workers that a file names."""
    rows = [
        {"its_id": line["number"].id, "its_worker": line["worker"], "its_due": line.get("due", due)} for line in lines
    ]
    statement = (
        update(SampledUnit)
        .where(SampledUnit.id == bindparam("its_id"))
        .values(worker_id=bindparam("its_worker"), due_on=bindparam("its_due"))
    )
    session.connection().execute(statement, rows)
    session.expire_all()
    return loads(session, fieldwork)


def loads(session: Session, fieldwork: FieldworkRef) -> tuple[Load, ...]:
    """What each worker has."""
    found = {one.id: [one.code, one.name, 0, 0] for one in session.scalars(_workers(fieldwork))}
    query = select(SampledUnit.worker_id, SampledUnit.disposition).where(
        SampledUnit.fieldwork_id == fieldwork.id, SampledUnit.worker_id.is_not(None), fieldworks.holds_a_place()
    )
    for worker, disposition in session.execute(query):
        found[worker][2] += 1
        found[worker][3] += disposition is None
    return tuple(Load(*one) for one in sorted(found.values()))


def sheet(session: Session, fieldwork: FieldworkRef, code: str) -> list[SheetRow]:
    """The people whom a worker still has to reach, those due first."""
    worker = session.scalar(_workers(fieldwork).where(FieldWorker.code == code))
    if worker is None:
        known = ", ".join(session.scalars(_workers(fieldwork, FieldWorker.code).order_by(FieldWorker.code)))
        raise NotFoundError(mark("There is no worker {code}: the codes are {known}."), code=code, known=known or "–")
    query = (
        select(SampledUnit.number, Contact, Agency.name, SampledUnit.due_on, SampledUnit.attempts)
        .join(Agency, Agency.id == SampledUnit.agency_id)
        .outerjoin(Contact, Contact.unit_id == SampledUnit.id)
        .where(SampledUnit.worker_id == worker.id, _to_be_reached(), fieldworks.holds_a_place())
    )
    rows = [
        SheetRow(number, *_contact(contact), agency=agency, due=due, attempts=attempts)
        for number, contact, agency, due, attempts in session.execute(query)
    ]
    return sorted(rows, key=lambda row: (row.due or dt.date.max, row.number))


def sheet_csv(rows: Sequence[SheetRow]) -> bytes:
    """The list as CSV, with the mark without which Excel misreads Vietnamese."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(["number", "name", "address", "phone", "agency", "due", "attempts", "disposition", "day"])
    for row in rows:
        texts = map(harmless, (row.name, row.address, row.phone, row.agency))
        # The last two are for the worker: the file comes back with them to `sipas fieldwork record`.
        writer.writerow([row.number, *texts, row.due or "", row.attempts, "", ""])
    return text.getvalue().encode("utf-8-sig")


def _shared(
    sizes: Mapping[_Whole, int], workers: Sequence[int], already: Mapping[int | None, int]
) -> dict[_Whole, int]:
    """Which of the workers of one team gets each group."""
    if not workers:
        raise ServiceError(
            mark(
                "There is nobody to share the work among who is not of one agency alone: `sipas fieldwork workers` "
                "adds workers."
            )
        )
    ordered = sorted(sizes, key=str)
    shares = assignment([sizes[group] for group in ordered], already=[already[worker] for worker in workers])
    return {group: workers[share] for group, share in zip(ordered, shares, strict=True)}


def _contact(contact: Contact | None) -> tuple[str, str, str]:
    return (contact.name, contact.address, contact.phone) if contact else ("", "", "")


def _workers(fieldwork: FieldworkRef, what: Any = FieldWorker) -> Any:
    return select(what).where(FieldWorker.fieldwork_id == fieldwork.id)


def _to_be_reached() -> Any:
    """Whoever is not settled, or was not met and may be the next time."""
    again = [one.code for one in dispositions.DISPOSITIONS.values() if one.needs_attempts]
    return or_(SampledUnit.disposition.is_(None), SampledUnit.disposition.in_(again))


def _open_places(fieldwork: FieldworkRef) -> Any:
    return (
        select(SampledUnit)
        .where(SampledUnit.fieldwork_id == fieldwork.id, _to_be_reached(), fieldworks.holds_a_place())
        .order_by(SampledUnit.number)
    )


def _whole(unit: SampledUnit, by: str, teams: Mapping[int | None, object]) -> _Whole:
    """What goes to one worker together: the agency whose workers it is for, and what is kept whole."""
    team = unit.agency_id if unit.agency_id in teams else None
    if by == "agency":
        return team, unit.agency_id, None
    # Without primary units there is nothing to keep whole but the person.
    return team, unit.stratum, unit.psu if unit.psu is not None else unit.id


def _kind(text: str) -> WorkerKind:
    known = {slug(name): kind for name, kind in _KINDS.items()}
    found = known.get(slug(text))
    if found is None:
        raise Unreadable(
            mark("“{value}” is no kind of worker."), mark("Write one of {choices}."), choices=", ".join(WorkerKind)
        )
    return found


_KINDS = {
    **{kind.value: kind for kind in WorkerKind},
    "điều tra viên": WorkerKind.INTERVIEWER,
    "bưu điện": WorkerKind.POST_OFFICE,
    "mặt trận": WorkerKind.FRONT,
}


def _worker(workers: Mapping[str, int]) -> import_columns.Parse:
    def parse(text: str) -> int:
        if text not in workers:
            raise Unreadable(
                mark("There is no worker “{value}”."),
                mark("Use one of {known}, or add the worker first."),
                known=", ".join(sorted(workers)) or "–",
            )
        return workers[text]

    return parse
