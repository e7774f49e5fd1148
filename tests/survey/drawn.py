"""A sample that was drawn, put straight into the tables: units, contacts, and codes as letters would have them."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from forms import loading
from survey.models import Contact, Fieldwork, FieldWorker, SampledUnit
from survey.services import agencies, invitations, slip_codes, waves

if TYPE_CHECKING:
    from collections.abc import Callable

    from survey.db import Database
    from survey.services.references import WaveRef

OPENED = dt.datetime(2026, 9, 1, 5, 0, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Drawn:
    """A fieldwork of the wave `mau-2026`; `codes` are those of the letters, by the number of the unit."""

    wave: WaveRef
    codes: dict[int, str]


def draw(
    database: Database,
    key_for: Callable[[str], bytes],
    *,
    size: int = 6,
    reserve: int = 2,
    questionnaire: str = "sipas-counter",
    with_codes: bool = True,
    seed: int = 1,
) -> Drawn:
    """`size` units, by turns of a commune and a department, and a reserve of the first; all with contacts.

    The wave runs from 1 October to 30 November 2026. Two workers share the units.
    """
    rng = random.Random(seed)
    key = key_for(invitations.KEY_PURPOSE)
    with database.writing() as session:
        wave = waves.create(
            session,
            loading.load(questionnaire),
            code="mau-2026",
            title="Khảo sát mẫu năm 2026",
            stream="sample",
            opens_on=dt.date(2026, 10, 1),
            closes_on=dt.date(2026, 11, 30),
        )
        fieldwork = Fieldwork(wave_id=wave.id, opened_at=OPENED)
        session.add(fieldwork)
        session.flush()
        workers = [
            FieldWorker(fieldwork_id=fieldwork.id, code="bd-ea-o", name="Bưu cục Ea Ô", kind="post_office"),
            FieldWorker(fieldwork_id=fieldwork.id, code="lan", name="Nguyễn Thị Lan", kind="interviewer"),
        ]
        session.add_all(workers)
        session.flush()
        numbers = list(range(1, size + reserve + 1))
        codes = {number: slip_codes.made(rng.randbytes) for number in numbers[:size] if with_codes}
        for number in numbers:
            agency = agencies.find(session, ("xa-ea-o", "so-noi-vu")[number % 2])
            in_reserve = number > size
            unit = SampledUnit(
                fieldwork_id=fieldwork.id,
                number=number,
                unit=f"u{number:05}",
                agency_id=agency.id,
                stratum=agency.code,
                psu=f"Thôn {number % 2 + 1}" if agency.code == "xa-ea-o" else None,
                weight=12.5 + number % 2,
                reserve_order=number - size if in_reserve else None,
                worker_id=None if in_reserve else workers[number % 2].id,
                code_hash=slip_codes.hash_of(codes[number], key=key) if number in codes else None,
            )
            session.add(unit)
            session.flush()
            contact = {"name": f"H’Hương Niê Kđăm {number}", "address": f"Buôn Ja {number}, xã Ea Ô, tỉnh Đắk Lắk"}
            session.add(Contact(unit_id=unit.id, phone=f"0905 000 {number:03}", **contact))
    return Drawn(wave, codes)


def replace(database: Database, number: int, *, by: int, disposition: str = "2.11") -> None:
    """Somebody of the reserve takes the place of a unit, which is settled otherwise than by answering."""
    with database.writing() as session:
        gone, comes = (session.scalars(select(SampledUnit).where(SampledUnit.number == n)).one() for n in (number, by))
        gone.disposition, gone.settled_on = disposition, dt.date(2026, 10, 5)
        comes.replaces_id, comes.weight = gone.id, gone.weight


def settle(database: Database, number: int, disposition: str) -> None:
    """As an interviewer's file says."""
    with database.writing() as session:
        unit = session.scalars(select(SampledUnit).where(SampledUnit.number == number)).one()
        unit.disposition, unit.settled_on = disposition, dt.date(2026, 10, 5)


def close(database: Database) -> None:
    """The moment of closing, with the units still there."""
    with database.writing() as session:
        session.scalars(select(Fieldwork)).one().closed_at = OPENED
