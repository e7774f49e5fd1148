"""What the cells of a list say: each distinct text is read once, and a fault is told for each row that has it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from forms.redaction import redacted
from sampling.frame import UNKNOWN
from survey.i18n import mark
from survey.services import import_columns
from survey.services.import_columns import Unreadable
from survey.services.vietnamese import same_name_key, slug, tidy

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from survey.services.references import AgencyRef

FAULT = -2
NO_DAY = int(np.datetime64("NaT", "D").astype(np.int64))
FAULTY_DAY = NO_DAY + 1
MOST_FIELDS = 5000
_MOST_KEPT = 50_000
# A day may be followed by the time of day.
_LENGTH_OF_A_DAY = 10
RECEIVED = (
    *("da-tra-ket-qua", "da-tra-kq", "da-tra", "da-nhan-ket-qua", "da-nhan-kq", "da-nhan", "da-tra-dan", "received"),
    *("da-tra-ket-qua-cho-cong-dan", "da-giao-ket-qua", "x", "1", "yes", "co", "true"),
)
# 12 digits that a spreadsheet took for a number and shortened: 6.609E+10.
_SHORTENED = re.compile(r"\d+(?:[.,]\d+)?[eE]\+?\d+")
_GAPS = re.compile(r"[\s.\-'’`]+")
_DIGITS_OF_A_CARD = 12


class Agencies(dict[str, int]):
    """Positions of agencies by what a cell says, and what is said of the unknown."""

    def __init__(self, known: Sequence[AgencyRef]) -> None:
        super().__init__()
        self._parse = import_columns.agency(known)
        self._positions = {agency.code: at for at, agency in enumerate(known)}
        self.unknown: dict[str, Unreadable] = {}

    def __missing__(self, text: str) -> int:
        name = tidy(text)
        try:
            position = self._positions[self._parse(name).code] if name else FAULT
        except Unreadable as fault:
            position = UNKNOWN
            if len(self.unknown) < _MOST_KEPT:
                self.unknown[text] = fault
        if len(self) < _MOST_KEPT:
            self[text] = position
        return position


class Fields(dict[str, int]):
    """Positions of fields of work by what a cell says."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        self._positions: dict[str, int] = {}

    def __missing__(self, text: str) -> int:
        name = tidy(text)
        position = UNKNOWN if not name else self._positions.get(same_name_key(name), len(self.names))
        if position == len(self.names):
            if redacted(name) != name or position == MOST_FIELDS:
                return FAULT
            self._positions[same_name_key(name)] = position
            self.names.append(name)
        self[text] = position
        return position


class Days(dict[str, int]):
    """Days since 1970 by what a cell says."""

    def __missing__(self, text: str) -> int:
        day = text.strip()
        if len(day) > _LENGTH_OF_A_DAY:
            return self[day.replace("T", " ").split()[0][:_LENGTH_OF_A_DAY]]
        try:
            found = int(np.datetime64(import_columns.any_day(day)).astype(np.int64)) if day else NO_DAY
        except Unreadable:
            found = FAULTY_DAY
        if len(self) < _MOST_KEPT:
            self[text] = found
        return found


class Received(dict[str, bool]):
    """Whether a cell says that the result was received: one of the words given, or of those that offices use."""

    def __init__(self, words: Sequence[str]) -> None:
        super().__init__()
        self._words = frozenset(map(slug, words) if words else RECEIVED)

    def __missing__(self, text: str) -> bool:
        found = slug(text) in self._words
        if len(self) < _MOST_KEPT:
            self[text] = found
        return found


class Kept(dict[str, "str | None"]):
    """A cell as the frame has it; None if it holds what tells who somebody is."""

    def __missing__(self, text: str) -> str | None:
        value = tidy(text)
        found = value if redacted(value) == value else None
        if len(self) < _MOST_KEPT:
            self[text] = found
        return found


def spelt(numbers: NDArray[np.int64], name: Callable[[int], str]) -> list[str]:
    """What each number stands for; each distinct one is asked once."""
    distinct, rows = np.unique(numbers, return_inverse=True)
    names = np.array([name(number) for number in distinct.tolist()], dtype=object)
    found: list[str] = names[rows].tolist()
    return found


def day_name(day: int) -> str:
    """A day as the frame has it; empty for none."""
    return "" if day == NO_DAY else str(np.datetime64(day, "D"))


def identities(columns: Sequence[Sequence[str]]) -> tuple[list[str], NDArray[np.bool_], NDArray[np.bool_]]:
    """Of each row who it is in one spelling, whether every part of that is given, and whether any was shortened."""
    if len(columns) == 1 and _are_plain(columns[0]):
        none = np.zeros(len(columns[0]), dtype=np.bool_)
        return list(columns[0]), ~none, none
    parts = [[_identity(text) for text in column] for column in columns]
    joined = parts[0] if len(parts) == 1 else ["\0".join(row) for row in zip(*parts, strict=True)]
    given = np.array([all(row) for row in zip(*parts, strict=True)], dtype=np.bool_)
    return joined, given, np.array([any(map(_is_shortened, row)) for row in zip(*columns, strict=True)], dtype=np.bool_)


def _are_plain(column: Sequence[str]) -> bool:
    """Whether all are written as identity numbers should be, which is soon seen, and they stay as they are."""
    return set(map(len, column)) == {_DIGITS_OF_A_CARD} and "".join(column).isdecimal()


def _identity(text: str) -> str:
    # A spreadsheet eats the zeros that an identity number begins with.
    if text.isdecimal():
        return text.zfill(_DIGITS_OF_A_CARD)
    bare = _GAPS.sub("", text)
    return bare.zfill(_DIGITS_OF_A_CARD) if bare.isdecimal() else same_name_key(text)


def _is_shortened(text: str) -> bool:
    return not text.isdecimal() and _SHORTENED.fullmatch(text) is not None


NO_AGENCY = (mark("Nothing is written here."), mark("Fill it in, or take the row out."))
NO_SUCH_DAY = (mark("“{value}” is not a day."), mark("Write it as 2026-03-31 or 31/03/2026."))
NO_FIELD = (
    mark("“{value}” is no field of work, or there are more than {most} of them."),
    mark("Say which column has the field by --map field=COLUMN."),
)
SHORTENED = (
    mark("A spreadsheet has shortened the number to “{value}”, so that different persons look the same."),
    mark("Format the column as text in the original and export it again."),
)
PERSONAL = (
    mark("The cell has a number or an address that tells who somebody is."),
    mark("Leave the column out of --keep."),
)
