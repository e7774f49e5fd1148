"""`sipas estimate` on a file read part by part: what the whole file gives, from parts of any size."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from survey.services import estimation_stream
from survey.services.estimation import estimate_file
from survey.services.estimation_design import DesignColumns
from survey.services.estimation_lines import Question
from survey.services.estimation_measures import condition, listed

OWN = Path(__file__).parents[3] / "tests" / "oracle" / "data"
DESIGN = DesignColumns("w", strata="stratum", psu="psu", lonely_psu="adjust")
MEASURES = [
    *listed("mean", ["q1,score"]),
    *listed("proportion", ["q1>=4,q1<3,score>2.5,town,town=Bàu,sex"]),
]
TOWNS = ["", "Ea", "Bàu", "10", "9", "Ô"]


def asked(path, measures=MEASURES, *, design=DESIGN, rows=None, **options):
    return estimate_file(path, measures, design=design, rows_at_a_time=rows, **options).estimates


def same(found, expected):
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        for key, value in asdict(other).items():
            wanted = pytest.approx(value, rel=1e-12, abs=1e-13) if isinstance(value, float) else value
            assert getattr(one, key) == wanted, (key, one, other)


@pytest.fixture
def streamed(monkeypatch):
    """How often the parts gave the answer."""
    answers, estimated = [], estimation_stream.estimated

    def heard(*arguments, **named):
        answers.append(estimated(*arguments, **named))
        return answers[-1]

    monkeypatch.setattr(estimation_stream, "estimated", heard)
    return answers


@pytest.fixture
def by_cells(monkeypatch):
    """The whole file counted in cells too, whose rounding is the same."""
    monkeypatch.setattr("survey.services.estimation_cells.WORTH_CELLS", 0)


def population(seed, rows):
    rng = np.random.default_rng(seed)
    heading = "stratum,psu,w,size,q1,score,town,sex"
    lines = [
        f"S{stratum},{psu},{weight:.3f},{60 + stratum},{q1},{score},{town},{sex}"
        for stratum, psu, weight, q1, score, town, sex in zip(
            rng.integers(0, 3, rows),
            rng.integers(0, 6, rows),
            rng.uniform(1, 9, rows),
            rng.choice(["", "1", "2", "3", "4", "5"], rows),
            rng.choice(["", "1.5", "2.25", "3.75", "-1"], rows),
            rng.choice(TOWNS, rows, p=[0.1, 0.3, 0.2, 0.2, 0.1, 0.1]),
            rng.choice(["nam", "nữ"], rows),
            strict=True,
        )
    ]
    # A level that is asked for must be there, however few rows chance was given.
    every = [f"S1,1,2,61,4,1.5,{town},nam" for town in TOWNS]
    # Levels that come late, and one that only the last row has.
    return "\n".join([heading, *lines, *every, "S0,0,2,60,5,3.75,Xã mới,khác"]) + "\n"


@pytest.fixture
def kinds(tmp_path, monkeypatch):
    """The same file as each of the three readers takes it."""
    path = tmp_path / "sample.csv"
    path.write_text(population(5, 300))

    def by_arrow():
        monkeypatch.setattr("survey.engine.arrow_csv.WORTH_ARROW", 0)
        monkeypatch.setattr("survey.engine.arrow_csv._BLOCK", 1000)
        # Texts are cast by pyarrow, not parsed one by one.
        monkeypatch.setattr("survey.engine.arrow_csv._MANY", 1)
        return path

    return {"csv": lambda: path, "arrow": by_arrow, "parquet": lambda: as_parquet(path)}


def as_parquet(path):
    pytest.importorskip("pyarrow")
    import pyarrow as pa
    from pyarrow import csv, parquet

    types = {"q1": pa.int8(), "psu": pa.int32(), "town": pa.string(), "score": pa.float64()}
    options = csv.ConvertOptions(column_types=types, strings_can_be_null=True)
    parquet.write_table(csv.read_csv(path, convert_options=options), path.with_suffix(".parquet"), row_group_size=37)
    return path.with_suffix(".parquet")


@pytest.mark.usefixtures("by_cells")
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), size=st.integers(20, 150), rows=st.integers(1, 60))
@pytest.mark.parametrize("by", [[], ["town"], ["sex", "town"]])
def test_parts_of_any_size_give_what_the_whole_file_gives(tmp_path_factory, by, seed, size, rows):
    path = tmp_path_factory.mktemp("parts") / "sample.csv"
    path.write_text(population(seed, size))
    same(asked(path, rows=rows, by=by), asked(path, by=by))


@pytest.mark.usefixtures("by_cells")
@pytest.mark.parametrize("kind", ["csv", "parquet", "arrow"])
@pytest.mark.parametrize("rows", [1, 7, 1000])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"by": ["town"], "where": [condition("q1>=2"), condition("sex=nữ")]},
        {"where": [condition("town=Xã mới")]},
        {"by": ["sex"], "design": DesignColumns("w", strata="stratum", psu="psu", fpc=("size",))},
        {"design": DesignColumns("w", psu="psu", lonely_psu="remove"), "confidence_level": 0.9},
    ],
)
def test_every_kind_of_file_and_question(kinds, streamed, kind, rows, options):
    path = kinds[kind]()
    expected = asked(path, **options)
    same(asked(path, rows=rows, **options), expected)
    assert [answer is not None for answer in streamed] == [True]


@pytest.mark.usefixtures("by_cells")
@pytest.mark.parametrize("ci", ["t", "logit", "beta", "wilson", "asin"])
def test_every_interval(tmp_path, streamed, ci):
    path = tmp_path / "sample.csv"
    path.write_text(population(6, 200))
    measures = listed("proportion", ["q1>=4,town"])
    same(asked(path, measures, rows=11, ci=ci, by=["sex"]), asked(path, measures, ci=ci, by=["sex"]))
    assert streamed[0]


@pytest.mark.parametrize("rule", ["adjust", "certainty", "remove"])
def test_our_own_survey_in_parts_is_estimated_as_by_r(streamed, rule):
    reference = json.loads((OWN / "reference.json").read_text(encoding="utf8"))
    expected = reference[f"sipas.{rule}.mean"]["result"]
    design = DesignColumns("w", strata="stratum", psu="psu", lonely_psu=rule)
    [line] = asked(OWN / "sipas_small.csv", listed("mean", ["q1"]), design=design, rows=13)
    assert [line.estimate, line.se] == pytest.approx([expected["coef"], expected["se"]], rel=1e-9)
    assert streamed[0]


@pytest.mark.parametrize("rule", ["average", "error"])
def test_a_lone_psu_that_cells_cannot_carry_is_left_to_the_whole_file(tmp_path, streamed, rule):
    path = tmp_path / "sample.csv"
    path.write_text(population(7, 100) + "lone,1,2,60,5,3,Ea,nam\n")
    design = DesignColumns("w", strata="stratum", psu="psu", lonely_psu=rule)
    measures = listed("mean", ["q1"])
    if rule == "average":
        same(asked(path, measures, design=design, rows=9), asked(path, measures, design=design))
    else:
        with pytest.raises(ValueError, match="lone"):
            asked(path, measures, design=design, rows=9)
    assert streamed == [None]


ROW = "S1,2,2.000,61,4,2.25,Ea,nam"
FAULTS = {
    "text among numbers": ("S1,2,2,61,tốt,2.25,Ea,nam", {}),
    "a zero weight": ("S1,2,0,61,4,2.25,Ea,nam", {}),
    "a missing weight": ("S1,2,,61,4,2.25,Ea,nam", {}),
    "an empty stratum": (",2,2,61,4,2.25,Ea,nam", {}),
    "an empty psu": ("S1,,2,61,4,2.25,Ea,nam", {}),
    "too many values": (ROW + ",1,2", {}),
    "another population": (
        "S1,2,2,70,4,2.25,Ea,nam",
        {"design": DesignColumns("w", strata="stratum", psu="psu", fpc=("size",))},
    ),
    "too small a population": (
        "S9,1,2,1,4,2.25,Ea,nam\nS9,2,2,1,4,2.25,Ea,nam",
        {"design": DesignColumns("w", strata="stratum", psu="psu", fpc=("size",))},
    ),
    "no population": (
        "S1,2,2,,4,2.25,Ea,nam",
        {"design": DesignColumns("w", strata="stratum", psu="psu", fpc=("size",))},
    ),
    "an unknown column": (ROW, {"by": ["twon"]}),
    "an unknown level": (ROW, {"where": [condition("town=Huế")]}),
    "nobody there": (ROW, {"where": [condition("q1>5")]}),
    "an interval that does not suit": (ROW, {"ci": "wilson"}),
}


@pytest.mark.parametrize("case", FAULTS)
@pytest.mark.parametrize("rows", [1, 10, 1000])
def test_faults_are_told_with_the_same_line_wherever_parts_end(tmp_path, case, rows):
    fault, options = FAULTS[case]
    lines = population(8, 60).splitlines()
    path = tmp_path / "sample.csv"
    # On lines 32 and below: parts of ten rows end before and after.
    path.write_text("\n".join([*lines[:31], fault, *lines[31:], fault.partition("\n")[0]]) + "\n")
    told = []
    for at_a_time in (None, rows):
        with pytest.raises(ValueError, match=r"\w") as caught:
            asked(path, rows=at_a_time, **options)
        told.append((type(caught.value), str(caught.value)))
    assert told[0] == told[1]
    assert options or case == "too many values" or "line 32" in told[0][1]


def test_a_blank_row_in_a_long_file_changes_nothing(tmp_path, monkeypatch, streamed):
    monkeypatch.setattr("survey.engine.arrow_csv.WORTH_ARROW", 0)
    monkeypatch.setattr("survey.engine.arrow_csv._BLOCK", 500)
    lines = population(9, 120).splitlines()
    path, blank = tmp_path / "sample.csv", tmp_path / "blank.csv"
    path.write_text("\n".join(lines) + "\n")
    blank.write_text("\n".join([*lines[:80], ",,,,,,,", "", *lines[80:]]) + "\n")
    same(asked(blank, rows=20), asked(path, rows=20))
    assert all(streamed)


def test_progress_is_heard_part_by_part(tmp_path):
    path = tmp_path / "sample.csv"
    path.write_text(population(10, 94))
    heard = []
    asked(as_parquet(path), rows=10, progress=heard.append)
    # Row groups of 37 rows: parts of 10, and what is left of each group.
    assert heard == pytest.approx(np.array([10, 20, 30, 37, 47, 57, 67, 74, 84, 94, 101]) / 101)


@pytest.mark.parametrize(
    ("measures", "design", "ci"),
    [
        ([("mean", "q1"), ("total", "q1")], {"psu": "psu"}, None),
        ([("ratio", "q1/score")], {"psu": "psu"}, None),
        ([("quantile", "q1:0.5")], {"psu": "psu"}, None),
        ([("mean", "q1")], {}, None),
        ([("mean", "q1")], {"psu": "psu", "ssu": "sex"}, None),
        ([("mean", "q1")], {"psu": "psu", "fpc": ("size", "size")}, None),
        ([("mean", "q1")], {"replicates": "r", "psu": "psu"}, None),
        ([("proportion", "q1")], {"psu": "psu"}, "likelihood"),
    ],
)
def test_what_cells_cannot_answer_needs_the_whole_file(measures, design, ci):
    question = [each for kind, text in measures for each in listed(kind, [text])]
    assert not estimation_stream.carried(Question(question, DesignColumns("w", **design), (), (), ci, 0.95))
