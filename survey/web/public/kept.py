"""Tables of indices kept in this process while they are true: many readers, one computation."""

from __future__ import annotations

import datetime as dt
from collections import OrderedDict
from dataclasses import dataclass
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
    """The tables computed last. Threads may compute the same one twice; they never see half of one."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()

    def get(self, key: Hashable, *, latest: int, now: dt.datetime, compute: Callable[[], IndexTable]) -> IndexTable:
        """The table kept under `key` if no response came after `latest` and it is young, or a new one."""
        kept = self._kept.get(key)
        if kept is None or kept.latest != latest or kept.until <= now:
            kept = _Kept(compute(), latest, now + LONGEST)
            self._kept[key] = kept
            while len(self._kept) > MOST_TABLES:
                self._kept.popitem(last=False)
        return kept.table


def kept_tables() -> KeptTables:
    """Those of the app that serves the current request."""
    return cast("KeptTables", current_app.extensions.setdefault("sipas-tables", KeptTables()))
