"""A pause after several wrong passwords, so that guessing one is hopeless."""

from __future__ import annotations

import threading
from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Hashable

MOST_KEYS = 10_000


class Throttle:
    """Counts failures by key within a window of time; kept in memory, for this process only."""

    def __init__(self, *, limit: int, window: dt.timedelta) -> None:
        self._limit = limit
        self._window = window
        self._failures: defaultdict[Hashable, list[dt.datetime]] = defaultdict(list)
        self._lock = threading.Lock()

    def seconds_to_wait(self, key: Hashable, *, now: dt.datetime) -> int:
        """How long `key` must wait before it may try again; 0 when it may try now."""
        with self._lock:
            recent = self._recent(key, now)
        if len(recent) < self._limit:
            return 0
        return max(1, int((recent[-self._limit] + self._window - now).total_seconds()))

    def fail(self, key: Hashable, *, now: dt.datetime) -> None:
        """Count one failure of `key`."""
        with self._lock:
            if len(self._failures) >= MOST_KEYS:
                self._forget_old(now)
            self._failures[key] = [*self._recent(key, now), now]

    def succeed(self, key: Hashable) -> None:
        """Forget the failures of `key`."""
        with self._lock:
            self._failures.pop(key, None)

    def _recent(self, key: Hashable, now: dt.datetime) -> list[dt.datetime]:
        return [moment for moment in self._failures.get(key, []) if now - moment < self._window]

    def _forget_old(self, now: dt.datetime) -> None:
        for key in list(self._failures):
            if not self._recent(key, now):
                del self._failures[key]
