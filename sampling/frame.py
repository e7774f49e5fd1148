"""What a sample is drawn from: listed units as columns, which of them count, who came before, how many there are.

A list may have a million rows, so that it is judged a part at a time and kept as columns; what is remembered from part
to part is eight bytes a person and the counts.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np

from sampling.errors import SamplingError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

UNKNOWN = -1
# Of the SHA-256 of a person. A million persons share one of 2⁶⁴ values with a probability of 3 in 100 million.
_BYTES_OF_A_KEY = 8
SHORTEST_KEY = 16
# What HMAC mixes into its key, and how long a block of SHA-256 is (RFC 2104).
_INNER, _OUTER, _BLOCK = 0x36, 0x5C, 64
# More agencies, fields or periods than any province has; three of them fit into one whole number of 64 bits.
_MOST = 1 << 20


class Reason(StrEnum):
    """Why a listed unit is not in the frame; of several the first in this order is given.

    Examples
    --------
    >>> [reason.value for reason in Reason][:2]
    ['unknown_agency', 'not_received']
    """

    UNKNOWN_AGENCY = "unknown_agency"
    NOT_RECEIVED = "not_received"
    NO_DAY = "no_day"
    OUTSIDE_PERIOD = "outside_period"
    DUPLICATE_PERSON = "duplicate_person"


@dataclass(frozen=True, slots=True, eq=False)
class ListedUnits:
    """Some units of a list, one a row: who served them, in what, when, and who they were.

    Attributes
    ----------
    agency : array of int
        Which of the known agencies; :data:`UNKNOWN` for none of them.
    field : array of int
        Which of the fields of work; :data:`UNKNOWN` where none is given.
    day : array of datetime64[D]
        On which the result was received; NaT where none is given.
    received : array of bool
        Whether a result was received.
    person : array of uint64
        As :func:`person_keys` gives them; serves to find who is there twice, and nothing else.
    identified : array of bool
        Whether the list says who it was; where it does not, nobody is taken for a duplicate.
    """

    agency: NDArray[np.int64]
    field: NDArray[np.int64]
    day: NDArray[np.datetime64]
    received: NDArray[np.bool_]
    person: NDArray[np.uint64]
    identified: NDArray[np.bool_]


def person_keys(persons: Sequence[str], *, key: bytes) -> NDArray[np.uint64]:
    """Numbers that are equal for equal persons and tell nothing about them without the key.

    Parameters
    ----------
    persons : sequence of str
        What tells them apart, in one spelling.
    key : bytes
        Random, of at least 16 bytes; made for one list and thrown away with it. Identity numbers are few enough to
        try them all, so that whoever had the key could find out who is behind a number.

    Returns
    -------
    array of uint64
        The first 8 bytes of HMAC-SHA-256 [1]_.

    Notes
    -----
    HMAC is H(key ⊕ outer, H(key ⊕ inner, text)). Both hashes begin with the same block for everybody: they are
    computed that far once and copied, which takes a third of the time of a call of :mod:`hmac` for each person.

    References
    ----------
    .. [1] Krawczyk, Bellare & Canetti (1997), RFC 2104.

    Examples
    --------
    >>> first, again, other = person_keys(["012", "012", "013"], key=bytes(16)).tolist()
    >>> first == again, first == other
    (True, False)
    """
    if len(key) < SHORTEST_KEY:
        raise SamplingError(
            "the key has {length} bytes: it must have {least} at least", length=len(key), least=SHORTEST_KEY
        )
    inner, outer = (_begun(key, mixed_in).copy for mixed_in in (_INNER, _OUTER))
    digests = []
    for person in persons:
        first, second = inner(), outer()
        first.update(person.encode())
        second.update(first.digest())
        digests.append(second.digest()[:_BYTES_OF_A_KEY])
    joined = b"".join(digests)
    return np.frombuffer(joined, dtype="<u8").astype(np.uint64, copy=False)


def _begun(key: bytes, mixed_in: int) -> hashlib._Hash:
    short = key if len(key) <= _BLOCK else hashlib.sha256(key).digest()
    return hashlib.sha256(bytes(byte ^ mixed_in for byte in short.ljust(_BLOCK, b"\0")))


class Persons:
    """The persons seen so far, in eight bytes each.

    Examples
    --------
    >>> seen = Persons()
    >>> seen.first(np.array([7, 8, 7], dtype=np.uint64)).tolist()
    [True, True, False]
    >>> seen.first(np.array([9, 8], dtype=np.uint64)).tolist()
    [True, False]
    """

    def __init__(self) -> None:
        self._known = np.zeros(0, dtype=np.uint64)

    def first(self, persons: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """Whether each is the first row of its person, in this part and all before.

        Parameters
        ----------
        persons : array of uint64

        Returns
        -------
        array of bool
        """
        distinct, rows = np.unique(persons, return_index=True)
        places = np.searchsorted(self._known, distinct)
        new = np.ones(len(distinct), dtype=np.bool_)
        inside = places < len(self._known)
        new[inside] = self._known[places[inside]] != distinct[inside]
        self._known = np.insert(self._known, places[new], distinct[new])
        is_first = np.zeros(len(persons), dtype=np.bool_)
        is_first[rows[new]] = True
        return is_first


def out_of_scope(
    units: ListedUnits,
    persons: Persons,
    *,
    first_day: dt.date | None = None,
    last_day: dt.date | None = None,
    day_needed: bool = False,
) -> NDArray[np.int8]:
    """Why each unit is not in the frame.

    Only a unit that is in the frame makes a later one of the same person a duplicate: who went away without a result
    first and received one later is in.

    Parameters
    ----------
    units : ListedUnits
    persons : Persons
        Those of the units before; the units in scope are added.
    first_day, last_day : date, optional
        The period, both days included.
    day_needed : bool
        Whether a unit without a day is out; always so if a period is given.

    Returns
    -------
    array of int
        The position of the reason in :class:`Reason`, :data:`UNKNOWN` for a unit in the frame.
    """
    nothing = np.zeros(len(units.agency), dtype=np.bool_)
    no_day = np.isnat(units.day)
    outside = nothing.copy()
    if first_day is not None:
        outside |= units.day < np.datetime64(first_day)
    if last_day is not None:
        outside |= units.day > np.datetime64(last_day)
    has_period = first_day is not None or last_day is not None
    found = np.select(
        [units.agency == UNKNOWN, ~units.received, no_day if has_period or day_needed else nothing, outside],
        range(4),
        default=UNKNOWN,
    ).astype(np.int8)
    asked = np.flatnonzero((found == UNKNOWN) & units.identified)
    again = asked[~persons.first(units.person[asked])]
    found[again] = list(Reason).index(Reason.DUPLICATE_PERSON)
    return found


# How many months are one period, by its name.
PERIODS = {"month": 1, "quarter": 3, "year": 12}


def periods(days: NDArray[np.datetime64], *, period: str) -> NDArray[np.int64]:
    """Numbers of the periods that days are in, for :func:`period_name`; :data:`UNKNOWN` for no day.

    Parameters
    ----------
    days : array of datetime64[D]
    period : {"month", "quarter", "year"}

    Returns
    -------
    array of int
        Periods since the year 0.

    Examples
    --------
    >>> days = np.array(["2026-03-31", "2026-04-01", "NaT"], dtype="datetime64[D]")
    >>> [period_name(number, period="quarter") for number in periods(days, period="quarter").tolist()]
    ['2026-Q1', '2026-Q2', '']
    """
    if period not in PERIODS:
        raise SamplingError(
            "there is no period {period}: choose one of {choices}", period=period, choices=", ".join(PERIODS)
        )
    months = days.astype("datetime64[M]").astype(np.int64) + 1970 * 12
    return np.where(np.isnat(days), UNKNOWN, months // PERIODS[period])


def period_name(number: int, *, period: str) -> str:
    """The name of a period: ``2026-03``, ``2026-Q1`` or ``2026``; empty for none.

    Parameters
    ----------
    number : int
        As :func:`periods` gives it.
    period : {"month", "quarter", "year"}

    Returns
    -------
    str
    """
    if number == UNKNOWN:
        return ""
    year, part = divmod(number, 12 // PERIODS[period])
    return {"month": f"{year:04}-{part + 1:02}", "quarter": f"{year:04}-Q{part + 1}", "year": f"{year:04}"}[period]


class Tally:
    """How many units of a frame have the same three labels.

    Examples
    --------
    >>> tally = Tally()
    >>> tally.add(np.array([0, 0, 1]), np.array([2, 2, -1]), np.array([5, 5, 5]))
    >>> list(tally.counts())
    [((0, 2, 5), 2), ((1, -1, 5), 1)]
    """

    def __init__(self) -> None:
        self._counts: Counter[int] = Counter()

    def add(self, first: NDArray[Any], second: NDArray[Any], third: NDArray[Any]) -> None:
        """Count some more units by their labels, whole numbers from −1.

        Parameters
        ----------
        first, second, third : array of int
        """
        joined = (first.astype(np.int64) + 1) * _MOST * _MOST + (second + 1) * _MOST + third + 1
        values, counts = np.unique(joined, return_counts=True)
        self._counts.update(dict(zip(values.tolist(), counts.tolist(), strict=True)))

    def counts(self) -> Iterator[tuple[tuple[int, int, int], int]]:
        """The labels that occur, in ascending order, and how often.

        Yields
        ------
        tuple
            The three labels, and how many units have them.
        """
        for joined, count in sorted(self._counts.items()):
            upper, third = divmod(joined, _MOST)
            first, second = divmod(upper, _MOST)
            yield (first - 1, second - 1, third - 1), count
