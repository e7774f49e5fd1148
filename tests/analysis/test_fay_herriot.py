"""The area-level model against R's `sae` and `emdi`, and against the same model derived otherwise on dense matrices."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.linalg import null_space
from scipy.optimize import minimize_scalar

from analysis.area_diagnostics import area_diagnostics
from analysis.errors import AnalysisError
from analysis.fay_herriot import fay_herriot

# Fresh milk expenditure of 43 small areas (Arora & Lahiri 1997; You & Chapman 2006), data `milk` of R's sae 1.3:
# direct estimate, its standard deviation, major area.
# fmt: off
MILK = np.array([
    (1.099, 0.163, 1), (1.075, 0.08, 1), (1.105, 0.083, 1), (0.628, 0.109, 1),
    (0.753, 0.119, 1), (0.981, 0.141, 1), (1.257, 0.202, 1), (1.095, 0.127, 2),
    (1.405, 0.168, 2), (1.356, 0.178, 2), (0.615, 0.1, 2), (1.46, 0.201, 2),
    (1.338, 0.148, 2), (0.854, 0.143, 2), (1.176, 0.149, 3), (1.111, 0.145, 3),
    (1.257, 0.135, 3), (1.43, 0.172, 3), (1.278, 0.137, 3), (1.292, 0.163, 3),
    (1.002, 0.125, 3), (1.183, 0.247, 3), (1.044, 0.14, 3), (1.267, 0.171, 3),
    (1.193, 0.106, 3), (0.791, 0.121, 4), (0.795, 0.121, 4), (0.759, 0.259, 4),
    (0.796, 0.106, 4), (0.565, 0.089, 4), (0.886, 0.225, 4), (0.952, 0.205, 4),
    (0.807, 0.119, 4), (0.582, 0.067, 4), (0.684, 0.106, 4), (0.787, 0.126, 4),
    (0.44, 0.092, 4), (0.759, 0.132, 4), (0.77, 0.1, 4), (0.8, 0.113, 4),
    (0.756, 0.083, 4), (0.865, 0.121, 4), (0.64, 0.129, 4),
])

# mseFH(yi ~ as.factor(MajorArea), SD^2) of sae on the first 15 areas: EBLUP and mean squared error. From emdi 2.2.2,
# tests/testthat/FH/fh_reml_sae.csv.
SAE_FIRST = np.array([
    (1.06005441595641, 0.0211715891069412),
    (1.06507100886069, 0.00611477761808056),
    (1.09123735946598, 0.00655598404642548),
    (0.686329296616444, 0.0108344476243808),
    (0.796024008518594, 0.012652442984967),
    (0.979259191425712, 0.0168545606839988),
    (1.14090855595495, 0.0286032090230383),
    (1.10285677122342, 0.0141980471153529),
    (1.31608583911629, 0.0222481453821331),
    (1.27720207123738, 0.0242055513311493),
    (0.69025582498179, 0.00929036943972355),
    (1.32593597193115, 0.0285749279042909),
    (1.28180497663906, 0.0182932628319531),
    (0.925744150664768, 0.0173071452459663),
    (1.176, 0.0237089060929068),
])
SAE_FIRST_VARIANCE = 0.0586208980532843

# The same of all 43 (predictions of the first ten), from samplics bd3d6c2c, tests/sae/test_eblup_area_model.py
# ("R SAE package datasets").
SAE_COEFFICIENTS = [0.9681890, 0.1327801, 0.2269462, -0.2413011]
SAE_ERRORS = [0.06936208, 0.10300072, 0.09232981, 0.08161707]
SAE_EBLUP = [
    1.0219703, 1.0476018, 1.0679513, 0.7608170, 0.8461574, 0.9743727, 1.0584523, 1.0977762, 1.2215449, 1.1951455,
]
SAE_MSE = [
    0.013460220, 0.005372876, 0.005701990, 0.008541740, 0.009579594, 0.011670632, 0.015926137, 0.010586518, 0.014184043,
    0.014901472,
]

# Incomes of 15 Austrian districts (simulated data of emdi 2.2.2): direct estimate, variance, the covariates cash and
# self_empl; then what fh(Mean ~ cash + self_empl, method = "amrl_yl") makes of them, prediction and mean squared error
# (tests/testthat/FH/AMRL_YL_modelfit.csv).
INCOMES = np.array([
    (14768.569329, 926167.371352, 8577.553302, 747.623520, 14452.30589, 870027.58844),
    (21995.724872, 446534.285200, 13086.798568, 2014.795930, 21931.96113, 432688.05647),
    (12069.592387, 1243265.013310, 7927.413025, 1080.014753, 12226.08518, 1141320.47384),
    (10770.533309, 1029502.352463, 7863.343191, 1182.216312, 11146.74915, 962845.19670),
    (35731.198117, 4467316.434314, 20708.772722, 3424.868964, 34674.05606, 3436459.48554),
    (23027.374398, 1971664.031785, 15144.817762, 1752.006853, 22868.41222, 1680440.30762),
    (25209.509916, 3135150.030527, 14977.017736, 2260.048302, 24716.15689, 2375907.57599),
    (21271.289022, 3000062.464643, 15059.091294, 2028.499294, 21945.93214, 2307948.03230),
    (20552.063812, 2374522.488244, 16460.389543, 2582.630685, 22290.93086, 1969198.39058),
    (16012.881881, 7672882.843938, 9543.100543, 933.189239, 14916.29654, 3951451.30703),
    (37886.924685, 14659221.000559, 18635.053304, 4185.296174, 34792.55499, 5711824.00025),
    (78548.388444, 79297018.401528, 11701.819459, 20392.170541, 77392.96763, 75921634.91353),
    (17100.901858, 1226008.044281, 12740.389699, 1764.643534, 17623.69427, 1107563.84908),
    (8817.032876, 2475080.178748, 5215.614043, 593.817660, 8758.87577, 2130587.54202),
    (19769.470355, 1932630.969661, 11218.674599, 934.464866, 18756.89724, 1636428.24450),
])
EMDI_VARIANCE = 5568710.84699984
# fmt: on


def major_areas(codes):
    return {f"major {code:.0f}": (codes == code).astype(float) for code in np.unique(codes)[1:]}


def test_variance_predictions_and_errors_are_those_of_sae_on_fifteen_milk_areas():
    milk = MILK[:15]
    fit = fay_herriot(milk[:, 0], milk[:, 1] ** 2, covariates=major_areas(milk[:, 2]))
    # R stops when a step of Fisher scoring changes the variance by less than 1e-4 of itself.
    assert fit.area_variance.value == pytest.approx(SAE_FIRST_VARIANCE, rel=1e-4)
    assert fit.prediction == pytest.approx(SAE_FIRST[:, 0], rel=1e-6)
    assert fit.mean_squared_error == pytest.approx(SAE_FIRST[:, 1], rel=1e-5)


def test_coefficients_and_predictions_are_those_of_sae_on_all_milk_areas():
    fit = fay_herriot(MILK[:, 0], MILK[:, 1] ** 2, covariates=major_areas(MILK[:, 2]))
    # Seven printed digits, at R's variance (see above).
    assert fit.coefficients == pytest.approx(np.array(SAE_COEFFICIENTS), abs=1e-6)
    assert fit.coefficient_errors == pytest.approx(np.array(SAE_ERRORS), rel=1e-5)
    assert fit.prediction[:10] == pytest.approx(np.array(SAE_EBLUP), abs=2e-6)
    assert fit.mean_squared_error[:10] == pytest.approx(np.array(SAE_MSE), rel=5e-6)


def test_the_adjusted_likelihood_is_that_of_emdi():
    direct, variances, cash, self_employed, prediction, error = INCOMES.T
    covariates = {"cash": cash, "self-employed": self_employed}
    fit = fay_herriot(direct, variances, covariates=covariates, method="adjusted")
    # emdi optimises by golden section, to about the root of the machine's precision.
    assert fit.area_variance.value == pytest.approx(EMDI_VARIANCE, rel=1e-6)
    assert fit.prediction == pytest.approx(prediction, rel=1e-7)
    assert fit.mean_squared_error == pytest.approx(error, rel=1e-6)


def some_areas(seed, *, areas=20, spread=1.0):
    rng = np.random.default_rng(seed)
    variances = rng.uniform(0.2, 3, areas)
    covariate = rng.normal(size=areas)
    direct = 2 + covariate + rng.normal(size=areas) * np.sqrt(spread + variances)
    return direct, variances, covariate


class Dense:
    """The model by error contrasts, Henderson's equations and numerical derivatives: nothing in common with ours."""

    def __init__(self, direct, variances, covariate):
        self.y, self.psi = direct, variances
        self.x = np.column_stack([np.ones(len(direct)), covariate])
        self.contrasts = null_space(self.x.T)

    def log_likelihood(self, variance):
        """Of the contrasts K'y, which do not know the coefficients."""
        covariance = self.contrasts.T @ np.diag(variance + self.psi) @ self.contrasts
        seen = self.contrasts.T @ self.y
        return -(np.linalg.slogdet(covariance)[1] + seen @ np.linalg.solve(covariance, seen)) / 2

    def best_variance(self):
        found = minimize_scalar(
            lambda a: -self.log_likelihood(a), bounds=(0, 50), method="bounded", options={"xatol": 1e-12}
        )
        return found.x

    def henderson(self, variance):
        """The matrix of the mixed model equations with Z = I."""
        inverse = np.diag(1 / self.psi)
        random = inverse + np.eye(len(self.y)) / variance
        return np.block([[self.x.T @ inverse @ self.x, self.x.T @ inverse], [inverse @ self.x, random]])

    def prediction(self, variance):
        right = np.concatenate([self.x.T @ (self.y / self.psi), self.y / self.psi])
        solved = np.linalg.solve(self.henderson(variance), right)
        return self.x @ solved[:2] + solved[2:]

    def known_variance_error(self, variance):
        """Prediction error variance of x'β + v from the inverse of Henderson's matrix: g1 + g2."""
        both = np.column_stack([self.x, np.eye(len(self.y))])
        return np.diag(both @ np.linalg.inv(self.henderson(variance)) @ both.T)

    def mean_squared_error(self, variance):
        """Adds twice what the estimated variance costs (g3, Prasad & Rao 1990), by a numerical derivative."""
        step = 1e-5 * variance
        slope = (self.shrink(variance + step) - self.shrink(variance - step)) / (2 * step)
        information = np.sum((variance + self.psi) ** -2.0) / 2
        return self.known_variance_error(variance) + 2 * slope**2 * (variance + self.psi) / information

    def shrink(self, variance):
        return variance / (variance + self.psi)


