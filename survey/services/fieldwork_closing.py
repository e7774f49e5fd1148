"""Closing a fieldwork: what became of everybody is counted, and who was drawn is forgotten (docs/decisions/0023)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select, update

from survey.i18n import mark
from survey.models import Contact, Entry, Fieldwork, FieldWorker, FieldworkOutcome, SampledUnit
from survey.services import fieldworks, form_tokens
from survey.services.daytime import day_of
from survey.services.errors import ServiceError

if TYPE_CHECKING:
    import datetime as dt

    from sqlalchemy.orm import Session

    from survey.services.fieldworks import FieldworkRef

_KIND = ("agency_id", "stratum", "psu", "weight", "is_substitute", "is_replaced", "disposition")


@dataclass(frozen=True, slots=True)
class Closed:
    """What was counted and what was erased. `unsettled` counts as not tried, or as written to in vain."""

    places: int
    answered: int
    unsettled: int
    units_erased: int
    contacts_erased: int


def check_over(fieldwork: FieldworkRef, *, now: dt.datetime) -> None:
    """Raise ServiceError while a form that somebody opened in time may still be on its way.

    As on a phone without a network: once the fieldwork is closed, nothing is there that it could count for.
    """
    last = fieldwork.wave.closes_on + form_tokens.LIFE[Entry.PHONE]
    if day_of(now) <= last:
        raise ServiceError(
            mark(
                "Answers of the wave {wave} may come in until {day}: close its fieldwork after that day, or say "
                "--early and refuse those that come later."
            ),
            wave=fieldwork.wave.code,
            day=last,
        )


def close(session: Session, fieldwork: FieldworkRef, *, now: dt.datetime) -> Closed:
    """Count the units of a running fieldwork into outcomes and delete units, contacts, codes and workers.

    Whoever calls it has the deleted rows overwritten afterwards (`Database.rewrite`).
    """
    groups = fieldworks.groups(session, fieldwork)
    _keep_counts(session, fieldwork, groups)
    units = select(SampledUnit.id).where(SampledUnit.fieldwork_id == fieldwork.id)
    run = session.connection().execute
    contacts = run(delete(Contact).where(Contact.unit_id.in_(units))).rowcount
    # A row that another points to cannot go first.
    run(update(SampledUnit).where(SampledUnit.fieldwork_id == fieldwork.id).values(replaces_id=None, code_hash=None))
    erased = run(delete(SampledUnit).where(SampledUnit.fieldwork_id == fieldwork.id)).rowcount
    run(delete(FieldWorker).where(FieldWorker.fieldwork_id == fieldwork.id))
    run(update(Fieldwork).where(Fieldwork.id == fieldwork.id).values(closed_at=now))
    session.expire_all()
    return Closed(
        places=sum(one.n for one in groups if not one.is_replaced),
        answered=sum(one.n for one in groups if one.answered),
        unsettled=sum(one.n for one in groups if one.disposition is None),
        units_erased=int(erased),
        contacts_erased=int(contacts),
    )


def _keep_counts(session: Session, fieldwork: FieldworkRef, groups: list[fieldworks.OutcomeGroup]) -> None:
    counts: Counter[tuple[object, ...]] = Counter()
    for one in groups:
        kind = (*one.place, one.is_substitute, one.is_replaced, one.final)
        counts[kind] += one.n
    # In the order of what they say: no place in the table tells anything.
    rows = [
        {"fieldwork_id": fieldwork.id, **dict(zip(_KIND, kind, strict=True)), "n": n}
        for kind, n in sorted(counts.items(), key=lambda pair: [str(value) for value in pair[0]])
    ]
    if rows:
        session.execute(insert(FieldworkOutcome), rows)
