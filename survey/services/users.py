"""Those who sign in to the console, and their passwords."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import select

from survey.i18n import mark
from survey.models import Role, User
from survey.services import hashing
from survey.services.errors import AlreadyExistsError, NotFoundError, ServiceError
from survey.services.references import AgencyRef

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 200


@dataclass(frozen=True, slots=True)
class UserRef:
    """Someone who signs in."""

    id: int
    name: str
    role: str
    agency: AgencyRef | None
    locale: str

    @classmethod
    def of(cls, user: User) -> UserRef:
        """The value of a row."""
        agency = AgencyRef.of(user.agency) if user.agency else None
        return cls(id=user.id, name=user.name, role=user.role.value, agency=agency, locale=user.locale)


def add(
    session: Session,
    *,
    name: str,
    password: str,
    role: str = Role.OFFICER,
    agency: AgencyRef | None = None,
    locale: str = "vi",
) -> UserRef:
    """A new user: an officer, or someone of one agency."""
    name = _sign_in_name(name)
    if not name:
        raise ServiceError(mark("A user needs a name to sign in with."))
    if (Role(role) is Role.AGENCY) != (agency is not None):
        raise ServiceError(mark("A user of the role 'agency' has an agency; an officer has none."))
    if _by_name(session, name) is not None:
        raise AlreadyExistsError(mark("There is already a user {name}."), name=name)
    user = User(
        name=name,
        password_hash=_hashed(password),
        role=Role(role),
        agency_id=agency.id if agency else None,
        locale=locale,
    )
    session.add(user)
    session.flush()
    return UserRef.of(user)


def find(session: Session, user_id: int) -> UserRef | None:
    """The user of that number, or None."""
    user = session.get(User, user_id)
    return UserRef.of(user) if user else None


def exists(session: Session, name: str) -> bool:
    """Whether someone signs in by that name."""
    return _by_name(session, _sign_in_name(name)) is not None


def check_password(session: Session, name: str, password: str) -> UserRef | None:
    """The user whose name and password these are, or None; a wrong name takes as long as a wrong password."""
    user = _by_name(session, _sign_in_name(name))
    genuine = _verified(user.password_hash if user else _hash_of_nobody(), password)
    return UserRef.of(user) if user and genuine else None


def reset_password(session: Session, name: str, password: str) -> UserRef:
    """Give a user another password."""
    user = _by_name(session, _sign_in_name(name))
    if user is None:
        raise NotFoundError(mark("There is no user {name}."), name=name)
    user.password_hash = _hashed(password)
    session.flush()
    return UserRef.of(user)


def _by_name(session: Session, name: str) -> User | None:
    # PostgreSQL fails when asked for a text with a NUL; nobody has such a name.
    return None if "\0" in name else session.scalar(select(User).where(User.name == name))


def _sign_in_name(name: str) -> str:
    return unicodedata.normalize("NFC", name).strip().lower()


def _hashed(password: str) -> str:
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise ServiceError(
            mark("The password has {length} characters: choose one of {shortest} to {longest}."),
            length=len(password),
            shortest=SHORTEST_PASSWORD,
            longest=LONGEST_PASSWORD,
        )
    return hashing.hashed(password)


def _verified(password_hash: str, password: str) -> bool:
    if len(password) > LONGEST_PASSWORD:
        password = ""
    return hashing.is_secret_of(password_hash, password)


@cache
def _hash_of_nobody() -> str:
    return hashing.hashed("nobody signs in with this")
