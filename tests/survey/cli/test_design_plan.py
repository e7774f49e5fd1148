"""`sipas design plan` and `simulate` as a person runs them."""

from __future__ import annotations

import io
import json

import pytest
from click.testing import CliRunner
from docx import Document
from lxml import etree

from survey import cli, i18n
from survey.cli.design import command


def run(*arguments, expected=0):
    with i18n.speaking(i18n.find("vi")):
        ended = CliRunner().invoke(command, [str(argument) for argument in arguments])
    assert ended.exit_code == expected, (ended.output, ended.exception)
    return ended


@pytest.fixture
def example(tmp_path):
    path = tmp_path / "plan.toml"
    path.write_text(run("plan", "--example").stdout, encoding="utf8")
    return path


def test_the_example_works_and_its_parts_add_up(example):
    found = json.loads(run("plan", example, "--format", "json").stdout)
    assert found["simulation"] is None
    for key in ("population", "n", "invitations", "psus"):
        assert sum(one[key] for one in found["agencies"]) == found["province"][key]
    assert list(found["province"]["dimensions"]) == ["tiep_can", "thu_tuc", "cong_chuc", "ket_qua", "gop_y", "phuc_vu"]


def test_the_simulation_says_what_the_formulas_say(example):
    found = json.loads(run("simulate", example, "--replications", 200, "--format", "json").stdout)
    for one, simulated in zip(found["agencies"], found["simulation"]["agencies"], strict=True):
        assert simulated["code"] == one["code"]
        expected = one["dimensions"]["phuc_vu"]["margin"]
        # Few units, and numbers of people that vary, leave the formula right within some per cent.
        assert simulated["margin"]["phuc_vu"] == pytest.approx(expected, rel=0.1)
        assert simulated["rank_low"] <= simulated["true_rank"] <= simulated["rank_high"]
    assert [level["agencies"] for level in found["simulation"]["levels"]] == [3, 6]


def test_the_same_seed_says_the_same_and_another_does_not(example):
    first, again = (run("simulate", example, "--replications", 20, "--format", "json").stdout for _ in range(2))
    assert first == again
    assert run("simulate", example, "--replications", 20, "--seed", 5, "--format", "json").stdout != first


def test_the_word_file_has_every_agency_and_the_explanation(example, tmp_path):
    run("simulate", example, "--replications", 20, "--out", tmp_path / "plan.docx")
    document = Document(io.BytesIO((tmp_path / "plan.docx").read_bytes()))
    text = "\n".join(paragraph.text for paragraph in document.paragraphs)
    assert "Cách đọc biên độ sai số" in text
    # How people are drawn, as the example's file says.
    assert "Bộ câu hỏi: sipas-counter. Số khởi tạo khi chọn mẫu: 20261125." in text
    assert "chọn địa bàn (thôn, buôn, tổ dân phố) trước, rồi chọn 10 người" in text
    names = {row.cells[0].text for table in document.tables for row in table.rows}
    assert {"Sở Nội vụ", "Xã Buôn Đôn", "Toàn tỉnh"} <= names


def test_markdown_and_table_have_the_same_tables(example, tmp_path):
    said = run("plan", example, "--out", tmp_path / "plan.md").stdout
    assert "Số phiếu cần thêm" in said
    assert "Số phiếu cần thêm" in (tmp_path / "plan.md").read_text(encoding="utf8")


def test_a_plan_that_draws_from_lists_alone_says_so_and_by_which_rule_its_total_is_shared_out(example):
    text = example.read_text(encoding="utf8")
    kept = [line for line in text.splitlines() if not line.startswith(("n = ", "psus = "))]
    example.write_text("\n".join([*kept, "[sample]", "total = 1500", 'method = "sqrt"']), encoding="utf8")
    said = run("plan", example).stdout
    assert "Chọn mẫu một bước" in said
    assert "“sqrt”" in said


def test_mistakes_are_told_in_vietnamese_all_at_once(example):
    example.write_text(example.read_text(encoding="utf8").replace("icc = 0.04", "icc = 4").replace("seed =", "sed ="))
    error = run("plan", example, expected=1).exception
    with i18n.speaking(i18n.find("vi")):
        said = cli.explain(error)
    assert "plan.toml chưa phải là phương án tính được; cần sửa (3):" in said
    assert "icc: 4 không phải là hệ số tương quan" in said
    assert "seed: thiếu mục này" in said


def test_a_file_is_needed_and_known_by_its_ending(example):
    assert "--example" in run("plan", expected=2).stderr
    assert ".docx" in run("plan", example, "--out", "plan.pdf", expected=2).stderr


def test_the_picture_is_well_formed_and_has_a_bar_for_each_agency(example, tmp_path):
    run("simulate", example, "--replications", 2, "--picture", tmp_path / "plan.svg")
    root = etree.parse(tmp_path / "plan.svg").getroot()
    # A bar and a dot each, and the ground.
    names = [element.tag.rpartition("}")[2] for element in root]
    assert (names.count("rect"), names.count("circle")) == (10, 9)
