"""One table of a plan's file: hands out values of the kind asked for, and notes what is wrong, with its key.

A broken value is noted and replaced by a harmless one, so that reading goes on to the end and everything wrong is told
at once. What was replaced never leaves the reader: it raises when anything was noted.
"""

from __future__ import annotations

import datetime as dt
import difflib
import math
from typing import TYPE_CHECKING, TypeVar

from sampling import plan_problems as say
from sampling.plan_problems import PlanProblem

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

NO_DAY = dt.date(1, 1, 1)
T = TypeVar("T")


class PlanTable:
    """The values of one table, which remembers the keys it was asked for.

    Parameters
    ----------
    values : mapping of str to object
        As ``tomllib`` gives them.
    path : str
        Where the table stands.
    problems : list of PlanProblem
        What is wrong is added here.

    Examples
    --------
    >>> problems = []
    >>> table = PlanTable({"icc": 5, "sed": 1}, path="", problems=problems)
    >>> table.correlation("icc"), table.whole("seed", least=0)
    (0.0, 0)
    >>> table.refuse_unknown_keys()
    >>> for problem in problems:
    ...     print(problem)
    icc: 5 is no correlation that can be planned with: it must be at least 0 and below 1, as 0.05
    seed: is missing: add it, as seed = 1
    sed: there is no key of this name: did you mean seed?
    """

    def __init__(self, values: Mapping[str, object], *, path: str, problems: list[PlanProblem]) -> None:
        self.path = path
        self.problems = problems
        self._values = values
        self._known: dict[str, None] = {}

    def note(self, key: str, template: str, /, **values: object) -> None:
        """Note what is wrong with `key`."""
        path = ".".join(part for part in (self.path, key) if part)
        self.problems.append(PlanProblem(path, template, values))

    def has(self, key: str) -> bool:
        """Whether `key` stands here; to ask for a key is to know it."""
        self._known[key] = None
        return key in self._values

    def text(self, key: str, *, default: str | None = None) -> str:
        """The text at `key`; without a default it must be there and not be empty."""
        found = self._found(key, default, example=f'{key} = "…"')
        if isinstance(found, str) and (found.strip() or default is not None):
            return found.strip()
        return self._wrong(key, found, say.NOT_TEXT, "")

    def choice(self, key: str, choices: Collection[str], *, default: str | None = None) -> str:
        """The text at `key`, one of `choices`."""
        found = self.text(key, default=default)
        if found and found not in choices:
            self.note(key, say.NO_CHOICE, value=f"“{found}”", choices=", ".join(choices))
        return found

    def whole(self, key: str, *, least: int, default: int | None = None) -> int:
        """The whole number at `key`, at least `least`."""
        found = self._found(key, default, example=f"{key} = {max(least, 1)}")
        if isinstance(found, bool) or not isinstance(found, int):
            return self._wrong(key, found, say.NOT_WHOLE, least)
        if found < least:
            self.note(key, say.TOO_SMALL, value=found, least=least)
            return least
        return found

    def amount(self, key: str, *, default: float | None = None) -> float:
        """The number at `key`, 0 or more."""
        found = self._number(key, default, example=f"{key} = 60000")
        if found is not None and found < 0:
            self.note(key, say.NEGATIVE, value=_plain(found))
        return 0.0 if found is None else max(found, 0.0)

    def at_least(self, key: str, *, least: float, default: float | None = None) -> float:
        """The number at `key`, `least` or more."""
        found = self._number(key, default, example=f"{key} = {_plain(least)}")
        if found is not None and found < least:
            self.note(key, say.TOO_SMALL, value=_plain(found), least=_plain(least))
        return least if found is None else max(found, least)

    def share(self, key: str, *, default: float | None = None) -> float:
        """The number at `key`, above 0 and below 1."""
        found = self._number(key, default, example=f"{key} = 0.85")
        if found is None or 0 < found < 1:
            return 0.5 if found is None else found
        return self._wrong(key, _plain(found), say.NOT_SHARE, 0.5)

    def rate(self, key: str, *, default: float | None = None) -> float:
        """The number at `key`, above 0 and at most 1."""
        found = self._number(key, default, example=f"{key} = 0.8")
        if found is None or 0 < found <= 1:
            return 1.0 if found is None else found
        return self._wrong(key, _plain(found), say.NOT_RATE, 1.0)

    def correlation(self, key: str, *, default: float | None = None) -> float:
        """The number at `key`, at least 0 and below 1."""
        found = self._number(key, default, example=f"{key} = 0.05")
        if found is None or 0 <= found < 1:
            return 0.0 if found is None else found
        return self._wrong(key, _plain(found), say.NOT_CORRELATION, 0.0)

    def day(self, key: str) -> dt.date:
        """The day at `key`."""
        found = self._found(key, None, example=f"{key} = 2026-12-01")
        if isinstance(found, dt.date) and not isinstance(found, dt.datetime):
            return found
        return self._wrong(key, found, say.NOT_DAY, NO_DAY)

    def table(self, key: str, *, required: bool = False) -> PlanTable | None:
        """The table at `key`; None where there is none."""
        if not required and not self.has(key):
            return None
        found = self._found(key, None, example=f"[{key}]")
        if isinstance(found, dict):
            return self._inner(key, found)
        return self._wrong(key, found, say.NOT_TABLE, None)

    def tables(self, key: str, *, named: str = "") -> list[PlanTable]:
        """The tables listed at `key`, at least one; each is known by its `named` where it has that."""
        self._known[key] = None
        found = self._values.get(key)
        if not (isinstance(found, list) and found and all(isinstance(one, dict) for one in found)):
            self.note(key, say.NOT_TABLES, key=key)
            return []
        return [self._inner(f"{key}[{one.get(named, place)}]", one) for place, one in enumerate(found, start=1)]

    @property
    def keys(self) -> tuple[str, ...]:
        """What stands here."""
        return tuple(self._values)

    def refuse_unknown_keys(self) -> None:
        """Note each key that nobody asked for, with the nearest that somebody did."""
        for key in self._values:
            if key in self._known:
                continue
            nearest = difflib.get_close_matches(key, self._known, n=1)
            if nearest:
                self.note(key, say.UNKNOWN_KEY, nearest=nearest[0])
            else:
                self.note(key, say.UNKNOWN_KEY_AMONG, known=", ".join(self._known))

    def _inner(self, key: str, values: Mapping[str, object]) -> PlanTable:
        path = ".".join(part for part in (self.path, key) if part)
        return PlanTable(values, path=path, problems=self.problems)

    def _found(self, key: str, default: object, *, example: str) -> object:
        if self.has(key) or default is not None:
            return self._values.get(key, default)
        self.note(key, say.MISSING, example=example)
        return None

    def _number(self, key: str, default: float | None, *, example: str) -> float | None:
        found = self._found(key, default, example=example)
        if isinstance(found, int | float) and not isinstance(found, bool) and math.isfinite(found):
            return float(found)
        return self._wrong(key, found, say.NOT_NUMBER, None)

    def _wrong(self, key: str, found: object, template: str, instead: T) -> T:
        # What is missing has been noted already.
        if found is not None:
            self.note(key, template, value=f"“{found}”" if isinstance(found, str) else found)
        return instead


def read_all(tables: list[PlanTable], read: Callable[[PlanTable], T]) -> list[T]:
    """What `read` makes of each table, and a note of each key that it did not ask for."""
    made = []
    for table in tables:
        made.append(read(table))
        table.refuse_unknown_keys()
    return made


def _plain(value: float) -> int | float:
    return int(value) if value == int(value) else value
