"""The sums against a GROUP BY written the plain way, and against loops over the answers themselves."""

import datetime as dt
import json
from collections import defaultdict

import numpy as np
import pytest
from sqlalchemy import func, insert, select, text

from analysis.cells import cells_from_sums
from analysis.results import Kind
from forms import loading
from survey.engine import ratings, sql
from survey.models import Response
from survey.services import importing, simulation, waves

TODAY = dt.date(2026, 10, 7)
COUNTER_ITEMS = [item.id for item in loading.load("sipas-counter").rating_items]


def simulated(database, questionnaire, responses):
    with database.writing() as session:
        wave = waves.create(
            session,
            loading.load(questionnaire),
            code="minh-hoa",
            title="Minh họa",
            opens_on=dt.date(2026, 9, 1),
            closes_on=TODAY,
            is_simulated=True,
        )
        simulation.simulate(session, wave, responses=responses, rng=np.random.default_rng(11), today=TODAY)
    return wave


def summed(database, wave, stream="counter", **options):
    with database.reading() as session:
        return sql.sums(
            session,
            wave_id=wave.id,
            stream=stream,
            questionnaire=options.pop("questionnaire", loading.load("sipas-counter")),
            **options,
        )


@pytest.mark.parametrize("item", COUNTER_ITEMS)
def test_the_sums_are_those_of_a_plain_group_by(either_database, either_seeded, item):
    wave = simulated(either_database, "sipas-counter", 600)
    found = summed(either_database, wave)
    level = f"substr(ratings, {COUNTER_ITEMS.index(item) + 1}, 1)"
    plain = text(
        f"SELECT agency_id, COUNT(*), SUM(CASE WHEN {level} BETWEEN '1' AND '5' THEN 1 ELSE 0 END), "  # noqa: S608 - the test's own numbers.
        f"SUM(CASE WHEN {level} IN ('4', '5') THEN weight ELSE 0 END) "
        "FROM responses GROUP BY agency_id, counter_id, answered_on ORDER BY 1, 2, 3, 4"
    )
    with either_database.reading() as session:
        expected = [tuple(map(float, row)) for row in session.execute(plain)]
    one = found.sums[item]
    assert sorted(zip(found.domain, found.respondents, one.valid, one.total, strict=True)) == expected
    assert np.array_equal(one.weight, one.valid)


def test_psus_are_counters_on_days_and_strata_agencies(database, seeded):
    wave = simulated(database, "sipas-counter", 300)
    found = summed(database, wave)
    with database.reading() as session:
        places = set(session.execute(select(Response.agency_id, Response.counter_id, Response.answered_on)).all())
    assert len(set(zip(found.stratum, found.psu, strict=True))) == len(places) == len(found.domain)
    assert np.array_equal(found.stratum, found.domain)
    assert found.respondents.sum() == 300


@pytest.mark.parametrize("kind", [Kind.SHARE, Kind.MEAN])
def test_a_dimension_of_several_items_is_summed_person_by_person(database, seeded, kind):
    questionnaire = loading.load("sipas-2026")
    wave = simulated(database, "sipas-2026", 150)
    found = summed(database, wave, questionnaire=questionnaire, kind=kind)
    with database.reading() as session:
        people = session.execute(select(Response.agency_id, Response.answers)).all()
    for dimension in questionnaire.dimensions:
        one, expected = found.sums[dimension.id], defaultdict(lambda: np.zeros(7))
        for agency_id, answers in people:
            given = json.loads(answers)
            levels = [given[item] for item in dimension.items if isinstance(given.get(item), int)]
            a, s = len(levels), sum(levels if kind is Kind.MEAN else (level >= 4 for level in levels))
            expected[agency_id] += [a > 0, a > 0, a, s, s * s, s * a, a * a]
        columns = (one.valid, one.weight, one.base, one.total, one.square, one.cross, one.base_square)
        for agency_id, sums in expected.items():
            here = found.domain == agency_id
            assert [column[here].sum() for column in columns] == sums.tolist()


