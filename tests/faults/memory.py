"""The kernel kills one of the processes that serve, as it does when memory runs out; and a form finds no memory left.

    python tests/faults/memory.py [--kills 20] [--seconds 20] [--citizens 12] [--database SQLite] [--write]

First a process at a time is killed with SIGKILL under citizens who send their forms until they are told a receipt: the
other goes on, and another takes its place. Then a third of the forms raises MemoryError between its row and the commit.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks"), str(ROOT / "tests" / "load")]

import outcome  # noqa: E402 - the programs' own folders come first.
import sites  # noqa: E402
import witness  # noqa: E402
from citizens import Citizens, Told  # noqa: E402

if TYPE_CHECKING:
    import argparse

FAULTY = (str(Path(__file__).with_name("faulty.py")),)
PROCESSES = 2
LOOK_AGAIN = 0.05
REPLACED_WITHIN = 30.0


def main() -> None:
    parser = outcome.parser(__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=20, help="how long there is not enough memory")
    parser.add_argument("--citizens", type=int, default=12)
    parser.add_argument("--database", choices=sites.DATABASES, default="SQLite")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        share = Path(folder) / "share"
        share.write_text("0")
        environ = {"SIPAS_FAULT_MEMORY": str(share)}
        with sites.serving(options.database, program=FAULTY, environ=environ) as site:
            killed, told, meanwhile = asyncio.run(torment(site, share, options))
            everything = (killed.acknowledged | told.acknowledged, killed.given | told.given)
            kept = witness.accounts(site.settings.database_url, *everything)
    body = (
        f"{options.kills} × SIGKILL of one of {PROCESSES} processes under {options.citizens} citizens on "
        f"{options.database}; {meanwhile:,} receipts were named before the next one was there. {killed}\n\n"
        f"Then MemoryError in a third of the forms for {options.seconds:g} s. {told}\n\nAfterwards: {kept}."
    )
    sound = kept.is_sound and not kept.unacknowledged and killed.is_fair and told.is_fair
    # A kill cuts lines and does nothing else; a want of memory gives the page back.
    sound = sound and killed.replies.keys() <= {0} and told.replies.keys() == {500} and meanwhile > 0
    figures = {"killed": killed.figures, "memory": told.figures, "meanwhile": meanwhile, "accounts": asdict(kept)}
    outcome.conclude(options, f"Faults: memory, {options.database}", figures, body, sound=sound)


async def torment(site: sites.Site, share: Path, options: argparse.Namespace) -> tuple[Told, Told, int]:
    chance, meanwhile = random.Random(1), 0
    killed = Citizens(site)
    async with killed.coming(options.citizens):
        for _ in range(options.kills):
            await killed.acknowledgement()
            await asyncio.sleep(chance.uniform(0, 0.2))
            meanwhile += await kill_one(site, killed.told, chance)
    hungry = Citizens(site)
    async with hungry.coming(options.citizens):
        share.write_text("0.33")  # noqa: ASYNC240 - a few bytes.
        await asyncio.sleep(options.seconds)
        share.write_text("0")  # noqa: ASYNC240
    return killed.told, hungry.told, meanwhile


async def kill_one(site: sites.Site, told: Told, chance: random.Random) -> int:
    """Kill one of the processes that serve; how many receipts the others named until its place was taken."""
    before, named = serving(site), len(told.acknowledged)
    os.kill(chance.choice(before), signal.SIGKILL)
    async with asyncio.timeout(REPLACED_WITHIN):
        while len(serving(site)) < PROCESSES or serving(site) == before:  # noqa: ASYNC110 - of other processes.
            await asyncio.sleep(LOOK_AGAIN)
    return len(told.acknowledged) - named


def serving(site: sites.Site) -> list[int]:
    """The processes that serve: those that the site's own process started."""
    return list(witness.family(site.process.pid))[1:]


if __name__ == "__main__":
    main()
