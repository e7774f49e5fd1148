"""One table of a definition: hands out values of the kind asked for, and notes what is wrong, with its path.

A broken value is noted and replaced by an empty one, so that reading goes on to the end and everything wrong is told
at once. What was replaced never leaves the package: `loading` raises when anything was noted.
"""

from __future__ import annotations

import datetime as dt
import difflib
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from forms import messages
from forms.definition import Text
from forms.errors import Problem

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Collection, Mapping

BROKEN_NUMBER = -1
"""Stands for a number that could not be read; every number of a definition is 0 or more."""

T = TypeVar("T")
_ABSENT = object()
_WRONG_KIND: Mapping[type, str] = {
    str: messages.NOT_TEXT,
    bool: messages.NOT_FLAG,
    int: messages.NOT_WHOLE_NUMBER,
    float: messages.NOT_NUMBER,
    list: messages.NOT_LIST,
    dt.date: messages.NOT_DATE,
    dict: messages.NOT_TABLE,
}


@dataclass(slots=True)
class Notes:
    """What was found wrong so far, and the languages that every text must have."""

    problems: list[Problem] = field(default_factory=list)
    languages: tuple[str, ...] = ()

    def add(self, path: str, template: str, **values: object) -> None:
        self.problems.append(Problem(path, template, values))


