"""What can be wrong with a plan's file: the sentences, and the one error that holds all of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sampling.errors import SamplingError

if TYPE_CHECKING:
    from collections.abc import Mapping


def N_(sentence: str) -> str:  # noqa: N802 - the name that Babel's extraction looks for
    """Mark a sentence for the catalogues, leaving it as it is.

    Examples
    --------
    >>> N_("{value} is negative: write 0 or more")
    '{value} is negative: write 0 or more'
    """
    return sentence


NOT_TOML = N_("the file is not TOML: {reason}")
MISSING = N_("is missing: add it, as {example}")
UNKNOWN_KEY = N_("there is no key of this name: did you mean {nearest}?")
UNKNOWN_KEY_AMONG = N_("there is no key of this name: the keys here are {known}")
NOT_TEXT = N_("{value} is no text: write it in quotes")
NOT_NUMBER = N_("{value} is no number: write it with digits and a point, without quotes")
NOT_WHOLE = N_("{value} is no whole number: write digits only, without quotes")
NOT_DAY = N_("{value} is no day: write it as 2026-12-01, without quotes")
NOT_TABLE = N_("{value} is no table: write its keys below a heading in brackets")
NOT_TABLES = N_("there must be at least one table [[{key}]] with its keys")
NOT_SHARE = N_("{value} is no share: it must be above 0 and below 1, as 0.85 for 85 %")
NOT_RATE = N_("{value} is no rate: it must be above 0 and at most 1, as 0.8 for 80 %")
NOT_CORRELATION = N_("{value} is no correlation that can be planned with: it must be at least 0 and below 1, as 0.05")
TOO_SMALL = N_("{value} is too small: it must be at least {least}")
NEGATIVE = N_("{value} is negative: write 0 or more")
NO_CHOICE = N_("{value} is not among the choices: {choices}")
TWICE = N_("{value} is there twice: give each a code of its own")
UNKNOWN_DIMENSION = N_("{value} is no dimension of this plan: choose one of {choices}")
MORE_THAN_THERE_ARE = N_("{value} people are wanted and the stratum has {population}: ask for at most {population}")
ONE_PSU = N_(
    "{value} primary unit shows no variance: a stratum needs at least two; merge it with a neighbour, or leave the key "
    "out if people are drawn from a list"
)
MORE_PSUS_THAN_PEOPLE = N_("{value} primary units hold only {population} people: correct one of the two")
NO_SHARE = N_(
    "no share is given for the dimension {dimension}: add share here, shares.{dimension}, or in [[dimensions]]"
)
EITHER_N_OR_TOTAL = N_("this stratum has an n and [sample] has a total: keep one of the two")
NEITHER_N_NOR_TOTAL = N_("is missing: say how many people are wanted here, or give [sample] a total to share out")
NO_METHOD = N_("is missing: say how the total is shared out, one of {choices}")
LIKE_NEIGHBOURS = N_(
    "{value} is too small for people of one place to be as alike as {icc} says: write at least {least}, or lower the "
    "intra-class correlation"
)
DAYS_OUT_OF_ORDER = N_("{value} is before the first day {first}: swap the two, or correct one")
STEP_OUT_OF_ORDER = N_(
    "{value} is before the step above begins, {first}: put the steps in the order in which they begin"
)
ONE_AGENCY_ONE_LEVEL = N_("{value}: other strata of this agency have the level {level}: give an agency one level")
NO_ALLOCATION = N_("the total cannot be shared out: {reason}")
NOT_A_PLAN = N_("{source} is no plan that can be computed; to mend ({count}):\n{listing}")


@dataclass(frozen=True, slots=True)
class PlanProblem:
    """One thing to mend.

    Attributes
    ----------
    path : str
        The key, as ``strata[xa-ea-o].N``; empty for the whole file.
    template : str
        A sentence with named places.
    values : mapping
        What fills them.

    Examples
    --------
    >>> str(PlanProblem("response_rate", NOT_RATE, {"value": 80}))
    'response_rate: 80 is no rate: it must be above 0 and at most 1, as 0.8 for 80 %'
    """

    path: str
    template: str
    values: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        """The sentence in English, after its key."""
        return f"{self.path}: {self.template.format(**self.values)}".removeprefix(": ")


class PlanError(SamplingError):
    """Everything that is wrong with one plan, at once.

    Parameters
    ----------
    source : str
        What the file is called.
    problems : tuple of PlanProblem

    Examples
    --------
    >>> print(PlanError("plan.toml", (PlanProblem("seed", MISSING, {"example": "seed = 1"}),)))
    plan.toml is no plan that can be computed; to mend (1):
      seed: is missing: add it, as seed = 1
    """

    def __init__(self, source: str, problems: tuple[PlanProblem, ...]) -> None:
        self.source = source
        self.problems = problems
        listing = "\n".join(f"  {problem}" for problem in problems)
        super().__init__(NOT_A_PLAN, source=source, count=len(problems), listing=listing)
