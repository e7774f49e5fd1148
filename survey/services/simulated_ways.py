"""By which way made-up answers at counters came in, and on what they were entered.

Some agencies hand out slips with one-time codes and some have a tablet at the exit. Elsewhere people scan the poster, a
few type the digits under it, and a few are helped by somebody who reads the questions out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from survey.models import Entry, Trust

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    Texts = NDArray[np.str_]

WITH_SLIPS = 0.25  # The share of agencies that hand out slips,
WITH_KIOSKS = 0.1  # and of those with a tablet at the exit.
# Of the answers on people's own phones.
TRUST_WITH_SLIPS = {Trust.VERIFIED: 0.6, Trust.SIGNED: 0.36, Trust.OPEN: 0.04}
TRUST_ELSEWHERE = {Trust.SIGNED: 0.93, Trust.OPEN: 0.07}
ASSISTED, AT_KIOSK = 0.02, 0.2


def ways(agency: NDArray[np.intp], *, agencies: int, rng: Generator) -> tuple[Texts, Texts]:
    """The trust and the entry of one answer for each element of `agency`, a number below `agencies`."""
    slips, kiosks = (rng.random(agencies) < share for share in (WITH_SLIPS, WITH_KIOSKS))
    entry = _entries(kiosks[agency], rng=rng)
    with_slips, elsewhere = (_drawn(shares, len(agency), rng=rng) for shares in (TRUST_WITH_SLIPS, TRUST_ELSEWHERE))
    trust = np.where(slips[agency], with_slips, elsewhere)
    # A tablet and whoever helps open the form by a signed code.
    return np.where(entry == Entry.PHONE.value, trust, Trust.SIGNED.value), entry


def _entries(at_kiosk: NDArray[np.bool_], *, rng: Generator) -> Texts:
    chance = rng.random(len(at_kiosk))
    assisted, kiosk = chance < ASSISTED, at_kiosk & (chance < ASSISTED + AT_KIOSK)
    return np.select([assisted, kiosk], [Entry.ASSISTED.value, Entry.KIOSK.value], Entry.PHONE.value)


def _drawn(shares: dict[Trust, float], size: int, *, rng: Generator) -> Texts:
    return rng.choice([trust.value for trust in shares], size=size, p=list(shares.values()))
