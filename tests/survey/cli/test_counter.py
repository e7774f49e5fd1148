"""`sipas counter`: a service point of an agency."""

from __future__ import annotations

import unicodedata

from survey.services import counters


def test_a_counter_gets_the_agency_s_next_code(desk, database):
    name = unicodedata.normalize("NFD", "Quầy tiếp nhận")
    assert desk.done("counter", "add", "xa-ea-o", "--name", name) == "xa-ea-o-3\n"
    with database.reading() as session:
        counter = counters.find(session, "xa-ea-o-3")
    # Kept composed, as all text is.
    assert (counter.name, counter.agency.code) == ("Quầy tiếp nhận", "xa-ea-o")


def test_an_agency_that_is_not_there_is_named(desk):
    assert desk.refused("counter", "add", "khong-co", "--name", "Quầy") == "Không có cơ quan nào có mã khong-co."


def test_a_counter_needs_a_name(desk):
    assert desk.refused("counter", "add", "xa-ea-o", "--name", "  ") == "Quầy cần có tên."
    assert "--name" in desk.refused("counter", "add", "xa-ea-o", status=2)
