"""The simulation against formulas, a loop in plain Python, and the analysis' own estimator on the same people."""

from __future__ import annotations

import random
import statistics
from dataclasses import replace

import numpy as np
import pytest

from analysis.cells import Sums, cells_from_sums
from analysis.intervals import limits
from analysis.linearised import ratio_table
from analysis.multiplicity import holm
from sampling.errors import SamplingError
from sampling.expectations import expectations
from sampling.plan import Plan, PlannedDimension, PlannedStratum
from sampling.simulate import logit_intervals, simulate
from sampling.simulated_places import Fieldwork, place_shares
from sampling.telling_apart import holm_rejects, told_apart


def generator(seed=20261125):
    return np.random.Generator(np.random.PCG64(seed))


def plan_of(*strata, icc=0.05, items=1, r=0.4, **options):
    dimensions = (
        PlannedDimension("pooled", "Pooled", items=items, item_correlation=r, icc=icc),
        PlannedDimension("single", "Single", icc=icc),
    )
    return Plan("Test", "q", 0.95, 1, 0.05, "single", dimensions, strata, **options)


def stratum(code="a", *, shares=(0.8, 0.8), psus=200, n=200, rate=1.0, **options):
    values = {"agency": code, "agency_name": code, "level": "commune", "population": 20_000, "people_per_psu": 10}
    return PlannedStratum(code=code, name=code, psus=psus, n=n, response_rate=rate, shares=shares, **values | options)


def test_the_simulated_margin_is_the_one_by_formula():
    plan = plan_of(stratum(), items=3)
    found, expected = simulate(plan, rng=generator(), replications=1000), expectations(plan).province
    # A tenth of the primary units is drawn, so that the estimator, which takes them as drawn with replacement, is
    # right but for the 1 % of people in the sample. 1,000 replications leave the mean uncertain by less than 1 %.
    for place in range(2):
        assert found.margins[:, 0, place].mean() == pytest.approx(expected.figures[place].margin, rel=0.04)


def test_intervals_hold_the_truth_as_often_as_they_promise():
    found = simulate(plan_of(stratum(rate=0.7), items=3), rng=generator(), replications=2000)
    # The error of a frequency of 0.95 in 2,000 is 0.005; primary units drawn without replacement add to the coverage.
    assert (np.abs(found.coverage - 0.955) < 0.015).all()


def test_weights_and_clusters_multiply_the_variance_as_kish_says():
    plan = plan_of(stratum(n=400), weighting_effect=1.3)
    found = simulate(plan, rng=generator(), replications=2000)
    effect = found.estimate[:, 0, 1].var() / (0.8 * 0.2 / 400)
    # 1.45 x 1.3, less the fifth of the primary units that is drawn: 0.45 x 0.2 of the clusters' part. The variance of
    # 2,000 values is uncertain by 3 %.
    assert effect == pytest.approx(1.45 * 1.3 - 0.2 * 0.5, rel=0.1)


def test_the_intraclass_correlation_comes_back_by_analysis_of_variance():
    dimension = PlannedDimension("q", "Q", icc=0.08)
    shares = place_shares(0.7, dimension, 400)
    people = 25
    scores = generator().random((400, people)) < shares[:, None]
    between = people * scores.mean(axis=1).var(ddof=1)
    within = scores.var(axis=1, ddof=1).mean()
    found = (between - within) / (between + (people - 1) * within)
    # Its standard error in 400 units of 25 is about 0.008.
    assert found == pytest.approx(0.08, abs=0.024)
    assert shares.mean() == pytest.approx(0.7, abs=1e-12)


def test_a_loop_over_people_finds_the_same_spread():
    plan = plan_of(stratum(psus=30, n=60, population=3000), icc=0.1)
    found = simulate(plan, rng=generator(), replications=3000)
    shares = place_shares(0.8, plan.dimensions[1], 30).tolist()
    chance = random.Random(5)
    estimates = []
    for _ in range(3000):
        answers = [chance.random() < share for share in chance.sample(shares, 6) for _person in range(10)]
        estimates.append(sum(answers) / len(answers))
    # Standard deviations of 3,000 values are uncertain by 1.3 % each.
    assert found.estimate[:, 0, 1].std() == pytest.approx(statistics.stdev(estimates), rel=0.06)
    assert found.estimate[:, 0, 1].mean() == pytest.approx(statistics.fmean(estimates), abs=0.006)