@pytest.mark.parametrize("seed", range(6))
def test_everything_agrees_with_dense_matrices(seed):
    direct, variances, covariate = some_areas(seed, spread=3.0)
    dense = Dense(direct, variances, covariate)
    fit = fay_herriot(direct, variances, covariates={"x": covariate}, method="reml")
    # A maximum is flat: a numerical search finds it to the root of the precision.
    assert fit.area_variance.value == pytest.approx(dense.best_variance(), rel=1e-5, abs=1e-5)
    given = fit.area_variance.value
    assert given > 0
    assert fit.prediction == pytest.approx(dense.prediction(given), rel=1e-10)
    # A central difference with a step of 1e-5 is good to about 1e-10.
    assert fit.mean_squared_error == pytest.approx(dense.mean_squared_error(given), rel=1e-8)


def test_the_averaged_variance_is_an_integral_over_the_likelihood():
    direct, variances, covariate = some_areas(3)
    dense = Dense(direct, variances, covariate)
    top = dense.log_likelihood(dense.best_variance())

    def average(of):
        return quad(lambda a: of(a) * np.exp(dense.log_likelihood(a) - top), 1e-9, np.inf, epsrel=1e-9)[0]

    whole = average(lambda _: 1.0)
    mean = average(lambda a: dense.prediction(a)[0]) / whole
    second = average(lambda a: dense.known_variance_error(a)[0] + dense.prediction(a)[0] ** 2) / whole
    fit = fay_herriot(direct, variances, covariates={"x": covariate})
    # Ours is a sum over 200 points.
    assert fit.averaged_variance[0] == pytest.approx(second - mean**2, rel=1e-4)


