r"""Ratios of all domains and measures at once, with linearised variances, from cells alone.

For the ratio :math:`R = \sum w s / \sum w a` of a domain, the linearised total of PSU :math:`i` is
:math:`z_i = \sum_{k \in i} w_k (s_k - R a_k) / \sum w a`, zero for a PSU without members, and

.. math:: V = \sum_h (1 - f_h) \frac{n_h}{n_h - 1} \sum_{i \in h} (z_i - \bar z_h)^2,

with :math:`n_h` the PSUs of stratum h in the whole design: the ultimate clusters, as if drawn with replacement.

References
----------
.. [1] Särndal, Swensson & Wretman (1992), Model Assisted Survey Sampling, ch. 5.
.. [2] Lumley (2010), Complex Surveys, ch. 2 (strata with one PSU).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from analysis.arrays import BoolArray, FloatArray, crossed, group_sums
from analysis.errors import AnalysisError
from analysis.results import Basis, Estimate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from analysis.cells import Cells


@dataclass(frozen=True, slots=True)
class RatioTable:
    """Estimates of d domains and m measures; every array has shape (d, m) unless said otherwise.

    Attributes
    ----------
    cells : Cells
        What it was computed from.
    value : ndarray
        NaN where nobody answered.
    variance : ndarray
        NaN where it cannot be estimated.
    degrees_of_freedom : ndarray
        PSUs with a valid answer less their strata; respondents less one where they are the units.
    domain_degrees_of_freedom : ndarray, shape (d,)
        PSUs with any member less their strata, whatever the item: R's ``degf(subset(design, domain))``.
    respondents, sum_weights : ndarray
        Valid answers and the sum of their weights.
    design_effect : ndarray
        Against a simple random sample with replacement; NaN where not known.
    as_respondents : ndarray of bool
        The standard error is between respondents, for want of clusters or because these agree by chance.
    """

    cells: Cells
    value: FloatArray
    variance: FloatArray
    degrees_of_freedom: FloatArray
    domain_degrees_of_freedom: FloatArray
    respondents: FloatArray
    sum_weights: FloatArray
    design_effect: FloatArray
    as_respondents: BoolArray

    def estimate(self, domain: int, measure: int) -> Estimate | None:
        """One of the estimates, None where nobody answered.

        Parameters
        ----------
        domain, measure : int
            Places in `cells.domains` and `cells.measures`.

        Returns
        -------
        Estimate or None
        """
        place = (domain, measure)
        if np.isnan(self.value[place]):
            return None
        known = self.degrees_of_freedom[place] > 0 and np.isfinite(self.variance[place])
        basis = self._basis(place)
        effect = float(self.design_effect[place])
        return Estimate(
            value=float(self.value[place]),
            standard_error=float(np.sqrt(self.variance[place])) if known else None,
            degrees_of_freedom=float(self.degrees_of_freedom[place]),
            respondents=int(self.respondents[place]),
            sum_weights=float(self.sum_weights[place]),
            design_effect=effect if known and np.isfinite(effect) else None,
            kind=self.cells.kinds[measure],
            basis=basis if known else Basis.NONE,
        )

    def _basis(self, place: tuple[int, int]) -> Basis:
        if not self.as_respondents[place]:
            return Basis.CLUSTERS
        single = self.degrees_of_freedom[place] == self.respondents[place] - 1
        return Basis.RESPONDENTS if single else Basis.AGREEMENT


def ratio_table(
    cells: Cells, *, lonely_psu: str = "respondents", sampling_fraction: Mapping[Any, float] | None = None
) -> RatioTable:
    """Ratios with linearised variances, for every domain and measure.

    Parameters
    ----------
    cells : Cells
    lonely_psu : str
        What a stratum with one PSU adds: "respondents" (its respondents become the units, also in a domain all of
        whose strata have a single PSU with members, and in one whose PSUs happen to have the very same ratio while
        the answers differ), or R's "adjust", "average", "certainty", "remove", "error".
    sampling_fraction : mapping of stratum to float, optional
        PSUs drawn over PSUs there are; by default none, as if drawn with replacement.

    Returns
    -------
    RatioTable

    Raises
    ------
    AnalysisError
        `lonely_psu` is not one of the choices, or is "error" and a stratum has one PSU.

    Examples
    --------
    Särndal's with-replacement estimator by hand: two PSUs of one stratum, 3 of 4 and 1 of 4 favourable.

    >>> from analysis.cells import Sums, cells_from_sums
    >>> cells = cells_from_sums(["A", "A"], [1, 1], [1, 2], respondents=[4, 4],
    ...                         sums={"staff": Sums([4, 4], [4, 4], [3, 1])})
    >>> table = ratio_table(cells)
    >>> table.value.tolist(), table.variance.tolist(), table.degrees_of_freedom.tolist()
    ([[0.5]], [[0.0625]], [[1.0]])
    """
    if lonely_psu not in LONELY:
        raise AnalysisError(
            "unknown rule {rule} for strata with one PSU: choose one of {choices}",
            rule=lonely_psu,
            choices=", ".join(LONELY),
        )
    kernel = Linearisation(cells, sampling_fraction or {})
    variance, freedom, units = LONELY[lonely_psu](kernel)
    effect = np.where(cells.bound, np.nan, kernel.design_effect(variance))
    return RatioTable(
        cells=cells,
        value=kernel.ratio + cells.centre,
        variance=variance,
        degrees_of_freedom=freedom,
        domain_degrees_of_freedom=kernel.domain_freedom(),
        respondents=kernel.by_domain(cells.valid),
        sum_weights=kernel.by_domain(cells.weight),
        design_effect=effect,
        as_respondents=units,
    )


def covariances(cells: Cells, table: RatioTable) -> FloatArray:
    """Covariances between the measures of each domain, shape (d, m, m).

    Parameters
    ----------
    cells : Cells
    table : RatioTable
        Of these cells.

    Returns
    -------
    ndarray
        NaN where a variance is between respondents: cells do not know how one respondent's answers go together.

    Examples
    --------
    >>> from analysis.cells import Sums, cells_from_sums
    >>> sums = {"staff": Sums([4, 4], [4, 4], [3, 1]), "result": Sums([4, 4], [4, 4], [1, 3])}
    >>> cells = cells_from_sums(["A", "A"], [1, 1], [1, 2], respondents=[4, 4], sums=sums)
    >>> covariances(cells, ratio_table(cells)).tolist()
    [[[0.0625, -0.0625], [-0.0625, 0.0625]]]
    """
    kernel = Linearisation(cells, {})
    deviation = kernel.z - kernel.mean[kernel.pair]
    products = group_sums(deviation[:, :, None] * deviation[:, None, :], kernel.pair, kernel.pairs)
    absent = (kernel.size - kernel.members)[:, None, None]
    products += absent * kernel.mean[:, :, None] * kernel.mean[:, None, :]
    matrix = group_sums(kernel.scale[:, None, None] * products, kernel.pair_domain, len(cells.domains))
    unknown = table.as_respondents | (table.degrees_of_freedom <= 0)
    matrix[unknown[:, :, None] | unknown[:, None, :]] = np.nan
    return matrix


class Linearisation:
    """Linearised cell totals with their (domain, stratum) pairs; assumes arguments already checked."""

    def __init__(self, cells: Cells, sampling_fraction: Mapping[Any, float]) -> None:
        self.cells = cells
        self.base = self.by_domain(cells.base)
        with np.errstate(invalid="ignore", divide="ignore"):
            self.ratio = np.where(self.base > 0, self.by_domain(cells.total) / self.base, np.nan)
        known = np.nan_to_num(self.ratio)[cells.domain]
        self.inverse = np.where(self.base > 0, 1 / np.where(self.base > 0, self.base, 1), 0.0)
        self.z = (cells.total - known * cells.base) * self.inverse[cells.domain]
        strata = max(len(cells.strata), 1)
        self.pair, self.pair_domain, self.pair_stratum = crossed(cells.domain, cells.stratum, seconds=strata)
        self.pairs = len(self.pair_domain)
        self.size = np.bincount(cells.stratum_of_psu, minlength=strata)[self.pair_stratum]
        self.members = np.bincount(self.pair, minlength=self.pairs)
        self.lone = self.size == 1
        self.unsampled = 1 - np.array([sampling_fraction.get(s, 0.0) for s in cells.strata] or [0.0])[self.pair_stratum]
        # A finite population drawn in full is no chance agreement.
        self.sampled = bool((self.unsampled < 1).any())
        self.scale = np.where(self.lone, 0.0, self.unsampled * self.size / np.maximum(self.size - 1, 1))
        self.total = group_sums(self.z, self.pair, self.pairs)
        self.mean = self.total / self.size[:, None]

    def by_domain(self, values: FloatArray) -> FloatArray:
        """Sums of the cells of each domain."""
        return group_sums(values, self.cells.domain, len(self.cells.domains))

    def domains_of_pairs(self, values: FloatArray) -> FloatArray:
        """Sums of the strata of each domain."""
        return group_sums(values, self.pair_domain, len(self.cells.domains))

    def between_clusters(self) -> FloatArray:
        """What each (domain, stratum) adds to the variance, 0 where the stratum has one PSU."""
        squares = group_sums((self.z - self.mean[self.pair]) ** 2, self.pair, self.pairs)
        return self.scale[:, None] * (squares + (self.size - self.members)[:, None] * self.mean**2)

    def between_respondents(self) -> FloatArray:
        """What each (domain, stratum) adds when the respondents of the stratum are the units."""
        squares = self.squared_residuals()
        valid = self.cells.valid
        heaviness = np.divide(self.cells.weight, valid, out=np.zeros_like(squares), where=valid > 0)
        squares = group_sums(heaviness * squares * self.inverse[self.cells.domain] ** 2, self.pair, self.pairs)
        in_stratum = group_sums(
            self.cells.respondents.astype(np.float64), self.cells.stratum, max(len(self.cells.strata), 1)
        )
        units = in_stratum[self.pair_stratum][:, None]
        spread = np.maximum(squares - self.total**2 / np.maximum(units, 1), 0)
        return np.where(units > 1, units / np.maximum(units - 1, 1) * spread, squares)

    def squared_residuals(self) -> FloatArray:
        """Σ w (s - R a)² of each cell."""
        r = np.nan_to_num(self.ratio)[self.cells.domain]
        squares = self.cells.square - 2 * r * self.cells.cross + r**2 * self.cells.base_square
        return np.maximum(squares, 0)

    def design_effect(self, variance: FloatArray) -> FloatArray:
        """Over the variance of a simple random sample, drawn with replacement, of as many respondents."""
        respondents = self.by_domain(self.cells.valid)
        with np.errstate(invalid="ignore", divide="ignore"):
            spread = self.by_domain(self.squared_residuals()) * self.by_domain(self.cells.weight) * self.inverse**2
            return np.where((respondents > 1) & (spread > 0), variance * (respondents - 1) / spread, np.nan)

    def domain_freedom(self) -> FloatArray:
        """PSUs less strata of each domain, shape (d,)."""
        return self.domains_of_pairs((self.members - 1).astype(np.float64))

    def valid_freedom(self) -> FloatArray:
        """PSUs with a valid answer less their strata."""
        answering = group_sums((self.cells.valid > 0).astype(np.float64), self.pair, self.pairs)
        return self.domains_of_pairs(np.maximum(answering - 1, 0))


Lonely = tuple[FloatArray, FloatArray, BoolArray]


# Clusters that agree to this share of what their respondents vary by are clusters that agree by chance.
NO_SPREAD = 1e-12


def _respondents(kernel: Linearisation) -> Lonely:
    """Respondents in place of clusters where there is one, or where clusters happen to agree but answers do not."""
    freedom = kernel.valid_freedom()
    alone = freedom == 0
    between = kernel.between_clusters()
    single = kernel.between_respondents()
    agreeing = kernel.domains_of_pairs(between) <= NO_SPREAD * kernel.domains_of_pairs(single)
    agreeing &= (kernel.domains_of_pairs(single) > 0) & (not kernel.sampled)
    units = alone | agreeing
    added = np.where(kernel.lone[:, None] | units[kernel.pair_domain], single, between)
    answers = np.maximum(kernel.by_domain(kernel.cells.valid) - 1, 0)
    return kernel.domains_of_pairs(added), np.where(alone, answers, freedom), units


def _adjust(kernel: Linearisation) -> Lonely:
    """Squares about 0, the mean of the linearised totals of all PSUs."""
    alone = kernel.lone[:, None] * kernel.unsampled[:, None] * kernel.total**2
    return _by_clusters(kernel, kernel.domains_of_pairs(kernel.between_clusters() + alone))


def _average(kernel: Linearisation) -> Lonely:
    """Strata with one PSU are as variable as the others are on average."""
    ones = np.ones(kernel.pairs)
    strata = kernel.domains_of_pairs(ones)
    usable = kernel.domains_of_pairs(ones * ~kernel.lone)
    with np.errstate(invalid="ignore", divide="ignore"):
        return _by_clusters(kernel, kernel.domains_of_pairs(kernel.between_clusters()) * (strata / usable)[:, None])


def _nothing(kernel: Linearisation) -> Lonely:
    return _by_clusters(kernel, kernel.domains_of_pairs(kernel.between_clusters()))


def _refuse(kernel: Linearisation) -> Lonely:
    if kernel.lone.any():
        strata = [kernel.cells.strata[stratum] for stratum in np.unique(kernel.pair_stratum[kernel.lone])]
        raise AnalysisError(
            "strata {strata} have one PSU each: merge them with a neighbour, or choose a rule for strata with one PSU",
            strata=strata,
        )
    return _nothing(kernel)


def _by_clusters(kernel: Linearisation, variance: FloatArray) -> Lonely:
    return variance, kernel.valid_freedom(), np.zeros(variance.shape, dtype=np.bool_)


LONELY: dict[str, Callable[[Linearisation], Lonely]] = {
    "respondents": _respondents,
    "adjust": _adjust,
    "average": _average,
    "certainty": _nothing,
    "remove": _nothing,
    "error": _refuse,
}
