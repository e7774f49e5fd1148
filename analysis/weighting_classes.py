"""Weighting classes: groups of persons drawn within which those who answered stand for those who did not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.arrays import codes, group_sums
from analysis.dispositions import INELIGIBLE, NONRESPONDENT, OUTCOMES, RESPONDENT, UNKNOWN
from analysis.errors import AnalysisError
from analysis.margins import encode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike

    from analysis.arrays import FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Classes:
    """The class of each person drawn.

    Attributes
    ----------
    variables : tuple of str
        What the classes are crossed from, the most important first.
    codes : ndarray of int, shape (n,)
    members : tuple of tuple
        Of each class the combinations of levels in it; more than one where classes were merged.
    """

    variables: tuple[str, ...]
    codes: IntArray
    members: tuple[tuple[tuple[Any, ...], ...], ...]

    def label(self, place: int) -> str:
        """Name a class in a message or a table: ``agency=A01, sex=f``."""
        return " + ".join(self._member(levels) for levels in self.members[place])

    def _member(self, levels: tuple[Any, ...]) -> str:
        return ", ".join(f"{name}={level}" for name, level in zip(self.variables, levels, strict=True))

    def of(self, rows: IntArray) -> Classes:
        """The same classes of some rows only."""
        return Classes(self.variables, self.codes[rows], self.members)

    def sums(self, weights: FloatArray, outcome: IntArray) -> FloatArray:
        """Sums of weights by class and outcome, shape (classes, 4)."""
        kinds = len(OUTCOMES)
        both = self.codes * kinds + outcome
        return group_sums(weights, both, len(self.members) * kinds).reshape(len(self.members), kinds)


def weighting_classes(variables: Mapping[str, ArrayLike], *, rows: int) -> Classes:
    """Cross variables into classes; without any, all are one class.

    Parameters
    ----------
    variables : mapping of str to array_like, shape (rows,)
        Known of everybody drawn, whether they answered or not; the most important first.
    rows : int

    Returns
    -------
    Classes

    Raises
    ------
    AnalysisError
        A value is missing; the message has its row.

    Examples
    --------
    >>> classes = weighting_classes({"sex": ["f", "m", "f"], "age": ["old", "old", "young"]}, rows=3)
    >>> classes.codes.tolist(), classes.label(2)
    ([0, 2, 1], 'sex=m, age=old')
    """
    crossed, keys = np.zeros(rows, dtype=np.int64), np.zeros((1, 0), dtype=np.int64)
    known = {name: _encoded(name, values) for name, values in variables.items()}
    for code, levels in known.values():
        crossed, found = codes(crossed * len(levels) + code)
        keys = np.column_stack([keys[found // len(levels)], found % len(levels)])
    names = [levels for _code, levels in known.values()]
    members = tuple((tuple(level[place] for level, place in zip(names, key, strict=True)),) for key in keys.tolist())
    return Classes(tuple(variables), crossed, members)


def merged_classes(classes: Classes, weights: FloatArray, outcome: IntArray, *, minimum: int) -> Classes:
    """Merge classes with too few respondents, each with the class most like it.

    The smallest class goes first. Its partner shares the most leading variables with it, and among those has the
    nearest response rate, since merging classes that answer alike costs the least bias.

    Parameters
    ----------
    classes : Classes
    weights : ndarray of float, shape (n,)
    outcome : ndarray of int, shape (n,)
        Positions in :data:`analysis.dispositions.OUTCOMES`.
    minimum : int
        Fewest respondents of a class that stays.

    Returns
    -------
    Classes

    References
    ----------
    .. [1] Kalton & Flores-Cervantes (2003), Weighting methods, Journal of Official Statistics 19(2), 81-97.

    Examples
    --------
    >>> classes = weighting_classes({"age": ["a", "a", "b", "b", "c"]}, rows=5)
    >>> merged_classes(classes, np.ones(5), np.array([0, 0, 0, 1, 1]), minimum=1).label(1)
    'age=b + age=c'
    """
    groups: list[list[int]] = [[place] for place in range(len(classes.members))]
    counts = classes.sums(np.ones(len(outcome)), outcome)
    sums = classes.sums(weights, outcome)
    while len(groups) > 1:
        small = [place for place, group in enumerate(groups) if _too_small(counts[group].sum(axis=0), minimum)]
        if not small:
            break
        first = min(small, key=lambda place: (counts[groups[place], RESPONDENT].sum(), place))
        partner = _most_alike(classes, groups, sums, first)
        low, high = sorted((first, partner))
        groups[low] = sorted(groups[low] + groups.pop(high))
    place = np.empty(len(classes.members), dtype=np.int64)
    for number, group in enumerate(groups):
        place[group] = number
    members = tuple(tuple(levels for one in group for levels in classes.members[one]) for group in groups)
    return Classes(classes.variables, place[classes.codes], members)


def response_rate(sums: FloatArray) -> FloatArray:
    r"""Share of the eligible who responded, :math:`R / (R + N + e U)`, with :math:`e = (R+N) / (R+N+I)`.

    AAPOR's rate RR4: the unknown are eligible as often as the known (CASRO).

    Parameters
    ----------
    sums : ndarray of float, shape (..., 4)
        Counts or weights by outcome.

    Returns
    -------
    ndarray of float, shape (...)
        NaN where nobody is eligible.

    Examples
    --------
    >>> float(response_rate(np.array([60.0, 20.0, 20.0, 25.0])))
    0.6
    """
    eligible = sums[..., RESPONDENT] + sums[..., NONRESPONDENT]
    known = eligible + sums[..., INELIGIBLE]
    with np.errstate(invalid="ignore", divide="ignore"):
        unknown = np.where(known > 0, eligible / known * sums[..., UNKNOWN], 0.0)
        return np.asarray(sums[..., RESPONDENT] / (eligible + unknown))


def _encoded(name: str, values: ArrayLike) -> tuple[IntArray, list[Any]]:
    code, levels = encode(values)
    missing = np.flatnonzero(code < 0)
    if missing.size:
        raise AnalysisError(
            "row {row}, column {column}: {count} persons drawn have no value, and their class is not known: "
            "fill them in, or give the missing ones a level of their own",
            row=int(missing[0]) + 1,
            column=name,
            count=int(missing.size),
        )
    return code, levels


def _too_small(counts: FloatArray, minimum: int) -> bool:
    """A class of ineligible persons only needs nobody to stand for it."""
    asked = counts[RESPONDENT] + counts[NONRESPONDENT] + counts[UNKNOWN]
    return bool(asked > 0 and counts[RESPONDENT] < minimum)


def _most_alike(classes: Classes, groups: Sequence[Sequence[int]], sums: FloatArray, first: int) -> int:
    rates = np.nan_to_num(response_rate(np.array([sums[list(group)].sum(axis=0) for group in groups])))

    def unlikeness(place: int) -> tuple[int, float, int]:
        shared = max(_shared(classes, one, other) for one in groups[first] for other in groups[place])
        return -shared, abs(float(rates[place] - rates[first])), place

    return min((place for place in range(len(groups)) if place != first), key=unlikeness)


def _shared(classes: Classes, one: int, other: int) -> int:
    """How many leading variables two classes have in common."""
    shared = 0
    for mine, yours in zip(classes.members[one][0], classes.members[other][0], strict=True):
        if mine != yours:
            break
        shared += 1
    return shared
