from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from forms import loading
from survey.services import agencies, importing, users

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import CheckingClient, Seeded

    from survey.db import Database

DIMENSIONS = ("tiep_can", "thu_tuc", "cong_chuc", "ket_qua", "gop_y", "phuc_vu")
PASSWORD = "một mật khẩu rất dài"


def lines(agency: str, day: str, *counted: tuple[int, int]) -> list[str]:
    """A line of an import file for each (how many, level): the same level for all six dimensions."""
    return [f"{agency},{day},{count}," + ",".join([str(level)] * len(DIMENSIONS)) for count, level in counted]


def file_of(*parts: list[str]) -> bytes:
    heading = "agency,answered_on,count," + ",".join(DIMENSIONS)
    return "\n".join([heading, *(line for part in parts for line in part)]).encode()


# Bà Rịa–Vũng Tàu 2022: (5, 4, 3, 2, 1) = (10, 16, 5, 0, 0) answers, published as 83,87 %.
PUBLISHED = [
    *lines("so-noi-vu", "2026-03-02", (6, 5), (8, 4), (2, 3)),
    *lines("so-noi-vu", "2026-03-03", (4, 5), (8, 4), (3, 3)),
]


@pytest.fixture
def answered(database: Database, seeded: Seeded) -> Seeded:
    """One department of 31 answers, a commune of 9, and two more that keep the 9 from being found by subtraction."""
    data = file_of(
        PUBLISHED,
        lines("xa-ea-o", "2026-03-02", (5, 5), (4, 2)),
        lines("phuong-tuy-hoa", "2026-03-02", (7, 4), (5, 3)),
        lines("phuong-tuy-hoa", "2026-03-03", (6, 5), (2, 3)),
        lines("phuong-buon-ma-thuot", "2026-03-02", (20, 5), (10, 2)),
        lines("phuong-buon-ma-thuot", "2026-03-04", (20, 4), (3, 3)),
    )
    with database.writing() as session:
        where = importing.destination(session, seeded.wave)
        batch = importing.read_responses(data, loading.load("sipas-counter"), into=where)
        importing.save(session, batch, received_at=seeded.now)
    return seeded


@pytest.fixture
def accounts(database: Database, seeded: Seeded) -> None:
    with database.writing() as session:
        users.add(session, name="canbo", password=PASSWORD)
        agency = agencies.find(session, "xa-ea-o")
        users.add(session, name="eao", password=PASSWORD, role="agency", agency=agency)


@pytest.fixture
def sign_in(client: CheckingClient, accounts: None) -> Callable[[str], CheckingClient]:
    def sign_in(name: str) -> CheckingClient:
        token = csrf_token(client.get("/console/login", base_url="https://hailong.example.vn").text)
        client.post(
            "/console/login",
            data={"name": name, "password": PASSWORD, "csrf_token": token},
            base_url="https://hailong.example.vn",
            headers={"Referer": "https://hailong.example.vn/console/login"},
            expect=303,
        )
        return client

    return sign_in


def csrf_token(page: str) -> str:
    return page.split('name="csrf_token" value="', 1)[1].split('"', 1)[0]


@pytest.fixture
def at(app):
    """Sets the site's clock."""

    def set_to(moment):
        app.extensions["sipas"] = dataclasses.replace(app.extensions["sipas"], clock=lambda: moment)

    return set_to
