"""Three ways to store answers, measured: a document per response, a row per answer, a document beside compact ratings.

    python benchmarks/storage.py [--responses 1000000] [--items 40] [--databases SQLite,PostgreSQL] [--write]

Writing all at once (SQLite: executemany; PostgreSQL: COPY), writing one form at a time with its commit, bytes on disk,
and the seconds to sum all items by agency × counter × day: valid and favourable answers of each. All ways must agree on
the sums. The figures stand behind docs/decisions/0004.
"""
# ruff: noqa: S608 - every statement is put together from this file's own names.

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import json
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import report
import sites

from survey.db import Database

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

KEYS = "agency_id, counter_id, answered_on"
AGENCIES, COUNTERS, DAYS = 116, 2, 250
BATCH = 20_000
FORMS_ONE_BY_ONE = 500
TIMES, LONG = 3, 30.0

Row = tuple[Any, ...]
Sums = dict[tuple[int, int, str], list[int]]


@dataclass(frozen=True)
class Responses:
    """Simulated keys and levels of a stretch of responses."""

    first: int
    agency: list[int]
    counter: list[int]
    day: list[str]
    levels: np.ndarray

    def keys(self) -> Iterator[Row]:
        for at, key in enumerate(zip(self.agency, self.counter, self.day, strict=True)):
            yield self.first + at, *key


def simulated(first: int, count: int, *, items: int, rng: np.random.Generator) -> Responses:
    """Levels 1 to 5, most of them high; 3 % not answered (0)."""
    agency = rng.integers(1, AGENCIES + 1, size=count)
    begin = dt.date(2026, 1, 1)
    days = [str(begin + dt.timedelta(days=int(day))) for day in rng.integers(DAYS, size=count)]
    counter = agency * COUNTERS + rng.integers(COUNTERS, size=count)
    levels = rng.choice(6, size=(count, items), p=[0.03, 0.02, 0.04, 0.11, 0.38, 0.42]).astype(np.uint8)
    return Responses(first, agency.tolist(), counter.tolist(), days, levels)


@dataclass(frozen=True)
class Layout:
    """One way to store: its tables, what to write into each, and how to sum."""

    name: str
    schema: Callable[[str], Sequence[str]]
    rows: Callable[[Responses], dict[str, Iterator[Row]]]
    sum: Callable[[Any, int], Sums]


def document(row: np.ndarray) -> str:
    return json.dumps({f"m{at:02}": int(level) for at, level in enumerate(row) if level}, separators=(",", ":"))


def documents_schema(dialect: str) -> Sequence[str]:
    kind = "jsonb" if dialect == "postgresql" else "text"
    return (
        f"CREATE TABLE responses (id integer PRIMARY KEY, {_KEY_COLUMNS}, answers {kind} NOT NULL)",
        f"CREATE INDEX responses_keys ON responses ({KEYS})",
    )


def documents_rows(some: Responses) -> dict[str, Iterator[Row]]:
    return {"responses": ((*key, document(row)) for key, row in zip(some.keys(), some.levels, strict=True))}


def documents_sum(connection: Any, items: int) -> Sums:
    read = (
        "(answers->>'m{at:02}')::int"
        if connection.dialect.name == "postgresql"
        else "json_extract(answers, '$.m{at:02}')"
    )
    columns = ", ".join(_counted(read.format(at=at)) for at in range(items))
    return _sums(connection.exec_driver_sql(f"SELECT {KEYS}, {columns} FROM responses GROUP BY {KEYS}"))


def rows_schema(dialect: str) -> Sequence[str]:
    rowless = "" if dialect == "postgresql" else " WITHOUT ROWID"
    return (
        f"CREATE TABLE responses (id integer PRIMARY KEY, {_KEY_COLUMNS})",
        f"CREATE INDEX responses_keys ON responses ({KEYS})",
        f"CREATE TABLE answers ({_ANSWER_COLUMNS}, PRIMARY KEY (response_id, item)){rowless}",
    )


def rows_rows(some: Responses) -> dict[str, Iterator[Row]]:
    answers = (
        (some.first + at, item, level)
        for at, row in enumerate(some.levels.tolist())
        for item, level in enumerate(row)
        if level
    )
    return {"responses": some.keys(), "answers": answers}


