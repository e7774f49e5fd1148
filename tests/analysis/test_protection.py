"""Protection: enough is hidden (an attacker of another kind fails), and no more than has to be (brute force)."""

from __future__ import annotations

import itertools
import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.audit import audit, feasible_interval, required_widths
from analysis.protection import costs, primary, protect
from analysis.publication import Table, publication

FULL = os.environ.get("SIPAS_FULL") == "1"
# Members of the totals of a table of two rows by three columns: rows, columns, everything.
SUMS = [[0, 1, 2], [3, 4, 5], [0, 3], [1, 4], [2, 5], [0, 1, 2, 3, 4, 5]]
INSIDE = 5


def two_ways(counts):
    rows = range(6)
    groups = [[f"row {row // 3}" for row in rows], [f"column {row % 3}" for row in rows], ["all"] * 6]
    return publication([Table(rows, counts, groups=groups)])


def displayed(found, hidden):
    """The sums that stay displayed, with their values; a hidden total says nothing."""
    names = ["row 0", "row 1", "column 0", "column 1", "column 2", "all"]
    return [
        (inside, int(found.counts[found.place(name), 0]))
        for name, inside in zip(names, SUMS, strict=True)
        if not hidden[found.place(name), 0]
    ]


def narrowest(found, hidden, minimum):
    """Whether some hidden cell is too narrow, by listing all tables of whole numbers that agree with the displayed.

    Counts move by no more than twice the minimum from the truth here, which is further than any width asked for.
    """
    secret = [place for place in range(6) if hidden[place, 0]]
    truth = found.counts[:6, 0]
    spans = [range(max(1, int(truth[place]) - 2 * minimum), int(truth[place]) + 2 * minimum + 1) for place in secret]
    grid = np.array(np.meshgrid(*spans, indexing="ij")).reshape(len(secret), -1) if secret else np.zeros((0, 1), int)
    agrees = np.ones(grid.shape[1], dtype=bool)
    for inside, value in displayed(found, hidden):
        members = [secret.index(place) for place in inside if place in secret]
        agrees &= grid[members].sum(axis=0) == value - sum(int(truth[place]) for place in inside if place not in secret)
    values = dict(zip(secret, grid[:, agrees], strict=True))
    names = ["row 0", "row 1", "column 0", "column 1", "column 2", "all"]
    for name, inside in zip(names, SUMS, strict=True):
        if hidden[found.place(name), 0]:
            shown = sum(int(truth[place]) for place in inside if place not in secret)
            values[found.place(name)] = shown + sum(
                (values[place] for place in inside if place in secret), np.zeros(int(agrees.sum()), dtype=int)
            )
    required = required_widths(found.counts[:, 0], minimum=minimum)
    return any(np.ptp(seen) < required[place] for place, seen in values.items())


@settings(max_examples=40)
@given(st.lists(st.integers(0, 12), min_size=6, max_size=6), st.booleans())
def test_an_attacker_who_lists_every_table_finds_nothing(counts, exact):
    found = two_ways(counts)
    hidden = protect(found, minimum=3, exact=exact)
    assert (hidden | (found.counts == 0) | (found.counts >= 3)).all()
    assert not narrowest(found, hidden, 3)


@pytest.mark.parametrize("seed", range(8))
def test_the_fewest_are_what_brute_force_finds(seed):
    rng = np.random.default_rng(seed)
    counts = rng.choice([1, 2, 3, 4, 6, 9, 14], 6)
    found = two_ways(counts)
    forced, cost = primary(found, minimum=3), costs(found)
    hidden = protect(found, minimum=3, exact=True)
    free = np.flatnonzero(~forced[:, 0]).tolist()
    best = np.inf
    for size in range(len(free) + 1):
        for added in itertools.combinations(free, size):
            trial = forced.copy()
            trial[list(added), 0] = True
            if cost[trial].sum() < best and not narrowest(found, trial, 3):
                best = cost[trial].sum()
    assert cost[hidden].sum() == pytest.approx(best)


