"""Model-based indices of each level, from the agencies that this audience may see and for them.

Hidden agencies are left out of the model too: whoever knows all others could solve its equations for one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis.errors import AnalysisError
from analysis.smallarea import small_areas
from survey.services.decision_values import ModelBased, Said

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analysis.results import Estimate
    from analysis.smallarea import SmallArea
    from survey.services.references import AgencyRef


def models(
    units: Sequence[AgencyRef], overall: Sequence[Estimate | None]
) -> tuple[list[ModelBased | None], dict[str, Said]]:
    """One an agency, None where its index is not shown; and by level, why there is no model."""
    found: list[ModelBased | None] = [None] * len(units)
    reasons: dict[str, Said] = {}
    for level in dict.fromkeys(unit.level for unit in units):
        places = [place for place, unit in enumerate(units) if unit.level == level and overall[place]]
        try:
            model = small_areas([overall[place] for place in places])
        except AnalysisError as error:
            reasons[level] = Said(error.template, error.values)
            continue
        for place, area in zip(places, model.areas, strict=True):
            found[place] = _value(area)
    return found, reasons


def _value(area: SmallArea) -> ModelBased:
    return ModelBased(
        label=area.label,
        value=100 * area.value,
        standard_error=100 * area.standard_error,
        low=100 * area.low,
        high=100 * area.high,
        shrinkage=area.shrinkage,
        synthetic=area.synthetic,
    )
