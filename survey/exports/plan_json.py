"""A plan's report as one JSON document; docs/methods.md, "The JSON of a plan", says what the keys are."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sampling.expectations import Outlook
    from survey.services.planning import PlanReport


def plan_json(report: PlanReport) -> str:
    """The document, on one line."""
    plan = report.plan
    ids = [dimension.id for dimension in plan.dimensions]
    document: dict[str, Any] = {
        "name": plan.name,
        "questionnaire": plan.questionnaire,
        "confidence_level": plan.confidence_level,
        "seed": plan.seed,
        "target_margin": plan.target_margin,
        "ranked_by": plan.ranked_by,
        "currency": plan.costs.currency,
        "agencies": [_outlook(one, ids) for one in report.outlooks.agencies],
        "province": _outlook(report.outlooks.province, ids),
        "simulation": None,
    }
    if report.findings is not None:
        found = asdict(report.findings)
        for one in (*found["agencies"], found["province"]):
            for key in ("margin", "margin_10", "margin_90", "coverage"):
                one[key] = dict(zip(ids, one[key], strict=True))
        document["simulation"] = found
    return json.dumps(document, ensure_ascii=False) + "\n"


def _outlook(one: Outlook, ids: list[str]) -> dict[str, Any]:
    values = asdict(one)
    values["dimensions"] = dict(zip(ids, values.pop("figures"), strict=True))
    return values
