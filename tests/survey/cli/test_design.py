"""`sipas design` as a person runs it: what it prints, the files it writes, and how it refuses."""

from __future__ import annotations

import csv
import hashlib
import json
import math
import re
from collections import Counter

import numpy as np
import pytest
from click.testing import CliRunner

from sampling.pps import inclusion_probabilities
from survey import i18n
from survey.cli.design import command

STRATA = "stratum,N,S,cost,cv,X\n1,400,3000,1,0.8,220\n2,30,2000,4,0.5,1054\n3,61,9000,1,0.9,1382\n"
STRATA += "4,18,2000,4,1.1,422\n5,70,12000,9,0.4,80\n6,120,1000,1,0.6,500\n"


def run(*arguments, expected=0, language="en"):
    """What it printed; of a refusal what it said, with nothing printed."""
    with i18n.speaking(i18n.find(language)):
        ended = CliRunner().invoke(command, [str(argument) for argument in arguments])
        if expected == 1:
            assert isinstance(ended.exception, i18n.Translatable), ended.output
            assert ended.stdout == ""
            return i18n.explain(ended.exception)
    assert ended.exit_code == expected, (ended.output, ended.exception)
    return ended.stderr if expected else ended.stdout


def answered(*arguments):
    return json.loads(run(*arguments, "--format", "json"))


@pytest.fixture
def strata(tmp_path):
    path = tmp_path / "strata.csv"
    path.write_text(STRATA)
    return path


@pytest.fixture
def frame(tmp_path):
    """600 transactions of 12 communes with 3 villages each, in two regions, a comma and accents in the names."""
    rng = np.random.default_rng(12)
    path = tmp_path / "frame.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream, delimiter=";", lineterminator="\n")
        writer.writerow(["mã", "xã", "thôn", "vùng", "hồ sơ", "trễ hạn"])
        for number in range(600):
            commune = number % 12
            writer.writerow(
                [
                    f"{number:04}",
                    f"Xã {commune}; cũ",
                    number // 12 % 3,
                    "núi" if commune < 5 else "đồng bằng",
                    int(rng.integers(1, 30)),
                    int(rng.random() < 0.2),
                ]
            )
    return path


def rows_of(path):
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream, delimiter=";"))


def drawn(frame, *options, seed=7):
    """The rows written and the report."""
    out = frame.with_name("sample.csv")
    report = answered("select", frame, "--seed", seed, "--out", out, *options)
    rows = rows_of(out)
    assert report["n"] == len(rows)
    return rows, report


def numbers(rows, column):
    return np.array([float(row[column]) for row in rows])


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        # sipas-method.md §5.2, and R's 277.53 and 821.78 rounded once.
        (["--margin", 0.05, "--population", 1000], (278, 278, 278)),
        (["--margin", 0.025, "--share", 0.8, "--population", 5000], (822, 822, 822)),
        (["--margin", 0.05, "--population", 1000, "--response-rate", 0.8], (278, 278, 348)),
        (["--margin", 0.05, "--deff", 1.5], (577, 577, 577)),
        (["--margin", 0.05, "--population", 443565, "--method", "slovin"], (400, 400, 400)),
        (["--margin", 0.03, "--population", 10000, "--method", "slovin"], (1000, 1000, 1000)),
        # R: power.prop.test(p1 = .50, p2 = .75, power = .90) has n = 76.7.
        (["--detect", 0.25, "--power", 0.9], (77, 77, 77)),
    ],
)
def test_size_prints_the_three_numbers_of_the_contract(options, expected):
    assert answered("size", *options) == dict(zip(("n", "respondents", "invitations"), expected, strict=True))


def test_a_population_too_small_for_its_response_rate_is_told_on_standard_error():
    with i18n.speaking(i18n.find("en")):
        arguments = ["size", "--margin", "0.05", "--population", "100", "--response-rate", "0.5", "--format", "json"]
        ended = CliRunner().invoke(command, arguments)
    assert json.loads(ended.stdout) == {"n": 80, "respondents": 50, "invitations": 100}
    assert ended.stderr == "100 people furnish only 50 of 80 respondents at this response rate.\n"


