"""The table of indices against a computation of its own from single answers."""

from __future__ import annotations

import datetime as dt
import math
import statistics
from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import pytest
from scipy import stats

from forms import loading
from survey.services import importing
from survey.services.errors import NotFoundError
from survey.services.indices import agency_indices, index_table

DIMENSIONS = ("tiep_can", "thu_tuc", "cong_chuc", "ket_qua", "gop_y", "phuc_vu")
SATISFIED = (4, 5)
MONDAY = dt.date(2026, 3, 2)
# Twelve digits are printed at most; both computations lose fewer than two to rounding.
EXACT = {"rel": 1e-10, "abs": 1e-12}


@dataclass(frozen=True)
class Figures:
    """An index by the textbook, as shares."""

    value: float
    standard_error: float
    freedom: int
    respondents: int

    def __init__(self, people, dimension, *, agency=None):
        """Of the persons of one agency among all `people`, or of all: a ratio of totals and its linearised variance."""
        valid = [one for one in people if agency in {None, one.agency} and one.answers.get(dimension) in range(1, 6)]
        value = sum(one.answers[dimension] in SATISFIED for one in valid) / len(valid)
        residuals = {id(one): ((one.answers[dimension] in SATISFIED) - value) / len(valid) for one in valid}
        strata = defaultdict(lambda: defaultdict(list))
        for one in people:
            strata[one.agency][one.counter, one.day].append(one)
        answering = [
            sum(any(id(one) in residuals for one in members) for members in clusters.values())
            for clusters in strata.values()
        ]
        freedom = sum(count - 1 for count in answering if count)
        variance = 0.0
        for clusters in strata.values():
            units = [sum(residuals.get(id(one), 0.0) for one in members) for members in clusters.values()]
            if len(clusters) == 1 or freedom == 0:
                units = [residuals.get(id(one), 0.0) for members in clusters.values() for one in members]
            # n / (n - 1) times the squares about the mean.
            variance += len(units) * statistics.variance(units) if len(units) > 1 else 0.0
        object.__setattr__(self, "value", value)
        object.__setattr__(self, "standard_error", math.sqrt(variance))
        object.__setattr__(self, "freedom", freedom or len(valid) - 1)
        object.__setattr__(self, "respondents", len(valid))

    @property
    def interval(self):
        """The t interval on the logit scale; of a share of 0 or 1, Clopper and Pearson's after Korn and Graubard."""
        t = stats.t.ppf(0.975, self.freedom)
        if 0 < self.value < 1:
            centre = math.log(self.value / (1 - self.value))
            half = t * self.standard_error / (self.value * (1 - self.value))
            return tuple(1 / (1 + math.exp(-end)) for end in (centre - half, centre + half))
        effective = self.respondents * (stats.t.ppf(0.975, self.respondents - 1) / t) ** 2
        if self.value == 0:
            return 0.0, stats.beta.ppf(0.975, 1, effective)
        return stats.beta.ppf(0.025, effective, 1), 1.0

    @property
    def design_effect(self):
        """Over the variance of as many persons drawn one by one."""
        return self.standard_error**2 / (self.value * (1 - self.value) / (self.respondents - 1))


def check(cell, figures):
    low, high = figures.interval
    assert cell.respondents == figures.respondents
    assert cell.value == pytest.approx(100 * figures.value, **EXACT)
    assert cell.standard_error == pytest.approx(100 * figures.standard_error, **EXACT)
    assert (cell.low, cell.high) == pytest.approx((100 * low, 100 * high), **EXACT)
    if 0 < figures.value < 1:
        assert cell.design_effect == pytest.approx(figures.design_effect, **EXACT)
        srs = figures.value * (1 - figures.value) / figures.standard_error**2
        assert cell.effective == pytest.approx(srs, **EXACT)