def rows_sum(connection: Any, items: int) -> Sums:
    found: Sums = {}
    query = (
        f"SELECT {KEYS}, item, COUNT(*), SUM(CASE WHEN level >= 4 THEN 1 ELSE 0 END) "
        f"FROM responses JOIN answers ON response_id = id GROUP BY {KEYS}, item"
    )
    for agency, counter, day, item, valid, favourable in connection.exec_driver_sql(query):
        sums = found.setdefault((agency, counter, str(day)), [0] * (2 * items))
        sums[2 * item : 2 * item + 2] = [valid, favourable]
    return found


def compact_schema(dialect: str) -> Sequence[str]:
    del dialect
    return (
        f"CREATE TABLE responses (id integer PRIMARY KEY, {_KEY_COLUMNS}, {_TEXT_COLUMNS})",
        f"CREATE INDEX responses_sums ON responses ({KEYS}, ratings)",
    )


def compact_rows(some: Responses) -> dict[str, Iterator[Row]]:
    texts = (bytes(row + ord("0")).decode() for row in some.levels)
    rows = zip(some.keys(), some.levels, texts, strict=True)
    return {"responses": ((*key, document(row), ratings) for key, row, ratings in rows)}


def compact_sum(connection: Any, items: int) -> Sums:
    """As survey/engine/sql.py: the database joins the ratings of a group, numpy counts them."""
    join = "string_agg(ratings, '')" if connection.dialect.name == "postgresql" else "group_concat(ratings, '')"
    query = f"SELECT {KEYS}, {join}, COUNT(*) FROM responses GROUP BY {KEYS}"
    found: Sums = {}
    for groups in connection.exec_driver_sql(query).partitions(BATCH):
        levels = np.frombuffer("".join([group[3] for group in groups]).encode(), np.uint8).reshape(-1, items)
        starts = np.cumsum([0, *[group[4] for group in groups][:-1]])
        counted = np.zeros((len(groups), 2 * items), dtype=np.int64)
        counted[:, 0::2] = np.add.reduceat(levels > ord("0"), starts, dtype=np.int64)
        counted[:, 1::2] = np.add.reduceat(levels >= ord("4"), starts, dtype=np.int64)
        for group, sums in zip(groups, counted.tolist(), strict=True):
            found[group[0], group[1], str(group[2])] = sums
    return found


def compact_plain_sum(connection: Any, items: int) -> Sums:
    """The same table, summed by SQL alone."""
    columns = ", ".join(
        f"SUM(CASE WHEN substr(ratings, {at + 1}, 1) > '0' THEN 1 ELSE 0 END), "
        f"SUM(CASE WHEN substr(ratings, {at + 1}, 1) >= '4' THEN 1 ELSE 0 END)"
        for at in range(items)
    )
    return _sums(connection.exec_driver_sql(f"SELECT {KEYS}, {columns} FROM responses GROUP BY {KEYS}"))


LAYOUTS = (
    Layout("a document per response", documents_schema, documents_rows, documents_sum),
    Layout("a row per answer", rows_schema, rows_rows, rows_sum),
    Layout("a document and compact ratings", compact_schema, compact_rows, compact_sum),
)

_KEY_COLUMNS = "agency_id integer NOT NULL, counter_id integer NOT NULL, answered_on date NOT NULL"
_TEXT_COLUMNS = "answers text NOT NULL, ratings text NOT NULL"
_ANSWER_COLUMNS = "response_id integer NOT NULL, item smallint NOT NULL, level smallint NOT NULL"


def _counted(level: str) -> str:
    return f"COUNT({level}), SUM(CASE WHEN {level} >= 4 THEN 1 ELSE 0 END)"


def _sums(rows: Any) -> Sums:
    return {(row[0], row[1], str(row[2])): [int(value) for value in row[3:]] for row in rows}


def write_all(database: Database, layout: Layout, *, responses: int, items: int) -> float:
    """Seconds to write them all, not counting the seconds to make them up."""
    rng, seconds = np.random.default_rng(20261122), 0.0
    for first in range(1, responses + 1, BATCH):
        some = simulated(first, min(BATCH, responses + 1 - first), items=items, rng=rng)
        tables = {table: list(rows) for table, rows in layout.rows(some).items()}
        began = time.perf_counter()
        with database.writing() as session:
            for table, rows in tables.items():
                _write(session.connection(), table, rows)
        seconds += time.perf_counter() - began
    return seconds


def _write(connection: Any, table: str, rows: list[Row]) -> None:
    if connection.dialect.name == "postgresql":
        with connection.connection.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
    else:
        marks = ", ".join("?" * len(rows[0]))
        connection.exec_driver_sql(f"INSERT INTO {table} VALUES ({marks})", rows)


