"""Whether a Fay-Herriot model deserves belief: what it explains, and what it contradicts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import chdtrc

if TYPE_CHECKING:
    from analysis.fay_herriot import FayHerriot

# The Shapiro-Wilk p-value is an approximation up to so many values.
_SHAPIRO = 5000


@dataclass(frozen=True, slots=True)
class AreaDiagnostics:
    """Checks of a fitted model, all on the model's scale.

    Attributes
    ----------
    homogeneity : float
        p-value of Cochran's Q: small where areas differ by more than sampling and covariates explain.
    agreement : float
        p-value of the goodness of fit of Brown and others: small where predictions contradict direct estimates.
    r_squared : float or None
        What the covariates explain of the variance between areas, corrected for sampling error; None without covariates
        or where areas show no variance.
    direct_weights : tuple of float
        The smallest and the largest weight γ of a direct estimate.
    residuals : tuple of float
        Standardised, of the areas with a direct estimate in their order.

    Examples
    --------
    See :func:`area_diagnostics`.
    """

    homogeneity: float
    agreement: float
    r_squared: float | None
    direct_weights: tuple[float, float]
    residuals: tuple[float, ...]

    @property
    def normality(self) -> float | None:
        """p-value of Shapiro and Wilk's test of the standardised residuals; None where they do not vary."""
        if np.ptp(self.residuals) <= np.sqrt(np.finfo(float).eps) or len(self.residuals) > _SHAPIRO:
            return None
        # SciPy's statistics take long to load, and few readers ask for this.
        from scipy.stats import shapiro

        return float(shapiro(self.residuals).pvalue)


def area_diagnostics(fit: FayHerriot) -> AreaDiagnostics:
    """Check a fitted model.

    Parameters
    ----------
    fit : FayHerriot

    Returns
    -------
    AreaDiagnostics

    References
    ----------
    .. [1] Brown, Chambers, Heady & Heasman (2001), Evaluation of small area estimation methods: an application to
       unemployment estimates from the UK LFS, Proceedings of Statistics Canada Symposium 2001.
    .. [2] Lahiri & Suntornchost (2015), Variable selection for linear mixed models with applications in small area
       estimation, Sankhya B 77, 312-320.
    .. [3] Cochran (1954), The combination of estimates from different experiments, Biometrics 10, 101-129.

    Examples
    --------
    >>> from analysis.fay_herriot import fay_herriot
    >>> found = area_diagnostics(fay_herriot([1.0, 2.0, 3.0, 4.0, 6.0, 2.5], [0.5] * 6))
    >>> round(found.homogeneity, 4), round(found.agreement, 3), round(found.normality, 2), found.r_squared
    (0.0, 0.999, 0.82, None)
    """
    known = ~fit.synthetic
    weights = fit.direct_weight[known]
    return AreaDiagnostics(
        homogeneity=_homogeneity(fit),
        agreement=_agreement(fit),
        r_squared=_r_squared(fit),
        direct_weights=(float(weights.min()), float(weights.max())),
        residuals=tuple(fit.residuals.tolist()),
    )


def _homogeneity(fit: FayHerriot) -> float:
    """Residuals over their sampling error alone are chi-squared where areas do not differ."""
    model = fit.model
    weights = model.weights(np.zeros(1))
    beta, _ = model.least_squares(weights)
    statistic = weights[0] @ np.square(model.direct - model.design @ beta[0])
    return float(chdtrc(fit.degrees_of_freedom, statistic))


def _agreement(fit: FayHerriot) -> float:
    """Squared distances of predictions from direct estimates over the variances of both."""
    known = ~fit.synthetic
    distance = np.square(fit.model.direct - fit.prediction[known])
    statistic = np.sum(distance / (fit.model.sampling_variances + fit.mean_squared_error[known]))
    return float(chdtrc(len(distance), statistic))


def _r_squared(fit: FayHerriot) -> float | None:
    model = fit.model
    areas, coefficients = model.design.shape
    leverage = np.square(model.design).sum(axis=1)
    residuals = model.direct - model.design @ (model.design.T @ model.direct)
    left = (residuals @ residuals - (1 - leverage) @ model.sampling_variances) / (areas - coefficients)
    total = float(np.var(model.direct, ddof=1) - model.sampling_variances.mean())
    if coefficients == 1 or total <= 0:
        return None
    return float(np.clip(1 - left / total, 0, 1))
