"""What can be wrong with a questionnaire, said so that the edge can translate it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from forms.messages import NOT_A_BRIDGE, NOT_A_QUESTIONNAIRE

if TYPE_CHECKING:
    from collections.abc import Mapping


class FormsError(ValueError):
    """An English sentence and the values named in it; `str` puts them together."""

    def __init__(self, template: str, **values: object) -> None:
        self.template = template
        self.values = values
        super().__init__(template.format(**values))


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend, and where: `items[3].text.en`, or `line 7` where the file is not TOML."""

    path: str
    template: str
    values: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        sentence = self.template.format(**self.values)
        return f"{self.path}: {sentence}" if self.path else sentence


class DefinitionError(FormsError):
    """Everything that is wrong with one definition, at once."""

    sentence: ClassVar[str] = NOT_A_QUESTIONNAIRE

    def __init__(self, source: str, problems: tuple[Problem, ...]) -> None:
        self.source = source
        self.problems = problems
        listing = "\n".join(f"  {problem}" for problem in problems)
        super().__init__(self.sentence, source=source, count=len(problems), listing=listing)


class BridgeError(DefinitionError):
    """Everything that is wrong with one file of `bridges/`, at once."""

    sentence: ClassVar[str] = NOT_A_BRIDGE
