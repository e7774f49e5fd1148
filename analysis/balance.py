"""Hadamard matrices, by which half samples are balanced: rows of 1 and -1, each pair of them orthogonal.

References
----------
.. [1] Paley (1933), On orthogonal matrices, Journal of Mathematics and Physics 12, 311-320.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analysis.errors import AnalysisError

if TYPE_CHECKING:
    from analysis.arrays import FloatArray

LARGEST = 4096


def hadamard(order: int) -> FloatArray:
    """A Hadamard matrix of the least order, not below the one asked for, that doubling and Paley's constructions give.

    Parameters
    ----------
    order : int
        At least 1.

    Returns
    -------
    ndarray, shape (m, m)
        Its first row is all ones.

    Raises
    ------
    AnalysisError
        Beyond 4096.

    Examples
    --------
    >>> matrix = hadamard(11)
    >>> matrix.shape, bool((matrix @ matrix.T == 12 * np.eye(12)).all())
    ((12, 12), True)
    """
    for size in range(max(order, 1), LARGEST + 1):
        found = _of_order(size)
        if found is not None:
            # Columns turned so that the first row is all ones; orthogonality is kept.
            return np.asarray(found * found[0])
    raise AnalysisError("no balanced set of {order} half samples: use the jackknife", order=order)


def _of_order(size: int) -> FloatArray | None:
    if size in {1, 2}:
        return np.array([[1.0]]) if size == 1 else np.array([[1.0, 1.0], [1.0, -1.0]])
    if size % 4:
        return None
    if _is_prime(size - 1):
        return _paley_first(size - 1)
    if size % 8 == 4 and _is_prime(size // 2 - 1):  # noqa: PLR2004 - half the order less one is 1 modulo 4
        return _paley_second(size // 2 - 1)
    half = _of_order(size // 2)
    return None if half is None else np.kron(np.array([[1.0, 1.0], [1.0, -1.0]]), half)


def _paley_first(q: int) -> FloatArray:
    """Of order q + 1, for a prime q that leaves 3 when divided by 4."""
    skew = np.zeros((q + 1, q + 1))
    skew[0, 1:], skew[1:, 0] = 1, -1
    skew[1:, 1:] = _residues(q)
    return skew + np.eye(q + 1)


def _paley_second(q: int) -> FloatArray:
    """Of order 2(q + 1), for a prime q that leaves 1 when divided by 4."""
    symmetric = np.zeros((q + 1, q + 1))
    symmetric[0, 1:] = symmetric[1:, 0] = 1
    symmetric[1:, 1:] = _residues(q)
    return np.kron(symmetric, [[1, 1], [1, -1]]) + np.kron(np.eye(q + 1), [[1, -1], [-1, -1]])


def _residues(q: int) -> FloatArray:
    """1 where the difference of two numbers is a square modulo q, -1 where it is not, 0 for the same number."""
    squares = np.full(q, -1.0)
    squares[np.arange(1, q) ** 2 % q] = 1
    squares[0] = 0
    difference = np.subtract.outer(np.arange(q), np.arange(q)) % q
    return np.asarray(squares[difference])


def _is_prime(number: int) -> bool:
    return number > 1 and all(number % factor for factor in range(2, int(number**0.5) + 1))
