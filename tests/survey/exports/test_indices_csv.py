import csv
import io

import pytest

from survey.exports.indices_csv import indices_csv
from survey.services.spreadsheets import harmless


def read(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))


def test_the_file_has_a_row_for_each_agency_and_dimension(make_table, vietnamese):
    rows = read(indices_csv(make_table(), language=vietnamese))
    assert [(row["agency"], row["dimension"]) for row in rows] == [
        (agency, dimension) for agency in ("", "so-noi-vu", "xa-ea-o") for dimension in ("tiep_can", "phuc_vu")
    ]


def test_the_file_begins_with_a_byte_order_mark_so_that_excel_reads_vietnamese(make_table, vietnamese):
    data = indices_csv(make_table(), language=vietnamese)
    assert data.startswith(b"\xef\xbb\xbf")
    assert "Sở Nội vụ" in data.decode("utf-8-sig")


def test_figures_keep_their_full_precision(make_table, vietnamese):
    row = read(indices_csv(make_table(), language=vietnamese))[3]
    assert float(row["index"]) == 2600 / 31
    assert row["n"] == "31"


def test_an_undefined_figure_is_empty_and_never_zero(make_table, vietnamese):
    row = read(indices_csv(make_table(), language=vietnamese))[2]
    assert (row["n"], row["index"], row["ci_low"], row["deff"]) == ("", "", "", "")


def test_a_suppressed_agency_says_so_and_shows_no_number(make_table, vietnamese):
    row = read(indices_csv(make_table(), language=vietnamese))[-1]
    assert row["suppressed"] == "true"
    assert row["reason"]
    assert (row["n"], row["index"], row["se"]) == ("", "", "")


@pytest.mark.parametrize("simulated", [True, False])
def test_every_row_says_whether_its_answers_are_simulated_and_of_which_stream(make_table, vietnamese, simulated):
    rows = read(indices_csv(make_table(is_simulated=simulated), language=vietnamese))
    assert {(row["simulated"], row["stream"]) for row in rows} == {(str(simulated).lower(), "counter")}


@pytest.mark.parametrize("text", ["=1+1", "+84", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1"])
def test_a_text_that_a_spreadsheet_would_run_is_shown_instead(text):
    assert harmless(text) == f"'{text}"


def test_a_name_is_left_as_it_is():
    assert harmless("Sở Nội vụ") == "Sở Nội vụ"


def test_every_line_says_how_the_answers_of_its_agency_came_where_that_is_shown(make_table, vietnamese):
    rows = read(indices_csv(make_table(), language=vietnamese))
    ways = ("trust_agencies", "trust_verified", "trust_signed", "trust_open", "trust_unknown")
    assert [[row[way] for way in ways] for row in rows] == [["1", "21", "10", "0", "0"]] * 4 + [[""] * 5] * 2
    assert {row[f"entry_{kind}"] for row in rows for kind in ("agencies", "phone", "kiosk", "assisted", "unknown")} == {
        ""
    }
