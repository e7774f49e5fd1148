"""CSV in chunks: with or without BOM, UTF-8 or UTF-16, commas, semicolons or tabs; faults named with their line."""

from __future__ import annotations

import codecs
import csv
import io
import unicodedata
from contextlib import contextmanager
from itertools import islice
from operator import itemgetter
from typing import TYPE_CHECKING

import numpy as np

from survey.engine import arrow_csv
from survey.engine.tables import Codes, Numbers, Table, TableError, check_columns, check_heading
from survey.i18n import mark

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path
    from typing import BinaryIO

    from numpy.typing import NDArray

    from survey.engine.arrow_csv import Parts
    from survey.engine.tables import Progress

DELIMITERS = (",", ";", "\t", "|")
_ROWS_AT_A_TIME = 20_000
# utf-32 begins with the bytes of utf-16, so it is asked for first.
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class CSVTable:
    """A CSV file whose heading has been read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.encoding = _encoding(path)
        self.delimiter = self._delimiter()
        with self.records() as (reader, _):
            self.columns = heading(next(reader, []))
        if not self.columns:
            raise TableError(mark("{file}: the file is empty"), file=path)
        check_heading(self.columns)

    def read(
        self, *, numbers: Collection[str] = (), texts: Collection[str] = (), progress: Progress | None = None
    ) -> Table:
        """Some columns; a text in a column of numbers is refused with its line."""
        check_columns(self.columns, [*numbers, *texts])
        parsers: dict[str, Numbers | Codes] = {
            name: Numbers(decimal_comma=self.delimiter != ",") for name in numbers if name not in texts
        }
        parsers |= {name: Codes() for name in texts}
        parts = self._quickly(parsers, progress) or self._carefully(parsers, progress)
        table = arrow_csv.table_of(parsers, parts)
        both = [name for name in numbers if name in texts]
        return (
            table if not both else Table(table.rows, {**table.numbers, **self.read(numbers=both).numbers}, table.texts)
        )

    def write_with(self, name: str, values: NDArray[np.float64], out: BinaryIO) -> None:
        """Write the file as it was, in UTF-8, with one more column."""
        marked = "utf-8-sig" if self.encoding == "utf-8-sig" else "utf-8"
        stream = io.TextIOWrapper(out, encoding=marked, newline="", write_through=True)
        writer = csv.writer(stream, delimiter=self.delimiter, lineterminator="\n")
        writer.writerow([*self.columns, name])
        rows = iter(values.tolist())
        for chunk in self._chunks(None):
            writer.writerows([*record, repr(next(rows))] for record in chunk)
        stream.flush()
        stream.detach()

    def place(self, row: int) -> int:
        """The line on which a row, counted from 0, ends."""
        with self.records() as (reader, _):
            next(reader)
            filled = (reader.line_num for record in reader if any(record))
            return next(islice(filled, row, None))

    @contextmanager
    def records(self) -> Iterator[tuple[_Records, BinaryIO]]:
        """The records from the heading on, and the file under them."""
        with self.path.open("rb") as raw, io.TextIOWrapper(raw, encoding=self.encoding, newline="") as stream:
            reader = _Records(stream, self.delimiter)
            try:
                yield reader, raw
            except UnicodeDecodeError as error:
                raise _wrong_encoding(self.path, self.encoding) from error
            except csv.Error as error:
                raise TableError(
                    mark("line {line}: {reason}: look for a quotation mark that is opened and never closed"),
                    line=reader.line_num,
                    reason=error,
                ) from error

    def _delimiter(self) -> str:
        try:
            with self.path.open(encoding=self.encoding, newline="") as stream:
                first = next((line for line in stream if line.strip()), "")
        except UnicodeDecodeError as error:
            raise _wrong_encoding(self.path, self.encoding) from error
        if first.strip().lower().startswith("sep="):
            return first.strip()[-1]
        return max(DELIMITERS, key=first.count)

    def _chunks(self, progress: Progress | None) -> Iterator[list[list[str]]]:
        size, width = max(self.path.stat().st_size, 1), len(self.columns)
        with self.records() as (reader, raw):
            next(reader)
            while records := list(islice(reader, _ROWS_AT_A_TIME)):
                chunk = [record for record in records if any(record)]
                if any(len(record) != width for record in chunk):
                    chunk = [self._fitted(record, reader.line_num) for record in chunk]
                if chunk:
                    yield chunk
                if progress is not None:
                    progress(raw.tell() / size)

    def _fitted(self, record: list[str], line: int) -> list[str]:
        width = len(self.columns)
        if any(record[width:]):
            raise TableError(
                mark(
                    "near line {line}: a row has {found} values and the heading {expected}: "
                    "put quotation marks around a text that holds the separator"
                ),
                line=line,
                found=len(record),
                expected=width,
            )
        return (record + [""] * width)[:width]

    def _quickly(self, parsers: dict[str, Numbers | Codes], progress: Progress | None) -> dict[str, Parts] | None:
        """The columns through pyarrow, where that gives the same."""
        if self.encoding not in {"utf-8", "utf-8-sig"}:
            return None
        return arrow_csv.read(self.path, parsers, delimiter=self.delimiter, progress=progress)

    def _carefully(self, parsers: dict[str, Numbers | Codes], progress: Progress | None) -> dict[str, Parts]:
        """The columns row by row, whatever the rows look like."""
        parts: dict[str, Parts] = {name: [] for name in parsers}
        rows = 0
        for chunk in self._chunks(progress):
            for name, parser in parsers.items():
                parts[name].append(self._parsed(chunk, name, parser, first=rows))
            rows += len(chunk)
        if rows == 0:
            raise TableError(mark("{file}: there is a heading and no row below it"), file=self.path)
        return parts

    def _parsed(
        self, chunk: Sequence[list[str]], name: str, parser: Numbers | Codes, *, first: int
    ) -> NDArray[np.float64] | NDArray[np.int64]:
        cells = map(itemgetter(self.columns.index(name)), chunk)
        if isinstance(parser, Codes):
            return np.fromiter(map(parser.__getitem__, cells), np.int64, len(chunk))
        try:
            return np.fromiter(map(parser.__getitem__, cells), np.float64, len(chunk))
        except ValueError:
            raise self._no_number(chunk, name, parser, first) from None

    def _no_number(self, chunk: Sequence[list[str]], name: str, parser: Numbers, first: int) -> TableError:
        place = self.columns.index(name)
        for row, record in enumerate(chunk):
            try:
                parser[record[place]]
            except ValueError:
                return TableError(
                    mark("line {line}: {value} in the column {column} is not a number"),
                    line=self.place(first + row),
                    value=f"“{record[place]}”",
                    column=name,
                )
        raise AssertionError(name)  # pragma: no cover - one of the cells was refused just now.


class _Records:
    """The records of a CSV file from its heading on."""

    def __init__(self, stream: io.TextIOWrapper, delimiter: str) -> None:
        self._reader = csv.reader(stream, delimiter=delimiter, strict=True)
        self._begun = False

    @property
    def line_num(self) -> int:
        return self._reader.line_num

    def __iter__(self) -> _Records:
        return self

    def __next__(self) -> list[str]:
        record = next(self._reader)
        while not self._begun and (not any(record) or _is_separator_line(record)):
            record = next(self._reader)
        self._begun = True
        return record


def heading(record: Sequence[str]) -> list[str]:
    """Column names without spaces around and without the empty ones at the end."""
    names = [unicodedata.normalize("NFC", name.strip()) for name in record]
    while names and not names[-1]:
        names.pop()
    return names


def _is_separator_line(record: Sequence[str]) -> bool:
    # Excel's own first line.
    return record[0].strip().lower().startswith("sep=")


def _encoding(path: Path) -> str:
    with path.open("rb") as stream:
        start = stream.read(4)
    marked = next((name for mark_, name in _BYTE_ORDER_MARKS if start.startswith(mark_)), None)
    if marked is None and b"\0" in start:
        return "utf-16-be" if start[:1] == b"\0" else "utf-16-le"
    return marked or "utf-8"


def _wrong_encoding(path: Path, encoding: str) -> TableError:
    data = path.read_bytes()
    try:
        data.decode(encoding)
    except UnicodeDecodeError as error:
        return TableError(
            mark("line {line}: the byte {byte} is not {encoding}: save the file as “CSV UTF-8” and try again"),
            line=data.count(b"\n", 0, error.start) + 1,
            byte=f"0x{data[error.start]:02X}",
            encoding=encoding.upper(),
        )
    return TableError(mark("{file}: the file changed while it was read"), file=path)  # pragma: no cover
