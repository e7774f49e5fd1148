r"""The satisfaction indices: dimensions and composites of each agency and of the whole, from cells.

A dimension's index is the ratio of the weighted favourable answers to the weighted answers of its items, pooled; here a
share from 0 to 1, in points from 0 to 100 only where it is shown. Nobody answered: undefined, None, never 0. A
composite puts dimensions together by weights that carry a name: :data:`RULES`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.composites import EstimatedWeights, composed, over_domains, variance_of_weights
from analysis.errors import AnalysisError
from analysis.linearised import covariances, ratio_table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from analysis.arrays import FloatArray
    from analysis.cells import Cells
    from analysis.moments import Moments
    from analysis.results import Estimate

    Weights = Mapping[str, float] | EstimatedWeights
    Composites = Mapping[str, Weights]


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
    composites : mapping of str to Estimate or None
        None where one of its parts was answered by nobody.

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
    composites: Mapping[str, Estimate | None] = field(default_factory=dict)


def index_by_domain(
    cells: Cells,
    *,
    dimensions: Mapping[str, Sequence[str]],
    composites: Composites | None = None,
    moments: Moments | None = None,
    lonely_psu: str = "respondents",
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
    composites : mapping of str to weights, optional
        For each composite the weight of each dimension, as :func:`weights` gives them.
    moments : Moments, optional
        Products between the dimensions' answers (:func:`analysis.composites.composed`), for the design effects of
        composites and for their standard errors where respondents are the units.
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
    above = _composites(pooled, composites or {}, moments=moments, lonely_psu=lonely_psu)
    respondents = np.bincount(pooled.domain, weights=pooled.respondents, minlength=len(pooled.domains))
    return [
        DomainIndex(
            domain=label,
            respondents=int(respondents[place]),
            dimensions={name: table.estimate(place, measure) for measure, name in enumerate(dimensions)},
            covariance=between[place],
            composites=above[place],
        )
        for place, label in enumerate(pooled.domains)
    ]


def index_of_whole(
    cells: Cells,
    *,
    dimensions: Mapping[str, Sequence[str]],
    composites: Composites | None = None,
    moments: Moments | None = None,
    lonely_psu: str = "respondents",
) -> DomainIndex:
    """The indices of everybody together, each respondent counting for their design weight: the province.

    Parameters
    ----------
    cells, dimensions, composites, moments, lonely_psu
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
    (whole,) = index_by_domain(
        cells.whole(),
        dimensions=dimensions,
        composites=composites,
        moments=moments.whole() if moments else None,
        lonely_psu=lonely_psu,
    )
    return whole


def index_over_domains(
    cells: Cells,
    shares: Mapping[Any, float],
    *,
    dimensions: Mapping[str, Sequence[str]],
    composites: Composites | None = None,
    moments: Moments | None = None,
    lonely_psu: str = "respondents",
) -> DomainIndex:
    """The indices of a province in which each agency counts for its transactions, however many answered there.

    Parameters
    ----------
    cells, dimensions, composites, moments, lonely_psu
        As in :func:`index_by_domain`.
    shares : mapping of domain to float
        Transactions of each domain.

    Returns
    -------
    DomainIndex
        With `domain` None; design effects are not defined.

    Raises
    ------
    AnalysisError
        As :func:`analysis.composites.over_domains`.

    Examples
    --------
    >>> from analysis.cells import Sums, cells_from_sums
    >>> cells = cells_from_sums(["A", "B"], ["A", "B"], ["mon", "mon"], respondents=[10, 10],
    ...                         sums={"staff": Sums([10, 10], [10, 10], [9, 7])})
    >>> province = index_over_domains(cells, {"A": 300, "B": 100}, dimensions={"staff": ["staff"]})
    >>> round(province.dimensions["staff"].value, 9)
    0.85
    """
    pooled = cells.pooled(dimensions)
    summed = over_domains(pooled, shares)
    table = ratio_table(summed, lonely_psu=lonely_psu)
    return DomainIndex(
        domain=None,
        respondents=int(cells.respondents.sum()),
        dimensions={name: table.estimate(0, measure) for measure, name in enumerate(dimensions)},
        covariance=covariances(summed, table)[0],
        composites=_over(pooled, shares, composites or {}, moments=moments, lonely_psu=lonely_psu),
    )


