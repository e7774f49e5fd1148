"""Where a trend breaks: what of a questionnaire compares with an earlier one.

An index compares when the same people are asked the same items in the same words, with the same answers to choose
from, and a composite when besides it is put together by the same rule. Wording is the Vietnamese one, since that is
what is asked; composed and decomposed letters are the same, and so are any two stretches of white space, but nothing
else is forgiven: a comma is a change. To the wording of an item belong its hint, the title and introduction of its
section, and the introductions of the headings before it, where forms put the question that their items complete.

No change are: the texts in other languages, names of dimensions, the order of items, and whatever lies outside the
dimension.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from forms import messages
from forms.definition import CompositeKind, RatingItem
from forms.verdict import COMPARABLE, Change, Reason, Verdict

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from forms.definition import Composite, Dimension, Questionnaire, Text

__all__ = ["Bridge", "Change", "Comparability", "Decision", "Reason", "Verdict", "compare"]

UNSTATED = "–"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A person's decision about one dimension of two questionnaires, named by their hashes.

    A yes holds in spite of the kinds of change it names and of no other; a no needs no change.
    """

    id: str
    old: str
    new: str
    dimension: str
    comparable: bool
    in_spite_of: frozenset[Change]
    reason: Text
    decided_by: str
    source: str
    date: dt.date


