"""`sipas agencies`: agencies of before and after, and which took over from which."""

from __future__ import annotations

import pytest

from survey.services import agencies

AGENCIES = "code,name,kind,level,valid_from,valid_to\nxa-mot,Xã Một,xã,commune,2004-01-01,2025-07-01\n"
SUCCESSIONS = "predecessor,successor,effective_on\nxa-mot,xa-ea-o,2025-07-01\n"


@pytest.fixture
def file(desk):
    def file(content):
        path = desk.folder / "co-quan.csv"
        path.write_text(content, encoding="utf8")
        return path

    return file


def test_a_merger_is_two_files(desk, file, database):
    assert desk.invoke("agencies", "import", file(AGENCIES))[2] == "Đã nhập 1 cơ quan.\n"
    said = desk.invoke("agencies", "successions", file(SUCCESSIONS), language="en")[2]
    assert said == "1 succession imported.\n"
    with database.reading() as session:
        [succession] = agencies.successions(session)
        assert agencies.find(session, "xa-mot").id == succession.predecessor_id
        assert agencies.find(session, "xa-ea-o").id == succession.successor_id


@pytest.mark.parametrize(
    ("command", "content", "place"),
    [
        ("import", AGENCIES.replace(",commune,", ",district,"), "dòng 2, cột level"),
        ("successions", SUCCESSIONS, "dòng 2, cột predecessor"),
        ("successions", AGENCIES, "dòng 1, cột code"),
    ],
)
def test_a_fault_is_said_with_its_place(desk, file, command, content, place):
    said = desk.refused("agencies", command, file(content))
    assert said.startswith("Tệp chưa được nhập.")
    assert f"  {place}: " in said
