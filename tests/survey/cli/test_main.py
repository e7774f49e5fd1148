"""The command itself: its help, its languages, its exit codes."""

from __future__ import annotations

import re
import subprocess
import sys

import click
import pytest

from survey import cli


def paths(command, *before):
    """Every command by the words that call it."""
    yield before
    for name, one in getattr(command, "commands", {}).items():
        yield from paths(one, *before, name)


def all_paths():
    return [words for name in cli.COMMANDS for words in paths(cli.commands.get_command(None, name), name)]


def test_an_unknown_command_is_wrong_usage(stranger):
    said = stranger.refused("dem", status=2)
    assert "'dem'" in said


def test_without_a_command_the_commands_are_listed(stranger):
    ended = stranger.run()
    assert all(re.search(rf"^  {name} ", ended.stdout + ended.stderr, re.MULTILINE) for name in cli.COMMANDS)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "Đo lường sự hài lòng của người dân"),
        ({"SIPAS_LANGUAGE": "en"}, "Measure citizens' satisfaction"),
    ],
    ids=["by default", "English"],
)
def test_help_is_in_the_reader_s_language(stranger, settings, said):
    assert said in stranger.done("--help", **settings)


HELP_OF_ALL = """
import sys
from survey import cli, i18n
i18n.speak(i18n.find(sys.argv[1]))
for words in sys.argv[2:]:
    try:
        cli.commands([*words.split(), "--help"], prog_name="sipas")
    except SystemExit as ended:
        assert not ended.code, words
"""


@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_command_explains_itself_and_its_options(language):
    words = [" ".join(path) for path in all_paths()]
    assert len(words) >= 18
    script = [sys.executable, "-c", HELP_OF_ALL, language, *words]
    said = subprocess.run(script, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    assert said.stdout.count("Usage: sipas ") == len(words)


def test_every_command_and_option_has_its_help():
    for words in all_paths():
        command = cli.commands
        for word in words:
            command = command.get_command(click.Context(command), word)
        assert command.help, words
        options = [one for one in command.params if isinstance(one, click.Option)]
        # A list of choices explains itself.
        without = [one.name for one in options if not (one.help or isinstance(one.type, click.Choice))]
        assert without == [], (words, without)


def test_a_defect_keeps_its_traceback(stranger):
    script = (
        "import click, sys; from survey import cli;"
        "cli.commands.add_command(click.Command('broken', callback=lambda: 1 / 0));"
        "cli.LazyCommands.get_command = click.Group.get_command;"
        "sys.argv = ['sipas', 'broken']; cli.main()"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], env=stranger.environ, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert "ZeroDivisionError" in ended.stderr
