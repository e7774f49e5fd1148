import datetime as dt
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from forms import loading
from survey.models import Response
from survey.services import importing
from survey.services.import_problems import ImportRejected

SIX = "tiep_can,thu_tuc,cong_chuc,ket_qua,gop_y,phuc_vu"
QUESTIONNAIRE = loading.load("sipas-counter")


@pytest.fixture
def into(database, seeded):
    with database.reading() as session:
        return importing.destination(session, seeded.wave, stream="sample")


@pytest.fixture
def counter_stream(database, seeded):
    with database.reading() as session:
        return importing.destination(session, seeded.wave)


def read(text, into, encoding="utf-8"):
    return importing.read_responses(text.encode(encoding), QUESTIONNAIRE, into=into)


def problems(text, into, encoding="utf-8"):
    with pytest.raises(ImportRejected) as caught:
        read(text, into, encoding)
    return [(one.line, one.column, one.value) for one in caught.value.problems], str(caught.value)


def kept(database):
    with database.reading() as session:
        return session.scalars(select(Response).order_by(Response.id)).all()


def test_ba_ria_vung_tau_2022_is_83_87_percent(database, into, seeded):
    # Sở TN&MT Bà Rịa–Vũng Tàu 2022, 31 answers: 10 very satisfied, 16 satisfied, 5 neutral, published as 83,87%.
    text = "agency;answered_on;phuc_vu;count\n" + "".join(
        f"so-noi-vu;31/03/2026;{level};{count}\n" for level, count in ((5, 10), (4, 16), (3, 5))
    )
    batch = importing.read_responses(b"\xef\xbb\xbf" + text.encode(), QUESTIONNAIRE, into=into)
    with database.writing() as session:
        assert importing.save(session, batch, received_at=seeded.now) == 31
    levels = [json.loads(row.answers)["phuc_vu"] for row in kept(database)]
    assert [levels.count(level) for level in (5, 4, 3, 2, 1)] == [10, 16, 5, 0, 0]
    assert f"{100 * sum(level >= 4 for level in levels) / len(levels):.2f}" == "83.87"
    assert len({row.submission_key for row in kept(database)}) == len({row.receipt for row in kept(database)}) == 31


ROWS = f"agency,counter,answered_on,{SIX},y_kien\nXã Ea Ô,xa-ea-o-1,2026-03-31,5,4,3,na,,5,Tốt lắm\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_a_file_is_read_however_it_was_saved(counter_stream, encoding, delimiter, newline):
    batch = read(ROWS.replace(",", delimiter).replace("\n", newline), counter_stream, encoding)
    [response] = batch.responses
    assert response.agency.code == "xa-ea-o"
    assert response.counter.code == "xa-ea-o-1"
    assert response.answered_on == dt.date(2026, 3, 31)
    assert response.answers == {
        "tiep_can": 5,
        "thu_tuc": 4,
        "cong_chuc": 3,
        "ket_qua": "na",
        "phuc_vu": 5,
        "y_kien": "Tốt lắm",
    }


def test_excels_own_first_line_and_blank_lines_and_columns_are_passed_over(counter_stream):
    text = "sep=;\nagency;answered_on;phuc_vu;;\n\n;;;;\nso-noi-vu;31/3/2026;5;;\n"
    assert read(text, counter_stream).respondents == 1


@pytest.mark.parametrize("name", ["xa-ea-o", "XA-EA-O", "Xã Ea Ô", "xã  ea ô", "Xa\u0303 Ea O\u0302"])
def test_an_agency_is_known_by_code_or_name_in_any_spelling(counter_stream, name):
    assert (
        read(f"agency,answered_on,phuc_vu\n{name},2026-03-31,5\n", counter_stream).responses[0].agency.code == "xa-ea-o"
    )


