"""The command `sipas`: one module a command, loaded when it is called.

Exit status 0: done. 1: the data or the question is at fault, and the message says what, where and what to do. 2: usage.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import IO, Any

import click

from forms.errors import DefinitionError
from sampling.plan_problems import PlanError
from survey import i18n
from survey.config import ConfigError

# Modules are imported only for the command that is called: `demo` must not wait for the statistics of `estimate`.
COMMANDS = {
    "demo": "survey.cli.demo",
    "init": "survey.cli.init",
    "serve": "survey.cli.serve",
    "db": "survey.cli.db",
    "user": "survey.cli.user",
    "wave": "survey.cli.wave",
    "counter": "survey.cli.counter",
    "kiosk": "survey.cli.kiosk",
    "slips": "survey.cli.slips",
    "agencies": "survey.cli.agencies",
    "responses": "survey.cli.responses",
    "receipts": "survey.cli.receipts",
    "transactions": "survey.cli.transactions",
    "posters": "survey.cli.posters",
    "index": "survey.cli.index",
    "trend": "survey.cli.trend",
    "estimate": "survey.cli.estimate",
    "calibrate": "survey.cli.calibrate",
    "weights": "survey.cli.weights",
    "frame": "survey.cli.frame",
    "design": "survey.cli.design",
    "fieldwork": "survey.cli.fieldwork",
}


class Refusal(click.ClickException):
    """A message for people, in their language and without a heading in another."""

    def show(self, file: IO[Any] | None = None) -> None:
        """Say it, on standard error unless told otherwise."""
        click.echo(self.format_message(), file=file, err=file is None)


class LazyCommands(click.Group):
    """The commands of `COMMANDS`, each found in its own module under the name `command`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx  # The list is the same whatever the context.
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(COMMANDS[cmd_name]).command
        return command


def main() -> None:
    """Run the command line of this process."""
    i18n.speak(i18n.find(os.environ.get("SIPAS_LANGUAGE", i18n.DEFAULT)))
    commands.help = i18n.gettext("Measure citizens' satisfaction: collect, compute, publish.")
    try:
        commands(prog_name="sipas")
    except OSError as error:
        fail(f"{error.filename or ''}: {error.strerror or error}".removeprefix(": "))
    except Exception as error:
        said = explain(error)
        if said is None:
            raise
        fail(said)


def explain(error: Exception) -> str | None:
    """What an error says to people, in their language; None for a defect, which keeps its traceback."""
    from sqlalchemy.exc import OperationalError

    if isinstance(error, OperationalError):
        return i18n.gettext("The database cannot be used: %(reason)s", reason=error.orig)
    if isinstance(error, ConfigError):
        return "\n".join([*map(i18n.explain, error.problems), i18n.explain(error)])
    if isinstance(error, DefinitionError | PlanError):
        problems = [f"{one.path}: {i18n.explain(one)}".removeprefix(": ") for one in error.problems]
        values = {**error.values, "listing": "\n".join(f"  {problem}" for problem in problems)}
        return i18n.gettext(error.template).format(**values)
    return i18n.explain(error) if isinstance(error, i18n.Translatable) else None


def fail(message: str) -> None:
    """Say what is at fault and leave with status 1."""
    click.echo(message, err=True)
    sys.exit(1)


@click.group(cls=LazyCommands, context_settings={"help_option_names": ["-h", "--help"]})
def commands() -> None:
    pass
