"""The rows of a sheet of an XLSX workbook, read from its XML as it is unpacked, and forgotten row by row.

Of a workbook only what a list needs is understood: texts, numbers, days, and the order of sheets (ECMA-376, part 1,
chapter 18). A day is given as 2026-03-31, a whole number without its decimal point.
"""

from __future__ import annotations

import datetime as dt
import re
import zipfile
import zlib
from array import array
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from survey.i18n import mark
from survey.services.import_problems import rejected
from survey.services.listed_rows import ROWS_OF_A_PART, ListedRows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import IO

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_STRICT = "{http://purl.oclc.org/ooxml/spreadsheetml/main}"
_VALUES = frozenset({_MAIN + "v", _STRICT + "v"})
_RELATION = re.compile(r"\{[^}]*/relationships\}id$")
# The formats of days that every workbook has without naming them.
_DAY_FORMATS = frozenset([*range(14, 18), 22, *range(27, 37), *range(50, 59)])
# What is in quotes or brackets in a format is no letter of a day.
_LITERAL = re.compile(r'"[^"]*"|\[[^\]]*\]|\\.|_.')
_EPOCH, _MAC_EPOCH = dt.date(1899, 12, 30), dt.date(1904, 1, 1)
_MOST_COLUMNS = 16_384
# A number of more digits is not exact in a cell.
_MOST_EXACT = 10**15


class XLSXList:
    """A sheet of a workbook: the one named, or the first that is not hidden."""

    def __init__(self, path: Path, *, sheet: str | None) -> None:
        self._path = path
        try:
            with zipfile.ZipFile(path) as book:
                self._sheet, self._part, self._epoch = _find_sheet(book, sheet)
        except (zipfile.BadZipFile, KeyError) as error:
            raise _damaged(str(error)) from error

    @property
    def kind(self) -> str:
        """What it is, for people."""
        return f"XLSX, {self._sheet}"

    @contextmanager
    def parts(self) -> Iterator[Iterator[ListedRows]]:
        """All its records in order."""
        from lxml.etree import XMLSyntaxError

        try:
            with zipfile.ZipFile(self._path) as book, book.open(self._part) as stream:
                yield self._parts(book, stream)
        except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, XMLSyntaxError) as error:
            raise _damaged(str(error)) from error

    def _parts(self, book: zipfile.ZipFile, stream: IO[bytes]) -> Iterator[ListedRows]:
        size = book.getinfo(self._part).file_size
        cell = _cells(_SharedTexts(book), _day_styles(book), self._epoch)
        first, number, records = 1, 0, list[list[str]]()
        for number, record in _records(stream, cell):
            # Rows that nobody wrote in are not in the file, and are counted all the same.
            missing = number - first - len(records)
            if missing > ROWS_OF_A_PART:
                yield ListedRows(first, records, stream.tell() / size)
                first, records = number, []
            else:
                records.extend([] for _ in range(missing))
            records.append(record)
            if len(records) >= ROWS_OF_A_PART:
                yield ListedRows(first, records, min(stream.tell() / size, 1.0))
                first, records = number + 1, []
        if records:
            yield ListedRows(first, records, 1.0)


def _damaged(reason: str) -> Exception:
    return rejected(
        mark("The workbook cannot be read: {reason}."),
        mark("Open it in Excel, save it again as “Excel Workbook (.xlsx)” and import that."),
        reason=reason,
    )


class _SharedTexts:
    """The texts that cells refer to by number, in bytes: a million objects would be many times that."""

    def __init__(self, book: zipfile.ZipFile) -> None:
        self._bytes = bytearray()
        self._ends = array("Q", [0])
        if "xl/sharedStrings.xml" in book.namelist():
            with book.open("xl/sharedStrings.xml") as stream:
                for item in _elements(stream, "si"):
                    self._bytes += _text_of(item).encode()
                    self._ends.append(len(self._bytes))

    def __getitem__(self, number: int) -> str:
        return self._bytes[self._ends[number] : self._ends[number + 1]].decode()


def _elements(stream: IO[bytes], name: str) -> Iterator[Any]:
    """The elements of one name, each forgotten after it was looked at."""
    from lxml import etree

    # Entities are not expanded: a few of them can stand for gigabytes.
    tags = [_MAIN + name, _STRICT + name]
    for _, element in etree.iterparse(stream, tag=tags, resolve_entities=False, no_network=True, remove_comments=True):
        yield element
        element.clear()
        while element.getprevious() is not None:
            del element.getparent()[0]


