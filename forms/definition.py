"""What a questionnaire is: frozen values, with one canonical form and its hash.

Nothing is read, drawn or computed here. `loading` makes these values from TOML, `building` validates with them, and
pages loop over them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from enum import StrEnum
from typing import ClassVar, TypeAlias

FALLBACK_LANGUAGE = "vi"
NOT_APPLICABLE = "na"
"""The answer that stands beside the levels of a rating, and is never scored."""

SPECIFY_SUFFIX = "_khac"
SPECIFY_MAX_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Text(Mapping[str, str]):
    """One wording in every language of its questionnaire."""

    translations: tuple[tuple[str, str], ...]

    def localised(self, locale: str) -> str:
        """The wording for `locale` (`en`, `en-GB`, `en_GB`), in Vietnamese where there is none."""
        exact = locale.replace("_", "-")
        for language in (exact, exact.partition("-")[0]):
            if language in self:
                return self[language]
        return self[FALLBACK_LANGUAGE]

    def __getitem__(self, language: str) -> str:
        for known, wording in self.translations:
            if known == language:
                return wording
        raise KeyError(language)

    def __iter__(self) -> Iterator[str]:
        return (language for language, _ in self.translations)

    def __len__(self) -> int:
        return len(self.translations)


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One step of a scale."""

    value: int
    text: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """The levels of a rating, lowest first.

    From `favourable_from` upwards an answer counts as favourable; a scale without it makes no index. `not_applicable`
    is the label of the choice beside the levels, for the items that offer it.
    """

    id: str
    levels: tuple[Level, ...]
    favourable_from: int | None = None
    not_applicable: Text | None = None

    @property
    def favourable(self) -> frozenset[int]:
        if self.favourable_from is None:
            return frozenset()
        return frozenset(level.value for level in self.levels if level.value >= self.favourable_from)


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One choice; with `specify`, it comes with a line to write in."""

    value: str
    text: Text
    specify: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RatingItem:
    """One answer on a scale. `dimension` is the one that lists this item."""

    kind: ClassVar[str] = "rating"
    specify_id: ClassVar[None] = None

    id: str
    text: Text
    required: bool
    scale: str
    hint: Text | None = None
    not_applicable: bool = False
    dimension: str | None = field(default=None, metadata={"derived": True})


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceItem:
    """One answer out of a list of options."""

    kind: ClassVar[str] = "choice"

    id: str
    text: Text
    required: bool
    options: tuple[Option, ...]
    hint: Text | None = None

    @property
    def specify_id(self) -> str | None:
        """The name of the line to write in beside “other”, where an option has one."""
        return _specify_id(self.id, self.options)


@dataclass(frozen=True, slots=True, kw_only=True)
class MultipleChoiceItem:
    """Any number of answers out of a list of options; at least one where required."""

    kind: ClassVar[str] = "multiple-choice"

    id: str
    text: Text
    required: bool
    options: tuple[Option, ...]
    hint: Text | None = None

    @property
    def specify_id(self) -> str | None:
        """The name of the line to write in beside “other”, where an option has one."""
        return _specify_id(self.id, self.options)


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentItem:
    """An answer in the respondent's own words, at most `max_length` characters."""

    kind: ClassVar[str] = "comment"
    specify_id: ClassVar[None] = None

    id: str
    text: Text
    required: bool
    max_length: int
    hint: Text | None = None


Item: TypeAlias = RatingItem | ChoiceItem | MultipleChoiceItem | CommentItem


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A part of the index above the dimensions, such as public policy or public service."""

    id: str
    text: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Dimension:
    """What is measured: its index pools the answers to its items."""

    id: str
    text: Text
    short: Text
    items: tuple[str, ...]
    block: str | None = None


class Layout(StrEnum):
    """How a form shows its questions."""

    PAGE = "page"
    """All below one another."""
    STEPS = "steps"
    """One dimension at a time, and what belongs to none section by section."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A stretch of the page. Without items it is a heading over the sections that follow."""

    id: str
    items: tuple[str, ...]
    title: Text | None = None
    intro: Text | None = None