class Table:
    """The values of one table, which remembers the keys it was asked for."""

    def __init__(self, values: Mapping[str, object], *, path: str, notes: Notes) -> None:
        self.path = path
        self.notes = notes
        self._values = values
        self._known: list[str] = []

    def note(self, key: str, template: str, **values: object) -> None:
        self.notes.add(self._path_of(key), template, **values)

    def has(self, key: str) -> bool:
        """Whether `key` stands here; to ask for a key is to know it."""
        self._known.append(key)
        return key in self._values

    def string(self, key: str) -> str:
        """The text at `key` on one line, in NFC; empty when it is missing or wrong."""
        given = self._take(key, str)
        return "" if given is None else _wording(given, path=self._path_of(key), notes=self.notes)

    def matching(self, key: str, pattern: re.Pattern[str], template: str, **values: object) -> str:
        """The text at `key` when the whole of it is of `pattern`; otherwise `template` is noted."""
        given = self.string(key)
        if not given or pattern.fullmatch(given):
            return given
        self.note(key, template, value=given, **values)
        return ""

    def one_of(self, key: str, choices: Collection[str]) -> str:
        """The text at `key`, one of `choices`; empty when it is not."""
        given = self.string(key)
        if not given or given in choices:
            return given
        self.note(key, messages.NOT_AMONG, value=given, choices=", ".join(choices))
        return ""

    def reference(self, key: str, known: Collection[str], template: str) -> str:
        """The name at `key` of something known; otherwise `template` is noted with the nearest name there is."""
        return self._known_name(key, self.string(key), known, template)

    def references(self, key: str, known: Collection[str], template: str) -> tuple[str, ...]:
        """The names listed at `key`, in its order, unknown ones noted and left out as empty."""
        return tuple(
            self._known_name(f"{key}[{position}]", name, known, template)
            for position, name in enumerate(self.strings(key))
        )

    def flag(self, key: str) -> bool | None:
        """True or false at `key`, None where nothing is said."""
        return self._take(key, bool, optional=True)

    def number(self, key: str, *, lowest: int, highest: int) -> int:
        """The whole number at `key` within both bounds."""
        given = self._take(key, int)
        if given is None:
            return BROKEN_NUMBER
        if not lowest <= given <= highest:
            self.note(key, messages.OUT_OF_RANGE, value=given, lowest=lowest, highest=highest)
            return BROKEN_NUMBER
        return given

    def share(self, key: str) -> float:
        """The number at `key`, above 0 and at most 1."""
        given = self._take(key, float)
        if given is None:
            return BROKEN_NUMBER
        if not 0 < given <= 1:
            self.note(key, messages.OUT_OF_RANGE, value=given, lowest=0, highest=1)
            return BROKEN_NUMBER
        return given

    def date(self, key: str) -> dt.date:
        """The day at `key`."""
        return self._take(key, dt.date) or dt.date.min

    def text(self, key: str) -> Text:
        """The wording at `key` in every language of the questionnaire."""
        if not isinstance(self._values.get(key), str):
            return self.table(key, _translations) or Text(())
        example = ", ".join(f"{key}.{language} = …" for language in self.notes.languages)
        self.note(key, messages.NOT_PER_LANGUAGE, example=example)
        self._known.append(key)
        return Text(())

    def optional_text(self, key: str) -> Text | None:
        return self.text(key) if self.has(key) else None

    def strings(self, key: str) -> tuple[str, ...]:
        """The texts listed at `key`; an empty list where there is no such key."""
        members = self._members(key)
        return tuple(members.string(name) for name in members.names)

    def table(self, key: str, read: Callable[[Table], T]) -> T | None:
        """What `read` makes of the table at `key`."""
        given = self._take(key, dict)
        return None if given is None else _read(given, read, path=self._path_of(key), notes=self.notes)

    def tables(self, key: str, read: Callable[[Table], T | None], *, unique: str, fewest: int = 0) -> tuple[T, ...]:
        """What `read` makes of each table listed at `key`, no two of them alike in `unique`."""
        members = self._members(key)
        if len(members.names) < fewest and isinstance(self._values.get(key, []), list):
            self.note(key, messages.TOO_FEW, fewest=fewest)
        found = [members.table(name, read) for name in members.names]
        members.refuse_twins(unique)
        return tuple(member for member in found if member is not None)

    def glance(self, key: str, attribute: str) -> tuple[str, ...]:
        """The texts at `attribute` of the tables listed at `key`: names that are spoken of before their place."""
        given = self._values.get(key)
        members = given if isinstance(given, list) else []
        found = (member.get(attribute) for member in members if isinstance(member, dict))
        return tuple(name.strip() for name in found if isinstance(name, str))

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._values)

    def accept_any_key(self) -> None:
        """Say nothing of unknown keys here: which keys belong depends on a value that could not be read."""
        self._known.extend(self._values)

    def refuse_unknown_keys(self) -> None:
        """Note each key that nobody asked for, with the nearest that somebody did."""
        for key in self._values:
            if key in self._known:
                continue
            nearest = difflib.get_close_matches(key, self._known, n=1)
            if nearest:
                self.note(key, messages.UNKNOWN_KEY, nearest=nearest[0])
            else:
                self.note(key, messages.UNKNOWN_KEY_AMONG, known=", ".join(dict.fromkeys(self._known)))

    def refuse_twins(self, unique: str) -> None:
        """Note each table here whose value at `unique` an earlier one has too."""
        first: dict[object, str] = {}
        for name, member in self._values.items():
            value = member.get(unique) if isinstance(member, dict) else None
            if not isinstance(value, str | int):
                continue
            if value in first:
                self.note(f"{name}.{unique}", messages.DUPLICATE, value=value, first=self._path_of(first[value]))
            first.setdefault(value, name)

    def _path_of(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key

    def _members(self, key: str) -> Table:
        """The list at `key` as a table of its own, whose keys carry their positions."""
        given = self._take(key, list, optional=True) or []
        numbered = {f"{key}[{position}]": member for position, member in enumerate(given)}
        return Table(numbered, path=self.path, notes=self.notes)

    def _known_name(self, key: str, name: str, known: Collection[str], template: str) -> str:
        if not name or name in known:
            return name
        nearest = difflib.get_close_matches(name, known, n=1, cutoff=0)
        self.note(key, template, value=name, nearest=nearest[0] if nearest else "–")
        return ""

    def _take(self, key: str, kind: type[T], *, optional: bool = False) -> T | None:
        self._known.append(key)
        given = self._values.get(key, _ABSENT)
        if given is _ABSENT:
            if not optional:
                self.note(key, messages.MISSING)
            return None
        return self._of_kind(key, given, kind)

    def _of_kind(self, key: str, given: object, kind: type[T]) -> T | None:
        # Exactly this type: to Python, true is a whole number too. A whole number may stand for any number.
        if type(given) is int and kind is float:
            given = float(given)
        if isinstance(given, kind) and type(given) is kind:
            return given
        self.note(key, _WRONG_KIND[kind])
        return None


def read_whole(values: Mapping[str, object], read: Callable[[Table], T], *, notes: Notes) -> T:
    """What `read` makes of the outermost table."""
    return _read(values, read, path="", notes=notes)


def _read(values: Mapping[str, object], read: Callable[[Table], T], *, path: str, notes: Notes) -> T:
    table = Table(values, path=path, notes=notes)
    made = read(table)
    table.refuse_unknown_keys()
    return made


def _translations(table: Table) -> Text:
    if not table.notes.languages:
        table.accept_any_key()
    return Text(tuple((language, table.string(language)) for language in table.notes.languages))


def _wording(given: str, *, path: str, notes: Notes) -> str:
    """`given` in NFC, wrapped lines joined: how a text is broken into lines in the file is not part of its wording."""
    # JSON can carry a lone half of a surrogate pair (Cs), which cannot be written in UTF-8.
    if any(unicodedata.category(character) in ("Cc", "Cs") and character not in "\n\r\t" for character in given):
        notes.add(path, messages.CONTROL_CHARACTER)
        return ""
    wording = unicodedata.normalize("NFC", " ".join(given.split()))
    if not wording:
        notes.add(path, messages.EMPTY)
    return wording
