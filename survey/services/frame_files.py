"""Frames and strata as files: read as columns, the drawn rows written as they were with their probabilities."""

from __future__ import annotations

import csv
import io
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from sampling.arrays import Numbered
from sampling.errors import SamplingError
from sampling.record import frame_hash
from sampling.strata import Strata, strata
from survey.engine.csv_tables import CSVTable
from survey.engine.tables import PARQUET_MAGIC, TableError, open_table
from survey.i18n import mark
from survey.services.errors import ServiceError
from survey.services.import_problems import ImportRejected
from survey.services.listed_rows import WORKBOOKS, CSVList
from survey.services.old_encodings import OPENED_WRONGLY, recognise

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path
    from typing import BinaryIO

    from numpy.typing import NDArray

    from survey.engine.tables import Table, TableFile

_AT_A_TIME = 1 << 20
_HEAD = 1 << 16
# Columns of a file of strata beside its names and sizes, by the name that `sampling.strata` has for them.
OPTIONAL = {"deviations": "S", "costs": "cost", "variations": "cv", "measures": "X"}


def open_frame(path: Path) -> TableFile:
    """The table in a file that people saved; a workbook, or a text that is not in Unicode, is refused by its name."""
    if path.is_file():
        with path.open("rb") as stream:
            head = stream.read(_HEAD)
        if head.startswith(WORKBOOKS):
            raise ServiceError(
                mark("{file} is a workbook of Excel: save its sheet as “CSV UTF-8 (Comma delimited)” and use that"),
                file=path,
            )
        if head and not head.startswith(PARQUET_MAGIC):
            _check_text(path, head)
    return open_table(path)


def read_strata(path: Path) -> Strata:
    """The strata of a file with the columns `stratum` and `N`, and where needed `S`, `cost`, `cv`, `X`."""
    source = open_frame(path)
    given = {name: column for name, column in OPTIONAL.items() if column in source.columns}
    table = source.read(texts=["stratum"], numbers=["N", *given.values()])
    names = labels(source, table, "stratum")
    with lines_of(source):
        return strata(
            [str(name) for name in names.levels[names.codes]],
            table.numbers["N"],
            **{name: table.numbers[column] for name, column in given.items()},
        )


def read_allocation(path: Path) -> dict[str, int]:
    """Units by stratum, from a file with the columns `stratum` and `n` as `sipas design allocate` writes it."""
    source = open_frame(path)
    table = source.read(texts=["stratum"], numbers=["n"])
    names, n = labels(source, table, "stratum"), table.numbers["n"]
    bad = np.flatnonzero(~((n >= 0) & (n == np.floor(n))))
    if len(bad):
        raise ServiceError(
            mark("{file}, line {line}, column n: {value} is not a whole number from 0"),
            file=path,
            line=source.place(int(bad[0])),
            value=f"{n[bad[0]]:g}",
        )
    if len(names.levels) < len(n):
        raise ServiceError(mark("{file}: a stratum is listed twice: list each once"), file=path)
    return {str(names.levels[code]): int(units) for code, units in zip(names.codes, n, strict=True)}


def labels(source: TableFile, table: Table, column: str) -> Numbered:
    """A column of texts of which none may be missing."""
    found = table.texts[column]
    missing = np.flatnonzero(found.codes < 0)
    if len(missing):
        raise ServiceError(
            mark("line {line}: there is no value in the column {column}: fill it in, or take the row out"),
            line=source.place(int(missing[0])),
            column=column,
        )
    return Numbered(found.codes, np.array(found.levels, dtype=object))


@contextmanager
def lines_of(source: TableFile) -> Iterator[None]:
    """Say the file's lines where `sampling` counts rows."""
    try:
        yield
    except SamplingError as error:
        rows = {name: value for name, value in error.values.items() if name in {"row", "first_row"}}
        placed = {name: source.place(int(str(row)) - 1) for name, row in rows.items()}
        raise SamplingError(error.template, **{**error.values, **placed}) from error


