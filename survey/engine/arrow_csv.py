"""Long CSV files through pyarrow where it is installed: the same columns as `csv_tables` gives, many times faster.

Cells are parsed by the same two parsers. Whatever pyarrow does not read as `csv_tables` would (ragged or blank rows,
text among numbers) makes this stop, and the careful reader goes on, which pads, or says what is wrong on which line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from survey.engine.tables import MISSING, Codes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from survey.engine.tables import Numbers, Progress

    Parser = Numbers | Codes
    Part = list[NDArray[np.float64] | NDArray[np.int64]]

# Smaller files are read sooner than pyarrow is imported.
WORTH_ARROW = 4_000_000
_BLOCK = 2_000_000
# More distinct texts than this are parsed as plain numbers first.
_MANY = 500


def parts(
    path: Path, parsers: Sequence[tuple[str, Parser]], *, delimiter: str, progress: Progress | None
) -> Iterator[Part]:
    """The parsed columns block by block, none where pyarrow is not there or not worth its import.

    Raises
    ------
    Doubtful
        The careful reader is needed from here on.
    """
    if path.stat().st_size < WORTH_ARROW:
        return
    try:
        import pyarrow as pa
        from pyarrow import csv
    except ModuleNotFoundError:
        return
    names = list(dict.fromkeys(name for name, _ in parsers))
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
                yield _parsed(batch, parsers)
                if progress is not None:
                    progress(min(file.tell() / path.stat().st_size, 1.0))
    except (pa.ArrowException, KeyError) as error:
        raise Doubtful from error


class Doubtful(Exception):  # noqa: N818 - no error, but a reason to look more carefully
    """A block that the careful reader may read otherwise."""


def _parsed(batch: Any, parsers: Sequence[tuple[str, Parser]]) -> Part:
    blank = np.ones(batch.num_rows, dtype=np.bool_)
    part: Part = []
    for name, parser in parsers:
        encoded = batch.column(name).dictionary_encode()
        if isinstance(parser, Codes):
            codes = np.array([parser[text] for text in encoded.dictionary.to_pylist()], dtype=np.int64)
            part.append(codes[_indices(encoded)])
            blank &= part[-1] < 0
        else:
            part.append(_numbers(encoded.dictionary, parser)[_indices(encoded)])
            blank &= np.isnan(part[-1])
    if blank.any():
        # Perhaps an empty row, which the careful reader passes over.
        raise Doubtful
    return part


def _numbers(texts: Any, parser: Numbers) -> NDArray[np.float64]:
    if len(texts) > _MANY and (plain := _plain(texts)) is not None:
        return plain
    try:
        return np.array([parser[text] for text in texts.to_pylist()], dtype=np.float64)
    except ValueError as error:
        raise Doubtful from error


def _plain(texts: Any) -> NDArray[np.float64] | None:
    """Distinct texts as numbers, NaN for those that stand for none, if pyarrow can read all others."""
    import pyarrow as pa
    from pyarrow import compute

    missing = compute.is_in(texts, value_set=pa.array(sorted(MISSING)))
    try:
        given = compute.if_else(missing, pa.scalar(None, pa.string()), texts).cast(pa.float64())
    except pa.ArrowException:
        return None
    numbers = np.frombuffer(given.buffers()[1], dtype=np.float64)[given.offset : given.offset + len(given)]
    none = np.array(missing.to_pylist(), dtype=np.bool_)
    return np.where(none, np.nan, numbers) if np.isfinite(numbers[~none]).all() else None


def _indices(encoded: Any) -> NDArray[np.int32]:
    indices = encoded.indices
    return np.frombuffer(indices.buffers()[1], dtype=np.int32)[indices.offset : indices.offset + len(indices)]
