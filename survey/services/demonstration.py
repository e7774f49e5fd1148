"""A province to look around in: all agencies with counters and posters, one wave, a simulated year of answers."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from survey.services import agencies, counters, users, waves
from survey.services.daytime import day_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.random import Generator
    from sqlalchemy.orm import Session

    from survey.services.references import AgencyRef, WaveRef

WAVE = "minh-hoa"
TITLE = "Phản hồi tại quầy – dữ liệu minh họa"
OFFICER = "so-noi-vu"
AGENCY_USER = "buon-ma-thuot"
AGENCY_OF_USER = "phuong-buon-ma-thuot"
A_YEAR = dt.timedelta(days=364)
# Long enough that a demonstration begun today can be shown again next year.
RUNS_ON = dt.timedelta(days=366)
COUNTERS_BY_KIND = {"phường": 3, "xã": 2}
COUNTERS_OF_DEPARTMENT = 2


def is_prepared(session: Session) -> bool:
    """Whether this database already holds the demonstration."""
    return waves.find(session, WAVE) is not None


def is_empty(session: Session) -> bool:
    """Whether this database holds nothing yet."""
    return not agencies.listing(session)


def prepare(session: Session, *, now: dt.datetime, responses: int, rng: Generator) -> WaveRef:
    """Fill an empty database: agencies, counters, posters, the wave and `responses` simulated answers."""
    # The simulation brings numpy along, which a demonstration that is there already need not wait for.
    from forms import loading
    from survey.services import simulation

    agencies.load_seed(session)
    today = day_of(now)
    for agency in agencies.listing(session, on=today):
        _open_counters(session, agency, now=now)
    wave = waves.create(
        session,
        loading.load("sipas-counter"),
        code=WAVE,
        title=TITLE,
        opens_on=today - A_YEAR,
        closes_on=today + RUNS_ON,
        is_simulated=True,
    )
    simulation.simulate(session, wave, responses=responses, rng=rng, today=today)
    return wave


def set_accounts(session: Session, *, passwords: Mapping[str, str]) -> None:
    """Give the two accounts of the demonstration new passwords, making them where they are missing."""
    agency = agencies.find(session, AGENCY_OF_USER)
    roles: dict[str, tuple[str, AgencyRef | None]] = {OFFICER: ("officer", None), AGENCY_USER: ("agency", agency)}
    for name, (role, of) in roles.items():
        if users.exists(session, name):
            users.reset_password(session, name, passwords[name])
        else:
            users.add(session, name=name, password=passwords[name], role=role, agency=of)


def _open_counters(session: Session, agency: AgencyRef, *, now: dt.datetime) -> None:
    for number in range(1, COUNTERS_BY_KIND.get(agency.kind, COUNTERS_OF_DEPARTMENT) + 1):
        counter = counters.make(session, agency, name=f"Quầy số {number}")
        counters.issue_code(session, counter, now=now)
