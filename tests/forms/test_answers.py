"""From posted fields to answers: what is kept, what is refused, and in which words."""

import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from forms import answers, messages
from forms.definition import Questionnaire
from forms.fields import cleaned
from forms.loading import from_toml, load

RIGHT = [("rate", "2"), ("often", "1")]


@pytest.fixture
def form(small: str) -> Questionnaire:
    return from_toml(small, source="small.toml")


def read(questionnaire: Questionnaire, *fields: tuple[str, str]) -> answers.Submission:
    return answers.read(questionnaire, MultiDict(fields), gettext=lambda sentence: sentence)


def test_answers_come_in_the_types_they_are_stored_in_and_in_the_order_of_the_page(form):
    submission = read(
        form,
        *[("words", " Tốt lắm \n"), ("where_khac", "chợ"), ("where", "khac"), ("where", "nha"), ("sex", "nu")],
        *[("often", "1"), ("rate", "2")],
    )
    assert submission.errors == {}
    assert list(submission.answers.items()) == [
        ("rate", 2),
        ("often", 1),
        ("sex", "nu"),
        ("where", ["nha", "khac"]),
        ("where_khac", "chợ"),
        ("words", "Tốt lắm"),
    ]


def test_what_is_left_blank_is_absent_and_never_zero(form):
    submission = read(form, *RIGHT, ("sex", ""), ("words", "  \r\n "), ("where", ""))
    assert submission.answers == {"rate": 2, "often": 1}
    assert submission.errors == {}


def test_not_applicable_is_an_answer_where_it_is_offered(form):
    submission = read(form, ("rate", "na"), ("often", "1"))
    assert submission.answers == {"rate": "na", "often": 1}
    assert read(form, ("rate", "2"), ("often", "na")).errors == {"often": messages.CHOOSE_AMONG_SHOWN}


def test_required_items_are_asked_for_in_the_order_of_the_page(form):
    assert list(read(form).errors.items()) == [("rate", messages.CHOOSE_ONE), ("often", messages.CHOOSE_ONE)]


def test_each_kind_of_item_asks_for_itself_in_its_own_words(small):
    strict = from_toml(small.replace("required = false", "required = true"), source="small.toml")
    assert read(strict, *RIGHT).errors == {
        "sex": messages.CHOOSE_ONE,
        "where": messages.CHOOSE_SOME,
        "words": messages.WRITE_ANSWER,
    }


@pytest.mark.parametrize(
    "value", ["0", "3", "-1", "2.0", "02", "+2", "2_", "２", "٢", "two", "true", "2;3", "9" * 5000]
)
def test_a_level_is_only_what_the_scale_says(form, value: str):
    submission = read(form, ("rate", value), ("often", "1"))
    assert submission.errors == {"rate": messages.CHOOSE_AMONG_SHOWN}
    assert submission.answers == {"often": 1}


def test_an_option_is_only_what_the_list_says(form):
    submission = read(form, *RIGHT, ("sex", "Nam"), ("where", "nha"), ("where", "chợ"))
    assert submission.errors == {"sex": messages.CHOOSE_AMONG_SHOWN, "where": messages.CHOOSE_AMONG_SHOWN}
    assert submission.answers == {"rate": 2, "often": 1}


def test_a_value_that_comes_twice_is_refused_rather_than_guessed(form):
    repeated = [*RIGHT, ("rate", "1"), ("often", "1"), ("words", "a"), ("words", "b")]
    assert read(form, *repeated).errors == {
        "rate": messages.CHOOSE_ONLY_ONE,
        "often": messages.CHOOSE_ONLY_ONE,
        "words": messages.WRITE_ONLY_ONE,
    }


def test_a_box_that_comes_twice_is_ticked_once(form):
    assert read(form, *RIGHT, ("where", "nha"), ("where", "nha")).answers["where"] == ["nha"]


def test_the_line_to_specify_counts_only_where_its_option_is_chosen(form):
    assert "where_khac" not in read(form, *RIGHT, ("where", "nha"), ("where_khac", "chợ")).answers
    assert "where_khac" not in read(form, *RIGHT, ("where_khac", "chợ")).answers
    assert read(form, *RIGHT, ("where", "khac")).answers["where"] == ["khac"]


def test_a_long_line_to_specify_is_refused(form):
    submission = read(form, *RIGHT, ("where", "khac"), ("where_khac", "x" * 201))
    assert submission.errors == {"where_khac": "Shorten this text to 200 characters: it has 201."}


