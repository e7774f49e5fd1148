"""Vietnamese in the code pages from before Unicode: recognised by trying, and named.

TCVN3 (ABC) and VNI draw Vietnamese letters over Latin ones by means of their own typefaces; without these a file reads
“C«ng ty” or “Coâng ty”. Which of them a text is in shows by which reading gives Vietnamese syllables.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from survey.i18n import mark

if TYPE_CHECKING:
    from collections.abc import Callable

# Letters of TCVN 5712:1993 (VN3), by their byte, which Windows shows as the character of that number.
_TCVN3 = str.maketrans(
    bytes.fromhex(
        "A1A2A3A4A5A6A7 A8A9AAABACADAE B5B6B7B8B9 BBBCBDBEC6 C7C8C9CACB CCCECFD0D1 D2D3D4D5D6 D7D8DCDDDE"
        "DFE1E2E3E4 E5E6E7E8E9 EAEBECEDEE EFF1F2F3F4 F5F6F7F8F9 FAFBFCFDFE"
    ).decode("latin-1"),
    "ĂÂÊÔƠƯĐăâêôơưđàảãáạằẳẵắặầẩẫấậèẻẽéẹềểễếệìỉĩíịòỏõóọồổỗốộờởỡớợùủũúụừửữứựỳỷỹýỵ",
)
# VNI writes a letter and, behind it, a character for its hat and tone; đ, ơ, ư and ị are characters of their own.
_VNI_ALONE = {
    "ñ": "đ",
    "Ñ": "Đ",
    "ô": "ơ",
    "Ô": "Ơ",
    "ö": "ư",
    "Ö": "Ư",
    "ò": "ị",
    "î": "ỵ",
    "æ": "ỉ",
    "ó": "ĩ",
    "í": "í",
}
_HAT, _BREVE = "\u0302", "\u0306"
_TONES = {
    "\u0300": "øàè",
    "\u0301": "ùáé",
    "\u0309": "ûåú",
    "\u0303": "õãü",
    "\u0323": "ïäë",
}  # Alone, with hat, with breve.
_VNI_MARKS = {"â": _HAT, "ê": _BREVE} | {
    drawn: below + tone
    for tone, three in _TONES.items()
    for drawn, below in zip(three, ("", _HAT, _BREVE), strict=True)
}
_VNI_MARKS |= {drawn.upper(): tones for drawn, tones in _VNI_MARKS.items()}
_VNI_LETTER = re.compile(f"([aeouyöôAEOUYÖÔ])([{''.join(_VNI_MARKS)}])|([{''.join(_VNI_ALONE)}])")

_TONE = re.compile("[\u0300\u0301\u0303\u0309\u0323]")
_SYLLABLE = re.compile(
    "(?:ngh|ng|nh|gh|gi|kh|ph|qu|th|tr|ch|[bcdđghklmnprstvx])?[aăâeêioôơuưy]{1,3}(?:ch|ng|nh|[ckmnpt])?"
)
_WORD = re.compile(r"[^\s\d,;\t\"'.()/:|-]+")
# Enough to tell, and soon read.
_MOST_WORDS = 4000
# Where fewer of the unusual words read well the guess is not worth saying.
_ENOUGH = 0.6


@dataclass(frozen=True, slots=True)
class OldEncoding:
    """A way to read a text that is not Unicode's, and what to do about it."""

    name: str
    remedy: str
    read: Callable[[str], str]


def _read_tcvn3(text: str) -> str:
    return text.translate(_TCVN3)


def _read_vni(text: str) -> str:
    def read(found: re.Match[str]) -> str:
        if found[3]:
            return _VNI_ALONE[found[3]]
        return unicodedata.normalize("NFC", _VNI_ALONE.get(found[1], found[1]) + _VNI_MARKS[found[2]])

    return _VNI_LETTER.sub(read, text)


def _read_twice(text: str) -> str:
    return bytes(_SHOWN_BY_1252.get(letter, _NO_LETTER) for letter in text).decode("utf-8", errors="replace")


_NO_LETTER = 0xFF  # In no text in UTF-8.
# Windows shows the five bytes that its code page leaves out as the control characters of that number.
_SHOWN_BY_1252 = {chr(byte): byte for byte in range(256)} | {
    bytes([byte]).decode("cp1252"): byte for byte in range(256) if byte not in {0x81, 0x8D, 0x8F, 0x90, 0x9D}
}
_CONVERT = mark(
    "Convert it to Unicode (UniKey: Ctrl+Shift+F6, source {encoding}, destination Unicode), save it as “CSV UTF-8” and "
    "import that."
)
OPENED_WRONGLY = OldEncoding(
    mark("UTF-8 that was opened as Windows-1252"),
    mark("Open the original in Excel by Data → From Text, with the code page 65001: UTF-8."),
    _read_twice,
)
OLD_ENCODINGS = (
    OldEncoding("TCVN3 (ABC)", _CONVERT, _read_tcvn3),
    OldEncoding("VNI Windows", _CONVERT, _read_vni),
    OPENED_WRONGLY,
)


def recognise(text: str, *, otherwise: str | None = None) -> OldEncoding | None:
    """The old encoding in which `text`, or its bytes read as Windows-1252, is Vietnamese; None if it is as it stands.

    `otherwise` is the text as the file's own encoding has it, where that is not what `text` shows.
    """
    as_it_stands = share_of_syllables(text if otherwise is None else otherwise)
    if as_it_stands == 1:
        return None
    unusual = _words(text)
    shares = [share_of_syllables(one.read(unusual), of_none=0) for one in OLD_ENCODINGS]
    best = max(shares)
    return OLD_ENCODINGS[shares.index(best)] if best >= _ENOUGH and best > as_it_stands else None


def share_of_syllables(text: str, *, of_none: float = 1) -> float:
    """Of the words with a letter beyond ASCII the share that could be Vietnamese; `of_none` if there is none."""
    words = [word for word in _WORD.findall(unicodedata.normalize("NFC", text)) if not word.isascii()][:_MOST_WORDS]
    return sum(map(_is_syllable, words)) / len(words) if words else of_none


def _words(text: str) -> str:
    """The words with a character beyond ASCII, of which there are enough sooner than of all."""
    return " ".join([word for word in text.split() if not word.isascii()][:_MOST_WORDS])


def _is_syllable(word: str) -> bool:
    decomposed = unicodedata.normalize("NFD", word.lower())
    if len(_TONE.findall(decomposed)) > 1:
        return False
    return _SYLLABLE.fullmatch(unicodedata.normalize("NFC", _TONE.sub("", decomposed))) is not None
