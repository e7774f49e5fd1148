"""`sipas init` and `sipas db`: from nothing to an installation, and again without harm."""

from __future__ import annotations

import stat

import pytest

from survey.db import Database
from survey.services import agencies, users


@pytest.fixture
def empty(stranger):
    """A shell whose settings name a database that is not there yet."""
    stranger.settings.update(
        SIPAS_DATABASE_URL=f"sqlite:///{stranger.folder}/sipas.db",
        SIPAS_PUBLIC_BASE_URL="https://hailong.example.vn",
    )
    return stranger


def test_a_new_installation_has_tables_agencies_a_key_and_an_account(empty):
    said = empty.done("init")
    database = Database(empty.settings["SIPAS_DATABASE_URL"])
    assert database.is_current()
    name, password = said.split("Tài khoản ")[1].split(", ")[0], said.rpartition(": ")[2].strip()
    with database.reading() as session:
        assert users.check_password(session, name, password).role == "officer"
        assert len(agencies.listing(session)) == 116
    assert stat.S_IMODE((empty.folder / "sipas.db.secret").stat().st_mode) == 0o600
    # Again: nothing is added, and the password stays.
    again = empty.run("init", SIPAS_LANGUAGE="en")
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "0 agencies added.\n")
    with database.reading() as session:
        assert users.check_password(session, name, password) is not None
        assert len(agencies.listing(session)) == 116
    database.close()


def test_the_first_account_may_have_another_name(desk, database):
    said = desk.done("init", "--officer", "giam-doc")
    with database.reading() as session:
        assert users.check_password(session, "giam-doc", said.rpartition(": ")[2].strip()) is not None


def test_an_upgrade_gives_an_empty_file_its_tables(empty_desk):
    empty_desk.done("db", "upgrade")
    database = Database(empty_desk.settings["SIPAS_DATABASE_URL"])
    assert database.is_current()
    database.close()


def test_an_upgrade_of_what_is_up_to_date_keeps_everything(desk, database, seeded):
    assert desk.invoke("db", "upgrade") == (0, b"", "Cơ sở dữ liệu đã ở phiên bản mới nhất.\n")
    with database.reading() as session:
        assert len(agencies.listing(session)) == 116


def test_other_commands_ask_for_it_first(empty_desk):
    said = empty_desk.refused("wave", "add", "moi", "--title", "Mới", "--opens", "2027-01-01", "--closes", "2027-01-02")
    assert "`sipas db upgrade`" in said
    assert "`sipas init`" in said
