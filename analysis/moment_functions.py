r"""Smooth functions of second moments, with linearised variances, from cells alone.

For :math:`\theta = f(T)` with :math:`T = \sum w u u'` of a domain, cell c adds
:math:`z_c = \sum_{ij} \frac{\partial f}{\partial T_{ij}} T_{c,ij}` to the linearised estimate, and

.. math:: V = \sum_h \frac{n_h}{n_h - 1} \sum_{i \in h} (z_i - \bar z_h)(z_i - \bar z_h)',

:math:`n_h` the PSUs of stratum h in the whole design, those without members counting as zero. A stratum of one PSU adds
:math:`z z'` (the rule "adjust", squares about the mean of all, which is 0): moments hold no fourth powers, so that its
respondents cannot take the place of PSUs, and to add nothing would be a pretended certainty. Where all members of a
domain are in one PSU of each of their strata there is no variance at all.

References
----------
.. [1] Särndal, Swensson & Wretman (1992), Model Assisted Survey Sampling, section 5.5 (functions of totals).
.. [2] Squire & Trapp (1998), Using complex variables to estimate derivatives of real functions, SIAM Review 40,
   110-112.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.arrays import FloatArray, crossed, group_sums
from analysis.design import check_choice
from analysis.results import Basis, Estimate, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from analysis.arrays import BoolArray, IntArray
    from analysis.moments import Moments

    # From the products of d domains, shape (d, v + 1, v + 1), to m values each, shape (d, m).
    Function = Callable[[NDArray[Any]], NDArray[Any]]

# A complex step this small loses nothing, since nothing is subtracted.
_COMPLEX_STEP = 1e-20
# The cube root of the rounding error: what central differences lose to curvature and to rounding is then alike.
_REAL_STEP = 6e-6


@dataclass(frozen=True, slots=True, eq=False)
class Linearised:
    """Estimates of m functions in d domains, from k cells.

    Attributes
    ----------
    moments : Moments
        What they are functions of.
    value : ndarray, shape (d, m)
        NaN where not defined.
    covariance : ndarray, shape (d, m, m)
        NaN where it cannot be estimated.
    degrees_of_freedom : ndarray, shape (d,)
        PSUs with respondents less their strata.
    respondents, sum_weights : ndarray, shape (d,)
    influence : ndarray, shape (k, m)
        What each cell adds to the linearised estimate of its domain.
    """

    moments: Moments
    value: FloatArray
    covariance: FloatArray
    degrees_of_freedom: FloatArray
    respondents: FloatArray
    sum_weights: FloatArray
    influence: FloatArray

    def estimate(self, domain: int, place: int, *, kind: Kind = Kind.FUNCTION, spent: int = 0) -> Estimate | None:
        """One of the estimates, None where it is not defined.

        Parameters
        ----------
        domain, place : int
        kind : Kind
            Decides the default interval: that of a SHARE stays between 0 and 1.
        spent : int
            Degrees of freedom that a regression takes for its predictors.

        Returns
        -------
        Estimate or None
            Without a standard error where no degree of freedom is left.
        """
        if np.isnan(self.value[domain, place]):
            return None
        freedom = float(self.degrees_of_freedom[domain]) - spent
        variance = float(self.covariance[domain, place, place])
        known = freedom > 0 and np.isfinite(variance)
        return Estimate(
            value=float(self.value[domain, place]),
            standard_error=float(np.sqrt(max(variance, 0.0))) if known else None,
            degrees_of_freedom=max(freedom, 0.0),
            respondents=int(self.respondents[domain]),
            sum_weights=float(self.sum_weights[domain]),
            kind=kind,
            basis=Basis.CLUSTERS if known else Basis.NONE,
        )

    def of_psus(self, domain: int) -> FloatArray:
        """The linearised estimates by PSU of the whole design, zero without members, shape (PSUs, m).

        Parameters
        ----------
        domain : int

        Returns
        -------
        ndarray
        """
        inside = self.moments.domain == domain
        return group_sums(self.influence[inside], self.moments.psu[inside], len(self.moments.psus))


def linearise(
    moments: Moments, function: Function, *, usable: BoolArray | None = None, derivative: str = "complex"
) -> Linearised:
    """Estimates of a smooth function of the domains' moments, with their covariance.

    Parameters
    ----------
    moments : Moments
    function : callable
        From products of shape (d, v + 1, v + 1) to values of shape (d, m); the same for products times a constant.
    usable : ndarray of bool, shape (d,), optional
        Where the function is defined; elsewhere its values are NaN.
    derivative : str
        "complex" (exact; the function is made of arithmetic, roots, ``numpy.linalg.solve`` and the like, and takes
        complex arrays) or "differences" (central; six digits or more).

    Returns
    -------
    Linearised

    Raises
    ------
    AnalysisError
        `derivative` is not one of the choices.

    Examples
    --------
    The mean of the answers of two days, 9/2 and 3; half their difference is its standard error.

    >>> from analysis.moments import moments_from_rows
    >>> moments = moments_from_rows({"staff": [4, 5, 3, 3]}, weights=[1] * 4, domain=["A"] * 4, stratum=["A"] * 4,
    ...                             psu=["mon", "mon", "tue", "tue"])
    >>> found = linearise(moments, lambda products: products[:, 0, 1:] / products[:, :1, 0])
    >>> found.value.tolist(), found.covariance.round(9).tolist(), found.degrees_of_freedom.tolist()
    ([[3.75]], [[[0.5625]]], [1.0])
    """
    check_choice("derivative", derivative, tuple(DERIVATIVES))
    totals = moments.totals()
    size = totals[:, 0, 0]
    good = size > 0 if usable is None else usable & (size > 0)
    # A harmless matrix takes the place of what the function could not digest.
    scaled = np.where(good[:, None, None], totals / np.where(good, size, 1.0)[:, None, None], np.eye(totals.shape[-1]))
    gradient = _gradient(function, scaled, DERIVATIVES[derivative])
    with np.errstate(invalid="ignore", divide="ignore"):
        gradient = np.where(good, 1 / size, np.nan)[:, None, None, None] * gradient
    value = np.where(good[:, None], np.asarray(function(scaled), dtype=np.float64), np.nan)
    return linearised_by(moments, value, gradient)


def linearised_by(moments: Moments, value: FloatArray, gradient: FloatArray) -> Linearised:
    """The same where the derivatives are known; assumes arguments already checked.

    Parameters
    ----------
    moments : Moments
    value : ndarray, shape (d, m)
    gradient : ndarray, shape (d, m, v + 1, v + 1)
        By the products of the domain, symmetric.

    Returns
    -------
    Linearised

    Examples
    --------
    See :func:`linearise`.
    """
    influence = np.concatenate(
        [
            moments.products[inside].reshape(-1, gradient.shape[-1] ** 2) @ one.reshape(len(one), -1).T
            for one, inside in zip(gradient, _runs(moments.domain, len(moments.domains)), strict=True)
        ]
        or [np.zeros((0, value.shape[1]))]
    )
    freedom = _degrees_of_freedom(moments)
    covariance = _between_clusters(moments, influence)
    covariance[freedom <= 0] = np.nan
    domains = len(moments.domains)
    return Linearised(
        moments=moments,
        value=value,
        covariance=covariance,
        degrees_of_freedom=freedom,
        respondents=group_sums(moments.respondents.astype(np.float64), moments.domain, domains),
        sum_weights=moments.totals()[:, 0, 0],
        influence=influence,
    )


def restricted(moments: Moments, names: Sequence[str]) -> Moments:
    """The moments of some of the variables, in this order; the respondents stay those who answered all.

    Parameters
    ----------
    moments : Moments
    names : sequence of str

    Returns
    -------
    Moments

    Raises
    ------
    AnalysisError
        One of them was not summed.

    Examples
    --------
    >>> from analysis.moments import moments_from_rows
    >>> moments = moments_from_rows({"a": [1, 2], "b": [3, 5]}, weights=[1, 1], domain=[1, 1], stratum=[1, 1],
    ...                             psu=[1, 2])
    >>> restricted(moments, ["b"]).totals().tolist()
    [[[2.0, 8.0], [8.0, 34.0]]]
    """
    kept = np.concatenate([[0], moments.places(names)])
    return replace(moments, variables=tuple(names), products=moments.products[:, kept[:, None], kept])


def means_and_covariances(products: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Weighted means and covariances (divisor Σw) from products; takes complex arrays too.

    Parameters
    ----------
    products : ndarray, shape (..., v + 1, v + 1)

    Returns
    -------
    means : ndarray, shape (..., v)
    covariances : ndarray, shape (..., v, v)

    Examples
    --------
    >>> means_and_covariances(np.array([[2.0, 9.0], [9.0, 41.0]]))
    (array([4.5]), array([[0.25]]))
    """
    size = products[..., 0, 0]
    means = products[..., 0, 1:] / size[..., None]
    squares = products[..., 1:, 1:] / size[..., None, None]
    return means, squares - means[..., :, None] * means[..., None, :]


