"""`sipas trend`: the breaks of the national series, as ../shared/reference/sipas-method.md tells them."""

from __future__ import annotations

import json


def test_2021_and_2022_do_not_compare_and_the_reasons_are_told(desk):
    said = desk.done("trend", "2021", "2022")
    assert said.startswith("Kết quả năm 2021 và năm 2022 không so sánh được với nhau:\n")
    # Residents drawn at random took the place of people who had received a result; 33 items that of 22.
    assert "22" in said
    assert "33" in said
    document = json.loads(desk.done("trend", "2021", "2022", "--format", "json", language="en"))
    assert document["comparable"] is False
    assert {"population", "items"} <= {reason["change"] for reason in document["reasons"]}
    assert all(reason["sources"] for reason in document["reasons"])


def test_years_of_one_instrument_compare(desk):
    assert json.loads(desk.done("trend", "2018", "2019", "--format", "json"))["comparable"] is True
    assert desk.done("trend", "2018", "2019", language="en") == "The results of 2018 and 2019 can be compared.\n"


def test_a_year_that_nobody_knows_is_refused_with_those_that_are_known(desk):
    assert "2017" in desk.refused("trend", "2016", "2018")
