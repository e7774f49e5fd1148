r"""Balanced samples: the cube method.

A sample is balanced on an auxiliary x if its weighted total is the population's,
:math:`\sum_s x_i / \pi_i = \sum_U x_i`. The *flight* walks from the vector of probabilities to a corner of the cube
[0, 1]^N in random steps that keep every such equation and every expectation; where no step is left, the *landing* gives
up the equations one by one, the last auxiliary first and the size of the sample last.

Every step solves a few linear equations by plain elimination, whose digits are the same on every machine; a library's
singular vectors are not.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import numpy as np

from sampling.arrays import total as exact_sum
from sampling.checks import check_sample_size
from sampling.errors import SamplingError
from sampling.sample import Sample

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from sampling.arrays import FloatArray

# A probability this near to 0 or 1 has arrived there.
_ARRIVED = 1e-9
# A pivot this small, of columns whose largest entry is 1, is nothing.
_NOTHING = 1e-10


def balanced(
    auxiliaries: Sequence[ArrayLike],
    n: int,
    *,
    rng: np.random.Generator,
    probabilities: ArrayLike | None = None,
) -> Sample:
    """Draw a sample of fixed size whose weighted totals are those of the population, as nearly as can be.

    Parameters
    ----------
    auxiliaries : sequence of array_like, each of shape (N,)
        What to balance on, the most important first: transactions, dossiers returned late, a 0/1 column for towns.
    n : int
        Units to draw.
    rng : numpy.random.Generator
        Gives one number to each step, at most N.
    probabilities : array_like, shape (N,), optional
        Inclusion probabilities that add up to n, as :func:`sampling.pps.inclusion_probabilities` gives them; else all
        equal.

    Returns
    -------
    Sample

    Raises
    ------
    SamplingError
        If an auxiliary is not one number for each unit, or the probabilities are none or do not add up to n.

    References
    ----------
    .. [1] Deville & Tillé (2004), Efficient balanced sampling: the cube method, Biometrika 91, 893-912.
    .. [2] Chauvet & Tillé (2006), A fast algorithm for balanced sampling, Computational Statistics 21, 53-62.

    Examples
    --------
    >>> from sampling.record import generator
    >>> transactions = np.arange(1.0, 401.0)
    >>> sample = balanced([transactions], 40, rng=generator(1))
    >>> len(sample), bool(abs(sample.weights @ transactions[sample.rows] / transactions.sum() - 1) < 0.05)
    (40, True)
    """
    columns = [np.asarray(column, dtype=float) for column in auxiliaries]
    if not columns or len({column.shape for column in columns}) != 1 or not np.isfinite(columns).all():
        raise SamplingError("balancing needs at least one auxiliary, and of each a number for every unit")
    chances = _checked(probabilities, n, len(columns[0]))
    # The equations for the units: the size of the sample first, then the auxiliaries, each to the scale of 1.
    equations = np.array([chances, *columns]) / chances
    equations /= np.maximum(np.abs(equations).max(axis=1, keepdims=True), 1e-300)
    drawn = np.flatnonzero(_landed(chances, equations.T.copy(), rng) == 1)
    return Sample(drawn, chances[drawn], certain=np.flatnonzero(chances == 1))


def _checked(probabilities: ArrayLike | None, n: int, count: int) -> FloatArray:
    check_sample_size(n, count)
    if probabilities is None:
        return np.full(count, n / count)
    chances = np.asarray(probabilities, dtype=float)
    bad = np.flatnonzero(~((chances > 0) & (chances <= 1)))
    if chances.shape != (count,) or len(bad):
        raise SamplingError(
            "row {row}: a probability must be above 0 and at most 1, one for each unit",
            row=int(bad[0]) + 1 if len(bad) else min(len(chances), count) + 1,
        )
    if abs(exact_sum(chances) - n) > _ARRIVED * count:
        raise SamplingError(
            "the probabilities add up to {sum}, not to {n}: scale them", sum=f"{exact_sum(chances):g}", n=n
        )
    return chances


def _landed(chances: FloatArray, equations: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Flights with all equations, then without the last, and so on. Assumes arguments already checked."""
    position = chances.copy()
    for kept in range(equations.shape[1], 0, -1):
        _fly(position, equations[:, :kept], rng)
    return np.round(position)


def _fly(position: FloatArray, equations: FloatArray, rng: np.random.Generator) -> None:
    """Move units to 0 or 1, one more than there are equations at a time, while a step keeps all equations."""
    waiting = deque(np.flatnonzero((position > _ARRIVED) & (position < 1 - _ARRIVED)).tolist())
    moving: list[int] = []
    while True:
        while waiting and len(moving) <= equations.shape[1]:
            moving.append(waiting.popleft())
        if not moving:
            return
        direction = _direction(equations[moving].T)
        if direction is None:
            return
        position[moving] = _stepped(position[moving], direction, rng.random())
        moving = [unit for unit in moving if 0 < position[unit] < 1]


def _stepped(start: FloatArray, direction: FloatArray, number: float) -> FloatArray:
    """One of the two ends of the line through the cube, with chances that keep the expectation."""
    forward, back = _reach(start, direction), _reach(start, -direction)
    end = start + forward * direction if number * (forward + back) < back else start - back * direction
    return np.where(end < _ARRIVED, 0.0, np.where(end > 1 - _ARRIVED, 1.0, end))


def _reach(start: FloatArray, direction: FloatArray) -> float:
    up, down = direction > 0, direction < 0
    far = [(1 - start[up]) / direction[up], -start[down] / direction[down]]
    return float(np.concatenate(far).min())


def _direction(matrix: FloatArray) -> FloatArray | None:
    """A vector that the matrix takes to zero, by Gaussian elimination; None if there is only zero itself."""
    rows, columns = matrix.shape
    work = matrix.copy()
    # Column after column gets its pivot in the row of its own number, until one has none.
    for column in range(columns):
        best = column + int(np.argmax(np.abs(work[column:, column]))) if column < rows else column
        if column == rows or abs(work[best, column]) < _NOTHING:
            return _solved(work, column, columns)
        work[[column, best]] = work[[best, column]]
        work[column] = work[column] / work[column, column]
        others = work[:, column].copy()
        others[column] = 0.0
        work -= others[:, None] * work[column]
    return None


def _solved(work: FloatArray, free: int, columns: int) -> FloatArray:
    """The first column without a pivot moves by one, those before it follow."""
    direction = np.zeros(columns)
    direction[free] = 1.0
    direction[:free] = -work[:free, free]
    return direction
