"""`sipas transactions import`: all figures of a wave, or every fault with its line."""

from __future__ import annotations

import pytest

from survey.services import transactions

FIGURES = "agency;transactions\nSở Nội vụ;1200\nxa-ea-o;35\n"


@pytest.fixture
def import_(desk):
    def arguments(content, wave):
        file = desk.folder / "ho-so.csv"
        file.write_text(content, encoding="utf8")
        return ["transactions", "import", file, "--wave", wave]

    def import_(content, wave="quay-2026", **spoken):
        return desk.invoke(*arguments(content, wave), **spoken)

    import_.refused = lambda content, wave="quay-2026": desk.refused(*arguments(content, wave))
    return import_


@pytest.fixture
def kept(database, seeded):
    def kept():
        with database.reading() as session:
            return sorted(transactions.of_wave(session, seeded.wave).values())

    return kept


def test_figures_are_kept_and_the_next_file_takes_their_place(import_, kept):
    assert import_(FIGURES) == (0, b"", "Đợt quay-2026 có số lượt giải quyết của 2 cơ quan.\n")
    assert kept() == [35, 1200]
    said = import_("agency,transactions\nso-noi-vu,7\n", language="en")[2]
    assert said == "quay-2026 has the transactions of 1 agency.\n"
    assert kept() == [7]


def test_every_fault_is_said_with_its_line_and_the_old_figures_stay(import_, kept):
    import_(FIGURES)
    said = import_.refused(FIGURES + "xa-ea-o;36\nso-khong-co;1\nso-tu-phap;1.000\n")
    places = [line.split(":")[0].strip() for line in said.strip().split("\n")[1:]]
    assert places == ["dòng 4, cột agency", "dòng 5, cột agency", "dòng 6, cột transactions"]
    assert kept() == [35, 1200]


def test_a_wave_that_is_not_there_is_named(import_):
    assert import_.refused(FIGURES, wave="khong-co").endswith(" mã khong-co.")
