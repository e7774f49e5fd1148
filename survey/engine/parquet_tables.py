"""Parquet read in batches through pyarrow, which the extra `fast` brings (docs/decisions/0010)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

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

    from survey.engine.tables import Progress


# By pyarrow's names.
_WHOLE = {"int8": np.int8, "uint8": np.uint8, "int16": np.int16, "uint16": np.uint16}


class ParquetTable:
    """A Parquet file whose schema has been read."""

    def __init__(self, path: Path) -> None:
        try:
            import pyarrow as pa
            from pyarrow import parquet
        except ModuleNotFoundError as error:
            raise TableError(
                mark("{file}: reading Parquet needs the extra “fast”: pip install 'sipas-toolkit[fast]', or use CSV"),
                file=path,
            ) from error
        self.path = path
        try:
            self._file = parquet.ParquetFile(path)
        except pa.ArrowException as error:
            raise TableError(mark("{file}: the Parquet file is damaged: {reason}"), file=path, reason=error) from error
        self.columns: Sequence[str] = list(self._file.schema_arrow.names)
        check_heading(self.columns)
        if self._file.metadata.num_rows == 0:
            raise TableError(mark("{file}: there is a heading and no row below it"), file=path)

    def read(
        self, *, numbers: Collection[str] = (), texts: Collection[str] = (), progress: Progress | None = None
    ) -> Table:
        """Some columns; a text in a column of numbers is refused with its row."""
        wanted = list(dict.fromkeys([*numbers, *texts]))
        check_columns(self.columns, wanted)
        rows, total = 0, self._file.metadata.num_rows
        values = {name: np.empty(total, dtype=self._kind(name)) for name in numbers}
        coders = {name: Codes() for name in texts}
        codes = {name: np.empty(total, dtype=np.int64) for name in texts}
        for group in range(self._file.num_row_groups):
            part = self._file.read_row_group(group, columns=wanted)
            for name in numbers:
                for first, chunk in _placed(part.column(name), rows):
                    values[name][first : first + len(chunk)] = _numbers(chunk, name, first=first)
            for name in texts:
                for first, chunk in _placed(part.column(name), rows):
                    codes[name][first : first + len(chunk)] = _codes(chunk, coders[name])
            rows += part.num_rows
            if progress is not None:
                progress(rows / total)
        return Table(rows, values, {name: coders[name].column([codes[name]]) for name in texts})

    def parts(
        self,
        *,
        numbers: Collection[str] = (),
        texts: Collection[str] = (),
        rows: int = ROWS_OF_A_PART,
        progress: Progress | None = None,
    ) -> Iterator[Table]:
        """The same columns, `rows` at a time (see :class:`survey.engine.tables.TableFile`)."""
        wanted = list(dict.fromkeys([*numbers, *texts]))
        check_columns(self.columns, wanted)
        done, total = 0, self._file.metadata.num_rows
        coders = {name: Codes() for name in texts}
        for batch in self._batches(wanted, rows):
            columns = {name: _scale_or_numbers(batch.column(name), name, first=done) for name in numbers}
            codes = {name: _codes(batch.column(name), coders[name]) for name in texts}
            coded = {name: Coded(codes[name], tuple(coders[name].levels)) for name in texts}
            yield Table(batch.num_rows, columns, coded)
            done += batch.num_rows
            if progress is not None:
                progress(done / total)

    def _batches(self, columns: Sequence[str], rows: int) -> Iterator[Any]:
        """Up to `rows` rows at a time; asked for all row groups, pyarrow would hold them all."""
        waiting, found = [], 0
        for group in range(self._file.num_row_groups):
            waiting.append(group)
            found += self._file.metadata.row_group(group).num_rows
            if found >= rows or group == self._file.num_row_groups - 1:
                yield from self._file.iter_batches(batch_size=rows, row_groups=waiting, columns=columns)
                waiting, found = [], 0

    def _kind(self, name: str) -> type[np.floating[Any]]:
        """Half the memory where it loses nothing: ratings are small whole numbers."""
        import pyarrow as pa

        return np.float32 if self._file.schema_arrow.field(name).type in _small(pa) else np.float64

    def write_with(self, name: str, values: NDArray[np.float64], out: BinaryIO) -> None:
        """Write the file as it was with one more column."""
        import pyarrow as pa
        from pyarrow import parquet

        schema, rows = self._file.schema_arrow.append(pa.field(name, pa.float64())), 0
        with parquet.ParquetWriter(out, schema) as writer:
            for group in range(self._file.num_row_groups):
                part = self._file.read_row_group(group)
                added = pa.array(values[rows : rows + part.num_rows])
                writer.write_table(part.append_column(name, added).cast(schema))
                rows += part.num_rows

    def place(self, row: int) -> int:
        """The number of a row, from 1."""
        return row + 1


def _small(pa: Any) -> tuple[Any, ...]:
    return pa.bool_(), pa.int8(), pa.uint8(), pa.int16(), pa.uint16()


def _placed(column: Any, first: int) -> Iterator[tuple[int, Any]]:
    """The chunks of a column with the row each begins at."""
    for chunk in column.chunks:
        if len(chunk):
            yield first, chunk
        first += len(chunk)


def _plain(column: Any, kind: type[np.generic], *, missing: float) -> NDArray[Any]:
    """An array as numpy sees it, with `missing` for its nulls; pyarrow's own way would import pandas."""
    import pyarrow as pa

    values = np.frombuffer(column.buffers()[1], dtype=kind)[column.offset : column.offset + len(column)]
    if column.null_count == 0:
        return values
    null = column.is_null().cast(pa.int8())
    return np.where(_plain(null, np.int8, missing=0) == 1, missing, values)


def _numbers(column: Any, name: str, *, first: int) -> NDArray[np.float64]:
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return _parsed(column, name, first=first)
    try:
        floats = column.cast(pa.float64())
    except pa.ArrowException as error:
        raise TableError(
            mark("the column {column} holds {kind}, not numbers"), column=name, kind=str(column.type)
        ) from error
    return _plain(floats, np.float64, missing=np.nan)


def _scale_or_numbers(column: Any, name: str, *, first: int) -> NDArray[Any]:
    """Small whole numbers as they are, the missing ones masked: answers are counted soonest from these."""
    kind = _WHOLE.get(str(column.type))
    if kind is None:
        return _numbers(column, name, first=first)
    values = np.frombuffer(column.buffers()[1], dtype=kind)[column.offset : column.offset + len(column)]
    null = _plain(column.is_null().cast("int8"), np.int8, missing=0) == 1 if column.null_count else np.ma.nomask
    return np.ma.MaskedArray(values, mask=null)


def _parsed(column: Any, name: str, *, first: int) -> NDArray[np.float64]:
    parser, result = Numbers(decimal_comma=False), np.empty(len(column))
    for row, text in enumerate(column.to_pylist()):
        try:
            result[row] = parser[text or ""]
        except ValueError:
            raise TableError(
                mark("line {line}: {value} in the column {column} is not a number"),
                line=first + row + 1,
                value=f"“{text}”",
                column=name,
            ) from None
    return result


def _codes(column: Any, coder: Codes) -> NDArray[np.int64]:
    import pyarrow as pa

    encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    known = np.array([*(coder[_label(value)] for value in encoded.dictionary.to_pylist()), -1], dtype=np.int64)
    # A missing value has no index; the entry after the last stands for it.
    indices = _plain(encoded.indices.cast(pa.int64()), np.int64, missing=len(known) - 1)
    result: NDArray[np.int64] = known[indices]
    return result


def _label(value: object) -> str:
    if value is None:
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
