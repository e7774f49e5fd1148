"""A list becomes a frame: recounted by csv and Counter, in every encoding and in XLSX, with nobody's name in it."""

from __future__ import annotations

import csv
import datetime as dt
import io
import random
import re
import unicodedata
import zipfile
from collections import Counter
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from survey.services import agencies, frame_import, list_chunks, listed_rows
from survey.services.errors import ServiceError
from survey.services.frame_import import FrameWanted, import_frame
from survey.services.import_problems import MOST_PROBLEMS, ImportRejected
from survey.services.old_encodings import recognise

HEADING = ["Đơn vị", "Lĩnh vực", "Ngày trả kết quả", "Trạng thái", "Họ và tên", "Số điện thoại", "Số CCCD"]
AGENCIES = agencies.shipped()
BY_NAME = {agency.name: agency for agency in AGENCIES}
FIELDS = ["Hộ tịch", "Đất đai", "Chứng thực"]
NAMES = ["Nguyễn Thị Hường", "Y Blŏ Niê Kdăm", "Trần Văn Đức"]
TONES = re.compile("[\u0300\u0301\u0303\u0309\u0323]")


def simulated(rows, *, seed=1):
    rng = random.Random(seed)
    names = [agency.name for agency in AGENCIES[:5]] + ["Phường Không Có"]
    for _ in range(rows):
        day = dt.date(2026, 1, 1) + dt.timedelta(days=rng.randrange(300))
        person = rng.randrange(2 * rows)
        yield [
            rng.choice(names),
            rng.choice(FIELDS),
            rng.choice([f"{day:%d/%m/%Y}", f"{day:%Y-%m-%d} 08:30"]),
            rng.choice(["Đã trả kết quả", "Đã trả kết quả", "Đang xử lý"]),
            rng.choice(NAMES),
            f"09{person:08}",
            f"066{person:09}",
        ]


def recounted(rows, first_day, last_day):
    """What is left, read row by row: counts by agency, level, field and month, and how many are out for what."""
    kept, out, seen = Counter(), Counter(), set()
    for agency, field, day, status, *_, person in rows:
        text = day.split()[0]
        on = dt.date.fromisoformat("-".join(text.split("/")[::-1]) if "/" in text else text)
        if agency not in BY_NAME:
            out["unknown_agency"] += 1
        elif status != "Đã trả kết quả":
            out["not_received"] += 1
        elif not first_day <= on <= last_day:
            out["outside_period"] += 1
        elif person in seen:
            out["duplicate_person"] += 1
        else:
            seen.add(person)
            kept[BY_NAME[agency].code, BY_NAME[agency].level, field, f"{on:%Y-%m}"] += 1
    return kept, out


def as_csv(rows, *, delimiter=","):
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\r\n").writerows(rows)
    return out.getvalue()


def in_windows_1258(text):
    """As Windows writes it: letters with hats whole, tones behind them."""

    def apart(letter):
        decomposed = unicodedata.normalize("NFD", letter)
        return unicodedata.normalize("NFC", TONES.sub("", decomposed)) + "".join(TONES.findall(decomposed))

    return "".join(map(apart, text)).encode("cp1258")


