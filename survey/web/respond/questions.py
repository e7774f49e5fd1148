"""A questionnaire as its page shows it: wording chosen, what was given put back, what is wrong said beside it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from forms.definition import NOT_APPLICABLE, ChoiceItem, CommentItem, Layout, MultipleChoiceItem, RatingItem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from werkzeug.datastructures import MultiDict

    from forms.definition import Item, Option, Questionnaire, Section, Text

# The browser stops a text at this many times its limit: what is a little long comes back with a message and can be
# shortened, and nobody can fill a post that is too large to be read at all.
ROOM = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The line to write in beside an option such as “other”."""

    id: str
    label: str
    value: str
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One radio button or box. `apart` stands below the scale and is not part of it."""

    value: str
    text: str
    chosen: bool
    apart: bool = False
    line: Line | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One item, ready to be drawn by the macro of its `kind`."""

    kind: str
    id: str
    text: str
    required: bool
    hint: str | None
    error: str | None
    choices: tuple[Choice, ...] = ()
    value: str = ""
    ceiling: int = 0

    @property
    def described_by(self) -> str:
        parts = {"hint": self.hint, "error": self.error}
        return " ".join(f"{self.id}-{part}" for part, text in parts.items() if text)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionGroup:
    """A section of the page."""

    title: str | None
    intro: str | None
    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A form as it was given to us or is about to be given out: in one language, with answers and errors."""

    questionnaire: Questionnaire
    locale: str
    given: MultiDict[str, str]
    errors: Mapping[str, str]

    def groups(self) -> tuple[QuestionGroup, ...]:
        return tuple(self._group(section) for section in self.questionnaire.sections)

    def steps(self) -> tuple[tuple[QuestionGroup, ...], ...]:
        """What is shown at a time: everything, or one dimension, under the headings that stand before it.

        A form that came back with something to mend is shown whole: what is wrong may stand in several places, and the
        way from there to the button is then the shortest.
        """
        groups = self.groups()
        if self.questionnaire.layout is Layout.PAGE or self.errors:
            return (groups,)
        return tuple(_under_their_headings(part for group in groups for part in self._by_dimension(group)))

    def say(self, text: Text) -> str:
        return text.localised(self.locale)

    def say_any(self, text: Text | None) -> str | None:
        return None if text is None else self.say(text)

    def question(self, item: Item) -> Question:
        return DRAWN_AS[type(item)](self, item)

    def _by_dimension(self, group: QuestionGroup) -> Iterator[QuestionGroup]:
        """`group` in as many parts as it has dimensions, each with its title, the first with its introduction too."""
        dimension_of = {item: dimension.id for dimension in self.questionnaire.dimensions for item in dimension.items}
        parts = [tuple(run) for _, run in groupby(group.questions, lambda question: dimension_of.get(question.id))]
        for number, part in enumerate(parts or [()]):
            yield dataclasses.replace(group, questions=part, intro=group.intro if number == 0 else None)

    def _group(self, section: Section) -> QuestionGroup:
        return QuestionGroup(
            title=self.say_any(section.title),
            intro=self.say_any(section.intro),
            questions=tuple(self.question(self.questionnaire.item(name)) for name in section.items),
        )


def _under_their_headings(groups: Iterable[QuestionGroup]) -> Iterator[tuple[QuestionGroup, ...]]:
    """A group without questions is a heading over the next: the two are one step."""
    step: tuple[QuestionGroup, ...] = ()
    for group in groups:
        step = (*step, group)
        if group.questions:
            yield step
            step = ()


def error_links(groups: Iterable[QuestionGroup]) -> list[tuple[str, str, str]]:
    """Field, question and message of everything that is wrong, in the order of the page."""
    return [link for group in groups for question in group.questions for link in _links(question)]


def _links(question: Question) -> Iterator[tuple[str, str, str]]:
    if question.error:
        yield question.id, question.text, question.error
    for line in (choice.line for choice in question.choices):
        if line and line.error:
            yield line.id, line.label, line.error


def _rating(sheet: Sheet, item: RatingItem) -> Question:
    given = sheet.given.getlist(item.id)
    scale = sheet.questionnaire.scale(item.scale)
    choices = [
        Choice(value=str(level.value), text=sheet.say(level.text), chosen=str(level.value) in given)
        for level in scale.levels
    ]
    if item.not_applicable and scale.not_applicable is not None:
        label = sheet.say(scale.not_applicable)
        choices.append(Choice(value=NOT_APPLICABLE, text=label, chosen=NOT_APPLICABLE in given, apart=True))
    return _one_of(sheet, item, kind="radios", choices=tuple(choices))


def _choice(sheet: Sheet, item: ChoiceItem) -> Question:
    return _one_of(sheet, item, kind="radios", choices=_choices(sheet, item))


def _multiple_choice(sheet: Sheet, item: MultipleChoiceItem) -> Question:
    return _one_of(sheet, item, kind="checkboxes", choices=_choices(sheet, item))


def _comment(sheet: Sheet, item: CommentItem) -> Question:
    return Question(
        kind="comment",
        id=item.id,
        text=sheet.say(item.text),
        required=item.required,
        hint=sheet.say_any(item.hint),
        error=sheet.errors.get(item.id),
        value=sheet.given.get(item.id, ""),
        ceiling=ROOM * item.max_length,
    )


def _one_of(sheet: Sheet, item: Item, *, kind: str, choices: tuple[Choice, ...]) -> Question:
    return Question(
        kind=kind,
        id=item.id,
        text=sheet.say(item.text),
        required=item.required,
        hint=sheet.say_any(item.hint),
        error=sheet.errors.get(item.id),
        choices=choices,
    )


def _choices(sheet: Sheet, item: ChoiceItem | MultipleChoiceItem) -> tuple[Choice, ...]:
    given = sheet.given.getlist(item.id)
    return tuple(
        Choice(
            value=option.value,
            text=sheet.say(option.text),
            chosen=option.value in given,
            line=_line(sheet, item.specify_id, option) if option.specify else None,
        )
        for option in item.options
    )


def _line(sheet: Sheet, name: str | None, option: Option) -> Line | None:
    if name is None:
        return None
    return Line(id=name, label=sheet.say(option.text), value=sheet.given.get(name, ""), error=sheet.errors.get(name))


# A new kind of item is one line here and one macro in components/questions.html; a test asks for both.
DRAWN_AS: Mapping[type[Item], Callable[..., Question]] = {
    RatingItem: _rating,
    ChoiceItem: _choice,
    MultipleChoiceItem: _multiple_choice,
    CommentItem: _comment,
}
