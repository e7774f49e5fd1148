"""Opening a fieldwork: all of the files or nothing, under numbers that chance gives."""

from __future__ import annotations

import dataclasses
import random
from collections import Counter

import pytest
from sqlalchemy import select

from survey.models import SampledUnit
from survey.services import agencies, fieldwork_export, fieldwork_opening, fieldworks
from survey.services.errors import AlreadyExistsError, ServiceError
from survey.services.import_problems import ImportRejected
from tests.survey import drawn_files as drawn


@pytest.fixture
def files(tmp_path):
    return drawn.files(tmp_path)


@pytest.fixture
def place(either_database, either_seeded, files):
    """A database with an open fieldwork."""
    drawn.make_wave(either_database)
    drawn.opened(either_database, files)
    return either_database


def known(database):
    with database.reading() as session:
        return agencies.listing(session)


def faults(files, database, **kinds):
    with pytest.raises(ImportRejected) as caught:
        fieldwork_opening.read_sample(files.sample, drawn.COLUMNS, agencies=known(database))
    return [(one.line, one.column, one.value) for one in caught.value.problems]


def test_units_are_those_of_the_files_and_numbers_are_by_chance(place, files):
    units = drawn.units(place)
    sample, reserve = drawn.read(files.sample), drawn.read(files.reserve)
    assert set(units) == {row["unit"] for row in sample + reserve}
    assert sorted(one.number for one in units.values()) == list(range(1, 21))
    in_order = [units[row["unit"]].number for row in sample + reserve]
    assert in_order != sorted(in_order)
    for row in sample:
        one = units[row["unit"]]
        assert (one.stratum, one.psu, one.weight, one.reserve_order) == (
            row["stratum"],
            row["day"],
            float(row["weight"]),
            None,
        )
    for row in reserve:
        one = units[row["unit"]]
        assert (one.stratum, one.psu, one.reserve_order) == (row["stratum"], row["day"], int(row["reserve_order"]))


def test_no_number_is_likelier_for_one_unit_than_for_another(files, database, seeded):
    drawn.make_wave(database)
    sample = fieldwork_opening.read_sample(files.sample, drawn.COLUMNS, agencies=known(database))
    counts = Counter()
    for number in range(600):
        with database.reading() as session:  # Undone at the end.
            fieldwork_opening.open_fieldwork(
                session,
                fieldworks.wave_of(session, "mau-2026"),
                fieldwork_opening.Drawn(sample),
                rng=random.Random(number),
                now=drawn.NOW,
            )
            counts[session.scalar(select(SampledUnit.number).where(SampledUnit.unit == sample[0].unit))] += 1
    # Chi-square of 11 degrees of freedom: above 31.3 once in a thousand.
    assert sum((counts[number] - 50) ** 2 / 50 for number in range(1, 13)) < 31.3


def test_a_sample_can_be_parquet(files, tmp_path, database, seeded):
    import pyarrow as pa
    from pyarrow import parquet

    rows = drawn.read(files.sample)
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    columns["weight"] = [float(text) for text in columns["weight"]]
    parquet.write_table(pa.table(columns), tmp_path / "drawn.parquet")
    as_csv, as_parquet = (
        fieldwork_opening.read_sample(path, drawn.COLUMNS, agencies=known(database))
        for path in (files.sample, tmp_path / "drawn.parquet")
    )
    assert as_csv == as_parquet


def test_every_fault_is_told_at_once_with_its_place(files, database, seeded):
    rows = drawn.read(files.sample)
    rows[0]["weight"], rows[1]["weight"], rows[2]["weight"] = "0", "-2", "nhiều"
    rows[3]["agency"] = "xa-nao-do"
    rows[4]["unit"] = rows[5]["unit"]
    rows[6]["stratum"] = ""
    drawn.write(files.sample, rows)
    assert faults(files, database) == [
        (2, "weight", "0"),
        (3, "weight", "-2"),
        (4, "weight", "nhiều"),
        (5, "agency", "xa-nao-do"),
        (7, "unit", rows[5]["unit"]),
        (8, "stratum", ""),
    ]


def test_a_reserve_has_other_units_and_a_place_to_take(files, database, seeded):
    rows = drawn.read(files.reserve)
    rows[0]["unit"] = drawn.read(files.sample)[3]["unit"]
    rows[1]["stratum"] = "khac"
    drawn.write(files.reserve, rows)
    sample = fieldwork_opening.read_sample(files.sample, drawn.COLUMNS, agencies=known(database))
    with pytest.raises(ImportRejected) as caught:
        fieldwork_opening.read_reserve(files.reserve, drawn.COLUMNS, agencies=known(database), sample=sample)
    assert [(one.line, one.column) for one in caught.value.problems] == [(2, "unit"), (3, "stratum")]


def test_a_fieldwork_is_of_a_sample_and_there_is_one(place, files, either_seeded):
    with pytest.raises(AlreadyExistsError, match="already"):
        drawn.opened(place, files)
    with pytest.raises(ServiceError, match="stream counter"):
        drawn.opened(place, files, wave=either_seeded.wave.code)


def test_a_sample_in_one_stage_has_no_primary_units_and_an_export_without_them(files, database, seeded):
    drawn.make_wave(database)
    columns = dataclasses.replace(drawn.COLUMNS, psu=None)
    sample = fieldwork_opening.read_sample(files.sample, columns, agencies=known(database))
    with database.writing() as session:
        wave = fieldworks.wave_of(session, "mau-2026")
        fieldwork_opening.open_fieldwork(
            session, wave, fieldwork_opening.Drawn(sample), rng=random.Random(1), now=drawn.NOW
        )
    drawn.answer(database, sample[0].unit)
    with database.reading() as session:
        found = fieldwork_export.table(session, fieldworks.get(session, "mau-2026"))
    assert "psu" not in found.names
    assert (found.responses, found.others, found.mismatches) == (1, 11, ())
