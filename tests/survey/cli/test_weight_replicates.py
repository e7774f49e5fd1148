"""Replicate weights of `sipas weights`: against R, against the sample without one unit, and read by `estimate`."""

from __future__ import annotations

import csv
import json
import random
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from survey import i18n
from survey.cli.estimate import command as estimate
from survey.cli.weights import command

SHARED = Path(__file__).parents[4] / "shared" / "reference" / "r-survey"
R_ONLY = pytest.mark.skipif(not SHARED.is_dir(), reason="R's example data are GPL and stay outside the project")
MARGINS = "variable,level,total\nsex,f,520\nsex,m,480\n"


def run(command, *arguments, fails=False):
    with i18n.speaking(i18n.find("en")):
        result = CliRunner().invoke(command, [str(one) for one in arguments])
    if fails:
        assert isinstance(result.exception, i18n.Translatable), (result.output, result.exception)
        return str(result.exception)
    assert result.exit_code == 0, (result.output, result.exception)
    return result.output


def read(path):
    with path.open(encoding="utf8") as stream:
        return list(csv.DictReader(stream))


def write(path, rows):
    with path.open("w", encoding="utf8", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def numbers(rows, column):
    return np.array([float(row[column]) for row in rows])


@pytest.fixture
def files(tmp_path):
    """Three agencies of four days each, six people a day, of whom some did not answer."""
    chance = random.Random(11)
    rows = [
        {
            "agency": agency,
            "day": day,
            "sex": chance.choice("fm"),
            "weight": 10.0 + 2 * day,
            "score": chance.randint(1, 5),
            "disposition": chance.choice(["1.1"] * 6 + ["2.1"] * 3 + ["3.1", "4.1"]),
        }
        for agency in ("A", "B", "C")
        for day in range(4)
        for _ in range(6)
    ]
    write(tmp_path / "sample.csv", rows)
    (tmp_path / "margins.csv").write_text(MARGINS)
    return tmp_path


STEPS = ["--disposition", "disposition", "--classes", "agency"]
DESIGN = ["--strata", "agency", "--psu", "day"]


def test_a_jackknife_replicate_is_the_weighting_of_the_sample_without_that_unit(files):
    steps = [*STEPS, "--margins", files / "margins.csv"]
    asked = ["--replicates", "jkn", *DESIGN, "--scales", files / "scales.csv"]
    run(command, files / "sample.csv", *steps, *asked, "--out", files / "out.csv")
    found, sample = read(files / "out.csv"), read(files / "sample.csv")
    units = [(agency, str(day)) for agency in "ABC" for day in range(4)]
    assert [name for name in found[0] if name.startswith("replicate")] == [f"replicate{n + 1}" for n in range(12)]
    for number, (agency, day) in enumerate(units, start=1):
        left = [dict(row) for row in sample if (row["agency"], row["day"]) != (agency, day)]
        for row in left:
            row["weight"] = float(row["weight"]) * (4 / 3 if row["agency"] == agency else 1)
        write(files / "left.csv", left)
        run(command, files / "left.csv", *steps, "--out", files / "without.csv")
        expected = iter(numbers(read(files / "without.csv"), "weight_calibrated"))
        for row in found:
            gone = (row["agency"], row["day"]) == (agency, day)
            assert float(row[f"replicate{number}"]) == pytest.approx(0.0 if gone else next(expected), rel=1e-9)
    assert numbers(read(files / "scales.csv"), "scale") == pytest.approx(np.full(12, 0.75))


def test_where_everybody_answered_the_jackknife_has_the_design_s_standard_error(files):
    rows = read(files / "sample.csv")
    write(files / "sample.csv", [{**row, "disposition": "respondent"} for row in rows])
    asked = ["--replicates", "jkn", *DESIGN, "--scales", files / "scales.csv", "--disposition", "disposition"]
    run(command, files / "sample.csv", *asked, "--out", files / "out.csv")
    wanted = ["--weights", "weight_nonresponse", "--total", "score", "--format", "json"]
    sets = ["--replicates", "replicate", "--replicate-method", "jkn", "--replicate-scales", files / "scales.csv"]
    # Nobody is missing, so that every set keeps its base weights; the jackknife of a total is its linearised variance.
    by_design = json.loads(run(estimate, files / "out.csv", *wanted, *DESIGN))["estimates"][0]
    by_sets = json.loads(run(estimate, files / "out.csv", *wanted, *sets))["estimates"][0]
    assert by_sets["estimate"] == pytest.approx(by_design["estimate"], rel=1e-12)
    assert by_sets["se"] == pytest.approx(by_design["se"], rel=1e-9)


def test_a_calibrated_margin_does_not_vary_and_adjusted_sets_need_their_scales(files):
    steps = [*STEPS, "--margins", files / "margins.csv"]
    asked = ["--replicates", "jkn", *DESIGN, "--scales", files / "scales.csv"]
    run(command, files / "sample.csv", *steps, *asked, "--out", files / "out.csv")
    wanted = ["--weights", "weight_calibrated", "--replicates", "replicate", "--replicate-method", "jkn"]
    wanted += ["--proportion", "sex=f", "--format", "json"]
    said = run(estimate, files / "out.csv", *wanted, fails=True)
    assert "replicate 1 was adjusted or calibrated" in said
    found = json.loads(run(estimate, files / "out.csv", *wanted, "--replicate-scales", files / "scales.csv"))
    assert found["estimates"][0]["estimate"] == pytest.approx(0.52, rel=1e-9)
    assert found["estimates"][0]["se"] == pytest.approx(0, abs=1e-9)


def test_a_bootstrap_is_the_same_for_the_same_seed_and_counts_units(files):
    asked = ["--replicates", "bootstrap", "--number", "40", *DESIGN, *STEPS]
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        run(command, files / "sample.csv", *asked, "--seed", seed, "--out", files / f"{name}.csv")
    assert (files / "a.csv").read_bytes() == (files / "b.csv").read_bytes()
    assert (files / "a.csv").read_bytes() != (files / "c.csv").read_bytes()
    rows = read(files / "a.csv")
    ratios = np.array([numbers(rows, f"replicate{n}") / numbers(rows, "weight_base") for n in range(1, 41)])
    for agency in "ABC":
        here = [place for place, row in enumerate(rows) if row["agency"] == agency]
        days = [rows[place]["day"] for place in here]
        for one in ratios[:, here]:
            # Rao-Wu: a day of the three drawn again from four counts 0, 1, 2 or 3 times, and its class by one factor.
            by_day = {day: one[days.index(day)] for day in days}
            assert all(value == pytest.approx(by_day[day]) for day, value in zip(days, one, strict=True))
            positive = [value for value in by_day.values() if value > 0]
            counts = np.array(positive) / min(positive)
            twice = 2 * counts
            assert twice == pytest.approx(np.round(twice), abs=1e-9)
            assert len(positive) <= 3


def test_replicates_without_what_they_need_are_refused(files):
    out = ["--out", files / "out.csv"]
    assert "--seed" in run(command, files / "sample.csv", *STEPS, *out, "--replicates", "bootstrap", fails=True)
    said = run(command, files / "sample.csv", *STEPS, *DESIGN, *out, "--replicates", "jkn", fails=True)
    assert "say with --scales" in said
    rows = read(files / "sample.csv")
    write(files / "sample.csv", [{**row, "disposition": "1.1" if row["day"] == "0" else "2.1"} for row in rows])
    asked = ["--replicates", "jkn", *DESIGN, "--scales", files / "scales.csv"]
    said = run(command, files / "sample.csv", *STEPS, *out, *asked, fails=True)
    assert said.startswith("replicate 1: class agency=A: none of its eligible persons answered")
    assert not (files / "out.csv").exists()
    assert not (files / "scales.csv").exists()


def test_scales_of_another_number_or_below_zero_are_refused(files):
    asked = ["--replicates", "jkn", *DESIGN, "--scales", files / "scales.csv"]
    run(command, files / "sample.csv", *STEPS, *asked, "--out", files / "out.csv")
    wanted = ["--weights", "weight_nonresponse", "--replicates", "replicate", "--replicate-method", "jkn"]
    wanted += ["--mean", "score", "--replicate-scales", files / "scales.csv"]
    (files / "scales.csv").write_text("replicate,scale\nreplicate1,0.75\n")
    assert "1 scales for 12 replicates" in run(estimate, files / "out.csv", *wanted, fails=True)
    (files / "scales.csv").write_text("replicate,scale\nreplicate1,-0.75\n")
    assert "line 2, column scale" in run(estimate, files / "out.csv", *wanted, fails=True)


def of_r(name, tmp_path):
    rows = read(SHARED / f"{name}.csv")
    write(tmp_path / "sample.csv", [{**row, "disposition": "1.1"} for row in rows])
    reference = json.loads((SHARED / "reference.json").read_text())
    lines = ["variable,level,total"]
    for variable in ("stype", "sch.wide", "awards"):
        lines += [f"{variable},{level},{total}" for level, total in reference["population"][variable].items()]
    (tmp_path / "margins.csv").write_text("\n".join(lines) + "\n")
    return reference


@R_ONLY
def test_raked_jackknife_weights_and_their_standard_error_are_r_s(tmp_path):
    # R 4.2.2, survey 4.5: rake(as.svrepdesign(clus1), …, epsilon = 1e-8), then svymean(~api00).
    reference = of_r("apiclus1", tmp_path)
    asked = ["--weights", "pw", "--disposition", "disposition", "--margins", tmp_path / "margins.csv"]
    asked += ["--replicates", "jkn", "--psu", "dnum", "--out", tmp_path / "out.csv"]
    run(command, tmp_path / "sample.csv", *asked)
    rows, expected = read(tmp_path / "out.csv"), read(SHARED / "rep_jk1_clus1_rake3.csv")
    # R stops raking at a change of 1e-8 and we at the fixed point.
    assert numbers(rows, "weight_calibrated") == pytest.approx(numbers(expected, "w"), rel=1e-7)
    of_us = np.array([numbers(rows, f"replicate{n}") for n in range(1, 16)])
    of_r_ = np.array([numbers(expected, f"rep{n}") for n in range(1, 16)])
    order = [int(np.argmin(np.abs(of_r_ - one).sum(axis=1))) for one in of_us]
    assert sorted(order) == list(range(15))
    assert of_us == pytest.approx(of_r_[order], rel=1e-6, abs=1e-9)
    wanted = ["--weights", "weight_calibrated", "--replicates", "replicate", "--replicate-method", "jk1"]
    found = json.loads(run(estimate, tmp_path / "out.csv", *wanted, "--mean", "api00", "--format", "json"))
    known = reference["rep.jk1_clus1_rake3"]["result"]["mean"]
    assert found["estimates"][0]["estimate"] == pytest.approx(known["coef"], rel=1e-7)
    assert found["estimates"][0]["se"] == pytest.approx(known["se"], rel=1e-6)


@R_ONLY
def test_jackknife_weights_by_strata_are_r_s(tmp_path):
    of_r("apistrat", tmp_path)
    asked = ["--weights", "pw", "--disposition", "disposition", "--classes", "stype", "--scales", tmp_path / "s.csv"]
    asked += ["--replicates", "jkn", "--strata", "stype", "--out", tmp_path / "out.csv"]
    run(command, tmp_path / "sample.csv", *asked)
    rows, expected = read(tmp_path / "out.csv"), read(SHARED / "rep_jkn_strat.csv")
    of_us = np.array([numbers(rows, f"replicate{n}") for n in range(1, 201)])
    of_r_ = np.array([numbers(expected, f"rep{n}") for n in range(1, 201)])
    # Each leaves one school out, whose row tells the sets apart.
    assert of_us[np.argsort((of_us == 0).argmax(axis=1))] == pytest.approx(
        of_r_[np.argsort((of_r_ == 0).argmax(axis=1))], rel=1e-8
    )
    sizes = {"E": 100, "M": 50, "H": 50}
    left_out = [rows[place]["stype"] for place in (of_us == 0).argmax(axis=1)]
    scales = numbers(read(tmp_path / "s.csv"), "scale")
    assert scales == pytest.approx([1 - 1 / sizes[stype] for stype in left_out])


@R_ONLY
def test_raked_and_trimmed_weights_give_r_s_mean(tmp_path):
    # R: trimWeights(rake(clus1, …), upper = 35, lower = 20, strict = TRUE), then svymean(~api00).
    reference = of_r("apiclus1", tmp_path)
    asked = ["--weights", "pw", "--disposition", "disposition", "--margins", tmp_path / "margins.csv"]
    run(command, tmp_path / "sample.csv", *asked, "--trim", "20,35", "--out", tmp_path / "out.csv")
    rows, known = read(tmp_path / "out.csv"), reference["trim.rake3.clus1"]["result"]
    weights = numbers(rows, "weight_trimmed")
    assert [weights.min(), weights.max()] == pytest.approx(known["range2"], rel=1e-6)
    assert weights @ numbers(rows, "api00") / weights.sum() == pytest.approx(known["est_strict"]["coef"], rel=1e-7)