def test_products_tell_how_the_answers_of_a_person_go_together(database, seeded):
    questionnaire = loading.load("sipas-2026")
    wave = simulated(database, "sipas-2026", 150)
    together = ("tiep_can", "thuc_hien")
    found = summed(database, wave, questionnaire=questionnaire, together=together)
    with database.reading() as session:
        people = session.execute(select(Response.agency_id, Response.answers)).all()
    expected = defaultdict(lambda: np.zeros((5, 5)))
    items = {dimension.id: dimension.items for dimension in questionnaire.dimensions}
    for agency_id, answers in people:
        given = json.loads(answers)
        levels = [[given[item] for item in items[name] if isinstance(given.get(item), int)] for name in together]
        u = [1, *(sum(level >= 4 for level in each) for each in levels), *(len(each) for each in levels)]
        expected[agency_id] += np.outer(u, u)
    for agency_id, products in expected.items():
        assert np.array_equal(found.products[found.domain == agency_id].sum(axis=0), products)


def test_moments_are_of_the_mean_levels_of_who_answered_every_variable(database, seeded):
    questionnaire = loading.load("sipas-2026")
    wave = simulated(database, "sipas-2026", 150)
    variables = {"access": ("m24", "m25", "m26"), "result": ("m34", "m35")}
    with database.reading() as session:
        found = sql.moments(
            session, wave_id=wave.id, stream="counter", questionnaire=questionnaire, variables=variables
        )
        people = session.execute(select(Response.agency_id, Response.answers)).all()
    expected = defaultdict(lambda: np.zeros((3, 3)))
    for agency_id, answers in people:
        given = json.loads(answers)
        levels = [[given[item] for item in items if isinstance(given.get(item), int)] for items in variables.values()]
        if all(levels):
            u = [1, *(np.mean(each) for each in levels)]
            expected[agency_id] += np.outer(u, u)
    totals = dict(zip(found.domains, found.totals(), strict=True))
    assert len(expected) > 1
    for agency_id, products in expected.items():
        assert totals[agency_id] == pytest.approx(products, rel=1e-12)


def test_responses_that_are_left_out_are_not_summed(database, seeded):
    wave = simulated(database, "sipas-counter", 300)
    with database.reading() as session:
        kept_out = session.scalars(select(Response.id).where(Response.id % 3 == 0)).all()
        of_agency = dict(
            session.execute(
                select(Response.agency_id, func.count()).where(Response.id % 3 != 0).group_by(Response.agency_id)
            ).all()
        )
    found = summed(database, wave, leave_out=kept_out)
    counted = {agency: found.respondents[found.domain == agency].sum() for agency in of_agency}
    assert counted == of_agency


def test_a_mean_has_its_squares(database, seeded):
    wave = simulated(database, "sipas-counter", 200)
    one = summed(database, wave, kind=Kind.MEAN).sums["phuc_vu"]
    with database.reading() as session:
        levels = [json.loads(answers)["phuc_vu"] for answers in session.scalars(select(Response.answers))]
    assert one.total.sum() == sum(levels)
    assert one.square.sum() == sum(level**2 for level in levels)


SAMPLE = """agency;answered_on;weight;stratum;psu;phuc_vu;tiep_can
so-noi-vu;2026-03-31;2,5;north;p1;5;3
so-noi-vu;2026-03-31;2,5;north;p1;3;
so-noi-vu;2026-04-01;1;north;p1;4;5
so-noi-vu;2026-04-01;4;north;;2;4
so-noi-vu;2026-04-01;4;north;;5;4
xa-ea-o;2026-04-01;8;;p1;;4
"""


