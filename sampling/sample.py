"""A drawn sample: which rows of the frame, each with its probability."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from sampling.arrays import FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Rows of a frame with their inclusion probabilities.

    Attributes
    ----------
    rows : ndarray of int, shape (n,)
        Positions in the frame, from 0, ascending.
    probabilities : ndarray of float, shape (n,)
        Inclusion probability of each.
    certain : ndarray of int
        Rows of the sample whose unit was so large that it, or the unit it lies in, was taken with certainty.
    stages : tuple of ndarray of float, each of shape (n,)
        Probability of each stage given the ones before; their product is `probabilities`. Empty with one stage.

    Examples
    --------
    >>> Sample(np.array([2, 5]), np.array([0.5, 0.25])).weights
    array([2., 4.])
    """

    rows: IntArray
    probabilities: FloatArray
    certain: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    stages: tuple[FloatArray, ...] = ()

    def __len__(self) -> int:
        """Number of rows drawn."""
        return len(self.rows)

    @property
    def weights(self) -> FloatArray:
        """Base weights: how many units of the frame each stands for."""
        return 1 / self.probabilities
