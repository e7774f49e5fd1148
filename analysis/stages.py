r"""One stage of a sample and what it adds to a variance.

At each stage, within each stratum *h* of the units drawn,

.. math:: V_h = (1 - f_h) \frac{n_h}{n_h - 1} \sum_i (t_i - \bar t_h)(t_i - \bar t_h)'

with *t* the weighted totals of the units; units without members have a total of zero and count. What stage two adds is
multiplied by the fraction that stage one drew, and so on down. With probabilities proportional to size :math:`1 - f_h`
becomes each unit's own :math:`1 - \pi_i` (Brewer's approximation).

References
----------
.. [1] Särndal, Swensson & Wretman (1992), Model Assisted Survey Sampling, ch. 4.
.. [2] Brewer (2002), Combined Survey Sampling Inference, ch. 9.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from analysis.arrays import FloatArray, IntArray, group_sums
from analysis.errors import AnalysisError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from analysis.arrays import BoolArray

CENSUS = 1e-7


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """The units drawn at one stage: u units in h strata within the p units of the stage above.

    Attributes
    ----------
    unit : ndarray of int, shape (n,)
        Unit of each respondent.
    stratum_of_unit : ndarray of int, shape (u,)
    parent_of_stratum : ndarray of int, shape (h,)
        Unit of the stage above; 0 at the first stage.
    fraction : ndarray of float, shape (u,)
        Share of the stratum's units that was drawn, or the unit's own probability; 0: as if with replacement.
    strata : tuple
        Labels, for messages.
    number : int
        1 for the first stage.
    """

    unit: IntArray
    stratum_of_unit: IntArray
    parent_of_stratum: IntArray
    fraction: FloatArray
    strata: tuple[Any, ...]
    number: int

    @property
    def units(self) -> int:
        """How many there are."""
        return len(self.stratum_of_unit)

    @property
    def sizes(self) -> IntArray:
        """Units drawn in each stratum, shape (h,)."""
        return np.bincount(self.stratum_of_unit, minlength=len(self.strata))

    @property
    def alone(self) -> BoolArray:
        """Strata with one unit, which was not all there is, shape (h,)."""
        census = np.ones(len(self.strata), dtype=np.bool_)
        np.logical_and.at(census, self.stratum_of_unit, self.fraction > 1 - CENSUS)
        alone: BoolArray = (self.sizes == 1) & ~census
        return alone


@dataclass(frozen=True, slots=True)
class LonelyRule:
    """What to do with a stratum of which one unit was drawn.

    Attributes
    ----------
    name : str
        One of :data:`RULES`.
    in_domains : bool
        Also where a stratum has several units, but only one with members of the domain.
    """

    name: str = "error"
    in_domains: bool = False


NO_LONELY = LonelyRule()
RULES = ("error", "adjust", "average", "certainty", "remove")


def stage_covariance(
    stage: Stage, values: FloatArray, *, factor: FloatArray, present: BoolArray | None, rule: LonelyRule
) -> FloatArray:
    """What one stage adds to a covariance; assumes arguments already checked.

    Parameters
    ----------
    stage : Stage
    values : ndarray, shape (n, k)
        Weighted influence values, zero outside the domain.
    factor : ndarray, shape (parents,)
        Product of the fractions drawn above each unit of the stage above.
    present : ndarray of bool, shape (n,), optional
        Respondents of the domain; strata without any are left out of averages over strata. None: everybody.
    rule : LonelyRule

    Returns
    -------
    ndarray, shape (k, k)

    Examples
    --------
    Two units drawn of a stratum, as if with replacement:

    >>> stage = Stage(np.array([0, 1]), np.array([0, 0]), np.zeros(1, dtype=int), np.zeros(2), ("N",), 1)
    >>> values = np.array([[1.0], [3.0]])
    >>> stage_covariance(stage, values, factor=np.ones(1), present=None, rule=NO_LONELY).tolist()
    [[4.0]]
    """
    totals = group_sums(values, stage.unit, stage.units)
    here = Presence(stage, present)
    sizes = stage.sizes
    single = stage.alone & here.strata
    if rule.in_domains and rule.name in {"adjust", "average"}:
        single |= (here.units_of_strata == 1) & (sizes > 1)
    single &= factor[stage.parent_of_stratum] > 0
    centre = group_sums(totals, stage.stratum_of_unit, len(sizes)) / sizes[:, None]
    scale = np.where(sizes > 1, sizes / np.maximum(sizes - 1, 1), 1.0) * factor[stage.parent_of_stratum]
    if single.any():
        scale, centre = SINGLES[rule.name](Singles(stage, here, single, totals), scale, centre)
    deviation = totals - centre[stage.stratum_of_unit]
    weight = (scale[stage.stratum_of_unit] * (1 - stage.fraction))[:, None]
    return deviation.T @ (weight * deviation)


class Presence:
    """Which strata and how many of their units have members of the domain."""

    def __init__(self, stage: Stage, present: BoolArray | None) -> None:
        units = np.ones(stage.units, dtype=np.bool_)
        if present is not None:
            units = np.zeros(stage.units, dtype=np.bool_)
            units[stage.unit[present]] = True
        self.units_of_strata = np.bincount(stage.stratum_of_unit[units], minlength=len(stage.strata))
        self.strata = self.units_of_strata > 0


@dataclass(frozen=True, slots=True, eq=False)
class Singles:
    """The strata with a single unit, and what the rules need to deal with them."""

    stage: Stage
    here: Presence
    single: BoolArray
    totals: FloatArray

    def by_parent(self, values: FloatArray) -> FloatArray:
        """Sums of strata by unit of the stage above."""
        return group_sums(values, self.stage.parent_of_stratum, int(self.stage.parent_of_stratum.max()) + 1)


Adjusted = tuple[FloatArray, FloatArray]


def _adjust(singles: Singles, scale: FloatArray, centre: FloatArray) -> Adjusted:
    """Deviations from the mean of all units of all strata of the same parent."""
    stage = singles.stage
    units = singles.by_parent(np.where(singles.here.strata, stage.sizes, 0).astype(np.float64))
    sums = singles.by_parent(group_sums(singles.totals, stage.stratum_of_unit, len(stage.strata)))
    grand = (sums / np.maximum(units, 1)[:, None])[stage.parent_of_stratum]
    return scale, np.where(singles.single[:, None], grand, centre)


def _average(singles: Singles, scale: FloatArray, centre: FloatArray) -> Adjusted:
    """As much as the other strata of the same parent add on average."""
    strata = singles.by_parent(singles.here.strata.astype(np.float64))
    usable = singles.by_parent((singles.here.strata & ~singles.single).astype(np.float64))
    stage = singles.stage
    without = (strata > 0) & (usable == 0)
    if without.any():
        label = stage.strata[int(np.flatnonzero(without[stage.parent_of_stratum])[0])]
        raise AnalysisError(
            "at stage {stage} no stratum beside {stratum} has two units to average over: choose adjust or certainty",
            stage=stage.number,
            stratum=label,
        )
    factor = np.where(usable > 0, strata / np.maximum(usable, 1), 1.0)[stage.parent_of_stratum]
    return np.where(singles.single, 0.0, scale * factor), centre


def _nothing(singles: Singles, scale: FloatArray, centre: FloatArray) -> Adjusted:
    """They add nothing at this stage."""
    return np.where(singles.single, 0.0, scale), centre


def _refuse(singles: Singles, scale: FloatArray, centre: FloatArray) -> Adjusted:  # noqa: ARG001 - as the other rules
    labels = [singles.stage.strata[place] for place in np.flatnonzero(singles.single)]
    raise AnalysisError(
        "strata {strata} have one unit each at stage {stage}: merge each with a similar stratum, or choose what to do "
        "with a single PSU (adjust, average, certainty, remove)",
        strata=labels,
        stage=singles.stage.number,
    )


SINGLES: dict[str, Callable[[Singles, FloatArray, FloatArray], Adjusted]] = {
    "error": _refuse,
    "adjust": _adjust,
    "average": _average,
    "certainty": _nothing,
    "remove": _nothing,
}