def simulated(rng, *, agencies, levels, items, mean):
    """Persons of agencies, with a sex and an age, who answer most items and are satisfied with most."""
    sizes = rng.poisson(rng.gamma(1.5, mean / 1.5, agencies))
    agency = np.repeat(np.arange(agencies), sizes)
    answered = rng.random((len(agency), items)) < 0.9
    satisfied = answered & (rng.random(answered.shape) < 0.85)

    def summed(code, size):
        counts = np.zeros((size, 1 + items), dtype=int)
        good = np.zeros((size, items), dtype=int)
        np.add.at(counts, code, np.column_stack([np.ones(len(code), dtype=int), answered]))
        np.add.at(good, code, satisfied)
        return counts, good

    counts, good = summed(agency, agencies)
    kinds = ["department" if one < agencies // 4 else "commune" for one in range(agencies)]
    tables = [Table(list(range(agencies)), counts, groups=[kinds, ["all"] * agencies], favourable=good)]
    for cut, size in enumerate(levels):
        level = rng.choice(size, len(agency), p=rng.dirichlet(np.full(size, 3.0)))
        counts, good = summed(agency * size + level, agencies * size)
        rows = [(one, cut, place) for one in range(agencies) for place in range(size)]
        groups = [[one for one, _, _ in rows], [("all", cut, place) for _, _, place in rows]]
        tables.append(Table(rows, counts, groups=groups, favourable=good))
    return publication(tables)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12 if FULL else 3))
def test_tables_with_cuts_and_items_are_protected_for_the_bare_program_too(seed):
    rng = np.random.default_rng(seed)
    found = simulated(rng, agencies=8, levels=(2, 4), items=2, mean=[15, 40, 120][seed % 3])
    hidden = protect(found, minimum=INSIDE)
    checked = audit(found, hidden, minimum=INSIDE)
    assert checked.passed
    places = np.argwhere(hidden & (found.counts > 0))
    for row, column in rng.permutation(places)[: len(places) if FULL else 25]:
        low, high = feasible_interval(found, hidden, found.names[row], column, by_sums_only=True)
        assert high - low >= float(required_widths(found.counts[row, column], minimum=INSIDE)) - 1e-6
        low, high = feasible_interval(found, hidden, found.names[row], column)
        assert high - low >= 1 - 1e-6


@pytest.mark.slow
def test_a_large_publication_is_protected_and_little_is_lost():
    agencies = 100 if FULL else 30
    found = simulated(np.random.default_rng(7), agencies=agencies, levels=(2, 5, 3), items=6, mean=200)
    forced = primary(found, minimum=INSIDE)
    hidden = protect(found, minimum=INSIDE)
    assert (hidden >= forced).all()
    assert audit(found, hidden, minimum=INSIDE).passed
    # Every row or column of a cut with one small cell needs another: hidden cells some two to four times the small.
    assert (hidden & (found.counts > 0)).sum() <= 4 * (forced & (found.counts > 0)).sum()


def test_without_small_cells_nothing_is_hidden():
    found = two_ways([20, 30, 40, 50, 60, 70])
    assert not protect(found, minimum=10).any()


def test_a_total_goes_only_where_no_member_can_help():
    # The level of the only commune is that commune. To keep the province's figure, something else is hidden that adds
    # up to it: the departments' figure, with one of them so that it cannot be added up.
    levels = ["departments", "departments", "communes"]
    found = publication([Table(["A", "B", "C"], [40, 50, 6], groups=[levels, ["all"] * 3])])
    hidden = protect(found, minimum=10)
    gone = {name for name, one in zip(found.names, hidden[:, 0], strict=True) if one}
    assert gone == {"A", "C", "communes", "departments"}


def test_hiding_a_row_hides_all_its_columns():
    found = publication([Table(["A", "B", "C"], [[6, 6], [12, 12], [50, 50]], groups=[["all"] * 3])])
    assert protect(found, minimum=10)[:3].tolist() == [[True, True], [True, True], [False, False]]


def test_a_total_costs_more_than_its_members():
    found = two_ways([20, 30, 40, 50, 60, 70])
    cost = costs(found)[:, 0]
    for name, inside in zip(["row 0", "row 1", "column 0", "column 1", "column 2", "all"], SUMS, strict=True):
        assert cost[found.place(name)] > cost[inside].sum()
