"""What is published together: names that meet, equations that hold, and tables that do not fit."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from analysis.disclosure import Reason, publish, suppress
from analysis.errors import AnalysisError
from analysis.publication import Table, hidden_composites, publication


def test_every_equation_holds_for_counts_and_favourable_answers():
    rng = np.random.default_rng(1)
    counts = rng.integers(10, 30, (6, 1)) + np.array([[9, 0, -9]])
    favourable = counts[:, 1:] - 1
    levels = ["departments"] * 2 + ["communes"] * 4
    groups = [levels, ["all"] * 6, ["past of new", "past of new", None, None, None, None]]
    found = publication([Table(range(6), counts, groups=groups, favourable=favourable)])
    assert not (found.relations @ found.counts).any()
    assert not (found.relations @ found.favourable).any()
    assert found.counts[found.place("all")].tolist() == counts.sum(axis=0).tolist()


def test_a_large_total_is_written_with_the_totals_inside_it():
    # Then the difference of both, which any reader can compute, is an equation of its own.
    found = publication([Table("abcd", [1, 2, 3, 4], groups=[[None, None, "communes", "communes"], ["all"] * 4])])
    whole = found.relations.toarray()[1]
    assert {found.names[place] for place in np.flatnonzero(whole > 0)} == {"a", "b", "communes"}


def test_the_same_name_is_the_same_figure():
    agencies = Table(["A", "B"], [[12, 11], [30, 28]], groups=[["all", "all"]])
    sexes = Table(
        list(itertools.product("AB", "wm")), [[5, 5], [7, 6], [14, 13], [16, 15]], groups=[["A", "A", "B", "B"]]
    )
    found = publication([agencies, sexes])
    assert len(found.names) == 2 + 4 + 1
    assert found.is_total[[found.place("A"), found.place("B"), found.place("all")]].all()


def test_tables_of_other_waves_may_have_other_columns():
    found = publication([Table(["2024 A"], [[20, 19, 18]]), Table(["2025 A"], [[30, 29]])])
    assert found.columns == (3, 2)
    assert found.counts[found.place("2025 A")].tolist() == [30, 29, 0]


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        ([Table(["A"], [10]), Table(["A"], [11])], "must add up"),
        ([Table(["A"], [10]), Table(["A women", "A men"], [5, 4], groups=[["A", "A"]])], "must add up"),
        ([Table(["A", "A"], [10, 11])], "name each row once"),
        ([Table(["A"], [10, 11])], "name each row once"),
        ([Table(["A"], [10], groups=[["all", "all"]])], "labels"),
        ([Table(["A"], [[10, 11]])], "more respondents in a column"),
        ([Table(["A"], [[10, 9]], favourable=[[10]])], "more answers are favourable"),
        ([Table(["A"], [[10, 9]], favourable=[[9, 9]])], "shape"),
        ([Table(["A"], [[10, 9]], favourable=[[9]]), Table(["B"], [[10, 9]])], "for all or for none"),
        ([Table(["A"], [-1])], "whole numbers"),
    ],
)
def test_tables_that_do_not_fit_are_refused(tables, said):
    with pytest.raises(AnalysisError, match=said):
        publication(tables)


def test_publishing_hides_in_every_table_what_another_would_give_away():
    earlier = Table(["24 A", "24 B", "24 C", "24 D"], [30, 6, 7, 40], groups=[["24 all"] * 4])
    past = Table(
        ["24 A", "24 B", "24 C", "24 D"],
        [30, 6, 7, 40],
        groups=[["24 all"] * 4, ["past of new", "past of new", None, None]],
    )
    later = Table(["25 new", "25 C"], [44, 50], groups=[["25 all"] * 2])
    alone, both = publish([earlier, later]), publish([past, later])
    # B and C protect each other, until the past of A and B is shown beside A.
    assert alone.tables[0].hidden[:, 0].tolist() == [False, True, True, False]
    assert both.tables[0].hidden[:, 0].sum() > 2 or both.tables[0].hidden_totals[0]
    assert both.audit.passed
    assert not both.tables[1].hidden.any()


def test_an_empty_column_of_a_hidden_row_has_the_row_s_reason():
    found = suppress([[60, 50], [12, 0], [6, 0], [0, 0]], groups=[["all"] * 4])
    assert found.reasons == (
        (Reason.SHOWN, Reason.SHOWN),
        (Reason.COMPLEMENTARY, Reason.COMPLEMENTARY),
        (Reason.TOO_FEW, Reason.TOO_FEW),
        (Reason.NOBODY, Reason.NOBODY),
    )


def test_publishing_nothing_is_possible():
    assert publish([]).audit.passed
    assert publish([Table([], np.zeros((0, 3), dtype=int), groups=[[]])]).tables[0].hidden.shape == (0, 3)


def test_what_one_shown_composite_would_say_of_a_hidden_dimension():
    # Three dimensions with equal weights: the composite and two of them leave one unknown.
    dimensions = np.array([0.9, 0.8, 0.25])
    composite = dimensions.mean()
    assert 3 * composite - dimensions[:2].sum() == pytest.approx(dimensions[2])
    hidden = [[False, False, True], [False, True, True], [False, False, False]]
    assert hidden_composites(hidden, [[0, 1, 2], [0, 1]]).tolist() == [[True, False], [True, True], [False, False]]
    assert hidden_composites(hidden, []).shape == (3, 0)