def test_a_sample_keeps_its_weights_strata_and_psus(either_database, either_seeded):
    questionnaire = loading.load("sipas-counter")
    with either_database.writing() as session:
        into = importing.destination(session, either_seeded.wave, stream="sample")
        batch = importing.read_responses(SAMPLE.encode(), questionnaire, into=into)
        importing.save(session, batch, received_at=either_seeded.now)
    found = summed(either_database, either_seeded.wave, stream="sample")
    cells = cells_from_sums(found.domain, found.stratum, found.psu, respondents=found.respondents, sums=found.sums)
    # Three PSUs in the north (p1 and two people drawn directly), one of no stratum.
    assert sorted(stratum for stratum, _psu in cells.psus) == ["", "north", "north", "north"]
    at = cells.measures.index("phuc_vu")
    assert sorted(zip(cells.respondents, cells.valid[:, at], cells.weight[:, at], cells.total[:, at], strict=True)) == [
        (1, 0.0, 0.0, 0.0),
        (1, 1.0, 4.0, 0.0),
        (1, 1.0, 4.0, 4.0),
        (3, 3.0, 6.0, 3.5),
    ]


def test_streams_and_waves_are_never_pooled(database, seeded):
    wave = simulated(database, "sipas-counter", 50)
    with database.writing() as session:
        into = importing.destination(session, seeded.wave, stream="census")
        text = b"agency,answered_on,phuc_vu\nso-noi-vu,2026-03-31,5\n"
        batch = importing.read_responses(text, loading.load("sipas-counter"), into=into)
        importing.save(session, batch, received_at=seeded.now)
    assert summed(database, wave).respondents.sum() == 50
    assert summed(database, seeded.wave, stream="census").respondents.sum() == 1
    for stream in ("counter", "sample"):
        empty = summed(database, seeded.wave, stream=stream)
        assert len(empty.respondents) == len(empty.domain) == len(empty.sums["phuc_vu"].total) == 0


def test_more_groups_than_are_taken_at_a_time_lose_nothing(database, seeded, monkeypatch):
    wave = simulated(database, "sipas-counter", 300)
    whole = summed(database, wave)
    monkeypatch.setattr(sql, "_GROUPS_AT_A_TIME", 7)
    pieces = summed(database, wave)
    for name in whole.sums:
        assert np.array_equal(whole.sums[name].total, pieces.sums[name].total)
    assert np.array_equal(whole.psu, pieces.psu)


def test_the_million_rows_are_summed_from_the_index_alone(database, seeded):
    with database.reading() as session:
        query = sql._query(sql._COUNTER_DESIGN, wave_id=1, stream="counter").compile(
            session.connection(), compile_kwargs={"literal_binds": True}
        )
        plan = " ".join(row.detail for row in session.execute(text(f"EXPLAIN QUERY PLAN {query}")))
    assert "USING COVERING INDEX ix_responses_sums" in plan
    assert "TEMP B-TREE" not in plan


def test_ratings_that_do_not_fit_the_questionnaire_are_never_summed(database, seeded):
    wave = simulated(database, "sipas-counter", 3)
    with database.writing() as session:
        row = session.execute(select(Response.__table__).limit(1)).mappings().one()
        changed = {"id": None, "ratings": "55", "submission_key": "f" * 32, "receipt": "ZZZZZZZZ"}
        session.execute(insert(Response).values(dict(row) | changed))
    with pytest.raises(RuntimeError, match="ratings of 4 respondents"):
        summed(database, wave)


def test_the_compact_text_says_what_the_answers_say():
    answers = {"a": 1, "b": "na", "d": 10, "e": 0}
    assert ratings.encode(answers, ["a", "b", "c", "d", "e"]) == "1x.:0"


@pytest.mark.parametrize("level", [-1, 11, 100])
def test_a_level_that_would_not_be_summed_is_not_stored(level):
    with pytest.raises(ValueError, match="from 0 to 10"):
        ratings.encode({"a": level}, ["a"])


@pytest.mark.parametrize("name", loading.available())
def test_every_level_of_the_shipped_questionnaires_can_be_stored(name):
    questionnaire = loading.load(name)
    for item in questionnaire.rating_items:
        for level in questionnaire.scale_of(item.id).levels:
            assert len(ratings.encode({item.id: level.value}, [item.id])) == 1
