"""Data files as columns: CSV as people save it, Parquet where pyarrow is installed; only the columns asked for.

Both kinds are read in chunks and turned into numbers and codes at once, so memory follows the columns that are used and
not the file.
"""

from __future__ import annotations

import math
import unicodedata
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from survey.i18n import mark

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path
    from typing import BinaryIO

    from numpy.typing import NDArray

    Progress = Callable[[float], None]

PARQUET_MAGIC = b"PAR1"
# As R and common spreadsheets write an empty cell.
MISSING = frozenset({"", "NA", "N/A", "NaN", "nan", "null", "NULL", "."})
# A column with more distinct texts than this is not a column of codes; its parsed numbers are not worth keeping.
_MOST_KEPT = 50_000
# Few enough for a hundred columns to take half a gigabyte, and many enough to be worth adding up.
ROWS_OF_A_PART = 500_000


class TableError(ValueError):
    """A file that cannot be read as asked; the message says where and what to do."""

    def __init__(self, template: str, **values: object) -> None:
        super().__init__(template.format(**values))
        self.template = template
        self.values = values


@dataclass(frozen=True, slots=True, eq=False)
class Coded:
    """A column of texts: the position of each row's text in `levels`, −1 where it is missing."""

    codes: NDArray[np.int64]
    levels: tuple[str, ...]

    def labels(self) -> NDArray[np.object_]:
        """The texts themselves, None where missing."""
        return np.array([*self.levels, None], dtype=object)[self.codes]


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """The columns that were asked for."""

    rows: int
    numbers: Mapping[str, NDArray[np.floating[Any]]]
    texts: Mapping[str, Coded]


def floats(column: NDArray[Any]) -> NDArray[np.floating[Any]]:
    """A column of numbers with NaN where it is missing; parts of a file may mask whole numbers instead."""
    if not isinstance(column, np.ma.MaskedArray):
        return column
    return np.where(np.ma.getmaskarray(column), np.nan, column.data)


def ascending(levels: Iterable[str]) -> list[str]:
    """Levels in the order of results: as numbers where all are whole, as texts otherwise."""
    given = list(levels)
    whole = all(level.lstrip("-").isdecimal() for level in given)
    return sorted(given, key=int) if whole else sorted(given)


class TableFile(Protocol):
    """A data file that is there, and what its columns are called."""

    @property
    def columns(self) -> Sequence[str]:
        """Their names, as in the file."""
        ...  # pragma: no cover

    def read(
        self, *, numbers: Collection[str] = (), texts: Collection[str] = (), progress: Progress | None = None
    ) -> Table:
        """Some of its columns; `progress` hears the share of the file read."""
        ...  # pragma: no cover

    def parts(
        self,
        *,
        numbers: Collection[str] = (),
        texts: Collection[str] = (),
        rows: int = ROWS_OF_A_PART,
        progress: Progress | None = None,
    ) -> Iterator[Table]:
        """The same columns, some `rows` at a time, the levels of a text in the order they came.

        So a code means the same in every part. Whole numbers may come masked instead of with NaN.
        """
        ...  # pragma: no cover

    def write_with(self, name: str, values: NDArray[np.float64], out: BinaryIO) -> None:
        """Write the file as it was with one more column."""
        ...  # pragma: no cover

    def place(self, row: int) -> int:
        """The line of a row counted from 0, as an editor or a reader of the file counts."""
        ...  # pragma: no cover


def open_table(path: Path) -> TableFile:
    """The file at `path`, CSV or Parquet by its first bytes."""
    if not path.exists():
        raise TableError(mark("{file}: there is no such file"), file=path)
    if path.is_dir():
        raise TableError(mark("{file}: this is a folder, not a file"), file=path)
    with path.open("rb") as stream:
        magic = stream.read(len(PARQUET_MAGIC))
    if not magic:
        raise TableError(mark("{file}: the file is empty"), file=path)
    if magic == PARQUET_MAGIC:
        from survey.engine.parquet_tables import ParquetTable

        return ParquetTable(path)
    from survey.engine.csv_tables import CSVTable

    return CSVTable(path)


def check_columns(columns: Sequence[str], wanted: Iterable[str]) -> None:
    """Refuse a column that is not there, with the nearest name that is."""
    for name in wanted:
        if name in columns:
            continue
        near = get_close_matches(name, columns, n=1, cutoff=0.5)
        if near:
            raise TableError(mark("there is no column {column}: did you mean {nearest}?"), column=name, nearest=near[0])
        raise TableError(
            mark("there is no column {column}: the columns are {columns}"), column=name, columns=", ".join(columns)
        )


def check_heading(columns: Sequence[str]) -> None:
    """Refuse a heading with a name twice."""
    seen: set[str] = set()
    for name in columns:
        if name and name in seen:
            raise TableError(mark("the heading has the column {column} twice: rename one of them"), column=name)
        seen.add(name)


class Numbers(dict[str, float]):
    """Texts read as numbers, each distinct text once."""

    def __init__(self, *, decimal_comma: bool) -> None:
        super().__init__()
        self._decimal_comma = decimal_comma

    def __missing__(self, text: str) -> float:
        number = self._parse(text.strip())
        if len(self) < _MOST_KEPT:
            self[text] = number
        return number

    def _parse(self, text: str) -> float:
        if text in MISSING:
            return math.nan
        if self._decimal_comma and "." not in text:
            text = text.replace(",", ".")
        number = float(text)
        if "_" in text or not math.isfinite(number):
            raise ValueError(text)
        return number


class Codes(dict[str, int]):
    """Texts numbered in the order they come, −1 for a missing one."""

    def __init__(self) -> None:
        super().__init__()
        self.levels: dict[str, int] = {}

    def __missing__(self, text: str) -> int:
        level = unicodedata.normalize("NFC", text.strip())
        code = -1 if level in MISSING else self.levels.setdefault(level, len(self.levels))
        self[text] = code
        return code

    def column(self, parts: Sequence[NDArray[np.int64]]) -> Coded:
        """The whole column, its levels in ascending order."""
        levels = ascending(self.levels)
        rank = np.empty(len(levels) + 1, dtype=np.int64)
        rank[-1] = -1
        for position, level in enumerate(levels):
            rank[self.levels[level]] = position
        codes = np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)
        return Coded(rank[codes], tuple(levels))