def workbook(path, rows, *, shared=True, days=()):
    """A workbook of one hidden and one shown sheet; in the columns `days` numbers are shown as days."""
    texts = {}
    body = "".join(
        f'<row r="{number}">{"".join(cells(number, row, texts, shared=shared, days=days))}</row>'
        for number, row in rows
        if row
    )
    main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    office = "http://schemas.openxmlformats.org"
    strings = "".join(f"<si><r><t>{escape(text[:2])}</t></r><r><t>{escape(text[2:])}</t></r></si>" for text in texts)
    parts = {
        "xl/workbook.xml": f'<workbook {main} xmlns:r="{office}/officeDocument/2006/relationships"><sheets>'
        '<sheet name="Ẩn" sheetId="1" state="hidden" r:id="rId1"/><sheet name="Danh sách" sheetId="2" r:id="rId2"/>'
        "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{office}/package/2006/relationships">'
        '<Relationship Id="rId1" Target="worksheets/sheet1.xml"/>'
        '<Relationship Id="rId2" Target="worksheets/sheet2.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f"<worksheet {main}><sheetData/></worksheet>",
        "xl/worksheets/sheet2.xml": f"<worksheet {main}><sheetData>{body}</sheetData></worksheet>",
        "xl/sharedStrings.xml": f"<sst {main}>{strings}</sst>",
        "xl/styles.xml": f'<styleSheet {main}><numFmts count="1"><numFmt numFmtId="170" formatCode="dd/mm/yyyy"/>'
        '</numFmts><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="170"/></cellXfs></styleSheet>',
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        for name, text in parts.items():
            book.writestr(name, text)
    return path


def cells(number, row, texts, *, shared, days):
    for at, value in enumerate(row):
        place = f"{chr(ord('A') + at)}{number}"
        if isinstance(value, int | float):
            style = ' s="1"' if at in days else ""
            yield f'<c r="{place}"{style}><v>{value!r}</v></c>'
        elif value and shared:
            yield f'<c r="{place}" t="s"><v>{texts.setdefault(value, len(texts))}</v></c>'
        elif value:
            yield f'<c r="{place}" t="inlineStr"><is><t>{escape(value)}</t></is></c>'


def frame_of(path, out, **wanted):
    handed_out, rng = [], random.Random(1)

    def random_bytes(count):
        # However the list is cut into parts, the same bytes come one after the other.
        handed_out.append(rng.randbytes(count))
        return handed_out[-1]

    report = import_frame(
        path,
        FrameWanted(**wanted),
        agencies=AGENCIES,
        out=out,
        strata_out=out.with_name("strata.csv"),
        random_bytes=random_bytes,
    )
    return report, handed_out[0]


def refused(path, tmp_path, **wanted):
    """What was said; and nothing was written."""
    before = sorted(tmp_path.iterdir())
    with pytest.raises(ImportRejected) as caught:
        frame_of(path, tmp_path / "frame.csv", **wanted)
    assert sorted(tmp_path.iterdir()) == before
    return caught.value


def written(tmp_path, rows, *, heading=HEADING, encoding="utf-8"):
    path = tmp_path / "list.csv"
    path.write_bytes(as_csv([heading, *rows]).encode(encoding))
    return path


@pytest.fixture(params=["by records", "by columns"])
def reading(request, monkeypatch):
    """A long list is read by columns, a short one by records."""
    if request.param == "by columns":
        monkeypatch.setattr(list_chunks, "WORTH_ARROW", 0)
        monkeypatch.setattr(list_chunks, "CHARACTERS", 2_000)


PERIOD = {"first_day": dt.date(2026, 2, 1), "last_day": dt.date(2026, 8, 31)}


@pytest.mark.parametrize("rows_of_a_part", [7, 20_000])
def test_a_frame_has_what_a_plain_recount_finds(tmp_path, monkeypatch, reading, rows_of_a_part):
    monkeypatch.setattr(listed_rows, "ROWS_OF_A_PART", rows_of_a_part)
    rows = list(simulated(600))
    kept, out = recounted(rows, *PERIOD.values())
    report, _ = frame_of(written(tmp_path, rows), tmp_path / "frame.csv", **PERIOD)
    assert {(c.agency, c.level, c.field, c.period): c.n for c in report.counts} == kept
    assert {reason.value: n for reason, n in report.out_of_scope.items() if n} == out
    assert (report.rows, report.kept) == (600, kept.total())
    with (tmp_path / "frame.csv").open(encoding="utf8") as file:
        frame = list(csv.DictReader(file))
    assert Counter((row["agency"], row["level"], row["field"], row["period"]) for row in frame) == kept
    assert len({row["unit"] for row in frame}) == kept.total()
    with (tmp_path / "strata.csv").open(encoding="utf8") as file:
        strata = {row["stratum"]: int(row["N"]) for row in csv.DictReader(file)}
    assert strata == Counter(row["agency"] for row in frame) == Counter(row["stratum"] for row in frame)


def test_neither_names_nor_numbers_nor_the_key_are_written(tmp_path, reading):
    rows = list(simulated(300))
    _, key = frame_of(written(tmp_path, rows), tmp_path / "frame.csv", keep=("Trạng thái",))
    files = [path.read_bytes() for path in tmp_path.iterdir() if path.name != "list.csv"]
    assert len(files) == 2
    for secret in (key, key.hex().encode(), *(cell.encode() for row in rows for cell in row[4:])):
        assert not any(secret in file for file in files)


@given(planted=st.lists(st.integers(0, 30), max_size=60), seed=st.integers(0, 99))
def test_duplicates_found_are_those_planted(tmp_path_factory, planted, seed):
    tmp_path, rng = tmp_path_factory.mktemp("frame"), random.Random(seed)
    spellings = [str, lambda one: one.lstrip("0"), lambda one: f"{one[:3]} {one[3:7]}.{one[7:]}", lambda one: f"'{one}"]
    people = [*range(31), *planted]
    rows = [
        [AGENCIES[0].name, FIELDS[0], "2026-03-01", "Đã trả", "x", "", rng.choice(spellings)(f"06609{person:07}")]
        for person in people
    ]
    report, _ = frame_of(written(tmp_path, rows), tmp_path / "frame.csv")
    assert report.out_of_scope["duplicate_person"] == len(planted)
    assert report.kept == 31


def test_a_person_may_be_kept_once_in_each_agency(tmp_path):
    rows = [[agency.name, "", "2026-03-01", "Đã trả", "", "", "066090001234"] for agency in AGENCIES[:3]] * 2
    path = written(tmp_path, rows)
    assert frame_of(path, tmp_path / "frame.csv")[0].kept == 1
    assert frame_of(path, tmp_path / "frame.csv", once_per="agency")[0].kept == 3


def test_a_person_of_several_columns_needs_all_of_them(tmp_path):
    people = [("Nguyễn A", "0905"), ("nguyễn  a", "0905"), ("Nguyễn A", "0906"), ("Nguyễn A", ""), ("Nguyễn A", "")]
    rows = [[AGENCIES[0].name, "", "2026-03-01", "Đã trả", *person, ""] for person in people]
    mapping = ("person=Họ và tên+Số điện thoại",)
    report, _ = frame_of(written(tmp_path, rows), tmp_path / "frame.csv", mapping=mapping)
    assert (report.kept, report.unidentified) == (4, 2)


ENCODINGS = {
    "utf-8": lambda text: text.encode(),
    "utf-8-sig": lambda text: text.encode("utf-8-sig"),
    "utf-16": lambda text: text.encode("utf-16"),
    "utf-16-be": lambda text: text.encode("utf-16-be"),
    "utf-16-le": lambda text: text.encode("utf-16-le"),
    "windows-1258": in_windows_1258,
    "decomposed": lambda text: unicodedata.normalize("NFD", text).encode(),
}


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_every_encoding_and_separator_gives_the_same_frame(tmp_path, reading, encoding, delimiter):
    rows = [[*row[:4], "Nguyễn Thị Hường", *row[5:]] for row in simulated(200)]
    plain, _ = frame_of(written(tmp_path, rows), tmp_path / "frame.csv")
    expected = (tmp_path / "frame.csv").read_bytes()
    other = tmp_path / "other.csv"
    other.write_bytes(ENCODINGS[encoding](as_csv([HEADING, *rows], delimiter=delimiter)))
    report, _ = frame_of(other, tmp_path / "frame.csv")
    assert (tmp_path / "frame.csv").read_bytes() == expected
    assert report.counts == plain.counts


# “Đơn vị: Phường Buôn Ma Thuột, lĩnh vực đất đai, người nộp hồ sơ” as these typefaces' keyboards wrote it.
TCVN3 = "§¬n vÞ: Ph­êng Bu«n Ma Thuét, lÜnh vùc ®Êt ®ai, ng­êi nép hå s¬"
VNI = "Ñôn vò: Phöôøng Buoân Ma Thuoät, lónh vöïc ñaát ñai, ngöôøi noäp hoà sô"
OLD = {"TCVN3 (ABC)": TCVN3, "VNI Windows": VNI}


@pytest.mark.parametrize("name", OLD)
@pytest.mark.parametrize("encoding", ["latin-1", "utf-8"])
def test_old_encodings_are_named_with_the_way_out(tmp_path, name, encoding):
    said = str(refused(written(tmp_path, [[OLD[name]] * 7], heading=[OLD[name]], encoding=encoding), tmp_path))
    assert name in said
    assert "Unicode" in said


@pytest.mark.parametrize("name", OLD)
def test_old_encodings_read_as_what_was_meant(name):
    expected = "Đơn vị: Phường Buôn Ma Thuột, lĩnh vực đất đai, người nộp hồ sơ"
    assert recognise(OLD[name]).read(OLD[name]) == expected


def test_utf_8_opened_as_windows_1252_is_named(tmp_path):
    # As Excel shows “Phường Buôn Ma Thuột,Lĩnh vực” in UTF-8 without its mark.
    shown = "PhÆ°á»\u009dng BuÃ´n Ma Thuá»™t,LÄ©nh vá»±c"
    assert "1252" in str(refused(written(tmp_path, [], heading=shown.split(",")), tmp_path))


@pytest.mark.parametrize("text", ["Y Blŏ Niê Kdăm, H'Rưm Êban", "café crème", "Đắk Lắk", "plain", "Hồ sơ № 5 – “gấp”"])
def test_unicode_is_left_alone(text):
    assert recognise(text) is None


def test_bytes_of_no_known_encoding_are_refused(tmp_path):
    path = tmp_path / "list.csv"
    path.write_bytes(b"agency\n\xff\xd8\xff\xe0\x9d\x8d \xa4\xa5\xa6\xd7\n")
    assert "0xFF" in str(refused(path, tmp_path))


def test_a_byte_far_down_that_is_not_utf_8_is_told_with_its_line(tmp_path, reading):
    path = written(tmp_path, simulated(3000))
    lines = path.read_bytes().split(b"\r\n")
    lines[2345] += b"\xff"
    path.write_bytes(b"\r\n".join(lines))
    problem = refused(path, tmp_path).problems[0]
    assert problem.line == 2346
    assert "0xFF" in str(problem)


@pytest.mark.parametrize("shared", [True, False])
def test_a_workbook_gives_the_same_frame_as_its_csv(tmp_path, shared):
    rows = list(simulated(300))
    frame_of(written(tmp_path, rows), tmp_path / "frame.csv")
    expected = (tmp_path / "frame.csv").read_bytes()
    # A title, a blank row that is not in the file, the heading in the third.
    book = workbook(
        tmp_path / "list.xlsx", enumerate([["DANH SÁCH HỒ SƠ"], [], HEADING, *rows], start=1), shared=shared
    )
    report, _ = frame_of(book, tmp_path / "frame.csv")
    assert (tmp_path / "frame.csv").read_bytes() == expected
    assert report.kind == "XLSX, Danh sách"


def test_a_workbook_s_days_are_days_and_its_numbers_keep_all_their_digits(tmp_path):
    # Excel counts days from 1899-12-30 on, after its leap year that never was.
    serial = (dt.date(2026, 3, 31) - dt.date(1899, 12, 30)).days
    rows = [
        [AGENCIES[0].name, "", serial + 0.4, "Đã trả", "", "", 66090001234.0],
        [AGENCIES[0].name, "", serial, "Đã trả", "", "", "066090001234"],
        [AGENCIES[0].name, "", serial, "Đã trả", "", "", 66090001235],
    ]
    book = workbook(tmp_path / "list.xlsx", enumerate([HEADING, *rows], start=1), days=(2,))
    report, _ = frame_of(book, tmp_path / "frame.csv")
    assert report.kept == 2
    with (tmp_path / "frame.csv").open(encoding="utf8") as file:
        assert {row["day"] for row in csv.DictReader(file)} == {"2026-03-31"}


def test_faults_in_a_workbook_have_the_numbers_that_excel_shows(tmp_path):
    row = [AGENCIES[0].name, "", "31/02/2026", "Đã trả", "", "", ""]
    book = workbook(tmp_path / "list.xlsx", [(1, ["Bảng"]), (4, HEADING), (9, row), (100_000, row)])
    assert [problem.line for problem in refused(book, tmp_path).problems] == [9, 100_000]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"PK\x03\x04nothing", "workbook cannot be read"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", ".xls"),
        (b"\x7fELF\x02\x01\x01" + bytes(9), "not a text file"),
        ("Đơn vị\r\n".encode(), "no lines"),
        ("Tên,Số\r\na,b\r\n".encode(), "--map agency=COLUMN"),
        ("Đơn vị,Đơn vị\r\na,b\r\n".encode(), "twice"),
        ('Đơn vị\r\n"Sở'.encode(), "quotation mark"),
        ("Đơn vị\r\nPhường Không Có\r\n".encode(), "No row is left"),
    ],
)
def test_what_is_no_list_is_refused(tmp_path, content, said):
    path = tmp_path / "list.csv"
    path.write_bytes(content)
    assert said in str(refused(path, tmp_path))


