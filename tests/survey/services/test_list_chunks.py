"""A list read by columns has the cells that the library's `csv` reads record by record, and the same faults."""

from __future__ import annotations

import csv
import io
import subprocess
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from survey.services import list_chunks, listed_rows
from survey.services.import_problems import ImportRejected
from survey.services.listed_rows import CSVList

CELLS = st.text(alphabet='aé, "\n1', max_size=5)
TABLES = st.integers(1, 4).flatmap(
    lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=1, max_size=40)
)


@pytest.fixture(scope="module", autouse=True)
def small_chunks():
    """Chunks of a few lines, and of any file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(list_chunks, "WORTH_ARROW", 0)
        patch.setattr(list_chunks, "CHARACTERS", 24)
        patch.setattr(listed_rows, "_delimiter", lambda _: ",")
        yield


def read(folder, text):
    """The records and their numbers, or on which line it was refused; and how many came by columns."""
    path = folder / "list.csv"
    path.write_bytes(text.encode())
    records, by_columns = [], 0
    try:
        with CSVList(path, text.encode()).parts() as parts:
            for part in parts:
                assert part.first == len(records) + 1
                by_columns += part.columns is not None
                records += part.records or (part.columns.records() if part.columns else [])
    except ImportRejected as error:
        return error.problems[0].line, by_columns
    return blanks_alike(records), by_columns


def blanks_alike(records):
    """A blank row has no cells, or empty ones: a list passes over both."""
    return [record if any(record) else [] for record in records]


def expected(text):
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        return blanks_alike(reader)
    except csv.Error:
        return reader.line_num


@given(TABLES, st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]), st.sampled_from(["\n", "\r\n"]))
def test_what_programs_write_is_read_as_csv_reads_it(tmp_path_factory, rows, quoting, ending):
    text = io.StringIO()
    csv.writer(text, quoting=quoting, lineterminator=ending).writerows(rows)
    # Above the rows a first chunk, which is read record by record.
    text = "heading\n" * 3 + text.getvalue()
    assert read(tmp_path_factory.mktemp("list"), text)[0] == expected(text)


@given(st.text(alphabet='a,"\n\r', max_size=80))
@example('a"b,"c\nd')
@example('""a,b\n')
@example("a\rb,c\n")
@example("\n\na\n\n")
def test_whatever_people_write_is_read_or_refused_as_csv_does(tmp_path_factory, text):
    text = "heading\n" * 3 + "a,b\n" * 6 + text
    assert read(tmp_path_factory.mktemp("list"), text)[0] == expected(text)


def test_rows_of_one_width_come_by_columns_and_others_do_not(tmp_path):
    assert read(tmp_path, "aaa,bbb\n" * 30)[1] > 5
    assert read(tmp_path, "aaa,bbb\n" * 9 + "a\n" + "aaa,bbb\n" * 9)[1] < 6
    assert read(tmp_path, 'a"a,bb\n' * 30)[1] == 0


def test_pandas_is_not_imported_for_a_blank():
    asked = (
        "import sys; from survey.services.list_chunks import read_columns; "
        "table = read_columns(b'a,b\\n1,\\n', delimiter=','); "
        "print(table.has_blank(0), table.has_blank(1), 'pandas' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", asked], check=True, capture_output=True, text=True).stdout
    assert said.split() == ["False", "True", "False"]
