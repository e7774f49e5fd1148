"""The catalogues: complete, nothing left over, of one mind; and figures written as each language writes them."""

from __future__ import annotations

import datetime as dt
import io
import re
import unicodedata
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po

from analysis.errors import AnalysisError
from survey import i18n, resources
from survey.i18n import Locale

ROOT = Path(__file__).parents[3]
SOURCES = ("survey", "forms", "analysis", "sampling")
# `mark` names a message where it is written down; the pure packages' errors are translated when they are shown.
KEYWORDS = DEFAULT_KEYWORDS | {
    "N_": None,
    "mark": None,
    "AnalysisError": None,
    "SamplingError": None,
    "FormsError": None,
}
JINJA_OPTIONS = {"**.html": {"newstyle_gettext": "true", "silent": "false"}}


def used():
    """Every message in the code and the templates, with one place where it stands."""
    places = {}
    for folder in SOURCES:
        for found in extract_from_dir(ROOT / folder, [("**.py", "python")], keywords=KEYWORDS):
            _note(places, f"{folder}/{found[0]}:{found[1]}", found[2])
    for found in extract_from_dir(resources.templates(), [("**.html", "jinja2.ext:babel_extract")], JINJA_OPTIONS):
        _note(places, f"templates/{found[0]}:{found[1]}", found[2])
    return places


def _note(places, place, message):
    # A plural is translated under its singular.
    places.setdefault(message[0] if isinstance(message, tuple) else message, place)


def catalogues():
    for path in sorted((resources.TRANSLATIONS / "vi").glob("*.po")):
        yield path.name, read_po(io.BytesIO(path.read_bytes()), abort_invalid=True)


def entries():
    """Area, message and translation of every entry of the Vietnamese catalogue."""
    for area, catalogue in catalogues():
        for message in catalogue:
            if message.id:
                yield area, message


def _first(text):
    return text[0] if isinstance(text, tuple | list) else text


def test_every_message_is_in_vietnamese():
    translated = {_first(message.id) for _, message in entries() if _first(message.string)}
    missing = {message: place for message, place in used().items() if message not in translated}
    assert not missing, "\n".join(
        f"{place}: {message!r}" for message, place in sorted(missing.items(), key=lambda one: one[1])
    )


def test_no_translation_is_left_over():
    messages = used()
    unused = [f"{area}: {message.id!r}" for area, message in entries() if _first(message.id) not in messages]
    assert not unused, "\n".join(unused)


def test_a_message_is_translated_in_one_area_only():
    times = Counter(_first(message.id) for _, message in entries())
    assert not [message for message, count in times.items() if count > 1]


def test_nothing_is_fuzzy():
    assert not [message.id for _, message in entries() if message.fuzzy]


def test_translations_are_composed_and_hold_no_stray_spaces():
    for area, message in entries():
        text = _first(message.string)
        assert unicodedata.is_normalized("NFC", text), (area, text)
        assert text == text.strip(), (area, text)
        assert "  " not in text, (area, text)


def test_a_translation_names_the_values_of_its_message():
    for area, message in entries():
        # Of a plural only the plural form names every value.
        original = message.id[-1] if isinstance(message.id, tuple | list) else message.id
        assert _values(_first(message.string)) == _values(original), (area, message.id)


def _values(text):
    return set(re.findall(r"%\(\w+\)[sd]|%%|\{\w+\}", text))


def test_citizens_are_addressed_politely():
    for area, message in entries():
        if area in {"respond.po", "errors.po"}:
            assert not re.search(r"\b([Bb]ạn|quý vị|anh/chị)\b", _first(message.string)), message.string


@pytest.fixture
def vi():
    return i18n.find("vi")


@pytest.fixture
def en():
    return i18n.find("en")