def test_with_equal_sampling_variances_it_is_the_analysis_of_variance():
    direct, _, _ = some_areas(11)
    fit = fay_herriot(direct, np.full(20, 0.5))
    assert fit.area_variance.value == pytest.approx(np.var(direct, ddof=1) - 0.5, rel=1e-10)


def test_a_restricted_likelihood_of_zero_gives_way_to_the_adjusted():
    direct, variances = np.linspace(0.9, 1.1, 12), np.full(12, 1.0)
    assert fay_herriot(direct, variances, method="reml").area_variance.value == 0
    mixed = fay_herriot(direct, variances)
    assert mixed.area_variance.method == "adjusted"
    assert 0 < mixed.area_variance.value < 0.2
    assert mixed.area_variance == fay_herriot(direct, variances, method="adjusted").area_variance


def test_areas_that_all_say_the_same_are_left_where_they_are():
    fit = fay_herriot(np.full(10, 3.0), np.linspace(0.1, 1, 10))
    assert fit.prediction == pytest.approx(np.full(10, 3.0))
    assert np.isfinite(fit.mean_squared_error).all()
    assert (fit.averaged_variance > 0).all()
    assert area_diagnostics(fit).normality is None


def test_an_area_without_an_estimate_gets_what_its_covariates_say():
    direct, variances, covariate = some_areas(5)
    whole = fay_herriot(direct, variances, covariates={"x": covariate})
    fit = fay_herriot(
        np.append(direct, np.nan), np.append(variances, np.nan), covariates={"x": np.append(covariate, 0.7)}
    )
    assert fit.synthetic.tolist() == [False] * 20 + [True]
    assert fit.prediction[:20] == pytest.approx(whole.prediction, rel=1e-12)
    assert fit.prediction[20] == pytest.approx(whole.coefficients @ [1, 0.7])
    x = np.column_stack([np.ones(20), covariate])
    covariance = np.linalg.inv(x.T @ np.diag(1 / (whole.area_variance.value + variances)) @ x)
    expected = whole.area_variance.value + np.array([1, 0.7]) @ covariance @ [1, 0.7]
    assert fit.mean_squared_error[20] == pytest.approx(expected, rel=1e-10)


