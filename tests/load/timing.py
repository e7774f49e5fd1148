"""Requests at the moments they are due, however slow the answers are, and how long each took from that moment on.

A generator that waits for an answer before it sends on hides the very delays it is there to find ("coordinated
omission"); so none waits, and each wait is counted from when the request was due, not from when it was sent.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


@dataclass
class Times:
    """Seconds from due to done, and from due to sent: the second is the generator's own fault."""

    done: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)

    def percentile(self, share: float) -> float:
        """In milliseconds."""
        return percentile(self.done, share) * 1000


def percentile(values: list[float], share: float) -> float:
    """The smallest value that at least `share` of them do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-int(share * len(ordered) * 1000) // 1000) - 1)] if ordered else float("nan")


async def open_loop(rate: float, seconds: float, do: Callable[[], Awaitable[None]], *, seed: int) -> Times:
    """Call `do` at random moments, `rate` a second on average: people do not come at even distances."""
    chance, clock, times = random.Random(seed), asyncio.get_running_loop().time, Times()

    async def one(due: float) -> None:
        times.late.append(clock() - due)
        await do()
        times.done.append(clock() - due)

    async with asyncio.TaskGroup() as group:
        due, end = clock(), clock() + seconds
        while (due := due + chance.expovariate(rate)) < end:
            if (ahead := due - clock()) > 0:
                await asyncio.sleep(ahead)
            group.create_task(one(due))
    return times
