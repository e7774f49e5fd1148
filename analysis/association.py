"""Is one categorical variable related to another? The Rao-Scott and Wald tests of a weighted two-way table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from analysis import distributions
from analysis.errors import AnalysisError
from analysis.margins import encode
from analysis.statistic import Ratio

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike

    from analysis.arrays import BoolArray, FloatArray, IntArray
    from analysis.estimates import Design


@dataclass(frozen=True, slots=True)
class AssociationTest:
    """A test of independence.

    Attributes
    ----------
    method : str
        One of :data:`METHODS`.
    statistic : float
        On the scale of its reference distribution.
    degrees_of_freedom : tuple of float
        Of the reference distribution; empty where it has none of a standard kind.
    p_value : float
    """

    method: str
    statistic: float
    degrees_of_freedom: tuple[float, ...]
    p_value: float


@dataclass(frozen=True, slots=True, eq=False)
class _Table:
    """A two-way table of shares, its cells row by row."""

    shape: tuple[int, int]
    respondents: int
    cell: IntArray
    weights: FloatArray
    degrees_of_freedom: float


def independence_test(
    design: Design, rows: ArrayLike, columns: ArrayLike, *, method: str = "F", domain: BoolArray | None = None
) -> AssociationTest:
    r"""Test that two categorical variables are unrelated in the population.

    Pearson's statistic :math:`X^2 = n \sum (p_{rc} - p_{r+} p_{+c})^2 / (p_{r+} p_{+c})` of the weighted shares does
    not follow a chi-square under a survey design, but a mixture with the generalised design effects as weights: the
    eigenvalues of :math:`\Delta = (C' D^{-1} V_0 D^{-1} C)^{-1} C' D^{-1} V D^{-1} C`.

    Parameters
    ----------
    design : SurveyDesign or ReplicateDesign
    rows, columns : array_like, shape (n,)
        The level of each respondent; a respondent with either missing is left out.
    method : {"F", "chi_square", "saddlepoint", "lincom", "wald", "adjusted_wald"}
        ``"F"`` is the second-order correction of Rao and Scott, ``"chi_square"`` the first-order one.
        ``"saddlepoint"`` approximates the distribution of the mixture; ``"lincom"`` asks for that distribution too and
        is answered by the same approximation, as by R without its package CompQuadForm. ``"wald"`` tests the
        differences of the counts from independence by their covariance, ``"adjusted_wald"`` corrects it for few PSUs.
    domain : array_like of bool, shape (n,), optional
        Whom the question is about.

    Returns
    -------
    AssociationTest

    Raises
    ------
    AnalysisError
        If the method is unknown, or a variable has fewer than two levels.

    References
    ----------
    .. [1] Rao & Scott (1984), On chi-squared tests for multiway contingency tables with cell proportions estimated from
       survey data, Annals of Statistics 12, 46-60.
    .. [2] Thomas & Rao (1987), Small-sample comparisons of level and power for simple goodness-of-fit statistics under
       cluster sampling, JASA 82, 630-636.
    .. [3] Kuonen (1999), Saddlepoint approximations for distributions of quadratic forms in normal variables,
       Biometrika 86, 929-935.

    Examples
    --------
    >>> from analysis.design import SurveyDesign
    >>> design = SurveyDesign.from_columns(np.ones(8))
    >>> test = independence_test(design, list("aaaabbbb"), list("xxxyxyyy"))
    >>> round(test.statistic, 6), round(test.p_value, 6)
    (1.75, 0.227453)
    """
    if method not in METHODS:
        raise AnalysisError("test {method}: choose one of {choices}", method=method, choices=", ".join(METHODS))
    table = _table(design, rows, columns, domain)
    return METHODS[method](design, table)


def _table(design: Design, rows: ArrayLike, columns: ArrayLike, domain: BoolArray | None) -> _Table:
    (row, row_levels), (column, column_levels) = encode(rows), encode(columns)
    inside = np.ones(len(row), dtype=np.bool_) if domain is None else np.asarray(domain, dtype=np.bool_)
    for name, levels in (("rows", row_levels), ("columns", column_levels)):
        if len(levels) < 2:  # noqa: PLR2004 (a table needs two rows and two columns)
            raise AnalysisError(
                "a test of independence needs two levels or more, {name} has {count}", name=name, count=len(levels)
            )
    valid = (row >= 0) & (column >= 0) & inside
    return _Table(
        shape=(len(row_levels), len(column_levels)),
        respondents=int(inside.sum()),
        cell=np.where(valid, row * len(column_levels) + column, -1),
        weights=np.where(valid, design.weights, 0.0),
        degrees_of_freedom=design.degrees_of_freedom(domain),
    )


def _indicators(table: _Table) -> FloatArray:
    places = np.arange(table.shape[0] * table.shape[1])
    return np.equal(table.cell[:, None], places).astype(np.float64)


def _pearson(shares: FloatArray, respondents: int) -> float:
    expected = np.outer(shares.sum(axis=1), shares.sum(axis=0))
    return respondents * float(np.sum(np.square(shares - expected) / expected))


def _generalised_effects(design: Design, table: _Table) -> tuple[float, FloatArray]:
    """Pearson's statistic and the matrix whose eigenvalues are its design effects."""
    indicators, total = _indicators(table), table.weights.sum()
    shares = table.weights @ indicators / total
    inside = np.broadcast_to((table.cell >= 0)[:, None], indicators.shape)
    variance, _ = design.covariances(Ratio(indicators, inside.astype(np.float64), inside))
    contrasts = _interactions(table.shape)
    scaled = contrasts * np.where(shares > 0, 1 / np.where(shares > 0, shares, 1.0), 0.0)[:, None]
    independent = contrasts.T @ scaled / table.respondents
    effects = np.linalg.solve(independent, scaled.T @ variance @ scaled).astype(np.float64, copy=False)
    return _pearson(shares.reshape(table.shape), table.respondents), effects


