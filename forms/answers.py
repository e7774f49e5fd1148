"""From a posted form to the answers that are stored, or to what the respondent should mend."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

from forms.definition import FALLBACK_LANGUAGE, ChoiceItem, MultipleChoiceItem

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from wtforms import Form

    from forms.definition import Item, Questionnaire

Answer: TypeAlias = int | str | list[str]


class FormData(Protocol):
    """What a web framework calls a MultiDict."""

    def __contains__(self, name: object, /) -> bool: ...
    def getlist(self, key: str, /) -> list[str]: ...


@dataclass(frozen=True, slots=True)
class Submission:
    """What one posted form says.

    `answers` holds what was given and is acceptable, by item, in the order of the page: a level (or "na") for a rating,
    an option's value for a choice, a list of them for a multiple choice, words for a comment. What was left blank is
    absent. `errors` says for an item what to do; nothing may be stored while there are any.
    """

    answers: dict[str, Answer]
    errors: dict[str, str]


def read(questionnaire: Questionnaire, form_data: FormData, *, gettext: Callable[[str], str]) -> Submission:
    """The answers to `questionnaire` in `form_data`.

    Fields that are no items are passed over: the page has fields of its own (its token, its language), and browsers'
    extensions add more. An item is never among them, since a misspelt one is missing under its own name.
    """
    # WTForms is loaded with the first form that is read: `canonical` is also for those who read none.
    from forms.building import build_form

    form = build_form(questionnaire, locale=FALLBACK_LANGUAGE, gettext=gettext)(form_data)
    form.validate()
    answers = {name: form[name].data for name in questionnaire.answer_ids if _is_answered(form, name)}
    for item in questionnaire.items:
        _drop_idle_specification(item, answers)
    return Submission(
        answers=answers,
        errors={name: form[name].errors[0] for name in questionnaire.answer_ids if form[name].errors},
    )


def canonical(answers: Mapping[str, Answer]) -> str:
    """The one JSON text of these answers, to tell whether a form that comes twice says the same."""
    return json.dumps(answers, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _is_answered(form: Form, name: str) -> bool:
    return form[name].data is not None and not form[name].errors


def _drop_idle_specification(item: Item, answers: dict[str, Answer]) -> None:
    """Words beside “other” count only where “other” was chosen: without JavaScript the line is always on the page."""
    if not isinstance(item, ChoiceItem | MultipleChoiceItem) or item.specify_id not in answers:
        return
    chosen = answers.get(item.id, [])
    if not any(option.specify and option.value in _as_list(chosen) for option in item.options):
        del answers[item.specify_id]


def _as_list(answer: Answer) -> list[str]:
    return answer if isinstance(answer, list) else [str(answer)]
