"""`sipas weights` as a person runs it: the file it writes, its report, and how it refuses."""

from __future__ import annotations

import csv
import io
import json
import random

import pytest
from click.testing import CliRunner
from docx import Document

from survey import i18n
from survey.cli.design import command as design
from survey.cli.weights import command

MARGINS = "variable,level,total\nsex,f,520\nsex,m,480\nage,old,450\nage,young,550\n"
CODES = {"R": "1.1", "N": "2.11", "I": "4.1", "U": "3.1"}


@pytest.fixture
def files(tmp_path):
    """A frame of 1,000, the sample that `design select` draws from it, and what became of it."""
    chance = random.Random(5)
    rows = [(f"H0{n % 4 + 1}", chance.choice("fm"), chance.choice(["old", "young"])) for n in range(1000)]
    lines = ["id,agency,sex,age", *(f"{n},{','.join(row)}" for n, row in enumerate(rows))]
    (tmp_path / "frame.csv").write_text("\n".join(lines) + "\n")
    (tmp_path / "margins.csv").write_text(MARGINS)
    arguments = ["select", str(tmp_path / "frame.csv"), "--method", "stratified", "--strata", "agency", "--n", "240"]
    drawn = CliRunner().invoke(design, [*arguments, "--seed", "3", "--out", str(tmp_path / "drawn.csv")])
    assert drawn.exit_code == 0, drawn.output
    sample = read(tmp_path / "drawn.csv")
    for place, row in enumerate(sample):
        odds = {"old": "RRRNNIU", "young": "RRRRRRNNNIU"}[row["age"]]
        row["disposition"] = CODES["R" if place < 4 else chance.choice(odds)]
    write(tmp_path / "sample.csv", sample)
    return tmp_path


def read(path):
    with path.open(encoding="utf8") as stream:
        return list(csv.DictReader(stream))


