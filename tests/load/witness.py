"""What is in the database afterwards, against what the visitors were told; and what a group of processes holds.

The rows are read by the database's own driver, not with the code that wrote them.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

import psycopg
from visitors import ITEMS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 2**20
# Caches fill in the beginning; a leak goes on.
WARMING_UP = 1 / 3


@dataclass(frozen=True)
class Accounts:
    """The database's rows and the visitors' receipts, compared."""

    rows: int
    acknowledged: int
    lost: int
    doubled: int
    partial: int
    unacknowledged: int
    integrity: str

    def __str__(self) -> str:
        return (
            f"{self.rows:,} rows, {self.acknowledged:,} acknowledged, {self.lost} of them lost, "
            f"{self.doubled} doubled, {self.partial} partial, "
            f"{self.unacknowledged} rows without an acknowledgement, integrity check {self.integrity}"
        )

    @property
    def is_sound(self) -> bool:
        return self.lost == 0 and self.doubled == 0 and self.partial == 0 and self.integrity.startswith("ok")


def accounts(
    url: str, acknowledged: Mapping[str, str], given: Mapping[str, Mapping[str, int]] | None = None
) -> Accounts:
    """Compare the rows with `acknowledged`, the receipt of each submission key that was shown one.

    A row is partial where it has not every rating; with `given`, the ratings by key, where they are not those.
    """
    kept = rows(url, "SELECT submission_key, receipt, answers FROM responses")
    receipts = {key: receipt for key, receipt, _answers in kept}
    return Accounts(
        rows=len(kept),
        acknowledged=len(acknowledged),
        lost=sum(receipts.get(key) != receipt for key, receipt in acknowledged.items()),
        doubled=len(kept) - min(len(receipts), len(set(receipts.values()))),
        partial=sum(not _is_whole(json.loads(answers), (given or {}).get(key)) for key, _receipt, answers in kept),
        unacknowledged=len(receipts.keys() - acknowledged.keys()),
        integrity=integrity(url),
    )


def rows(url: str, query: str) -> list[tuple]:
    """What a query finds, read with plain sqlite3 or psycopg."""
    connection = sqlite3.connect(sqlite_file(url)) if url.startswith("sqlite") else psycopg.connect(url)
    with closing(connection):
        return connection.execute(query).fetchall()


def sqlite_file(url: str) -> str:
    return url.removeprefix("sqlite:///")


def integrity(url: str) -> str:
    if not url.startswith("sqlite"):
        return "ok (no such on PostgreSQL)"
    return "; ".join(line for (line,) in rows(url, "PRAGMA integrity_check"))


def _is_whole(answers: Mapping[str, object], given: Mapping[str, int] | None) -> bool:
    ratings = {item: answers.get(item) for item in ITEMS}
    return None not in ratings.values() and (given is None or ratings == given)


@dataclass
class Memory:
    """The memory of a process and its children, looked at every second while this is entered."""

    root: int
    samples: list[float] = field(default_factory=list)
    _done: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._watcher.join()

    def _watch(self) -> None:
        while not self._done.wait(1):
            self.samples.append(sum(map(resident, family(self.root))))

    @property
    def growth(self) -> float:
        """MB a minute, by least squares, once the first third is over."""
        settled = self.samples[int(len(self.samples) * WARMING_UP) :]
        if len(settled) < 3:
            return float("nan")
        middle, mean = (len(settled) - 1) / 2, sum(settled) / len(settled)
        above = sum((place - middle) * (value - mean) for place, value in enumerate(settled))
        return 60 * above / sum((place - middle) ** 2 for place in range(len(settled)))


def family(root: int) -> Iterator[int]:
    """A process and all its descendants."""
    yield root
    try:
        children = Path(f"/proc/{root}/task/{root}/children").read_text().split()
    except OSError:
        return
    for child in map(int, children):
        yield from family(child)


def resident(process: int) -> float:
    """MB of a process in memory; 0 once it is gone."""
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * PAGE_MB
    except (OSError, IndexError):
        return 0.0
