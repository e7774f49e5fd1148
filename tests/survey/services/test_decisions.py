"""What is decided by the indices, against figures worked out from the answers themselves."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
import json
import math
import re
from pathlib import Path

import fastjsonschema
import numpy as np
import pytest
from sqlalchemy import insert, select

from forms import loading
from forms.definition import Composite, CompositeKind, IndexRule, Text
from survey import i18n
from survey.exports.indices_json import document
from survey.models import Agency, AgencySuccession, Response
from survey.models.agency import AgencyLevel
from survey.services import agencies, counters, importing, transactions, waves
from survey.services.call_backs import read_call_backs
from survey.services.changes import HIDDEN_BEFORE, NO_EARLIER
from survey.services.decisions import Question, decision_table
from survey.services.errors import ServiceError
from survey.services.import_problems import ImportRejected
from survey.services.indices import index_table
from survey.services.integrity import suspicious_responses

DIMENSIONS = ("tiep_can", "thu_tuc", "cong_chuc", "ket_qua", "gop_y", "phuc_vu")
ARCHITECTURE = Path(__file__).parents[3] / "docs" / "architecture.md"
VALID = fastjsonschema.compile(
    json.loads(re.search(r"```json\n(.*?)```", ARCHITECTURE.read_text("utf8"), re.DOTALL)[1])
)
COMMUNES = ("xa-ea-o", "phuong-buon-ma-thuot", "phuong-tuy-hoa", "xa-ea-kly", "xa-krong-pac", "xa-ea-knop", "xa-ea-pal")
DEPARTMENTS = ("so-noi-vu", "so-tu-phap")


class Province:
    """A database with counters everywhere, and waves that are filled from lists of answers."""

    def __init__(self, database):
        self.database = database
        self.questionnaire = loading.load("sipas-counter")
        with database.writing() as session:
            agencies.load_seed(session)
            for code in (*COMMUNES, *DEPARTMENTS):
                counters.make(session, agencies.find(session, code), name="Quầy số 1")

    def wave(self, year, answers, *, stream="counter", questionnaire=None, code=None):
        """A wave of that year; `answers` are by agency lists of (day of March, level or levels)."""
        code = code or f"quay-{year}"
        with self.database.writing() as session:
            if waves.find(session, code) is None:
                waves.create(
                    session,
                    questionnaire or self.questionnaire,
                    code=code,
                    title=f"Năm {year}",
                    stream=stream,
                    opens_on=dt.date(year, 1, 1),
                    closes_on=dt.date(year, 12, 31),
                )
            where = importing.destination(session, waves.find(session, code), stream=stream)
            batch = importing.read_responses(self.file(year, answers), questionnaire or self.questionnaire, into=where)
            importing.save(session, batch, received_at=dt.datetime(year, 3, 30, 3, tzinfo=dt.UTC))

    @staticmethod
    def file(year, answers):
        lines = [",".join(["agency", "answered_on", *DIMENSIONS])]
        for agency, given in answers.items():
            for day, levels in given:
                each = levels if isinstance(levels, tuple) else (levels,) * 6
                lines.append(",".join([agency, f"{year}-03-{day:02}", *map(str, each)]))
        return "\n".join(lines).encode()

    def decided(self, code, *, audience="inside", stream="counter", **asked):
        with self.database.reading() as session:
            return decision_table(
                session, code, stream=stream, locale="vi", audience=audience, question=Question(**asked)
            )

    def row(self, code, agency, **asked):
        return next(row for row in self.decided(code, **asked).rows if row.agency.code == agency)


@pytest.fixture
def province(database):
    return Province(database)


def people(*, good, bad, days=(2, 3, 4, 5, 6)):
    """So many satisfied and dissatisfied people, spread over days."""
    levels = [4 + number % 2 for number in range(good)] + [2 + number % 2 for number in range(bad)]
    return [(days[number % len(days)], level) for number, level in enumerate(levels)]


def random_answers(rng, agencies_and_sizes, *, shares=None):
    return {
        agency: [
            (int(rng.integers(2, 28)), tuple(int(level) for level in np.where(rng.random(6) < share, 5, 3)))
            for _ in range(size)
        ]
        for (agency, size), share in zip(agencies_and_sizes, shares or itertools.repeat(0.8), strict=False)
    }


def textbook(given):
    """Share, and its variance between days by the linearised ratio, from the answers alone."""
    days = {}
    for day, level in given:
        favourable, answers = days.get(day, (0, 0))
        days[day] = favourable + (level >= 4), answers + 1
    n = sum(answers for _, answers in days.values())
    share = sum(favourable for favourable, _ in days.values()) / n
    z = [(favourable - share * answers) / n for favourable, answers in days.values()]
    return share, len(z) / (len(z) - 1) * sum(one * one for one in z)


def test_the_change_is_the_difference_of_two_waves_with_the_error_of_both(province):
    # Days that differ: where all agree, respondents would be the units.
    before = people(good=45, bad=15, days=(2, 2, 2, 3, 4, 5, 6))
    now = people(good=56, bad=4, days=(2, 3, 3, 4, 4, 5, 9))
    province.wave(2025, {"xa-ea-o": before})
    province.wave(2026, {"xa-ea-o": now})
    change = province.row("quay-2026", "xa-ea-o").decision.past.change
    (p0, v0), (p1, v1) = textbook(before), textbook(now)
    assert change.value == pytest.approx(100 * (p1 - p0))
    assert change.standard_error == pytest.approx(100 * math.sqrt(v0 + v1), rel=1e-9)
    assert change.low < change.value < change.high
    # One comparison alone is not adjusted.
    assert change.holm == change.false_discovery == pytest.approx(change.p_value)


def test_p_values_are_adjusted_for_all_agencies_compared(province):
    rng = np.random.default_rng(4)
    sizes = [(agency, 60) for agency in COMMUNES]
    province.wave(2025, random_answers(rng, sizes))
    province.wave(2026, random_answers(rng, sizes, shares=[0.99, 0.9, *[0.8] * 5]))
    changes = [row.decision.past.change for row in province.decided("quay-2026").rows if row.decision]
    found = [change for change in changes if change]
    assert len(found) == len(COMMUNES)
    order = sorted(found, key=lambda one: one.p_value)
    # Holm's and Benjamini and Hochberg's first steps, from their definitions.
    assert order[0].holm == pytest.approx(min(1, 7 * order[0].p_value))
    assert order[-1].false_discovery == pytest.approx(order[-1].p_value)


def test_another_wording_breaks_the_trend_and_says_why(province):
    other = dataclasses.replace(
        province.questionnaire,
        version="2025.1",
        items=tuple(
            dataclasses.replace(item, text=Text((("vi", "Ông/Bà có vui không?"), ("en", "Are you glad?"))))
            if item.id == "phuc_vu"
            else item
            for item in province.questionnaire.items
        ),
    )
    province.wave(2025, {"xa-ea-o": people(good=50, bad=10)}, questionnaire=other)
    province.wave(2026, {"xa-ea-o": people(good=50, bad=10)})
    table = province.decided("quay-2026")
    past = next(row for row in table.rows if row.agency.code == "xa-ea-o").decision.past
    assert past.change is None
    assert "phuc_vu" in table.decided.earlier.broken
    assert "tiep_can" not in table.decided.earlier.broken
    shown = document(table, language=i18n.find("vi"))
    VALID(shown)
    reasons = shown["decisions"]["compared_with"]["not_comparable"]["hai_long_chung"]
    assert reasons
    assert reasons[0] in {row["change_reason"] for row in shown["rows"] if row["agency"] == "xa-ea-o"}


def test_the_change_of_the_whole_is_parted_into_who_came_and_how_they_were_served(province):
    # Each agency does as it did, but far more people came to the better one.
    province.wave(2025, {"xa-ea-o": people(good=18, bad=2), "so-noi-vu": people(good=40, bad=40)})
    province.wave(2026, {"xa-ea-o": people(good=72, bad=8), "so-noi-vu": people(good=10, bad=10)})
    parts = province.decided("quay-2026").decided.decomposed
    assert parts.agencies == 2
    assert parts.total.value == pytest.approx(100 * (82 / 100 - 58 / 100))
    assert parts.composition.value == pytest.approx(parts.total.value)
    assert parts.performance.value == pytest.approx(0, abs=1e-9)


def test_without_an_earlier_wave_there_is_no_change_and_a_reason(province):
    province.wave(2026, {"xa-ea-o": people(good=50, bad=10)})
    past = province.row("quay-2026", "xa-ea-o").decision.past
    assert (past.change, past.reason.template) == (None, NO_EARLIER)


def test_a_wave_can_be_chosen_to_compare_with_but_not_a_later_one(province):
    for year, good in ((2024, 30), (2025, 40), (2026, 50)):
        province.wave(year, {"xa-ea-o": people(good=good, bad=60 - good)})
    assert province.row("quay-2026", "xa-ea-o").decision.past.change.value == pytest.approx(100 * 10 / 60)
    chosen = province.row("quay-2026", "xa-ea-o", against="quay-2024").decision.past.change
    assert chosen.value == pytest.approx(100 * 20 / 60)
    with pytest.raises(ServiceError, match="does not come before"):
        province.decided("quay-2025", against="quay-2026")
    with pytest.raises(ServiceError, match="no wave with the code"):
        province.decided("quay-2026", against="quay-2020")


class Merger:
    """Two communes of 2025 that are one in 2026."""

    def __init__(self, province):
        with province.database.writing() as session:
            ids = session.execute(
                insert(Agency).returning(Agency.id),
                [
                    {
                        "code": code,
                        "name": code,
                        "kind": "xã",
                        "level": AgencyLevel.COMMUNE,
                        "valid_from": dt.date(2020, 1, 1),
                        "valid_to": dt.date(2026, 1, 1),
                        "to_be_confirmed": False,
                    }
                    for code in ("xa-cu-mot", "xa-cu-hai")
                ],
            ).scalars()
            new = agencies.find(session, "xa-ea-o").id
            session.add_all(
                AgencySuccession(predecessor_id=old, successor_id=new, on=dt.date(2026, 1, 1)) for old in ids
            )
            session.flush()
            for code in ("xa-cu-mot", "xa-cu-hai"):
                counters.make(session, agencies.find(session, code), name="Quầy số 1")


def test_a_merged_agency_has_the_weighted_past_of_what_it_came_from_and_says_so(province):
    Merger(province)
    province.wave(2025, {"xa-cu-mot": people(good=36, bad=4), "xa-cu-hai": people(good=12, bad=8)})
    province.wave(2026, {"xa-ea-o": people(good=50, bad=10)})
    past = province.row("quay-2026", "xa-ea-o").decision.past
    assert past.merged_from == ("xa-cu-hai", "xa-cu-mot")
    # 48 of 60 were satisfied with the two together.
    assert past.change.value == pytest.approx(100 * (50 / 60 - 48 / 60))
    with province.database.writing() as session:
        wave = waves.find(session, "quay-2025")
        handled = {agencies.find(session, "xa-cu-mot").id: 100, agencies.find(session, "xa-cu-hai").id: 300}
        transactions.replace(session, wave, handled)
    by_transactions = province.row("quay-2026", "xa-ea-o").decision.past.change
    assert by_transactions.value == pytest.approx(100 * (50 / 60 - (0.25 * 0.9 + 0.75 * 0.6)))


def test_a_past_made_of_a_hidden_agency_is_not_shown(province):
    Merger(province)
    small = {
        "xa-cu-mot": people(good=36, bad=4),
        "xa-cu-hai": people(good=3, bad=1),
        "so-noi-vu": people(good=3, bad=1),
    }
    province.wave(2025, small)
    province.wave(2026, {"xa-ea-o": people(good=50, bad=10)})
    past = province.row("quay-2026", "xa-ea-o", audience="public").decision.past
    assert (past.change, past.reason.template, past.merged_from) == (None, HIDDEN_BEFORE, ())


def test_nothing_public_about_the_others_depends_on_what_a_hidden_agency_answered(province):
    rng = np.random.default_rng(8)
    sizes = [(agency, 40) for agency in COMMUNES]
    others = random_answers(rng, sizes)
    seen = []
    for number, (good, bad) in enumerate([(7, 0), (0, 7)]):
        # Two hidden agencies of seven each, so that neither is the difference to the province.
        small = {agency: people(good=good, bad=bad) for agency in DEPARTMENTS}
        province.wave(2020 + number, others | small)
        table = province.decided(f"quay-{2020 + number}", audience="public")
        hidden = [row.agency.code for row in table.rows if row.suppressed and row.agency.code in DEPARTMENTS]
        assert hidden == list(DEPARTMENTS)
        seen.append(
            {
                row.agency.code: dataclasses.replace(row.decision, past=None)
                for row in table.rows
                if row.agency.code in COMMUNES
            }
        )
    assert seen[0] == seen[1]


def test_suspicions_stay_inside(province):
    rng = np.random.default_rng(5)
    province.wave(2026, random_answers(rng, [(agency, 40) for agency in COMMUNES]))
    inside, public = (province.decided("quay-2026", audience=audience) for audience in ("inside", "public"))
    assert all(row.decision.risk is not None for row in inside.rows if row.respondents == 40)
    assert all(row.decision.risk is None for row in public.rows if row.decision)


def test_an_index_without_the_suspicious_answers_stands_beside_the_one_with_them(province):
    rng = np.random.default_rng(6)
    answers = random_answers(rng, [(agency, 60) for agency in COMMUNES])
    # Twenty copies of one odd answer in one commune.
    answers["xa-ea-o"] += [(9, (5, 4, 5, 5, 4, 5))] * 25
    province.wave(2026, answers)
    risk = province.row("quay-2026", "xa-ea-o").decision.risk
    row = province.row("quay-2026", "xa-ea-o")
    assert row.respondents == 85
    assert risk.suspicious > 0
    assert risk.without.respondents == row.respondents - risk.suspicious
    assert risk.without.value < row.composites["hai_long_chung"].value


def marked_answers(rng, sizes, copies):
    """Answers of agencies, of which each has some copies of one odd vector besides: what signals point to."""
    answers = random_answers(rng, sizes)
    for (agency, _), number in zip(sizes, copies, strict=True):
        answers[agency] += [(9, (5, 4, 5, 5, 4, 5))] * number
    return answers


def subtracted(all_, rest):
    """What a reader of both tables finds out about those left out: their number, by row and column."""
    for with_, without in zip((all_.province, *all_.rows), (rest.province, *rest.rows), strict=True):
        columns = [("", with_.respondents, without.respondents)]
        for name, cell in (*with_.dimensions.items(), *with_.composites.items()):
            other = {**without.dimensions, **without.composites}[name]
            columns.append((name, cell and cell.respondents, other and other.respondents))
        for name, before, after in columns:
            if before is not None and after is not None:
                yield with_.agency.code if with_.agency else "", name, before - after


@pytest.mark.parametrize("seed", range(4))
def test_no_answer_is_found_by_subtracting_the_index_without_suspicious_answers(province, seed):
    rng = np.random.default_rng(seed)
    sizes = [
        (agency, int(size)) for agency, size in zip((*COMMUNES, *DEPARTMENTS), rng.integers(3, 60, 9), strict=True)
    ]
    province.wave(2026, marked_answers(rng, sizes, rng.permutation([0, 1, 2, 3, 5, 8, 20, 25, 30])))
    with province.database.reading() as session:
        asked = {"stream": "counter", "locale": "vi", "audience": "inside"}
        pointed_at = suspicious_responses(session, "quay-2026", stream="counter")
        tables = [index_table(session, "quay-2026", **asked, leave_out=out) for out in ((), pointed_at)]
    # The province differs by the sum of its agencies, which may be as few as those of one: never fewer than five.
    found = list(subtracted(*tables))
    assert {number for _, _, number in found if number} <= set(range(5, 100))
    # What is hidden is what was hidden, and nothing was left out of it.
    hidden = [[row.suppressed for row in table.rows] for table in tables]
    assert hidden[0] == hidden[1]
    assert tables[1].left_out == sum(number for agency, column, number in found if agency and not column)
    for row in province.decided("quay-2026").rows:
        if row.decision and row.decision.risk.without:
            left_out = row.composites["hai_long_chung"].respondents - row.decision.risk.without.respondents
            assert left_out == 0 or left_out >= 5
            assert bool(left_out) == bool(row.decision.risk.suspicious)


def test_a_single_suspicious_answer_stays_where_it_is(province):
    rng = np.random.default_rng(3)
    answers = random_answers(rng, [(agency, 60) for agency in COMMUNES])
    province.wave(2026, answers)
    with province.database.reading() as session:
        one = session.scalars(select(Response.id).limit(1)).all()
        asked = {"stream": "counter", "locale": "vi", "audience": "inside"}
        table = index_table(session, "quay-2026", **asked, leave_out=one)
    assert (table.left_out, table.province.respondents) == (0, 420)


def test_an_agency_all_of_whose_answers_are_suspicious_keeps_them(province):
    rng = np.random.default_rng(3)
    province.wave(2026, random_answers(rng, [(agency, 60) for agency in COMMUNES]))
    with province.database.reading() as session:
        everybody = select(Response.id).join(Agency, Agency.id == Response.agency_id).where(Agency.code == COMMUNES[0])
        asked = {"stream": "counter", "locale": "vi", "audience": "inside"}
        table = index_table(session, "quay-2026", **asked, leave_out=session.scalars(everybody).all())
    assert (table.left_out, table.province.respondents) == (0, 420)


def test_people_called_back_are_one_signal_more(province):
    rng = np.random.default_rng(7)
    province.wave(2026, random_answers(rng, [(agency, 60) for agency in COMMUNES], shares=[0.97, *[0.8] * 6]))
    calls = "agency;respondents;satisfied\nxa-ea-o;30;15\nphuong-tuy-hoa;30;24\n"
    with province.database.reading() as session:
        called = read_call_backs(session, calls.encode())
    risk = province.row("quay-2026", "xa-ea-o", called=called).decision.risk
    gap = next(sign for sign in risk.signs if sign.signal == "call_backs")
    share = province.row("quay-2026", "xa-ea-o").composites["hai_long_chung"].value / 100
    assert gap.value == pytest.approx(share - 0.5)


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("xa-ea-o;30;31", "More people are satisfied"),
        ("xa-ea-o;0;0", "Nobody was called back"),
        ("xa-ea-o;x;1", "not a number of people"),
        ("xa-nao;30;1", "xa-nao"),
        ("xa-ea-o;30;1\nxa-ea-o;30;1", "An earlier line"),
    ],
)
def test_faults_of_a_file_of_call_backs_are_told_by_line(province, line, fault):
    data = f"agency;respondents;satisfied\n{line}\n".encode()
    with province.database.reading() as session, pytest.raises(ImportRejected) as refusal:
        read_call_backs(session, data)
    assert any(fault in problem.template.format(**problem.values) for problem in refusal.value.problems)


def test_ranks_are_within_the_level_and_only_with_enough_answers(province):
    answers = {agency: people(good=30 + 5 * number, bad=30 - 5 * number) for number, agency in enumerate(COMMUNES[:5])}
    answers |= {"so-noi-vu": people(good=20, bad=40), "xa-ea-knop": people(good=20, bad=0)}
    province.wave(2026, answers)
    ranks = {row.agency.code: row.decision.rank for row in province.decided("quay-2026").rows if row.decision}
    assert [ranks[agency].rank for agency in COMMUNES[:5]] == [5, 4, 3, 2, 1]
    assert ranks["so-noi-vu"].rank == 1
    assert ranks["xa-ea-knop"].rank is None
    assert ranks["xa-ea-knop"].reason.values == {"minimum": 30}
    lower = {row.agency.code: row for row in province.decided("quay-2026", minimum_to_rank=20).rows}
    assert lower["xa-ea-knop"].decision.rank.rank == 1


def test_the_province_can_weigh_its_agencies_by_their_transactions(province):
    province.wave(2026, {"xa-ea-o": people(good=40, bad=10), "so-noi-vu": people(good=10, bad=40)})
    asked = {"stream": "counter", "locale": "vi", "weighting": "transactions"}
    with province.database.reading() as session, pytest.raises(ServiceError, match="have none recorded"):
        index_table(session, "quay-2026", **asked)
    with province.database.writing() as session:
        handled = {agencies.find(session, "xa-ea-o").id: 300, agencies.find(session, "so-noi-vu").id: 100}
        transactions.replace(session, waves.find(session, "quay-2026"), handled)
        table = index_table(session, "quay-2026", **asked)
    assert table.weighting == "transactions"
    assert table.province.dimensions["phuc_vu"].value == pytest.approx(100 * (0.75 * 0.8 + 0.25 * 0.2))
    row = province.row("quay-2026", "xa-ea-o")
    assert (row.decision.transactions, row.decision.response_rate) == (300, pytest.approx(50 / 300))


def test_the_province_by_transactions_counts_no_agency_that_is_hidden(province):
    # Two totals of the same two hidden agencies, weighted differently, would be two equations for two unknowns.
    others = {agency: people(good=40, bad=20) for agency in COMMUNES}
    found = []
    for year, (good, bad) in ((2025, (7, 0)), (2026, (0, 7))):
        province.wave(year, others | {agency: people(good=good, bad=bad) for agency in DEPARTMENTS})
        with province.database.writing() as session:
            handled = {agencies.find(session, agency).id: 100 for agency in (*COMMUNES, *DEPARTMENTS)}
            transactions.replace(session, waves.find(session, f"quay-{year}"), handled)
            asked = {"stream": "counter", "locale": "vi", "weighting": "transactions"}
            table = index_table(session, f"quay-{year}", **asked)
        assert [row.suppressed for row in table.rows if row.agency.code in DEPARTMENTS] == [True, True]
        assert table.covers == pytest.approx(7 / 9)
        found.append(table.province.dimensions)
    assert found[0] == found[1]


def test_why_the_whole_changed_is_told_of_agencies_that_are_shown(province):
    others = {agency: people(good=40, bad=20) for agency in COMMUNES}
    found = []
    for year, (good, bad) in ((2020, (7, 0)), (2022, (0, 7))):
        province.wave(year, others | {agency: people(good=4, bad=3) for agency in DEPARTMENTS})
        province.wave(year + 1, others | {agency: people(good=good, bad=bad) for agency in DEPARTMENTS})
        found.append(province.decided(f"quay-{year + 1}", audience="public").decided.decomposed)
    assert found[0].agencies == len(COMMUNES)
    assert found[0] == found[1]


def test_the_gap_between_counter_and_sample_is_shown_where_both_have_answers_enough(province):
    counter = {"xa-ea-o": people(good=57, bad=3), "so-noi-vu": people(good=40, bad=0)}
    sample = {"xa-ea-o": people(good=45, bad=15), "so-noi-vu": people(good=20, bad=0)}
    province.wave(2026, counter)
    province.wave(2026, sample, stream="sample")
    gap = province.row("quay-2026", "xa-ea-o").decision.mode_gap
    assert gap.value == pytest.approx(100 * (57 - 45) / 60)
    # The sign is that of the counter less the sample from either side.
    assert province.row("quay-2026", "xa-ea-o", stream="sample").decision.mode_gap.value == gap.value
    assert province.row("quay-2026", "so-noi-vu").decision.mode_gap is None


def test_the_distance_to_the_target_has_the_interval_of_the_index(province):
    province.wave(2026, {"xa-ea-o": people(good=40, bad=10)})
    row = province.row("quay-2026", "xa-ea-o", target=90.0)
    cell, target = row.composites["hai_long_chung"], row.decision.target
    assert target.value == pytest.approx(cell.value - 90)
    assert (target.low, target.high) == pytest.approx((cell.low - 90, cell.high - 90))


def test_models_are_labelled_and_stand_beside_the_direct_index(province):
    rng = np.random.default_rng(9)
    province.wave(2026, random_answers(rng, [(agency, 12) for agency in COMMUNES]))
    table = province.decided("quay-2026", audience="public")
    shown = [row for row in table.rows if row.decision]
    assert len(shown) == len(COMMUNES)
    mean = np.mean([row.composites["hai_long_chung"].value for row in shown])
    for row in shown:
        model, direct = row.decision.model, row.composites["hai_long_chung"]
        assert model.label == "Model-based estimate"
        assert 0 < model.shrinkage <= 1
        assert model.high - model.low < direct.high - direct.low
        # Towards what the communes share, give or take the scale's bend.
        assert abs(model.value - mean) <= abs(direct.value - mean) + 3


def test_too_few_agencies_for_a_model_say_so(province):
    province.wave(2026, {"xa-ea-o": people(good=40, bad=10), "so-noi-vu": people(good=40, bad=10)})
    table = province.decided("quay-2026")
    assert set(table.decided.no_model) == {"department", "commune"}
    assert all(row.decision.model is None for row in table.rows if row.decision)


def by_drivers(questionnaire):
    """The same questionnaire, whose index of the whole weighs the five factors by what they explain."""
    composite = Composite(
        id="theo_tac_dong",
        text=Text((("vi", "Chỉ số theo mức tác động"), ("en", "Composite by drivers"))),
        kind=CompositeKind.DRIVERS,
        item="phuc_vu",
        dimensions=DIMENSIONS[:5],
    )
    return dataclasses.replace(questionnaire, version="d.1", index=IndexRule(composites=(composite,)))


def test_a_composite_by_drivers_weighs_its_dimensions_by_what_they_explain(province):
    rng = np.random.default_rng(11)
    moving = [4, 5]
    answers = {
        agency: [
            (int(rng.integers(2, 28)), (int(first), *map(int, rng.choice(moving, 4)), int(first)))
            for first in rng.choice([2, 3, 4, 5], size=40)
        ]
        for agency in COMMUNES
    }
    province.wave(2026, answers, questionnaire=by_drivers(province.questionnaire))
    table = province.decided("quay-2026")
    row = next(row for row in table.rows if row.agency.code == "xa-ea-o")
    # Only the first dimension has anything to do with the outcome, so it is nearly all of the composite.
    assert row.composites["theo_tac_dong"].value == pytest.approx(row.dimensions["tiep_can"].value, abs=2)
    assert table.overall.rule == "drivers"
    assert row.decision.rank.rank is not None
    VALID(json.loads(json.dumps(document(table, language=i18n.find("vi")), allow_nan=False)))


@pytest.mark.parametrize("levels", [(5,) * 6, (3,) * 6])
def test_without_drivers_there_is_no_composite_and_everything_else(province, levels):
    given = {"xa-ea-o": [(day, levels) for day in (2, 3, 4, 5) for _ in range(10)]}
    for year in (2025, 2026):
        province.wave(year, given, questionnaire=by_drivers(province.questionnaire))
    table = province.decided("quay-2026")
    row = next(row for row in table.rows if row.agency.code == "xa-ea-o")
    assert row.composites["theo_tac_dong"] is None
    assert row.dimensions["tiep_can"].respondents == 40
    assert row.decision.past.change is None
    VALID(json.loads(json.dumps(document(table, language=i18n.find("en")), allow_nan=False)))


EDGES = {
    "nobody answered": {},
    "one respondent": {"xa-ea-o": [(2, 5)]},
    "all answers the same": {agency: [(day, 5) for day in (2, 3, 4, 5) for _ in range(10)] for agency in COMMUNES},
    "nobody satisfied": {agency: [(day, 1) for day in (2, 3, 4, 5) for _ in range(10)] for agency in COMMUNES},
    "one day alone": {agency: [(2, level) for level in (1, 3, 4, 5) for _ in range(10)] for agency in COMMUNES},
    "one agency": {"so-noi-vu": people(good=40, bad=3)},
}


@pytest.mark.parametrize("case", EDGES)
@pytest.mark.parametrize("audience", ["inside", "public"])
def test_at_the_edges_the_document_is_valid_and_has_no_nan(province, case, audience):
    if EDGES[case]:
        province.wave(2025, EDGES[case])
        province.wave(2026, EDGES[case])
    else:
        province.wave(2026, {"xa-ea-o": people(good=1, bad=0)}, code="khac")
        with province.database.writing() as session:
            asked = {"opens_on": dt.date(2026, 1, 1), "closes_on": dt.date(2026, 12, 31)}
            waves.create(session, province.questionnaire, code="quay-2026", title="Trống", **asked)
    table = province.decided("quay-2026", audience=audience)
    for language in ("vi", "en"):
        VALID(json.loads(json.dumps(document(table, language=i18n.find(language)), allow_nan=False)))


def test_a_full_wave_gives_a_valid_document_in_both_languages(province):
    rng = np.random.default_rng(10)
    sizes = [
        (agency, int(size)) for agency, size in zip((*COMMUNES, *DEPARTMENTS), rng.integers(4, 90, 9), strict=True)
    ]
    province.wave(2025, random_answers(rng, sizes))
    province.wave(2026, random_answers(rng, sizes))
    tables = [province.decided("quay-2026", audience=audience) for audience in ("inside", "public")]
    for language, table in itertools.product(("vi", "en"), tables):
        shown = document(table, language=i18n.find(language))
        VALID(json.loads(json.dumps(shown, allow_nan=False)))
        assert shown["decisions"]["drivers"]
        assert shown["disclosure"]["recovered"] == 0
