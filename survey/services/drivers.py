"""What moves overall satisfaction in a wave, how reliably the dimensions are measured, and the way to the target."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis.drivers import drivers_of_whole, effects_from_drivers
from analysis.errors import AnalysisError
from analysis.quadrants import place
from analysis.reliability import Unreliable, reliability_interval, reliability_of_whole
from analysis.results import Kind
from analysis.target import Effects, feasible_gains, way_to_target
from forms.definition import CompositeKind
from survey.engine import sql
from survey.i18n import mark
from survey.services.decision_values import DriverValue, ReliabilityValue, Said, Step, TargetWay
from survey.services.driver_weights import OUTCOME

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.orm import Session

    from analysis.drivers import Driver, Drivers
    from analysis.moments import Moments
    from analysis.quadrants import Placement
    from analysis.reliability import Reliability
    from analysis.results import Estimate
    from analysis.target import Way
    from forms.definition import Questionnaire
    from survey.services.index_sums import Summed

NO_QUESTION = mark(
    "This questionnaire does not ask for overall satisfaction directly, so nothing can be said to move it."
)
# A regression takes so many dimensions at the most.
MOST_PREDICTORS = 12


def drivers(session: Session, summed: Summed) -> tuple[Drivers | None, tuple[DriverValue, ...], Said | None]:
    """The drivers of the whole wave, each as readers get it, or why there are none."""
    outcome, predictors = _question(summed.questionnaire)
    if outcome is None or not predictors:
        return None, (), Said(NO_QUESTION)
    found = drivers_of_whole(
        _moments(session, summed, outcome, predictors, kind=Kind.MEAN), outcome=OUTCOME, predictors=list(predictors)
    )
    if not found.drivers:
        return found, (), Said(found.reason)
    return found, _values(found.drivers, summed), Said(found.reason) if found.reason else None


def way(session: Session, summed: Summed, *, target: float, shown: Sequence[int]) -> TargetWay | None:
    """The smallest set of improvements to the target; None where the index or its making is not known.

    Feasible is what the best quarter of the agencies reaches: of those that are `shown`, so that none is given away.
    """
    index = summed.overall(summed.whole)
    if index is None:
        return None
    made = _effects(session, summed)
    if made is None:
        return None
    index, effects = made
    now = {name: one.value for name in effects.names if (one := summed.whole.dimensions[name])}
    peers = {name: _reached(summed, name, shown) for name in now}
    if len(now) < len(effects.names) or not all(peers.values()):
        return None
    found = way_to_target(index, effects, target=target, feasible=feasible_gains(now, peers=peers))
    return TargetWay(
        target=100 * target,
        standing=Said(found.standing),
        steps=_steps(found.way),
        index=100 * found.way.index,
        probability=found.way.probability,
        sure_probability=found.probability,
        sure_steps=_steps(found.sure_way) if found.sure_way else None,
    )


def reliability(session: Session, summed: Summed) -> tuple[ReliabilityValue, ...]:
    """Alpha and omega of every dimension, everybody together."""
    values: list[ReliabilityValue] = []
    for dimension in summed.questionnaire.dimensions:
        if len(dimension.items) == 1:
            values.append(ReliabilityValue(dimension.id, None, None, None, None, Said(Unreliable.ONE_ITEM)))
            continue
        moments = sql.moments(
            session,
            wave_id=summed.wave.id,
            stream=summed.stream,
            questionnaire=summed.questionnaire,
            variables={item: (item,) for item in dimension.items},
        )
        values += map(_reliability, reliability_of_whole(moments, dimensions={dimension.id: dimension.items}))
    return tuple(values)


def _question(questionnaire: Questionnaire) -> tuple[str | None, Mapping[str, Sequence[str]]]:
    """The item that asks for overall satisfaction, and the dimensions that may move it."""
    direct = [one.item for one in questionnaire.index.composites if one.kind is CompositeKind.DIRECT]
    if not direct:
        return None, {}
    others = {one.id: one.items for one in questionnaire.dimensions if one.items != (direct[0],)}
    return direct[0], others if len(others) <= MOST_PREDICTORS else {}


def _moments(
    session: Session, summed: Summed, outcome: str, predictors: Mapping[str, Sequence[str]], *, kind: Kind
) -> Moments:
    return sql.moments(
        session,
        wave_id=summed.wave.id,
        stream=summed.stream,
        questionnaire=summed.questionnaire,
        variables={OUTCOME: (outcome,), **predictors},
        kind=kind,
    )


def _values(found: Sequence[Driver], summed: Summed) -> tuple[DriverValue, ...]:
    importance = {driver.name: driver.share for driver in found}
    performance = {driver.name: summed.whole.dimensions[driver.name] for driver in found}
    names = list(summed.whole.dimensions)
    kept = [names.index(name) for name in performance]
    covariance = summed.whole.covariance
    square = covariance[kept][:, kept] if covariance.shape[0] == len(names) else None
    placed = {one.name: one for one in place(importance, performance, covariance=square)}
    return tuple(_driver(driver, placed[driver.name], performance[driver.name]) for driver in found)


def _driver(driver: Driver, placed: Placement, performance: Estimate | None) -> DriverValue:
    interval = driver.share.interval() if driver.share else None
    return DriverValue(
        dimension=driver.name,
        coefficient=driver.coefficient.value,
        coefficient_error=driver.coefficient.standard_error,
        share=driver.share.value if driver.share else None,
        share_low=interval.low if interval else None,
        share_high=interval.high if interval else None,
        performance=100 * performance.value if performance else None,
        quadrant=Said(placed.quadrant) if placed.quadrant else None,
        certain=placed.sure if placed.quadrant else None,
    )


def _effects(session: Session, summed: Summed) -> tuple[Estimate, Effects] | None:
    """The index and what each dimension adds to it: by the composite's weights, or by the regression."""
    outcome, predictors = _question(summed.questionnaire)
    weights = summed.leading_weights()
    index = summed.overall(summed.whole)
    if weights is not None and index is not None:
        return index, Effects.of_weights(weights)
    if outcome is None or not predictors:
        return None
    moments = _moments(session, summed, outcome, predictors, kind=Kind.SHARE)
    try:
        return effects_from_drivers(moments, outcome=OUTCOME, predictors=list(predictors))
    except AnalysisError:
        # Too few answers, or all the same: the drivers say so.
        return None


def _reached(summed: Summed, name: str, shown: Sequence[int]) -> list[float]:
    found = [summed.by_agency[agency].dimensions[name] for agency in shown]
    return [estimate.value for estimate in found if estimate]


def _steps(found: Way) -> tuple[Step, ...]:
    return tuple(Step(one.name, 100 * one.gain, 100 * one.feasible, 100 * one.adds) for one in found.improvements)


def _reliability(found: Reliability) -> ReliabilityValue:
    interval = reliability_interval(found.alpha) if found.alpha and found.alpha.standard_error is not None else None
    return ReliabilityValue(
        dimension=found.dimension,
        alpha=found.alpha.value if found.alpha else None,
        alpha_low=interval.low if interval else None,
        alpha_high=interval.high if interval else None,
        omega=found.omega.value if found.omega else None,
        reason=Said(found.reason) if found.reason else None,
    )
