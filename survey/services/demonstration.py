"""A province to look around in: its agencies and counters, a year of answers there, and two surveys by sample.

All answers are simulated. The surveys are last year's and this year's.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from survey.models import Response
from survey.services import agencies, counters, transactions, users, waves
from survey.services.daytime import day_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.random import Generator
    from sqlalchemy.orm import Session

    from forms.definition import Questionnaire
    from survey.services.references import AgencyRef, WaveRef

WAVE = "minh-hoa"
TITLE = "Phản hồi tại quầy – dữ liệu minh họa"
SAMPLE_WAVE = "mau-{year}"
SAMPLE_TITLE = "Khảo sát mức độ hài lòng năm {year} – dữ liệu mô phỏng"
OFFICER = "so-noi-vu"
AGENCY_USER = "buon-ma-thuot"
AGENCY_OF_USER = "phuong-buon-ma-thuot"
A_YEAR = dt.timedelta(days=364)
# Long enough that a demonstration begun today can be shown again next year.
RUNS_ON = dt.timedelta(days=366)
# The survey's fieldwork took a month and is over.
FIELDWORK_BEGAN, FIELDWORK_LASTED = dt.timedelta(days=70), dt.timedelta(days=30)
COUNTERS_BY_KIND = {"phường": 3, "xã": 2}
COUNTERS_OF_DEPARTMENT = 2
SMALL_COMMUNES = 10
# Since last year's survey: how much better or worse agencies became, and what share of them did. From an index of 80,
# 0.8 are some 14 points up or 26 down.
CHANGES = {0.0: 0.76, 0.8: 0.14, -0.8: 0.10}
# Who is asked at home is a little less kind than who has just been served.
ASKED_AT_HOME = -0.15
# The share of those served who scan the code at a counter, at most and at least.
SCANNED = (0.04, 0.25)


def is_prepared(session: Session) -> bool:
    """Whether this database already holds the demonstration."""
    return waves.find(session, WAVE) is not None


def is_empty(session: Session) -> bool:
    """Whether this database holds nothing yet."""
    return not agencies.listing(session)


def prepare(session: Session, *, now: dt.datetime, responses: int, rng: Generator) -> WaveRef:
    """Fill an empty database: agencies, counters, posters, a wave with `responses` simulated answers at counters.

    With any at all come two waves of a simulated sample and the transactions of all three.
    """
    # The simulation brings numpy along, which a demonstration that is there already need not wait for.
    from forms import loading
    from survey.services import simulation
    from survey.services.simulated_answers import AGENCY_SPREAD

    agencies.load_seed(session)
    today = day_of(now)
    listed = agencies.listing(session, on=today)
    for agency in listed:
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
    levels = {agency.id: rng.normal(scale=AGENCY_SPREAD) for agency in listed}
    simulation.simulate(session, wave, responses=responses, rng=rng, today=today, levels=levels, stuffed=1)
    if responses:
        _record_transactions(session, wave, listed, rng=rng)
        _ask_samples(session, listed, levels=levels, today=today, rng=rng)
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


def _record_transactions(session: Session, wave: WaveRef, listed: Sequence[AgencyRef], *, rng: Generator) -> None:
    """So many that between a few and a quarter of those served have scanned; where hardly anybody did, fewer still."""
    query = select(Response.agency_id, func.count()).where(Response.wave_id == wave.id).group_by(Response.agency_id)
    answered = dict(session.execute(query).all())
    usual = sum(answered.values()) / len(listed)
    figures = {
        agency.id: int(max(answered.get(agency.id, 0), usual / 4) / rng.uniform(*SCANNED)) + 1 for agency in listed
    }
    transactions.replace(session, wave, figures)


def _ask_samples(
    session: Session, listed: Sequence[AgencyRef], *, levels: Mapping[int, float], today: dt.date, rng: Generator
) -> None:
    """Two surveys a year apart, of the same villages and working days; some agencies changed between them."""
    from forms import loading
    from survey.services import simulated_answers, simulated_sample

    questionnaire = loading.load("sipas-2026")
    communes = [agency.id for agency in listed if agency.level == "commune"]
    small = set(rng.permutation(communes)[:SMALL_COMMUNES].tolist())
    units = simulated_sample.population(listed, small=small, rng=rng)
    ease = simulated_answers.ease(questionnaire, rng=rng)
    changes = dict(zip(levels, rng.choice(list(CHANGES), size=len(levels), p=list(CHANGES.values())), strict=True))
    began = today - FIELDWORK_BEGAN
    for years_ago in (1, 0):
        then = {agency: level + ASKED_AT_HOME - years_ago * changes[agency] for agency, level in levels.items()}
        wave = _sample_wave(session, questionnaire, year=began.year - years_ago, opens_on=began - years_ago * A_YEAR)
        simulated_sample.simulate_sample(session, wave, units, levels=then, ease=ease, rng=rng)
        transactions.replace(session, wave, simulated_sample.people_by_agency(units))


def _sample_wave(session: Session, questionnaire: Questionnaire, *, year: int, opens_on: dt.date) -> WaveRef:
    return waves.create(
        session,
        questionnaire,
        code=SAMPLE_WAVE.format(year=year),
        title=SAMPLE_TITLE.format(year=year),
        stream="sample",
        opens_on=opens_on,
        closes_on=opens_on + FIELDWORK_LASTED,
        is_simulated=True,
    )
