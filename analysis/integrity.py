r"""Gaming risk: how hard an agency's answers are to believe of honest citizens, and which answers that hangs on.

Every signal is a mark that some responses bear (:mod:`analysis.signals`), and gives the agency the chance that an
honest agency would have as many (:mod:`analysis.excess`), or as large a gap to its call-backs. Known signals are
combined by Cauchy's rule, whose small levels hold though signals hang together; an unknown one takes no part. The
score is :math:`-25\log_{10} p`: every 25 points are one more nought in the chance, and 100 is one in ten thousand or
less.

A flag is a reason to look, and never drops an answer. :func:`suspicious` says which answers to leave out for a second
index beside the first. Which stuffing is caught, at which sizes: `benchmarks/gaming_risk.py`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import ndtr

from analysis import excess, signals
from analysis.errors import AnalysisError
from analysis.messages import N_

if TYPE_CHECKING:
    from collections.abc import Mapping

    from analysis.answer_log import AnswerLog
    from analysis.arrays import BoolArray, FloatArray
    from analysis.signals import Hours, Signal

FLAG_ABOVE = 50.0
FEWEST_RESPONSES = 15
POINTS_A_NOUGHT = 25.0
# What a share of marks with an innocent reason, and what good ratings of the marked, can say by themselves.
SHARE_ALONE, FLATTERY_ALONE = 0.01, 0.001
# Cauchy's rule would let one signal with a chance near 1 outweigh any other.
HIGHEST_CHANCE, LOWEST_CHANCE = 0.9, 1e-12


TOO_FEW = N_("{count} answers are too few to judge: {fewest} are needed")
NOTHING_KNOWN = N_("nothing is known by which the answers could be judged")
MESSAGES = {
    "straight_lines": N_("give every question the same level"),
    "perfect_scores": N_("give every question the best level, while the other answers find fault"),
    "copies": N_("are copies of one another beyond what equal satisfaction explains"),
    "repeats": N_("repeat the answer given just before them at the same counter"),
    "bursts": N_("came in a crowd within ten minutes at one counter"),
    "closing_time": N_("came in the last half hour, outside office hours or on a Sunday"),
    "quick": N_("came faster than a person can read the questions"),
    "office_network": N_("came from the office's own network"),
    "call_backs": N_("the counter's index exceeds that of people who were called back"),
}
# What to expect of honest agencies where there are too few to learn it from: share of marks and correlation.
# A signal that is not here is then unknown; repeats have their own expectation.
REFERENCE = {
    "copies": (0.005, 0.05),
    "bursts": (0.02, 0.05),
    "closing_time": (0.2, 0.05),
    "quick": (0.05, 0.05),
    "office_network": (0.1, 0.1),
    "repeats": (0.0, 0.02),
}
# The same of the gap between counter and call-backs: mean, and standard deviation between honest agencies.
GAP_REFERENCE = (0.03, 0.05)


@dataclass(frozen=True, slots=True)
class Component:
    """One signal at one agency.

    Attributes
    ----------
    signal : str
        A key of :data:`MESSAGES`.
    value, expected : float
        Share of the responses that bear the mark, and the share expected of an honest agency; for `call_backs` the
        gap, and the gap expected.
    chance : float
        That an honest agency shows as much or more.
    """

    signal: str
    value: float
    expected: float
    chance: float

    @property
    def message(self) -> str:
        """What the marked responses have in common, as a message to translate."""
        return MESSAGES[self.signal]


@dataclass(frozen=True, slots=True)
class AgencyRisk:
    """How hard one agency's answers are to believe.

    Attributes
    ----------
    agency : object
        Its label in the log.
    responses : int
    score : float or None
        From 0 to 100; None where it cannot be judged.
    flagged : bool
        Whether the score is above the limit.
    components : tuple of Component
        Known signals, the least believable first.
    reason : str or None
        Why there is no score, as a template to translate and fill with `reason_values`.
    """

    agency: Any
    responses: int
    score: float | None
    flagged: bool
    components: tuple[Component, ...]
    reason: str | None = None

    @property
    def reason_values(self) -> Mapping[str, int]:
        """What fills the places of `reason`."""
        return {"count": self.responses, "fewest": FEWEST_RESPONSES}


def gaming_risk(
    log: AnswerLog,
    *,
    call_backs: Mapping[Any, tuple[float, float]] | None = None,
    flag_above: float = FLAG_ABOVE,
    hours: Hours = signals.OFFICE_HOURS,
) -> tuple[AgencyRisk, ...]:
    """Score every agency of the log.

    Agencies are compared with one another: what most of them show (in one province all citizens use the office's
    network) is nothing unusual. Below ten agencies fixed expectations (`REFERENCE`) take the place of the others'.

    Parameters
    ----------
    log : AnswerLog
    call_backs : mapping of agency to (float, float), optional
        Index at the counter less that of people called back, from -1 to 1, with its standard error.
    flag_above : float
        From 0 to 100.
    hours : sequence of (int, int)
        When half-days begin and end, in minutes of the day.

    Returns
    -------
    tuple of AgencyRisk
        In the order of `log.agencies`; without a score below 15 responses, or where no signal is known.

    Raises
    ------
    AnalysisError
        The limit is not between 0 and 100, a half-day ends before it begins, or a gap has no positive standard error.

    References
    ----------
    .. [1] Liu & Xie (2020), Cauchy combination test, JASA 115, 393-402.
    .. [2] Gui, Mao, Wang & Wang (2025), Validity and power of heavy-tailed combination tests under asymptotic
       dependence, arXiv:2508.05818 (small levels hold under dependence; chances near 1 held back).

    Examples
    --------
    Thirty of the answers of one of twelve agencies came from its own network, faster than anybody reads.

    >>> from analysis.answer_log import AnswerLog
    >>> rng = np.random.default_rng(3)
    >>> agency, stuffed = np.arange(1200) % 12, np.arange(1200) < 360
    >>> stuffed &= agency == 5
    >>> log = AnswerLog.from_columns(agency, rng.integers(3, 6, (1200, 6)), quick=stuffed | (rng.random(1200) < 0.02),
    ...                              from_office=stuffed | (rng.random(1200) < 0.05))
    >>> risks = gaming_risk(log)
    >>> [risk.agency for risk in risks if risk.flagged], [one.signal for one in risks[5].components[:2]]
    ([5], ['quick', 'office_network'])
    """
    _check(flag_above, hours, call_backs or {})
    components = [_component(name, signal, log) for name, signal in _signals(log, hours).items()]
    if call_backs:
        components.append(_gaps(log, call_backs))
    chance = _combined(np.array([each.chance for each in components]))
    score = np.clip(-POINTS_A_NOUGHT * np.log10(chance), 0, 100)
    responses = np.bincount(log.agency, minlength=len(log.agencies))
    return tuple(
        _risk(agency, int(responses[place]), float(score[place]), _at(components, place), flag_above)
        for place, agency in enumerate(log.agencies)
    )


def suspicious(log: AnswerLog) -> BoolArray:
    """Which responses the signals point to: quick ones, those from the office, bursts, copies beyond expectation.

    Parameters
    ----------
    log : AnswerLog

    Returns
    -------
    ndarray of bool, shape (n,)
        For a second index without them; they are never dropped from the first. Some are honest.

    Examples
    --------
    >>> from analysis.answer_log import AnswerLog
    >>> suspicious(AnswerLog.from_columns(["A", "A"], [[5], [5]], quick=[True, False])).tolist()
    [True, False]
    """
    line = signals.line_of(log)
    pointing = (signals.quick(log), signals.office_network(log), signals.bursts(log, line), signals.copies(log))
    found: BoolArray = np.any([signal.marked for signal in pointing], axis=0)
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _Column:
    """One signal at every agency; NaN where unknown."""

    signal: str
    value: FloatArray
    expected: FloatArray
    chance: FloatArray


def _check(flag_above: float, hours: Hours, call_backs: Mapping[Any, tuple[float, float]]) -> None:
    if not 0 <= flag_above <= 100:  # noqa: PLR2004 (the range of the score)
        raise AnalysisError("a score is flagged above {limit}: give a limit from 0 to 100", limit=flag_above)
    for opens, closes in hours:
        if not 0 <= opens < closes <= 24 * 60:
            raise AnalysisError(
                "office hours from minute {opens} to minute {closes}: give them in order, within a day",
                opens=opens,
                closes=closes,
            )
    for agency, (gap, error) in call_backs.items():
        if not (np.isfinite(gap) and np.isfinite(error) and error > 0):
            raise AnalysisError(
                "the gap to call-backs of {agency} is {gap} with standard error {error}: both must be numbers, and "
                "the error above 0",
                agency=agency,
                gap=gap,
                error=error,
            )


def _signals(log: AnswerLog, hours: Hours) -> dict[str, Signal]:
    line = signals.line_of(log)
    return {
        "straight_lines": signals.straight_lines(log),
        "perfect_scores": signals.perfect_scores(log),
        "copies": signals.copies(log),
        "repeats": signals.repeats(log, line),
        "bursts": signals.bursts(log, line),
        "closing_time": signals.closing_time(log, hours=hours),
        "quick": signals.quick(log),
        "office_network": signals.office_network(log),
    }


def _component(name: str, signal: Signal, log: AnswerLog) -> _Column:
    marked, known = log.count(signal.marked), log.count(signal.known)
    null = _null(name, signal, log)
    value = np.divide(marked, known, out=np.full(len(known), np.nan), where=known > 0)
    if null is None:
        unknown = np.full(len(known), np.nan)
        return _Column(name, unknown, unknown, unknown)
    chance = null.tail(marked, known)
    if signal.flattery is not None:
        chance = _with_flattery(np.maximum(chance, SHARE_ALONE if signal.innocent else 0), signal.flattery)
    return _Column(name, value, null.share, np.where(known > 0, chance, np.nan))


def _null(name: str, signal: Signal, log: AnswerLog) -> excess.Null | None:
    marked, known = log.count(signal.marked), log.count(signal.known)
    if (known >= FEWEST_RESPONSES).sum() >= excess.FEWEST_AGENCIES:
        return excess.fit(marked, known, covariate=signal.covariate)
    if name not in REFERENCE:
        return None
    share, correlation = REFERENCE[name]
    expected = np.full(len(known), share) if signal.expected is None else signal.expected
    return excess.Null(np.asarray(expected).clip(excess.LOWEST_SHARE, 1 - excess.LOWEST_SHARE), correlation)


def _with_flattery(chance: FloatArray, flattery: FloatArray) -> FloatArray:
    """Fisher's rule for two: dealing marks out at random says nothing of how many there are."""
    product = np.clip(chance, LOWEST_CHANCE, 1) * np.maximum(np.nan_to_num(flattery, nan=1.0), FLATTERY_ALONE)
    return np.where(np.isnan(flattery), chance, product * (1 - np.log(product)))


