r"""Covariances between estimates whose samples share PSUs: agencies that share strata, waves that return to a place.

With the linearised totals :math:`z_{1i}, z_{2i}` of PSU i in two samples, and the PSUs :math:`C_h` that both have of
stratum h,

.. math:: C = \sum_h \sqrt{\frac{n_{1h}}{n_{1h} - 1} \frac{n_{2h}}{n_{2h} - 1}}
          \sum_{i \in C_h} (z_{1i} - \bar z_{1 C_h}) (z_{2i} - \bar z_{2 C_h}).

Where the samples are one and the same it is the ultimate-cluster estimator, where they share nothing it is 0, and it is
never more than the two variances allow.

References
----------
.. [1] Kish (1965), Survey Sampling, ch. 12 (overlapping samples).
.. [2] Särndal, Swensson & Wretman (1992), Model Assisted Survey Sampling, ch. 9.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from analysis.arrays import group_sums
from analysis.cells import MATRICES
from analysis.errors import AnalysisError
from analysis.linearised import Linearisation, ratio_table

if TYPE_CHECKING:
    from typing import Any

    from analysis.arrays import FloatArray, IntArray
    from analysis.cells import Cells


def domain_covariance(cells: Cells, measure: str) -> FloatArray:
    """Variances of a measure's ratios, and covariances between domains.

    Agencies that are strata of their own are independent: 0 off the diagonal.

    Parameters
    ----------
    cells : Cells
    measure : str
        One of `cells.measures`.

    Returns
    -------
    ndarray, shape (d, d)
        In the order of `cells.domains`. The diagonal is that of :func:`analysis.linearised.ratio_table`, NaN where
        nobody answered or the variance cannot be estimated; domains without a valid answer covary with nobody.

    Raises
    ------
    AnalysisError
        The measure was not summed.

    References
    ----------
    .. [1] Särndal, Swensson & Wretman (1992), Model Assisted Survey Sampling, ch. 5.

    Examples
    --------
    Two agencies visited in the same two places, one the worse the better the other:

    >>> from analysis.cells import Sums, cells_from_sums
    >>> cells = cells_from_sums(["A", "A", "B", "B"], [1, 1, 1, 1], [1, 2, 1, 2], respondents=[4, 4, 4, 4],
    ...                         sums={"staff": Sums([4, 4, 4, 4], [4, 4, 4, 4], [3, 1, 1, 3])})
    >>> domain_covariance(cells, "staff").tolist()
    [[0.0625, -0.0625], [-0.0625, 0.0625]]
    """
    single = of_measure(cells, measure)
    matrix = _between_domains(single, single)
    np.fill_diagonal(matrix, ratio_table(single).variance[:, 0])
    return matrix


def wave_covariance(first: Cells, second: Cells, measure: str) -> FloatArray:
    """Covariances of a measure's ratios between the domains of two waves.

    Waves share the PSUs that have the same stratum and label in both; without any the covariance is 0.

    Parameters
    ----------
    first, second : Cells
        Of each wave.
    measure : str
        Summed in both.

    Returns
    -------
    ndarray, shape (d1, d2)
        In the order of `first.domains` and `second.domains`.

    Raises
    ------
    AnalysisError
        The measure was not summed.

    References
    ----------
    .. [1] Kish (1965), Survey Sampling, ch. 12.

    Examples
    --------
    The same places in both waves, each as good as it was:

    >>> from analysis.cells import Sums, cells_from_sums
    >>> cells = cells_from_sums(["A", "A"], [1, 1], [1, 2], respondents=[4, 4],
    ...                         sums={"staff": Sums([4, 4], [4, 4], [3, 1])})
    >>> wave_covariance(cells, cells, "staff").tolist()
    [[0.0625]]
    """
    return _between_domains(of_measure(first, measure), of_measure(second, measure))


def of_measure(cells: Cells, measure: str) -> Cells:
    """The same cells with one of their measures.

    Parameters
    ----------
    cells : Cells
    measure : str

    Returns
    -------
    Cells

    Raises
    ------
    AnalysisError
        The measure was not summed.

    Examples
    --------
    >>> from analysis.cells import Sums, cells_from_sums
    >>> cells = cells_from_sums(["A"], [1], [1], respondents=[4],
    ...                         sums={"staff": Sums([4], [4], [3]), "result": Sums([4], [4], [2])})
    >>> of_measure(cells, "result").total.tolist()
    [[2.0]]
    """
    if measure not in cells.measures:
        raise AnalysisError(
            "{measure} was not summed: choose one of {choices}", measure=measure, choices=", ".join(cells.measures)
        )
    place = cells.measures.index(measure)
    columns = {name: getattr(cells, name)[:, [place]] for name in MATRICES}
    centre, bound = cells.centre[[place]], cells.bound[[place]]
    return replace(cells, measures=(measure,), kinds=(cells.kinds[place],), centre=centre, bound=bound, **columns)


def shared_covariance(first: Cells, second: Cells, influence: FloatArray, other: FloatArray) -> FloatArray:
    """Covariance of sums over PSUs; assumes arguments already checked.

    Parameters
    ----------
    first, second : Cells
        Whose PSUs the sums are over.
    influence, other : ndarray, shapes (p1, k1) and (p2, k2)
        What each PSU adds to each sum.

    Returns
    -------
    ndarray, shape (k1, k2)

    Examples
    --------
    >>> from analysis.cells import Sums, cells_from_sums
    >>> cells = cells_from_sums(["A"] * 3, [1] * 3, [1, 2, 3], respondents=[1] * 3, sums={})
    >>> sums = np.array([[10.0], [20.0], [30.0]])
    >>> shared_covariance(cells, cells, sums, sums).tolist()
    [[300.0]]
    """
    shared = _shared(first, second)
    one, two = influence[shared.here], other[shared.there]
    one_sums, two_sums = (group_sums(each, shared.stratum, len(shared.scale)) for each in (one, two))
    within = (shared.scale[shared.stratum][:, None] * one).T @ two
    return within - ((shared.scale / np.maximum(shared.number, 1))[:, None] * one_sums).T @ two_sums


def _between_domains(first: Cells, second: Cells) -> FloatArray:
    """Covariances of the domains of two samples: the same sums, of arrays in which nearly all is 0."""
    from scipy.sparse import csr_array, diags_array

    shared = _shared(first, second)
    rows = len(shared.here)
    if not rows:
        return np.zeros((len(first.domains), len(second.domains)))
    one, two = _by_psu(first)[shared.here], _by_psu(second)[shared.there]
    strata = csr_array((np.ones(rows), (shared.stratum, np.arange(rows))), shape=(len(shared.scale), rows))
    within = (diags_array(shared.scale[shared.stratum]) @ one).T @ two
    between = (diags_array(shared.scale / np.maximum(shared.number, 1)) @ (strata @ one)).T @ (strata @ two)
    return np.asarray((within - between).todense(), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class _Shared:
    """PSUs that both samples have, and by stratum (of the first) how many they are and their factor."""

    here: IntArray
    there: IntArray
    stratum: IntArray
    number: IntArray
    scale: FloatArray


def _shared(first: Cells, second: Cells) -> _Shared:
    if first.psus == second.psus:
        here = there = np.arange(len(first.psus))
    else:
        place = {label: number for number, label in enumerate(second.psus)}
        pairs = [(number, place[label]) for number, label in enumerate(first.psus) if label in place]
        here, there = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    stratum = first.stratum_of_psu[here]
    strata = max(len(first.strata), 1)
    factor = np.zeros(strata)
    # PSUs are numbered within strata, so all that are shared in a stratum name the same stratum of the other sample.
    factor[stratum] = _factor(second)[second.stratum_of_psu[there]]
    number = np.bincount(stratum, minlength=strata)
    return _Shared(here, there, stratum, number, np.sqrt(_factor(first) * factor))


def _factor(cells: Cells) -> FloatArray:
    """The factor n / (n - 1) of each stratum, 0 where it has one PSU."""
    drawn = np.bincount(cells.stratum_of_psu, minlength=max(len(cells.strata), 1))
    return np.where(drawn > 1, drawn / np.maximum(drawn - 1, 1), 0.0)


def _by_psu(cells: Cells) -> Any:
    """Linearised totals of the only measure, a sparse array of PSUs by domains."""
    from scipy.sparse import csr_array

    totals = Linearisation(cells, {}).z[:, 0]
    return csr_array((totals, (cells.psu, cells.domain)), shape=(len(cells.psus), len(cells.domains)))