def test_hoa_with_the_tone_on_either_vowel_is_one_name(counter_stream):
    for name in ("Phường Tuy Hòa", "Phường Tuy Hoà"):
        text = f"agency,answered_on,phuc_vu\n{name},2026-03-31,5\n"
        assert read(text, counter_stream).responses[0].agency.code == "phuong-tuy-hoa"


@pytest.mark.parametrize("written", ["5", "5.0", "5,0", "Rất hài lòng", "rất hài lòng", "Very satisfied"])
def test_a_level_may_be_written_as_a_spreadsheet_does_or_in_words(into, written):
    assert read(f"agency;answered_on;phuc_vu\nso-noi-vu;2026-03-31;{written}\n", into).responses[0].answers == {
        "phuc_vu": 5
    }


def test_weights_strata_and_psus_belong_to_a_sample(database, into, seeded):
    text = "agency;answered_on;weight;stratum;psu;phuc_vu\nso-noi-vu;2026-03-31;12,5;đô thị;thôn 1;4\n"
    with database.writing() as session:
        importing.save(session, read(text, into), received_at=seeded.now)
    [row] = kept(database)
    assert (row.stream, row.weight, row.stratum, row.psu) == ("sample", 12.5, "đô thị", "thôn 1")


def test_every_fault_is_told_at_once_with_its_line(counter_stream):
    text = (
        f"agency,counter,answered_on,weight,count,{SIX},y_kien\n"
        'so-noi-vu,,2026-03-31,,,5,5,5,5,5,5,"hai\ndòng"\n'
        "so-noi-va,,31/02/2026,2,0,6,5,5,5,5,5,\n"
        "so-noi-vu,xa-ea-o-1,2025-03-31,,,5,na,5,5,5,5,\n"
        ",,2026-03-31,,,5,5,5,5,5,5,\n"
        "so-noi-vu,xa-ea-o-1,2026-03-31,,,5,5,5,5,5,5,\n"
        "so-noi-vu,,2026-03-31,,,,,,,,,\n"
        "so-noi-vu,,2026-03-31,,,5,5,5,5,5,5,x,y\n"
    )
    found, message = problems(text, counter_stream)
    assert found == [
        # Line 2 holds a line break inside quotation marks, so the next record begins on line 4.
        (4, "agency", "so-noi-va"),
        (4, "answered_on", "31/02/2026"),
        (4, "weight", "2"),
        (4, "count", "0"),
        (4, "tiep_can", "6"),
        (5, "answered_on", "2025-03-31"),
        (5, "thu_tuc", "na"),
        (6, "agency", None),
        (7, "counter", "xa-ea-o-1"),
        (8, None, None),
        (9, None, None),
    ]
    assert "Did you mean “so-noi-vu”?" in message
    assert "line 4, column tiep_can: “6” is not on the scale. Write one of 1, 2, 3, 4, 5" in message


def test_a_wrong_heading_names_the_column_that_was_meant(counter_stream):
    found, message = problems("agency,Ngày,answered-on,Phục vụ,phuc_vu,phuc_vu,xyz\n", counter_stream)
    assert [(line, column) for line, column, _value in found] == [
        (1, "Ngày"),
        (1, "answered-on"),
        (1, "Phục vụ"),
        (1, "phuc_vu"),
        (1, "xyz"),
        (1, "answered_on"),
    ]
    assert "“answered-on” is not known. Did you mean “answered_on”?" in message
    assert "The column is there twice." in message