def test_every_fault_is_counted_and_the_first_are_told_with_their_place(tmp_path, reading):
    good = [AGENCIES[0].name, "", "2026-03-01", "Đã trả", "", "", ""]
    bad = [
        ["", *good[1:]],
        [*good[:2], "31/02/2026", *good[3:]],
        [*good[:6], "6,609E+10"],
        [*good, "over"],
    ]
    path = written(tmp_path, [good, [""] * 7, *bad, *[bad[1]] * 500])
    rejection = refused(path, tmp_path)
    assert rejection.total == 504
    assert len(rejection.problems) == MOST_PROBLEMS
    places = {problem.line: (problem.column, problem.value) for problem in rejection.problems}
    assert places[4] == ("Đơn vị", "")
    assert places[5] == ("Ngày trả kết quả", "31/02/2026")
    assert places[6] == ("Số CCCD", "6,609E+10")
    assert 7 in places


@pytest.mark.parametrize("column", ["Họ và tên", "Số điện thoại", "Số CCCD"])
def test_a_column_that_tells_who_somebody_is_cannot_be_kept(tmp_path, column):
    assert column in str(refused(written(tmp_path, simulated(5)), tmp_path, keep=(column,)))


@pytest.mark.parametrize("role", ["keep", "field"])
def test_nor_can_numbers_of_persons_under_another_name(tmp_path, role):
    path = written(tmp_path, simulated(5), heading=[*HEADING[:5], "Ghi chú", HEADING[6]])
    wanted = {"keep": ("Ghi chú",)} if role == "keep" else {"mapping": ("field=Ghi chú",)}
    assert "Ghi chú" in str(refused(path, tmp_path, **wanted))


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"mapping": ("agency",)}, "equals sign"),
        ({"mapping": ("agency=Đơn vi",)}, "The columns are: Đơn vị"),
        ({"mapping": ("field=Linh vực",)}, "Did you mean “Lĩnh vực”?"),
        ({"keep": ("stratum",)}, "of its own"),
        ({"sheet": "x", "received": ("không",)}, "No row is left"),
    ],
)
def test_wrong_wishes_are_refused_with_the_way_out(tmp_path, wanted, said):
    assert said in str(refused(written(tmp_path, simulated(5)), tmp_path, **wanted))


