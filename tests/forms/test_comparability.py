"""Where a trend breaks, and where it does not.

The witness of what uses an item is the canonical JSON itself, walked here by hand; the changes are made in texts.
"""

from __future__ import annotations

import datetime as dt
import json
import unicodedata

import pytest

from forms.comparability import RULES, Bridge, Change, Decision, Reason, compare
from forms.definition import CompositeKind, Questionnaire, Text
from forms.loading import DefinitionError, available, from_canonical, from_toml, load
from survey import i18n

TWO = """
id = "two"
version = "1"
stream = "counter"
languages = ["vi", "en"]
title = { vi = "Phiếu", en = "Form" }

scales = [
  { id = "good", favourable_from = 2, not_applicable = { vi = "Không biết", en = "Do not know" }, levels = [
    { value = 1, text = { vi = "Kém", en = "Bad" } },
    { value = 2, text = { vi = "Tốt", en = "Good" } },
    { value = 3, text = { vi = "Rất tốt", en = "Very good" } },
  ] },
  { id = "other", favourable_from = 2, levels = [
    { value = 1, text = { vi = "Kém", en = "Bad" } },
    { value = 2, text = { vi = "Tốt", en = "Good" } },
    { value = 3, text = { vi = "Rất tốt", en = "Very good" } },
  ] },
]
blocks = [{ id = "left", text = { vi = "Trái", en = "Left" } }, { id = "right", text = { vi = "Phải", en = "Right" } }]
sections = [
  { id = "head", title = { vi = "Câu 9", en = "Q9" }, intro = { vi = "Hài lòng ra sao?", en = "How?" }, items = [] },
  { id = "one", required = true, title = { vi = "Phần một", en = "Part one" }, items = ["a1", "a2"] },
  { id = "two", required = true, title = { vi = "Phần hai", en = "Part two" }, items = ["b1", "all"] },
]
items = [
  { id = "a1", kind = "rating", scale = "good", text = { vi = "Việc thứ nhất.", en = "First." } },
  { id = "a2", kind = "rating", scale = "good", text = { vi = "Việc thứ hai.", en = "Second." } },
  { id = "b1", kind = "rating", scale = "good", text = { vi = "Việc thứ ba.", en = "Third." } },
  { id = "all", kind = "rating", scale = "good", text = { vi = "Nói chung.", en = "All in all." } },
]
dimensions = [
  { id = "a", block = "left", items = ["a1", "a2"], text = { vi = "A", en = "A" }, short = { vi = "A", en = "A" } },
  { id = "b", block = "right", items = ["b1"], text = { vi = "B", en = "B" }, short = { vi = "B", en = "B" } },
]
[index]
composites = [
  { id = "direct", text = { vi = "1", en = "1" }, kind = "direct", item = "all" },
  { id = "first", text = { vi = "2", en = "2" }, kind = "direct", item = "a1" },
  { id = "pooled", text = { vi = "3", en = "3" }, kind = "by-items", dimensions = ["a", "b"] },
  { id = "equal", text = { vi = "4", en = "4" }, kind = "equal", dimensions = ["a", "b"] },
  { id = "fixed", text = { vi = "5", en = "5" }, kind = "fixed", weights = [
    { of = "a", share = 0.7 }, { of = "b", share = 0.3 },
  ] },
  { id = "blocks", text = { vi = "6", en = "6" }, kind = "blocks", weights = [
    { of = "left", share = 0.6 }, { of = "right", share = 0.4 },
  ] },
  { id = "drivers", text = { vi = "7", en = "7" }, kind = "drivers", item = "all", dimensions = ["a", "b"] },
]
"""
OLD = from_toml(TWO, source="two.toml")
OF_BOTH = {"pooled", "equal", "fixed", "blocks", "drivers"}
OF_A = {"a", "first"} | OF_BOTH
OF_B = {"b"} | OF_BOTH
EVERYTHING = {"direct"} | OF_A | OF_B

THIRD = 'scale = "good", text = { vi = "Việc thứ ba'


def changed(*replacements: tuple[str, str]) -> Questionnaire:
    text = TWO.replace('version = "1"', 'version = "2"')
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new, 1)
    return from_toml(text, source="changed.toml")


def verdicts(old: Questionnaire, new: Questionnaire, bridge: Bridge | None = None):
    found = compare(old, new, bridge=bridge)
    return {**found.dimensions, **found.composites}


def broken(old: Questionnaire, new: Questionnaire) -> set[str]:
    return {name for name, verdict in verdicts(old, new).items() if not verdict.comparable}


def kinds(reasons: tuple[Reason, ...]) -> list[Change]:
    return [reason.change for reason in reasons]


