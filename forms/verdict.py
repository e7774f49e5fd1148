"""Whether two figures compare, and why: values that the edge can translate."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from forms.definition import Text

if TYPE_CHECKING:
    from collections.abc import Mapping


class Change(StrEnum):
    """What can stand between two figures of one trend."""

    MISSING = "missing"
    """The earlier questionnaire has no such dimension or composite."""
    STREAM = "stream"
    POPULATION = "population"
    ITEMS = "items"
    WORDING = "wording"
    SCALE = "scale"
    ANSWERS = "answers"
    """The choices beside the scale: does not apply, or leaving the item blank."""
    RULE = "rule"
    """How a composite is put together."""
    DECISION = "decision"
    """Somebody decided, with a reason, that the figures compare or that they do not."""
    DIMENSIONS = "dimensions"
    UNITS = "units"
    SAMPLING = "sampling"


class Evidence(StrEnum):
    """How well a fact is known, best first: the marks of the project's report on the method."""

    READ = "R"
    """Read in the source that is named."""
    FRAGMENT = "R-frag"
    """Only an excerpt of the source was at hand; the fact is in it."""
    INFERRED = "C"
    """Computed or inferred from facts that were read."""
    UNVERIFIED = "G"
    """General knowledge: never to be shown as sourced."""

    @staticmethod
    def weakest(*marks: Evidence) -> Evidence:
        """The mark of what rests on several facts."""
        return max(marks, key=list(Evidence).index)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why figures do not compare, or what was set aside so that they do: an English sentence and its values.

    `evidence` and `sources` belong to what is known of the national survey; what follows from the texts of two
    questionnaires needs neither. Values may be texts in several languages: ask for `localised` before translating.
    """

    change: Change
    template: str
    values: Mapping[str, object] = field(default_factory=dict)
    evidence: Evidence | None = None
    sources: tuple[str, ...] = ()

    def localised(self, locale: str) -> Reason:
        """The same with every value in the language of `locale`, for a translated template to be filled in with."""
        spoken = {
            name: value.localised(locale) if isinstance(value, Text) else value for name, value in self.values.items()
        }
        return replace(self, values=spoken)

    def __str__(self) -> str:
        return self.template.format(**self.localised("en").values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether two figures compare. Reasons beside a yes say what changed and who decided to set it aside.

    `evidence` belongs to a series known by report: how well is known what a yes rests on.
    """

    comparable: bool
    reasons: tuple[Reason, ...] = ()
    evidence: Evidence | None = None


COMPARABLE = Verdict(comparable=True)
