"""What each counter's poster says: where it hangs, the address in its code, and the way in for whoever cannot scan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from survey.services import codes, counters, questionnaires

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable

    from sqlalchemy.orm import Session

    from survey.services.references import CounterRef, WaveRef


@dataclass(frozen=True, slots=True)
class Poster:
    """One poster: where it hangs, the address it leads to, and which print of it this is."""

    agency_name: str
    counter_name: str
    url: str
    serial: int
    short_code: str = ""
    hotline: str = ""
    is_simulated: bool = False

    @property
    def domain(self) -> str:
        """The beginning of the address as a person compares it, against stickers that lead elsewhere."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}/".lower()

    @property
    def short_address(self) -> str:
        """What to type instead of scanning, before the digits: browsers know the rest."""
        return f"{urlsplit(self.url).netloc.lower()}/N"

    @property
    def digits(self) -> str:
        """The six digits as a person reads them, three and three."""
        return f"{self.short_code[:3]} {self.short_code[3:]}".strip()


def of_counters(
    session: Session,
    places: Iterable[CounterRef],
    *,
    base_url: str,
    key: bytes,
    now: dt.datetime,
    hotline: str = "",
    is_simulated: bool = False,
) -> list[Poster]:
    """The good poster of each counter that has one: `counters.issue_missing` sees to the others.

    `key` is the installation's for `codes.KEY_PURPOSE`.
    """
    return [
        Poster(
            agency_name=place.agency.name,
            counter_name=place.name,
            url=codes.answer_url(base_url, codes.code_for(printing.counter_id, printing.serial, key=key)),
            serial=printing.serial,
            short_code=place.short_code,
            hotline=hotline,
            is_simulated=is_simulated,
        )
        for place, printing in counters.current_posters(session, places, now=now)
    ]


def languages(session: Session, wave: WaveRef) -> tuple[str, ...]:
    """The languages that the wave's form can be read in, the first one first."""
    return questionnaires.get(session, wave.questionnaire_hash).languages