def test_a_column_in_vietnamese_words_is_recognised_in_the_remedy(counter_stream):
    _found, message = problems("agency,answered_on,Tiếp cận\nso-noi-vu,2026-03-31,5\n", counter_stream)
    assert "Did you mean “tiep_can”?" in message


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b"\n\n \n", "empty"),
        (b"agency,answered_on,phuc_vu\n", "no lines"),
        ("agency,answered_on,phuc_vu\nSở Nội vụ,".encode() + b"\xc3\x28", "not in UTF-8"),
        ("agency,phuc_vu\nXã Ea Ô,5\n".encode("cp1258", "replace"), "Windows-1258"),
        (b"agency,phuc_vu\nX\xb7 Ea \xa4, \xae\xad\xee\xa8\xa9\xb9\n", "TCVN3"),
        (b"PK\x03\x04\0\0\0\0", "text file"),
        (b'agency,answered_on,phuc_vu\n"so-noi-vu,2026-03-31,5\n', "line 2: The line cannot be read"),
        (b"a" * (20 * 1024 * 1024 + 1), "more than 20 MB"),
        (b"agency,answered_on,phuc_vu\n" + b"so-noi-vu,2026-03-31,5\n" * 200_001, "200001 lines"),
        (b"agency,answered_on,phuc_vu,count\n" + b"so-noi-vu,2026-03-31,5,100000\n" * 6, "600000 responses"),
    ],
)
def test_a_file_that_cannot_be_taken_says_why_and_what_to_do(counter_stream, data, said):
    with pytest.raises(ImportRejected, match=said):
        importing.read_responses(data, QUESTIONNAIRE, into=counter_stream)


def test_a_file_full_of_faults_shows_the_first_two_hundred_and_counts_all(counter_stream):
    text = "agency,answered_on,phuc_vu\n" + "so-noi-vu,2026-03-31,9\n" * 1000
    with pytest.raises(ImportRejected) as caught:
        read(text, counter_stream)
    assert (caught.value.total, len(caught.value.problems)) == (1000, 200)


def test_the_same_file_is_not_kept_twice(database, into, seeded):
    batch = read("agency,answered_on,phuc_vu,count\nso-noi-vu,2026-03-31,5,3\n", into)
    with database.writing() as session:
        importing.save(session, batch, received_at=seeded.now)
    with pytest.raises(ImportRejected, match="already imported"), database.writing() as session:
        importing.save(session, batch, received_at=seeded.now)
    assert len(kept(database)) == 3


def test_a_file_that_fails_half_way_leaves_nothing(either_database, either_seeded):
    with either_database.reading() as session:
        into = importing.destination(session, either_seeded.wave)
    batch = read("agency,answered_on,phuc_vu,count\nso-noi-vu,2026-03-31,5,50\n", into)
    with pytest.raises(ZeroDivisionError), either_database.writing() as session:  # noqa: PT012 - the block is undone.
        importing.save(session, batch, received_at=either_seeded.now)
        raise ZeroDivisionError
    assert kept(either_database) == []


def test_words_are_kept_in_composed_form_and_formulas_as_words(database, into, seeded):
    text = 'agency,answered_on,phuc_vu,y_kien\nso-noi-vu,2026-03-31,5,"=HYPERLINK(""x"") To\u0302\u0301t"\n'
    with database.writing() as session:
        importing.save(session, read(text, into), received_at=seeded.now)
    assert json.loads(kept(database)[0].answers)["y_kien"] == '=HYPERLINK("x") Tốt'


PIECES = st.sampled_from(
    [
        "agency",
        "answered_on",
        "phuc_vu",
        "so-noi-vu",
        "2026-03-31",
        "5",
        "9",
        ",",
        ";",
        "\t",
        "\n",
        "\r",
        '"',
        "sep=;",
        "é",
        " ",
    ]
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.one_of(st.binary(max_size=60), st.lists(PIECES, max_size=30).map(lambda some: "".join(some).encode())))
def test_any_file_at_all_is_read_or_refused_with_reasons(counter_stream, data):
    try:
        found = importing.read_responses(data, QUESTIONNAIRE, into=counter_stream).respondents
    except ImportRejected as rejected:
        found = len([str(problem) for problem in rejected.problems])
    assert found > 0


def test_every_kind_of_item_can_be_imported(into):
    questionnaire = loading.load("sipas-2026")
    columns = importing.import_columns.answers(questionnaire)
    assert set(columns) == set(questionnaire.answer_ids)
