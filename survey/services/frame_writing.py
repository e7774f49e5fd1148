"""A frame as a file: CSV or Parquet, written a part at a time under another name until it is whole."""

from __future__ import annotations

import re
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from survey.i18n import mark
from survey.services.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path
    from typing import BinaryIO


_MARKED = re.compile('[,"\r\n]')


class RowWriter(Protocol):
    """Takes the rows of a frame as columns."""

    def write(self, columns: Sequence[Sequence[str]]) -> None:
        """Some more rows."""
        ...  # pragma: no cover


@contextmanager
def whole_files(paths: Sequence[Path]) -> Iterator[list[BinaryIO]]:
    """Streams to files that appear together when all are whole, and not at all after an error."""
    unfinished = [path.with_name(path.name + ".part") for path in paths]
    try:
        with ExitStack() as opened:
            yield [opened.enter_context(path.open("wb")) for path in unfinished]
        for part, path in zip(unfinished, paths, strict=True):
            part.replace(path)
    finally:
        for part in unfinished:
            part.unlink(missing_ok=True)


@contextmanager
def frame_writer(path: Path, stream: BinaryIO, names: Sequence[str]) -> Iterator[RowWriter]:
    """A writer of the kind that the name of the file says."""
    if path.suffix.lower() == ".parquet":
        writer = _ParquetRows(stream, names)
        yield writer
        writer.close()
    else:
        yield _CSVRows(stream, names)


def write_strata(stream: BinaryIO, sizes: Iterable[tuple[str, int]]) -> None:
    """The strata and how many units they have, as `sipas design allocate` reads them."""
    strata = list(sizes)
    columns = [[name for name, _ in strata], [str(size) for _, size in strata]]
    _CSVRows(stream, ["stratum", "N"]).write(columns)


class _CSVRows:
    def __init__(self, stream: BinaryIO, names: Sequence[str]) -> None:
        self._stream = stream
        self.write([[name] for name in names])

    def write(self, columns: Sequence[Sequence[str]]) -> None:
        # Columns repeat few texts without a mark in them, which `csv` would look through cell by cell.
        lines = map(",".join, zip(*map(_quoted, columns), strict=True))
        self._stream.write("".join([line + "\n" for line in lines]).encode())


def _quoted(column: Sequence[str]) -> Sequence[str]:
    """Cells as RFC 4180 has them: those with a comma, a quotation mark or a line's end in quotation marks."""
    if _MARKED.search("".join(column)) is None:
        return column
    return ['"' + cell.replace('"', '""') + '"' if _MARKED.search(cell) else cell for cell in column]


class _ParquetRows:
    def __init__(self, stream: BinaryIO, names: Sequence[str]) -> None:
        try:
            import pyarrow as pa
            from pyarrow import parquet
        except ModuleNotFoundError as error:
            raise ServiceError(
                mark("Parquet needs pyarrow: install sipas-toolkit[fast], or let --out end in .csv")
            ) from error
        self._schema = pa.schema([(name, pa.string()) for name in names])
        self._writer: Any = parquet.ParquetWriter(stream, self._schema)

    def write(self, columns: Sequence[Sequence[str]]) -> None:
        import pyarrow as pa

        arrays = [pa.array(column, pa.string()) for column in columns]
        self._writer.write_table(pa.Table.from_arrays(arrays, schema=self._schema))

    def close(self) -> None:
        self._writer.close()
