"""Auxiliary variables of a calibration, as the columns of a model matrix that is never written out for factors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from analysis.arrays import group_sums
from analysis.errors import AnalysisError
from analysis.margins import Margin, check_agreement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from analysis.arrays import FloatArray

# Below this share of the largest, an eigenvalue of the scaled cross-products is a redundancy between columns.
_SMALLEST_EIGENVALUE = 1e-11
# From here on a step is solved iteratively, to this share of its right-hand side.
_MANY_COLUMNS = 60
_NEAR = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Total:
    """The known population total of a numeric variable.

    Made by :func:`total`.

    Attributes
    ----------
    variable : str
        What messages call it.
    values : ndarray of float, shape (n,)
        The variable's value for each respondent.
    total : float
        Its sum over the population.
    """

    variable: str
    values: FloatArray
    total: float


Auxiliary: TypeAlias = Margin | Total


def total(variable: str, values: ArrayLike, population_total: float) -> Total:
    """Tie a known total to the respondents' values.

    Parameters
    ----------
    variable : str
        Name of the variable, for messages.
    values : array_like, shape (n,)
        Its value for each respondent; none may be missing. All ones stand for the size of the population.
    population_total : float
        Its sum over the population.

    Returns
    -------
    Total

    Raises
    ------
    AnalysisError
        If a value or the total is not a number.

    Examples
    --------
    >>> total("pupils", [120, 80], 5000).total
    5000.0
    """
    column = np.asarray(values, dtype=np.float64)
    wrong = np.flatnonzero(~np.isfinite(column))
    if wrong.size:
        raise AnalysisError(
            "{variable}: row {row} has no number: calibration needs a value for every respondent",
            variable=variable,
            row=int(wrong[0]) + 1,
        )
    if not np.isfinite(population_total):
        raise AnalysisError("{variable}: the total is not a number", variable=variable)
    return Total(variable, column, float(population_total))


@dataclass(frozen=True, slots=True, eq=False)
class ModelMatrix:
    """One 0/1 column per level of each margin, one column per numeric variable.

    Margins are kept as codes: products with the matrix are sums by level, so that a million rows and hundreds of levels
    take no memory.

    Attributes
    ----------
    margins : tuple of Margin
    numeric : ndarray of float, shape (n, k)
    totals : ndarray of float, shape (columns,)
        The population totals to reach.
    labels : tuple of str
        What messages call each column.
    """

    margins: tuple[Margin, ...]
    numeric: FloatArray
    totals: FloatArray
    labels: tuple[str, ...]

    def times(self, coefficients: FloatArray) -> FloatArray:
        """Matrix times coefficients: one value per respondent."""
        result = self.numeric @ coefficients[len(self.totals) - self.numeric.shape[1] :]
        start = 0
        for margin in self.margins:
            result = result + coefficients[start : start + len(margin.levels)][margin.codes]
            start += len(margin.levels)
        return result

    def cross(self, values: FloatArray) -> FloatArray:
        """Transposed matrix times `values`: one sum per column."""
        parts = [group_sums(values, margin.codes, len(margin.levels)) for margin in self.margins]
        return np.concatenate([*parts, self.numeric.T @ values])

    def products(self, weights: FloatArray) -> FloatArray:
        """Weighted cross-products of the columns, shape (columns, columns)."""
        weighted = self.numeric * weights[:, None]
        blocks = [self._block(margin, weights, weighted) for margin in self.margins]
        return np.vstack([*blocks, self.cross(weighted).T])

    def inverse(self, weights: FloatArray) -> FloatArray:
        """Generalised inverse of :meth:`products`; redundant columns share what they explain."""
        return _generalised_inverse(self.products(weights))

    def solve(self, weights: FloatArray, right: FloatArray) -> FloatArray:
        """Coefficients whose :meth:`products` are `right`; any of those where columns are redundant."""
        products = self.products(weights)
        found = _conjugate_gradient(products, right) if len(products) > _MANY_COLUMNS else None
        return _generalised_inverse(products) @ right if found is None else found

    def _block(self, margin: Margin, weights: FloatArray, weighted: FloatArray) -> FloatArray:
        """Cross-products of one margin's levels with every column."""
        levels = len(margin.levels)
        parts = []
        for other in self.margins:
            pair = margin.codes * len(other.levels) + other.codes
            parts.append(group_sums(weights, pair, levels * len(other.levels)).reshape(levels, -1))
        return np.hstack([*parts, group_sums(weighted, margin.codes, levels)])


