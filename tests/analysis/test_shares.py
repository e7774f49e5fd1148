"""What is told of how answers came, against readers who know all that is shown and the rule by which it is."""

from __future__ import annotations

import itertools
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.errors import AnalysisError
from analysis.shares import shown_shares

TRUST, ENTRY = ("verified", "signed", "open"), ("phone", "kiosk", "assisted")
WITHIN = {"kiosk": "signed"}
# The pairs that can occur: a kiosk opens its form by a signed code.
CELLS = tuple((trust, entry) for trust in TRUST for entry in ENTRY if entry != "kiosk" or trust == "signed")
MINIMUM = 3


def shown(people, *, displayed=None):
    """Of agencies that are given as numbers of respondents in each cell."""
    seen = [True] * len(people) if displayed is None else displayed
    return shown_shares(by(TRUST, 0, people), by(ENTRY, 1, people), displayed=seen, minimum=MINIMUM, within=WITHIN)


def by(kinds, part, people):
    return {
        kind: [sum(number for number, cell in zip(each, CELLS, strict=True) if cell[part] == kind) for each in people]
        for kind in kinds
    }


def compositions(total, parts):
    """All ways of spreading `total` over so many cells."""
    for bars in itertools.combinations(range(total + parts - 1), parts - 1):
        edges = (-1, *bars, total + parts - 1)
        yield tuple(after - before - 1 for before, after in itertools.pairwise(edges))


@pytest.mark.parametrize("respondents", [3, 4, 6, 8])
def test_no_count_of_a_few_persons_follows_from_an_agency_s_row(respondents):
    """Enumerated: for each thing a reader may see, all that may lie behind it."""
    behind = defaultdict(list)
    for composition in compositions(respondents, len(CELLS)):
        behind[repr(shown([composition]))].append(composition)
    for worlds in behind.values():
        table = np.array(worlds)
        # Every set of cells that has a name: a cell, and a row or column of the table between the two.
        rows = [[cell[0] == one for cell in CELLS] for one in TRUST]
        columns = [[cell[1] == one for cell in CELLS] for one in ENTRY]
        cells = [[cell == one for cell in CELLS] for one in CELLS]
        for chosen in (*rows, *columns, *cells):
            counts = set(table[:, chosen].sum(axis=1).tolist())
            assert not (len(counts) == 1 and 0 < counts.pop() < MINIMUM)


def test_without_the_rule_for_kiosks_a_few_persons_would_be_told():
    """Of 7 with a signed code 5 were at the kiosk; 2 are left."""
    trust, entry = {"verified": [5], "signed": [7]}, {"phone": [7], "kiosk": [5]}
    asked = {"displayed": [True], "minimum": MINIMUM}
    assert shown_shares(trust, entry, **asked).second.whole
    assert shown_shares(trust, entry, **asked, within=WITHIN).second.whole is None


three_agencies = st.lists(
    st.lists(st.sampled_from([0, 0, 1, 2, 3, 4, 9]), min_size=len(CELLS), max_size=len(CELLS)), min_size=3, max_size=3
)


@given(three_agencies, st.lists(st.booleans(), min_size=3, max_size=3), st.data())
def test_a_hidden_row_may_be_any_other_hidden_row(people, displayed, data):
    found = shown(people, displayed=displayed)
    hidden = [
        place
        for place in range(3)
        if found.first.rows[place] is None and found.second.rows[place] is None and sum(people[place])
    ]
    if not hidden:
        return
    # Whatever else is hidden at such an agency too, and with as many respondents if these are displayed.
    place = data.draw(st.sampled_from(hidden))
    others = [
        other
        for other in compositions(min(sum(people[place]), 6), len(CELLS))
        if not displayed[place] or (sum(other) == sum(people[place]) and shown([other]) == shown([people[place]]))
    ]
    for other in others[:50]:
        exchanged = [other if at == place else each for at, each in enumerate(people)]
        assert shown(exchanged, displayed=displayed) == found


@given(three_agencies, st.lists(st.booleans(), min_size=3, max_size=3))
def test_the_whole_is_the_sum_of_the_rows_that_are_shown(people, displayed):
    for table in (shown(people, displayed=displayed).first, shown(people, displayed=displayed).second):
        rows = [row for row in table.rows if row]
        if not rows:
            assert table.whole is None
            continue
        assert table.whole.domains == len(rows)
        for kind, count in table.whole.counts.items():
            assert count == sum(row.counts[kind] for row in rows)
            assert count == 0 or count >= MINIMUM


def test_an_agency_that_nobody_may_know_of_has_no_row():
    (row,) = shown([(40, 0, 0, 0, 0, 0, 0)], displayed=[False]).first.rows
    assert row is None


def test_shares_are_parts_of_all_kinds():
    trust, entry = {"verified": [30], "signed": [10], "open": [0]}, {"phone": [40]}
    (row,) = shown_shares(trust, entry, displayed=[True], minimum=10).first.rows
    assert [row.of(kind) for kind in TRUST] == [0.75, 0.25, 0.0]
    assert row.respondents == 40


def test_counts_of_other_respondents_are_refused():
    with pytest.raises(AnalysisError, match="same respondents"):
        shown_shares({"a": [3]}, {"b": [4]}, displayed=[True], minimum=3)
    with pytest.raises(AnalysisError, match="hides nothing"):
        shown_shares({"a": [3]}, {"b": [3]}, displayed=[True], minimum=0)
