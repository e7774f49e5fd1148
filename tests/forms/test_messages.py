"""What this package says is said in Vietnamese too."""

import io
import string
import unicodedata
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from forms import messages

ROOT = Path(__file__).parents[2]
# What is said of questionnaires, and what of bridges between them.
AREAS = ("forms.po", "bridges.po")
CATALOGUE = {
    message.id: message
    for area in AREAS
    for message in read_po(io.BytesIO((ROOT / "survey/translations/vi" / area).read_bytes()), abort_invalid=True)
    if message.id
}
SENTENCES = [value for name, value in vars(messages).items() if name.isupper() and isinstance(value, str)]


def fields(sentence: str) -> set[str | None]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_sentence_is_in_the_catalogue_with_the_same_values(sentence: str):
    translated = CATALOGUE[sentence].string
    assert translated
    assert fields(translated) == fields(sentence)
    assert unicodedata.is_normalized("NFC", translated)


def test_the_catalogue_holds_nothing_else():
    assert set(CATALOGUE) == set(SENTENCES)


def test_babel_finds_every_sentence():
    assert {found[2] for found in extract_from_dir(ROOT / "forms")} == set(SENTENCES)


def test_no_sentence_holds_a_per_cent_sign():
    """`survey.i18n.gettext` fills in with `%`, this package with braces: neither may trip over the other."""
    assert not [sentence for sentence in SENTENCES if "%" in sentence]