def through_covariances(products: FloatArray, gradient: FloatArray) -> FloatArray:
    """Derivatives by the products of what has these derivatives by the covariances.

    Parameters
    ----------
    products : ndarray, shape (d, v + 1, v + 1)
    gradient : ndarray, shape (d, m, v, v)
        Symmetric.

    Returns
    -------
    ndarray, shape (d, m, v + 1, v + 1)

    Examples
    --------
    The variance of 4 and 5, made of three sums:

    >>> through_covariances(np.array([[[2.0, 9.0], [9.0, 41.0]]]), np.ones((1, 1, 1, 1))).tolist()
    [[[[10.0, -2.25], [-2.25, 0.5]]]]
    """
    means, covariances = means_and_covariances(products)
    moved = np.einsum("dmij,dj->dmi", gradient, means)
    level = np.einsum("dmi,di->dm", moved, means) - np.einsum("dmij,dij->dm", gradient, covariances)
    above = np.concatenate([level[..., None, None], -moved[..., None, :]], axis=-1)
    below = np.concatenate([-moved[..., :, None], gradient], axis=-1)
    return np.concatenate([above, below], axis=-2) / products[:, :1, :1, None]


def _gradient(function: Function, products: FloatArray, slope: Callable[..., FloatArray]) -> FloatArray:
    """Derivatives by each entry, of products whose first entry is 1."""
    width = products.shape[-1]
    found: dict[tuple[int, int], FloatArray] = {}
    for row in range(width):
        for column in range(row, width):
            direction = np.zeros((width, width))
            direction[row, column] = direction[column, row] = 1.0
            # The two entries of a product move together, and each gets half of what that does.
            found[row, column] = slope(function, products, direction) / (1 if row == column else 2)
    entries = [found[min(i, j), max(i, j)] for i in range(width) for j in range(width)]
    return np.stack(entries, axis=-1).reshape(*entries[0].shape, width, width)


