"""The rows of a long list, CSV or XLSX, a part at a time: each is read once, and memory does not grow with the file."""

from __future__ import annotations

import codecs
import csv
import io
import unicodedata
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING, Protocol

from survey.i18n import mark
from survey.services.import_problems import ImportRejected, rejected
from survey.services.list_chunks import WholeRecords, is_worth_columns, read_columns
from survey.services.old_encodings import recognise, share_of_syllables

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path
    from typing import BinaryIO, TextIO

    from survey.services.list_chunks import Columns

ROWS_OF_A_PART = 20_000
DELIMITERS = (",", ";", "\t", "|")
_HEAD = 1 << 16
_BLOCK = 1 << 20
WORKBOOKS = _ZIP, _OLD_EXCEL = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
# utf-32 begins with the bytes of utf-16, so it is asked for first.
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
SAVE_AS_UTF8 = mark("Save the file as “CSV UTF-8 (Comma delimited)” and import that.")


@dataclass(frozen=True, slots=True)
class ListedRows:
    """Consecutive records of a file, and the number of the first, counted from 1 with headings and blank rows.

    They are in `records`, or in `columns` where they were read so.
    """

    first: int
    records: list[list[str]]
    share_read: float
    columns: Columns | None = None


class ListFile(Protocol):
    """A file with a list in it."""

    @property
    def kind(self) -> str:
        """What it is, for people: `CSV, UTF-8`."""
        ...  # pragma: no cover

    def parts(self) -> AbstractContextManager[Iterator[ListedRows]]:
        """All its records in order."""
        ...  # pragma: no cover


def open_list(path: Path, *, sheet: str | None = None) -> ListFile:
    """The list at `path`, told by its first bytes; raises ImportRejected where it is no list, or in an old encoding."""
    with path.open("rb") as stream:
        head = stream.read(_HEAD)
    if not head:
        raise rejected(mark("The file is empty."), mark("Export it again with a heading and at least one line."))
    if head.startswith(_OLD_EXCEL):
        raise rejected(
            mark("The file is in the format of Excel before 2007 (.xls), or locked with a password."),
            mark("Open it in Excel and save it as “Excel Workbook (.xlsx)” without a password."),
        )
    if head.startswith(_ZIP):
        from survey.services.xlsx_rows import XLSXList

        return XLSXList(path, sheet=sheet)
    return CSVList(path, head)


class CSVList:
    """A CSV file whose encoding and separator have been recognised."""

    def __init__(self, path: Path, head: bytes) -> None:
        self._path = path
        self._encoding = _encoding(path, head)
        self.begins = head.decode(self._encoding, errors="ignore")
        self._delimiter = _delimiter(self.begins)

    @property
    def kind(self) -> str:
        """What it is, for people."""
        return f"CSV, {self.encoding}"

    @property
    def encoding(self) -> str:
        """Its encoding by the name that people know."""
        return _NAMES[self._encoding]

    @contextmanager
    def parts(self) -> Iterator[Iterator[ListedRows]]:
        """All its records in order."""
        with self._path.open("rb") as file, io.TextIOWrapper(file, encoding=self._encoding, newline="") as text:
            yield self._parts(file, text)

    def _parts(self, file: BinaryIO, text: TextIO) -> Iterator[ListedRows]:
        size = self._path.stat().st_size
        first = 1
        try:
            for rows in self._by_chunks(text) if is_worth_columns(size) else self._by_records(text, line=0):
                count = len(rows)
                yield (
                    ListedRows(first, rows, min(file.tell() / size, 1.0))
                    if isinstance(rows, list)
                    else ListedRows(first, [], min(file.tell() / size, 1.0), rows)
                )
                first += count
        except UnicodeError as error:
            raise self._foreign_byte() from error

    def _by_chunks(self, text: TextIO) -> Iterator[list[list[str]] | Columns]:
        """The first chunk, which has the heading, by records; then by columns, as far as these are sure."""
        chunks, line = WholeRecords(text, delimiter=self._delimiter), 0
        for chunk in chunks:
            columns = read_columns(chunk, delimiter=self._delimiter) if line else None
            if columns is not None:
                yield columns
            else:
                yield from self._by_records(io.StringIO(chunk.decode(), newline=""), line=line)
            line += chunk.count(b"\n")
        yield from self._by_records(chain(io.StringIO(chunks.unsure.decode(), newline=""), text), line=line)

    def _by_records(self, lines: Iterable[str], *, line: int) -> Iterator[list[list[str]]]:
        reader = csv.reader(lines, delimiter=self._delimiter, strict=True)
        try:
            while records := list(islice(reader, ROWS_OF_A_PART)):
                yield records
        except csv.Error as error:
            raise rejected(
                mark("The line cannot be read: {reason}."),
                mark("Look for a quotation mark that is opened and never closed."),
                line=line + reader.line_num,
                reason=error,
            ) from error

    def _foreign_byte(self) -> ImportRejected:
        """Where the first byte is that the encoding does not have: only a file that is refused is read for it."""
        decoder = codecs.getincrementaldecoder(self._encoding)()
        with self._path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                try:
                    decoder.decode(line)
                except UnicodeDecodeError as error:
                    byte = f"0x{error.object[error.start]:02X}"
                    return rejected(
                        mark("The byte {byte} does not belong into {encoding}."),
                        SAVE_AS_UTF8,
                        line=number,
                        byte=byte,
                        encoding=_NAMES[self._encoding],
                    )
        return rejected(mark("The file ends within a letter."), mark("Export it again."))