def _check_text(path: Path, head: bytes) -> None:
    try:
        text = CSVList(path, head)
    except ImportRejected as rejection:
        problem = rejection.problems[0]
        if "encoding" in problem.values:
            raise _not_unicode(path, str(problem.values["encoding"])) from rejection
        if "byte" not in problem.values:
            raise ServiceError(
                mark("{file} is not a text file: save the table as “CSV UTF-8 (Comma delimited)” and use that"),
                file=path,
            ) from rejection
        # Which line has the byte is said where the table is read.
        return
    if text.encoding == "Windows-1258":
        raise _not_unicode(path, text.encoding)
    old = recognise(text.begins)
    if old is not None:
        raise _not_unicode(path, old.name)


def _not_unicode(path: Path, encoding: str) -> ServiceError:
    if encoding == OPENED_WRONGLY.name:
        return ServiceError(
            mark(
                "{file} is UTF-8 that was opened as Windows-1252 and saved again: open the original in Excel by "
                "Data → From Text, with the code page 65001: UTF-8"
            ),
            file=path,
        )
    return ServiceError(
        mark(
            "{file} is in {encoding} and not in Unicode: convert it (UniKey: Ctrl+Shift+F6, source {encoding}, "
            "destination Unicode) and save it as “CSV UTF-8”"
        ),
        file=path,
        encoding=encoding,
    )


def hash_of(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as stream:
        return frame_hash(iter(lambda: stream.read(_AT_A_TIME), b""))


def check_out(source: TableFile, path: Path, out: Path, *, added: Sequence[str]) -> None:
    """Refuse to write what could not be told from the frame, or to another kind of file."""
    for name in added:
        if name in source.columns:
            raise ServiceError(mark("the file has a column {column} already: rename or delete it"), column=name)
    if (path.suffix.lower() == ".parquet") != (out.suffix.lower() == ".parquet"):
        raise ServiceError(
            mark("{out} must be of the same kind as {file}: CSV from CSV, Parquet from Parquet"), out=out, file=path
        )
    if out.exists() and out.samefile(path):
        raise ServiceError(mark("{out} is the frame itself: write the sample to another file"), out=out)


def write_rows(
    source: TableFile, path: Path, out: Path, *, rows: NDArray[np.int64], added: Mapping[str, NDArray[Any]]
) -> None:
    """Write some rows of a frame, in the order given, with more columns; the file appears when it is whole."""
    unfinished = out.with_name(out.name + ".part")
    try:
        with unfinished.open("wb") as stream:
            if isinstance(source, CSVTable):
                _write_csv(source, stream, rows, added)
            else:
                _write_parquet(path, stream, rows, added)
        unfinished.replace(out)
    finally:
        unfinished.unlink(missing_ok=True)


def _write_csv(source: CSVTable, out: BinaryIO, rows: NDArray[np.int64], added: Mapping[str, NDArray[Any]]) -> None:
    encoding = "utf-8-sig" if source.encoding == "utf-8-sig" else "utf-8"
    stream = io.TextIOWrapper(out, encoding=encoding, newline="", write_through=True)
    writer = csv.writer(stream, delimiter=source.delimiter, lineterminator="\n")
    writer.writerow([*source.columns, *added])
    columns = [column.tolist() for column in added.values()]
    for number, record in enumerate(_records(source, rows)):
        writer.writerow([*record, *(repr(column[number]) for column in columns)])
    stream.flush()
    stream.detach()


def _records(source: CSVTable, rows: NDArray[np.int64]) -> list[list[str]]:
    """The records of the rows, in the order of the rows."""
    wanted, width, found = set(rows.tolist()), len(source.columns), {}
    with source.records() as (reader, _):
        next(reader)
        filled = (record for record in reader if any(record))
        for number, record in enumerate(filled):
            if number in wanted:
                found[number] = (record + [""] * width)[:width]
    if len(found) < len(wanted):  # pragma: no cover - only if somebody writes to the file meanwhile.
        raise TableError(mark("{file}: the file changed while it was read"), file=source.path)
    return [found[number] for number in rows.tolist()]


def _write_parquet(path: Path, out: BinaryIO, rows: NDArray[np.int64], added: Mapping[str, NDArray[Any]]) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    table = parquet.read_table(path).take(pa.array(rows))
    for name, column in added.items():
        table = table.append_column(name, pa.array(column))
    parquet.write_table(table, out)
