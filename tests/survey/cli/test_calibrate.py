"""`sipas calibrate` as a person runs it: the file it writes, what it prints, and how it refuses."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
from click.testing import CliRunner

from survey import i18n
from survey.cli.calibrate import command
from survey.services.calibrating import calibrate_file

SAMPLE = "sex,age,visits,w\nf,old,1,10\nf,young,3,10\nm,old,2,20\nm,young,2,20\nf,young,4,15\n"
MARGINS = "variable,level,total\nsex,f,60\nsex,m,40\nage,old,45\nage,young,55\n"


@pytest.fixture
def files(tmp_path):
    (tmp_path / "sample.csv").write_text(SAMPLE)
    (tmp_path / "margins.csv").write_text(MARGINS)
    return tmp_path


def run(files, *options: str, expected: int = 0):
    arguments = [str(files / "sample.csv"), "--weights", "w", "--margins", str(files / "margins.csv")]
    arguments += ["--out", str(files / "out.csv"), *options]
    with i18n.speaking(i18n.find("en")):
        result = CliRunner().invoke(command, arguments)
    if expected == 1:
        assert isinstance(result.exception, i18n.Translatable), result.output
        return str(result.exception)
    assert result.exit_code == expected, (result.output, result.exception)
    return result.stdout


def written(files):
    with (files / "out.csv").open() as stream:
        return list(csv.DictReader(stream))


def total_of(rows, column, level):
    return sum(float(row["weight_calibrated"]) for row in rows if row[column] == level)


@pytest.mark.parametrize(
    "method", [["rake"], ["linear"], ["logit", "--bounds", "0.1,3"], ["rake", "--bounds", "0.2,3"]]
)
def test_the_written_weights_meet_the_margins_and_the_rest_of_the_file_is_kept(files, method):
    report = json.loads(run(files, "--format", "json", "--method", *method))
    rows = written(files)
    for line in csv.DictReader(MARGINS.splitlines()):
        assert total_of(rows, line["variable"], line["level"]) == pytest.approx(float(line["total"]), rel=1e-9)
    assert [{k: v for k, v in row.items() if k != "weight_calibrated"} for row in rows] == list(
        csv.DictReader(SAMPLE.splitlines())
    )
    weights = np.array([float(row["weight_calibrated"]) for row in rows])
    assert report["max_margin_error"] <= 1e-10
    assert report["deff_weights"] == pytest.approx(5 * (weights**2).sum() / weights.sum() ** 2, rel=1e-14)
    assert (report["weight_min"], report["weight_max"]) == (weights.min(), weights.max())


def test_the_command_says_what_the_function_returns(files):
    report = json.loads(run(files, "--method", "rake", "--format", "json"))
    direct = calibrate_file(
        files / "sample.csv", weights="w", margins=files / "margins.csv", method="rake", out=files / "again.csv"
    )
    assert report == {name: getattr(direct, name) for name in report}
    assert (files / "again.csv").read_bytes() == (files / "out.csv").read_bytes()


def test_a_crossing_of_two_columns_is_post_stratified(files):
    cells = {"f:old": 25, "f:young": 35, "m:old": 18, "m:young": 22}
    lines = "".join(f"sex:age,{cell},{total}\n" for cell, total in cells.items())
    (files / "margins.csv").write_text("variable,level,total\n" + lines)
    run(files, "--method", "poststratify")
    weights = [float(row["weight_calibrated"]) for row in written(files)]
    assert weights == pytest.approx([25, 14, 18, 22, 21])


def test_totals_of_numbers_and_the_size_of_the_population_are_met(files):
    (files / "margins.csv").write_text("variable,level,total\n1,,100\nvisits,,250\n")
    run(files, "--method", "linear")
    rows = written(files)
    assert sum(float(row["weight_calibrated"]) for row in rows) == pytest.approx(100)
    assert sum(float(row["weight_calibrated"]) * float(row["visits"]) for row in rows) == pytest.approx(250)


def test_raking_to_the_total_of_a_number_keeps_weights_positive(files):
    (files / "margins.csv").write_text("variable,level,total\nsex,f,60\nsex,m,40\nvisits,,215\n")
    run(files, "--method", "rake")
    rows = written(files)
    assert sum(float(row["weight_calibrated"]) * float(row["visits"]) for row in rows) == pytest.approx(215)
    assert min(float(row["weight_calibrated"]) for row in rows) > 0


def test_trimmed_weights_keep_their_bounds_and_the_report_says_what_it_cost(files):
    report = json.loads(run(files, "--method", "rake", "--trim", "17,22", "--format", "json"))
    weights = [float(row["weight_calibrated"]) for row in written(files)]
    assert min(weights) >= 17
    assert max(weights) <= 22
    assert report["trimmed"] > 0
    assert report["max_margin_error"] > 1e-3
    assert report["sum_weights"] == pytest.approx(100)


def test_the_table_and_the_csv_name_every_figure(files):
    table = run(files, "--method", "rake")
    assert "Kish's design effect, after" in table
    heading, values = run(files, "--method", "rake", "--format", "csv").splitlines()
    assert len(heading.split(",")) == len(values.split(",")) == 10


def test_a_parquet_file_is_written_from_a_parquet_file(tmp_path, files):
    pytest.importorskip("pyarrow")
    import pyarrow.csv
    from pyarrow import parquet

    parquet.write_table(pyarrow.csv.read_csv(files / "sample.csv"), tmp_path / "sample.parquet")
    calibrate_file(
        tmp_path / "sample.parquet",
        weights="w",
        margins=files / "margins.csv",
        method="rake",
        out=tmp_path / "out.parquet",
    )
    run(files, "--method", "rake")
    expected = [float(row["weight_calibrated"]) for row in written(files)]
    assert parquet.read_table(tmp_path / "out.parquet")["weight_calibrated"].to_pylist() == expected


REFUSED = {
    "unknown column": ({"--weights": "ww"}, {}, "there is no column ww: did you mean w?"),
    "unknown margin": (
        {},
        {"margins.csv": MARGINS.replace("sex", "sexx")},
        "there is no column sexx: did you mean sex?",
    ),
    "level without a total": (
        {},
        {"margins.csv": MARGINS.replace("sex,m,40\n", "")},
        "the level m, which has no total",
    ),
    "level without respondents": (
        {},
        {"sample.csv": SAMPLE.replace("m,", "f,")},
        "nobody in the sample has the level m",
    ),
    "populations that differ": (
        {},
        {"margins.csv": MARGINS.replace("40", "50")},
        "add up to 110 but those of age to 100",
    ),
    "a zero weight": (
        {},
        {"sample.csv": SAMPLE.replace("1,10", "1,0")},
        "line 2, column w: the weight 0 is not above zero",
    ),
    "a negative weight": ({}, {"sample.csv": SAMPLE.replace("4,15", "4,-1")}, "line 6, column w: the weight -1"),
    "no weight": ({}, {"sample.csv": SAMPLE.replace("4,15", "4,")}, "line 6, column w: the weight – is not above zero"),
    "a weight that is text": ({}, {"sample.csv": SAMPLE.replace("4,15", "4,x")}, "line 6: “x” in the column w"),
    "a margin twice": ({}, {"margins.csv": MARGINS + "sex,f,3\n"}, "line 6: sex f is there twice"),
    "a margin without a variable": ({}, {"margins.csv": MARGINS + ",f,3\n"}, "line 6: a margin needs a variable"),
    "bounds out of reach": ({"--bounds": "0.9,1.1", "--method": "linear"}, {}, "factors between 0.9 and 1.1"),
    "logit without bounds": ({"--method": "logit"}, {}, "logit needs bounds"),
    "post-strata of two variables": ({"--method": "poststratify"}, {}, "cross two variables as a:b, or use rake"),
    "calibrated before": ({}, {"sample.csv": SAMPLE.replace("visits", "weight_calibrated")}, "has a column weight_cal"),
    "another kind of file": ({"--out": "out.parquet"}, {}, "must be of the same kind"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_done_is_refused_and_nothing_is_written(files, case):
    options, contents, message = REFUSED[case]
    for name, content in contents.items():
        (files / name).write_text(content)
    arguments = [part for option in ({"--method": "rake"} | options).items() for part in option]
    assert message in run(files, *arguments, expected=1)
    assert not (files / "out.csv").exists()
    assert not (files / "out.csv.part").exists()


@pytest.mark.parametrize("options", [["--method", "ipf"], ["--method", "linear", "--bounds", "1"], []])
def test_wrong_usage_leaves_with_status_2(files, options):
    run(files, *options, expected=2)
