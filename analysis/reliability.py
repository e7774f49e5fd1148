"""How reliably the items of a dimension measure one thing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analysis.errors import AnalysisError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike

    from analysis.arrays import BoolArray, FloatArray
    from analysis.estimates import Design


def cronbach_alpha(design: Design, items: Mapping[str, ArrayLike], *, domain: BoolArray | None = None) -> float:
    r"""Reliability of a scale made by adding up items.

    .. math:: \alpha = \frac{k}{k - 1} \left(1 - \frac{\sum_j s_j^2}{s^2}\right)

    with weighted variances of the k items and of their sum, over respondents who answered every item.

    Parameters
    ----------
    design : SurveyDesign or ReplicateDesign
    items : mapping of str to array_like of float, shape (n,)
        Two items or more, NaN where missing.
    domain : array_like of bool, shape (n,), optional
        Whom the scale is measured on.

    Returns
    -------
    float

    Raises
    ------
    AnalysisError
        If there are fewer than two items, or the sum of the items does not vary.

    References
    ----------
    .. [1] Cronbach (1951), Coefficient alpha and the internal structure of tests, Psychometrika 16, 297-334.
    .. [2] Lumley, R package survey 4.5, function ``svycralpha``.

    Examples
    --------
    >>> from analysis.design import SurveyDesign
    >>> design = SurveyDesign.from_columns(np.ones(4))
    >>> round(cronbach_alpha(design, {"q1": [5, 4, 2, 1], "q2": [4, 5, 1, 2]}), 6)
    0.888889
    """
    if len(items) < 2:  # noqa: PLR2004 (one item is no scale)
        raise AnalysisError("reliability needs two items or more, not {count}", count=len(items))
    scores = np.column_stack([np.asarray(each, dtype=np.float64) for each in items.values()])
    answered = ~np.isnan(scores.sum(axis=1)) & (design.weights > 0)
    used = answered if domain is None else answered & np.asarray(domain, dtype=np.bool_)
    share = design.weights[used] / design.weights[used].sum()
    whole = _variance(scores[used].sum(axis=1), share)
    if not whole > 0:
        raise AnalysisError("the sum of the items does not vary: reliability is not defined")
    parts = sum(_variance(column, share) for column in scores[used].T)
    return len(items) / (len(items) - 1) * (1 - parts / whole)


def _variance(values: FloatArray, share: FloatArray) -> float:
    # The divisor n/(n-1) is the same in every part and cancels.
    return float(share @ np.square(values - share @ values))
