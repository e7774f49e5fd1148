r"""How far two records of the same answers agree: the first interview, and the call-back (phúc tra).

Agreement by chance is taken out by Cohen's kappa, for ordered levels with weights that fall with the square of the
distance. With :math:`p_{ij}` the share of pairs with first level i and second j and :math:`w_{ij}` the weight of their
agreement (1 on the diagonal),

.. math:: \kappa = \frac{p_o - p_e}{1 - p_e}, \quad p_o = \sum w_{ij} p_{ij}, \quad p_e = \sum w_{ij} p_{i.} p_{.j}

and the large-sample standard error is that of Fleiss, Cohen and Everitt. Pairs are taken as independent; those of one
person are not quite, so that standard errors of items are right and comparisons of workers over items a little sure of
themselves: a flag is a reason to look, not a proof.

References
----------
.. [1] Cohen (1960), A coefficient of agreement for nominal scales, Educational and Psychological Measurement 20, 37-46.
.. [2] Fleiss, Cohen & Everitt (1969), Large sample standard errors of kappa and weighted kappa, Psychological Bulletin
   72, 323-327.
.. [3] Fleiss & Cohen (1973), The equivalence of weighted kappa and the intraclass correlation coefficient as measures
   of reliability, Educational and Psychological Measurement 33, 613-619.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri
from scipy.stats import hypergeom

from analysis.errors import AnalysisError
from analysis.intervals import check_level, limits
from analysis.multiplicity import holm
from analysis.results import Interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from analysis.arrays import FloatArray

FLAG_BELOW = 0.05


@dataclass(frozen=True, slots=True)
class Kappa:
    """Agreement beyond chance: 1 is perfect, 0 what chance alone would bring.

    Attributes
    ----------
    value : float
    standard_error : float or None
        None where all pairs agree or there is one: the sample says nothing of its own error.
    """

    value: float
    standard_error: float | None

    def interval(self, *, confidence_level: float = 0.95) -> Interval | None:
        """The normal interval, not beyond −1 and 1; None without a standard error.

        Parameters
        ----------
        confidence_level : float

        Returns
        -------
        Interval or None
        """
        check_level(confidence_level)
        if self.standard_error is None:
            return None
        half = float(ndtri((1 + confidence_level) / 2)) * self.standard_error
        low, high = max(-1.0, self.value - half), min(1.0, self.value + half)
        return Interval(low, high, confidence_level, "normal")


@dataclass(frozen=True, slots=True)
class Agreeing:
    """How many of some pairs agree.

    Attributes
    ----------
    pairs, agreeing : int
    """

    pairs: int
    agreeing: int

    @property
    def share(self) -> float:
        """Of the pairs that agree."""
        return self.agreeing / self.pairs

    def interval(self, *, confidence_level: float = 0.95) -> Interval:
        """Wilson's interval of the share.

        Parameters
        ----------
        confidence_level : float

        Returns
        -------
        Interval
        """
        check_level(confidence_level)
        low, high = limits(
            self.share,
            np.sqrt(self.share * (1 - self.share) / self.pairs),
            degrees_of_freedom=np.inf,
            respondents=self.pairs,
            confidence_level=confidence_level,
            method="wilson",
        )
        return Interval(float(low), float(high), confidence_level, "wilson")


@dataclass(frozen=True, slots=True)
class Agreement(Agreeing):
    """How far the pairs of one item agree.

    Attributes
    ----------
    pairs, agreeing : int
    kappa : Kappa or None
        None where both records have one level only, the same: there is nothing but chance.
    weighted : Kappa or None
        With quadratic weights; None where the levels have no order.

    Examples
    --------
    >>> found = agreement(["a", "b", "b", "a"], ["a", "b", "a", "a"])
    >>> found.share, round(found.kappa.value, 3), found.weighted
    (0.75, 0.5, None)
    """

    kappa: Kappa | None
    weighted: Kappa | None


@dataclass(frozen=True, slots=True)
class WorkerAgreement(Agreeing):
    """How far the pairs of one worker agree, over all items.

    Attributes
    ----------
    worker : str
    pairs, agreeing : int
    p_adjusted : float or None
        Of agreeing this seldom if the worker were as the others, adjusted for the number of workers (Holm); None for
        who is alone.
    flagged : bool
        Whether that is below `FLAG_BELOW`.
    """

    worker: str
    p_adjusted: float | None
    flagged: bool


def agreement(first: Sequence[str], second: Sequence[str], *, order: Sequence[str] | None = None) -> Agreement:
    """Compare two records of the same answers.

    Parameters
    ----------
    first, second : sequence of str, shape (n,)
        Levels of one item.
    order : sequence of str, optional
        The levels in their order; those not in it, such as "does not apply", count for kappa and not for weighted
        kappa.

    Returns
    -------
    Agreement

    Raises
    ------
    AnalysisError
        There is no pair, or not as many first as second answers.

    Examples
    --------
    >>> agreement(["1", "2", "3", "3"], ["1", "3", "3", "3"], order="12345").agreeing
    3
    """
    if len(first) != len(second) or not first:
        raise AnalysisError(
            "{first} first and {second} second answers: give pairs, at least one",
            first=len(first),
            second=len(second),
        )
    levels = sorted({*first, *second})
    weighted = None
    if order is not None:
        ranked = [(a, b) for a, b in zip(first, second, strict=True) if a in order and b in order]
        weighted = cohens_kappa(_table(ranked, list(order)), ordered=True) if ranked else None
    pairs = list(zip(first, second, strict=True))
    return Agreement(
        pairs=len(pairs),
        agreeing=sum(a == b for a, b in pairs),
        kappa=cohens_kappa(_table(pairs, levels)),
        weighted=weighted,
    )


def cohens_kappa(counts: ArrayLike, *, ordered: bool = False) -> Kappa | None:
    """Cohen's kappa of a square table of pairs.

    Parameters
    ----------
    counts : array_like of int, shape (k, k)
        First by second level.
    ordered : bool
        Whether levels are ordered: disagreement counts by the square of its distance.

    Returns
    -------
    Kappa or None
        None where chance alone would agree always.

    Raises
    ------
    AnalysisError
        The table is not square, or nothing is in it.

    Examples
    --------
    The diagnoses of two clinicians (Fleiss, Levin & Paik, Statistical Methods for Rates and Proportions, table 18.1):

    >>> found = cohens_kappa([[75, 1, 4], [5, 4, 1], [0, 0, 10]])
    >>> round(found.value, 2), round(found.standard_error, 3)
    (0.68, 0.088)
    """
    table = np.asarray(counts, dtype=np.float64)
    if table.ndim != 2 or table.shape[0] != table.shape[1] or not table.sum() > 0:  # noqa: PLR2004 - rows and columns.
        raise AnalysisError("a table of pairs has as many rows as columns, and something in it: this one has not")
    levels = len(table)
    distance = np.abs(np.subtract.outer(np.arange(levels), np.arange(levels)))
    # One level has nothing to be far from.
    weights = 1 - (distance / max(levels - 1, 1)) ** 2 if ordered else (distance == 0).astype(np.float64)
    return _kappa(table / table.sum(), weights, pairs=float(table.sum()))


def by_worker(workers: Sequence[str], agrees: Sequence[bool]) -> tuple[WorkerAgreement, ...]:
    """Who agrees clearly less often than the others, by Fisher's exact test against all others together.

    Parameters
    ----------
    workers : sequence of str, shape (n,)
        Whose pair it is.
    agrees : sequence of bool, shape (n,)
        Whether the pair agrees.

    Returns
    -------
    tuple of WorkerAgreement
        By name.

    References
    ----------
    .. [1] Fisher (1934), Statistical Methods for Research Workers, 5th ed., section 21.02.

    Examples
    --------
    >>> found = by_worker(["A"] * 50 + ["B"] * 50, [True] * 48 + [False] * 2 + [True] * 30 + [False] * 20)
    >>> [(one.worker, one.flagged) for one in found]
    [('A', False), ('B', True)]
    """
    names = sorted(set(workers))
    own = np.asarray(workers, dtype=object)
    good = np.asarray(agrees, dtype=np.bool_)
    counts = [(int((own == name).sum()), int(good[own == name].sum())) for name in names]
    chances = [
        # As many agreeing pairs or fewer, when the worker's are drawn from those of all.
        float(hypergeom.cdf(agreeing, len(good), int(good.sum()), pairs)) if pairs < len(good) else None
        for pairs, agreeing in counts
    ]
    return tuple(
        WorkerAgreement(pairs, agreeing, name, chance, flagged=chance is not None and chance < FLAG_BELOW)
        for name, (pairs, agreeing), chance in zip(names, counts, holm(chances), strict=True)
    )


def _table(pairs: Sequence[tuple[str, str]], levels: Sequence[str]) -> FloatArray:
    place = {level: at for at, level in enumerate(levels)}
    table = np.zeros((len(levels), len(levels)))
    for first, second in pairs:
        table[place[first], place[second]] += 1
    return table


def _kappa(shares: FloatArray, weights: FloatArray, *, pairs: float) -> Kappa | None:
    """Assumes arguments already checked. Symbols as in Fleiss, Cohen and Everitt (1969), formulas 2 to 9."""
    rows, columns = shares.sum(axis=1), shares.sum(axis=0)
    observed = float((weights * shares).sum())
    expected = float((weights * np.outer(rows, columns)).sum())
    if np.isclose(expected, 1.0, rtol=0, atol=1e-12):
        return None
    kappa = (observed - expected) / (1 - expected)
    # The mean weights of row i and column j, given the other record's shares.
    mean = np.add.outer(weights @ columns, rows @ weights)
    spread = float((shares * (weights - mean * (1 - kappa)) ** 2).sum())
    variance = (spread - (kappa - expected * (1 - kappa)) ** 2) / (pairs * (1 - expected) ** 2)
    known = pairs > 1 and observed < 1
    return Kappa(kappa, float(np.sqrt(max(variance, 0.0))) if known else None)