@dataclass(frozen=True, slots=True)
class Bridge:
    """All decisions that were taken. One about A and B and one about B and C say nothing of A and C."""

    decisions: tuple[Decision, ...] = ()

    def decision(self, old: Questionnaire, new: Questionnaire, dimension: str | None) -> Decision | None:
        """What was decided about `dimension` from `old` to `new`."""
        sought = (old.hash, new.hash, dimension)
        return next((one for one in self.decisions if (one.old, one.new, one.dimension) == sought), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparability:
    """A verdict for each dimension and composite of the new questionnaire, by id."""

    dimensions: Mapping[str, Verdict]
    composites: Mapping[str, Verdict]


def compare(old: Questionnaire, new: Questionnaire, *, bridge: Bridge | None = None) -> Comparability:
    """What of `new` compares with `old`; decisions of `bridge` weigh more than the texts, except on equal hashes."""
    if old.hash == new.hash:
        return Comparability(
            dimensions={dimension.id: COMPARABLE for dimension in new.dimensions},
            composites={composite.id: COMPARABLE for composite in new.index.composites},
        )
    pair = _Pair(old, new, bridge or Bridge())
    dimensions = {dimension.id: _dimension(pair, dimension) for dimension in new.dimensions}
    return Comparability(
        dimensions=dimensions,
        composites={composite.id: _composite(pair, composite, dimensions) for composite in new.index.composites},
    )


@dataclass(frozen=True, slots=True)
class _Pair:
    old: Questionnaire
    new: Questionnaire
    bridge: Bridge


def _dimension(pair: _Pair, dimension: Dimension) -> Verdict:
    before = next((one for one in pair.old.dimensions if one.id == dimension.id), None)
    if before is None:
        return _no(Reason(change=Change.MISSING, template=messages.DIMENSION_MISSING, values=_named(dimension)))
    both = [name for name in dimension.items if name in before.items]
    found = (*_whole(pair), *_item_set(before, dimension), *_items(pair, both))
    return _judged(found, pair.bridge.decision(pair.old, pair.new, dimension.id))


def _composite(pair: _Pair, composite: Composite, dimensions: Mapping[str, Verdict]) -> Verdict:
    before = next((one for one in pair.old.index.composites if one.id == composite.id), None)
    if before is None:
        values = {"composite": composite.id}
        return _no(Reason(change=Change.MISSING, template=messages.COMPOSITE_MISSING, values=values))
    rule = tuple(_rule(pair, before, composite))
    members = [dimensions[name] for name in RULES[composite.kind](pair.new, composite)]
    if composite.item is not None:
        members.append(_asked_directly(pair, composite.item))
    # What is true of the whole questionnaire is found in every member, and told once.
    told: list[Reason] = []
    for reason in (*rule, *(reason for member in members for reason in member.reasons)):
        if reason not in told:
            told.append(reason)
    return Verdict(comparable=not rule and all(member.comparable for member in members), reasons=tuple(told))


def _asked_directly(pair: _Pair, name: str) -> Verdict:
    """The verdict of one item, under the decision about its dimension where it is in one."""
    asked = [item.id for item in pair.old.items if item.id == name]
    item = pair.new.item(name)
    dimension = item.dimension if isinstance(item, RatingItem) else None
    return _judged((*_whole(pair), *_items(pair, asked)), pair.bridge.decision(pair.old, pair.new, dimension))


def _judged(found: tuple[Reason, ...], decision: Decision | None) -> Verdict:
    if decision is None:
        return Verdict(comparable=not found, reasons=found)
    if not decision.comparable:
        return Verdict(comparable=False, reasons=(*found, _told(decision, messages.DECIDED_NOT_COMPARABLE)))
    if not found or not {reason.change for reason in found} <= decision.in_spite_of:
        return Verdict(comparable=not found, reasons=found)
    return Verdict(comparable=True, reasons=(*found, _told(decision, messages.DECIDED_COMPARABLE)))


def _told(decision: Decision, template: str) -> Reason:
    values = {
        "dimension": decision.dimension,
        "decided_by": decision.decided_by,
        "date": decision.date,
        "source": decision.source,
        "why": decision.reason,
    }
    return Reason(change=Change.DECISION, template=template, values=values)


def _whole(pair: _Pair) -> Iterator[Reason]:
    """What changed for every figure of the questionnaire: who is asked."""
    for change, template, of in _WHOLE_CHECKS:
        before, now = of(pair.old), of(pair.new)
        if before != now:
            yield Reason(change=change, template=template, values={"before": before, "now": now})


def _item_set(before: Dimension, now: Dimension) -> Iterator[Reason]:
    added = _without(now.items, before.items)
    removed = _without(before.items, now.items)
    if added or removed:
        values = {"added": _listed(added), "removed": _listed(removed), **_named(now)}
        yield Reason(change=Change.ITEMS, template=messages.ITEMS_CHANGED, values=values)


def _items(pair: _Pair, names: Collection[str]) -> Iterator[Reason]:
    """What changed in the items called `names`, which both questionnaires have: one reason for each kind."""
    for change, template, of in _ITEM_CHECKS:
        changed = [name for name in names if of(pair.old, name) != of(pair.new, name)]
        if changed:
            yield Reason(change=change, template=template, values={"items": _listed(changed)})


def _rule(pair: _Pair, before: Composite, now: Composite) -> Iterator[Reason]:
    if before.kind != now.kind:
        values = {"composite": now.id, "before": before.kind.value, "now": now.kind.value}
        yield Reason(change=Change.RULE, template=messages.RULE_KIND_CHANGED, values=values)
        return
    weights_before, weights_now = RULES[now.kind](pair.old, before), RULES[now.kind](pair.new, now)
    changed = [name for name in {**weights_before, **weights_now} if weights_before.get(name) != weights_now.get(name)]
    if before.item != now.item:
        changed += [str(before.item), str(now.item)]
    if changed:
        values = {"composite": now.id, "parts": _listed(changed)}
        yield Reason(change=Change.RULE, template=messages.RULE_PARTS_CHANGED, values=values)


def _wording(questionnaire: Questionnaire, name: str) -> tuple[str, ...]:
    """Every Vietnamese word that the item is asked with, from the outermost heading inwards."""
    item = questionnaire.item(name)
    asked: list[Text | None] = []
    for section in questionnaire.sections:
        if name in section.items:
            asked += [section.title, section.intro]
            break
        if not section.items:
            asked.append(section.intro)
    return tuple(_folded(text) for text in (*asked, item.text, item.hint) if text is not None)


def _scale(questionnaire: Questionnaire, name: str) -> object:
    if not isinstance(questionnaire.item(name), RatingItem):
        return None
    scale = questionnaire.scale_of(name)
    return [(level.value, _folded(level.text)) for level in scale.levels], scale.favourable_from


def _beside_the_scale(questionnaire: Questionnaire, name: str) -> str | None:
    item = questionnaire.item(name)
    if not isinstance(item, RatingItem) or not item.not_applicable:
        return None
    label = questionnaire.scale_of(name).not_applicable
    return None if label is None else _folded(label)


def _by_items(questionnaire: Questionnaire, composite: Composite) -> Mapping[str, object]:
    counts = {dimension.id: len(dimension.items) for dimension in questionnaire.dimensions}
    return {name: counts[name] for name in composite.dimensions}


def _by_blocks(questionnaire: Questionnaire, composite: Composite) -> Mapping[str, object]:
    shares = {weight.of: weight.share for weight in composite.weights}
    return {
        dimension.id: (dimension.block, shares[dimension.block], len(dimension.items))
        for dimension in questionnaire.dimensions
        if dimension.block in shares
    }


def _alike(_questionnaire: Questionnaire, composite: Composite) -> Mapping[str, object]:
    return dict.fromkeys(composite.dimensions, 1)


RULES: Mapping[CompositeKind, Callable[[Questionnaire, Composite], Mapping[str, object]]] = {
    CompositeKind.DIRECT: _alike,
    CompositeKind.BY_ITEMS: _by_items,
    CompositeKind.EQUAL: _alike,
    # What each dimension weighs is found anew from every wave's answers: the rule says only which take part.
    CompositeKind.DRIVERS: _alike,
    CompositeKind.FIXED: lambda _, composite: {weight.of: weight.share for weight in composite.weights},
    CompositeKind.BLOCKS: _by_blocks,
}
"""What each dimension of a composite weighs, as far as the questionnaire says it, and so which dimensions it has."""

_WHOLE_CHECKS: tuple[tuple[Change, str, Callable[[Questionnaire], str]], ...] = (
    (Change.STREAM, messages.STREAM_CHANGED, lambda asked: asked.stream),
    (Change.POPULATION, messages.POPULATION_CHANGED, lambda asked: asked.population or UNSTATED),
)

_ITEM_CHECKS: tuple[tuple[Change, str, Callable[[Questionnaire, str], object]], ...] = (
    (Change.WORDING, messages.WORDING_CHANGED, _wording),
    (Change.SCALE, messages.SCALE_CHANGED, _scale),
    (Change.ANSWERS, messages.NOT_APPLICABLE_CHANGED, _beside_the_scale),
    (Change.ANSWERS, messages.REQUIRED_CHANGED, lambda asked, name: asked.item(name).required),
)


def _folded(text: Text) -> str:
    return unicodedata.normalize("NFC", " ".join(text.localised("vi").split()))


def _without(names: Iterable[str], others: Collection[str]) -> list[str]:
    return [name for name in names if name not in others]


def _listed(names: Collection[str]) -> str:
    return ", ".join(names) or UNSTATED


def _named(dimension: Dimension) -> dict[str, str]:
    return {"dimension": dimension.id}


def _no(reason: Reason) -> Verdict:
    return Verdict(comparable=False, reasons=(reason,))
