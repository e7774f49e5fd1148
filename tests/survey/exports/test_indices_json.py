import dataclasses
import json
import math

from survey.exports.indices_json import document, indices_json


def test_the_document_carries_the_wave_its_stream_and_the_definition_of_its_figures(make_table, vietnamese):
    answer = json.loads(indices_json(make_table(), language=vietnamese))
    assert (answer["wave"], answer["stream"], answer["simulated"]) == ("quay-2026", "counter", True)
    assert (answer["confidence_level"], answer["method"], answer["minimum_respondents"]) == (0.95, "wilson", 10)
    assert [one["id"] for one in answer["dimensions"]] == ["tiep_can", "phuc_vu"]


def test_a_row_has_the_keys_that_later_work_fills(make_table, vietnamese):
    row = json.loads(indices_json(make_table(), language=vietnamese))["rows"][0]
    later = ["rank", "rank_low", "rank_high", "group", "change", "change_p", "change_p_adjusted", "integrity", "model"]
    assert {key: row[key] for key in later} == dict.fromkeys(later)


def test_indices_are_points_at_full_precision(make_table, vietnamese):
    cell = json.loads(indices_json(make_table(), language=vietnamese))["rows"][0]["dimensions"]["phuc_vu"]
    assert cell["index"] == 2600 / 31
    assert (cell["n"], cell["ci_low"], cell["ci_high"], cell["se"]) == (31, 67.3721, 92.9043, 6.6051)


def test_an_undefined_dimension_is_null(make_table, vietnamese):
    assert json.loads(indices_json(make_table(), language=vietnamese))["province"]["dimensions"]["tiep_can"] is None


def test_a_suppressed_row_shows_no_number(make_table, vietnamese):
    row = json.loads(indices_json(make_table(), language=vietnamese))["rows"][1]
    assert row["suppressed"] is True
    assert row["reason"]
    assert (row["n"], row["n_effective"], row["deff"], row["dimensions"]) == (None, None, None, {})


def test_a_row_is_spoken_for_by_the_least_certain_of_its_dimensions(make_table, vietnamese):
    table = make_table()
    sure = dataclasses.replace(table.province.dimensions["phuc_vu"], effective=400.0, design_effect=1.2)
    unsure = dataclasses.replace(sure, effective=90.0, design_effect=2.5)
    row = dataclasses.replace(table.province, dimensions={"tiep_can": sure, "phuc_vu": unsure})
    province = document(dataclasses.replace(table, province=row), language=vietnamese)["province"]
    assert (province["n_effective"], province["deff"]) == (90.0, 2.5)


def test_what_is_no_number_becomes_null(make_table, vietnamese):
    table = make_table()
    odd = dataclasses.replace(table.province.dimensions["phuc_vu"], standard_error=math.nan, high=math.inf)
    row = dataclasses.replace(table.province, dimensions={"phuc_vu": odd})
    text = indices_json(dataclasses.replace(table, province=row), language=vietnamese).decode()
    cell = json.loads(text, parse_constant=lambda name: name)["province"]["dimensions"]["phuc_vu"]
    assert (cell["se"], cell["ci_high"]) == (None, None)


def test_a_row_says_how_its_answers_came_or_why_that_is_not_shown(make_table, english):
    shown, hidden = document(make_table(), language=english)["rows"]
    assert shown["trust"] == {
        "n": 31,
        "agencies": 1,
        "counts": {"verified": 21, "signed": 10, "open": 0, "unknown": 0},
        "shares": {"verified": 21 / 31, "signed": 10 / 31, "open": 0.0, "unknown": 0.0},
    }
    assert (shown["trust_reason"], shown["entry"]) == (None, None)
    assert shown["entry_reason"] == "Not shown: only 1 to 9 answers came in some way."
    assert (hidden["trust"], hidden["trust_reason"]) == (None, "Fewer than 10 responses")
