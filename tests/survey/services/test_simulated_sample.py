"""A made-up survey by sample: two stages, unequal weights, and no change but the one that was put in."""

import datetime as dt
import json
from collections import defaultdict

import numpy as np
import pytest
from sqlalchemy import select

from forms import loading
from survey.models import Response
from survey.services import agencies, simulated_answers, simulated_sample, waves
from survey.services.errors import ServiceError
from survey.services.indices import index_table

QUESTIONNAIRE = loading.load("sipas-2026")


@pytest.fixture
def listed(database, seeded):
    with database.reading() as session:
        return agencies.listing(session)


def wave_of(session, code, *, is_simulated=True):
    days = {"opens_on": dt.date(2026, 8, 3), "closes_on": dt.date(2026, 9, 2)}
    kind = {"stream": "sample", "is_simulated": is_simulated}
    return waves.create(session, QUESTIONNAIRE, code=code, title="Mẫu", **days, **kind)


def simulated(session, wave, units, *, seed=1, levels=None, ease=None):
    levels = levels or {unit.agency.id: 0.0 for unit in units}
    ease = ease or dict.fromkeys((item.id for item in QUESTIONNAIRE.rating_items), 0.0)
    rng = np.random.default_rng(seed)
    simulated_sample.simulate_sample(session, wave, units, levels=levels, ease=ease, rng=rng)
    return session.scalars(select(Response).where(Response.wave_id == wave.id).order_by(Response.id)).all()


def units_of(listed, *, small=()):
    return simulated_sample.population(listed, small=small, rng=np.random.default_rng(5))


def test_answers_are_those_the_form_could_give(database, listed):
    with database.writing() as session:
        rows = simulated(session, wave_of(session, "mau"), units_of(listed[10:20]))
    for row in rows:
        answers = json.loads(row.answers)
        assert set(answers) <= set(QUESTIONNAIRE.answer_ids)
        assert all(item.id in answers for item in QUESTIONNAIRE.items if item.required)
        assert len(row.ratings) == len(QUESTIONNAIRE.rating_items)
        assert dt.date(2026, 8, 3) <= row.answered_on <= dt.date(2026, 9, 2)
        assert row.answered_on.weekday() < 5
        assert (row.stream, row.counter_id, row.quick, row.from_office) == ("sample", None, None, None)


def test_a_weight_is_what_the_two_stages_make_it(database, listed):
    # Departments first in the list: four of them, and communes of which two are small.
    some = listed[10:24]
    units = units_of(some, small={some[4].id, some[5].id})
    with database.writing() as session:
        rows = simulated(session, wave_of(session, "mau"), units)
    frame, drawn = defaultdict(dict), defaultdict(lambda: defaultdict(list))
    for unit in units:
        frame[unit.agency.code][unit.name] = unit.people
    for row in rows:
        drawn[row.stratum][row.psu].append(row.weight)
    assert [len(drawn[agency.code]) for agency in some] == [10] * 4 + [3] * 2 + [6] * 8
    for stratum, psus in drawn.items():
        for psu, weights in psus.items():
            expected = len(frame[stratum]) / len(psus) * frame[stratum][psu] / len(weights)
            assert weights == pytest.approx([expected] * len(weights), rel=1e-12)


def test_a_department_s_working_day_is_the_day_it_is_called(database, listed):
    with database.writing() as session:
        rows = simulated(session, wave_of(session, "mau"), units_of(listed[:3]))
    # Monday 3 August 2026 is the first.
    working = [dt.date(2026, 8, 3) + dt.timedelta(days=7 * (day // 5) + day % 5) for day in range(20)]
    assert {(row.psu, row.answered_on) for row in rows} <= {
        (f"Ngày làm việc {number}", day) for number, day in enumerate(working, start=1)
    }


def test_weights_are_right_on_average(database, listed):
    units = units_of(listed[12:17])
    served = sum(simulated_sample.people_by_agency(units).values())
    assert served == sum(unit.people for unit in units)
    with database.writing() as session:
        made = wave_of(session, "mau")
    sums = []
    for seed in range(40):
        # A reading session forgets what was written in it.
        with database.reading() as session:
            sums.append(sum(row.weight for row in simulated(session, made, units, seed=seed)))
    # Four standard errors of the mean of forty draws.
    assert abs(np.mean(sums) - served) < 4 * np.std(sums, ddof=1) / 40**0.5


def test_between_two_waves_only_the_agencies_that_changed_change(database, listed):
    units = units_of(listed)
    changed = {agency.id for agency in listed[:14:2]}
    ease = simulated_answers.ease(QUESTIONNAIRE, rng=np.random.default_rng(3))
    with database.writing() as session:
        for seed, (code, fall) in enumerate((("mau-2025", 0.0), ("mau-2026", 0.8))):
            levels = {agency.id: -fall if agency.id in changed else 0.0 for agency in listed}
            simulated(session, wave_of(session, code), units, seed=seed, levels=levels, ease=ease)
        before, after = (standing(session, code) for code in ("mau-2025", "mau-2026"))
    falls = {
        agency: (before[agency][0] - after[agency][0]) / np.hypot(before[agency][1], after[agency][1])
        for agency in before
    }
    ids = {agency.code: agency.id for agency in listed}
    same = [fall for agency, fall in falls.items() if ids[agency] not in changed]
    # Ratios to their standard errors: of changes that are none, centred and about 1 wide (somewhat more: five degrees
    # of freedom in a commune); of a fall of 26 points at a department, clear.
    assert abs(np.mean(same)) < 0.35
    assert 0.8 < np.std(same) < 1.6
    assert np.mean([fall for agency, fall in falls.items() if ids[agency] in changed]) > 3


def standing(session, code):
    """Index and standard error of each agency's officials."""
    rows = index_table(session, code, stream="sample", locale="vi", audience="inside").rows
    cells = {row.agency.code: row.dimensions["cong_chuc"] for row in rows}
    return {agency: (cell.value, cell.standard_error) for agency, cell in cells.items()}


def test_a_real_wave_is_never_filled_with_made_up_answers(database, listed):
    with pytest.raises(ServiceError, match="not marked as simulated"), database.writing() as session:
        simulated(session, wave_of(session, "that", is_simulated=False), units_of(listed[:2]))