def write(path, rows):
    with path.open("w", encoding="utf8", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def run(files, *options, expected=0, language="en"):
    arguments = [str(files / "sample.csv"), "--disposition", "disposition", "--out", str(files / "out.csv"), *options]
    with i18n.speaking(i18n.find(language)):
        result = CliRunner().invoke(command, arguments)
    if expected == 1:
        assert isinstance(result.exception, i18n.Translatable), (result.output, result.exception)
        assert not (files / "out.csv").exists()
        return str(result.exception)
    assert result.exit_code == expected, (result.output, result.exception)
    return result.output


def weight(rows, column, **where):
    return sum(float(row[column]) for row in rows if all(row[name] == level for name, level in where.items()))


def test_the_file_has_the_respondents_and_the_weights_of_each_step(files):
    run(files, "--classes", "agency", "--margins", str(files / "margins.csv"), "--trim", "2,9")
    sample = [row for row in read(files / "sample.csv") if row["disposition"] == "1.1"]
    rows = read(files / "out.csv")
    assert [{name: row[name] for name in sample[0]} for row in rows] == sample
    added = ["weight_base", "weight_nonresponse", "weight_calibrated", "weight_trimmed"]
    assert list(rows[0])[-4:] == added
    assert [row["weight_base"] for row in rows] == [row["weight"] for row in rows]
    for line in csv.DictReader(MARGINS.splitlines()):
        level = {line["variable"]: line["level"]}
        assert weight(rows, "weight_calibrated", **level) == pytest.approx(float(line["total"]), rel=1e-9)
    assert max(float(row["weight_trimmed"]) for row in rows) <= 9


def test_within_an_agency_respondents_stand_for_the_eligible(files):
    run(files, "--classes", "agency")
    rows, sample = read(files / "out.csv"), read(files / "sample.csv")
    for agency in ("H01", "H02", "H03", "H04"):
        sums = {name: weight(sample, "weight", agency=agency, disposition=code) for name, code in CODES.items()}
        eligible = sums["R"] + sums["N"]
        share = eligible / (eligible + sums["I"])
        expected = eligible + share * sums["U"]
        assert weight(rows, "weight_nonresponse", agency=agency) == pytest.approx(expected, rel=1e-12)


def test_the_report_agrees_with_the_file(files):
    options = ["--classes", "agency,sex", "--margins", str(files / "margins.csv"), "--format", "json"]
    report = json.loads(run(files, *options))
    rows, sample = read(files / "out.csv"), read(files / "sample.csv")
    assert report["drawn"] == len(sample) == sum(report["outcomes"].values())
    assert report["outcomes"]["respondent"] == len(rows)
    assert report["column"] == "weight_calibrated"
    for step in report["steps"]:
        weights = [float(row[f"weight_{step['name']}"]) for row in rows]
        mean = sum(weights) / len(weights)
        cv2 = sum((one - mean) ** 2 for one in weights) / len(weights) / mean**2
        assert step["distribution"]["design_effect"] == pytest.approx(1 + cv2, rel=1e-12)
        assert (step["distribution"]["smallest"], step["distribution"]["largest"]) == (min(weights), max(weights))
    assert sum(line["respondents"] for line in report["classes"]) == len(rows)
    for line in report["classes"]:
        assert line["factor"] == pytest.approx(1 / line["response_rate"], rel=1e-12)
    largest = report["largest"][0]
    text = (files / "sample.csv").read_text().splitlines()[largest["line"] - 1]
    assert max(float(row["weight_calibrated"]) for row in rows) == largest["weight"]
    found = next(row for row in rows if row["id"] == text.split(",")[0])
    assert float(found["weight_calibrated"]) == largest["weight"]
    before = {(line["variable"], line["level"]): line["before"] for line in report["margins"]}
    assert before["sex", "f"] == pytest.approx(weight(rows, "weight_nonresponse", sex="f"), rel=1e-12)


def test_the_response_rate_is_aapor_s_rr4(files):
    report = json.loads(run(files, "--format", "json"))
    counts = report["outcomes"]
    eligible = counts["respondent"] + counts["nonrespondent"]
    share = eligible / (eligible + counts["ineligible"])
    assert report["response_rate"] == pytest.approx(counts["respondent"] / (eligible + share * counts["unknown"]))


@pytest.mark.parametrize("classes", ["0", "5"])
def test_propensities_adjust_too(files, classes):
    options = ["--propensity", "age,sex", "--propensity-classes", classes, "--format", "json"]
    report = json.loads(run(files, *options))
    assert set(report["propensity"]) == {"(intercept)", "age=young", "sex=m"}
    assert report["adjusted_by"] == "propensity"
    rows = read(files / "out.csv")
    assert all(float(row["weight_nonresponse"]) >= float(row["weight_base"]) for row in rows)
    assert all(line["factor"] >= 1 for line in report["classes"])


@pytest.mark.parametrize(
    ("language", "title", "head"), [("vi", "Báo cáo trọng số", "Trung vị"), ("en", "Weighting report", "Median")]
)
def test_the_report_is_written_in_markdown_and_word(files, language, title, head):
    options = ["--classes", "agency", "--margins", str(files / "margins.csv")]
    shown = run(files, *options, "--report", str(files / "report.md"), language=language)
    page = (files / "report.md").read_text(encoding="utf8")
    assert page.startswith(f"# {title}\n")
    tables = [block for block in page.split("\n\n") if block.startswith("|")]
    assert len(tables) == 5
    assert all(len({line.count(" | ") for line in table.splitlines()}) == 1 for table in tables)
    run(files, *options, "--report", str(files / "report.docx"), language=language)
    document = Document(io.BytesIO((files / "report.docx").read_bytes()))
    assert document.paragraphs[0].text == title
    assert len(document.tables) == 5
    assert head in [cell.text for cell in document.tables[1].rows[0].cells]
    assert head in shown


def test_small_classes_are_merged_only_on_request_and_the_report_says_which(files):
    rows = read(files / "sample.csv")
    for row in rows:
        if row["agency"] == "H02" and row["sex"] == "m":
            row["disposition"] = "2.2"
    write(files / "sample.csv", rows)
    refused = run(files, "--classes", "agency,sex", expected=1)
    assert refused.startswith("class agency=H02, sex=m: none of its eligible persons answered")
    report = json.loads(run(files, "--classes", "agency,sex", "--minimum-class", "5", "--format", "json"))
    merged = [line["name"] for line in report["classes"] if line["merged"] > 1]
    assert merged == ["agency=H02, sex=f + agency=H02, sex=m"]
    assert merged[0] in report["notes"][0]


def mended(files, **changes):
    rows = read(files / "sample.csv")
    rows[2].update(changes)
    write(files / "sample.csv", rows)


REFUSED = {
    "no disposition": ({"disposition": ""}, [], "row 4, column disposition: the disposition is missing"),
    "strange disposition": ({"disposition": "xong"}, [], "row 4, column disposition: “xong” is no disposition"),
    "negative weight": ({"weight": "-2"}, [], "line 4, column weight: the weight -2 is not above zero"),
    "another weight": ({"weight": "7"}, [], "line 4: the weight 7 in the column weight is not 1 over the inclusion"),
    "no class": ({"sex": ""}, ["--classes", "sex"], "row 4, column sex: 1 persons drawn have no value"),
    "no level of a margin": ({"sex": "", "disposition": "1.1"}, ["--margins", "{margins}"], "first in row 4"),
    "bounds too tight": ({}, ["--trim", "1,1.5"], "the mean weight"),
    "no such column": ({}, ["--classes", "agenc"], "there is no column agenc: did you mean agency?"),
}


@pytest.mark.parametrize(("changes", "options", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_wrong_is_said_with_its_line_and_nothing_is_written(files, changes, options, message):
    if changes:
        mended(files, **changes)
    options = [option.format(margins=files / "margins.csv") for option in options]
    assert message in run(files, *options, expected=1)


def test_margins_of_different_populations_are_refused(files):
    (files / "margins.csv").write_text(MARGINS.replace("550", "560"))
    said = run(files, "--margins", str(files / "margins.csv"), expected=1)
    assert "the totals of sex add up to 1000 but those of age to 1010" in said


def test_weights_are_not_written_over_the_sample_or_twice(files):
    with i18n.speaking(i18n.find("en")):
        sample = str(files / "sample.csv")
        result = CliRunner().invoke(command, [sample, "--disposition", "disposition", "--out", sample])
    assert "is the sample itself" in str(result.exception)
    run(files)
    (files / "out.csv").rename(files / "sample.csv")
    assert "has a column weight_base already" in run(files, expected=1)


def test_a_report_of_another_kind_is_a_usage_error(files):
    assert ".md, .docx, .json" in run(files, "--report", "report.pdf", expected=2)
