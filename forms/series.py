"""A series of published figures whose questionnaires are known by report only, and where its trend breaks.

Every fact carries its evidence, and a reason the weakest of those it rests on. That two years compare means that
nothing known stands between them, which is less than what `comparability` proves of two texts.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from forms import messages
from forms.errors import FormsError
from forms.verdict import Change, Evidence, Reason, Verdict

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Mapping

    from forms.definition import Text

FACT_SENTENCES: Mapping[Change, str] = {
    Change.POPULATION: messages.NATIONAL_POPULATION_CHANGED,
    Change.ITEMS: messages.NATIONAL_ITEMS_CHANGED,
    Change.DIMENSIONS: messages.NATIONAL_DIMENSIONS_CHANGED,
    Change.SCALE: messages.NATIONAL_SCALE_CHANGED,
}
"""What can be known of an instrument, and what is said where two differ in it."""

EVENT_SENTENCES: Mapping[Change, str] = {
    Change.UNITS: messages.UNITS_CHANGED,
    Change.SAMPLING: messages.SAMPLING_CHANGED,
}
"""What can happen under an instrument that stays the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """How a fact is known: its mark, where it stands (nowhere, if unverified), and the day it was entered here."""

    evidence: Evidence
    source: str
    recorded: dt.date


@dataclass(frozen=True, slots=True, kw_only=True)
class Years:
    """Years, both ends included, in which an instrument was used."""

    first: int
    last: int
    grounds: Grounds

    def __contains__(self, year: int) -> bool:
        return self.first <= year <= self.last


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One thing known of an instrument: `value` is compared, `text` is told."""

    about: Change
    value: str
    text: Text
    grounds: Grounds


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """A questionnaire of the series with the method around it."""

    id: str
    document: Text
    years: tuple[Years, ...]
    facts: tuple[Fact, ...]

    def used_in(self, year: int) -> Years | None:
        return next((years for years in self.years if year in years), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What separates the years before `since` from it and those after, whatever the instrument."""

    id: str
    since: int
    change: Change
    text: Text
    grounds: Grounds


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Instruments in the order of their years, and what happened beside them."""

    id: str
    title: Text
    instruments: tuple[Instrument, ...]
    events: tuple[Event, ...] = ()

    @property
    def years(self) -> tuple[int, ...]:
        """Every year of which the instrument is known."""
        spans = chain.from_iterable(instrument.years for instrument in self.instruments)
        return tuple(sorted(year for span in spans for year in range(span.first, span.last + 1)))

    def between_years(self, earlier: int, later: int) -> Verdict:
        """Whether figures of two years compare, whichever is named first."""
        earlier, later = sorted((earlier, later))
        (before, from_year), (after, to_year) = self._instrument_of(earlier), self._instrument_of(later)
        # Which instrument a year had is a fact too.
        besides = (from_year.grounds, to_year.grounds)
        reasons = (*_differences(before, after, besides=besides), *self._events(earlier, later))
        return Verdict(comparable=not reasons, reasons=reasons, evidence=_weakest(besides))

    def between(self, earlier: str, later: str) -> Verdict:
        """Whether figures of two instruments compare, by their ids; events while one was in use are left aside."""
        before, after = self._instrument(earlier), self._instrument(later)
        reasons = tuple(_differences(before, after, besides=()))
        grounds = tuple(fact.grounds for fact in (*before.facts, *after.facts))
        return Verdict(comparable=not reasons, reasons=reasons, evidence=_weakest(grounds))

    def _instrument_of(self, year: int) -> tuple[Instrument, Years]:
        for instrument in self.instruments:
            years = instrument.used_in(year)
            if years is not None:
                return instrument, years
        raise FormsError(messages.NO_SUCH_YEAR, year=year, known=", ".join(map(str, self.years)))

    def _instrument(self, name: str) -> Instrument:
        for instrument in self.instruments:
            if instrument.id == name:
                return instrument
        known = ", ".join(instrument.id for instrument in self.instruments)
        raise FormsError(messages.NO_SUCH_INSTRUMENT, value=name, known=known)

    def _events(self, earlier: int, later: int) -> Iterator[Reason]:
        for event in self.events:
            if earlier < event.since <= later:
                values = {"year": event.since, "what": event.text}
                yield _reason(event.change, EVENT_SENTENCES[event.change], values, grounds=(event.grounds,))


def _differences(before: Instrument, after: Instrument, *, besides: tuple[Grounds, ...]) -> Iterator[Reason]:
    """What two instruments differ in, of what is known of both."""
    known_before = {fact.about: fact for fact in before.facts}
    for fact in after.facts:
        was = known_before.get(fact.about, fact)
        if was.value != fact.value:
            values = {"before": was.text, "after": fact.text}
            grounds = (was.grounds, fact.grounds, *besides)
            yield _reason(fact.about, FACT_SENTENCES[fact.about], values, grounds=grounds)


def _reason(change: Change, template: str, values: Mapping[str, object], *, grounds: tuple[Grounds, ...]) -> Reason:
    return Reason(
        change=change,
        template=template,
        values=values,
        evidence=_weakest(grounds),
        sources=tuple(dict.fromkeys(one.source for one in grounds if one.source)),
    )


def _weakest(grounds: tuple[Grounds, ...]) -> Evidence:
    return Evidence.weakest(*(one.evidence for one in grounds))
