r"""Why an index differs between two groups or waves, by several characteristics at once: Oaxaca and Blinder.

A weighted linear regression of the answers on the characteristics is fitted in each of two samples. Its weighted means
lie on it, so that with :math:`\beta_k` and the means :math:`\bar x_k` of sample k

.. math:: \bar y_1 - \bar y_2 = \underbrace{(\bar x_1 - \bar x_2)' \tfrac{\beta_1 + \beta_2}{2}}_{\text{composition}}
          + \underbrace{\tfrac{(\bar x_1 + \bar x_2)'}{2} (\beta_1 - \beta_2)}_{\text{performance}},

exactly. With one characteristic it is Kitagawa's decomposition (:mod:`analysis.decomposition`); with several it needs
no answers in every combination of their levels. Which level is left out of the regression matters to neither part.

References
----------
.. [1] Oaxaca (1973), Male-female wage differentials in urban labor markets, International Economic Review 14, 693-709.
.. [2] Blinder (1973), Wage discrimination: reduced form and structural estimates, Journal of Human Resources 8,
   436-455.
.. [3] Jann (2008), The Blinder-Oaxaca decomposition for linear regression models, Stata Journal 8, 453-479 (standard
   errors that count the means as estimated).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.decomposition import Decomposition
from analysis.errors import AnalysisError
from analysis.margins import encode, listed
from analysis.results import Basis, Estimate, Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike

    from analysis.arrays import BoolArray, FloatArray
    from analysis.design import SurveyDesign


def oaxaca_blinder(
    design: SurveyDesign,
    scores: ArrayLike,
    sample: ArrayLike,
    *,
    first: Any,
    second: Any,
    characteristics: Mapping[str, ArrayLike],
) -> Decomposition:
    """Decompose the difference of two means by the composition of their samples.

    Parameters
    ----------
    design : SurveyDesign
        Of the respondents of both samples. Waves drawn apart need strata of their own; PSUs that are the same ones in
        both have the same label.
    scores : array_like of float, shape (n,)
        1 for a favourable answer and 0 for another, or a score; NaN where missing.
    sample : array_like, shape (n,)
        Which sample a respondent is of: the wave, the agency.
    first, second : object
        The two labels in `sample` that are compared.
    characteristics : mapping of str to array_like, shape (n,)
        Each a column of levels; respondents without one are left out.

    Returns
    -------
    Decomposition
        Without parts by group.

    Raises
    ------
    AnalysisError
        Lengths differ, nobody answered in a sample, a level has answers in one sample only, or characteristics repeat
        one another.

    References
    ----------
    .. [1] Jann (2008), Stata Journal 8, 453-479.

    Examples
    --------
    >>> from analysis.design import SurveyDesign
    >>> parts = oaxaca_blinder(
    ...     SurveyDesign.from_columns(np.ones(8)), [1, 1, 0, 1, 0, 1, 0, 0], [2] * 4 + [1] * 4, first=2, second=1,
    ...     characteristics={"age": ["old", "old", "young", "old", "old", "old", "young", "young"]})
    >>> round(parts.total.value, 6), round(parts.composition.value, 6), round(parts.performance.value, 6)
    (0.5, 0.1875, 0.3125)
    """
    values = np.asarray(scores, dtype=np.float64)
    codes = {name: encode(column) for name, column in characteristics.items()}
    _check_lengths(design.respondents, scores=values, sample=np.asarray(sample), **{k: v[0] for k, v in codes.items()})
    answered: BoolArray = ~np.isnan(values) & (design.weights > 0)
    for code, _ in codes.values():
        answered &= code >= 0
    label = np.asarray(sample)
    inside = [answered & (label == each) for each in (first, second)]
    matrix = _matrix(codes, inside, names=(first, second))
    sides = [_regression(matrix, np.nan_to_num(values), np.where(each, design.weights, 0.0)) for each in inside]
    influence, parts = _oaxaca(*sides)
    return _result(design, influence, parts, inside[0] | inside[1])


@dataclass(frozen=True, slots=True)
class _Side:
    """A sample's regression: its means, its coefficients, and the influence of every respondent on both."""

    mean: FloatArray
    beta: FloatArray
    mean_influence: FloatArray
    beta_influence: FloatArray


def _check_lengths(rows: int, **columns: Any) -> None:
    for name, column in columns.items():
        if column.shape != (rows,):
            raise AnalysisError(
                "{column} has {found} values for {rows} rows", column=name, found=column.size, rows=rows
            )


def _matrix(
    codes: Mapping[str, tuple[Any, list[Any]]], inside: list[BoolArray], *, names: tuple[Any, Any]
) -> FloatArray:
    """A column of ones, and one for every level but the first of those that occur."""
    columns = [np.ones(len(inside[0]))]
    for name, each in zip(names, inside, strict=True):
        if not each.any():
            raise AnalysisError("nobody answered in sample {sample}", sample=name)
    for characteristic, (code, levels) in codes.items():
        one, other = (set(code[each].tolist()) for each in inside)
        if one ^ other:
            raise AnalysisError(
                "{characteristic}: {levels} answered in one of the two samples only: merge it with a similar level",
                characteristic=characteristic,
                levels=listed([levels[place] for place in sorted(one ^ other)]),
            )
        columns += [(code == place).astype(np.float64) for place in sorted(one)[1:]]
    return np.column_stack(columns)


def _regression(matrix: FloatArray, values: FloatArray, weights: FloatArray) -> _Side:
    products = matrix.T @ (weights[:, None] * matrix)
    if np.linalg.matrix_rank(products) < len(products):
        raise AnalysisError("the characteristics repeat one another in one of the samples: leave one out")
    beta: FloatArray = np.linalg.solve(products, matrix.T @ (weights * values)).astype(np.float64)
    mean = weights @ matrix / weights.sum()
    return _Side(
        mean=mean,
        beta=beta,
        mean_influence=weights[:, None] * (matrix - mean) / weights.sum(),
        beta_influence=np.linalg.solve(products, weights * (values - matrix @ beta) * matrix.T).T.astype(np.float64),
    )


def _oaxaca(one: _Side, other: _Side) -> tuple[FloatArray, tuple[float, float]]:
    """Influence on composition and performance, and both."""
    means, betas = one.mean - other.mean, one.beta - other.beta
    mean, beta = (one.mean + other.mean) / 2, (one.beta + other.beta) / 2
    influence = sum(
        np.column_stack(
            [
                side.mean_influence @ (sign * beta) + side.beta_influence @ (means / 2),
                side.mean_influence @ (betas / 2) + side.beta_influence @ (sign * mean),
            ]
        )
        for sign, side in ((1.0, one), (-1.0, other))
    )
    return np.asarray(influence), (float(means @ beta), float(mean @ betas))


def _result(
    design: SurveyDesign, influence: FloatArray, parts: tuple[float, float], inside: BoolArray
) -> Decomposition:
    covariance = design.covariance(influence, domain=inside)
    variances = [float(covariance.sum()), *np.diag(covariance).tolist()]
    freedom = design.degrees_of_freedom(inside)
    known = [variance > 0 and freedom > 0 for variance in variances]
    total, composition, performance = [
        Estimate(
            value=value,
            standard_error=sqrt(variance) if sure else None,
            degrees_of_freedom=freedom if sure else 0,
            respondents=int(inside.sum()),
            sum_weights=float(design.weights[inside].sum()),
            kind=Kind.FUNCTION,
            basis=Basis.CLUSTERS if sure else Basis.NONE,
        )
        for value, variance, sure in zip((sum(parts), *parts), variances, known, strict=True)
    ]
    return Decomposition(total, composition, performance, performance_by_group={})