def test_tables_speak_the_reader_s_language(strata):
    assert re.search(
        r"Số người cần mời +1\.000\n", run("size", "--margin", 0.031, "--population", 10**9, language="vi")
    )
    assert run("size", "--detect", 0.1).startswith("Respondents needed, in each sample")
    # 300 of 699.
    assert "42,92%" in run("allocate", strata, "--total", 300, "--method", "equal", language="vi")
    assert run("size", "--margin", 0.05, "--format", "csv") == "n,respondents,invitations\n385,385,385\n"


def test_allocate_prints_the_document_of_the_contract(strata):
    found = answered("allocate", strata, "--total", 225, "--method", "neyman")
    # Lohr's caribou.
    assert found["total"] == 225
    assert [line["n"] for line in found["strata"]] == [96, 5, 44, 3, 67, 10]
    sizes = [400, 30, 61, 18, 70, 120]
    for line, size in zip(found["strata"], sizes, strict=True):
        assert list(line) == ["stratum", "n", "sampling_fraction"]
        assert line["sampling_fraction"] == line["n"] / size


@pytest.mark.parametrize("method", ["proportional", "equal", "neyman", "optimum", "power", "sqrt"])
def test_every_method_adds_up_and_keeps_the_minimum(strata, method):
    found = answered("allocate", strata, "--total", 120, "--method", method, "--minimum", 9)
    assert sum(line["n"] for line in found["strata"]) == found["total"] == 120
    assert min(line["n"] for line in found["strata"]) >= 9


def test_strata_that_show_no_variance_are_named_on_standard_error(strata):
    with i18n.speaking(i18n.find("en")):
        ended = CliRunner().invoke(command, ["allocate", str(strata), "--total", "20", "--format", "json"])
    assert ended.stderr == "Fewer than two units, so that no variance can be estimated: 2, 4\n"
    assert json.loads(ended.stdout)["total"] == 20


@pytest.mark.parametrize(
    "options",
    [
        ["--method", "srs", "--n", 50],
        ["--method", "systematic", "--n", 50, "--order", "vùng,xã"],
        ["--method", "pps-systematic", "--n", 50, "--size", "hồ sơ"],
        ["--method", "pps-sampford", "--n", 50, "--size", "hồ sơ"],
        ["--method", "stratified", "--n", 50, "--strata", "vùng", "--minimum", 22],
        ["--method", "two-stage", "--n", 5, "--strata", "vùng", "--psu", "xã", "--take", 10],
        ["--method", "three-stage", "--n", 5, "--psu", "xã", "--ssu", "thôn", "--second", 2, "--take", 5],
        ["--method", "balanced", "--n", 50, "--balance", "hồ sơ,trễ hạn"],
    ],
    ids=lambda options: options[1],
)
def test_the_sample_is_rows_of_the_frame_with_probability_and_weight(frame, options):
    rows, report = drawn(frame, *options, "--code", "mã")
    known = {row["mã"]: row for row in rows_of(frame)}
    assert len({row["mã"] for row in rows}) == len(rows) == 50
    for row in rows:
        added = {"inclusion_probability": row["inclusion_probability"], "weight": row["weight"]}
        assert row == known[row["mã"]] | added
    assert numbers(rows, "weight") == pytest.approx(1 / numbers(rows, "inclusion_probability"))
    assert report["sum_weights"] == pytest.approx(math.fsum(numbers(rows, "weight")))
    assert report["frame_hash"] == hashlib.sha256(frame.read_bytes()).hexdigest()
    assert (report["seed"], report["generator"], report["numpy_version"]) == (7, "PCG64", np.__version__)
    again, _ = drawn(frame, *options)
    assert again == rows
    assert drawn(frame, *options, seed=8)[0] != rows


def test_probabilities_are_those_of_the_whole_frame(frame):
    rows, _ = drawn(frame, "--method", "pps-sampford", "--n", 50, "--size", "hồ sơ")
    everyone = rows_of(frame)
    stated = dict(
        zip((row["mã"] for row in everyone), inclusion_probabilities(numbers(everyone, "hồ sơ"), 50), strict=True)
    )
    assert numbers(rows, "inclusion_probability").tolist() == [stated[row["mã"]] for row in rows]


def test_two_stages_draw_communes_in_proportion_and_as_many_people_in_each(frame):
    rows, report = drawn(frame, "--method", "two-stage", "--n", 4, "--psu", "xã", "--take", 5)
    assert set(Counter(row["xã"] for row in rows).values()) == {5}
    # 12 communes of 50: everybody has the chance 4/12 · 5/50.
    assert numbers(rows, "weight") == pytest.approx(30)
    assert report["sum_weights"] == pytest.approx(600)


