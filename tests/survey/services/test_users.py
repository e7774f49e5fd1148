import threading
import time

import pytest
from sqlalchemy import select

from survey.models import User
from survey.services import agencies, users
from survey.services.errors import AlreadyExistsError, NotFoundError, ServiceError

PASSWORD = "đúng là mật khẩu"


@pytest.fixture
def officer(database, seeded):
    with database.writing() as session:
        return users.add(session, name="Officer", password=PASSWORD)


def check(database, name, password):
    with database.reading() as session:
        return users.check_password(session, name, password)


def test_the_right_name_and_password_sign_in(database, officer):
    assert check(database, "officer", PASSWORD) == officer
    assert check(database, " OFFICER ", PASSWORD) == officer
    with database.reading() as session:
        assert users.find(session, officer.id) == officer
        assert users.exists(session, "officer")


def test_a_password_typed_in_decomposed_letters_is_the_same_password(database, officer):
    assert check(database, "officer", "đu\u0301ng la\u0300 mật khâ\u0309u") == officer


@pytest.mark.parametrize("password", ["", "wrong password", PASSWORD + " ", "x" * 1_000_000])
def test_another_password_does_not_sign_in(database, officer, password):
    assert check(database, "officer", password) is None
    assert check(database, "nobody", password) is None


def test_the_password_itself_is_not_kept(database, officer):
    with database.reading() as session:
        stored = session.scalar(select(User.password_hash))
    assert PASSWORD not in stored
    assert stored.startswith("$argon2id$")


def test_a_wrong_name_takes_as_long_as_a_wrong_password(database, officer):
    def seconds(name):
        began = time.perf_counter()
        check(database, name, "wrong password")
        return time.perf_counter() - began

    seconds("nobody")  # The hash that stands in for nobody's is made once.
    # Looking up alone would be a hundred times faster than hashing; noise is not that large.
    assert min(seconds("nobody") for _ in range(3)) > min(seconds("officer") for _ in range(3)) / 4


def test_many_sign_ins_at_once_all_get_their_answer(database, officer):
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(check(database, "officer", PASSWORD))) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [officer] * 12


def test_a_reset_password_replaces_the_old_one(database, officer):
    with database.writing() as session:
        users.reset_password(session, "officer", "another password")
    assert check(database, "officer", PASSWORD) is None
    assert check(database, "officer", "another password") == officer
    with database.writing() as session, pytest.raises(NotFoundError):
        users.reset_password(session, "nobody", "another password")


def test_a_user_of_an_agency_has_it_and_an_officer_none(database, seeded):
    with database.writing() as session:
        agency = agencies.find(session, "xa-ea-o")
        made = users.add(session, name="eao", password=PASSWORD, role="agency", agency=agency, locale="en")
        assert (made.agency, made.role, made.locale) == (agency, "agency", "en")
        with pytest.raises(ServiceError):
            users.add(session, name="x", password=PASSWORD, role="agency")
        with pytest.raises(ServiceError):
            users.add(session, name="x", password=PASSWORD, role="officer", agency=agency)


@pytest.mark.parametrize(("name", "password"), [("", PASSWORD), ("  ", PASSWORD), ("x", "short"), ("x", "x" * 201)])
def test_an_account_that_could_not_be_used_is_refused(database, seeded, name, password):
    with database.writing() as session, pytest.raises(ServiceError):
        users.add(session, name=name, password=password)


def test_a_name_is_taken_whatever_its_case(database, officer):
    with database.writing() as session, pytest.raises(AlreadyExistsError):
        users.add(session, name="OFFICER", password=PASSWORD)
