"""What is wrong in files and questions of `sipas frame` and `sipas design`: each is told, and nothing is written."""

from __future__ import annotations

import json
import re
import unicodedata

import pytest
from click.testing import CliRunner

from survey import cli, i18n

COMMUNE = "Phường Buôn Ma Thuột"
# The same as these typefaces' keyboards wrote it, and as Excel shows its UTF-8 without a mark.
OLD = {
    "TCVN3 (ABC)": "Ph­êng Bu«n Ma Thuét",
    "VNI Windows": "Phöôøng Buoân Ma Thuoät",
    "Windows-1252": "PhÆ°á»\u009dng BuÃ´n Ma Thuá»™t",
}
TONES = re.compile("[\u0300\u0301\u0303\u0309\u0323]")


def in_windows_1258(text):
    """As Windows writes it: letters with hats whole, tones behind them."""

    def apart(letter):
        decomposed = unicodedata.normalize("NFD", letter)
        return unicodedata.normalize("NFC", TONES.sub("", decomposed)) + "".join(TONES.findall(decomposed))

    return "".join(map(apart, text)).encode("cp1258")


FILES = {
    "frame": "id,xa,size\n" + "".join(f"{number},{COMMUNE},{number}\n" for number in range(1, 21)),
    "strata": f"stratum,N\n{COMMUNE},20\nX,50\n",
    "list": "agency,CCCD\n" + "".join(f"{COMMUNE},06609000{number:04}\n" for number in range(1, 21)),
    "allocation": f"stratum,n\n{COMMUNE},5\n",
}
SELECT = ("design", "select", "frame.csv", "--seed", "1", "--out", "out.csv", "--format", "json", "--method")
# One way to read each kind of file.
READING = {
    "frame": (*SELECT, "stratified", "--strata", "xa", "--n", "5"),
    "strata": ("design", "allocate", "strata.csv", "--total", "10", "--format", "json"),
    "list": ("frame", "import", "list.csv", "--shipped-agencies", "--out", "out.csv", "--format", "json"),
    "allocation": (*SELECT, "stratified", "--strata", "xa", "--allocation", "allocation.csv"),
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf8")
    return tmp_path


def ran(arguments, language):
    with i18n.speaking(i18n.find(language)):
        ended = CliRunner().invoke(cli.commands, list(arguments))
        error = ended.exception
        said = cli.explain(error) if error and not isinstance(error, SystemExit) else ended.stderr
    return ended, said


def refused(folder, arguments, language="en"):
    """What was said of a question that was refused with status 1; no file came or changed, and nothing was printed."""
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    ended, said = ran(arguments, language)
    assert ended.exit_code == 1, ended.output
    # None would be a defect, which keeps its traceback.
    assert said, ended.exception
    assert ended.stdout == ""
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    return said


ENCODINGS = {
    "utf-8": str.encode,
    "utf-8 with its mark": lambda text: text.encode("utf-8-sig"),
    "utf-16": lambda text: text.encode("utf-16"),
    "utf-16-le": lambda text: text.encode("utf-16-le"),
    "utf-16-be": lambda text: text.encode("utf-16-be"),
}


@pytest.mark.parametrize("kind", READING)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_unicode_is_read_in_every_form(folder, kind, encoding):
    (folder / f"{kind}.csv").write_bytes(ENCODINGS[encoding](FILES[kind]))
    ended, said = ran(READING[kind], "en")
    assert ended.exit_code == 0, said
    assert json.loads(ended.stdout)


def test_windows_1258_is_read_as_a_list(folder):
    (folder / "list.csv").write_bytes(in_windows_1258(FILES["list"]))
    ended, said = ran(READING["list"], "en")
    assert json.loads(ended.stdout)["kept"] == 20, said


UNREADABLE = {
    **{f"{name}, as bytes": (text.encode("latin-1", errors="replace"), name) for name, text in list(OLD.items())[:2]},
    **{f"{name}, as UTF-8": (text.encode(), name) for name, text in OLD.items()},
}


@pytest.mark.parametrize("kind", READING)
@pytest.mark.parametrize("encoding", UNREADABLE)
@pytest.mark.parametrize("language", ["en", "vi"])
def test_an_old_encoding_is_named_with_the_way_out(folder, kind, encoding, language):
    commune, name = UNREADABLE[encoding]
    (folder / f"{kind}.csv").write_bytes(FILES[kind].encode().replace(COMMUNE.encode(), commune))
    said = refused(folder, READING[kind], language)
    assert name in said
    assert "65001" in said if name == "Windows-1252" else "UniKey" in said


@pytest.mark.parametrize("kind", ["frame", "strata", "allocation"])
def test_windows_1258_is_named_where_it_is_not_read(folder, kind):
    (folder / f"{kind}.csv").write_bytes(in_windows_1258(FILES[kind]))
    assert f"{kind}.csv is in Windows-1258" in refused(folder, READING[kind])


NO_TABLE = [
    (b"", "empty"),
    (b"\x7fELF\x02\x01\x01" + bytes(9), "not a text file"),
    (b"PK\x03\x04nothing", "workbook"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(64), "Excel"),
]


@pytest.mark.parametrize("kind", READING)
@pytest.mark.parametrize(("content", "said"), NO_TABLE, ids=[said for _, said in NO_TABLE])
def test_what_is_no_table_is_refused(folder, kind, content, said):
    (folder / f"{kind}.csv").write_bytes(content)
    assert said in refused(folder, READING[kind])


@pytest.mark.parametrize("kind", READING)
def test_a_byte_of_another_encoding_is_told_with_its_line(folder, kind):
    lines = (FILES[kind] * 50).encode().splitlines()
    lines = [lines[0], *(line for line in lines if line[:1] not in b"ias")] if kind == "list" else lines
    lines[3:3] = [f"{COMMUNE},x,y".encode()] * 40
    lines[30] += b"\xff"
    (folder / f"{kind}.csv").write_bytes(b"\n".join(lines))
    said = refused(folder, READING[kind])
    assert "line 31" in said
    assert "0xFF" in said


@pytest.mark.parametrize("kind", READING)
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text.replace(",", ',"', 1) + '"', None),
        (lambda text: text.splitlines()[0] + "\n", "row below it|no lines"),
        (lambda text: re.sub("xa|stratum|agency", "y", text, count=1), "column"),
        (lambda text: re.sub("^([^,]+),[^,\n]+", r"\1,\1", text, count=1), "twice"),
    ],
    ids=["an open quotation mark", "a heading alone", "a column missing", "a heading twice"],
)
def test_a_torn_table_is_refused(folder, kind, change, said):
    (folder / f"{kind}.csv").write_text(change(FILES[kind]), encoding="utf8")
    found = refused(folder, READING[kind])
    assert re.search(said or "quotation|column", found), found


