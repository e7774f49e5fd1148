"""Vietnamese text: one spelling of the same letters, the order of a dictionary, and slugs.

SQLite compares bytes and folds ASCII only, so that sorting and matching are done here.
"""

from __future__ import annotations

import re
import unicodedata

# The dictionary's order: a letter with its hat or horn is a letter of its own, a tone only breaks ties.
ALPHABET = "aăâbcdđeêfghijklmnoôơpqrstuưvwxyz"
TONES = ("", "\u0300", "\u0309", "\u0303", "\u0301", "\u0323")  # ngang, huyền, hỏi, ngã, sắc, nặng

_LETTER_RANK = {letter: rank for rank, letter in enumerate(ALPHABET, start=1)}
_TONE_RANK = {tone: rank for rank, tone in enumerate(TONES)}
_TONE = re.compile("[" + "".join(TONES) + "]")
_NOT_SLUG = re.compile(r"[^a-z0-9]+")
_APOSTROPHES = re.compile("['’ʼ‘`]")


def tidy(text: str) -> str:
    """`text` composed (NFC), its runs of spaces single, without leading or trailing ones."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def sort_key(text: str) -> tuple[object, ...]:
    """Sorts as a Vietnamese dictionary: letters first, then tones, numbers by their value, case last."""
    folded = tidy(text).casefold()
    words = [_word_key(word) for word in re.findall(r"\d+|[^\W\d]+", folded)]
    return ([letters for letters, _ in words], [tones for _, tones in words], text)


def same_name_key(text: str) -> str:
    """Equal for spellings that differ only in case, spaces, apostrophes or where the tone of oa, oe, uy is written."""
    decomposed = unicodedata.normalize("NFD", _APOSTROPHES.sub("", tidy(text)).casefold())
    words = [_tone_last(word) for word in decomposed.split()]
    return unicodedata.normalize("NFC", " ".join(words))


def slug(text: str) -> str:
    """`text` in small ASCII letters, figures and hyphens, for an address."""
    plain = _APOSTROPHES.sub("", tidy(text).casefold().replace("đ", "d"))
    bare = "".join(c for c in unicodedata.normalize("NFD", plain) if not unicodedata.combining(c))
    return _NOT_SLUG.sub("-", bare).strip("-")


def _word_key(word: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    if word.isdecimal():
        # Figures come before letters, in the order of their value.
        return (0, int(word)), ()
    decomposed = unicodedata.normalize("NFD", word)
    tones = tuple(_TONE_RANK[tone] for tone in _TONE.findall(decomposed)) or (0,)
    letters = unicodedata.normalize("NFC", _TONE.sub("", decomposed))
    return tuple(_LETTER_RANK.get(letter, len(ALPHABET) + ord(letter)) for letter in letters), tones


def _tone_last(word: str) -> str:
    # Hoà and Hòa are one word: the tone is moved to its end before comparing.
    return _TONE.sub("", word) + "".join(_TONE.findall(word))
