"""From the responses of a wave to its indices, before anything is hidden: one GROUP BY, then `analysis`.

What is summed follows from the questionnaire: a measure for each dimension, for each composite that pools answers, and
for each block; the other composites are put together from these by their weights.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from analysis.cells import cells_from_sums
from analysis.composites import EstimatedWeights, composed, product_variables
from analysis.errors import AnalysisError
from analysis.index import index_by_domain, index_of_whole, index_over_domains, weights
from analysis.moments import moments_from_products
from forms.definition import CompositeKind
from survey.engine import sql
from survey.i18n import mark
from survey.services.driver_weights import driver_weights
from survey.services.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from sqlalchemy.orm import Session

    from analysis.cells import Cells
    from analysis.index import DomainIndex
    from analysis.moments import Moments
    from analysis.results import Estimate
    from forms.definition import Composite, Questionnaire
    from survey.services.references import WaveRef

DESIGN, TRANSACTIONS = "design", "transactions"


@dataclass(slots=True)
class Plan:
    """What is summed of a questionnaire, and how its composites are put together.

    `measures` are the items that each one pools, `parts` the weights of the measures in a composite that is no
    measure itself. `members` are the dimensions that a composite is made of: who knows it and all of them but one
    knows that one.
    """

    measures: dict[str, Sequence[str]] = field(default_factory=dict)
    parts: dict[str, Mapping[str, float] | EstimatedWeights] = field(default_factory=dict)
    members: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def together(self) -> tuple[str, ...]:
        """The measures whose products are needed."""
        shares = [one.shares if isinstance(one, EstimatedWeights) else one for one in self.parts.values()]
        return tuple(dict.fromkeys(name for one in shares for name in one))


@dataclass(frozen=True, slots=True)
class Summed:
    """The indices of one stream of a wave; every index has the dimensions and composites of the questionnaire.

    `covers` is the share of the transactions that the agencies counted in the whole handled, where it is weighted so.
    """

    wave: WaveRef
    stream: str
    questionnaire: Questionnaire
    plan: Plan
    weighting: str
    left_out: int
    cells: Cells
    moments: Moments | None
    by_agency: Mapping[int, DomainIndex]
    whole: DomainIndex
    covers: float = 1.0

    @property
    def dimensions(self) -> tuple[str, ...]:
        """In the order of the questionnaire."""
        return tuple(one.id for one in self.questionnaire.dimensions)

    @property
    def leading(self) -> str | None:
        """The composite that speaks for an agency: the first of the questionnaire."""
        composites = self.questionnaire.index.composites
        return composites[0].id if composites else None

    def overall(self, index: DomainIndex | None) -> Estimate | None:
        """The leading composite of an agency."""
        return index.composites.get(self.leading or "") if index else None

    def leading_weights(self) -> dict[str, float] | None:
        """What each dimension counts for in the leading composite; None where that asks people directly."""
        composite = next(iter(self.questionnaire.index.composites), None)
        if composite is None or composite.kind is CompositeKind.DIRECT:
            return None
        blocks = {weight.of: weight.share for weight in composite.weights}
        parts = self.plan.parts.get(_key(composite.id))
        if isinstance(parts, EstimatedWeights):
            return dict(parts.shares)
        if composite.kind in {CompositeKind.EQUAL, CompositeKind.FIXED} and parts is not None:
            return dict(parts)
        return self._weights_by_answers(self.plan.members[composite.id], blocks)

    def _weights_by_answers(self, members: Sequence[str], blocks: Mapping[str, float]) -> dict[str, float]:
        """Of dimensions whose answers are pooled: their part of all weighted answers, or of those of their block."""
        base = dict(zip(self.cells.measures, self.cells.base.sum(axis=0).tolist(), strict=True))
        block = {one.id: one.block or "" for one in self.questionnaire.dimensions if one.id in members}
        share = {name: blocks.get(block[name], 1.0) for name in members}
        pooled = {name: base[_block(block[name])] if blocks else sum(base[one] for one in members) for name in members}
        return {name: share[name] * base[name] / pooled[name] if pooled[name] else 0.0 for name in members}

    def overall_cells(self) -> tuple[Cells, str] | None:
        """Cells that have the leading composite as a measure, and its name there; None where there is no such index."""
        name = _key(self.leading or "")
        parts = self.plan.parts.get(name)
        if parts is None:
            return (self.cells, name) if name in self.cells.measures else None
        shares = parts.shares if isinstance(parts, EstimatedWeights) else parts
        return composed(self.cells, {name: shares}, moments=self.moments), name


def sum_wave(
    session: Session,
    wave: WaveRef,
    questionnaire: Questionnaire,
    *,
    stream: str,
    leave_out: Collection[int] = (),
) -> Summed:
    """The indices of one stream of a wave, without the responses `leave_out`."""
    plan = plan_of(questionnaire, estimated=_estimated(session, wave, questionnaire, stream=stream))
    cells, moments = _summed(session, wave, questionnaire, plan, stream=stream, leave_out=leave_out)
    asked = _asked(plan, moments)
    named = _Named(questionnaire)
    return Summed(
        wave=wave,
        stream=stream,
        questionnaire=questionnaire,
        plan=plan,
        weighting=DESIGN,
        left_out=len(leave_out),
        cells=cells,
        moments=moments,
        by_agency={one.domain: named(one) for one in index_by_domain(cells, **asked)},
        whole=named(index_of_whole(cells, **asked)),
    )


def by_transactions(summed: Summed, handled: Mapping[int, int], *, counted: Collection[int]) -> Summed:
    """The same with a province in which each agency of `counted` counts for its transactions, and no other does.

    Those that a reader may not see must not be counted: beside the province by design, a second total of the same
    hidden agencies would be a second equation about them.
    """
    missing = [agency for agency in counted if agency not in handled]
    if missing:
        raise ServiceError(
            mark(
                "The province cannot be weighted by transactions: {count} agencies with answers have none recorded. "
                "Import them with “sipas transactions import”, or weight by design."
            ),
            count=len(missing),
        )
    shares = {label: handled[label] if label in counted else 0 for label in summed.cells.domains}
    whole = index_over_domains(summed.cells, shares, **_asked(summed.plan, summed.moments))
    total = sum(handled.values())
    covers = sum(shares.values()) / total if total else 0.0
    return replace(summed, whole=_Named(summed.questionnaire)(whole), weighting=TRANSACTIONS, covers=covers)


def _asked(plan: Plan, moments: Moments | None) -> dict[str, Any]:
    """What `analysis.index` is asked for."""
    return {"dimensions": {name: (name,) for name in plan.measures}, "composites": plan.parts, "moments": moments}


def _estimated(
    session: Session, wave: WaveRef, questionnaire: Questionnaire, *, stream: str
) -> dict[str, EstimatedWeights]:
    """The weights of composites by drivers; those that so few or so equal answers do not give are left out."""
    found = {}
    for composite in questionnaire.index.composites:
        if composite.kind is CompositeKind.DRIVERS:
            with suppress(AnalysisError):
                found[composite.id] = driver_weights(session, wave, questionnaire, composite, stream=stream)
    return found


def _summed(
    session: Session,
    wave: WaveRef,
    questionnaire: Questionnaire,
    plan: Plan,
    *,
    stream: str,
    leave_out: Collection[int],
) -> tuple[Cells, Moments | None]:
    """The cells of the plan's measures, and the products between those that are parts of a composite."""
    grouped = sql.sums(
        session,
        wave_id=wave.id,
        stream=stream,
        questionnaire=questionnaire,
        measures=plan.measures,
        together=plan.together,
        leave_out=leave_out,
    )
    keys = grouped.domain, grouped.stratum, grouped.psu
    cells = cells_from_sums(*keys, respondents=grouped.respondents, sums=grouped.sums)
    if not plan.parts:
        return cells, None
    variables = product_variables(plan.together)
    return cells, moments_from_products(
        *keys, respondents=grouped.respondents, products=grouped.products, variables=variables
    )