BUSY = [
    *(("xa-ea-o-1", MONDAY + dt.timedelta(days=day), 4 + day) for day in range(5)),
    *(("xa-ea-o-2", MONDAY + dt.timedelta(days=day), 3) for day in range(3)),
    *(("so-noi-vu-1", MONDAY + dt.timedelta(days=day), 11) for day in range(4)),
    *(("phuong-tuy-hoa-1", MONDAY + dt.timedelta(days=day), 9 - day) for day in range(3)),
]


@pytest.mark.parametrize("way", ["from a file", "at the counters"])
def test_every_figure_is_that_of_a_computation_from_single_answers(give, table, way, crowd, row_of):
    people = crowd(np.random.default_rng(20260302), BUSY)
    (give if way == "from a file" else give.at_counters)(people)
    found = table()
    assert found.province.respondents == len(people)
    for dimension in DIMENSIONS:
        check(found.province.dimensions[dimension], Figures(people, dimension))
        for agency in ("xa-ea-o", "so-noi-vu", "phuong-tuy-hoa"):
            check(row_of(found, agency).dimensions[dimension], Figures(people, dimension, agency=agency))


def test_an_agency_of_one_day_at_one_counter_has_its_respondents_as_units_and_says_so(give, table, crowd, row_of):
    people = crowd(np.random.default_rng(5), [*BUSY, ("phuong-buon-ma-thuot-1", MONDAY, 23)])
    give(people)
    row = row_of(table(), "phuong-buon-ma-thuot")
    assert row.note.startswith("All answers came on one day at one counter")
    valid = [one.answers["phuc_vu"] in SATISFIED for one in people if one.agency == "phuong-buon-ma-thuot"]
    # The standard error of a mean of independent zeros and ones, as any textbook has it.
    assert row.dimensions["phuc_vu"].standard_error == pytest.approx(
        100 * statistics.stdev(map(float, valid)) / math.sqrt(23), **EXACT
    )
    for dimension in DIMENSIONS:
        check(row.dimensions[dimension], Figures(people, dimension, agency="phuong-buon-ma-thuot"))
    # In the province's variance that agency's stratum has respondents as units, the others counters and days.
    check(table().province.dimensions["phuc_vu"], Figures(people, "phuc_vu"))


def test_when_all_are_satisfied_the_interval_still_says_how_few_they_were(give, table, persons, row_of):
    people = [
        *(one for day in range(4) for one in persons(5, at="xa-ea-o-1", day=MONDAY + dt.timedelta(days=day))),
        *persons(15, at="so-noi-vu-1", rest=1),
    ]
    give(people)
    satisfied = row_of(table(), "xa-ea-o").dimensions["phuc_vu"]
    check(satisfied, Figures(people, "phuc_vu", agency="xa-ea-o"))
    assert (satisfied.value, satisfied.high, satisfied.standard_error) == (100.0, 100.0, 0.0)
    # The rule of three, corrected for 3 degrees of freedom instead of 19, is far below 100.
    assert 40 < satisfied.low < 80
    nobody = row_of(table(), "so-noi-vu").dimensions["phuc_vu"]
    check(nobody, Figures(people, "phuc_vu", agency="so-noi-vu"))
    assert (nobody.value, nobody.low) == (0.0, 0.0)


def test_who_says_it_does_not_apply_leaves_numerator_and_denominator(give, table, persons, row_of):
    people = [
        *persons(12, at="xa-ea-o-1", ket_qua=4),
        *persons(7, at="xa-ea-o-2", ket_qua="na"),
        *persons(5, at="xa-ea-o-2", ket_qua=2),
        *persons(3, at="xa-ea-o-1", ket_qua=None),
    ]
    give(people)
    row = row_of(table(), "xa-ea-o")
    assert row.respondents == 27
    assert row.dimensions["ket_qua"].respondents == 17
    assert row.dimensions["ket_qua"].value == pytest.approx(100 * 12 / 17, **EXACT)
    assert row.dimensions["phuc_vu"].respondents == 27
    check(row.dimensions["ket_qua"], Figures(people, "ket_qua", agency="xa-ea-o"))