@pytest.mark.parametrize(
    ("value", "decimals", "vietnamese", "english"),
    [
        # The province's own worked example: 26 of 31 answers.
        (100 * 26 / 31, 2, "83,87", "83.87"),
        (443565, 0, "443.565", "443,565"),
        (1234567.5, 1, "1.234.567,5", "1,234,567.5"),
        # Halves go up and away from nought, where Python's round goes to the even neighbour.
        (0.125, 2, "0,13", "0.13"),
        (2.5, 0, "3", "3"),
        (-2.5, 0, "−3", "−3"),
        # 100 × 0.28545 is 28.544999… as a binary fraction.
        (100 * 0.28545, 2, "28,55", "28.55"),
        (Decimal("99.995"), 2, "100,00", "100.00"),
        (100.0, 2, "100,00", "100.00"),
        (0, 2, "0,00", "0.00"),
        (None, 2, "–", "–"),
    ],
)
def test_figures_are_rounded_half_up_in_the_reader_s_marks(value, decimals, vietnamese, english):
    assert i18n.find("vi").number(value, decimals) == vietnamese
    assert i18n.find("en").number(value, decimals) == english


def test_a_percentage_has_its_sign_attached(vi, en):
    assert vi.percent(83.8709) == "83,87%"
    assert en.percent(83.8709, 0) == "84%"
    assert vi.percent(None) == "–"


def test_dates_are_written_as_the_language_writes_them(vi, en):
    assert vi.date(dt.date(2026, 3, 7)) == "07/03/2026"
    assert en.date(dt.date(2026, 3, 7)) == "7 March 2026"
    assert vi.date(None) == "–"


def test_a_plural_follows_the_language(vi, en):
    messages = ("%(n)s answer", "%(n)s answers")
    assert [en.ngettext(*messages, n, n=n) for n in (1, 2)] == ["1 answer", "2 answers"]
    assert [vi.ngettext(*messages, n, n=n) for n in (1, 2)] == ["1 câu trả lời", "2 câu trả lời"]


def test_a_language_that_babel_does_not_know_is_a_folder_and_no_code(tmp_path):
    # Ê Đê; its words here are placeholders for the shape of the letters.
    folder = tmp_path / "rad"
    folder.mkdir()
    (folder / "locale.toml").write_text(
        'name = "Ê Đê"\ndecimal_mark = ","\ngroup_mark = "."\ndate = "{day:02d}/{month:02d}/{year}"\n', encoding="utf-8"
    )
    header = 'msgid ""\nmsgstr ""\n"Language: rad\\n"\n"Content-Type: text/plain; charset=UTF-8\\n"\n'
    (folder / "base.po").write_text(header + '\nmsgid "Thank you"\nmsgstr "ƀĕč ñŏŭ"\n', encoding="utf-8")
    rad = i18n.load(tmp_path)["rad"]
    assert rad.name == "Ê Đê"
    assert rad.gettext("Thank you") == "ƀĕč ñŏŭ"
    assert rad.gettext("Not translated yet") == "Not translated yet"
    assert rad.percent(83.8709) == "83,87%"


def test_a_language_is_spoken_within_its_block_only(en):
    assert i18n.current().code == "vi"
    with i18n.speaking(en):
        assert i18n.gettext("Thank you") == "Thank you"
    assert i18n.gettext("Thank you") == "Xin cảm ơn Ông/Bà"


def test_one_request_s_language_does_not_reach_the_next(client):
    assert '<html lang="en">' in client.get("/?lang=en").text
    assert i18n.current().code == "vi"
    assert '<html lang="vi">' in client.get("/").text


def test_links_carry_the_language_on_and_the_default_goes_without_saying(client):
    assert 'href="/?lang=en"' in client.get("/no/such?lang=en", expect=404).text
    assert 'href="/"' in client.get("/no/such", expect=404).text


def test_the_other_languages_of_a_page_keep_what_it_was_asked(client):
    text = client.get("/no/such?stream=counter", expect=404).text
    assert 'href="/no/such?stream=counter&amp;lang=en"' in text


def test_a_refusal_is_explained_in_the_language_being_spoken(en):
    error = AnalysisError("%d of {n}: no percent sign is read here", n=3)
    with i18n.speaking(en):
        assert i18n.explain(error) == "%d of 3: no percent sign is read here"


def test_a_locale_is_a_frozen_value(vi):
    assert isinstance(vi, Locale)
    with pytest.raises(AttributeError):
        vi.code = "en"
