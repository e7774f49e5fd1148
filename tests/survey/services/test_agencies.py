import csv
import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from survey.models import Agency
from survey.resources import SEED
from survey.services import agencies
from survey.services.vietnamese import same_name_key, slug, sort_key, tidy


def rows(name):
    with (SEED / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_province_has_102_communes_and_14_departments(database):
    with database.writing() as session:
        assert agencies.load_seed(session) == 116
        communes = agencies.listing(session, level="commune")
        departments = agencies.listing(session, level="department")
    assert len(communes) == 102
    # Counted in two public lists: 14 phường and 88 xã.
    assert sum(agency.kind == "phường" for agency in communes) == 14
    assert len(departments) == 14
    assert all(agency.to_be_confirmed for agency in departments)
    assert not any(agency.to_be_confirmed for agency in communes)


def test_loading_twice_adds_and_changes_nothing(database):
    with database.writing() as session:
        agencies.load_seed(session)
        before = agencies.listing(session)
        assert agencies.load_seed(session) == 0
        assert agencies.listing(session) == before


def test_every_seed_code_is_the_slug_of_its_name_and_unique():
    seeded = [*rows("communes.csv"), *rows("departments.csv")]
    assert len({row["code"] for row in seeded}) == len(seeded) == 116
    assert [row["code"] for row in seeded] == [slug(row["name"]) for row in seeded]


def test_the_three_official_codes_on_which_sources_differ_say_so():
    uncertain = {row["name"]: row["official_code"] for row in rows("communes.csv") if "differ" in row["evidence"]}
    assert uncertain == {"Xã Xuân Cảnh": "22060", "Xã Phú Hòa 2": "22303", "Xã Hòa Sơn": "24472"}


def test_an_agency_is_found_by_its_code(database, seeded):
    with database.reading() as session:
        assert agencies.find(session, "phuong-buon-ma-thuot").name == "Phường Buôn Ma Thuột"
        assert agencies.find(session, "xa-ea-hleo").name == "Xã Ea H’Leo"
        assert agencies.find(session, "nowhere") is None


def test_a_list_of_a_day_holds_the_agencies_of_that_day(database, seeded):
    with database.writing() as session:
        closed = session.get(Agency, agencies.find(session, "xa-ea-o").id)
        closed.valid_to = dt.date(2026, 6, 1)
    with database.reading() as session:
        assert len(agencies.listing(session, on=dt.date(2026, 5, 31))) == 116
        assert len(agencies.listing(session, on=dt.date(2026, 6, 1))) == 115
        assert agencies.listing(session, on=dt.date(2025, 6, 30)) == []


def test_departments_come_first_and_names_in_vietnamese_order(database, seeded):
    with database.reading() as session:
        names = [agency.name for agency in agencies.listing(session)]
    assert names[0] == "Ban Quản lý Khu kinh tế Phú Yên"
    assert names[13:15] == ["Văn phòng UBND tỉnh", "Phường Bình Kiến"]
    # Đ comes after D, and Phú Hòa 1 before Phú Hòa 2.
    communes = names[28:]
    assert communes.index("Xã Dur Kmăl") < communes.index("Xã Đắk Liêng") < communes.index("Xã Ea Bá")
    assert communes.index("Xã Phú Hòa 1") + 1 == communes.index("Xã Phú Hòa 2")


@pytest.mark.parametrize(
    "in_order",
    [
        # The order of letters and of tones (ngang, huyền, hỏi, ngã, sắc, nặng) as dictionaries print it.
        ["a", "ă", "â", "b", "c", "d", "đ", "e", "ê", "o", "ô", "ơ", "u", "ư", "y"],
        ["ma", "mà", "mả", "mã", "má", "mạ", "mă", "mâ", "mb"],
        ["An", "Ăn", "Da", "Đa", "Em", "Êm"],
        ["Ca", "Cà Mau", "Cam", "Cảnh"],
        ["Phú Hòa 2", "Phú Hòa 10"],
        ["Ea Kar", "Ea Kao 1", "Ea Kly"][1:],
    ],
)
def test_sorting_follows_the_vietnamese_dictionary(in_order):
    backwards = in_order[::-1]
    assert sorted(backwards, key=sort_key) == in_order


@given(st.text(max_size=20), st.text(max_size=20))
def test_any_two_texts_can_be_compared(one, other):
    assert (sort_key(one) < sort_key(other)) or (sort_key(one) >= sort_key(other))


@given(st.text(max_size=30))
def test_a_slug_can_stand_in_an_address(text):
    assert set(slug(text)) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")


def test_spellings_of_one_name_are_one_name():
    assert same_name_key("Hoà Phú") == same_name_key("Hòa Phú")
    assert same_name_key("Ea H’Leo") == same_name_key("EA  H'LEO")
    assert same_name_key("Hòa") != same_name_key("Hóa")
    assert same_name_key("Hoa") != same_name_key("Hòa")
    assert tidy(" To\u0302\u0301t   lắm ") == "Tốt lắm"