def test_two_megabytes_of_comment_are_refused_and_the_other_answers_kept(form):
    submission = read(form, *RIGHT, ("words", "ă" * 2_000_000))
    assert submission.errors == {"words": "Shorten this text to 20 characters: it has 2000000."}
    assert submission.answers == {"rate": 2, "often": 1}


def test_a_comment_is_measured_as_the_browser_measures_it(form):
    """A browser counts a line end as one character and sends it as two; a composed letter is one."""
    as_sent = "\r\n".join(unicodedata.normalize("NFD", "ậ") * 3 for _ in range(5))
    submission = read(form, *RIGHT, ("words", as_sent))
    assert submission.errors == {}
    assert submission.answers["words"] == "\n".join(["ậậậ"] * 5)


def test_fields_that_are_no_items_are_passed_over(form):
    submission = read(form, *RIGHT, ("form_token", "t"), ("oftn", "2"), ("validate", "x"), ("__class__", "y"))
    assert submission == answers.Submission(answers={"rate": 2, "often": 1}, errors={})


def test_messages_are_in_the_reader_s_language(form):
    submission = answers.read(form, MultiDict(), gettext=str.upper)
    assert submission.errors["rate"] == "CHOOSE ONE ANSWER."


def test_a_translation_is_filled_in_after_it_was_found(form):
    catalogue = {messages.SHORTEN: "{length} nhiều hơn {maximum}"}
    fields = MultiDict([*RIGHT, ("words", "x" * 21)])
    submission = answers.read(form, fields, gettext=lambda sentence: catalogue.get(sentence, sentence))
    assert submission.errors == {"words": "21 nhiều hơn 20"}


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("a\x00b\x1bc\x7f\x85d", "abcd"),
        ("một\r\nhai\rba\n\tbốn", "một\nhai\nba\n\tbốn"),
        ("\u202egnp.exe", "gnp.exe"),
        ("\ud83d\ude00 \ud800", ""),
        ("Phường Tân Lập".encode().decode(), "Phường Tân Lập"),
        (unicodedata.normalize("NFD", "Đắk Lắk"), "Đắk Lắk"),
        ("👨‍👩‍👧 ok", "👨‍👩‍👧 ok"),
        ("\x00 \n", ""),
    ],
)
def test_words_are_cleaned_of_what_is_not_writing(given: str, kept: str):
    assert cleaned(given) == kept


# No deadline on these: how long an example takes says how busy the machine is.
@settings(deadline=None)
@given(st.text(st.characters(codec=None)))
@example("e\x00\u0301")
def test_cleaned_words_are_clean(words: str):
    once = cleaned(words)
    assert cleaned(once) == once
    assert unicodedata.is_normalized("NFC", once)
    assert all(unicodedata.category(character) not in ("Cc", "Cs") or character in "\n\t" for character in once)
    once.encode()


COUNTER = load("sipas-counter")
NAMES = [*COUNTER.answer_ids, "form_token"]


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from([*"0123456", "na", "nam", "", "x", "35-60"]))))
def test_every_item_is_answered_or_in_error_or_optional(fields):
    """The office form in use enforces 30 of its 39 items; here none can fall between."""
    submission = read(COUNTER, *fields)
    assert not submission.answers.keys() & submission.errors.keys()
    for item in COUNTER.items:
        sent = {value for name, value in fields if name == item.id and value}
        decided = item.id in submission.answers or item.id in submission.errors
        assert decided == (bool(sent) or item.required)
        if item.id in submission.answers:
            assert sent == {str(submission.answers[item.id])}


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(NAMES), st.one_of(st.integers(1, 5), st.text(), st.lists(st.text()))))
def test_the_canonical_form_of_answers_does_not_depend_on_their_order(given_answers):
    turned = dict(reversed(given_answers.items()))
    assert answers.canonical(turned) == answers.canonical(given_answers)


def test_different_answers_have_different_canonical_forms():
    forms = [{"a": 1}, {"a": "1"}, {"a": ["1"]}, {"a": 2}, {"b": 1}, {}, {"a": 1, "b": 1}]
    assert len({answers.canonical(form) for form in forms}) == len(forms)
    assert answers.canonical({"b": "Tốt", "a": 1}) == '{"a":1,"b":"Tốt"}'
