"""Adjusted p-values against a derivation by hand, SciPy, statsmodels, and what they promise."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import false_discovery_control
from statsmodels.stats.multitest import multipletests

from analysis.errors import AnalysisError
from analysis.multiplicity import benjamini_hochberg, holm

p_values = st.lists(st.floats(0, 1), min_size=1, max_size=40)


def test_holm_by_hand():
    # Sorted .005, .01, .03, .04 times 4, 3, 2, 1 = .02, .03, .06, .04; never below the one before: .06 for the last.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02], rel=1e-12)


def test_benjamini_and_hochberg_by_hand():
    # Sorted .005, .01, .03, .04 times 4/1, 4/2, 4/3, 4/4 = .02, .02, .04, .04.
    assert benjamini_hochberg([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.02, 0.04, 0.04, 0.02], rel=1e-12)


@given(p_values)
@settings(deadline=None)
def test_benjamini_and_hochberg_are_scipys(given_p):
    assert benjamini_hochberg(given_p) == pytest.approx(false_discovery_control(given_p), rel=1e-12, abs=1e-300)


@given(p_values)
@settings(deadline=None)
def test_holm_steps_down(given_p):
    expected, highest = [0.0] * len(given_p), 0.0
    for rank, place in enumerate(sorted(range(len(given_p)), key=given_p.__getitem__)):
        highest = max(highest, min(1.0, (len(given_p) - rank) * given_p[place]))
        expected[place] = highest
    assert holm(given_p) == pytest.approx(expected, rel=1e-12, abs=1e-300)


@pytest.mark.parametrize(("adjust", "method"), [(holm, "holm"), (benjamini_hochberg, "fdr_bh")])
def test_adjusted_values_are_those_of_statsmodels(adjust, method):
    # Ties, zeros and ones among them.
    p = [*np.random.default_rng(7).random(200).round(2).tolist(), 0.0, 1.0, 1e-12]
    assert adjust(p) == pytest.approx(multipletests(p, method=method)[1], rel=1e-12, abs=1e-300)


@pytest.mark.parametrize("adjust", [holm, benjamini_hochberg])
def test_comparisons_that_could_not_be_tested_do_not_count(adjust):
    low, high = adjust([0.01, 0.02])
    assert adjust([0.01, None, 0.02, math.nan]) == [low, None, high, None]


@pytest.mark.parametrize("adjust", [holm, benjamini_hochberg])
def test_no_comparisons_have_no_p_values(adjust):
    assert adjust([]) == []
    assert adjust([None, None]) == [None, None]
    assert adjust([0.3]) == [0.3]


@pytest.mark.parametrize("wrong", [-0.1, 1.1, math.inf])
def test_a_number_that_is_no_p_value_is_refused(wrong):
    with pytest.raises(AnalysisError, match="not from 0 to 1"):
        holm([0.5, wrong])


def test_false_alarms_stay_within_their_promise():
    # 60 comparisons without and 20 with a real change, 1,000 times: Holm's chance of any false alarm is at most 5 %,
    # the expected share of Benjamini and Hochberg's 5 % of 60/80.
    rng = np.random.default_rng(20261125)
    any_false, shares = [], []
    for _ in range(1000):
        p = np.concatenate([rng.random(60), rng.beta(0.1, 5, 20)]).tolist()
        any_false.append((np.array(holm(p))[:60] < 0.05).any())
        alarms = np.array(benjamini_hochberg(p)) < 0.05
        shares.append(alarms[:60].sum() / max(alarms.sum(), 1))
    # Three standard errors of 1,000 draws.
    assert np.mean(any_false) < 0.05 + 3 * math.sqrt(0.05 * 0.95 / 1000)
    assert np.mean(shares) == pytest.approx(0.05 * 60 / 80, abs=3 * np.std(shares) / math.sqrt(1000))
