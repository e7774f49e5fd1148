"""Questionnaires from files: TOML for authors, canonical JSON for the database. Every error at once, with its place."""

from __future__ import annotations

import json
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from forms import messages
from forms.errors import DefinitionError, Problem
from forms.reading import read_questionnaire
from forms.table import Notes, read_whole

if TYPE_CHECKING:
    from forms.definition import Questionnaire

__all__ = ["DefinitionError", "Problem", "available", "from_canonical", "from_toml", "load"]

_SHIPPED = Path(__file__).parent / "questionnaires"


def available() -> tuple[str, ...]:
    """The names of the questionnaires that come with this package."""
    return tuple(sorted(path.stem for path in _SHIPPED.glob("*.toml")))


def load(name_or_path: str | Path) -> Questionnaire:
    """A questionnaire by the name it ships under, or from a `.toml` file of your own."""
    path = Path(name_or_path)
    if path.suffix != ".toml":
        path = _shipped(str(name_or_path))
    return from_toml(_read_text(path), source=path.name)


def from_toml(text: str, *, source: str) -> Questionnaire:
    """The questionnaire written in `text`; `source` names it in errors."""
    try:
        values = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        # tomllib says the line and column in its message, and raises a plain ValueError for absurd numbers.
        raise DefinitionError(source, (Problem("", messages.BAD_TOML, {"reason": error}),)) from error
    return _from_tables(values, source=source)


@lru_cache(maxsize=32)
def from_canonical(json_text: str) -> Questionnaire:
    """The questionnaire whose `canonical()` is `json_text`, as it is stored with its answers."""
    try:
        values = json.loads(json_text)
    except (ValueError, RecursionError) as error:
        raise DefinitionError("JSON", (Problem("", messages.BAD_JSON, {"reason": error}),)) from error
    return _from_tables(values, source="JSON")


def _from_tables(values: object, *, source: str) -> Questionnaire:
    if not isinstance(values, dict):
        raise DefinitionError(source, (Problem("", messages.NOT_TABLE),))
    notes = Notes()
    questionnaire = read_whole(values, read_questionnaire, notes=notes)
    if notes.problems:
        raise DefinitionError(source, tuple(notes.problems))
    return questionnaire


def _shipped(name: str) -> Path:
    known = available()
    if name not in known:
        problem = Problem("", messages.NO_SUCH_QUESTIONNAIRE, {"known": ", ".join(known)})
        raise DefinitionError(name, (problem,))
    return _SHIPPED / f"{name}.toml"


def _read_text(path: Path) -> str:
    try:
        # Some editors begin a UTF-8 file with a byte order mark, which TOML does not know.
        return path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        problem = Problem("", messages.NOT_UTF8, {"position": error.start})
        raise DefinitionError(path.name, (problem,)) from error
    except OSError as error:
        problem = Problem("", messages.UNREADABLE, {"reason": error.strerror})
        raise DefinitionError(path.name, (problem,)) from error
