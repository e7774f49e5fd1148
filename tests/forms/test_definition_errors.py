"""Everything that can be wrong in a definition, told with its place."""

import pytest

from forms.loading import DefinitionError, from_canonical, from_toml, load

# What is done to the small questionnaire of conftest.py, the place that must be named, and words of what must be said.
BROKEN = {
    "a missing key": ('version = "1"\n', "", "version", "missing"),
    "a missing translation": (', en = "How was it?"', "", "items[0].text.en", "missing"),
    "a blank translation": ('en = "How was it?"', 'en = "  "', "items[0].text.en", "is empty"),
    "a text in one language": (
        'text = { vi = "Ý kiến", en = "Comment" }',
        'text = "Ý kiến"',
        "items[4].text",
        "write it once a language: text.vi = …, text.en = …",
    ),
    "a language nobody asked for": (
        'en = "Comment" }',
        'en = "Comment", rad = "…" }',
        "items[4].text.rad",
        "unknown key; the keys here are vi, en",
    ),
    "a control character": ('vi = "Ý kiến"', 'vi = "Ý\\u0000kiến"', "items[4].text.vi", "holds a control character"),
    "a misspelt key": ("max_length", "maxlength", "items[4].maxlength", "the nearest one is “max_length”"),
    "the key that this left out": ("max_length", "maxlength", "items[4].max_length", "missing"),
    "a strange key": ('id = "small"', 'id = "small"\nxyz = 1', "xyz", "the keys here are languages"),
    "a number for a text": ('version = "1"', "version = 1", "version", "must be a text in quotes"),
    "a text for a number": ("max_length = 20", 'max_length = "20"', "items[4].max_length", "must be a whole number"),
    "true for a number": ("max_length = 20", "max_length = true", "items[4].max_length", "must be a whole number"),
    "a number for a flag": ("specify = true", "specify = 1", "items[3].options[2].specify", "must be true or false"),
    "a text for a list": ('items = ["rate"]', 'items = "rate"', "dimensions[0].items", "must be a list"),
    "a text for a table": (
        'levels = [\n  { value = 1, text.vi = "Ít"',
        'levels = [\n  "x", { value = 1, text.vi = "Ít"',
        "scales[1].levels[0]",
        "must be a table",
    ),
    "a text for a share": ("share = 1", 'share = "1"', "index.composites[1].weights[0].share", "must be a number"),
    "a number out of range": ("max_length = 20", "max_length = 0", "items[4].max_length", "0 is not between 1 and"),
    "an id with capitals": ('id = "small"', 'id = "Small"', "id", "“Small” is not an id"),
    "an id with a space": ('id = "often"', 'id = "how often"', "items[1].id", "“how often” is not an id"),
    "an id that is a column": ('id = "words"', 'id = "weight"', "items[4].id", "“weight” has another meaning"),
    "an id that is a hook": ('id = "words"', 'id = "validate_rate"', "items[4].id", "has another meaning"),
    "an option with capitals": ('value = "nam"', 'value = "Nam"', "items[2].options[0].value", "“Nam” is not a value"),
    "an unknown stream": ('"counter"', '"street"', "stream", "“street” is not one of counter, sample, census"),
    "an unknown kind": ('kind = "comment"', 'kind = "essay"', "items[4].kind", "“essay” is not one of rating, choice"),
    "an unknown rule": (
        'kind = "direct"',
        'kind = "guess"',
        "index.composites[0].kind",
        "“guess” is not one of direct",
    ),
    "a bad language": ('["vi", "en"]', '["vi", "en", "English"]', "languages[2]", "“English” is not a language code"),
    "a language twice": ('["vi", "en"]', '["vi", "en", "vi"]', "languages[2]", "“vi” is used already, by languages[0]"),
    "no Vietnamese": ('["vi", "en"]', '["en"]', "languages", "must have “vi”"),
    "two items of one id": ('id = "often"', 'id = "rate"', "items[1].id", "“rate” is used already, by items[0]"),
    "two scales of one id": ('id = "plain"', 'id = "good"', "scales[1].id", "“good” is used already, by scales[0]"),
    "two levels of one value": (
        'value = 2, text.vi = "Tốt"',
        'value = 1, text.vi = "Tốt"',
        "scales[0].levels[1].value",
        "“1” is used already, by scales[0].levels[0]",
    ),
    "two options of one value": (
        'value = "nu"',
        'value = "nam"',
        "items[2].options[1].value",
        "“nam” is used already, by items[2].options[0]",
    ),
    "one level": ('  { value = 2, text.vi = "Nhiều", text.en = "Much" },\n', "", "scales[1].levels", "at least 2"),
    "levels that fall": ('value = 1, text.vi = "Ít"', 'value = 9, text.vi = "Ít"', "scales[1].levels", "2 follows 9"),
    "a favourable level that is none": (
        "favourable_from = 2",
        "favourable_from = 3",
        "scales[0].favourable_from",
        "3 is not one of the levels 1, 2",
    ),
    "a scale on which all is favourable": (
        "favourable_from = 2",
        "favourable_from = 1",
        "scales[0].favourable_from",
        "every answer would be favourable",
    ),
    "an unknown scale": (
        'scale = "good"',
        'scale = "goood"',
        "items[0].scale",
        "no scale “goood”; the nearest name is “good”",
    ),
    "a dimension of an unknown item": (
        'items = ["rate"]',
        'items = ["rates"]',
        "dimensions[0].items[0]",
        "no item “rates”; the nearest name is “rate”",
    ),
    "a dimension of nothing": ('items = ["rate"]', "items = []", "dimensions[0].items", "needs at least 1"),
    "a dimension of a comment": ('items = ["rate"]', 'items = ["words"]', "dimensions[0].items[0]", "is not a rating"),
    "a dimension without favourable levels": (
        'items = ["rate"]',
        'items = ["often"]',
        "dimensions[0].items[0]",
        "on scale “plain”, which has no favourable_from",
    ),
    "an unknown block": ('block = "whole"', 'block = "hole"', "dimensions[0].block", "no block “hole”"),
    "a section of an unknown item": ('"often", "sex"]', '"oft", "sex"]', "sections[0].items[1]", "no item “oft”"),
    "an item in no section": ('"often", "sex"]', '"sex"]', "items[1].id", "“often” is in no section"),
    "an item in two sections": (
        '"words"]',
        '"words", "rate"]',
        "sections[1].items[2]",
        "“rate” is in sections[0] already",
    ),
    "a section of nothing": (
        'title = { vi = "Sau", en = "Second" }\nitems = ["where", "words"]',
        "",
        "sections[1].items",
        "give it a title",
    ),
    "an item that nobody said is required": (
        'id = "second"\nrequired = false',
        'id = "second"',
        "items[4].required",
        "say required = true or false",
    ),
    "one option": ('  { value = "nu", text.vi = "Nữ", text.en = "Female" },\n', "", "items[2].options", "at least 2"),
    "two options to specify": (
        'text.en = "At home" }',
        'text.en = "At home", specify = true }',
        "items[3].options",
        "only one option",
    ),
    "an item called like a line to specify": (
        '"words"',
        '"where_khac"',
        "items[3].options",
        "would be called “where_khac”",
    ),
    "not applicable without a label": (
        'not_applicable = { vi = "Không biết", en = "Do not know" }\n',
        "",
        "items[0].not_applicable",
        "scale “good” has no text not_applicable",
    ),
    "a composite of an unknown item": ('item = "rate"', 'item = "rat"', "index.composites[0].item", "no item “rat”"),
    "a composite of a comment": ('item = "rate"', 'item = "words"', "index.composites[0].item", "is not a rating"),
    "a composite of an unknown dimension": (
        'kind = "direct"\nitem = "rate"',
        'kind = "equal"\ndimensions = ["qualty"]',
        "index.composites[0].dimensions[0]",
        "no dimension “qualty”; the nearest name is “quality”",
    ),
    "a composite of one dimension twice": (
        'kind = "direct"\nitem = "rate"',
        'kind = "by-items"\ndimensions = ["quality", "quality"]',
        "index.composites[0].dimensions[1]",
        "“quality” is in index.composites[0] already",
    ),
    "a composite of nothing": (
        'kind = "direct"\nitem = "rate"',
        'kind = "by-items"\ndimensions = []',
        "index.composites[0].dimensions",
        "needs at least 1",
    ),
    "weights of another rule": (
        'kind = "direct"\n',
        'kind = "direct"\nweights = []\n',
        "index.composites[0].weights",
        "unknown key",
    ),
    "weights that miss 1": ("share = 1", "share = 0.9", "index.composites[1].weights", "add up to 0.9, not to 1"),
    "a weight of nothing": (
        "share = 1",
        "share = 0",
        "index.composites[1].weights[0].share",
        "0.0 is not between 0 and 1",
    ),
    "a weight that is no number": (
        "share = 1",
        "share = nan",
        "index.composites[1].weights[0].share",
        "nan is not between",
    ),
    "an empty block in a composite": (
        'block = "whole"\n',
        "",
        "index.composites[1].weights",
        "no dimension is in block “whole”",
    ),
}