class CompositeKind(StrEnum):
    """How a composite is put together."""

    DIRECT = "direct"
    """The index of one item, asked on its own."""
    BY_ITEMS = "by-items"
    """All answers to the items of its dimensions pooled: each dimension weighs as many items as it has."""
    EQUAL = "equal"
    """The mean of its dimensions' indices."""
    FIXED = "fixed"
    """The dimensions' indices, each with the weight the questionnaire gives."""
    BLOCKS = "blocks"
    """The blocks' indices, pooled by items inside each, with the weights the questionnaire gives."""
    DRIVERS = "drivers"
    """The dimensions' indices, each weighing what it adds to explaining the answers to one item, asked directly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """The share of one dimension or block in a composite; the shares of a composite add up to 1."""

    of: str
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Composite:
    """An index above the dimensions, under its own name."""

    id: str
    text: Text
    kind: CompositeKind
    item: str | None = None
    dimensions: tuple[str, ...] = ()
    weights: tuple[Weight, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexRule:
    """The composites this questionnaire asks for, the leading one first."""

    composites: tuple[Composite, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Questionnaire:
    """A versioned instrument. Two are equal when their canonical forms are.

    `population` names who is asked, where the stream does not say it: a drawn sample may be of residents or of people
    who received a result, and a trend breaks between the two.
    """

    id: str
    version: str
    stream: str
    title: Text
    languages: tuple[str, ...]
    scales: tuple[Scale, ...]
    dimensions: tuple[Dimension, ...]
    sections: tuple[Section, ...]
    items: tuple[Item, ...]
    index: IndexRule = IndexRule()
    intro: Text | None = None
    blocks: tuple[Block, ...] = ()
    population: str | None = None
    layout: Layout = Layout.PAGE
    hash: str = field(init=False, repr=False, metadata={"derived": True})
    _canonical: str = field(init=False, repr=False, metadata={"derived": True})
    _items: Mapping[str, Item] = field(init=False, repr=False, metadata={"derived": True})
    _scales: Mapping[str, Scale] = field(init=False, repr=False, metadata={"derived": True})

    def __post_init__(self) -> None:
        canonical = json.dumps(_plain(self), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        # Worked out once: a frozen value is asked for its hash on every page.
        object.__setattr__(self, "_canonical", canonical)
        object.__setattr__(self, "hash", hashlib.sha256(canonical.encode()).hexdigest())
        object.__setattr__(self, "_items", {item.id: item for item in self.items})
        object.__setattr__(self, "_scales", {scale.id: scale for scale in self.scales})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Questionnaire) and self.hash == other.hash

    def __hash__(self) -> int:
        return hash(self.hash)

    def canonical(self) -> str:
        """The one JSON text of this questionnaire: same meaning and wording, same text."""
        return self._canonical

    def item(self, item_id: str) -> Item:
        return self._items[item_id]

    def scale(self, scale_id: str) -> Scale:
        return self._scales[scale_id]

    @property
    def rating_items(self) -> tuple[RatingItem, ...]:
        return tuple(item for item in self.items if isinstance(item, RatingItem))

    @property
    def answer_ids(self) -> tuple[str, ...]:
        """Everything a response can hold, in the order of the page: items, and lines to write in beside them."""
        return tuple(name for item in self.items for name in (item.id, item.specify_id) if name is not None)

    @property
    def free_text_ids(self) -> tuple[str, ...]:
        """The answers that are in the respondent's own words: comments, and lines beside options."""
        comments = (item.id for item in self.items if isinstance(item, CommentItem))
        return (*comments, *(item.specify_id for item in self.items if item.specify_id is not None))

    def scale_of(self, item_id: str) -> Scale:
        """The scale of a rating."""
        item = self.item(item_id)
        if not isinstance(item, RatingItem):
            raise KeyError(item_id)
        return self.scale(item.scale)

    def favourable(self, item_id: str) -> frozenset[int]:
        """The levels of a rating that count as favourable."""
        return self.scale_of(item_id).favourable


def _specify_id(item_id: str, options: tuple[Option, ...]) -> str | None:
    return item_id + SPECIFY_SUFFIX if any(option.specify for option in options) else None


def _plain(value: object) -> object:
    """`value` as JSON holds it, in the shape that `reading` reads."""
    if isinstance(value, Text):
        return dict(value)
    if isinstance(value, tuple):
        return [_plain(member) for member in value]
    if is_dataclass(value):
        return _plain_fields(value)
    return value


def _plain_fields(value: object) -> dict[str, object]:
    # What stands at its default is left out, so that an attribute added to this module one day does not change the
    # hash of the questionnaires that were stored before it.
    plain = {
        attribute.name: _plain(getattr(value, attribute.name))
        for attribute in fields(value)  # type: ignore[arg-type]  # is_dataclass was asked by the caller
        if not attribute.metadata.get("derived")
        and (attribute.default is MISSING or getattr(value, attribute.name) != attribute.default)
    }
    kind = getattr(type(value), "kind", None)
    return {"kind": kind, **plain} if isinstance(kind, str) else plain
