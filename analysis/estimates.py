r"""Means, totals, ratios, proportions and variances under a design, by domain, with all their covariances.

Missing answers are dropped item by item: the respondents remain in the design, as members of no domain of that item.

References
----------
.. [1] Särndal, Swensson & Wretman (1992), Model Assisted Survey Sampling, ch. 5.
.. [2] Lumley (2010), Complex Surveys: A Guide to Analysis Using R, ch. 2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from analysis import columns
from analysis.design import SurveyDesign, check_choice
from analysis.domains import coded, domains, named
from analysis.errors import AnalysisError
from analysis.likelihood import first_scoring_step
from analysis.results import Basis, Estimate, Kind
from analysis.statistic import Ratio, Total, Variance
from analysis.tables import Estimates, Label

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from analysis.arrays import BoolArray, FloatArray
    from analysis.domains import By, Variables
    from analysis.replicates import ReplicateDesign
    from analysis.statistic import Statistic

    Design = SurveyDesign | ReplicateDesign

DESIGN_EFFECTS = ("without replacement", "with replacement")


def mean(
    design: Design,
    values: Variables,
    *,
    by: By | None = None,
    where: ArrayLike | None = None,
    design_effect: str = "without replacement",
) -> Estimates:
    r"""Weighted means, :math:`\sum w y / \sum w` over who answered.

    Parameters
    ----------
    design : SurveyDesign or ReplicateDesign
    values : array_like of float, shape (n,), or mapping of str to such
        NaN or masked where there is no answer.
    by : mapping of str to array_like, optional
        Domains: every crossing of these columns that occurs. A respondent without a label is in none.
    where : array_like of bool, shape (n,), optional
        Only these respondents, as a domain: the others still count in the design.
    design_effect : str
        Against simple random sampling "without replacement" (R's ``deff=TRUE``) or "with replacement"
        (``deff="replace"``).

    Returns
    -------
    Estimates
        Variable by variable, and within each domain by domain. Degrees of freedom are those of the design, and in a
        domain those of its PSUs and strata with a valid answer.

    Raises
    ------
    AnalysisError
        A column of another length or not of numbers, or a stratum with one PSU where that is an error.

    Examples
    --------
    >>> design = SurveyDesign.from_columns([10, 10, 20, 20], strata=["N", "N", "S", "S"])
    >>> found = mean(design, [4.0, 5.0, 2.0, np.nan])[0]
    >>> round(found.value, 3), round(found.standard_error, 3), found.respondents
    (3.25, 0.673, 3)
    """
    frame = _Frame(design, by, where)
    columns_ = [(name, x, ~np.isnan(x)) for name, x in frame.numbers(values)]
    statistic, labels = frame.spread([(Label(name), _filled(x), valid) for name, x, valid in columns_])
    one = statistic.inside.astype(np.float64)
    return _estimated(frame, Ratio(statistic.x, one, statistic.inside), labels, Kind.MEAN, design_effect)


def total(
    design: Design,
    values: Variables,
    *,
    by: By | None = None,
    where: ArrayLike | None = None,
    design_effect: str = "without replacement",
) -> Estimates:
    r"""Weighted totals, :math:`\sum w y` over who answered.

    Parameters
    ----------
    design, values, by, where, design_effect
        As in :func:`mean`.

    Returns
    -------
    Estimates

    Raises
    ------
    AnalysisError
        As in :func:`mean`.

    Examples
    --------
    >>> design = SurveyDesign.from_columns([10, 10, 20, 20])
    >>> total(design, [4.0, 5.0, 2.0, 3.0])[0].value
    190.0
    """
    frame = _Frame(design, by, where)
    given = [(Label(name), _filled(x), ~np.isnan(x)) for name, x in frame.numbers(values)]
    statistic, labels = frame.spread(given)
    return _estimated(frame, statistic, labels, Kind.TOTAL, design_effect)


def proportion(
    design: Design,
    values: Variables,
    *,
    level: Any = None,
    by: By | None = None,
    where: ArrayLike | None = None,
    design_effect: str = "without replacement",
) -> Estimates:
    """Shares of the levels of a categorical variable among who answered.

    Parameters
    ----------
    design, by, where, design_effect
        As in :func:`mean`.
    values : array_like, shape (n,), or mapping of str to such
        Labels or numbers; None, NaN, "" or masked where there is no answer.
    level : object, optional
        Only the share of this level; by default every level that occurs.

    Returns
    -------
    Estimates
        Variable by variable, level by level, domain by domain.

    Raises
    ------
    AnalysisError
        As in :func:`mean`; or `level` is a text that does not occur.

    Examples
    --------
    >>> design = SurveyDesign.from_columns(np.ones(5))
    >>> table = proportion(design, ["yes", "no", "yes", "yes", ""])
    >>> [(label.level, estimate.value) for label, estimate in zip(table.labels, table, strict=True)]
    [('no', 0.25), ('yes', 0.75)]
    """
    frame = _Frame(design, by, where)
    given = [column for name, one in named(values) for column in frame.levels(name, one, level)]
    statistic, labels = frame.spread(given)
    one = statistic.inside.astype(np.float64)
    return _estimated(frame, Ratio(statistic.x, one, statistic.inside), labels, Kind.SHARE, design_effect)


def ratio(
    design: Design,
    numerator: ArrayLike,
    denominator: ArrayLike,
    *,
    name: str = "ratio",
    by: By | None = None,
    where: ArrayLike | None = None,
    design_effect: str = "without replacement",
) -> Estimates:
    r"""Ratios of totals, :math:`\sum w y / \sum w x` over who answered both.

    Parameters
    ----------
    design, by, where, design_effect
        As in :func:`mean`.
    numerator, denominator : array_like of float, shape (n,)
    name : str
        The label.

    Returns
    -------
    Estimates

    Raises
    ------
    AnalysisError
        As in :func:`mean`.

    Examples
    --------
    >>> design = SurveyDesign.from_columns(np.ones(3))
    >>> round(ratio(design, [1.0, 2.0, 3.0], [2.0, 2.0, 4.0])[0].value, 3)
    0.75
    """
    frame = _Frame(design, by, where)
    y = columns.numbers("numerator", numerator, rows=frame.rows)
    x = columns.numbers("denominator", denominator, rows=frame.rows)
    valid = ~np.isnan(y) & ~np.isnan(x)
    over, labels = frame.spread([(Label(name), np.where(valid, y, 0.0), valid)])
    under, _ = frame.spread([(Label(name), np.where(valid, x, 0.0), valid)])
    return _estimated(frame, Ratio(over.x, under.x, over.inside), labels, Kind.RATIO, design_effect)


def variance(design: Design, values: Variables, *, by: By | None = None, where: ArrayLike | None = None) -> Estimates:
    r"""Population variances, :math:`\frac{n}{n-1} \sum w (y - \bar y)^2 / \sum w`, as R's ``svyvar``.

    Parameters
    ----------
    design, values, by, where
        As in :func:`mean`.

    Returns
    -------
    Estimates

    Raises
    ------
    AnalysisError
        As in :func:`mean`.

    Examples
    --------
    >>> design = SurveyDesign.from_columns(np.ones(4))
    >>> round(variance(design, [1.0, 2.0, 3.0, 4.0])[0].value, 6)
    1.666667
    """
    frame = _Frame(design, by, where)
    given = [(Label(name), _filled(x), ~np.isnan(x)) for name, x in frame.numbers(values)]
    statistic, labels = frame.spread(given)
    found = Variance(statistic.x, statistic.inside)
    return _estimated(frame, found, labels, Kind.VARIANCE, "with replacement")


Column = tuple[Label, "FloatArray", "BoolArray"]


class _Frame:
    """A design with the domains asked for."""

    def __init__(self, design: Design, by: By | None, where: ArrayLike | None) -> None:
        self.design = design
        self.rows = len(design.weights)
        self.domains = domains(by, where, rows=self.rows)
        self.in_domains = bool(by) or where is not None

    def numbers(self, values: Variables) -> list[tuple[str, FloatArray]]:
        """Numeric variables by name."""
        return [(name, columns.numbers(name, one, rows=self.rows)) for name, one in named(values)]

    def levels(self, name: str, values: ArrayLike, level: Any) -> list[Column]:
        """The indicator of each level, or of the one asked for."""
        code, levels = coded(name, values, rows=self.rows)
        valid = code >= 0
        if level is not None and level not in levels and not isinstance(level, (bool, int, float, np.number)):
            raise AnalysisError(
                "{column} has no level {level}: it has {levels}",
                column=name,
                level=level,
                levels=", ".join(str(one) for one in levels),
            )
        if level is not None:
            # A number that nobody chose has a share of 0; a text that nobody chose is more likely misspelt.
            place = levels.index(level) if level in levels else len(levels)
            return [(Label(name, level), (code == place).astype(np.float64), valid)]
        return [(Label(name, one), (code == place).astype(np.float64), valid) for place, one in enumerate(levels)]

    def spread(self, given: list[Column]) -> tuple[Total, list[Label]]:
        """One column for each variable in each domain."""
        labels, x, inside = [], [], []
        for label, values, valid in given:
            for domain in self.domains:
                members = domain.members & valid
                labels.append(Label(label.variable, label.level, domain.label))
                x.append(np.where(members, values, 0.0))
                inside.append(members)
        return Total(np.column_stack(x), np.column_stack(inside)), labels


def _filled(x: FloatArray) -> FloatArray:
    return np.nan_to_num(x, nan=0.0)


def _estimated(frame: _Frame, statistic: Statistic, labels: list[Label], kind: Kind, design_effect: str) -> Estimates:
    check_choice("design_effect", design_effect, DESIGN_EFFECTS)
    design, inside = frame.design, statistic.inside
    weights = design.weights
    answered = np.asarray((inside & (weights > 0)[:, None]).any(axis=0))
    covariance = np.full((len(labels), len(labels)), np.nan)
    known = statistic.only(answered)
    covariance[np.ix_(answered, answered)], some = design.covariances(known)
    effects = _effects(known, weights, some, design_effect=design_effect)
    values = known.values(weights)
    found: list[Estimate | None] = [None] * len(labels)
    for column, place in enumerate(np.flatnonzero(answered)):
        only = known.only(np.arange(len(some)) == column)
        numbers = {"value": values[column], "variance": some[column], "design_effect": effects[column]}
        found[place] = _estimate(frame, only, kind, **{name: float(number) for name, number in numbers.items()})
    return Estimates(tuple(labels), tuple(found), covariance, float(design.degrees_of_freedom()))


def _effects(statistic: Statistic, weights: FloatArray, variances: FloatArray, *, design_effect: str) -> FloatArray:
    """Variances over those of simple random samples, NaN where these vary by nothing."""
    simple = statistic.simple_variance(weights)
    if design_effect == DESIGN_EFFECTS[0]:
        inside = statistic.inside.astype(np.float64)
        drawn = (inside.T @ (weights > 0)) / np.maximum(inside.T @ weights, np.finfo(np.float64).tiny)
        simple = simple * (1 - drawn)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(simple > 0, variances / simple, np.nan)


def _estimate(frame: _Frame, statistic: Statistic, kind: Kind, **numbers: float) -> Estimate:
    """One column as a result."""
    design, inside = frame.design, statistic.inside[:, 0]
    weights = design.weights[inside]
    effect = numbers["design_effect"]
    return Estimate(
        value=numbers["value"],
        standard_error=float(np.sqrt(max(numbers["variance"], 0.0))),
        degrees_of_freedom=float(design.degrees_of_freedom(inside if frame.in_domains else None)),
        respondents=int((weights > 0).sum()),
        sum_weights=float(weights.sum()),
        design_effect=effect if np.isfinite(effect) else None,
        kind=kind,
        basis=Basis.CLUSTERS if isinstance(design, SurveyDesign) else Basis.REPLICATES,
        first_logit=_first_logit(statistic, design.weights) if kind is Kind.SHARE else None,
        logit_error=design.logit_error(statistic) if kind is Kind.SHARE else None,
    )


def _first_logit(statistic: Statistic, weights: FloatArray) -> float | None:
    """Where Fisher scoring of a share starts; the likelihood interval depends on it in the seventh digit."""
    inside = statistic.inside[:, 0] & (weights > 0)
    answers = statistic.answers()[inside, 0]
    return first_scoring_step(answers, weights[inside])
