"""Data files as people save them, read to the same columns, and what is said of those that cannot be read."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from survey.engine.tables import TableError, open_table

ROWS = "sex;age;score\nnữ;20;3,5\nnam;;4\nnữ;45;NA\n"
COMMAS = "sex,age,score\nnữ,20,3.5\nnam,,4\nnữ,45,NA\n"


def saved(folder, content: bytes):
    path = folder / "answers.csv"
    path.write_bytes(content)
    return path


SAVED = {
    "commas": COMMAS.encode(),
    "byte order mark": COMMAS.encode("utf-8-sig"),
    "semicolons and decimal commas": ROWS.encode(),
    "tabs": COMMAS.replace(",", "\t").encode(),
    "UTF-16 of Excel": COMMAS.encode("utf-16"),
    "UTF-16 without a mark": COMMAS.encode("utf-16-le"),
    "Windows line ends": COMMAS.replace("\n", "\r\n").encode(),
    "Excel's first line": b"sep=;\n" + ROWS.encode(),
    "blank lines": COMMAS.replace("\n", "\n\n").encode(),
    "decomposed letters": COMMAS.replace("ữ", "ữ").encode(),
    "spaces around": COMMAS.replace(",", " , ").encode(),
    "separators at the end of lines": COMMAS.replace("\n", ",\n").encode(),
}


@pytest.mark.parametrize("kind", SAVED)
def test_every_way_of_saving_gives_the_same_columns(tmp_path, kind):
    table = open_table(saved(tmp_path, SAVED[kind])).read(numbers=["score", "age"], texts=["sex"])
    assert table.texts["sex"].labels().tolist() == ["nữ", "nam", "nữ"]
    np.testing.assert_array_equal(table.numbers["score"], [3.5, 4, np.nan])
    np.testing.assert_array_equal(table.numbers["age"], [20, np.nan, 45])


def test_a_parquet_file_gives_the_same_columns(tmp_path):
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    path = tmp_path / "answers.parquet"
    columns = {
        "sex": pa.array(["nữ", "nam", "nữ", None]).dictionary_encode(),
        "age": pa.array([20, None, 45, 7], pa.int32()),
        "score": ["3.5", "4", "NA", None],
        "stratum": [1.0, 2.0, 1.0, 1.5],
    }
    parquet.write_table(pa.table(columns), path, row_group_size=2)
    table = open_table(path).read(numbers=["score", "age"], texts=["sex", "stratum"])
    assert table.texts["sex"].labels().tolist() == ["nữ", "nam", "nữ", None]
    assert table.texts["stratum"].labels().tolist() == ["1", "2", "1", "1.5"]
    np.testing.assert_array_equal(table.numbers["score"], [3.5, 4, np.nan, np.nan])
    np.testing.assert_array_equal(table.numbers["age"], [20, np.nan, 45, 7])


def test_a_column_may_be_read_as_numbers_and_as_texts(tmp_path):
    table = open_table(saved(tmp_path, b"q,w\n4,1\n5,2\n")).read(numbers=["q", "w"], texts=["q"])
    assert table.texts["q"].levels == ("4", "5")
    np.testing.assert_array_equal(table.numbers["q"], [4, 5])


def test_progress_ends_at_the_whole_file(tmp_path):
    heard: list[float] = []
    path = saved(tmp_path, b"q\n" + b"4\n" * 50_000)
    assert open_table(path).read(numbers=["q"], progress=heard.append).rows == 50_000
    assert heard == sorted(heard)
    assert heard[-1] == 1.0


def test_one_more_column_leaves_the_others_as_they_were(tmp_path):
    path, out = saved(tmp_path, 'a,b\n1,"x, y"\n\n2,01\n'.encode("utf-8-sig")), tmp_path / "out.csv"
    with out.open("wb") as stream:
        open_table(path).write_with("w", np.array([1.5, 2.0]), stream)
    assert out.read_bytes() == 'a,b,w\n1,"x, y",1.5\n2,01,2.0\n'.encode("utf-8-sig")


def test_one_more_column_in_parquet_leaves_the_others_as_they_were(tmp_path):
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    path, out = tmp_path / "in.parquet", tmp_path / "out.parquet"
    parquet.write_table(pa.table({"a": [1, 2], "b": ["x", None]}), path)
    with out.open("wb") as stream:
        open_table(path).write_with("w", np.array([1.5, 2.0]), stream)
    assert parquet.read_table(out).to_pydict() == {"a": [1, 2], "b": ["x", None], "w": [1.5, 2.0]}


FAULTS = {
    "empty": (b"", "the file is empty"),
    "only blank lines": (b"\n\n", "the file is empty"),
    "only a heading": (b"q,w\n", "there is a heading and no row below it"),
    "a name twice": (b"q,q\n1,2\n", "the heading has the column q twice"),
    "a text among numbers": (b'w,q\n"a\nb",1\n\n1,x\n2,good\n', "line 5: “x” in the column q is not a number"),
    "a text late among numbers": (b"q\n" + b"4\n" * 30_000 + b"x\n", "line 30002: “x” in the column q"),
    "infinity": (b"q\ninf\n", "line 2: “inf” in the column q is not a number"),
    "an underscore": (b"q\n1_0\n", "line 2: “1_0” in the column q is not a number"),
    "too many values": (b"q,w\n1,2\n1,2,3\n", "near line 3: a row has 3 values and the heading 2"),
    "an open quotation mark": (b'q,w\n1,"2\n3,4\n', "look for a quotation mark that is opened and never closed"),
    "another encoding": ("q,tên\n1,é\n".encode("cp1258"), "line 1: the byte 0xEA is not UTF-8"),
    "another encoding further down": (b"q,w\n1,\xe9\n", "line 2: the byte 0xE9 is not UTF-8"),
    "an unknown column": (b"qq,w\n1,2\n", "there is no column q: did you mean qq?"),
    "nothing like it": (b"score,w\n1,2\n", "there is no column q: the columns are score, w"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_file_that_cannot_be_read_says_where_and_what_to_do(tmp_path, fault):
    content, message = FAULTS[fault]
    with pytest.raises(TableError) as caught:
        open_table(saved(tmp_path, content)).read(numbers=["q"])
    assert message in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(TableError, match="there is no such file"):
        open_table(tmp_path / "nowhere.csv")
    with pytest.raises(TableError, match="this is a folder"):
        open_table(tmp_path)


def test_a_damaged_parquet_file_is_named(tmp_path):
    pytest.importorskip("pyarrow")
    path = tmp_path / "bad.parquet"
    path.write_bytes(b"PAR1 and nothing else")
    with pytest.raises(TableError, match="the Parquet file is damaged"):
        open_table(path)


def test_a_text_among_the_numbers_of_a_parquet_file_is_named_with_its_row(tmp_path):
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    path = tmp_path / "answers.parquet"
    parquet.write_table(pa.table({"q": ["1", "x"], "day": pa.array([1, 2], pa.date32())}), path)
    with pytest.raises(TableError, match="line 2: “x” in the column q is not a number"):
        open_table(path).read(numbers=["q"])
    with pytest.raises(TableError, match="the column day holds date32"):
        open_table(path).read(numbers=["day"])


AWKWARD = {
    "as it should be": "",
    "a blank row": ",,\n",
    "a row that is too short": "nữ,20\n",
    "a blank line": "\n",
    "quoted line breaks": '"nữ\ncao",20,3\n',
    "another way to write a missing number": "nam,nan,NA\n",
}


@pytest.mark.parametrize("kind", AWKWARD)
def test_the_quick_reader_gives_what_the_careful_one_gives(tmp_path, monkeypatch, kind):
    pytest.importorskip("pyarrow")
    rng = np.random.default_rng(5)
    rows = "".join(f"{'nữ' if k % 3 else 'nam'},{k % 70},{x}\n" for k, x in enumerate(rng.normal(size=2000)))
    path = saved(tmp_path, ("sex,age,score\n" + rows + AWKWARD[kind] + rows).encode("utf-8-sig"))
    wanted = {"numbers": ["score", "age"], "texts": ["sex"]}
    careful = open_table(path).read(**wanted)
    monkeypatch.setattr("survey.engine.arrow_csv.WORTH_ARROW", 0)
    monkeypatch.setattr("survey.engine.arrow_csv._BLOCK", 40_000)
    quick = open_table(path).read(**wanted)
    assert quick.rows == careful.rows
    assert quick.texts["sex"].labels().tolist() == careful.texts["sex"].labels().tolist()
    for name in wanted["numbers"]:
        np.testing.assert_array_equal(quick.numbers[name], careful.numbers[name])


def test_the_quick_reader_leaves_faults_to_the_careful_one(tmp_path, monkeypatch):
    monkeypatch.setattr("survey.engine.arrow_csv.WORTH_ARROW", 0)
    for fault in ("a text among numbers", "too many values", "only a heading", "infinity"):
        content, message = FAULTS[fault]
        with pytest.raises(TableError) as caught:
            open_table(saved(tmp_path, content)).read(numbers=["q"])
        assert message in str(caught.value)


def test_without_pyarrow_csv_is_read_and_parquet_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr("survey.engine.arrow_csv.WORTH_ARROW", 0)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert open_table(saved(tmp_path, SAVED["commas"])).read(numbers=["age"]).rows == 3
    path = tmp_path / "answers.parquet"
    path.write_bytes(b"PAR1")
    with pytest.raises(TableError, match=r"pip install 'sipas-toolkit\[fast\]'"):
        open_table(path)


def test_an_empty_parquet_file_is_named(tmp_path):
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    parquet.write_table(pa.table({"q": pa.array([], pa.int8())}), tmp_path / "empty.parquet")
    with pytest.raises(TableError, match="there is a heading and no row below it"):
        open_table(tmp_path / "empty.parquet")
