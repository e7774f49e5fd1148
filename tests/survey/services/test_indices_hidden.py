"""What the table of indices does not show, against someone who subtracts."""

from __future__ import annotations

import datetime as dt
import itertools
from collections import Counter

import numpy as np
import pytest

from analysis.results import NOTES
from survey import i18n
from survey.services.indices import NOBODY, SOME_HIDDEN, TOO_SMALL

DIMENSIONS = ("tiep_can", "thu_tuc", "cong_chuc", "ket_qua", "gop_y", "phuc_vu")
MONDAY = dt.date(2026, 3, 2)


@pytest.mark.parametrize("rule", [("public", 10), ("inside", 5)])
def test_an_agency_is_shown_from_its_audience_s_minimum_on(give, table, rule, persons, row_of):
    audience, fewest = rule
    # The two other agencies are as small, so that none has to be hidden for another's sake.
    give(
        [
            *persons(fewest, at="xa-ea-o-1"),
            *persons(fewest - 1, at="so-noi-vu-1"),
            *persons(fewest - 1, at="so-tu-phap-1"),
        ]
    )
    found = table(audience=audience)
    assert found.minimum_respondents == fewest
    assert row_of(found, "xa-ea-o").respondents == fewest
    for agency in ("so-noi-vu", "so-tu-phap"):
        hidden = row_of(found, agency)
        assert (hidden.suppressed, hidden.respondents) == (True, None)
        assert hidden.reason == TOO_SMALL
        assert set(hidden.dimensions.values()) == {None}


def test_the_province_too_needs_the_minimum(give, table, persons):
    give(persons(9, at="xa-ea-o-1"))
    assert table().province.suppressed
    assert table().province.respondents is None
    assert table(audience="inside").province.respondents == 9


def test_a_dimension_too_few_answered_is_hidden_in_a_row_that_is_shown(give, table, persons, row_of):
    give(
        [
            *persons(9, at="xa-ea-o-1"),
            *persons(6, at="xa-ea-o-2", gop_y="na"),
            *persons(8, at="so-noi-vu-1"),
            *persons(8, at="so-noi-vu-1", gop_y="na"),
        ]
    )
    row = row_of(table(), "xa-ea-o")
    assert (row.respondents, row.dimensions["gop_y"], row.note) == (15, None, SOME_HIDDEN)
    # Both together are more than enough.
    assert table().province.dimensions["gop_y"].respondents == 17


