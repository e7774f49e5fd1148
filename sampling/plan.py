"""The design of one survey as one value: strata, stages, sizes, assumptions, costs and timetable."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sampling.size import sized

if TYPE_CHECKING:
    import datetime as dt

    from sampling.size import Size

LEAST_PSUS = 2


@dataclass(frozen=True, slots=True)
class PlannedDimension:
    """One of the things measured.

    Attributes
    ----------
    id, name : str
    items : int
        k: questions whose answers it pools.
    item_correlation : float
        r: between two answers of one person to different questions.
    icc : float
        ρ: between the scores of two people of one primary unit.

    Examples
    --------
    >>> access = PlannedDimension("tiep_can", "Tiếp cận dịch vụ", items=3, item_correlation=0.4, icc=0.05)
    >>> round(access.score_variance(0.8), 4)
    0.096
    """

    id: str
    name: str
    items: int = 1
    item_correlation: float = 0.0
    icc: float = 0.0

    def score_variance(self, share: float) -> float:
        """Variance of a person's part of favourable answers: p(1-p)(1 + (k-1)r)/k."""
        return share * (1 - share) * (1 + (self.items - 1) * self.item_correlation) / self.items

    @property
    def place_correlation(self) -> float:
        """Correlation of two answers to different questions or by different people of one primary unit."""
        return self.icc * (1 + (self.items - 1) * self.item_correlation) / self.items


@dataclass(frozen=True, slots=True)
class PlannedStratum:
    """A part of the population that is sampled on its own.

    Attributes
    ----------
    code, name, agency, agency_name, level : str
        Agencies of one level are ranked together; an agency may have several strata.
    population : int
        N.
    psus : int or None
        Primary units there are; None where people are drawn from a list.
    people_per_psu : int
        People invited in each primary unit drawn.
    n : int
        Respondents wanted.
    response_rate : float
    shares : tuple of float
        Expected share of favourable answers in each dimension.
    """

    code: str
    name: str
    agency: str
    agency_name: str
    level: str
    population: int
    psus: int | None
    people_per_psu: int
    n: int
    response_rate: float
    shares: tuple[float, ...]

    @property
    def size(self) -> Size:
        """Invitations and respondents to be expected."""
        return sized(float(self.n), population=self.population, response_rate=self.response_rate)

    @property
    def expected_respondents(self) -> float:
        """Invitations times the response rate."""
        return self.size.invitations * self.response_rate

    @property
    def psus_drawn(self) -> int | None:
        """Primary units to visit: enough for the invitations, two at least, no more than there are."""
        if self.psus is None:
            return None
        return min(self.psus, max(LEAST_PSUS, -(-self.size.invitations // self.people_per_psu)))

    @property
    def respondents_per_psu(self) -> float:
        """m: 1 where people are drawn from a list."""
        return self.expected_respondents / self.psus_drawn if self.psus_drawn else 1.0


@dataclass(frozen=True, slots=True)
class Costs:
    """What things cost, in `currency`."""

    currency: str = "đồng"
    interview: float = 0.0
    psu_visit: float = 0.0
    letter: float = 0.0
    fixed: float = 0.0


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the timetable."""

    name: str
    first: dt.date
    last: dt.date


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole design, as :func:`sampling.plan_reading.plan_from_toml` reads it.

    Attributes
    ----------
    name, purpose, target_population, source_of_shares : str
        For people.
    questionnaire : str
        Its code.
    confidence_level : float
    seed : int
    target_margin : float
        What every agency's margin of error is to be at most, as a share.
    ranked_by : str
        The dimension by which agencies are compared.
    psu_name : str
        What a primary unit is.
    weighting_effect : float
        Design effect of unequal weights.
    interviews_per_day : float
        Of one interviewer; 0 where no work is computed.
    method : str
        How the total was shared out; empty where every stratum has its n.
    costs, dimensions, strata, timetable
    """

    name: str
    questionnaire: str
    confidence_level: float
    seed: int
    target_margin: float
    ranked_by: str
    dimensions: tuple[PlannedDimension, ...]
    strata: tuple[PlannedStratum, ...]
    timetable: tuple[Step, ...] = ()
    costs: Costs = field(default_factory=Costs)
    weighting_effect: float = 1.0
    psu_name: str = ""
    purpose: str = ""
    target_population: str = ""
    source_of_shares: str = ""
    interviews_per_day: float = 0.0
    method: str = ""

    @property
    def ranked_place(self) -> int:
        """Where the dimension of the comparison stands among the dimensions."""
        return [dimension.id for dimension in self.dimensions].index(self.ranked_by)

    @property
    def agencies(self) -> dict[str, tuple[PlannedStratum, ...]]:
        """The strata of each agency, in the order of the file."""
        found: dict[str, list[PlannedStratum]] = {}
        for stratum in self.strata:
            found.setdefault(stratum.agency, []).append(stratum)
        return {agency: tuple(strata) for agency, strata in found.items()}
