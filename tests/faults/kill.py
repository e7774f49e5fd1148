"""kill -9 of the whole site, again and again, under citizens who send the same form until they are told a receipt.

    python tests/faults/kill.py [--kills 100] [--citizens 12] [--database SQLite] [--write]

Afterwards every form acknowledged is kept under the receipt that was shown, whole, and none twice.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks"), str(ROOT / "tests" / "load")]

import outcome  # noqa: E402 - the programs' own folders come first.
import sites  # noqa: E402
import witness  # noqa: E402
from citizens import Citizens  # noqa: E402

if TYPE_CHECKING:
    import argparse

LONGEST_LIFE = 0.6


def main() -> None:
    parser = outcome.parser(__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--citizens", type=int, default=12)
    parser.add_argument("--database", choices=sites.DATABASES, default="SQLite")
    options = parser.parse_args()
    with sites.serving(options.database) as site:
        told = asyncio.run(torment(site, options)).told
        kept = witness.accounts(site.settings.database_url, told.acknowledged, told.given)
    body = (
        f"{options.kills} × kill -9 of the site's process group under {options.citizens} citizens on "
        f"{options.database}. {told}\n\nAfterwards: {kept}."
    )
    # A cut line is what a kill looks like; nothing else may come of it.
    sound = kept.is_sound and not kept.unacknowledged and told.is_fair and told.replies.keys() <= {0}
    figures = told.figures | {"accounts": asdict(kept)}
    outcome.conclude(options, f"Faults: kill -9, {options.database}", figures, body, sound=sound)


async def torment(site: sites.Site, options: argparse.Namespace) -> Citizens:
    citizens, chance = Citizens(site), random.Random(1)
    with contextlib.ExitStack() as stack:
        process = site.process
        async with citizens.coming(options.citizens):
            for _ in range(options.kills):
                # In the midst of their work: not before somebody was told a receipt by this very process.
                await citizens.acknowledgement()
                await asyncio.sleep(chance.uniform(0, LONGEST_LIFE))
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                # In a thread: the citizens go on trying meanwhile.
                again = sites.server(site.settings, site.environ)
                process = await asyncio.to_thread(stack.enter_context, again)
    return citizens


if __name__ == "__main__":
    main()
