"""docs/worked-example.md as it stands: its commands run, and its figures come out of formulas written here again."""

from __future__ import annotations

import csv
import json
import math
import os
import re
import shlex
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from scipy import stats

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "worked-example.md").read_text(encoding="utf8")
NAMES = {
    "Sở Nội vụ": "so-noi-vu",
    "Phường Buôn Ma Thuột": "phuong-buon-ma-thuot",
    "Phường Tuy Hòa": "phuong-tuy-hoa",
    "Xã Xuân Lộc": "xa-xuan-loc",
}
DIMENSIONS = ("tiep_can", "thu_tuc", "cong_chuc", "ket_qua", "gop_y", "phuc_vu")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where a shell has run every command of the page, one after the other, and none failed."""
    folder = tmp_path_factory.mktemp("worked-example")
    (folder / "docs").symlink_to(ROOT / "docs")
    command = folder / "sipas"
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m survey "$@"\n')
    command.chmod(0o755)
    script = "\n".join(re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL))
    settings = {name: value for name, value in os.environ.items() if not name.startswith("SIPAS_")}
    ran = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=settings | {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return folder / "vi-du"


def rows(path, *, above=0):
    with path.open(encoding="utf8", newline="") as stream:
        return list(csv.DictReader(stream.readlines()[above:]))


@pytest.fixture(scope="module")
def population(folder):
    """The list read row by row: the first finished transaction of each person with an agency of the province."""
    seen, sizes = set(), Counter()
    for row in rows(folder / "ho-so.csv", above=1):
        agency, person = NAMES.get(row["Đơn vị"]), row["Số CCCD"]
        if agency and row["Trạng thái"] == "Đã trả kết quả" and person not in seen:
            seen.add(person)
            sizes[agency] += 1
    return sizes


@pytest.fixture(scope="module")
def expected(folder, population):
    """Weights of the respondents of each agency: N/n, and what is left unanswered on those who answered (RR4)."""
    drawn = defaultdict(Counter)
    for row in rows(folder / "ket-qua.csv"):
        drawn[row["agency"]][row["disposition"][0]] += 1
    weights = {}
    for agency, ends in drawn.items():
        eligible = ends["1"] + ends["2"]
        unknown = ends["3"] * eligible / (eligible + ends["4"])
        weights[agency] = population[agency] / ends.total() * (eligible + unknown) / ends["1"]
    return weights


def hajek(answers, weights, *, item, domain=None):
    """A weighted share, its error by the estimator of ultimate clusters (every person one), and a logit interval.

    Särndal, Swensson & Wretman (1992), section 5.6, with the variance of draws with replacement; the interval is that
    of R's `svyciprop(method="logit")`.
    """
    inside = {agency: domain in (None, agency) for agency in answers}
    total = sum(weights[agency] * len(rows) for agency, rows in answers.items() if inside[agency])
    hits = {agency: [int(row[item]) >= 4 for row in rows] for agency, rows in answers.items()}
    share = sum(weights[agency] * sum(hits[agency]) for agency in answers if inside[agency]) / total
    variance = 0.0
    for agency, found in hits.items():
        z = [weights[agency] * (hit - share) / total if inside[agency] else 0.0 for hit in found]
        mean = math.fsum(z) / len(z)
        variance += len(z) / (len(z) - 1) * math.fsum((one - mean) ** 2 for one in z)
    error, used = math.sqrt(variance), [agency for agency in answers if inside[agency]]
    freedom = sum(len(answers[agency]) for agency in used) - len(used)
    half = stats.t.ppf(0.975, freedom) * error / (share * (1 - share))
    low, high = (1 / (1 + math.exp(-(math.log(share / (1 - share)) + sign * half))) for sign in (-1, 1))
    return share, error, low, high


@pytest.fixture(scope="module")
def answers(folder):
    found = defaultdict(list)
    for row in rows(folder / "ket-qua.csv"):
        if row["disposition"].startswith("1"):
            found[row["agency"]].append(row)
    return found


def test_the_frame_has_everybody_once_and_nobody_s_name(folder, population):
    frame = rows(folder / "dan-mau.csv")
    assert Counter(row["agency"] for row in frame) == population
    assert {row["stratum"]: int(row["N"]) for row in rows(folder / "tang.csv")} == population
    text = (folder / "dan-mau.csv").read_text(encoding="utf8")
    assert not any(
        row[name] in text for row in rows(folder / "ho-so.csv", above=1) for name in ("Họ và tên", "Số CCCD")
    )


def test_the_sample_is_that_of_the_allocation_and_stands_for_the_frame(folder, population):
    sizes = {row["stratum"]: int(row["n"]) for row in rows(folder / "phan-bo.csv")}
    assert sum(sizes.values()) == 240
    assert min(sizes.values()) >= 40
    sample = rows(folder / "mau.csv")
    assert Counter(row["agency"] for row in sample) == sizes
    for row in sample:
        assert float(row["weight"]) == pytest.approx(population[row["agency"]] / sizes[row["agency"]], rel=1e-12)


def test_no_file_with_answers_leads_to_a_transaction(folder):
    cases = {row["Mã hồ sơ"] for row in rows(folder / "mau.csv")} | {row["unit"] for row in rows(folder / "mau.csv")}
    for name in ("ket-qua.csv", "trong-so.csv", "phieu.csv"):
        assert not cases & {cell for row in rows(folder / name) for cell in row.values()}


def test_the_weights_are_those_of_the_response_rates(folder, expected):
    for row in rows(folder / "trong-so.csv"):
        assert float(row["weight_nonresponse"]) == pytest.approx(expected[row["agency"]], rel=1e-12)


def test_shares_errors_and_intervals_of_the_index_are_those_of_the_formulas(folder, expected, answers):
    document = json.loads((folder / "chi-so.json").read_text(encoding="utf8"))
    found = {row["agency"]: row["dimensions"] for row in document["rows"] if row["n"]}
    assert set(found) == set(answers)
    found[None] = document["province"]["dimensions"]
    for agency, cells in found.items():
        for item in DIMENSIONS:
            stated = [cells[item][name] / 100 for name in ("index", "se", "ci_low", "ci_high")]
            assert stated == pytest.approx(hajek(answers, expected, item=item, domain=agency), rel=1e-9)


def test_the_figures_of_the_page_are_those_of_the_formulas(expected, answers):
    said = re.findall(r"^\| (.+?) \| (\d+) \| ([\d.]+) \| ([\d.]+)–([\d.]+) \|$", PAGE, re.MULTILINE)
    assert {name.split()[0] for name, *_ in said} == {*answers, "toàn"}
    for name, n, *figures in said:
        domain = name if name in answers else None
        share, _, low, high = hajek(answers, expected, item="phuc_vu", domain=domain)
        assert int(n) == sum(len(rows) for agency, rows in answers.items() if domain in (None, agency))
        assert figures == [f"{100 * value:.1f}" for value in (share, low, high)]


def test_estimate_says_the_same(folder, expected, answers):
    command = [
        sys.executable,
        "-m",
        "survey",
        "estimate",
        str(folder / "trong-so.csv"),
        "--weights",
        "weight_nonresponse",
    ]
    command += ["--strata", "stratum", "--proportion", "phuc_vu>=4", "--by", "agency", "--format", "json"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    lines = json.loads(ran.stdout)["estimates"]
    assert {line["domain"]["agency"] for line in lines} == set(answers)
    for line in lines:
        stated = [line[name] for name in ("estimate", "se", "ci_low", "ci_high")]
        assert stated == pytest.approx(
            hajek(answers, expected, item="phuc_vu", domain=line["domain"]["agency"]), rel=1e-9
        )
