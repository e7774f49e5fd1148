"""How every command that imports a file says what is wrong with it: each fault with its line, column and remedy."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from survey import i18n
from survey.cli import Refusal
from survey.i18n import _
from survey.services.import_problems import ImportRejected

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from survey.services.import_problems import ImportProblem


@contextmanager
def said_line_by_line(file: Path | None = None) -> Iterator[None]:
    """Turn an ImportRejected into a refusal that lists its faults, and names the file where a command reads several."""
    try:
        yield
    except ImportRejected as rejected:
        named = f"{file}: " if file else ""
        lines = [named + i18n.explain(rejected), *map(_sentence, rejected.problems)]
        raise Refusal("\n".join(lines)) from rejected


def _sentence(problem: ImportProblem) -> str:
    """Where, what, and what to do."""
    place = _("line %(line)s, column %(column)s", line=problem.line or "–", column=problem.column or "–")
    return f"  {place}: {_say(problem.template, problem)} {_say(problem.remedy, problem)}"


def _say(template: str, problem: ImportProblem) -> str:
    return i18n.current().translations.gettext(template).format(**problem.values)