def test_standard_errors_are_the_analysis_own_on_the_same_people():
    plan = plan_of(stratum(psus=12, n=60, rate=0.8), items=3, weighting_effect=1.2)
    found = simulate(plan, rng=generator(), replications=2)
    work, own = Fieldwork(plan, plan.strata[0]), generator().spawn(1)[0]
    numbers = own.random((2, work.width))
    answering, weight, drawn, rest = work.who(numbers)
    for row in range(2):
        first = rest[row, : 4 * work.invitations].reshape(4, work.invitations)
        dimension = plan.dimensions[0]
        conditional = (0.4 - dimension.place_correlation) / (1 - dimension.place_correlation)
        units = range(work.units)
        valid, base, total = ([0.0] * work.units for _ in range(3))
        for person in range(work.invitations):
            unit = int(work.unit[person])
            share = work.shares[0][drawn[row, unit]]
            yes = [first[item, person] < share for item in (1, 2, 3)]
            score = 3 * yes[0] if first[0, person] < conditional else sum(yes)
            if answering[row, person]:
                valid[unit] += 1
                base[unit] += 3 * weight[row, unit]
                total[unit] += score * weight[row, unit]
        sums = Sums(valid, [each / 3 for each in base], total, square=total, base=base, cross=total, base_square=base)
        labels = ["a"] * work.units
        table = ratio_table(cells_from_sums(labels, labels, list(units), respondents=valid, sums={"pooled": sums}))
        assert found.estimate[row, 0, 0] == pytest.approx(table.value[0, 0], rel=1e-12)
        assert found.standard_error[row, 0, 0] == pytest.approx(table.variance[0, 0] ** 0.5, rel=1e-12)


def test_intervals_are_the_analysis_own():
    share, error = np.array([0.9, 0.5, 1.0, 0.0]), np.array([0.03, 0.1, 0.0, 0.0])
    respondents, freedom = np.array([100, 20, 60, 60]), np.array([40.0, 7.0, 9.0, 9.0])
    low, high = logit_intervals(share, error, respondents, freedom, level=0.95)
    theirs = limits(share, error, degrees_of_freedom=freedom, respondents=respondents, method="logit")
    np.testing.assert_allclose(low, theirs[0], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(high, theirs[1], rtol=1e-9, atol=1e-12)


def test_holm_is_the_analysis_own():
    p = generator().random((20, 15)) ** 4
    adjusted = np.array([holm(row) for row in p.tolist()])
    assert (holm_rejects(p, 0.05) == (adjusted <= 0.05)).all()
    assert holm_rejects(p, 0.05).any()


def test_the_same_seed_gives_the_same_numbers_however_they_are_cut(monkeypatch):
    plan = plan_of(stratum("a"), stratum("b", rate=0.7), items=3)
    whole = simulate(plan, rng=generator(), replications=60)
    monkeypatch.setattr("sampling.simulate._AT_A_TIME", 10_000)
    monkeypatch.setattr("sampling.simulate._BLOCK", 7)
    assert (simulate(plan, rng=generator(), replications=60).estimate == whole.estimate).all()


def test_agencies_that_do_not_differ_are_told_apart_as_rarely_as_promised():
    plan = plan_of(*(stratum(code) for code in "abcde"), stratum("f", shares=(0.5, 0.5)))
    found = told_apart(simulate(plan, rng=generator(), replications=400), levels=[range(6)])
    same, far = found
    assert (same.pairs, far.pairs) == (10, 5)
    # 4,000 pairs, dependent: within 0.05 +- 0.02; Holm keeps any false alarm of 15 pairs below 0.05.
    assert same.single == pytest.approx(0.05, abs=0.02)
    assert same.holm < 0.01
    assert far.single > 0.99


def test_people_of_a_list_have_no_clusters():
    plan = plan_of(stratum(psus=None, n=400), icc=0.3)
    found = simulate(plan, rng=generator(), replications=1000)
    assert found.degrees_of_freedom[0] == 399
    assert found.estimate[:, 0, 1].std() == pytest.approx((0.8 * 0.2 / 400) ** 0.5, rel=0.08)


@pytest.mark.parametrize("replications", [1, 10_001])
def test_too_few_and_too_many_replications_are_refused(replications):
    with pytest.raises(SamplingError, match="ask for 2 to 10000"):
        simulate(plan_of(stratum()), rng=generator(), replications=replications)


def test_progress_ends_at_one():
    told = []
    simulate(replace(plan_of(stratum())), rng=generator(), replications=10, progress=told.append)
    assert told[-1] == 1