def problems_of(text: str) -> list[tuple[str, str]]:
    with pytest.raises(DefinitionError) as caught:
        from_toml(text, source="broken.toml")
    return [(problem.path, problem.template.format(**problem.values)) for problem in caught.value.problems]


@pytest.mark.parametrize(("old", "new", "path", "words"), BROKEN.values(), ids=BROKEN)
def test_a_mistake_is_told_with_its_place(small: str, old: str, new: str, path: str, words: str):
    assert old in small
    found = problems_of(small.replace(old, new))
    assert [message for place, message in found if place == path and words in message], found


def test_the_small_questionnaire_itself_has_no_mistake(small: str):
    assert from_toml(small, source="small.toml").id == "small"


def test_all_mistakes_are_told_at_once(small: str):
    text = (
        small.replace(', en = "How was it?"', "")
        .replace("favourable_from = 2", "favourable_from = 7")
        .replace('scale = "plain"', 'scale = "plan"')
        .replace('"counter"', '"street"')
    )
    assert {path for path, _ in problems_of(text)} == {
        "items[0].text.en",
        "scales[0].favourable_from",
        "items[1].scale",
        "stream",
    }


def test_a_mistake_is_told_once(small: str):
    assert problems_of(small.replace('version = "1"\n', "")) == [("version", "missing")]


