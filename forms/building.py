"""The WTForms class of a questionnaire, for validation only: pages are loops over the definition.

One short builder a kind of item. A new kind is a dataclass in `definition`, a reader in `reading`, a builder here and a
macro in the templates.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from wtforms import Form

from forms import messages
from forms.definition import (
    NOT_APPLICABLE,
    SPECIFY_MAX_LENGTH,
    ChoiceItem,
    CommentItem,
    MultipleChoiceItem,
    RatingItem,
)
from forms.fields import OneAnswerField, SeveralAnswersField, WordsField
from forms.validators import AmongShown, Given, GivenOnce, ShortEnough

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from forms.definition import Item, Questionnaire


# A citizen's answer waits for this: 90 fields take some milliseconds to build and none to find again.
@lru_cache(maxsize=64)
def build_form(questionnaire: Questionnaire, *, locale: str, gettext: Callable[[str], str]) -> type[Form]:
    """The form class that checks answers to `questionnaire`, with its labels in `locale` and messages by `gettext`.

    Built once for each set of arguments, so `gettext` should be one function that lasts, not a new one each time.
    """
    members: dict[str, object] = {"Meta": _meta(gettext)}
    for item in questionnaire.items:
        label = item.text.localised(locale)
        members[item.id] = FIELD_BUILDERS[type(item)](item, questionnaire, label)
        if item.specify_id is not None:
            members[item.specify_id] = _words_field(label, required=False, max_length=SPECIFY_MAX_LENGTH)
    return type("QuestionnaireForm", (Form,), members)


def _rating_field(item: RatingItem, questionnaire: Questionnaire, label: str) -> OneAnswerField:
    accepted: dict[str, int | str] = {str(level.value): level.value for level in questionnaire.scale(item.scale).levels}
    if item.not_applicable:
        accepted[NOT_APPLICABLE] = NOT_APPLICABLE
    return _one_answer_field(label, required=item.required, accepted=accepted)


def _choice_field(item: ChoiceItem, _questionnaire: Questionnaire, label: str) -> OneAnswerField:
    accepted = {option.value: option.value for option in item.options}
    return _one_answer_field(label, required=item.required, accepted=accepted)


def _multiple_choice_field(item: MultipleChoiceItem, _questionnaire: Questionnaire, label: str) -> SeveralAnswersField:
    accepted = {option.value: option.value for option in item.options}
    demanded = [Given(messages.CHOOSE_SOME)] if item.required else []
    return SeveralAnswersField(label, accepted=accepted, validators=[*demanded, AmongShown()])


def _comment_field(item: CommentItem, _questionnaire: Questionnaire, label: str) -> WordsField:
    return _words_field(label, required=item.required, max_length=item.max_length)


FIELD_BUILDERS: Mapping[type[Item], Callable[..., Any]] = {
    RatingItem: _rating_field,
    ChoiceItem: _choice_field,
    MultipleChoiceItem: _multiple_choice_field,
    CommentItem: _comment_field,
}


def _one_answer_field(label: str, *, required: bool, accepted: Mapping[str, int | str]) -> OneAnswerField:
    demanded = [Given(messages.CHOOSE_ONE)] if required else []
    validators = [*demanded, GivenOnce(messages.CHOOSE_ONLY_ONE), AmongShown()]
    return OneAnswerField(label, accepted=accepted, validators=validators)


def _words_field(label: str, *, required: bool, max_length: int) -> WordsField:
    demanded = [Given(messages.WRITE_ANSWER)] if required else []
    validators = [*demanded, GivenOnce(messages.WRITE_ONLY_ONE), ShortEnough()]
    return WordsField(label, max_length=max_length, validators=validators)


def _meta(gettext: Callable[[str], str]) -> type:
    """WTForms' own way to a catalogue, led to `gettext`."""
    translations = type("Translations", (), {"gettext": staticmethod(gettext)})()
    return type("Meta", (), {"get_translations": lambda _meta, _form: translations})