def write_one_by_one(database: Database, layout: Layout, *, first: int, items: int) -> float:
    """Forms a second, each with its own commit, from one client."""
    some = simulated(first, FORMS_ONE_BY_ONE, items=items, rng=np.random.default_rng(1))
    forms = [simulated_one(some, at) for at in range(FORMS_ONE_BY_ONE)]
    prepared = [{table: list(rows) for table, rows in layout.rows(form).items()} for form in forms]
    mark = "%s" if database.engine.dialect.name == "postgresql" else "?"
    began = time.perf_counter()
    for tables in prepared:
        with database.writing() as session:
            for table, rows in tables.items():
                marks = ", ".join([mark] * len(rows[0]))
                session.connection().exec_driver_sql(f"INSERT INTO {table} VALUES ({marks})", rows)
    return FORMS_ONE_BY_ONE / (time.perf_counter() - began)


def simulated_one(some: Responses, at: int) -> Responses:
    return Responses(some.first + at, [some.agency[at]], [some.counter[at]], [some.day[at]], some.levels[at : at + 1])


def size(database: Database, folder: Path) -> int:
    """Bytes of tables and indexes after the database has tidied up."""
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("VACUUM ANALYZE")
            tables = "SELECT SUM(pg_total_relation_size(oid)) FROM pg_class WHERE relname IN ('responses', 'answers')"
            return int(connection.exec_driver_sql(tables).scalar_one())
    with database.engine.connect() as connection:
        connection.connection.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return (folder / "benchmark.db").stat().st_size


def seconds_to_sum(database: Database, sum_up: Callable[[Any, int], Sums], *, items: int) -> tuple[float, Sums]:
    """The median of three runs, or of fewer where they are long; and what came out."""
    seconds: list[float] = []
    found: Sums = {}
    while len(seconds) < TIMES and sum(seconds) < LONG:
        with database.reading() as session:
            began = time.perf_counter()
            found = sum_up(session.connection(), items)
            seconds.append(time.perf_counter() - began)
    return report.median(seconds), found


def measure(kind: str, layout: Layout, *, responses: int, items: int) -> tuple[list[tuple[object, ...]], Sums]:
    """One line for each way of summing this layout, and the sums."""
    folder = Path(tempfile.mkdtemp(prefix="sipas-storage-"))
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        database = Database(stack.enter_context(sites.DATABASES[kind](folder)))
        stack.callback(database.close)
        with database.writing() as session:
            for statement in layout.schema(database.engine.dialect.name):
                session.connection().exec_driver_sql(statement)
        written = write_all(database, layout, responses=responses, items=items)
        megabytes = size(database, folder) / 1e6
        summed, found = seconds_to_sum(database, layout.sum, items=items)
        shared = (f"{written:.0f} s", f"{megabytes:,.0f} MB")
        lines: list[tuple[object, ...]] = [(kind, layout.name, *shared, f"{summed:.1f} s")]
        if layout.sum is compact_sum:
            plain, same = seconds_to_sum(database, compact_plain_sum, items=items)
            agree(same, found)
            lines.append((kind, "the same, summed by SQL alone", *shared, f"{plain:.1f} s"))
        rate = write_one_by_one(database, layout, first=responses + 1, items=items)
        return [(*line, f"{rate:.0f}") for line in lines], found


def agree(found: Sums, expected: Sums) -> Sums:
    if found != expected:
        raise SystemExit("two ways of storing gave different sums")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--responses", type=int, default=1_000_000)
    parser.add_argument("--items", type=int, default=40)
    parser.add_argument("--databases", default="SQLite,PostgreSQL")
    parser.add_argument("--write", action="store_true", help="replace the section of docs/benchmarks.md")
    options = parser.parse_args()
    lines: list[tuple[object, ...]] = []
    expected: Sums = {}
    for kind in options.databases.split(","):
        for layout in LAYOUTS:
            measured, found = measure(kind, layout, responses=options.responses, items=options.items)
            expected = agree(found, expected or found)
            lines.extend(measured)
            print(*measured, sep="\n", flush=True)
    header = ("database", "answers stored as", "write all", "on disk", "sum all items", "forms/s, one client")
    about = (
        f"{options.responses:,} responses × {options.items} items, {len(expected):,} groups of agency × counter × day; "
        f"sums are medians of {TIMES} runs (fewer beyond {LONG:.0f} s), and all ways gave the same sums."
    )
    body = f"{about}\n\n{report.table(header, lines)}"
    today = dt.datetime.now(tz=dt.UTC).date().isoformat()
    report.write("Storage of answers", body, date=today) if options.write else print(body)


if __name__ == "__main__":
    main()
