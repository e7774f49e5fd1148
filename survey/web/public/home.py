"""The front page: what runs now, and what ran before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from survey.exports import wording

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from survey.i18n import Locale
    from survey.services.references import WaveRef


@dataclass(frozen=True, slots=True)
class WaveEntry:
    """One wave in the list."""

    code: str
    title: str
    stream_name: str
    period: str
    is_simulated: bool


@dataclass(frozen=True, slots=True)
class HomePage:
    """The waves that take answers today, and the others."""

    running: tuple[WaveEntry, ...]
    others: tuple[WaveEntry, ...]
    is_simulated: bool


def home_page(listed: Sequence[WaveRef], *, today: dt.date, language: Locale) -> HomePage:
    """The front page on the day `today`."""
    running = tuple(_entry(wave, language) for wave in listed if wave.opens_on <= today <= wave.closes_on)
    others = tuple(_entry(wave, language) for wave in listed if not wave.opens_on <= today <= wave.closes_on)
    # Where only some waves are simulated each says so itself: the page as a whole is real.
    is_simulated = bool(listed) and all(wave.is_simulated for wave in listed)
    return HomePage(running, others, is_simulated=is_simulated)


def _entry(wave: WaveRef, language: Locale) -> WaveEntry:
    return WaveEntry(
        code=wave.code,
        title=wave.title,
        stream_name=wording.stream_name(wave.stream, language=language),
        period=language.gettext(
            "from %(first)s to %(last)s", first=language.date(wave.opens_on), last=language.date(wave.closes_on)
        ),
        is_simulated=wave.is_simulated,
    )
