"""The way to a target: against all sets of improvements, linear programming, and the interval of the index."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import linprog

from analysis import fewest
from analysis.chance import chance_above, passed_with
from analysis.errors import AnalysisError
from analysis.fewest import fewest_gains
from analysis.results import Estimate, Kind
from analysis.target import Effects, Standing, feasible_gains, way_to_target

NAMES = ["access", "procedure", "staff", "result"]
FEASIBLE = {"access": 0.05, "procedure": 0.12, "staff": 0.10, "result": 0.02}


def index_of(value=0.8153, error=0.01, *, freedom=60.0, kind=Kind.SHARE, respondents=900):
    return Estimate(
        value=value,
        standard_error=error,
        degrees_of_freedom=freedom,
        respondents=respondents,
        sum_weights=float(respondents),
        kind=kind,
    )


def equal(names=NAMES):
    return Effects.of_weights(dict.fromkeys(names, 1 / len(names)))


def best_by_linear_programming(effects, limits, needed):
    """Fewest items, then least total gain, over all sets."""
    for count in range(1, len(effects) + 1):
        totals = []
        for some in map(list, combinations(range(len(effects)), count)):
            found = linprog(
                np.ones(count), A_ub=-effects[None, some], b_ub=[-needed], bounds=[(0, u) for u in limits[some]]
            )
            totals += [found.fun] if found.success else []
        if totals:
            return count, min(totals)
    return None


@pytest.mark.parametrize("seed", range(12))
def test_no_set_of_improvements_is_smaller(seed):
    rng = np.random.default_rng(seed)
    effects = rng.choice([0.1, 0.2, 0.3, 0.0, -0.1], 6) if seed % 2 else rng.uniform(-0.1, 0.4, 6)
    limits = rng.uniform(0, 0.3, 6)
    needed = rng.uniform(0.02, 0.9) * (np.maximum(effects, 0) * limits).sum()
    gains = fewest_gains(effects, limits, needed)
    count, total = best_by_linear_programming(effects, limits, needed)
    assert (gains > 0).sum() == count
    # HiGHS solves to 1e-7.
    assert gains.sum() == pytest.approx(total, abs=1e-6)
    assert gains @ effects == pytest.approx(needed, abs=1e-12)
    assert (gains <= limits + 1e-15).all()


def test_integer_programming_finds_what_trying_all_sets_finds(monkeypatch):
    rng = np.random.default_rng(5)
    for _ in range(8):
        effects, limits = rng.uniform(0.01, 0.1, 12), rng.uniform(0.02, 0.3, 12)
        needed = rng.uniform(0.2, 0.9) * (effects * limits).sum()
        tried = fewest_gains(effects, limits, needed)
        with monkeypatch.context() as patched:
            patched.setattr(fewest, "MOST_SETS", 0)
            programmed = fewest_gains(effects, limits, needed)
        assert (programmed > 0).sum() == (tried > 0).sum()
        # HiGHS stops within an absolute gap of 1e-6 in the total gain: a ten-thousandth of a point.
        assert programmed.sum() == pytest.approx(tried.sum(), abs=2e-6)
        assert programmed @ effects == pytest.approx(needed, abs=1e-12)


def test_thirty_items_are_no_trouble():
    rng = np.random.default_rng(6)
    effects, limits = rng.uniform(0.01, 0.06, 30), rng.uniform(0.02, 0.3, 30)
    contribution = np.sort(effects * limits)[::-1]
    needed = contribution[:8].sum() * 0.98
    gains = fewest_gains(effects, limits, needed)
    assert (gains > 0).sum() == 8
    assert gains @ effects == pytest.approx(needed, abs=1e-12)


def test_items_that_would_lower_the_index_are_left_alone():
    effects = Effects.of_weights({"good": 0.5, "bad": -0.5, "none": 0.0})
    found = way_to_target(index_of(0.8), effects, target=0.84, feasible={"good": 0.1, "bad": 0.2, "none": 0.2})
    assert [each.name for each in found.way.improvements] == ["good"]
    assert found.way.improvements[0].gain == pytest.approx(0.08)
    assert found.way.improvements[0].adds == pytest.approx(0.04)


def test_the_expected_way_is_as_likely_as_not():
    found = way_to_target(index_of(), equal(), target=0.86, feasible=FEASIBLE)
    assert found.standing is Standing.REACHABLE
    assert found.way.index == pytest.approx(0.86)
    assert found.way.probability == pytest.approx(0.5)


def test_the_sure_way_has_the_probability_asked_for():
    for probability in (0.6, 0.8, 0.9):
        found = way_to_target(index_of(), equal(), target=0.86, feasible=FEASIBLE, probability=probability)
        assert found.sure_way.probability == pytest.approx(probability, abs=1e-9)
        # The one-sided limit of that level is where the target stands once the gains are in.
        lower = index_of().interval(confidence_level=2 * probability - 1).low
        assert sum(each.adds for each in found.sure_way.improvements) == pytest.approx(0.86 - lower, abs=1e-12)


def test_estimated_effects_make_the_way_less_sure():
    rng = np.random.default_rng(8)
    root = rng.normal(size=(4, 4)) * 0.02
    covariance, together = root @ root.T, np.array([1e-5, 0.0, 2e-5, 0.0])
    effects = Effects(tuple(NAMES), np.full(4, 0.25), covariance, together)
    found = way_to_target(index_of(), effects, target=0.86, feasible=FEASIBLE)
    for way in (found.way, found.sure_way):
        gains = np.array([{each.name: each.gain for each in way.improvements}.get(name, 0.0) for name in NAMES])
        # The delta method by hand, on the logit scale at the index.
        error = np.sqrt(0.01**2 + gains @ covariance @ gains + 2 * gains @ together)
        p, threshold = 0.8153, 0.86 - gains.sum() / 4
        distance = np.log(p / (1 - p)) - np.log(threshold / (1 - threshold))
        expected = stats.t.cdf(distance / (error / (p * (1 - p))), 60)
        assert way.probability == pytest.approx(expected, rel=1e-9)
    assert found.sure_way.probability == pytest.approx(0.8, abs=1e-6)
    known = way_to_target(index_of(), equal(), target=0.86, feasible=FEASIBLE)
    assert sum(each.gain for each in found.sure_way.improvements) > sum(
        each.gain for each in known.sure_way.improvements
    )


def test_a_target_already_reached_needs_nothing():
    found = way_to_target(index_of(0.9), equal(), target=0.86, feasible=FEASIBLE)
    assert found.standing is Standing.REACHED
    assert found.way.improvements == ()
    assert found.way.index == 0.9
    assert found.way.probability > 0.99
    assert found.sure_way.improvements == ()


def test_a_target_barely_reached_still_has_a_way_to_be_sure():
    found = way_to_target(index_of(0.861), equal(), target=0.86, feasible=FEASIBLE)
    assert found.standing is Standing.REACHED
    assert 0.5 < found.way.probability < 0.6
    assert found.sure_way.probability == pytest.approx(0.8, abs=1e-9)
    assert found.sure_way.improvements


def test_a_target_out_of_reach_says_how_far_one_can_get():
    found = way_to_target(index_of(), equal(), target=0.95, feasible=FEASIBLE)
    assert found.standing is Standing.OUT_OF_REACH
    assert found.way.index == pytest.approx(0.8153 + 0.29 / 4)
    assert {each.name: each.gain for each in found.way.improvements} == pytest.approx(FEASIBLE)
    assert found.way.probability < 1e-3
    assert found.sure_way is None


def test_nothing_feasible_leaves_the_index_where_it_is():
    found = way_to_target(index_of(), equal(), target=0.86, feasible=dict.fromkeys(NAMES, 0.0))
    assert (found.standing, found.way.improvements, found.way.index) == (Standing.OUT_OF_REACH, (), 0.8153)


def test_an_index_without_an_error_has_a_way_but_no_probability():
    found = way_to_target(index_of(0.7, None, freedom=0.0), equal(), target=0.71, feasible=FEASIBLE)
    assert found.way.improvements
    assert found.way.probability is None
    assert found.sure_way is None


def test_an_index_of_exactly_one_is_as_sure_as_its_respondents_allow():
    found = way_to_target(index_of(1.0, 0.0, respondents=12), equal(), target=0.86, feasible=FEASIBLE)
    # Clopper and Pearson: the lower limit of 12 of 12 at tail a is a^(1/12).
    assert found.way.probability == pytest.approx(1 - 0.86**12)
    assert found.standing is Standing.REACHED
    lowest = way_to_target(index_of(0.0, 0.0, respondents=12), equal(), target=0.05, feasible=FEASIBLE)
    assert lowest.way.index == pytest.approx(0.05)
    assert lowest.way.probability == 1.0


@pytest.mark.parametrize(
    "estimate",
    [
        index_of(0.9, 0.03),
        index_of(4.1, 0.05, kind=Kind.MEAN),
        index_of(0.9, 0.03, freedom=np.inf),
        index_of(4.1, 0.05, kind=Kind.MEAN, freedom=np.inf),
        index_of(1.0, 0.0, respondents=30),
        index_of(0.0, 0.0, respondents=30),
    ],
)
def test_chances_and_thresholds_undo_each_other(estimate):
    for probability in (0.025, 0.5, 0.8, 0.975):
        assert chance_above(estimate, passed_with(estimate, probability)) == pytest.approx(probability, abs=1e-12)


def test_chances_are_those_of_the_interval():
    estimate = index_of(0.93, 0.02, freedom=17.0)
    for level in (0.5, 0.9, 0.99):
        interval = estimate.interval(confidence_level=level)
        assert chance_above(estimate, interval.low) == pytest.approx((1 + level) / 2, abs=1e-12)
        assert chance_above(estimate, interval.high) == pytest.approx((1 - level) / 2, abs=1e-12)


def test_chances_at_the_edges_are_defined():
    assert chance_above(index_of(), 0.0) == 1.0
    assert chance_above(index_of(), 1.2) == 0.0
    assert chance_above(index_of(3.0, 0.0, kind=Kind.MEAN), 3.0) == 0.5
    assert chance_above(index_of(3.0, 0.0, kind=Kind.MEAN), 2.0) == 1.0
    # A share of 1 with an error, as of estimated effects: on its own scale.
    assert chance_above(index_of(1.0, 0.1), 0.9) == pytest.approx(stats.t.cdf(1.0, 60))
    assert passed_with(index_of(error=None), 0.8) is None


def test_feasible_gains_reach_to_the_best_quarter():
    peers = {"staff": np.linspace(0.5, 0.9, 5), "result": [0.85]}
    assert feasible_gains({"staff": 0.75, "result": 0.9}, peers=peers) == pytest.approx({"staff": 0.05, "result": 0.0})
    assert feasible_gains({"staff": 0.75}) == {"staff": 0.25}
    assert feasible_gains({"staff": 1.0}) == {"staff": 0.0}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"target": 86}, "give 0.86 for 86%"),
        ({"probability": 80}, "give 0.8 for 80%"),
        ({"feasible": {"access": 0.1}}, "procedure, staff, result lack one, – are not items"),
        ({"feasible": FEASIBLE | {"parking": 0.1}}, "parking are not items"),
        ({"feasible": FEASIBLE | {"staff": 5.0}}, "staff: the feasible gain 5.0"),
        ({"feasible": FEASIBLE | {"staff": float("nan")}}, "staff: the feasible gain nan"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(change, message):
    with pytest.raises(AnalysisError, match=message):
        way_to_target(index_of(), equal(), **({"target": 0.86, "feasible": FEASIBLE} | change))


def test_effects_must_fit_together():
    for values, covariance in ((np.ones(3), np.eye(4)), (np.ones(4), np.eye(3)), (np.full(4, np.nan), np.eye(4))):
        with pytest.raises(AnalysisError, match="effects of 4 items"):
            way_to_target(
                index_of(), Effects(tuple(NAMES), values, covariance, np.zeros(4)), target=0.86, feasible=FEASIBLE
            )


@pytest.mark.parametrize(
    ("values", "named", "message"),
    [
        ({"staff": 1.2}, {}, "staff: the share 1.2"),
        ({"staff": 0.8}, {"peers": {"staff": [0.7, float("nan")]}}, "staff: the share nan"),
        ({"staff": 0.8}, {"peers": {}}, "staff: no share of any agency"),
        ({"staff": 0.8}, {"quantile": 75}, "the quantile 75"),
    ],
)
def test_gains_of_shares_that_are_none_are_refused(values, named, message):
    with pytest.raises(AnalysisError, match=message):
        feasible_gains(values, **named)