@pytest.mark.parametrize("name", available())
def test_a_questionnaire_compares_with_itself_in_everything(name: str):
    questionnaire = load(name)
    found = compare(questionnaire, from_canonical(questionnaire.canonical()))
    assert set(found.dimensions) == {dimension.id for dimension in questionnaire.dimensions}
    assert set(found.composites) == {composite.id for composite in questionnaire.index.composites}
    assert all(one.comparable and not one.reasons for one in verdicts(questionnaire, questionnaire).values())


# What is done to the second version, what breaks by it, and the kind of change that is told.
BREAKS = {
    "a word of an item": (("Việc thứ nhất.", "Việc thứ một."), OF_A, Change.WORDING),
    "a comma": (("Việc thứ ba.", "Việc, thứ ba."), OF_B, Change.WORDING),
    "a capital letter": (("Việc thứ ba.", "việc thứ ba."), OF_B, Change.WORDING),
    "a hint": ((THIRD, 'hint = { vi = "(nếu có)", en = "(if any)" }, ' + THIRD), OF_B, Change.WORDING),
    "the title of a section": (("Phần một", "Phần 1"), OF_A, Change.WORDING),
    "the question in a heading": (("Hài lòng ra sao?", "Quan tâm ra sao?"), EVERYTHING, Change.WORDING),
    "the label of a level": (("Rất tốt", "Tuyệt"), EVERYTHING, Change.SCALE),
    "where favourable begins": (
        ('"good", favourable_from = 2', '"good", favourable_from = 3'),
        EVERYTHING,
        Change.SCALE,
    ),
    "a level more": (
        ('en = "Very good" } },', 'en = "Very good" } }, { value = 4, text = { vi = "Tuyệt", en = "Superb" } },'),
        EVERYTHING,
        Change.SCALE,
    ),
    "does not apply": ((THIRD, "not_applicable = true, " + THIRD), OF_B, Change.ANSWERS),
    "an answer that may be left out": ((THIRD, "required = false, " + THIRD), OF_B, Change.ANSWERS),
    "an item less in the dimension": (
        ('items = ["a1", "a2"], text', 'items = ["a1"], text'),
        {"a"} | OF_BOTH,
        Change.ITEMS,
    ),
    "an item more in the dimension": (('items = ["b1"]', 'items = ["b1", "all"]'), OF_B, Change.ITEMS),
    "the stream": (('"counter"', '"sample"'), EVERYTHING, Change.STREAM),
    "the population": (("stream =", 'population = "residents"\nstream ='), EVERYTHING, Change.POPULATION),
    "another item of a direct composite": (('item = "a1"', 'item = "a2"'), {"first"}, Change.RULE),
    "another rule": (('kind = "equal"', 'kind = "by-items"'), {"equal"}, Change.RULE),
    "another item explained by the dimensions": (
        ('"drivers", item = "all"', '"drivers", item = "b1"'),
        {"drivers"},
        Change.RULE,
    ),
    "another member": (
        ('kind = "equal", dimensions = ["a", "b"]', 'kind = "equal", dimensions = ["a"]'),
        {"equal"},
        Change.RULE,
    ),
    "other weights": (
        ('share = 0.7 }, { of = "b", share = 0.3', 'share = 0.6 }, { of = "b", share = 0.4'),
        {"fixed"},
        Change.RULE,
    ),
    "other weights of blocks": (
        ('share = 0.6 }, { of = "right", share = 0.4', 'share = 0.5 }, { of = "right", share = 0.5'),
        {"blocks"},
        Change.RULE,
    ),
    "a new composite": (('id = "equal"', 'id = "fresh"'), {"fresh"}, Change.MISSING),
}


@pytest.mark.parametrize(("replacement", "expected", "change"), BREAKS.values(), ids=BREAKS)
def test_a_change_breaks_what_it_touches_and_says_how(replacement, expected: set[str], change: Change):
    new = changed(replacement)
    assert broken(OLD, new) == expected
    assert all(change in kinds(verdicts(OLD, new)[name].reasons) for name in expected)


@pytest.mark.parametrize("change", list(Change)[: list(Change).index(Change.DECISION)])
def test_each_kind_of_change_is_tried(change: Change):
    assert change in {tried for _, _, tried in BREAKS.values()}


