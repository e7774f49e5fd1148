"""What must hold whatever the data: invariances of estimates, and where replicates and linearisation agree."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from analysis.design import SurveyDesign
from analysis.estimates import mean, proportion, ratio, total, variance
from analysis.linearised import ratio_table
from analysis.quantiles import quantile
from analysis.replication import balanced_half_samples, bootstrap, jackknife
from analysis.tally import cells_from_rows

# Sums in another order, of a hundred numbers in double precision.
ROUNDING = 1e-9
# A shared machine keeps no deadlines.
law = settings(deadline=None, max_examples=50)
SOME_STRATA, SOME_PSUS = st.integers(1, 3), st.integers(2, 4)


@st.composite
def samples(draw, *, strata=SOME_STRATA, psus=SOME_PSUS):
    """A clustered sample of whole scores: few enough rows to shrink, uneven enough to matter."""
    rows = []
    for stratum in range(draw(strata)):
        for psu in range(draw(psus)):
            for _ in range(draw(st.integers(1, 3))):
                score, weight = draw(st.integers(1, 5)), draw(st.integers(1, 8)) / 2
                rows.append((stratum, psu, float(score), weight, draw(st.integers(0, 1))))
    columns = [np.array(column) for column in zip(*rows, strict=True)]
    return dict(zip(("strata", "psu", "y", "weights", "domain"), columns, strict=True))


def declared(sample, **changed):
    return SurveyDesign.from_columns(**{name: sample[name] for name in ("weights", "strata", "psu")} | changed)


def same(one, other):
    assert one.values == pytest.approx(other.values, rel=ROUNDING, abs=ROUNDING)
    assert one.standard_errors == pytest.approx(other.standard_errors, rel=1e-6, abs=1e-7)


@law
@given(samples(), st.floats(1e-3, 1e3))
def test_weights_times_a_constant_change_totals_and_nothing_else(sample, k):
    one, other = declared(sample), declared(sample, weights=k * sample["weights"])
    same(mean(one, sample["y"]), mean(other, sample["y"]))
    same(proportion(one, sample["y"]), proportion(other, sample["y"]))
    first, second = total(one, sample["y"]), total(other, sample["y"])
    assert second.values == pytest.approx(k * first.values, rel=ROUNDING)
    assert second.standard_errors == pytest.approx(k * first.standard_errors, rel=1e-6, abs=1e-7 * k)


@law
@given(samples(), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(sample, random):
    order = list(range(len(sample["y"])))
    random.shuffle(order)
    shuffled = {name: column[order] for name, column in sample.items()}
    for estimator in (mean, total, proportion, variance):
        if len(order) > 1:
            same(estimator(declared(sample), sample["y"]), estimator(declared(shuffled), shuffled["y"]))
    assert (
        quantile(declared(sample), sample["y"], 0.4).values == quantile(declared(shuffled), shuffled["y"], 0.4).values
    )


@law
@given(samples(), st.floats(-50, 50), st.floats(0.1, 10))
def test_scores_on_another_scale_have_the_estimates_on_it(sample, shift, factor):
    design = declared(sample)
    one, other = mean(design, sample["y"]), mean(design, shift + factor * sample["y"])
    assert other.values == pytest.approx(shift + factor * one.values, rel=ROUNDING, abs=1e-9)
    assert other.standard_errors == pytest.approx(factor * one.standard_errors, rel=1e-6, abs=1e-7)


@law
@given(samples())
def test_totals_of_domains_add_up_and_so_do_their_covariances(sample):
    design = declared(sample)
    whole = total(design, sample["y"])
    parts = total(design, sample["y"], by={"domain": sample["domain"]})
    assert parts.values.sum() == pytest.approx(whole.values[0], rel=ROUNDING)
    assert parts.covariance.sum() == pytest.approx(whole.covariance[0, 0], rel=1e-6, abs=1e-7)


@law
@given(samples())
def test_shares_of_all_levels_are_one_without_uncertainty(sample):
    table = proportion(declared(sample), sample["y"])
    assert table.values.sum() == pytest.approx(1)
    assert table.covariance.sum() == pytest.approx(0, abs=1e-12)


@law
@given(samples())
def test_a_mean_is_the_ratio_to_ones_and_a_share_the_mean_of_its_indicator(sample):
    design = declared(sample)
    same(mean(design, sample["y"]), ratio(design, sample["y"], np.ones(len(sample["y"]))))
    indicator = mean(design, (sample["y"] >= 4).astype(float))
    same(indicator, proportion(design, sample["y"] >= 4, level=True))


@law
@given(samples())
def test_a_census_has_no_variance(sample):
    strata = sample["strata"]
    psus = np.array([len(np.unique(sample["psu"][strata == stratum])) for stratum in strata])
    design = declared(sample, fpc=psus)
    for table in (mean(design, sample["y"]), total(design, sample["y"])):
        assert table.standard_errors[0] == pytest.approx(0, abs=1e-9)


@law
@given(samples())
def test_the_same_rows_twice_with_half_the_weight_change_nothing_between_psus(sample):
    twice = {name: np.concatenate([column, column]) for name, column in sample.items()}
    halved = declared(twice, weights=twice["weights"] / 2)
    same(mean(declared(sample), sample["y"]), mean(halved, twice["y"]))
    same(total(declared(sample), sample["y"]), total(halved, twice["y"]))


@law
@given(samples())
def test_a_domain_is_the_same_by_label_and_by_mask(sample):
    design = declared(sample)
    by_label = mean(design, sample["y"], by={"domain": sample["domain"]})
    for label, estimate in zip(by_label.labels, by_label, strict=True):
        masked = mean(design, sample["y"], where=sample["domain"] == label.domain[0][1])[0]
        assert estimate.standard_error == pytest.approx(masked.standard_error, rel=1e-6, abs=1e-9)


@law
@given(samples())
def test_missing_answers_are_a_domain_of_those_who_answered(sample):
    design = declared(sample)
    answered = sample["domain"] == 1
    assume(answered.any())
    holes = np.where(answered, sample["y"], np.nan)
    same(mean(design, holes), mean(design, sample["y"], where=answered))


@law
@given(samples())
def test_jackknife_and_linearisation_agree_on_totals(sample):
    design = declared(sample)
    same(total(jackknife(design, mse=True), sample["y"]), total(design, sample["y"]))


@law
@given(samples(), st.sampled_from(["adjust", "average", "certainty"]), st.integers(0, 20))
def test_cells_and_rows_give_the_same_estimates_however_the_file_is_cut(sample, rule, cut):
    design = declared(sample, lonely_psu=rule)
    by_rows = mean(design, sample["y"], by={"domain": sample["domain"]})

    def counted(part):
        keys = {"domain": sample["domain"][part], "stratum": sample["strata"][part], "psu": sample["psu"][part]}
        return cells_from_rows({"y": sample["y"][part]}, **keys, weights=sample["weights"][part])

    whole = counted(slice(None))
    cut = min(cut, len(sample["y"]))
    parts = [counted(part) for part in (slice(0, cut), slice(cut, None)) if len(sample["y"][part])]
    for cells in (whole, parts[0] if len(parts) == 1 else parts[0] + parts[1]):
        table = ratio_table(cells, lonely_psu=rule)
        assert table.value[:, 0] == pytest.approx(by_rows.values, rel=ROUNDING)
        assert np.sqrt(table.variance[:, 0]) == pytest.approx(by_rows.standard_errors, rel=1e-6, abs=1e-7)


@law
@given(samples(psus=st.just(2)), st.sampled_from([0.0, 0.3, 0.5]))
def test_half_samples_and_linearisation_agree_on_totals(sample, rho):
    design = declared(sample)
    same(total(balanced_half_samples(design, fay_rho=rho, mse=True), sample["y"]), total(design, sample["y"]))


@law
@given(samples())
def test_the_ultimate_cluster_needs_only_totals_of_psus(sample):
    design = declared(sample)
    key = sample["strata"] * 10 + sample["psu"]
    units, place = np.unique(key, return_inverse=True)
    totals = np.bincount(place, weights=sample["weights"] * sample["y"])
    collapsed = SurveyDesign.from_columns(np.ones(len(units)), strata=units // 10)
    same(total(design, sample["y"]), total(collapsed, totals))


@settings(max_examples=10, deadline=None)
@given(samples(psus=st.integers(3, 5)), st.sampled_from(["rao-wu", "rao-wu-yue-beaumont", "preston"]))
def test_bootstraps_vary_about_as_much_as_linearisation_says(sample, kind):
    design = declared(sample)
    exact = total(design, sample["y"]).covariance[0, 0]
    assume(exact > 1)
    made = bootstrap(design, rng=np.random.default_rng(5), replicates=4000, kind=kind, mse=True)
    # The variance of 4,000 replicates has itself a relative error of some 3 %, more for small odd strata.
    assert total(made, sample["y"]).covariance[0, 0] == pytest.approx(exact, rel=0.25)


def test_the_same_seed_makes_the_same_bootstrap():
    design = SurveyDesign.from_columns(np.ones(20), strata=np.repeat([1, 2], 10))
    one, other = (bootstrap(design, rng=np.random.default_rng(1), replicates=5) for _ in range(2))
    assert (one.replicates == other.replicates).all()


@pytest.mark.parametrize("kind", ["rao-wu-yue-beaumont", "preston"])
def test_multistage_bootstraps_carry_both_stages(kind):
    rng = np.random.default_rng(11)
    psu = np.repeat(np.arange(8), 12)
    ssu = np.tile(np.repeat(np.arange(4), 3), 8)
    y = 2 * rng.normal(size=8)[psu] + rng.normal(size=(8, 4))[psu, ssu] + 5
    design = SurveyDesign.from_columns(psu=psu, ssu=ssu, fpc=[np.full(96, 12.0), np.full(96, 10.0)])
    exact = total(design, y).covariance[0, 0]
    made = bootstrap(design, rng=rng, replicates=6000, kind=kind, mse=True)
    assert total(made, y).covariance[0, 0] == pytest.approx(exact, rel=0.1)


def test_the_canty_davison_bootstrap_of_a_large_stratum():
    rng = np.random.default_rng(2)
    y = rng.normal(10, 3, 60)
    design = SurveyDesign.from_columns(fpc=np.full(60, 180.0))
    made = bootstrap(design, rng=rng, replicates=6000, kind="canty-davison", mse=True)
    exact = total(design, y).covariance[0, 0]
    assert total(made, y).covariance[0, 0] == pytest.approx(exact, rel=0.1)
