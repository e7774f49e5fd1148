"""The rank of each agency within its level, among those that this audience may see."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analysis.overlap import domain_covariance
from analysis.ranking import rank_agencies
from survey.services.decision_values import Rank, Said

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from analysis.ranking import Place
    from analysis.results import Estimate
    from survey.services.index_sums import Summed
    from survey.services.references import AgencyRef

MINIMUM = 30


def ranks(
    summed: Summed, units: Sequence[AgencyRef], overall: Sequence[Estimate | None], *, minimum: int = MINIMUM
) -> list[Rank]:
    """One an agency, in their order. What is hidden must be None in `overall`: a gap between ranks would tell of it."""
    found: list[Rank] = [Rank(None, None, None, None)] * len(units)
    for level in dict.fromkeys(unit.level for unit in units):
        places = [place for place, unit in enumerate(units) if unit.level == level]
        ranking = rank_agencies(
            [overall[place] for place in places],
            correlation=_correlation(summed, [units[place] for place in places]),
            minimum_respondents=minimum,
        )
        for place, one in zip(places, ranking.places, strict=True):
            found[place] = _rank(one, minimum)
    return found


def _rank(place: Place, minimum: int) -> Rank:
    reason = Said(place.reason, {"minimum": minimum}) if place.reason else None
    return Rank(place.rank, place.low, place.high, place.group, reason)


def _correlation(summed: Summed, units: Sequence[AgencyRef]) -> NDArray[np.float64] | None:
    """Between the overall indices; None where no PSU has members in two agencies, as at counters."""
    found = summed.overall_cells()
    if found is None:
        return None
    cells, measure = found
    if len(np.unique(cells.psu)) == len(cells.psu):
        return None
    covariance = domain_covariance(cells, measure)
    error = np.sqrt(np.diag(covariance))
    where = {label: place for place, label in enumerate(cells.domains)}
    matrix = np.eye(len(units))
    rows = np.array([row for row, unit in enumerate(units) if unit.id in where], dtype=np.int64)
    places = np.array([where[unit.id] for unit in units if unit.id in where], dtype=np.int64)
    with np.errstate(invalid="ignore", divide="ignore"):
        matrix[np.ix_(rows, rows)] = (covariance / np.outer(error, error))[np.ix_(places, places)]
    np.fill_diagonal(matrix, 1.0)
    return matrix