def plan_of(questionnaire: Questionnaire, *, estimated: Mapping[str, EstimatedWeights] | None = None) -> Plan:
    """What the indices of this questionnaire are made of; `estimated` are the weights of composites by drivers."""
    plan = Plan({one.id: one.items for one in questionnaire.dimensions})
    asked = _Context(questionnaire, estimated or {})
    for composite in questionnaire.index.composites:
        _PLANNERS[composite.kind](plan, composite, asked)
    return plan


@dataclass(frozen=True, slots=True)
class _Named:
    """Sorts the measures of an index into the questionnaire's dimensions and composites."""

    questionnaire: Questionnaire

    def __call__(self, index: DomainIndex) -> DomainIndex:
        found = {**index.dimensions, **index.composites}
        return replace(
            index,
            dimensions={one.id: found[one.id] for one in self.questionnaire.dimensions},
            composites={one.id: found.get(_key(one.id)) for one in self.questionnaire.index.composites},
        )


def _key(composite: str) -> str:
    # A composite may be called as a dimension is.
    return f"composite {composite}"


@dataclass(frozen=True, slots=True)
class _Context:
    """What composites refer to."""

    questionnaire: Questionnaire
    estimated: Mapping[str, EstimatedWeights]

    def items(self, dimensions: Sequence[str]) -> tuple[str, ...]:
        """All items of these dimensions."""
        return tuple(item for one in self.questionnaire.dimensions if one.id in dimensions for item in one.items)


