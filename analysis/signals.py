"""Single signals of stuffing: which responses bear a mark, of which it is known, and what the marks depend on.

Each function looks at an :class:`analysis.answer_log.AnswerLog` alone and judges nobody: honest people also answer all
fives, come in families, or use the office's network. :mod:`analysis.integrity` compares an agency's share of marks with
what is believable of an honest agency.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import logit, ndtr, pdtr, pdtrik

from analysis.arrays import codes, group_sums
from analysis.copies import copied, own_chance

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analysis.answer_log import AnswerLog
    from analysis.arrays import BoolArray, FloatArray, IntArray

    Hours = Sequence[tuple[int, int]]

# Half-days in minutes of the day: 7:00 to 11:30 and 13:30 to 17:00.
OFFICE_HOURS = ((7 * 60, 11 * 60 + 30), (13 * 60 + 30, 17 * 60))
BEFORE_CLOSING = 30
# Fewer ratings than this are equal by chance.
FEWEST_RATINGS = 3
# A burst: more answers at one counter within these minutes than four times its own pace explains.
BURST_MINUTES, RUSH, BURST_CHANCE = 10, 4.0, 1e-4
SMALLEST_BURST = 4
# Two responses follow one another if no more than this lies between them.
NEXT_IN_LINE = 30
SESSION = 4 * 24 * 60
ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Signal:
    """Marks of one kind.

    Attributes
    ----------
    marked : ndarray of bool, shape (n,)
        Responses that bear the mark.
    known : ndarray of bool, shape (n,)
        Responses of which it is known whether they do.
    covariate : ndarray, shape (agencies,), or None
        What the share of marks of an honest agency hangs on, on the scale of logits.
    expected : ndarray, shape (agencies,), or None
        The share of marks that the agency's own answers lead one to expect, where they do.
    flattery : ndarray, shape (agencies,), or None
        The chance that the marked responses rate the agency so much better than its others, if the mark had nothing to
        do with the ratings; NaN where there are not both, or all rate it alike.
    innocent : bool
        Whether honest agencies may differ in the mark by any amount, for reasons of their own: hours, networks.
    """

    marked: BoolArray
    known: BoolArray
    covariate: FloatArray | None = None
    expected: FloatArray | None = None
    flattery: FloatArray | None = None
    innocent: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """Responses with a known time, in the order in which they came to each counter on each day.

    Attributes
    ----------
    order : ndarray of int
        Their rows.
    clock : ndarray of int
        Minutes, growing; a day at a counter is further from any other than a window is long.
    """

    order: IntArray
    clock: IntArray


def line_of(log: AnswerLog) -> Line:
    """Put the responses in line.

    Parameters
    ----------
    log : AnswerLog

    Returns
    -------
    Line

    Examples
    --------
    >>> from analysis.answer_log import AnswerLog
    >>> log = AnswerLog.from_columns(["A"] * 3, [[5]] * 3, day=[2, 1, -1], minute=[500, 480, 490])
    >>> line_of(log).order.tolist()
    [1, 0]
    """
    rows = np.flatnonzero(log.timed)
    if not len(rows):
        return Line(rows, rows)
    day = log.day[rows] - log.day[rows].min()
    session = log.counter[rows] * (int(day.max()) + 1) + day
    clock = session * SESSION + log.minute[rows]
    order = np.argsort(clock, kind="stable")
    return Line(rows[order], clock[order])


def straight_lines(log: AnswerLog) -> Signal:
    """Responses that give every item the same level.

    Parameters
    ----------
    log : AnswerLog

    Returns
    -------
    Signal
        Known where three items or more are answered; depends on the level of the agency's other answers.

    References
    ----------
    .. [1] Krosnick (1991), Response strategies for coping with the cognitive demands of attitude measures in surveys,
       Applied Cognitive Psychology 5, 213-236.

    Examples
    --------
    >>> from analysis.answer_log import AnswerLog
    >>> log = AnswerLog.from_columns(["A"] * 3, [[4, 4, 4], [5, 4, 5], [3, -1, 3]])
    >>> signal = straight_lines(log)
    >>> signal.marked.tolist(), signal.known.tolist()
    ([True, False, False], [True, True, False])
    """
    known = log.answered >= FEWEST_RATINGS
    lowest = np.where(log.ratings < 0, np.int8(127), log.ratings).min(axis=1)
    marked = known & (lowest == log.ratings.max(axis=1))
    return Signal(marked, known, covariate=_level_of_rest(log, known & ~marked))


def perfect_scores(log: AnswerLog) -> Signal:
    """Responses that give every item its best level.

    Parameters
    ----------
    log : AnswerLog

    Returns
    -------
    Signal
        Known where three items or more are answered. How many perfect scores are believable depends on the level of the
        agency's other answers: where even those who find fault find little, many find none.

    Examples
    --------
    >>> from analysis.answer_log import AnswerLog
    >>> log = AnswerLog.from_columns(["A"] * 2, [[4, 4, 4], [5, 5, 5]])
    >>> perfect_scores(log).marked.tolist()
    [False, True]
    """
    known = log.answered >= FEWEST_RATINGS
    marked = known & _perfect(log)
    return Signal(marked, known, covariate=_level_of_rest(log, known & ~marked))


def bursts(log: AnswerLog, line: Line) -> Signal:
    """Responses that came in a crowd: within ten minutes at one counter, more than its own pace explains.

    A counter's pace is that of the days on which it was used; four times as fast is still a rush hour. The crowd has
    four members or more, and as many as a Poisson variable at rush hour reaches once in 10,000 windows.

    Parameters
    ----------
    log : AnswerLog
    line : Line

    Returns
    -------
    Signal
        Known where the time is.

    References
    ----------
    .. [1] Naus (1965), The distribution of the size of the maximum cluster of points on a line, JASA 60, 532-538.

    Examples
    --------
    >>> from analysis.answer_log import AnswerLog
    >>> day, minute = [1, 1, 1, 1, 1, 1, *range(2, 22)], [480, 600, 601, 601, 603, 604, *[900] * 20]
    >>> log = AnswerLog.from_columns(["A"] * 26, [[5]] * 26, day=day, minute=minute)
    >>> bursts(log, line_of(log)).marked.nonzero()[0].tolist()
    [1, 2, 3, 4, 5]
    """
    marked = np.zeros(len(log), dtype=np.bool_)
    rows = len(line.order)
    if rows:
        after = np.searchsorted(line.clock, line.clock + BURST_MINUTES, side="left")
        here = np.arange(rows)
        crowds = after - here >= _crowd(log, line)
        # Everyone from the first to the last member of a crowd: a running count of crowds begun less crowds ended.
        ends = np.bincount(after[crowds], minlength=rows + 1)[:rows]
        marked[line.order] = np.cumsum(crowds - ends) > 0
    return Signal(marked, log.timed, flattery=_flattery(log, marked, log.timed), innocent=True)


def closing_time(log: AnswerLog, *, hours: Hours = OFFICE_HOURS) -> Signal:
    """Responses received in the last half hour of a half-day, outside office hours, or on a Sunday.

    Parameters
    ----------
    log : AnswerLog
    hours : sequence of (int, int)
        When the half-days begin and end, in minutes of the day.

    Returns
    -------
    Signal
        Known where the time is.

    Examples
    --------
    >>> from analysis.answer_log import AnswerLog
    >>> log = AnswerLog.from_columns(["A"] * 3, [[5]] * 3, day=[1, 1, 7], minute=[480, 1025, 480])
    >>> closing_time(log).marked.tolist()
    [False, True, True]
    """
    quiet = np.ones(24 * 60, dtype=np.bool_)
    for opens, closes in hours:
        quiet[opens : closes - BEFORE_CLOSING] = False
    timed = log.timed
    # Ordinal 1 was a Monday.
    marked = timed & (quiet[log.minute] | (log.day % 7 == 0))
    return Signal(marked, timed, flattery=_flattery(log, marked, timed), innocent=True)


def quick(log: AnswerLog) -> Signal:
    """Responses that came faster than a human can read.

    Parameters
    ----------
    log : AnswerLog

    Returns
    -------
    Signal

    Examples
    --------
    >>> from analysis.answer_log import AnswerLog
    >>> signal = quick(AnswerLog.from_columns(["A", "A"], [[5], [5]], quick=[1, -1]))
    >>> signal.marked.tolist(), signal.known.tolist()
    ([True, False], [True, False])
    """
    marked, known = log.quick == 1, log.quick >= 0
    return Signal(marked, known, flattery=_flattery(log, marked, known))


def office_network(log: AnswerLog) -> Signal:
    """Responses from the office's own network.

    Parameters
    ----------
    log : AnswerLog

    Returns
    -------
    Signal

    Examples
    --------
    >>> from analysis.answer_log import AnswerLog
    >>> office_network(AnswerLog.from_columns(["A", "A"], [[5], [5]], from_office=[1, 0])).marked.tolist()
    [True, False]
    """
    marked, known = log.from_office == 1, log.from_office >= 0
    return Signal(marked, known, flattery=_flattery(log, marked, known), innocent=True)


def copies(log: AnswerLog) -> Signal:
    """Responses whose ratings as a whole were given more often than the same satisfaction explains.

    See :func:`analysis.copies.copied`.

    Parameters
    ----------
    log : AnswerLog

    Returns
    -------
    Signal
        Known where three items or more are answered.

    Examples
    --------
    >>> from analysis.answer_log import AnswerLog
    >>> honest = np.random.default_rng(1).integers(3, 6, (300, 8))
    >>> stuffed = np.tile([5, 4, 5, 5, 3, 4, 5, 5], (12, 1))
    >>> agency = np.r_[np.arange(300) % 10, np.zeros(12, dtype=int)]
    >>> log = AnswerLog.from_columns(agency, np.r_[honest, stuffed])
    >>> bool(copies(log).marked[300:].all()), int(copies(log).marked.sum())
    (True, 12)
    """
    known = log.answered >= FEWEST_RATINGS
    # All best and all worst follow from the total alone.
    telling = known & ~_perfect(log) & (log.total > log.answered)
    marked = np.zeros(len(log), dtype=np.bool_)
    # Sums of as many answers.
    total = log.answered * (int(log.total.max(initial=0)) + 1) + log.total
    marked[telling] = copied(
        log.vector[telling], codes(total[telling])[0], log.agency[telling], agencies=len(log.agencies)
    )
    return Signal(marked, known)


def repeats(log: AnswerLog, line: Line) -> Signal:
    """Responses with the very ratings of the one before them at the counter, no more than half an hour earlier.

    Honest people in a row know nothing of one another, so that two in a row agree about as often as any two of the
    agency, however satisfied it leaves them: no other agency is needed to know what to expect.

    Parameters
    ----------
    log : AnswerLog
    line : Line

    Returns
    -------
    Signal
        Known where somebody came before.

    Examples
    --------
    >>> from analysis.answer_log import AnswerLog
    >>> ratings, minute = [[5, 4], [5, 4], [4, 4], [5, 4]], [480, 485, 490, 900]
    >>> log = AnswerLog.from_columns(["A"] * 4, ratings, day=[1] * 4, minute=minute)
    >>> signal = repeats(log, line_of(log))
    >>> signal.marked.tolist(), signal.known.tolist(), signal.expected.tolist()
    ([False, True, False, False], [False, True, True, False], [0.5])
    """
    marked, known = np.zeros((2, len(log)), dtype=np.bool_)
    later, earlier = line.order[1:], line.order[:-1]
    follows = np.diff(line.clock) <= NEXT_IN_LINE
    known[later] = follows
    marked[later] = follows & (log.vector[later] == log.vector[earlier])
    chance = own_chance(log.vector, log.agency, agencies=len(log.agencies))
    return Signal(marked, known, covariate=logit(np.clip(chance, 0.005, 0.995)), expected=chance)


def _perfect(log: AnswerLog) -> BoolArray:
    # A mean of shares of the way up is 1 only if all are; fractions of small numbers leave it exact.
    return np.asarray((log.rating == 1) & (log.answered > 0))


def _level_of_rest(log: AnswerLog, rest: BoolArray) -> FloatArray:
    """Logit of the mean rating of the agency's other responses, drawn towards everybody's where few are left."""
    total = group_sums(log.rating[rest], log.agency[rest], len(log.agencies))
    count = log.count(rest)
    overall = total.sum() / max(count.sum(), 1)
    level: FloatArray = logit(np.clip((total + 2 * overall) / (count + 2), 0.01, 0.99))
    return level


def _flattery(log: AnswerLog, marked: BoolArray, known: BoolArray) -> FloatArray:
    """Upper tail of the permutation test of marked against other responses; NaN where it says nothing."""
    agencies = len(log.agencies)
    sums = [group_sums(np.where(chosen, log.rating, 0.0), log.agency, agencies) for chosen in (marked, known)]
    squares = group_sums(np.where(known, np.square(log.rating), 0.0), log.agency, agencies)
    ours, all_ = (log.count(chosen).astype(np.float64) for chosen in (marked, known))
    mean = sums[1] / np.maximum(all_, 1)
    # Ratings stay, marks are dealt out again: mean and variance of the marked responses' sum.
    variance = ours * (all_ - ours) / np.maximum(all_ * (all_ - 1), 1) * (squares - all_ * np.square(mean))
    varies = variance > ROUNDING
    distance = np.divide(sums[0] - ours * mean, np.sqrt(variance, where=varies, out=np.ones(agencies)))
    return np.where(varies, ndtr(-distance), np.nan)


def _crowd(log: AnswerLog, line: Line) -> IntArray:
    """How many within a window make a crowd at the counter of each response in line."""
    counter = log.counter[line.order]
    responses = np.bincount(counter)
    begins = np.diff(line.clock // SESSION, prepend=-1) > 0
    days = np.bincount(counter[begins], minlength=len(responses))
    open_minutes = sum(closes - opens for opens, closes in OFFICE_HOURS)
    pace = responses / np.maximum(days, 1) * BURST_MINUTES / open_minutes
    # The first member is given; the others must be too many.
    crowd = 1 + _seldom_more(RUSH * pace) + 1
    return np.maximum(crowd, SMALLEST_BURST)[counter].astype(np.int64)


def _seldom_more(mean: FloatArray) -> FloatArray:
    """The least number that a Poisson variable exceeds with a chance of no more than `BURST_CHANCE`."""
    level = 1 - BURST_CHANCE
    # The inverse is of real numbers and may lie a rounding above a whole one. Nobody is expected: 0.
    found = np.ceil(np.where(mean > 0, pdtrik(level, np.maximum(mean, 1e-9)), 0.0))
    below = np.maximum(found - 1, 0)
    return np.where(pdtr(below, mean) >= level, below, found)
