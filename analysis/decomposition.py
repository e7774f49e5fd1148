r"""Why an index changed: who answered (composition) or how they answered (performance).

With the share :math:`s_g` of the answers that group g gives and its own index :math:`r_g`, in two samples 1 and 2,

.. math:: R_1 - R_2 = \underbrace{\sum_g (s_{1g} - s_{2g}) \tfrac{r_{1g} + r_{2g}}{2}}_{\text{composition}}
          + \underbrace{\sum_g (r_{1g} - r_{2g}) \tfrac{s_{1g} + s_{2g}}{2}}_{\text{performance}},

exactly. Both parts are smooth functions of the samples' totals, so that their standard errors are those of linearised
totals. Several characteristics at once, without crossing them, are :func:`analysis.oaxaca.oaxaca_blinder`'s.

References
----------
.. [1] Kitagawa (1955), Components of a difference between two rates, Journal of the American Statistical Association
   50, 1168-1194.
.. [2] Jann (2008), The Blinder-Oaxaca decomposition for linear regression models, Stata Journal 8, 453-479.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.arrays import group_sums
from analysis.comparison import satterthwaite
from analysis.errors import AnalysisError
from analysis.margins import listed
from analysis.overlap import of_measure, shared_covariance
from analysis.results import Basis, Estimate, Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from analysis.arrays import FloatArray, IntArray
    from analysis.cells import Cells


@dataclass(frozen=True, slots=True)
class Decomposition:
    """A difference and its two parts, which add up to it.

    Attributes
    ----------
    total : Estimate
        The first index less the second.
    composition : Estimate
        What it would be had every group answered alike in both samples: who answered.
    performance : Estimate
        What it would be with the same people in both: how they answered.
    performance_by_group : mapping of label to Estimate
        The parts that make up `performance`; empty where there are no groups.

    Notes
    -----
    A part has no standard error where the design cannot tell, or where no answer differs from another. Whether a part
    is distinguishable from 0 is :func:`analysis.comparison.difference`'s question, with 0 as the target.

    Examples
    --------
    See :func:`decompose`.
    """

    total: Estimate
    composition: Estimate
    performance: Estimate
    performance_by_group: Mapping[Any, Estimate]


def decompose(first: Cells, second: Cells, measure: str) -> Decomposition:
    """Decompose the difference of two indices by groups of respondents (Kitagawa, symmetric).

    Parameters
    ----------
    first, second : Cells
        The later and the earlier wave, or one agency and another; their domains are the groups (ages, kinds of
        procedure). PSUs of the same stratum and label are taken to be the same ones.
    measure : str
        Summed in both.

    Returns
    -------
    Decomposition
        Degrees of freedom are Satterthwaite's, or the smaller of the two where the samples share PSUs. In a stratum
        with one PSU its respondents are the units.

    Raises
    ------
    AnalysisError
        The measure was not summed, or a group answered in one sample only.

    References
    ----------
    .. [1] Kitagawa (1955), Journal of the American Statistical Association 50, 1168-1194.

    Examples
    --------
    Now 60 online and 40 at the counter, before the other way round; online 9 of 10 are satisfied, at the counter 7 of
    10, then as now. Nobody serves better; the index rose by 0.2 × 0.2.

    >>> from analysis.cells import Sums, cells_from_sums
    >>> group, day = ["online", "online", "counter", "counter"], ["mon", "tue", "mon", "tue"]
    >>> now = cells_from_sums(group, ["A"] * 4, day, respondents=[30, 30, 20, 20],
    ...                       sums={"staff": Sums([30, 30, 20, 20], [30, 30, 20, 20], [28, 26, 13, 15])})
    >>> before = cells_from_sums(group, ["B"] * 4, day, respondents=[20, 20, 30, 30],
    ...                          sums={"staff": Sums([20, 20, 30, 30], [20, 20, 30, 30], [19, 17, 20, 22])})
    >>> parts = decompose(now, before, "staff")
    >>> round(parts.total.value, 9), round(parts.composition.value, 9), round(abs(parts.performance.value), 9)
    (0.04, 0.04, 0.0)
    """
    samples = _Sample(of_measure(first, measure)), _Sample(of_measure(second, measure))
    groups = _common_groups(*samples)
    one, other = (sample.ordered(groups) for sample in samples)
    values, weights = _kitagawa(one, other)
    covariances = [sample.covariance(*each) for sample, each in zip(samples, weights, strict=True)]
    influences = [sample.by_psu(sample.influence(*each)) for sample, each in zip(samples, weights, strict=True)]
    shared = shared_covariance(samples[0].cells, samples[1].cells, *influences)
    overlapping = not set(first.psus).isdisjoint(second.psus)
    found = [
        _part(
            values[k],
            variances=[covariance[k, k] for covariance in covariances],
            shared=shared[k, k] if overlapping else None,
            samples=samples,
        )
        for k in range(len(values))
    ]
    return Decomposition(found[0], found[1], found[2], dict(zip(groups, found[3:], strict=True)))


# The effect of each group's share and ratio on each part: two arrays of shape (groups, parts).
_Weights = tuple["FloatArray", "FloatArray"]


def _kitagawa(one: _Groups, other: _Groups) -> tuple[FloatArray, tuple[_Weights, _Weights]]:
    """Total, composition, performance and performance by group, with their derivatives by shares and by ratios."""
    shares, ratios = one.share - other.share, one.ratio - other.ratio
    share, ratio = (one.share + other.share) / 2, (one.ratio + other.ratio) / 2
    composition, by_group = float(shares @ ratio), ratios * share
    performance = float(by_group.sum())
    values = np.array([composition + performance, composition, performance, *by_group])

    def derivatives(sign: float) -> _Weights:
        by_share = np.column_stack([sign * ratio, ratios / 2, np.diag(ratios / 2)])
        by_ratio = np.column_stack([shares / 2, sign * share, np.diag(sign * share)])
        return _with_total(by_share), _with_total(by_ratio)

    return values, (derivatives(1.0), derivatives(-1.0))


def _with_total(parts: FloatArray) -> FloatArray:
    """Composition and performance together come first."""
    return np.column_stack([parts[:, 0] + parts[:, 1], parts])


@dataclass(frozen=True, slots=True)
class _Groups:
    """Each group's share of the answers and its index."""

    share: FloatArray
    ratio: FloatArray


