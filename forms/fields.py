"""The form fields of the item kinds: they hold what was given, cleaned. They check nothing and draw nothing.

`given` is what the respondent sent, for the validators to judge; `data` is the answer in the type it is stored in, or
None where there is no acceptable one.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any

from wtforms import Field

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


# A tab and a line feed are writing. Not a table of characters for str.translate: on 2 MB that takes ten times longer.
_NOT_WRITING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")


class OneAnswerField(Field):  # type: ignore[misc]  # WTForms is not typed
    """One value out of `accepted`, which gives for each form value the answer to store."""

    def __init__(self, label: str, *, accepted: Mapping[str, int | str], **kwargs: Any) -> None:
        super().__init__(label, **kwargs)
        self.accepted = accepted
        self.given: list[str] = []

    def process_formdata(self, values: Sequence[str]) -> None:
        self.given = _given(values)
        self.data = self.accepted.get(self.given[0]) if len(self.given) == 1 else None


class SeveralAnswersField(Field):  # type: ignore[misc]  # WTForms is not typed
    """Any of `accepted`; the answer lists each once, in the order of the options, however they came."""

    def __init__(self, label: str, *, accepted: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(label, **kwargs)
        self.accepted = accepted
        self.given: list[str] = []

    def process_formdata(self, values: Sequence[str]) -> None:
        self.given = _given(values)
        self.data = [answer for value, answer in self.accepted.items() if value in self.given] or None


class WordsField(Field):  # type: ignore[misc]  # WTForms is not typed
    """The respondent's own words, on one line or many."""

    def __init__(self, label: str, *, max_length: int, **kwargs: Any) -> None:
        super().__init__(label, **kwargs)
        self.max_length = max_length
        self.given: list[str] = []

    def process_formdata(self, values: Sequence[str]) -> None:
        self.given = _given(values)
        self.data = self.given[0] if self.given else None


def cleaned(words: str) -> str:
    """`words` in NFC with lines ended by a line feed, without characters that are not writing, and trimmed.

    Dropped are control characters (a NUL is an error in PostgreSQL, others in a Word file), halves of surrogate pairs,
    and the marks that reverse the direction of what follows them on a page.
    """
    lines = words.replace("\r\n", "\n").replace("\r", "\n")
    return unicodedata.normalize("NFC", _NOT_WRITING.sub("", lines)).strip()


def _given(values: Sequence[str]) -> list[str]:
    return [words for words in map(cleaned, values) if words]
