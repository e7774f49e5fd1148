"""The null of honest agencies: its tail against scipy's, and what the search makes of gaming ones."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import betabinom

from analysis.excess import BELIEVABLE, SURE, WIDER, beta_binomial_tail, fit


@pytest.mark.parametrize("correlation", [0.003, 0.05, 0.4])
@pytest.mark.parametrize("share", [0.002, 0.1, 0.5, 0.95])
def test_the_tail_is_the_beta_binomials(share, correlation):
    known = np.array([1, 15, 60, 60, 500, 1000])
    marked = np.array([1, 3, 0, 60, 80, 600])
    strength = 1 / correlation - 1
    expected = betabinom.sf(marked - 1, known, share * strength, (1 - share) * strength)
    found = beta_binomial_tail(marked, known, share=np.full(6, share), correlation=correlation)
    # scipy subtracts a sum from 1, so that its smallest tails are noise.
    assert found == pytest.approx(expected, rel=1e-6, abs=1e-11)


def test_beyond_a_thousand_the_tail_is_close_to_the_beta_binomials():
    known, marked = np.full(4, 3000), np.array([150, 400, 900, 1500])
    share = np.array([0.04, 0.1, 0.25, 0.48])
    strength = 1 / 0.01 - 1
    expected = betabinom.sf(marked - 1, known, share * strength, (1 - share) * strength)
    found = beta_binomial_tail(marked, known, share=share, correlation=0.01)
    # A twentieth of a chance moves no flag.
    assert found == pytest.approx(expected, rel=0.05)


def drawn(rng, *, share, correlation, agencies=150, gaming=0):
    known = np.clip(rng.lognormal(4.8, 0.7, agencies), 15, 500).astype(int)
    strength = 1 / correlation - 1
    marked = rng.binomial(known, rng.beta(share * strength, (1 - share) * strength))
    stuffed = np.arange(agencies) < gaming
    marked = np.where(stuffed, np.minimum(known, marked + np.round(0.2 * known).astype(int)), marked)
    return marked, known, stuffed


@pytest.mark.parametrize(("share", "correlation"), [(0.02, 0.01), (0.2, 0.02), (0.4, 0.05)])
def test_chances_of_honest_agencies_are_hardly_ever_too_small(share, correlation):
    rng = np.random.default_rng(5)
    chances = []
    for _ in range(20):
        marked, known, _ = drawn(rng, share=share, correlation=correlation)
        chances.append(fit(marked, known).tail(marked, known))
    # Of 3,000 agencies 1 % should fall below 0.01; the standard error of that share is 0.18 points.
    assert np.mean(np.concatenate(chances) <= 0.01) < 0.01 + 3 * 0.0018


def test_a_tenth_of_gaming_agencies_does_not_become_the_norm():
    rng = np.random.default_rng(6)
    marked, known, stuffed = drawn(rng, share=0.02, correlation=0.01, gaming=15)
    chances = fit(marked, known).tail(marked, known)
    assert (chances[stuffed] <= 0.01).mean() > 0.9
    clean = fit(marked[~stuffed], known[~stuffed])
    assert fit(marked, known).share[0] == pytest.approx(clean.share[0], rel=0.15)


def test_a_covariate_explains_what_it_explains():
    rng = np.random.default_rng(7)
    level = rng.normal(size=200)
    known = np.full(200, 300)
    marked = rng.binomial(known, expit(-1 + level))
    null = fit(marked, known, covariate=level)
    # Within five standard errors of a share of 300 for nearly all.
    assert np.quantile(np.abs(null.share - expit(-1 + level)), 0.9) < 0.05
    assert null.correlation < fit(marked, known).correlation / 3


@pytest.mark.parametrize("marked", [np.zeros(12, dtype=int), np.full(12, 40)])
def test_where_all_agencies_are_the_same_nobody_sticks_out(marked):
    null = fit(marked, np.full(12, 40), covariate=np.zeros(12))
    assert (null.tail(marked, np.full(12, 40)) > 0.5).all()


def test_agencies_of_which_nothing_is_known_take_no_part():
    rng = np.random.default_rng(8)
    marked, known, _ = drawn(rng, share=0.1, correlation=0.02)
    more = fit(np.r_[marked, 0, 0], np.r_[known, 0, 0])
    assert more.share[0] == pytest.approx(fit(marked, known).share[0], rel=1e-9)
    assert (more.tail(np.r_[marked, 0, 0], np.r_[known, 0, 0])[-2:] == 1).all()


def test_the_margins_of_the_search_are_those_that_were_calibrated():
    # benchmarks/gaming_risk.py measured the error rates with these; whoever changes one runs it again.
    assert (BELIEVABLE, WIDER, SURE) == (0.01, 1.3, 0.98)