_NAMES = {
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8 (BOM)",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    "utf-32": "UTF-32",
    "cp1258": "Windows-1258",
}


def check_spelling(text: str) -> None:
    """Refuse a text that is Unicode by its bytes and holds Vietnamese of an old typeface."""
    old = recognise(text)
    if old is not None:
        raise rejected(
            mark("The text is not in Unicode: it looks like {encoding}."), old.remedy, encoding=mark(old.name)
        )


def _encoding(path: Path, head: bytes) -> str:
    marked = next((name for marker, name in _BYTE_ORDER_MARKS if head.startswith(marker)), None)
    if marked:
        return marked
    if b"\0" in head:
        return _with_zeros(head)
    sample = _beyond_ascii(path)
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError as error:
        return _without_unicode(sample, error)
    return "utf-8"


def _with_zeros(head: bytes) -> str:
    """UTF-16 without its mark has a zero in every ASCII character, always on the same side."""
    even, odd = head[::2].count(0), head[1::2].count(0)
    if min(even, odd) > max(even, odd) / 8:
        raise rejected(mark("The file is not a text file."), SAVE_AS_UTF8)
    return "utf-16-be" if even > odd else "utf-16-le"


def _beyond_ascii(path: Path) -> bytes:
    """The first block that has a byte beyond ASCII, from the beginning of a line; empty if there is none."""
    begins = b""
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            if not block.isascii():
                return begins + block
            begins = block[block.rfind(b"\n") + 1 :]
    return b""


def _without_unicode(sample: bytes, error: UnicodeDecodeError) -> str:
    """Windows-1258, if that makes Vietnamese of the bytes; UTF-8 with a fault, which is told when it is reached."""
    if share_of_syllables(sample.decode("utf-8", errors="replace")) >= _MOSTLY:
        return "utf-8"
    as_windows = unicodedata.normalize("NFC", sample.decode("cp1258", errors="replace"))
    old = recognise(sample.decode("latin-1"), otherwise=as_windows)
    if old is not None:
        raise rejected(
            mark("The text is not in Unicode: it looks like {encoding}."), old.remedy, encoding=mark(old.name)
        )
    if share_of_syllables(as_windows) < _MOSTLY:
        raise rejected(
            mark("The file is in an encoding that is not known: the byte {byte} does not belong into UTF-8."),
            SAVE_AS_UTF8,
            byte=f"0x{sample[error.start]:02X}",
        )
    return "cp1258"


# Names from other languages of the province are no Vietnamese syllables, and not half of a list.
_MOSTLY = 0.5


def _delimiter(head: str) -> str:
    lines = head.splitlines()[:20]
    return max(DELIMITERS, key=lambda one: max((line.count(one) for line in lines), default=0))
