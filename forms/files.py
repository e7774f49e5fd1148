"""The package's own files, and an author's: text and TOML, or an error that says what stood in the way."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

from forms import messages
from forms.errors import DefinitionError, Problem

if TYPE_CHECKING:
    from pathlib import Path


def read_text(path: Path, *, error: type[DefinitionError]) -> str:
    """The text of a file in UTF-8, lines ending in a line feed."""
    try:
        # Some editors begin a UTF-8 file with a byte order mark, which TOML does not know.
        return path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as wrong:
        problem = Problem("", messages.NOT_UTF8, {"position": wrong.start})
        raise error(path.name, (problem,)) from wrong
    except OSError as wrong:
        problem = Problem("", messages.UNREADABLE, {"reason": wrong.strerror})
        raise error(path.name, (problem,)) from wrong


def read_toml(text: str, *, source: str, error: type[DefinitionError]) -> dict[str, Any]:
    """The outermost table of `text`; `source` names it in errors."""
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as wrong:
        # tomllib says the line and column in its message, and raises a plain ValueError for absurd numbers.
        raise error(source, (Problem("", messages.BAD_TOML, {"reason": wrong}),)) from wrong


def shipped(name: str, folder: Path, *, error: type[DefinitionError], unknown: str) -> Path:
    """The file that ships in `folder` under `name`; otherwise `unknown` is said with the names there are."""
    known = names(folder)
    if name not in known:
        raise error(name, (Problem("", unknown, {"known": ", ".join(known)}),))
    return folder / f"{name}.toml"


def names(folder: Path) -> tuple[str, ...]:
    """The names of the TOML files of `folder`."""
    return tuple(sorted(path.stem for path in folder.glob("*.toml")))
