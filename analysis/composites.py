r"""Composites: indices above the dimensions, and the province as a mean of its agencies, with their full variance.

A composite is :math:`C = \sum_j \omega_j R_j` of ratios that the same respondents gave. Its linearised value for a
respondent is :math:`e_k = \sum_j \omega_j (s_{jk} - R_j a_{jk}) / A_j`, so everything between the ratios is accounted
for, whatever their correlation. A respondent's *score* :math:`C + W w_k^{-1} w_k e_k`, with :math:`W = \sum w`, has
the weighted mean C and that same linearised value: a composite is thus kept as a measure like any other, and one set
of rules (strata, PSUs, lone PSUs, design effects) serves both.

References
----------
.. [1] Särndal, Swensson & Wretman (1992), Model Assisted Survey Sampling, section 5.5.
.. [2] OECD & JRC (2008), Handbook on Constructing Composite Indicators, step 6 (weights are a choice to be named).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isclose
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.arrays import FloatArray, IntArray, group_sums
from analysis.cells import MATRICES, Cells, PSUFrame, gathered
from analysis.errors import AnalysisError
from analysis.linearised import Linearisation
from analysis.results import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from analysis.moments import Moments


@dataclass(frozen=True, slots=True)
class EstimatedWeights:
    """Weights of a composite that the data gave (drivers), and how uncertain they are.

    Attributes
    ----------
    shares : mapping of str to float
        By part; they add up to 1.
    covariance : ndarray, shape (p, p)
        Of the shares, in their order.
    psus : tuple
        Labels (stratum, PSU) of the whole design.
    linearised : ndarray, shape (PSUs, p)
        What each PSU adds to the linearised shares.
    """

    shares: Mapping[str, float]
    covariance: FloatArray
    psus: tuple[tuple[Any, Any], ...]
    linearised: FloatArray


def composed(cells: Cells, composites: Mapping[str, Mapping[str, float]], *, moments: Moments | None = None) -> Cells:
    """One measure a composite: its scores, for every domain.

    Parameters
    ----------
    cells : Cells
        Whose measures are the parts.
    composites : mapping of str to mapping of str to float
        For each composite the weight of each part; they add up to 1.
    moments : Moments, optional
        Products of the parts' favourable and given answers among themselves, the variables of
        :func:`product_variables`, of the same rows as `cells`. Without them there is no design effect, and no
        standard error where the respondents have to be the units.

    Returns
    -------
    Cells
        With no respondents in a domain where a part was answered by nobody: a composite with a hole is undefined.

    Raises
    ------
    AnalysisError
        A part is not a measure, or weights are negative or do not add up to 1.

    Examples
    --------
    >>> from analysis.cells import Sums, cells_from_sums
    >>> from analysis.linearised import ratio_table
    >>> sums = {"staff": Sums([4, 4], [4, 4], [3, 1]), "result": Sums([4, 4], [4, 4], [4, 2])}
    >>> cells = cells_from_sums(["A", "A"], ["A", "A"], [1, 2], respondents=[4, 4], sums=sums)
    >>> table = ratio_table(composed(cells, {"both": {"staff": 0.5, "result": 0.5}}))
    >>> table.value.tolist(), table.variance.tolist()
    ([[0.625]], [[0.0625]])
    """
    weights = _matrix(cells, composites)
    kernel = Linearisation(cells, {})
    value = _weighted(kernel.ratio + cells.centre, weights)
    parts = weights > 0
    scores = _Scores(
        value=value,
        z=kernel.z @ weights.T,
        squares=_squares(cells, kernel, weights, moments=moments),
        weight=_most(cells.weight, parts),
        valid=_most(cells.valid, parts),
    )
    return _as_cells(cells, scores, names=tuple(composites), domain=cells.domain, domains=cells.domains)


def variance_of_weights(cells: Cells, estimated: EstimatedWeights) -> FloatArray:
    r"""What weights that are themselves estimates add to the variance of a composite, in each domain.

    With the part :math:`z_i` of PSU i in the linearised composite of the domain, weights taken as fixed, and
    :math:`q_i = \sum_j R_j z_i^{\omega_j}` in the linearised weights, it is V(q) + 2 Cov(z, q).
    The linearised form rather than replicates: it needs no more than the cells, and it is the form of every other
    standard error here.

    Parameters
    ----------
    cells : Cells
        Whose measures are the parts.
    estimated : EstimatedWeights

    Returns
    -------
    ndarray, shape (d,)
        To be added to the variance under fixed weights; NaN where a part was answered by nobody.

    Raises
    ------
    AnalysisError
        A part was not summed, or the weights come from a design that lacks PSUs of the cells.

    Examples
    --------
    >>> from analysis.cells import Sums, cells_from_sums
    >>> sums = {"staff": Sums([4, 4], [4, 4], [3, 1]), "result": Sums([4, 4], [4, 4], [4, 2])}
    >>> cells = cells_from_sums(["A", "A"], ["A", "A"], [1, 2], respondents=[4, 4], sums=sums)
    >>> known = EstimatedWeights({"staff": 0.5, "result": 0.5}, np.zeros((2, 2)), cells.psus, np.zeros((2, 2)))
    >>> variance_of_weights(cells, known).tolist()
    [0.0]
    """
    weights = _matrix(cells, {"": estimated.shares})[0]
    places = [cells.measures.index(name) for name in estimated.shares]
    kernel = Linearisation(cells, {})
    ratio = (kernel.ratio + cells.centre)[:, places]
    alone = np.einsum("di,ij,dj->d", ratio, estimated.covariance, ratio)
    together = _covariance(kernel, kernel.z @ weights, ratio, _aligned(cells, estimated))
    added: FloatArray = alone + 2 * together
    return added


def over_domains(cells: Cells, shares: Mapping[Any, float]) -> Cells:
    """The mean of the domains' ratios by given shares: a province by its agencies' transactions.

    Parameters
    ----------
    cells : Cells
    shares : mapping of domain to float
        What each domain counts for, on any scale (transactions handled); those that are not domains of the cells
        must be 0 or left out by the caller, who tells what is not covered.

    Returns
    -------
    Cells
        With one domain, None. A measure that a domain with a share has no answers to leaves that domain out, and the
        others take its place.

    Raises
    ------
    AnalysisError
        A share is negative or unknown to the cells, or a domain has none.

    Notes
    -----
    As of a separate ratio estimator (post-stratified by domain), deviations are from the domain's own ratio.

    References
    ----------
    .. [1] Cochran (1977), Sampling Techniques, section 6.10 (the separate ratio estimator).

    Examples
    --------
    >>> from analysis.cells import Sums, cells_from_sums
    >>> from analysis.linearised import ratio_table
    >>> cells = cells_from_sums(["A", "B"], ["A", "B"], [1, 1], respondents=[10, 10],
    ...                         sums={"staff": Sums([10, 10], [10, 10], [9, 7])})
    >>> round(float(ratio_table(over_domains(cells, {"A": 300, "B": 100})).value[0, 0]), 9)
    0.85
    """
    given = _shares(cells, shares)
    kernel = Linearisation(cells, {})
    counted = np.where(kernel.base > 0, given[:, None], 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = counted / counted.sum(axis=0)
    ratio = kernel.ratio + cells.centre
    of_cell = share[cells.domain]
    inverse = kernel.inverse[cells.domain]
    heaviness = kernel.squared_residuals() * inverse**2
    scores = _Scores(
        value=np.where(counted.sum(axis=0) > 0, np.nansum(share * ratio, axis=0), np.nan)[None, :],
        z=of_cell * kernel.z,
        squares=of_cell**2 * heaviness,
        weight=cells.weight * (of_cell > 0),
        valid=cells.valid * (of_cell > 0),
    )
    one = np.zeros(len(cells.domain), dtype=np.int64)
    return _as_cells(cells, scores, names=cells.measures, domain=one, domains=(None,), bound=True)


def product_variables(measures: Mapping[str, object] | tuple[str, ...]) -> tuple[str, ...]:
    """The names that moments of answers have: what was favourable and what was given, of each measure.

    Parameters
    ----------
    measures : mapping or sequence of str

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> product_variables(("staff", "result"))
    ('staff.total', 'result.total', 'staff.base', 'result.base')
    """
    return (*(f"{name}.total" for name in measures), *(f"{name}.base" for name in measures))


@dataclass(frozen=True, slots=True)
class _Scores:
    """Composites by domain (`value`) and by cell: Σ w e, Σ w e², Σ w, respondents."""

    value: FloatArray
    z: FloatArray
    squares: FloatArray
    weight: FloatArray
    valid: FloatArray


def _as_cells(
    cells: Cells, scores: _Scores, *, names: tuple[str, ...], domain: IntArray, domains: Any, bound: bool = False
) -> Cells:
    """The cells of the scores C + W e; where C is unknown nobody is in them."""
    known = np.isfinite(scores.value)[domain]
    value = np.nan_to_num(scores.value)[domain]
    weight = np.where(known, scores.weight, 0.0)
    size = group_sums(weight, domain, len(domains))[domain]
    z = np.where(known, scores.z, 0.0)
    total = value * weight + size * z
    squares = np.where(known, scores.squares, 0.0)
    columns = {
        "valid": np.where(known, scores.valid, 0.0),
        "weight": weight,
        "base": weight,
        "base_square": weight,
        "total": total,
        "cross": total,
        "square": value**2 * weight + 2 * value * size * z + size**2 * squares,
    }
    return gathered(
        {name: columns[name] for name in MATRICES} | {"respondents": cells.respondents.astype(np.float64)},
        domain,
        PSUFrame(cells.psu, cells.stratum_of_psu, cells.strata, cells.psus),
        measures=names,
        kinds=(Kind.SHARE,) * len(names),
        domains=domains,
        # A sample weighted so is no simple random sample of as many: what it would be compared with is not known.
        bound=np.full(len(names), bound),
    )


def _matrix(cells: Cells, composites: Mapping[str, Mapping[str, float]]) -> FloatArray:
    """Weights of the parts, shape (composites, measures)."""
    weights = np.zeros((len(composites), len(cells.measures)))
    for row, (name, parts) in enumerate(composites.items()):
        missing = [part for part in parts if part not in cells.measures]
        if missing or not parts:
            raise AnalysisError("composite {composite}: parts {parts} were not summed", composite=name, parts=missing)
        given = list(parts.values())
        if min(given) < 0 or not isclose(sum(given), 1, abs_tol=1e-9):
            raise AnalysisError(
                "composite {composite}: the weights must be 0 or more and add up to 1, not to {total}",
                composite=name,
                total=sum(given),
            )
        for part, weight in parts.items():
            weights[row, cells.measures.index(part)] = weight
    return weights


def _shares(cells: Cells, shares: Mapping[Any, float]) -> FloatArray:
    strangers = [label for label in shares if label not in cells.domains]
    if strangers:
        raise AnalysisError("shares are given for {domains}, of which there are no answers", domains=strangers)
    missing = [label for label in cells.domains if label not in shares]
    if missing:
        raise AnalysisError("no share is given for {domains}: give one, or 0 to leave them out", domains=missing)
    given = np.array([shares[label] for label in cells.domains], dtype=np.float64)
    if not np.isfinite(given).all() or (given < 0).any():
        raise AnalysisError("shares must be numbers from 0, not {shares}", shares=given.tolist())
    return given


def _aligned(cells: Cells, estimated: EstimatedWeights) -> FloatArray:
    """The linearised weights by the PSUs of the cells."""
    place = {label: number for number, label in enumerate(estimated.psus)}
    missing = [label for label in cells.psus if label not in place]
    if missing:
        raise AnalysisError("the weights were estimated without the PSUs {psus}: use the whole design", psus=missing)
    return estimated.linearised[[place[label] for label in cells.psus]]


def _covariance(kernel: Linearisation, z: FloatArray, ratio: FloatArray, weights: FloatArray) -> FloatArray:
    """Between the composite under fixed weights and its weights, for each domain."""
    cells = kernel.cells
    products = z * (weights[cells.psu] * ratio[cells.domain]).sum(axis=1)
    together = group_sums(products, kernel.pair, kernel.pairs)
    of_stratum = group_sums(weights, cells.stratum_of_psu, len(cells.strata))[kernel.pair_stratum]
    moved = (of_stratum * ratio[kernel.pair_domain]).sum(axis=1)
    totals = group_sums(z, kernel.pair, kernel.pairs)
    return kernel.domains_of_pairs(kernel.scale * (together - totals * moved / kernel.size))


def _weighted(values: FloatArray, weights: FloatArray) -> FloatArray:
    """Σ ω R; a part that counts for nothing may be unknown."""
    needed: FloatArray = np.nan_to_num(values) @ weights.T
    unknown = np.isnan(values).astype(np.float64) @ (weights > 0).T.astype(np.float64) > 0
    return np.where(unknown, np.nan, needed)


def _most(column: FloatArray, parts: Any) -> FloatArray:
    # Who answered one part at least is as many as answered the best answered one.
    return np.stack([column[:, part].max(axis=1, initial=0.0) for part in parts], axis=1)


def _squares(cells: Cells, kernel: Linearisation, weights: FloatArray, *, moments: Moments | None) -> FloatArray:
    """Σ w e² of each cell and composite, from the products of the parts; NaN where these are not known."""
    if moments is None:
        return np.full((len(cells.domain), len(weights)), np.nan)
    if not np.array_equal(moments.domain, cells.domain) or moments.psus != cells.psus:
        raise AnalysisError("the moments are of other rows than the cells: sum both over the same responses")
    totals = [f"{name}.total" for name in cells.measures]
    used = [place for place in np.flatnonzero((weights > 0).any(axis=0)).tolist() if totals[place] in moments.variables]
    lacking = sorted(
        {cells.measures[place] for place in np.flatnonzero((weights > 0).any(axis=0))}
        - {cells.measures[place] for place in used}
    )
    if lacking:
        raise AnalysisError("the moments have no products of {parts}", parts=", ".join(lacking))
    names = tuple(cells.measures[place] for place in used)
    places = moments.places(product_variables(names))
    products = moments.products[:, places[:, None], places[None, :]]
    out = np.empty((len(cells.domain), len(weights)))
    ratio = np.nan_to_num(kernel.ratio + cells.centre)[cells.domain][:, used]
    for row, weight in enumerate(weights):
        slope = weight[used] * kernel.inverse[cells.domain][:, used]
        coefficients = np.concatenate([slope, -slope * ratio], axis=1)
        out[:, row] = np.einsum("ki,kij,kj->k", coefficients, products, coefficients)
    return np.maximum(out, 0.0)
