"""statsmodels as a witness: coefficients are the same, and its standard errors are the trap that ours avoid.

statsmodels takes weights for counts of people or for precision. With the weights of a sample its point estimates are
right and its standard errors are not; the sandwich between clusters (`cov_type="cluster"`) comes close to ours.
"""

import numpy as np
import pytest
import statsmodels.api as sm
from statsmodels.stats.weightstats import DescrStatsW

from analysis import estimates
from analysis.design import SurveyDesign
from analysis.models import linear_regression, logistic_regression


@pytest.fixture(scope="module")
def sample():
    """A clustered sample: forty counters, answers that go together within each."""
    rng = np.random.default_rng(20261122)
    cluster = np.repeat(np.arange(40), rng.integers(5, 30, 40))
    wait = rng.exponential(20, len(cluster))
    mood = rng.normal(0, 0.8, 40)[cluster]
    favourable = (rng.random(len(cluster)) < 1 / (1 + np.exp(0.04 * wait - 1.5 - mood))).astype(float)
    weight = rng.uniform(5, 60, len(cluster))
    return cluster, wait, favourable, weight


def test_logistic_coefficients_are_those_of_a_weighted_glm(sample):
    cluster, wait, favourable, weight = sample
    design = SurveyDesign.from_columns(weight, psu=cluster)
    ours = logistic_regression(design, favourable, {"wait": wait})
    model = sm.GLM(favourable, sm.add_constant(wait), family=sm.families.Binomial(), var_weights=weight)
    # Both iterate to convergence: nothing but rounding is left between them.
    assert ours.coefficients == pytest.approx(model.fit(tol=1e-14, maxiter=100).params, rel=1e-9)


def test_linear_coefficients_and_the_cluster_sandwich_are_those_of_weighted_least_squares(sample):
    cluster, wait, favourable, weight = sample
    design = SurveyDesign.from_columns(weight, psu=cluster)
    ours = linear_regression(design, favourable, {"wait": wait})
    theirs = sm.WLS(favourable, sm.add_constant(wait), weights=weight).fit(
        cov_type="cluster", cov_kwds={"groups": cluster, "use_correction": False}
    )
    assert ours.coefficients == pytest.approx(theirs.params, rel=1e-10)
    # Their sum over m clusters lacks the factor m / (m - 1) of an estimate between clusters.
    assert ours.standard_errors == pytest.approx(theirs.bse * np.sqrt(40 / 39), rel=1e-9)


def test_frequency_weights_give_the_same_mean_and_a_standard_error_that_is_far_too_small(sample):
    cluster, _, favourable, weight = sample
    design = SurveyDesign.from_columns(weight, psu=cluster)
    (ours,) = estimates.mean(design, favourable)
    theirs = DescrStatsW(favourable, weights=weight)
    assert ours.value == pytest.approx(theirs.mean, rel=1e-12)
    assert theirs.std_mean < ours.standard_error / 3
