"""`sipas responses import`: all of a file, or nothing and every fault with its place."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from survey.models import Response

HEADING = "agency,answered_on,phuc_vu,y_kien\n"
LINES = "so-noi-vu,2026-03-02,5,\nso-noi-vu,03/03/2026,4,Cảm ơn\n"


@pytest.fixture
def kept(database):
    """How many responses there are."""

    def kept():
        with database.reading() as session:
            return session.scalar(select(func.count()).select_from(Response))

    return kept


@pytest.fixture
def import_(desk):
    """Imports what is given as the text or bytes of a file."""

    def arguments(content, options):
        file = desk.folder / "phieu.csv"
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return ["responses", "import", file, "--wave", "quay-2026", *options]

    def import_(content, *options, **spoken):
        return desk.invoke(*arguments(content, options), **spoken)

    import_.refused = lambda content, *options, **spoken: desk.refused(*arguments(content, options), **spoken)
    return import_


@pytest.mark.parametrize(
    "content",
    [
        HEADING + LINES,
        (HEADING + LINES).encode("utf-8-sig"),
        (HEADING + LINES).encode("utf-16"),
        (HEADING + LINES).replace(",", ";"),
        (HEADING + LINES).replace(",", "\t"),
        (HEADING + LINES).replace("\n", "\r\n"),
        "sep=,\n" + HEADING + LINES,
        (HEADING + LINES).replace("so-noi-vu", "Sở Nội vụ"),
    ],
    ids=["plain", "BOM", "UTF-16", "semicolons", "tabs", "Windows lines", "Excel's sep=", "full names"],
)
def test_a_file_is_read_however_it_was_saved(import_, kept, content):
    assert import_(content) == (0, b"", "Đã nhập 2 phiếu vào đợt quay-2026.\n")
    assert kept() == 2


def test_another_stream_can_be_named(import_, kept):
    assert import_(HEADING + LINES, "--stream", "census", language="en")[2] == "2 responses imported into quay-2026.\n"
    assert import_("agency,answered_on,phuc_vu\nso-noi-vu,2026-03-02,5\n", language="en")[2].startswith("1 response ")
    assert kept() == 3


def test_a_wrong_column_is_named_with_the_one_that_was_meant(import_, kept):
    said = import_.refused(HEADING.replace("phuc_vu", "phuc_wu") + LINES)
    assert "dòng 1, cột phuc_wu: Không có cột nào tên là “phuc_wu”. " in said
    assert "“phuc_vu”" in said
    assert kept() == 0


def test_every_fault_is_said_with_its_line_and_column_and_nothing_is_kept(import_, kept):
    content = (
        HEADING + LINES + "so-noi-vu,2026-03-02,6,\n"
        "so-khong-co,2026-03-02,5,\nso-noi-vu,31/02/2026,5,\nso-noi-vu,2027-03-02,5,\n,2026-03-02,5,\n"
    )
    said = import_.refused(content)
    places = [line.split(":")[0].strip() for line in said.strip().split("\n")[1:]]
    assert places == [
        "dòng 4, cột phuc_vu",
        "dòng 5, cột agency",
        "dòng 6, cột answered_on",
        "dòng 7, cột answered_on",
        "dòng 8, cột agency",
    ]
    assert "“6”" in said
    assert kept() == 0


def test_the_same_file_is_not_counted_twice(import_, kept):
    import_(HEADING + LINES)
    assert "quay-2026" in import_.refused(HEADING + LINES)
    assert kept() == 2


@pytest.mark.parametrize(
    "content",
    [
        b"",
        HEADING.encode(),
        b"\xff\xd8\xff\xe0",
        HEADING.encode() + b"S\xf5\xd2 N\xf4\xf2i v\xf9\xf2,2026-03-02,5,",
    ],
    ids=["empty", "heading alone", "a photograph", "another code page"],
)
def test_what_is_no_file_of_answers_is_refused_in_a_sentence(import_, kept, content):
    assert import_.refused(content).startswith("Tệp chưa được nhập.")
    assert import_.refused(content, language="en").startswith("The file was not imported")
    assert kept() == 0


def test_a_wave_that_is_not_there_is_named(desk):
    (desk.folder / "phieu.csv").write_text(HEADING + LINES)
    said = desk.refused("responses", "import", desk.folder / "phieu.csv", "--wave", "khong-co")
    assert said.endswith(" mã khong-co.")


def test_a_file_that_is_not_there_is_wrong_usage(desk):
    assert "no-such.csv" in desk.refused("responses", "import", "no-such.csv", "--wave", "quay-2026", status=2)
