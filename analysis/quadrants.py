"""Importance against performance: where a better index pays most, and how sure the data are of it.

References
----------
.. [1] Martilla & James (1977), Importance-performance analysis, Journal of Marketing 41(1), 77-79.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

from analysis.chance import chance_above
from analysis.errors import AnalysisError
from analysis.intervals import check_level
from analysis.messages import N_
from analysis.results import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from analysis.arrays import FloatArray
    from analysis.results import Estimate


class Quadrant(StrEnum):
    """What importance and performance together advise; each value is an English message to translate."""

    CONCENTRATE = N_("Concentrate here")
    KEEP_UP = N_("Keep up the good work")
    LOW_PRIORITY = N_("Low priority")
    OVERKILL = N_("Possible overkill")


# By whether importance and performance are high.
QUADRANTS = {
    (True, False): Quadrant.CONCENTRATE,
    (True, True): Quadrant.KEEP_UP,
    (False, False): Quadrant.LOW_PRIORITY,
    (False, True): Quadrant.OVERKILL,
}
NOT_SURE = N_("Not sure: the interval crosses the dividing line")


@dataclass(frozen=True, slots=True)
class Placement:
    """Where one item or dimension stands.

    Attributes
    ----------
    name : str
    importance, performance : Estimate or None
        As given.
    quadrant : Quadrant or None
        None where importance or performance is not defined.
    importance_chance, performance_chance : float or None
        Probability, given the sampling error, that each is on the side of its dividing line where it is placed.
    sure : bool
        Neither interval crosses its dividing line; else :data:`NOT_SURE` is to be said.
    """

    name: str
    importance: Estimate | None
    performance: Estimate | None
    quadrant: Quadrant | None
    importance_chance: float | None
    performance_chance: float | None
    sure: bool


def place(
    importance: Mapping[str, Estimate | None],
    performance: Mapping[str, Estimate | None],
    *,
    covariance: FloatArray | None = None,
    importance_split: float | None = None,
    performance_split: float | None = None,
    confidence_level: float = 0.95,
) -> list[Placement]:
    """The quadrant of each item or dimension.

    Parameters
    ----------
    importance : mapping of str to Estimate or None
        Shares of R² (:attr:`analysis.drivers.Driver.share`).
    performance : mapping of str to Estimate or None
        Indices of the same names.
    covariance : ndarray, shape (p, p), optional
        Between the indices, in the order of `performance` (:attr:`analysis.index.DomainIndex.covariance`). Without
        it, or where any of it is NaN, they are taken as independent, which for indices that go together makes the
        difference from their mean look less sure than it is.
    importance_split, performance_split : float, optional
        The dividing lines; by default the means of what is defined, the one of the indices with its own sampling error.
    confidence_level : float
        Of the intervals that may not cross for a placement to be sure.

    Returns
    -------
    list of Placement
        In the order of `importance`. On the line counts as high.

    Raises
    ------
    AnalysisError
        The names differ, the covariance does not fit, or the level is not between 0 and 1.

    Examples
    --------
    >>> from analysis.results import Estimate, Kind
    >>> def share(value, error):
    ...     return Estimate(value=value, standard_error=error, degrees_of_freedom=50, respondents=400,
    ...                     sum_weights=400.0, kind=Kind.SHARE)
    >>> found = place({"staff": share(0.7, 0.05), "time": share(0.3, 0.05)},
    ...               {"staff": share(0.80, 0.01), "time": share(0.90, 0.01)})
    >>> [(one.name, one.quadrant.value, one.sure) for one in found]
    [('staff', 'Concentrate here', True), ('time', 'Possible overkill', True)]
    """
    check_level(confidence_level)
    if set(importance) != set(performance):
        raise AnalysisError(
            "importance is of {importance} but performance of {performance}: give both for the same names",
            importance=", ".join(importance),
            performance=", ".join(performance),
        )
    shares = [estimate.value for estimate in importance.values() if estimate is not None]
    line = float(np.mean(shares or [0.0])) if importance_split is None else importance_split
    compared = dict(performance) if performance_split is not None else _from_their_mean(performance, covariance)
    lines = (line, performance_split or 0.0)
    return [
        _placed(name, (importance[name], performance[name]), compared[name], lines, confidence_level=confidence_level)
        for name in importance
    ]


def _from_their_mean(
    performance: Mapping[str, Estimate | None], covariance: FloatArray | None
) -> dict[str, Estimate | None]:
    """How far each index is above the mean of those that are defined."""
    known = {name: estimate for name, estimate in performance.items() if estimate is not None}
    deviations = np.eye(len(known)) - 1 / max(len(known), 1)
    values = deviations @ np.array([one.value for one in known.values()])
    variances = np.einsum("ij,jk,ik->i", deviations, _between(performance, covariance), deviations)
    freedom = min((one.degrees_of_freedom for one in known.values()), default=0.0)
    found: dict[str, Estimate | None] = dict.fromkeys(performance)
    for value, variance, (name, estimate) in zip(values.tolist(), variances.tolist(), known.items(), strict=True):
        error = None if np.isnan(variance) else sqrt(max(variance, 0.0))
        found[name] = replace(
            estimate, value=value, standard_error=error, degrees_of_freedom=freedom, kind=Kind.FUNCTION
        )
    return found


def _between(performance: Mapping[str, Estimate | None], covariance: FloatArray | None) -> FloatArray:
    """Covariances of the defined indices, as given or as if independent."""
    count = len(performance)
    given = np.full((count, count), np.nan) if covariance is None else np.asarray(covariance, dtype=np.float64)
    if given.shape != (count, count):
        raise AnalysisError(
            "the covariance of {count} indices has the shape {shape}: give one row and column for each",
            count=count,
            shape=given.shape,
        )
    places = [place for place, estimate in enumerate(performance.values()) if estimate is not None]
    errors = [one.standard_error for one in performance.values() if one is not None]
    alone = np.diag([np.nan if error is None else error**2 for error in errors])
    own = given[np.ix_(places, places)]
    # One index without covariances would leave a mixture of both that need not be possible.
    return alone if np.isnan(own).any() else own


def _placed(
    name: str,
    given: tuple[Estimate | None, Estimate | None],
    compared: Estimate | None,
    lines: tuple[float, float],
    *,
    confidence_level: float,
) -> Placement:
    importance, performance = given
    if importance is None or compared is None:
        return Placement(name, importance, performance, None, None, None, sure=False)
    high = importance.value >= lines[0], compared.value >= lines[1]
    chances = [_on_its_side(importance, lines[0]), _on_its_side(compared, lines[1])]
    return Placement(
        name,
        importance,
        performance,
        QUADRANTS[high],
        importance_chance=chances[0],
        performance_chance=chances[1],
        sure=all(chance is not None and chance >= (1 + confidence_level) / 2 for chance in chances),
    )


def _on_its_side(estimate: Estimate, line: float) -> float | None:
    above = chance_above(estimate, line)
    if above is None:
        return None
    return above if estimate.value >= line else 1 - above