# The same questionnaire for whoever is asked in Vietnamese.
HARMLESS = {
    "the version alone": (),
    "the English": (('en = "First."', 'en = "The first."'), ('en = "Bad"', 'en = "Poor"')),
    "the name of a dimension": (('text = { vi = "A", en = "A" }', 'text = { vi = "Á", en = "A" }'),),
    "the title": (('vi = "Phiếu"', 'vi = "Phiếu mới"'),),
    "the order of items": (
        ('items = ["a1", "a2"], text', 'items = ["a2", "a1"], text'),
        ('items = ["a1", "a2"] }', 'items = ["a2", "a1"] }'),
    ),
    "the order of dimensions": (
        ('kind = "equal", dimensions = ["a", "b"]', 'kind = "equal", dimensions = ["b", "a"]'),
    ),
    "the name of a heading": (("Câu 9", "Câu 10"),),
    "the name of a scale": ((THIRD, THIRD.replace("good", "other")),),
    "a language more": (('languages = ["vi", "en"]', 'languages = ["en", "vi"]'),),
    "white space": (("Việc thứ nhất.", "Việc  thứ\\tnhất. "),),
}


@pytest.mark.parametrize("replacements", HARMLESS.values(), ids=HARMLESS)
def test_what_nobody_is_asked_breaks_nothing(replacements):
    assert broken(OLD, changed(*replacements)) == set()


def test_decomposed_letters_and_odd_spaces_are_no_change_even_in_values_made_by_hand():
    """Files are put into NFC when they are read; a questionnaire made in code is not."""
    new = changed()
    spaced = Text((("vi", unicodedata.normalize("NFD", "Việc\u00a0 thứ\nnhất.")), ("en", "First.")))
    object.__setattr__(new.item("a1"), "text", spaced)
    assert broken(OLD, new) == set()


NEW_DIMENSION = '{ id = "c", items = ["c1"], text = { vi = "C", en = "C" }, short = { vi = "C", en = "C" } },'


def test_a_wider_questionnaire_keeps_the_dimensions_it_had():
    new = changed(
        (
            "\nitems = [",
            '\nitems = [{ id = "c1", kind = "rating", scale = "good", text = { vi = "Mới.", en = "New." } },',
        ),
        ('"b1", "all"]', '"b1", "c1", "all"]'),
        ("\ndimensions = [", "\ndimensions = [" + NEW_DIMENSION),
        ('kind = "equal", dimensions = ["a", "b"]', 'kind = "equal", dimensions = ["a", "b", "c"]'),
    )
    assert broken(OLD, new) == {"c", "equal"}
    found = compare(OLD, new)
    assert kinds(found.dimensions["c"].reasons) == [Change.MISSING]
    assert kinds(found.composites["equal"].reasons) == [Change.RULE, Change.MISSING]


def test_two_streams_share_nothing_and_say_so_once_for_a_composite():
    found = compare(load("sipas-counter"), load("sipas-2026"))
    assert broken(load("sipas-counter"), load("sipas-2026")) == {*found.dimensions, *found.composites}
    assert kinds(found.dimensions["tac_dong"].reasons) == [Change.MISSING]
    assert kinds(found.composites["nam_yeu_to"].reasons).count(Change.STREAM) == 1


def test_a_reason_names_the_items():
    new = changed(('items = ["a1", "a2"], text', 'items = ["a1"], text'), ("Việc thứ nhất", "Việc thứ một"))
    assert [str(reason) for reason in compare(OLD, new).dimensions["a"].reasons] == [
        "The items of the dimension a changed: – added, a2 removed.",
        "The wording changed of a1.",
    ]


def test_a_reason_is_translated_as_errors_are():
    (reason,) = compare(OLD, changed(("Việc thứ ba", "Việc thứ tư"))).dimensions["b"].reasons
    assert isinstance(reason, i18n.Translatable)
    assert i18n.explain(reason.localised("vi")) == "Lời văn đã thay đổi ở b1."


def test_an_item_that_was_of_another_kind_is_not_looked_up_on_a_scale():
    old = changed(
        ('{ id = "all", kind = "rating", scale = "good"', '{ id = "all", kind = "comment", max_length = 9'),
        ('kind = "direct", item = "all"', 'kind = "direct", item = "b1"'),
        ('"drivers", item = "all"', '"drivers", item = "b1"'),
    )
    verdict = compare(old, OLD).composites["direct"]
    assert set(kinds(verdict.reasons)) == {Change.RULE, Change.SCALE}


def test_every_rule_can_be_compared():
    assert set(RULES) == set(CompositeKind)


# Anyone's changes to the shipped questionnaires, against the tables of their JSON.


def _uses(tables, item: str) -> set[str]:
    """The dimensions and composites whose figure the answers to `item` enter."""
    dimensions = {one["id"]: one for one in tables["dimensions"] if item in one["items"]}
    blocks = {one.get("block") for one in dimensions.values()}
    composites = {
        one["id"]
        for one in tables["index"]["composites"]
        if one.get("item") == item
        or set(one.get("dimensions", ())) & set(dimensions)
        or {weight["of"] for weight in one.get("weights", ())} & (set(dimensions) | blocks)
    }
    return set(dimensions) | composites