def _direct(plan: Plan, composite: Composite, asked: _Context) -> None:
    item = composite.item or ""
    plan.measures[_key(composite.id)] = (item,)
    plan.members[composite.id] = tuple(one.id for one in asked.questionnaire.dimensions if one.items == (item,))


def _by_items(plan: Plan, composite: Composite, asked: _Context) -> None:
    plan.measures[_key(composite.id)] = asked.items(composite.dimensions)
    plan.members[composite.id] = composite.dimensions


def _by_weights(plan: Plan, composite: Composite, asked: _Context) -> None:
    given = {weight.of: weight.share for weight in composite.weights}
    names = composite.dimensions or tuple(given)
    counted = {one.id: len(one.items) for one in asked.questionnaire.dimensions if one.id in names}
    plan.parts[_key(composite.id)] = weights(composite.kind, counted, fixed=given)
    plan.members[composite.id] = names


def _by_drivers(plan: Plan, composite: Composite, asked: _Context) -> None:
    plan.members[composite.id] = composite.dimensions
    drivers = asked.estimated.get(composite.id)
    # Without weights there is no composite, but the dimensions are there all the same.
    if drivers is not None:
        counted = {one.id: len(one.items) for one in asked.questionnaire.dimensions if one.id in composite.dimensions}
        plan.parts[_key(composite.id)] = weights(composite.kind, counted, drivers=drivers)


def _of_blocks(plan: Plan, composite: Composite, asked: _Context) -> None:
    blocks = {
        weight.of: tuple(one.id for one in asked.questionnaire.dimensions if one.block == weight.of)
        for weight in composite.weights
    }
    plan.measures |= {_block(name): asked.items(dimensions) for name, dimensions in blocks.items()}
    counted = {_block(name): len(dimensions) for name, dimensions in blocks.items()}
    given = {_block(weight.of): weight.share for weight in composite.weights}
    plan.parts[_key(composite.id)] = weights(composite.kind, counted, fixed=given)
    plan.members[composite.id] = tuple(name for dimensions in blocks.values() for name in dimensions)


def _block(name: str) -> str:
    return f"block {name}"


_PLANNERS: Mapping[CompositeKind, Callable[[Plan, Composite, _Context], None]] = {
    CompositeKind.DIRECT: _direct,
    CompositeKind.BY_ITEMS: _by_items,
    CompositeKind.EQUAL: _by_weights,
    CompositeKind.FIXED: _by_weights,
    CompositeKind.BLOCKS: _of_blocks,
    CompositeKind.DRIVERS: _by_drivers,
}
