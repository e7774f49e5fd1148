"""The columns of an import file: what each may hold, and what to say when it holds something else.

A column is a function from a cell's text to its value; it raises Unreadable with a sentence and a remedy. Every kind of
item has its builder in the table at the end.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeVar

from forms.definition import (
    NOT_APPLICABLE,
    SPECIFY_MAX_LENGTH,
    ChoiceItem,
    CommentItem,
    Item,
    MultipleChoiceItem,
    Questionnaire,
    RatingItem,
)
from survey.i18n import mark
from survey.services.vietnamese import same_name_key, slug

if TYPE_CHECKING:
    from survey.services.references import AgencyRef, CounterRef

MOST_COPIES = 100_000
LONGEST_LABEL = 80  # Of a stratum or a PSU.

Parse = Callable[[str], Any]
_Named = TypeVar("_Named")
_ISO_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})", re.ASCII)
_VIETNAMESE_DATE = re.compile(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})", re.ASCII)


class Unreadable(Exception):  # noqa: N818 - never leaves this import; it says what the cell is.
    """A cell, or a line whose fault is best shown at one `column`, that does not hold what is needed."""

    def __init__(self, template: str, remedy: str, *, column: str | None = None, **values: object) -> None:
        super().__init__(template)
        self.column = column
        self.template = template
        self.remedy = remedy
        self.values = values


def agency(agencies: Sequence[AgencyRef]) -> Parse:
    """An agency by its code or its full name."""
    return _one_of_named(agencies, missing=mark("There is no agency “{value}”."))


def counter(counters: Sequence[CounterRef]) -> Parse:
    """A counter by its code."""
    by_code = {one.code: one for one in counters}

    def parse(text: str) -> CounterRef:
        found = by_code.get(text.lower())
        if found is None:
            raise _not_among(text, by_code, template=mark("There is no counter “{value}”."))
        return found

    return parse


def day(*, opens_on: dt.date, closes_on: dt.date) -> Parse:
    """A day of the wave, written 2026-03-31 or 31/03/2026."""

    def parse(text: str) -> dt.date:
        read = any_day(text)
        if not opens_on <= read <= closes_on:
            raise Unreadable(
                mark("The day {value} is outside the wave, which runs from {opens_on} to {closes_on}."),
                mark("Correct the day, or choose another wave."),
                opens_on=opens_on,
                closes_on=closes_on,
            )
        return read

    return parse


def any_day(text: str) -> dt.date:
    """A day, written 2026-03-31 or 31/03/2026."""
    iso, vietnamese = _ISO_DATE.fullmatch(text), _VIETNAMESE_DATE.fullmatch(text)
    try:
        if iso:
            return dt.date(int(iso[1]), int(iso[2]), int(iso[3]))
        if vietnamese:
            return dt.date(int(vietnamese[3]), int(vietnamese[2]), int(vietnamese[1]))
    except ValueError:
        pass  # 31/02: no such day, said below.
    raise Unreadable(mark("“{value}” is not a day."), mark("Write it as 2026-03-31 or 31/03/2026."))


def weight(text: str) -> float:
    """A positive number; the decimal mark may be a comma."""
    try:
        read = float(text.replace(",", "."))
    except ValueError:
        read = math.nan
    if not 0 < read < 1e12:  # noqa: PLR2004 - the bound that the table has too.
        raise Unreadable(mark("“{value}” is not a weight."), mark("Write a number above 0, such as 12.5."))
    return read


def unweighted(text: str) -> float:
    """The weight of a stream that has none."""
    if weight(text) != 1:
        raise Unreadable(
            mark("The counter stream has no weights, and here is {value}."),
            mark("Empty the column, or import the file as a sample."),
        )
    return 1.0


def copies(text: str) -> int:
    """How many respondents gave the answers of this line."""
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MOST_COPIES):
        raise Unreadable(
            mark("“{value}” is not a number of respondents."),
            mark("Write a whole number from 1 to {most}."),
            most=MOST_COPIES,
        )
    return int(text)


def text_of(longest: int) -> Parse:
    """A text of no more than so many characters."""

    def parse(text: str) -> str:
        if len(text) > longest:
            raise Unreadable(
                mark("The text has {length} characters."),
                mark("Shorten it to {longest} characters or fewer."),
                length=len(text),
                longest=longest,
            )
        return text

    return parse


def answers(questionnaire: Questionnaire) -> dict[str, Parse]:
    """The columns of all items, and of the lines to write in beside them."""
    columns = {item.id: _BUILDERS[type(item)](item, questionnaire) for item in questionnaire.items}
    for name in questionnaire.answer_ids:
        columns.setdefault(name, text_of(SPECIFY_MAX_LENGTH))
    return columns


def nearest(name: str, known: Sequence[str]) -> str | None:
    """The known column that `name` was most likely meant to be."""
    plain = slug(name).replace("-", "_")
    by_plain = {slug(one).replace("-", "_"): one for one in known}
    return next((by_plain[match] for match in get_close_matches(plain, list(by_plain), n=1, cutoff=0.6)), None)


def _one_of_named(agencies: Sequence[AgencyRef], *, missing: str) -> Parse:
    by_code = {one.code: one for one in agencies}
    by_name: dict[str, list[AgencyRef]] = {}
    for one in agencies:
        by_name.setdefault(same_name_key(one.name), []).append(one)

    def parse(text: str) -> AgencyRef:
        if text.lower() in by_code:
            return by_code[text.lower()]
        found = by_name.get(same_name_key(text), [])
        if len(found) > 1:
            # A commune often keeps its name through a merger, and is another agency after it.
            raise Unreadable(
                mark("“{value}” is the name of several agencies."),
                mark("Write the code: one of {codes}."),
                codes=", ".join(sorted(agency.code for agency in found)),
            )
        if not found:
            raise _not_among(text, by_code, template=missing)
        return found[0]

    return parse


def _not_among(text: str, known: Mapping[str, _Named], *, template: str) -> Unreadable:
    close = get_close_matches(slug(text), list(known), n=1, cutoff=0.6)
    if close:
        return Unreadable(template, mark("Did you mean “{nearest}”?"), nearest=close[0])
    return Unreadable(template, mark("Use its code as the site's list has it."))


def _rating(item: RatingItem, questionnaire: Questionnaire) -> Parse:
    levels = {str(level.value): level.value for level in questionnaire.scale_of(item.id).levels}
    by_wording = {
        same_name_key(wording): level.value
        for level in questionnaire.scale_of(item.id).levels
        for wording in level.text.values()
    }
    # Spreadsheets like to write 4 as 4.0 or 4,0.
    accepted: dict[str, int | str] = {text + zero: level for text, level in levels.items() for zero in ("", ".0", ",0")}
    if item.not_applicable:
        accepted[NOT_APPLICABLE] = NOT_APPLICABLE

    def parse(text: str) -> int | str:
        read = accepted.get(text)
        if read is None:
            read = by_wording.get(same_name_key(text))
        if read is None:
            raise Unreadable(
                mark("“{value}” is not on the scale."),
                mark("Write one of {choices}, or leave it blank where the question was not answered."),
                choices=", ".join([*levels, NOT_APPLICABLE] if item.not_applicable else levels),
            )
        return read

    return parse


def _choice(item: ChoiceItem, _questionnaire: Questionnaire) -> Parse:
    return _option(item)


def _multiple_choice(item: MultipleChoiceItem, _questionnaire: Questionnaire) -> Parse:
    one = _option(item)

    def parse(text: str) -> list[str]:
        chosen = [one(part.strip()) for part in text.split("|") if part.strip()]
        return list(dict.fromkeys(chosen))

    return parse


def _option(item: ChoiceItem | MultipleChoiceItem) -> Parse:
    values = {option.value: option.value for option in item.options}
    by_wording = {same_name_key(text): option.value for option in item.options for text in option.text.values()}

    def parse(text: str) -> str:
        read = values.get(text) or by_wording.get(same_name_key(text))
        if read is None:
            raise Unreadable(
                mark("“{value}” is not one of the choices."),
                mark("Write one of {choices}, or leave it blank where the question was not answered."),
                choices=", ".join(values),
            )
        return read

    return parse


def _comment(item: CommentItem, _questionnaire: Questionnaire) -> Parse:
    return text_of(item.max_length)


_BUILDERS: Mapping[type[Item], Callable[[Any, Questionnaire], Parse]] = {
    RatingItem: _rating,
    ChoiceItem: _choice,
    MultipleChoiceItem: _multiple_choice,
    CommentItem: _comment,
}
