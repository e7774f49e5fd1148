"""The documents against what they describe: every command and setting is named, and what is named is there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from survey import cli

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf8")
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "docs" / "decisions").glob("*.md")])
# What `./sipas` itself, before any command of ours, understands.
OF_THE_RUNNER = {"--without"}


def commands():
    """Every command that does something, by the words that call it."""

    def below(command, words):
        if not isinstance(command, click.Group):
            yield words, command
        for name in command.list_commands(None) if isinstance(command, click.Group) else ():
            yield from below(command.get_command(None, name), f"{words} {name}".strip())

    return dict(below(cli.commands, ""))


def section(text, heading):
    return text.split(f"\n## {heading}\n")[1].split("\n## ")[0]


def first_column(text):
    """What is in code quotes in the first column of a table."""
    cells = re.findall(r"^\| (`[^|]+) \|", text, re.MULTILINE)
    return [quoted for cell in cells for quoted in re.findall(r"`([^`]+)`", cell)]


def test_readme_lists_every_command_and_no_other():
    listed = [re.sub(r" [A-Z]+$", "", words) for words in first_column(section(README, "Commands"))]
    assert sorted(listed) == sorted(commands())


def test_readme_lists_every_setting_and_no_other():
    read = set()
    for file in (ROOT / "survey").rglob("*.py"):
        read.update(re.findall(r"SIPAS_[A-Z_]+", file.read_text(encoding="utf8")))
    assert set(first_column(section(README, "Configuration"))) == read


def command_lines():
    """Every `./sipas …` of the code blocks, with the page it stands on."""
    for page in PAGES:
        for block in re.findall(r"^```sh\n(.*?)^```", page.read_text(encoding="utf8"), re.MULTILINE | re.DOTALL):
            for line in block.splitlines():
                words = shlex.split(line, comments=True)
                if words and words[0] == "./sipas":
                    yield pytest.param(words[1:], id=f"{page.name}: {line.split('#')[0].strip()}")


@pytest.mark.parametrize("words", list(command_lines()))
def test_a_command_that_is_shown_can_be_typed(words):
    if words[0] == "test":
        options = {word for word in words if word.startswith("--")}
        assert options <= OF_THE_RUNNER
        return
    called = next(name for name in commands() if words[: len(name.split())] == name.split())
    known = {spelling for option in commands()[called].params for spelling in option.opts}
    assert {word.partition("=")[0] for word in words if word.startswith("-")} <= known


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_link_leads_to_a_file_that_is_there(page):
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf8"))
    inside = [link for link in links if not re.match(r"[a-z]+:", link)]
    assert [link for link in inside if not (page.parent / link).exists()] == []


def test_a_record_of_a_decision_that_is_cited_is_there():
    cited = {}
    for file in [*PAGES, *ROOT.glob("*/**/*.py"), ROOT / "pyproject.toml"]:
        for number in re.findall(r"docs/decisions/(\d{4})", file.read_text(encoding="utf8")):
            cited[number] = file
    there = {path.name[:4] for path in (ROOT / "docs" / "decisions").glob("*.md")}
    assert {number: str(file) for number, file in cited.items() if number not in there} == {}


def test_records_of_decisions_are_numbered_each_with_its_own_number():
    names = sorted(path.name for path in (ROOT / "docs" / "decisions").iterdir())
    assert all(re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", name) for name in names)
    assert len({name[:4] for name in names}) == len(names)


def test_a_record_says_the_context_the_decision_and_its_consequences():
    for path in (ROOT / "docs" / "decisions").glob("*.md"):
        text = path.read_text(encoding="utf8")
        assert text.startswith(f"# {int(path.name[:4])}. "), path.name
        for heading in ("Context", "Decision", "Consequences"):
            assert re.search(rf"^## {heading}", text, re.MULTILINE), (path.name, heading)


def test_every_section_of_measurements_names_the_program_that_wrote_it():
    page = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf8")
    for part in page.split("\n## ")[1:]:
        measured = r"^Measured \d{4}-\d\d-\d\d: `.*?((?:benchmarks|tests/[a-z]+)/[a-z_]+\.py)"
        program = re.search(measured, part, re.MULTILINE)
        assert program, part.splitlines()[0]
        assert (ROOT / program[1]).exists()


def test_the_changelog_has_a_place_for_what_comes_next():
    assert "\n## Unreleased\n" in (ROOT / "CHANGELOG.md").read_text(encoding="utf8")
