"""To whom a letter is due, and the codes that letters were printed with.

A first letter is for who has no code yet, a reminder for who has one and is not settled. The code of a reminder takes
the place of the one before it, which nobody knows any more: only its hash was kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import joinedload

from survey.i18n import mark
from survey.models import Agency, Contact, FieldWorker, SampledUnit
from survey.services import fieldworks, slip_codes
from survey.services.errors import NotFoundError, ServiceError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from sqlalchemy import ColumnElement, Select
    from sqlalchemy.orm import Session

    from survey.services.fieldworks import FieldworkRef
    from survey.services.references import WaveRef

LARGEST_FILE = 500

# Only while it has the code that it had: another file of letters may have been kept meanwhile.
_GIVEN = (
    update(SampledUnit)
    .where(SampledUnit.id == bindparam("unit_id"))
    .where(SampledUnit.code_hash.is_not_distinct_from(bindparam("before")))
)


@dataclass(frozen=True, slots=True)
class Addressee:
    """Somebody who was drawn, as a letter needs it. `code_hash` is of the letter before, where there was one."""

    unit_id: int
    number: int
    name: str
    address: str
    agency_name: str
    code_hash: bytes | None


@dataclass(frozen=True, slots=True)
class Mailing:
    """Letters for one file, in the order of printing, and how many are due without an address being known."""

    wave: WaveRef
    addressees: tuple[Addressee, ...]
    without_contact: int


def due(
    session: Session,
    wave_code: str,
    *,
    today: dt.date,
    remind: bool = False,
    worker: str | None = None,
    agency: str | None = None,
    batch: int | None = None,
) -> Mailing:
    """The letters that are due: by worker, so that each has a pile, then by number.

    `batch` is the first, second, … LARGEST_FILE by number; it has the same people however many have answered since.
    """
    fieldwork = _open_fieldwork(session, wave_code, today=today)
    query = _due(remind=remind).where(SampledUnit.fieldwork_id == fieldwork.id)
    for condition in _conditions(session, fieldwork, worker=worker, agency=agency, batch=batch):
        query = query.where(condition)
    found = session.execute(query).all()
    addressees = tuple(_addressee(unit, contact) for unit, contact in found if contact is not None)
    _check_size(addressees, found)
    return Mailing(fieldwork.wave, addressees, len(found) - len(addressees))


def draw(addressees: Sequence[Addressee], *, rng: Callable[[int], bytes]) -> dict[int, str]:
    """A new code for each, by number. `rng` gives that many random bytes, as `secrets.token_bytes` does."""
    drawn: dict[str, None] = {}
    while len(drawn) < len(addressees):
        drawn[slip_codes.made(rng)] = None
    return {one.number: code for one, code in zip(addressees, drawn, strict=True)}


def keep(session: Session, addressees: Iterable[Addressee], drawn: Mapping[int, str], *, key: bytes) -> None:
    """Keep the codes that were printed, all or none. `key` is the installation's for `invitations.KEY_PURPOSE`."""
    for one in addressees:
        code_hash = slip_codes.hash_of(drawn[one.number], key=key)
        values = {"unit_id": one.unit_id, "before": one.code_hash}
        kept = session.connection().execute(_GIVEN.values(code_hash=code_hash), values)
        if kept.rowcount != 1:
            raise ServiceError(
                mark("Letter no. {number} was printed by somebody else meanwhile: nothing was kept. Print again."),
                number=one.number,
            )


def _open_fieldwork(session: Session, wave_code: str, *, today: dt.date) -> FieldworkRef:
    fieldwork = fieldworks.not_closed(session, wave_code)
    if fieldwork.wave.closes_on < today:
        raise ServiceError(mark("The wave {code} is over: no letter can be answered any more."), code=wave_code)
    return fieldwork


def _due(*, remind: bool) -> Select[SampledUnit, Contact]:
    """Who holds a place, is not settled and has, or has not, been written to."""
    written_to = SampledUnit.code_hash.is_not(None) if remind else SampledUnit.code_hash.is_(None)
    return (
        select(SampledUnit, Contact)
        .outerjoin(Contact, Contact.unit_id == SampledUnit.id)
        .outerjoin(FieldWorker, FieldWorker.id == SampledUnit.worker_id)
        .where(fieldworks.holds_a_place(), written_to, SampledUnit.disposition.is_(None))
        .options(joinedload(SampledUnit.agency))
        .order_by(FieldWorker.code, SampledUnit.number)
    )


def _conditions(
    session: Session, fieldwork: FieldworkRef, *, worker: str | None, agency: str | None, batch: int | None
) -> Iterable[ColumnElement[bool]]:
    if worker is not None:
        query = select(FieldWorker.id).where(FieldWorker.fieldwork_id == fieldwork.id, FieldWorker.code == worker)
        worker_id = session.scalar(query)
        if worker_id is None:
            raise NotFoundError(mark("Nobody with the code {code} works on this sample."), code=worker)
        yield SampledUnit.worker_id == worker_id
    if agency is not None:
        agency_id = session.scalar(select(Agency.id).where(Agency.code == agency))
        if agency_id is None:
            raise NotFoundError(mark("There is no agency with the code {code}."), code=agency)
        yield SampledUnit.agency_id == agency_id
    if batch is not None:
        yield SampledUnit.number.between(LARGEST_FILE * (batch - 1) + 1, LARGEST_FILE * batch)


def _addressee(unit: SampledUnit, contact: Contact) -> Addressee:
    return Addressee(unit.id, unit.number, contact.name, contact.address, unit.agency.name, unit.code_hash)


def _check_size(addressees: Sequence[Addressee], found: Sequence[object]) -> None:
    if not addressees and found:
        message = mark("{n} letters are due, and no address is known: `sipas fieldwork contacts` takes them in.")
        raise ServiceError(message, n=len(found))
    if not addressees:
        raise ServiceError(mark("No letter is due here: all have one, have answered or are settled otherwise."))
    if len(addressees) > LARGEST_FILE:
        raise ServiceError(
            mark("{n} letters are due, and a file has {most} at most: name --worker, --agency or --batch 1, 2, …"),
            n=len(addressees),
            most=LARGEST_FILE,
        )
