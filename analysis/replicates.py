r"""Replicate designs: the estimate again under each of r sets of weights, and how far these estimates lie apart.

.. math:: V = c \sum_r c_r (\hat\theta_r - \bar\theta)(\hat\theta_r - \bar\theta)'

with the mean of the replicates at the centre, or the estimate itself (``mse``).

References
----------
.. [1] Wolter (2007), Introduction to Variance Estimation, ch. 3 to 5.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import logit

from analysis import columns
from analysis.errors import AnalysisError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from analysis.arrays import BoolArray, FloatArray
    from analysis.statistic import Statistic

METHODS = ("jk1", "jkn", "brr", "fay", "bootstrap", "other")
# As R's qr(): columns that others explain to this share of their length do not count.
RANK_TOLERANCE = 1e-5


@dataclass(frozen=True, slots=True, eq=False)
class ReplicateDesign:
    """A sample with replicate weights. Made by :meth:`from_columns` or by :mod:`analysis.replication`.

    Attributes
    ----------
    weights : ndarray, shape (n,)
    replicates : ndarray, shape (n, r)
        Each a full set of weights.
    scale : float
    replicate_scales : ndarray, shape (r,)
    mse : bool
        Centred at the estimate rather than at the replicates' mean.
    method : str
    given_degrees_of_freedom : float, optional
    """

    weights: FloatArray
    replicates: FloatArray
    scale: float
    replicate_scales: FloatArray
    mse: bool = False
    method: str = "other"
    given_degrees_of_freedom: float | None = None

    @classmethod
    def from_columns(
        cls,
        weights: ArrayLike,
        replicates: ArrayLike,
        *,
        method: str,
        scale: float | None = None,
        replicate_scales: ArrayLike | None = None,
        fay_rho: float = 0.0,
        mse: bool = False,
        degrees_of_freedom: float | None = None,
    ) -> ReplicateDesign:
        """Declare given replicate weights.

        Parameters
        ----------
        weights : array_like, shape (n,)
        replicates : array_like, shape (n, r)
            Combined weights: each column a full set.
        method : str
            "jk1", "jkn", "brr", "fay", "bootstrap" or "other".
        scale : float, optional
            By default (r-1)/r for jk1, 1/r for brr, 1/(r(1-rho)²) for fay, 1/(r-1) for the bootstrap, else 1.
        replicate_scales : array_like, shape (r,), optional
            By default 1 each; needed for jkn, where they are (n_h-1)/n_h of the stratum that each replicate is of.
        fay_rho : float
            From 0 up to, not including, 1.
        mse : bool
            Squares about the estimate rather than about the mean of the replicates.
        degrees_of_freedom : float, optional
            By default the rank of the replicates less 1.

        Returns
        -------
        ReplicateDesign

        Raises
        ------
        AnalysisError
            Another number of rows, fewer than two replicates, or a choice that is not one.

        Examples
        --------
        >>> design = ReplicateDesign.from_columns([1, 1, 1], 1.5 * (1 - np.eye(3)), method="jk1")
        >>> round(design.scale, 4), design.degrees_of_freedom()
        (0.6667, 2)
        """
        rows = columns.length(weights=weights, replicates=replicates)
        matrix = np.asarray(replicates, dtype=np.float64)
        _check(matrix, method, fay_rho)
        number = matrix.shape[1]
        if method == "jkn" and replicate_scales is None:
            raise AnalysisError("jkn needs the scale of each replicate, (n - 1) / n of the stratum that it is of")
        scales = np.ones(number) if replicate_scales is None else np.asarray(replicate_scales, dtype=np.float64)
        if scales.shape != (number,):
            raise AnalysisError("{found} scales for {number} replicates", found=scales.size, number=number)
        return cls(
            weights=columns.weights(weights, rows=rows),
            replicates=matrix,
            scale=default_scale(method, number, fay_rho=fay_rho) if scale is None else float(scale),
            replicate_scales=scales,
            mse=mse,
            method=method,
            given_degrees_of_freedom=degrees_of_freedom,
        )

    @property
    def respondents(self) -> int:
        """Rows of the design."""
        return len(self.weights)

    def covariances(self, statistic: Statistic) -> tuple[FloatArray, FloatArray]:
        """Covariance matrix and variances of estimates.

        Parameters
        ----------
        statistic : Statistic
            Of k columns.

        Returns
        -------
        covariance : ndarray, shape (k, k)
        variances : ndarray, shape (k,)
        """
        covariance = self.spread(statistic.values(self.replicates).T, statistic.values(self.weights))
        return covariance, np.diag(covariance).copy()

    def covariance(self, influence: FloatArray, *, domain: BoolArray | None = None) -> FloatArray:  # noqa: ARG002 - as SurveyDesign's
        """Covariance matrix of weighted totals.

        Parameters
        ----------
        influence : ndarray, shape (n,) or (n, k)
            What each respondent adds to the totals, weight included.
        domain : ndarray of bool, optional
            Without effect here.

        Returns
        -------
        ndarray, shape (k, k)
        """
        values = influence[:, None] if influence.ndim == 1 else influence
        safe = np.where(self.weights == 0, 1.0, self.weights)
        relative = np.where(self.weights[:, None] == 0, 0.0, self.replicates / safe[:, None])
        return self.spread(relative.T @ values, values.sum(axis=0))

    def logit_error(self, statistic: Statistic) -> float | None:
        """Standard error of a share's logit, from the logits of its replicates.

        Parameters
        ----------
        statistic : Statistic
            Of one column.

        Returns
        -------
        float or None
            None at a share of 0 or 1, in the sample or in a replicate: there is no logit.
        """
        share, replicated = statistic.values(self.weights), statistic.values(self.replicates).T
        used = replicated[np.isfinite(replicated)]
        if not ((share > 0) & (share < 1)).all() or not ((used > 0) & (used < 1)).all():
            return None
        return float(np.sqrt(self.spread(logit(replicated), logit(share))[0, 0]))

    def spread(self, replicated: FloatArray, estimate: FloatArray) -> FloatArray:
        """Covariance of estimates from their replicates.

        Parameters
        ----------
        replicated : ndarray, shape (r, k)
            A replicate that gives no value (NaN) is left out.
        estimate : ndarray, shape (k,)

        Returns
        -------
        ndarray, shape (k, k)

        Raises
        ------
        AnalysisError
            No replicate gives a value.
        """
        usable = np.isfinite(replicated).all(axis=1)
        if not usable.any():
            raise AnalysisError("no set of replicate weights gives this estimate: the domain is too small")
        values, scales = replicated[usable], self.replicate_scales[usable]
        centre = estimate if self.mse else values[scales > 0].mean(axis=0)
        deviation = values - centre
        covariance: FloatArray = self.scale * (deviation.T @ (scales[:, None] * deviation))
        return covariance

    def degrees_of_freedom(self, domain: BoolArray | None = None) -> int | float:
        """Rank of the replicate weights, of the domain's respondents, less 1.

        Parameters
        ----------
        domain : ndarray of bool, shape (n,), optional

        Returns
        -------
        int or float
        """
        if self.given_degrees_of_freedom is not None:
            return self.given_degrees_of_freedom
        inside = self.replicates if domain is None else self.replicates[domain]
        return _rank(inside) - 1


def default_scale(method: str, number: int, *, fay_rho: float = 0.0) -> float:
    """The scale of a method with so many replicates.

    Parameters
    ----------
    method : str
    number : int
    fay_rho : float

    Returns
    -------
    float

    Examples
    --------
    >>> default_scale("fay", 8, fay_rho=0.5)
    0.5
    """
    scales = {
        "jk1": (number - 1) / number,
        "brr": 1 / number,
        "fay": 1 / (number * (1 - fay_rho) ** 2),
        "bootstrap": 1 / max(number - 1, 1),
    }
    return scales.get(method, 1.0)


def _check(matrix: FloatArray, method: str, fay_rho: float) -> None:
    if method not in METHODS:
        raise AnalysisError(
            "unknown replicate method {method}: choose one of {choices}", method=method, choices=", ".join(METHODS)
        )
    if matrix.ndim != 2 or matrix.shape[1] < 2:  # noqa: PLR2004 - two columns to differ
        raise AnalysisError(
            "replicate weights must be at least two columns, not an array of {shape}", shape=matrix.shape
        )
    if not np.isfinite(matrix).all():
        row, column = np.argwhere(~np.isfinite(matrix))[0]
        raise AnalysisError(
            "replicate weights, row {row}, column {column}: not a number", row=int(row) + 1, column=int(column) + 1
        )
    if not 0 <= fay_rho < 1:
        raise AnalysisError("Fay's rho {rho} is not from 0 up to 1", rho=fay_rho)


def _rank(matrix: FloatArray) -> int:
    """Rank, with a tolerance relative to each column's length; identical rows count once."""
    rows: FloatArray = np.unique(matrix, axis=0)
    if rows.shape[0] > rows.shape[1]:
        rows = np.asarray(np.linalg.qr(rows, mode="r"))
    return int(np.linalg.matrix_rank(rows, tol=RANK_TOLERANCE * np.linalg.norm(rows, axis=0).max()))