def test_an_allocation_that_was_printed_can_be_drawn(frame, tmp_path):
    (tmp_path / "strata.csv").write_text("stratum,N,S\nnúi,250,0.4\nđồng bằng,350,0.3\n")
    allocation = tmp_path / "allocation.csv"
    allocation.write_text(
        run("allocate", tmp_path / "strata.csv", "--total", 41, "--method", "neyman", "--format", "csv")
    )
    rows, _ = drawn(frame, "--method", "stratified", "--strata", "vùng", "--allocation", allocation)
    # 250·0.4 : 350·0.3 = 100 : 105.
    assert Counter(row["vùng"] for row in rows) == {"núi": 20, "đồng bằng": 21}


def test_substitutes_come_from_the_same_village_in_order(frame, tmp_path):
    reserve = tmp_path / "reserve.csv"
    options = ["--method", "two-stage", "--n", 3, "--psu", "xã", "--take", 4, "--reserve", 2, "--reserve-out", reserve]
    rows, report = drawn(frame, *options)
    spare = rows_of(reserve)
    assert report["reserve"] == len(spare) == 6
    assert Counter(row["xã"] for row in spare) == dict.fromkeys({row["xã"] for row in rows}, 2)
    assert [row["reserve_order"] for row in spare] == ["1", "2"] * 3
    assert not {row["mã"] for row in spare} & {row["mã"] for row in rows}


def test_units_taken_for_certain_are_counted(frame):
    lines = frame.read_text(encoding="utf-8-sig").splitlines()
    lines[8] = '0007;"Xã 7; cũ";0;đồng bằng;100000;0'
    frame.write_text("\n".join(lines), encoding="utf-8-sig")
    rows, report = drawn(frame, "--method", "pps-systematic", "--n", 10, "--size", "hồ sơ")
    assert report["certain"] == 1
    assert [row["mã"] for row in rows if float(row["weight"]) == 1] == ["0007"]
    assert "Taken for certain" in run(
        "select", frame, "--method", "srs", "--n", 2, "--seed", 1, "--out", frame.with_name("x.csv")
    )


def test_parquet_frames_give_parquet_samples(tmp_path):
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    frame, out = tmp_path / "frame.parquet", tmp_path / "sample.parquet"
    parquet.write_table(pa.table({"id": list(range(100)), "size": [1.5] * 100}), frame)
    report = answered("select", frame, "--method", "srs", "--n", 10, "--seed", 3, "--out", out)
    table = parquet.read_table(out)
    assert table.column_names == ["id", "size", "inclusion_probability", "weight"]
    assert table.column("weight").to_pylist() == [10.0] * 10
    assert report["population"] == 100


