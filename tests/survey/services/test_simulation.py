import datetime as dt
import hashlib
import json
from collections import Counter

import numpy as np
import pytest
from sqlalchemy import select

from forms import loading
from survey.models import Entry, Response, Trust
from survey.services import simulation, waves
from survey.services.errors import ServiceError

TODAY = dt.date(2026, 10, 7)
DIMENSIONS = ("tiep_can", "thu_tuc", "cong_chuc", "ket_qua", "gop_y", "phuc_vu")


def simulated(database, wave, *, responses, seed=7, **options):
    rng = np.random.default_rng(seed)
    with database.writing() as session:
        simulation.simulate(session, wave, responses=responses, rng=rng, today=TODAY, **options)
    with database.reading() as session:
        return session.scalars(select(Response).order_by(Response.id)).all()


@pytest.fixture
def wave(database, seeded):
    return demo_wave(database, "sipas-counter")


def demo_wave(database, questionnaire):
    with database.writing() as session:
        return waves.create(
            session,
            loading.load(questionnaire),
            code="minh-hoa",
            title="Minh họa",
            opens_on=dt.date(2025, 10, 8),
            closes_on=dt.date(2026, 12, 31),
            is_simulated=True,
        )


def test_simulated_answers_are_answers_the_form_could_give(database, wave):
    rows = simulated(database, wave, responses=500)
    assert len(rows) == 500
    questionnaire = loading.load("sipas-counter")
    for row in rows:
        answers = json.loads(row.answers)
        assert set(answers) <= set(questionnaire.answer_ids)
        assert all(answers[item.id] in {1, 2, 3, 4, 5, "na"} for item in questionnaire.rating_items)
        assert row.answers_digest == hashlib.sha256(row.answers.encode()).digest()
        assert row.ratings == "".join(str(answers[item.id]).replace("na", "x") for item in questionnaire.rating_items)
        assert dt.date(2025, 10, 8) <= row.answered_on <= TODAY
        assert row.received_at.astimezone(dt.timezone(dt.timedelta(hours=7))).date() == row.answered_on
    assert len({row.submission_key for row in rows}) == len({row.receipt for row in rows}) == 500


@pytest.mark.parametrize("questionnaire", loading.available())
def test_every_shipped_questionnaire_can_be_simulated(database, seeded, questionnaire):
    rows = simulated(database, demo_wave(database, questionnaire), responses=40)
    assert {len(row.ratings) for row in rows} == {len(loading.load(questionnaire).rating_items)}


def discarded(database, wave, *, seed):
    # A reading session forgets what was written in it.
    with database.reading() as session:
        simulation.simulate(session, wave, responses=100, rng=np.random.default_rng(seed), today=TODAY)
        return session.execute(
            select(Response.answers, Response.counter_id, Response.received_at, Response.receipt)
        ).all()


def test_the_same_seed_gives_the_same_answers(database, wave):
    assert discarded(database, wave, seed=1) == discarded(database, wave, seed=1)
    assert discarded(database, wave, seed=1) != discarded(database, wave, seed=2)


def test_the_year_looks_like_one(database, wave):
    rows = simulated(database, wave, responses=3000)
    levels = [int(sign) for row in rows for sign in row.ratings if sign.isdecimal()]
    favourable = sum(level >= 4 for level in levels) / len(levels)
    # The provinces' own indices lie between 75 and 97; agencies of one run vary around the middle of that.
    assert 0.65 < favourable < 0.97
    assert set(levels) == {1, 2, 3, 4, 5}
    days = Counter(row.answered_on.weekday() for row in rows)
    assert days[6] == 0
    assert days[0] > days[5]
    assert len({row.counter_id for row in rows}) == 3


def test_people_differ_more_than_chance_would_have_them(database, wave):
    rows = simulated(database, wave, responses=2000)
    pairs = np.array([[int(row.ratings[0]), int(row.ratings[5])] for row in rows])
    assert np.corrcoef(pairs.T)[0, 1] > 0.3


