"""CSV in chunks: with or without BOM, UTF-8 or UTF-16, commas, semicolons or tabs; faults named with their line."""

from __future__ import annotations

import codecs
import csv
import io
import unicodedata
from contextlib import contextmanager, suppress
from itertools import islice
from operator import itemgetter
from typing import TYPE_CHECKING

import numpy as np

from survey.engine import arrow_csv
from survey.engine.tables import (
    ROWS_OF_A_PART,
    Coded,
    Codes,
    Numbers,
    Table,
    TableError,
    check_columns,
    check_heading,
)
from survey.i18n import mark

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path
    from typing import BinaryIO

    from numpy.typing import NDArray

    from survey.engine.arrow_csv import Parser, Part
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
        parsers = self._parsers(numbers, texts)
        parts = list(self._parts(parsers, _ROWS_AT_A_TIME, progress))
        found, coded = {}, {}
        for place, (name, parser) in enumerate(parsers):
            column = [part[place] for part in parts]
            if isinstance(parser, Codes):
                coded[name] = parser.column([codes.astype(np.int64, copy=False) for codes in column])
            else:
                found[name] = np.concatenate(column).astype(np.float64, copy=False)
        return Table(sum(map(_length, parts)), found, coded)

    def parts(
        self,
        *,
        numbers: Collection[str] = (),
        texts: Collection[str] = (),
        rows: int = ROWS_OF_A_PART,
        progress: Progress | None = None,
    ) -> Iterator[Table]:
        """The same columns, `rows` or some more at a time (see :class:`survey.engine.tables.TableFile`)."""
        parsers = self._parsers(numbers, texts)
        waiting: list[Part] = []
        for part in self._parts(parsers, min(rows, _ROWS_AT_A_TIME), progress):
            waiting.append(part)
            if sum(map(_length, waiting)) >= rows:
                yield _joined(parsers, waiting)
                waiting = []
        if waiting:
            yield _joined(parsers, waiting)

    def write_with(self, name: str, values: NDArray[np.float64], out: BinaryIO) -> None:
        """Write the file as it was, in UTF-8, with one more column."""
        marked = "utf-8-sig" if self.encoding == "utf-8-sig" else "utf-8"
        stream = io.TextIOWrapper(out, encoding=marked, newline="", write_through=True)
        writer = csv.writer(stream, delimiter=self.delimiter, lineterminator="\n")
        writer.writerow([*self.columns, name])
        rows = iter(values.tolist())
        for chunk in self._chunks(None, _ROWS_AT_A_TIME):
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

    def _chunks(self, progress: Progress | None, at_a_time: int, *, after: int = 0) -> Iterator[list[list[str]]]:
        size, width = max(self.path.stat().st_size, 1), len(self.columns)
        with self.records() as (reader, raw):
            next(reader)
            filled = (record for record in reader if any(record))
            next(islice(filled, after, after), None)
            while chunk := list(islice(filled, at_a_time)):
                if any(len(record) != width for record in chunk):
                    chunk = [self._fitted(record, reader.line_num) for record in chunk]
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

    def _parsers(self, numbers: Collection[str], texts: Collection[str]) -> list[tuple[str, Parser]]:
        """How each column that is asked for is read; one may be asked for both as numbers and as texts."""
        check_columns(self.columns, [*numbers, *texts])
        comma = self.delimiter != ","
        return [*((name, Numbers(decimal_comma=comma)) for name in numbers), *((name, Codes()) for name in texts)]

    def _parts(
        self, parsers: Sequence[tuple[str, Parser]], at_a_time: int, progress: Progress | None
    ) -> Iterator[Part]:
        """The parsed columns, through pyarrow as far as that gives the same, and row by row from there on."""
        rows = 0
        if self.encoding in {"utf-8", "utf-8-sig"}:
            with suppress(arrow_csv.Doubtful):
                for part in arrow_csv.parts(self.path, parsers, delimiter=self.delimiter, progress=progress):
                    yield part
                    rows += _length(part)
                if rows:
                    return
        for chunk in self._chunks(progress, at_a_time, after=rows):
            yield [self._parsed(chunk, name, parser, first=rows) for name, parser in parsers]
            rows += len(chunk)
        if rows == 0:
            raise TableError(mark("{file}: there is a heading and no row below it"), file=self.path)

    def _parsed(
        self, chunk: Sequence[list[str]], name: str, parser: Parser, *, first: int
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


def _length(part: Part) -> int:
    return len(part[0]) if part else 0


def _joined(parsers: Sequence[tuple[str, Parser]], parts: Sequence[Part]) -> Table:
    """Parts that follow each other as one, the levels of texts in the order they came."""
    numbers, texts = {}, {}
    for place, (name, parser) in enumerate(parsers):
        column = np.concatenate([part[place] for part in parts])
        if isinstance(parser, Codes):
            texts[name] = Coded(column.astype(np.int64, copy=False), tuple(parser.levels))
        else:
            numbers[name] = column.astype(np.float64, copy=False)
    return Table(sum(map(_length, parts)), numbers, texts)


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