def table(**columns):
    names = list(columns)
    return (
        "\n".join([",".join(names), *(",".join(map(str, row)) for row in zip(*columns.values(), strict=True))]) + "\n"
    )


TWENTY = range(1, 21)
LONE = {"id": range(1, 8), "xa": "AABBBBC", "size": range(1, 8)}


def with_size(value):
    return table(id=TWENTY, xa="A" * 20, size=[value if number == 3 else number for number in TWENTY])


def with_twin():
    return table(id=[1 if number == 3 else number for number in TWENTY], xa="A" * 20, size=TWENTY)


# The file and what is in it, the question, and all that has to be said.
FRAMES = [
    *(
        (FILES["frame"], (*method, "--n", "21"), ("21 units", "has 20", "ask for at most 20"))
        for method in (
            ("srs",),
            ("systematic",),
            ("pps-systematic", "--size", "size"),
            ("pps-sampford", "--size", "size"),
            ("balanced", "--balance", "size"),
        )
    ),
    (FILES["frame"], ("stratified", "--strata", "xa", "--n", "21"), ("21 units", "have 20", "ask for at most 20")),
    (FILES["frame"], ("two-stage", "--psu", "id", "--take", "1", "--n", "21"), ("21 units", "has 20")),
    (
        FILES["frame"],
        ("two-stage", "--psu", "xa", "--take", "30", "--n", "1", "--allow-lone"),
        ("row 2", "30", "has 20"),
    ),
    *(
        (FILES["frame"], (*method, "--n", "0"), ("0 units", "at least one"))
        for method in (("srs",), ("systematic",), ("pps-sampford", "--size", "size"), ("balanced", "--balance", "size"))
    ),
    *(
        (with_size(value), (*method, "--size", "size"), ("row 4", "column size", f"{value} is not", "correct it"))
        for value in (0, -3)
        for method in (
            ("pps-systematic", "--n", "2"),
            ("pps-sampford", "--n", "2"),
            ("balanced", "--balance", "size", "--n", "2"),
            ("two-stage", "--psu", "id", "--n", "2", "--take", "1"),
        )
    ),
    (with_size("x"), ("pps-systematic", "--size", "size", "--n", "2"), ("line 4", "column size", "“x”")),
    (with_size(""), ("pps-systematic", "--size", "size", "--n", "2"), ("row 4", "column size", "nan is not")),
    *(
        (with_twin(), (*method, "--code", "id"), ("row 4", "column id", "“1”", "row 2", "list each unit once"))
        for method in (("srs", "--n", "2"), ("stratified", "--strata", "xa", "--n", "4"))
    ),
    (table(**LONE), ("stratified", "--strata", "xa", "--n", "7"), ("row 8", "stratum C", "has one unit", "merge it")),
    (
        table(**LONE),
        ("two-stage", "--strata", "xa", "--psu", "id", "--n", "7", "--take", "1"),
        ("row 8", "stratum C", "has one unit", "merge it"),
    ),
    (table(**LONE), ("stratified", "--strata", "xa", "--n", "3"), ("stratum A", "one unit of 2", "ask for two")),
]
STRATA = [
    ("stratum,N\na,5\na,6\n", (), ("row 3", "column stratum", "“a”", "row 2", "list each stratum once")),
    ("stratum,N\na,5\nb,0\n", (), ("row 3", "column N", "0 is not", "leave the stratum out")),
    ("stratum,N\na,5\nb,-2\n", (), ("row 3", "column N", "-2 is not", "leave the stratum out")),
    ("stratum,N\na,5\nb,2.5\n", (), ("row 3", "column N", "2.5 is not", "leave the stratum out")),
    ("stratum,N\na,5\nb,x\n", (), ("line 3", "column N", "“x”")),
    ("stratum,N\na,5\n,6\n", (), ("line 3", "column stratum", "fill it in")),
    ("stratum,N\na,1\nb,2\n", (), ("4 units", "have 3", "ask for at most 3")),
    ("stratum,N\na,5\nb,6\n", ("--minimum", "3"), ("4 units", "takes 6", "lower the minimum")),
    ("stratum,N,S\na,5,-1\nb,6,2\n", ("--method", "neyman"), ("row 2", "column S", "-1 is", "correct it")),
    ("stratum,N,S,cost\na,5,1,0\nb,6,2,1\n", ("--method", "optimum"), ("row 2", "column cost", "0 is", "correct it")),
]
ALLOCATIONS = [
    (f"stratum,n\n{COMMUNE},21\n", ("row 2", "21 units", "has 20", "ask for at most 20")),
    (f"stratum,n\n{COMMUNE},-1\n", ("allocation.csv", "line 2", "column n", "-1 is not")),
    (f"stratum,n\n{COMMUNE},5\n{COMMUNE},5\n", ("allocation.csv", "twice")),
    (f"stratum,n\n{COMMUNE},5\nX,5\n", ("stratum X", "not in the frame", "check its name")),
]
LISTS = [
    ("agency,CCCD\nSở Nội vụ,1\n,2\n", (), ("line 3", "column agency", "Nothing is written", "Fill it in")),
    ("agency,CCCD\nSở Nội vụ,6.6E+10\n", (), ("line 2", "column CCCD", "6.6E+10", "Format the column as text")),
    ("agency,day\nSở Nội vụ,31/02/2026\n", (), ("line 2", "column day", "31/02/2026", "2026-03-31")),
    ("agency,CCCD\nSở Nội vụ,1,2,3\n", (), ("line 2", "4 values", "quotation marks")),
    ("agency,CCCD\nKhông Có,1\n", (), ("No row is left", "Không Có")),
    ("agency,CCCD\nSở Nội vụ,1\n", ("--keep", "CCCD"), ("column “CCCD”", "--keep")),
]
QUESTIONS = [
    (("--margin", "0"), ("0", "between 0 and 1")),
    (("--margin", "-0.1"), ("-0.1", "between 0 and 1")),
    (("--margin", "5"), ("5", "0.05 for 5 %")),
    (("--margin", "0.05", "--population", "0"), ("0", "at least 1")),
    (("--margin", "0.05", "--population", "-4"), ("-4", "at least 1")),
    (("--margin", "0.05", "--population", "0", "--method", "slovin"), ("0", "at least 1")),
    (("--margin", "0.05", "--share", "1.5"), ("1.5", "between 0 and 1")),
    (("--margin", "0.05", "--deff", "0"), ("0", "above zero")),
    (("--margin", "0.05", "--response-rate", "2"), ("2", "at most 1")),
    (("--margin", "0.05", "--level", "1"), ("1", "between 0 and 1")),
    (("--detect", "2"), ("2", "below 0.5")),
]
WRONG = [
    *(("frame", text, (*SELECT, *asked), said) for text, asked, said in FRAMES),
    *(
        ("strata", text, ("design", "allocate", "strata.csv", "--total", "4", *more), said)
        for text, more, said in STRATA
    ),
    *(("allocation", text, READING["allocation"], said) for text, said in ALLOCATIONS),
    *(("list", text, (*READING["list"], *more), said) for text, more, said in LISTS),
    *(("list", FILES["list"], ("design", "size", *asked), said) for asked, said in QUESTIONS),
]