def test_few_honest_forms_come_from_the_office_or_in_no_time(database, wave):
    rows = simulated(database, wave, responses=3000)
    for name, share in simulation.HONEST.items():
        found = sum(getattr(row, name) is True for row in rows)
        # Four standard deviations of a count of independent forms.
        assert abs(found - 3000 * share) < 4 * (3000 * share) ** 0.5


def test_an_agency_that_fills_in_its_own_forms_can_be_seen_and_the_others_are_as_they_were(database, wave):
    rows = simulated(database, wave, responses=1000, stuffed=1)
    assert len(rows) == 1000
    haste = Counter(row.agency_id for row in rows if row.quick and row.from_office)
    stuffed, number = haste.most_common(1)[0]
    forms = [row for row in rows if row.agency_id == stuffed]
    assert 0.15 < number / len(forms) < 0.35
    own = [row for row in forms if row.quick and row.from_office]
    assert {row.answers for row in own} >= {json.dumps(dict.fromkeys(sorted(DIMENSIONS), 5), separators=(",", ":"))}
    assert sum(row.ratings == "555555" for row in own) > 0.9 * len(own)
    # 16:35 to 16:59 in Đắk Lắk, on four days of the year.
    late = [row for row in own if row.received_at.hour == 9 and row.received_at.minute >= 35]
    assert len(late) > 0.9 * len(own)
    assert len({row.answered_on for row in late}) <= 4
    assert sum(haste.values()) - number < 5


def test_agencies_are_as_satisfying_as_they_are_told_to_be(database, seeded, wave):
    commune, department = seeded.counters[0].agency.id, seeded.counters[2].agency.id
    rows = simulated(database, wave, responses=1500, levels={commune: 1.0, department: -1.0})
    favourable = {
        agency: np.mean(
            [sign in "45" for row in rows if row.agency_id == agency for sign in row.ratings if sign != "x"]
        )
        for agency in (commune, department)
    }
    assert favourable[commune] > favourable[department] + 0.3


def test_no_responses_are_no_responses(database, wave):
    assert simulated(database, wave, responses=0) == []


def test_a_real_wave_is_never_filled_with_made_up_answers(database, seeded):
    with pytest.raises(ServiceError, match="not marked as simulated"):
        simulated(database, seeded.wave, responses=1)


@pytest.mark.parametrize("responses", [-1, -1000])
def test_a_number_that_is_no_number_of_responses_is_refused(database, wave, responses):
    with pytest.raises(ServiceError, match="give 0 or more"):
        simulated(database, wave, responses=responses)


def test_without_counters_nobody_can_answer(database):
    with pytest.raises(ServiceError, match="no counters"):
        simulated(database, demo_wave(database, "sipas-counter"), responses=1)


def test_most_scan_the_poster_and_some_agencies_hand_out_slips(database, wave):
    rows = simulated(database, wave, responses=4000)
    trusts, entries = Counter(row.trust for row in rows), Counter(row.entry for row in rows)
    assert set(trusts) >= {Trust.SIGNED, Trust.OPEN}
    assert trusts[Trust.SIGNED] > 4 * trusts[Trust.OPEN]
    assert entries[Entry.PHONE] > 0.7 * len(rows)
    # Where a tablet or a helper stands, the network says nothing; what they open is signed.
    for row in rows:
        assert row.entry == Entry.PHONE or (row.from_office, row.trust) == (None, Trust.SIGNED)


def test_an_agency_that_fills_in_its_own_forms_scans_its_own_poster(database, wave):
    rows = simulated(database, wave, responses=1000, stuffed=1)
    haste = Counter(row.agency_id for row in rows if row.quick and row.from_office)
    stuffed = haste.most_common(1)[0][0]
    own = [row for row in rows if row.agency_id == stuffed and row.quick and row.from_office]
    assert {row.trust for row in own} <= {Trust.SIGNED, Trust.OPEN}
    assert sum(row.trust == Trust.SIGNED for row in own) > 0.9 * len(own)