def _text_of(item: Any) -> str:
    """The text of an entry, of one piece or several; how the letters are to be read aloud is no part of it."""
    if len(item) == 1 and len(item[0]) == 0:
        return item[0].text or ""
    return "".join(
        piece.text or ""
        for piece in item.iter()
        if piece.tag in {_MAIN + "t", _STRICT + "t"} and not piece.getparent().tag.endswith("}rPh")
    )


def _records(stream: IO[bytes], value: Callable[[Any], str]) -> Iterator[tuple[int, list[str]]]:
    number = 0
    for row in _elements(stream, "row"):
        number = int(row.get("r") or number + 1)
        record: list[str] = []
        for cell in row:
            place = cell.get("r")
            at = _column(place) if place else len(record)
            if at > len(record):
                record.extend([""] * (at - len(record)))
            record.append(value(cell))
        yield number, record


class _Columns(dict[str, int]):
    """Positions of columns by their letters: A 0, B 1, AA 26."""

    def __missing__(self, letters: str) -> int:
        position = 0
        for letter in letters:
            position = position * 26 + ord(letter) - ord("A") + 1
        if not 0 < position <= _MOST_COLUMNS:
            raise _damaged(letters)
        self[letters] = position - 1
        return position - 1


_COLUMNS = _Columns()


def _column(place: str) -> int:
    return _COLUMNS[place.rstrip("0123456789")]


def _cells(shared: _SharedTexts, days: frozenset[str], epoch: dt.date) -> Callable[[Any], str]:
    """What a cell says."""

    def value(cell: Any) -> str:
        kind = cell.get("t")
        if kind == "inlineStr":
            return _text_of(cell[0]) if len(cell) else ""
        found = _value_of(cell)
        if kind == "s":
            return shared[int(found)]
        if kind in {"str", "e", "b", "d"} or not found:
            return found
        return _day(found, epoch) if cell.get("s") in days else _number(found)

    return value


def _value_of(cell: Any) -> str:
    """What stands in a cell, behind its formula if it has one."""
    if len(cell) == 1 and cell[0].tag in _VALUES:
        return cell[0].text or ""
    return next((child.text or "" for child in cell if child.tag in _VALUES), "")


def _day(text: str, epoch: dt.date) -> str:
    try:
        return (epoch + dt.timedelta(days=int(float(text)))).isoformat()
    except (ValueError, OverflowError):
        return text


def _number(text: str) -> str:
    if text.isdigit():
        return text
    try:
        number = float(text)
    except ValueError:
        return text
    return str(int(number)) if number.is_integer() and abs(number) < _MOST_EXACT else text


def _find_sheet(book: zipfile.ZipFile, wanted: str | None) -> tuple[str, str, dt.date]:
    """The name of a sheet, where its XML is, and from which day the workbook counts."""
    root = _tree(book, "xl/workbook.xml")
    sheets = {str(sheet.get("name")): sheet for sheet in root.iter() if sheet.tag.endswith("}sheet")}
    shown = [name for name, sheet in sheets.items() if sheet.get("state", "visible") == "visible"]
    name = wanted or next(iter(shown or sheets), "")
    if name not in sheets:
        raise rejected(
            mark("There is no sheet “{sheet}”."),
            mark("The sheets are: {sheets}."),
            sheet=wanted or "",
            sheets=", ".join(sheets),
        )
    relation = next(value for key, value in sheets[name].attrib.items() if _RELATION.search(key))
    relations = _tree(book, "xl/_rels/workbook.xml.rels")
    target = next(one.get("Target") for one in relations if one.get("Id") == relation)
    part = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    book.getinfo(part)
    mac = any(one.get("date1904") in {"1", "true"} for one in root.iter() if one.tag.endswith("}workbookPr"))
    return name, part, _MAC_EPOCH if mac else _EPOCH


def _day_styles(book: zipfile.ZipFile) -> frozenset[str]:
    """The numbers of the styles that show a number as a day."""
    if "xl/styles.xml" not in book.namelist():
        return frozenset()
    root = _tree(book, "xl/styles.xml")
    own = {
        int(one.get("numFmtId")): _LITERAL.sub("", one.get("formatCode", "")).lower()
        for one in root.iter()
        if one.tag.endswith("}numFmt") and one.getparent().tag.endswith("}numFmts")
    }
    days = _DAY_FORMATS | {number for number, form in own.items() if "d" in form or "yy" in form}
    styles = next((one for one in root if one.tag.endswith("}cellXfs")), ())
    return frozenset(str(at) for at, style in enumerate(styles) if int(style.get("numFmtId") or 0) in days)


def _tree(book: zipfile.ZipFile, part: str) -> Any:
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    return etree.fromstring(book.read(part), parser)