def test_an_empty_file_is_told_what_every_questionnaire_has():
    assert {path for path, _ in problems_of("")} == {
        *("id", "version", "stream", "title", "languages", "sections", "items")
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('id = "a"\nversion = \n', "at line 2, column 11"),
        ('id = "a"\nid = "b"\n', "at line 2"),
        ("id = 'unfinished", "at end of document"),
        ("number = " + "9" * 5000, "not TOML"),
        ("x = " + "[" * 5000, "not TOML"),
    ],
    ids=["nothing after =", "a key twice", "an open quote", "an absurd number", "an absurd depth"],
)
def test_what_is_not_toml_is_told_with_its_line(text: str, words: str):
    ((path, message),) = problems_of(text)
    assert path == ""
    assert words in message


def test_the_error_reads_as_a_list(small: str):
    with pytest.raises(DefinitionError) as caught:
        from_toml(small.replace('version = "1"\n', "").replace("share = 1", "share = 0.5"), source="broken.toml")
    assert str(caught.value) == (
        "broken.toml is not a questionnaire, in 2 places:\n"
        "  version: missing\n"
        "  index.composites[1].weights: weights add up to 0.5, not to 1"
    )


def test_a_name_that_is_not_shipped_is_answered_with_the_names_that_are():
    with pytest.raises(DefinitionError, match=r"there are sipas-2026, sipas-counter"):
        load("sipas-1999")


def test_a_missing_file_is_an_error_of_the_definition(tmp_path):
    with pytest.raises(DefinitionError, match="No such file"):
        load(tmp_path / "nowhere.toml")


def test_a_file_in_another_encoding_is_told_where(tmp_path, small: str):
    path = tmp_path / "old.toml"
    path.write_bytes(b"# ok\n" + small.encode("utf-16"))
    with pytest.raises(DefinitionError, match="not UTF-8 at byte 5"):
        load(path)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"id": "a"}', '"\\ud800"', "[" * 100_000])
def test_what_is_not_a_stored_questionnaire_is_an_error_of_the_definition(text: str):
    with pytest.raises(DefinitionError):
        from_canonical(text)


def test_half_a_surrogate_pair_is_no_text(small: str):
    stored = from_toml(small, source="small.toml").canonical()
    with pytest.raises(DefinitionError, match="holds a control character"):
        from_canonical(stored.replace("Phiếu nhỏ", "\\ud83d"))
