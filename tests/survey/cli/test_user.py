"""`sipas user`: accounts whose passwords are shown once and open the console."""

from __future__ import annotations

import pytest

from survey.services import users


@pytest.fixture
def check(database):
    """The user whom a name and a password sign in, or None."""

    def check(name, password):
        with database.reading() as session:
            return users.check_password(session, name, password)

    return check


def test_an_account_of_an_officer_signs_in_with_the_password_shown(desk, check):
    password = desk.done("user", "add", "can-bo").removesuffix("\n")
    user = check("can-bo", password)
    assert (user.role, user.agency) == ("officer", None)
    assert check("can-bo", password + "x") is None


def test_an_account_of_an_agency_is_of_that_agency(desk, check):
    password = desk.done("user", "add", "ea-o", "--agency", "xa-ea-o").strip()
    user = check("ea-o", password)
    assert (user.role, user.agency.code) == ("agency", "xa-ea-o")


def test_a_new_password_ends_the_old_one(desk, check):
    old = desk.done("user", "add", "can-bo").strip()
    new = desk.done("user", "reset-password", "can-bo").strip()
    assert check("can-bo", new) is not None
    assert check("can-bo", old) is None


def test_passwords_are_long_and_never_the_same(desk):
    shown = {desk.done("user", "add", f"can-bo-{number}").strip() for number in range(3)}
    assert len(shown) == 3
    assert min(map(len, shown)) >= 16


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("add", "moi", "--agency", "khong-co"), "Không có cơ quan nào có mã khong-co."),
        (("reset-password", "nobody"), "nobody"),
        (("add", " "), "cần"),
    ],
)
def test_what_cannot_be_is_said_and_nobody_is_added(desk, database, arguments, said):
    assert said in desk.refused("user", *arguments)
    with database.reading() as session:
        assert not users.exists(session, "moi")


def test_a_name_is_taken_once(desk, check):
    password = desk.done("user", "add", "can-bo").strip()
    assert "can-bo" in desk.refused("user", "add", "can-bo")
    assert check("can-bo", password) is not None
