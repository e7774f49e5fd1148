"""Tables and sentences of a report, laid out for a terminal or as Markdown; `docx_layout` sets them in Word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class ReportTable:
    """A heading, and rows of which the first is the head and the first `texts` columns are words.

    `widths` are those of the columns on paper, in mm, where they do not follow from the number of columns.
    """

    title: str
    rows: Sequence[Sequence[str]]
    texts: int = 1
    widths: Sequence[int] = ()


def aligned(rows: Sequence[Sequence[str]], *, texts: int | None = None) -> str:
    """Columns of equal width, a line each: the first `texts` to the left, figures to the right; all left without it.

    >>> print(aligned([("Agency", "n"), ("A", "1.204")], texts=1), end="")
    Agency      n
    A       1.204
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join(
            cell.ljust(width) if texts is None or place < texts else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )
    return "".join(line.rstrip() + "\n" for line in lines)


def as_text(tables: Sequence[ReportTable], sentences: Sequence[str]) -> str:
    """For a terminal."""
    blocks = [f"{table.title}\n{aligned(table.rows, texts=table.texts)}" for table in tables]
    return "\n".join([*blocks, "\n".join(sentences) + "\n"])


def as_markdown(heading: str, tables: Sequence[ReportTable], sentences: Sequence[str]) -> str:
    """As a Markdown page, the sentences first."""
    blocks = [f"# {heading}", "\n".join(f"- {_escaped(one)}" for one in sentences)]
    for table in tables:
        head, *rows = [[_escaped(text) for text in row] for row in table.rows]
        rule = ["---" if place < table.texts else "---:" for place in range(len(head))]
        blocks.append(f"## {table.title}")
        blocks.append("\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *rows)))
    return "\n\n".join(blocks) + "\n"


def _escaped(text: str) -> str:
    """A level of the file may hold what Markdown would take for its own."""
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "\\<").replace("*", "\\*").replace("_", "\\_")
