"""What became of somebody who was drawn, by AAPOR's codes: which ones the fieldwork uses, and what each allows.

Those of surveys in person and by post of persons known by name (AAPOR, Standard Definitions, 10th ed., 2023), as far as
an office needs them. An answer sets 1.1 itself; nobody enters it by hand.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from analysis.quality import Dispositions
from survey.i18n import mark

if TYPE_CHECKING:
    from collections.abc import Iterable

ANSWERED = "1.1"
# What somebody counts as who was not settled when the fieldwork closed, or is not settled yet.
NEVER_TRIED, NOTHING_CAME_BACK = "3.11", "3.19"


@dataclass(frozen=True, slots=True)
class Disposition:
    """One outcome. `outcome` is the class of `analysis.quality.Dispositions` that it counts in."""

    code: str
    name: str
    outcome: str
    by_hand: bool = True
    # Who was not met may be met the next time, and is replaced only after the agreed number of attempts.
    needs_attempts: bool = False


_ALL = (
    Disposition(ANSWERED, mark("Answered"), "complete", by_hand=False),
    Disposition("2.11", mark("Refused"), "refused"),
    Disposition("2.12", mark("Broke off before the end"), "refused"),
    Disposition("2.20", mark("Not met"), "not_contacted", needs_attempts=True),
    Disposition("2.24", mark("Nobody at home"), "not_contacted", needs_attempts=True),
    Disposition("2.25", mark("Away until the fieldwork ends"), "not_contacted"),
    Disposition("2.31", mark("Has died"), "other"),
    Disposition("2.32", mark("Too ill or unable to answer"), "other"),
    Disposition("2.33", mark("No common language"), "other"),
    Disposition("2.36", mark("Other reason, met and eligible"), "other"),
    Disposition(NEVER_TRIED, mark("Not tried"), "unknown_household", needs_attempts=True),
    Disposition("3.17", mark("Area cannot be reached"), "unknown_household"),
    Disposition("3.18", mark("Address cannot be found"), "unknown_household"),
    Disposition(NOTHING_CAME_BACK, mark("Written to, nothing came back"), "unknown_household", needs_attempts=True),
    Disposition("3.20", mark("Not known whether the person lives here"), "unknown_other", needs_attempts=True),
    Disposition("3.30", mark("Letter returned, whereabouts unknown"), "unknown_other"),
    Disposition("3.90", mark("Other reason, not known whether eligible"), "unknown_other"),
    Disposition("4.10", mark("Does not belong to the population"), "ineligible"),
    Disposition("4.70", mark("Did not use the service"), "ineligible"),
)
DISPOSITIONS = {one.code: one for one in _ALL}


def find(text: str) -> Disposition | None:
    """The disposition with that code, which may lack its point or a zero at its end."""
    digits = text.strip().replace(",", ".").replace(".", "")
    by_digits = {one.code.replace(".", "").rstrip("0"): one for one in _ALL}
    return by_digits.get(digits.rstrip("0")) if digits.isascii() and digits.isdigit() else None


def final(code: str | None, *, attempted: bool) -> str:
    """The code, or what somebody who is not settled counts as."""
    return code or (NOTHING_CAME_BACK if attempted else NEVER_TRIED)


def tally(counts: Iterable[tuple[str, int]]) -> Dispositions:
    """How many ended how, in the classes that rates are computed from."""
    sums = {each.name: 0 for each in fields(Dispositions)}
    for code, n in counts:
        sums[DISPOSITIONS[code].outcome] += n
    return Dispositions(**sums)
