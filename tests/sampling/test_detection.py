"""Differences against R's documented values, their own inverse, and simulated panels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampling.detection import Comparison, detectable_difference, power_of, size_to_detect
from sampling.errors import SamplingError


def test_sizes_and_powers_are_those_of_power_prop_test():
    # R's help page: power.prop.test(n = 50, p1 = .50, p2 = .75) has power 0.740,
    # power.prop.test(p1 = .50, p2 = .75, power = .90) has n = 76.7.
    assert power_of(0.25, respondents=50) == pytest.approx(0.740, abs=5e-4)
    assert size_to_detect(0.25, power=0.9).exact == pytest.approx(76.7, abs=0.05)


@given(
    share=st.floats(0.05, 0.95),
    difference=st.floats(0.01, 0.4),
    power=st.floats(0.5, 0.99),
    overlap=st.floats(0, 1),
    correlation=st.floats(-0.9, 0.9),
)
def test_size_power_and_difference_are_one_relation(share, difference, power, overlap, correlation):
    comparison = Comparison(expected_share=share, design_effect=1.7, overlap=overlap, correlation=correlation)
    size = size_to_detect(difference, power=power, comparison=comparison)
    assert power_of(difference, respondents=size.exact, comparison=comparison) == pytest.approx(power, abs=1e-9)
    # A whole respondent more can only help.
    assert detectable_difference(size.n, power=power, comparison=comparison) <= difference * (1 + 1e-9)


def test_a_finite_population_needs_fewer_and_never_more_than_all():
    endless = size_to_detect(0.05, comparison=Comparison(expected_share=0.84))
    small = size_to_detect(0.05, comparison=Comparison(expected_share=0.84, population=1000))
    assert small.exact == pytest.approx(endless.exact / (1 + endless.exact / 1000))
    assert power_of(0.001, respondents=1000, comparison=Comparison(population=1000)) == 1.0


@pytest.mark.parametrize("overlap", [0.0, 1.0])
def test_a_simulated_panel_finds_the_difference_as_often_as_stated(overlap):
    comparison = Comparison(expected_share=0.8, overlap=overlap, correlation=0.5)
    size = size_to_detect(0.08, power=0.8, comparison=comparison)
    found = _share_found(0.8, 0.72, size.n, agreement=0.5 * overlap, rng=np.random.default_rng(20261122))
    # 20,000 panels: standard error 0.003; the normal approximation of the test itself adds about 0.01.
    assert found == pytest.approx(0.8, abs=0.02)


def _share_found(first, second, n, *, agreement, rng, panels=20_000):
    """Two-sided z tests at 5 % of panels whose pairs have a correlation: the table of both answers is multinomial."""
    both = first * second + agreement * np.sqrt(first * (1 - first) * second * (1 - second))
    table = rng.multinomial(n, [both, first - both, second - both, 1 - first - second + both], size=panels) / n
    difference = table[:, 1] - table[:, 2]
    pooled = (2 * table[:, 0] + table[:, 1] + table[:, 2]) / 2
    variance = 2 * pooled * (1 - pooled) * (1 - agreement) / n
    return float((np.abs(difference) > 1.959964 * np.sqrt(variance)).mean())


def test_a_panel_needs_fewer_than_two_samples():
    panel = Comparison(expected_share=0.84, overlap=1, correlation=0.6)
    assert size_to_detect(0.05, comparison=panel).n < 0.45 * size_to_detect(0.05, comparison=Comparison(0.84)).n


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda: size_to_detect(0.9), "a difference of 0.9 leads outside 0 to 1: ask for one below 0.5"),
        (lambda: size_to_detect(0.1, power=0.01), "power 0.01: it must be above the risk 0.05"),
        (lambda: detectable_difference(2), "2 respondents find no difference with power 0.8: ask more"),
        (lambda: Comparison(overlap=2), "overlap 2 and correlation 0.0"),
        (lambda: power_of(0.1, respondents=9, comparison=Comparison(population=8)), "9 respondents of 8 people"),
    ],
)
def test_what_cannot_be_found_is_refused(ask, said):
    with pytest.raises(SamplingError) as refused:
        ask()
    assert said in str(refused.value)
