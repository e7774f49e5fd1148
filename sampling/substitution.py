"""Who of the reserve takes whose place: in the reserve's order, within a stratum and primary unit, by one rule for all.

A substitute takes a place, not a person's failure away: response rates are those of the people drawn first. Free choice
of substitutes in the field is what biases; a reserve that was drawn with the sample, used in its order and only when
the one before is settled, leaves nothing to choose.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from sampling.errors import SamplingError

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence


class Standing(StrEnum):
    """How it stands with somebody who holds a place."""

    OPEN = "open"
    ANSWERED = "answered"
    SETTLED = "settled"
    NOT_MET = "not met"


class Kept(StrEnum):
    """Why a place is not given to a substitute."""

    OPEN = "open"
    ANSWERED = "answered"
    TOO_FEW_ATTEMPTS = "too few attempts"
    RESERVE_USED_UP = "reserve used up"


@dataclass(frozen=True, slots=True)
class Place:
    """One place of the sample, as it stands with whoever holds it.

    Attributes
    ----------
    number : int
        Of whoever holds it.
    group : hashable
        Stratum and primary unit, within which somebody may be replaced.
    standing : Standing
        `SETTLED` for who will not answer, whatever is tried; `NOT_MET` for who may be met the next time.
    attempts : int
        How often was tried.
    """

    number: int
    group: Hashable
    standing: Standing
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class Spare:
    """Somebody of the reserve who holds no place.

    Attributes
    ----------
    number : int
    group : hashable
    order : int
        Who is lower comes first.
    """

    number: int
    group: Hashable
    order: int


@dataclass(frozen=True, slots=True)
class Substitutions:
    """Who is replaced by whom, and why the others are not.

    Attributes
    ----------
    pairs : tuple of (int, int)
        Numbers: who is replaced, and the substitute.
    kept : dict of int to Kept
        By the number of whoever keeps the place.
    """

    pairs: tuple[tuple[int, int], ...]
    kept: dict[int, Kept]


def substitutions(places: Sequence[Place], reserve: Iterable[Spare], *, attempts_needed: int) -> Substitutions:
    """Give the places of those who will not answer to the reserve of the same group, in its order.

    Parameters
    ----------
    places : sequence of Place
        Each held by one person; where a reserve is too short those with the lowest numbers come first, so that numbers
        given by chance decide by chance.
    reserve : iterable of Spare
    attempts_needed : int
        Before somebody who is not met is replaced.

    Returns
    -------
    Substitutions

    Raises
    ------
    SamplingError
        No attempt is needed, or somebody is there twice.

    References
    ----------
    .. [1] Vehovar (1999), Field substitution and unit nonresponse, Journal of Official Statistics 15, 335-350.
    .. [2] Chapman (1983), The impact of substitution on survey estimates, in: Incomplete Data in Sample Surveys 2,
       45-61.

    Examples
    --------
    >>> places = [Place(1, "A", Standing.SETTLED), Place(2, "A", Standing.NOT_MET, attempts=2),
    ...           Place(3, "B", Standing.SETTLED)]
    >>> found = substitutions(places, [Spare(9, "A", 2), Spare(8, "A", 1)], attempts_needed=3)
    >>> found.pairs
    ((1, 8),)
    >>> found.kept[2].value, found.kept[3].value
    ('too few attempts', 'reserve used up')
    """
    spares = sorted(reserve, key=lambda one: (one.order, one.number))
    _check([*(one.number for one in places), *(one.number for one in spares)], attempts_needed)
    waiting: dict[Hashable, deque[int]] = {}
    for one in spares:
        waiting.setdefault(one.group, deque()).append(one.number)
    pairs: list[tuple[int, int]] = []
    kept: dict[int, Kept] = {}
    for place in sorted(places, key=lambda one: one.number):
        reason = _reason(place, attempts_needed)
        queue = waiting.get(place.group)
        if reason is None and queue:
            pairs.append((place.number, queue.popleft()))
        else:
            kept[place.number] = reason or Kept.RESERVE_USED_UP
    return Substitutions(tuple(pairs), kept)


def _check(numbers: Sequence[int], attempts_needed: int) -> None:
    if attempts_needed < 1:
        raise SamplingError("{attempts} attempts before somebody is replaced: give 1 or more", attempts=attempts_needed)
    if len(set(numbers)) < len(numbers):
        twice = next(one for at, one in enumerate(numbers) if one in numbers[:at])
        raise SamplingError("the number {number} is there twice: list everybody once", number=twice)


def _reason(place: Place, attempts_needed: int) -> Kept | None:
    if place.standing is Standing.NOT_MET and place.attempts < attempts_needed:
        return Kept.TOO_FEW_ATTEMPTS
    return {Standing.OPEN: Kept.OPEN, Standing.ANSWERED: Kept.ANSWERED}.get(place.standing)
