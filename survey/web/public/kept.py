"""Tables of indices kept in this process while they are true: many readers, one computation."""

from __future__ import annotations

import datetime as dt
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, cast

from flask import current_app

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from survey.services.index_values import IndexTable

MOST_TABLES = 32
# What a new response does not show: an agency renamed, or, on PostgreSQL, a response committed after a later one.
LONGEST = dt.timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class _Kept:
    table: IndexTable
    latest: int
    until: dt.datetime


class KeptTables:
    """The tables computed last. Threads that ask for the same one at once wait for the first; none sees half of one."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()
        self._turns: dict[Hashable, Lock] = {}

    def get(self, key: Hashable, *, latest: int, now: dt.datetime, compute: Callable[[], IndexTable]) -> IndexTable:
        """The table kept under `key` if no response came after `latest` and it is young, or a new one."""
        kept = self._true(key, latest=latest, now=now)
        if kept is None:
            with self._turns.setdefault(key, Lock()):
                kept = self._true(key, latest=latest, now=now)
                kept = kept or self._keep(key, _Kept(compute(), latest, now + LONGEST))
        return kept.table

    def _true(self, key: Hashable, *, latest: int, now: dt.datetime) -> _Kept | None:
        kept = self._kept.get(key)
        return kept if kept is not None and kept.latest == latest and kept.until > now else None

    def _keep(self, key: Hashable, kept: _Kept) -> _Kept:
        self._kept[key] = kept
        while len(self._kept) > MOST_TABLES:
            self._kept.popitem(last=False)
        return kept


def kept_tables() -> KeptTables:
    """Those of the app that serves the current request."""
    return cast("KeptTables", current_app.extensions.setdefault("sipas-tables", KeptTables()))
