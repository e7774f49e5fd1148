"""What each counter's poster says: where it hangs, and the address in its code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from survey.services import codes, counters

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from survey.services.references import CounterRef


@dataclass(frozen=True, slots=True)
class Poster:
    """One poster: where it hangs, the address it leads to, and which print of it this is."""

    agency_name: str
    counter_name: str
    url: str
    serial: int
    is_simulated: bool = False

    @property
    def domain(self) -> str:
        """The beginning of the address as a person compares it, against stickers that lead elsewhere."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}/".lower()


def of_counters(
    session: Session,
    places: Sequence[CounterRef],
    *,
    base_url: str,
    key: bytes,
    now: dt.datetime,
    is_simulated: bool = False,
) -> list[Poster]:
    """The good poster of each counter; a counter that has none is issued one, so that the session must be writing.

    `key` is the installation's for `codes.KEY_PURPOSE`.
    """
    return [
        _of_counter(session, place, base_url=base_url, key=key, now=now, is_simulated=is_simulated) for place in places
    ]


def _of_counter(
    session: Session, place: CounterRef, *, base_url: str, key: bytes, now: dt.datetime, is_simulated: bool
) -> Poster:
    printing = counters.current_poster(session, place, now=now) or counters.issue_code(session, place, now=now)
    code = codes.code_for(printing.counter_id, printing.serial, key=key)
    return Poster(
        agency_name=place.agency.name,
        counter_name=place.name,
        url=codes.answer_url(base_url, code),
        serial=printing.serial,
        is_simulated=is_simulated,
    )
