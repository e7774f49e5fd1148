"""What services give out: values that outlive the session and hold no more than a page needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt

    from survey import models


@dataclass(frozen=True, slots=True)
class AgencyRef:
    """An agency, by its full name."""

    id: int
    code: str
    name: str
    kind: str
    level: str
    to_be_confirmed: bool = False

    @classmethod
    def of(cls, agency: models.Agency) -> AgencyRef:
        """The value of a row."""
        return cls(
            id=agency.id,
            code=agency.code,
            name=agency.name,
            kind=agency.kind,
            level=agency.level.value,
            to_be_confirmed=agency.to_be_confirmed,
        )


@dataclass(frozen=True, slots=True)
class CounterRef:
    """A counter and whose it is."""

    id: int
    code: str
    name: str
    agency: AgencyRef
    short_code: str

    @classmethod
    def of(cls, counter: models.Counter) -> CounterRef:
        """The value of a row."""
        return cls(
            id=counter.id,
            code=counter.code,
            name=counter.name,
            agency=AgencyRef.of(counter.agency),
            short_code=counter.short_code or "",
        )


@dataclass(frozen=True, slots=True)
class SamplePlace:
    """A place in a drawn sample as its response has it: whose service is rated, and for how many it stands.

    Others were drawn alike and have the same: it names no unit and no person.
    """

    agency: AgencyRef
    stratum: str
    psu: str | None
    weight: float

    @classmethod
    def of(cls, unit: models.SampledUnit) -> SamplePlace:
        """The value of a row."""
        return cls(agency=AgencyRef.of(unit.agency), stratum=unit.stratum, psu=unit.psu, weight=unit.weight)


@dataclass(frozen=True, slots=True)
class PosterRef:
    """One printing of a counter's poster; `codes.code_for(counter_id, serial, key=…)` is what it carries."""

    counter_id: int
    serial: int
    issued_at: dt.datetime
    expires_at: dt.datetime | None
    revoked_at: dt.datetime | None

    @classmethod
    def of(cls, code: models.CounterCode) -> PosterRef:
        """The value of a row."""
        return cls(
            counter_id=code.counter_id,
            serial=code.serial,
            issued_at=code.issued_at,
            expires_at=code.expires_at,
            revoked_at=code.revoked_at,
        )


@dataclass(frozen=True, slots=True)
class WaveRef:
    """A wave: one run of a questionnaire in a period."""

    id: int
    code: str
    title: str
    stream: str
    opens_on: dt.date
    closes_on: dt.date
    is_simulated: bool
    questionnaire_hash: str

    @classmethod
    def of(cls, wave: models.Wave) -> WaveRef:
        """The value of a row."""
        return cls(
            id=wave.id,
            code=wave.code,
            title=wave.title,
            stream=wave.stream.value,
            opens_on=wave.opens_on,
            closes_on=wave.closes_on,
            is_simulated=wave.is_simulated,
            questionnaire_hash=wave.questionnaire_hash,
        )
