"""People called back after they answered at a counter: how many of each agency were satisfied when asked again.

Only counts come in, by agency; who was called is nothing that the toolkit keeps.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING

from survey.i18n import mark
from survey.services import agencies, import_columns
from survey.services.import_columns import Unreadable
from survey.services.import_lines import once, read_lines

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.orm import Session

    from survey.services.index_sums import Summed

COLUMNS = ("agency", "respondents", "satisfied")
MOST_CALLS = 1_000_000


@dataclass(frozen=True, slots=True)
class Called:
    """The people of one agency who were called back and answered."""

    respondents: int
    satisfied: int

    @property
    def share(self) -> float:
        """Of those satisfied."""
        return self.satisfied / self.respondents

    @property
    def standard_error(self) -> float:
        """With one satisfied and one not added: of a few calls that all agree, 0 would be too sure."""
        steadied = (self.satisfied + 1) / (self.respondents + 2)
        return sqrt(steadied * (1 - steadied) / self.respondents)


def read_call_backs(session: Session, data: bytes) -> dict[int, Called]:
    """The counts of each agency, by its id, in a CSV file; or ImportRejected with everything that is wrong with it."""
    columns = {
        "agency": import_columns.agency(agencies.listing(session)),
        "respondents": _number,
        "satisfied": _number,
    }
    lines = read_lines(data, columns, required=COLUMNS, checks=[once("agency"), _fits])
    return {line["agency"].id: Called(line["respondents"], line["satisfied"]) for line in lines}


def gaps(summed: Summed, called: Mapping[int, Called]) -> dict[int, tuple[float, float]]:
    """The overall index less that of people called back, with its standard error, where both are known."""
    found = {}
    for agency, one in called.items():
        estimate = summed.overall(summed.by_agency.get(agency))
        if estimate is not None and estimate.standard_error is not None:
            error = sqrt(estimate.standard_error**2 + one.standard_error**2)
            found[agency] = (estimate.value - one.share, error)
    return found


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= MOST_CALLS):
        raise Unreadable(
            mark("“{value}” is not a number of people."),
            mark("Write a whole number from 0 to {most}, without points or commas."),
            most=MOST_CALLS,
        )
    return int(text)


def _fits(given: Mapping[str, int | None]) -> None:
    respondents, satisfied = given.get("respondents"), given.get("satisfied")
    if respondents == 0:
        raise Unreadable(
            mark("Nobody was called back here."),
            mark("Delete the line of an agency without calls."),
            column="respondents",
        )
    if respondents is not None and satisfied is not None and satisfied > respondents:
        raise Unreadable(
            mark("More people are satisfied than answered."), mark("Correct one of the two."), column="satisfied"
        )
