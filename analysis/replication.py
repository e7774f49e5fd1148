r"""Making replicate weights from a design: jackknife, balanced half samples and bootstraps.

References
----------
.. [1] Wolter (2007), Introduction to Variance Estimation, ch. 3 to 5.
.. [2] Rao & Wu (1988), Resampling inference with complex survey data, JASA 83, 231-241.
.. [3] Canty & Davison (1999), Resampling-based variance estimation for labour force surveys, The Statistician 48.
.. [4] Beaumont & Émond (2022), A bootstrap variance estimation method for multistage sampling, Stats 5, 339-357.
.. [5] Preston (2009), Rescaled bootstrap for stratified multistage sampling, Survey Methodology 35, 227-234.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analysis.balance import hadamard
from analysis.design import check_choice
from analysis.errors import AnalysisError
from analysis.replicates import ReplicateDesign, default_scale

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from analysis.arrays import FloatArray, IntArray
    from analysis.design import SurveyDesign
    from analysis.stages import Stage


def jackknife(design: SurveyDesign, *, mse: bool = False) -> ReplicateDesign:
    r"""Leave one PSU out at a time: JK1 without strata, JKn with them.

    The others of its stratum get :math:`n_h / (n_h - 1)` of their weight; the replicate counts
    :math:`(1 - f_h)(n_h - 1) / n_h`. Strata with one PSU follow the design's rule.

    Parameters
    ----------
    design : SurveyDesign
        Not yet calibrated: calibrate each set of replicate weights instead.
    mse : bool
        As in :class:`analysis.replicates.ReplicateDesign`.

    Returns
    -------
    ReplicateDesign

    Raises
    ------
    AnalysisError
        The design is calibrated, or a stratum has one PSU where that is an error.

    Examples
    --------
    >>> from analysis.design import SurveyDesign
    >>> jackknife(SurveyDesign.from_columns([2.0, 2.0, 2.0])).replicates.tolist()
    [[0.0, 3.0, 3.0], [3.0, 0.0, 3.0], [3.0, 3.0, 0.0]]
    """
    _check_raw(design)
    first = design.stages[0]
    size = first.sizes[first.stratum_of_unit]
    alone = first.alone[first.stratum_of_unit]
    strata = len(first.strata)
    if alone.any():
        _refuse_alone(design)
    kept = np.flatnonzero(~alone if design.lonely.name != "adjust" else np.ones(first.units, dtype=np.bool_))
    if len(kept) == 0:
        raise AnalysisError("every stratum has one PSU: there is nothing to leave out")
    left, stratum = kept[None, :], first.stratum_of_unit
    factors = np.ones((first.units, len(kept)))
    same = stratum[:, None] == stratum[left]
    share = np.where(alone, strata / max(strata - 1, 1), size / np.maximum(size - 1, 1))[left]
    factors = np.where(alone[left], np.where(same, 0.0, share), np.where(same, share, factors))
    factors[kept, np.arange(len(kept))] = 0.0
    scales = np.where(alone, (strata - 1) / strata, (size - 1) / size * (1 - first.fraction))[kept]
    scale = first.units / len(kept) if design.lonely.name == "average" else 1.0
    if strata == 1:
        scale, scales = float(scales[0]), np.ones(len(kept))
    return _made(design, factors, method="jk1" if strata == 1 else "jkn", scale=scale, scales=scales, mse=mse)


def balanced_half_samples(design: SurveyDesign, *, fay_rho: float = 0.0, mse: bool = False) -> ReplicateDesign:
    r"""Half samples of one PSU a stratum, chosen by a Hadamard matrix: BRR, and with `fay_rho` above 0 Fay's method.

    The PSU chosen gets :math:`2 - \rho` times its weight, the other :math:`\rho` times. Finite populations are not
    taken into account.

    Parameters
    ----------
    design : SurveyDesign
        With two PSUs in every stratum.
    fay_rho : float
        From 0 up to, not including, 1.
    mse : bool

    Returns
    -------
    ReplicateDesign

    Raises
    ------
    AnalysisError
        A stratum has another number of PSUs, or `fay_rho` is out of range.

    Examples
    --------
    >>> from analysis.design import SurveyDesign
    >>> design = balanced_half_samples(SurveyDesign.from_columns(np.ones(4), strata=[1, 1, 2, 2]))
    >>> design.replicates.shape, sorted(set(design.replicates.ravel().tolist()))
    ((4, 4), [0.0, 2.0])
    """
    _check_raw(design)
    if not 0 <= fay_rho < 1:
        raise AnalysisError("Fay's rho {rho} is not from 0 up to 1", rho=fay_rho)
    first = design.stages[0]
    wrong = np.flatnonzero(first.sizes != 2)  # noqa: PLR2004 - half samples are of pairs
    if len(wrong):
        raise AnalysisError(
            "balanced half samples need two PSUs in every stratum, and stratum {stratum} has {count}: merge or split "
            "strata, or use the jackknife",
            stratum=first.strata[int(wrong[0])],
            count=int(first.sizes[wrong[0]]),
        )
    signs = hadamard(len(first.strata) + 1)[1 : len(first.strata) + 1]
    order = np.argsort(first.stratum_of_unit, kind="stable")
    which = np.empty(first.units)
    which[order] = np.tile([1.0, -1.0], len(first.strata))
    factors = 1 + (1 - fay_rho) * which[:, None] * signs[first.stratum_of_unit]
    method = "fay" if fay_rho > 0 else "brr"
    number = signs.shape[1]
    scale = default_scale(method, number, fay_rho=fay_rho)
    return _made(design, factors, method=method, scale=scale, scales=np.ones(number), mse=mse)


def bootstrap(
    design: SurveyDesign,
    *,
    rng: np.random.Generator,
    replicates: int = 500,
    kind: str = "rao-wu",
    mse: bool = False,
) -> ReplicateDesign:
    r"""Samples of PSUs drawn again from the sample.

    Parameters
    ----------
    design : SurveyDesign
    rng : numpy.random.Generator
        The same generator in the same state gives the same replicates.
    replicates : int
    kind : str
        "rao-wu": :math:`n_h - 1` PSUs with replacement, rescaled (R's ``subbootstrap``); finite populations are not
        taken into account. "canty-davison": :math:`n_h` PSUs from the sample copied up to its population (R's
        ``bootstrap``). "rao-wu-yue-beaumont": all stages, finite populations and unequal probabilities.
        "preston": half the units of every stage without replacement, rescaled (R's ``mrbbootstrap``).
    mse : bool

    Returns
    -------
    ReplicateDesign

    Raises
    ------
    AnalysisError
        An unknown kind, fewer than two replicates, a calibrated design, or a stratum with one PSU where that is an
        error.

    Examples
    --------
    >>> from analysis.design import SurveyDesign
    >>> made = bootstrap(SurveyDesign.from_columns(np.ones(5)), rng=np.random.default_rng(1), replicates=3)
    >>> made.replicates.sum(axis=0).tolist()
    [5.0, 5.0, 5.0]
    """
    _check_raw(design)
    check_choice("kind", kind, tuple(BOOTSTRAPS))
    if replicates < 2:  # noqa: PLR2004 - one replicate does not vary
        raise AnalysisError("{count} replicates are too few to vary", count=replicates)
    if design.stages[0].alone.any():
        _refuse_alone(design)
    factors, correction = BOOTSTRAPS[kind](design, replicates, rng)
    scale = correction / (replicates - 1)
    # Row factors, for stages below the first, or factors of PSUs.
    rows = factors if len(factors) == design.respondents else factors[design.stages[0].unit]
    weights = design.weights[:, None] * rows
    return ReplicateDesign(design.weights, weights, scale, np.ones(replicates), mse=mse, method="bootstrap")


def _rao_wu(design: SurveyDesign, replicates: int, rng: np.random.Generator) -> tuple[FloatArray, float]:
    first = design.stages[0]
    factors = np.ones((first.units, replicates))
    for units in _strata(first):
        n = len(units)
        if n > 1:
            factors[units] = rng.multinomial(n - 1, np.full(n, 1 / n), size=replicates).T * (n / (n - 1))
    return factors, 1.0


def _canty_davison(design: SurveyDesign, replicates: int, rng: np.random.Generator) -> tuple[FloatArray, float]:
    first = design.stages[0]
    factors = np.ones((first.units, replicates))
    for units in _strata(first):
        factors[units] = _copied(len(units), float(first.fraction[units[0]]), replicates, rng)
    # R corrects for n_h - 1 by the harmonic mean of the strata's sizes.
    size = float(1 / np.mean(1 / first.sizes))
    return factors, size / (size - 1) if size > 1 else 1.0


def _copied(n: int, fraction: float, replicates: int, rng: np.random.Generator) -> FloatArray:
    """How often each of n PSUs comes when n are drawn from as many copies as its population has."""
    if fraction <= 0:
        return rng.multinomial(n, np.full(n, 1 / n), size=replicates).T.astype(np.float64)
    population = round(n / fraction)
    copies = population // n + (np.arange(n) < population % n)
    drawn = rng.multivariate_hypergeometric(copies, n, size=replicates)
    return drawn.T.astype(np.float64)


def _beaumont(design: SurveyDesign, replicates: int, rng: np.random.Generator) -> tuple[FloatArray, float]:
    r"""Factors :math:`1 + \sqrt{c (1 - \pi)} (\frac{n}{n-1} k - 1)` of every stage, multiplied together.

    With :math:`p` the fraction drawn at the stages above, :math:`c = p / (2 - p)` makes up for what the factors above
    already vary.
    """
    rows = np.ones((design.respondents, replicates))
    above = np.ones(1)
    for stage in design.stages:
        parent = above[stage.parent_of_stratum][stage.stratum_of_unit]
        if not parent.any():
            break
        factors = np.ones((stage.units, replicates))
        for units in _strata(stage):
            n = len(units)
            if n > 1:
                drawn = rng.multinomial(n - 1, np.full(n, 1 / n), size=replicates).T
                share = np.sqrt(parent[units] / (2 - parent[units]) * (1 - stage.fraction[units]))[:, None]
                factors[units] = 1 + share * (n / (n - 1) * drawn - 1)
        rows *= factors[stage.unit]
        above = parent * stage.fraction
    return rows, 1.0


def _preston(design: SurveyDesign, replicates: int, rng: np.random.Generator) -> tuple[FloatArray, float]:
    rows = np.column_stack([_halved(design, rng) for _ in range(replicates)])
    return rows, 1.0


def _halved(design: SurveyDesign, rng: np.random.Generator) -> FloatArray:
    """One replicate: half the units of each stratum, stage by stage, of those kept above."""
    rows = np.ones(design.respondents)
    kept, fraction, growth = np.ones(1, dtype=np.bool_), np.ones(1), np.ones(1)
    for stage in design.stages:
        parent = stage.parent_of_stratum[stage.stratum_of_unit]
        chosen, added = np.zeros(stage.units, dtype=np.bool_), np.zeros(stage.units)
        grown = np.zeros(stage.units)
        for units in _strata(stage):
            above = parent[units[0]]
            n, half = len(units), len(units) // 2
            if half == 0 or not kept[above]:
                added[units] = 0.0
                continue
            selected = rng.permutation(n)[:half]
            keep = np.zeros(n, dtype=np.bool_)
            keep[selected] = True
            spread = np.sqrt(fraction[above] * half * (1 - stage.fraction[units]) / (n - half))
            added[units] = growth[above] * spread * (n / half * keep - 1)
            chosen[units], grown[units] = keep, growth[above] * np.sqrt(n / half)
        rows += added[stage.unit]
        kept, growth = chosen, grown
        fraction = fraction[parent] * stage.fraction
        if not fraction.any():
            break
    return rows


BOOTSTRAPS: Mapping[str, Callable[[SurveyDesign, int, np.random.Generator], tuple[FloatArray, float]]] = {
    "rao-wu": _rao_wu,
    "canty-davison": _canty_davison,
    "rao-wu-yue-beaumont": _beaumont,
    "preston": _preston,
}


def _strata(stage: Stage) -> list[IntArray]:
    """The units of each stratum."""
    order = np.argsort(stage.stratum_of_unit, kind="stable")
    return np.split(order, np.cumsum(stage.sizes)[:-1])


def _made(
    design: SurveyDesign, factors: FloatArray, *, method: str, scale: float, scales: FloatArray, mse: bool
) -> ReplicateDesign:
    weights = design.weights[:, None] * factors[design.stages[0].unit]
    return ReplicateDesign(design.weights, weights, scale, scales, mse=mse, method=method)


def _check_raw(design: SurveyDesign) -> None:
    if design.projections:
        raise AnalysisError("make replicate weights before calibrating, and calibrate each set of them")


def _refuse_alone(design: SurveyDesign) -> None:
    first = design.stages[0]
    if design.lonely.name == "error":
        strata = [first.strata[place] for place in np.flatnonzero(first.alone)]
        raise AnalysisError(
            "strata {strata} have one PSU each: merge each with a similar one, or choose a rule", strata=strata
        )
