"""Weights of a composite by what moves overall satisfaction in a wave."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis.drivers import weights_from_drivers
from survey.engine import sql

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from analysis.composites import EstimatedWeights
    from forms.definition import Composite, Questionnaire
    from survey.services.references import WaveRef

# Not an id that a definition can give a dimension.
OUTCOME = "the outcome"


def driver_weights(
    session: Session, wave: WaveRef, questionnaire: Questionnaire, composite: Composite, *, stream: str
) -> EstimatedWeights:
    """The weights of the composite's dimensions, from everybody who answered its item and all of them."""
    parts = {one.id: one.items for one in questionnaire.dimensions if one.id in composite.dimensions}
    moments = sql.moments(
        session,
        wave_id=wave.id,
        stream=stream,
        questionnaire=questionnaire,
        variables={OUTCOME: (composite.item or "",), **parts},
    )
    return weights_from_drivers(moments, outcome=OUTCOME, predictors=list(parts))
