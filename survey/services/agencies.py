"""The agencies of the province."""

from __future__ import annotations

import csv
import datetime as dt
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import or_, select

from survey.models import Agency, AgencyLevel, AgencySuccession
from survey.resources import SEED
from survey.services.references import AgencyRef
from survey.services.vietnamese import sort_key, tidy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

SEED_FILES = ("departments.csv", "communes.csv")


def load_seed(session: Session) -> int:
    """Add the province's agencies that are not there yet, and return how many; nothing existing is changed."""
    known = set(session.scalars(select(Agency.code)))
    missing = [agency for agency in _seed() if agency.code not in known]
    session.add_all(missing)
    session.flush()
    return len(missing)


def shipped() -> list[AgencyRef]:
    """The province's agencies as the toolkit brings them, for work without an installation; their ids say nothing."""
    return [
        AgencyRef(number, one.code, one.name, one.kind, one.level.value, one.to_be_confirmed)
        for number, one in enumerate(_seed())
    ]


def find(session: Session, code: str) -> AgencyRef | None:
    """The agency of that code, or None."""
    agency = session.scalar(select(Agency).where(Agency.code == code))
    return AgencyRef.of(agency) if agency else None


def listing(session: Session, *, level: str | None = None, on: dt.date | None = None) -> list[AgencyRef]:
    """Agencies in the order of a Vietnamese dictionary, departments first; those of one level or day if asked."""
    query = select(Agency)
    if level is not None:
        query = query.where(Agency.level == AgencyLevel(level))
    if on is not None:
        query = query.where(Agency.valid_from <= on, or_(Agency.valid_to.is_(None), Agency.valid_to > on))
    order = list(AgencyLevel)
    rows = sorted(session.scalars(query), key=lambda row: (order.index(row.level), sort_key(row.name)))
    return [AgencyRef.of(row) for row in rows]


class Succession(NamedTuple):
    """One agency took over from another on a day; a merger is several of them, a division too."""

    predecessor_id: int
    successor_id: int
    on: dt.date


def successions(session: Session) -> list[Succession]:
    """Who took over from whom, the earliest first."""
    rows = session.execute(
        select(AgencySuccession.predecessor_id, AgencySuccession.successor_id, AgencySuccession.on).order_by(
            AgencySuccession.on, AgencySuccession.predecessor_id, AgencySuccession.successor_id
        )
    )
    return [Succession(*row) for row in rows]


def _seed() -> Iterator[Agency]:
    for name in SEED_FILES:
        with (SEED / name).open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                yield Agency(
                    code=row["code"],
                    official_code=row["official_code"] or None,
                    name=tidy(row["name"]),
                    kind=row["kind"],
                    level=AgencyLevel(row["level"]),
                    valid_from=dt.date.fromisoformat(row["valid_from"]),
                    to_be_confirmed=row["to_be_confirmed"] == "yes",
                )
