"""A CSV file as people save it: with or without BOM, in UTF-8 or UTF-16, with commas, semicolons or tabs."""

from __future__ import annotations

import codecs
import csv
import io
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from survey.i18n import mark
from survey.services.import_problems import ImportProblem, rejected

if TYPE_CHECKING:
    from collections.abc import Iterator

LARGEST_FILE = 20 * 1024 * 1024
MOST_LINES = 200_000
DELIMITERS = (",", ";", "\t")

_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAVE_AS_UTF8 = mark("Save the file as “CSV UTF-8 (Comma delimited)” and import that.")


@dataclass(frozen=True, slots=True)
class Line:
    """One record and the line of the file on which it begins."""

    number: int
    cells: list[str]


@dataclass(frozen=True, slots=True)
class CSVTable:
    """The heading, the records below it, and the problems of records that do not fit the heading."""

    heading: tuple[str, ...]
    lines: tuple[Line, ...]
    problems: tuple[ImportProblem, ...]


def read(data: bytes) -> CSVTable:
    """The table in `data`, its text composed (NFC) and without spaces around; raises ImportRejected."""
    if len(data) > LARGEST_FILE:
        raise rejected(
            mark("The file has {megabytes} MB, more than {most} MB."),
            mark("Split it into several files."),
            megabytes=-(-len(data) // 2**20),
            most=LARGEST_FILE // 2**20,
        )
    records = list(_records(unicodedata.normalize("NFC", _text(data))))
    if not records:
        raise rejected(mark("The file is empty."), mark("Export it again with a heading and at least one line."))
    if len(records) - 1 > MOST_LINES:
        raise rejected(
            mark("The file has {lines} lines, more than {most}."),
            mark("Split it into several files."),
            lines=len(records) - 1,
            most=MOST_LINES,
        )
    return _fitted(records)


def _text(data: bytes) -> str:
    encoding = next((name for marker, name in _BYTE_ORDER_MARKS if data.startswith(marker)), None)
    if encoding is None and b"\0" in data[:4]:
        encoding = "utf-16-be" if data[:1] == b"\0" else "utf-16-le"
    try:
        text = data.decode(encoding or "utf-8")
    except UnicodeDecodeError as error:
        raise _wrong_encoding(data, error) from error
    if "\0" in text:
        raise rejected(mark("The file is not a text file."), _SAVE_AS_UTF8)
    return text


def _wrong_encoding(data: bytes, error: UnicodeDecodeError) -> Exception:
    return rejected(
        mark("The file is not in UTF-8: the byte {byte} does not belong there; it looks like {guess}."),
        _SAVE_AS_UTF8,
        line=data.count(b"\n", 0, error.start) + 1,
        byte=f"0x{data[error.start]:02X}",
        guess=_guess(data),
    )


def _guess(data: bytes) -> str:
    # TCVN3 (ABC) writes its letters from 0xA8 up; Windows-1258 writes tones as 0xCC, 0xD2, 0xDE, 0xEC, 0xF2.
    high = [byte for byte in data if byte >= 0x80]  # noqa: PLR2004 - where ASCII ends.
    tones = sum(byte in b"\xcc\xd2\xde\xec\xf2" for byte in high)
    tcvn = sum(0xA8 <= byte <= 0xBF for byte in high)  # noqa: PLR2004 - the code page's own range.
    return "TCVN3 (ABC)" if tcvn > tones else "Windows-1258"


def _records(text: str) -> Iterator[Line]:
    """The records that hold something, each with the line it begins on."""
    first, separator, rest = text.partition("\n")
    skipped = 0
    if first.strip().lower().startswith("sep=") and separator:
        # Excel's own first line; the heading says it anyway.
        text, skipped = rest, 1
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    begins = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield Line(begins + skipped, [cell.strip() for cell in cells])
            begins = reader.line_num + 1
    except csv.Error as error:
        raise rejected(
            mark("The line cannot be read: {reason}."),
            mark("Look for a quotation mark that is opened and never closed."),
            line=begins + skipped,
            reason=error,
        ) from error


def _delimiter(text: str) -> str:
    heading = next((line for line in text.splitlines() if line.strip()), "")
    return max(DELIMITERS, key=heading.count)


def _fitted(records: list[Line]) -> CSVTable:
    heading, lines = records[0].cells, records[1:]
    while heading and not heading[-1]:
        heading = heading[:-1]
    width = len(heading)
    fitting, problems = [], []
    for line in lines:
        if any(line.cells[width:]):
            problems.append(_too_long(line, width))
        else:
            fitting.append(Line(line.number, (line.cells + [""] * width)[:width]))
    return CSVTable(tuple(heading), tuple(fitting), tuple(problems))


def _too_long(line: Line, width: int) -> ImportProblem:
    return ImportProblem(
        mark("The line has {found} values, the heading {expected}."),
        mark("Put quotation marks around a text that holds the separator."),
        line=line.number,
        values={"found": len(line.cells), "expected": width},
    )