@pytest.mark.parametrize("name", available())
def test_a_new_text_of_an_item_breaks_exactly_what_uses_the_item(name: str):
    old = load(name)
    for place, item in enumerate(old.items):
        tables = json.loads(old.canonical())
        assert tables["items"][place]["id"] == item.id
        tables["items"][place]["text"]["vi"] += " nhé"
        assert broken(old, from_canonical(json.dumps(tables))) == _uses(tables, item.id), item.id


@pytest.mark.parametrize("name", available())
def test_a_new_translation_of_an_item_breaks_nothing(name: str):
    old = load(name)
    tables = json.loads(old.canonical())
    for item in tables["items"]:
        item["text"]["en"] += ", please"
    new = from_canonical(json.dumps(tables))
    assert new.hash != old.hash
    assert broken(old, new) == set()


# Decisions, as `bridging` makes them.


def decided(new: Questionnaire, dimension: str, *, comparable: bool, in_spite_of: tuple[Change, ...] = ()) -> Bridge:
    why = Text((("vi", "Chỉ sửa lỗi chính tả."), ("en", "A spelling mistake.")))
    decision = Decision(
        id="one",
        old=OLD.hash,
        new=new.hash,
        dimension=dimension,
        comparable=comparable,
        in_spite_of=frozenset(in_spite_of),
        reason=why,
        decided_by="Sở Nội vụ",
        source="123/SNV",
        date=dt.date(2027, 1, 15),
    )
    return Bridge((decision,))


def test_a_decision_sets_a_change_aside_and_is_told_with_it():
    new = changed(("Việc thứ nhất", "Việc thứ một"))
    found = verdicts(OLD, new, decided(new, "a", comparable=True, in_spite_of=(Change.WORDING,)))
    assert all(verdict.comparable for verdict in found.values())
    assert kinds(found["a"].reasons) == kinds(found["first"].reasons) == [Change.WORDING, Change.DECISION]
    assert kinds(found["equal"].reasons) == [Change.WORDING, Change.DECISION]
    assert found["b"].reasons == ()
    assert str(found["a"].reasons[1]) == (
        "Comparable by a decision about a of Sở Nội vụ, 2027-01-15 (123/SNV): A spelling mistake."
    )


def test_a_decision_holds_for_the_change_it_names_only():
    new = changed(("Việc thứ nhất", "Việc thứ một"), ("Rất tốt", "Tuyệt"))
    verdict = verdicts(OLD, new, decided(new, "a", comparable=True, in_spite_of=(Change.WORDING,)))["a"]
    assert not verdict.comparable
    assert kinds(verdict.reasons) == [Change.WORDING, Change.SCALE]


def test_a_decision_holds_for_its_dimension_and_direction_only():
    new = changed(("Phần hai", "Phần 2"))
    bridge = decided(new, "a", comparable=True, in_spite_of=(Change.WORDING,))
    assert not verdicts(OLD, new, bridge)["b"].comparable
    assert not verdicts(new, OLD, decided(new, "b", comparable=True, in_spite_of=(Change.WORDING,)))["b"].comparable


def test_the_same_text_can_be_decided_not_to_compare():
    new = changed()
    found = verdicts(OLD, new, decided(new, "a", comparable=False))
    assert {name for name, verdict in found.items() if not verdict.comparable} == OF_A
    assert kinds(found["a"].reasons) == [Change.DECISION]


def test_a_decision_about_a_dimension_does_not_save_a_composite_whose_rule_changed():
    """An item more shifts the weights of what is pooled by items, and leaves equal weights as they were."""
    new = changed(('items = ["b1"]', 'items = ["b1", "all"]'))
    found = verdicts(OLD, new, decided(new, "b", comparable=True, in_spite_of=(Change.ITEMS,)))
    assert {name for name, verdict in found.items() if not verdict.comparable} == {"pooled", "blocks"}


# Who is asked.


def test_the_population_is_kept_and_changes_the_hash():
    new = changed(("stream =", 'population = "residents-18"\nstream ='))
    assert from_canonical(new.canonical()).population == "residents-18"
    assert new.hash != changed().hash
    assert '"population"' not in OLD.canonical()


def test_a_population_is_a_name():
    with pytest.raises(DefinitionError, match="population: “Everybody!” is not an id"):
        changed(("stream =", 'population = "Everybody!"\nstream ='))
