r"""Fay and Herriot's area-level model: direct estimates of many areas, each pulled towards what the areas share.

.. math:: y_i = x_i'\beta + v_i + e_i, \qquad v_i \sim N(0, A), \quad e_i \sim N(0, \psi_i)

with known sampling variances :math:`\psi_i`. The scale is the caller's; for shares it is :mod:`analysis.smallarea`'s.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from analysis.area_variance import AreaVariance, Regression, estimate_area_variance, log_likelihood
from analysis.errors import AnalysisError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike

    from analysis.arrays import BoolArray, FloatArray

# With fewer areas beyond the coefficients the variance between areas has no finite mean (see _averaged).
SPARE_AREAS = 5
# Points of the average over the variance between areas.
_POINTS = 200
INTERCEPT = "(intercept)"


@dataclass(frozen=True, slots=True, eq=False)
class FayHerriot:
    """The model fitted to areas, and its prediction for each.

    Attributes
    ----------
    names : tuple of str
        Of the coefficients, the intercept first.
    coefficients, coefficient_errors : ndarray, shape (p,)
        Generalised least squares, and its standard errors.
    area_variance : AreaVariance
        How much areas differ beyond what the covariates say and sampling explains.
    prediction : ndarray, shape (m,)
        Empirical best linear unbiased predictor; without a direct estimate the synthetic one, x'β.
    mean_squared_error : ndarray, shape (m,)
        Of the prediction, with what it costs not to know β and A.
    averaged_variance : ndarray, shape (m,)
        For intervals: the variance of the area's true value averaged over every A that the data allow.
    direct_weight : ndarray, shape (m,)
        Share γ of the direct estimate in the prediction; 0 without one.
    synthetic : ndarray of bool, shape (m,)
        Areas without a direct estimate.
    regression : ndarray, shape (m,)
        What the covariates alone would say, x'β.
    residuals : ndarray, shape (areas with a direct estimate,)
        Direct estimates less x'β over their standard deviation √(A + ψ), in the order of the areas.
    model : Regression
        The direct estimates, their variances and the design, of the areas that have them.

    Examples
    --------
    See :func:`fay_herriot`.
    """

    names: tuple[str, ...]
    coefficients: FloatArray
    coefficient_errors: FloatArray
    area_variance: AreaVariance
    prediction: FloatArray
    mean_squared_error: FloatArray
    averaged_variance: FloatArray
    direct_weight: FloatArray
    synthetic: BoolArray
    regression: FloatArray
    residuals: FloatArray
    model: Regression

    @property
    def degrees_of_freedom(self) -> int:
        """Areas with a direct estimate less coefficients."""
        return len(self.residuals) - len(self.coefficients)


def fay_herriot(
    direct: ArrayLike,
    sampling_variances: ArrayLike,
    *,
    covariates: Mapping[str, ArrayLike] | None = None,
    method: str = "mixed",
) -> FayHerriot:
    r"""Fit the model and predict every area.

    With :math:`\gamma_i = A/(A + \psi_i)` the prediction is :math:`\gamma_i y_i + (1 - \gamma_i) x_i'\hat\beta` and its
    mean squared error :math:`g_1 + g_2 + 2 g_3`: γψ, what β costs, and twice what A costs [2]_ [3]_. An area without a
    direct estimate gets :math:`x_i'\hat\beta`, with A and the variance of that.

    Where A is near 0 its estimate may miss half of it and so may :math:`g_1`, for all areas at once. Intervals
    therefore take the variance averaged over the restricted likelihood of A, the posterior of a flat prior [4]_.

    Parameters
    ----------
    direct : array_like of float, shape (m,)
        NaN where an area has no direct estimate.
    sampling_variances : array_like of float, shape (m,)
        Above 0; looked at where there is a direct estimate.
    covariates : mapping of str to array_like of float, shape (m,), optional
        Known for all areas; the intercept is added.
    method : str
        How A is estimated, one of :data:`analysis.area_variance.METHODS`: "reml", "adjusted", or "mixed", which is
        restricted maximum likelihood unless that is 0, and the adjusted likelihood then.

    Returns
    -------
    FayHerriot

    Raises
    ------
    AnalysisError
        Too few areas, a variance or covariate that is not a number, covariates that say the same, unknown method.

    References
    ----------
    .. [1] Fay & Herriot (1979), Estimates of income for small places: an application of James-Stein procedures to
       census data, JASA 74, 269-277.
    .. [2] Prasad & Rao (1990), The estimation of the mean squared error of small-area estimators, JASA 85, 163-171.
    .. [3] Datta & Lahiri (2000), A unified measure of uncertainty of estimated best linear unbiased predictors in small
       area estimation problems, Statistica Sinica 10, 613-627.
    .. [4] Morris & Tang (2011), Estimating random effects via adjustment for density maximization, Statistical
       Science 26, 271-287; Rao & Molina (2015), Small Area Estimation, 2nd ed., ch. 10.

    Examples
    --------
    >>> fit = fay_herriot([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, np.nan], [0.5] * 7)
    >>> fit.prediction.round(3).tolist(), fit.synthetic.tolist()
    ([1.357, 2.214, 3.071, 3.929, 4.786, 5.643, 3.5], [False, False, False, False, False, False, True])
    >>> round(fit.area_variance.value, 3), fit.area_variance.method
    (3.0, 'reml')
    """
    y = np.asarray(direct, dtype=np.float64)
    known = np.isfinite(y)
    names, design = _design(covariates or {}, len(y))
    _check(y, known, sampling_variances, design, names)
    # On orthonormal columns incomes in millions and shares in hundredths meet the solver alike.
    basis, triangle = _orthonormal(design, known)
    variances = np.asarray(sampling_variances, dtype=np.float64)[known]
    model = Regression(y[known], variances, basis[known])
    area_variance = estimate_area_variance(model, method=method)
    return _predict(model, area_variance, known=known, basis=basis, triangle=triangle, names=names)


def _design(covariates: Mapping[str, ArrayLike], areas: int) -> tuple[tuple[str, ...], FloatArray]:
    columns = [np.ones(areas)]
    for name, values in covariates.items():
        column = np.asarray(values, dtype=np.float64)
        if column.shape != (areas,):
            raise AnalysisError(
                "the covariate {name} has {count} values for {areas} areas: give each area one",
                name=name,
                count=column.size,
                areas=areas,
            )
        if not np.isfinite(column).all():
            raise AnalysisError(
                "the covariate {name} has no number for area {area}: the model needs it for every area",
                name=name,
                area=int(np.flatnonzero(~np.isfinite(column))[0]) + 1,
            )
        columns.append(column)
    return (INTERCEPT, *covariates), np.column_stack(columns)


def _check(
    direct: FloatArray, known: BoolArray, variances: ArrayLike, design: FloatArray, names: tuple[str, ...]
) -> None:
    psi = np.asarray(variances, dtype=np.float64)
    if direct.ndim != 1 or psi.shape != direct.shape:
        raise AnalysisError(
            "{count} sampling variances for {areas} areas: give each area one", count=psi.size, areas=direct.size
        )
    needed = len(names) + SPARE_AREAS
    if known.sum() < needed:
        raise AnalysisError(
            "a model of small areas with {coefficients} coefficients needs direct estimates of {needed} areas or more, "
            "not {count}: publish the direct estimates",
            coefficients=len(names),
            needed=needed,
            count=int(known.sum()),
        )
    bad = known & ~((psi > 0) & np.isfinite(psi))
    if bad.any():
        raise AnalysisError(
            "area {area} has the sampling variance {variance}: it must be above 0",
            area=int(np.flatnonzero(bad)[0]) + 1,
            variance=float(psi[bad][0]),
        )
    used = design[known]
    if np.linalg.matrix_rank(used / np.abs(used).max(axis=0).clip(min=np.finfo(float).tiny)) < len(names):
        raise AnalysisError(
            "the covariates {names} repeat one another or do not vary among the areas: drop one",
            names=", ".join(names[1:]),
        )


def _orthonormal(design: FloatArray, known: BoolArray) -> tuple[FloatArray, FloatArray]:
    """The design on columns that are orthonormal among the known areas, and the triangle that leads there."""
    triangle = np.linalg.qr(design[known]).R
    return np.linalg.solve(triangle.T, design.T).T, triangle


def _predict(
    model: Regression,
    area_variance: AreaVariance,
    *,
    known: BoolArray,
    basis: FloatArray,
    triangle: FloatArray,
    names: tuple[str, ...],
) -> FayHerriot:
    all_weights = model.weights(np.array([area_variance.value]))
    (beta,), (spread,) = model.least_squares(all_weights)
    weights = all_weights[0]
    back = np.linalg.inv(triangle)
    regression = basis @ beta
    between = regression.copy()
    residuals = model.direct - regression[known]
    gamma = np.zeros(len(known))
    gamma[known] = area_variance.value * weights
    between[known] += gamma[known] * residuals
    return FayHerriot(
        names=names,
        coefficients=back @ beta,
        coefficient_errors=np.sqrt(np.diag(back @ spread @ back.T)),
        area_variance=area_variance,
        prediction=between,
        mean_squared_error=_mean_squared_error(
            area_variance, known, gamma, weights, leverage=_quadratic(basis, spread)
        ),
        averaged_variance=_averaged(model, area_variance, known=known, basis=basis),
        direct_weight=gamma,
        synthetic=~known,
        regression=regression,
        residuals=residuals * np.sqrt(weights),
        model=model,
    )


def _quadratic(rows: FloatArray, matrix: FloatArray) -> FloatArray:
    found: FloatArray = np.einsum("ij,jk,ik->i", rows, matrix, rows)
    return found


def _mean_squared_error(
    area_variance: AreaVariance, known: BoolArray, gamma: FloatArray, weights: FloatArray, *, leverage: FloatArray
) -> FloatArray:
    """g1 + g2 + 2 g3, and for areas without a direct estimate A + x'Vx: there A's own error cancels in first order."""
    shrunk = np.square(1 - gamma)
    error = area_variance.value * (1 - gamma) + shrunk * leverage
    error[known] += 2 * shrunk[known] * weights * area_variance.standard_error**2
    return error


def _averaged(model: Regression, area_variance: AreaVariance, *, known: BoolArray, basis: FloatArray) -> FloatArray:
    """Variance of the true values over A with a flat prior: its mean given A, and how the prediction moves with A.

    The likelihood falls as A^-(m-p)/2, so that the mean of A exists with five areas more than coefficients.
    """
    # A = s u/(1 - u) brings the half line to 0..1, with most points where A may be.
    scale = area_variance.value + 1 / np.mean(1 / model.sampling_variances)
    u = (np.arange(_POINTS) + 0.5) / _POINTS
    variances = scale * u / (1 - u)
    likelihood = log_likelihood(model, variances)
    chance = np.exp(likelihood - likelihood.max()) / np.square(1 - u)
    chance /= chance.sum()
    weights = model.weights(variances)
    beta, spread = model.least_squares(weights)
    regression = beta @ basis.T
    gamma = np.zeros(regression.shape)
    gamma[:, known] = variances[:, None] * weights
    residuals = np.zeros(regression.shape)
    residuals[:, known] = model.direct - regression[:, known]
    prediction = regression + gamma * residuals
    given = variances[:, None] * (1 - gamma) + np.square(1 - gamma) * np.einsum("ij,gjk,ik->gi", basis, spread, basis)
    averaged: FloatArray = chance @ (given + np.square(prediction - chance @ prediction))
    return averaged
