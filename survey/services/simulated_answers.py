"""What made-up people answer: a column for each item of any questionnaire, from how satisfied each of them is.

One person's ratings resemble each other; most are high; some people tick one level all the way down.
"""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np

from forms.definition import NOT_APPLICABLE, ChoiceItem, CommentItem, MultipleChoiceItem

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.random import Generator
    from numpy.typing import NDArray

    from forms.definition import Item, Questionnaire, RatingItem

# Spread of the latent satisfaction that agencies, counters, days, people and single questions contribute.
AGENCY_SPREAD, COUNTER_SPREAD, DAY_SPREAD, PERSON_SPREAD, ITEM_SPREAD = 0.35, 0.12, 0.15, 0.9, 0.45
EASE_SPREAD = 0.2  # Some questions are easier to be satisfied with than others.
# A cumulative share of (k/L)^3.3 up to level k of L leaves some 82% at levels 4 and 5 of five: a usual SIPAS.
CEILING = 3.3
SAME_EVERYWHERE = 0.2  # The share of people who tick one level all the way down.
LEFT_BLANK = 0.06  # Of a rating that need not be given.
DOES_NOT_APPLY = 0.3
TOLD_ABOUT_THEMSELVES = 0.6
COMMENTED = 0.04
COMMENTS = (
    "Cán bộ hướng dẫn nhiệt tình, dễ hiểu.",
    "Chờ hơi lâu vào buổi sáng.",
    "Giải quyết nhanh, trả kết quả đúng hẹn.",
    "Nên có thêm ghế ngồi chờ.",
    "Đề nghị hướng dẫn rõ hơn khi nộp hồ sơ trực tuyến.",
    "Tôi phải đi lại hai lần vì thiếu giấy tờ.",
)

Columns = dict[str, list[Any]]


def ease(questionnaire: Questionnaire, *, rng: Generator) -> dict[str, float]:
    """How easily each rating item satisfies. Two waves that share it differ only in who answers and how satisfied."""
    return {item.id: rng.normal(scale=EASE_SPREAD) for item in questionnaire.rating_items}


def columns(
    questionnaire: Questionnaire, satisfaction: NDArray[np.float64], *, ease: Mapping[str, float], rng: Generator
) -> Columns:
    """A column of answers for each item, None where it was left blank."""
    ratings = _ratings(questionnaire, satisfaction, ease=ease, rng=rng)
    others = {
        item.id: _BUILDERS[type(item)](item, len(satisfaction), rng)
        for item in questionnaire.items
        if type(item) in _BUILDERS
    }
    return {**ratings, **others}


def _ratings(
    questionnaire: Questionnaire, satisfaction: NDArray[np.float64], *, ease: Mapping[str, float], rng: Generator
) -> Columns:
    uniform = rng.random(len(satisfaction)) < SAME_EVERYWHERE
    ratings = {}
    for item in questionnaire.rating_items:
        wobble = ease[item.id] + rng.normal(scale=ITEM_SPREAD, size=len(satisfaction))
        levels = [level.value for level in questionnaire.scale_of(item.id).levels]
        place = np.searchsorted(_thresholds(len(levels)), satisfaction + np.where(uniform, 0.0, wobble))
        ratings[item.id] = _with_gaps(np.array(levels)[place].tolist(), item, rng=rng)
    return ratings


def _thresholds(levels: int) -> NDArray[np.float64]:
    spread = float(np.sqrt(AGENCY_SPREAD**2 + COUNTER_SPREAD**2 + DAY_SPREAD**2 + PERSON_SPREAD**2 + ITEM_SPREAD**2))
    latent = NormalDist(sigma=spread)
    return np.array([latent.inv_cdf((level / levels) ** CEILING) for level in range(1, levels)])


def _with_gaps(levels: list[int], item: RatingItem, *, rng: Generator) -> list[Any]:
    answers: list[Any] = levels
    if item.not_applicable:
        answers = [
            NOT_APPLICABLE if away else level
            for level, away in zip(answers, rng.random(len(answers)) < DOES_NOT_APPLY, strict=True)
        ]
    if not item.required:
        answers = _some(answers, 1 - LEFT_BLANK, rng=rng)
    return answers


def _some(answers: list[Any], share: float, *, rng: Generator) -> list[Any]:
    given = rng.random(len(answers)) < share
    return [answer if one else None for answer, one in zip(answers, given, strict=True)]


def _choices(item: ChoiceItem, size: int, rng: Generator) -> list[Any]:
    values = [option.value for option in item.options if not option.specify] or [
        option.value for option in item.options
    ]
    chosen = rng.choice(len(values), size=size, p=rng.dirichlet(np.full(len(values), 4.0)))
    return _some([values[one] for one in chosen], 1.0 if item.required else TOLD_ABOUT_THEMSELVES, rng=rng)


def _multiple_choices(item: MultipleChoiceItem, size: int, rng: Generator) -> list[Any]:
    values = [option.value for option in item.options if not option.specify] or [
        option.value for option in item.options
    ]
    ticked = rng.random((size, len(values))) < rng.uniform(0.1, 0.6, size=len(values))
    ticked[np.arange(size), rng.integers(len(values), size=size)] = True
    answers = [[value for value, one in zip(values, row, strict=True) if one] for row in ticked.tolist()]
    return _some(answers, 1.0 if item.required else TOLD_ABOUT_THEMSELVES, rng=rng)


def _comments(item: CommentItem, size: int, rng: Generator) -> list[Any]:
    chosen = rng.integers(len(COMMENTS), size=size)
    return _some([COMMENTS[one][: item.max_length] for one in chosen], 1.0 if item.required else COMMENTED, rng=rng)


_BUILDERS: Mapping[type[Item], Callable[[Any, int, Generator], list[Any]]] = {
    ChoiceItem: _choices,
    MultipleChoiceItem: _multiple_choices,
    CommentItem: _comments,
}