class _Sample:
    """Cells of one measure whose domains are groups."""

    order: IntArray
    centred: FloatArray

    def __init__(self, cells: Cells) -> None:
        self.cells = cells
        self.base = self.by_group(cells.base[:, 0])
        self.answered = [label for label, base in zip(cells.domains, self.base.tolist(), strict=True) if base > 0]

    def by_group(self, values: FloatArray) -> FloatArray:
        return group_sums(values, self.cells.domain, len(self.cells.domains))

    def by_psu(self, values: FloatArray) -> FloatArray:
        return group_sums(values, self.cells.psu, len(self.cells.psus))

    def ordered(self, groups: list[Any]) -> _Groups:
        """Shares and ratios of these groups, in their order."""
        place = {label: number for number, label in enumerate(self.cells.domains)}
        self.order = np.array([place[label] for label in groups], dtype=np.int64)
        base = self.base[self.order]
        self.centred = self.by_group(self.cells.total[:, 0])[self.order] / base
        return _Groups(base / base.sum(), self.centred + self.cells.centre[0])

    def _effects(self, by_share: FloatArray, by_ratio: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """What an answer, and a deviation from its group's index, adds to each part; and that index; by cell."""
        base = self.base[self.order]
        share = base / base.sum()
        shape = (len(self.cells.domains), by_share.shape[1])
        answer, deviation, ratio = np.zeros(shape), np.zeros(shape), np.zeros(shape[0])
        answer[self.order] = (by_share - share @ by_share) / base.sum()
        deviation[self.order] = by_ratio / base[:, None]
        ratio[self.order] = self.centred
        group = self.cells.domain
        return answer[group], deviation[group], ratio[group]

    def influence(self, by_share: FloatArray, by_ratio: FloatArray) -> FloatArray:
        """Linearised totals of the cells, one column a part."""
        answer, deviation, ratio = self._effects(by_share, by_ratio)
        base, total = self.cells.base[:, 0], self.cells.total[:, 0]
        return answer * base[:, None] + deviation * (total - ratio * base)[:, None]

    def covariance(self, by_share: FloatArray, by_ratio: FloatArray) -> FloatArray:
        """Of the parts, within this sample; NaN where the cells cannot tell."""
        influence = self.influence(by_share, by_ratio)
        totals = self.by_psu(influence)
        matrix = shared_covariance(self.cells, self.cells, totals, totals)
        drawn = np.bincount(self.cells.stratum_of_psu)
        lone = (drawn == 1)[self.cells.stratum]
        if lone.any():
            matrix += np.diag(self._between_respondents(influence, lone, *self._effects(by_share, by_ratio)))
        return matrix

    def _between_respondents(
        self, influence: FloatArray, lone: Any, answer: FloatArray, deviation: FloatArray, ratio: FloatArray
    ) -> FloatArray:
        """What strata with one PSU add to the variances, their respondents being the units."""
        cells = self.cells
        base_square, cross = cells.base_square[:, 0], cells.cross[:, 0]
        residual = cross - ratio * base_square
        squared = np.maximum(cells.square[:, 0] - 2 * ratio * cross + ratio**2 * base_square, 0)
        squares = answer**2 * base_square[:, None] + 2 * answer * deviation * residual[:, None]
        squares += deviation**2 * squared[:, None]
        valid = cells.valid[:, 0]
        heaviness = np.divide(cells.weight[:, 0], valid, out=np.zeros(len(valid)), where=valid > 0)
        strata = len(cells.strata)
        sums = group_sums((heaviness * lone)[:, None] * squares, cells.stratum, strata)
        totals = group_sums(lone[:, None] * influence, cells.stratum, strata)
        units = group_sums(valid, cells.stratum, strata)[:, None]
        spread = np.maximum(sums - totals**2 / np.maximum(units, 1), 0)
        added: FloatArray = (spread * np.where(units > 1, units / np.maximum(units - 1, 1), 1.0)).sum(axis=0)
        return added

    @cached_property
    def respondents(self) -> int:
        return int(self.cells.valid.sum())

    @cached_property
    def freedom(self) -> tuple[float, Basis]:
        """Degrees of freedom: PSUs with answers less their strata, or respondents less one where there are none."""
        answering = self.by_psu(self.cells.valid[:, 0]) > 0
        strata = np.unique(self.cells.stratum_of_psu[answering])
        between = int(answering.sum()) - len(strata)
        return (between, Basis.CLUSTERS) if between > 0 else (self.respondents - 1, Basis.RESPONDENTS)


def _common_groups(one: _Sample, other: _Sample) -> list[Any]:
    answered = set(other.answered)
    common = [group for group in one.answered if group in answered]
    apart = [group for group in (*one.answered, *other.answered) if group not in set(common)]
    if apart:
        raise AnalysisError(
            "groups {groups} answered in one of the two samples only: merge them with a similar group in both",
            groups=listed(apart),
        )
    if not common:
        raise AnalysisError("nobody answered: there is no difference to decompose")
    return common


def _part(value: float, *, variances: list[float], shared: float | None, samples: tuple[_Sample, _Sample]) -> Estimate:
    """One part; without a standard error where it would be 0 or is not known."""
    (one, basis), (other, other_basis) = (sample.freedom for sample in samples)
    variance = sum(variances) + 2 * (shared or 0.0)
    known = variance > 0 and one > 0 and other > 0
    freedom = 0.0
    if known:
        freedom = satterthwaite(variances, [one, other]) if shared is None else min(one, other)
    return Estimate(
        value=float(value),
        standard_error=sqrt(variance) if known else None,
        degrees_of_freedom=freedom,
        respondents=sum(sample.respondents for sample in samples),
        sum_weights=float(sum(sample.cells.weight.sum() for sample in samples)),
        kind=Kind.FUNCTION,
        basis=(other_basis if basis is Basis.CLUSTERS else basis) if known else Basis.NONE,
    )