def test_units_do_not_matter():
    direct, variances, covariate = some_areas(6)
    small = fay_herriot(direct, variances, covariates={"x": covariate})
    large = fay_herriot(1e6 * direct, 1e12 * variances, covariates={"x": 1e6 * covariate - 5e6})
    assert large.prediction == pytest.approx(1e6 * small.prediction, rel=1e-8)
    assert large.mean_squared_error == pytest.approx(1e12 * small.mean_squared_error, rel=1e-8)


def test_the_mean_squared_error_is_what_predictions_miss_by():
    rng = np.random.default_rng(20261125)
    variances, samples = np.linspace(0.3, 2, 40), 400
    squared, claimed = np.zeros(40), np.zeros(40)
    for _ in range(samples):
        true = rng.normal(size=40)
        fit = fay_herriot(true + rng.normal(size=40) * np.sqrt(variances), variances)
        squared += (fit.prediction - true) ** 2 / samples
        claimed += fit.mean_squared_error / samples
    # The mean of 400 x 40 squared errors has a relative standard error of about 1.2 %; three of them.
    assert claimed.mean() == pytest.approx(squared.mean(), rel=0.036)


def test_what_covariates_explain_is_found_in_spite_of_sampling_error():
    rng = np.random.default_rng(8)
    covariate, between, sampling = rng.normal(size=(3, 4000))
    direct = covariate + between + 2 * sampling
    diagnostics = area_diagnostics(fay_herriot(direct, np.full(4000, 4.0), covariates={"x": covariate}))
    # Half of the variance between areas, where ordinary least squares would see a sixth.
    assert diagnostics.r_squared == pytest.approx(0.5, abs=0.12)


def test_areas_that_do_not_differ_are_seldom_said_to_differ():
    rng = np.random.default_rng(9)
    found = [area_diagnostics(fay_herriot(rng.normal(size=30), np.ones(30))).homogeneity for _ in range(300)]
    # 5 % of 300, within three standard errors.
    assert np.mean(np.array(found) < 0.05) == pytest.approx(0.05, abs=0.038)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"direct": [1.0] * 5}, "8 sampling variances for 5 areas"),
        ({"direct": [1.0] * 5 + [np.nan] * 3}, "needs direct estimates of 6 areas or more, not 5"),
        ({"sampling_variances": [1.0] * 7 + [0.0]}, "area 8 has the sampling variance 0.0"),
        ({"covariates": {"x": [1.0] * 7}}, "the covariate x has 7 values for 8 areas"),
        ({"covariates": {"x": [1.0] * 7 + [np.nan]}}, "the covariate x has no number for area 8"),
        ({"covariates": {"x": [2.0] * 8}}, "x repeat one another or do not vary"),
        ({"method": "ml"}, "unknown method ml"),
    ],
)
def test_what_cannot_be_fitted_is_refused_by_name(changed, message):
    arguments = {"direct": np.arange(8.0), "sampling_variances": np.ones(8)} | changed
    direct, variances = arguments.pop("direct"), arguments.pop("sampling_variances")
    with pytest.raises(AnalysisError, match=message):
        fay_herriot(direct, variances, **arguments)
