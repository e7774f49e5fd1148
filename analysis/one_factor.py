r"""One common factor behind the items of a dimension, by minimum residuals.

The model :math:`\Sigma = \lambda \lambda' + \mathrm{diag}(\psi)` is fitted to a covariance matrix S by least
:math:`\sum_{i < j} (s_{ij} - \lambda_i \lambda_j)^2`; the uniquenesses :math:`\psi_i = s_{ii} - \lambda_i^2` take up
the diagonal. Of three items the fit is exact, :math:`\lambda_1^2 = s_{12} s_{13} / s_{23}`. Minimum residuals need no
inverse, so that a matrix of a small domain, often nearly singular, is no trouble.

References
----------
.. [1] Harman & Jones (1966), Factor analysis by minimizing residuals (minres), Psychometrika 31, 351-368.
.. [2] McDonald (1999), Test Theory: A Unified Treatment, ch. 6 (omega).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from analysis.arrays import BoolArray, FloatArray

_MOST_SWEEPS = 200
_NEWTON_STEPS = 6
# Near enough, relative to the items' variances, for Newton's steps to double the digits.
_NEAR = 1e-5
# What is smaller is rounding.
_NOTHING = 1e-9


def loadings(covariances: FloatArray) -> FloatArray:
    """Loadings of each item on the common factor.

    Parameters
    ----------
    covariances : ndarray, shape (d, k, k)
        Of three items or more.

    Returns
    -------
    ndarray, shape (d, k)
        NaN where no proper factor fits: the residuals have no clear minimum, or an item would be explained to more than
        all of its variance (a Heywood case).

    Examples
    --------
    >>> loadings(np.array([[[1.0, 0.12, 0.2], [0.12, 1.0, 0.15], [0.2, 0.15, 1.0]]])).round(9).tolist()
    [[0.4, 0.3, 0.5]]
    """
    variances = np.diagonal(covariances, axis1=1, axis2=2)
    scale = variances.mean(axis=1)
    usable = np.isfinite(scale) & (scale > 0)
    scaled = np.where(usable[:, None, None], covariances / np.where(usable, scale, 1.0)[:, None, None], 1.0)
    found = _polished(_swept(_start(scaled), scaled), scaled)
    proper = usable & _proper(found, scaled)
    found *= np.where(found.sum(axis=1) < 0, -1.0, 1.0)[:, None]
    root = np.sqrt(np.where(usable, scale, 1.0))
    return np.where(proper[:, None], found * root[:, None], np.nan)


def refined(given: FloatArray, covariances: NDArray[Any]) -> NDArray[Any]:
    """One step of Newton's from the solution for the real part: exact to first order in what is added to it.

    Parameters
    ----------
    given : ndarray, shape (d, k)
        The loadings of the real part.
    covariances : ndarray of complex, shape (d, k, k)

    Returns
    -------
    ndarray, shape (d, k)

    Examples
    --------
    >>> matrix = np.array([[[1.0, 0.12, 0.2], [0.12, 1.0, 0.15], [0.2, 0.15, 1.0]]])
    >>> bool(np.allclose(refined(loadings(matrix), matrix), [[0.4, 0.3, 0.5]]))
    True
    """
    return given - np.linalg.solve(_curvature(given, covariances), _slope(given, covariances)[..., None])[..., 0]


def _start(covariances: FloatArray) -> FloatArray:
    """The leading component of the matrix with each item's largest covariance in its diagonal."""
    off = covariances * (1 - np.eye(covariances.shape[-1]))
    reduced = off + np.abs(off).max(axis=2)[:, :, None] * np.eye(covariances.shape[-1])
    values, vectors = np.linalg.eigh(reduced)
    return np.asarray(vectors[:, :, -1] * np.sqrt(np.maximum(values[:, -1:], _NOTHING)))


def _swept(given: FloatArray, covariances: FloatArray) -> FloatArray:
    """Each loading in turn at its best: the residuals can only shrink."""
    found = given.copy()
    for _ in range(_MOST_SWEEPS):
        for item in range(found.shape[1]):
            rest = found.copy()
            rest[:, item] = 0.0
            size = np.maximum((rest**2).sum(axis=1), _NOTHING)
            best = (covariances[:, item, :] * rest).sum(axis=1) / size
            # A loading beyond its item's own spread is no proper one; to run further would only overflow.
            found[:, item] = np.clip(best, -10.0, 10.0)
        if np.abs(_slope(found, covariances)).max(initial=0.0) < _NEAR:
            break
    return found


def _polished(given: FloatArray, covariances: FloatArray) -> FloatArray:
    """Newton's steps where the residuals curve upwards; sweeps slow down near the end."""
    found = given
    for _ in range(_NEWTON_STEPS):
        found = np.where(_curved(found, covariances)[:, None], found, 0.0)
        curvature = _curvature(found, covariances)
        safe = np.where(_curved(found, covariances)[:, None, None], curvature, np.eye(found.shape[1]))
        step = np.linalg.solve(safe, _slope(found, covariances)[..., None])[..., 0]
        found = found - np.where(np.abs(step).max(axis=1, keepdims=True) < 1, step, 0.0)
    return found


def _proper(found: FloatArray, covariances: FloatArray) -> BoolArray:
    variances = np.diagonal(covariances, axis1=1, axis2=2)
    settled = np.abs(_slope(found, covariances)).max(axis=1) < _NOTHING
    within = (found**2 <= variances + _NOTHING).all(axis=1)
    return np.asarray(settled & within & _curved(found, covariances))


def _curved(found: FloatArray, covariances: FloatArray) -> BoolArray:
    return np.asarray(np.linalg.eigvalsh(_curvature(found, covariances))[:, 0] > _NOTHING)


def _slope(found: NDArray[Any], covariances: NDArray[Any]) -> NDArray[Any]:
    """Half the derivatives of the squared residuals."""
    own = np.diagonal(covariances, axis1=1, axis2=2)
    products = np.einsum("dij,dj->di", covariances, found) - own * found
    slope: NDArray[Any] = found * ((found**2).sum(axis=1, keepdims=True) - found**2) - products
    return slope


def _curvature(found: NDArray[Any], covariances: NDArray[Any]) -> NDArray[Any]:
    """Derivatives of the slope."""
    unit = np.eye(found.shape[1])
    outside = (2 * found[:, :, None] * found[:, None, :] - covariances) * (1 - unit)
    inside = (found**2).sum(axis=1, keepdims=True) - found**2
    curvature: NDArray[Any] = outside + inside[:, :, None] * unit
    return curvature
