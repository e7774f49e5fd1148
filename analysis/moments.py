r"""Second moments by cell: how the answers of one respondent go together, added up by domain, stratum and PSU.

For each cell :math:`\sum_k w_k u_k u_k'` with :math:`u = (1, x_1, \ldots, x_v)`. Means, covariances, regressions,
reliability and the covariances of indices between respondents are smooth functions of these sums, so that they and
their linearised variances need no second look at the rows.

References
----------
.. [1] Särndal, Swensson & Wretman (1992), Model Assisted Survey Sampling, section 5.5 (functions of totals).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.arrays import FloatArray, IntArray, codes, crossed, gathered_sums, group_sums, label_tuple
from analysis.cells import PSUFrame, psu_frame
from analysis.errors import AnalysisError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike


@dataclass(frozen=True, slots=True)
class Moments:
    """Sums of products by cell, for k cells and v variables. Made by the functions of this module.

    Attributes
    ----------
    variables : tuple of str
        Names; the constant 1 comes before them in `products`.
    domains, strata, psus : tuple
        Labels, as in :class:`analysis.cells.Cells`.
    domain, psu : ndarray of int, shape (k,)
    stratum_of_psu : ndarray of int, shape (p,)
    respondents : ndarray of int, shape (k,)
        Who is in the sums.
    products : ndarray, shape (k, v + 1, v + 1)
        Σ w u u'.
    """

    variables: tuple[str, ...]
    domains: tuple[Any, ...]
    strata: tuple[Any, ...]
    psus: tuple[tuple[Any, Any], ...]
    domain: IntArray
    psu: IntArray
    stratum_of_psu: IntArray
    respondents: IntArray
    products: FloatArray

    @property
    def stratum(self) -> IntArray:
        """Stratum of each cell, shape (k,)."""
        return self.stratum_of_psu[self.psu]

    def totals(self) -> FloatArray:
        """The sums of each domain, shape (d, v + 1, v + 1)."""
        return group_sums(self.products, self.domain, len(self.domains))

    def places(self, names: Sequence[str]) -> IntArray:
        """Where these variables stand in `products`.

        Parameters
        ----------
        names : sequence of str

        Returns
        -------
        ndarray of int

        Raises
        ------
        AnalysisError
            One of them was not summed.
        """
        missing = [name for name in names if name not in self.variables]
        if missing:
            raise AnalysisError(
                "variables {names} were not summed: choose among {choices}",
                names=", ".join(missing),
                choices=", ".join(self.variables),
            )
        return np.array([1 + self.variables.index(name) for name in names], dtype=np.int64)

    def whole(self) -> Moments:
        """The same design with everybody in one domain, labelled None."""
        return _gathered(
            np.zeros(len(self.domain), dtype=np.int64),
            PSUFrame(self.psu, self.stratum_of_psu, self.strata, self.psus),
            respondents=self.respondents.astype(np.float64),
            products=self.products,
            variables=self.variables,
            domains=(None,),
        )


def moments_from_products(
    domain: ArrayLike,
    stratum: ArrayLike,
    psu: ArrayLike,
    *,
    respondents: ArrayLike,
    products: ArrayLike,
    variables: Sequence[str],
) -> Moments:
    """Moments from the groups of a GROUP BY over domain, stratum and PSU; the same key may come twice.

    Parameters
    ----------
    domain, stratum, psu : array_like, shape (k,)
        Keys of the groups; PSU labels need only be distinct within their stratum.
    respondents : array_like of int, shape (k,)
    products : array_like, shape (k, v + 1, v + 1)
        Σ w u u' of each group, with u = (1, x).
    variables : sequence of str
        The names of x.

    Returns
    -------
    Moments

    Raises
    ------
    AnalysisError
        The shapes do not fit.

    Examples
    --------
    >>> moments = moments_from_products(["A"], ["A"], ["mon"], respondents=[2],
    ...                                 products=[[[2, 9], [9, 41]]], variables=["staff"])
    >>> moments.totals()[0].tolist()
    [[2.0, 9.0], [9.0, 41.0]]
    """
    code, labels = codes(domain)
    given = np.asarray(products, dtype=np.float64)
    counted = np.asarray(respondents, dtype=np.float64)
    width = len(variables) + 1
    if given.shape != (len(code), width, width):
        raise AnalysisError(
            "products of {variables} variables in {groups} groups have the shape {shape}, not {wanted}",
            variables=len(variables),
            groups=len(code),
            shape=given.shape,
            wanted=(len(code), width, width),
        )
    return _gathered(
        code,
        psu_frame(stratum, psu),
        respondents=counted,
        products=given,
        variables=tuple(variables),
        domains=label_tuple(labels),
    )


def moments_from_rows(
    columns: Mapping[str, ArrayLike],
    *,
    weights: ArrayLike,
    domain: ArrayLike,
    stratum: ArrayLike,
    psu: ArrayLike,
) -> Moments:
    """Moments from one row a respondent; who left one of the variables blank adds nothing but their PSU.

    Parameters
    ----------
    columns : mapping of str to array_like of float, shape (n,)
        NaN where missing.
    weights, domain, stratum, psu : array_like, shape (n,)

    Returns
    -------
    Moments

    Raises
    ------
    AnalysisError
        The columns differ in length.

    Examples
    --------
    >>> moments = moments_from_rows({"staff": [4, 5, np.nan]}, weights=[1, 1, 1], domain=["A"] * 3,
    ...                             stratum=["A"] * 3, psu=["mon", "mon", "tue"])
    >>> moments.totals()[0].tolist(), moments.respondents.tolist(), len(moments.psus)
    ([[2.0, 9.0], [9.0, 41.0]], [2, 0], 2)
    """
    weight = np.asarray(weights, dtype=np.float64)
    values = [np.asarray(column, dtype=np.float64) for column in columns.values()]
    for name, column in zip(columns, values, strict=True):
        if column.shape != weight.shape:
            raise AnalysisError(
                "{column} has {found} values for {rows} rows", column=name, found=column.size, rows=weight.size
            )
    stacked = np.column_stack([np.ones(len(weight)), *values])
    complete = ~np.isnan(stacked).any(axis=1) & (weight > 0)
    stacked = np.where(complete[:, None], stacked, 0.0)
    return moments_from_products(
        domain,
        stratum,
        psu,
        respondents=complete,
        products=(weight[:, None] * stacked)[:, :, None] * stacked[:, None, :],
        variables=tuple(columns),
    )


def _gathered(
    domain: IntArray, frame: PSUFrame, *, respondents: FloatArray, products: FloatArray, **named: Any
) -> Moments:
    """Add groups up by domain and PSU, numbered as :func:`analysis.cells.gathered` numbers them."""
    cell, domain_of_cell, psu_of_cell = crossed(domain, frame.psu, seconds=max(len(frame.psus), 1))
    number = len(domain_of_cell)
    return Moments(
        **named,
        strata=frame.strata,
        psus=frame.psus,
        domain=domain_of_cell,
        psu=psu_of_cell,
        stratum_of_psu=frame.stratum_of_psu,
        respondents=np.rint(group_sums(respondents, cell, number)).astype(np.int64),
        products=gathered_sums(products, cell, number),
    )
