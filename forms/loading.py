"""Questionnaires from files: TOML for authors, canonical JSON for the database. Every error at once, with its place."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from forms import files, messages
from forms.errors import DefinitionError, Problem
from forms.reading import read_questionnaire
from forms.table import Notes, read_whole

if TYPE_CHECKING:
    from forms.definition import Questionnaire

__all__ = ["DefinitionError", "Problem", "available", "from_canonical", "from_toml", "load"]

_SHIPPED = Path(__file__).parent / "questionnaires"


def available() -> tuple[str, ...]:
    """The names of the questionnaires that come with this package."""
    return files.names(_SHIPPED)


def load(name_or_path: str | Path) -> Questionnaire:
    """A questionnaire by the name it ships under, or from a `.toml` file of your own."""
    path = Path(name_or_path)
    if path.suffix != ".toml":
        name = str(name_or_path)
        path = files.shipped(name, _SHIPPED, error=DefinitionError, unknown=messages.NO_SUCH_QUESTIONNAIRE)
    return from_toml(files.read_text(path, error=DefinitionError), source=path.name)


def from_toml(text: str, *, source: str) -> Questionnaire:
    """The questionnaire written in `text`; `source` names it in errors."""
    return _from_tables(files.read_toml(text, source=source, error=DefinitionError), source=source)


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
