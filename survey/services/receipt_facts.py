"""Two facts decided when a form arrives and kept as yes or no: whether it came from the office, and in no time.

The address and the seconds they are decided from are never stored or logged. An address, or a duration beside a minute,
can be matched with a face in the queue; that one form in so many came from the office, or faster than anybody reads,
cannot, and is all that the integrity checks need. Unknown is None, which is not "no": a paper form, an import, a site
whose networks nobody has named (docs/decisions/0005).
"""

from __future__ import annotations

import datetime as dt
import ipaddress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from forms.definition import Questionnaire
    from survey.config import Network

# Survey research calls it speeding to answer without thought (Conrad, Tourangeau, Couper & Zhang 2017, Survey Research
# Methods 11), in less than a third of a second a word (Zhang 2013). The shipped ones have 5.5 or more on average,
# without hints and choices: 1.5 seconds an item accuse nobody who reads the bare questions at that speed.
SECONDS_PER_ITEM = 1.5


def is_from(networks: Sequence[Network], address: str | None) -> bool | None:
    """Whether `address` lies in one of the office's networks; None where there are none or it is unreadable."""
    if not networks or address is None:
        return None
    try:
        sender = ipaddress.ip_address(address)
    except ValueError:
        return None
    # A server that listens for both kinds writes an IPv4 visitor as ::ffff:203.0.113.7.
    sender = getattr(sender, "ipv4_mapped", None) or sender
    return any(sender in network for network in networks)


def is_quick(questionnaire: Questionnaire, age: dt.timedelta | None) -> bool | None:
    """Whether a form of that age was sent sooner than it can be read; None where its age says nothing."""
    # An age below zero is the clock of another machine behind the same address.
    return None if age is None or age < dt.timedelta(0) else age < shortest_reading(questionnaire)


def shortest_reading(questionnaire: Questionnaire) -> dt.timedelta:
    """The least that reading takes: so much for each item that must be answered, since others may be passed over."""
    return dt.timedelta(seconds=SECONDS_PER_ITEM * sum(item.required for item in questionnaire.items))
