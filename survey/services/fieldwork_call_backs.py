"""Calling back (phúc tra): who is called back, and how far what comes in agrees with the first form."""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, func, select, update

from analysis.agreement import agreement, by_worker
from sampling.call_backs import call_back_sample
from sampling.record import generator
from survey.i18n import mark
from survey.models import Agency, Contact, FieldWorker, SampledUnit
from survey.services import dispositions, fieldworks, import_columns
from survey.services.errors import AlreadyExistsError, ServiceError
from survey.services.import_columns import LONGEST_LABEL
from survey.services.import_lines import read_lines
from survey.services.spreadsheets import harmless

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from analysis.agreement import Agreement, WorkerAgreement
    from survey.services.fieldworks import FieldworkRef

LEAST, MOST = 0.05, 0.10
# Whoever answered by letter alone has no worker.
NOBODY = "–"
COLUMNS = ("item", "first", "second")


@dataclass(frozen=True, slots=True)
class CalledBack:
    """Somebody who is to be called back."""

    number: int
    worker: str
    name: str
    address: str
    phone: str
    agency: str


@dataclass(frozen=True, slots=True)
class Drawn:
    """Those to be called back, of how many who answered."""

    people: tuple[CalledBack, ...]
    answered: int


@dataclass(frozen=True, slots=True)
class AgreementTable:
    """How far pairs agree, by item and by worker."""

    items: tuple[tuple[str, Agreement], ...]
    workers: tuple[WorkerAgreement, ...]
    pairs: int


def draw(session: Session, fieldwork: FieldworkRef, *, share: float, seed: int, any_share: bool = False) -> Drawn:
    """Draw and mark those to be called back, once; `any_share` lets the share be outside of 5 to 10 per cent."""
    if not any_share and not LEAST <= share <= MOST:
        raise ServiceError(
            mark("The share {share} is outside of {least} to {most}: if it is meant, add --any-share."),
            share=share,
            least=LEAST,
            most=MOST,
        )
    marked = session.scalar(
        select(func.count()).where(SampledUnit.fieldwork_id == fieldwork.id, SampledUnit.is_called_back.is_(True))
    )
    if marked:
        raise AlreadyExistsError(
            mark("{count} people were drawn to be called back already: whoever is drawn twice is chosen, not drawn."),
            count=marked,
        )
    answered = _answered(session, fieldwork)
    rows = call_back_sample([one.worker for one in answered], share, rng=generator(seed)).tolist()
    chosen = sorted((answered[row] for row in rows), key=lambda one: (one.worker, one.number))
    marking = (
        update(SampledUnit)
        .where(SampledUnit.fieldwork_id == fieldwork.id, SampledUnit.number == bindparam("its_number"))
        .values(is_called_back=True)
    )
    session.connection().execute(marking, [{"its_number": one.number} for one in chosen])
    return Drawn(tuple(chosen), len(answered))


def list_csv(people: Sequence[CalledBack]) -> bytes:
    """Their list as CSV, with the mark without which Excel misreads Vietnamese."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(["number", "worker", "name", "address", "phone", "agency"])
    for one in people:
        writer.writerow([one.number, *map(harmless, (one.worker, one.name, one.address, one.phone, one.agency))])
    return text.getvalue().encode("utf-8-sig")


def read_agreement(data: bytes) -> AgreementTable:
    """How far the pairs of a CSV file agree: `item`, `first`, `second`, and if wanted `worker`. None is stored."""
    parse = import_columns.text_of(LONGEST_LABEL)
    lines = read_lines(data, dict.fromkeys((*COLUMNS, "worker"), parse), required=COLUMNS)
    items: dict[str, list[tuple[str, str]]] = {}
    for line in lines:
        items.setdefault(line["item"], []).append((line["first"], line["second"]))
    named = [(line["worker"], line["first"] == line["second"]) for line in lines if "worker" in line]
    return AgreementTable(
        items=tuple((item, _of_item(pairs)) for item, pairs in items.items()),
        workers=by_worker([worker for worker, _ in named], [agrees for _, agrees in named]) if named else (),
        pairs=len(lines),
    )


def _of_item(pairs: Sequence[tuple[str, str]]) -> Agreement:
    first, second = [one for one, _ in pairs], [other for _, other in pairs]
    ratings = Counter(text for pair in pairs for text in pair if text.isascii() and text.isdigit())
    # From the lowest to the highest that occurs: a level that nobody gave lies between its neighbours all the same.
    numbers = [int(text) for text in ratings]
    order = [str(level) for level in range(min(numbers), max(numbers) + 1)] if _are_ratings(numbers) else None
    return agreement(first, second, order=order)


def _are_ratings(numbers: Sequence[int]) -> bool:
    return bool(numbers) and max(numbers) <= _HIGHEST_RATING


_HIGHEST_RATING = 10


def _answered(session: Session, fieldwork: FieldworkRef) -> list[CalledBack]:
    """Those who answered, in the order of their numbers."""
    query = (
        select(SampledUnit.number, FieldWorker.code, Contact.name, Contact.address, Contact.phone, Agency.name)
        .join(Agency, Agency.id == SampledUnit.agency_id)
        .outerjoin(FieldWorker, FieldWorker.id == SampledUnit.worker_id)
        .outerjoin(Contact, Contact.unit_id == SampledUnit.id)
        .where(
            SampledUnit.fieldwork_id == fieldwork.id,
            SampledUnit.disposition == dispositions.ANSWERED,
            fieldworks.holds_a_place(),
        )
        .order_by(SampledUnit.number)
    )
    return [
        CalledBack(number, worker or NOBODY, name or "", address or "", phone or "", agency)
        for number, worker, name, address, phone, agency in session.execute(query)
    ]
