"""What the report of weights says: response by class, each step's distribution, margins, the largest weights."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.arrays import group_sums
from analysis.auxiliaries import Total
from analysis.dispositions import INELIGIBLE, NONRESPONDENT, OUTCOMES, RESPONDENT, UNKNOWN
from analysis.weighting import WeightDistribution, weight_distribution
from analysis.weighting_classes import response_rate
from survey.i18n import explain, mark
from survey.services.calibrating import largest_error, reached_by, wanted_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from analysis.auxiliaries import Auxiliary
    from analysis.weighting import Weighting
    from analysis.weighting_classes import Classes

LARGEST = 10
# Below so many respondents, or above such a factor, a class is worth a second look.
FEW, HIGH = 20, 3.0


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence for whoever will use the weights."""

    template: str
    values: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Step:
    """The weights after one step."""

    name: str
    distribution: WeightDistribution


@dataclass(frozen=True, slots=True)
class ClassLine:
    """One class: who was drawn, who answered, and by what the weights of those who did were multiplied."""

    name: str
    merged: int
    drawn: int
    respondents: int
    nonrespondents: int
    ineligible: int
    unknown: int
    response_rate: float | None
    factor: float | None


@dataclass(frozen=True, slots=True)
class MarginLine:
    """One known total, and what weights make of it before and after."""

    variable: str
    level: str | None
    total: float
    before: float
    calibrated: float
    final: float


@dataclass(frozen=True, slots=True)
class LargeWeight:
    """A respondent with one of the largest weights."""

    line: int
    base: float
    weight: float
    share: float


@dataclass(frozen=True, slots=True)
class ReplicateSet:
    """Replicate weights, and what the squared deviation of each is multiplied with in a variance."""

    method: str
    prefix: str
    scales: tuple[float, ...]
    seed: int | None


@dataclass(frozen=True, slots=True)
class WeightsReport:
    """How the weights came about. Response rates are AAPOR's RR4; the weighted one counts base weights."""

    drawn: int
    outcomes: Mapping[str, int]
    response_rate: float
    response_rate_weighted: float
    adjusted_by: str
    column: str
    steps: tuple[Step, ...]
    classes: tuple[ClassLine, ...]
    propensity: Mapping[str, float] | None
    margins: tuple[MarginLine, ...]
    calibrated_by: str | None
    max_margin_error: float | None
    trimmed: int
    largest: tuple[LargeWeight, ...]
    replicates: ReplicateSet | None
    notes: tuple[Note, ...]

    def as_json(self) -> dict[str, Any]:
        """The same as a JSON document, its notes in the language being spoken."""
        return {**asdict(self), "notes": [explain(note) for note in self.notes]}


def counted(outcome: NDArray[np.int64]) -> dict[str, int]:
    """How many of each outcome were drawn."""
    return dict(zip(OUTCOMES, np.bincount(outcome, minlength=len(OUTCOMES)).tolist(), strict=True))


def rates(base: NDArray[np.float64], outcome: NDArray[np.int64]) -> tuple[float, float]:
    """The response rate in persons and in base weights."""
    of_persons = group_sums(np.ones_like(base), outcome, len(OUTCOMES))
    of_weights = group_sums(base, outcome, len(OUTCOMES))
    return float(response_rate(of_persons)), float(response_rate(of_weights))


def steps(made: Weighting) -> tuple[Step, ...]:
    """The distribution of the weights after each step."""
    return tuple(Step(name, weight_distribution(weights)) for name, weights in made.steps.items())


def class_lines(
    classes: Classes, base: NDArray[np.float64], outcome: NDArray[np.int64], adjusted: NDArray[np.float64]
) -> tuple[ClassLine, ...]:
    """Each class with its response and its factor; `adjusted` are the weights of the respondents."""
    counts = classes.sums(np.ones_like(base), outcome).astype(np.int64).tolist()
    sums = classes.sums(base, outcome)
    after = np.bincount(classes.codes[outcome == RESPONDENT], weights=adjusted, minlength=len(classes.members))
    found = []
    for place, (count, rate) in enumerate(zip(counts, response_rate(sums).tolist(), strict=True)):
        before = sums[place, RESPONDENT]
        found.append(
            ClassLine(
                name=classes.label(place),
                merged=len(classes.members[place]),
                drawn=sum(count),
                respondents=count[RESPONDENT],
                nonrespondents=count[NONRESPONDENT],
                ineligible=count[INELIGIBLE],
                unknown=count[UNKNOWN],
                response_rate=None if np.isnan(rate) else rate,
                factor=float(after[place] / before) if before > 0 else None,
            )
        )
    return tuple(found)


def margin_lines(auxiliaries: Sequence[Auxiliary], made: Weighting) -> tuple[MarginLine, ...]:
    """Each known total before calibrating, after it, and after the last step."""
    if made.calibration is None:
        return ()
    weights = (made.nonresponse, made.calibration.weights, made.final)
    found = []
    for each in auxiliaries:
        reached = (reached_by(each, one).tolist() for one in weights)
        for level, total, before, calibrated, final in zip(
            _levels(each), wanted_of(each).tolist(), *reached, strict=True
        ):
            found.append(MarginLine(each.variable, level, total, before, calibrated, final))
    return tuple(found)


def _levels(known: Auxiliary) -> Sequence[str | None]:
    return [None] if isinstance(known, Total) else [str(level) for level in known.levels]


def final_error(auxiliaries: Sequence[Auxiliary], made: Weighting) -> float | None:
    """Largest relative difference between a total and what the last weights make of it."""
    return None if made.calibration is None else largest_error(auxiliaries, made.final)


def largest_weights(made: Weighting, lines: Sequence[int]) -> tuple[LargeWeight, ...]:
    """The largest weights; `lines` are the file's, of the same respondents as :func:`largest_places` names."""
    total = float(made.final.sum())
    return tuple(
        LargeWeight(line, float(made.base[place]), float(made.final[place]), float(made.final[place]) / total)
        for place, line in zip(largest_places(made).tolist(), lines, strict=True)
    )


def largest_places(made: Weighting) -> NDArray[np.int64]:
    """The respondents with the largest weights, the earlier first among equals."""
    return np.argsort(-made.final, kind="stable")[:LARGEST]


def notes(classes: Sequence[ClassLine], made: Weighting) -> tuple[Note, ...]:
    """What to look at before using the weights."""
    found = []
    merged = [line.name for line in classes if line.merged > 1]
    if merged:
        sentence = mark("Merged for having too few respondents: {classes}.")
        found.append(Note(sentence, {"classes": "; ".join(merged)}))
    asked = [line for line in classes if line.factor is not None]
    thin = [line.name for line in asked if line.respondents < FEW or (line.factor or 0) > HIGH]
    if thin:
        sentence = mark(
            "With fewer than {few} respondents or a factor above {high}, so that weights vary by chance: {classes}."
        )
        found.append(Note(sentence, {"few": FEW, "high": f"{HIGH:g}", "classes": "; ".join(thin)}))
    if (made.final <= 0).any():
        sentence = mark("{count} weights are zero or negative: use rake, or linear within bounds.")
        found.append(Note(sentence, {"count": int((made.final <= 0).sum())}))
    return tuple(found)
