"""Long CSV files through pyarrow where it is installed: the same columns as `csv_tables` gives, many times faster.

Cells are parsed by the same two parsers. Whatever pyarrow does not read as `csv_tables` would (ragged or blank rows,
text among numbers) makes this give up, and the careful reader then pads, or says what is wrong on which line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from survey.engine.tables import Codes, Table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from survey.engine.tables import Numbers, Progress

    Parts = list[NDArray[np.float64] | NDArray[np.int64]]

# Smaller files are read sooner than pyarrow is imported.
WORTH_ARROW = 4_000_000
_BLOCK = 2_000_000
# More distinct texts than this are parsed as plain numbers first.
_MANY = 500


def read(
    path: Path, parsers: Mapping[str, Numbers | Codes], *, delimiter: str, progress: Progress | None
) -> dict[str, Parts] | None:
    """The parsed parts of each column, or None where the careful reader is needed."""
    if path.stat().st_size < WORTH_ARROW:
        return None
    try:
        import pyarrow as pa
        from pyarrow import csv
    except ModuleNotFoundError:
        return None
    names = list(parsers)
    parts: dict[str, Parts] = {name: [] for name in names}
    try:
        with pa.OSFile(str(path)) as file:
            reader = csv.open_csv(
                file,
                read_options=csv.ReadOptions(block_size=_BLOCK),
                parse_options=csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
                convert_options=csv.ConvertOptions(
                    include_columns=names, column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
                ),
            )
            for batch in reader:
                _add(batch, parsers, parts)
                if progress is not None:
                    progress(min(file.tell() / path.stat().st_size, 1.0))
    except (pa.ArrowException, KeyError, ValueError):
        return None
    return parts if all(parts.values()) else None


def table_of(parsers: Mapping[str, Numbers | Codes], parts: dict[str, Parts]) -> Table:
    """The whole columns of their parts."""
    numbers, texts, rows = {}, {}, 0
    for name, parser in parsers.items():
        column = parts.pop(name)
        rows = sum(map(len, column))
        if isinstance(parser, Codes):
            texts[name] = parser.column([part.astype(np.int64, copy=False) for part in column])
        else:
            numbers[name] = np.concatenate([part.astype(np.float64, copy=False) for part in column])
    return Table(rows, numbers, texts)


def _add(batch: Any, parsers: Mapping[str, Numbers | Codes], parts: dict[str, Parts]) -> None:
    blank = np.ones(batch.num_rows, dtype=np.bool_)
    for name, parser in parsers.items():
        encoded = batch.column(name).dictionary_encode()
        if isinstance(parser, Codes):
            codes = np.array([parser[text] for text in encoded.dictionary.to_pylist()], dtype=np.int64)
            parts[name].append(codes[_indices(encoded)])
            blank &= parts[name][-1] < 0
        else:
            parts[name].append(_numbers(encoded.dictionary, parser)[_indices(encoded)])
            blank &= np.isnan(parts[name][-1])
    if blank.any():
        # Perhaps an empty row, which the careful reader passes over.
        raise ValueError


def _numbers(texts: Any, parser: Numbers) -> NDArray[np.float64]:
    import pyarrow as pa

    if len(texts) > _MANY:
        try:
            plain = np.frombuffer(texts.cast(pa.float64()).buffers()[1], dtype=np.float64)[: len(texts)]
        except pa.ArrowException:
            plain = np.array([np.nan])
        if np.isfinite(plain).all():
            return plain
    return np.array([parser[text] for text in texts.to_pylist()])


def _indices(encoded: Any) -> NDArray[np.int32]:
    indices = encoded.indices
    return np.frombuffer(indices.buffers()[1], dtype=np.int32)[indices.offset : indices.offset + len(indices)]
