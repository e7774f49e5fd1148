"""The cheapest allocation against its closed form, another optimiser, and the dual's bound."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from sampling.constrained import Target, constrained
from sampling.errors import SamplingError
from sampling.strata import share_deviations, strata


def case(strata_count, domains, seed):
    """Agencies with costs, a promise for each of some domains and one for all."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(50, 5000, strata_count)
    known = strata([f"s{number}" for number in range(strata_count)], sizes, costs=rng.uniform(1, 5, strata_count))
    targets = []
    for number in range(domains):
        shares = rng.uniform(0.6, 0.95, strata_count)
        inside = rng.random(strata_count) < 0.5
        inside[number % strata_count] = True
        means = np.where(inside | (number == 0), shares, np.nan)
        targets.append(Target(str(number), rng.uniform(0.01, 0.05), means, share_deviations(shares, sizes)))
    return known, targets


def variances(known, target, n):
    """The definition, written out: stratified variance of a domain's total over the square of the total."""
    variance = total = 0.0
    for size, mean, deviation, units in zip(known.sizes, target.means, target.deviations, n, strict=True):
        if not np.isnan(mean):
            variance += size**2 * deviation**2 * (1 / units - 1 / size)
            total += size * mean
    return variance / total**2


def test_one_promise_has_the_closed_form_of_cochran():
    # Cochran 1977, section 5.5: n_h = (A_h/√c_h) Σ(A√c) / (V + ΣA²/N) with A = N S.
    known, targets = case(6, 1, seed=1)
    target = targets[0]
    spread = known.sizes * target.deviations
    limit = (target.variation * (known.sizes @ target.means)) ** 2 + (spread**2 / known.sizes).sum()
    expected = spread / np.sqrt(known.costs) * (spread * np.sqrt(known.costs)).sum() / limit
    found = constrained(known, targets, minimum=0)
    assert found.allocation.exact == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(("count", "domains", "seed"), [(4, 3, 2), (8, 5, 3), (12, 6, 4)])
def test_the_cost_is_that_of_a_general_optimiser(count, domains, seed):
    known, targets = case(count, domains, seed)
    found = constrained(known, targets, minimum=2)
    # SLSQP on logarithms, from all units: another method, another form of the problem.
    constraints = [
        {
            "type": "ineq",
            "fun": lambda logs, target=target: 1 - variances(known, target, np.exp(logs)) / target.variation**2,
        }
        for target in targets
    ]
    start = np.log(known.sizes / 2)
    general = minimize(
        lambda logs: known.costs @ np.exp(logs) / 1000,
        start,
        method="SLSQP",
        constraints=constraints,
        bounds=[(np.log(2), np.log(size)) for size in known.sizes],
        options={"maxiter": 1000, "ftol": 1e-12},
    )
    assert general.success
    assert known.costs @ found.allocation.exact == pytest.approx(1000 * general.fun, rel=1e-5)


@settings(max_examples=40, deadline=None)
@given(count=st.integers(1, 15), domains=st.integers(1, 12), seed=st.integers(0, 10**6), minimum=st.integers(0, 30))
def test_every_promise_is_kept_at_a_cost_that_nothing_can_beat(count, domains, seed, minimum):
    known, targets = case(count, domains, seed)
    found = constrained(known, targets, minimum=minimum)
    n = found.allocation.n
    assert ((np.minimum(minimum, known.sizes) <= n) & (n <= known.sizes)).all()
    for target in targets:
        reached = np.sqrt(max(variances(known, target, n), 0))
        assert reached <= target.variation * (1 + 1e-6)
        assert found.variations[target.name] == pytest.approx(reached, rel=1e-6, abs=1e-9)
    # The dual is a bound from below; each stratum may cost one unit more for being whole.
    assert found.least_cost <= known.costs @ found.allocation.exact * (1 + 1e-9)
    assert known.costs @ found.allocation.exact <= found.least_cost * (1 + 1e-5)
    assert found.cost <= found.least_cost * (1 + 1e-5) + known.costs.sum()


def test_a_budget_widens_all_promises_alike():
    known, targets = case(10, 6, seed=5)
    asked = constrained(known, targets)
    found = constrained(known, targets, budget=0.6 * asked.cost)
    assert 0.6 * asked.cost - known.costs.max() < found.cost <= 0.6 * asked.cost
    wider = [Target(one.name, one.variation * found.relaxed, one.means, one.deviations) for one in targets]
    assert constrained(known, wider).cost == pytest.approx(found.cost, rel=0.01)
    assert constrained(known, targets, budget=2 * asked.cost).relaxed == 1


@pytest.mark.parametrize(
    ("targets", "options", "said"),
    [
        ([], {}, "there is no target"),
        ([Target("x", 0, [0.5, 0.5], [0.5, 0.5])], {}, "x: the coefficient of variation 0 must be above zero"),
        ([Target("x", 0.1, [0, 0], [0.5, 0.5])], {}, "x: the expected mean is zero or missing"),
        (
            [Target("x", 0.1, [0.5, 0.5], [0.5, 0.5])],
            {"budget": 3},
            "the minima alone cost 4.0, more than the budget 3",
        ),
    ],
)
def test_a_promise_that_nobody_can_keep_is_refused(targets, options, said):
    with pytest.raises(SamplingError) as refused:
        constrained(strata(["a", "b"], [100, 100]), targets, **options)
    assert said in str(refused.value)
