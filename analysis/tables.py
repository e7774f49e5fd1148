"""Tables of estimates: each with its label, and all with one covariance matrix."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.errors import AnalysisError
from analysis.results import Basis, Estimate, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import ArrayLike

    from analysis.arrays import FloatArray
    from analysis.results import Interval

# The step of a complex-step derivative: far below rounding error, and it loses no digits.
STEP = 1e-30


@dataclass(frozen=True, slots=True)
class Label:
    """What an estimate is of.

    Attributes
    ----------
    variable : str
        The column, or "numerator/denominator".
    level : object
        The level whose share it is, or None.
    domain : tuple of (str, object)
        The columns that define the domain and their values; empty for everybody.
    """

    variable: str
    level: Any = None
    domain: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Estimates:
    """k estimates with their labels and covariances.

    Attributes
    ----------
    labels : tuple of Label
    estimates : tuple of Estimate or None
        None where nobody answered.
    covariance : ndarray, shape (k, k)
        NaN in the rows of what was not answered.
    degrees_of_freedom : float
        Of the whole design, for functions of several estimates.

    Examples
    --------
    >>> from analysis.design import SurveyDesign
    >>> from analysis.estimates import mean
    >>> design = SurveyDesign.from_columns(np.ones(6), strata=[1, 1, 1, 2, 2, 2])
    >>> table = mean(design, [1.0, 2.0, 3.0, 3.0, 4.0, 8.0], by={"town": list("AAABBB")})
    >>> [round(estimate.value, 3) for estimate in table]
    [2.0, 5.0]
    >>> gap = table.linear([-1, 1])
    >>> round(gap.value, 3), round(gap.standard_error, 4)
    (3.0, 1.633)
    """

    labels: tuple[Label, ...]
    estimates: tuple[Estimate | None, ...]
    covariance: FloatArray
    degrees_of_freedom: float

    def __len__(self) -> int:
        """How many estimates there are."""
        return len(self.estimates)

    def __iter__(self) -> Iterator[Estimate | None]:
        """The estimates in order."""
        return iter(self.estimates)

    def __getitem__(self, place: int) -> Estimate:
        """One estimate.

        Raises
        ------
        AnalysisError
            Nobody answered.
        """
        found = self.estimates[place]
        if found is None:
            raise AnalysisError(
                "nobody answered {variable} in {domain}",
                variable=self.labels[place].variable,
                domain=dict(self.labels[place].domain) or "the sample",
            )
        return found

    @property
    def values(self) -> FloatArray:
        """Point estimates, shape (k,); NaN where nobody answered."""
        return np.array([np.nan if one is None else one.value for one in self.estimates])

    @property
    def standard_errors(self) -> FloatArray:
        """Standard errors, shape (k,); NaN where there is none."""
        errors = [None if one is None else one.standard_error for one in self.estimates]
        return np.array([np.nan if error is None else error for error in errors])

    def intervals(self, *, confidence_level: float = 0.95, method: str | None = None) -> list[Interval | None]:
        """Confidence limits of each estimate, None where nobody answered.

        Parameters
        ----------
        confidence_level : float
        method : str, optional
            As in :meth:`analysis.results.Estimate.interval`.

        Returns
        -------
        list of Interval or None
        """
        return [
            None if one is None else one.interval(confidence_level=confidence_level, method=method)
            for one in self.estimates
        ]

    def linear(self, coefficients: ArrayLike) -> Estimate:
        r"""A linear combination :math:`c'\hat\theta`, with variance :math:`c' V c`: a difference, say.

        Parameters
        ----------
        coefficients : array_like, shape (k,)
            Estimates with coefficient 0 are left out.

        Returns
        -------
        Estimate
            With the degrees of freedom of the design.

        Raises
        ------
        AnalysisError
            Of another length, or an estimate it needs is undefined.
        """
        given = np.asarray(coefficients, dtype=np.float64)
        if given.shape != (len(self),):
            raise AnalysisError("{found} coefficients for {size} estimates", found=given.size, size=len(self))
        used = np.flatnonzero(given)
        return self._combined(float(given[used] @ self._known(used)), given[used], used)

    def smooth(self, function: Callable[[Any], Any], *, gradient: ArrayLike | None = None) -> Estimate:
        r"""A smooth function of the estimates, :math:`g(\hat\theta)`, its variance by the delta method.

        Parameters
        ----------
        function : callable
            Of an array of shape (k,); made of operations that numpy also has for complex numbers.
        gradient : array_like, shape (k,), optional
            Needed only where `function` is not; otherwise found to full precision by a complex step.

        Returns
        -------
        Estimate
            With the degrees of freedom of the design.

        References
        ----------
        .. [1] Squire & Trapp (1998), Using complex variables to estimate derivatives of real functions, SIAM Review 40.

        Examples
        --------
        >>> one = Estimate(value=2.0, standard_error=0.1, degrees_of_freedom=9, respondents=10, sum_weights=10.0)
        >>> table = Estimates((Label("x"),), (one,), np.array([[0.01]]), 9)
        >>> log = table.smooth(lambda x: np.log(x[0]))
        >>> round(log.value, 4), round(log.standard_error, 4)
        (0.6931, 0.05)
        """
        every = np.arange(len(self))
        point = self._known(every)
        slope = self._gradient(function, point) if gradient is None else np.asarray(gradient, dtype=np.float64)
        return self._combined(float(np.real(function(point))), slope, every)

    def _known(self, used: Sequence[int] | Any) -> FloatArray:
        return np.array([self[int(place)].value for place in used])

    def _gradient(self, function: Callable[[Any], Any], point: FloatArray) -> FloatArray:
        refusal = AnalysisError("the function does not take complex numbers: give its gradient")
        slopes = []
        for step in 1j * STEP * np.eye(len(point)):
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("error", np.exceptions.ComplexWarning)
                    found = function(point + step)
            except (TypeError, np.exceptions.ComplexWarning) as error:
                raise refusal from error
            # A real result has lost the step on the way, as abs() does.
            if not np.iscomplexobj(found):
                raise refusal
            slopes.append(float(np.imag(found)) / STEP)
        return np.array(slopes)

    def _combined(self, value: float, slope: FloatArray, used: Sequence[int] | Any) -> Estimate:
        variance = float(slope @ self.covariance[np.ix_(used, used)] @ slope)
        parts = [self[int(place)] for place in used]
        return Estimate(
            value=value,
            standard_error=float(np.sqrt(max(variance, 0.0))),
            degrees_of_freedom=self.degrees_of_freedom,
            respondents=sum(part.respondents for part in parts),
            sum_weights=sum(part.sum_weights for part in parts),
            kind=Kind.FUNCTION,
            basis=parts[0].basis if parts else Basis.CLUSTERS,
        )

    def find(self, *, variable: str | None = None, level: Any = None, domain: Mapping[str, Any] | None = None) -> int:
        """Place of an estimate by its label.

        Parameters
        ----------
        variable : str, optional
        level : object
        domain : mapping, optional

        Returns
        -------
        int

        Raises
        ------
        AnalysisError
            There is none, or more than one.
        """
        places = [
            place
            for place, label in enumerate(self.labels)
            if (variable is None or label.variable == variable)
            and (level is None or label.level == level)
            and (domain is None or dict(label.domain) == dict(domain))
        ]
        if len(places) != 1:
            raise AnalysisError(
                "{count} estimates are labelled {label}",
                count=len(places),
                label={"variable": variable, "level": level, "domain": domain},
            )
        return places[0]