@pytest.mark.parametrize(
    ("kind", "text", "asked", "said"), WRONG, ids=[" ".join(row[2][:2] + row[2][-4:]) for row in WRONG]
)
def test_what_is_wrong_is_told_with_its_place_value_and_remedy_and_nothing_is_written(folder, kind, text, asked, said):
    (folder / f"{kind}.csv").write_text(text, encoding="utf8")
    (folder / "out.csv").write_text("what was there before")
    found = refused(folder, asked)
    assert [part for part in said if part not in found] == [], found


def test_a_stratum_that_the_allocation_forgets_is_not_left_out_in_silence(folder):
    (folder / "frame.csv").write_text(table(id=TWENTY, xa="A" * 10 + "B" * 10))
    (folder / "allocation.csv").write_text("stratum,n\nA,5\n")
    said = refused(folder, READING["allocation"])
    assert "allocation.csv says nothing of the stratum B, which is in the frame: add a row for it" in said
    (folder / "allocation.csv").write_text("stratum,n\nA,5\nB,0\n")
    ended, _ = ran(READING["allocation"], "en")
    assert json.loads(ended.stdout)["n"] == 5


def test_certain_units_are_drawn_and_counted(folder):
    (folder / "frame.csv").write_text(with_size(1000))
    for method in ("pps-systematic", "pps-sampford"):
        ended, said = ran((*SELECT, method, "--size", "size", "--n", "3"), "en")
        report = json.loads(ended.stdout)
        assert (report["certain"], report["n"]) == (1, 3), said
        assert "\n3,A,1000,1.0,1.0\n" in (folder / "out.csv").read_text()
