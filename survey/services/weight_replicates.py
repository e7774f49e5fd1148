"""Replicate weights of a drawn sample: made of everybody drawn, and each set taken through all steps."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from analysis.replication import bootstrap, jackknife
from survey.i18n import mark
from survey.services.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from analysis.design import SurveyDesign
    from analysis.replicates import ReplicateDesign

PREFIX = "replicate"
# Beyond, the jackknife is a file of gigabytes that says no more than a bootstrap of some hundreds.
MOST = 2000


@dataclass(frozen=True, slots=True)
class ReplicatePlan:
    """Which replicates are to be made.

    Attributes
    ----------
    method : {"jkn", "bootstrap"}
    strata, psu : str, optional
        Columns of the design of the draw; without `psu` every person is one.
    number : int
        How many bootstrap samples; a jackknife has one replicate a PSU.
    seed : int, optional
        Of the bootstrap, which needs one.
    lonely_psu : {"error", "adjust", "average", "certainty", "remove"}
        What a stratum with one PSU adds, in a jackknife.
    scales : Path, optional
        Where the scale of each replicate is written; a jackknife of strata cannot be used without.
    """

    method: str
    strata: str | None = None
    psu: str | None = None
    number: int = 500
    seed: int | None = None
    lonely_psu: str = "error"
    scales: Path | None = None

    @property
    def texts(self) -> list[str]:
        """The columns that it needs."""
        return [name for name in (self.strata, self.psu) if name]


def replicates_of(plan: ReplicatePlan, design: SurveyDesign) -> ReplicateDesign:
    """Replicate base weights of everybody drawn."""
    return METHODS[plan.method](plan, design)


def _jackknife(plan: ReplicatePlan, design: SurveyDesign) -> ReplicateDesign:
    units = design.stages[0].units
    if units > MOST:
        raise ServiceError(
            mark(
                "a jackknife has a replicate for each of {units} primary units, and more than {most} are too many: "
                "name the column of the primary units with --psu, or use the bootstrap"
            ),
            units=units,
            most=MOST,
        )
    if len(design.stages[0].strata) > 1 and plan.scales is None:
        raise ServiceError(
            mark("the replicates of a jackknife by strata count differently: say with --scales where to write how much")
        )
    return jackknife(design)


def _bootstrap(plan: ReplicatePlan, design: SurveyDesign) -> ReplicateDesign:
    if plan.seed is None:
        raise ServiceError(mark("a bootstrap needs a --seed, so that it can be made again"))
    rng = np.random.Generator(np.random.PCG64(plan.seed))
    return bootstrap(design, rng=rng, replicates=plan.number)


METHODS: dict[str, Callable[[ReplicatePlan, SurveyDesign], ReplicateDesign]] = {
    "jkn": _jackknife,
    "bootstrap": _bootstrap,
}


def scales_of(made: ReplicateDesign) -> NDArray[np.float64]:
    """What the squared deviation of each replicate is multiplied with."""
    return made.scale * made.replicate_scales


def write_scales(out: Path, scales: NDArray[np.float64]) -> None:
    """Write what `sipas estimate --replicate-scales` reads."""
    with out.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["replicate", "scale"])
        writer.writerows((f"{PREFIX}{number}", repr(scale)) for number, scale in enumerate(scales.tolist(), start=1))
