"""What the console's pages show, prepared."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from survey.exports import wording
from survey.services import counters
from survey.services.counters import PosterState
from survey.services.daytime import day_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping, Sequence

    from survey.i18n import Locale
    from survey.services.import_problems import ImportProblem, ImportRejected
    from survey.services.references import AgencyRef, CounterRef, PosterRef, WaveRef


@dataclass(frozen=True, slots=True)
class WaveEntry:
    """One wave, with how many responses it has."""

    code: str
    title: str
    stream_name: str
    period: str
    responses: str
    is_simulated: bool


@dataclass(frozen=True, slots=True)
class AgencyEntry:
    """One agency, with how many counters it has."""

    code: str
    name: str
    counters: str
    has_counters: bool


@dataclass(frozen=True, slots=True)
class AgencyGroup:
    """The agencies of one level."""

    level: str
    name: str
    agencies: tuple[AgencyEntry, ...]


@dataclass(frozen=True, slots=True)
class PrintingEntry:
    """One printed poster of a counter, and whether it still opens a form."""

    serial: int
    issued: str
    state: str
    is_revoked: bool
    is_good: bool


@dataclass(frozen=True, slots=True)
class ProblemLine:
    """One fault of a file: where it is, what was read there, what is wrong, and what to do."""

    line: str
    column: str
    value: str
    message: str
    remedy: str


def wave_entries(listed: Iterable[WaveRef], responses: Mapping[str, int], *, language: Locale) -> tuple[WaveEntry, ...]:
    """The waves, the one opened last first; `responses` counts by the wave's code."""
    return tuple(
        WaveEntry(
            code=wave.code,
            title=wave.title,
            stream_name=wording.stream_name(wave.stream, language=language),
            period=language.gettext(
                "from %(first)s to %(last)s", first=language.date(wave.opens_on), last=language.date(wave.closes_on)
            ),
            responses=language.number(responses.get(wave.code, 0)),
            is_simulated=wave.is_simulated,
        )
        for wave in listed
    )


def agency_groups(
    listed: Sequence[AgencyRef], places: Iterable[CounterRef], *, language: Locale
) -> tuple[AgencyGroup, ...]:
    """The agencies, level by level."""
    count = Counter(place.agency.code for place in places)
    names = {"department": language.gettext("Departments"), "commune": language.gettext("Communes and wards")}
    groups = (
        AgencyGroup(
            level,
            name,
            tuple(
                AgencyEntry(one.code, one.name, language.number(count[one.code]), count[one.code] > 0)
                for one in listed
                if one.level == level
            ),
        )
        for level, name in names.items()
    )
    return tuple(group for group in groups if group.agencies)


def printing_entries(printed: Iterable[PosterRef], *, now: dt.datetime, language: Locale) -> tuple[PrintingEntry, ...]:
    """The posters as a list of what was printed when, and what became of it."""
    return tuple(
        PrintingEntry(
            serial=one.serial,
            issued=language.date(day_of(one.issued_at)),
            state=wording.poster_state(state, language=language),
            is_revoked=state is PosterState.REVOKED,
            is_good=state is PosterState.GOOD,
        )
        for one, state in ((one, counters.state(one, now=now)) for one in printed)
    )


def problem_lines(problems: Iterable[ImportProblem], *, language: Locale) -> tuple[ProblemLine, ...]:
    """The faults of a file in the reader's language."""
    return tuple(
        ProblemLine(
            line=language.number(problem.line),
            column=problem.column or "",
            value=problem.value or "",
            message=_said(problem.template, problem.values, language),
            remedy=_said(problem.remedy, problem.values, language),
        )
        for problem in problems
    )


def problems_left_out(rejection: ImportRejected, *, language: Locale) -> str | None:
    """How many faults are not among those listed, if any."""
    left_out = rejection.total - len(rejection.problems)
    return language.number(left_out) if left_out else None


def _said(template: str, values: Mapping[str, object], language: Locale) -> str:
    return language.translations.gettext(template).format(**values)
