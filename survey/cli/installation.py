"""The installation that a command works on: its settings come from the environment, here and nowhere else."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from survey.config import ConfigError, Settings
from survey.db import Database

if TYPE_CHECKING:
    from collections.abc import Iterator


def settings() -> Settings:
    """The settings of this process's environment; all that is missing or wrong is said at once."""
    try:
        return Settings.from_environ(os.environ)
    except ConfigError as error:
        raise click.ClickException(str(error)) from error


@contextmanager
def database(path: str | None = None) -> Iterator[Database]:
    """The installation's database, or the SQLite file at `path`; closed at the end."""
    opened = Database(f"sqlite:///{path}" if path else settings().database_url)
    try:
        yield opened
    finally:
        opened.close()
