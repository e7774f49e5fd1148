"""The database: how it is opened, read, written and brought up to date."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import create_engine, event, inspect, make_url, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from survey.resources import MIGRATIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from sqlalchemy import Connection, Engine

BUSY_TIMEOUT_MS = 10_000
# How long a writer waits for another process; a phone waits a little longer for its page.
PATIENCE = BUSY_TIMEOUT_MS / 1000
# And how long once that was in vain: nobody queues for ten seconds behind those who did.
BRIEF_PATIENCE = 0.1
ASK_AGAIN_AFTER = 0.001
CONNECT_WITHIN = 10

SQLITE_PRAGMAS = (
    f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}",
    # NORMAL may lose the last answers when the power fails; a citizen who saw a receipt must be counted.
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    # What is erased is overwritten: a slip's hash must not stay in a free page.
    "PRAGMA secure_delete = ON",
    # Without it REPLACE would delete a response past the trigger that forbids it.
    "PRAGMA recursive_triggers = ON",
    "PRAGMA cache_size = -32768",
    "PRAGMA temp_store = MEMORY",
)


class Database:
    """One database and its connections. Sessions come from `reading` and `writing` only."""

    def __init__(self, url: str) -> None:
        self.engine: Engine = _ENGINES[make_url(url).get_backend_name()](url)
        self._is_sqlite = self.engine.dialect.name == "sqlite"
        turn = _Turn()
        self._writers = self.engine.execution_options(sqlite_writer=turn)
        self._turn: AbstractContextManager[Any] = turn if self._is_sqlite else nullcontext()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session on one unmoving picture of the data, which never blocks a writer and changes nothing."""
        options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        engine = self.engine if self._is_sqlite else self.engine.execution_options(**options)
        # Closing rolls back: what was changed by mistake is gone, what was read stays readable.
        with Session(engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session that commits at the end and undoes everything on any error."""
        with self._turn, Session(self._writers, expire_on_commit=False) as session, session.begin():
            yield session

    def upgrade(self, revision: str = "head") -> None:
        """Bring the tables up to date, all steps or none; a new file is its owner's alone."""
        if self._is_sqlite and (path := self.engine.url.database):
            Path(path).touch(mode=0o600)
        if revision == "head" and self.is_current():
            return  # Alembic takes a quarter of a second to say the same.
        self._migrate(lambda command, config: command.upgrade(config, revision))

    def downgrade(self, revision: str) -> None:
        """Take the tables back to an earlier revision."""
        self._migrate(lambda command, config: command.downgrade(config, revision))

    def is_current(self) -> bool:
        """Whether the tables are those of the newest migration."""
        with self.engine.connect() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return False
            found = connection.scalar(text("SELECT version_num FROM alembic_version"))
        newest = max(path.name for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))
        return bool(found == newest.partition("_")[0])

    def leave_no_trace(self, *tables: str) -> None:
        """Have what was deleted from these tables gone from the files too: it waits for nobody."""
        with self.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            for statement in _CLEANING[self.engine.dialect.name](tables):
                connection.exec_driver_sql(statement)

    def rewrite(self, *tables: str) -> bool:
        """Have these tables and their indexes written anew, so that no page keeps a byte of what was deleted.

        False where somebody read the SQLite file all the while, so that its log keeps the old pages for now.
        In PostgreSQL this waits until nobody reads them, and whoever wants to meanwhile waits too. It is for tables
        with names in them, from which rows are deleted once in a while.
        """
        with self.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            results = [connection.exec_driver_sql(one) for one in _REWRITING[self.engine.dialect.name](tables)]
            # The checkpoint says whether it was kept from finishing.
            return not any(result.scalar() for result in results if result.returns_rows)

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    def _migrate(self, run: Callable[[Any, Any], None]) -> None:
        # Alembic is imported here: a process that only serves pages never needs it.
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        with self._turn, self._writers.begin() as connection:
            config.attributes["connection"] = connection
            run(command, config)


class _Turn:
    """SQLite has one writer at a time and an unfair queue: threads of this process queue here instead.

    When another process does not let go of the file, those behind the first one that gave up are told at once.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.patience = PATIENCE

    def __enter__(self) -> None:
        if not self._lock.acquire(timeout=self.patience):
            raise _failed(TimeoutError("another thread writes"))

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def begin(self, connection: sqlite3.Connection) -> None:
        """Begin to write; where another process does, ask again every millisecond.

        SQLite itself asks ever more seldom, up to ten times a second, while the other process takes turn after turn.
        """
        deadline = time.monotonic() + self.patience
        connection.execute("PRAGMA busy_timeout = 0")
        try:
            while not self._begun(connection):
                if time.monotonic() > deadline:
                    self.patience = BRIEF_PATIENCE
                    raise _failed(TimeoutError("another process writes"))
                time.sleep(ASK_AGAIN_AFTER)
        finally:
            connection.execute(SQLITE_PRAGMAS[0])
        self.patience = PATIENCE

    @staticmethod
    def _begun(connection: sqlite3.Connection) -> bool:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
                raise _failed(error) from error
            return False
        return True


def _failed(reason: Exception) -> OperationalError:
    return OperationalError("BEGIN IMMEDIATE", None, reason, hide_parameters=True)


# Both engines hide parameters: an error that is logged must not repeat what a citizen wrote.
def _sqlite(url: str) -> Engine:
    engine = create_engine(url, pool_size=8, max_overflow=24, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def _open(connection: Any, _record: object) -> None:
        # The driver must not begin transactions by itself; `_begin` does.
        connection.isolation_level = None
        for pragma in SQLITE_PRAGMAS:
            connection.execute(pragma)
        _write_ahead(connection)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A reader that begins IMMEDIATE blocks the writer; a writer that does not fails under load.
        turn: _Turn | None = connection.get_execution_options().get("sqlite_writer")
        if turn is None:
            connection.exec_driver_sql("BEGIN")
        else:
            turn.begin(cast("sqlite3.Connection", connection.connection.dbapi_connection))

    return engine


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Turn a new file to write-ahead logging; the file remembers it.

    SQLite does not wait its busy_timeout for this one change: whoever else opens the file at the same moment makes it
    fail at once, so that the waiting is done here.
    """
    deadline = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


def _postgresql(url: str) -> Engine:
    return create_engine(
        url,
        pool_size=8,
        max_overflow=24,
        hide_parameters=True,
        pool_pre_ping=True,
        connect_args={
            "options": "-c synchronous_commit=on -c timezone=UTC",
            "connect_timeout": CONNECT_WITHIN,
        },
    )


# What SQLite deletes it overwrites itself (`secure_delete`), once its log is written back.
_CLEANING: dict[str, Callable[[tuple[str, ...]], list[str]]] = {
    "sqlite": lambda _tables: ["PRAGMA wal_checkpoint(TRUNCATE)"],
    "postgresql": lambda tables: [f"VACUUM {table}" for table in tables],
}
# VACUUM alone leaves an index's pages as they were, with the keys of rows that are gone.
_REWRITING: dict[str, Callable[[tuple[str, ...]], list[str]]] = {
    "sqlite": _CLEANING["sqlite"],
    "postgresql": lambda tables: [f"VACUUM FULL {table}" for table in tables],
}
_ENGINES: dict[str, Callable[[str], Engine]] = {"sqlite": _sqlite, "postgresql": _postgresql}
