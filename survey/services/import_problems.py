"""What is wrong with a file that was to be imported: everything at once, each with its place and its remedy."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from survey.i18n import mark
from survey.services.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_PROBLEMS = 200
LONGEST_VALUE = 60


@dataclass(frozen=True, slots=True)
class ImportProblem:
    """One fault. `template` and `remedy` are English templates that share `values`; None where nothing can be named."""

    template: str
    remedy: str
    line: int | None = None
    column: str | None = None
    value: str | None = None
    values: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        place = ", ".join(
            part for part in (self.line and f"line {self.line}", self.column and f"column {self.column}") if part
        )
        said = f"{self.template} {self.remedy}".format(**self.values)
        return f"{place}: {said}" if place else said


class ImportRejected(ServiceError):  # noqa: N818 - the name of the contract reads as what happened.
    """A file that was not imported, not even in part."""

    def __init__(self, problems: list[ImportProblem], *, total: int | None = None) -> None:
        self.total = len(problems) if total is None else total
        super().__init__(mark("The file was not imported. Problems found: {count}."), count=self.total)
        self.problems = tuple(problems[:MOST_PROBLEMS])

    def __str__(self) -> str:
        return "\n".join([super().__str__(), *map(str, self.problems)])


def rejected(template: str, remedy: str, *, line: int | None = None, **values: object) -> ImportRejected:
    """A rejection for the one fault that hides all others."""
    return ImportRejected([ImportProblem(template, remedy, line=line, values=values)])


def shown(value: str) -> str:
    """A value from a file, short enough for a message."""
    return value if len(value) <= LONGEST_VALUE else value[:LONGEST_VALUE] + "…"