def _by_complex_step(function: Function, products: FloatArray, direction: FloatArray) -> FloatArray:
    moved = function(products + 1j * _COMPLEX_STEP * direction)
    return np.asarray(moved.imag / _COMPLEX_STEP, dtype=np.float64)


def _by_differences(function: Function, products: FloatArray, direction: FloatArray) -> FloatArray:
    row, column = np.argwhere(direction)[0]
    step = _REAL_STEP * np.sqrt(products[:, row, row] * products[:, column, column])
    moves = np.where(step > 0, step, _REAL_STEP)[:, None, None] * direction
    change = function(products + moves) - function(products - moves)
    return np.asarray(change / (2 * moves.max(axis=(1, 2)))[:, None], dtype=np.float64)


DERIVATIVES: dict[str, Callable[[Function, FloatArray, FloatArray], FloatArray]] = {
    "complex": _by_complex_step,
    "differences": _by_differences,
}


def _between_clusters(moments: Moments, influence: FloatArray) -> FloatArray:
    """Covariances between the linearised estimates of each domain."""
    domains, strata = len(moments.domains), max(len(moments.strata), 1)
    pair, pair_domain, pair_stratum = crossed(moments.domain, moments.stratum, seconds=strata)
    size = np.bincount(moments.stratum_of_psu, minlength=strata)[pair_stratum]
    members = np.bincount(pair, minlength=len(pair_domain))
    lone = size == 1
    mean = np.where(lone, 0.0, 1 / size)[:, None] * group_sums(influence, pair, len(pair_domain))
    scale = np.where(lone, 1.0, size / np.maximum(size - 1, 1))
    present = np.sqrt(scale)[pair, None] * (influence - mean[pair])
    absent = np.sqrt(scale * (size - members))[:, None] * mean
    return _squares(present, moments.domain, domains) + _squares(absent, pair_domain, domains)


def _squares(values: FloatArray, group: IntArray, groups: int) -> FloatArray:
    """Σ v v' of the rows of each group, which stand together."""
    parts = [values[inside].T @ values[inside] for inside in _runs(group, groups)]
    return np.array(parts).reshape(groups, values.shape[1], values.shape[1])


def _runs(group: IntArray, groups: int) -> Iterator[slice]:
    """Where the rows of each group stand; cells are sorted by domain."""
    bounds = np.searchsorted(group, np.arange(groups + 1))
    return (slice(low, high) for low, high in pairwise(bounds.tolist()))


def _degrees_of_freedom(moments: Moments) -> FloatArray:
    pair, pair_domain, _ = crossed(moments.domain, moments.stratum, seconds=max(len(moments.strata), 1))
    answering = np.bincount(pair, weights=moments.respondents > 0, minlength=len(pair_domain))
    return group_sums(np.maximum(answering - 1, 0), pair_domain, len(moments.domains))
