"""What the figures of an agency allow to decide, as readers get it: in points, with uncertainty, and with reasons.

A `Said` is a message to translate with its values: `i18n.explain` says it in the reader's language.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from survey.services.index_values import IndexCell


@dataclass(frozen=True, slots=True)
class Said:
    """A message to translate, and what fills it."""

    template: str
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rank:
    """The place of an agency within its level, with the ranks that the data do not rule out."""

    rank: int | None
    low: int | None
    high: int | None
    group: str | None
    reason: Said | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One figure less another, in points: the index less that of an earlier wave, a target, or another stream.

    `holm` and `false_discovery` are p-values adjusted for all agencies compared in the table.
    """

    value: float
    standard_error: float | None
    low: float
    high: float
    p_value: float | None
    holm: float | None = None
    false_discovery: float | None = None


@dataclass(frozen=True, slots=True)
class Past:
    """What became of an agency since the earlier wave; without a change, why."""

    change: Change | None
    merged_from: tuple[str, ...] = ()
    reason: Said | None = None


@dataclass(frozen=True, slots=True)
class Sign:
    """A signal that answers may not be citizens' own: what it found, what honest agencies show, how odd that is."""

    signal: str
    value: float
    expected: float
    chance: float
    message: Said


@dataclass(frozen=True, slots=True)
class Risk:
    """How hard the answers are to believe, and the index without those that the signals point to."""

    score: float | None
    flagged: bool
    signs: tuple[Sign, ...]
    suspicious: int
    without: IndexCell | None
    reason: Said | None = None


@dataclass(frozen=True, slots=True)
class ModelBased:
    """An index helped by what all agencies of the level share. `shrinkage` is the weight taken from the direct one."""

    label: str
    value: float
    standard_error: float
    low: float
    high: float
    shrinkage: float
    synthetic: bool


@dataclass(frozen=True, slots=True)
class Decision:
    """All of it for one agency; None where it cannot be said or may not be seen."""

    rank: Rank
    past: Past | None = None
    target: Change | None = None
    risk: Risk | None = None
    model: ModelBased | None = None
    mode_gap: Change | None = None
    response_rate: float | None = None
    transactions: int | None = None


@dataclass(frozen=True, slots=True)
class Earlier:
    """The wave that changes are from; `broken` are the dimensions and composites that do not compare, with reasons."""

    code: str
    title: str
    broken: Mapping[str, tuple[Said, ...]]


@dataclass(frozen=True, slots=True)
class Decomposed:
    """A change of the whole in two parts that add up to it: which agencies people came to, and how these did."""

    agencies: int
    total: Change
    composition: Change
    performance: Change


@dataclass(frozen=True, slots=True)
class DriverValue:
    """What one dimension has to do with overall satisfaction; shares from 0 to 1, performance in points."""

    dimension: str
    coefficient: float
    coefficient_error: float | None
    share: float | None
    share_low: float | None
    share_high: float | None
    performance: float | None
    quadrant: Said | None
    certain: bool | None


@dataclass(frozen=True, slots=True)
class Step:
    """One dimension to improve, by how many points, and what that adds to the overall index."""

    dimension: str
    gain: float
    feasible: float
    adds: float


@dataclass(frozen=True, slots=True)
class TargetWay:
    """The fewest improvements that lead to the target, and how probably they do."""

    target: float
    standing: Said
    steps: tuple[Step, ...]
    index: float
    probability: float | None
    sure_probability: float
    sure_steps: tuple[Step, ...] | None


@dataclass(frozen=True, slots=True)
class ReliabilityValue:
    """How well the items of a dimension measure one thing."""

    dimension: str
    alpha: float | None
    alpha_low: float | None
    alpha_high: float | None
    omega: float | None
    reason: Said | None


@dataclass(frozen=True, slots=True)
class ItemGaps:
    """One item that was left out more often than it should be."""

    item: str
    missing: float
    flagged: bool


@dataclass(frozen=True, slots=True)
class Decided:
    """What is said of the whole table."""

    minimum_to_rank: int
    target: float
    earlier: Earlier | None = None
    decomposed: Decomposed | None = None
    drivers: tuple[DriverValue, ...] = ()
    r_squared: float | None = None
    no_drivers: Said | None = None
    way: TargetWay | None = None
    reliability: tuple[ReliabilityValue, ...] = ()
    item_gaps: tuple[ItemGaps, ...] = ()
    no_model: Mapping[str, Said] = field(default_factory=dict)
