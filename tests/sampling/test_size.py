"""Sizes against the Ministry's table, exact fractions, and their own inverses."""

from __future__ import annotations

import math
import re
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampling.errors import SamplingError
from sampling.size import margin_of_error, margins_by_agency, size_for_share, sizes_by_agency, slovin

SHARES = st.integers(1, 99).map(lambda percent: percent / 100)
MARGINS = st.integers(5, 200).map(lambda tenths: tenths / 1000)


def test_sizes_are_those_of_the_published_table(reference):
    text = reference("sipas-method.md")
    section = text[text.index("### 5.2") : text.index("### 5.3")]
    rows = [
        [int(re.sub(r"\s", "", cell)) for cell in line.strip("|").split("|")]
        for line in section.splitlines()
        if re.match(r"\|\s*\d", line)
    ]
    assert [row[0] for row in rows] == [100, 200, 500, 1000, 2000, 5000, 10_000, 50_000, 443_565]
    for population, five, three, cochran in rows:
        assert slovin(population=population, margin_of_error=0.05).n == five
        assert slovin(population=population, margin_of_error=0.03).n == three
        assert size_for_share(margin_of_error=0.05, population=population).n == cochran


def test_sizes_are_r_s_rounded_once(allocations):
    for case in allocations["n_prop"]["cases"]:
        found = size_for_share(margin_of_error=case["e"], expected_share=case["p"], population=int(case["N"]))
        assert found.exact == pytest.approx(case["n"], rel=1e-12)
        # 277.53 → 278 and 821.78 → 822: who rounds n0 up first gets 279 and 823.
        assert found.n == math.ceil(case["n"])


@given(population=st.integers(1, 10**8), permille=st.integers(1, 500))
def test_slovin_is_exact_arithmetic_rounded_up(population, permille):
    exact = Fraction(population) / (1 + population * Fraction(permille, 1000) ** 2)
    assert slovin(population=population, margin_of_error=permille / 1000).n == math.ceil(exact)


@given(population=st.integers(2, 10**7), error=MARGINS)
def test_slovin_is_cochran_at_a_half_with_z_of_two(population, error):
    # P(|Z| < 2) = erf(√2).
    cochran = size_for_share(margin_of_error=error, population=population, confidence_level=math.erf(math.sqrt(2)))
    assert slovin(population=population, margin_of_error=error).exact == pytest.approx(cochran.exact, rel=1e-12)


@given(error=MARGINS, share=SHARES, population=st.none() | st.integers(2, 10**6), deff=st.floats(1, 5))
def test_a_size_is_the_smallest_that_reaches_its_margin(error, share, population, deff):
    given_ = {"expected_share": share, "population": population, "design_effect": deff}
    n = size_for_share(margin_of_error=error, **given_).n
    assert margin_of_error(n, **given_) <= error * (1 + 1e-8)
    assert n == 1 or margin_of_error(n - 1, **given_) > error
    assert population is None or n <= population


@given(
    error=MARGINS,
    population=st.none() | st.integers(2, 10**6),
    percent=st.integers(1, 100),
)
def test_invitations_are_the_fewest_that_bring_the_respondents(error, population, percent):
    found = size_for_share(margin_of_error=error, population=population, response_rate=percent / 100)
    rate = Fraction(percent, 100)
    if found.is_reachable:
        assert found.invitations == math.ceil(found.n / rate)
        assert found.respondents == found.n
    else:
        assert found.invitations == population
        assert found.respondents == math.floor(population * rate) < found.n


def test_the_margins_of_the_national_survey_are_those_of_its_report():
    # sipas-method.md §5.1: 580 people, 84 %: ±2.98 points, with design effect 2 ±4.2.
    assert margin_of_error(580, expected_share=0.84) == pytest.approx(0.0298, abs=5e-5)
    assert margin_of_error(580, expected_share=0.84, design_effect=2) == pytest.approx(0.042, abs=5e-4)


def test_a_census_has_no_margin():
    assert margin_of_error(500, population=500) == 0


def test_every_agency_gets_its_own_margin():
    populations = {"xa-ea-o": 500, "so-noi-vu": 10_000, "xa-nho": 12}
    sizes = sizes_by_agency(populations, margin_of_error=0.05)
    margins = margins_by_agency({agency: size.n for agency, size in sizes.items()}, populations=populations)
    assert {agency: size.n for agency, size in sizes.items()} == {"xa-ea-o": 218, "so-noi-vu": 370, "xa-nho": 12}
    assert max(margins.values()) <= 0.05


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda: slovin(population=0, margin_of_error=0.05), "the population is 0"),
        (lambda: slovin(population=10, margin_of_error=5), "margin_of_error is 5: it must be between 0 and 1"),
        (lambda: size_for_share(margin_of_error=0.05, expected_share=1.0), "expected_share is 1.0"),
        (lambda: size_for_share(margin_of_error=0.05, design_effect=0), "design_effect is 0: it must be above zero"),
        (lambda: size_for_share(margin_of_error=0.05, response_rate=0), "response rate 0 must be above 0"),
        (lambda: size_for_share(margin_of_error=0.05, confidence_level=95), "confidence_level is 95"),
        (lambda: margin_of_error(11, population=10), "11 respondents of 10 people: there cannot be more"),
        (lambda: margins_by_agency({"a": 1}, populations={}), "a has respondents and no population"),
    ],
)
def test_what_cannot_be_is_refused_by_name(ask, said):
    with pytest.raises(SamplingError, match=re.escape(said)):
        ask()
