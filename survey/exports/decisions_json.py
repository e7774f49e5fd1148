"""What can be decided, as parts of the one JSON document: a table of parts for a row, and one for the whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from survey.exports.numbers import number

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from survey.i18n import Locale
    from survey.services.decision_values import (
        Change,
        Decided,
        Decision,
        Decomposed,
        DriverValue,
        Earlier,
        ItemGaps,
        ModelBased,
        ReliabilityValue,
        Risk,
        Said,
        Sign,
        Step,
        TargetWay,
    )
    from survey.services.index_values import IndexCell


def row_parts(
    decision: Decision | None, *, language: Locale, cell: Callable[[IndexCell | None], Any]
) -> dict[str, Any]:
    """The keys of one agency's row; all null where nothing was decided or nothing may be seen."""
    if decision is None:
        return dict.fromkeys(ROW_KEYS)
    rank, past = decision.rank, decision.past
    change = past.change if past else None
    return {
        "rank": rank.rank,
        "rank_low": rank.low,
        "rank_high": rank.high,
        "group": rank.group,
        "rank_reason": said(rank.reason, language),
        "change": number(change.value) if change else None,
        "change_se": number(change.standard_error) if change else None,
        "change_low": number(change.low) if change else None,
        "change_high": number(change.high) if change else None,
        "change_p": number(change.p_value) if change else None,
        "change_p_adjusted": number(change.holm) if change else None,
        "change_q": number(change.false_discovery) if change else None,
        "change_merged_from": list(past.merged_from) if past and past.merged_from else None,
        "change_reason": said(past.reason, language) if past else None,
        "to_target": _change(decision.target),
        "integrity": _risk(decision.risk, language, cell),
        "model": _model(decision.model, language),
        "mode_gap": _change(decision.mode_gap),
        "transactions": decision.transactions,
        "response_rate": number(decision.response_rate),
    }


ROW_KEYS = (
    "rank",
    "rank_low",
    "rank_high",
    "group",
    "rank_reason",
    "change",
    "change_se",
    "change_low",
    "change_high",
    "change_p",
    "change_p_adjusted",
    "change_q",
    "change_merged_from",
    "change_reason",
    "to_target",
    "integrity",
    "model",
    "mode_gap",
    "transactions",
    "response_rate",
)


def whole_parts(decided: Decided | None, *, language: Locale) -> dict[str, Any] | None:
    """What is said of the whole table; null where nothing was decided."""
    if decided is None:
        return None
    return {
        "minimum_to_rank": decided.minimum_to_rank,
        "target": decided.target,
        "compared_with": _earlier(decided.earlier, language),
        "change_of_the_whole": _decomposed(decided.decomposed),
        "drivers": [_driver(one, language) for one in decided.drivers],
        "r_squared": number(decided.r_squared),
        "drivers_reason": said(decided.no_drivers, language),
        "way_to_target": _way(decided.way, language),
        "reliability": [_reliability(one, language) for one in decided.reliability],
        "item_nonresponse": [_gaps(one) for one in decided.item_gaps],
        "model_reasons": {level: said(reason, language) for level, reason in decided.no_model.items()},
    }


def said(message: Said | None, language: Locale) -> str | None:
    """A message in the reader's language."""
    if message is None:
        return None
    values = {name: _spoken(value, language) for name, value in message.values.items()}
    return language.translations.gettext(message.template).format(**values)


def _spoken(value: object, language: Locale) -> object:
    # Values of questionnaires are texts in several languages.
    return value.localised(language.code) if hasattr(value, "localised") else value


def _change(change: Change | None) -> dict[str, Any] | None:
    if change is None:
        return None
    return {
        "value": number(change.value),
        "se": number(change.standard_error),
        "low": number(change.low),
        "high": number(change.high),
        "p": number(change.p_value),
    }


def _risk(risk: Risk | None, language: Locale, cell: Callable[[IndexCell | None], Any]) -> dict[str, Any] | None:
    if risk is None:
        return None
    return {
        "score": number(risk.score),
        "flagged": risk.flagged,
        "components": [_sign(sign, language) for sign in risk.signs],
        "suspicious": risk.suspicious,
        "without_suspicious": cell(risk.without),
        "reason": said(risk.reason, language),
    }


def _sign(sign: Sign, language: Locale) -> dict[str, Any]:
    return {
        "signal": sign.signal,
        "value": number(sign.value),
        "expected": number(sign.expected),
        "chance": number(sign.chance),
        "text": said(sign.message, language),
    }


def _model(model: ModelBased | None, language: Locale) -> dict[str, Any] | None:
    if model is None:
        return None
    return {
        "label": language.gettext(model.label),
        "index": number(model.value),
        "se": number(model.standard_error),
        "ci_low": number(model.low),
        "ci_high": number(model.high),
        "shrinkage": number(model.shrinkage),
        "synthetic": model.synthetic,
    }


def _earlier(earlier: Earlier | None, language: Locale) -> dict[str, Any] | None:
    if earlier is None:
        return None
    broken: Mapping[str, Any] = {
        name: [said(reason, language) for reason in reasons] for name, reasons in earlier.broken.items()
    }
    return {"wave": earlier.code, "title": earlier.title, "not_comparable": broken}


def _decomposed(found: Decomposed | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "agencies": found.agencies,
        "total": _change(found.total),
        "composition": _change(found.composition),
        "performance": _change(found.performance),
    }


def _driver(driver: DriverValue, language: Locale) -> dict[str, Any]:
    return {
        "dimension": driver.dimension,
        "coefficient": number(driver.coefficient),
        "coefficient_se": number(driver.coefficient_error),
        "importance": number(driver.share),
        "importance_low": number(driver.share_low),
        "importance_high": number(driver.share_high),
        "index": number(driver.performance),
        "quadrant": said(driver.quadrant, language),
        "sure": driver.certain,
    }


def _way(way: TargetWay | None, language: Locale) -> dict[str, Any] | None:
    if way is None:
        return None
    return {
        "target": number(way.target),
        "standing": said(way.standing, language),
        "improvements": [_step(step) for step in way.steps],
        "index": number(way.index),
        "probability": number(way.probability),
        "sure_probability": number(way.sure_probability),
        "sure_improvements": None if way.sure_steps is None else [_step(step) for step in way.sure_steps],
    }


def _step(step: Step) -> dict[str, Any]:
    return {
        "dimension": step.dimension,
        "gain": number(step.gain),
        "feasible": number(step.feasible),
        "adds": number(step.adds),
    }


def _reliability(found: ReliabilityValue, language: Locale) -> dict[str, Any]:
    return {
        "dimension": found.dimension,
        "alpha": number(found.alpha),
        "alpha_low": number(found.alpha_low),
        "alpha_high": number(found.alpha_high),
        "omega": number(found.omega),
        "reason": said(found.reason, language),
    }


def _gaps(found: ItemGaps) -> dict[str, Any]:
    return {"item": found.item, "missing": number(found.missing), "flagged": found.flagged}