def model_matrix(auxiliaries: Sequence[Auxiliary], *, tolerance: float) -> ModelMatrix:
    """Set the auxiliaries side by side, refusing those that contradict one another.

    Parameters
    ----------
    auxiliaries : sequence of Margin or Total
        At least one.
    tolerance : float
        Relative difference between the populations of two margins that is still rounding.

    Returns
    -------
    ModelMatrix

    Raises
    ------
    AnalysisError
        If there is none, they are of different lengths, or two margins add up to different populations.

    Examples
    --------
    >>> from analysis.margins import margin
    >>> sex = margin("sex", ["f", "m"], {"f": 510, "m": 490})
    >>> model_matrix([sex, total("pupils", [120, 80], 5000)], tolerance=1e-9).labels
    ('sex=f', 'sex=m', 'pupils')
    """
    margins = tuple(each for each in auxiliaries if isinstance(each, Margin))
    numeric = [each for each in auxiliaries if isinstance(each, Total)]
    if margins or not numeric:
        check_agreement(margins, tolerance=tolerance)
    rows = len(margins[0].codes) if margins else len(numeric[0].values)
    for each in numeric:
        if len(each.values) != rows:
            raise AnalysisError(
                "{variable} has {count} values for {respondents} respondents: give each respondent one",
                variable=each.variable,
                count=len(each.values),
                respondents=rows,
            )
    return matrix_of(margins, numeric)


def matrix_of(margins: Sequence[Margin], numeric: Sequence[Total] = ()) -> ModelMatrix:
    """The matrix of auxiliaries that are known to fit together.

    Examples
    --------
    >>> matrix_of([], [total("pupils", [120, 80], 5000)]).totals
    array([5000.])
    """
    rows = len(margins[0].codes) if margins else len(numeric[0].values)
    columns = np.column_stack([each.values for each in numeric]) if numeric else np.zeros((rows, 0))
    totals = np.concatenate([*(each.totals for each in margins), [each.total for each in numeric]])
    names = [each.label(position) for each in margins for position in range(len(each.levels))]
    return ModelMatrix(tuple(margins), columns, totals, (*names, *(each.variable for each in numeric)))


def _generalised_inverse(products: FloatArray) -> FloatArray:
    scale = _scale(products)
    values, vectors = np.linalg.eigh(products / np.outer(scale, scale))
    kept = values > _SMALLEST_EIGENVALUE * values[-1]
    scaled = vectors[:, kept] / scale[:, None]
    inverse: FloatArray = (scaled / values[kept]) @ scaled.T
    return inverse


def _conjugate_gradient(products: FloatArray, right: FloatArray) -> FloatArray | None:
    """A solution near enough for a step of Newton's method, None where there is none or it is slow to come.

    Hundreds of levels make eigenvectors slow, above all where the library's threads wait for a busy machine; this needs
    a few products with the matrix, summed without that library.
    """
    scale = _scale(products)
    matrix, residual = products / np.outer(scale, scale), right / scale
    solution, direction = np.zeros_like(residual), residual
    square, enough = float(residual @ residual), float(residual @ residual) * _NEAR**2
    for _ in range(len(right)):
        if square <= enough:
            return solution / scale
        ahead = np.einsum("ij,j->i", matrix, direction)
        along = float(direction @ ahead)
        if along <= 0:
            return None
        solution = solution + square / along * direction
        residual = residual - square / along * ahead
        before, square = square, float(residual @ residual)
        direction = residual + square / before * direction
    return None


def _scale(products: FloatArray) -> FloatArray:
    scale: FloatArray = np.sqrt(np.diag(products))
    return np.where(scale == 0, 1.0, scale)