def scenario(rng, crowd):
    """Five agencies of very different sizes, none of one mind."""
    sizes = [int(rng.choice(some)) for some in ((1, 2, 3, 5, 7, 9), (4, 8, 10, 12), (0, 10, 11, 30), (40,), (60,))]
    places = ["xa-ea-o-1", "phuong-tuy-hoa-1", "phuong-buon-ma-thuot-1", "so-noi-vu-1", "so-tu-phap-1"]
    rng.shuffle(places)
    return [
        one
        for place, size in zip(places, sizes, strict=True)
        for one in crowd(
            rng, [(place, MONDAY + dt.timedelta(days=day), size // 2 + day * (size % 2)) for day in (0, 1)]
        )
    ]


@pytest.mark.parametrize("seed", range(6))
def test_nobody_finds_a_hidden_agency_by_subtraction(give, table, seed, crowd):
    people = scenario(np.random.default_rng(seed), crowd)
    give(people)
    for audience, minimum in (("public", 10), ("inside", 5)):
        found = table(audience=audience)
        for dimension in (None, *DIMENSIONS):
            Attacker(found, dimension).fails_below(minimum, people)


class Attacker:
    """Knows the displayed table and which agencies have counters, and subtracts what is shown from the whole."""

    def __init__(self, table, dimension):
        self.dimension = dimension
        self.minimum = table.minimum_respondents
        whole, shown = self._displayed(table.province), [self._displayed(row) for row in table.rows]
        self.nothing_to_subtract_from = whole is None
        self.hidden = [
            row.agency.code
            for row, displayed in zip(table.rows, shown, strict=True)
            if displayed is None and row.reason != "Nobody answered"
        ]
        if whole is not None:
            known = [displayed for displayed in shown if displayed]
            self.respondents = whole[0] - sum(number for number, _ in known)
            self.satisfied = whole[1] - sum(satisfied for _, satisfied in known)

    def _displayed(self, row):
        """How many answered, and how many of them were satisfied."""
        if self.dimension is None:
            return None if row.respondents is None else (row.respondents, 0)
        cell = row.dimensions[self.dimension]
        return cell and (cell.respondents, round(cell.respondents * cell.value / 100))

    def fails_below(self, minimum, people):
        """What is left over belongs to so many persons of so many agencies that no single one is told."""
        if self.nothing_to_subtract_from:
            return
        truth = Counter(
            one.agency for one in people if self.dimension is None or one.answers.get(self.dimension) in range(1, 6)
        )
        hidden = [agency for agency in self.hidden if truth[agency]]
        assert self.respondents == sum(truth[agency] for agency in hidden)
        if hidden:
            assert self.respondents >= minimum
            assert len(hidden) >= 2
            self._every_hidden_index_stays_open(len(hidden))

    def _every_hidden_index_stays_open(self, number):
        """Of all ways to share out what is left, some give the first hidden agency another index than others do."""
        if self.dimension is None or number > 3 or self.satisfied in {0, self.respondents}:
            return
        ways = (
            split
            for split in itertools.product(range(1, self.respondents), repeat=number - 1)
            if self._leaves_one(split)
        )
        indices = {
            satisfied / first
            for first, *_ in ways
            for satisfied in range(first + 1)
            if self.satisfied - (self.respondents - first) <= satisfied <= self.satisfied
        }
        assert len(indices) > 1

    def _leaves_one(self, split):
        return sum(split) < self.respondents


def test_a_larger_agency_hides_a_smaller_one(give, table, persons, row_of):
    give([*persons(60, at="so-noi-vu-1"), *persons(14, at="phuong-tuy-hoa-1"), *persons(6, at="xa-ea-o-1")])
    small, cover = row_of(table(), "xa-ea-o"), row_of(table(), "phuong-tuy-hoa")
    assert small.reason == TOO_SMALL
    assert cover.reason == small.reason
    assert (cover.respondents, set(cover.dimensions.values())) == (None, {None})


def test_the_whole_is_hidden_where_it_is_one_hidden_agency(give, table, persons, row_of):
    # Only the larger of two agencies answered about feedback: the province's figure for it would be that agency's.
    give([*persons(30, at="xa-ea-o-1"), *persons(3, at="phuong-tuy-hoa-1", gop_y="na")])
    found = table()
    assert row_of(found, "xa-ea-o").suppressed
    assert found.province.respondents == 33
    assert found.province.dimensions["phuc_vu"].respondents == 33
    assert found.province.dimensions["gop_y"] is None


@pytest.mark.parametrize("audience", ["public", "inside"])
def test_the_page_of_an_agency_hides_what_the_table_hides(give, table, audience, persons, row_of):
    give(
        [
            *persons(60, at="so-noi-vu-1"),
            *persons(14, at="phuong-tuy-hoa-1", gop_y="na"),
            *persons(4, at="xa-ea-o-1"),
            *persons(30, at="phuong-buon-ma-thuot-1"),
        ]
    )
    whole = table(audience=audience)
    rows = {
        agency: row_of(whole, agency)
        for agency in ("so-noi-vu", "xa-ea-o", "so-tu-phap", "phuong-tuy-hoa", "phuong-buon-ma-thuot")
    }
    assert {row.suppressed for row in rows.values() if row.reason != "Nobody answered"} == {True, False}
    for agency, row in rows.items():
        alone = table(audience=audience, agency=agency)
        assert alone.rows == (row,)
        assert alone.province == whole.province


def test_every_reason_and_note_can_be_said_in_vietnamese():
    # The sentences of `analysis` reach a reader only through a row, where no extraction of messages sees them.
    sentences = [sentence for sentence in (NOBODY, TOO_SMALL, SOME_HIDDEN, *NOTES.values()) if sentence]
    vietnamese = i18n.find("vi")
    assert [sentence for sentence in sentences if vietnamese.gettext(sentence) == sentence] == []
