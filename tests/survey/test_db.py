import datetime as dt
import sqlite3
import stat
import threading

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import func, inspect, select
from sqlalchemy.exc import InternalError, OperationalError

from survey.db import Database
from survey.models import Agency, AgencyLevel, Base
from survey.resources import MIGRATIONS


def agency(number):
    return Agency(
        code=f"xa-{number}", name=f"Xã {number}", kind="xã", level=AgencyLevel.COMMUNE, valid_from=dt.date(2025, 7, 1)
    )


def test_the_migrated_tables_are_the_models(either_database):
    with either_database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, Base.metadata) == []


def test_the_migrated_checks_are_the_models_checks(database, tmp_path):
    # Alembic does not compare CHECK constraints; SQLite keeps their text as it was given.
    straight = Database(f"sqlite:///{tmp_path}/straight.db")
    Base.metadata.create_all(straight.engine)
    expected, found = inspect(straight.engine), inspect(database.engine)
    for table in Base.metadata.tables:
        assert checks(found, table) == checks(expected, table)
    straight.close()


def checks(inspector, table):
    return sorted((check["name"], check["sqltext"]) for check in inspector.get_check_constraints(table))


def test_every_constraint_has_a_name_of_the_convention(either_database):
    inspector = inspect(either_database.engine)
    for table in Base.metadata.tables:
        named = [
            *inspector.get_check_constraints(table),
            *inspector.get_unique_constraints(table),
            *inspector.get_foreign_keys(table),
            inspector.get_pk_constraint(table),
        ]
        assert all(one["name"].startswith(("ck_", "uq_", "fk_", "pk_")) for one in named)


def test_migrations_lead_all_the_way_back_and_up_again(either_database):
    either_database.downgrade("base")
    assert inspect(either_database.engine).get_table_names() == ["alembic_version"]
    either_database.upgrade()
    assert "responses" in inspect(either_database.engine).get_table_names()


def test_a_migration_that_fails_leaves_nothing_behind(either_database):
    either_database.downgrade("base")
    with either_database.writing() as session:
        # In the way of the first migration's last table.
        session.connection().exec_driver_sql("CREATE TABLE responses (id INTEGER)")
    with pytest.raises(Exception, match="already exists"):
        either_database.upgrade()
    assert sorted(inspect(either_database.engine).get_table_names()) == ["alembic_version", "responses"]


def test_migrations_are_numbered_and_named():
    names = sorted(path.name for path in (MIGRATIONS / "versions").glob("*.py"))
    assert [name[:5] for name in names] == [f"{number:04}_" for number in range(1, len(names) + 1)]


@pytest.mark.parametrize(
    ("pragma", "value"), [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("busy_timeout", 10_000)]
)
def test_sqlite_is_opened_for_safety(database, pragma, value):
    with database.reading() as session:
        assert session.connection().exec_driver_sql(f"PRAGMA {pragma}").scalar() == value


@pytest.mark.postgres
def test_postgresql_waits_for_the_disk(postgresql):
    with postgresql.reading() as session:
        assert session.connection().exec_driver_sql("SHOW synchronous_commit").scalar() == "on"


def test_an_error_undoes_everything(either_database):
    with pytest.raises(ZeroDivisionError), either_database.writing() as session:  # noqa: PT012 - the block is undone.
        session.add(agency(1))
        session.flush()
        raise ZeroDivisionError
    with either_database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Agency)) == 0


def test_a_reader_keeps_its_picture_while_another_writes(either_database):
    with either_database.reading() as reader:
        before = reader.scalar(select(func.count()).select_from(Agency))
        with either_database.writing() as writer:
            writer.add(agency(1))
        assert reader.scalar(select(func.count()).select_from(Agency)) == before
    with either_database.reading() as reader:
        assert reader.scalar(select(func.count()).select_from(Agency)) == before + 1


def test_what_a_reader_changes_is_not_kept(either_database):
    # PostgreSQL refuses the change at once, SQLite forgets it.
    try:
        with either_database.reading() as session:
            session.add(agency(1))
            session.flush()
    except InternalError as error:
        assert "read-only" in str(error)  # noqa: PT017 - only one of the two databases raises.
    with either_database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Agency)) == 0


def test_a_writer_begins_at_once_so_that_reading_first_never_fails(database, settings):
    # Four engines share no lock of ours, as four processes would not. With a plain BEGIN the write of whoever read
    # before another's commit fails at once: its picture is out of date.
    engines = [database, *(Database(settings.database_url) for _ in range(3))]
    failed = []

    def count_and_add(number):
        try:
            with engines[number % 4].writing() as session:
                session.scalar(select(func.count()).select_from(Agency))
                session.add(agency(number))
        except OperationalError as error:
            failed.append(error)

    threads = [threading.Thread(target=count_and_add, args=(number,)) for number in range(80)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for other in engines[1:]:
        other.close()
    assert failed == []
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Agency)) == 80


def test_two_processes_take_turns(database, settings):
    other = Database(settings.database_url)
    with database.writing() as session:
        session.add(agency(1))
        session.flush()
        outsider = sqlite3.connect(settings.database_url.removeprefix("sqlite:///"), timeout=0, isolation_level=None)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            outsider.execute("BEGIN IMMEDIATE")
        outsider.close()
    with other.writing() as session:
        session.add(agency(2))
    other.close()


def test_a_new_file_is_closed_to_others_since_it_holds_password_hashes(tmp_path):
    fresh = Database(f"sqlite:///{tmp_path}/fresh.db")
    fresh.upgrade()
    with fresh.writing() as session:
        session.add(agency(1))
        session.flush()
        modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.glob("fresh.db*")}
    assert modes == {0o600}
    fresh.close()


def test_many_connections_may_open_a_new_file_at_once(tmp_path):
    databases = [Database(f"sqlite:///{tmp_path}/fresh.db") for _ in range(12)]
    failed = []

    def upgrade(one):
        try:
            one.upgrade()
        except OperationalError as error:
            failed.append(error)

    threads = [threading.Thread(target=upgrade, args=(one,)) for one in databases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert all(one.is_current() for one in databases)
    for one in databases:
        one.close()


def test_an_unreachable_file_is_an_error_and_not_a_new_database(tmp_path):
    nowhere = Database(f"sqlite:///{tmp_path}/missing/sipas.db")
    with pytest.raises(OperationalError), nowhere.reading() as session:
        session.scalar(select(1))
    nowhere.close()