def test_a_period_needs_a_day_and_strata_their_columns(tmp_path):
    path = written(tmp_path, [[AGENCIES[0].name]], heading=["Đơn vị"])
    assert "--map day=COLUMN" in str(refused(path, tmp_path, **PERIOD))
    assert "--map field=COLUMN" in str(refused(path, tmp_path, stratum=("agency", "field")))
    assert frame_of(path, tmp_path / "frame.csv")[0].kept == 1


def test_more_rows_than_a_list_may_have_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(frame_import, "MOST_ROWS", 10)
    assert "more than 10 rows" in str(refused(written(tmp_path, simulated(11)), tmp_path))


def test_the_list_is_not_overwritten(tmp_path):
    path = written(tmp_path, simulated(5))
    for out in (path, tmp_path / "strata.csv"):
        with pytest.raises(ServiceError):
            frame_of(path, out)


def test_a_frame_may_be_parquet(tmp_path, reading):
    path = written(tmp_path, simulated(200))
    frame_of(path, tmp_path / "frame.csv", keep=("Trạng thái",))
    frame_of(path, tmp_path / "frame.parquet", keep=("Trạng thái",))
    with (tmp_path / "frame.csv").open(encoding="utf8") as file:
        assert parquet.read_table(tmp_path / "frame.parquet").to_pylist() == list(csv.DictReader(file))
