"""What is in the database afterwards, against what the visitors were told; and what a group of processes holds.

The rows are read with plain SQL, not with the code that wrote them.
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

from sqlalchemy import text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from survey.db import Database

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
    unacknowledged: int
    integrity: str

    def __str__(self) -> str:
        return (
            f"{self.rows:,} rows, {self.acknowledged:,} acknowledged, {self.lost} of them lost, "
            f"{self.doubled} doubled, "
            f"{self.unacknowledged} rows without an acknowledgement, integrity check {self.integrity}"
        )

    @property
    def is_sound(self) -> bool:
        return self.lost == 0 and self.doubled == 0 and self.integrity == "ok"


def accounts(database: Database, acknowledged: Mapping[str, str]) -> Accounts:
    """Compare the rows with `acknowledged`, the receipt of each submission key that was shown one."""
    with database.engine.connect() as connection:
        kept = connection.execute(text("SELECT submission_key, receipt FROM responses")).all()
        sqlite = database.engine.dialect.name == "sqlite"
        integrity = (
            connection.execute(text("PRAGMA integrity_check")).scalar() if sqlite else "ok (no such on PostgreSQL)"
        )
    rows = dict(kept)
    return Accounts(
        rows=len(kept),
        acknowledged=len(acknowledged),
        lost=sum(rows.get(key) != receipt for key, receipt in acknowledged.items()),
        doubled=len(kept) - min(len(rows), len(set(rows.values()))),
        unacknowledged=len(rows.keys() - acknowledged.keys()),
        integrity=str(integrity),
    )


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
