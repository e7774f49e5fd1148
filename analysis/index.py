r"""The satisfaction indices: dimensions of each agency and of the whole, from cells.

A dimension's index is the ratio of the weighted favourable answers to the weighted answers of its items, pooled; here a
share from 0 to 1, in points from 0 to 100 only where it is shown. Nobody answered: undefined, None, never 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.linearised import covariances, ratio_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from analysis.arrays import FloatArray
    from analysis.cells import Cells
    from analysis.results import Estimate


@dataclass(frozen=True, slots=True)
class DomainIndex:
    """The indices of one agency, or of the whole.

    Attributes
    ----------
    domain : object
        Its label in the cells; None for the whole.
    respondents : int
        All of the domain's, whether they answered every item or not.
    dimensions : mapping of str to Estimate or None
        In the order asked for; None where nobody answered.
    covariance : ndarray, shape (k, k)
        Between the dimensions, in their order; NaN where cells cannot tell.

    Examples
    --------
    >>> from analysis.cells import Sums, cells_from_sums
    >>> cells = cells_from_sums(["A", "A"], ["A", "A"], ["mon", "tue"], respondents=[10, 21],
    ...                         sums={"staff": Sums([10, 21], [10, 21], [9, 17])})
    >>> (agency,) = index_by_domain(cells, dimensions={"staff": ["staff"]})
    >>> round(100 * agency.dimensions["staff"].value, 2), agency.respondents
    (83.87, 31)
    """

    domain: Any
    respondents: int
    dimensions: Mapping[str, Estimate | None]
    covariance: FloatArray


def index_by_domain(
    cells: Cells, *, dimensions: Mapping[str, Sequence[str]], lonely_psu: str = "respondents"
) -> list[DomainIndex]:
    """One index a domain, smallest domains included; suppression is the caller's (:mod:`analysis.disclosure`).

    Where all answers of a domain came from one PSU in each of its strata (an agency whose forty answers all came on one
    day at one counter), clusters cannot show how much agencies vary. Its respondents are then the units, its estimates
    say so (`Estimate.note`), and the interval is a lower bound of the uncertainty rather than a pretended certainty:
    the linearised standard error would be exactly 0. One respondent alone has no standard error, and the interval of
    a share is 0 to 1.

    Parameters
    ----------
    cells : Cells
        Measures are shares of favourable answers (or means), by item or already by dimension.
    dimensions : mapping of str to sequence of str
        Items of each dimension.
    lonely_psu : str
        As in :func:`analysis.linearised.ratio_table`.

    Returns
    -------
    list of DomainIndex
        In the order of `cells.domains`.

    Raises
    ------
    AnalysisError
        An item was not summed.

    References
    ----------
    .. [1] Särndal, Swensson & Wretman (1992), Model Assisted Survey Sampling, ch. 5 (ratio of two totals).

    Examples
    --------
    See :class:`DomainIndex`.
    """
    pooled = cells.pooled(dimensions)
    table = ratio_table(pooled, lonely_psu=lonely_psu)
    between = covariances(pooled, table)
    respondents = np.bincount(pooled.domain, weights=pooled.respondents, minlength=len(pooled.domains))
    return [
        DomainIndex(
            domain=label,
            respondents=int(respondents[place]),
            dimensions={name: table.estimate(place, measure) for measure, name in enumerate(dimensions)},
            covariance=between[place],
        )
        for place, label in enumerate(pooled.domains)
    ]


def index_of_whole(
    cells: Cells, *, dimensions: Mapping[str, Sequence[str]], lonely_psu: str = "respondents"
) -> DomainIndex:
    """The indices of everybody together: the province.

    Parameters
    ----------
    cells, dimensions, lonely_psu
        As in :func:`index_by_domain`.

    Returns
    -------
    DomainIndex
        With `domain` None. Without any respondents its dimensions are None.

    Examples
    --------
    >>> from analysis.cells import Sums, cells_from_sums
    >>> cells = cells_from_sums(["A", "B"], ["A", "B"], ["mon", "mon"], respondents=[10, 10],
    ...                         sums={"staff": Sums([10, 10], [10, 10], [9, 7])})
    >>> whole = index_of_whole(cells, dimensions={"staff": ["staff"]})
    >>> whole.dimensions["staff"].value, whole.respondents
    (0.8, 20)
    """
    (whole,) = index_by_domain(cells.whole(), dimensions=dimensions, lonely_psu=lonely_psu)
    return whole
