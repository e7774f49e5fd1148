"""A long CSV list in chunks of whole records, and through pyarrow where it is installed: the same cells, sooner.

pyarrow reads what the library's `csv` reads, except where quotation marks stand in odd places, rows are blank or of
several widths, or lines end in odd ways. Such chunks are left to `csv`, which pads, or says what is wrong and where.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import TextIO

    from numpy.typing import NDArray

CHARACTERS = 1 << 21
# The heading and what stands above it are in the first chunk, which is read record by record.
_FIRST_CHARACTERS = 1 << 18
_MARK = ord('"')
_MOST_LINES_OF_A_CELL = 50
# Smaller files are read sooner than pyarrow is imported.
WORTH_ARROW = 4_000_000


class WholeRecords:
    """Chunks of a text that end where a record ends, as far as that is sure, in UTF-8; `unsure` is what is left."""

    def __init__(self, text: TextIO, *, delimiter: str) -> None:
        self.unsure = b""
        self._text = text
        # A doubled mark closes and opens again at once.
        self._before = np.frombuffer(f'{delimiter}\n"'.encode(), dtype=np.uint8)
        self._behind = np.frombuffer(f'{delimiter}\r\n"'.encode(), dtype=np.uint8)

    def __iter__(self) -> Iterator[bytes]:
        size = min(_FIRST_CHARACTERS, CHARACTERS)
        while read := self._text.read(size):
            # No character is cut from its line, so that `csv` could go on from here.
            chunk, size = (read + self._text.readline()).encode(), CHARACTERS
            for _ in range(_MOST_LINES_OF_A_CELL):
                if chunk.count(b'"') % 2 == 0:
                    break
                chunk += self._text.readline().encode()
            if not self._is_sure(chunk):
                self.unsure = chunk
                break
            yield chunk

    def _is_sure(self, chunk: bytes) -> bool:
        if chunk.count(b"\r") != chunk.count(b"\r\n") or b"\0" in chunk:
            return False
        letters = np.frombuffer(b"\n" + chunk + b"\n", dtype=np.uint8)
        marks = np.flatnonzero(letters == _MARK)
        opens, closes = letters[marks[::2] - 1], letters[marks[1::2] + 1]
        return bool(
            len(opens) == len(closes) and np.isin(opens, self._before).all() and np.isin(closes, self._behind).all()
        )


class Records:
    """Records as `csv` has them, row by row."""

    def __init__(self, rows: Sequence[Sequence[str]]) -> None:
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    def texts(self, at: int) -> list[str]:
        """A column's cells."""
        return [row[at] for row in self._rows]

    def looked_up(self, at: int, known: Mapping[str, int]) -> NDArray[np.int64]:
        """What a column's cells stand for."""
        return np.array([known[row[at]] for row in self._rows], dtype=np.int64)


class Columns:
    """Records as pyarrow has them, column by column."""

    def __init__(self, table: Any) -> None:
        self._table = table
        self.width = table.num_columns

    def __len__(self) -> int:
        return int(self._table.num_rows)

    def has_blank(self, at: int) -> bool:
        """Whether a cell of a column is empty."""
        from pyarrow import compute

        # By length: to compare with a text of Python's, pyarrow would import pandas, a second and 100 MB of it.
        return bool(compute.min(compute.binary_length(self._table.column(at))).as_py() == 0)

    def texts(self, at: int) -> list[str]:
        """A column's cells."""
        found: list[str] = self._table.column(at).to_pylist()
        return found

    def looked_up(self, at: int, known: Mapping[str, int]) -> NDArray[np.int64]:
        """What a column's cells stand for, each distinct one asked once."""
        encoded = self._table.column(at).combine_chunks().dictionary_encode()
        values = np.array([known[text] for text in encoded.dictionary.to_pylist()], dtype=np.int64)
        indices = encoded.indices
        return values[np.frombuffer(indices.buffers()[1], dtype=np.int32)[indices.offset :][: len(indices)]]

    def records(self) -> list[list[str]]:
        """The cells row by row."""
        return list(map(list, zip(*(self.texts(at) for at in range(self.width)), strict=True)))


def is_worth_columns(size: int) -> bool:
    """Whether a file of so many bytes is read sooner by columns, and can be."""
    if size < WORTH_ARROW:
        return False
    try:
        import pyarrow as pa  # noqa: F401
    except ModuleNotFoundError:
        return False
    return True


def read_columns(chunk: bytes, *, delimiter: str) -> Columns | None:
    """The columns of a chunk that is sure; None where `csv` has to read it."""
    import pyarrow as pa
    from pyarrow import csv

    # As many as the first line can have: what a quotation mark holds together makes it fewer.
    width = chunk.partition(b"\n")[0].count(delimiter.encode()) + 1
    try:
        table = csv.read_csv(
            pa.BufferReader(chunk),
            read_options=csv.ReadOptions(use_threads=False, block_size=len(chunk) + 1, autogenerate_column_names=True),
            parse_options=csv.ParseOptions(delimiter=delimiter, newlines_in_values=True, ignore_empty_lines=False),
            convert_options=csv.ConvertOptions(
                column_types={f"f{at}": pa.string() for at in range(width)}, strings_can_be_null=False
            ),
        )
    except pa.ArrowException:
        return None
    return Columns(table) if table.num_columns <= width else None
