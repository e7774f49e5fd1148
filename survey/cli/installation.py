"""The installation that a command works on: its settings come from the environment, here and nowhere else."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from survey.cli import Refusal
from survey.config import Settings
from survey.db import Database
from survey.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterator


def settings() -> Settings:
    """The settings of this process's environment; all that is missing or wrong is said at once."""
    return Settings.from_environ(os.environ)


@contextmanager
def database(path: str | None = None) -> Iterator[Database]:
    """The installation's database, or the SQLite file at `path`, ready for this version; closed at the end."""
    with database_as_found(path) as opened:
        if not opened.is_current():
            raise Refusal(
                _(
                    "The database does not have the form that this version needs. `sipas db upgrade` gives it that; "
                    "`sipas init` begins a new one."
                )
            )
        yield opened


@contextmanager
def database_as_found(path: str | None = None) -> Iterator[Database]:
    """The same in whatever form it is, or before it has any."""
    opened = Database(f"sqlite:///{path}" if path else settings().database_url)
    try:
        yield opened
    finally:
        opened.close()
