"""A questionnaire as it is printed on paper: tables of boxes for ratings, boxes for choices, lines for words.

Everything that is read stands in the questionnaire's definition; nothing is said here.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from forms.definition import ChoiceItem, CommentItem, MultipleChoiceItem, RatingItem

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from forms.definition import Item, Questionnaire, Section

# What a hand writes on a line of the page's width.
SIGNS_OF_A_LINE = 250
MOST_LINES = 6


def printed(questionnaire: Questionnaire, *, locale: str) -> Mapping[str, Any]:
    """The questionnaire in one language as `paper.typ` reads it."""
    return {
        "title": questionnaire.title.localised(locale),
        "intro": questionnaire.intro.localised(locale) if questionnaire.intro else "",
        "sections": [_section(questionnaire, section, locale) for section in questionnaire.sections],
    }


def _section(questionnaire: Questionnaire, section: Section, locale: str) -> Mapping[str, Any]:
    items = [questionnaire.item(name) for name in section.items]
    return {
        "title": section.title.localised(locale) if section.title else "",
        "intro": section.intro.localised(locale) if section.intro else "",
        "parts": [
            DRAWN_AS[kind](questionnaire, list(alike), locale) for (kind, _scale), alike in groupby(items, key=_alike)
        ],
    }


def _alike(item: Item) -> tuple[type[Item], str]:
    """Ratings on one scale, below one another, are one table."""
    return type(item), item.scale if isinstance(item, RatingItem) else item.id


def _ratings(questionnaire: Questionnaire, items: Sequence[RatingItem], locale: str) -> Mapping[str, Any]:
    scale = questionnaire.scale(items[0].scale)
    offered = scale.not_applicable is not None and any(item.not_applicable for item in items)
    return {
        "kind": "ratings",
        "levels": [level.text.localised(locale) for level in scale.levels],
        "apart": scale.not_applicable.localised(locale) if offered and scale.not_applicable else "",
        "rows": [{**_asked(item, locale), "apart": item.not_applicable} for item in items],
    }


def _choice(_questionnaire: Questionnaire, items: Sequence[ChoiceItem], locale: str) -> Mapping[str, Any]:
    (item,) = items
    return {"kind": "choice", **_asked(item, locale), "several": False, "options": _options(item, locale)}


def _several(_questionnaire: Questionnaire, items: Sequence[MultipleChoiceItem], locale: str) -> Mapping[str, Any]:
    (item,) = items
    return {"kind": "choice", **_asked(item, locale), "several": True, "options": _options(item, locale)}


def _comment(_questionnaire: Questionnaire, items: Sequence[CommentItem], locale: str) -> Mapping[str, Any]:
    (item,) = items
    lines = min(MOST_LINES, max(1, item.max_length // SIGNS_OF_A_LINE))
    return {"kind": "comment", **_asked(item, locale), "lines": lines}


def _asked(item: Item, locale: str) -> Mapping[str, Any]:
    return {
        "text": item.text.localised(locale),
        "hint": item.hint.localised(locale) if item.hint else "",
        "required": item.required,
    }


def _options(item: ChoiceItem | MultipleChoiceItem, locale: str) -> list[Mapping[str, Any]]:
    return [{"text": option.text.localised(locale), "line": option.specify} for option in item.options]


# A new kind of item is one line here and one branch in paper.typ; a test asks for both.
DRAWN_AS: Mapping[type[Item], Callable[..., Mapping[str, Any]]] = {
    RatingItem: _ratings,
    ChoiceItem: _choice,
    MultipleChoiceItem: _several,
    CommentItem: _comment,
}
