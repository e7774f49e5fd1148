"""What part of the answers came by which way, told only where no part is a few persons.

Two classifications of the same respondents, such as what a form was opened by and on what it was filled in. A domain's
counts are shown where each of them is nobody or at least the minimum; the whole is the sum of the domains that are
shown, and of no other. So a table tells nothing but what its own rows do: nothing can be subtracted from its total.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from analysis.errors import AnalysisError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike

    from analysis.arrays import BoolArray, IntArray


@dataclass(frozen=True, slots=True)
class Shares:
    """Respondents by kind, of one domain or of several together.

    Attributes
    ----------
    counts : mapping of str to int
        Nobody is 0: a row that is shown leaves out no kind.
    domains : int
        How many were added up.

    Examples
    --------
    >>> found = Shares({"poster": 30, "slip": 10, "link": 0})
    >>> found.respondents, found.of("poster")
    (40, 0.75)
    """

    counts: Mapping[str, int]
    domains: int = 1

    @property
    def respondents(self) -> int:
        """All kinds together."""
        return sum(self.counts.values())

    def of(self, kind: str) -> float:
        """The part of the respondents who are of this kind, from 0 to 1.

        Parameters
        ----------
        kind : str

        Returns
        -------
        float
        """
        return self.counts[kind] / self.respondents


@dataclass(frozen=True, slots=True)
class SharesTable:
    """One classification: a row for each domain, and the whole.

    Attributes
    ----------
    rows : tuple of Shares or None
        None where a count would be of a few persons.
    whole : Shares or None
        Of the rows that are shown; None where there is none.
    """

    rows: tuple[Shares | None, ...]
    whole: Shares | None


@dataclass(frozen=True, slots=True)
class TwoShares:
    """What may be shown of two classifications side by side.

    Attributes
    ----------
    first, second : SharesTable
    """

    first: SharesTable
    second: SharesTable


def shown_shares(
    first: Mapping[str, ArrayLike],
    second: Mapping[str, ArrayLike],
    *,
    displayed: ArrayLike,
    minimum: int,
    within: Mapping[str, str] | None = None,
) -> TwoShares:
    """Decide which domains' respondents may be shown by kind, in each of two classifications, and add those up.

    Parameters
    ----------
    first, second : mapping of str to array_like of int, shape (n,)
        For each kind, the respondents of every domain.
    displayed : array_like of bool, shape (n,)
        Domains whose number of respondents is shown anyway; no other has a row.
    minimum : int
        The smallest number of respondents shown.
    within : mapping of str to str, optional
        Kinds of `second` that occur with one kind of `first` only, as everybody knows: who sees both counts knows
        their difference. Where that would be of a few persons, the second row is hidden.

    Returns
    -------
    TwoShares

    Raises
    ------
    AnalysisError
        The minimum is below 1, or the two classifications are not of the same respondents.

    Notes
    -----
    What is shown of a domain depends on that domain alone, and a whole on shown rows alone, so that a hidden row could
    be any other hidden row. Two margins bound each cell of the table between them (Fréchet), and bounds that meet
    meet at a margin; that is why the two may be decided one by one.

    References
    ----------
    .. [1] Dobra & Fienberg (2000), Bounds for cell entries in contingency tables given marginal totals and
           decomposable graphs, PNAS 97(22).
    .. [2] Hundepool et al. (2012), Statistical Disclosure Control, ch. 4.

    Examples
    --------
    At B three came by a link, so that B is in neither row nor whole of the first; the second shows both:

    >>> ways = {"poster": [30, 47], "slip": [10, 0], "link": [0, 3]}
    >>> devices = {"phone": [28, 50], "tablet": [12, 0]}
    >>> found = shown_shares(ways, devices, displayed=[True, True], minimum=10)
    >>> found.first.rows[1], found.first.whole
    (None, Shares(counts={'poster': 30, 'slip': 10, 'link': 0}, domains=1))
    >>> found.second.whole
    Shares(counts={'phone': 78, 'tablet': 12}, domains=2)

    A tablet opens a poster's form. If 24 of 30 were at the tablet, 6 would be known to have scanned the poster:

    >>> devices = {"phone": [16, 50], "tablet": [24, 0]}
    >>> shown_shares(ways, devices, displayed=[True, True], minimum=10, within={"tablet": "poster"}).second.rows[0]
    """
    if minimum < 1:
        raise AnalysisError("a minimum of {minimum} respondents hides nothing: give 1 or more", minimum=minimum)
    one, other, seen = _counted(first), _counted(second), np.asarray(displayed, dtype=np.bool_)
    if not np.array_equal(one.sum(axis=1), other.sum(axis=1)) or len(seen) != len(one):
        raise AnalysisError("the two classifications are not of the same respondents: count both from the same rows")
    in_first = seen & _tells_of_nobody(one, minimum)
    in_second = seen & _tells_of_nobody(other, minimum)
    for kind, only in (within or {}).items():
        rest = np.asarray(first[only], dtype=np.int64) - np.asarray(second[kind], dtype=np.int64)
        in_second &= ~in_first | _tells_of_nobody(rest[:, None], minimum)
    return TwoShares(_table(tuple(first), one, in_first), _table(tuple(second), other, in_second))


def _counted(by_kind: Mapping[str, ArrayLike]) -> IntArray:
    """A line for each domain, a column for each kind."""
    return np.stack([np.asarray(counts, dtype=np.int64) for counts in by_kind.values()], axis=1)


def _tells_of_nobody(counts: IntArray, minimum: int) -> BoolArray:
    """Domains of which every count is nobody or at least the minimum."""
    return np.asarray(((counts == 0) | (counts >= minimum)).all(axis=1))


def _table(kinds: tuple[str, ...], counts: IntArray, shown: BoolArray) -> SharesTable:
    """Assumes arguments already checked."""
    lines = [dict(zip(kinds, line, strict=True)) for line in counts.tolist()]
    rows = tuple(Shares(line) if is_shown else None for line, is_shown in zip(lines, shown.tolist(), strict=True))
    summed = dict(zip(kinds, counts[shown].sum(axis=0).tolist(), strict=True))
    return SharesTable(rows, Shares(summed, domains=int(shown.sum())) if shown.any() else None)