@pytest.mark.parametrize(
    ("change", "options", "said"),
    [
        ("", ["--method", "srs", "--n", 601], "601 units are asked for and the frame has 600: ask for at most 600"),
        ("", ["--method", "srs"], "the method srs needs --n"),
        ("", ["--method", "stratified", "--strata", "vùng"], "the method stratified needs --n | --allocation"),
        ("", ["--method", "pps-systematic", "--n", 5], "the method pps-systematic needs --size"),
        ("", ["--method", "balanced", "--n", 5], "the method balanced needs --balance"),
        ("", ["--method", "two-stage", "--n", 5, "--psu", "xã"], "the method two-stage needs --take"),
        ("", ["--method", "srs", "--n", 5, "--code", "thôn"], "row 3, column thôn: “0” is already in row 2"),
        ("", ["--method", "srs", "--n", 5, "--code", "mã_"], "there is no column mã_: did you mean mã?"),
        ("", ["--method", "srs", "--n", 5, "--reserve", 2], "a reserve needs both --reserve and --reserve-out"),
        (
            "0005;-4",
            ["--method", "pps-systematic", "--n", 5, "--size", "hồ sơ"],
            "row 7, column hồ sơ: -4 is not a size above zero: correct it",
        ),
        (
            "0005;x",
            ["--method", "pps-systematic", "--n", 5, "--size", "hồ sơ"],
            "line 7: “x” in the column hồ sơ is not a number",
        ),
        (
            "",
            ["--method", "stratified", "--n", 12, "--strata", "xã"],
            "row 2: the stratum Xã 0; cũ is to give one unit of 50, and one shows no variance",
        ),
        (
            "",
            ["--method", "two-stage", "--n", 5, "--psu", "xã", "--take", 51],
            "row 2: stage 2 asks for 51 in each unit, and the one that begins here has 50 (12 such units)",
        ),
        ("", ["--method", "srs", "--n", 5, "--seed", -1], "the seed -1 must be a whole number from 0"),
    ],
)
def test_a_frame_that_cannot_be_drawn_from_is_refused_with_its_line_and_nothing_is_written(
    frame, change, options, said
):
    if change:
        code, value = change.split(";")
        lines = [
            ";".join([*line.rsplit(";", 2)[:1], value, line.rsplit(";", 1)[1]]) if line.startswith(code) else line
            for line in frame.read_text(encoding="utf-8-sig").splitlines()
        ]
        frame.write_text("\n".join(lines), encoding="utf-8-sig")
    out = frame.with_name("sample.csv")
    assert said in run("select", frame, "--seed", 1, "--out", out, *options, expected=1)
    assert [path.name for path in frame.parent.iterdir()] == ["frame.csv"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("stratum,N\na,5\n\na,6\n", "row 4, column stratum: “a” is already in row 2: list each stratum once"),
        ("stratum,N\na,5\nb,0\n", "row 3, column N: 0 is not a whole number above zero"),
        ("stratum,N\na,5\n,4\n", "line 3: there is no value in the column stratum: fill it in"),
        ("stratum,N,S\na,5,1\nb,5,\n", "row 3, column S: nan is missing, negative"),
        ("stratum,size\na,5\n", "there is no column N"),
    ],
)
def test_a_bad_table_of_strata_is_refused_with_its_line(tmp_path, text, said):
    (tmp_path / "strata.csv").write_text(text)
    assert said in run("allocate", tmp_path / "strata.csv", "--total", 5, expected=1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("stratum,n\nnúi,5\nnúi,5\n", "a stratum is listed twice"),
        ("stratum,n\nnúi,2.5\n", "line 2, column n: 2.5 is not a whole number from 0"),
        ("stratum,n\nbiển,5\n", "the stratum biển is not in the frame: check its name"),
    ],
)
def test_a_bad_allocation_is_refused(frame, tmp_path, text, said):
    (tmp_path / "allocation.csv").write_text(text)
    options = ["--method", "stratified", "--strata", "vùng", "--allocation", tmp_path / "allocation.csv"]
    assert said in run("select", frame, "--seed", 1, "--out", tmp_path / "out.csv", *options, expected=1)


def test_the_frame_is_never_written_over(frame):
    assert "is the frame itself" in run(
        "select", frame, "--method", "srs", "--n", 5, "--seed", 1, "--out", frame, expected=1
    )
    sample = frame.with_name("sample.csv")
    run("select", frame, "--method", "srs", "--n", 5, "--seed", 1, "--out", sample)
    assert "the file has a column inclusion_probability already" in run(
        "select", sample, "--method", "srs", "--n", 2, "--seed", 1, "--out", frame.with_name("x.csv"), expected=1
    )
    assert "must be of the same kind" in run(
        "select", frame, "--method", "srs", "--n", 5, "--seed", 1, "--out", frame.with_suffix(".parquet"), expected=1
    )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "Say how precise: --margin, or --detect"),
        (["--margin", 0.05, "--detect", 0.1], "Say how precise: --margin, or --detect"),
        (["--margin", 0.05, "--method", "slovin"], "Slovin's formula needs --population."),
        (["--margin", 0.05, "--method", "slovin", "--deff", 2], "Slovin's formula has no place for --deff."),
    ],
)
def test_wrong_usage_ends_with_status_2(options, said):
    assert said in run("size", *options, expected=2)


def test_a_size_out_of_range_is_refused():
    assert "margin_of_error is 5.0: it must be between 0 and 1" in run("size", "--margin", 5, expected=1)


def test_refusals_are_in_vietnamese_too(frame):
    said = run("select", frame, "--method", "srs", "--n", 601, "--seed", 1, "--out", "x", expected=1, language="vi")
    assert said == "yêu cầu 601 đơn vị nhưng dàn mẫu chỉ có 600: hãy yêu cầu nhiều nhất 600"