def weights(
    rule: str,
    dimensions: Mapping[str, int],
    *,
    fixed: Mapping[str, float] | None = None,
    drivers: EstimatedWeights | None = None,
) -> Weights:
    """The weights of a composite by the rule that the questionnaire names.

    Parameters
    ----------
    rule : str
        One of :data:`RULES`: "equal" (each dimension alike), "by-items" (as many as it has items), "fixed" and
        "blocks" (those the questionnaire gives to dimensions or to blocks), "drivers" (by what moves overall
        satisfaction).
    dimensions : mapping of str to int
        The parts, each with the number of its items.
    fixed : mapping of str to float, optional
        For "fixed" and "blocks".
    drivers : EstimatedWeights, optional
        For "drivers" (:mod:`analysis.drivers`).

    Returns
    -------
    mapping of str to float, or EstimatedWeights
        Adding up to 1.

    Raises
    ------
    AnalysisError
        The rule is unknown, a weight is missing, or there are no dimensions.

    Notes
    -----
    "by-items" weighs ratios; pooling all answers, which differs where items were left blank, is a dimension of all
    the items and needs no weights.

    Examples
    --------
    >>> weights("by-items", {"policy": 23, "service": 16})
    {'policy': 0.5897435897435898, 'service': 0.41025641025641024}
    """
    if rule not in RULES:
        raise AnalysisError(
            "unknown rule {rule} for a composite: choose one of {choices}", rule=rule, choices=", ".join(RULES)
        )
    if not dimensions:
        raise AnalysisError("a composite needs one dimension or more")
    return RULES[rule](dimensions, fixed, drivers)


def _composites(
    cells: Cells, composites: Composites, *, moments: Moments | None, lonely_psu: str
) -> list[dict[str, Estimate | None]]:
    """The composites of each domain."""
    if not composites:
        return [{} for _ in cells.domains]
    table = ratio_table(composed(cells, _fixed(composites), moments=moments), lonely_psu=lonely_psu)
    found = [
        {name: table.estimate(place, measure) for measure, name in enumerate(composites)}
        for place in range(len(cells.domains))
    ]
    return _weights_uncertain(found, cells, composites)


def _weights_uncertain(
    found: list[dict[str, Estimate | None]], cells: Cells, composites: Composites
) -> list[dict[str, Estimate | None]]:
    """The composites of each domain with what weights that are estimates add to their variance."""
    for name, weight in composites.items():
        if isinstance(weight, EstimatedWeights):
            added = variance_of_weights(cells, weight)
            for of_domain, more in zip(found, added.tolist(), strict=True):
                of_domain[name] = _less_certain(of_domain[name], more)
    return found


def _over(
    cells: Cells, shares: Mapping[Any, float], composites: Composites, *, moments: Moments | None, lonely_psu: str
) -> dict[str, Estimate | None]:
    """The composites of the province over its agencies."""
    if not composites:
        return {}
    table = ratio_table(
        over_domains(composed(cells, _fixed(composites), moments=moments), shares), lonely_psu=lonely_psu
    )
    found = {name: table.estimate(0, measure) for measure, name in enumerate(composites)}
    return _weights_uncertain([found], over_domains(cells, shares), composites)[0]


def _fixed(composites: Composites) -> dict[str, Mapping[str, float]]:
    return {name: one.shares if isinstance(one, EstimatedWeights) else one for name, one in composites.items()}


def _less_certain(estimate: Estimate | None, added: float) -> Estimate | None:
    """The estimate with what its weights' own uncertainty adds to the variance."""
    if estimate is None or estimate.standard_error is None:
        return estimate
    variance = max(estimate.standard_error**2 + added, 0.0)
    return replace(estimate, standard_error=float(np.sqrt(variance)))


def _equal(dimensions: Mapping[str, int], fixed: Any, drivers: Any) -> Weights:
    del fixed, drivers
    return {name: 1 / len(dimensions) for name in dimensions}


def _by_items(dimensions: Mapping[str, int], fixed: Any, drivers: Any) -> Weights:
    del fixed, drivers
    total = sum(dimensions.values())
    return {name: items / total for name, items in dimensions.items()}


def _as_given(dimensions: Mapping[str, int], fixed: Mapping[str, float] | None, drivers: Any) -> Weights:
    del drivers
    missing = [name for name in dimensions if name not in (fixed or {})]
    if missing or not fixed:
        raise AnalysisError("no weight is given for {parts}", parts=", ".join(missing))
    return {name: fixed[name] for name in dimensions}


def _by_drivers(dimensions: Mapping[str, int], fixed: Any, drivers: EstimatedWeights | None) -> Weights:
    del fixed
    missing = [name for name in dimensions if drivers is None or name not in drivers.shares]
    if missing or drivers is None:
        raise AnalysisError("no driver weight was estimated for {parts}", parts=", ".join(missing))
    return drivers


RULES: dict[str, Callable[[Mapping[str, int], Any, Any], Weights]] = {
    "equal": _equal,
    "by-items": _by_items,
    "fixed": _as_given,
    "blocks": _as_given,
    "drivers": _by_drivers,
}