def test_when_nobody_answered_there_is_no_index_rather_than_nought(table):
    found = table()
    assert len(found.rows) == 116
    for row in (found.province, *found.rows):
        assert (row.respondents, row.suppressed, row.reason) == (None, True, "Nobody answered")
        assert set(row.dimensions.values()) == {None}


def test_a_dimension_that_nobody_answered_is_left_out_of_a_row_that_is_shown(give, table, persons, row_of):
    give(persons(20, at="xa-ea-o-1", gop_y="na"))
    row = row_of(table(), "xa-ea-o")
    assert (row.suppressed, row.dimensions["gop_y"]) == (False, None)
    assert table().province.dimensions["gop_y"] is None
    assert row.dimensions["phuc_vu"].respondents == 20


def test_streams_are_never_pooled(give, table, persons, row_of):
    scanned, drawn = persons(20, at="xa-ea-o-1", rest=5), persons(12, at="xa-ea-o-1", rest=2)
    give(scanned)
    give(drawn, stream="census")
    for stream, people in (("counter", scanned), ("census", drawn)):
        found = table(stream=stream)
        assert found.stream == stream
        assert found.province.respondents == len(people)
        assert row_of(found, "xa-ea-o").dimensions["phuc_vu"].value == (100.0 if stream == "counter" else 0.0)
    assert table(stream="sample").province.reason == "Nobody answered"


def test_ba_ria_vung_tau_2022_is_83_87_again(database, province, table, row_of):
    # Sở TN&MT Bà Rịa - Vũng Tàu 2022: of 31 persons 10 were very satisfied, 16 satisfied, 5 neither; published 83,87 %.
    file = "agency,answered_on,count,phuc_vu\n" + "".join(
        f"so-noi-vu,2026-03-02,{count},{level}\n" for count, level in ((10, 5), (16, 4), (5, 3))
    )
    with database.writing() as session:
        where = importing.destination(session, province.wave, stream="census")
        batch = importing.read_responses(file.encode(), loading.load("sipas-counter"), into=where)
        assert importing.save(session, batch, received_at=province.now) == 31
    cell = row_of(table(stream="census"), "so-noi-vu").dimensions["phuc_vu"]
    assert f"{cell.value:.2f}" == "83.87"
    assert cell.value == pytest.approx(100 * 26 / 31, **EXACT)
    # Persons drawn one by one: the standard error of a mean of zeros and ones, 30 degrees of freedom.
    error = statistics.stdev([1.0] * 26 + [0.0] * 5) / math.sqrt(31)
    half = stats.t.ppf(0.975, 30) * error / (26 / 31 * 5 / 31)
    ends = [100 / (1 + math.exp(-(math.log(26 / 5) + sign * half))) for sign in (-1, 1)]
    assert [cell.low, cell.high] == pytest.approx(ends, **EXACT)


def test_the_table_names_everything_in_the_reader_s_language(database, province):
    with database.reading() as session:
        vietnamese, english = (
            index_table(session, "quay-2026", stream="counter", locale=locale) for locale in ("vi", "en")
        )
    assert [one.id for one in vietnamese.dimensions] == list(DIMENSIONS)
    assert vietnamese.dimensions[1].name == "Thủ tục hành chính"
    assert english.dimensions[1].name == "Administrative procedure"
    assert vietnamese.wave.title == english.wave.title == "Đánh giá tại quầy năm 2026"


def test_a_wave_or_an_agency_that_is_not_there_is_named(database, province):
    asked = {"stream": "counter", "locale": "vi"}
    with database.reading() as session:
        with pytest.raises(NotFoundError, match="no-such-wave"):
            index_table(session, "no-such-wave", **asked)
        with pytest.raises(NotFoundError, match="so-khong-co"):
            agency_indices(session, "quay-2026", "so-khong-co", **asked)
