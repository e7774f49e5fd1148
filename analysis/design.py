r"""The design of a sample: weights, strata, clusters and finite populations, declared once and checked once.

What a design can do is compute the covariance of weighted totals. Everything else (means, ratios, regressions) is
linearised to totals first; a domain is never a filtered file but zeros among the values.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis import columns
from analysis.arrays import crossed, label_tuple
from analysis.errors import AnalysisError
from analysis.stages import NO_LONELY, RULES, LonelyRule, Stage, stage_covariance

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from analysis.arrays import BoolArray, FloatArray, IntArray
    from analysis.calibration import Calibration
    from analysis.pairwise import Pairwise
    from analysis.projections import Projection
    from analysis.statistic import Statistic


@dataclass(frozen=True, slots=True, eq=False)
class SurveyDesign:
    """A probability sample of n respondents. Made by :meth:`from_columns`.

    Attributes
    ----------
    weights : ndarray, shape (n,)
        Inverse inclusion probabilities, after any calibration; not frequencies.
    stages : tuple of Stage
        From the PSUs down.
    lonely : LonelyRule
        What a stratum with one unit adds.
    projections : tuple of Projection
        What calibration takes out of a variance.
    pairwise : Pairwise, optional
        Joint inclusion probabilities, in place of the stages' variance.
    """

    weights: FloatArray
    stages: tuple[Stage, ...]
    lonely: LonelyRule = NO_LONELY
    projections: tuple[Projection, ...] = ()
    pairwise: Pairwise | None = None

    @classmethod
    def from_columns(
        cls,
        weights: ArrayLike | None = None,
        *,
        strata: ArrayLike | None = None,
        psu: ArrayLike | None = None,
        ssu: ArrayLike | Sequence[ArrayLike] | None = None,
        fpc: ArrayLike | Sequence[ArrayLike] | None = None,
        nested: bool = True,
        pps: str | None = None,
        lonely_psu: str = "error",
        lonely_in_domains: bool = False,
    ) -> SurveyDesign:
        r"""Declare a design by columns of one value a respondent.

        Parameters
        ----------
        weights : array_like, shape (n,), optional
            By default the inverse of the sampling fractions that `fpc` gives.
        strata : array_like, shape (n,), optional
            Strata of the first stage.
        psu : array_like, shape (n,), optional
            Primary sampling units; by default every respondent is one.
        ssu : array_like or sequence of array_like, optional
            Units of the second stage, or of the second and further stages. Labels need only be distinct within
            their PSU.
        fpc : array_like or sequence of array_like, optional
            For each stage from the first, how many units there are in the stratum (or PSU) in the population, or, if
            no value exceeds 1, the fraction that was drawn. Left out: as if drawn with replacement, and then later
            stages add nothing.
        nested : bool
            PSU labels start anew in every stratum. False demands that they do not, and says where they do.
        pps : str, optional
            "brewer": drawn with probabilities proportional to size, `fpc` holding each PSU's own probability.
        lonely_psu : str
            For a stratum with one unit: "error", or R's "adjust" (squared deviation from the mean of all units),
            "average" (as the other strata), "certainty" and "remove" (nothing).
        lonely_in_domains : bool
            The rule also holds where only one unit of a stratum has members of the domain.

        Returns
        -------
        SurveyDesign

        Raises
        ------
        AnalysisError
            Lengths differ, a label is missing, a weight is not a number from 0, a PSU lies in two strata, a
            population is smaller than its sample, or a choice is not one.

        References
        ----------
        .. [1] Lumley (2010), Complex Surveys: A Guide to Analysis Using R, ch. 2 and 3.

        Examples
        --------
        >>> design = SurveyDesign.from_columns([10, 10, 20, 20], strata=["A", "A", "B", "B"], fpc=[20, 20, 40, 40])
        >>> design.degrees_of_freedom()
        2
        """
        check_choice("lonely_psu", lonely_psu, RULES)
        check_choice("pps", pps, (None, "brewer"))
        rows = columns.length(weights=weights, strata=strata, psu=psu, fpc=_first(fpc))
        stages = _stages(
            units=[psu, *_listed(ssu)], strata=strata, fractions=_listed(fpc), rows=rows, nested=nested, pps=pps
        )
        return cls(
            weights=_weights_from(stages) if weights is None else columns.weights(weights, rows=rows),
            stages=stages,
            lonely=LonelyRule(lonely_psu, in_domains=lonely_in_domains),
        )

    @property
    def respondents(self) -> int:
        """Rows of the design."""
        return len(self.weights)

    def covariance(self, influence: FloatArray, *, domain: BoolArray | None = None) -> FloatArray:
        """Covariance matrix of weighted totals.

        Parameters
        ----------
        influence : ndarray, shape (n,) or (n, k)
            What each respondent adds to the totals, weight included; zero outside the domain.
        domain : ndarray of bool, shape (n,), optional
            Whom the totals are of. It matters only for the rules about strata with one PSU, which look at the strata
            where the domain has members.

        Returns
        -------
        ndarray, shape (k, k)

        Examples
        --------
        >>> design = SurveyDesign.from_columns([10.0, 10.0, 10.0])
        >>> design.covariance(np.array([10.0, 20.0, 30.0])).tolist()
        [[300.0]]
        """
        values: FloatArray = influence[:, None] if influence.ndim == 1 else influence
        for projection in self.projections:
            values = projection.residuals(values)
        if self.pairwise is not None:
            return self.pairwise.covariance(values)
        # Calibrated weights tie all rows together: R keeps every stratum of such a design in view, and so do we.
        present = None if self.projections or self._unequal else domain
        return self._by_stages(values, present)

    @property
    def _unequal(self) -> bool:
        """PSUs of a stratum were drawn with unequal probabilities."""
        first = self.stages[0]
        highest, lowest = np.zeros(len(first.strata)), np.ones(len(first.strata))
        np.maximum.at(highest, first.stratum_of_unit, first.fraction)
        np.minimum.at(lowest, first.stratum_of_unit, first.fraction)
        return bool((highest > lowest).any())

    def _by_stages(self, values: FloatArray, present: BoolArray | None) -> FloatArray:
        covariance = np.zeros((values.shape[1], values.shape[1]))
        factor = np.ones(1)
        for stage in self.stages:
            if not factor.any():
                break
            covariance += stage_covariance(stage, values, factor=factor, present=present, rule=self.lonely)
            factor = factor[stage.parent_of_stratum][stage.stratum_of_unit] * stage.fraction
        return covariance

    def degrees_of_freedom(self, domain: BoolArray | None = None) -> int:
        """PSUs less strata, both counted where the domain has members with a weight.

        Parameters
        ----------
        domain : ndarray of bool, shape (n,), optional

        Returns
        -------
        int

        Examples
        --------
        >>> design = SurveyDesign.from_columns(np.ones(4), strata=[1, 1, 2, 2])
        >>> design.degrees_of_freedom(np.array([True, True, True, False]))
        1
        """
        inside = self.weights > 0 if domain is None else domain & (self.weights > 0)
        first = self.stages[0]
        units = np.zeros(first.units, dtype=np.bool_)
        units[first.unit[inside]] = True
        strata = np.bincount(first.stratum_of_unit[units], minlength=len(first.strata))
        return int(units.sum()) - int((strata > 0).sum())

    def covariances(self, statistic: Statistic) -> tuple[FloatArray, FloatArray]:
        """Covariance matrix and variances of linearised estimates.

        They agree but under the rules "average" and "adjust" for strata with one PSU: a variance looks at the strata
        where its own domain has members, a covariance at all of them, as R has it.

        Parameters
        ----------
        statistic : Statistic
            Of k columns.

        Returns
        -------
        covariance : ndarray, shape (k, k)
        variances : ndarray, shape (k,)
        """
        influence, inside = statistic.influence(self.weights), statistic.inside
        same = bool((inside == inside[:, :1]).all())
        covariance = self.covariance(influence, domain=inside[:, 0] if same and inside.shape[1] else None)
        if same or self.lonely.name not in {"average", "adjust"}:
            return covariance, np.diag(covariance).copy()
        own = [self.covariance(influence[:, k], domain=inside[:, k])[0, 0] for k in range(influence.shape[1])]
        return covariance, np.array(own)

    def logit_error(self, statistic: Statistic) -> float | None:  # noqa: ARG002 - as ReplicateDesign's
        """Standard error of a share's logit: None, for the delta method gives it from the share's own.

        Parameters
        ----------
        statistic : Statistic
            Of one column.

        Returns
        -------
        None
        """
        return None

    def calibrated(self, calibration: Calibration) -> SurveyDesign:
        """The same sample with calibrated weights, whose variances are those of the residuals.

        Parameters
        ----------
        calibration : Calibration

        Returns
        -------
        SurveyDesign
        """
        projections = (*self.projections, calibration.projection)
        return replace(self, weights=calibration.weights, projections=projections)

    def with_joint_probabilities(self, pairwise: Pairwise) -> SurveyDesign:
        """The same sample, its variances from joint inclusion probabilities (:mod:`analysis.pairwise`).

        Parameters
        ----------
        pairwise : Pairwise
            Of the respondents, in their order.

        Returns
        -------
        SurveyDesign

        Raises
        ------
        AnalysisError
            Of another number of respondents.
        """
        if len(pairwise.checked) != self.respondents:
            raise AnalysisError(
                "joint probabilities of {found} units for {rows} respondents",
                found=len(pairwise.checked),
                rows=self.respondents,
            )
        return replace(self, pairwise=pairwise)

    def reweighted(self, weights: ArrayLike) -> SurveyDesign:
        """The same sample with other weights (trimmed ones, say), taken as given.

        Parameters
        ----------
        weights : array_like, shape (n,)

        Returns
        -------
        SurveyDesign
        """
        return replace(self, weights=columns.weights(weights, rows=self.respondents))


def check_choice(name: str, value: object, choices: Sequence[object]) -> None:
    """Refuse a value that is not one of the choices.

    Parameters
    ----------
    name : str
        Of the argument.
    value : object
    choices : sequence

    Raises
    ------
    AnalysisError

    Examples
    --------
    >>> check_choice("lonely_psu", "adjust", ("error", "adjust"))
    """
    if value not in choices:
        raise AnalysisError(
            "{name} {value} is not known: choose one of {choices}",
            name=name,
            value=value,
            choices=", ".join(str(choice) for choice in choices if choice is not None),
        )


def _listed(given: Any) -> list[Any]:
    """One array a stage: a sequence of arrays as it is, a single array as the only one."""
    if given is None:
        return []
    if isinstance(given, (list, tuple)) and len(given) and not np.isscalar(given[0]):
        return list(given)
    array = np.asarray(given)
    return list(array.T) if array.ndim == 2 else [array]  # noqa: PLR2004 - a matrix, one column a stage


def _first(given: Any) -> Any:
    return _listed(given)[0] if given is not None else None


def _stages(
    *, units: list[Any], strata: ArrayLike | None, fractions: list[Any], rows: int, nested: bool, pps: str | None
) -> tuple[Stage, ...]:
    """Number units within strata within the units above, stage by stage."""
    if len(fractions) > len(units):
        raise AnalysisError(
            "fpc has {found} stages but the design {expected}: name the units of every stage",
            found=len(fractions),
            expected=len(units),
        )
    stratum, labels = columns.numbered("strata", strata, rows=rows)
    parent_of_stratum = np.zeros(len(labels), dtype=np.int64)
    stages: list[Stage] = []
    for number, given in enumerate(units, start=1):
        unit, stratum_of_unit = _units(given, stratum, number=number, rows=rows)
        if number == 1 and not nested and given is not None:
            columns.check_nesting(given, stratum, labels)
        drawn = np.bincount(stratum_of_unit)
        sampled = fractions[number - 1] if number <= len(fractions) else None
        sizes = columns.Sizes(unit=unit, stratum=stratum, stratum_of_unit=stratum_of_unit, drawn=drawn, labels=labels)
        fraction = columns.fractions(sampled, sizes, stage=number, unequal=pps is not None)
        stages.append(Stage(unit, stratum_of_unit, parent_of_stratum, fraction, label_tuple(labels), number))
        # The units of this stage are the strata of the next.
        parent_of_stratum = np.arange(len(stratum_of_unit))
        stratum, labels = unit, np.arange(len(stratum_of_unit))
    return tuple(stages)


def _units(given: ArrayLike | None, stratum: IntArray, *, number: int, rows: int) -> tuple[IntArray, IntArray]:
    if given is None:
        return np.arange(rows), stratum
    name = "psu" if number == 1 else "ssu"
    code, levels = columns.numbered(name, given, rows=rows)
    unit, stratum_of_unit, _ = crossed(stratum, code, seconds=max(len(levels), 1))
    return unit, stratum_of_unit


def _weights_from(stages: tuple[Stage, ...]) -> FloatArray:
    """Inverse of the fractions drawn, of all stages together."""
    weights = np.ones(len(stages[0].unit))
    for stage in stages:
        fraction = stage.fraction[stage.unit]
        if (fraction <= 0).any():
            raise AnalysisError("weights are needed: without fpc for every stage they cannot be computed")
        weights /= fraction
    return weights
