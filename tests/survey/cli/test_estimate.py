"""`sipas estimate` as a person runs it: R's numbers from R's files, the three formats, and how it refuses."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from survey import i18n
from survey.cli.estimate import command
from survey.services.estimation import estimate_file
from survey.services.estimation_design import DesignColumns
from survey.services.estimation_measures import condition, measure

ROOT = Path(__file__).parents[3]
SHARED = ROOT.parent / "shared" / "reference" / "r-survey"
OWN = ROOT / "tests" / "oracle" / "data"
needs_r_data = pytest.mark.skipif(not SHARED.is_dir(), reason="R's example data are GPL and stay outside the project")

DESIGNS = {
    "srs": ["apisrs.csv", "--weights", "pw", "--fpc", "fpc"],
    "strat": ["apistrat.csv", "--weights", "pw", "--strata", "stype", "--fpc", "fpc"],
    "strat_nofpc": ["apistrat.csv", "--weights", "pw", "--strata", "stype"],
    "clus1": ["apiclus1.csv", "--weights", "pw", "--psu", "dnum", "--fpc", "fpc"],
    "clus1_nofpc": ["apiclus1.csv", "--weights", "pw", "--psu", "dnum"],
}
SAMPLE = "stratum,psu,w,size,town,q1,visits\n" + "".join(
    f"{stratum},{stratum}{psu},{w},40,{town},{q1},{visits}\n"
    for stratum, psu, w, town, q1, visits in [
        ("N", 1, 10, "A", 4, 1),
        ("N", 1, 12, "A", 5, 3),
        ("N", 2, 10, "B", 2, 2),
        ("N", 3, 11, "B", "", 4),
        ("S", 1, 20, "A", 3, 1),
        ("S", 2, 20, "B", 4, 2),
        ("S", 2, 25, "B", 5, 5),
    ]
)


@pytest.fixture(scope="module")
def reference():
    source = SHARED if SHARED.is_dir() else OWN
    return json.loads((source / "reference.json").read_text(encoding="utf8"))


@pytest.fixture
def sample(tmp_path):
    path = tmp_path / "sample.csv"
    path.write_text(SAMPLE)
    return path


def invoke(*arguments: object, language: str = "en"):
    with i18n.speaking(i18n.find(language)):
        return CliRunner().invoke(command, [str(argument) for argument in arguments])


def run(*arguments: object):
    result = invoke(*arguments, "--format", "json")
    assert result.exit_code == 0, (result.output, result.exception)
    document = json.loads(result.stdout)
    assert result.stdout.count("\n") == 1
    assert result.stderr == ""
    return document["estimates"]


def refusal(*arguments: object) -> str:
    result = invoke(*arguments, "--format", "json")
    assert isinstance(result.exception, i18n.Translatable), (result.output, result.exception)
    assert result.stdout == ""
    return str(result.exception)


def near(expected):
    # Two programs in double precision.
    return pytest.approx(np.ravel(expected).tolist(), rel=1e-9)


def column(estimates, key):
    return [line[key] for line in estimates]


@needs_r_data
@pytest.mark.parametrize("name", DESIGNS)
def test_means_and_totals_are_those_of_r(reference, name):
    file, *design = DESIGNS[name]
    lines = run(SHARED / file, *design, "--mean", "api00", "--total", "enroll")
    for line, case in zip(lines, (f"mean_deff.{name}", f"total.{name}"), strict=True):
        expected = reference[case]["result"]
        place = [each.lower() for each in np.atleast_1d(expected["names"])].index(line["variable"])
        assert line["estimate"] == pytest.approx(np.ravel(expected["coef"])[place], rel=1e-9)
        assert line["se"] == pytest.approx(np.ravel(expected["se"])[place], rel=1e-9)
    deff = np.ravel(reference[f"mean_deff.{name}"]["result"]["deff"])[0]
    assert lines[0]["deff"] == pytest.approx(deff, rel=1e-9)


@needs_r_data
@pytest.mark.parametrize("name", ["srs", "strat", "strat_nofpc", "clus1"])
def test_domains_are_those_of_svyby(reference, name):
    file, *design = DESIGNS[name]
    lines = run(SHARED / file, *design, "--mean", "api00", "--by", "stype")
    expected = reference[f"by.mean.stype.{name}"]["result"]
    assert [line["domain"] for line in lines] == [{"stype": key} for key in expected["keys"]["stype"]]
    assert column(lines, "estimate") == near(expected["coef"])
    assert column(lines, "se") == near(expected["se"])


@needs_r_data
@pytest.mark.parametrize("name", DESIGNS)
@pytest.mark.parametrize("method", ["beta", "wilson", "asin"])
def test_intervals_of_proportions_are_those_of_svyciprop(reference, method, name):
    file, *design = DESIGNS[name]
    cases = ((0.95, "sch.wide", f"ciprop.{method}.{name}"), (0.9, "awards", f"ciprop90.{method}.{name}"))
    for level, variable, case in cases:
        [line] = run(SHARED / file, *design, "--proportion", f"{variable}=Yes", "--ci", method, "--level", level)
        expected = reference[case]["result"]
        assert line["estimate"] == pytest.approx(expected["est"], rel=1e-9)
        assert [line["ci_low"], line["ci_high"]] == near(expected["ci"])


@needs_r_data
@pytest.mark.parametrize("name", ["jk1_clus1", "boot_clus1", "jkn_strat"])
def test_given_replicate_weights_are_used_as_in_r(reference, tmp_path, name):
    file = {"jk1_clus1": "apiclus1", "boot_clus1": "apiclus1", "jkn_strat": "apistrat"}[name]
    method = {"jk1_clus1": "jk1", "boot_clus1": "bootstrap", "jkn_strat": "jkn"}[name]
    path = tmp_path / "both.csv"
    with (SHARED / f"{file}.csv").open() as data, (SHARED / f"rep_{name}.csv").open() as replicates:
        path.write_text("".join(a.rstrip("\n") + "," + b for a, b in zip(data, replicates, strict=True)))
    lines = run(path, "--weights", "w", "--replicates", "rep", "--replicate-method", method, "--mean", "api00")
    expected = reference[f"rep.{name}"]["result"]["mean"]
    assert [lines[0]["estimate"], lines[0]["se"]] == near([np.ravel(expected["coef"])[0], np.ravel(expected["se"])[0]])


@pytest.mark.parametrize("rule", ["adjust", "average", "certainty", "remove"])
def test_our_own_survey_with_a_lonely_psu_is_estimated_as_by_r(reference, rule):
    if f"sipas.{rule}.mean" not in reference:
        pytest.skip("the case is not among the project's own")
    design = ["--weights", "w", "--strata", "stratum", "--psu", "psu", "--lonely-psu", rule]
    expected = reference[f"sipas.{rule}.mean"]["result"]
    [line] = run(OWN / "sipas_small.csv", *design, "--mean", "q1")
    assert [line["estimate"], line["se"]] == near([expected["coef"], expected["se"]])


def test_the_command_says_what_the_function_returns(sample):
    lines = run(
        sample,
        "--weights",
        "w",
        "--strata",
        "stratum",
        "--psu",
        "psu",
        "--mean",
        "q1",
        "--proportion",
        "q1>=4,town",
        "--ratio",
        "q1/visits",
        "--by",
        "town",
        "--where",
        "visits<5",
    )
    direct = estimate_file(
        sample,
        [
            measure("mean", "q1"),
            measure("proportion", "q1>=4"),
            measure("proportion", "town"),
            measure("ratio", "q1/visits"),
        ],
        design=DesignColumns("w", strata="stratum", psu="psu"),
        by=["town"],
        where=[condition("visits<5")],
    )
    assert lines == [{name: getattr(line, name) for name in lines[0]} for line in direct.estimates]


def test_a_share_is_counted_by_hand(sample):
    design = ["--weights", "w", "--strata", "stratum", "--psu", "psu"]
    [line] = run(sample, *design, "--proportion", "q1>=4")
    # 10, 12, 20 and 25 of the 97 that answered.
    assert line["estimate"] == pytest.approx(67 / 97)
    assert (line["n"], line["sum_weights"], line["level_of"]) == (6, 97, ">=4")
    levels = run(sample, *design, "--proportion", "town")
    assert [(each["level_of"], each["n"]) for each in levels] == [("A", 7), ("B", 7)]
    assert sum(column(levels, "estimate")) == pytest.approx(1)
    [nobody] = run(sample, *design, "--proportion", "q1>5")
    assert (nobody["estimate"], nobody["se"], nobody["ci_low"]) == (0, 0, 0)
    assert nobody["ci_high"] > 0


def test_a_ratio_to_nothing_is_null_and_not_a_broken_document(sample):
    sample.write_text(SAMPLE.replace("visits", "none").replace(",1\n", ",0\n").replace(",2\n", ",0\n"))
    [line] = run(sample, "--weights", "w", "--ratio", "q1/none", "--where", "none=0")
    assert (line["estimate"], line["se"], line["ci_low"]) == (None, None, None)
    assert "–" in invoke(sample, "--weights", "w", "--ratio", "q1/none", "--where", "none=0").stdout


@needs_r_data
@pytest.mark.parametrize("name", DESIGNS)
def test_degrees_of_freedom_are_the_designs_where_answers_are_missing(reference, monkeypatch, name):
    file, *design = DESIGNS[name]
    expected = reference[f"mean_na.{name}"]["result"]
    for work in (2_000_000, 0):
        monkeypatch.setattr("survey.services.estimation_cells.WORTH_CELLS", work)
        [line] = run(SHARED / file, *design, "--mean", "acs.46")
        assert [line["estimate"], line["se"], line["df"]] == near([expected["coef"], expected["se"], expected["df"]])
        assert [line["ci_low"], line["ci_high"]] == near([expected["ci_t"]["lo"], expected["ci_t"]["hi"]])


def test_quantiles_are_estimated(sample):
    [line] = run(sample, "--weights", "w", "--quantile", "visits:0.5")
    assert (line["measure"], line["variable"], line["level_of"]) == ("quantile", "visits", "0.5")
    assert 1 <= line["estimate"] <= 5


@needs_r_data
@pytest.mark.parametrize(("ci", "kind"), [("t", "mean"), ("beta", "beta"), ("logit", "xlogit"), ("asin", "asin")])
def test_quantiles_and_their_intervals_are_those_of_svyquantile(reference, ci, kind):
    file, *design = DESIGNS["clus1"]
    lines = run(SHARED / file, *design, "--quantile", "api00:0.1,api00:0.5,api00:0.9", "--ci", ci)
    expected = reference["quant.clus1"]["result"][kind]
    assert column(lines, "estimate") == near(np.array(expected["q"])[[0, 2, 4]])
    assert column(lines, "ci_low") == near(np.array(expected["ci"])[[0, 2, 4]])
    assert column(lines, "se") == near(np.array(expected["se"])[[0, 2, 4]])


def test_a_domain_is_not_a_filtered_file(sample, tmp_path):
    rows = SAMPLE.splitlines(keepends=True)
    filtered = tmp_path / "filtered.csv"
    filtered.write_text(rows[0] + "".join(row for row in rows[1:] if ",A," in row))
    design = ["--weights", "w", "--psu", "psu", "--total", "visits"]
    [within], [alone] = run(sample, *design, "--where", "town=A"), run(filtered, *design)
    assert within["estimate"] == alone["estimate"]
    # The PSUs without anyone of A are zeros, and they vary.
    assert within["se"] > alone["se"]


def test_domains_asked_for_in_batches_are_those_asked_for_at_once(sample, monkeypatch):
    options = ["--weights", "w", "--psu", "psu", "--proportion", "q1", "--mean", "visits", "--by", "town,stratum"]
    at_once = run(sample, *options)
    monkeypatch.setattr("survey.services.estimation._BATCH", 1)
    assert run(sample, *options) == at_once


CELLS = {
    "clustered": ["--strata", "stratum", "--psu", "psu", "--lonely-psu", "adjust"],
    "certain strata": ["--strata", "stratum", "--psu", "psu", "--lonely-psu", "certainty"],
    "respondents drawn alone": [],
    "of a finite population": ["--fpc", "size"],
    "clusters without strata": ["--psu", "cluster"],
}


@pytest.mark.parametrize("case", CELLS)
def test_cells_give_what_asking_domain_by_domain_gives(monkeypatch, tmp_path, case):
    path = tmp_path / "sized.csv"
    rows = (OWN / "sipas_small.csv").read_text().splitlines()
    lines = (f"{row},900,{'-'.join(row.split(',')[:2])}" for row in rows[1:])
    path.write_text("\n".join([rows[0] + ",size,cluster", *lines]) + "\n")
    options = [path, "--weights", "w", *CELLS[case], "--by", "agency", "--where", "q5>1", "--mean", "q1,q2"]
    options += ["--proportion", "q1>=4,q2<3,sex,ageg=2", "--total", "q3", "--ratio", "q3/q4"]
    one_by_one = run(*options)
    monkeypatch.setattr("survey.services.estimation_cells.WORTH_CELLS", 0)
    monkeypatch.setattr("survey.services.estimation_cells._AT_A_TIME", 500)
    by_cells = run(*options)
    assert len(by_cells) == len(one_by_one) > 50
    for one, other in zip(by_cells, one_by_one, strict=True):
        texts = ("measure", "variable", "level_of", "domain", "n", "df")
        assert [one[key] for key in texts] == [other[key] for key in texts]
        for key in ("estimate", "se", "ci_low", "ci_high", "deff", "sum_weights"):
            near_other = None if other[key] is None else pytest.approx(other[key], rel=1e-9, abs=1e-12)
            assert one[key] == near_other, (key, one, other)


def test_a_census_of_the_psus_has_no_variance_left(sample):
    text = SAMPLE.replace(",40,", ",3,").replace("S1,20,3", "S1,20,2").replace("S2,20,3", "S2,20,2")
    sample.write_text(text.replace("S2,25,3", "S2,25,2"))
    [line] = run(sample, "--weights", "w", "--strata", "stratum", "--psu", "psu", "--fpc", "size", "--mean", "visits")
    assert line["se"] == 0


def test_parquet_gives_the_same_numbers(sample, tmp_path):
    pytest.importorskip("pyarrow")
    import pyarrow.csv
    from pyarrow import parquet

    path = tmp_path / "sample.parquet"
    parquet.write_table(pyarrow.csv.read_csv(sample), path)
    options = ["--weights", "w", "--strata", "stratum", "--psu", "psu", "--mean", "q1", "--by", "town"]
    assert run(path, *options) == run(sample, *options)


def test_the_csv_has_a_column_for_each_domain_variable_and_full_precision(sample):
    options = [sample, "--weights", "w", "--mean", "q1", "--by", "town"]
    rows = list(csv.DictReader(io.StringIO(invoke(*options, "--format", "csv").stdout)))
    lines = run(*options)
    assert [row["town"] for row in rows] == ["A", "B"]
    assert [float(row["se"]) for row in rows] == column(lines, "se")


def test_the_table_speaks_the_readers_language(sample):
    options = [sample, "--weights", "w", "--proportion", "q1>=4", "--quantile", "visits:0.5", "--by", "town"]
    assert "share of q1>=4" in invoke(*options).stdout
    vietnamese = invoke(*options, language="vi").stdout
    assert "tỷ lệ q1>=4" in vietnamese
    assert "0,8" in vietnamese


LONE = SAMPLE + "L,L1,5,9,A,4,1\n"
REFUSED = {
    "unknown column": (SAMPLE, ["--mean", "q2"], "there is no column q2: did you mean q1?"),
    "text among numbers": (SAMPLE.replace("A,5", "A,good"), ["--mean", "q1"], "line 3: “good” in the column q1"),
    "a zero weight": (SAMPLE.replace(",12,", ",0,"), ["--mean", "q1"], "line 3, column w: the weight 0 is not above"),
    "a negative weight": (SAMPLE.replace(",12,", ",-2,"), ["--mean", "q1"], "line 3, column w: the weight -2"),
    "a missing weight": (SAMPLE.replace(",12,", ",,"), ["--mean", "q1"], "line 3, column w: the weight –"),
    "a stratum with one psu": (
        LONE,
        ["--strata", "stratum", "--psu", "psu", "--mean", "q1"],
        "strata ['L'] have one unit each at stage 1",
    ),
    "a population smaller than its sample": (
        SAMPLE.replace(",40,", ",2,"),
        ["--strata", "stratum", "--psu", "psu", "--fpc", "size", "--mean", "q1"],
        "line 2: size, row 1: a population of 2 is smaller than the 3 units drawn",
    ),
    "populations that differ in a stratum": (
        SAMPLE.replace("N3,11,40", "N3,11,41"),
        ["--strata", "stratum", "--psu", "psu", "--fpc", "size", "--mean", "q1"],
        "of stratum N: one population has one size",
    ),
    "secondary units without primary ones": (
        SAMPLE,
        ["--ssu", "psu", "--mean", "q1"],
        "secondary units lie in primary",
    ),
    "an empty stratum": (SAMPLE.replace("N,N2", ",N2"), ["--strata", "stratum", "--mean", "q1"], "line 4: the column"),
    "an unknown level": (SAMPLE, ["--proportion", "town=C"], "the column town has no C: it has A, B"),
    "an unknown domain": (SAMPLE, ["--mean", "q1", "--where", "town=C"], "the column town has no C"),
    "nobody left": (SAMPLE, ["--mean", "q1", "--where", "visits>9"], "nobody in the file is in the domains"),
    "an interval that does not suit": (SAMPLE, ["--mean", "q1", "--ci", "wilson"], "wilson"),
    "a quantile by likelihood": (
        SAMPLE,
        ["--quantile", "q1:0.5", "--ci", "likelihood"],
        "a quantile has no likelihood interval",
    ),
    "a ratio of one": (SAMPLE, ["--ratio", "q1"], "a ratio is NUMERATOR/DENOMINATOR"),
    "a quantile without a probability": (SAMPLE, ["--quantile", "q1:2"], "a quantile is COLUMN:PROBABILITY"),
    "a comparison with a word": (SAMPLE, ["--proportion", "q1>=good"], "a comparison is with a number"),
    "a condition that is none": (SAMPLE, ["--mean", "q1", "--where", "town"], "a condition is COLUMN=VALUE"),
    "replicates without a method": (
        SAMPLE.replace("q1,visits", "rep1,rep2"),
        ["--mean", "rep1", "--replicates", "rep"],
        "replicate weights need their method",
    ),
    "no replicates": (
        SAMPLE,
        ["--mean", "q1", "--replicates", "rep", "--replicate-method", "jk1"],
        "none is called rep1, rep2",
    ),
    "an empty file": ("", ["--mean", "q1"], "the file is empty"),
    "only a heading": (SAMPLE.partition("\n")[0] + "\n", ["--mean", "q1"], "there is a heading and no row"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_answered_is_refused_with_where_and_why(sample, case):
    content, options, message = REFUSED[case]
    sample.write_text(content)
    assert message in refusal(sample, "--weights", "w", *options)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    assert "there is no such file" in refusal(tmp_path / "nowhere.csv", "--weights", "w", "--mean", "q1")


@pytest.mark.parametrize("options", [[], ["--mean", "q1", "--ci", "best"], ["--mean", "q1", "--level", "high"]])
def test_wrong_usage_leaves_with_status_2(sample, options):
    assert invoke(sample, "--weights", "w", *options).exit_code == 2
    assert invoke(sample, "--mean", "q1").exit_code == 2


def test_nothing_asked_of_the_function_is_refused(sample):
    with pytest.raises(ValueError, match="nothing to estimate"):
        estimate_file(sample, [], design=DesignColumns("w"))