def _gaps(log: AnswerLog, call_backs: Mapping[Any, tuple[float, float]]) -> _Column:
    unknown = (np.nan, np.nan)
    gap, error = np.array([call_backs.get(agency, unknown) for agency in log.agencies], dtype=np.float64).T
    told = np.isfinite(gap)
    mean, spread = _usual_gap(gap[told], error[told])
    chance = 1 - ndtr((gap - mean) / np.hypot(error, spread))
    return _Column("call_backs", gap, np.full(len(gap), mean), chance)


def _usual_gap(gap: FloatArray, error: FloatArray) -> tuple[float, float]:
    """Median gap, and how much honest agencies' gaps vary beyond their errors, read off the half below the median."""
    if len(gap) < excess.FEWEST_AGENCIES:
        return GAP_REFERENCE
    mean = float(np.median(gap))
    below = gap < mean
    beyond = np.mean(np.square(gap[below] - mean)) - np.mean(np.square(error[below]))
    return mean, math.sqrt(max(float(beyond), 0.0))


def _combined(chance: FloatArray) -> FloatArray:
    """Cauchy's rule over the known signals; 1 where none is known."""
    known = np.isfinite(chance)
    held = np.clip(np.where(known, chance, HIGHEST_CHANCE), LOWEST_CHANCE, HIGHEST_CHANCE)
    # tan((1/2 - p) pi), written so that a tiny chance keeps its digits.
    heavy = np.where(known, 1 / np.tan(np.pi * held), 0.0)
    mean = heavy.sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    together: FloatArray = np.where(known.any(axis=0), np.arctan2(1.0, mean) / np.pi, 1.0)
    return together


def _at(components: list[_Column], place: int) -> tuple[Component, ...]:
    found = [
        Component(each.signal, float(each.value[place]), float(each.expected[place]), float(each.chance[place]))
        for each in components
        if np.isfinite(each.chance[place])
    ]
    return tuple(sorted(found, key=lambda one: one.chance))


def _risk(
    agency: Any, responses: int, score: float, components: tuple[Component, ...], flag_above: float
) -> AgencyRisk:
    if responses < FEWEST_RESPONSES:
        return AgencyRisk(agency, responses, None, flagged=False, components=(), reason=TOO_FEW)
    if not components:
        return AgencyRisk(agency, responses, None, flagged=False, components=(), reason=NOTHING_KNOWN)
    return AgencyRisk(agency, responses, score, flagged=score > flag_above, components=components)
