r"""The way to a target: the fewest improvements that lift an index to it, and how probably they do.

An index I that goes up by :math:`e_j` for each unit gained in item j reaches I + Σ e g, with each gain between 0 and
what is feasible (:mod:`analysis.fewest` finds the fewest gains that suffice). Given the sampling error, the gains taken
as exact, the target is reached with the probability that
:math:`I \ge target - \sum e g`, the variance being
:math:`V(I) + g' V_e g + 2 g' \mathrm{Cov}(e, I)` where the effects are estimates too.

References
----------
.. [1] Särndal, Swensson & Wretman (1992), Model Assisted Survey Sampling, section 5.5 (functions of estimates).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from math import sqrt
from typing import TYPE_CHECKING, Self

import numpy as np

from analysis.chance import chance_above, passed_with
from analysis.errors import AnalysisError
from analysis.fewest import fewest_gains
from analysis.messages import N_

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from analysis.arrays import FloatArray
    from analysis.results import Estimate

# A difference of errors below this is rounding.
_ROUNDING = 1e-12
# The error depends on the gains where effects are estimates: it settles in a few rounds, then may only grow.
_ROUNDS = 20
_MOST_ROUNDS = 100


class Standing(StrEnum):
    """Where an index stands to its target; each value is an English message to translate."""

    REACHED = N_("The target is already reached")
    REACHABLE = N_("The target can be reached")
    OUT_OF_REACH = N_("The target is out of reach with the improvements thought feasible")


@dataclass(frozen=True, slots=True, eq=False)
class Effects:
    """What a unit more in each item adds to the index, and how well that is known.

    Attributes
    ----------
    names : tuple of str
    values : ndarray, shape (p,)
        The weights of a composite, or coefficients of a regression.
    covariance : ndarray, shape (p, p)
        Zeros where the weights are given, not estimated.
    with_index : ndarray, shape (p,)
        Covariances with the index; zeros where not known.
    """

    names: tuple[str, ...]
    values: FloatArray
    covariance: FloatArray
    with_index: FloatArray

    @classmethod
    def of_weights(cls, weights: Mapping[str, float]) -> Self:
        """The effects of a composite whose weights are given.

        Parameters
        ----------
        weights : mapping of str to float

        Returns
        -------
        Effects

        Examples
        --------
        >>> Effects.of_weights({"staff": 0.5, "result": 0.5}).values.tolist()
        [0.5, 0.5]
        """
        count = len(weights)
        values = np.array(list(weights.values()), dtype=np.float64)
        return cls(tuple(weights), values, np.zeros((count, count)), np.zeros(count))


@dataclass(frozen=True, slots=True)
class Improvement:
    """One item to improve.

    Attributes
    ----------
    name : str
    gain : float
        By how much its share must rise.
    feasible : float
        By how much it may.
    adds : float
        To the index.
    """

    name: str
    gain: float
    feasible: float
    adds: float


@dataclass(frozen=True, slots=True)
class Way:
    """Improvements, where they lead, and how probably to the target.

    Attributes
    ----------
    improvements : tuple of Improvement
        Those that add most come first.
    index : float
        What is then expected.
    probability : float or None
        That the target is then reached, given sampling error; None where the index has no standard error.
    """

    improvements: tuple[Improvement, ...]
    index: float
    probability: float | None


@dataclass(frozen=True, slots=True)
class WayToTarget:
    """What it takes to reach a target.

    Attributes
    ----------
    index : Estimate
        Now.
    target : float
    standing : Standing
    way : Way
        The fewest improvements, with the least total gain, after which the target is expected; of a target out of
        reach all that is feasible, the best that can be had; of one already reached none.
    probability : float
        Asked of `sure_way`.
    sure_way : Way or None
        The fewest improvements after which the target is reached with that probability; None where that is not
        feasible, or where the index has no standard error.
    """

    index: Estimate
    target: float
    standing: Standing
    way: Way
    probability: float
    sure_way: Way | None


def way_to_target(
    index: Estimate,
    effects: Effects,
    *,
    target: float,
    feasible: Mapping[str, float],
    probability: float = 0.8,
) -> WayToTarget:
    """The smallest set of improvements that lifts an index to a target.

    Parameters
    ----------
    index : Estimate
        From 0 to 1.
    effects : Effects
        Items that would lower the index, or leave it, are not among the improvements.
    target : float
        Strictly between 0 and 1.
    feasible : mapping of str to float
        For each item by how much its share may rise, 0 to 1 (:func:`feasible_gains`).
    probability : float
        With which `sure_way` reaches the target.

    Returns
    -------
    WayToTarget

    Raises
    ------
    AnalysisError
        The target or the probability is not between 0 and 1, a feasible gain is missing, unknown or not from 0 to 1,
        or the effects do not fit together.

    Examples
    --------
    >>> from analysis.results import Estimate, Kind
    >>> index = Estimate(value=0.8153, standard_error=0.01, degrees_of_freedom=60, respondents=900, sum_weights=900.0,
    ...                  kind=Kind.SHARE)
    >>> effects = Effects.of_weights({"access": 0.25, "procedure": 0.25, "staff": 0.25, "result": 0.25})
    >>> found = way_to_target(index, effects, target=0.86,
    ...                       feasible={"access": 0.05, "procedure": 0.12, "staff": 0.10, "result": 0.02})
    >>> found.standing.name, [(each.name, round(each.gain, 4)) for each in found.way.improvements]
    ('REACHABLE', [('procedure', 0.12), ('staff', 0.0588)])
    >>> round(found.way.probability, 3), [(each.name, round(each.gain, 4)) for each in found.sure_way.improvements]
    (0.5, [('procedure', 0.12), ('staff', 0.0933)])
    """
    problem = _Problem(index, effects, target=target, limits=_checked(effects, target, feasible))
    passed_with(index, probability)
    missing = target - index.value
    gains = fewest_gains(effects.values, problem.limits, missing)
    standing = Standing.REACHABLE if gains is not None else Standing.OUT_OF_REACH
    return WayToTarget(
        index=index,
        target=target,
        standing=Standing.REACHED if missing <= 0 else standing,
        way=problem.way(problem.limits * (effects.values > 0) if gains is None else gains),
        probability=probability,
        sure_way=problem.sure_way(probability),
    )


def feasible_gains(
    values: Mapping[str, float], *, peers: Mapping[str, Sequence[float]] | None = None, quantile: float = 0.75
) -> dict[str, float]:
    """By how much each share may rise: up to what the best quarter of the agencies reaches, or else up to 1.

    Parameters
    ----------
    values : mapping of str to float
        The shares now, by item or dimension.
    peers : mapping of str to sequence of float, optional
        The shares of the agencies.
    quantile : float
        Of the agencies, strictly between 0 and 1: the share that three quarters of them do not surpass.

    Returns
    -------
    dict of str to float
        0 where the share is there already.

    Raises
    ------
    AnalysisError
        A share is not from 0 to 1, the quantile not between 0 and 1, or an item has no agencies.

    Examples
    --------
    >>> gains = feasible_gains({"staff": 0.8, "result": 0.9}, peers={"staff": [0.7, 0.8, 0.9, 1.0], "result": [0.85]})
    >>> {name: round(gain, 3) for name, gain in gains.items()}
    {'staff': 0.125, 'result': 0.0}
    """
    if not 0 < quantile < 1:
        raise AnalysisError(
            "the quantile {quantile} is not between 0 and 1: give 0.75 for the best quarter", quantile=quantile
        )
    for name, value in values.items():
        _check_share(name, [value])
        if peers is not None:
            _check_share(name, peers.get(name, ()))
    best = {name: 1.0 if peers is None else float(np.quantile(peers[name], quantile)) for name in values}
    return {name: max(best[name] - value, 0.0) for name, value in values.items()}


def _check_share(name: str, shares: Sequence[float]) -> None:
    if not len(shares):
        raise AnalysisError("{name}: no share of any agency is given", name=name)
    wrong = [share for share in shares if not 0 <= share <= 1]
    if wrong:
        raise AnalysisError("{name}: the share {share} is not from 0 to 1", name=name, share=wrong[0])


def _checked(effects: Effects, target: float, feasible: Mapping[str, float]) -> FloatArray:
    """The feasible gains in the order of the effects."""
    if not 0 < target < 1:
        raise AnalysisError("the target {target} is not between 0 and 1: give 0.86 for 86%", target=target)
    missing = [name for name in effects.names if name not in feasible]
    strangers = [name for name in feasible if name not in effects.names]
    if missing or strangers:
        raise AnalysisError(
            "feasible gains do not fit the items of the index: {missing} lack one, {strangers} are not items; "
            "give 0 for what cannot be improved",
            missing=", ".join(missing) or "–",
            strangers=", ".join(strangers) or "–",
        )
    for name, gain in feasible.items():
        if not 0 <= gain <= 1:
            raise AnalysisError("{name}: the feasible gain {gain} is not from 0 to 1", name=name, gain=gain)
    count = len(effects.names)
    shapes = (effects.values.shape, effects.covariance.shape, effects.with_index.shape)
    whole = all(np.isfinite(each).all() for each in (effects.values, effects.covariance, effects.with_index))
    if shapes != ((count,), (count, count), (count,)) or not whole:
        raise AnalysisError("the effects of {count} items need as many numbers, and all their covariances", count=count)
    return np.array([feasible[name] for name in effects.names], dtype=np.float64)


class _Problem:
    """An index, its target and what may be gained; assumes arguments already checked."""

    def __init__(self, index: Estimate, effects: Effects, *, target: float, limits: FloatArray) -> None:
        self.index, self.effects, self.target, self.limits = index, effects, target, limits

    def way(self, gains: FloatArray) -> Way:
        """Where these gains lead."""
        adds = self.effects.values * gains
        order = [place for place in np.argsort(-adds, kind="stable").tolist() if gains[place] > 0]
        return Way(
            improvements=tuple(
                Improvement(self.effects.names[j], float(gains[j]), float(self.limits[j]), float(adds[j]))
                for j in order
            ),
            index=self.index.value + float(adds.sum()),
            probability=chance_above(self._after(self._error(gains)), self.target - float(adds.sum())),
        )

    def sure_way(self, probability: float) -> Way | None:
        """The fewest improvements after which the target is reached with this probability."""
        error = self.index.standard_error
        for rounds in range(_MOST_ROUNDS):
            threshold = passed_with(self._after(error), probability)
            gains = (
                None if threshold is None else fewest_gains(self.effects.values, self.limits, self.target - threshold)
            )
            if error is None or gains is None:
                return None
            again = self._error(gains) or 0.0
            if abs(again - error) <= _ROUNDING or (again < error and rounds >= _ROUNDS):
                return self.way(gains)
            error = again if rounds < _ROUNDS else max(again, error)
        return None

    def _after(self, error: float | None) -> Estimate:
        return replace(self.index, standard_error=error)

    def _error(self, gains: FloatArray) -> float | None:
        """Standard error of the index after these gains."""
        if self.index.standard_error is None:
            return None
        added = gains @ self.effects.covariance @ gains + 2 * gains @ self.effects.with_index
        return sqrt(max(self.index.standard_error**2 + float(added), 0.0))
