"""From the tables of a definition to its values, one short reader a kind.

TOML and the canonical JSON have the same shape, so the same readers read both. Parts are read in an order that lets
each name be checked where it stands: scales before the items on them, items before the dimensions of them.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

from forms import messages
from forms.definition import (
    FALLBACK_LANGUAGE,
    Block,
    ChoiceItem,
    CommentItem,
    Composite,
    CompositeKind,
    Dimension,
    IndexRule,
    Layout,
    Level,
    MultipleChoiceItem,
    Option,
    Questionnaire,
    RatingItem,
    Scale,
    Section,
    Weight,
)
from forms.names import item_id, option_value, plain_id, population_id, questionnaire_id
from forms.table import BROKEN_NUMBER

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from forms.definition import Item
    from forms.table import Table

STREAMS = ("counter", "sample", "census")

_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_HIGHEST_LEVEL = 10
_LONGEST_COMMENT = 10_000


@dataclass(slots=True)
class _Book:
    """What has been named so far, for the parts that refer to it."""

    item_ids: tuple[str, ...]
    required_by_section: dict[str, bool] = field(default_factory=dict)
    asked_in: dict[str, str] = field(default_factory=dict)
    measured_in: dict[str, str] = field(default_factory=dict)
    scales: Mapping[str, Scale] = field(default_factory=dict)
    items: Mapping[str, Item] = field(default_factory=dict)
    blocks: Collection[str] = ()
    dimensions: Mapping[str, Dimension] = field(default_factory=dict)


def read_questionnaire(table: Table) -> Questionnaire:
    """The questionnaire of the outermost table; worth nothing when anything was noted."""
    table.notes.languages = _languages(table)
    book = _Book(item_ids=table.glance("items", "id"))
    scales = table.tables("scales", _scale, unique="id")
    book.scales = {scale.id: scale for scale in scales}
    blocks = table.tables("blocks", _block, unique="id")
    book.blocks = [block.id for block in blocks]
    sections = table.tables("sections", partial(_section, book=book), unique="id", fewest=1)
    items: tuple[Item, ...] = table.tables("items", partial(_item, book=book), unique="id", fewest=1)
    book.items = {item.id: item for item in items}
    dimensions = table.tables("dimensions", partial(_dimension, book=book), unique="id")
    book.dimensions = {dimension.id: dimension for dimension in dimensions}
    return Questionnaire(
        id=questionnaire_id(table),
        version=table.string("version"),
        stream=table.one_of("stream", STREAMS),
        title=table.text("title"),
        intro=table.optional_text("intro"),
        languages=table.notes.languages,
        scales=scales,
        blocks=blocks,
        sections=sections,
        items=_as_asked(items, book),
        dimensions=dimensions,
        index=_index(table, book),
        population=population_id(table),
        layout=_layout(table),
    )


def _languages(table: Table) -> tuple[str, ...]:
    languages = table.strings("languages")
    for position, language in enumerate(languages):
        if language and not _LANGUAGE.fullmatch(language):
            table.note(f"languages[{position}]", messages.BAD_LANGUAGE, value=language)
        if language in languages[:position]:
            first = f"languages[{languages.index(language)}]"
            table.note(f"languages[{position}]", messages.DUPLICATE, value=language, first=first)
    if FALLBACK_LANGUAGE not in languages:
        table.note("languages", messages.NEEDS_VIETNAMESE, language=FALLBACK_LANGUAGE)
    return tuple(dict.fromkeys(language for language in languages if language))


def _layout(table: Table) -> Layout:
    given = table.one_of("layout", tuple(Layout)) if table.has("layout") else ""
    return Layout(given or Layout.PAGE)


def _scale(table: Table) -> Scale:
    scale = Scale(
        id=plain_id(table),
        levels=table.tables("levels", _level, unique="value", fewest=2),
        favourable_from=_level_number(table, "favourable_from") if table.has("favourable_from") else None,
        not_applicable=table.optional_text("not_applicable"),
    )
    values = [level.value for level in scale.levels]
    if BROKEN_NUMBER not in values:
        _check_rising(table, values)
        _check_favourable(table, scale.favourable_from, values)
    return scale


def _check_rising(table: Table, values: list[int]) -> None:
    for previous, value in pairwise(values):
        if value < previous:
            table.note("levels", messages.LEVELS_NOT_RISING, value=value, previous=previous)


def _check_favourable(table: Table, favourable_from: int | None, values: list[int]) -> None:
    if favourable_from in (None, BROKEN_NUMBER) or not values:
        return
    if favourable_from not in values:
        levels = ", ".join(map(str, values))
        table.note("favourable_from", messages.FAVOURABLE_NOT_A_LEVEL, value=favourable_from, levels=levels)
    elif favourable_from == min(values):
        table.note("favourable_from", messages.FAVOURABLE_IS_LOWEST, value=favourable_from)


def _level(table: Table) -> Level:
    return Level(value=_level_number(table, "value"), text=table.text("text"))


def _level_number(table: Table, key: str) -> int:
    return table.number(key, lowest=0, highest=_HIGHEST_LEVEL)


def _block(table: Table) -> Block:
    return Block(id=plain_id(table), text=table.text("text"))


def _section(table: Table, *, book: _Book) -> Section:
    section = Section(
        id=plain_id(table),
        title=table.optional_text("title"),
        intro=table.optional_text("intro"),
        items=table.references("items", book.item_ids, messages.UNKNOWN_ITEM),
    )
    if not section.items and section.title is None:
        table.note("items", messages.EMPTY_SECTION)
    _claim(table, "items", section.items, taken=book.asked_in)
    required = table.flag("required")
    if required is not None:
        book.required_by_section.update(dict.fromkeys(section.items, required))
    return section


def _claim(table: Table, key: str, names: tuple[str, ...], *, taken: dict[str, str]) -> None:
    """Note the names at `key` that an earlier part has already, or this one has twice."""
    for position, name in enumerate(names):
        if name in taken:
            table.note(f"{key}[{position}]", messages.IN_TWO_PLACES, value=name, first=taken[name])
        elif name:
            taken[name] = table.path


def _item(table: Table, *, book: _Book) -> Item | None:
    kind = table.one_of("kind", tuple(ITEM_READERS))
    if not kind:
        table.accept_any_key()
        return None
    item = ITEM_READERS[kind](table, book)
    if item.id and item.id not in book.asked_in:
        table.note("id", messages.IN_NO_SECTION, value=item.id)
    if item.specify_id in book.item_ids:
        table.note("options", messages.SPECIFY_NAME_TAKEN, value=item.specify_id)
    return item


def _rating_item(table: Table, book: _Book) -> RatingItem:
    name = item_id(table)
    item = RatingItem(
        id=name,
        text=table.text("text"),
        hint=table.optional_text("hint"),
        required=_required(table, name, book),
        scale=table.reference("scale", book.scales, messages.UNKNOWN_SCALE),
        not_applicable=table.flag("not_applicable") or False,
    )
    if item.not_applicable and item.scale and book.scales[item.scale].not_applicable is None:
        table.note("not_applicable", messages.NO_LABEL_FOR_NOT_APPLICABLE, scale=item.scale)
    return item


def _choice_item(table: Table, book: _Book) -> ChoiceItem:
    name = item_id(table)
    return ChoiceItem(
        id=name,
        text=table.text("text"),
        hint=table.optional_text("hint"),
        required=_required(table, name, book),
        options=_options(table),
    )


def _multiple_choice_item(table: Table, book: _Book) -> MultipleChoiceItem:
    name = item_id(table)
    return MultipleChoiceItem(
        id=name,
        text=table.text("text"),
        hint=table.optional_text("hint"),
        required=_required(table, name, book),
        options=_options(table),
    )


def _comment_item(table: Table, book: _Book) -> CommentItem:
    name = item_id(table)
    return CommentItem(
        id=name,
        text=table.text("text"),
        hint=table.optional_text("hint"),
        required=_required(table, name, book),
        max_length=table.number("max_length", lowest=1, highest=_LONGEST_COMMENT),
    )


ITEM_READERS: Mapping[str, Callable[[Table, _Book], Item]] = {
    RatingItem.kind: _rating_item,
    ChoiceItem.kind: _choice_item,
    MultipleChoiceItem.kind: _multiple_choice_item,
    CommentItem.kind: _comment_item,
}


def _required(table: Table, name: str, book: _Book) -> bool:
    """Said by the item, or by its section; silence is refused, since it hides which items are enforced."""
    if table.has("required"):
        return table.flag("required") or False
    if name and name not in book.required_by_section:
        table.note("required", messages.REQUIRED_NOT_SAID)
    return book.required_by_section.get(name, False)


def _options(table: Table) -> tuple[Option, ...]:
    options = table.tables("options", _option, unique="value", fewest=2)
    if sum(option.specify for option in options) > 1:
        table.note("options", messages.ONE_SPECIFY)
    return options


def _option(table: Table) -> Option:
    return Option(
        value=option_value(table),
        text=table.text("text"),
        specify=table.flag("specify") or False,
    )


def _dimension(table: Table, *, book: _Book) -> Dimension:
    dimension = Dimension(
        id=plain_id(table),
        text=table.text("text"),
        short=table.text("short"),
        block=table.reference("block", book.blocks, messages.UNKNOWN_BLOCK) if table.has("block") else None,
        items=table.references("items", book.item_ids, messages.UNKNOWN_ITEM),
    )
    if not dimension.items:
        table.note("items", messages.TOO_FEW, fewest=1)
    _claim(table, "items", dimension.items, taken=book.measured_in)
    for position, name in enumerate(dimension.items):
        _check_measurable(table, f"items[{position}]", name, book)
    return dimension


def _check_measurable(table: Table, key: str, name: str, book: _Book) -> None:
    """An index counts favourable levels, so its items need some."""
    item = book.items.get(name)
    if item is None:
        return
    if not isinstance(item, RatingItem):
        table.note(key, messages.NOT_A_RATING, value=name)
    elif item.scale and book.scales[item.scale].favourable_from is None:
        table.note(key, messages.NO_FAVOURABLE_LEVELS, value=name, scale=item.scale)


def _as_asked(items: tuple[Item, ...], book: _Book) -> tuple[Item, ...]:
    """The items in the order of the sections, whatever their order in the file, each rating with its dimension."""
    asked = {name: position for position, name in enumerate(book.asked_in)}
    dimension_of = {name: dimension.id for dimension in book.dimensions.values() for name in dimension.items}
    placed = sorted(items, key=lambda item: asked.get(item.id, len(asked)))
    return tuple(
        replace(item, dimension=dimension_of.get(item.id)) if isinstance(item, RatingItem) else item for item in placed
    )


def _index(table: Table, book: _Book) -> IndexRule:
    if not table.has("index"):
        return IndexRule()
    return table.table("index", partial(_index_rule, book=book)) or IndexRule()


def _index_rule(table: Table, *, book: _Book) -> IndexRule:
    return IndexRule(composites=table.tables("composites", partial(_composite, book=book), unique="id"))


def _composite(table: Table, *, book: _Book) -> Composite | None:
    kind = table.one_of("kind", tuple(COMPOSITE_READERS))
    if not kind:
        table.accept_any_key()
        return None
    named = Composite(id=plain_id(table), text=table.text("text"), kind=CompositeKind(kind))
    return COMPOSITE_READERS[named.kind](table, named, book)


def _direct(table: Table, named: Composite, book: _Book) -> Composite:
    name = table.reference("item", book.item_ids, messages.UNKNOWN_ITEM)
    _check_measurable(table, "item", name, book)
    return replace(named, item=name)


def _of_dimensions(table: Table, named: Composite, book: _Book) -> Composite:
    names = table.references("dimensions", book.dimensions, messages.UNKNOWN_DIMENSION)
    if not names:
        table.note("dimensions", messages.TOO_FEW, fewest=1)
    _claim(table, "dimensions", names, taken={})
    return replace(named, dimensions=names)


def _of_weighted_dimensions(table: Table, named: Composite, book: _Book) -> Composite:
    return replace(named, weights=_weights(table, book.dimensions, messages.UNKNOWN_DIMENSION))


def _of_blocks(table: Table, named: Composite, book: _Book) -> Composite:
    weights = _weights(table, book.blocks, messages.UNKNOWN_BLOCK)
    filled = {dimension.block for dimension in book.dimensions.values()}
    for weight in weights:
        if weight.of and weight.of not in filled:
            table.note("weights", messages.BLOCK_WITHOUT_DIMENSION, value=weight.of)
    return replace(named, weights=weights)


def _of_drivers(table: Table, named: Composite, book: _Book) -> Composite:
    return _of_dimensions(table, _direct(table, named, book), book)


COMPOSITE_READERS: Mapping[str, Callable[[Table, Composite, _Book], Composite]] = {
    CompositeKind.DIRECT: _direct,
    CompositeKind.BY_ITEMS: _of_dimensions,
    CompositeKind.EQUAL: _of_dimensions,
    CompositeKind.FIXED: _of_weighted_dimensions,
    CompositeKind.BLOCKS: _of_blocks,
    CompositeKind.DRIVERS: _of_drivers,
}


def _weights(table: Table, known: Collection[str], unknown: str) -> tuple[Weight, ...]:
    read = partial(_weight, known=known, unknown=unknown)
    weights = table.tables("weights", read, unique="of", fewest=1)
    shares = [weight.share for weight in weights]
    # Decimal fractions such as 0.1 are not exact in binary: their sum may miss 1 by a few units in the last place.
    if BROKEN_NUMBER not in shares and shares and not math.isclose(sum(shares), 1, abs_tol=1e-9):
        table.note("weights", messages.WEIGHTS_NOT_ONE, total=f"{sum(shares):.10g}")
    return weights


def _weight(table: Table, *, known: Collection[str], unknown: str) -> Weight:
    return Weight(of=table.reference("of", known, unknown), share=table.share("share"))