def _interactions(shape: tuple[int, int]) -> FloatArray:
    """What a table's interactions add to its main effects, an orthogonal complement."""
    rows, columns = shape
    row, column = np.divmod(np.arange(rows * columns), columns)
    first = (row[:, None] == np.arange(1, rows)).astype(np.float64)
    second = (column[:, None] == np.arange(1, columns)).astype(np.float64)
    main = np.column_stack([np.ones(rows * columns), first, second])
    products = (first[:, :, None] * second[:, None, :]).reshape(rows * columns, -1)
    contrasts: FloatArray = products - main @ np.linalg.lstsq(main, products, rcond=None)[0]
    return contrasts


def _second_order(design: Design, table: _Table) -> AssociationTest:
    statistic, effects = _generalised_effects(design, table)
    trace = float(np.trace(effects))
    numerator = trace**2 / float(np.trace(effects @ effects))
    freedom = (numerator, numerator * table.degrees_of_freedom)
    return AssociationTest("F", statistic / trace, freedom, distributions.f_above(statistic / trace, *freedom))


def _first_order(design: Design, table: _Table) -> AssociationTest:
    statistic, effects = _generalised_effects(design, table)
    freedom = len(effects)
    p_value = distributions.chi_square_above(statistic / (float(np.trace(effects)) / freedom), freedom)
    return AssociationTest("chi_square", statistic, (float(freedom),), p_value)


def _mixture(design: Design, table: _Table) -> AssociationTest:
    statistic, effects = _generalised_effects(design, table)
    numerator = float(np.trace(effects)) ** 2 / float(np.trace(effects @ effects))
    eigenvalues = np.real(np.linalg.eigvals(effects))
    denominator = numerator * table.degrees_of_freedom
    return AssociationTest(
        "saddlepoint", statistic, (), distributions.mixture_above(statistic, eigenvalues, denominator=denominator)
    )


def _wald_statistic(design: Design, table: _Table) -> float:
    """Wald's statistic of the counts' differences from independence, all but the first row and column."""
    indicators = _indicators(table)
    counts = table.weights @ indicators
    total = counts.sum()
    by_row, by_column = counts.reshape(table.shape).sum(axis=1), counts.reshape(table.shape).sum(axis=0)
    row, column = np.divmod(np.arange(counts.size), table.shape[1])
    difference = counts - by_row[row] * by_column[column] / total
    # Each expected count is a product of two margins over the whole, so its influence is that of the three.
    inside = (table.cell >= 0).astype(np.float64)[:, None]
    in_row = indicators @ (row[:, None] == np.arange(table.shape[0]))
    in_column = indicators @ (column[:, None] == np.arange(table.shape[1]))
    expected = (in_row[:, row] * by_column[column] + in_column[:, column] * by_row[row]) / total - inside * by_row[
        row
    ] * by_column[column] / total**2
    variance = design.covariance((indicators - expected) * table.weights[:, None], domain=table.cell >= 0)
    used = np.flatnonzero((row > 0) & (column > 0))
    return float(difference[used] @ np.linalg.solve(variance[np.ix_(used, used)], difference[used]))


def _wald(design: Design, table: _Table) -> AssociationTest:
    numerator = (table.shape[0] - 1) * (table.shape[1] - 1)
    statistic = _wald_statistic(design, table) / numerator
    freedom = (float(numerator), float(table.degrees_of_freedom))
    return AssociationTest("wald", statistic, freedom, distributions.f_above(statistic, *freedom))


def _adjusted_wald(design: Design, table: _Table) -> AssociationTest:
    numerator = (table.shape[0] - 1) * (table.shape[1] - 1)
    denominator = table.degrees_of_freedom - numerator + 1
    statistic = _wald_statistic(design, table) * denominator / (numerator * table.degrees_of_freedom)
    freedom = (float(numerator), float(denominator))
    return AssociationTest("adjusted_wald", statistic, freedom, distributions.f_above(statistic, *freedom))


METHODS: dict[str, Callable[[Design, _Table], AssociationTest]] = {
    "F": _second_order,
    "chi_square": _first_order,
    "saddlepoint": _mixture,
    "lincom": _mixture,
    "wald": _wald,
    "adjusted_wald": _adjusted_wald,
}
