"""Samples over several waves that keep out of each other's way: permanent random numbers.

Every unit keeps one number between 0 and 1 for life. A wave takes, in each stratum, the next units after where the
last wave ended, round and round. Each sample by itself is simple random; two samples have no unit in common until the
round is complete. New units come in at their own numbers, old ones drop out, and nobody has to keep a list of who was
asked.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sampling.arrays import codes as numbered
from sampling.errors import SamplingError
from sampling.sample import Sample
from sampling.selection import wanted_by_stratum

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import ArrayLike

    from sampling.arrays import BoolArray, FloatArray, IntArray, LabelColumn

_BITS = 53


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A place on the circle of numbers.

    Attributes
    ----------
    round : int
        How often the circle has been completed before.
    number : float
    """

    round: int
    number: float


START = Place(0, -1.0)


@dataclass(frozen=True, slots=True, eq=False)
class Turn:
    """One wave's sample, and where the next begins.

    Attributes
    ----------
    sample : Sample
    after : dict of label to Place
        By stratum, where this wave began.
    until : dict of label to Place
        By stratum, the place of the last unit drawn: `after` of the next wave.
    """

    sample: Sample
    after: dict[str, Place]
    until: dict[str, Place]


def permanent_numbers(codes: Iterable[str], *, key: bytes) -> FloatArray:
    """Numbers between 0 and 1 that follow from the units' codes: the same in each wave, unpredictable without the key.

    The first 53 bits of HMAC-SHA256. No list has to be kept, only the key.

    Parameters
    ----------
    codes : iterable of str
        What a unit is known by in every wave.
    key : bytes
        At least 16, secret: who knows it can compute who will be drawn.

    Returns
    -------
    ndarray of float, shape (N,)

    Raises
    ------
    SamplingError
        If the key is too short.

    References
    ----------
    .. [1] Brewer, Early & Joyce (1972), Selecting several samples from a single population, Australian Journal of
       Statistics 14, 231-239.
    .. [2] Ohlsson (1995), Coordination of samples using permanent random numbers, in Cox et al., Business Survey
       Methods, Wiley, ch. 9.

    Examples
    --------
    >>> permanent_numbers(["012", "013"], key=b"sixteen bytes or more").round(4)
    array([0.6774, 0.7536])
    """
    if len(key) < 16:  # noqa: PLR2004 - 128 bits.
        raise SamplingError("the key has {bytes} bytes: it needs at least 16", bytes=len(key))
    shift = 64 - _BITS
    digests = (hmac.digest(key, code.encode(), hashlib.sha256) for code in codes)
    first = np.array([int.from_bytes(digest[:8], "big") >> shift for digest in digests], dtype=float)
    return first / float(2**_BITS)


def next_turn(
    numbers: ArrayLike,
    sizes: Mapping[str, int],
    *,
    strata: LabelColumn,
    after: Mapping[str, Place] | None = None,
    spared_from: Mapping[str, Place] | None = None,
) -> Turn:
    """Draw the next units of each stratum by their permanent numbers.

    Parameters
    ----------
    numbers : array_like, shape (N,)
        Permanent number of each unit.
    sizes : mapping of label to int
        How many to draw from each stratum.
    strata : array_like, shape (N,)
        Stratum of each unit.
    after : mapping of label to Place, optional
        Where the last wave ended (its `until`); a stratum that is not named begins at the start.
    spared_from : mapping of label to Place, optional
        `after` of the earliest wave whose people must not be asked again, as that of two years ago. Who has a place
        from there up to where the last wave ended is spared.

    Returns
    -------
    Turn

    Raises
    ------
    SamplingError
        If a number is not between 0 and 1, two units of a stratum have the same, or a stratum has too few units that
        need not be spared.

    References
    ----------
    .. [1] Ohlsson (1995), Coordination of samples using permanent random numbers, in Cox et al., Business Survey
       Methods, Wiley, ch. 9.

    Examples
    --------
    >>> numbers, strata = np.array([0.9, 0.2, 0.5, 0.7]), ["a"] * 4
    >>> first = next_turn(numbers, {"a": 2}, strata=strata)
    >>> second = next_turn(numbers, {"a": 2}, strata=strata, after=first.until, spared_from=first.after)
    >>> first.sample.rows.tolist(), second.sample.rows.tolist()
    ([1, 2], [0, 3])
    """
    found, (code, levels) = np.asarray(numbers, dtype=float), numbered(strata)
    _check_numbers(found, code)
    wanted, counts = wanted_by_stratum(sizes, levels), np.bincount(code, minlength=len(levels))
    names = levels.tolist()
    begin = {name: (after or {}).get(name, START) for name in names}
    spared = _spared(found, code, begin, [(spared_from or {}).get(name) for name in names])
    _check_room(wanted, code[~spared], names)
    # Round the circle from where the last wave ended; those to be spared come last of all.
    passed = found <= np.array([begin[name].number for name in names])[code]
    order = np.lexsort((found, passed, spared, code))
    firsts = np.cumsum(counts) - counts
    place = np.arange(len(order)) - np.repeat(firsts, counts)
    rows = np.sort(order[place < np.repeat(wanted, counts)])
    until = dict(begin)
    for number in np.flatnonzero(wanted).tolist():
        last = order[firsts[number] + wanted[number] - 1]
        until[names[number]] = Place(begin[names[number]].round + int(passed[last]), float(found[last]))
    return Turn(Sample(rows, (wanted / counts)[code[rows]]), begin, until)


def _spared(
    numbers: FloatArray, code: IntArray, begin: Mapping[str, Place], since: Sequence[Place | None]
) -> BoolArray:
    """Whose last place, at or before where the last wave ended, comes after `since`."""
    ends = list(begin.values())
    starts = [end if start is None else start for start, end in zip(since, ends, strict=True)]
    end_round, start_round = (np.array([place.round for place in places])[code] for places in (ends, starts))
    end_number, start_number = (np.array([place.number for place in places])[code] for places in (ends, starts))
    last_round = end_round - (numbers > end_number)
    spared: BoolArray = (last_round > start_round) | ((last_round == start_round) & (numbers > start_number))
    return spared


def _check_numbers(numbers: FloatArray, code: IntArray) -> None:
    bad = np.flatnonzero(~((numbers >= 0) & (numbers < 1)))
    if len(bad):
        raise SamplingError(
            "row {row}: the permanent number {value} must be at least 0 and below 1",
            row=int(bad[0]) + 1,
            value=float(numbers[bad[0]]),
        )
    order = np.lexsort((numbers, code))
    same = np.flatnonzero((np.diff(numbers[order]) == 0) & (np.diff(code[order]) == 0))
    if len(same):
        raise SamplingError(
            "row {row}: another unit of its stratum has the same permanent number: list each unit once",
            row=int(order[same[0] + 1]) + 1,
        )


def _check_room(wanted: IntArray, code: IntArray, names: list[str]) -> None:
    room = np.bincount(code, minlength=len(names))
    short = np.flatnonzero(wanted > room)
    if len(short):
        raise SamplingError(
            "the stratum {stratum} is to give {n} units and has {units} who need not be spared: "
            "ask for fewer, or spare for a shorter time",
            stratum=names[short[0]],
            n=int(wanted[short[0]]),
            units=int(room[short[0]]),
        )
